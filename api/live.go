package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/graphql-go/graphql/language/ast"

	"mingjian/api/sse"
	"mingjian/projections"
)

// LiveConfig says how the event stream is served. Zero values take the
// defaults.
type LiveConfig struct {
	sse.Limits
	// Interval is the least time between two states of one subscription; 250 ms.
	// Changes that come faster are shown as one.
	Interval time.Duration
	// Recheck is asked before each response and each keep-alive of a stream
	// whether its session may still have it; an error ends the stream. It gets
	// the values of the request's context.
	Recheck func(context.Context) error
	// Session names whose request it is: streams are counted by session, and
	// belong to it. Nil means that everybody is one session.
	Session func(*http.Request) string
}

const defaultInterval = 250 * time.Millisecond

// streamMethods are what the protocol needs; see package sse.
var streamMethods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}

// newStream serves a schema as event streams.
func newStream(e *engine) (http.Handler, error) {
	live := e.cfg.Live
	if live.Interval < 0 {
		return nil, fmt.Errorf("api: live interval %s, below zero", live.Interval)
	}
	return sse.New(sse.Config{
		Execute: e.operate, Explain: e.explained, Recheck: live.Recheck, Session: live.Session, Limits: live.Limits,
	})
}

// notCrossSite refuses streams that a page of another origin opens by GET,
// which CrossOriginProtection lets pass as harmless: it could not read them,
// but use up what a session may hold.
func notCrossSite(c *gin.Context) {
	switch c.GetHeader("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		respond(c, http.StatusForbidden, refusedResponse("CROSS_ORIGIN", "不接受来自其他网站的请求。", "a request from another origin"))
		c.Abort()
	}
}

// operate executes an operation for package sse.
func (e *engine) operate(ctx context.Context, r sse.Request) (iter.Seq[[]byte], *sse.Refusal) {
	p, faults := e.prepare(call{
		document: r.Query, operation: r.OperationName, variables: r.Variables, readOnly: r.ReadOnly, live: true,
	})
	if len(faults) > 0 {
		out := e.refused(&request{ctx: ctx, cfg: &e.cfg}, faults...)
		return nil, &sse.Refusal{Status: http.StatusBadRequest, Body: e.encoded(out)}
	}
	if kind(p.op) == ast.OperationTypeSubscription {
		return e.states(ctx, p), nil
	}
	return func(yield func([]byte) bool) {
		yield(e.encoded(e.perform(&request{ctx: ctx, cfg: &e.cfg}, p)))
	}, nil
}

// states yields what a subscription selects: as it is now, and again after each
// change. A state is computed when it is asked for, so whoever asks slowly
// misses some and never the newest. Two equal states never follow each other.
func (e *engine) states(ctx context.Context, p *prepared) iter.Seq[[]byte] {
	interval := e.cfg.Live.Interval
	if interval == 0 {
		interval = defaultInterval
	}
	return func(yield func([]byte) bool) {
		var watched *watch
		var last [sha256.Size]byte
		for {
			changed := e.cfg.Model.Changed() // before looking: a commit after it wakes us
			pause := time.After(interval)
			r := &request{ctx: ctx, cfg: &e.cfg}
			if watched.moved(r) {
				out := e.perform(r, p)
				if ctx.Err() != nil {
					return
				}
				watched = r.watched
				if state := out.digest(); state != last {
					last = state
					if !yield(e.encoded(out)) || !out.executed {
						return
					}
				}
			}
			r.close()
			if !waits(ctx, changed) || !waits(ctx, pause) {
				return
			}
		}
	}
}

// waits reports whether a signal came before the context ended.
func waits[T any](ctx context.Context, signal <-chan T) bool {
	select {
	case <-signal:
		return true
	case <-ctx.Done():
		return false
	}
}

// watch tells, for less than the state costs, whether a change may have
// touched it: the state is the same as long as the stamp is.
type watch struct {
	stamp func(*projections.View) (any, error)
	was   any
}

// moved reports whether a state has to be looked at again: always, where
// nothing says what it depends on.
func (w *watch) moved(r *request) bool {
	if w == nil {
		return true
	}
	view, err := r.view()
	if err != nil {
		return true // looking again reports it
	}
	now, err := w.stamp(view)
	return err != nil || now != w.was
}

// digest identifies what a response shows, whatever position it reflects.
func (r *response) digest() [sha256.Size]byte {
	text, err := json.Marshal([]any{r.executed, r.data, r.errors})
	if err != nil {
		return [sha256.Size]byte{} // encoding it fails too, and says why
	}
	return sha256.Sum256(text)
}

func (e *engine) encoded(out *response) []byte {
	text, err := out.encode()
	if err != nil {
		return e.explained(fmt.Errorf("encode: %w", err))
	}
	return text
}

// explained is an error as a response.
func (e *engine) explained(err error) []byte {
	out := e.refused(&request{cfg: &e.cfg}, err)
	text, err := out.encode()
	if err != nil { // messages and codes always have a JSON form
		e.cfg.Logger.Error("api: encode an error", "error", err)
	}
	return text
}

// subscribable checks what only a subscription has to keep to.
func (e *engine) subscribable(doc *document, op *ast.OperationDefinition, c call) error {
	if e.schema.SubscriptionType() == nil {
		return refuse(codeValidation, "不支持订阅。", "there are no subscriptions")
	}
	if !c.live {
		return refuse(codeBadRequest, "订阅须经事件流接口。", "subscriptions are answered on event streams, at /graphql/stream")
	}
	keys, introspects := map[string]bool{}, false
	rootFields(doc, op.SelectionSet, func(f *ast.Field) {
		key := f.Name.Value
		introspects = introspects || strings.HasPrefix(key, "__")
		if f.Alias != nil {
			key = f.Alias.Value
		}
		keys[key] = true
	})
	if len(keys) != 1 || introspects {
		return refuse(codeValidation, "每个订阅只能有一个字段。", "a subscription selects exactly one field, and not __typename")
	}
	return nil
}

// rootFields calls see for each field of a selection, fragments spread out.
func rootFields(doc *document, set *ast.SelectionSet, see func(*ast.Field)) {
	for _, selection := range set.Selections {
		switch sel := selection.(type) {
		case *ast.Field:
			see(sel)
		case *ast.InlineFragment:
			rootFields(doc, sel.SelectionSet, see)
		case *ast.FragmentSpread:
			rootFields(doc, doc.fragments[sel.Name.Value].SelectionSet, see) // validated: it exists, without circles
		}
	}
}
