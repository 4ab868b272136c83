package sse

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// stream is one connection that events go out on, or the reservation of one.
type stream struct {
	hash    *tokenHash // nil with distinct connections
	session string
	ctx     context.Context // ends with the stream
	cancel  context.CancelFunc
	// events has no buffer: an operation waits with one response at most.
	events  chan event
	opened  chan struct{}  // closed once a reservation is opened
	running sync.WaitGroup // operations

	// Guarded by Handler.mu.
	open, ended bool
	operations  map[string]*operation
}

// admit counts a new stream, which must be ended.
func (h *Handler) admit(r *http.Request, hash *tokenHash) (*stream, *Refusal) {
	session := h.cfg.Session(r)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams >= h.cfg.Streams {
		return nil, refuse(http.StatusTooManyRequests, "TOO_MANY_STREAMS", "系统的实时连接已满，请稍后再试。",
			"the server has %d streams, its limit; try again later", h.cfg.Streams)
	}
	if h.sessions[session] >= h.cfg.StreamsPerSession {
		return nil, refuse(http.StatusTooManyRequests, "TOO_MANY_STREAMS", "打开的实时连接过多，请先关闭一些页面。",
			"this session has %d streams, its limit; close one first", h.cfg.StreamsPerSession)
	}
	s := &stream{
		hash: hash, session: session, open: hash == nil, events: make(chan event),
		opened: make(chan struct{}), operations: map[string]*operation{},
	}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(r.Context()))
	h.streams++
	h.sessions[session]++
	if hash != nil {
		h.tokens[*hash] = s
	}
	return s, nil
}

// end forgets a stream and cancels its operations.
func (h *Handler) end(s *stream) {
	h.mu.Lock()
	if !s.ended {
		h.drop(s)
	}
	h.mu.Unlock()
	s.cancel()
}

// drop gives back what a stream counted for; callers hold mu.
func (h *Handler) drop(s *stream) {
	s.ended = true
	h.streams--
	if h.sessions[s.session]--; h.sessions[s.session] == 0 {
		delete(h.sessions, s.session)
	}
	if s.hash != nil {
		delete(h.tokens, *s.hash)
	}
}

// awaitOpening ends a reservation that nobody opens in time.
func (h *Handler) awaitOpening(s *stream, down <-chan struct{}) {
	expiry := time.NewTimer(h.cfg.ReservationTime)
	defer expiry.Stop()
	select {
	case <-s.opened:
		return
	case <-expiry.C:
	case <-down:
	}
	h.mu.Lock()
	unused := !s.open // or opened at this very moment
	if unused {
		h.drop(s)
	}
	h.mu.Unlock()
	if unused {
		s.cancel()
	}
}

// find looks up the stream of a token. Another session's is not told apart
// from none.
func (h *Handler) find(r *http.Request, token string) (*stream, *Refusal) {
	session := h.cfg.Session(r)
	h.mu.Lock()
	defer h.mu.Unlock()
	if s, ok := h.tokens[hashOf(token)]; ok && s.session == session {
		return s, nil
	}
	return nil, errUnknownStream
}

// open marks a reserved stream as the client's one connection.
func (h *Handler) open(r *http.Request, token string) (*stream, *Refusal) {
	s, refused := h.find(r, token)
	if refused != nil {
		return nil, refused
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case s.ended:
		return nil, errUnknownStream
	case s.open:
		return nil, errStreamOpen
	}
	s.open = true
	close(s.opened)
	return s, nil
}

// pump writes the events of a stream until the client goes, the server shuts
// down, the session may no longer see them, or, with distinct connections, the
// operation completes. No operation outlives it.
func (h *Handler) pump(w http.ResponseWriter, r *http.Request, s *stream, down <-chan struct{}) {
	defer s.running.Wait()
	defer h.end(s)
	out := &writer{to: w, control: http.NewResponseController(w), patience: h.cfg.WriteTimeout, single: s.hash != nil}
	if out.start() != nil {
		return
	}
	alive := time.NewTicker(h.cfg.KeepAlive)
	defer alive.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-down:
			return
		case <-alive.C:
			if err := h.cfg.Recheck(r.Context()); err != nil {
				h.revoke(r, s, out, err)
				return
			}
			if out.comment() != nil {
				return
			}
		case e := <-s.events:
			if h.tell(r, s, out, e) != nil || e.end && !out.single {
				return
			}
		}
	}
}

// tell writes one event; an error ends the stream.
func (h *Handler) tell(r *http.Request, s *stream, out *writer, e event) error {
	if e.end {
		e.of.told = true
		return out.complete(e.of.id)
	}
	err := h.cfg.Recheck(e.of.ctx)
	if e.of.ctx.Err() != nil {
		return nil // stopped: nothing but its end follows
	}
	if err != nil {
		h.revoke(r, s, out, err)
		return err
	}
	return out.next(e.of.id, e.response)
}

// revoke tells each operation of a stream why it ends.
func (h *Handler) revoke(r *http.Request, s *stream, out *writer, why error) {
	if r.Context().Err() != nil {
		return // the client has gone, which may be why
	}
	h.mu.Lock()
	operations := slices.SortedFunc(maps.Values(s.operations), func(a, b *operation) int { return strings.Compare(a.id, b.id) })
	h.mu.Unlock()
	response := h.cfg.Explain(why)
	for _, op := range operations {
		if op.told {
			continue
		}
		if out.next(op.id, response) != nil || out.complete(op.id) != nil {
			return
		}
	}
}
