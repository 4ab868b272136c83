// Package contract says what Mingjian relies on in an event store, as tests through the unmodified
// official client. The embedded node has to pass them, and so has a real EventStoreDB: streams have
// names of their own, positions may have any distance, and foreign and system events may be in $all
// at any time.
package contract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// patience is how long a test waits for what has to come. It is a guard against hanging: no test
// passes or fails by how fast a server is.
const patience = 30 * time.Second

// Run runs the suite. connect returns a client of the store under test; it may return the same one
// each time, and closes it itself.
func Run(t *testing.T, connect func(t *testing.T) *esdb.Client) {
	for _, topic := range []struct {
		name string
		run  func(t *testing.T, s suite)
	}{
		{"Append", testAppend},
		{"ExpectedRevision", testExpectedRevision},
		{"Idempotency", testIdempotency},
		{"ReadStream", testReadStream},
		{"ReadAll", testReadAll},
		{"Subscriptions", testSubscriptions},
		{"Filters", testFilters},
		{"Delete", testDelete},
		{"Metadata", testMetadata},
		{"Limits", testLimits},
	} {
		t.Run(topic.name, func(t *testing.T) { topic.run(t, suite{connect(t)}) })
	}
}

// suite is the client with what most tests do.
type suite struct{ *esdb.Client }

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// unique makes a name that no other run has used.
func unique(prefix string) string {
	return prefix + strings.ReplaceAll(uuid.NewString(), "-", "")
}

// events proposes n events of a type.
func events(n int, eventType string) []esdb.EventData {
	list := make([]esdb.EventData, n)
	for i := range list {
		list[i] = esdb.EventData{
			EventID: uuid.New(), EventType: eventType, ContentType: esdb.ContentTypeJson,
			Data: fmt.Appendf(nil, `{"n":%d}`, i), Metadata: []byte(`{"by":"contract"}`),
		}
	}
	return list
}

func (s suite) append(t *testing.T, stream string, expected esdb.ExpectedRevision, list ...esdb.EventData) *esdb.WriteResult {
	t.Helper()
	result, err := s.tryAppend(t, stream, expected, list...)
	if err != nil {
		t.Fatalf("append to %s: %v", stream, err)
	}
	return result
}

func (s suite) tryAppend(t *testing.T, stream string, expected esdb.ExpectedRevision, list ...esdb.EventData) (*esdb.WriteResult, error) {
	t.Helper()
	return s.AppendToStream(within(t), stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, list...)
}

// read reads a stream; an error is returned after the events before it.
func (s suite) read(t *testing.T, stream string, o esdb.ReadStreamOptions, count uint64) ([]*esdb.ResolvedEvent, error) {
	t.Helper()
	read, err := s.ReadStream(within(t), stream, o, count)
	if err != nil {
		t.Fatalf("read %s: %v", stream, err)
	}
	return collect(read)
}

func (s suite) mustRead(t *testing.T, stream string, o esdb.ReadStreamOptions) []*esdb.ResolvedEvent {
	t.Helper()
	list, err := s.read(t, stream, o, math.MaxInt64)
	if err != nil {
		t.Fatalf("read %s: %v", stream, err)
	}
	return list
}

func collect(read *esdb.ReadStream) (list []*esdb.ResolvedEvent, err error) {
	defer read.Close()
	for {
		e, err := read.Recv()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, e)
	}
}

// code is the client's word for an error.
func code(err error) esdb.ErrorCode {
	var e *esdb.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return esdb.ErrorCodeUnknown
}

func wantCode(t *testing.T, err error, want esdb.ErrorCode) {
	t.Helper()
	if err == nil || code(err) != want {
		t.Fatalf("got error %v, want code %d", err, want)
	}
}

// wantRevisions compares the revisions of events that were read.
func wantRevisions(t *testing.T, list []*esdb.ResolvedEvent, want ...uint64) {
	t.Helper()
	got := make([]uint64, len(list))
	for i, e := range list {
		got[i] = e.OriginalEvent().EventNumber
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("revisions %v, want %v", got, want)
	}
}

func wantIDs(t *testing.T, list []*esdb.ResolvedEvent, want []esdb.EventData) {
	t.Helper()
	if len(list) != len(want) {
		t.Fatalf("%d events, want %d", len(list), len(want))
	}
	for i, e := range list {
		if e.OriginalEvent().EventID != want[i].EventID {
			t.Fatalf("event %d has id %s, want %s", i, e.OriginalEvent().EventID, want[i].EventID)
		}
	}
}
