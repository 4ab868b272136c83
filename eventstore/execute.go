package eventstore

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math"

	"github.com/google/uuid"

	"mingjian/domain"
)

// State is an aggregate's fold.
type State interface {
	// Apply folds one event and fails loudly on one that it does not know.
	Apply(domain.Event) error
}

// Command is what load–decide–append needs to know of a command.
type Command struct {
	Stream   string
	Metadata Metadata
	// Expected is the stream revision that the caller saw, if it must still be
	// the newest; nil lets a lost race be decided anew.
	Expected *uint64
}

// Result is where a command ended in the log.
type Result struct {
	Revision uint64
	Position Position
	// Repeated is true if the command id was in the stream already: the result
	// is the first one's, and nothing was recorded now.
	Repeated bool
}

// Execute folds a stream into a fresh state, decides, and appends all events of
// the decision in one call at the revision that was read. Compare-and-swap is
// the only lock: whoever loses the race reads what is new and decides again,
// until the log's timeout, unless the command named the revision it expects: then
// a stale one that the decision does not refuse is ErrConflict. A decision must
// not change the state. One of no events changes nothing and ends at the
// stream's newest event.
func Execute[S State](
	ctx context.Context, l *Log, codec *Codec, cmd Command, fresh func() S, decide func(S) ([]domain.Event, error),
) (Result, error) {
	state, at := fresh(), loaded{revision: NoStream}
	result, err := tryExecute(ctx, l, codec, cmd, state, &at, decide)
	if !errors.Is(err, ErrConflict) || cmd.Expected != nil {
		return result, err
	}
	bounded, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	// The losers of this process go on one by one, or on a busy stream most of
	// them would lose again and again.
	turn := l.turns.of(cmd.Stream)
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-bounded.Done():
		return Result{}, err
	}
	for errors.Is(err, ErrConflict) && bounded.Err() == nil {
		result, err = tryExecute(ctx, l, codec, cmd, state, &at, decide)
	}
	return result, err
}

// Witness appends events to a stream whose past decides nothing, such as who
// took data out: it is not read back, and losing a race only means going again.
func Witness(ctx context.Context, l *Log, codec *Codec, cmd Command, events ...domain.Event) (Result, error) {
	proposed, err := propose(codec, cmd, events)
	if err != nil {
		return Result{}, err
	}
	bounded, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	turn := l.turns.of(cmd.Stream)
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-bounded.Done():
		return Result{}, fmt.Errorf("append to %s: %w", cmd.Stream, ErrUnavailable)
	}
	for {
		at := NoStream
		last, err := l.Last(bounded, cmd.Stream)
		switch {
		case err == nil:
			at = int64(last.Revision)
		case !errors.Is(err, ErrNoStream):
			return Result{}, err
		}
		appended, err := l.Append(ctx, cmd.Stream, at, proposed)
		if err == nil {
			return Result{Revision: appended.Revision, Position: appended.Position}, nil
		}
		if !errors.Is(err, ErrConflict) || bounded.Err() != nil {
			return Result{}, err
		}
	}
}

// turns hands out turns on streams. Streams may share one.
type turns [64]chan struct{}

var turnSeed = maphash.MakeSeed()

func newTurns() *turns {
	t := new(turns)
	for i := range t {
		t[i] = make(chan struct{}, 1)
	}
	return t
}

func (t *turns) of(stream string) chan struct{} {
	return t[maphash.String(turnSeed, stream)%uint64(len(t))]
}

func tryExecute[S State](
	ctx context.Context, l *Log, codec *Codec, cmd Command, state S, at *loaded, decide func(S) ([]domain.Event, error),
) (Result, error) {
	if err := load(ctx, l, codec, cmd.Stream, state, cmd.Metadata.CommandID, at); err != nil {
		return Result{}, err
	}
	if at.first != nil {
		if at.actor != cmd.Metadata.Actor {
			return Result{}, fmt.Errorf("command id %s is on record for another account, make a new one: %w", cmd.Metadata.CommandID, domain.ErrInvalid)
		}
		return *at.first, nil
	}
	// The decision comes first: a conflict names the stream's revision, which is
	// not for those whom the decision refuses.
	events, err := decide(state)
	if err != nil {
		return Result{}, err
	}
	if cmd.Expected != nil && (*cmd.Expected > math.MaxInt64 || int64(*cmd.Expected) != at.revision) {
		return Result{}, &ConflictError{Stream: cmd.Stream, Expected: int64(*cmd.Expected), Actual: at.revision}
	}
	if len(events) == 0 {
		return Result{Revision: uint64(max(0, at.revision)), Position: at.position}, nil
	}
	proposed, err := propose(codec, cmd, events)
	if err != nil {
		return Result{}, err
	}
	// From here the events count, even if we crash before anybody hears of it:
	// whoever sends the command id again gets this append's result.
	appended, err := l.Append(ctx, cmd.Stream, at.revision, proposed)
	if err != nil {
		return Result{}, err
	}
	return Result{Revision: appended.Revision, Position: appended.Position}, nil
}

func propose(codec *Codec, cmd Command, events []domain.Event) ([]Proposed, error) {
	metadata, err := cmd.Metadata.encode()
	if err != nil {
		return nil, err
	}
	proposed := make([]Proposed, len(events))
	for i, event := range events {
		name, data, err := codec.Encode(event)
		if err != nil {
			return nil, err
		}
		proposed[i] = Proposed{ID: eventID(cmd.Metadata.CommandID, cmd.Metadata.Actor, cmd.Stream, i), Type: name, Data: data, Metadata: metadata}
	}
	return proposed, nil
}

// loaded is how far a stream has been folded.
type loaded struct {
	revision int64
	position Position
	actor    string  // of that command
	first    *Result // of the command id looked for, if it is in the stream
}

// load folds what is new of a stream into state, and looks for a command id in
// it.
func load(ctx context.Context, l *Log, codec *Codec, stream string, state State, command uuid.UUID, at *loaded) error {
	for e, err := range l.ReadStream(ctx, stream, uint64(at.revision+1)) {
		if errors.Is(err, ErrNoStream) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := fold(codec, e, state); err != nil {
			return err
		}
		at.revision, at.position = int64(e.Revision), e.Position
		metadata, err := ReadMetadata(e)
		if err != nil {
			return err
		}
		if metadata.CommandID == command {
			at.first, at.actor = &Result{Revision: e.Revision, Position: e.Position, Repeated: true}, metadata.Actor
		}
	}
	return nil
}

func fold(codec *Codec, e Recorded, state State) error {
	event, err := codec.Decode(e.Type, e.Data)
	if err == nil {
		err = state.Apply(event)
	}
	if err != nil {
		return fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
	}
	return nil
}
