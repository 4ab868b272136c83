package api

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mingjian/domain"
)

const publicAll = `{ rounds { id name demo closed releases { number kind previous reason engine logSize position publishedAt
	appealStatistics { total { ...T } byClause { code tally { ...T } } byDistrict { code tally { ...T } } byGround { code tally { ...T } } }
	changes { totalCount edges { node { code name before { total cityRank districtRank } after { total cityRank districtRank } difference
		effects { seq type recordedAt subject clause deduction honor appeal points total } } } }
	districtChanges { code name before { rank mean ranked } after { rank mean ranked } }
	summary { centers ranked mean median min max }
	districts { code name rank mean median min max centers ranked clauses { ...C } appeals { ...A } }
	centers { totalCount edges { node { code name area demo published total gross deduction cityRank districtRank district { code name }
		sections { code score indicators { code score basis clauses { ...C } } } clauses { ...C }
		deductions { number item name points reason source occurredOn pending appeal corrected imposed imposedPoints }
		honors { number title state points reason } appeals { ...A } reply { number text filedOn redacted reason redactedOn } } } } } } }
	fragment C on ClauseResult { code name text outcome points method observedAt reason evidence version by recordedAt pending appeal corrected }
	fragment A on AppealResult { id clause deduction item lost ground filedOn status decideBy expired escalated pending
		outcome restored reasons decidedOn decisions { panel outcome restored reasons decidedOn } }
	fragment T on AppealTally { filed open decided withdrawn upheld partlyUpheld dismissed escalated expired lost restored
		days { count sum min max mean median } }`

// execute is the site generator's way in: no limits apply.
func (p *platform) execute(document string, variables map[string]any) string {
	p.t.Helper()
	p.settle()
	text, err := p.public.Execute(p.t.Context(), document, "", variables)
	must(p.t, err)
	return string(text)
}

// TestPublishedOnly: nothing is public before a release, nothing that was not
// approved is in one, and what is revised stays as it was until the next.
func TestPublishedOnly(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	for _, district := range slices.Sorted(maps.Keys(theDistricts)) {
		p.do("recordScores", on(district, map[string]any{"scores": scoresOf(domain.District, nil)}))
	}
	p.do("submitAssessment", on("310101", nil))
	p.do("approveAssessment", on("310101", map[string]any{"actor": reviewer}))
	p.finish(theCenters[0], domain.Center, map[string]any{"2.3": 1})
	p.finish(theCenters[1], domain.Center, map[string]any{"2.3": 2})
	p.do("recordScores", on(theCenters[2], map[string]any{"scores": scoresOf(domain.Center, map[string]any{"2.3": "0.37"})}))

	if got := p.execute(publicAll, nil); got != `{"rounds":[]}` {
		t.Errorf("public before the first release: %s", got)
	}
	for _, document := range []string{`{ x: release(round: "spring-2022") { number } }`, `{ x: round(id: "spring-2022") { id } }`} {
		if got := p.execute(document, nil); got != `{"x":null}` {
			t.Errorf("%s: %s", document, got)
		}
	}

	p.publish("")
	first := p.execute(publicAll, nil)
	for _, secret := range []string{assessor, reviewer, "0.37"} {
		if strings.Contains(first, secret) {
			t.Errorf("%s is public", secret)
		}
	}
	// The site generator may ask for so much; nobody else, cached or not.
	if got := p.post("/public/graphql", publicAll, nil); got.code() != codeTooComplex {
		t.Errorf("all at once over HTTP: %.300s", got.text)
	}
	if out := p.public.run(t.Context(), call{document: publicAll}); len(out.errors) == 0 || out.errors[0].Extensions.Code != codeTooComplex {
		t.Error("all at once, from the cache, was answered")
	}
	type center struct {
		Published  bool
		Total      *json.Number
		CityRank   *int
		Sections   []any
		Clauses    []struct{ Code string }
		Deductions []any
		Honors     []any
	}
	var data struct {
		Release struct {
			Summary struct {
				Centers, Ranked   int
				Mean, Median, Min json.Number
			}
			Shown, Hidden center
			Unknown       *center
			A, B          struct {
				Clauses []struct {
					Code    string
					Outcome *string
				}
			}
		}
	}
	const document = `query($n: Int) { release(round: "spring-2022", number: $n) { summary { centers ranked mean median min }
		shown: center(code: "310101002") { ...C } hidden: center(code: "310104003") { ...C } unknown: center(code: "310101999") { ...C }
		a: district(code: "310101") { clauses { code outcome } } b: district(code: "310104") { clauses { code outcome } } } }
		fragment C on CenterResult { published total cityRank sections { score } clauses { code } deductions { number } honors { number } }`
	p.askPublic(&data, document, nil)
	r := data.Release
	if !r.Shown.Published || *r.Shown.CityRank != 1 || len(r.Shown.Clauses) != 47 || len(r.Shown.Sections) != 7 {
		t.Errorf("an approved center: %+v", r.Shown)
	}
	if h := r.Hidden; h.Published || h.Total != nil || h.CityRank != nil || len(h.Clauses)+len(h.Sections)+len(h.Deductions)+len(h.Honors) != 0 {
		t.Errorf("a center that was not approved: %+v", h)
	}
	if r.Unknown != nil {
		t.Errorf("an unknown center: %+v", r.Unknown)
	}
	if len(r.A.Clauses) != 1 || r.A.Clauses[0].Code != "7.3" || r.A.Clauses[0].Outcome == nil {
		t.Errorf("an approved district: %+v", r.A)
	}
	if len(r.B.Clauses) != 1 || r.B.Clauses[0].Outcome != nil {
		t.Errorf("a district that was not approved: %+v", r.B)
	}
	if s := r.Summary; s.Centers != 5 || s.Ranked != 2 || s.Mean != s.Median || s.Min == s.Mean {
		t.Errorf("summary: %+v", s)
	}
	before := *r.Shown.Total

	// A revision after the release shows in the next one only.
	p.do("reviseScore", on(theCenters[0], map[string]any{"supersedes": 1, "score": score("2.3", "lost", 2), "why": "复核"}))
	if got := p.execute(publicAll, nil); got != first {
		t.Error("the public data changed without a release")
	}
	p.do("approveAssessment", on(theCenters[0], map[string]any{"actor": reviewer}))
	p.do("imposeDeduction", on(theCenters[1], map[string]any{"item": "8.1", "reason": "曝光", "source": "媒体", "occurredOn": "2022-05-05"}))
	if got := p.execute(publicAll, nil); got != first {
		t.Error("the public data changed without a release")
	}
	p.publish("更正")
	p.settle()
	p.askPublic(&data, document, nil)
	if *data.Release.Shown.Total == before {
		t.Errorf("release 2 still shows %s", before)
	}
	if data.Release.Summary.Ranked != 1 {
		t.Errorf("a deduction voids the sign-off: %+v", data.Release.Summary)
	}
	p.askPublic(&data, document, map[string]any{"n": 1})
	if *data.Release.Shown.Total != before {
		t.Errorf("release 1 shows %s, showed %s", *data.Release.Shown.Total, before)
	}
	if got := p.execute(`{ x: release(round: "spring-2022", number: 3) { number } }`, nil); got != `{"x":null}` {
		t.Errorf("release 3: %s", got)
	}
}

// TestSiteQueries: what the site asks is in the schema.
func TestSiteQueries(t *testing.T) {
	p := startPlatform(t)
	files, err := filepath.Glob("../site/queries/*.graphql")
	must(t, err)
	if len(files) == 0 {
		t.Fatal("no site queries in this tree")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		if _, faults := newDocument(&p.public.schema, string(text), true); len(faults) > 0 {
			t.Errorf("%s: %v", file, faults)
		}
	}
}
