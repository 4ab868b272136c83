// Package sse serves GraphQL over server-sent events by the protocol of
// graphql-sse, in both of its modes.
//
// With distinct connections each operation has a stream of its own: a GET or
// POST that accepts text/event-stream. With a single connection the client
// reserves a stream by PUT, opens it with the token that it got, and sends
// operations beside it; their responses share the stream. Browsers that speak
// HTTP/1.1 open few connections to a server, hence the second mode.
//
// Nothing is queued for a client. An operation is asked for its next response
// only when the client has taken the one before, so a slow client misses
// states in between and never the newest, and one that takes nothing at all is
// let go.
package sse

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"net/http"
	"runtime/debug"
	"sync"
)

// Handler serves one address. Its streams end when their server shuts down,
// without being completed, so that clients know to come back.
type Handler struct {
	cfg Config

	mu         sync.Mutex
	tokens     map[tokenHash]*stream // reserved or open, of the single-connection mode
	sessions   map[string]int        // streams by session
	streams    int
	operations int
	servers    map[*http.Server]chan struct{}
}

// New makes a handler.
func New(cfg Config) (*Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Limits = cfg.withDefaults()
	if cfg.Recheck == nil {
		cfg.Recheck = func(context.Context) error { return nil }
	}
	if cfg.Session == nil {
		cfg.Session = func(*http.Request) string { return "" }
	}
	return &Handler{
		cfg: cfg, tokens: map[tokenHash]*stream{}, sessions: map[string]int{}, servers: map[*http.Server]chan struct{}{},
	}, nil
}

// tokenHash is what is kept of a token: looking a token up by its hash takes
// the same time whatever it has in common with others.
type tokenHash [sha256.Size]byte

func hashOf(token string) tokenHash { return sha256.Sum256([]byte(token)) }

// The places of a token in a request; an EventSource cannot set headers.
const (
	tokenHeader = "X-GraphQL-Event-Stream-Token"
	tokenQuery  = "token"
)

func tokenOf(r *http.Request) string {
	if token := r.Header.Get(tokenHeader); token != "" {
		return token
	}
	return r.URL.Query().Get(tokenQuery)
}

// ServeHTTP tells the modes apart.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	down := h.shutdownOf(r)
	select {
	case <-down:
		errShuttingDown.write(w)
		return
	default:
	}
	token := tokenOf(r)
	switch {
	case r.Method == http.MethodPut:
		h.reserve(w, r, down)
	case r.Method == http.MethodDelete:
		h.stop(w, r, token)
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, POST, PUT, DELETE")
		refuse(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "不支持这种请求方式。", "%.20s is not allowed here", r.Method).write(w)
	case acceptsEvents(r) && token == "":
		h.distinct(w, r, down)
	case acceptsEvents(r):
		h.attach(w, r, token, down)
	case token == "":
		errNotAcceptable.write(w)
	default:
		h.operate(w, r, token)
	}
}

// shutdownOf returns what is closed when the request's server shuts down, which
// would otherwise wait for the streams to end.
func (h *Handler) shutdownOf(r *http.Request) <-chan struct{} {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	down, known := h.servers[server]
	if !known {
		down = make(chan struct{})
		h.servers[server] = down
		// Shutdown called twice runs this twice.
		server.RegisterOnShutdown(sync.OnceFunc(func() { close(down) }))
	}
	return down
}

// distinct runs one operation on a stream of its own. What is wrong with the
// operation is told on the stream: an EventSource shows a status to nobody.
func (h *Handler) distinct(w http.ResponseWriter, r *http.Request, down <-chan struct{}) {
	request, _, refused := readRequest(w, r)
	if refused != nil {
		refused.write(w)
		return
	}
	s, refused := h.admit(r, nil)
	if refused != nil {
		refused.write(w)
		return
	}
	defer h.end(s)
	op, refused := h.enter(r, s, "")
	if refused != nil {
		refused.write(w)
		return
	}
	responses, refused := h.execute(op.ctx, request)
	if refused != nil {
		responses = func(yield func([]byte) bool) { yield(refused.Body) }
	}
	go h.run(op, responses)
	h.pump(w, r, s, down)
}

// reserve makes a token, which opens one stream once.
func (h *Handler) reserve(w http.ResponseWriter, r *http.Request, down <-chan struct{}) {
	token := rand.Text()
	hash := hashOf(token)
	s, refused := h.admit(r, &hash)
	if refused != nil {
		refused.write(w)
		return
	}
	go h.awaitOpening(s, down)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write([]byte(token)) // the client has gone: the reservation expires
}

// attach opens a reserved stream.
func (h *Handler) attach(w http.ResponseWriter, r *http.Request, token string, down <-chan struct{}) {
	// net/http notices that a client went away only once its body has been read.
	if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		errBody.write(w)
		return
	}
	s, refused := h.open(r, token)
	if refused != nil {
		refused.write(w)
		return
	}
	defer h.end(s)
	h.pump(w, r, s, down)
}

// operate runs an operation whose responses go to the stream of a token.
func (h *Handler) operate(w http.ResponseWriter, r *http.Request, token string) {
	s, refused := h.find(r, token)
	if refused != nil {
		refused.write(w)
		return
	}
	request, id, refused := readRequest(w, r)
	if refused == nil {
		refused = checkID(id)
	}
	if refused != nil {
		refused.write(w)
		return
	}
	op, refused := h.enter(r, s, id)
	if refused != nil {
		refused.write(w)
		return
	}
	responses, refused := h.execute(op.ctx, request)
	if refused != nil {
		h.leave(op)
		refused.write(w)
		return
	}
	go h.run(op, responses)
	w.WriteHeader(http.StatusAccepted)
}

// stop ends an operation. One that has ended by itself is no fault: the two may
// cross on the way.
func (h *Handler) stop(w http.ResponseWriter, r *http.Request, token string) {
	if token == "" {
		errNoToken.write(w)
		return
	}
	s, refused := h.find(r, token)
	id := r.URL.Query().Get("operationId")
	if refused == nil {
		refused = checkID(id)
	}
	if refused != nil {
		refused.write(w)
		return
	}
	h.cancel(s, id)
	w.WriteHeader(http.StatusOK)
}

// execute keeps a panic from leaving an operation behind that nobody ends.
func (h *Handler) execute(ctx context.Context, r Request) (responses iter.Seq[[]byte], refused *Refusal) {
	defer func() {
		if p := recover(); p != nil {
			refused = &Refusal{Status: http.StatusInternalServerError, Body: h.cfg.Explain(panicked(p))}
		}
	}()
	return h.cfg.Execute(ctx, r)
}

func panicked(p any) error { return fmt.Errorf("sse: panic: %v\n%s", p, debug.Stack()) }
