package embedded

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func subscribeAll(t *testing.T, client *esdb.Client, o esdb.SubscribeToAllOptions) *esdb.Subscription {
	t.Helper()
	sub, err := client.SubscribeToAll(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sub.Close() })
	return sub
}

// receive reads count events, each of which must follow on the one before, and counts what else
// came along.
func receive(t *testing.T, sub *esdb.Subscription, next, count uint64) (caughtUp, fellBehind int) {
	t.Helper()
	for last := next + count; next < last; {
		e := sub.Recv()
		switch {
		case e.SubscriptionDropped != nil:
			t.Fatal(e.SubscriptionDropped.Error)
		case e.CaughtUp != nil:
			caughtUp++
		case e.FellBehind != nil:
			fellBehind++
		case e.EventAppeared != nil:
			if got := e.EventAppeared.Event.EventNumber; got != next {
				t.Fatalf("event %d, want %d", got, next)
			}
			next++
		}
	}
	return caughtUp, fellBehind
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestLaggingSubscribers: a hundred subscribers that stop reading cost a page each and what gRPC
// buffers at both ends, whatever the log grows to (queued for them it would be 2 GB); writers and a
// subscriber that keeps up do not notice; who reads on misses nothing.
func TestLaggingSubscribers(t *testing.T) {
	const lagging, history, live, bound = 100, 5_000, 15_000, 128 << 20
	n := startNode(t, Config{})
	client := connect(t, n.Address())
	fill(t, client, "s", history, 500, 1000)
	before := heap()
	var subs []*esdb.Subscription
	for range lagging {
		sub := subscribeAll(t, connect(t, n.Address()), esdb.SubscribeToAllOptions{From: esdb.Start{}})
		receive(t, sub, 0, 1)
		subs = append(subs, sub)
	}
	keepsUp := subscribeAll(t, client, esdb.SubscribeToAllOptions{From: esdb.Start{}})
	fill(t, client, "s", live, 500, 1000)
	receive(t, keepsUp, 0, history+live)
	grown := heap() - before
	t.Logf("%d lagging subscribers of a log of %d MB: %.1f MiB of memory, clients included", lagging, (history+live)/1000, float64(grown)/(1<<20))
	if grown > bound {
		t.Fatalf("memory grew by %d bytes, more than %d", grown, bound)
	}
	for _, sub := range subs[:3] {
		receive(t, sub, 1, history+live-1)
	}
}

func TestFellBehind(t *testing.T) {
	const missed = 20_000
	client := connect(t, startNode(t, Config{}).Address())
	sub := subscribeAll(t, client, esdb.SubscribeToAllOptions{From: esdb.Start{}})
	if e := sub.Recv(); e.CaughtUp == nil {
		t.Fatalf("got %+v, want caught up", e)
	}
	fill(t, client, "s", missed, 500, 1000) // far more than the buffers between node and client hold
	caughtUp, fellBehind := receive(t, sub, 0, missed)
	if fellBehind == 0 || caughtUp < fellBehind-1 {
		t.Fatalf("fell behind %d times, caught up %d times", fellBehind, caughtUp)
	}
	if caughtUp < fellBehind {
		if e := sub.Recv(); e.CaughtUp == nil {
			t.Fatalf("got %+v, want caught up", e)
		}
	}
}

// TestSubscriptionOutlivesSoftDelete: what is appended after a soft delete goes on numbering, and
// reaches those who subscribed before.
func TestSubscriptionOutlivesSoftDelete(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	n := startNode(t, Config{})
	client := connect(t, n.Address())
	fill(t, client, "s", 3, 3, 10)
	sub, err := client.SubscribeToStream(ctx, "s", esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	receive(t, sub, 0, 3)
	if e := sub.Recv(); e.CaughtUp == nil {
		t.Fatalf("got %+v, want caught up", e)
	}
	if _, err := client.DeleteStream(ctx, "s", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // the subscription looks at the deleted stream
	fill(t, client, "s", 2, 1, 10)
	receive(t, sub, 3, 2)
}

func TestSubscriptionLimit(t *testing.T) {
	client := connect(t, startNode(t, Config{}).Address())
	for range maxSubscriptions {
		subscribeAll(t, client, esdb.SubscribeToAllOptions{})
	}
	if sub, err := client.SubscribeToAll(context.Background(), esdb.SubscribeToAllOptions{}); err == nil {
		sub.Close()
		t.Fatal("one more subscription was served")
	}
	fill(t, client, "s", 1, 1, 10) // everything else goes on
}

// TestCloseEndsSubscriptions: a node closes at once however many wait, and loses nothing by it.
func TestCloseEndsSubscriptions(t *testing.T) {
	n := startNode(t, Config{})
	client := connect(t, n.Address())
	fill(t, client, "s", 1000, 100, 1000)
	waits := subscribeAll(t, client, esdb.SubscribeToAllOptions{})
	lags := subscribeAll(t, client, esdb.SubscribeToAllOptions{From: esdb.Start{}})
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []*esdb.Subscription{waits, lags} {
		for e := sub.Recv(); ; e = sub.Recv() {
			if e.SubscriptionDropped != nil {
				break
			}
		}
	}
	if got := len(read(t, connect(t, startNode(t, Config{Path: n.cfg.Path}).Address()), "s")); got != 1000 {
		t.Fatalf("%d events, want 1000", got)
	}
}
