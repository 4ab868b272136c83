package eventstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// clients hands out the official client and replaces it when it has died. The
// client has three hazards, all reproduced, that nobody else should meet: once
// its discovery gives up, all calls but one hang whatever their context says,
// and go on failing after the server is back; closed during a call it panics;
// and some replies of a broken server make it panic. So nobody calls a client
// before it is connected, calls run in a goroutine of their own, a client that
// failed for want of a server is retired, and a retired client is closed only
// when its last call has returned.
type clients struct {
	settings func() (*esdb.Configuration, error)
	timeout  time.Duration // of connecting, and of a call that ignores its context
	mu       sync.Mutex
	current  *client
	closed   bool
}

type client struct {
	*esdb.Client
	calls     int           // in flight, streams included; guarded by clients.mu
	connected chan struct{} // closed once it is known whether it is
	err       error         // why not
	retired   chan struct{} // closed once the client is handed out no more
}

func newClients(timeout time.Duration, settings func() (*esdb.Configuration, error)) *clients {
	return &clients{timeout: timeout, settings: settings}
}

var errClosed = fmt.Errorf("closed here: %w", ErrUnavailable)

// acquire gives a connected client, which the caller must release.
func (c *clients) acquire(ctx context.Context) (*client, error) {
	used, err := c.join()
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(c.timeout)
	defer timer.Stop()
	select {
	case <-used.connected:
		err = used.err
	case <-timer.C:
		err = fmt.Errorf("no connection yet: %w", ErrUnavailable)
	case <-ctx.Done():
		err = fmt.Errorf("no connection yet: %w: %w", ErrUnavailable, context.Cause(ctx))
	}
	if err != nil {
		c.release(used, false)
		return nil, err
	}
	return used, nil
}

// join counts the caller among the current client's, making one if need be.
func (c *clients) join() (*client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errClosed
	}
	if c.current == nil {
		settings, err := c.settings()
		if err != nil {
			return nil, err
		}
		inner, err := esdb.NewClient(settings)
		if err != nil {
			return nil, fmt.Errorf("eventstore: %w", err)
		}
		c.current = &client{Client: inner, calls: 1, connected: make(chan struct{}), retired: make(chan struct{})}
		go c.connect(c.current)
	}
	c.current.calls++
	return c.current, nil
}

// connect makes the client's first call, alone.
func (c *clients) connect(fresh *client) {
	if _, fresh.err = fresh.GetServerVersion(); fresh.err != nil {
		c.retire(fresh)
	}
	close(fresh.connected)
	c.release(fresh, false)
}

// release ends a call; a client that failed for want of a server is retired.
func (c *clients) release(used *client, dead bool) {
	c.mu.Lock()
	used.calls--
	if dead {
		c.retireLocked(used)
	}
	last := used.calls == 0 && used.isRetired()
	c.mu.Unlock()
	if last {
		_ = used.Close() // it has no call left that could fail
	}
}

// retire stops handing out a client whose call has not come back, and ends the
// streams that run on it: they resume on the next client.
func (c *clients) retire(used *client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retireLocked(used)
}

func (c *clients) retireLocked(used *client) {
	if !used.isRetired() {
		close(used.retired)
	}
	if c.current == used {
		c.current = nil
	}
}

func (c *client) isRetired() bool {
	select {
	case <-c.retired:
		return true
	default:
		return false
	}
}

func (c *clients) close() {
	c.mu.Lock()
	c.closed = true
	used := c.current
	if used != nil {
		c.retireLocked(used)
	}
	idle := used != nil && used.calls == 0
	c.mu.Unlock()
	if idle {
		_ = used.Close()
	}
}

type outcome[T any] struct {
	value T
	err   error
}

// call runs one call on a live client. It returns when the context ends, even
// if the client does not: then the call has some time left to come back before
// its client is given up, as most people who go away do so from a live one.
func call[T any](ctx context.Context, c *clients, run func(*esdb.Client) (T, error)) (T, error) {
	var none T
	used, err := c.acquire(ctx)
	if err != nil {
		return none, err
	}
	done := make(chan outcome[T], 1)
	go func() {
		var out outcome[T]
		defer func() {
			if p := recover(); p != nil {
				out.err = fmt.Errorf("eventstore client: %v: %w", p, ErrUnavailable)
			}
			c.release(used, fatal(ctx, out.err))
			done <- out
		}()
		out.value, out.err = run(used.Client)
	}()
	select {
	case out := <-done:
		return out.value, out.err
	case <-ctx.Done():
		time.AfterFunc(c.timeout, func() {
			if len(done) == 0 {
				c.retire(used)
			}
		})
		return none, fmt.Errorf("%w: %w", ErrUnavailable, context.Cause(ctx))
	}
}

// fatal reports whether an error speaks against the client. One that time or
// the end of the call's own context explains does not, and a client that was
// sent to the leader has gone there by itself.
func fatal(ctx context.Context, err error) bool {
	if ctx.Err() != nil || status.Code(err) == codes.DeadlineExceeded {
		return false
	}
	var e *esdb.Error
	if errors.As(err, &e) && (e.Code() == esdb.ErrorCodeNotLeader || e.Code() == esdb.ErrorAborted || e.Code() == esdb.ErrorCodeDeadlineExceeded) {
		return false
	}
	return errors.Is(err, ErrUnavailable) || transient(err)
}

// retry repeats a call that failed for want of a server, with a pause that
// grows, until the timeout or the caller's context ends.
func retry[T any](ctx context.Context, l *Log, what string, run func(context.Context, *esdb.Client) (T, error)) (T, error) {
	var none T
	bounded, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	pause := firstPause
	for {
		value, err := call(bounded, l.clients, func(c *esdb.Client) (T, error) { return run(bounded, c) })
		if err == nil || (!transient(err) && !errors.Is(err, ErrUnavailable)) || errors.Is(err, errClosed) {
			return value, translate(what, err)
		}
		l.logger.Debug("eventstore: trying again", "what", what, "error", err)
		if !sleep(bounded, &pause) {
			if ctx.Err() != nil { // what became of the call is not known
				err = fmt.Errorf("%w: %w", ErrUnavailable, context.Cause(ctx))
			}
			return none, translate(what, err)
		}
	}
}

const (
	firstPause = 20 * time.Millisecond
	lastPause  = 2 * time.Second
)

// sleep pauses, longer each time, and reports false when the context ended.
func sleep(ctx context.Context, pause *time.Duration) bool {
	timer := time.NewTimer(*pause)
	defer timer.Stop()
	*pause = min(2**pause, lastPause)
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
