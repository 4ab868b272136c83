package sse

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

func TestDistinctQuery(t *testing.T) {
	f := start(t, nil)
	f.set(3)
	stream := f.open("POST", "", `{"query":"query"}`)
	if first, err := stream.read(); err != nil || first.name != ":" {
		t.Errorf("want a comment that opens the stream, got %v %v", first, err)
	}
	stream.tells(state(3), told{"complete", ""})
	stream.ends()
}

// TestDistinctByGet: as a browser's EventSource asks; numbers keep their text.
func TestDistinctByGet(t *testing.T) {
	f := start(t, nil)
	stream := f.open("GET", "?query=echo&operationName=Name&variables="+url.QueryEscape(`{"points":1.10}`), "")
	stream.tells(told{"next", `{"data":{"points":1.10},"name":"Name","readOnly":true}`}, told{"complete", ""})
	stream.ends()
}

func TestDistinctSubscription(t *testing.T) {
	f := start(t, nil)
	stream, other := f.subscribe(), f.subscribe()
	stream.tells(state(0))
	other.tells(state(0))
	f.set(1)
	stream.tells(state(1))
	other.tells(state(1))
	_ = stream.body.Close()
	f.eventually("the subscription of a client that left ends", func() bool { return f.running.Load() == 1 })
	f.set(2)
	other.tells(state(2))
}

// TestDistinctRefusalIsTold: an EventSource shows no status, so what is wrong
// with an operation is an event.
func TestDistinctRefusalIsTold(t *testing.T) {
	f := start(t, nil)
	stream := f.open("POST", "", `{"query":"nonsense"}`)
	stream.tells(told{"next", `{"errors":[{"message":"no such operation"}]}`}, told{"complete", ""})
	stream.ends()
}

func TestPanicsEndOneOperation(t *testing.T) {
	f := start(t, nil)
	other := f.subscribe()
	other.tells(state(0))
	for query, message := range map[string]string{"panic": "checking", "panic while running": "running"} {
		stream := f.open("POST", "", `{"query":"`+query+`"}`)
		stream.tells(told{"next", `{"errors":[{"message":"sse: panic: ` + message + `"}]}`}, told{"complete", ""})
		stream.ends()
	}
	tok := f.reserve()
	f.want(http.StatusInternalServerError, "checking", "POST", "", body("a", "panic"), token(tok), asJSON)
	f.operate(tok, "a", "query")
	f.set(1)
	other.tells(state(1))
}

// TestHTTP2 is where distinct connections are at home: many streams on one
// connection, and a shutdown that does not wait for them.
func TestHTTP2(t *testing.T) {
	f := prepare(t, nil)
	f.server = httptest.NewUnstartedServer(f.handler)
	f.server.EnableHTTP2 = true
	f.server.StartTLS()
	f.client = f.server.Client()
	f.watchOver()
	response := f.send("POST", "", `{"query":"query"}`, events, asJSON)
	if response.ProtoMajor != 2 {
		t.Fatalf("HTTP/%d", response.ProtoMajor)
	}
	var streams []*reader
	for range 10 {
		streams = append(streams, f.subscribe())
	}
	for n := range 4 {
		if n > 0 {
			f.set(n)
		}
		for _, stream := range streams {
			stream.tells(state(n))
		}
	}
}
