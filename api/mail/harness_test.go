package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/uuid"

	"mingjian/api/auth"
	letters "mingjian/domain/mail"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

// inbox is a mail server that takes letters and misbehaves as it is told.
type inbox struct {
	address string
	roots   *x509.CertPool

	mu    sync.Mutex
	taken []received
	next  []func(*session) // how the next sessions misbehave
	seen  int              // sessions
}

// received is a letter as it came.
type received struct {
	from, to  string
	text      []byte
	encrypted bool
}

// session is one connection of a sender.
type session struct {
	inbox    *inbox
	conn     *smtp.Conn
	letter   received
	mail     error
	rcpt     error
	data     error
	lose     bool          // closes the connection instead of taking the letter
	mute     bool          // takes the letter and closes the connection instead of saying so
	stall    chan struct{} // says nothing to the letter until it is closed
	password string        // asks for it
	signedIn bool
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.letter.from = from
	if s.password != "" && !s.signedIn {
		return smtp.ErrAuthRequired
	}
	return s.mail
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.letter.to = to
	return s.rcpt
}

func (s *session) Data(r io.Reader) (err error) {
	s.letter.text, err = io.ReadAll(r)
	_, s.letter.encrypted = s.conn.TLSConnectionState()
	switch {
	case err != nil:
		return err
	case s.data != nil:
		return s.data
	case s.lose:
		return s.conn.Conn().Close()
	case s.stall != nil:
		<-s.stall
		return errors.New("nobody waits any more")
	}
	s.inbox.mu.Lock()
	s.inbox.taken = append(s.inbox.taken, s.letter)
	s.inbox.mu.Unlock()
	if s.mute {
		return s.conn.Conn().Close()
	}
	return nil
}

func (s *session) AuthMechanisms() []string {
	if s.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "mingjian" || password != s.password {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

// openInbox serves until the test ends; how it encrypts is TLS's to say.
func openInbox(t *testing.T, mode TLS, always func(*session)) *inbox {
	t.Helper()
	in := new(inbox)
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		in.mu.Lock()
		defer in.mu.Unlock()
		in.seen++
		s := &session{inbox: in, conn: c}
		if always != nil {
			always(s)
		}
		if len(in.next) > 0 {
			in.next[0](s)
			in.next = in.next[1:]
		}
		return s, nil
	}))
	server.Domain = "mx.example.org"
	server.ErrorLog = log.New(io.Discard, "", 0)
	server.AllowInsecureAuth = mode == None
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	in.address = listener.Addr().String()
	if mode != None {
		web := httptest.NewTLSServer(nil) // has a certificate for 127.0.0.1
		t.Cleanup(web.Close)
		in.roots = x509.NewCertPool()
		in.roots.AddCert(web.Certificate())
		server.TLSConfig = &tls.Config{Certificates: web.TLS.Certificates}
		if mode == Implicit {
			listener = tls.NewListener(listener, server.TLSConfig)
		}
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		must(t, server.Close())
		_ = listener.Close() // in case the server had not begun
		must(t, <-served)
	})
	return in
}

// then says how the next sessions misbehave, one each.
func (in *inbox) then(next ...func(*session)) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.next = next
}

// letters are those that were taken.
func (in *inbox) letters() []received {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.taken)
}

func (in *inbox) sessions() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.seen
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

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// world is a platform with accounts and a mail server.
type world struct {
	*testing.T
	ctx      context.Context
	rig      *testrig.Rig
	accounts *auth.Accounts
	inbox    *inbox
	clock    *clock
	reader   string // an account with an address
}

const readerMail = "zhang.san@example.org"

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		T: t, ctx: testrig.Context(t), rig: testrig.Start(t), inbox: openInbox(t, None, nil), clock: &clock{now: testrig.Day},
	}
	keyring, err := auth.OpenKeyring(filepath.Join(w.rig.Dir, "keyring"))
	must(t, err)
	t.Cleanup(func() { must(t, keyring.Close()) })
	w.accounts, err = auth.New(auth.Config{
		Log: w.rig.Log, Codec: w.rig.Codec, Keyring: keyring, Key: make([]byte, 32), Pseudonym: pseudonym, Now: w.clock.Now,
		Cost: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	})
	must(t, err)
	w.reader = w.account(auth.Person{Login: readerMail, Name: "张三", Mail: readerMail})
	return w
}

func pseudonym(stream, account string) string { return "by:" + stream[:5] + account }

func (w *world) account(p auth.Person) string {
	w.Helper()
	receipt, err := w.accounts.Create(w.ctx, w.meta(), p, nil)
	must(w, err)
	return receipt.Account
}

func (w *world) meta() auth.Meta {
	return auth.Meta{ID: uuid.Must(uuid.NewV7()).String(), Actor: "organizer"}
}

func (w *world) config() Config {
	return Config{
		Log: w.rig.Log, Codec: w.rig.Codec, Accounts: w.accounts, Pseudonym: pseudonym,
		SMTP:    SMTP{Address: w.inbox.address, TLS: None, From: "明鉴 <noreply@pg.example.cn>"},
		BaseURL: "https://pg.example.cn/console/", Now: w.clock.Now, Logger: testrig.Quiet(),
	}
}

// server is one more sender on the log.
func (w *world) server(change func(*Config)) *Sender {
	w.Helper()
	c := w.config()
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	must(w, err)
	return s
}

// letter is a new one to the reader.
func (w *world) letter() Letter {
	return Letter{Cause: uuid.New(), Account: w.reader, Kind: letters.AppealVote, Path: "/appeals/7?tab=vote#panel"}
}

// fold is a letter as the log has it.
func (w *world) fold(l Letter) *letters.Letter {
	w.Helper()
	state := letters.New()
	for _, e := range w.events(l) {
		event, err := w.rig.Codec.Decode(e.Type, e.Data)
		must(w, err)
		must(w, state.Apply(event))
	}
	return state
}

func (w *world) events(l Letter) (events []eventstore.Recorded) {
	w.Helper()
	for e, err := range w.rig.Log.ReadStream(w.ctx, letters.StreamPrefix+LetterID(l.Cause, l.Account).String(), 0) {
		must(w, err)
		events = append(events, e)
	}
	return events
}

// later moves the clock to when a letter can be tried again.
func (w *world) later(err error) *RetryError {
	w.Helper()
	retry, ok := errors.AsType[*RetryError](err)
	if !ok || !retry.At.After(w.clock.Now()) {
		w.Fatalf("%v is no time to try again after %s", err, w.clock.Now())
	}
	w.clock.set(retry.At)
	return retry
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) wantSent(l Letter, attempts int) {
	w.Helper()
	state := w.fold(l)
	if end, ok := state.End.(*letters.Sent); !ok || end.Attempt != attempts || state.Attempt() != attempts {
		w.Errorf("after %d attempts it ended as %+v, want sent by attempt %d", state.Attempt(), state.End, attempts)
	}
}

func (w *world) wantAbandoned(l Letter, reason letters.Reason) {
	w.Helper()
	if end, ok := w.fold(l).End.(*letters.Abandoned); !ok || end.Reason != reason {
		w.Errorf("it ended as %+v, want abandoned: %s", w.fold(l).End, reason)
	}
}
