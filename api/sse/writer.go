package sse

import (
	"encoding/json"
	"net/http"
	"time"
)

// writer writes events, each within the patience for one.
type writer struct {
	to       http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
	single   bool // one connection for many operations: events say whose they are
}

// start sends the headers, and a first comment because some browsers wait for
// a body before they call a stream open.
func (w *writer) start() error {
	header := w.to.Header()
	header.Set("Content-Type", "text/event-stream; charset=utf-8")
	header.Set("Cache-Control", "no-store, no-transform")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.to.WriteHeader(http.StatusOK)
	return w.comment()
}

// comment is what clients pass over.
func (w *writer) comment() error { return w.send([]byte(":\n\n")) }

// next is a response.
func (w *writer) next(id string, response []byte) error {
	if !w.single {
		return w.send([]byte("event: next\ndata: "), response, []byte("\n\n"))
	}
	return w.send([]byte(`event: next`+"\n"+`data: {"id":`), quoted(id), []byte(`,"payload":`), response, []byte("}\n\n"))
}

// complete says that an operation has no more responses. Without a data line
// browsers would not dispatch it.
func (w *writer) complete(id string) error {
	if !w.single {
		return w.send([]byte("event: complete\ndata:\n\n"))
	}
	return w.send([]byte(`event: complete`+"\n"+`data: {"id":`), quoted(id), []byte("}\n\n"))
}

func quoted(id string) []byte {
	text, _ := json.Marshal(id) // a string always has a JSON form
	return text
}

// send writes one event and flushes. Each has its own deadline, in place of
// the server's for a whole response.
func (w *writer) send(parts ...[]byte) error {
	if err := w.control.SetWriteDeadline(time.Now().Add(w.patience)); err != nil {
		return err
	}
	for _, part := range parts {
		if _, err := w.to.Write(part); err != nil {
			return err
		}
	}
	return w.control.Flush()
}
