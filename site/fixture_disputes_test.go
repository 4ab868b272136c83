package site

import (
	"encoding/json"
	"time"

	"mingjian/domain"
)

// disputes are what small's centers and a district's office appealed against,
// in every state that an appeal can be in.
var disputes = map[string][]object{
	"310101002": {
		disputed("1.1.1", "fact", "open", object{"decideBy": "2022-11-04", "expired": true, "pending": true}),
		disputed("", "evidence", "decided", object{
			"escalated": true, "deduction": 1, "item": "8.1", "lost": json.Number("5.00"), "status": "open", "pending": true, "decideBy": "2022-12-01",
			"decisions": []object{decided(1, "dismissed", json.Number("0.00"), "媒体报道属实，扣分有据。"+hostile)},
		}),
	},
	"310101013": {
		disputed("3.1.1", "procedure", "decided", object{
			"decisions": []object{decided(1, "partlyUpheld", json.Number("0.25"), "查看时间不足，所见部分成立。"), decided(2, "dismissed", json.Number("0.25"), "维持原决定。")}, "escalated": true, "corrected": true,
		}),
		disputed("3.2.1", "interpretation", "withdrawn", nil),
	},
	"310115004": {disputed("2.1.1", "fact", "decided", object{
		"decisions": []object{decided(1, "dismissed", json.Number("0.00"), "证据充分。"), decided(2, "upheld", json.Number("0.75"), "复核组认为标准适用有误。")}, "escalated": true, "pending": true,
	})},
	"310101": {disputed("7.3", "evidence", "open", object{"decideBy": "2022-11-28", "pending": true})},
}

func disputed(clause, ground, status string, more object) object {
	a := object{
		"clause": nullText(clause), "deduction": nil, "item": nil, "lost": json.Number("0.50"), "ground": ground, "filedOn": "2022-10-14", "status": status,
		"decideBy": nil, "expired": false, "escalated": false, "pending": false, "decisions": []object{},
	}
	for name, value := range more {
		a[name] = value
	}
	return a
}

func decided(panel int, outcome string, restored json.Number, reasons string) object {
	return object{"panel": panel, "outcome": outcome, "restored": restored, "reasons": reasons, "decidedOn": "2022-10-2" + string(rune('0'+panel))}
}

func nullText(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// appeals lists a subject's, with their ids.
func (f *fixture) appeals(subject string) []object {
	out := []object{}
	if !f.disputed {
		return out
	}
	for _, a := range disputes[subject] {
		a["id"] = appealID(subject, a)
		out = append(out, a)
	}
	return out
}

func appealID(subject string, a object) string {
	on := "deduction1"
	if clause, ok := a["clause"].(string); ok {
		on = clause
	}
	return "2022-" + subject + "-" + on + "-1"
}

// dispute says of a finding or a deduction what appeals did to it.
func (f *fixture) dispute(subject, clause string, deduction int, row object) {
	row["pending"], row["appeal"], row["corrected"] = false, nil, false
	if !f.disputed {
		return
	}
	for _, a := range disputes[subject] {
		if on, _ := a["clause"].(string); on == clause && (clause != "" || a["deduction"] == deduction) {
			row["pending"], row["appeal"], row["corrected"] = a["pending"], appealID(subject, a), a["corrected"] == true
		}
	}
}

func (f *fixture) reply(center string) any {
	switch {
	case !f.disputed:
		return nil
	case center == "310101002":
		return object{
			"number": 2, "text": "门牌已于 10 月更换。\n" + hostile + "\n〔此处隐去〕", "filedOn": "2022-10-25",
			"redacted": true, "reason": "涉及来访人姓名", "redactedOn": "2022-10-26",
		}
	case center == "310115004":
		return object{"number": 1, "text": nil, "filedOn": "2022-10-25", "redacted": true, "reason": "全文为对个人的指责", "redactedOn": "2022-10-27"}
	case center == "310115005":
		return object{"number": 1, "text": "感谢评估，问题已整改。", "filedOn": "2022-10-25", "redacted": false, "reason": nil, "redactedOn": nil}
	}
	return nil
}

func tallied(filed, open, withdrawn, upheld, partly, dismissed int) object {
	n := upheld + partly + dismissed
	days := object{"count": n, "sum": 9 * n, "min": nil, "max": nil, "mean": nil, "median": nil}
	if n > 0 {
		days["min"], days["max"], days["mean"], days["median"] = 6, 12, json.Number("9.00"), json.Number("8.50")
	}
	return object{
		"filed": filed, "open": open, "decided": n, "withdrawn": withdrawn, "upheld": upheld, "partlyUpheld": partly, "dismissed": dismissed,
		"escalated": upheld, "expired": dismissed, "lost": domain.Points(50 * filed), "restored": domain.Points(50*upheld + 25*partly), "days": days,
	}
}

func (f *fixture) statistics() object {
	if !f.disputed {
		return object{"total": tallied(0, 0, 0, 0, 0, 0), "byClause": []object{}, "byDistrict": []object{}, "byGround": []object{}}
	}
	of := func(code string, t object) object { return object{"code": code, "tally": t} }
	return object{
		"total": tallied(6, 3, 1, 1, 1, 0),
		"byClause": []object{
			of("1.1.1", tallied(1, 1, 0, 0, 0, 0)), of("2.1.1", tallied(1, 0, 0, 1, 0, 0)), of("3.1.1", tallied(1, 0, 0, 0, 1, 0)),
			of("3.2.1", tallied(1, 0, 1, 0, 0, 0)), of("7.3", tallied(1, 1, 0, 0, 0, 0)), of("8.1", tallied(1, 1, 0, 0, 0, 0)),
		},
		"byDistrict": []object{of("310101", tallied(5, 3, 1, 0, 1, 0)), of("310115", tallied(1, 0, 0, 1, 0, 0))},
		"byGround":   []object{of("fact", tallied(2, 1, 0, 1, 0, 0)), of("evidence", tallied(2, 2, 0, 0, 0, 0))},
	}
}

func (f *fixture) reason() string {
	if f.release == 1 {
		return ""
	}
	return "执行申诉决定。" + hostile
}

// changes is what a second release changed: two totals, one of them also by the
// district's record, a rank that followed, and one center that is new.
func (f *fixture) changes() object {
	nodes, districts := []object{}, []object{}
	if f.release > 1 && f.disputed {
		at := time.Date(2022, 10, 24, 17, 30, 0, 0, time.UTC)
		effect := func(seq int, more object) object {
			e := object{"seq": seq, "recordedAt": at, "clause": nil, "deduction": nil, "honor": nil, "appeal": nil}
			for name, value := range more {
				e[name] = value
			}
			return e
		}
		then := func(total json.Number, city, district int) object {
			return object{"total": total, "cityRank": city, "districtRank": district}
		}
		node := func(code string, before, after, difference any, effects ...object) object {
			c := f.centers[code]
			return object{
				"code": code, "name": c.Name, "district": object{"code": c.District, "name": f.districtName(c.District)},
				"before": before, "after": after, "difference": difference, "effects": append([]object{}, effects...),
			}
		}
		nodes = []object{
			node("310101013", then(json.Number("93.50"), 1, 1), then(json.Number("93.25"), 2, 1), json.Number("-0.25"),
				effect(301, object{
					"type": "assessment.ScoreCorrected", "subject": "310101013", "clause": "3.1.1",
					"appeal": "2022-310101013-3.1.1-1", "points": json.Number("0.25"), "total": json.Number("93.75"),
				}),
				effect(305, object{"type": "assessment.ScoreRevised", "subject": "310101", "clause": "7.3", "points": json.Number("-0.50"), "total": json.Number("93.25")})),
			node("310115005", then(json.Number("93.50"), 1, 1), then(json.Number("93.50"), 1, 1), json.Number("0.00")),
			node("310115004", then(json.Number("92.00"), 3, 2), then(json.Number("92.00"), 4, 2), json.Number("0.00")),
			node("310101002", nil, then(json.Number("82.50"), 4, 2), nil),
			node("310101015", then(json.Number("81.25"), 5, 3), nil, nil),
		}
		districts = []object{{
			"code": "310101", "name": "黄浦区", "before": object{"rank": 2, "mean": json.Number("87.50"), "ranked": 3}, "after": object{"rank": 2, "mean": json.Number("87.88"), "ranked": 2},
		}}
	}
	edges := make([]object, len(nodes))
	for i := range nodes {
		edges[i] = object{"node": nodes[i]}
	}
	return object{
		"changes":         object{"totalCount": len(nodes), "edges": edges, "pageInfo": object{"hasNextPage": false, "endCursor": nil}},
		"districtChanges": districts,
	}
}
