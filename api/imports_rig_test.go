package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/xuri/excelize/v2"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/api/evidence"
	"mingjian/criteria"
	"mingjian/domain/rights"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
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
