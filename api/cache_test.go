package api

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/graphql-go/graphql"
	"pgregory.net/rapid"

	"mingjian/api/auth"
	"mingjian/domain"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// TestEveryRootFieldIsMarked: whoever adds a field to Query says whether its
// answers may be kept.
func TestEveryRootFieldIsMarked(t *testing.T) {
	p := startPlatform(t)
	cfg := p.internal.cfg
	cfg.Accounts = new(auth.Accounts) // the fields that need it are only listed
	internal, err := NewInternal(cfg)
	must(t, err)
	for name, schema := range map[string]struct {
		query  *graphql.Object
		marked map[string]bool
	}{
		"internal": {internal.schema.QueryType(), internalFields},
		"public":   {p.public.schema.QueryType(), publicFields},
	} {
		have, marked := slices.Sorted(maps.Keys(schema.query.Fields())), slices.Sorted(maps.Keys(schema.marked))
		if !slices.Equal(have, marked) {
			t.Errorf("%s Query has the fields\n%q; cache.go says whether answers may be kept of\n%q", name, have, marked)
		}
	}
}

// person is a viewer of the tests, with the roles named: "center-310101002",
// "reviewer".
func person(account string, roles ...string) rights.Actor {
	actor := rights.Actor{Account: account}
	for _, role := range roles {
		name, subject, _ := strings.Cut(role, "-")
		actor.Grants = append(actor.Grants, rights.Grant{Role: rights.Role(name), Subject: subject})
	}
	return actor
}

func seenBy(ctx context.Context, actor rights.Actor) context.Context {
	return auth.WithViewer(ctx, auth.Viewer{Actor: actor})
}

// uncached is an engine like the platform's that keeps nothing.
func (p *platform) uncached() *engine {
	p.t.Helper()
	internal, err := NewInternal(p.internal.cfg)
	must(p.t, err)
	internal.responses = nil
	return internal.engine
}

// TestAnswersAreKept exactly as long as nothing moves that they depend on.
func TestAnswersAreKept(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	p.settle()
	boss := person("organizer-1", "organizer")
	const document = `query A($first: Int, $search: String) { centers(first: $first, search: $search) { totalCount } } query B { head { seq } }`
	ask := func(e *engine, actor rights.Actor, document, operation string, variables map[string]any) *response {
		t.Helper()
		out := e.run(seenBy(t.Context(), actor), call{document: document, operation: operation, variables: variables})
		if len(out.errors) > 0 {
			t.Fatalf("%s: %v", document, out.errors[0])
		}
		return out
	}
	internal := p.internal.engine
	variables := map[string]any{"first": 1, "search": "街道"}
	first := ask(internal, boss, document, "A", variables)
	if again := ask(internal, boss, document, "A", map[string]any{"search": "街道", "first": 1, "unknown": 2}); again != first {
		t.Error("the same question was executed twice")
	}
	const two = `query A { head { seq } } query B { head { logId } }`
	if bytes.Equal(ask(internal, boss, two, "A", nil).text, ask(internal, boss, two, "B", nil).text) {
		t.Error("one operation got the answer to the other")
	}
	for what, other := range map[string]*response{
		"a blank more":    ask(internal, boss, document+" ", "A", variables),
		"operation":       ask(internal, boss, document, "B", variables),
		"a variable":      ask(internal, boss, document, "A", map[string]any{"first": 2, "search": "街道"}),
		"no variable":     ask(internal, boss, document, "A", map[string]any{"first": 1}),
		"a null":          ask(internal, boss, document, "A", map[string]any{"first": 1, "search": nil}),
		"another account": ask(internal, person("organizer-2", "organizer"), document, "A", variables),
		"a role less":     ask(internal, person("organizer-1"), document, "A", variables),
		"a role more":     ask(internal, person("organizer-1", "organizer", "auditor"), document, "A", variables),
		"another subject": ask(internal, person("organizer-1", "center-310101002"), document, "A", variables),
		"a third subject": ask(internal, person("organizer-1", "center-310101013"), document, "A", variables),
	} {
		if other == first {
			t.Errorf("%s: the answer to another question", what)
		}
	}

	p.do("registerCenter", map[string]any{"code": "310104999", "district": "310104", "area": "新街道", "demo": true})
	p.settle()
	moved := ask(internal, boss, document, "A", variables)
	if bytes.Equal(moved.text, first.text) {
		t.Errorf("a commit was missed: %s", moved.text)
	}
	rebuilt, err := p.model.Rebuild(t.Context(), nil)
	must(t, err)
	if after := ask(internal, boss, document, "A", variables); after == moved || after.position != rebuilt.Head.Position {
		t.Error("a rebuilt read model is shown as the old one was")
	}

	// Who asks does not matter for public data; what this process asks is not kept.
	one := ask(p.public.engine, boss, `{ rounds { id } }`, "", nil)
	if two := ask(p.public.engine, rights.Actor{}, `{ rounds { id } }`, "", nil); two != one {
		t.Error("public data were looked up twice")
	}
	_, err = p.public.Execute(t.Context(), `{ rounds { name } }`, "", nil)
	must(t, err)
	if n := p.public.responses.recent.Len(); n != 1 {
		t.Errorf("%d public answers are kept, want 1", n)
	}
}

// TestNeverKept: what is recorded, what is read from the log, what failed.
func TestNeverKept(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	p.settle()
	r := p.internal.responses
	for _, document := range []string{
		`{ me { account } }`,
		`{ head { seq } me { account } }`,
		`{ me { account } head { seq } }`,
		`{ head: me { account } }`,
		`{ head { seq } ...F } fragment F on Query { ... on Query { me { account } } }`,
		`{ head { seq } me @skip(if: true) { account } }`,
		`{ events(first: 1) { totalCount } }`,
		`{ assessment(round: "spring-2022", subject: "310101002") { clause(code: "9.9") { code } } }`,
		`{ ranking(round: "spring-2022", after: "?") { totalCount } }`,
		`mutation { registerDistrict(input: {commandId: "` + newID() + `", code: "310105", name: "长宁区"}) { revision } }`,
		`{ nothing }`,
	} {
		for range 2 { // the first look at the trail moves the read model
			p.internal.run(signedIn(t, t.Context(), organizer), call{document: document})
			p.settle()
		}
		if n := len(r.known); n > 0 || r.recent.Len() > 0 || r.size > 0 {
			t.Errorf("%d answers are kept of %s", n, document)
		}
	}
	gone, cancel := context.WithCancel(signedIn(t, t.Context(), organizer))
	cancel()
	if out := p.internal.run(gone, call{document: `{ head { seq } }`}); len(out.errors) == 0 {
		t.Error("an answer for a client that has gone")
	}
	if n := len(r.known); n > 0 {
		t.Errorf("%d answers for a client that has gone are kept", n)
	}

	// Each account's look at the trail is on record, whatever was answered before.
	const look = `{ events(stream: "registry", first: 1) { totalCount } }`
	viewed := func() int {
		p.settle()
		view, err := p.model.View(t.Context())
		must(t, err)
		defer view.Close()
		n := 0
		for q := (projections.TrailQuery{First: 100}); ; {
			page, err := view.Trail(q)
			must(t, err)
			for _, e := range page.Items {
				if e.Type == "access.TrailViewed" {
					n++
				}
			}
			if !page.HasNext {
				return n
			}
			q.After = page.Cursors[len(page.Cursors)-1]
		}
	}
	before := viewed()
	for _, account := range []string{"auditor-1", "auditor-2", "auditor-1", "auditor-3"} {
		if got := p.postAs(account, "/graphql", look, nil); got.code() != "" {
			t.Error(got.text)
		}
	}
	if n := viewed() - before; n != 3 {
		t.Errorf("%d looks are on record, want one of each auditor", n)
	}
}

// TestKeptAnswersAreBounded by bytes; the ones used last stay.
func TestKeptAnswersAreBounded(t *testing.T) {
	p := startPlatform(t)
	c := newResponses(p.model, internalFields, true)
	large := bytes.Repeat([]byte("x"), maxKeptOne)
	asked := func(n int) question { return question{byte(n >> 8), byte(n)} }
	_, moment := c.find(asked(0))
	put := func(n int, text []byte) { c.keep(&kept{asked(n), &response{text: text}}, moment, p.model.Head()) }
	put(0, append(large, 'x'))
	if len(c.known) > 0 {
		t.Error("an answer that is too large was kept")
	}
	for n := range 100 {
		put(n, large)
		put(n, large) // computed twice, kept once
		if found, _ := c.find(asked(0)); found == nil {
			t.Fatalf("the answer used last went, with %d", n)
		}
	}
	fit := maxKept / (maxKeptOne + keptOverhead)
	if c.recent.Len() != fit || len(c.known) != fit || c.size != fit*(maxKeptOne+keptOverhead) {
		t.Errorf("%d and %d answers, %d bytes; want %d", c.recent.Len(), len(c.known), c.size, fit)
	}
	for n := range 100_000 { // small ones cost more than their text
		c.keep(&kept{question{1, byte(n >> 16), byte(n >> 8), byte(n)}, &response{}}, moment, p.model.Head())
	}
	if n := maxKept / keptOverhead; c.recent.Len() > n {
		t.Errorf("%d small answers, at most %d", c.recent.Len(), n)
	}
	c.keep(&kept{asked(7777), &response{}}, moment, projections.Head{Position: 1})
	if found, _ := c.find(asked(7777)); found != nil {
		t.Error("an answer of another position was kept")
	}
	p.do("registerDistrict", map[string]any{"code": "310101", "name": "黄浦区"})
	p.settle()
	c.keep(&kept{asked(8888), &response{}}, moment, p.model.Head())
	if found, _ := c.find(asked(8888)); found != nil || len(c.known) > 0 || c.size > 0 {
		t.Errorf("answers of an earlier moment: %d", len(c.known))
	}
}

// asking is a query of the tests.
type asking struct {
	document  string
	variables map[string]any
}

const recordOf = `query($round: ID!, $subject: ID!) {
	assessment(round: $round, subject: $subject) { status revision total decided missing clauses { code outcome points entry { by reason } }
		honors { number state } } }`

// askings are queries whose answers depend on who asks.
func askings() []asking {
	all := []asking{
		{`{ tasks(round: "spring-2022") { subject status lead } }`, nil},
		{`{ ranking(round: "spring-2022") { totalCount edges { cursor node { center { code name } total cityRank decided } } } }`, nil},
		{`{ districtRanking(round: "spring-2022") { district { code } mean ranked } }`, nil},
		{`{ roundProgress(round: "spring-2022") { centers { all inWork submitted approved decided } } }`, nil},
		{`{ rounds { id name releases { number } } centers(first: 2) { totalCount edges { node { code } } } districts { code } head { seq } }`, nil},
		{`{ mine: me { account grants { role subject } } tasks(round: "spring-2022") { subject } }`, nil},
		{`{ appeals(round: "spring-2022") { totalCount edges { node { id status members { account } votes { outcome } } } } }`, nil},
		{`{ appeal(id: "spring-2022-310101002-2.3-1") { status members { pseudonym account } votes { outcome } } }`, nil},
		{`{ appealStatistics(round: "spring-2022") { total { filed open } } }`, nil},
		{`{ rankingDiff(round: "spring-2022", from: 20) { to centers { totalCount } } round(id: "spring-2022") { calendar deliberated { minutes } } }`, nil},
		{`{ __schema { queryType { name } } __typename }`, nil},
	}
	for _, subject := range append(slices.Sorted(maps.Keys(theDistricts)), append(theCenters, "310199999")...) {
		for _, document := range []string{
			recordOf,
			`query($round: ID!, $subject: ID!) { assessment(round: $round, subject: $subject) { status team { account pseudonym lead recused } } }`,
			`query($round: ID!, $subject: ID!) { assessmentDiff(round: $round, subject: $subject, from: 60) { difference changes { totalCount } } }`,
			`query($round: ID!, $subject: ID!) { assessment(round: $round, subject: $subject) { replies { text original } clauses { entry { pending appeal } } } }`,
			`query($round: ID!, $subject: ID!) { honorClaims(round: $round, subject: $subject) { number title state } }`,
			`query($round: ID!, $subject: ID!) { standing(round: $round, center: $subject) { total cityRank } center(code: $subject) { name } }`,
		} {
			all = append(all, asking{document, on(subject, nil)})
		}
	}
	return all
}

// onlookers are viewers of every kind.
func onlookers() []rights.Actor {
	all := []rights.Actor{
		person("organizer-1", "organizer"), person("reviewer-1", "reviewer"), person("reviewer-3", "reviewer"), person("auditor-1", "auditor"),
		person("assessor-1", "assessor"), person("assessor-2", "assessor"), person("assessor-3", "assessor"),
		person("assessor-2", "assessor", "auditor"), person("assessor-2"),
		person("district-310101", "district-310101"), person("district-310104", "district-310104"),
		person("two-hats", "center-310101002", "district-310104"), person("nobody"),
	}
	for _, code := range theCenters {
		all = append(all, person("center-"+code, "center-"+code))
	}
	return all
}

// seen is what a viewer gets, and the position that it reflects.
func (e *engine) seen(ctx context.Context, actor rights.Actor, a asking) (text, position string, err error) {
	out := e.run(seenBy(ctx, actor), call{document: a.document, variables: a.variables})
	encoded, err := out.encode()
	return string(encoded), out.position.String(), err
}

// served is the same through the whole handler.
func (p *platform) served(ctx context.Context, actor rights.Actor, a asking) (text string) {
	var body bytes.Buffer
	variables := []string{}
	for name, value := range a.variables {
		variables = append(variables, fmt.Sprintf("%q:%q", name, value)) // in any order
	}
	fmt.Fprintf(&body, `{"query":%q,"variables":{%s}}`, a.document, strings.Join(variables, ","))
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, localRequest(http.MethodPost, "/graphql", body.String()).WithContext(seenBy(ctx, actor)))
	return w.Body.String()
}

// openBusy opens all records, some finished, some with claims, teams of two.
func (p *platform) openBusy() {
	p.t.Helper()
	p.openAll()
	p.finish(theCenters[0], domain.Center, map[string]any{"2.3": 1})
	p.finish("310101", domain.District, nil)
	p.notify(theCenters[0], "310101")
	p.do("fileReply", on(theCenters[0], map[string]any{"text": "感谢，联系人王某。"}))
	p.do("redactReply", on(theCenters[0], map[string]any{"number": 1, "text": "感谢。", "reason": "涉及个人信息"}))
	p.do("fileAppeal", on(theCenters[0], map[string]any{"clause": "2.3", "ground": "fact", "statement": "当日已整改"}))
	p.do("namePanel", map[string]any{"appeal": decidedAppeal, "accounts": []any{"reviewer-3", "reviewer-5", "reviewer-6"}})
	p.do("castVote", map[string]any{"actor": "reviewer-3", "appeal": decidedAppeal, "restored": "1", "reason": "照片可信"})
	for _, code := range theCenters[1:3] {
		p.do("assignAssessor", on(code, map[string]any{"account": "assessor-2"}))
		p.do("claimHonor", on(code, map[string]any{
			"title": "文明窗口 " + code, "level": "municipal", "issuer": "上海市", "awardedOn": "2021-05-01", "document": strings.Repeat("2c", 32),
		}))
	}
	p.do("recuseAssessor", on(theCenters[2], map[string]any{"account": "assessor-2", "reason": "亲属在该中心任职"}))
	p.settle()
}

// TestNoViewerSeesAnothersAnswer: people of every kind ask the same questions
// at once, again and again, also while others write. Each gets, byte for byte,
// what an engine without a cache answers at that position.
func TestNoViewerSeesAnothersAnswer(t *testing.T) {
	p := startPlatform(t)
	p.openBusy()
	fresh, viewers, questions := p.uncached(), onlookers(), askings()

	want := map[string]string{}
	key := func(v, q int) string { return fmt.Sprint(v, " ", q) }
	for v, viewer := range viewers {
		for q, question := range questions {
			text, _, err := fresh.seen(t.Context(), viewer, question)
			must(t, err)
			want[key(v, q)] = text
		}
	}
	// shuffled asks everything in an order of its own.
	shuffled := func(seed uint64, ask func(v, q int)) {
		for _, n := range rand.New(rand.NewPCG(seed, 0)).Perm(len(viewers) * len(questions)) {
			ask(n/len(questions), n%len(questions))
		}
	}
	var group sync.WaitGroup
	for seed := range uint64(8) {
		group.Go(func() {
			shuffled(seed, func(v, q int) {
				if got := p.served(t.Context(), viewers[v], questions[q]); got != want[key(v, q)] {
					t.Errorf("%v asks %s\ngot  %s\nwant %s", viewers[v], questions[q].document, got, want[key(v, q)])
				}
			})
		})
	}
	group.Wait()

	// The comparison would notice: where viewers share, they see others' answers.
	leaky := p.uncached()
	leaky.responses = newResponses(p.model, internalFields, false)
	leaks := 0
	shuffled(1, func(v, q int) {
		text, _, err := leaky.seen(t.Context(), viewers[v], questions[q])
		must(t, err)
		if text != want[key(v, q)] {
			leaks++
		}
	})
	if leaks == 0 {
		t.Error("viewers who share a cache were not noticed")
	}

	// While others write, answers of one position are compared.
	done := make(chan struct{})
	for seed := range uint64(4) {
		group.Go(func() {
			for round := uint64(0); ; round++ {
				shuffled(seed+100*round, func(v, q int) {
					select {
					case <-done:
						return
					default:
					}
					got, at, err := p.internal.seen(t.Context(), viewers[v], questions[q])
					want, then, err2 := fresh.seen(t.Context(), viewers[v], questions[q])
					if err != nil || err2 != nil || at == then && got != want {
						t.Errorf("%v asks %s at %s\ngot  %s\nwant %s (%v, %v)", viewers[v], questions[q].document, at, got, want, err, err2)
					}
				})
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 30 {
		p.do("recordScores", on(theCenters[1+i%4], map[string]any{"scores": scoresOf(domain.Center, nil)[i/4 : i/4+1]}))
	}
	p.settle()
	close(done)
	group.Wait()
}

// TestCacheAgainstNone: whatever people with whatever roles ask, whatever is
// written and whoever gains or loses roles in between, answers are those of an
// engine without a cache.
func TestCacheAgainstNone(t *testing.T) {
	p := startPlatform(t)
	p.openBusy()
	fresh, questions := p.uncached(), askings()
	accounts := []string{"assessor-1", "assessor-2", "assessor-3", "center-310101002", "auditor-1"}
	roles := []string{"assessor", "reviewer", "auditor", "organizer", "center-310101002", "center-310101013", "district-310101", "district-310104"}
	clauses := scoresOf(domain.Center, nil)
	write := func(t *rapid.T) {
		subject := rapid.SampledFrom(theCenters).Draw(t, "subject")
		helper := map[string]any{"account": rapid.SampledFrom([]string{"assessor-2", "assessor-3"}).Draw(t, "helper"), "reason": "回避"}
		name := rapid.SampledFrom([]string{
			"recordScores", "assignAssessor", "recuseAssessor", "submitAssessment", "returnAssessment", "approveAssessment", "imposeDeduction",
		}).Draw(t, "command")
		input := map[string]map[string]any{
			"recordScores":     {"scores": []any{rapid.SampledFrom(clauses).Draw(t, "score")}},
			"assignAssessor":   {"account": helper["account"]},
			"recuseAssessor":   helper,
			"returnAssessment": {"reason": "请补充"},
			"imposeDeduction":  {"item": "8.1", "reason": "负面报道", "source": "媒体", "occurredOn": "2022-09-01", "evidence": []any{strings.Repeat("0a", 32)}},
		}[name]
		_, got := p.command(name, on(subject, input)) // refusals are fine
		if code := got.code(); code == codeInternal || code == codeVariables || code == codeValidation {
			t.Fatalf("%s: %s", name, got.text)
		}
		p.settle()
	}
	grants := map[string][]string{}
	rapid.Check(t, func(t *rapid.T) {
		t.Repeat(map[string]func(*rapid.T){
			"write": write,
			"grant": func(t *rapid.T) {
				account := rapid.SampledFrom(accounts).Draw(t, "account")
				grants[account] = rapid.SliceOfNDistinct(rapid.SampledFrom(roles), 0, 3, rapid.ID).Draw(t, "roles")
			},
			"ask": func(t *rapid.T) {
				question := rapid.SampledFrom(questions).Draw(t, "question")
				for _, account := range rapid.SliceOfNDistinct(rapid.SampledFrom(accounts), 2, 2, rapid.ID).Draw(t, "who") {
					viewer := person(account, grants[account]...)
					want, _, err := fresh.seen(p.t.Context(), viewer, question)
					if err != nil {
						t.Fatal(err)
					}
					for range 2 {
						if got := p.served(p.t.Context(), viewer, question); got != want {
							t.Fatalf("%v asks %s %v\ngot  %s\nwant %s", viewer, question.document, question.variables, got, want)
						}
					}
				}
			},
		})
	})
}

// TestRightsChangeAtOnePosition: a role that is gone shows nothing that it
// showed before, although the read model has not moved.
func TestRightsChangeAtOnePosition(t *testing.T) {
	p := startPlatform(t)
	p.openBusy()
	record := asking{recordOf, on(theCenters[0], nil)}
	at := p.end()
	for i, step := range []struct {
		viewer rights.Actor
		sees   bool
	}{
		{person("li", "center-"+theCenters[0]), true},
		{person("li"), false},
		{person("li", "center-"+theCenters[1]), false},
		{person("li", "district-310104"), false},
		{person("li", "center-"+theCenters[0]), true},
		{person("wang", "assessor"), false},
		{person("assessor-1", "assessor"), true},
		{person("assessor-1"), false},
		{person("assessor-1", "assessor"), true},
	} {
		got := p.served(t.Context(), step.viewer, record)
		if strings.Contains(got, `"outcome":"met"`) != step.sees || strings.Contains(got, "FORBIDDEN") == step.sees {
			t.Errorf("%d: %v sees %.300s", i, step.viewer, got)
		}
	}
	if p.end() != at {
		t.Error("something was recorded meanwhile")
	}
}

// TestConditionalGet: public data by GET carry a tag, which holds until they
// change.
func TestConditionalGet(t *testing.T) {
	p := startPlatform(t)
	p.openBusy()
	get := func(query, tag string) *httptest.ResponseRecorder {
		r := localRequest(http.MethodGet, "/public/graphql?query="+url.QueryEscape(query), "")
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		w := httptest.NewRecorder()
		p.handler.ServeHTTP(w, r)
		return w
	}
	const query = `{ rounds { id releases { number } } }`
	first := get(query, "")
	tag := first.Header().Get("ETag")
	if first.Code != http.StatusOK || tag == "" || first.Header().Get("Cache-Control") != "public, no-cache" ||
		first.Header().Get("Content-Type") != jsonType || first.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("%d %v %s", first.Code, first.Header(), first.Body)
	}
	for _, known := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		if again := get(query, known); again.Code != http.StatusNotModified || again.Body.Len() > 0 || again.Header().Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d %v %s", known, again.Code, again.Header(), again.Body)
		}
	}
	if again := get(query, `"other"`); again.Code != http.StatusOK || !bytes.Equal(again.Body.Bytes(), first.Body.Bytes()) {
		t.Errorf("another tag: %d %s", again.Code, again.Body)
	}
	p.publish("")
	p.settle()
	if after := get(query, tag); after.Code != http.StatusOK || after.Header().Get("ETag") == tag || !strings.Contains(after.Body.String(), `"number":1`) {
		t.Errorf("after a release: %d %s", after.Code, after.Body)
	}
	if failed := get(`{ nothing }`, "*"); failed.Code != http.StatusBadRequest || failed.Header().Get("ETag") != "" || failed.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("an error: %d %v", failed.Code, failed.Header())
	}
	if inside := p.post("/graphql", `{ head { seq } }`, nil); inside.status != http.StatusOK {
		t.Error(inside.text)
	}
}
