package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"mingjian/domain"
)

// change is an event of a difference as the API tells it.
type change struct {
	Type, Clause, Appeal, Text, TextEn string
	Deduction                          int
	Effect, Total                      domain.Points
}

// TestDifferences: what a dispute changed, of a record, of the ranking and
// between its releases, worked out by hand.
func TestDifferences(t *testing.T) {
	p := startPlatform(t)
	moments := p.dispute()
	from, to := moments["released"].seq, moments["released again"].seq
	center := theCenters[0]
	var record struct {
		AssessmentDiff struct {
			TotalBefore, TotalAfter, Difference domain.Points
			Text, TextEn                        string
			Changes                             struct {
				TotalCount int
				Edges      []struct{ Node change }
			}
		}
	}
	ask := func(account string, from int64, subject string) string {
		return fmt.Sprintf(`{ assessmentDiff(round: %q, subject: %q, from: %d, to: %d) { totalBefore totalAfter difference text textEn
			changes { totalCount edges { node { type clause deduction appeal effect total text textEn } } } } }`, theRound, subject, from, to)
	}
	for _, account := range []string{organizer, "center-" + center, "district-310101", assessor} {
		must(t, json.Unmarshal([]byte(p.told(account, ask(account, from, center))), &record))
		d := record.AssessmentDiff
		if d.Difference != 60 || d.TotalAfter-d.TotalBefore != 60 || d.Changes.TotalCount != 1 {
			t.Fatalf("%s: %+v", account, d)
		}
		c := d.Changes.Edges[0].Node
		if c.Type != "assessment.ScoreCorrected" || c.Clause != "2.3" || c.Appeal != decidedAppeal || c.Effect != 60 || c.Total != d.TotalAfter {
			t.Errorf("%s: %+v", account, c)
		}
		if want := fmt.Sprintf("依申诉决定更正条款2.3的评估记录，总分+0.60，变为%s分。", d.TotalAfter); c.Text != want {
			t.Errorf("in words: %s, want %s", c.Text, want)
		}
		if want := fmt.Sprintf("总分由%s分变为%s分（+0.60）。", d.TotalBefore, d.TotalAfter); d.Text != want {
			t.Errorf("in words: %s, want %s", d.Text, want)
		}
		if !strings.Contains(c.TextEn, "the finding on 2.3 was corrected by an appeal's decision; the total moves by +0.60") || !strings.HasPrefix(d.TextEn, "The total moves from") {
			t.Errorf("in English: %s %s", c.TextEn, d.TextEn)
		}
	}
	// Before its notice a center has seen nothing that it could compare.
	if got := p.postAs("center-"+center, "/graphql", ask("", moments["approved"].seq, center), nil); got.code() != "FORBIDDEN" {
		t.Errorf("from before the notice: %s", got.text)
	}
	if got := p.postAs("center-"+center, "/graphql", ask("", from, theCenters[1]), nil); got.code() != "FORBIDDEN" {
		t.Errorf("another center's: %s", got.text)
	}

	const move = `center { code } totalBefore totalAfter rankBefore rankAfter text textEn changes { type clause appeal effect total text }`
	type moved struct {
		Center                  struct{ Code string }
		TotalBefore, TotalAfter domain.Points
		RankBefore, RankAfter   int
		Text, TextEn            string
		Changes                 []change
	}
	type centers struct {
		TotalCount int
		Edges      []struct{ Node moved }
		PageInfo   struct{ HasNextPage bool }
	}
	var ranking struct {
		RankingDiff struct {
			Centers   centers
			Districts []struct {
				District struct{ Code string }
				Text     string
			}
		}
		Round struct {
			Releases []struct {
				Number  int
				Kind    string
				Changes centers
			}
		}
	}
	must(t, json.Unmarshal([]byte(p.told(organizer, fmt.Sprintf(`{ rankingDiff(round: %q, from: %d, to: %d) { centers { totalCount edges { node { %s } } } districts { district { code } text } }
		round(id: %q) { releases { number kind changes(first: 5) { totalCount edges { node { %s } } pageInfo { hasNextPage } } } } }`, theRound, from, to, move, theRound, move))), &ranking))
	releases := ranking.Round.Releases
	if len(releases) != 2 || releases[0].Changes.TotalCount != 0 || releases[0].Kind != "final" || releases[1].Kind != "correction" {
		t.Fatalf("releases %+v", releases)
	}
	for name, got := range map[string]centers{"the ranking": ranking.RankingDiff.Centers, "release 2": releases[1].Changes} {
		if got.TotalCount != 1 || got.PageInfo.HasNextPage {
			t.Fatalf("%s: %+v", name, got)
		}
		m := got.Edges[0].Node
		if m.Center.Code != center || m.TotalAfter-m.TotalBefore != 60 || len(m.Changes) != 1 || m.Changes[0].Effect != 60 || m.Changes[0].Appeal != decidedAppeal {
			t.Errorf("%s: %+v", name, m)
		}
		if m.RankBefore != 1 || m.RankAfter != 1 || !strings.Contains(m.Text, fmt.Sprintf("：仍为第1名，总分由%s分变为%s分（+0.60）。", m.TotalBefore, m.TotalAfter)) || !strings.Contains(m.TextEn, "still rank 1.") {
			t.Errorf("%s, in words: %s %s", name, m.Text, m.TextEn)
		}
	}
	if d := ranking.RankingDiff.Districts; len(d) != 1 || d[0].District.Code != "310101" || !strings.Contains(d[0].Text, "黄浦区：由第1名（平均") {
		t.Errorf("districts %+v", d)
	}
	for document, code := range map[string]string{
		`{ rankingDiff(round: "spring-2022", from: 9, to: 3) { to } }`:                                                   "INVALID_INPUT",
		`{ rankingDiff(round: "spring-2022", from: 1, to: 99999) { to } }`:                                               codeNotYet,
		`{ rankingDiff(round: "spring-2022", from: -1) { to } }`:                                                         "INVALID_INPUT",
		`{ rankingDiff(round: "spring-2022", from: 1) { centers(after: "x") { totalCount } } }`:                          "BAD_CURSOR",
		`{ assessmentDiff(round: "spring-2022", subject: "310101002", from: 9, to: 3) { difference } }`:                  "NOT_FOUND INVALID_INPUT",
		`{ assessmentDiff(round: "spring-2022", subject: "310101002", from: 1) { changes(first: 101) { totalCount } } }`: "INVALID_INPUT",
	} {
		if got := p.post("/graphql", document, nil); got.code() != "" && !strings.Contains(code, got.code()) || got.code() == "" && !got.null("assessmentDiff") {
			t.Errorf("%s: %s, want %s", document, got.text, code)
		}
	}
	if got := p.told(organizer, `{ rankingDiff(round: "none", from: 0) { to } assessmentDiff(round: "none", subject: "310101002", from: 0) { to } }`); got != `{"assessmentDiff":null,"rankingDiff":null}` {
		t.Errorf("of no round: %s", got)
	}
}

// TestEveryChangeInWords: each event that changes a record has its words, in both
// languages, with what it was about.
func TestEveryChangeInWords(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	center := theCenters[0]
	claim := map[string]any{"title": "文明单位", "level": "national", "issuer": "中央文明委", "awardedOn": "2021-06-01", "document": strings.Repeat("ab", 32)}
	p.do("claimHonor", on(center, claim))
	p.do("acceptHonor", on(center, map[string]any{"actor": "reviewer-2", "number": 1, "points": 1}))
	p.do("imposeDeduction", on(center, map[string]any{"item": "8.1", "reason": "媒体曝光", "source": "市级媒体", "occurredOn": "2022-05-05"}))
	p.do("liftDeduction", on(center, map[string]any{"number": 1, "reason": "查无实据"}))
	p.finish(center, domain.Center, map[string]any{"2.3": 1})
	p.settle()
	got := p.told(organizer, fmt.Sprintf(`{ assessmentDiff(round: %q, subject: %q, from: 0) { changes { edges { node { type text textEn effect } } } } }`, theRound, center))
	for _, part := range []string{"申报第1项荣誉，总分不变", "认定第1项荣誉，总分+1.00，变为", "施加第1项扣分，总分−", "撤销第1项扣分，总分+", "录入条款2.3的评估记录，总分−1.00", "提交复核，总分不变", "复核通过，总分不变", "honor 1 was claimed; the total stays"} {
		if !strings.Contains(got, part) {
			t.Errorf("no %q in %.3000s", part, got)
		}
	}
	if strings.Contains(got, "%!") || strings.Contains(got, `"text":"assessment.`) {
		t.Errorf("words are missing: %s", got)
	}
}

// TestWhatResultsShow: notices, replies, what is pending and what was corrected,
// on the record, and what a round counts by.
func TestWhatResultsShow(t *testing.T) {
	p := startPlatform(t)
	moments := p.dispute()
	record := func(account, subject, at string) string {
		return p.told(account, fmt.Sprintf(`{ assessment(round: %q, subject: %q%s) { notices { number appealBy days } replies { number text original redacted { text reason } }
			deductions { item standing pending appeal corrected { item } } honors { with } clause(code: "2.3") { entry { version points pending corrected appeal } } } }`, theRound, subject, at))
	}
	const original = `"original":"感谢，联系人王某 13800000000。"`
	for account, known := range map[string]bool{organizer: true, "auditor": true, "center-" + theCenters[0]: true, "district-310101": false, reviewer: false, assessor: false} {
		got := record(account, theCenters[0], "")
		for _, part := range []string{`"notices":[{"appealBy":"2022-10-17","days":5,"number":1}]`, `"text":"感谢。"`, `"redacted":{"reason":"涉及个人信息","text":"感谢。"}`, `"version":2`, `"points":0.4`, `"corrected":true`, `"pending":false`} {
			if !strings.Contains(got, part) {
				t.Errorf("%s does not see %s in %s", account, part, got)
			}
		}
		if strings.Contains(got, original) != known || strings.Contains(got, "1380") != known {
			t.Errorf("%s sees the reply as it was filed: %s, want %t", account, got, known)
		}
		if named, may := strings.Contains(got, `"appeal":"`+decidedAppeal), account != reviewer && account != "district-310101"; named != may {
			t.Errorf("%s sees which appeal it was: %t, want %t", account, named, may)
		}
	}
	if got := record(organizer, theCenters[1], ""); !strings.Contains(got, `"deductions":[{"appeal":"`+heardAppeal+`","corrected":null,"item":"8.1","pending":true,"standing":"8.1"}]`) {
		t.Errorf("under appeal: %s", got)
	}
	if got := record(organizer, theCenters[0], fmt.Sprintf(", asOf: %d", moments["filed"].seq)); !strings.Contains(got, `"pending":true`) || !strings.Contains(got, `"version":1`) {
		t.Errorf("when it was filed: %s", got)
	}

	p.do("deliberate", map[string]any{"round": theRound, "minutes": "再次会商"})
	p.settle()
	const round = `{ round(id: "spring-2022") { calendar calendarHash appealDays decisionDays notice deliberated { minutes logSize } } }`
	for account, known := range map[string]bool{organizer: true, reviewer: true, "auditor": true, "center-" + theCenters[0]: false, assessor: false} {
		got := p.told(account, round)
		if !strings.Contains(got, `"calendar":"cn"`) || !strings.Contains(got, `"appealDays":5`) || !strings.Contains(got, `"decisionDays":10`) || !strings.Contains(got, `"notice":false`) {
			t.Errorf("%s: %s", account, got)
		}
		if strings.Contains(got, "再次会商") != known || strings.Contains(got, `"deliberated":null`) == known {
			t.Errorf("%s sees what is not published yet: %s, want %t", account, got, known)
		}
	}

	for name, document := range map[string]string{
		"a page of appeals": `{ appeals(round: "spring-2022", first: 100) { edges { node { id statement members { account } votes { reason } statements { statement } decisions { reasons } steps { event } } } } }`,
		"a release":         `{ round(id: "spring-2022") { releases { changes(first: 20) { edges { node { center { name } text changes { text } } } } } } }`,
	} {
		if got := p.post("/graphql", document, nil); got.code() != "" {
			t.Errorf("%s: %.300s", name, got.text)
		}
	}
	heavy := `{ rounds { releases { changes { edges { node { center { code name area district { name } } changes { seq type at subject clause effect total text textEn } } } } } } }`
	if got := p.post("/graphql", heavy, nil); got.code() != codeTooComplex {
		t.Errorf("all changes of all releases of all rounds: %.300s", got.text)
	}
}
