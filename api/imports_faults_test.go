package api

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/internal/testrig"
)

// threeSubjects is a score sheet in which the second subject's rows name the
// evidence, so that a trap for it springs between the first and the second.
func (r *importRig) threeSubjects() string {
	return scoresHead +
		scoreLine("310101002", "6.2", "met", "", "", "", "", "") +
		scoreLine("310101013", "1.1.1", "met", "", "", "", "", r.picture) +
		scoreLine("310101013", "6.2", "met", "", "", "", "", "") +
		scoreLine("310104003", "6.2", "met", "", "", "", "", "")
}

// Cut in the middle, the answer says what was done, and the same file goes on.
func TestImportGoesOn(t *testing.T) {
	r := startImports(t)
	r.small()
	r.assign("wang", "310101002", "310101013", "310104003")
	q, file := query(map[string]string{"round": theRound}), r.threeSubjects()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.trap.arm(func() error {
		cancel()
		return ctx.Err()
	})
	got := r.sendIn(ctx, "wang", ImportScores, q, file)
	r.want("cut", got, http.StatusServiceUnavailable, 4, 1, 0)
	if !got.Retry || len(got.Faults) != 3 {
		t.Fatal(got.text)
	}
	for i, want := range []string{"请求已取消。本行未执行。", "请求已取消。本行未执行。", "此前出错，本行尚未执行：请求已取消。"} {
		if f := got.Faults[i]; f.Row != i+3 || f.Zh != want {
			t.Errorf("fault %d: %+v, want %s", i, f, want)
		}
	}
	if n := len(r.record("310101013").Entries); n != 0 {
		t.Errorf("%d entries of the subject that was cut", n)
	}
	r.want("going on", r.send("wang", ImportScores, q, file), http.StatusOK, 4, 3, 1)
	r.want("again", r.send("wang", ImportScores, q, file), http.StatusOK, 4, 0, 4)
	for _, subject := range []string{"310101002", "310101013", "310104003"} {
		if v := r.record(subject).Entries["6.2"].Version; v != 1 {
			t.Errorf("%s: version %d", subject, v)
		}
	}
}

// Somebody records one of a subject's clauses between check and command: all of
// that subject stays out, all others go in.
func TestImportLosesARace(t *testing.T) {
	r := startImports(t)
	r.small()
	r.assign("wang", "310101002", "310101013", "310104003")
	r.assign("qian", "310101013")
	r.trap.arm(func() error {
		_, err := r.commands.RecordScores(t.Context(), command.Meta{ID: newID(), Actor: r.id("qian")}, theRound, "310101013", []assessment.Score{{
			Clause: "6.2", Finding: assessment.Finding{Outcome: domain.Lost, Points: domain.Whole(1), Reason: "缺制度", Method: assessment.Documents, ObservedAt: testrig.Day},
		}})
		return err
	})
	got := r.send("wang", ImportScores, query(map[string]string{"round": theRound}), r.threeSubjects())
	r.want("race", got, http.StatusUnprocessableEntity, 4, 2, 0)
	if len(got.Faults) != 2 || got.Retry {
		t.Fatal(got.text)
	}
	for i, f := range got.Faults {
		if f.Row != i+3 || f.Zh != "该条款已有评估记录，请改为修订。本行未执行。" || !strings.Contains(f.En, "6.2 has version 1: already recorded") {
			t.Errorf("%+v", f)
		}
	}
	if entries := r.record("310101013").Entries; len(entries) != 1 || entries["6.2"].Outcome != domain.Lost {
		t.Errorf("entries %+v", entries)
	}
	if len(r.record("310104003").Entries) != 1 {
		t.Error("the subject after the race is missing")
	}
}

// One file sent by an impatient client several times at once is recorded once.
func TestImportSentAtOnce(t *testing.T) {
	r := startImports(t)
	r.small()
	r.assign("wang", "310101002", "310101013", "310104003")
	scores, assignments := query(map[string]string{"round": theRound}), query(map[string]string{"round": theRound})
	accounts := query(nil)
	var wait sync.WaitGroup
	answers := make([]imported, 9)
	for i := range 3 {
		wait.Go(func() { answers[i] = r.send("wang", ImportScores, scores, r.threeSubjects()) })
		wait.Go(func() {
			answers[3+i] = r.send("zhao", ImportAssignments, assignments, "subject,scope,login,lead\n310101,全区,qian,否\n310104003,,qian,是\n")
		})
		wait.Go(func() {
			answers[6+i] = r.send("zhao", ImportAccounts, accounts, "login,name,roles\nsun,孙,复核员\nchen,陈,审计员\n")
		})
	}
	wait.Wait()
	for i, got := range answers {
		if got.status != http.StatusOK || got.Done+got.Repeated != got.Rows {
			t.Errorf("%d: %d %s", i, got.status, got.text)
		}
	}
	recorded := make(map[string]int)
	for e, err := range r.log.ReadAll(t.Context(), 0) {
		must(t, err)
		recorded[e.Type]++
	}
	// Five people and two more; three assignments by the test and three by import.
	want := map[string]int{"assessment.ScoreRecorded": 4, "assessment.AssessorAssigned": 6, "account.Created": len(importPeople) + 2, "account.Invited": 2}
	for name, n := range want {
		if recorded[name] != n {
			t.Errorf("%d events %s, want %d", recorded[name], name, n)
		}
	}
}

// What somebody's role does not allow is refused before the file is read.
func TestImportRights(t *testing.T) {
	r := startImports(t)
	r.small()
	_, err := r.accounts.Create(t.Context(), auth.Meta{ID: newID(), Actor: command.Operator}, auth.Person{Login: "bund", Name: "外滩"}, []rights.Grant{{Role: rights.Center, Subject: "310101013"}})
	must(t, err)
	_, err = r.accounts.Create(t.Context(), auth.Meta{ID: newID(), Actor: command.Operator}, auth.Person{Login: "huangpu", Name: "黄浦"}, []rights.Grant{{Role: rights.District, Subject: "310101"}})
	must(t, err)
	before := r.end()
	may := map[string][]string{"zhao": {ImportRoster, ImportAccounts, ImportAssignments}, "wang": {ImportScores}}
	for _, login := range []string{"zhao", "wang", "feng", "zhou", "bund", "huangpu"} {
		for _, kind := range []string{ImportRoster, ImportAccounts, ImportAssignments, ImportScores} {
			got := r.send(login, kind, query(map[string]string{"round": theRound}), "")
			if slices.Contains(may[login], kind) {
				if got.status != http.StatusUnprocessableEntity || len(got.Faults) != 1 || got.Faults[0].Zh != "文件是空的。" {
					t.Errorf("%s, %s: %d %s", login, kind, got.status, got.text)
				}
			} else if got.status != http.StatusForbidden || got.code() != "FORBIDDEN" {
				t.Errorf("%s, %s: %d %s", login, kind, got.status, got.text)
			}
		}
	}
	for _, path := range []string{"/imports/roster?commandId=" + newID(), "/templates/roster.xlsx"} {
		method := http.MethodPost
		if strings.HasPrefix(path, "/templates") {
			method = http.MethodGet
		}
		if got := r.served(localRequest(method, path, rosterCSV)); got.status != http.StatusUnauthorized || got.code() != codeUnauthenticated {
			t.Errorf("%s by nobody: %d %s", path, got.status, got.text)
		}
	}
	if r.end() != before {
		t.Error("a refusal wrote to the log")
	}
}

func TestImportHostileFiles(t *testing.T) {
	r := startImports(t)
	bomb, formula := new(bytes.Buffer), ""
	archive := zip.NewWriter(bomb)
	part, err := archive.Create("xl/media/image1.png")
	must(t, err)
	_, err = part.Write(make([]byte, 65<<20))
	must(t, err)
	must(t, archive.Close())
	book := r.template("zhao", "roster.xlsx")
	must(t, book.SetCellFormula("名册", "B2", `HYPERLINK("http://evil.example","外滩街道")`))
	formula = filled(t, book, []any{"310101013"})
	before := r.end()
	for name, c := range map[string]struct{ file, zh, en string }{
		"a bomb":     {bomb.String(), "解压后超过 64 MiB 或部件过多，已拒绝", "more than 64 MiB"},
		"a formula":  {formula, "请填写数值，不要用公式", "not a formula"},
		"a web page": {"<html>", "这是网页或 XML", "web page"},
		"damage":     {"PK\x03\x04 and no more", "文件已损坏或被改动", "damaged"},
	} {
		got := r.send("zhao", ImportRoster, query(map[string]string{"name": "名册.xlsx"}), c.file)
		if got.status != http.StatusUnprocessableEntity || len(got.Faults) == 0 || !strings.HasPrefix(got.Faults[0].Zh, c.zh) || !strings.Contains(got.Faults[0].En, c.en) || !strings.HasPrefix(got.Faults[0].Sheet, "名册") {
			t.Errorf("%s: %d %.500s", name, got.status, got.text)
		}
	}
	post := func(path, contentType, body string) imported {
		request := localRequest(http.MethodPost, path, body).WithContext(r.as(t.Context(), "zhao"))
		request.Header.Set("Content-Type", contentType)
		return r.served(request)
	}
	id := newID()
	for name, c := range map[string]struct {
		path, contentType, body string
		status                  int
		code, zh                string
	}{
		"a byte too many":    {"/imports/roster?commandId=" + id, "text/csv", strings.Repeat("x", sheets.MaxFile+1), 413, "TOO_LARGE", "文件超过 10 MiB，请分成几个文件。"},
		"a form":             {"/imports/roster?commandId=" + id, "multipart/form-data; boundary=x", rosterCSV, 415, codeBadRequest, "请直接以文件内容作为请求体。"},
		"no command id":      {"/imports/roster", "text/csv", rosterCSV, 422, "INVALID_INPUT", "输入有误。"},
		"a dry run, perhaps": {"/imports/roster?dryRun=perhaps&commandId=" + id, "text/csv", rosterCSV, 422, "INVALID_INPUT", "输入有误。"},
		"after nowhere":      {"/imports/roster?after=-1&commandId=" + id, "text/csv", rosterCSV, 422, "INVALID_INPUT", "输入有误。"},
		"another kind":       {"/imports/people?commandId=" + id, "text/csv", rosterCSV, 404, "NOT_FOUND", "没有这种表格，可用的有 roster、accounts、assignments、scores。"},
	} {
		got := post(c.path, c.contentType, c.body)
		if got.status != c.status || got.code() != c.code || got.Errors[0].Extensions.Zh != c.zh {
			t.Errorf("%s: %d %.300s", name, got.status, got.text)
		}
	}
	crossed := localRequest(http.MethodPost, "/imports/roster?commandId="+id, rosterCSV).WithContext(r.as(t.Context(), "zhao"))
	crossed.Header.Set("Origin", "https://evil.example")
	if got := r.served(crossed); got.status != http.StatusForbidden || got.code() != "CROSS_ORIGIN" {
		t.Errorf("from another site: %d %s", got.status, got.text)
	}
	broken := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080/imports/roster?commandId="+id, io.MultiReader(strings.NewReader(rosterCSV), brokenOff{}))
	if got := r.served(broken.WithContext(r.as(t.Context(), "zhao"))); got.status != http.StatusBadRequest || got.code() != codeBadRequest {
		t.Errorf("a body that breaks off: %d %s", got.status, got.text)
	}
	for path, status := range map[string]int{"people.xlsx": 404, "roster.csv": 404, "scores.xlsx?round=none": 422} {
		request := localRequest(http.MethodGet, "/templates/"+path, "").WithContext(r.as(t.Context(), "zhao"))
		if got := r.served(request); got.status != status {
			t.Errorf("%s: %d %s", path, got.status, got.text)
		}
	}
	if r.end() != before {
		t.Error("a refusal wrote to the log")
	}
}

// brokenOff is a body that ends too early.
type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
