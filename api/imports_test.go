package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/domain/rights"
	"mingjian/projections"
)

func TestImportRoster(t *testing.T) {
	r := startImports(t)
	file := filled(t, r.template("zhou", "roster.xlsx"), []any{310101002, "南京东路街道", 310101, "黄浦区"}, []any{"310104003", "天平路街道", "310104", "徐汇区"})
	r.thrice("zhao", ImportRoster, query(nil), file, 2)
	view, err := r.model.View(t.Context())
	must(t, err)
	defer view.Close()
	center, err := view.Center("310101002")
	must(t, err)
	if center.Name != "南京东路街道社区事务受理服务中心" || center.District != "310101" || center.Demo {
		t.Errorf("%+v", center)
	}
	// What is there stays, what is new is added; another command id, a CSV file.
	r.want("grown", r.send("zhao", ImportRoster, query(nil), rosterCSV), http.StatusOK, 3, 1, 2)
	// An id that was used stands for its own file alone.
	q := query(nil)
	r.want("first", r.send("zhao", ImportRoster, q, rosterCSV+"310104004,310104,徐汇区,徐家汇街道\n"), http.StatusOK, 4, 1, 3)
	r.want("changed", r.send("zhao", ImportRoster, q, rosterCSV+"310104007,310104,徐汇区,湖南路街道\n"), http.StatusOK, 4, 1, 3)

	before := r.end()
	const head = "code,name,districtCode,district\n"
	for row, want := range map[string][3]string{
		"310101002,别的街道,310101,黄浦区": {"A2", "该代码已登记为 310101 区的“南京东路街道社区事务受理服务中心”", "registered as 南京东路街道社区事务受理服务中心 in district 310101"},
		"310101013,外滩街道,310104,徐汇区": {"A2", "该代码已登记为 310101 区的“外滩街道", "in district 310101"},
		"310101088,新街道,310101,黄埔区":  {"D2", "区代码 310101 已登记为“黄浦区”", "District 310101 is registered as 黄浦区"},
	} {
		got := r.send("zhao", ImportRoster, query(nil), head+row+"\n310115004,新的街道,310115,浦东新区\n")
		r.want(row, got, http.StatusUnprocessableEntity, 2, 0, 0)
		r.wantFault(got, want[0], want[1], want[2])
	}
	if r.end() != before {
		t.Error("faults wrote to the log")
	}
}

func TestImportAccounts(t *testing.T) {
	r := startImports(t)
	r.small()
	q := query(nil)
	file := filled(t, r.template("wang", "accounts.xlsx"),
		[]any{"sun", "孙", "sun@example.org", "", "评估员；复核员", ""}, []any{"Bund", "外滩", "", "021-12345678", "受理中心", "310101013"})
	done := r.thrice("zhao", ImportAccounts, q, file, 2)
	if len(done.Invitations) != 2 || done.Invitations[0].Login != "sun" || !done.Invitations[0].ExpiresAt.After(time.Now()) {
		t.Fatalf("invitations %+v", done.Invitations)
	}
	actor, err := r.accounts.Actor(t.Context(), r.id("bund"))
	must(t, err)
	if !actor.Holds(rights.Center, "310101013") {
		t.Errorf("%+v", actor)
	}
	// A client that lost the answer gets the same links, while they are good.
	again := r.send("zhao", ImportAccounts, q, file)
	if len(again.Invitations) != 2 || again.Invitations[0].Path != done.Invitations[0].Path || !again.Invitations[0].ExpiresAt.Equal(done.Invitations[0].ExpiresAt) {
		t.Errorf("again: %+v, first: %+v", again.Invitations, done.Invitations)
	}
	token := strings.TrimPrefix(done.Invitations[0].Path, "/auth/invitation?token=")
	_, err = r.accounts.AcceptInvitation(t.Context(), token, "一句足够长的话 for the test")
	must(t, err)
	if used := r.send("zhao", ImportAccounts, q, file); len(used.Invitations) != 1 || used.Invitations[0].Login != "Bund" {
		t.Errorf("after one was used: %s", used.text)
	}
	// Another import with the same words finds them, and invites nobody.
	other := r.send("zhao", ImportAccounts, query(nil), file)
	r.want("another command", other, http.StatusOK, 2, 0, 2)
	if len(other.Invitations) > 0 {
		t.Errorf("another command invited: %s", other.text)
	}
	// The same command stays done whatever became of the account.
	_, err = r.accounts.Grant(t.Context(), auth.Meta{ID: newID(), Actor: command.Operator}, r.id("bund"), rights.Grant{Role: rights.Auditor})
	must(t, err)
	r.settle()
	r.want("granted since", r.send("zhao", ImportAccounts, q, file), http.StatusOK, 2, 0, 2)
	// Another organizer does not go on with it, and cannot read its links.
	r.want("somebody else", r.send("zhao", ImportAccounts, query(nil), filled(t, r.template("zhao", "accounts.xlsx"), []any{"chen", "陈", "", "", "市级组织者", ""})), http.StatusOK, 1, 1, 0)
	if chen := r.send("chen", ImportAccounts, q, file); chen.status != http.StatusUnprocessableEntity || len(chen.Invitations) > 0 {
		t.Errorf("as another organizer: %d %s", chen.status, chen.text)
	}

	before := r.end()
	faults := r.send("zhao", ImportAccounts, query(nil), "login,name,roles,subject\nwang,王,复核员,\nfar,远,受理中心,310115999\nsl/ash,斜,评估员,\n")
	r.want("faults", faults, http.StatusUnprocessableEntity, 3, 0, 0)
	r.wantFault(faults, "A2", "该登录名已有账号", "whose person or roles are others")
	r.wantFault(faults, "D3", "没有登记这个受理中心或区", "No such center or district")
	r.wantFault(faults, "A4", "登录名只能含文字", "letters, digits")
	if r.end() != before {
		t.Error("faults wrote to the log")
	}
}

func TestImportAssignments(t *testing.T) {
	r := startImports(t)
	r.small()
	q := query(map[string]string{"round": theRound})
	file := filled(t, r.template("zhao", "assignments.xlsx"),
		[]any{"310101", "全区", "wang", "否"}, []any{"310101013", "", "wang", "是"}, []any{"310104003", "本对象", "qian", "是"}, []any{"310101", "", "QIAN", "否"})
	r.thrice("zhao", ImportAssignments, q, file, 4)
	for subject, want := range map[string]string{
		"310101002": "wang false", "310101013": "wang true", "310104003": "qian true", "310101": "qian false",
	} {
		if got := r.team(subject); got != want {
			t.Errorf("team of %s: %s, want %s", subject, got, want)
		}
	}
	// What is so already is found so by any command.
	r.want("another command", r.send("zhao", ImportAssignments, query(map[string]string{"round": theRound}), file), http.StatusOK, 4, 0, 4)

	_, err := r.commands.RecuseAssessor(t.Context(), byOperator(), theRound, "310104003", r.id("wang"), "亲属在该中心任职", true)
	must(t, err)
	_, err = r.accounts.Create(t.Context(), auth.Meta{ID: newID(), Actor: command.Operator}, auth.Person{Login: "gone", Name: "离"}, []rights.Grant{{Role: rights.Assessor}})
	must(t, err)
	_, err = r.accounts.Disable(t.Context(), auth.Meta{ID: newID(), Actor: command.Operator}, r.id("gone"), "离职")
	must(t, err)
	r.settle()
	before := r.end()
	const head = "subject,scope,login,lead\n"
	for name, c := range map[string]struct{ rows, place, zh, en string }{
		"unknown subject":     {"310115001,,wang,否", "A2", "没有登记这个受理中心或区", "No such center or district"},
		"unknown district":    {"310115,全区,wang,否", "A2", "没有登记这个受理中心或区", "No such center or district"},
		"unknown login":       {"310101002,,nobody,否", "C2", "没有这个登录名的账号", "No account has this login"},
		"no login":            {"310101002,,no/body,否", "C2", "没有这个登录名的账号", "No account has this login"},
		"disabled":            {"310101002,,gone,否", "C2", "该账号已停用", "disabled"},
		"no assessor":         {"310101002,,feng,否", "C2", "该账号没有评估员角色", "no assessor"},
		"not opened":          {"310104,,wang,否", "A2", "有 1 个对象的评估尚未开始（310104）", "1 subjects are not opened (310104)"},
		"recused":             {"310104003,,wang,否", "C2", "该评估员已回避对象 310104003", "recused from 310104003"},
		"recused in the area": {"310104,全区,wang,否", "C2", "该评估员已回避对象 310104003", "recused from 310104003"},
		"two leads":           {"310101002,,wang,是\n310101,全区,qian,是", "D3", "第 2 行已为对象 310101002 指定了组长", "Row 2 names the lead of 310101002"},
	} {
		got := r.send("zhao", ImportAssignments, query(map[string]string{"round": theRound}), head+c.rows+"\n")
		r.want(name, got, http.StatusUnprocessableEntity, strings.Count(c.rows, "\n")+1, 0, 0)
		r.wantFault(got, c.place, c.zh, c.en)
	}
	for name, c := range map[string]struct{ round, code string }{"no round": {"", "UNKNOWN_ROUND"}, "unknown round": {"autumn", "UNKNOWN_ROUND"}} {
		if got := r.send("zhao", ImportAssignments, query(map[string]string{"round": c.round}), head+"310101002,,wang,否\n"); got.status != http.StatusUnprocessableEntity || got.code() != c.code {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	if r.end() != before {
		t.Error("faults wrote to the log")
	}
	_, err = r.commands.CloseRound(t.Context(), byOperator(), theRound, "结束")
	must(t, err)
	r.settle()
	if got := r.send("zhao", ImportAssignments, query(map[string]string{"round": theRound}), head+"310101002,,qian,否\n"); got.code() != "ROUND_CLOSED" {
		t.Errorf("closed: %s", got.text)
	}
}

// team is who is assigned to a subject, as "login lead".
func (r *importRig) team(subject string) string {
	r.t.Helper()
	view, err := r.model.View(r.t.Context())
	must(r.t, err)
	defer view.Close()
	members, err := view.Team(theRound, subject)
	must(r.t, err)
	var out []string
	for _, m := range members {
		for _, p := range importPeople {
			if r.id(p.Login) == m.Account {
				out = append(out, fmt.Sprintf("%s %t", p.Login, m.Lead))
			}
		}
	}
	return strings.Join(out, ", ")
}

// record is a subject's record in the read model.
func (r *importRig) record(subject string) projections.AssessmentView {
	r.t.Helper()
	r.settle()
	view, err := r.model.View(r.t.Context())
	must(r.t, err)
	defer view.Close()
	record, err := view.Assessment(theRound, subject, projections.Latest)
	must(r.t, err)
	return record
}
