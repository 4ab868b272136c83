package sse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLimits(t *testing.T) {
	t.Run("streams of a session", func(t *testing.T) {
		f := start(t, func(c *Config) { c.StreamsPerSession = 2 })
		me, other := header{"Session", "me"}, header{"Session", "other"}
		tok := f.reserve(me)
		stream := f.subscribe(me)
		f.want(http.StatusTooManyRequests, "TOO_MANY_STREAMS", "PUT", "", "", me)
		f.want(http.StatusTooManyRequests, `"retry":true`, "POST", "", `{"query":"query"}`, me, events, asJSON)
		f.reserve(other)
		f.open("GET", "", "", me, token(tok)) // it was counted when it was reserved
		_ = stream.body.Close()
		f.eventually("a stream that ended makes room", func() bool {
			status, _ := f.answer("PUT", "", "", me)
			return status == http.StatusCreated
		})
	})
	t.Run("streams of all", func(t *testing.T) {
		f := start(t, func(c *Config) { c.Streams = 2 })
		f.reserve(header{"Session", "a"})
		f.subscribe(header{"Session", "b"}).tells(state(0))
		f.want(http.StatusTooManyRequests, "the server has 2 streams", "PUT", "", "", header{"Session", "c"})
	})
	t.Run("operations of a stream", func(t *testing.T) {
		f := start(t, func(c *Config) { c.OperationsPerStream = 2 })
		tok := f.reserve()
		stream := f.open("GET", "", "", token(tok))
		f.operate(tok, "a", "subscription")
		f.operate(tok, "b", "subscription")
		f.want(http.StatusTooManyRequests, "TOO_MANY_OPERATIONS", "POST", "", body("c", "query"), token(tok), asJSON)
		f.want(http.StatusOK, "", "DELETE", "?operationId=a", "", token(tok))
		for e := stream.next(); e != completed("a"); e = stream.next() {
		}
		f.eventually("an operation that ended makes room", func() bool {
			status, _ := f.answer("POST", "", body("c", "query"), token(tok), asJSON)
			return status == http.StatusAccepted
		})
	})
	t.Run("operations of all", func(t *testing.T) {
		f := start(t, func(c *Config) { c.Operations = 1 })
		f.subscribe().tells(state(0))
		f.want(http.StatusTooManyRequests, "the server has 1 operations", "POST", "", `{"query":"query"}`, events, asJSON)
		f.want(http.StatusTooManyRequests, "TOO_MANY_OPERATIONS", "POST", "", body("a", "query"), token(f.reserve()), asJSON)
	})
	t.Run("below zero", func(t *testing.T) {
		_, err := New(Config{Limits: Limits{KeepAlive: -1, Streams: -1}})
		for _, want := range []string{"Execute", "keep-alive -1ns", "-1 streams"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("want %s in %v", want, err)
			}
		}
	})
}

// TestServerTimeouts: those of a server that means short requests do not end
// streams, in which comments pass while nothing happens.
func TestServerTimeouts(t *testing.T) {
	for protocol, start := range map[string]func(*httptest.Server){
		"HTTP/1.1": (*httptest.Server).Start,
		"HTTP/2.0": func(s *httptest.Server) {
			s.EnableHTTP2 = true
			s.StartTLS()
		},
	} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			f := prepare(t, func(c *Config) { c.KeepAlive = 100 * time.Millisecond })
			f.server = httptest.NewUnstartedServer(f.handler)
			f.server.Config.ReadTimeout, f.server.Config.WriteTimeout = 3*time.Second, 3*time.Second
			start(f.server)
			f.client = f.server.Client()
			f.watchOver()
			response := f.send("POST", "", `{"query":"subscription"}`, events, asJSON)
			if response.Proto != protocol {
				t.Fatalf("want %s, got %s", protocol, response.Proto)
			}
			stream := &reader{t, response.Body, bufio.NewReader(response.Body)}
			stream.tells(state(0))
			for range 40 { // four seconds
				if e, err := stream.read(); err != nil || e.name != ":" {
					t.Fatalf("want a comment, got %v %v", e, err)
				}
			}
			f.set(1)
			stream.tells(state(1))
		})
	}
}

// TestRevoked: what a session may no longer see is not sent, and each of its
// operations says why it ends.
func TestRevoked(t *testing.T) {
	revoked := errors.New("the session was revoked")
	var gone atomic.Bool
	recheck := func(context.Context) error {
		if gone.Load() {
			return revoked
		}
		return nil
	}
	last := `{"errors":[{"message":"the session was revoked"}]}`
	for name, keepAlive := range map[string]time.Duration{"at a change": patience, "while idle": 10 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			gone.Store(false)
			f := start(t, func(c *Config) { c.Recheck, c.KeepAlive = recheck, keepAlive })
			distinct, tok := f.subscribe(), f.reserve()
			single := f.open("GET", "", "", token(tok))
			distinct.tells(state(0))
			for _, id := range []string{"a", "b"} {
				f.operate(tok, id, "subscription")
				single.tells(stateOf(id, 0))
			}
			gone.Store(true)
			if keepAlive == patience {
				f.set(1)
			}
			distinct.tells(told{"next", last}, told{"complete", ""})
			distinct.ends()
			for _, id := range []string{"a", "b"} {
				single.tells(told{"next", fmt.Sprintf(`{"id":%q,"payload":%s}`, id, last)}, completed(id))
			}
			single.ends()
		})
	}
}

// TestRecheckSeesTheRequest: rights are in the context of the operation's
// request, for execution and for the check before each response.
func TestRecheckSeesTheRequest(t *testing.T) {
	type key struct{}
	executed, checked := make(chan any, 1), make(chan any, 1)
	f := prepare(t, func(c *Config) {
		execute := c.Execute
		c.Execute = func(ctx context.Context, r Request) (iter.Seq[[]byte], *Refusal) {
			executed <- ctx.Value(key{})
			return execute(ctx, r)
		}
		c.Recheck = func(ctx context.Context) error {
			checked <- ctx.Value(key{})
			return nil
		}
	})
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, r.Method)))
	}))
	f.watchOver()
	tok := f.reserve()
	f.operate(tok, "a", "query")
	f.open("GET", "", "", token(tok)).tells(stateOf("a", 0), completed("a"))
	for what, seen := range map[string]chan any{"execution": executed, "the check before a response": checked} {
		if got := <-seen; got != "POST" {
			t.Errorf("%s saw the context of %v", what, got)
		}
	}
}

// TestShutdown: a server shuts down although streams are open. They end without
// being completed, so that clients come back, and another server of the same
// handler goes on.
func TestShutdown(t *testing.T) {
	f := start(t, nil)
	second := httptest.NewServer(f.handler)
	defer second.Close()
	distinct, tok := f.subscribe(), f.reserve()
	single := f.open("GET", "", "", token(tok))
	waiting := f.reserve()
	distinct.tells(state(0))
	f.operate(tok, "a", "subscription")
	single.tells(stateOf("a", 0))
	f.operate(waiting, "a", "subscription")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for range 2 {
		if err := f.server.Config.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
	}
	distinct.ends()
	single.ends()
	f.eventually("subscriptions end, of reservations too", func() bool { return f.running.Load() == 0 })
	first := f.server
	f.server = second
	stream := f.subscribe()
	stream.tells(state(0))
	if err := second.Config.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	stream.ends()
	f.server = first
}

// TestRequestAfterShutdown: a connection that was kept is told to come back.
func TestRequestAfterShutdown(t *testing.T) {
	f := start(t, nil)
	var server http.Server
	ctx := context.WithValue(t.Context(), http.ServerContextKey, &server)
	request := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, httptest.NewRequest("DELETE", "/?operationId=a", nil).WithContext(ctx))
		return w
	}
	if w := request(); w.Code != http.StatusBadRequest {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if err := server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	f.eventually("requests are refused", func() bool {
		w := request()
		return w.Code == http.StatusServiceUnavailable && strings.Contains(w.Body.String(), "SHUTTING_DOWN")
	})
}

// TestSlowClient: it misses states in between, and not the newest.
func TestSlowClient(t *testing.T) {
	f := start(t, nil)
	f.padding = strings.Repeat("x", 16<<20) // more than the sockets between hold
	stream := f.subscribe()
	const newest = 1000
	for n := range newest {
		f.set(n + 1)
	}
	got := 0
	for {
		got++
		if e := stream.next(); strings.HasPrefix(e.data, fmt.Sprintf(`{"data":{"n":%d,`, newest)) {
			break
		}
	}
	// One that was being written, one that waited, and the newest.
	if got > 3 {
		t.Errorf("a client that read nothing got %d states", got)
	}
}

// TestClientThatReadsNothing is let go.
func TestClientThatReadsNothing(t *testing.T) {
	f := start(t, func(c *Config) { c.WriteTimeout = 100 * time.Millisecond })
	f.padding = strings.Repeat("x", 16<<20)
	f.dial("GET /?query=subscription HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
	f.eventually("it began", func() bool { return f.started.Load() == 1 })
	f.eventually("it ended", func() bool { return f.running.Load() == 0 })
}

// TestManyClients come and go at once, for the race detector; the fixture
// checks that nothing is left of them.
func TestManyClients(t *testing.T) {
	f := start(t, func(c *Config) { c.StreamsPerSession, c.KeepAlive = 100, time.Millisecond })
	stop := make(chan struct{})
	var changing sync.WaitGroup
	changing.Go(func() {
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			default:
				f.set(n)
			}
		}
	})
	var clients sync.WaitGroup
	for i := range 16 {
		clients.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			for range 10 {
				if rng.IntN(2) == 0 {
					stream := f.subscribe()
					for range rng.IntN(5) {
						stream.next()
					}
					_ = stream.body.Close()
					continue
				}
				tok := f.reserve()
				stream := f.open("GET", "", "", token(tok))
				for id := range 3 {
					f.operate(tok, fmt.Sprint(id), "subscription")
					stream.next()
				}
				f.want(http.StatusOK, "", "DELETE", "?operationId=1", "", token(tok))
				for e := stream.next(); e != completed("1"); e = stream.next() {
				}
				_ = stream.body.Close()
			}
		})
	}
	clients.Wait()
	close(stop)
	changing.Wait()
}
