package embedded

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// clock is one that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func read(t *testing.T, client *esdb.Client, stream string) []*esdb.RecordedEvent {
	t.Helper()
	read, err := client.ReadStream(context.Background(), stream, esdb.ReadStreamOptions{}, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	var list []*esdb.RecordedEvent
	for {
		e, err := read.Recv()
		if err != nil {
			return list
		}
		list = append(list, e.Event)
	}
}

func TestClockSetBack(t *testing.T) {
	c := newClock()
	n := startHooked(t, Config{}, hooks{now: c.now})
	client := connect(t, n.Address())
	for range 3 {
		fill(t, client, "s", 1, 1, 10)
		c.move(-time.Hour)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = startHooked(t, Config{Path: n.cfg.Path}, hooks{now: c.now}) // what was last is known after a start as well
	client = connect(t, n.Address())
	fill(t, client, "s", 1, 1, 10)
	c.move(24 * time.Hour)
	fill(t, client, "s", 1, 1, 10)
	var got []string
	for _, e := range read(t, client, "s") {
		got = append(got, e.CreatedDate.Format("02T15:04"))
	}
	if want := "[01T12:00 01T12:00 01T12:00 01T12:00 02T09:00]"; fmt.Sprint(got) != want {
		t.Fatalf("created %v, want %s", got, want)
	}
}

func TestMaxAge(t *testing.T) {
	c := newClock()
	client := connect(t, startHooked(t, Config{}, hooks{now: c.now}).Address())
	for range 3 {
		fill(t, client, "s", 300, 300, 10)
		c.move(time.Minute)
	}
	var m esdb.StreamMetadata
	m.SetMaxAge(150 * time.Second)
	if _, err := client.SetStreamMetadata(context.Background(), "s", esdb.AppendToStreamOptions{}, m); err != nil {
		t.Fatal(err)
	}
	for want := 600; want >= 0; want -= 300 {
		if got := read(t, client, "s"); len(got) != want || want > 0 && got[0].EventNumber != uint64(900-want) {
			t.Fatalf("%d events, want %d", len(got), want)
		}
		c.move(time.Minute)
	}
}

// TestDiskFull: a full disk fails appends with a clear error, reading goes on, and when there is
// room again so do appends: the same ones, once.
func TestDiskFull(t *testing.T) {
	var limit atomic.Int64
	limit.Store(1 << 30)
	n := startHooked(t, Config{}, hooks{now: time.Now, beforeBatch: func(conn *sqlite.Conn) error {
		return sqlitex.ExecuteTransient(conn, fmt.Sprintf("PRAGMA max_page_count = %d", limit.Load()), nil)
	}})
	client := connect(t, n.Address())
	fill(t, client, "s", 100, 10, 1000)
	limit.Store(1) // SQLite makes it the file's present size

	refused, expected := events(20, 1000), esdb.Revision(99)
	for i := 0; i < 3; i++ {
		_, err := client.AppendToStream(context.Background(), "s", esdb.AppendToStreamOptions{ExpectedRevision: expected}, refused...)
		var e *esdb.Error
		if !errors.As(err, &e) || status.Code(e.Err()) != codes.ResourceExhausted || !strings.Contains(err.Error(), "disk full") {
			t.Fatalf("append on a full disk: %v", err)
		}
		if got := len(read(t, client, "s")); got != 100 {
			t.Fatalf("%d events, want 100", got)
		}
	}
	limit.Store(1 << 30)
	for range 2 {
		r, err := client.AppendToStream(context.Background(), "s", esdb.AppendToStreamOptions{ExpectedRevision: expected}, refused...)
		if err != nil || r.NextExpectedVersion != 119 {
			t.Fatalf("append with room again: %+v, %v", r, err)
		}
	}
	if got := len(read(t, client, "s")); got != 120 {
		t.Fatalf("%d events, want 120", got)
	}
	if faults, err := Check(t.Context(), n.cfg.Path); len(faults) > 0 || err != nil {
		t.Fatal(faults, err)
	}
}

// TestOneBatch puts requests that depend on each other into one transaction: a winner, a loser, a
// retry of the winner, and a change of metadata, which all have to see one another.
func TestOneBatch(t *testing.T) {
	var gate sync.Mutex
	entered := make(chan struct{}, 100)
	n := startHooked(t, Config{}, hooks{now: time.Now, beforeBatch: func(*sqlite.Conn) error {
		entered <- struct{}{}
		gate.Lock()
		defer gate.Unlock()
		return nil
	}})
	propose := func(stream string, expected int64, list ...esdb.EventData) *change {
		c := newChange(appendEvents, stream, expected)
		for _, e := range list {
			c.add(e.EventID, e.EventType, "application/json", nil, e.Data)
		}
		return c
	}
	sent, other := events(2, 10), events(1, 10)
	win, lose, again := propose("s", expectNoStream, sent...), propose("s", expectNoStream, other...), propose("s", expectNoStream, sent...)
	next, gone := propose("s", 1, other...), newChange(softDelete, "s", 2)
	revive := propose("s", expectNoStream, events(1, 10)...)
	end, late := newChange(tombstone, "s", 3), propose("s", expectAny, events(1, 10)...)
	meta := propose("$$s", expectAny, events(1, 10)...)
	list := []*change{win, lose, again, next, gone, revive, end, late, meta}

	gate.Lock() // the writer waits in the batch of the first; the others queue up behind
	n.writer.queue <- propose("first", expectAny, events(1, 10)...)
	<-entered
	for _, c := range list {
		n.writer.queue <- c
	}
	gate.Unlock()
	for _, c := range list {
		<-c.done
	}
	if len(entered) != 1 {
		t.Fatalf("%d batches, want one", len(entered))
	}
	for i, want := range []outcome{
		{verdict: accepted, revision: 1},
		{verdict: wrongVersion, revision: 1},
		{verdict: accepted, revision: 1},
		{verdict: accepted, revision: 2},
		{verdict: accepted, revision: 0},
		{verdict: accepted, revision: 3},
		{verdict: accepted, revision: tombstoneRevision},
		{verdict: streamDeleted, revision: tombstoneRevision},
		{verdict: streamDeleted, revision: 1},
	} {
		if got := list[i].outcome; got.verdict != want.verdict || got.revision != want.revision || got.err != nil {
			t.Errorf("change %d: got %+v, want %+v", i, got, want)
		}
	}
	if win.outcome.position != again.outcome.position {
		t.Errorf("the retry was told position %d, the first %d", again.outcome.position, win.outcome.position)
	}
}

// TestIdempotencyAfterRestart: a client that lost its answer with the node asks the next one.
func TestIdempotencyAfterRestart(t *testing.T) {
	n := startNode(t, Config{})
	sent := events(3, 10)
	states := map[string]esdb.ExpectedRevision{"any": esdb.Any{}, "none": esdb.NoStream{}}
	for round := range 2 {
		client := connect(t, n.Address())
		for stream, expected := range states {
			r, err := client.AppendToStream(context.Background(), stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, sent...)
			if err != nil || r.NextExpectedVersion != 2 || len(read(t, client, stream)) != 3 {
				t.Fatalf("round %d, %s: %+v, %v", round, stream, r, err)
			}
			sent = append([]esdb.EventData(nil), sent...)
		}
		client.Close()
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		n = startNode(t, Config{Path: n.cfg.Path})
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := newCache[int, int](100)
	for i := range 10_000 {
		c.put(i, i)
		if v, ok := c.get(0); ok && v != 0 || i < 150 && !ok {
			t.Fatalf("after %d: %d, %v", i, v, ok)
		}
	}
	if len(c.young)+len(c.old) > 200 {
		t.Fatalf("%d entries", len(c.young)+len(c.old))
	}
	if v, ok := c.get(9_999); !ok || v != 9_999 {
		t.Fatal("the newest is forgotten")
	}
}

// TestPartOfARetry: without a revision, known events followed by new ones can't be a retry; new
// ones followed by known ones can't be told from new ones.
func TestPartOfARetry(t *testing.T) {
	client := connect(t, startNode(t, Config{}).Address())
	known, fresh := events(2, 10), events(2, 10)
	for _, c := range []struct {
		list []esdb.EventData
		want int // events afterwards
	}{
		{known, 2},
		{[]esdb.EventData{known[0], fresh[0]}, 2},
		{[]esdb.EventData{known[0], known[1], fresh[0]}, 2},
		{[]esdb.EventData{fresh[1], known[0]}, 4},
	} {
		before := len(read(t, client, "s"))
		_, err := client.AppendToStream(context.Background(), "s", esdb.AppendToStreamOptions{}, c.list...)
		var e *esdb.Error
		if conflict := before == c.want; conflict != (errors.As(err, &e) && e.Code() == esdb.ErrorCodeWrongExpectedVersion) {
			t.Fatalf("%d events: %v", len(c.list), err)
		}
		if got := len(read(t, client, "s")); got != c.want {
			t.Fatalf("%d events, want %d", got, c.want)
		}
	}
}
