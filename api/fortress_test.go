package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/alexedwards/argon2id"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/api/evidence"
	"mingjian/criteria"
	"mingjian/domain/rights"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

// fortress is the whole handler as it is served at theOrigin, with accounts on
// the log, passwords, cookies and evidence.
type fortress struct {
	*platform
	handler  http.Handler
	accounts *auth.Accounts
	ids      map[string]string       // account by login
	known    map[string]*http.Client // browser by login
}

const theOrigin = "https://mingjian.example"

// RoundTrip is the network: what a client sends, the handler gets.
func (f *fortress) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.Host, in.RemoteAddr = r.URL.RequestURI(), r.URL.Host, "192.0.2.7:4711"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, in)
	out := w.Result()
	out.Request = r
	return out, nil
}

const thePassword = "四月的风 blows over 8 roofs"

// startFortress has an account for each role, the login being its name; its
// clock stands still.
func startFortress(t *testing.T) *fortress {
	t.Helper()
	f := &fortress{platform: startPlatform(t), ids: map[string]string{}, known: map[string]*http.Client{}}
	dir, key := t.TempDir(), bytes.Repeat([]byte{7}, 32)
	ring, err := auth.OpenKeyring(filepath.Join(dir, "keyring"))
	must(t, err)
	t.Cleanup(func() { must(t, ring.Close()) })
	f.accounts, err = auth.New(auth.Config{
		Log: f.log, Codec: eventstore.NewCodec(), Keyring: ring, Key: key,
		Pseudonym: func(stream, account string) string { return command.Pseudonym(key, stream, account) },
		Cost:      &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		Now:       func() time.Time { return testrig.Day },
	})
	must(t, err)
	store, err := evidence.New(evidence.Config{Folder: filepath.Join(dir, "evidence")})
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	cfg := f.internal.cfg
	cfg.Accounts, cfg.Evidence = f.accounts, store
	cfg.Commands, err = command.New(command.Config{
		Log: f.log, Codec: eventstore.NewCodec(), Criteria: criteria.Lookup, Guides: criteria.LookupGuide, Calendars: calendars, Results: f.model,
		PseudonymKey: key, Actors: command.WithOperator(f.accounts), Evidence: store,
	})
	must(t, err)
	cfg.Auth, err = auth.NewHTTP(auth.HTTPConfig{Accounts: f.accounts, Secure: true, Logger: cfg.Logger})
	must(t, err)
	cfg.OperatorToken = "a-token-of-the-owner-of-the-data-folder"
	f.handler, err = NewHandler(cfg)
	must(t, err)
	for _, role := range []string{"organizer", "assessor", "auditor", "center-310101002"} {
		f.enter(role, person("", role).Grants...)
	}
	return f
}

// enter makes an account with a password.
func (f *fortress) enter(login string, grants ...rights.Grant) {
	f.t.Helper()
	meta := func() auth.Meta { return auth.Meta{ID: newID(), Actor: command.Operator} }
	made, err := f.accounts.Create(f.t.Context(), meta(), auth.Person{Login: login, Name: login}, grants)
	must(f.t, err)
	token, _, _, err := f.accounts.Invite(f.t.Context(), meta(), made.Account)
	must(f.t, err)
	_, err = f.accounts.AcceptInvitation(f.t.Context(), token, thePassword)
	must(f.t, err)
	f.ids[login] = made.Account
}

// browser is a browser with cookies of its own.
func (f *fortress) browser() *http.Client {
	f.t.Helper()
	jar, err := cookiejar.New(nil)
	must(f.t, err)
	return &http.Client{Transport: f, Jar: jar}
}

// signedIn is a browser in which somebody has signed in; nobody for "".
func (f *fortress) signedIn(login string) *http.Client {
	f.t.Helper()
	b := f.browser()
	if login != "" {
		if got := f.signIn(b, login, thePassword); got.status != http.StatusOK {
			f.t.Fatalf("sign in %s: %s", login, got.text)
		}
	}
	return b
}

func (f *fortress) signIn(b *http.Client, login, password string) reply {
	f.t.Helper()
	body, err := json.Marshal(map[string]string{"login": login, "password": password})
	must(f.t, err)
	return f.send(b, attack{path: "/auth/sign-in", body: string(body)})
}

// attack is a request that has to be refused.
type attack struct {
	name         string
	method, path string // POST and /graphql if empty
	query        string // instead of a body
	variables    string // JSON
	body         string
	header       []string // names and values in turn
	says         string   // the message that refuses it
}

func (f *fortress) send(b *http.Client, a attack) reply {
	f.t.Helper()
	if a.method == "" {
		a.method = http.MethodPost
	}
	if a.path == "" {
		a.path = "/graphql"
	}
	if a.query != "" {
		text, err := json.Marshal(a.query)
		must(f.t, err)
		if a.variables == "" {
			a.variables = "null"
		}
		a.body = fmt.Sprintf(`{"query":%s,"variables":%s}`, text, a.variables)
	}
	r, err := http.NewRequestWithContext(f.t.Context(), a.method, theOrigin+a.path, strings.NewReader(a.body))
	must(f.t, err)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(a.header); i += 2 {
		r.Header.Set(a.header[i], a.header[i+1])
	}
	response, err := b.Do(r)
	must(f.t, err)
	text, err := io.ReadAll(response.Body)
	must(f.t, err)
	must(f.t, response.Body.Close())
	out := reply{status: response.StatusCode, text: string(text)}
	_ = json.Unmarshal(text, &out) // what is no JSON has no code
	return out
}

// refuses sends attacks in the name of a login, "" for nobody. Each has to get
// exactly its refusal, in two languages, and to leave nothing on the log.
func (f *fortress) refuses(by string, status int, code string, attacks []attack) {
	f.t.Helper()
	if f.known[by] == nil {
		f.known[by] = f.signedIn(by)
	}
	before := f.end()
	for _, a := range attacks {
		got := f.send(f.known[by], a)
		message, zh := "", ""
		if len(got.Errors) > 0 {
			message, zh = got.Errors[0].Message, got.Errors[0].Extensions.Zh
		}
		if got.status != status || got.code() != code || message != a.says {
			f.t.Errorf("%s:\nwant %d %s %s\ngot  %d %s %s\n%.300s", a.name, status, code, a.says, got.status, got.code(), message, got.text)
		}
		if !strings.ContainsFunc(zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			f.t.Errorf("%s: nothing in Chinese: %.300s", a.name, got.text)
		}
		if end := f.end(); end != before {
			f.t.Errorf("%s: something was recorded", a.name)
			before = end
		}
	}
}
