package eventstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// Recorded is an event as the log holds it.
type Recorded struct {
	Stream         string
	Revision       uint64
	Position       Position
	ID             uuid.UUID
	Type           string
	Data, Metadata []byte
	// Created is the server's time of storing, for display only: it does not
	// survive a move to another log.
	Created time.Time
}

func recorded(e *esdb.RecordedEvent) Recorded {
	return Recorded{
		Stream: e.StreamID, Revision: e.EventNumber, Position: Position(e.Position.Commit),
		ID: e.EventID, Type: e.EventType, Data: e.Data, Metadata: e.UserMetadata, Created: e.CreatedDate,
	}
}

// ReadStream reads a stream forwards from a revision to its end. A read that
// breaks off yields its error last, never a short stream; a stream that does
// not exist yields ErrNoStream.
func (l *Log) ReadStream(ctx context.Context, stream string, from uint64) iter.Seq2[Recorded, error] {
	return l.read(ctx, "read "+stream, func(ctx context.Context, c *esdb.Client, last *Recorded) (*esdb.ReadStream, error) {
		start := from
		if last != nil {
			start = last.Revision + 1
		}
		return c.ReadStream(ctx, stream, esdb.ReadStreamOptions{From: esdb.Revision(start)}, math.MaxInt64)
	})
}

// Last is the newest event of a stream, or ErrNoStream.
func (l *Log) Last(ctx context.Context, stream string) (Recorded, error) {
	for event, err := range l.read(ctx, "read the end of "+stream, func(ctx context.Context, c *esdb.Client, _ *Recorded) (*esdb.ReadStream, error) {
		return c.ReadStream(ctx, stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1)
	}) {
		return event, err
	}
	return Recorded{}, fmt.Errorf("read the end of %s: %w", stream, ErrNoStream)
}

// ReadAll reads the application's events in the log's order, those after the
// position (0 is the start) up to the end of the log at the time of the call.
func (l *Log) ReadAll(ctx context.Context, after Position) iter.Seq2[Recorded, error] {
	all := l.read(ctx, "read $all", func(ctx context.Context, c *esdb.Client, last *Recorded) (*esdb.ReadStream, error) {
		from := after
		if last != nil {
			from = last.Position
		}
		return c.ReadAll(ctx, esdb.ReadAllOptions{From: allPosition(from)}, math.MaxInt64)
	})
	return func(yield func(Recorded, error) bool) {
		for event, err := range all {
			// A forwards read includes the position given, and a resumed one the
			// event seen last.
			if err == nil && (event.Position <= after || !IsApplication(event.Stream)) {
				continue
			}
			if err == nil {
				after = event.Position
			}
			if !yield(event, err) {
				return
			}
		}
	}
}

func allPosition(p Position) esdb.AllPosition {
	if p == 0 {
		return esdb.Start{}
	}
	return esdb.Position{Commit: uint64(p), Prepare: uint64(p)}
}

type opener func(context.Context, *esdb.Client, *Recorded) (*esdb.ReadStream, error)

// read runs a read and, when its server goes, resumes it after the last event;
// it gives up when nothing was read for the log's timeout.
func (l *Log) read(ctx context.Context, what string, open opener) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		var last *Recorded
		progress, pause := time.Now(), firstPause
		for {
			err := l.readOnce(ctx, open, last, func(e Recorded) bool {
				last, pause = &e, firstPause
				more := yield(e, nil)
				progress = time.Now() // the consumer's own time does not count
				return more
			})
			if err == nil || errors.Is(err, errStopped) {
				return
			}
			lasting := !transient(err) && !errors.Is(err, ErrUnavailable)
			if lasting || errors.Is(err, errClosed) || time.Since(progress) > l.timeout || !sleep(ctx, &pause) {
				if ctx.Err() != nil {
					err = ctx.Err()
				}
				yield(Recorded{}, translate(what, err))
				return
			}
		}
	}
}

// errStopped says that the consumer wants no more.
var errStopped = errors.New("stopped by the consumer")

// readOnce yields events until the end (nil) or an error.
func (l *Log) readOnce(ctx context.Context, open opener, last *Recorded, yield func(Recorded) bool) error {
	items, end, err := stream(ctx, l.clients, func(ctx context.Context, c *esdb.Client) (source[Recorded], error) {
		// Canceled during a call the client races with gRPC for the call's
		// headers. So a read is not canceled: it is closed between two events.
		read, err := open(context.WithoutCancel(ctx), c, last)
		if err != nil {
			return source[Recorded]{}, err
		}
		return source[Recorded]{stop: read.Close, recv: func() (Recorded, error) {
			resolved, err := read.Recv()
			if err != nil {
				return Recorded{}, err
			}
			return recorded(resolved.OriginalEvent()), nil
		}}, nil
	})
	if err != nil {
		return err
	}
	defer end()
	for {
		event, err := items.next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !yield(event) {
			return errStopped
		}
	}
}

// End is the position of the newest application event, 0 in an empty log.
func (l *Log) End(ctx context.Context) (Position, error) {
	for event, err := range l.read(ctx, "read the end of $all", func(ctx context.Context, c *esdb.Client, last *Recorded) (*esdb.ReadStream, error) {
		var from esdb.AllPosition = esdb.End{}
		if last != nil {
			from = allPosition(last.Position) // a backwards read excludes it
		}
		return c.ReadAll(ctx, esdb.ReadAllOptions{Direction: esdb.Backwards, From: from}, math.MaxInt64)
	}) {
		if err != nil {
			return 0, err
		}
		if IsApplication(event.Stream) {
			return event.Position, nil
		}
	}
	return 0, nil
}
