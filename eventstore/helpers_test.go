package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"mingjian/domain"
	"mingjian/domain/registry"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

// openLog opens a log on a file of its own until the test ends.
func openLog(t testing.TB) *eventstore.Log {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "log.db"), false)
}

func openAt(t testing.TB, path string, attach bool) *eventstore.Log {
	t.Helper()
	l, err := eventstore.Open(testrig.Context(t), eventstore.Config{
		Connection: eventstore.EmbeddedScheme + path, Attach: attach, Logger: testrig.Quiet(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// proposed makes n events with ids that nothing else has.
func proposed(n int) []eventstore.Proposed {
	events := make([]eventstore.Proposed, n)
	for i := range events {
		events[i] = eventstore.Proposed{
			ID: uuid.New(), Type: "test.Happened", Data: fmt.Appendf(nil, `{"v":1,"n":%d}`, i), Metadata: []byte(`{}`),
		}
	}
	return events
}

func mustAppend(t testing.TB, l *eventstore.Log, stream string, expected int64, events []eventstore.Proposed) eventstore.Appended {
	t.Helper()
	at, err := l.Append(testrig.Context(t), stream, expected, events)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// all reads a sequence to its end.
func all(seq func(func(eventstore.Recorded, error) bool)) (events []eventstore.Recorded, err error) {
	for e, err := range seq {
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
	return events, nil
}

func mustRead(t testing.TB, l *eventstore.Log, stream string) []eventstore.Recorded {
	t.Helper()
	events, err := all(l.ReadStream(testrig.Context(t), stream, 0))
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// register is a command that adds a district to a registry stream.
func register(ctx context.Context, l *eventstore.Log, cmd eventstore.Command, code string) (eventstore.Result, error) {
	return eventstore.Execute(ctx, l, eventstore.NewCodec(), cmd, registry.New, func(r *registry.Registry) ([]domain.Event, error) {
		return r.RegisterDistrict(domain.Stamp{By: "x", At: testrig.Day}, code, "区"+code)
	})
}

func newCommand(stream string) eventstore.Command {
	return eventstore.Command{Stream: stream, Metadata: eventstore.Metadata{
		CommandID: uuid.New(), Actor: "organizer", Correlation: "c", ServerTime: testrig.Day,
	}}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}
