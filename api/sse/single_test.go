package sse

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSingleConnection(t *testing.T) {
	f := start(t, nil)
	tok := f.reserve()
	f.operate(tok, "early", "query") // a reservation takes operations before its stream is open
	stream := f.open("GET", "", "", token(tok))
	stream.tells(stateOf("early", 0), completed("early"))

	f.operate(tok, "a", "subscription")
	stream.tells(stateOf("a", 0))
	f.operate(tok, "b", "subscription")
	stream.tells(stateOf("b", 0))
	f.want(http.StatusConflict, "OPERATION_EXISTS", "POST", "", body("a", "query"), token(tok), asJSON)

	f.set(1)
	got := map[told]bool{stream.next(): true, stream.next(): true}
	if !got[stateOf("a", 1)] || !got[stateOf("b", 1)] {
		t.Errorf("after a change: %v", got)
	}

	f.want(http.StatusOK, "", "DELETE", "?operationId=a", "", token(tok))
	stream.tells(completed("a"))
	f.set(2)
	stream.tells(stateOf("b", 2))
	f.want(http.StatusOK, "", "DELETE", "?operationId=a", "", token(tok)) // it has ended by itself

	f.eventually("an id is free again", func() bool {
		status, _ := f.answer("POST", "", body("a", "query"), token(tok), asJSON)
		return status == http.StatusAccepted
	})
	stream.tells(stateOf("a", 2), completed("a"))

	// What is wrong with an operation is its own answer here, not an event.
	f.want(http.StatusBadRequest, "no such operation", "POST", "", body("c", "nonsense"), token(tok), asJSON)
	f.want(http.StatusAccepted, "", "GET", "?query=echo&extensions=%7B%22operationId%22%3A%22d%22%7D", "", token(tok))
	stream.tells(told{"next", `{"id":"d","payload":{"data":null,"name":"","readOnly":true}}`}, completed("d"))

	_ = stream.body.Close()
	f.eventually("the operations of a client that left end", func() bool { return f.running.Load() == 0 })
	f.want(http.StatusNotFound, "UNKNOWN_STREAM", "POST", "", body("e", "query"), token(tok), asJSON)
}

// TestOperationIDsAreQuoted: an id can be any text and stays within its event.
func TestOperationIDsAreQuoted(t *testing.T) {
	f := start(t, nil)
	tok := f.reserve()
	const id = "\"},\n\nevent: complete"
	f.operate(tok, id, "query")
	stream := f.open("GET", "", "", token(tok))
	const quotedID = `"\"},\n\nevent: complete"`
	stream.tells(told{"next", `{"id":` + quotedID + `,"payload":{"data":{"n":0,"padding":""}}}`}, told{"complete", `{"id":` + quotedID + `}`})
}

func TestTokens(t *testing.T) {
	f := start(t, nil)
	mine, theirs := header{"Session", "mine"}, header{"Session", "theirs"}
	tok := f.reserve(mine, token("chosen-by-the-client"))
	if tok == "chosen-by-the-client" || len(tok) < 26 || tok == f.reserve(mine) {
		t.Errorf("token %q: want an own one of 128 bits", tok)
	}
	for _, stranger := range [][]header{{theirs, token(tok)}, {mine, token("guessed")}} {
		with := func(more ...header) []header { return append(more, stranger...) }
		f.want(http.StatusNotFound, "UNKNOWN_STREAM", "GET", "", "", with(events)...)
		f.want(http.StatusNotFound, "UNKNOWN_STREAM", "POST", "", body("a", "query"), with(asJSON)...)
		f.want(http.StatusNotFound, "UNKNOWN_STREAM", "DELETE", "?operationId=a", "", with()...)
	}
	stream := f.open("GET", "?token="+tok, "", mine) // as an EventSource must
	f.want(http.StatusConflict, "STREAM_OPEN", "GET", "", "", mine, token(tok), events)
	f.want(http.StatusConflict, "STREAM_OPEN", "POST", "", "{}", mine, token(tok), events)
	_ = stream.body.Close()
	f.eventually("a token is spent with its stream", func() bool {
		status, _ := f.answer("GET", "", "", mine, token(tok), events)
		return status == http.StatusNotFound
	})
}

// TestReservationsExpire: with what was started on them.
func TestReservationsExpire(t *testing.T) {
	f := start(t, func(c *Config) { c.ReservationTime = time.Second })
	f.eventually("an operation is accepted within the second", func() bool {
		status, _ := f.answer("POST", "", body("a", "subscription"), token(f.reserve()), asJSON)
		return status == http.StatusAccepted
	})
	f.eventually("its reservation expires", func() bool {
		f.handler.mu.Lock()
		defer f.handler.mu.Unlock()
		return f.handler.streams == 0
	})
	f.eventually("the operation ends", func() bool { return f.running.Load() == 0 })
}

func TestRequestsThatAreRefused(t *testing.T) {
	f := start(t, nil)
	tok := token(f.reserve())
	large := `{"query":"` + strings.Repeat("x", maxBody) + `"}`
	for _, test := range []struct {
		name, method, query, body string
		headers                   []header
		status                    int
		says                      string
	}{
		{"method", "PATCH", "", "", nil, 405, "METHOD_NOT_ALLOWED"},
		{"neither stream nor token", "POST", "", `{"query":"query"}`, []header{asJSON}, 406, "NOT_ACCEPTABLE"},
		{"anything is not events", "GET", "?query=query", "", []header{{"Accept", "*/*"}}, 406, "NOT_ACCEPTABLE"},
		{"anything but events", "GET", "?query=query", "", []header{{"Accept", "text/event-stream;q=0.0"}}, 406, "NOT_ACCEPTABLE"},
		{"events among others", "GET", "?query=query", "", []header{{"Accept", "text/html, text/event-stream;q=0.5"}}, 200, "event: next"},
		{"form", "POST", "", "query=query", []header{events, {"Content-Type", "application/x-www-form-urlencoded"}}, 415, "application/json"},
		{"no JSON", "POST", "", "query", []header{events, asJSON}, 400, "BAD_REQUEST"},
		{"batch", "POST", "", `[{"query":"query"}]`, []header{events, asJSON}, 400, "BAD_REQUEST"},
		{"two requests", "POST", "", `{"query":"query"}{}`, []header{events, asJSON}, 400, "goes on"},
		{"no query", "POST", "", `{}`, []header{events, asJSON}, 400, "no query"},
		{"no query in the address", "GET", "", "", []header{events}, 400, "no query"},
		{"variables in the address", "GET", "?query=echo&variables=%7B", "", []header{events}, 400, "variables in the address"},
		{"too large", "POST", "", large, []header{events, asJSON}, 413, "TOO_LARGE"},
		{"too large to open", "POST", "", large, []header{events, tok}, 400, "BAD_REQUEST"},
		{"no operation id", "POST", "", `{"query":"query"}`, []header{tok, asJSON}, 400, "operationId"},
		{"long operation id", "POST", "", body(strings.Repeat("x", maxID+1), "query"), []header{tok, asJSON}, 400, "operationId"},
		{"number as operation id", "POST", "", `{"query":"query","extensions":{"operationId":1}}`, []header{tok, asJSON}, 400, "BAD_REQUEST"},
		{"stop without a token", "DELETE", "?operationId=a", "", nil, 400, "no stream token"},
		{"stop without an id", "DELETE", "", "", []header{tok}, 400, "operationId"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f.want(test.status, test.says, test.method, test.query, test.body, test.headers...)
		})
	}
	status, text := f.answer("POST", "", "", events, token("none"))
	if status != 404 || !strings.Contains(text, `"zh":"没有这个事件流，请重新建立。","retry":false`) {
		t.Errorf("a refusal in two languages: %d %s", status, text)
	}
}
