package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"mingjian/eventstore"
)

// Source is where a handler's pages come from: a Feed, or something that only
// says that it is time, by pages without events.
type Source interface {
	message.Subscriber
	// Err is why the source ended by itself, nil while it runs or was closed.
	Err() error
}

// Handler consumes pages of the log, in order, each at least once: it must
// pass over a page that it has committed before.
type Handler struct {
	Name string
	Feed Source
	// Fold commits one page. An error keeps the page: it is sent again after a
	// pause, and the handler's status tells why it stands still.
	Fold func(context.Context, eventstore.Page) error
}

// Status is how a handler fares.
type Status struct {
	Name     string
	Position eventstore.Position
	// Err is why the handler stands still; nil while it goes on.
	Err   error
	Since time.Time // of Err
}

// Runner runs handlers on one Watermill router.
type Runner struct {
	router   *message.Router
	handlers []Handler
	cancel   context.CancelFunc
	stopped  chan struct{}

	mu     sync.Mutex
	status map[string]Status
}

// Run starts the handlers and returns once they are subscribed.
func Run(ctx context.Context, logger *slog.Logger, handlers ...Handler) (*Runner, error) {
	if logger == nil {
		logger = slog.Default()
	}
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 10 * time.Second}, watermill.NewSlogLoggerWithLevelMapping(logger, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug}))
	if err != nil {
		return nil, fmt.Errorf("projections: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &Runner{router: router, handlers: handlers, cancel: cancel, stopped: make(chan struct{}), status: make(map[string]Status)}
	for _, h := range handlers {
		router.AddConsumerHandler(h.Name, h.Name, h.Feed, func(msg *message.Message) error { return r.handle(h, msg) })
	}
	ended := make(chan error, 1)
	go func() {
		defer close(r.stopped)
		ended <- router.Run(ctx)
	}()
	select {
	case <-router.Running():
		return r, nil
	case err := <-ended:
		cancel()
		return nil, fmt.Errorf("projections: %w", errors.Join(err, ctx.Err()))
	}
}

func (r *Runner) handle(h Handler, msg *message.Message) error {
	page, err := eventstore.UnmarshalPage(msg.Payload)
	if err == nil {
		err = fold(msg.Context(), h, page)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.status[h.Name]
	now := Status{Name: h.Name, Position: page.Last()}
	if err != nil {
		now.Position, now.Err, now.Since = page.Prev, err, before.Since
		if before.Err == nil {
			now.Since = time.Now()
		}
	}
	r.status[h.Name] = now
	return err
}

// fold turns a panic into an error, so that the handler's status tells of it.
func fold(ctx context.Context, h Handler, page eventstore.Page) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: panic: %v", h.Name, p)
		}
	}()
	return h.Fold(ctx, page)
}

// Status tells how each handler fares. A handler whose feed has ended by itself
// stands still with the feed's error.
func (r *Runner) Status() []Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Status, 0, len(r.handlers))
	for _, h := range r.handlers {
		s := r.status[h.Name]
		s.Name = h.Name
		if err := h.Feed.Err(); err != nil {
			s.Err = err
		}
		out = append(out, s)
	}
	return out
}

// Close stops the handlers after the pages in hand.
func (r *Runner) Close() error {
	err := r.router.Close()
	r.cancel()
	<-r.stopped
	for _, h := range r.handlers {
		err = errors.Join(err, h.Feed.Close())
	}
	return err
}

// Consume runs one handler until ctx ends, an error that will not pass, or
// enough reports true, which is asked before the first page and after each.
func Consume(
	ctx context.Context, name string, feed *eventstore.Feed, logger *slog.Logger,
	fold func(eventstore.Page) error, enough func() bool,
) error {
	if enough() {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	runner, err := Run(ctx, logger, Handler{Name: name, Feed: feed, Fold: func(_ context.Context, page eventstore.Page) error {
		if ctx.Err() != nil {
			return nil
		}
		if err := fold(page); err != nil {
			cancel(err)
			return err
		}
		if enough() {
			cancel(errEnough)
		}
		return nil
	}})
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-runner.stopped: // its feed has ended by itself
		cancel(errors.New("the feed has ended"))
	}
	closeErr := runner.Close()
	if cause := context.Cause(ctx); !errors.Is(cause, errEnough) {
		return errors.Join(cause, feed.Err(), closeErr)
	}
	return closeErr
}

var errEnough = errors.New("enough")
