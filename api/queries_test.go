package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"mingjian/domain"
)

// pageReply is a connection as the paging tests ask for it.
type pageReply struct {
	TotalCount int
	Edges      []struct {
		Cursor string
		Node   map[string]any
	}
	PageInfo struct {
		HasNextPage, HasPreviousPage bool
		StartCursor, EndCursor       *string
	}
}

// TestPaging walks each connection by pages of every size: the pages together
// are the whole, in order, nothing twice.
func TestPaging(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	for i, code := range theCenters {
		p.do("recordScores", on(code, map[string]any{"scores": scoresOf(domain.Center, map[string]any{"2.3": i % 3})[:10+i]}))
	}
	for _, stream := range []string{"", `stream: "registry", `} { // looking is recorded: have it behind us
		p.page("events", stream, "seq", 1, "")
	}
	p.settle()
	lists := []struct{ field, args, node, key string }{
		{"centers", `search: "", `, "code", "code"},
		{"centers", `district: "310104", `, "code", "code"},
		{"ranking", `round: "spring-2022", `, "total center { code }", "center"},
		{"events", "", "seq", "seq"},
		{"events", `stream: "registry", `, "seq", "seq"},
	}
	for _, list := range lists {
		whole := p.page(list.field, list.args, list.node, 100, "")
		if len(whole.Edges) != whole.TotalCount || whole.TotalCount < 3 || whole.PageInfo.HasNextPage || whole.PageInfo.HasPreviousPage {
			t.Errorf("%s(%s): the whole is %+v", list.field, list.args, whole)
		}
		for _, size := range []int{1, 2, 3, whole.TotalCount} {
			after := ""
			for start := 0; start < whole.TotalCount; start += size {
				page := p.page(list.field, list.args, list.node, size, after)
				end := min(start+size, whole.TotalCount)
				if len(page.Edges) != end-start || page.TotalCount != whole.TotalCount {
					t.Fatalf("%s(%s) by %d from %d: %d items", list.field, list.args, size, start, len(page.Edges))
				}
				for i, edge := range page.Edges {
					if want := whole.Edges[start+i]; fmt.Sprint(edge) != fmt.Sprint(want) {
						t.Errorf("%s by %d: item %d is %v, want %v", list.field, size, start+i, edge, want)
					}
				}
				if page.PageInfo.HasNextPage != (end < whole.TotalCount) || page.PageInfo.HasPreviousPage != (start > 0) ||
					*page.PageInfo.EndCursor != page.Edges[len(page.Edges)-1].Cursor || *page.PageInfo.StartCursor != page.Edges[0].Cursor {
					t.Errorf("%s by %d from %d: %+v", list.field, size, start, page.PageInfo)
				}
				after = *page.PageInfo.EndCursor
			}
		}
	}
	empty := p.page("centers", `search: "无此中心", `, "code", 10, "")
	if empty.TotalCount != 0 || len(empty.Edges) != 0 || empty.PageInfo.EndCursor != nil {
		t.Errorf("an empty list: %+v", empty)
	}
}

func (p *platform) page(field, args, node string, first int, after string) pageReply {
	p.t.Helper()
	document := fmt.Sprintf(`query($first: Int, $after: String) { list: %s(%sfirst: $first, after: $after) {
		totalCount edges { cursor node { %s } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`, field, args, node)
	variables := map[string]any{"first": first}
	if after != "" {
		variables["after"] = after
	}
	var data struct{ List pageReply }
	p.ask(&data, document, variables)
	return data.List
}

func TestSearch(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	p.settle()
	for search, want := range map[string][]string{"乙街道": {"310101013"}, "0003": nil, "4003": {"310104003"}, "受理服务中心": theCenters, "%": nil} {
		var got []string
		page := p.page("centers", fmt.Sprintf("search: %q, ", search), "code", 100, "")
		for _, edge := range page.Edges {
			got = append(got, edge.Node["code"].(string))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s finds %v, want %v", search, got, want)
		}
	}
}

// TestAfter: a query that names a mutation's position sees what it did, at
// once, whichever root field says so; one that cannot be reached is NOT_YET.
func TestAfter(t *testing.T) {
	p := startPlatform(t)
	documents := []string{
		`query($p: Position) { head(after: $p) { position } districts { code } }`,
		`query($p: Position) { districts(after: $p) { code } head { position } }`,
		`query($p: Position) { head { position } districts { code } centers(afterPosition: $p) { totalCount } }`,
		`query($p: Position) { ...F } fragment F on Query { head { position } ... on Query { districts(after: $p) { code } } }`,
	}
	for i := range 40 {
		done := p.do("registerDistrict", map[string]any{"code": fmt.Sprintf("31%04d", i), "name": "区"})
		var data struct {
			Head      struct{ Position string }
			Districts []struct{ Code string }
		}
		got := p.post("/graphql", documents[i%len(documents)], map[string]any{"p": done.Position})
		if got.code() != "" {
			t.Fatal(got.text)
		}
		raw, err := json.Marshal(got.Data)
		must(t, err)
		must(t, json.Unmarshal(raw, &data))
		if len(data.Districts) != i+1 || data.Head.Position != done.Position || got.Extensions.Position != data.Head.Position {
			t.Fatalf("after %s: %s", done.Position, got.text)
		}
	}
	p.internal.patience = 20 * time.Millisecond
	far := strconv.FormatUint(uint64(p.end())+1, 10)
	out := p.internal.run(signedIn(t, t.Context(), organizer), call{document: `{ head(after: "` + far + `") { seq } }`})
	if len(out.errors) != 1 || out.errors[0].Extensions.Code != codeNotYet || !out.errors[0].Extensions.Retry || out.errors[0].Extensions.Position != p.end().String() {
		t.Errorf("%+v", out.errors)
	}
}

// TestAssessmentDetail: clauses with their entries and history, now and as of
// an earlier moment.
func TestAssessmentDetail(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	center, district := theCenters[0], theCenters[0][:6]
	p.do("recordScores", on(center, map[string]any{"scores": []any{score("1.1.1", "lost", 1)}}))
	p.settle()
	early := p.model.Head().Seq
	p.do("reviseScore", on(center, map[string]any{"supersedes": 1, "score": score("1.1.1", "lost", "0.25"), "why": "复核照片"}))
	last := p.do("recordScores", on(district, map[string]any{"scores": []any{score("7.3", "awarded", 1)}}))
	type entry struct {
		Version int
		Points  json.Number
		Why     *string
		By      string
	}
	type clause struct {
		Outcome *string
		Points  *json.Number
		Entry   *entry
		History []entry
	}
	var data struct {
		Assessment struct {
			Status   string
			Decided  int
			Revision int
			Sections []struct {
				Score json.Number
			}
			Lost, District, Open clause
		}
	}
	const document = `query($s: ID!, $at: Int, $p: Position) { assessment(round: "spring-2022", subject: $s, asOf: $at, after: $p) {
		status decided revision sections { score }
		lost: clause(code: "1.1.1") { ...C } district: clause(code: "7.3") { ...C } open: clause(code: "2.3") { ...C } } }
		fragment C on ClauseScore { outcome points entry { ...E } history { ...E } }
		fragment E on Entry { version points why by }`
	p.ask(&data, document, map[string]any{"s": center, "p": last.Position})
	a := data.Assessment
	if a.Status != "inWork" || a.Revision != 3 || len(a.Sections) != 7 || a.Sections[0].Score != "14.75" {
		t.Errorf("now: %+v", a)
	}
	if *a.Lost.Points != "0.25" || a.Lost.Entry.Version != 2 || len(a.Lost.History) != 2 || *a.Lost.History[1].Why != "复核照片" || a.Lost.History[0].Points != "1" {
		t.Errorf("the clause that was revised: %+v", a.Lost)
	}
	if a.District.Entry == nil || len(a.District.History) != 1 || a.District.Entry.By == a.Lost.Entry.By {
		t.Errorf("the district's clause, under another pseudonym: %+v", a.District)
	}
	if a.Open.Outcome != nil || a.Open.Points != nil || a.Open.Entry != nil || len(a.Open.History) != 0 {
		t.Errorf("a clause without a finding is null, not nothing lost: %+v", a.Open)
	}
	data.Assessment.District = clause{}
	p.ask(&data, document, map[string]any{"s": center, "at": early})
	if a := data.Assessment; *a.Lost.Points != "1" || len(a.Lost.History) != 1 || a.District.Entry != nil {
		t.Errorf("as of %d: %+v", early, a)
	}
	got := p.post("/graphql", `{ assessment(round: "spring-2022", subject: "310101002") { clause(code: "9.9.9") { code } } }`, nil)
	if got.code() != "UNKNOWN_CLAUSE" {
		t.Error(got.text)
	}
	got = p.post("/graphql", `{ assessment(round: "spring-2022", subject: "310101999") { status } }`, nil)
	if got.code() != "" || string(got.Data["assessment"]) != "null" {
		t.Errorf("no record: %s", got.text)
	}
}

// TestRankings: the city, one district, and the districts, with ties.
func TestRankings(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	lost := []int{2, 1, 1, 3} // the fifth center stays incomplete
	for _, district := range []string{"310101", "310104"} {
		p.do("recordScores", on(district, map[string]any{"scores": scoresOf(domain.District, nil)}))
	}
	for i, n := range lost {
		p.do("recordScores", on(theCenters[i], map[string]any{"scores": scoresOf(domain.Center, map[string]any{"2.3": n})}))
	}
	p.settle()
	type row struct {
		Center       struct{ Code string }
		CityRank     *int
		DistrictRank *int
	}
	var data struct {
		Ranking         struct{ Edges []struct{ Node row } }
		DistrictRanking []struct {
			District        struct{ Name string }
			Rank            *int
			Mean            *json.Number
			Centers, Ranked int
		}
	}
	p.ask(&data, `{ ranking(round: "spring-2022") { edges { node { center { code } cityRank districtRank } } }
		districtRanking(round: "spring-2022") { district { name } rank mean centers ranked } }`, nil)
	var got []string
	for _, edge := range data.Ranking.Edges {
		rank := "-"
		if edge.Node.CityRank != nil {
			rank = fmt.Sprintf("%d/%d", *edge.Node.CityRank, *edge.Node.DistrictRank)
		}
		got = append(got, edge.Node.Center.Code+" "+rank)
	}
	want := []string{"310101013 1/1", "310104003 1/1", "310101002 3/2", "310104004 4/2", "310104007 -"}
	if !slices.Equal(got, want) {
		t.Errorf("ranking %v, want %v", got, want)
	}
	d := data.DistrictRanking
	if len(d) != 2 || d[0].District.Name != "黄浦区" || *d[0].Rank != 1 || d[1].Centers != 3 || d[1].Ranked != 2 {
		t.Errorf("districts: %+v", d)
	}
}

// TestTrail: who did what is there, with the account.
func TestTrail(t *testing.T) {
	p := startPlatform(t)
	id := newID()
	p.do("registerDistrict", map[string]any{"commandId": id, "code": "310101", "name": "黄浦区"})
	p.settle()
	page := p.page("events", `stream: "registry", `, "stream revision type actor commandId", 10, "")
	want := map[string]any{"stream": "registry", "revision": 0.0, "type": "registry.DistrictRegistered", "actor": organizer, "commandId": id}
	if len(page.Edges) != 1 || fmt.Sprint(page.Edges[0].Node) != fmt.Sprint(want) {
		t.Errorf("%+v", page)
	}
}

// TestManyAtOnce reads and writes from many goroutines; run it with -race.
func TestManyAtOnce(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 10 {
				document := fmt.Sprintf(`{ a%d: head { position } ranking(round: "spring-2022") { edges { node { status center { name } } } } __schema { types { name kind } } }`, j)
				if i%4 == 0 {
					document = fmt.Sprintf(`mutation { registerDistrict(input: {commandId: "%s", code: "%06d", name: "区"}) { position } }`, newID(), i*100+j)
				}
				if out := p.internal.run(signedIn(t, t.Context(), organizer), call{document: document}); len(out.errors) > 0 {
					t.Errorf("%s: %v", document, out.errors[0])
				}
			}
		})
	}
	group.Wait()
}
