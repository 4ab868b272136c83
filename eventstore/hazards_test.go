package eventstore_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

// Each test below has two halves. The first shows a hazard of the official
// client on the client itself: when it fails, a newer client may have lost the
// hazard and our wrapper a reason. The second puts our wrapper in its place.

// TestHazardHang: once the client's discovery has given up, whoever asked for
// a connection meanwhile waits for ever, whatever its context says, and the
// client stays dead when the server is back.
func TestHazardHang(t *testing.T) {
	t.Run("client", func(t *testing.T) {
		if !inChild(t) {
			if output, err := child(t); err != nil {
				t.Errorf("the hazard is not there: %v\n%s", err, output)
			}
			return
		}
		const callers = 5
		d := newDoor(t)
		d.shut()
		giveUp := make(chan struct{})
		client := d.raw(t, func(_ esdb.LogLevel, format string, _ ...any) {
			if strings.HasPrefix(format, "discovery attempt") {
				<-giveUp
			}
		}) // never closed: that would make the calls that hang panic
		ctx, cancel := context.WithCancel(t.Context())
		returned := make(chan error, callers)
		for range callers {
			go func() { returned <- rawAppend(ctx, client, "round-a") }()
		}
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for patience := testrig.Context(t); connecting("chan receive") != 1 || connecting("chan send") != callers-1; {
			wait(patience, t, "tick", tick.C)
		}
		cancel()
		close(giveUp)
		if err := wait(testrig.Context(t), t, "first answer", returned); err == nil {
			t.Error("an append without a server succeeded")
		}
		generous := time.NewTimer(2 * time.Second)
		select {
		case err := <-returned:
			t.Errorf("a second call returned: %v", err)
		case <-generous.C:
		}
		d.open()
		fresh := d.raw(t, silent)
		if err := rawAppend(context.Background(), fresh, "round-b"); err != nil {
			t.Errorf("a new client: %v", err)
		}
		_ = fresh.Close()
		if err := rawAppend(context.Background(), client, "round-b"); code(err) != esdb.ErrorCodeConnectionClosed {
			t.Errorf("the client found the server again: %v", err)
		}
		if n := connecting("chan send"); n != callers-1 || len(returned) > 0 {
			t.Errorf("%d calls hang, want %d", n, callers-1)
		}
	})
	t.Run("wrapper", func(t *testing.T) {
		d := newDoor(t)
		l := d.wrapped(t)
		mustAppend(t, l, "round-a", eventstore.NoStream, proposed(1))
		d.shut()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		const callers = 20
		appended, read := make(chan error, callers), make(chan error, callers)
		events := make([][]eventstore.Proposed, callers)
		for i := range callers {
			events[i] = proposed(2)
			go func() {
				_, err := l.Append(ctx, fmt.Sprintf("round-%d", i), eventstore.NoStream, events[i])
				appended <- err
			}()
			go func() {
				_, err := all(l.ReadStream(ctx, "round-a", 0))
				read <- err
			}()
		}
		d.turnAway(t, 3) // clients, each of which gave up
		cancel()
		patience := testrig.Context(t)
		for range callers {
			wantErr(t, "append", wait(patience, t, "append that returns", appended), eventstore.ErrUnavailable)
			wantErr(t, "read", wait(patience, t, "read that returns", read), context.Canceled)
		}
		d.open()
		for i := range callers {
			stream := fmt.Sprintf("round-%d", i)
			mustAppend(t, l, stream, eventstore.NoStream, events[i])
			if got := mustRead(t, l, stream); len(got) != 2 || got[0].ID != events[i][0].ID {
				t.Errorf("%s holds %d events, want 2", stream, len(got))
			}
		}
	})
	t.Run("wrapper, the server comes back meanwhile", func(t *testing.T) {
		d := newDoor(t)
		l := d.wrapped(t)
		d.shut()
		events := proposed(3)
		appended := make(chan error, 1)
		go func() {
			_, err := l.Append(testrig.Context(t), "round-a", eventstore.NoStream, events)
			appended <- err
		}()
		d.turnAway(t, 3)
		d.open()
		if err := wait(testrig.Context(t), t, "append", appended); err != nil {
			t.Error(err)
		}
		if got := mustRead(t, l, "round-a"); len(got) != 3 {
			t.Errorf("%d events, want 3", len(got))
		}
	})
}

// TestHazardPanic: a client that was closed panics when one of its calls fails
// because the server has gone.
func TestHazardPanic(t *testing.T) {
	t.Run("client", func(t *testing.T) {
		if inChild(t) {
			closeDuringRead(t)
			return
		}
		if output, err := child(t); err == nil || !bytes.Contains(output, []byte("panic: send on closed channel")) {
			t.Errorf("the hazard is not there: %v\n%s", err, output)
		}
	})
	// Both wrapper halves would end the suite by a panic.
	t.Run("wrapper appends", func(t *testing.T) {
		d := newDoor(t)
		l, witness := d.wrapped(t), d.witness(t)
		d.hold()
		const callers = 10
		appended := make(chan error, callers)
		for i := range callers {
			go func() {
				_, err := l.Append(testrig.Context(t), fmt.Sprintf("round-%d", i), eventstore.NoStream, proposed(1))
				appended <- err
			}()
		}
		for range callers { // recorded, and the answer is held back
			wait(testrig.Context(t), t, "event", witness)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		d.shut()
		for range callers {
			wantErr(t, "append", wait(testrig.Context(t), t, "append that returns", appended), eventstore.ErrUnavailable)
		}
		d.open()
		if again := mustRead(t, d.wrapped(t), "round-0"); len(again) != 1 {
			t.Errorf("%d events, want 1", len(again))
		}
	})
	t.Run("wrapper reads", func(t *testing.T) {
		d := newDoor(t)
		l := d.wrapped(t)
		count := large(t, l)
		read := 0
		var last error
		for _, err := range l.ReadStream(testrig.Context(t), "round-large", 0) {
			if last = err; err != nil {
				break
			}
			if read++; read == 10 {
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
				d.shut()
			}
		}
		if read >= count {
			t.Fatalf("all of %d events came through a shut door", count)
		}
		wantErr(t, "the read's end", last, eventstore.ErrUnavailable)
	})
}

// closeDuringRead panics, if the client is as we know it.
func closeDuringRead(t *testing.T) {
	ctx := testrig.Context(t)
	d := newDoor(t)
	client := d.raw(t, silent)
	if err := rawAppend(ctx, client, "round-a"); err != nil {
		t.Fatal(err)
	}
	d.hold()
	read, err := client.ReadStream(ctx, "round-a", esdb.ReadStreamOptions{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	d.shut()
	// It forgets the connection, which the read still has, and makes another.
	for err := error(nil); code(err) != esdb.ErrorUnavailable; {
		if err = rawAppend(ctx, client, "round-a"); err == nil || ctx.Err() != nil {
			t.Fatalf("append through a shut door: %v", err)
		}
	}
	d.open()
	if err := rawAppend(ctx, client, "round-a"); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = read.Recv()
	t.Logf("the read on a closed client ended: %v", err)
}

// witness tells of each event of the application, not through the door.
func (d *door) witness(t *testing.T) <-chan uuid.UUID {
	t.Helper()
	settings, err := esdb.ParseConnectionString("esdb://" + d.node + "?tls=false")
	if err != nil {
		t.Fatal(err)
	}
	settings.Logger = silent
	client, err := esdb.NewClient(settings)
	if err != nil {
		t.Fatal(err)
	}
	sub, err := client.SubscribeToAll(context.Background(), esdb.SubscribeToAllOptions{
		From: esdb.Start{}, Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: eventstore.Prefixes},
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan uuid.UUID, 1000)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			switch e := sub.Recv(); {
			case e.EventAppeared != nil:
				seen <- e.EventAppeared.Event.EventID
			case e.SubscriptionDropped != nil:
				return
			}
		}
	})
	t.Cleanup(func() {
		_ = sub.Close()
		running.Wait()
		_ = client.Close()
	})
	return seen
}

// TestHazardLostAnswer is no fault of the client, but what its every outage
// comes to: an append that was recorded and not answered counts once.
func TestHazardLostAnswer(t *testing.T) {
	d := newDoor(t)
	l, witness := d.wrapped(t), d.witness(t)
	d.hold()
	events := proposed(1)
	appended := make(chan error, 1)
	go func() {
		at, err := l.Append(testrig.Context(t), "round-a", eventstore.NoStream, events)
		if err == nil && at.Revision != 0 {
			err = fmt.Errorf("recorded at revision %d, want 0", at.Revision)
		}
		appended <- err
	}()
	wait(testrig.Context(t), t, "event", witness)
	d.shut()
	d.turnAway(t, 1)
	d.open()
	if err := wait(testrig.Context(t), t, "append", appended); err != nil {
		t.Error(err)
	}
	if got := mustRead(t, l, "round-a"); len(got) != 1 || got[0].ID != events[0].ID {
		t.Errorf("%d events, want the one", len(got))
	}
}

// TestHazardSubscription: a subscription hands on gRPC's error as it is, and is
// over: the client connects anew for calls, never for subscriptions.
func TestHazardSubscription(t *testing.T) {
	t.Run("client", func(t *testing.T) {
		d := newDoor(t)
		client := d.raw(t, silent)
		defer client.Close()
		sub, err := client.SubscribeToAll(context.Background(), esdb.SubscribeToAllOptions{From: esdb.Start{}})
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		d.shut()
		dropped := dropOf(sub)
		if status.Code(dropped) != codes.Unavailable || code(dropped) != -1 {
			t.Errorf("the subscription ended with %v (%T), not gRPC's own error", dropped, dropped)
		}
		d.open()
		fresh := d.raw(t, silent)
		defer fresh.Close()
		if err := rawAppend(context.Background(), fresh, "round-a"); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if dropOf(sub) == nil {
				t.Error("the subscription came back")
			}
		}
	})
	t.Run("wrapper", func(t *testing.T) {
		d := newDoor(t)
		l := d.wrapped(t)
		count := large(t, l)
		connected := 0
		c := consume(t, l, eventstore.Checkpoint{}, func(f *eventstore.FeedConfig) {
			f.PageSize = 100
			from := f.From
			f.From = func() (eventstore.Checkpoint, error) {
				connected++ // by the feed's goroutine; read once it has ended
				return from()
			}
		})
		for range 4 {
			c.takePage(<-c.pages)
			for len(d.refused) > 0 {
				<-d.refused
			}
			d.shut()
			for refused := false; !refused; { // what had arrived is delivered first
				select {
				case msg := <-c.pages:
					c.takePage(msg)
				case <-d.refused:
					refused = true
				}
			}
			d.open()
			mustAppend(t, l, "round-large", int64(count-1), proposed(1))
			count++
		}
		c.take(count)
		late := proposed(5)
		mustAppend(t, l, "round-late", eventstore.NoStream, late)
		c.take(count + 5)
		for i, e := range c.events[:count] {
			if e.Stream != "round-large" || e.Revision != uint64(i) {
				t.Fatalf("event %d is %s@%d", i, e.Stream, e.Revision)
			}
		}
		if !slices.Equal(c.ids()[count:], idsOf(late)) {
			t.Error("the live events are not those appended")
		}
		if err := c.feed.Close(); err != nil || c.feed.Err() != nil {
			t.Error(err, c.feed.Err())
		}
		if connected < 5 {
			t.Errorf("the feed asked for its checkpoint %d times in 4 outages", connected)
		}
	})
}

// dropOf receives until the subscription is dropped.
func dropOf(sub *esdb.Subscription) error {
	for {
		if e := sub.Recv(); e.SubscriptionDropped != nil {
			return e.SubscriptionDropped.Error
		}
	}
}

// takePage does what a consumer does with a page.
func (c *consumer) takePage(msg *message.Message) {
	c.t.Helper()
	if msg == nil {
		c.t.Fatalf("the feed ended: %v", c.feed.Err())
	}
	page, err := eventstore.UnmarshalPage(msg.Payload)
	if err != nil {
		c.t.Fatal(err)
	}
	c.commit(page)
	msg.Ack()
}

// TestHazardFromError: esdb.FromError reports true for no error, and does not
// see through wrapping, which the client itself does to its errors.
func TestHazardFromError(t *testing.T) {
	t.Run("client", func(t *testing.T) {
		if e, ok := esdb.FromError(nil); e != nil || !ok {
			t.Errorf("no error: %v, %v", e, ok)
		}
		d := newDoor(t)
		client := d.raw(t, silent)
		defer client.Close()
		read, err := client.ReadStream(t.Context(), "round-none", esdb.ReadStreamOptions{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer read.Close()
		_, missing := read.Recv()
		if e, ok := esdb.FromError(missing); ok || e.Code() != esdb.ErrorCodeResourceNotFound {
			t.Errorf("an error: %v, %v", e, ok)
		}
		if e, ok := esdb.FromError(fmt.Errorf("read: %w", missing)); ok || e.Code() != esdb.ErrorCodeUnknown {
			t.Errorf("a wrapped error: %v, %v", e, ok)
		}
		sub, err := client.SubscribeToAll(t.Context(), esdb.SubscribeToAllOptions{})
		if err != nil {
			t.Fatal(err)
		}
		d.shut()
		if dropOf(sub) == nil { // from here the client knows of its connection's end
			t.Fatal("the subscription goes on")
		}
		err = rawAppend(t.Context(), client, "round-a")
		if e, _ := esdb.FromError(err); code(err) != esdb.ErrorUnavailable || e.Code() != esdb.ErrorCodeUnknown {
			t.Errorf("the client does not wrap: %v is %v", err, e)
		}
	})
	t.Run("wrapper", func(t *testing.T) {
		d := newDoor(t)
		l := d.wrapped(t)
		_, err := all(l.ReadStream(testrig.Context(t), "round-none", 0))
		wantErr(t, "read", err, eventstore.ErrNoStream)
		mustAppend(t, l, "round-a", eventstore.NoStream, proposed(1))
		_, err = l.Append(testrig.Context(t), "round-a", eventstore.NoStream, proposed(1))
		wantErr(t, "append", err, eventstore.ErrConflict)
		// A wrapped error that is not recognised would end this append at once.
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		d.shut()
		appended := make(chan error, 1)
		go func() {
			_, err := l.Append(ctx, "round-a", 0, proposed(1))
			appended <- err
		}()
		d.turnAway(t, 2)
		cancel()
		wantErr(t, "append", wait(testrig.Context(t), t, "append that returns", appended), eventstore.ErrUnavailable)
	})
}
