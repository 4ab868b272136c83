package eventstore

import (
	"context"
	"fmt"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// items is what a read or a subscription delivers. A goroutine receives, so
// that the consumer can honour its context when the client does not.
type items[T any] struct {
	arrived chan outcome[T]
	used    *client
}

// buffered is how many events may wait for their consumer: one full page.
const buffered = 512

// source is an open streaming call. stop is called once, after the last recv.
type source[T any] struct {
	recv func() (T, error)
	stop func()
	live bool // it may wait for its next item for ever
}

// stream opens a streaming call and holds its client until it has ended. The
// caller must call end, which stops the receiving goroutine.
func stream[T any](
	ctx context.Context, c *clients, open func(context.Context, *esdb.Client) (source[T], error),
) (*items[T], context.CancelFunc, error) {
	used, err := c.acquire(ctx)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &items[T]{arrived: make(chan outcome[T], buffered), used: used}
	go s.receive(ctx, c, open)
	return s, cancel, nil
}

// receive runs until the stream's error (io.EOF at its end) or until nobody
// wants more; the error is the last item.
func (s *items[T]) receive(ctx context.Context, c *clients, open func(context.Context, *esdb.Client) (source[T], error)) {
	var last outcome[T]
	defer func() {
		if p := recover(); p != nil {
			last.err = fmt.Errorf("eventstore client: %v: %w", p, ErrUnavailable)
		}
		s.send(ctx, last)
		c.release(s.used, fatal(ctx, last.err))
	}()
	hanging := time.AfterFunc(c.timeout, func() { c.retire(s.used) })
	from, err := open(ctx, s.used.Client)
	hanging.Stop()
	if err != nil {
		last.err = err
		return
	}
	defer from.stop()
	for {
		if !from.live {
			hanging.Reset(c.timeout)
		}
		value, err := from.recv()
		hanging.Stop() // the consumer's own time does not count
		if err != nil {
			last.err = err
			return
		}
		if !s.send(ctx, outcome[T]{value: value}) {
			last.err = ctx.Err() // or the consumer could take nothing for an item
			return
		}
	}
}

func (s *items[T]) send(ctx context.Context, item outcome[T]) bool {
	select {
	case s.arrived <- item:
		return true
	case <-ctx.Done():
		return false
	}
}

// next waits for one item. A client that was retired meanwhile may never
// answer, so its stream counts as lost; what has arrived is delivered first.
func (s *items[T]) next(ctx context.Context) (T, error) {
	select {
	case item := <-s.arrived:
		return item.value, item.err
	default:
	}
	var none T
	select {
	case item := <-s.arrived:
		return item.value, item.err
	case <-ctx.Done():
		return none, ctx.Err()
	case <-s.used.retired:
		select {
		case item := <-s.arrived:
			return item.value, item.err
		default:
			return none, fmt.Errorf("the connection was given up: %w", ErrUnavailable)
		}
	}
}
