package sse

import (
	"context"
	"iter"
	"net/http"
)

// operation is one that runs, until its end has been handed to the stream.
type operation struct {
	id     string
	stream *stream
	ctx    context.Context
	cancel func()
	told   bool // that it is complete; only the stream's writer looks
}

// event is a response of an operation, or its end.
type event struct {
	of       *operation
	response []byte
	end      bool
}

// enter counts an operation of a stream, which must leave or run.
func (h *Handler) enter(r *http.Request, s *stream, id string) (*operation, *Refusal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, twice := s.operations[id]
	switch {
	case s.ended:
		return nil, errUnknownStream
	case twice:
		return nil, refuse(http.StatusConflict, "OPERATION_EXISTS", "该操作编号正在使用。",
			"the stream has an operation %.100q that has not ended", id)
	case len(s.operations) >= h.cfg.OperationsPerStream:
		return nil, refuse(http.StatusTooManyRequests, "TOO_MANY_OPERATIONS", "同时进行的实时操作过多。",
			"the stream has %d operations, its limit; stop one first", h.cfg.OperationsPerStream)
	case h.operations >= h.cfg.Operations:
		return nil, refuse(http.StatusTooManyRequests, "TOO_MANY_OPERATIONS", "系统的实时操作已满，请稍后再试。",
			"the server has %d operations, its limit; try again later", h.cfg.Operations)
	}
	op := &operation{id: id, stream: s}
	// It has the values of its own request, which ends long before it does, and
	// the life of its stream.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	unlink := context.AfterFunc(s.ctx, cancel)
	op.ctx, op.cancel = ctx, func() {
		unlink()
		cancel()
	}
	s.operations[id] = op
	s.running.Add(1)
	h.operations++
	return op, nil
}

// leave forgets an operation.
func (h *Handler) leave(op *operation) {
	op.cancel()
	h.mu.Lock()
	delete(op.stream.operations, op.id)
	h.operations--
	h.mu.Unlock()
	op.stream.running.Done()
}

// cancel stops an operation, which then completes.
func (h *Handler) cancel(s *stream, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if op, ok := s.operations[id]; ok {
		op.cancel()
	}
}

// run hands the responses of an operation to its stream, and then its end,
// also where it was stopped or failed.
func (h *Handler) run(op *operation, responses iter.Seq[[]byte]) {
	defer h.leave(op)
	h.respond(op, responses)
	select {
	case op.stream.events <- event{of: op, end: true}:
	case <-op.stream.ctx.Done():
	}
}

func (h *Handler) respond(op *operation, responses iter.Seq[[]byte]) {
	defer func() {
		if p := recover(); p != nil { // one operation's mistake must not take the process along
			op.offer(h.cfg.Explain(panicked(p)))
		}
	}()
	for response := range responses {
		if !op.offer(response) {
			return
		}
	}
}

// offer waits until the client takes a response.
func (op *operation) offer(response []byte) bool {
	select {
	case op.stream.events <- event{of: op, response: response}:
		return true
	case <-op.ctx.Done():
		return false
	}
}
