package eventstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"iter"
	"time"
)

// Source yields the application's events in the log's order, from the start
// each time it is called.
type Source func() iter.Seq2[Recorded, error]

// Source reads the log as a transfer's source.
func (l *Log) Source(ctx context.Context) Source {
	return func() iter.Seq2[Recorded, error] { return l.ReadAll(ctx, 0) }
}

// ErrDiffers means that a target holds other events than its source.
var ErrDiffers = errors.New("the target holds something else")

// Transferred sums up a transfer.
type Transferred struct {
	Events  int64 // in the target now
	Present int64 // of them, those that it had before
	// Position of the last of them in the source; 0 if the source has no positions.
	Position Position
	// Hash is the SHA-256 over every event, equal for source and target.
	Hash string
}

// Transfer copies every application event to a target that is empty or holds
// the beginning of the source, in the source's order, keeping stream, revision,
// id, type, data and metadata. Cut short, it goes on where it stopped. At the
// end both are read again and compared, as far as was copied: what a source
// that is being written gets meanwhile is for the next transfer. A target that
// differs is left as it is.
func Transfer(ctx context.Context, from Source, to *Log, progress func(done int64)) (Transferred, error) {
	before, err := compare(ctx, from, to)
	if err != nil {
		return Transferred{}, err
	}
	copied, err := appendRest(ctx, from, to, before.Events, progress)
	if err != nil {
		return Transferred{}, err
	}
	result, err := compare(ctx, from, to)
	if err == nil && result.Events < copied {
		err = fmt.Errorf("the target ends after %d events, %d were copied: %w", result.Events, copied, ErrDiffers)
	}
	if err != nil {
		return Transferred{}, err
	}
	result.Present = before.Events
	return result, nil
}

// compare sums up the target's events, all of which must be the source's first
// ones.
func compare(ctx context.Context, from Source, to *Log) (Transferred, error) {
	next, stop := iter.Pull2(from())
	defer stop()
	sum := NewEventHash()
	var at Position
	for got, err := range to.ReadAll(ctx, 0) {
		if err != nil {
			return Transferred{}, fmt.Errorf("target: %w", err)
		}
		want, err, ok := next()
		if err != nil {
			return Transferred{}, fmt.Errorf("source: %w", err)
		}
		if !ok {
			return Transferred{}, fmt.Errorf("event %d is %s@%d, the source has only %d events: %w",
				sum.Events+1, got.Stream, got.Revision, sum.Events, ErrDiffers)
		}
		if fault := difference(want, got); fault != "" {
			return Transferred{}, fmt.Errorf("event %d: %s: %w", sum.Events+1, fault, ErrDiffers)
		}
		sum.Add(want)
		at = want.Position
	}
	return Transferred{Events: sum.Events, Position: at, Hash: sum.String()}, nil
}

// difference names what two events that should be one do not share.
func difference(want, got Recorded) string {
	switch {
	case want.Stream != got.Stream || want.Revision != got.Revision:
		return fmt.Sprintf("source has %s@%d, target %s@%d", want.Stream, want.Revision, got.Stream, got.Revision)
	case want.ID != got.ID:
		return fmt.Sprintf("%s@%d has id %s in the source, %s in the target", want.Stream, want.Revision, want.ID, got.ID)
	case want.Type != got.Type:
		return fmt.Sprintf("%s@%d has type %s in the source, %s in the target", want.Stream, want.Revision, want.Type, got.Type)
	case !bytes.Equal(want.Data, got.Data):
		return fmt.Sprintf("%s@%d has other data in the target", want.Stream, want.Revision)
	case !bytes.Equal(want.Metadata, got.Metadata):
		return fmt.Sprintf("%s@%d has other metadata in the target", want.Stream, want.Revision)
	}
	return ""
}

// maxRun bounds the events that one append of a transfer carries.
const maxRun = 500

// appendRest appends what follows the first skip events, runs of one stream in
// one append each, so that the target's order is the source's. It says how many
// events of the source are in the target then.
func appendRest(ctx context.Context, from Source, to *Log, skip int64, progress func(int64)) (done int64, err error) {
	var run []Recorded
	size := 0
	done = skip
	flush := func() error {
		if len(run) == 0 {
			return nil
		}
		proposed := make([]Proposed, len(run))
		for i, e := range run {
			proposed[i] = Proposed{ID: e.ID, Type: e.Type, Data: e.Data, Metadata: e.Metadata}
		}
		// An append whose answer was lost is found by its ids and counts once.
		if _, err := to.Append(ctx, run[0].Stream, int64(run[0].Revision)-1, proposed); err != nil {
			return fmt.Errorf("target: event %d: %w", done+1, err)
		}
		done += int64(len(run))
		run, size = run[:0], 0
		if progress != nil {
			progress(done)
		}
		return nil
	}
	var seen int64
	for e, err := range from() {
		if err != nil {
			return done, fmt.Errorf("source: %w", err)
		}
		if seen++; seen <= skip {
			continue
		}
		bytes := len(e.Data) + len(e.Metadata) + len(e.Type) + 64
		if len(run) > 0 {
			last := run[len(run)-1]
			follows := e.Stream == last.Stream && e.Revision == last.Revision+1
			if !follows || len(run) == maxRun || size+bytes > maxAppend {
				if err := flush(); err != nil {
					return done, err
				}
			}
		}
		run, size = append(run, e), size+bytes
	}
	err = flush()
	return done, err
}

// EventHash is a SHA-256 over events: of each stream, revision, id, type, data
// and metadata, but not the position, which does not survive a move.
type EventHash struct {
	Events int64
	sum    hash.Hash
}

// NewEventHash starts a hash over no events.
func NewEventHash() *EventHash { return &EventHash{sum: sha256.New()} }

// Add hashes one more event.
func (h *EventHash) Add(e Recorded) {
	h.Events++
	e.Position, e.Created = 0, time.Unix(0, 0)
	h.sum.Write(Page{Events: []Recorded{e}}.Marshal())
}

// String is the hash so far, in lower-case hex.
func (h *EventHash) String() string { return hex.EncodeToString(h.sum.Sum(nil)) }
