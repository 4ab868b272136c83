package reactions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"mingjian/api/mail"
	"mingjian/domain/appeal"
	letters "mingjian/domain/mail"
	"mingjian/domain/rights"
	"mingjian/domain/round"
	"mingjian/eventstore"
	"mingjian/projections"
)

// Directory finds people by what they are.
type Directory interface {
	// Holders lists the accounts that hold a role at this moment, for a subject
	// or, where that is "", for whichever.
	Holders(ctx context.Context, role rights.Role, subject string) ([]string, error)
}

// Deliverer delivers letters.
type Deliverer interface {
	// Deliver sends a letter unless that was done, by whichever server. A
	// mail.RetryError says when to ask again.
	Deliver(ctx context.Context, l mail.Letter) error
}

// Letters tells people that something awaits them. It has two handlers. One
// reads the log and writes down who is to get a letter of what: the bookmark's
// file has the letters beside the position that they follow from. The other
// delivers what is written down, so that one mailbox that is full holds up
// neither the next letter nor the reading of the log.
type Letters struct {
	config   LettersConfig
	bookmark *bookmark
	rules    map[string]rule // by the event's stored name
	demos    map[string]bool // rounds, as the first handler has seen them
	wake     chan struct{}
	after    func(step)
	// trouble is why no letter leaves, quiet until when none is tried. The second
	// handler's own, but for what Trouble shows.
	trouble trouble
}

// LettersConfig says what Letters work on.
type LettersConfig struct {
	Dir      string // of the bookmark; it exists
	Log      *eventstore.Log
	Codec    *eventstore.Codec
	Accounts Directory
	Mail     Deliverer
	// Youth is how old an event may be that people are told of; 3 days if zero.
	// So nobody is written to about the past when a log gets a mail server, is
	// restored or moves.
	Youth time.Duration
	// Every is how often to look for letters that can be tried again; 30 s if
	// zero. New ones leave at once.
	Every  time.Duration
	Now    func() time.Time                     // time.Now if nil
	After  func(time.Duration) <-chan time.Time // time.After if nil
	Logger *slog.Logger                         // slog.Default() if nil
}

// Validate reports all faults at once.
func (c LettersConfig) Validate() error {
	var faults []error
	if c.Dir == "" || c.Log == nil || c.Codec == nil || c.Accounts == nil || c.Mail == nil {
		faults = append(faults, errors.New("reactions: letters need a folder, log, codec, accounts and mail"))
	}
	if c.Youth < 0 || c.Every < 0 {
		faults = append(faults, fmt.Errorf("reactions: letters of events up to %s old, looked at every %s: below zero", c.Youth, c.Every))
	}
	return errors.Join(faults...)
}

// NewLetters opens the reaction where it left off.
func NewLetters(ctx context.Context, c LettersConfig) (*Letters, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Youth == 0 {
		c.Youth = 3 * 24 * time.Hour
	}
	if c.Every == 0 {
		c.Every = 30 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	at, err := openBookmark(ctx, c.Log, filepath.Join(c.Dir, "letters.json"))
	if err != nil {
		return nil, err
	}
	l := &Letters{
		config: c, bookmark: at, rules: make(map[string]rule), demos: make(map[string]bool),
		wake: make(chan struct{}, 1), after: func(step) {},
	}
	for _, r := range rules {
		l.rules[r.event.EventType()] = r
	}
	return l, nil
}

// Handlers run the reaction.
func (l *Letters) Handlers() []projections.Handler {
	return []projections.Handler{
		{
			Name: LettersHandler,
			Feed: eventstore.NewFeed(eventstore.FeedConfig{
				Log: l.config.Log, From: l.bookmark.checkpoint, Logger: l.config.Logger,
				Prefixes: []string{"assessment-", appeal.StreamPrefix, round.StreamPrefix},
			}),
			Fold: l.write,
		},
		{Name: PostHandler, Feed: NewTicks(TicksConfig{Every: l.config.Every, Wake: l.wake, After: l.config.After}), Fold: l.post},
	}
}

// Checkpoint is how far the log was read for letters. It never fails.
func (l *Letters) Checkpoint() (eventstore.Checkpoint, error) { return l.bookmark.checkpoint() }

// write writes down the letters of a page.
func (l *Letters) write(ctx context.Context, page eventstore.Page) error {
	var all []waiting
	for _, e := range page.Events {
		some, err := l.lettersOf(ctx, e)
		if err != nil {
			return fmt.Errorf("letters of %s@%d: %w", e.Stream, e.Revision, err)
		}
		all = append(all, some...)
	}
	l.after(found)
	if err := l.bookmark.turn(page, func(before []waiting) []waiting {
		out := slices.Clone(before)
		for _, w := range all {
			if !slices.ContainsFunc(before, w.same) {
				out = append(out, w)
			}
		}
		return out
	}); err != nil {
		return err
	}
	l.after(turned)
	if len(all) > 0 {
		select {
		case l.wake <- struct{}{}:
		default: // awake already
		}
	}
	return nil
}

// lettersOf decides who gets a letter of an event.
func (l *Letters) lettersOf(ctx context.Context, e eventstore.Recorded) ([]waiting, error) {
	r, told := l.rules[e.Type]
	if !told {
		return nil, nil
	}
	metadata, err := eventstore.ReadMetadata(e)
	if err != nil {
		return nil, err
	}
	// By the time that the event itself has: the log's own is new after a move.
	if l.config.Now().Sub(metadata.ServerTime) > l.config.Youth {
		return nil, nil
	}
	about, err := l.matterOf(ctx, e.Stream)
	if err != nil {
		return nil, err
	}
	if demo, err := l.demo(ctx, about.round); demo || err != nil {
		return nil, err
	}
	var out []waiting
	for _, people := range r.people {
		accounts, err := people.find(ctx, l, occurrence{e, metadata, about})
		if err != nil {
			return nil, err
		}
		for _, account := range accounts {
			w := waiting{Cause: e.ID, Correlation: metadata.Correlation, Account: account, Kind: r.kind, Path: about.path}
			if account != "" && account != metadata.Actor && !slices.ContainsFunc(out, w.same) {
				out = append(out, w)
			}
		}
	}
	return out, nil
}

// waiting is a letter that is not delivered yet.
type waiting struct {
	Cause       uuid.UUID    `json:"cause"`
	Correlation string       `json:"correlation"`
	Account     string       `json:"account"`
	Kind        letters.Kind `json:"kind"`
	Path        string       `json:"path"`
	// At is when it can be tried again; zero at once.
	At time.Time `json:"at,omitzero"`
}

func (w waiting) same(v waiting) bool { return w.Cause == v.Cause && w.Account == v.Account }

func (w waiting) letter() mail.Letter {
	return mail.Letter{Cause: w.Cause, Correlation: w.Correlation, Account: w.Account, Kind: w.Kind, Path: w.Path}
}
