package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"mingjian/domain"
)

// TestMoments: what was shown at a moment is shown again when it is asked for, by
// number, position or time, byte for byte, whatever has been recorded since.
func TestMoments(t *testing.T) {
	p := startPlatform(t)
	questions := map[string]string{
		"ranking":         `{ ranking(round: "spring-2022"AT) { totalCount edges { cursor node { center { code } status total gross deduction cityRank districtRank decided } } } }`,
		"districtRanking": `{ districtRanking(round: "spring-2022"AT) { district { code } rank mean median min max centers ranked } }`,
		"standing":        `{ standing(round: "spring-2022", center: "310101002"AT) { total cityRank complete } }`,
		"assessment":      `{ assessment(round: "spring-2022", subject: "310101013"AT) { status revision total deductions { item lifted pending standing } notices { number appealBy } replies { text } clauses { code points entry { version pending corrected } } } }`,
		"appeals":         `{ appeals(round: "spring-2022"AT) { totalCount edges { node { id status panel restored votes { restored } members { account } } } } }`,
		"statistics":      `{ appealStatistics(round: "spring-2022"AT) { total { filed open decided withdrawn restored } } }`,
		"events":          `{ events(first: 3AT) { totalCount edges { node { seq type } } } }`,
	}
	type view struct {
		moment
		shown map[string]string
	}
	var views []view
	look := func() {
		t.Helper()
		// A settled district counts the same for the record of a center, then as now.
		v := view{moment{0, "", p.now()}, make(map[string]string)}
		p.told("organizer-1", `{ events(first: 1) { totalCount } }`) // is put on record the first time
		p.settle()
		head := p.model.Head()
		v.seq, v.position = head.Seq, head.Position.String()
		for name, question := range questions {
			v.shown[name] = p.told(organizer, strings.Replace(question, "AT", "", 1))
		}
		if p.model.Head() != head {
			t.Fatalf("the log moved while it was looked at")
		}
		views = append(views, v)
	}
	p.openAll()
	p.finish("310101", domain.District, nil)
	p.finish("310104", domain.District, nil)
	p.finish(theCenters[0], domain.Center, map[string]any{"2.3": 1})
	p.do("imposeDeduction", on(theCenters[1], map[string]any{"item": "8.1", "reason": "媒体曝光", "source": "市级媒体", "occurredOn": "2022-05-05"}))
	p.finish(theCenters[1], domain.Center, map[string]any{"2.2": "0.5"})
	look()
	p.notify(theCenters[0], theCenters[1])
	look()
	p.do("fileAppeal", on(theCenters[1], map[string]any{"deduction": 1, "ground": "fact", "statement": "报道不实"}))
	look()
	p.do("namePanel", map[string]any{"appeal": heardAppeal, "accounts": []any{"reviewer-3", "reviewer-4", "reviewer-5"}})
	for _, member := range []string{"reviewer-3", "reviewer-4", "reviewer-5"} {
		p.do("castVote", map[string]any{"actor": member, "appeal": heardAppeal, "restored": "5", "reason": "报道已更正"})
	}
	look()
	p.do("decideAppeal", map[string]any{"actor": "reviewer-3", "appeal": heardAppeal, "reasons": "报道已更正"})
	p.correct(heardAppeal)
	look()
	p.finish(theCenters[2], domain.Center, map[string]any{"2.3": 2})
	p.do("fileReply", on(theCenters[1], map[string]any{"text": "感谢。"}))
	look()

	compared := 0
	for i, v := range views {
		for name, want := range v.shown {
			at := map[string]string{"seq": fmt.Sprintf(", asOf: %d", v.seq), "position": fmt.Sprintf(", asOfPosition: %q", v.position)}
			if i == len(views)-1 || views[i+1].at.After(v.at) {
				at["time"] = fmt.Sprintf(", asOfTime: %q", v.at.Format(time.RFC3339Nano))
			}
			for by, args := range at {
				if by == "time" && name == "events" {
					continue // looks are put on record by another clock
				}
				got := p.told(organizer, strings.Replace(questions[name], "AT", args, 1))
				if got != want {
					t.Errorf("view %d, %s by %s:\n%.600s\nit was\n%.600s", i, name, by, got, want)
				}
				compared++
			}
		}
	}
	if want := len(views) * (len(questions)*3 - 1); compared != want {
		t.Errorf("compared %d, want %d", compared, want)
	}
	for name, question := range questions {
		for args, codes := range map[string]string{
			", asOf: 1, asOfPosition: \"1\"": "INVALID_INPUT", `, asOfPosition: "x"`: "INVALID_INPUT BAD_VARIABLES GRAPHQL_VALIDATION_FAILED",
			`, asOfPosition: "99999999999"`: codeNotYet, `, asOfTime: "yesterday"`: "INVALID_INPUT BAD_VARIABLES GRAPHQL_VALIDATION_FAILED",
		} {
			got := p.post("/graphql", strings.Replace(question, "AT", args, 1), nil)
			if got.code() == "" || !strings.Contains(codes, got.code()) {
				t.Errorf("%s%s: %.300s, want %s", name, args, got.text, codes)
			}
		}
	}
}

// TestObservedBy shows a record by what had been seen at a time, whenever it was
// recorded.
func TestObservedBy(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	center := theCenters[0]
	seen := func(clause string, points any, at string) map[string]any {
		s := score(clause, "lost", points)
		s["observedAt"] = at
		return s
	}
	p.do("recordScores", on(center, map[string]any{"scores": []any{seen("2.2", 1, "2022-06-01T09:00:00+08:00"), seen("2.3", 1, "2022-06-01T09:00:00+08:00")}}))
	// Seen earlier, recorded later; and seen later.
	p.do("reviseScore", on(center, map[string]any{"supersedes": 1, "why": "补录", "score": seen("2.2", "0.5", "2022-05-01T09:00:00+08:00")}))
	p.do("reviseScore", on(center, map[string]any{"supersedes": 1, "why": "复查", "score": seen("2.3", 2, "2022-07-01T09:00:00+08:00")}))
	p.settle()
	for by, want := range map[string]string{
		"2022-04-01T00:00:00+08:00": `0 -`, "2022-05-15T00:00:00+08:00": `2 -`, "2022-06-15T00:00:00+08:00": `2 1`, "2022-07-15T00:00:00+08:00": `2 2`,
	} {
		var data struct {
			Assessment struct {
				A, B struct {
					Entry   *struct{ Version int }
					History []struct {
						Version  int
						Replaced *int
					}
				}
			}
		}
		must(t, json.Unmarshal([]byte(p.told(organizer, fmt.Sprintf(`{ assessment(round: %q, subject: %q, observedBy: %q) {
			a: clause(code: "2.2") { entry { version } history { version replaced } } b: clause(code: "2.3") { entry { version } history { version replaced } } } }`, theRound, center, by))), &data))
		var first, second int
		if e := data.Assessment.A.Entry; e != nil {
			first = e.Version
		}
		got := fmt.Sprintf("%d -", first)
		if e := data.Assessment.B.Entry; e != nil {
			second = e.Version
			got = fmt.Sprintf("%d %d", first, second)
			if h := data.Assessment.B.History; len(h) != second || h[second-1].Replaced != nil {
				t.Errorf("seen by %s: history %+v of version %d", by, h, second)
			}
		}
		if got != want {
			t.Errorf("seen by %s: versions %s, want %s", by, got, want)
		}
	}
}
