package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"mingjian/api"
	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/api/evidence"
	"mingjian/criteria"
	"mingjian/eventstore"
	"mingjian/internal/atomicfile"
	"mingjian/projections"
	"mingjian/site"
)

// runtime is the platform at work: the log, the read model that follows it, the
// commands, and the publisher that turns releases into pages.
type runtime struct {
	log       *eventstore.Log
	model     *projections.Model
	accounts  *auth.Accounts
	evidence  *evidence.Store
	keyring   *auth.Keyring
	commands  *command.Commands
	public    *api.Public
	site      *site.Site
	publisher *publisher
	runner    *projections.Runner
	reactions *reacting // nil unless this process serves
	logger    *slog.Logger
	key       []byte // of the deployment
	// caughtUp is true once the read model has reflected the log's end.
	caughtUp atomic.Bool
}

// connection is the log's connection string.
func (p place) connection() string {
	if p.EventStore != "" {
		return p.EventStore
	}
	return eventstore.EmbeddedScheme + filepath.Join(p.Data, "log.db")
}

// openLog opens the log; attach allows the embedded node of another process.
func (p place) openLog(ctx context.Context, logger *slog.Logger, attach bool) (*eventstore.Log, error) {
	if err := os.MkdirAll(p.Data, 0o700); err != nil {
		return nil, err
	}
	return eventstore.Open(ctx, eventstore.Config{Connection: p.connection(), Attach: attach, Logger: logger})
}

// existing refuses a data folder without a log: for commands that only look at
// what is there, a folder that is not there is a slip of the pen.
func (p place) existing() error {
	if p.EventStore != "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(p.Data, logFile)); err != nil {
		return fmt.Errorf("no log in %s (choose the folder with --data): %w", p.Data, err)
	}
	return nil
}

// start brings the platform up in this process. The caller must Close it.
func start(ctx context.Context, p place, logger *slog.Logger) (_ *runtime, err error) {
	r := &runtime{logger: logger}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	calendars, err := p.calendars()
	if err != nil {
		return nil, err
	}
	if r.log, err = p.openLog(ctx, logger, false); err != nil {
		return nil, err
	}
	codec := eventstore.NewCodec()
	r.model, err = projections.Open(projections.Config{
		Dir: filepath.Join(p.Data, "readmodel"), Log: r.log, Codec: codec, Criteria: criteria.Lookup, Calendars: calendars, Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	// The folder is ours now: what a killed server left behind about itself is not true any more.
	if err := os.Remove(filepath.Join(p.Data, runningFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	key, err := pseudonymKey(ctx, p.Data, r.log)
	if err != nil {
		return nil, err
	}
	r.key = key
	if err := r.openPeople(ctx, p, codec, key); err != nil {
		return nil, err
	}
	r.commands, err = command.New(command.Config{
		Log: r.log, Codec: codec, Criteria: criteria.Lookup, Guides: criteria.LookupGuide, Calendars: calendars, Results: r.model,
		Actors: command.WithOperator(r.accounts), Evidence: r.evidence, PseudonymKey: key,
	})
	if err != nil {
		return nil, err
	}
	if r.public, err = api.NewPublic(api.Config{Model: r.model, Logger: logger}); err != nil {
		return nil, err
	}
	if r.site, err = site.New(site.Config{Dir: filepath.Join(p.Data, "site"), Source: r.public, Logger: logger}); err != nil {
		return nil, err
	}
	end, err := r.log.End(ctx)
	if err != nil {
		return nil, err
	}
	if r.publisher, err = newPublisher(filepath.Join(p.Data, "site"), codec, r.model, r.site, end, logger); err != nil {
		return nil, err
	}
	r.runner, err = projections.Run(context.WithoutCancel(ctx), logger,
		projections.Handler{
			Name: readModelHandler,
			Feed: eventstore.NewFeed(eventstore.FeedConfig{Log: r.log, From: r.model.Checkpoint, Logger: logger}),
			Fold: func(_ context.Context, page eventstore.Page) error { return r.model.Fold(page) },
		},
		projections.Handler{
			Name: publisherHandler,
			Feed: eventstore.NewFeed(eventstore.FeedConfig{
				Log: r.log, From: r.publisher.checkpoint, Prefixes: []string{"round-"}, Logger: logger,
			}),
			Fold: r.publisher.publish,
		})
	if err == nil {
		go func() {
			if r.settled(context.WithoutCancel(ctx)) == nil {
				r.caughtUp.Store(true)
			}
		}()
	}
	return r, err
}

// openPeople opens the accounts and the evidence.
func (r *runtime) openPeople(ctx context.Context, p place, codec *eventstore.Codec, key []byte) (err error) {
	if r.keyring, r.accounts, err = p.openAccounts(ctx, r.log, codec, key); err != nil {
		return err
	}
	if err := r.accounts.FinishErasures(ctx); err != nil {
		return err
	}
	r.evidence, err = p.openEvidence(ctx)
	return err
}

const (
	readModelHandler = "readmodel"
	publisherHandler = "publisher"
)

// Close stops everything in the order that loses nothing: first what writes.
func (r *runtime) Close() error {
	var err error
	if r.reactions != nil {
		err = errors.Join(err, r.reactions.runner.Close())
	}
	if r.runner != nil {
		err = errors.Join(err, r.runner.Close())
	}
	if r.model != nil {
		err = errors.Join(err, r.model.Close())
	}
	if r.evidence != nil {
		err = errors.Join(err, r.evidence.Close())
	}
	if r.keyring != nil {
		err = errors.Join(err, r.keyring.Close())
	}
	if r.log != nil {
		err = errors.Join(err, r.log.Close())
	}
	return err
}

// health is what /healthz shows.
func (r *runtime) health() []api.HealthItem {
	head := r.model.Head()
	var items []api.HealthItem
	for _, s := range r.runner.Status() {
		item := api.HealthItem{Component: s.Name, OK: s.Err == nil, CatchingUp: !r.caughtUp.Load(), Position: s.Position}
		switch s.Name { // a handler that has seen no page yet is where it left off
		case readModelHandler:
			item.Position = head.Position
		case publisherHandler:
			at, _ := r.publisher.checkpoint() // never fails
			item.Position = at.Position
		}
		if s.Err != nil {
			item.Detail = s.Err.Error()
		}
		items = append(items, item)
	}
	return append(items, r.reactions.health(r)...)
}

// settled waits until the read model reflects the log's present end.
func (r *runtime) settled(ctx context.Context) error {
	end, err := r.log.End(ctx)
	if err != nil {
		return err
	}
	return r.model.WaitFor(ctx, end)
}

// pseudonymKey reads the deployment's key, or makes one for a new log. With
// another key than the log's, people would get other pseudonyms, and could
// approve their own work: the log remembers a fingerprint and refuses.
func pseudonymKey(ctx context.Context, dir string, log *eventstore.Log) ([]byte, error) {
	path := filepath.Join(dir, keyFile)
	made := false
	key, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		// On disk before the log hears of it: a fingerprint without its key would
		// lock everybody out.
		made = true
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		err = atomicfile.WriteBytes(path, key)
	}
	if err != nil {
		return nil, err
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("%s has %d bytes, not 32: restore it from a backup", path, len(key))
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("mingjian: which pseudonym key is this"))
	err = log.Pin(ctx, "pseudonym key", hex.EncodeToString(mac.Sum(nil)[:16]))
	if errors.Is(err, eventstore.ErrPinned) {
		if made {
			err = errors.Join(err, os.Remove(path))
		}
		return nil, fmt.Errorf("%s is missing or not this log's: restore it from a backup, or copy it from another server of the log: %w", path, err)
	}
	return key, err
}

// waitTime bounds how long a command of the command line waits for the read
// model or for pages.
const waitTime = 5 * time.Minute
