package mail

import (
	"crypto/x509"
	"errors"
	"net/textproto"
	"strings"
	"testing"
)

// through delivers a letter by another mail server than the world's.
func (w *world) through(in *inbox, change func(*SMTP)) (Letter, error) {
	w.Helper()
	l := w.letter()
	return l, w.server(func(c *Config) {
		c.SMTP.Address, c.SMTP.Roots = in.address, in.roots
		change(&c.SMTP)
	}).Deliver(w.ctx, l)
}

func TestEncryption(t *testing.T) {
	w := newWorld(t)
	starttls, implicit, plain := openInbox(t, STARTTLS, nil), openInbox(t, Implicit, nil), openInbox(t, None, nil)
	for _, test := range []struct {
		name   string
		inbox  *inbox
		change func(*SMTP)
		fails  error // nil where the letter comes encrypted
	}{
		{"STARTTLS", starttls, func(c *SMTP) { c.TLS = STARTTLS }, nil},
		{"STARTTLS unless told otherwise", starttls, func(c *SMTP) { c.TLS = "" }, nil},
		{"implicit", implicit, func(c *SMTP) { c.TLS = Implicit }, nil},
		{"STARTTLS that is not offered", plain, func(c *SMTP) { c.TLS = STARTTLS }, errTLS},
		{"STARTTLS, certificate of a stranger", starttls, func(c *SMTP) { c.TLS, c.Roots = STARTTLS, nil }, x509.UnknownAuthorityError{}},
		{"implicit, certificate of a stranger", implicit, func(c *SMTP) { c.TLS, c.Roots = Implicit, x509.NewCertPool() }, x509.UnknownAuthorityError{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := len(test.inbox.letters())
			l, err := w.through(test.inbox, test.change)
			got := test.inbox.letters()[before:]
			if test.fails == nil {
				must(t, err)
				w.wantSent(l, 1)
				if len(got) != 1 || !got[0].encrypted {
					t.Errorf("came: %+v", got)
				}
				return
			}
			stranger := new(x509.UnknownAuthorityError)
			if !errors.Is(err, test.fails) && !(errors.As(test.fails, stranger) && errors.As(err, stranger)) {
				t.Errorf("%v, want %v", err, test.fails)
			}
			if len(got) > 0 || w.fold(l).End != nil {
				t.Errorf("came: %+v; ended: %+v", got, w.fold(l).End)
			}
		})
	}
}

func TestSignIn(t *testing.T) {
	w := newWorld(t)
	const password = "over the river 8"
	asks := func(s *session) { s.password = password }
	for _, mode := range []TLS{None, STARTTLS, Implicit} {
		t.Run(string(mode), func(t *testing.T) {
			in := openInbox(t, mode, asks)
			set := func(user, password string) func(*SMTP) {
				return func(c *SMTP) { c.TLS, c.User, c.Password = mode, user, password }
			}
			l, err := w.through(in, set("mingjian", password))
			must(t, err)
			w.wantSent(l, 1)

			// The settings are wrong, not the letter: it waits until they are mended.
			l, err = w.through(in, set("mingjian", "wrong"))
			if said, ok := errors.AsType[*textproto.Error](err); !ok || said.Code != 535 || strings.Contains(err.Error(), "wrong") {
				t.Errorf("wrong password: %v", err)
			}
			if w.fold(l).End != nil || len(in.letters()) != 1 {
				t.Errorf("%d letters came, ended: %+v", len(in.letters()), w.fold(l).End)
			}
		})
	}
	// A server that knows no sign-in gets no letter from whom the settings say.
	if _, err := w.through(w.inbox, func(c *SMTP) { c.User, c.Password = "mingjian", password }); !errors.Is(err, errSignIn) {
		t.Errorf("no way to sign in: %v", err)
	}
	if n := len(w.inbox.letters()); n > 0 {
		t.Errorf("%d letters came", n)
	}
}

func TestRefusals(t *testing.T) {
	for said, permanent := range map[*refusal]bool{
		{550, "5.1.1 no such user"}:       true,
		{550, "no such user"}:             true,
		{552, "5.2.2 over quota"}:         true,
		{554, "5.6.0 not this"}:           true,
		{550, "5.7.1 unable to relay"}:    false,
		{554, "5.7.1 relay access"}:       false,
		{530, "5.7.0 authenticate first"}: false,
		{503, "5.5.1 out of order"}:       false,
		{450, "4.2.0 greylisted"}:         false,
		{452, "4.2.2 over quota"}:         false,
	} {
		if said.permanent() != permanent {
			t.Errorf("%v: permanent %v", said, said.permanent())
		}
	}
}

// TestConfig: all faults are told at once, and nothing is taken on trust.
func TestConfig(t *testing.T) {
	err := Config{SMTP: SMTP{Address: "mx", TLS: "ssl", User: "u", From: "nobody"}, BaseURL: "pg", Lease: -1}.Validate()
	for _, fault := range []string{
		"log, codec, accounts and pseudonyms", `server "mx"`, `TLS "ssl"`, "go together", `sender "nobody"`, `base URL "pg"`, "lease -1ns",
	} {
		if err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%v does not say %q", err, fault)
		}
	}
	good := SMTP{Address: "mx.example.cn:587", From: "明鉴 <noreply@pg.example.cn>"}
	must(t, good.Validate())
	for _, test := range []struct {
		change func(*SMTP)
		says   string // "" where it is right
	}{
		{func(c *SMTP) { c.Address = ":587" }, "not host:port"},
		{func(c *SMTP) { c.Address = "mx.example.cn:smtp" }, "not host:port"},
		{func(c *SMTP) { c.Address = "mx.example.cn:0" }, "not host:port"},
		{func(c *SMTP) { c.TLS = None }, "clear text"},
		{func(c *SMTP) { c.TLS, c.User, c.Password = None, "u", "p" }, "clear text"},
		{func(c *SMTP) { c.TLS, c.Address = None, "loopback.example.cn:25" }, "clear text"},
		{func(c *SMTP) { c.TLS, c.Address = None, "0.0.0.0:25" }, "clear text"},
		{func(c *SMTP) { c.TLS, c.Address = None, "localhost:25" }, ""},
		{func(c *SMTP) { c.TLS, c.Address = None, "[::1]:25" }, ""},
		{func(c *SMTP) { c.Password = "p" }, "go together"},
		{func(c *SMTP) { c.From = "明鉴\r\nBcc: b@example.org <a@example.org>" }, "sender"},
		{func(c *SMTP) { c.From = "\"明鉴\r\n\" <a@example.org>" }, "sender"},
		{func(c *SMTP) { c.From = "=?utf-8?q?a=0D=0ABcc=3A_b=40example.org?= <a@example.org>" }, "control characters"},
		{func(c *SMTP) { c.From = "a@example.org, b@example.org" }, "sender"},
		{func(c *SMTP) { c.From = "a@例子.中国" }, "plain ASCII"},
	} {
		c := good
		test.change(&c)
		err := c.Validate()
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%+v: %v, want %q", c, err, test.says)
		}
	}
	w := newWorld(t)
	for base, ok := range map[string]bool{
		"https://pg.example.cn": true, "http://127.0.0.1:8080/": true, "https://pg.example.cn/console": true,
		"": false, "pg.example.cn": false, "ftp://pg.example.cn": false, "https://": false, "https://u:p@pg.example.cn": false,
		"https://pg.example.cn/?a": false, "https://pg.example.cn/#a": false, "https://pg.example.cn/ a": false,
	} {
		c := w.config()
		c.BaseURL = base
		if err := c.Validate(); (err == nil) != ok {
			t.Errorf("base URL %q: %v", base, err)
		}
	}
}

// TestSenderName: the name before the sender's address is encoded whole.
func TestSenderName(t *testing.T) {
	w := newWorld(t)
	const name = `明鉴 "<b@example.org>, Bcc: c@example.org`
	l, err := w.through(w.inbox, func(c *SMTP) { c.From = `"明鉴 \"<b@example.org>, Bcc: c@example.org" <a@example.org>` })
	must(t, err)
	w.wantSent(l, 1)
	m := parse(t, w.inbox.letters()[0].text)
	from, err := m.Header.AddressList("From")
	if err != nil || len(from) != 1 || from[0].Name != name || from[0].Address != "a@example.org" || m.Header.Get("Bcc") != "" {
		t.Errorf("%+v, %v", m.Header, err)
	}
}
