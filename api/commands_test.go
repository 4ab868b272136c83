package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"mingjian/domain"
)

// TestMutations sends every command once with what it needs, then again with
// the same command id: the second time nothing is recorded and the receipt is
// the first one's.
func TestMutations(t *testing.T) {
	p := startPlatform(t)
	center, district := "310101002", "310101"
	claim := map[string]any{
		"title": "全国文明单位", "level": "national", "issuer": "中央文明委", "awardedOn": "2021-06-01",
		"document": strings.Repeat("ab", 32),
	}
	second := maps.Clone(claim)
	second["title"] = "上海市文明单位"
	third := maps.Clone(claim)
	third["title"] = "五一劳动奖状"
	deduction := map[string]any{"item": "8.1", "reason": "媒体曝光", "source": "市级媒体", "occurredOn": "2022-05-05"}
	steps := []struct {
		name  string
		input map[string]any
	}{
		{"registerDistrict", map[string]any{"code": district, "name": "黄浦区"}},
		{"registerCenter", map[string]any{"code": center, "district": district, "area": "外滩街道"}},
		{"openRound", openRoundInput},
		{"openAssessment", on(center, nil)},
		{"openAssessment", on(district, nil)},
		{"assignAssessor", on(center, map[string]any{"account": assessor, "lead": true})},
		{"assignAssessor", on(district, map[string]any{"account": assessor, "lead": true})},
		{"assignAssessor", on(center, map[string]any{"account": "assessor-2"})},
		{"recuseMyself", on(center, map[string]any{"actor": "assessor-2", "reason": "亲属在该中心任职"})},
		{"recuseAssessor", on(center, map[string]any{"account": "assessor-3", "reason": "应中心请求", "onRequest": true})},
		{"recordObservation", on(center, map[string]any{"clause": "5.1.2", "text": "建议保存不少于6个月", "method": "documents", "observedAt": "2022-06-01T09:30:00+08:00"})},
		{"recordScores", on(center, map[string]any{"scores": scoresOf(domain.Center, map[string]any{"1.1.1": json.Number("0.5")})})},
		{"recordScores", on(district, map[string]any{"scores": scoresOf(domain.District, nil)})},
		{"reviseScore", on(center, map[string]any{"supersedes": 1, "score": score("1.1.1", "lost", "1.25"), "why": "复看照片"})},
		{"imposeDeduction", on(center, deduction)},
		{"liftDeduction", on(center, map[string]any{"number": 1, "reason": "查无实据"})},
		{"claimHonor", on(center, claim)},
		{"acceptHonor", on(center, map[string]any{"actor": "reviewer-2", "number": 1, "points": 0.75})},
		{"claimHonor", on(center, second)},
		{"rejectHonor", on(center, map[string]any{"actor": "reviewer-2", "number": 2, "reason": "非集体荣誉"})},
		{"claimHonor", on(center, third)},
		{"withdrawHonor", on(center, map[string]any{"number": 3, "reason": "材料有误"})},
		{"submitAssessment", on(center, nil)},
		{"returnAssessment", on(center, map[string]any{"clauses": []any{map[string]any{"clause": "1.2.1", "reason": "缺少照片"}}})},
		{"submitAssessment", on(center, nil)},
		{"approveAssessment", on(center, map[string]any{"actor": reviewer})},
		{"notifyResult", on(center, nil)},
		{"fileReply", on(center, map[string]any{"text": "感谢指正，已经整改。"})},
		{"redactReply", on(center, map[string]any{"number": 1, "text": "感谢指正。", "reason": "涉及个人信息"})},
		{"fileAppeal", on(center, map[string]any{"clause": "1.1.1", "ground": "fact", "statement": "当日已整改", "evidence": []any{strings.Repeat("cd", 32)}})},
		{"addToAppeal", onAppealOf(center, map[string]any{"statement": "补充照片"})},
		{"answerAppeal", onAppealOf(center, map[string]any{"actor": assessor, "statement": "当日所见如实"})},
		{"extendAppeal", onAppealOf(center, map[string]any{"days": 5, "reason": "核查需要"})},
		{"namePanel", onAppealOf(center, map[string]any{"accounts": []any{"reviewer-3", "reviewer-4", "reviewer-5"}})},
		{"recuseReviewer", onAppealOf(center, map[string]any{"account": "reviewer-3", "reason": "应中心请求", "onRequest": true})},
		{"namePanel", onAppealOf(center, map[string]any{"accounts": []any{"reviewer-4", "reviewer-5", "reviewer-6"}})},
		{"recuseFromPanel", onAppealOf(center, map[string]any{"actor": "reviewer-6", "reason": "亲属在该中心任职"})},
		{"namePanel", onAppealOf(center, map[string]any{"accounts": []any{"reviewer-4", "reviewer-5", "reviewer-7"}})},
		{"castVote", onAppealOf(center, map[string]any{"actor": "reviewer-4", "restored": "0", "reason": "照片日期不明"})},
		{"castVote", onAppealOf(center, map[string]any{"actor": "reviewer-5", "restored": "0", "reason": "证据不足"})},
		{"castVote", onAppealOf(center, map[string]any{"actor": "reviewer-7", "restored": "1.25", "reason": "照片可信"})},
		{"decideAppeal", onAppealOf(center, map[string]any{"actor": "reviewer-5", "reasons": "证据不足以证明当日已整改"})},
		{"escalateAppeal", onAppealOf(center, map[string]any{"statement": "另有监控录像"})},
		{"withdrawAppeal", onAppealOf(center, map[string]any{"reason": "不再申诉"})},
		{"pinCalendar", map[string]any{"round": theRound, "calendar": "other", "reason": "国务院办公厅调整放假安排"}},
		{"deliberate", map[string]any{"round": theRound, "minutes": "一致同意"}},
		{"publish", map[string]any{"round": theRound, "reason": ""}},
		{"closeRound", map[string]any{"round": theRound, "reason": "评估结束"}},
	}
	all := map[string]bool{}
	for name := range p.internal.schema.MutationType().Fields() {
		all[name] = true
	}
	delete(all, "rebuildReadModel") // no command: TestRebuildReadModel
	delete(all, "notifyResults")    // many receipts: TestNotifyResults
	var sent []map[string]any
	for _, step := range steps {
		delete(all, step.name)
		input := maps.Clone(step.input)
		input["commandId"] = newID()
		sent = append(sent, input)
		before := p.end()
		first := p.do(step.name, input)
		if first.Repeated || p.end() == before || first.Position != p.end().String() {
			t.Fatalf("%s: %+v, log from %s to %s", step.name, first, before, p.end())
		}
		again := p.do(step.name, input)
		if !again.Repeated || again.Revision != first.Revision || again.Stream != first.Stream || p.end().String() != first.Position {
			t.Fatalf("%s again: %+v, first %+v", step.name, again, first)
		}
	}
	if len(all) > 0 {
		t.Errorf("not tried: %v", all)
	}
	// The round is closed now: what is on record keeps its receipt all the same.
	for i, input := range sent {
		if again := p.do(steps[i].name, input); !again.Repeated {
			t.Errorf("%s after the round was closed: %+v", steps[i].name, again)
		}
	}
}

// onAppealOf adds the first appeal against a center's entry on 1.1.1 to an input,
// and who appeals.
func onAppealOf(center string, more map[string]any) map[string]any {
	out := map[string]any{"appeal": theRound + "-" + center + "-1.1.1-1"}
	maps.Copy(out, more)
	return out
}

// TestRebuildReadModel rebuilds while the API serves: it records nothing and
// gives the same read model.
func TestRebuildReadModel(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	end := p.end()
	var data struct {
		RebuildReadModel struct {
			Identical     bool
			Before, After string
			Events        int
			Position      string
		}
	}
	p.ask(&data, `mutation { rebuildReadModel { identical before after events position } }`, nil)
	if r := data.RebuildReadModel; !r.Identical || r.Before != r.After || r.Events == 0 || r.Position != end.String() || p.end() != end {
		t.Errorf("rebuilt %+v, log at %s, then %s", r, end, p.end())
	}
}

// TestWrongInput holds every wrong input to its code; nothing is recorded.
func TestWrongInput(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	center := theCenters[0]
	p.do("recordScores", on(center, map[string]any{"scores": []any{score("1.1.1", "met", nil)}}))
	closed := maps.Clone(openRoundInput)
	closed["round"] = "closed"
	p.do("assignAssessor", on(theCenters[1], map[string]any{"account": "assessor-2"}))
	p.do("openRound", closed)
	p.do("closeRound", map[string]any{"round": "closed", "reason": "误开"})

	record := func(s map[string]any) map[string]any { return on(center, map[string]any{"scores": []any{s}}) }
	with := func(base map[string]any, more map[string]any) map[string]any {
		out := maps.Clone(base)
		maps.Copy(out, more)
		return out
	}
	fine := record(score("1.1.2", "met", nil))
	tests := []struct {
		name, mutation string
		input          map[string]any
		code, says     string
	}{
		{"unknown clause", "recordScores", record(score("9.9.9", "met", nil)), "UNKNOWN_CLAUSE", "9.9.9"},
		{"3.5 of 3 points", "recordScores", record(score("1.1.2", "lost", json.Number("3.5"))), "OVER_INDICATOR", "lose 3.50 of 3.00 on 1.1"},
		{"three decimals", "recordScores", record(score("1.1.2", "lost", json.Number("3.505"))), "INVALID_POINTS", "input.scores[0].points: \"3.505\""},
		{"three decimals as text", "recordScores", record(score("1.1.2", "lost", "3.505")), "INVALID_POINTS", "3.505"},
		{"an exponent", "recordScores", record(score("1.1.2", "lost", json.Number("1e0"))), "INVALID_POINTS", "1e0"},
		{"unknown center", "recordScores", with(fine, map[string]any{"subject": "310101999"}), "UNKNOWN_SUBJECT", "310101999"},
		{"unknown round", "recordScores", with(fine, map[string]any{"round": "nowhere"}), "UNKNOWN_ROUND", "nowhere"},
		{"closed round", "recordScores", with(fine, map[string]any{"round": "closed"}), "ROUND_CLOSED", "closed"},
		{"stale revision", "recordScores", with(fine, map[string]any{"expectedRevision": 0}), "STALE_REVISION", "revision 2, expected 0"},
		{"negative revision", "recordScores", with(fine, map[string]any{"expectedRevision": -1}), "INVALID_INPUT", "expectedRevision: -1"},
		{"recorded twice", "recordScores", record(score("1.1.1", "met", nil)), "ALREADY_RECORDED", "1.1.1"},
		{"no reason", "recordScores", record(with(score("1.1.2", "lost", 1), map[string]any{"reason": " "})), "REASON_MISSING", "1.1.2"},
		{"not applicable", "recordScores", record(score("1.1.2", "notApplicable", nil)), "NOT_APPLICABLE_REFUSED", "1.1.2"},
		{"not the center's", "recordScores", record(score("7.3", "awarded", 1)), "WRONG_SUBJECT", "7.3"},
		{"no moment", "recordScores", record(with(score("1.1.2", "met", nil), map[string]any{"observedAt": "yesterday"})), "INVALID_INPUT", "yesterday"},
		{"no method", "recordScores", record(with(score("1.1.2", "met", nil), map[string]any{"method": "guess"})), "BAD_VARIABLES", "$input.scores[0].method"},
		{"a number for a name", "registerDistrict", map[string]any{"code": "310199", "name": 7}, "BAD_VARIABLES", "$input.name"},
		{"an unknown field", "registerDistrict", map[string]any{"code": "310199", "name": "区", "nme": "区"}, "BAD_VARIABLES", `"nme"`},
		{"no UUID", "registerDistrict", map[string]any{"commandId": "1", "code": "310199", "name": "区"}, "INVALID_INPUT", "UUID"},
		{"another's command", "registerDistrict", map[string]any{"actor": assessor, "code": "310199", "name": "区"}, "FORBIDDEN", "registerDistrict is for organizer"},
		{"another center's honors", "claimHonor", on(center, map[string]any{"actor": "center-310104003", "title": "x", "level": "national", "issuer": "y", "awardedOn": "2021-01-01", "document": strings.Repeat("ab", 32)}), "FORBIDDEN", "claimHonor is for center of 310101002"},
		{"not assigned", "recordScores", with(fine, map[string]any{"actor": "assessor-2"}), "NOT_ASSIGNED", "310101002"},
		{"not the lead", "submitAssessment", on(theCenters[1], map[string]any{"actor": "assessor-2"}), "NOT_LEAD", "310101013"},
		{"no assessor", "assignAssessor", on(center, map[string]any{"account": reviewer}), "INVALID_INPUT", "is no assessor"},
		{"an unknown account", "assignAssessor", on(center, map[string]any{"account": "nobody"}), "UNKNOWN_ACCOUNT", "nobody"},
		{"counted wrongly", "recordScores", record(with(score("2.4", "met", nil), map[string]any{"counts": []any{map[string]any{"input": "minutes", "value": 16}}})), "REASON_MISSING", "2.4 comes to lost, found met"},
		{"counted twice", "recordScores", record(with(score("2.4", "met", nil), map[string]any{"counts": []any{map[string]any{"input": "minutes", "value": 15}, map[string]any{"input": "minutes", "value": 16}}})), "INVALID_INPUT", "given twice"},
		{"not counted", "recordScores", record(with(score("2.4", "met", nil), map[string]any{"counts": nil})), "INVALID_INPUT", "minutes"},
		{"unknown guide", "openRound", with(openRoundInput, map[string]any{"round": "guided", "guide": "none"}), "UNKNOWN_GUIDE", "none"},
		{"revised first", "reviseScore", on(center, map[string]any{"supersedes": 2, "score": score("1.1.1", "met", nil)}), "SUPERSEDED", "version 1, not 2"},
		{"nothing to revise", "reviseScore", on(center, map[string]any{"supersedes": 1, "score": score("1.1.2", "met", nil)}), "NOT_RECORDED", "1.1.2"},
		{"unknown item", "imposeDeduction", on(center, map[string]any{"item": "8.9", "reason": "x", "source": "y", "occurredOn": "2022-05-05"}), "UNKNOWN_ITEM", "8.9"},
		{"no day", "imposeDeduction", on(center, map[string]any{"item": "8.1", "reason": "x", "source": "y", "occurredOn": "2022-02-30"}), "INVALID_INPUT", "2022-02-30"},
		{"honor period", "claimHonor", on(center, map[string]any{"title": "x", "level": "national", "issuer": "y", "awardedOn": "2019-01-01", "document": strings.Repeat("ab", 32)}), "HONOR_PERIOD", "2019-01-01"},
		{"incomplete", "submitAssessment", on(center, nil), "INCOMPLETE", "1.1.2"},
		{"not submitted", "approveAssessment", on(center, nil), "NOT_SUBMITTED", ""},
		{"opened twice", "openAssessment", on(center, nil), "EXISTS", center},
		{"unknown standard", "openRound", with(openRoundInput, map[string]any{"round": "new", "standard": "1999"}), "UNKNOWN_STANDARD", "1999"},
		{"nothing approved", "deliberate", map[string]any{"round": theRound, "minutes": "同意"}, "NOTHING_APPROVED", theRound},
		{"not deliberated", "publish", map[string]any{"round": theRound}, "NOT_DELIBERATED", theRound},
		{"not approved", "notifyResult", on(center, nil), "NOT_APPROVED", center},
		{"not notified", "fileReply", on(center, map[string]any{"text": "好"}), "NOT_NOTIFIED", center},
		{"an appeal before the notice", "fileAppeal", on(center, map[string]any{"clause": "1.1.1", "ground": "fact", "statement": "不实"}), "NOT_NOTIFIED", center},
		{"an unknown appeal", "namePanel", map[string]any{"appeal": "x", "accounts": []any{"reviewer-3"}}, "UNKNOWN_APPEAL", "x"},
		{"the same calendar", "pinCalendar", map[string]any{"round": theRound, "calendar": "cn", "reason": "无"}, "EXISTS", "cn"},
		{"an unknown calendar", "pinCalendar", map[string]any{"round": theRound, "calendar": "moon", "reason": "无"}, "UNKNOWN_CALENDAR", "moon"},
		{"an unknown center in an award", "claimHonor", on(theCenters[1], map[string]any{
			"title": "文明单位", "level": "national", "issuer": "中央文明委", "awardedOn": "2021-06-01", "document": strings.Repeat("ab", 32), "with": []any{"319999999"},
		}), "UNKNOWN_SUBJECT", "319999999"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := p.end()
			_, got := p.command(test.mutation, test.input)
			if got.code() != test.code || !strings.Contains(got.Errors[0].Message, test.says) {
				t.Errorf("want %s saying %q, got %s", test.code, test.says, got.text)
			}
			if got.code() != "" && (got.Errors[0].Extensions.Zh == "" || got.Errors[0].Extensions.Retry) {
				t.Errorf("a rule needs a sentence, and sending again does not help: %s", got.text)
			}
			if p.end() != before {
				t.Errorf("the log moved from %s to %s", before, p.end())
			}
		})
	}
}

// TestPointsLiteral: a literal in the document is read by its text too.
func TestPointsLiteral(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	document := `mutation { recordScores(input: {commandId: "%s", round: "%s", subject: "%s", scores: [
		{clause: "1.1.1", outcome: lost, points: %s, method: siteVisit, observedAt: "2022-06-01T09:30:00+08:00", reason: "r"}]}) { revision } }`
	before := p.end()
	for literal, code := range map[string]string{"3.505": "INVALID_POINTS", "1e1": "INVALID_POINTS", "3.01": "OVER_INDICATOR", "true": codeValidation} {
		got := p.postAs(assessor, "/graphql", fmt.Sprintf(document, newID(), theRound, theCenters[0], literal), nil)
		if got.code() != code {
			t.Errorf("%s: want %s, got %s", literal, code, got.text)
		}
	}
	if p.end() != before {
		t.Error("the log moved")
	}
	if got := p.postAs(assessor, "/graphql", fmt.Sprintf(document, newID(), theRound, theCenters[0], "2.75"), nil); got.code() != "" {
		t.Fatal(got.text)
	}
	p.settle()
	var data struct {
		Assessment struct{ Clause struct{ Points json.Number } }
	}
	p.ask(&data, `query($r: ID!, $s: ID!) { assessment(round: $r, subject: $s) { clause(code: "1.1.1") { points } } }`, map[string]any{"r": theRound, "s": theCenters[0]})
	if data.Assessment.Clause.Points != "2.75" {
		t.Errorf("points are %s", data.Assessment.Clause.Points)
	}
}

// TestSecondFailureKeepsFirstReceipt: in one request the first command's
// receipt survives the second one's refusal.
func TestSecondFailureKeepsFirstReceipt(t *testing.T) {
	p := startPlatform(t)
	got := p.post("/graphql", fmt.Sprintf(`mutation {
		a: registerDistrict(input: {commandId: "%s", code: "310101", name: "黄浦区"}) { position }
		b: registerDistrict(input: {commandId: "%s", code: "31", name: "x"}) { position }
	}`, newID(), newID()), nil)
	if got.status != http.StatusOK || string(got.Data["b"]) != "null" || got.code() != "INVALID_INPUT" {
		t.Fatal(got.text)
	}
	var first receipt
	must(t, json.Unmarshal(got.Data["a"], &first))
	if first.Position != p.end().String() || got.Extensions.Position != first.Position {
		t.Errorf("position %s, extensions %s, log at %s", first.Position, got.Extensions.Position, p.end())
	}
}
