package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// platform is the real thing in a temporary folder: the embedded node, the
// feed, the read model, the commands and the handler.
type platform struct {
	t        testing.TB
	log      *eventstore.Log
	model    *projections.Model
	commands *command.Commands
	internal *Internal
	public   *Public
	handler  http.Handler
	health   func() []HealthItem
}

const (
	theRound  = "spring-2022"
	organizer = "organizer-1"
	assessor  = "assessor-1"
	reviewer  = "reviewer-1"
)

// The roster of the tests.
var (
	theDistricts = map[string]string{"310101": "黄浦区", "310104": "徐汇区"}
	theCenters   = []string{"310101002", "310101013", "310104003", "310104004", "310104007"}
)

func startPlatform(t testing.TB) *platform {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	p := &platform{t: t}
	var err error
	p.log, err = eventstore.Open(ctx, eventstore.Config{Connection: eventstore.EmbeddedScheme + filepath.Join(dir, "log.db"), Logger: quiet})
	must(t, err)
	t.Cleanup(func() { must(t, p.log.Close()) })
	codec := eventstore.NewCodec()
	p.model, err = projections.Open(projections.Config{
		Dir: filepath.Join(dir, "readmodel"), Log: p.log, Codec: codec, Criteria: criteria.Lookup, Logger: quiet,
	})
	must(t, err)
	t.Cleanup(func() { must(t, p.model.Close()) })
	p.commands, err = command.New(command.Config{
		Log: p.log, Codec: codec, Criteria: criteria.Lookup, Guides: criteria.LookupGuide, Calendars: calendars, Results: p.model, PseudonymKey: make([]byte, 32),
		Actors: testrig.People{}, Evidence: testrig.Arrived{}, Now: ticking(),
	})
	must(t, err)
	runner, err := projections.Run(context.WithoutCancel(ctx), quiet, projections.Handler{
		Name: "readmodel",
		Feed: eventstore.NewFeed(eventstore.FeedConfig{Log: p.log, From: p.model.Checkpoint, Logger: quiet}),
		Fold: func(_ context.Context, page eventstore.Page) error { return p.model.Fold(page) },
	})
	must(t, err)
	t.Cleanup(func() { must(t, runner.Close()) })
	cfg := Config{Model: p.model, Commands: p.commands, Logger: quiet, Now: ticking(), Health: func() []HealthItem {
		if p.health == nil {
			return nil
		}
		return p.health()
	}}
	p.internal, err = NewInternal(cfg)
	must(t, err)
	p.public, err = NewPublic(cfg)
	must(t, err)
	p.handler, err = NewHandler(cfg)
	must(t, err)
	return p
}

// ticking is a clock in October 2022 that goes on by a second each time it is
// looked at: deadlines are counted in years that the calendar holds.
func ticking() func() time.Time {
	var ticks atomic.Int64
	return func() time.Time { return testrig.Day.Add(time.Duration(ticks.Add(1)) * time.Second) }
}

// calendars has one to change to besides the real one.
func calendars(id string) (*criteria.Calendar, error) {
	if id != "other" {
		return criteria.LookupCalendar(id)
	}
	found, err := criteria.LookupCalendar("cn")
	if err != nil {
		return nil, err
	}
	days := *found.Calendar
	days.ID = id
	return &criteria.Calendar{Calendar: &days, Canonical: found.Canonical, Hash: strings.Repeat("0c", 32)}, nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reply is a GraphQL response as a client sees it.
type reply struct {
	status     int
	text       string
	Data       map[string]json.RawMessage
	Errors     []responseError
	Extensions struct{ Position string }
}

func (r reply) code() string {
	if len(r.Errors) == 0 {
		return ""
	}
	return r.Errors[0].Extensions.Code
}

// post asks as an organizer, postAs as anybody.
func (p *platform) post(path, document string, variables any) reply {
	p.t.Helper()
	return p.postAs(organizer, path, document, variables)
}

func (p *platform) postAs(account, path, document string, variables any) reply {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	must(p.t, err)
	return p.serve(as(p.t, account, localRequest(http.MethodPost, path, string(body))))
}

func (p *platform) send(path, body string) reply {
	p.t.Helper()
	return p.serve(as(p.t, organizer, localRequest(http.MethodPost, path, body)))
}

// as signs a request in.
func as(t testing.TB, account string, r *http.Request) *http.Request {
	t.Helper()
	return r.WithContext(signedIn(t, r.Context(), account))
}

func signedIn(t testing.TB, ctx context.Context, account string) context.Context {
	t.Helper()
	actor, err := testrig.People{}.Actor(ctx, account)
	must(t, err)
	return auth.WithViewer(ctx, auth.Viewer{Actor: actor})
}

// localRequest is a request as a local client makes it.
func localRequest(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func (p *platform) serve(r *http.Request) reply {
	p.t.Helper()
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	out := reply{status: w.Code, text: w.Body.String()}
	if err := json.Unmarshal(bytes.TrimSpace(w.Body.Bytes()), &out); err != nil {
		p.t.Fatalf("status %d, not JSON: %v: %.300s", w.Code, err, w.Body)
	}
	return out
}

// ask runs an internal query that must succeed and decodes its data.
func (p *platform) ask(into any, document string, variables map[string]any) {
	p.t.Helper()
	p.askAt("/graphql", into, document, variables)
}

func (p *platform) askPublic(into any, document string, variables map[string]any) {
	p.t.Helper()
	p.askAt("/public/graphql", into, document, variables)
}

func (p *platform) askAt(path string, into any, document string, variables map[string]any) {
	p.t.Helper()
	got := p.post(path, document, variables)
	if len(got.Errors) > 0 {
		p.t.Fatalf("%.80s: %s", document, got.text)
	}
	data, err := json.Marshal(got.Data)
	must(p.t, err)
	must(p.t, json.Unmarshal(data, into))
}

// receipt is what a mutation returns.
type receipt struct {
	Position string
	Revision int
	Stream   string
	Repeated bool
}

func mutationDocument(name string) string {
	return fmt.Sprintf("mutation($input: %s!) { %s(input: $input) { position revision stream repeated } }", inputName(name), name)
}

// command sends one mutation; what the input lacks of the usual is filled in.
func (p *platform) command(name string, input map[string]any) (receipt, reply) {
	p.t.Helper()
	full := map[string]any{"commandId": newID()}
	maps.Copy(full, input)
	actor, given := full["actor"].(string)
	delete(full, "actor")
	if !given {
		actor = actorOf(name, full)
	}
	got := p.postAs(actor, "/graphql", mutationDocument(name), map[string]any{"input": full})
	var out receipt
	if raw, ok := got.Data[name]; ok {
		must(p.t, json.Unmarshal(raw, &out))
	}
	return out, got
}

// actorOf is somebody whose role allows a command. Who deliberates is not who
// publishes.
func actorOf(name string, input map[string]any) string {
	if name == "deliberate" {
		return "organizer-2"
	}
	for _, rule := range rights.Table {
		if string(rule.Command) == name {
			if appeal, ok := input["appeal"].(string); ok && rule.Condition == rights.Own {
				subject, _, _ := strings.Cut(strings.TrimPrefix(appeal, theRound+"-"), "-")
				return fmt.Sprintf("%s-%s", rule.Role, subject)
			}
			if rule.Condition == rights.Own {
				return fmt.Sprintf("%s-%v", rule.Role, input["subject"])
			}
			return string(rule.Role) + "-1"
		}
	}
	return organizer
}

// do is a command that must succeed.
func (p *platform) do(name string, input map[string]any) receipt {
	p.t.Helper()
	out, got := p.command(name, input)
	if got.code() != "" || got.status != http.StatusOK {
		p.t.Fatalf("%s: %s", name, got.text)
	}
	return out
}

// publish deliberates and publishes.
func (p *platform) publish(reason string) {
	p.t.Helper()
	p.do("deliberate", map[string]any{"round": theRound, "minutes": "一致同意"})
	p.do("publish", map[string]any{"round": theRound, "reason": reason})
}

// notify tells subjects their results.
func (p *platform) notify(subjects ...string) {
	p.t.Helper()
	for _, subject := range subjects {
		p.do("notifyResult", on(subject, nil))
	}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// end is the log's newest position: it moves if anything was recorded.
func (p *platform) end() eventstore.Position {
	p.t.Helper()
	end, err := p.log.End(p.t.Context())
	must(p.t, err)
	return end
}

func (p *platform) settle() {
	p.t.Helper()
	must(p.t, p.model.WaitFor(p.t.Context(), p.end()))
}

var openRoundInput = map[string]any{
	"round": theRound, "name": "2022年第三方评估", "standard": "2022", "demo": true,
	"assessmentPeriod": map[string]any{"from": "2022-03-01", "to": "2022-11-30"},
	"honorPeriod":      map[string]any{"from": "2021-01-01", "to": "2021-12-31"},
}

// openAll registers the roster and opens the round and every assessment.
func (p *platform) openAll() {
	p.t.Helper()
	for _, code := range slices.Sorted(maps.Keys(theDistricts)) {
		p.do("registerDistrict", map[string]any{"code": code, "name": theDistricts[code]})
	}
	for i, code := range theCenters {
		p.do("registerCenter", map[string]any{"code": code, "district": code[:6], "area": string([]rune("甲乙丙丁戊")[i]) + "街道", "demo": true})
	}
	p.do("openRound", openRoundInput)
	for _, subject := range append(slices.Sorted(maps.Keys(theDistricts)), theCenters...) {
		p.openAssessment(subject)
	}
}

// openAssessment opens a record and makes the assessor its lead.
func (p *platform) openAssessment(subject string) receipt {
	p.t.Helper()
	p.do("openAssessment", on(subject, nil))
	return p.do("assignAssessor", on(subject, map[string]any{"account": assessor, "lead": true}))
}

// on adds the round and a subject to an input.
func on(subject string, more map[string]any) map[string]any {
	out := map[string]any{"round": theRound, "subject": subject}
	maps.Copy(out, more)
	return out
}

func score(clause, outcome string, points any) map[string]any {
	out := map[string]any{"clause": clause, "outcome": outcome, "method": "siteVisit", "observedAt": "2022-06-01T09:30:00+08:00"}
	if points != nil {
		out["points"] = points
	}
	if outcome == "lost" || outcome == "notApplicable" {
		out["reason"] = "现场所见"
	}
	std, err := criteria.Standard2022()
	if err != nil {
		panic(err)
	}
	if c, ok := std.Standard.Clause(clause); ok && (outcome == "lost" || outcome == "met") {
		f := assessment.Finding{Outcome: domain.Outcome(outcome)}
		testrig.Count(c, &f)
		var counts []any
		for input, value := range f.Counts {
			counts = append(counts, map[string]any{"input": input, "value": value})
		}
		if counts != nil {
			out["counts"] = counts
		}
		if f.Checklist != nil {
			out["checklist"] = f.Checklist
		}
	}
	return out
}

// scoresOf are findings on all clauses that judge a kind of subject: nothing
// lost but on the clauses named.
func scoresOf(kind domain.SubjectKind, lost map[string]any) []any {
	c, err := criteria.Standard2022()
	if err != nil {
		panic(err)
	}
	var out []any
	for _, clause := range c.Standard.Clauses() {
		indicator := clause.Indicator()
		switch points, isLost := lost[clause.Code]; {
		case indicator.Subject != kind || indicator.Honors:
		case isLost:
			out = append(out, score(clause.Code, "lost", points))
		case indicator.Basis == domain.Award:
			out = append(out, score(clause.Code, "awarded", 1))
		default:
			out = append(out, score(clause.Code, "met", nil))
		}
	}
	return out
}

// finish records, submits and approves a subject.
func (p *platform) finish(subject string, kind domain.SubjectKind, lost map[string]any) {
	p.t.Helper()
	p.do("recordScores", on(subject, map[string]any{"scores": scoresOf(kind, lost)}))
	p.do("submitAssessment", on(subject, nil))
	p.do("approveAssessment", on(subject, map[string]any{"actor": reviewer}))
}
