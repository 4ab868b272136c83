package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Checkpoint is how far a consumer has come, and in which log.
type Checkpoint struct {
	LogID    string
	Position Position
}

// FeedConfig says what a Feed delivers.
type FeedConfig struct {
	Log *Log
	// From is asked at each (re)subscription where to go on. A zero checkpoint
	// starts at the log's beginning.
	From func() (Checkpoint, error)
	// Prefixes filters streams by the start of their name; nil is all of the
	// application's.
	Prefixes []string
	// PageSize bounds a page's events; 512 if zero.
	PageSize int
	Logger   *slog.Logger // slog.Default() if nil
}

// Feed is a Watermill Subscriber on the log. A message is a page of consecutive
// events; the next page is not sent before the ack, because Watermill's router
// runs each message in a goroutine of its own and would reorder them. A nack
// sends the same page again after a pause: an event is never passed over. When
// the connection goes, the feed subscribes again from the consumer's
// checkpoint, for ever; it ends only with its context or with an error that
// Err tells.
type Feed struct {
	config FeedConfig
	ctx    context.Context
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu  sync.Mutex
	err error
}

var _ message.Subscriber = (*Feed)(nil)

// maxPageBytes bounds a page's data, whatever its count.
const maxPageBytes = 4 << 20

// NewFeed makes a feed. It does nothing until Subscribe.
func NewFeed(config FeedConfig) *Feed {
	if config.PageSize == 0 {
		config.PageSize = buffered
	}
	if config.Prefixes == nil {
		config.Prefixes = Prefixes
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Feed{config: config, ctx: ctx, stop: stop}
}

// Subscribe starts delivering pages until ctx ends or the feed is closed. The
// topic names the consumer in messages of errors; the feed has one content.
func (f *Feed) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	if err := f.ctx.Err(); err != nil {
		return nil, errors.New("eventstore: the feed is closed")
	}
	ctx, cancel := context.WithCancel(ctx)
	release := context.AfterFunc(f.ctx, cancel)
	out := make(chan *message.Message)
	f.done.Add(1)
	go func() {
		defer f.done.Done()
		defer close(out)
		defer cancel()
		defer release()
		if err := f.run(ctx, out); err != nil && ctx.Err() == nil {
			f.fail(fmt.Errorf("feed of %s: %w", topic, err))
		}
	}()
	return out, nil
}

// Close ends all subscriptions and waits for them.
func (f *Feed) Close() error {
	f.stop()
	f.done.Wait()
	return nil
}

// Err is why the feed ended by itself, nil while it runs or was closed. A
// closed channel alone does not mean that the log has ended: logs do not end.
func (f *Feed) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *Feed) fail(err error) {
	f.config.Logger.Error("eventstore: the feed has stopped", "error", err)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// run subscribes, again and again, until the context ends or a lasting error.
func (f *Feed) run(ctx context.Context, out chan<- *message.Message) error {
	pause := firstPause
	for {
		delivered, err := f.subscribeOnce(ctx, out)
		if ctx.Err() != nil {
			return nil
		}
		if isLasting(err) {
			return translate("subscribe", err)
		}
		if delivered {
			pause = firstPause
		}
		f.config.Logger.Warn("eventstore: the feed lost its connection and subscribes again", "error", err)
		if !sleep(ctx, &pause) {
			return nil
		}
	}
}

// isLasting reports whether to subscribe again would end in the same way.
func isLasting(err error) bool {
	switch status.Code(err) {
	case codes.DataLoss: // the log is damaged at the next event
		return true
	case codes.ResourceExhausted: // the server has as many subscriptions as it takes, and some will end
		return false
	}
	var dropped *droppedError
	return !transient(err) && !errors.Is(err, ErrUnavailable) && !errors.As(err, &dropped)
}

// subscribeOnce delivers pages until the subscription breaks; it always
// returns an error.
func (f *Feed) subscribeOnce(ctx context.Context, out chan<- *message.Message) (delivered bool, err error) {
	at, err := f.config.From()
	if err != nil {
		return false, fmt.Errorf("checkpoint: %w", err)
	}
	if at.LogID != "" && at.LogID != f.config.Log.Identity() {
		return false, fmt.Errorf("checkpoint of log %s, this is %s: %w", at.LogID, f.config.Log.Identity(), ErrOtherLog)
	}
	events, end, err := stream(ctx, f.config.Log.clients, f.open(at.Position))
	if err != nil {
		return false, err
	}
	defer end()
	prev := at.Position
	for {
		page, broken := f.fill(ctx, events, prev)
		if len(page.Events) > 0 {
			if err := f.deliver(ctx, out, page); err != nil {
				return delivered, err
			}
			delivered = true
			prev = page.Last()
		}
		if broken != nil {
			return delivered, broken
		}
	}
}

// open subscribes to $all after a position and yields the application's events.
func (f *Feed) open(after Position) func(context.Context, *esdb.Client) (source[Recorded], error) {
	return func(ctx context.Context, c *esdb.Client) (source[Recorded], error) {
		sub, err := c.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{
			From: allPosition(after), MaxSearchWindow: 1024, CheckpointInterval: 1,
			Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: f.config.Prefixes},
		})
		if err != nil {
			return source[Recorded]{}, err
		}
		return source[Recorded]{live: true, stop: func() { _ = sub.Close() }, recv: func() (Recorded, error) {
			for {
				switch got := sub.Recv(); {
				case got.EventAppeared != nil:
					return recorded(got.EventAppeared.OriginalEvent()), nil
				case got.SubscriptionDropped != nil:
					return Recorded{}, &droppedError{cause: got.SubscriptionDropped.Error}
				}
			}
		}}, nil
	}
}

// fill waits for one event and takes what else has arrived, up to a page. The
// longer a consumer takes, the larger its next page: it batches by itself.
func (f *Feed) fill(ctx context.Context, events *items[Recorded], prev Position) (Page, error) {
	page := Page{LogID: f.config.Log.Identity(), Prev: prev}
	first, err := events.next(ctx)
	if err != nil {
		return page, err
	}
	page.Events = append(page.Events, first)
	size := len(first.Data) + len(first.Metadata)
	for len(page.Events) < f.config.PageSize && size < maxPageBytes {
		select {
		case item := <-events.arrived:
			if item.err != nil {
				return page, item.err
			}
			page.Events = append(page.Events, item.value)
			size += len(item.value.Data) + len(item.value.Metadata)
		default:
			return page, nil
		}
	}
	return page, nil
}

// deliver sends a page until it is acked.
func (f *Feed) deliver(ctx context.Context, out chan<- *message.Message, page Page) error {
	payload := page.Marshal()
	pause := firstPause
	for {
		msg := message.NewMessage(watermill.NewUUID(), payload)
		msg.SetContext(ctx)
		select {
		case out <- msg:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-msg.Acked():
			return nil
		case <-msg.Nacked():
			if !sleep(ctx, &pause) {
				return ctx.Err()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// droppedError is a subscription that the server or the network ended. The
// client hands its cause on raw.
type droppedError struct{ cause error }

func (e *droppedError) Error() string { return fmt.Sprintf("subscription dropped: %v", e.cause) }
func (e *droppedError) Unwrap() error { return e.cause }
