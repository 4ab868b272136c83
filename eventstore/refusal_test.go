package eventstore

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// refusing is a server that answers appends with a refusal: at once, or when it
// has read all that the client sends. Reads and subscriptions it refuses too, or
// never answers.
type refusing struct {
	streams.UnimplementedStreamsServer
	with    error
	hasRead bool
	timeout time.Duration // of the log
	calls   chan struct{}
}

func (r *refusing) Read(_ *streams.ReadReq, call streams.Streams_ReadServer) error {
	if r.with != nil {
		return r.with
	}
	<-call.Context().Done()
	return call.Context().Err()
}

func (r *refusing) Append(call streams.Streams_AppendServer) error {
	r.calls <- struct{}{}
	for r.hasRead {
		if _, err := call.Recv(); err != nil {
			break
		}
	}
	return r.with
}

// log is a client of a refusing server, which has no identity.
func (r *refusing) log(t *testing.T) *Log {
	t.Helper()
	r.calls = make(chan struct{}, 1000)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	streams.RegisterStreamsServer(server, r)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	l := &Log{timeout: r.timeout, logger: slog.New(slog.DiscardHandler), turns: newTurns()}
	l.clients = newClients(l.timeout, func() (*esdb.Configuration, error) {
		settings, err := esdb.ParseConnectionString("esdb://" + listener.Addr().String() + "?tls=false")
		if err == nil {
			l.quiet(settings)
		}
		return settings, err
	})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return l
}

// TestAppendRefused: a refusal ends an append with its reason, also when it
// comes while the client is sending, and the client has lost the reason.
func TestAppendRefused(t *testing.T) {
	one := []Proposed{{ID: uuid.New(), Type: "test.Happened", Data: []byte(`{}`)}}
	many := make([]Proposed, 100)
	for i := range many {
		many[i] = Proposed{ID: uuid.New(), Type: "test.Happened", Data: bytes.Repeat([]byte("x"), 8000)}
	}
	for name, c := range map[string]struct {
		refusal codes.Code
		want    error
	}{
		"a full disk":      {codes.ResourceExhausted, ErrFull},
		"a wrong password": {codes.Unauthenticated, ErrDenied},
		"no right":         {codes.PermissionDenied, ErrDenied},
	} {
		for _, hasRead := range []bool{true, false} {
			for _, events := range [][]Proposed{one, many} {
				r := &refusing{timeout: time.Minute, with: status.Error(c.refusal, "refused"), hasRead: hasRead}
				l := r.log(t)
				const times = 20
				for range times {
					ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
					began := time.Now()
					_, err := l.Append(ctx, "round-a", NoStream, events)
					cancel()
					if !errors.Is(err, c.want) || errors.Is(err, ErrUnavailable) {
						t.Fatalf("%s, read first %t, %d events: %v after %s, want %v", name, hasRead, len(events), err, time.Since(began), c.want)
					}
				}
				if n := len(r.calls); n > 10*times { // a few tries, not a minute of them
					t.Errorf("%s, read first %t, %d events: %d calls for %d appends", name, hasRead, len(events), n, times)
				}
			}
		}
	}
}

// TestReadOfAMuteServer: a server that takes a read, stays connected, and sends
// nothing holds nobody up longer than the log's timeout.
func TestReadOfAMuteServer(t *testing.T) {
	l := (&refusing{timeout: 100 * time.Millisecond}).log(t)
	for name, read := range map[string]func(context.Context) error{
		"stream": func(ctx context.Context) error {
			for _, err := range l.ReadStream(ctx, "round-a", 0) {
				return err
			}
			return nil
		},
		"last": func(ctx context.Context) error { _, err := l.Last(ctx, "round-a"); return err },
		"end":  func(ctx context.Context) error { _, err := l.End(ctx); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if err := read(ctx); !errors.Is(err, ErrUnavailable) || ctx.Err() != nil {
			t.Errorf("%s: %v, want %v", name, err, ErrUnavailable)
		}
		cancel()
	}
}

// TestFeedWaitsForItsTurn subscribes where no more subscriptions are taken: some
// will end, so the feed goes on trying.
func TestFeedWaitsForItsTurn(t *testing.T) {
	l := (&refusing{timeout: time.Minute, with: status.Error(codes.ResourceExhausted, "1024 subscriptions are served already")}).log(t)
	tried := make(chan struct{}, 100)
	feed := NewFeed(FeedConfig{Log: l, Logger: l.logger, From: func() (Checkpoint, error) {
		tried <- struct{}{}
		return Checkpoint{}, nil
	}})
	pages, err := feed.Subscribe(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		select {
		case <-tried:
		case <-pages:
			t.Fatalf("the feed ended: %v", feed.Err())
		}
	}
	if err := feed.Close(); err != nil || feed.Err() != nil {
		t.Error(err, feed.Err())
	}
}
