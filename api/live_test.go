package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mingjian/domain"
)

// liveServer serves the platform on a real server; change sets its LiveConfig.
func (p *platform) liveServer(change func(*LiveConfig)) *httptest.Server {
	p.t.Helper()
	cfg := p.internal.cfg
	cfg.Live.Interval = time.Millisecond
	if change != nil {
		change(&cfg.Live)
	}
	handler, err := NewHandler(cfg)
	must(p.t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, as(p.t, organizer, r))
	}))
	p.t.Cleanup(func() {
		must(p.t, server.Config.Shutdown(context.WithoutCancel(p.t.Context())))
		server.Close()
	})
	return server
}

// listener reads the events of a distinct stream.
type listener struct {
	t     testing.TB
	lines *bufio.Reader
}

// listen runs an operation on an event stream until the test ends.
func listen(t testing.TB, server *httptest.Server, document string, variables any) *listener {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	must(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/graphql/stream", strings.NewReader(string(body)))
	must(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	response, err := server.Client().Do(r)
	must(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		t.Fatalf("%d %s", response.StatusCode, text)
	}
	return &listener{t, bufio.NewReader(response.Body)}
}

// event is the next event's name and data.
func (l *listener) event() (name, data string) {
	l.t.Helper()
	for {
		line, err := l.lines.ReadString('\n')
		must(l.t, err)
		switch field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":"); field {
		case "event":
			name = strings.TrimPrefix(value, " ")
		case "data":
			data = strings.TrimPrefix(value, " ")
		case "":
			if name != "" && value == "" {
				return name, data
			}
		}
	}
}

// next is the next response.
func (l *listener) next() reply {
	l.t.Helper()
	name, data := l.event()
	if name != "next" {
		l.t.Fatalf("want a response, got %s %s", name, data)
	}
	out := reply{text: data}
	must(l.t, json.Unmarshal([]byte(data), &out))
	return out
}

// shows requires that the next response selects exactly this data.
func (l *listener) shows(want string) reply {
	l.t.Helper()
	got := l.next()
	data, err := json.Marshal(got.Data)
	must(l.t, err)
	if string(data) != want || len(got.Errors) > 0 {
		l.t.Fatalf("want %s, got %s", want, got.text)
	}
	return got
}

// reaches reads on until the data is shown, and returns how many states that
// took: a command of several events may be folded in steps. No state may follow
// an equal one.
func (l *listener) reaches(want string) (states int) {
	l.t.Helper()
	for before := ""; ; {
		got := l.next()
		data, err := json.Marshal(got.Data)
		must(l.t, err)
		states++
		switch string(data) {
		case want:
			return states
		case before:
			l.t.Fatalf("twice in a row: %s", data)
		}
		before = string(data)
	}
}

func (l *listener) completes() {
	l.t.Helper()
	if name, data := l.event(); name != "complete" {
		l.t.Fatalf("want the end, got %s %s", name, data)
	}
}

const watchAssessment = `subscription($round: ID!, $subject: ID!) {
	assessmentChanged(round: $round, subject: $subject) { status revision decided }
}`

func assessmentState(status string, revision, decided int) string {
	return fmt.Sprintf(`{"assessmentChanged":{"decided":%d,"revision":%d,"status":%q}}`, decided, revision, status)
}

// TestAssessmentChanged: null until it is opened, then each state once, with
// its position; what happens to others is not shown.
func TestAssessmentChanged(t *testing.T) {
	p := startPlatform(t)
	for code, name := range theDistricts {
		p.do("registerDistrict", map[string]any{"code": code, "name": name})
	}
	for _, code := range theCenters {
		p.do("registerCenter", map[string]any{"code": code, "district": code[:6], "area": "街道" + code, "demo": true})
	}
	p.do("openRound", openRoundInput)
	p.settle()
	subject, district := theCenters[0], theCenters[0][:6]
	l := listen(t, p.liveServer(nil), watchAssessment, on(subject, nil))
	l.shows(`{"assessmentChanged":null}`)
	p.openAssessment(subject)
	l.reaches(assessmentState("inWork", 1, 1)) // 7.2 is decided while no claim waits

	p.openAssessment(theCenters[1])
	p.do("recordScores", on(theCenters[1], map[string]any{"scores": []any{score("1.1.1", "met", nil)}}))
	p.settle()
	done := p.do("recordScores", on(subject, map[string]any{"scores": []any{score("1.1.1", "met", nil)}}))
	if got := l.shows(assessmentState("inWork", 2, 2)); got.Extensions.Position != done.Position {
		t.Errorf("the state reflects position %s, the command reached %s", got.Extensions.Position, done.Position)
	}

	// What is found on its district counts for the center.
	p.openAssessment(district)
	p.do("recordScores", on(district, map[string]any{"scores": scoresOf(domain.District, nil)}))
	l.shows(assessmentState("inWork", 2, 3))
}

func TestRoundProgress(t *testing.T) {
	p := startPlatform(t)
	const document = `subscription($round: ID!) { roundProgress(round: $round) {
		closed centers { all notOpened inWork submitted approved complete decided clauses } districts { all inWork decided } } }`
	server := p.liveServer(nil)
	l := listen(t, server, document, map[string]any{"round": theRound})
	l.shows(`{"roundProgress":null}`)
	p.openAll()
	p.settle()
	progress := func(inWork, submitted, complete, decided int) string {
		return fmt.Sprintf(`{"roundProgress":{"centers":{"all":5,"approved":0,"clauses":235,"complete":%d,"decided":%d,"inWork":%d,"notOpened":0,"submitted":%d},`+
			`"closed":false,"districts":{"all":2,"decided":1,"inWork":2}}}`, complete, decided, inWork, submitted)
	}
	p.do("recordScores", on("310101", map[string]any{"scores": scoresOf(domain.District, nil)}))
	p.settle()
	// Both centers of the district have its finding, and all five have 7.2.
	fresh := listen(t, server, document, map[string]any{"round": theRound})
	fresh.shows(progress(5, 0, 0, 2+5))
	p.do("recordScores", on(theCenters[0], map[string]any{"scores": scoresOf(domain.Center, nil)}))
	fresh.reaches(progress(5, 0, 1, 47+1+4))
	p.do("submitAssessment", on(theCenters[0], nil))
	fresh.shows(progress(4, 1, 1, 47+1+4))
	// A client that was there all along ends at the same state, whatever it saw
	// on the way.
	l.reaches(progress(4, 1, 1, 47+1+4))
	once := p.post("/graphql", strings.Replace(document, "subscription", "query", 1), map[string]any{"round": theRound})
	if data, err := json.Marshal(once.Data); err != nil || string(data) != progress(4, 1, 1, 47+1+4) {
		t.Errorf("asked once: %s", once.text)
	}
}

// TestChangesAreCoalesced: never more states than the interval allows, never
// two equal ones in a row, and always the last.
func TestChangesAreCoalesced(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	p.settle()
	const interval = 100 * time.Millisecond
	begun := time.Now()
	l := listen(t, p.liveServer(func(c *LiveConfig) { c.Interval = interval }), watchAssessment, on(theCenters[0], nil))
	const changes = 40
	p.do("recordScores", on(theCenters[0], map[string]any{"scores": []any{score("1.1.1", "met", nil)}}))
	for i := range changes {
		p.do("reviseScore", on(theCenters[0], map[string]any{
			"score": score("1.1.1", "met", nil), "supersedes": i + 1, "why": fmt.Sprint("第", i, "次"),
		}))
	}
	states := l.reaches(assessmentState("inWork", changes+2, 2))
	if most := 1 + int(time.Since(begun)/interval); states > most {
		t.Errorf("%d states in %s, at most %d", states, time.Since(begun), most)
	}
}

// TestOperationsOnStreams: queries and commands answer once; subscriptions keep
// to the same limits as queries, and to one field.
func TestOperationsOnStreams(t *testing.T) {
	p := startPlatform(t)
	server := p.liveServer(nil)
	for name, test := range map[string]struct{ document, code string }{
		"two fields":      {`subscription { a: roundProgress(round: "r") { round } b: roundProgress(round: "r") { round } }`, codeValidation},
		"two in fragment": {`subscription { ...F } fragment F on Subscription { a: roundProgress(round: "r") { round } ... on Subscription { b: roundProgress(round: "r") { round } } }`, codeValidation},
		"no real field":   {`subscription { __typename }`, codeValidation},
		"unknown field":   {`subscription { nothing }`, codeValidation},
		"no such syntax":  {`subscription {`, codeParse},
		"costly":          {`subscription { assessmentChanged(round: "r", subject: "s") { sections { indicators { clauses { history { at by seq why reason method points outcome version evidence } } } } } }`, codeTooComplex},
		"many fields":     {`subscription { assessmentChanged(round: "r", subject: "s") {` + many(maxNodes, "a%d: total\n") + `} }`, codeTooComplex},
	} {
		l := listen(t, server, test.document, nil)
		if got := l.next(); got.code() != test.code || got.Data != nil {
			t.Errorf("%s: want %s, got %.300s", name, test.code, got.text)
		}
		l.completes()
	}
	query := listen(t, server, `{ head { seq } }`, nil)
	query.shows(`{"head":{"seq":0}}`)
	query.completes()
	command := listen(t, server, mutationDocument("registerDistrict"), map[string]any{
		"input": map[string]any{"commandId": newID(), "code": "310101", "name": "黄浦区"},
	})
	if got := command.next(); got.code() != "" || got.Extensions.Position != p.end().String() {
		t.Errorf("a command: %s", got.text)
	}
	command.completes()
	if got := p.post("/graphql", watchAssessment, on("s", nil)); got.status != 400 || got.code() != codeBadRequest || !strings.Contains(got.text, "/graphql/stream") {
		t.Errorf("a subscription without a stream: %d %s", got.status, got.text)
	}
	if got := p.post("/public/graphql", `subscription { roundProgress }`, nil); got.code() != codeValidation {
		t.Errorf("a subscription to public data: %s", got.text)
	}
}

// TestStreamsOfOthersAreRefused: by the same guards as the rest of the internal
// API, and by one more for a GET.
func TestStreamsOfOthersAreRefused(t *testing.T) {
	p := startPlatform(t)
	get := "/graphql/stream?query=" + url.QueryEscape(`mutation { closeRound { revision } }`)
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, test := range map[string]struct {
		method, path string
		change       func(*http.Request)
		status       int
		code         string
	}{
		"cross-site stream": {"GET", get, header("Sec-Fetch-Site", "cross-site"), 403, "CROSS_ORIGIN"},
		"cross-site token":  {"PUT", "/graphql/stream", header("Sec-Fetch-Site", "cross-site"), 403, "CROSS_ORIGIN"},
		"other origin":      {"DELETE", "/graphql/stream?operationId=a", header("Origin", "https://evil.example"), 403, "CROSS_ORIGIN"},
		"other method":      {"PATCH", "/graphql/stream", header("Accept", "text/event-stream"), 405, codeMethod},
		"no stream":         {"GET", get, header("Accept", "application/json"), 406, "NOT_ACCEPTABLE"},
	} {
		r := as(t, organizer, localRequest(test.method, test.path, ""))
		test.change(r)
		if got := p.serve(r); got.status != test.status || got.code() != test.code {
			t.Errorf("%s: want %d %s, got %d %s", name, test.status, test.code, got.status, got.text)
		}
	}
	server := p.liveServer(nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+get, http.NoBody)
	must(t, err)
	r.Header.Set("Accept", "text/event-stream")
	response, err := server.Client().Do(r)
	must(t, err)
	text, err := io.ReadAll(response.Body)
	must(t, err)
	must(t, response.Body.Close())
	if !strings.Contains(string(text), codeMethod) && !strings.Contains(string(text), codeValidation) {
		t.Errorf("a command by GET: %s", text)
	}
}

// TestRevokedSessionEndsItsStreams with an error of GraphQL, in two languages.
func TestRevokedSessionEndsItsStreams(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	p.settle()
	var gone atomic.Bool
	server := p.liveServer(func(c *LiveConfig) {
		c.Recheck = func(context.Context) error {
			if gone.Load() {
				return refuse("SESSION_ENDED", "会话已经结束，请重新登录。", "the session has ended")
			}
			return nil
		}
	})
	l := listen(t, server, watchAssessment, on(theCenters[0], nil))
	l.shows(assessmentState("inWork", 1, 1))
	gone.Store(true)
	p.do("recordScores", on(theCenters[0], map[string]any{"scores": []any{score("1.1.1", "met", nil)}}))
	if got := l.next(); got.code() != "SESSION_ENDED" || got.Data != nil || got.Errors[0].Extensions.Zh == "" {
		t.Errorf("%s", got.text)
	}
	l.completes()
	if _, err := l.lines.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the stream goes on: %v", err)
	}
}
