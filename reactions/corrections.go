package reactions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"mingjian/api/command"
	"mingjian/domain/appeal"
	"mingjian/eventstore"
	"mingjian/projections"
)

// Names of the handlers, as /healthz shows them.
const (
	CorrectionsHandler = "corrections"
	DeadlinesHandler   = "deadlines"
	LettersHandler     = "letters"
	PostHandler        = "post"
)

// Corrector carries decisions out.
type Corrector interface {
	// Correct makes the one correction that follows from a decision, given its
	// event as recorded. Asked again, by whichever server, it changes nothing.
	Correct(ctx context.Context, cause eventstore.Recorded, decided *appeal.Decided) (command.Receipt, error)
}

// Corrections makes of each decision on an appeal the correction that it says.
type Corrections struct {
	log      *eventstore.Log
	codec    *eventstore.Codec
	commands Corrector
	logger   *slog.Logger
	bookmark *bookmark
	after    func(step) // so that a test can crash there
}

// step is how far a reaction has come.
type step string

const (
	corrected step = "corrected" // the correction is on the log, the bookmark is not turned
	flagged   step = "flagged"   // one appeal is flagged, others may wait
	found     step = "found"     // the letters are known, and are not in the file
	turned    step = "turned"    // the bookmark is
	delivered step = "delivered" // a letter is, and still stands in the file
)

// CorrectionsConfig says what Corrections work on.
type CorrectionsConfig struct {
	Dir      string // of the bookmark; it exists
	Log      *eventstore.Log
	Codec    *eventstore.Codec
	Commands Corrector
	Logger   *slog.Logger // slog.Default() if nil
}

// Validate reports all faults at once.
func (c CorrectionsConfig) Validate() error {
	if c.Dir == "" || c.Log == nil || c.Codec == nil || c.Commands == nil {
		return errors.New("reactions: corrections need a folder, log, codec and commands")
	}
	return nil
}

// NewCorrections opens the reaction where it left off.
func NewCorrections(ctx context.Context, c CorrectionsConfig) (*Corrections, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	at, err := openBookmark(ctx, c.Log, filepath.Join(c.Dir, "corrections.json"))
	if err != nil {
		return nil, err
	}
	return &Corrections{
		log: c.Log, codec: c.Codec, commands: c.Commands, logger: c.Logger, bookmark: at, after: func(step) {},
	}, nil
}

// Handler runs the reaction.
func (c *Corrections) Handler() projections.Handler {
	return projections.Handler{
		Name: CorrectionsHandler,
		Feed: eventstore.NewFeed(eventstore.FeedConfig{
			Log: c.log, From: c.bookmark.checkpoint, Prefixes: []string{appeal.StreamPrefix}, Logger: c.logger,
		}),
		Fold: c.react,
	}
}

// Checkpoint is how far the reaction has come. It never fails.
func (c *Corrections) Checkpoint() (eventstore.Checkpoint, error) { return c.bookmark.checkpoint() }

// react corrects what the decisions of a page say, in their order. A decision
// that cannot be carried out keeps the page, and with it all that follows: a
// later decision on the same appeal must not be overtaken.
func (c *Corrections) react(ctx context.Context, page eventstore.Page) error {
	for _, e := range page.Events {
		event, err := c.codec.Decode(e.Type, e.Data)
		if err != nil {
			return fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
		}
		decided, ok := event.(*appeal.Decided)
		if !ok || decided.Corrected == nil {
			continue
		}
		if _, err := c.commands.Correct(ctx, e, decided); err != nil {
			return hopeless(err)
		}
		// From here the correction counts. A crash before the bookmark is turned
		// asks for it again, and finds it on record.
		c.after(corrected)
	}
	if err := c.bookmark.turn(page, nil); err != nil {
		return err
	}
	c.after(turned)
	return nil
}

// ErrStuck means that a reaction fails in a way that waiting does not mend. It
// stands still, as what follows must not be done on a gap.
var ErrStuck = errors.New("waiting will not mend this: the reaction stands still until somebody does")

// hopeless says so of an error that is none of the log's or the caller's.
func hopeless(err error) error {
	for _, passing := range []error{
		eventstore.ErrUnavailable, eventstore.ErrConflict, eventstore.ErrFull, eventstore.ErrDenied,
		context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, passing) {
			return err
		}
	}
	return fmt.Errorf("%w (%w)", err, ErrStuck)
}
