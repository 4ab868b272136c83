package eventstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"

	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

// consumer takes pages from a feed and keeps a checkpoint, as a projection
// does.
type consumer struct {
	t     *testing.T
	feed  *eventstore.Feed
	pages <-chan *message.Message

	mu     sync.Mutex
	at     eventstore.Checkpoint
	events []eventstore.Recorded
	sizes  []int
}

func consume(t *testing.T, l *eventstore.Log, from eventstore.Checkpoint, adjust ...func(*eventstore.FeedConfig)) *consumer {
	t.Helper()
	c := &consumer{t: t, at: from}
	config := eventstore.FeedConfig{Log: l, Logger: testrig.Quiet(), From: func() (eventstore.Checkpoint, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.at, nil
	}}
	for _, a := range adjust {
		a(&config)
	}
	c.feed = eventstore.NewFeed(config)
	var err error
	if c.pages, err = c.feed.Subscribe(testrig.Context(t), "test"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.feed.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// next receives a page without acknowledging it.
func (c *consumer) next() (*message.Message, eventstore.Page) {
	c.t.Helper()
	msg, ok := <-c.pages
	if !ok {
		c.t.Fatalf("the feed ended: %v", c.feed.Err())
	}
	page, err := eventstore.UnmarshalPage(msg.Payload)
	if err != nil {
		c.t.Fatal(err)
	}
	return msg, page
}

// take receives, checks and acknowledges pages until it has n events.
func (c *consumer) take(n int) {
	c.t.Helper()
	for len(c.events) < n {
		msg, page := c.next()
		c.commit(page)
		msg.Ack()
	}
	if len(c.events) != n {
		c.t.Fatalf("%d events, want %d", len(c.events), n)
	}
}

func (c *consumer) commit(page eventstore.Page) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if page.Prev != c.at.Position || len(page.Events) == 0 {
		c.t.Fatalf("a page of %d after position %s, the checkpoint is %s", len(page.Events), page.Prev, c.at.Position)
	}
	c.at = eventstore.Checkpoint{LogID: page.LogID, Position: page.Last()}
	c.events = append(c.events, page.Events...)
	c.sizes = append(c.sizes, len(page.Events))
}

func (c *consumer) ids() (ids []uuid.UUID) {
	for _, e := range c.events {
		ids = append(ids, e.ID)
	}
	return ids
}

func idsOf(events []eventstore.Proposed) (ids []uuid.UUID) {
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

func TestFeedDeliversAllInOrder(t *testing.T) {
	l := openLog(t)
	first, second := proposed(700), proposed(5)
	mustAppend(t, l, "round-a", eventstore.NoStream, first)
	mustAppend(t, l, "foreign", eventstore.NoStream, proposed(3))
	c := consume(t, l, eventstore.Checkpoint{})
	c.take(700)
	for i := range second { // live
		mustAppend(t, l, "round-a", int64(699+i), second[i:i+1])
	}
	c.take(705)
	if want := append(idsOf(first), idsOf(second)...); !slices.Equal(c.ids(), want) {
		t.Error("events are not those of the log in its order")
	}
	if most := slices.Max(c.sizes); most > 512 {
		t.Errorf("a page of %d", most)
	}
	// From a checkpoint in the middle, with small pages.
	from := c.events[99]
	later := consume(t, l, eventstore.Checkpoint{LogID: l.Identity(), Position: from.Position}, func(f *eventstore.FeedConfig) { f.PageSize = 4 })
	later.take(605)
	if !slices.Equal(later.ids(), c.ids()[100:]) || slices.Max(later.sizes) > 4 {
		t.Errorf("from a checkpoint: %d events in pages up to %d", len(later.events), slices.Max(later.sizes))
	}
}

func TestFeedFilters(t *testing.T) {
	l := openLog(t)
	mustAppend(t, l, "assessment-a-1", eventstore.NoStream, proposed(3))
	want := proposed(2)
	mustAppend(t, l, "round-a", eventstore.NoStream, want)
	c := consume(t, l, eventstore.Checkpoint{}, func(f *eventstore.FeedConfig) { f.Prefixes = []string{"round-"} })
	c.take(2)
	if !slices.Equal(c.ids(), idsOf(want)) {
		t.Errorf("got %v, want %v", c.ids(), idsOf(want))
	}
}

// TestFeedWaitsForTheAck holds one page back: nothing else comes meanwhile, a
// nack brings the same page again, and what has gathered comes as one page.
func TestFeedWaitsForTheAck(t *testing.T) {
	l := openLog(t)
	mustAppend(t, l, "round-a", eventstore.NoStream, proposed(1))
	slow, quick := consume(t, l, eventstore.Checkpoint{}), consume(t, l, eventstore.Checkpoint{})
	msg, page := slow.next()
	for i := range 60 {
		mustAppend(t, l, "round-a", int64(i), proposed(1))
	}
	quick.take(61) // so the server has sent them
	for range 3 {
		select {
		case <-slow.pages:
			t.Fatal("a page came before the ack")
		default:
		}
		msg.Nack()
		again, samePage := slow.next()
		if !bytes.Equal(again.Payload, msg.Payload) {
			t.Fatalf("after a nack came %+v, want %+v", samePage, page)
		}
		msg = again
	}
	slow.commit(page)
	msg.Ack()
	slow.take(61)
	if !slices.Equal(slow.ids(), quick.ids()) {
		t.Error("the slow consumer missed something")
	}
	if slices.Max(slow.sizes) == 1 {
		t.Errorf("pages did not grow: %v", slow.sizes)
	}
}

func TestFeedSurvivesRestarts(t *testing.T) {
	s := newServer(t)
	l := s.attach(t, 20*time.Second)
	c := consume(t, l, eventstore.Checkpoint{})
	var want []uuid.UUID
	for n := range 3 {
		events := proposed(20)
		mustAppend(t, l, "round-a", int64(20*n-1), events)
		want = append(want, idsOf(events)...)
		c.take(len(want))
		s.stop(t)
		s.start(t)
	}
	// Also when the restart comes between a page and its ack.
	events := proposed(20)
	mustAppend(t, l, "round-a", 59, events)
	msg, page := c.next()
	s.stop(t)
	s.start(t)
	c.commit(page)
	msg.Ack()
	c.take(80)
	if want = append(want, idsOf(events)...); !slices.Equal(c.ids(), want) {
		t.Error("events are not those of the log in its order")
	}
}

func TestFeedOfAnotherLog(t *testing.T) {
	l := openLog(t)
	mustAppend(t, l, "round-a", eventstore.NoStream, proposed(1))
	c := consume(t, l, eventstore.Checkpoint{LogID: "another", Position: 1})
	if msg, ok := <-c.pages; ok {
		t.Fatalf("a page came: %v", msg)
	}
	wantErr(t, "the feed's end", c.feed.Err(), eventstore.ErrOtherLog)
}

func TestFeedWithoutCheckpoint(t *testing.T) {
	l := openLog(t)
	lost := errors.New("the checkpoint is unreadable")
	feed := eventstore.NewFeed(eventstore.FeedConfig{Log: l, Logger: testrig.Quiet(), From: func() (eventstore.Checkpoint, error) {
		return eventstore.Checkpoint{}, lost
	}})
	pages, err := feed.Subscribe(testrig.Context(t), "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := <-pages; ok {
		t.Error("a page came")
	}
	wantErr(t, "the feed's end", feed.Err(), lost)
}

// TestFeedStopsAtDamage damages an event: the feed delivers what comes before
// and ends with the server's words, which name it. Trying again would not help.
func TestFeedStopsAtDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	l := openAt(t, path, false)
	const sound = 20
	mustAppend(t, l, "round-a", eventstore.NoStream, proposed(sound))
	damaged := proposed(1)
	damaged[0].Data = []byte(`{"v":1,"x":"to be damaged"}`)
	mustAppend(t, l, "round-a", sound-1, damaged)
	for i := range 5 { // more than a start looks at
		mustAppend(t, l, fmt.Sprintf("round-%d", i), eventstore.NoStream, proposed(500))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content = bytes.ReplaceAll(content, []byte("to be damaged"), []byte("to be Damaged"))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	c := consume(t, openAt(t, path, false), eventstore.Checkpoint{})
	ctx := testrig.Context(t)
	for msg := wait(ctx, t, "page or end", c.pages); msg != nil; msg = wait(ctx, t, "page or end", c.pages) {
		c.takePage(msg)
	}
	if err := c.feed.Err(); err == nil || len(c.events) != sound || !strings.Contains(err.Error(), fmt.Sprintf("round-a@%d", sound)) {
		t.Errorf("after %d events: %v", len(c.events), err)
	}
}

func TestFeedCloses(t *testing.T) {
	l := openLog(t)
	mustAppend(t, l, "round-a", eventstore.NoStream, proposed(600))
	before := runtime.NumGoroutine()
	for range 5 {
		c := consume(t, l, eventstore.Checkpoint{})
		c.next() // and never answered
		if err := c.feed.Close(); err != nil {
			t.Fatal(err)
		}
		if _, ok := <-c.pages; ok {
			t.Error("a page came after Close")
		}
		if c.feed.Err() != nil {
			t.Errorf("a closed feed has ended with %v", c.feed.Err())
		}
		if _, err := c.feed.Subscribe(testrig.Context(t), "test"); err == nil {
			t.Error("a closed feed can be subscribed to")
		}
	}
	noLeak(t, before, 0)
}
