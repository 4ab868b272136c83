package sse

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// patience guards against hanging: nothing passes or fails by how fast it is.
const patience = 2 * time.Minute

// counter is what the operations of these tests show: a number that changes.
type counter struct {
	mu      sync.Mutex
	n       int
	changed chan struct{}
	padding string
	started atomic.Int32 // subscriptions
	running atomic.Int32 // those that have not ended
}

func (c *counter) set(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n = n
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *counter) look() (state []byte, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Appendf(nil, `{"data":{"n":%d,"padding":%q}}`, c.n, c.padding), c.changed
}

// execute knows a few operations by their text.
func (c *counter) execute(ctx context.Context, r Request) (iter.Seq[[]byte], *Refusal) {
	one := func(text string) iter.Seq[[]byte] {
		return func(yield func([]byte) bool) { yield([]byte(text)) }
	}
	switch r.Query {
	case "query":
		state, _ := c.look()
		return one(string(state)), nil
	case "echo":
		text, err := json.Marshal(map[string]any{"data": r.Variables, "name": r.OperationName, "readOnly": r.ReadOnly})
		if err != nil {
			return nil, &Refusal{Status: http.StatusBadRequest, Body: explain(err)}
		}
		return one(string(text)), nil
	case "subscription":
		c.started.Add(1)
		c.running.Add(1)
		return func(yield func([]byte) bool) {
			defer c.running.Add(-1)
			for {
				state, changed := c.look()
				if !yield(state) {
					return
				}
				select {
				case <-changed:
				case <-ctx.Done():
					return
				}
			}
		}, nil
	case "panic while running":
		return func(func([]byte) bool) { panic("running") }, nil
	case "panic":
		panic("checking")
	}
	return nil, &Refusal{Status: http.StatusBadRequest, Body: explain(errors.New("no such operation"))}
}

func explain(err error) []byte {
	message, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Appendf(nil, `{"errors":[{"message":%q}]}`, message)
}

// fixture is a handler behind a real server.
type fixture struct {
	*counter
	t       testing.TB
	handler *Handler
	server  *httptest.Server
	client  *http.Client
}

func start(t testing.TB, change func(*Config)) *fixture {
	t.Helper()
	f := prepare(t, change)
	f.server = httptest.NewServer(f.handler)
	f.watchOver()
	return f
}

func prepare(t testing.TB, change func(*Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, counter: &counter{changed: make(chan struct{})}, client: &http.Client{Transport: &http.Transport{}}}
	cfg := Config{Execute: f.execute, Explain: explain, Session: func(r *http.Request) string { return r.Header.Get("Session") }}
	// Far from what a loaded machine takes: only tests of these limits run into them.
	cfg.WriteTimeout, cfg.ReservationTime = patience, patience
	if change != nil {
		change(&cfg)
	}
	var err error
	if f.handler, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	return f
}

// watchOver checks in the end that nothing was left behind.
func (f *fixture) watchOver() {
	f.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := f.server.Config.Shutdown(ctx); err != nil {
			f.t.Errorf("shutdown: %v", err)
		}
		f.server.Close()
		f.client.CloseIdleConnections()
		f.eventually("everything is given back", func() bool {
			f.handler.mu.Lock()
			defer f.handler.mu.Unlock()
			return f.handler.streams == 0 && f.handler.operations == 0 && len(f.handler.sessions) == 0 && len(f.handler.tokens) == 0
		})
		f.eventually("subscriptions end", func() bool { return f.running.Load() == 0 })
	})
}

func (f *fixture) eventually(what string, is func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("not in %s: %s", patience, what)
		}
	}
}

// header is a pair of a request's header.
type header struct{ name, value string }

var (
	events = header{"Accept", "text/event-stream"}
	asJSON = header{"Content-Type", "application/json"}
)

func token(value string) header { return header{tokenHeader, value} }

// send sends a request whose response ends with the test, or when its body is
// closed.
func (f *fixture) send(method, query, body string, headers ...header) *http.Response {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	f.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, f.server.URL+query, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, h := range headers {
		r.Header.Set(h.name, h.value)
	}
	response, err := f.client.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// answer is a whole response that is no stream.
func (f *fixture) answer(method, query, body string, headers ...header) (int, string) {
	f.t.Helper()
	response := f.send(method, query, body, headers...)
	text, err := io.ReadAll(response.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func (f *fixture) want(status int, says, method, query, body string, headers ...header) {
	f.t.Helper()
	got, text := f.answer(method, query, body, headers...)
	if got != status || !strings.Contains(text, says) {
		f.t.Errorf("%s %s %.100s: want %d %s, got %d %s", method, query, body, status, says, got, text)
	}
}

// open opens a stream.
func (f *fixture) open(method, query, body string, headers ...header) *reader {
	f.t.Helper()
	response := f.send(method, query, body, append(headers, events, asJSON)...)
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
		text, _ := io.ReadAll(response.Body)
		f.t.Fatalf("%s %s: %d %s %s", method, body, response.StatusCode, response.Header.Get("Content-Type"), text)
	}
	return &reader{f.t, response.Body, bufio.NewReader(response.Body)}
}

// subscribe opens a distinct stream.
func (f *fixture) subscribe(headers ...header) *reader {
	f.t.Helper()
	return f.open("POST", "", `{"query":"subscription"}`, headers...)
}

// reserve returns a token.
func (f *fixture) reserve(headers ...header) string {
	f.t.Helper()
	status, text := f.answer("PUT", "", "", headers...)
	if status != http.StatusCreated {
		f.t.Fatalf("PUT: %d %s", status, text)
	}
	return text
}

// operate sends an operation to a single connection.
func (f *fixture) operate(tok, id, query string) {
	f.t.Helper()
	f.want(http.StatusAccepted, "", "POST", "", body(id, query), token(tok), asJSON)
}

func body(id, query string) string {
	return fmt.Sprintf(`{"query":%q,"extensions":{"operationId":%q}}`, query, id)
}

// reader reads a stream's events.
type reader struct {
	t    testing.TB
	body io.Closer
	text *bufio.Reader
}

// told is one event; a comment has the name ":".
type told struct{ name, data string }

// read is the next event or comment.
func (r *reader) read() (told, error) {
	var e told
	for {
		line, err := r.text.ReadString('\n')
		if err != nil {
			return e, err
		}
		line = strings.TrimSuffix(line, "\n")
		switch field, value, _ := strings.Cut(line, ":"); {
		case line == "":
			return e, nil
		case field == "":
			e.name = ":"
		case field == "event":
			e.name = strings.TrimPrefix(value, " ")
		case field == "data":
			e.data += strings.TrimPrefix(value, " ")
		default:
			return e, fmt.Errorf("unknown line %.200q", line)
		}
	}
}

// next is the next event that is no comment.
func (r *reader) next() told {
	r.t.Helper()
	for {
		e, err := r.read()
		if err != nil {
			r.t.Fatalf("the stream ended: %v", err)
		}
		if e.name != ":" {
			return e
		}
	}
}

// tells requires the next events, each as name and data.
func (r *reader) tells(want ...told) {
	r.t.Helper()
	for _, w := range want {
		if got := r.next(); got != w {
			r.t.Fatalf("want %v, got %v", w, got)
		}
	}
}

// ends requires that nothing but comments follow.
func (r *reader) ends() {
	r.t.Helper()
	for {
		e, err := r.read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil || e.name != ":" {
			r.t.Fatalf("want the end, got %v %v", e, err)
		}
	}
}

func state(n int) told { return told{"next", fmt.Sprintf(`{"data":{"n":%d,"padding":""}}`, n)} }

func stateOf(id string, n int) told {
	return told{"next", fmt.Sprintf(`{"id":%q,"payload":{"data":{"n":%d,"padding":""}}}`, id, n)}
}

func completed(id string) told { return told{"complete", fmt.Sprintf(`{"id":%q}`, id)} }

// dial opens a connection that nobody reads.
func (f *fixture) dial(request string) net.Conn {
	f.t.Helper()
	conn, err := net.Dial("tcp", f.server.Listener.Addr().String())
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, request); err != nil {
		f.t.Fatal(err)
	}
	return conn
}
