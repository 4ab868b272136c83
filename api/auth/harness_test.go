package auth

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"

	"mingjian/domain"
	"mingjian/domain/account"
	"mingjian/domain/rights"
	"mingjian/eventstore"
)

// Tests of packages below may come to use this one, so nothing of theirs is
// used here.
var (
	day   = time.Date(2022, 10, 10, 9, 0, 0, 0, time.UTC)
	quiet = slog.New(slog.DiscardHandler)
)

// testContext ends long after any test that does not hang.
func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func logConfig(dir string) eventstore.Config {
	return eventstore.Config{Connection: eventstore.EmbeddedScheme + filepath.Join(dir, "log.db"), Logger: quiet}
}

// clock is a clock that moves only when told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// cheap is a cost at which tests can try many passwords.
var cheap = argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// world is a log, a keyring and a server's accounts in a folder of the test.
type world struct {
	t     testing.TB
	ctx   context.Context
	dir   string
	log   *eventstore.Log
	ring  *Keyring
	clock *clock
	*Accounts
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, ctx: testContext(t), dir: t.TempDir(), clock: &clock{now: day}}
	var err error
	w.log, err = eventstore.Open(w.ctx, logConfig(w.dir))
	must(t, err)
	t.Cleanup(func() { must(t, w.log.Close()) })
	w.ring, err = OpenKeyring(w.keys())
	must(t, err)
	t.Cleanup(func() { must(t, w.ring.Close()) })
	w.Accounts = w.server(nil)
	return w
}

func (w *world) keys() string { return filepath.Join(w.dir, "keyring") }

// server is one more server on the same log and keyring.
func (w *world) server(change func(*Config)) *Accounts {
	w.t.Helper()
	c := Config{
		Log: w.log, Codec: eventstore.NewCodec(), Keyring: w.ring, Key: bytes.Repeat([]byte{7}, 32),
		Pseudonym: func(stream, actor string) string { return "by:" + stream[:8] + ":" + actor[:4] },
		Cost:      &cheap, Now: w.clock.Now,
	}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	must(w.t, err)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantErr also looks at what the error says.
func wantErr(t testing.TB, what string, err, want error, says ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
		return
	}
	for _, text := range says {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %q does not say %q", what, err, text)
		}
	}
}

const (
	zhangMail = "zhang.san@example.org"
	goodPass  = "四月的风 blows over 8 roofs"
	otherPass = "the ferry 渡轮 leaves at dusk"
)

var (
	zhang     = Person{Login: zhangMail, Name: "张三丰", Mail: zhangMail, Phone: "13812345678"}
	desk      = Agent{UserAgent: "Firefox/140 at the desk", Address: "192.0.2.10"}
	organizer = rights.Grant{Role: rights.Organizer}
)

func meta() Meta { return Meta{ID: uuid.Must(uuid.NewV7()).String(), Actor: "organizer"} }

// byOperator may leave nobody who is an organizer.
func byOperator() Meta {
	m := meta()
	m.Unguarded = true
	return m
}

// account makes an account without a password.
func (w *world) account(p Person, grants ...rights.Grant) string {
	w.t.Helper()
	receipt, err := w.Create(w.ctx, meta(), p, grants)
	must(w.t, err)
	return receipt.Account
}

func (w *world) invite(id string) string {
	w.t.Helper()
	token, _, _, err := w.Invite(w.ctx, meta(), id)
	must(w.t, err)
	return token
}

// person makes an account with a password.
func (w *world) signedUp(p Person, password string, grants ...rights.Grant) string {
	w.t.Helper()
	id := w.account(p, grants...)
	_, err := w.AcceptInvitation(w.ctx, w.invite(id), password)
	must(w.t, err)
	return id
}

func (w *world) signIn(login, password string) Session {
	w.t.Helper()
	session, err := w.SignIn(w.ctx, login, password, "", desk)
	must(w.t, err)
	return session
}

// enroll sets a TOTP secret for an account and returns it.
func (w *world) enroll(id, password string) string {
	w.t.Helper()
	e, err := w.EnrollTOTP(w.ctx, id, password)
	must(w.t, err)
	_, err = w.ConfirmTOTP(w.ctx, meta(), id, e.Ticket, w.code(e.Secret))
	must(w.t, err)
	return e.Secret
}

// code is what an authenticator app shows now.
func (w *world) code(secret string) string {
	w.t.Helper()
	text, err := totp.GenerateCode(secret, w.clock.Now())
	must(w.t, err)
	return text
}

// stream reads an account's events.
func (w *world) stream(id string) (events []eventstore.Recorded) {
	w.t.Helper()
	for e, err := range w.log.ReadStream(w.ctx, streamOf(id), 0) {
		must(w.t, err)
		events = append(events, e)
	}
	return events
}

// fold folds an account's stream anew.
func (w *world) fold(id string) *account.Account {
	w.t.Helper()
	a := account.New()
	for _, e := range w.stream(id) {
		event, err := eventstore.NewCodec().Decode(e.Type, e.Data)
		must(w.t, err)
		must(w.t, a.Apply(event))
	}
	return a
}

// grep looks for text in all files below a folder.
func grep(t testing.TB, dir, text string) (found []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(text)) {
			found = append(found, path)
		}
		return err
	}))
	return found
}

func (w *world) viewer(session Session) error {
	_, err := w.Viewer(w.ctx, session.Account, session.ID)
	return err
}

var errSignIn = domain.ErrSignIn
