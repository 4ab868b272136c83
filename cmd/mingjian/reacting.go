package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mingjian/api"
	"mingjian/api/mail"
	"mingjian/eventstore"
	"mingjian/projections"
	"mingjian/reactions"
)

// reacting is what follows by itself from what people record, in a process that
// serves. Commands that only come and go leave it to the next server.
type reacting struct {
	corrections *reactions.Corrections
	letters     *reactions.Letters // nil without a mail server
	runner      *projections.Runner
}

// reactConfig says how to react.
type reactConfig struct {
	dir string // DATA
	// mail is nil without a mail server; what it needs of the platform is filled in.
	mail *mail.Config
	// These are the defaults of package reactions if zero: how often to look for
	// deadlines and for letters, and how old an event may be that people are told of.
	deadlines, post, youth time.Duration
}

// reactionsFolder has the reactions' bookmarks.
const reactionsFolder = "reactions"

// react starts the reactions, which end with the runtime.
func (r *runtime) react(ctx context.Context, c reactConfig) error {
	dir := filepath.Join(c.dir, reactionsFolder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	codec := eventstore.NewCodec()
	out := new(reacting)
	var err error
	out.corrections, err = reactions.NewCorrections(ctx, reactions.CorrectionsConfig{
		Dir: dir, Log: r.log, Codec: codec, Commands: r.commands, Logger: r.logger,
	})
	if err != nil {
		return err
	}
	deadlines, err := reactions.NewDeadlines(reactions.DeadlinesConfig{Log: r.log, Model: r.model, Commands: r.commands, Every: c.deadlines})
	if err != nil {
		return err
	}
	handlers := []projections.Handler{out.corrections.Handler(), deadlines.Handler()}
	if c.mail != nil {
		config := *c.mail
		config.Log, config.Codec, config.Accounts, config.Pseudonym, config.Logger = r.log, codec, r.accounts, r.commands.Pseudonym, r.logger
		sender, err := mail.New(config)
		if err != nil {
			return err
		}
		out.letters, err = reactions.NewLetters(ctx, reactions.LettersConfig{
			Dir: dir, Log: r.log, Codec: codec, Accounts: r.accounts, Mail: sender, Youth: c.youth, Every: c.post, Logger: r.logger,
		})
		if err != nil {
			return err
		}
		handlers = append(handlers, out.letters.Handlers()...)
	}
	if out.runner, err = projections.Run(context.WithoutCancel(ctx), r.logger, handlers...); err != nil {
		return err
	}
	r.reactions = out
	return nil
}

// health is what /healthz shows of the reactions. A mail server that is away is
// no reason to call this server ill: the letters wait, and the detail says so.
func (re *reacting) health(r *runtime) (items []api.HealthItem) {
	if re == nil {
		return nil
	}
	for _, s := range re.runner.Status() {
		item := api.HealthItem{Component: s.Name, OK: s.Err == nil, Position: s.Position}
		switch s.Name {
		case reactions.CorrectionsHandler:
			at, _ := re.corrections.Checkpoint() // never fails
			item.Position = at.Position
		case reactions.LettersHandler:
			at, _ := re.letters.Checkpoint() // never fails
			item.Position = at.Position
		default: // has no place in the log but what it asks the read model for
			item.Position = r.model.Head().Position
		}
		if s.Name == reactions.PostHandler {
			if waiting, trouble := re.letters.Waiting(); trouble != nil {
				item.Detail = fmt.Sprintf("%d letters wait: %v", waiting, trouble)
			}
		}
		if s.Err != nil {
			item.Detail = s.Err.Error()
		}
		items = append(items, item)
	}
	return items
}
