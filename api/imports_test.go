package api

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/xuri/excelize/v2"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/api/evidence"
	"mingjian/api/sheets"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// importRig is a platform whose people have accounts on the log and whose
// evidence has to be uploaded.
type importRig struct {
	*platform
	accounts *auth.Accounts
	store    *evidence.Store
	trap     *trap
	imports  *Imports
	picture  string // the SHA-256 of the one piece that was uploaded
}

// trap is the commands' view of the evidence. It runs what a test arms it with
// when a command looks for a piece: in the middle of an import, and never in
// its check, which asks the store itself.
type trap struct {
	store *evidence.Store
	mu    sync.Mutex
	armed func() error
}

func (e *trap) Has(ctx context.Context, sha string) (bool, error) {
	e.mu.Lock()
	armed := e.armed
	e.armed = nil
	e.mu.Unlock()
	if armed != nil {
		if err := armed(); err != nil {
			return false, err
		}
	}
	return e.store.Has(ctx, sha)
}

func (e *trap) arm(do func() error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.armed = do
}

// The people of the tests, by login.
var importPeople = []auth.Person{
	{Login: "wang", Name: "王"}, {Login: "qian", Name: "钱"}, {Login: "feng", Name: "冯"}, {Login: "zhou", Name: "周"}, {Login: "zhao", Name: "赵"},
}

var importRoles = map[string]rights.Role{
	"wang": rights.Assessor, "qian": rights.Assessor, "feng": rights.Reviewer, "zhou": rights.Auditor, "zhao": rights.Organizer,
}

func startImports(t *testing.T) *importRig {
	t.Helper()
	base := startPlatform(t)
	dir := t.TempDir()
	r := &importRig{platform: base, trap: new(trap)}
	key := bytes.Repeat([]byte{7}, 32)
	ring, err := auth.OpenKeyring(filepath.Join(dir, "keyring"))
	must(t, err)
	t.Cleanup(func() { must(t, ring.Close()) })
	codec := eventstore.NewCodec()
	r.accounts, err = auth.New(auth.Config{
		Log: base.log, Codec: codec, Keyring: ring, Key: key,
		Pseudonym: func(stream, account string) string { return command.Pseudonym(key, stream, account) },
		Cost:      &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	})
	must(t, err)
	r.store, err = evidence.New(evidence.Config{Folder: filepath.Join(dir, "evidence")})
	must(t, err)
	t.Cleanup(func() { must(t, r.store.Close()) })
	r.trap.store = r.store
	r.commands, err = command.New(command.Config{
		Log: base.log, Codec: codec, Criteria: criteria.Lookup, Guides: criteria.LookupGuide, Calendars: calendars, Results: base.model, PseudonymKey: key,
		Actors: command.WithOperator(r.accounts), Evidence: r.trap,
	})
	must(t, err)
	cfg := Config{Model: base.model, Commands: r.commands, Accounts: r.accounts, Evidence: r.store, Logger: slog.New(slog.DiscardHandler)}
	r.handler, err = NewHandler(cfg)
	must(t, err)
	r.imports, err = NewImports(cfg)
	must(t, err)
	var photo bytes.Buffer
	must(t, png.Encode(&photo, image.NewRGBA(image.Rect(0, 0, 4, 4))))
	piece, err := r.store.Put(t.Context(), &photo)
	must(t, err)
	r.picture = piece.SHA256
	for _, p := range importPeople {
		_, err := r.accounts.Create(t.Context(), auth.Meta{ID: newID(), Actor: command.Operator}, p, []rights.Grant{{Role: importRoles[p.Login]}})
		must(t, err)
	}
	r.settle()
	return r
}

// byOperator is a new command of the operator.
func byOperator() command.Meta { return command.Meta{ID: newID(), Actor: command.Operator} }

// small registers two districts with three centers and opens the round, with
// the guide, and the records of the centers and of 310101.
func (r *importRig) small() {
	r.t.Helper()
	got := r.send("zhao", ImportRoster, query(nil), rosterCSV)
	if got.status != http.StatusOK {
		r.t.Fatal(got.text)
	}
	plan := testrig.Round(theRound)
	plan.Guide = "2022-demo"
	_, err := r.commands.OpenRound(r.t.Context(), byOperator(), plan)
	must(r.t, err)
	for _, subject := range []string{"310101002", "310101013", "310104003", "310101"} {
		_, err := r.commands.OpenAssessment(r.t.Context(), byOperator(), theRound, subject)
		must(r.t, err)
	}
	r.settle()
}

func (r *importRig) assign(login string, subjects ...string) {
	r.t.Helper()
	for _, subject := range subjects {
		_, err := r.commands.AssignAssessor(r.t.Context(), byOperator(), theRound, subject, r.id(login), false)
		must(r.t, err)
	}
	r.settle()
}

func (r *importRig) id(login string) string {
	r.t.Helper()
	id, err := r.accounts.ID(login)
	must(r.t, err)
	return id
}

// as signs a login in.
func (r *importRig) as(ctx context.Context, login string) context.Context {
	r.t.Helper()
	actor, err := r.accounts.Actor(ctx, r.id(login))
	must(r.t, err)
	return auth.WithViewer(ctx, auth.Viewer{Actor: actor})
}

// imported is an answer to an import, as a client sees it.
type imported struct {
	ImportAnswer
	status int
	text   string
	Errors []responseError
}

func (i imported) code() string {
	if len(i.Errors) == 0 {
		return ""
	}
	return i.Errors[0].Extensions.Code
}

// query is an import's parameters, with a command id of its own.
func query(more map[string]string) url.Values {
	out := url.Values{"commandId": {newID()}}
	for k, v := range more {
		out.Set(k, v)
	}
	return out
}

func (r *importRig) send(login, kind string, q url.Values, file string) imported {
	r.t.Helper()
	return r.sendIn(r.t.Context(), login, kind, q, file)
}

func (r *importRig) sendIn(ctx context.Context, login, kind string, q url.Values, file string) imported {
	r.t.Helper()
	request := localRequest(http.MethodPost, "/imports/"+kind+"?"+q.Encode(), file).WithContext(r.as(ctx, login))
	request.Header.Set("Content-Type", "application/octet-stream")
	return r.served(request)
}

func (r *importRig) served(request *http.Request) imported {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, request)
	out := imported{status: w.Code, text: w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		r.t.Fatalf("status %d, not JSON: %v: %.300s", w.Code, err, w.Body)
	}
	return out
}

// want compares status and counts.
func (r *importRig) want(what string, got imported, status, rows, done, repeated int) {
	r.t.Helper()
	if got.status != status || got.Rows != rows || got.Done != done || got.Repeated != repeated {
		r.t.Fatalf("%s: want %d with %d rows, %d done, %d repeated; got %d: %s", what, status, rows, done, repeated, got.status, got.text)
	}
}

// wantFault looks for a fault at a place, by the beginning of its Chinese and a
// part of its English.
func (r *importRig) wantFault(got imported, place, zh, en string) {
	r.t.Helper()
	if got.status != http.StatusUnprocessableEntity {
		r.t.Errorf("status %d: %s", got.status, got.text)
	}
	for _, f := range got.Faults {
		if fmt.Sprintf("%s%d", f.Column, f.Row) == place && strings.HasPrefix(f.Zh, zh) && strings.Contains(f.En, en) {
			return
		}
	}
	r.t.Errorf("no fault at %s saying %s and %s: %s", place, zh, en, got.text)
}

// template downloads a workbook as somebody.
func (r *importRig) template(login, path string) *excelize.File {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, localRequest(http.MethodGet, "/templates/"+path, "").WithContext(r.as(r.t.Context(), login)))
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
		r.t.Fatalf("%s: %d %v %.200s", path, w.Code, w.Header(), w.Body)
	}
	book, err := excelize.OpenReader(w.Body)
	must(r.t, err)
	r.t.Cleanup(func() { must(r.t, book.Close()) })
	return book
}

// filled puts rows under a template's header.
func filled(t *testing.T, book *excelize.File, rows ...[]any) string {
	t.Helper()
	for i, row := range rows {
		must(t, book.SetSheetRow(book.GetSheetName(0), fmt.Sprintf("A%d", i+2), &row))
	}
	out, err := book.WriteToBuffer()
	must(t, err)
	return out.String()
}

const rosterCSV = `code,district_code,district,name
310101002,310101,黄浦区,南京东路街道
310101013,310101,黄浦区,外滩街道
310104003,310104,徐汇区,天平路街道
`

// thrice sends a file as a dry run, for real, and again.
func (r *importRig) thrice(login, kind string, q url.Values, file string, rows int) imported {
	r.t.Helper()
	before := r.end()
	q.Set("dryRun", "true")
	dry := r.send(login, kind, q, file)
	r.want("dry run", dry, http.StatusOK, rows, rows, 0)
	if r.end() != before || len(dry.Invitations) > 0 {
		r.t.Fatalf("the dry run wrote to the log, or invited: %s", dry.text)
	}
	q.Del("dryRun")
	done := r.send(login, kind, q, file)
	r.want("for real", done, http.StatusOK, rows, rows, 0)
	if done.Position <= before || done.Position != r.end() {
		r.t.Errorf("position %s, the log went from %s to %s", done.Position, before, r.end())
	}
	before = r.end()
	r.want("again", r.send(login, kind, q, file), http.StatusOK, rows, 0, rows)
	if r.end() != before {
		r.t.Error("sending it again wrote to the log")
	}
	return done
}

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

// A template of all that an assessor has to judge, filled in and read back: the
// record is complete, with the points worked out by hand.
func TestImportScores(t *testing.T) {
	r := startImports(t)
	r.small()
	r.assign("wang", "310101013", "310101")
	book := r.template("wang", "scores.xlsx?round="+theRound)
	sheet := book.GetSheetName(0)
	rows, err := book.GetRows(sheet)
	must(t, err)
	std := testrig.Standard(t)
	n := 0
	for i, row := range rows[1:] {
		clause, ok := std.Clause(row[1])
		if !ok || row[0] != "310101013" && row[0] != "310101" {
			t.Fatalf("row %d: %v", i+2, row)
		}
		n++
		must(t, book.SetSheetRow(sheet, fmt.Sprintf("C%d", i+2), &[]any{"达标", "", "实地检查", "2022-10-01 09:30", "", "", countsText(clause), "", ""}))
		switch {
		case clause.Indicator().Basis == domain.Award:
			must(t, book.SetSheetRow(sheet, fmt.Sprintf("C%d", i+2), &[]any{"得分", 1.5}))
		case clause.Code == "1.1.1":
			must(t, book.SetSheetRow(sheet, fmt.Sprintf("C%d", i+2), &[]any{"扣分", 0.5, "实地检查", "2022-10-01 09:30", "标识破损", "1", "", "", r.picture}))
			if len(clause.Checklist) == 0 {
				must(t, book.SetCellValue(sheet, fmt.Sprintf("H%d", i+2), ""))
			}
		}
	}
	if want := len(std.Clauses()) - 1; n != want { // 7.2 is awarded by honors alone
		t.Fatalf("%d rows, want %d", n, want)
	}
	q := query(map[string]string{"round": theRound})
	r.thrice("wang", ImportScores, q, filled(t, book), n)
	record := r.record("310101013")
	// 93 points to lose, 0.50 lost; 1.50 awarded on 7.1 and by the district on 7.3.
	if !record.Score.Complete || record.Score.Total != 9550 || record.Entries["1.1.1"].Evidence[0] != r.picture {
		t.Errorf("%+v", record.Score)
	}
	if seen := record.Entries["2.4"].ObservedAt; !seen.Equal(time.Date(2022, 10, 1, 1, 30, 0, 0, time.UTC)) {
		t.Errorf("observed at %s", seen)
	}
	// An organizer's template has every subject, an auditor's none.
	for login, want := range map[string]int{"zhao": 3*(n-1) + 2, "zhou": 0, "qian": 0} {
		rows, err := r.template(login, "scores.xlsx?round="+theRound).GetRows("评分")
		must(t, err)
		if len(rows)-1 != want {
			t.Errorf("%s gets %d rows, want %d", login, len(rows)-1, want)
		}
	}
	if rows, err := r.template("zhao", "scores.xlsx?district=310104&round="+theRound).GetRows("评分"); err != nil || len(rows)-1 != n {
		t.Errorf("one district: %d rows, want %d, %v", len(rows)-1, n, err)
	}
	if got := r.exports(); got != 5 {
		t.Errorf("%d exports on record, want 5", got)
	}
	if empty, err := r.template("zhou", "scores.xlsx").GetRows("评分"); err != nil || len(empty) != 1 || r.exports() != 5 {
		t.Errorf("the empty template: %v, %v, %d exports", empty, err, r.exports())
	}
}

// countsText is what a measured clause counts where it is met.
func countsText(clause *domain.Clause) string {
	f := assessment.Finding{Outcome: domain.Met}
	testrig.Count(clause, &f)
	var out []string
	for input, value := range f.Counts {
		out = append(out, fmt.Sprintf("%s=%d", input, value))
	}
	return strings.Join(out, ";")
}

// exports counts those on record.
func (r *importRig) exports() (n int) {
	r.t.Helper()
	for e, err := range r.log.ReadAll(r.t.Context(), 0) {
		must(r.t, err)
		if e.Type == "access.Exported" {
			n++
		}
	}
	return n
}

const scoresHead = "subject,clause,outcome,points,method,observedAt,reason,checklist,counts,override,evidence\n"

func scoreLine(subject, clause, outcome, points, reason, counts, override, evidence string) string {
	return strings.Join([]string{subject, clause, outcome, points, "实地检查", "2022-10-01", reason, "", counts, override, evidence}, ",") + "\n"
}

func TestImportScoreFaults(t *testing.T) {
	r := startImports(t)
	r.small()
	r.assign("wang", "310101002", "310101013")
	r.assign("qian", "310104003")
	forRound := func() url.Values { return query(map[string]string{"round": theRound}) }
	const center = "310101002"
	q := forRound()
	r.want("one", r.send("wang", ImportScores, q, scoresHead+scoreLine(center, "6.2", "met", "", "", "", "", "")), http.StatusOK, 1, 1, 0)
	before := r.end()
	met := scoreLine(center, "1.1.1", "met", "", "", "", "", "")
	missing := strings.Repeat("0a", 32)
	for name, c := range map[string]struct{ row, place, zh, en string }{
		"unknown subject":    {scoreLine("310115001", "6.2", "met", "", "", "", "", ""), "A3", "没有登记这个受理中心或区", "No such center"},
		"not assigned":       {scoreLine("310104003", "6.2", "met", "", "", "", "", ""), "A3", "您未被分派到该对象", "not assigned"},
		"not opened":         {scoreLine("310104", "7.3", "awarded", "1", "", "", "", ""), "A3", "您未被分派到该对象，或其评估尚未开始", "not opened"},
		"recorded":           {scoreLine(center, "6.2", "lost", "1", "缺制度", "", "", ""), "B3", "该条款已有评估记录（第 1 版）", "version 1: revise it"},
		"against the counts": {scoreLine(center, "2.4", "met", "", "", "minutes=20", "", ""), "J3", "按计数和检查项应为“扣分”", "comes to lost, found met"},
		"lost, but met":      {scoreLine(center, "2.4", "lost", "1", "超时", "minutes=10", "", ""), "J3", "按计数和检查项应为“达标”", "comes to met, found lost"},
		"no counts":          {scoreLine(center, "2.4", "met", "", "", "", "", ""), "I3", "计数不全或相互矛盾", "minutes (响应接单时间) is missing"},
		"impossible counts":  {scoreLine(center, "2.1.1", "met", "", "", "comprehensive=8;total=0;excluded=0", "", ""), "I3", "计数不全或相互矛盾", "cannot be"},
		"nothing overridden": {scoreLine(center, "2.4", "met", "", "", "minutes=10", "无", ""), "J3", "此处没有改判", "nothing to override"},
		"counts for nothing": {scoreLine(center, "2.4", "lost", "1", "超时", "minutes=20", "无", ""), "J3", "此处没有改判", "nothing to override"},
		"over the guide":     {scoreLine(center, "1.1.1", "lost", "2", "破损", "", "", ""), "D2", "超出评分细则规定的该条款扣分上限 1.50 分", "by guide 2022-demo"},
		"no such evidence":   {scoreLine(center, "1.1.2", "met", "", "", "", "", missing), "K3", "没有这份证据材料", "upload it first"},
	} {
		first := met
		if c.place == "D2" {
			first = ""
		}
		rows := strings.Count(first+c.row, "\n")
		for _, dry := range []string{"true", "false"} {
			got := r.send("wang", ImportScores, query(map[string]string{"round": theRound, "dryRun": dry}), scoresHead+first+c.row)
			r.want(name, got, http.StatusUnprocessableEntity, rows, 0, 0)
			r.wantFault(got, c.place, c.zh, c.en)
			if len(got.Faults) != 1 {
				t.Errorf("%s: %s", name, got.text)
			}
		}
	}
	tomorrow := time.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	r.wantFault(r.send("wang", ImportScores, forRound(), scoresHead+strings.Replace(met, "2022-10-01", tomorrow, 1)), "F2", "观察时间不能在将来", "in the future")
	// An id that was used stands for its own rows alone.
	r.wantFault(r.send("wang", ImportScores, q, scoresHead+scoreLine(center, "6.2", "lost", "1", "缺制度", "", "", "")), "B2", "该条款已有评估记录", "revise it")
	if r.end() != before {
		t.Error("faults wrote to the log")
	}

	// Many faults are cut, and counted.
	var many strings.Builder
	for i := range 300 {
		many.WriteString(scoreLine(fmt.Sprintf("3109%05d", i), "6.2", "met", "", "", "", "", ""))
	}
	got := r.send("wang", ImportScores, forRound(), scoresHead+many.String())
	if n := len(got.Faults); n != maxImportFaults+1 || !strings.HasPrefix(got.Faults[n-1].Zh, "另有 100 处错误未列出") || got.Faults[0].Row != 2 {
		t.Errorf("%d faults, the last %+v", n, got.Faults[n-1])
	}

	// A locked record. The one row that it lacks is missing for good.
	std := testrig.Standard(t)
	var rest []assessment.Score
	for _, s := range completeScores(std) {
		if s.Clause != "6.2" {
			rest = append(rest, s)
		}
	}
	wang := command.Meta{ID: newID(), Actor: r.id("wang")}
	_, err := r.commands.RecordScores(t.Context(), wang, theRound, center, rest)
	must(t, err)
	_, err = r.commands.AssignAssessor(t.Context(), byOperator(), theRound, center, r.id("wang"), true)
	must(t, err)
	_, err = r.commands.Submit(t.Context(), command.Meta{ID: newID(), Actor: r.id("wang")}, theRound, center)
	must(t, err)
	r.settle()
	r.wantFault(r.send("wang", ImportScores, forRound(), scoresHead+scoreLine(center, "6.1.1", "met", "", "", "", "", "")), "A2", "该对象已经提交，不能再录入", "locked after submission")
	// Its own import is still found to be done.
	r.want("after submission", r.send("wang", ImportScores, q, scoresHead+scoreLine(center, "6.2", "met", "", "", "", "", "")), http.StatusOK, 1, 0, 1)
}

// TestImportOfOnesOwn: whoever is of a subject has nothing checked for it, and
// does not learn which evidence is stored.
func TestImportOfOnesOwn(t *testing.T) {
	r := startImports(t)
	r.small()
	r.assign("wang", "310101002")
	_, err := r.accounts.Grant(t.Context(), auth.Meta{ID: newID(), Actor: command.Operator}, r.id("wang"), rights.Grant{Role: rights.Center, Subject: "310101002"})
	must(t, err)
	before := r.end()
	for _, sha := range []string{r.picture, strings.Repeat("0a", 32)} {
		row := scoreLine("310101002", "6.2", "met", "", "", "", "", sha)
		for _, dry := range []string{"true", "false"} {
			got := r.send("wang", ImportScores, query(map[string]string{"round": theRound, "dryRun": dry}), scoresHead+row)
			r.wantFault(got, "A2", "您的账号属于该对象，不能评估它", "by an account of 310101002 itself")
			if len(got.Faults) != 1 {
				t.Errorf("%.4s…: %s", sha, got.text)
			}
		}
	}
	if r.end() != before {
		t.Error("a refusal wrote to the log")
	}
}

// completeScores has nothing lost, and a point on what is awarded.
func completeScores(std *domain.Standard) (scores []assessment.Score) {
	for _, clause := range std.Clauses() {
		indicator := clause.Indicator()
		if indicator.Subject != domain.Center || indicator.Honors {
			continue
		}
		f := assessment.Finding{Outcome: domain.Met, Method: assessment.SiteVisit, ObservedAt: testrig.Day}
		if indicator.Basis == domain.Award {
			f.Outcome, f.Points = domain.Awarded, domain.Whole(1)
		} else {
			testrig.Count(clause, &f)
		}
		scores = append(scores, assessment.Score{Clause: clause.Code, Finding: f})
	}
	return scores
}

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
