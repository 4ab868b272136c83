package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

func TestAppendAndRead(t *testing.T) {
	l := openLog(t)
	ctx := testrig.Context(t)
	events := proposed(3)
	at := mustAppend(t, l, "round-a", eventstore.NoStream, events)
	if at.Revision != 2 || at.Position == 0 {
		t.Errorf("appended at %+v", at)
	}
	read := mustRead(t, l, "round-a")
	if len(read) != 3 {
		t.Fatalf("%d events, want 3", len(read))
	}
	for i, e := range read {
		if e.ID != events[i].ID || e.Type != events[i].Type || string(e.Data) != string(events[i].Data) ||
			string(e.Metadata) != string(events[i].Metadata) || e.Revision != uint64(i) || e.Stream != "round-a" || e.Created.IsZero() {
			t.Errorf("event %d is %+v, sent %+v", i, e, events[i])
		}
	}
	if read[2].Position != at.Position {
		t.Errorf("the last event is at %s, the append ended at %s", read[2].Position, at.Position)
	}
	tail, err := all(l.ReadStream(ctx, "round-a", 2))
	if err != nil || len(tail) != 1 || tail[0].ID != events[2].ID {
		t.Errorf("from revision 2: %v, %v", tail, err)
	}
	if tail, err = all(l.ReadStream(ctx, "round-a", 3)); err != nil || len(tail) != 0 {
		t.Errorf("from beyond the end: %v, %v", tail, err)
	}
	if last, err := l.Last(ctx, "round-a"); err != nil || last.ID != events[2].ID {
		t.Errorf("last is %+v, %v", last, err)
	}
	for e, err := range l.ReadStream(ctx, "round-a", 0) { // a consumer may stop
		if err != nil || e.Revision != 0 {
			t.Fatalf("first event: %+v, %v", e, err)
		}
		break
	}
}

func TestMissingStream(t *testing.T) {
	l := openLog(t)
	ctx := testrig.Context(t)
	_, err := all(l.ReadStream(ctx, "round-none", 0))
	wantErr(t, "read", err, eventstore.ErrNoStream)
	_, err = l.Last(ctx, "round-none")
	wantErr(t, "last", err, eventstore.ErrNoStream)
	if end, err := l.End(ctx); err != nil || end != 0 {
		t.Errorf("an empty log ends at %s, %v", end, err)
	}
}

func TestConflict(t *testing.T) {
	l := openLog(t)
	ctx := testrig.Context(t)
	mustAppend(t, l, "round-a", eventstore.NoStream, proposed(3))
	for _, c := range []struct {
		stream           string
		expected, actual int64
	}{{"round-a", eventstore.NoStream, 2}, {"round-a", 1, 2}, {"round-a", 7, 2}, {"round-b", 0, eventstore.NoStream}} {
		_, err := l.Append(ctx, c.stream, c.expected, proposed(1))
		wantErr(t, fmt.Sprint(c), err, eventstore.ErrConflict)
		var conflict *eventstore.ConflictError
		if !errors.As(err, &conflict) || conflict.Actual != c.actual || conflict.Expected != c.expected || conflict.Stream != c.stream {
			t.Errorf("%+v: %+v", c, conflict)
		}
	}
	if n := len(mustRead(t, l, "round-a")); n != 3 {
		t.Errorf("a refused append left %d events, want 3", n)
	}
}

func TestAppendAgain(t *testing.T) {
	l := openLog(t)
	first := proposed(2)
	at := mustAppend(t, l, "round-a", eventstore.NoStream, first)
	mustAppend(t, l, "round-a", 1, proposed(1))
	again := mustAppend(t, l, "round-a", eventstore.NoStream, first)
	if again != at {
		t.Errorf("sent again: %+v, first %+v", again, at)
	}
	if n := len(mustRead(t, l, "round-a")); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

func TestTooLarge(t *testing.T) {
	l := openLog(t)
	ctx := testrig.Context(t)
	big := proposed(2)
	big[1].Data = make([]byte, 1<<20)
	_, err := l.Append(ctx, "round-a", eventstore.NoStream, big)
	wantErr(t, "an event over the limit", err, eventstore.ErrTooLarge)
	if _, err := all(l.ReadStream(ctx, "round-a", 0)); !errors.Is(err, eventstore.ErrNoStream) {
		t.Errorf("something of it was stored: %v", err)
	}
	if _, err := l.Append(ctx, "round-a", eventstore.NoStream, nil); err == nil {
		t.Error("an append of nothing succeeded")
	}
	big[1].Data = fmt.Appendf(nil, `{"v":1,"x":"%0*d"}`, 1<<20-5000, 0) // just under it
	mustAppend(t, l, "round-a", eventstore.NoStream, big)
}

func TestReadAll(t *testing.T) {
	l := openLog(t)
	ctx := testrig.Context(t)
	var want []uuid.UUID
	for _, stream := range []string{"round-a", "foreign", "registry", "mingjian-other", "assessment-a-1", "$odd", "appeal-1"} {
		events := proposed(2)
		if _, err := l.Append(ctx, stream, eventstore.NoStream, events); err != nil {
			t.Fatal(err)
		}
		if eventstore.IsApplication(stream) {
			want = append(want, events[0].ID, events[1].ID)
		}
	}
	read, err := all(l.ReadAll(ctx, 0))
	if err != nil {
		t.Fatal(err)
	}
	ids := func(events []eventstore.Recorded) (ids []uuid.UUID) {
		for _, e := range events {
			ids = append(ids, e.ID)
		}
		return ids
	}
	if !slices.Equal(ids(read), want) {
		t.Fatalf("read %v, want %v", ids(read), want)
	}
	if end, err := l.End(ctx); err != nil || end != read[len(read)-1].Position {
		t.Errorf("the end is %s, %v; the last event at %s", end, err, read[len(read)-1].Position)
	}
	for i := range read {
		after, err := all(l.ReadAll(ctx, read[i].Position))
		if err != nil || !slices.Equal(ids(after), want[i+1:]) {
			t.Errorf("after event %d: %v, %v; want %v", i, ids(after), err, want[i+1:])
		}
	}
}

func TestIdentity(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	first := openAt(t, path, false)
	identity := first.Identity()
	if identity == "" || identity == openLog(t).Identity() {
		t.Errorf("identity %q, that of another log too", identity)
	}
	if attached := openAt(t, path, true); attached.Identity() != identity {
		t.Errorf("attached, the log is %s, not %s", attached.Identity(), identity)
	}
	if _, err := eventstore.Open(testrig.Context(t), eventstore.Config{Connection: eventstore.EmbeddedScheme + path, Logger: testrig.Quiet()}); err == nil {
		t.Error("a second process took the log without being told to attach")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if again := openAt(t, path, false); again.Identity() != identity {
		t.Errorf("reopened, the log is %s, not %s", again.Identity(), identity)
	}
}

func TestConfigFaults(t *testing.T) {
	for _, connection := range []string{"", "esdb+embedded:", "esdb+embedded:///", "http://x", "esdb://"} {
		if err := (eventstore.Config{Connection: connection}).Validate(); err == nil {
			t.Errorf("%q is taken for a connection string", connection)
		}
	}
	if err := (eventstore.Config{Connection: "esdb://localhost:2113?tls=false", Timeout: -1}).Validate(); err == nil {
		t.Error("a negative timeout passes")
	}
}

func TestClosed(t *testing.T) {
	l := openLog(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := testrig.Context(t)
	_, err := l.Append(ctx, "round-a", eventstore.NoStream, proposed(1))
	wantErr(t, "append", err, eventstore.ErrUnavailable)
	_, err = all(l.ReadStream(ctx, "round-a", 0))
	wantErr(t, "read", err, eventstore.ErrUnavailable)
}

func TestCanceledCallers(t *testing.T) {
	l := openLog(t)
	gone, cancel := context.WithCancel(testrig.Context(t))
	cancel()
	_, err := l.Append(gone, "round-a", eventstore.NoStream, proposed(1))
	wantErr(t, "append", err, context.Canceled)
	_, err = all(l.ReadStream(gone, "round-a", 0))
	wantErr(t, "read", err, context.Canceled)
	mustAppend(t, l, "round-b", eventstore.NoStream, proposed(1))
}

// TestReadToADeadline ends the context while a read goes on: it yields events
// and then an error, never something that is neither.
func TestReadToADeadline(t *testing.T) {
	l := openLog(t)
	last := eventstore.NoStream
	for range 4 {
		last = int64(mustAppend(t, l, "round-a", last, proposed(1000)).Revision)
	}
	for stop := range 40 {
		ctx, cancel := context.WithCancel(testrig.Context(t))
		read := 0
		for e, err := range l.ReadStream(ctx, "round-a", 0) {
			if err != nil {
				wantErr(t, "the end", err, context.Canceled)
				break
			}
			if e.Revision != uint64(read) || e.Type == "" {
				t.Fatalf("event %d is %+v", read, e)
			}
			if read++; read == stop*100 {
				cancel()
			}
		}
		cancel()
	}
}

// TestCopyPins: a copy of a log wants the key that the log was written with.
func TestCopyPins(t *testing.T) {
	ctx := t.Context()
	from, to, other := openLog(t), openLog(t), openLog(t)
	if err := from.Pin(ctx, "key", "a"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // again does no harm
		if err := from.CopyPins(ctx, to); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Pin(ctx, "key", "b"); !errors.Is(err, eventstore.ErrPinned) {
		t.Errorf("another key on the copy: %v", err)
	}
	if err := other.Pin(ctx, "key", "b"); err != nil {
		t.Fatal(err)
	}
	if err := from.CopyPins(ctx, other); !errors.Is(err, eventstore.ErrPinned) {
		t.Errorf("a target with another key: %v", err)
	}
}
