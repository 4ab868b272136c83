package contract

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func testSubscriptions(t *testing.T, s suite) {
	t.Run("to a stream: history, caught up, live", func(t *testing.T) {
		stream, sent := unique("subscription-"), events(300, "Happened")
		s.append(t, stream, esdb.NoStream{}, sent...)
		sub := s.toStream(t, stream, esdb.Start{})
		wantIDs(t, sub.until(caughtUp), sent)
		live := events(2, "Happened")
		s.append(t, stream, esdb.Revision(299), live...)
		wantIDs(t, sub.until(count(2)), live)
	})

	t.Run("to a stream, after a revision", func(t *testing.T) {
		stream, sent := unique("subscription-"), events(5, "Happened")
		s.append(t, stream, esdb.NoStream{}, sent...)
		wantIDs(t, s.toStream(t, stream, esdb.Revision(2)).until(caughtUp), sent[3:])
	})

	t.Run("to a stream, from its end", func(t *testing.T) {
		stream, live := unique("subscription-"), events(2, "Happened")
		s.append(t, stream, esdb.NoStream{}, events(5, "Happened")...)
		sub := s.toStream(t, stream, esdb.End{})
		s.append(t, stream, esdb.Any{}, live...)
		wantIDs(t, sub.until(count(2)), live)
	})

	t.Run("to a stream that does not exist yet", func(t *testing.T) {
		stream, live := unique("subscription-"), events(1, "Happened")
		sub := s.toStream(t, stream, esdb.Start{})
		wantIDs(t, sub.until(caughtUp), nil)
		s.append(t, stream, esdb.NoStream{}, live...)
		wantIDs(t, sub.until(count(1)), live)
	})

	t.Run("to a stream, resolving links", func(t *testing.T) {
		stream, links := unique("subscription-"), unique("links-")
		s.append(t, stream, esdb.NoStream{}, events(1, "Happened")...)
		s.append(t, links, esdb.NoStream{}, linkTo(stream, 0))
		sub, err := s.SubscribeToStream(within(t), links, esdb.SubscribeToStreamOptions{From: esdb.Start{}, ResolveLinkTos: true})
		if err != nil {
			t.Fatal(err)
		}
		if e := follow(t, sub).until(count(1))[0]; e.Event == nil || e.Event.StreamID != stream || e.Link == nil {
			t.Fatalf("got %+v through %+v", e.Event, e.Link)
		}
	})

	t.Run("to $all, after a position", func(t *testing.T) {
		stream, sent := unique("subscription-"), events(4, "Happened")
		first := s.append(t, stream, esdb.NoStream{}, sent[0])
		s.append(t, stream, esdb.Revision(0), sent[1:]...)
		sub := s.toAll(t, esdb.Position{Commit: first.CommitPosition, Prepare: first.PreparePosition}, stream)
		wantIDs(t, sub.until(caughtUp), sent[1:])
		live := events(1, "Happened")
		s.append(t, stream, esdb.Revision(3), live...)
		wantIDs(t, sub.until(count(1)), live)
	})

	t.Run("every subscriber gets every event in order, beside writers", func(t *testing.T) {
		const writers, each, subscribers = 4, 25, 3
		stream := unique("subscription-")
		from := s.append(t, stream, esdb.NoStream{}, events(1, "Opened")...)
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range each {
					if _, err := s.tryAppend(t, stream, esdb.Any{}, events(1, "Happened")...); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range subscribers {
			sub := s.toAll(t, esdb.Position{Commit: from.CommitPosition, Prepare: from.PreparePosition}, stream)
			for i, e := range sub.until(count(writers * each)) {
				if e.Event.EventNumber != uint64(i+1) {
					t.Fatalf("event %d has revision %d", i, e.Event.EventNumber)
				}
			}
		}
		wg.Wait()
	})

	t.Run("ends when it is closed", func(t *testing.T) {
		sub := s.toStream(t, unique("subscription-"), esdb.Start{})
		if err := sub.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := sub.next(); err == nil {
			t.Fatal("received something after Close")
		}
	})
}

// following is a subscription of a test, which sees only some streams of $all.
type following struct {
	*esdb.Subscription
	t      *testing.T
	stream string // "" for all
}

func follow(t *testing.T, sub *esdb.Subscription) *following {
	t.Cleanup(func() { sub.Close() })
	return &following{Subscription: sub, t: t}
}

func (s suite) toStream(t *testing.T, stream string, from esdb.StreamPosition) *following {
	t.Helper()
	sub, err := s.SubscribeToStream(within(t), stream, esdb.SubscribeToStreamOptions{From: from})
	if err != nil {
		t.Fatal(err)
	}
	return follow(t, sub)
}

func (s suite) toAll(t *testing.T, from esdb.AllPosition, stream string) *following {
	t.Helper()
	sub, err := s.SubscribeToAll(within(t), esdb.SubscribeToAllOptions{From: from})
	if err != nil {
		t.Fatal(err)
	}
	f := follow(t, sub)
	f.stream = stream
	return f
}

// next returns what comes next, or why nothing does.
func (f *following) next() (*esdb.SubscriptionEvent, error) {
	for {
		e := f.Recv()
		if e.SubscriptionDropped != nil {
			return nil, errors.Join(errors.New("subscription dropped"), e.SubscriptionDropped.Error)
		}
		if e.EventAppeared == nil || f.stream == "" || e.EventAppeared.OriginalEvent().StreamID == f.stream {
			return e, nil
		}
	}
}

// until collects events until done says so.
func (f *following) until(done func(got int, last *esdb.SubscriptionEvent) bool) (list []*esdb.ResolvedEvent) {
	f.t.Helper()
	for {
		e, err := f.next()
		if err != nil {
			f.t.Fatalf("after %d events: %v", len(list), err)
		}
		if e.EventAppeared != nil {
			list = append(list, e.EventAppeared)
		}
		if done(len(list), e) {
			return list
		}
	}
}

func count(n int) func(int, *esdb.SubscriptionEvent) bool {
	return func(got int, _ *esdb.SubscriptionEvent) bool { return got == n }
}

func caughtUp(_ int, last *esdb.SubscriptionEvent) bool { return last.CaughtUp != nil }

// describe says in a failure message what a subscription sent.
func describe(e *esdb.SubscriptionEvent) string {
	switch {
	case e.EventAppeared != nil:
		return fmt.Sprintf("event %s", e.EventAppeared.OriginalEvent().EventType)
	case e.CheckPointReached != nil:
		return fmt.Sprintf("checkpoint %v", *e.CheckPointReached)
	case e.CaughtUp != nil:
		return "caught up"
	}
	return "fell behind"
}
