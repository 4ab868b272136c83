package site

import (
	"context"
	"sync"
)

// inOrder works on the items on several goroutines and hands each result over
// in the items' order, on the calling goroutine. A few results wait at a time,
// never all of them. The first error stops everything.
func inOrder[T, R any](ctx context.Context, workers int, items []T, work func(context.Context, T) (R, error), take func(R) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	type ticket struct {
		item T
		done chan R
	}
	waiting := make(chan ticket, 4*workers) // in the items' order
	open := make(chan ticket)
	var running sync.WaitGroup
	defer running.Wait() // after cancel: nothing works on when this returns
	defer cancel(nil)

	running.Go(func() {
		defer close(open)
		defer close(waiting)
		for _, item := range items {
			t := ticket{item: item, done: make(chan R, 1)}
			select {
			case waiting <- t:
			case <-ctx.Done():
				return
			}
			select {
			case open <- t:
			case <-ctx.Done():
				return
			}
		}
	})
	for range workers {
		running.Go(func() {
			for t := range open {
				result, err := work(ctx, t.item)
				if err != nil {
					cancel(err)
					return
				}
				t.done <- result
			}
		})
	}
	for t := range waiting {
		select {
		case result := <-t.done:
			if err := take(result); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return context.Cause(ctx)
}
