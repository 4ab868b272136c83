package eventstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Proposed is an event to be stored. Its id must be the same whenever the same
// event is sent again: that makes sending twice safe.
type Proposed struct {
	ID             uuid.UUID
	Type           string
	Data, Metadata []byte // JSON
}

// NoStream as an expected revision: the stream must not exist yet.
const NoStream int64 = -1

// Appended is where an append ended.
type Appended struct {
	Revision uint64 // of the last event
	Position Position
}

// maxAppend is the server's default limit on one append, less what framing
// needs. An append over it is refused before it is sent.
const maxAppend = 1<<20 - 4096

// Append stores events at the end of a stream, all or none, durable on return.
// The stream must be at the expected revision, else it is a ConflictError;
// events that are stored there already by id count as stored by this call.
func (l *Log) Append(ctx context.Context, stream string, expected int64, events []Proposed) (Appended, error) {
	if len(events) == 0 {
		return Appended{}, errors.New("eventstore: append of no events")
	}
	data := make([]esdb.EventData, len(events))
	size := 0
	for i, e := range events {
		data[i] = esdb.EventData{
			EventID: e.ID, EventType: e.Type, ContentType: esdb.ContentTypeJson, Data: e.Data, Metadata: e.Metadata,
		}
		size += len(e.Data) + len(e.Metadata) + len(e.Type) + 64
	}
	if size > maxAppend {
		return Appended{}, fmt.Errorf("append %d events, %d bytes to %s: %w", len(events), size, stream, ErrTooLarge)
	}
	options := esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}
	if expected >= 0 {
		options.ExpectedRevision = esdb.Revision(uint64(expected))
	}
	result, err := retry(ctx, l, "append to "+stream, func(ctx context.Context, c *esdb.Client) (*esdb.WriteResult, error) {
		// Once sent it is not canceled, though its caller may go: whether it was
		// recorded would be left to chance, and the client races with gRPC then.
		ctx = context.WithoutCancel(ctx)
		result, err := c.AppendToStream(ctx, stream, options, data...)
		if errors.Is(err, io.EOF) {
			// The server ended the call while the client was sending, and the client
			// has lost the reason. An append of no events changes nothing, and gets a
			// refusal's reason: it has nothing left to send. What it finds of the
			// revision says nothing: our events may be there from an earlier try.
			if _, reason := c.AppendToStream(ctx, stream, options); reason != nil && !isWrongVersion(reason) {
				err = reason
			}
		}
		return result, err
	})
	if err != nil {
		if isWrongVersion(err) {
			return Appended{}, &ConflictError{Stream: stream, Expected: expected, Actual: l.revision(ctx, stream)}
		}
		if status.Code(err) == codes.ResourceExhausted {
			err = fmt.Errorf("%w: %w", err, ErrFull)
		}
		return Appended{}, err
	}
	return Appended{Revision: result.NextExpectedVersion, Position: Position(result.CommitPosition)}, nil
}

func isWrongVersion(err error) bool {
	var e *esdb.Error
	return errors.As(err, &e) && e.Code() == esdb.ErrorCodeWrongExpectedVersion
}

// revision is the stream's newest revision, for a message; -1 if unknown.
func (l *Log) revision(ctx context.Context, stream string) int64 {
	last, err := l.Last(ctx, stream)
	if err != nil {
		return NoStream
	}
	return int64(last.Revision)
}

// Prefixes are what the names of application streams start with. Everything
// else in the log (the server's own events, the log's identity) is not ours.
var Prefixes = []string{"round-", "assessment-", "appeal-", "registry", "account-", "access-", "mail-", "keys"}

// IsApplication reports whether a stream belongs to the application.
func IsApplication(stream string) bool {
	for _, prefix := range Prefixes {
		if strings.HasPrefix(stream, prefix) {
			return true
		}
	}
	return false
}
