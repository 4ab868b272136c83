package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"mingjian/eventstore"
	"mingjian/eventstore/embedded"
	"mingjian/internal/testrig"
)

// server is an embedded node that a test stops and starts while a Log is its
// client.
type server struct {
	path string
	node *embedded.Node
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{path: filepath.Join(t.TempDir(), "log.db")}
	s.start(t)
	t.Cleanup(func() { s.stop(t) })
	return s
}

func (s *server) start(t *testing.T) {
	t.Helper()
	node, err := embedded.Start(embedded.Config{Path: s.path, Logger: testrig.Quiet()})
	if err != nil {
		t.Fatal(err)
	}
	s.node = node
}

func (s *server) stop(t *testing.T) {
	t.Helper()
	if err := s.node.Close(); err != nil {
		t.Error(err)
	}
}

// attach is a client with its own timeout.
func (s *server) attach(t *testing.T, timeout time.Duration) *eventstore.Log {
	t.Helper()
	l, err := eventstore.Open(testrig.Context(t), eventstore.Config{
		Connection: eventstore.EmbeddedScheme + s.path, Attach: true, Timeout: timeout, Logger: testrig.Quiet(),
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

// lostInOutages bounds what the official client loses when its discovery gives
// up: it forgets the connection that it had, and calls that were on their way
// hang in it for good. Nobody outside can end them; they are no more than the
// calls in flight at an outage.
const lostInOutages = 64

// noLeak waits until no more goroutines run than before, but for some that are
// known to be lost.
func noLeak(t *testing.T, before, lost int) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ctx := testrig.Context(t); runtime.NumGoroutine() > before+lost; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// TestOutage takes the server away and gives it back on the same file at
// another address. The official client alone would hang in this test.
func TestOutage(t *testing.T) {
	before := runtime.NumGoroutine()
	s := newServer(t)
	l := s.attach(t, 10*time.Second)
	mustAppend(t, l, "round-a", eventstore.NoStream, proposed(1))
	for outage := range 2 {
		s.stop(t)
		var calls sync.WaitGroup
		for i := range 20 {
			calls.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				_, err := l.Append(ctx, fmt.Sprintf("round-%d-%d", outage, i), eventstore.NoStream, proposed(1))
				if !errors.Is(err, eventstore.ErrUnavailable) {
					t.Errorf("append: %v, want %v", err, eventstore.ErrUnavailable)
				}
				_, err = all(l.ReadStream(ctx, "round-a", 0))
				if !errors.Is(err, eventstore.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("read: %v", err)
				}
			})
		}
		calls.Wait()
		s.start(t)
		mustAppend(t, l, "round-a", int64(outage), proposed(1))
		if n := len(mustRead(t, l, "round-a")); n != outage+2 {
			t.Errorf("%d events after the outage, want %d", n, outage+2)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	s.stop(t)
	noLeak(t, before, lostInOutages)
}

// TestOwnTimeout bounds calls whose caller has no deadline.
func TestOwnTimeout(t *testing.T) {
	s := newServer(t)
	l := s.attach(t, 500*time.Millisecond)
	s.stop(t)
	ctx := context.Background()
	_, err := l.Append(ctx, "round-a", eventstore.NoStream, proposed(1))
	wantErr(t, "append", err, eventstore.ErrUnavailable)
	_, err = all(l.ReadStream(ctx, "round-a", 0))
	wantErr(t, "read", err, eventstore.ErrUnavailable)
	_, err = register(ctx, l, newCommand("registry"), "310101")
	wantErr(t, "execute", err, eventstore.ErrUnavailable)
}

// TestWritesThroughRestarts keeps writing while the server restarts: whoever
// has no answer sends again, and nothing is recorded twice or lost.
func TestWritesThroughRestarts(t *testing.T) {
	s := newServer(t)
	l := s.attach(t, 20*time.Second)
	const writers, each = 8, 40
	var half, running sync.WaitGroup
	half.Add(writers)
	for w := range writers {
		running.Go(func() {
			for i := range each {
				if i == each/2 {
					half.Done()
				}
				cmd := newCommand(fmt.Sprintf("registry-%d", w))
				if _, err := register(testrig.Context(t), l, cmd, fmt.Sprintf("31%02d%02d", w, i)); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	half.Wait()
	s.stop(t)
	s.start(t)
	running.Wait()
	for w := range writers {
		if n := len(mustRead(t, l, fmt.Sprintf("registry-%d", w))); n != each {
			t.Errorf("writer %d: %d events, want %d", w, n, each)
		}
	}
}

// large fills a stream with more than any buffer between server and client.
func large(t *testing.T, l *eventstore.Log) (count int) {
	t.Helper()
	last := eventstore.NoStream
	for range 30 {
		events := proposed(100)
		for i := range events {
			events[i].Data = fmt.Appendf(nil, `{"v":1,"x":"%04000d"}`, i)
		}
		last = int64(mustAppend(t, l, "round-large", last, events).Revision)
	}
	return int(last) + 1
}

func TestReadResumes(t *testing.T) {
	s := newServer(t)
	l := s.attach(t, 30*time.Second)
	count := large(t, l)
	for name, seq := range map[string]func(func(eventstore.Recorded, error) bool){
		"stream": l.ReadStream(testrig.Context(t), "round-large", 0),
		"$all":   l.ReadAll(testrig.Context(t), 0),
	} {
		read := 0
		for e, err := range seq {
			if err != nil {
				t.Fatalf("%s after %d events: %v", name, read, err)
			}
			if e.Revision != uint64(read) {
				t.Fatalf("%s: revision %d after %d events", name, e.Revision, read)
			}
			if read++; read == 10 {
				s.stop(t)
				s.start(t)
			}
		}
		if read != count {
			t.Errorf("%s: %d events, want %d", name, read, count)
		}
	}
}

func TestReadBrokenOffIsNoEnd(t *testing.T) {
	s := newServer(t)
	l := s.attach(t, time.Second)
	count := large(t, l)
	read := 0
	var last error
	for _, err := range l.ReadStream(context.Background(), "round-large", 0) {
		if last = err; err != nil {
			break
		}
		if read++; read == 10 {
			s.stop(t)
		}
	}
	if last == nil || read >= count {
		t.Fatalf("%d of %d events, then %v: a short stream", read, count, last)
	}
	wantErr(t, "the end", last, eventstore.ErrUnavailable)
}

// TestCanceledCallLeavesOthersAlone gives up calls in flight: the feed on the
// same connection goes on without subscribing again.
func TestCanceledCallLeavesOthersAlone(t *testing.T) {
	s := newServer(t)
	l := s.attach(t, 10*time.Second)
	subscribed := 0
	feed := eventstore.NewFeed(eventstore.FeedConfig{Log: l, Logger: testrig.Quiet(), From: func() (eventstore.Checkpoint, error) {
		subscribed++
		return eventstore.Checkpoint{}, nil
	}})
	pages, err := feed.Subscribe(testrig.Context(t), "test")
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, "round-a", eventstore.NoStream, proposed(1))
	(<-pages).Ack()
	for i := range 50 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*20*time.Microsecond)
		_, _ = l.Append(ctx, fmt.Sprintf("other-%d", i), eventstore.NoStream, proposed(1))
		cancel()
	}
	mustAppend(t, l, "round-a", 0, proposed(1))
	(<-pages).Ack()
	if err := feed.Close(); err != nil {
		t.Fatal(err)
	}
	if subscribed != 1 {
		t.Errorf("the feed subscribed %d times", subscribed)
	}
}
