package reactions

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"mingjian/eventstore"
)

// Ticks is a Watermill Subscriber that says when it is time: at once, and then
// again and again. A tick is a page without events. The next one waits for the
// ack, so that ticks never pile up while a handler is behind; a nack sends the
// tick again after a pause that grows.
type Ticks struct {
	config TicksConfig
	ctx    context.Context
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// TicksConfig says when it is time.
type TicksConfig struct {
	// Every is the time between an ack and the next tick.
	Every time.Duration
	// Wake makes it time at once; nil never does.
	Wake <-chan struct{}
	// After is time.After if nil.
	After func(time.Duration) <-chan time.Time
}

// NewTicks makes ticks. They start with Subscribe.
func NewTicks(c TicksConfig) *Ticks {
	if c.After == nil {
		c.After = time.After
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Ticks{config: c, ctx: ctx, stop: stop}
}

// Subscribe starts ticking until ctx ends or Close.
func (t *Ticks) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	if t.ctx.Err() != nil {
		return nil, errors.New("reactions: the ticks are closed")
	}
	ctx, cancel := context.WithCancel(ctx)
	release := context.AfterFunc(t.ctx, cancel)
	out := make(chan *message.Message)
	t.done.Go(func() {
		defer close(out)
		defer cancel()
		defer release()
		for t.tick(ctx, out) && t.pause(ctx, t.config.Every, t.config.Wake) {
		}
	})
	return out, nil
}

// Close ends the ticks and waits for them.
func (t *Ticks) Close() error {
	t.stop()
	t.done.Wait()
	return nil
}

// Err is nil: ticks end only when they are closed.
func (t *Ticks) Err() error { return nil }

// firstPause follows the first nack. The pause doubles up to Every, or to
// lastPause where that is longer.
const firstPause, lastPause = time.Second, time.Minute

// tick sends one tick until it is acked, and reports false when ctx ended.
func (t *Ticks) tick(ctx context.Context, out chan<- *message.Message) bool {
	for pause := firstPause; ; pause = min(2*pause, max(firstPause, min(t.config.Every, lastPause))) {
		msg := message.NewMessage(watermill.NewUUID(), eventstore.Page{}.Marshal())
		msg.SetContext(ctx)
		select {
		case out <- msg:
		case <-ctx.Done():
			return false
		}
		select {
		case <-msg.Acked():
			return true
		case <-msg.Nacked():
			if !t.pause(ctx, pause, nil) {
				return false
			}
		case <-ctx.Done():
			return false
		}
	}
}

func (t *Ticks) pause(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	select {
	case <-t.config.After(d):
		return true
	case <-wake:
		return true
	case <-ctx.Done():
		return false
	}
}
