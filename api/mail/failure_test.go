package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"mingjian/api/auth"
	"mingjian/domain"
	letters "mingjian/domain/mail"
)

func reply(code int, enhanced smtp.EnhancedCode, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

// TestMailServerFails: whatever the mail server does first, the letter is sent
// in the end, or is abandoned where the server will not have it.
func TestMailServerFails(t *testing.T) {
	busy := reply(451, smtp.EnhancedCode{4, 3, 0}, "try later")
	busyFor := reply(451, smtp.EnhancedCode{4, 2, 1}, "<"+strings.ToUpper(readerMail)+"> is busy")
	noSuch := reply(550, smtp.EnhancedCode{5, 1, 1}, "no such mailbox")
	for _, test := range []struct {
		name  string
		first func(*session)
		came  int            // in the end
		ends  letters.Reason // at once, instead of being tried again
		says  string
	}{
		{name: "sender put off", first: func(s *session) { s.mail = busy }, came: 1, says: "451"},
		{name: "sender refused", first: func(s *session) { s.mail = noSuch }, came: 1, says: "no such mailbox"},
		{name: "recipient put off", first: func(s *session) { s.rcpt = busyFor }, came: 1, says: "answers 451 4.2.1 <…> is busy"},
		{name: "recipient refused", first: func(s *session) { s.rcpt = noSuch }, ends: letters.Refused},
		{name: "relaying refused", first: func(s *session) { s.rcpt = reply(554, smtp.EnhancedCode{5, 7, 1}, "relay access denied") }, came: 1, says: "answers 554 5.7.1"},
		{name: "text put off", first: func(s *session) { s.data = busy }, came: 1, says: "answers 451"},
		{name: "text refused", first: func(s *session) { s.data = reply(554, smtp.EnhancedCode{5, 6, 0}, "no") }, ends: letters.Refused},
		{name: "connection lost before it was taken", first: func(s *session) { s.lose = true }, came: 1, says: "EOF"},
		{name: "connection lost after it was taken", first: func(s *session) { s.mute = true }, came: 2, says: "EOF"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			l := w.letter()
			w.inbox.then(test.first)
			err := w.server(nil).Deliver(w.ctx, l)
			if test.ends != "" {
				must(t, err)
				w.wantAbandoned(l, test.ends)
				w.clock.set(w.clock.Now().Add(time.Hour))
				must(t, w.server(nil).Deliver(w.ctx, l))
				w.wantOne(0)
				return
			}
			w.later(err)
			if !strings.Contains(err.Error(), test.says) || strings.Contains(strings.ToLower(err.Error()), "zhang") {
				t.Errorf("%v, want %q and no address of a person", err, test.says)
			}
			must(t, w.server(nil).Deliver(w.ctx, l))
			w.wantSent(l, 2)
			w.wantOne(test.came)
		})
	}
}

// TestMailServerAway: nobody listens. Attempts come at longer and longer
// intervals, by whichever server, and nothing is given up.
func TestMailServerAway(t *testing.T) {
	w := newWorld(t)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, nobody.Close())
	l := w.letter()
	for _, minutes := range []int{2, 4, 8, 16, 32, 60, 60} {
		s := w.server(func(c *Config) {
			c.SMTP.Address = nobody.Addr().String()
			c.Patience = time.Minute
		})
		before := w.clock.Now()
		retry := w.later(s.Deliver(w.ctx, l))
		if waits := retry.At.Sub(before); waits != time.Duration(minutes)*time.Minute {
			t.Errorf("attempt %d is followed after %s, want %d minutes", w.fold(l).Attempt(), waits, minutes)
		}
	}
	must(t, w.server(nil).Deliver(w.ctx, l))
	w.wantSent(l, 8)
}

// TestPutOffForTooLong: a mailbox that is full for days does not keep others
// waiting for ever.
func TestPutOffForTooLong(t *testing.T) {
	w := newWorld(t)
	l := w.letter()
	full := func(s *session) { s.rcpt = reply(452, smtp.EnhancedCode{4, 2, 2}, "mailbox full") }
	s := w.server(func(c *Config) { c.Patience = 10 * time.Minute })
	w.inbox.then(full, full, full, full)
	for range 3 { // at 0, 2 and 6 minutes
		w.later(s.Deliver(w.ctx, l))
	}
	must(t, s.Deliver(w.ctx, l)) // at 14
	w.wantAbandoned(l, letters.Undeliverable)
	w.wantOne(0)
}

// TestSlowMailServer: a server that does not answer is left after half of the
// lease, and when the caller goes.
func TestSlowMailServer(t *testing.T) {
	w := newWorld(t)
	stalls := make(chan struct{})
	t.Cleanup(func() { close(stalls) }) // before the inbox closes
	stall := func(s *session) { s.stall = stalls }
	w.inbox.then(stall, stall)

	l := w.letter()
	began := time.Now()
	err := w.server(func(c *Config) { c.Lease = 2 * time.Second }).Deliver(w.ctx, l)
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took < time.Second {
		t.Errorf("after %s: %v", took, err)
	}
	w.later(err)

	ctx, cancel := context.WithCancel(w.ctx)
	go func() {
		for w.inbox.sessions() < 2 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	err = w.server(nil).Deliver(ctx, l)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("when its caller goes: %v", err)
	}
	w.later(err)
	must(t, w.server(nil).Deliver(w.ctx, l))
	w.wantSent(l, 3)
	w.wantOne(1)
}

// TestGoneBeforeRecording: the caller goes when the mail server has the letter.
// That is recorded all the same, or it would be sent again.
func TestGoneBeforeRecording(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(w.ctx)
	s := w.server(nil)
	s.after = func(done step) {
		if done == taken {
			cancel()
		}
	}
	l := w.letter()
	must(t, s.Deliver(ctx, l))
	w.wantSent(l, 1)
}

// TestOvertaken: a server that stood still until after its lease has sent the
// letter all the same; the log says so, and the one that took over stops.
func TestOvertaken(t *testing.T) {
	w := newWorld(t)
	l := w.letter()
	slow := w.server(nil)
	slow.after = func(done step) {
		if done == taken {
			w.clock.set(w.clock.Now().Add(3 * time.Minute))
			w.crash(claimed, l)
		}
	}
	must(t, slow.Deliver(w.ctx, l))
	must(t, w.server(nil).Deliver(w.ctx, l))
	if end, ok := w.fold(l).End.(*letters.Sent); !ok || end.Attempt != 1 {
		t.Errorf("it ended as %+v", w.fold(l).End)
	}
	w.wantOne(1)
}

func TestNobodyToWriteTo(t *testing.T) {
	w := newWorld(t)
	disabled := w.account(auth.Person{Login: "li.si", Name: "李四", Mail: "li.si@example.org"})
	_, err := w.accounts.Disable(w.ctx, w.meta(), disabled, "离职")
	must(t, err)
	erased := w.account(auth.Person{Login: "wang.wu", Name: "王五", Mail: "wang.wu@example.org"})
	_, err = w.accounts.Erase(w.ctx, w.meta(), erased, "本人要求")
	must(t, err)
	for account, reason := range map[string]letters.Reason{
		disabled: letters.Disabled, erased: letters.Gone, "operator": letters.Gone,
		w.account(auth.Person{Login: "zhao.liu", Name: "赵六"}): letters.NoAddress,
	} {
		l := w.letter()
		l.Account = account
		must(t, w.server(nil).Deliver(w.ctx, l))
		w.wantAbandoned(l, reason)
	}
	if n := w.inbox.sessions(); n > 0 {
		t.Errorf("the mail server was asked %d times", n)
	}
	w.rig.Wait(t)
}

// addresses are accounts as another version, or another hand, may have left them.
type addresses map[string]string

func (a addresses) Mailbox(_ context.Context, account string) (string, error) {
	if address, ok := a[account]; ok {
		return address, nil
	}
	return "", fmt.Errorf("account %s: %w", account, auth.ErrErased)
}

// TestInjection: whatever stands where an address, a name or a path should be,
// no header and no recipient is added, and no command.
func TestInjection(t *testing.T) {
	w := newWorld(t)
	for _, address := range []string{
		"a@example.org\r\nBcc: b@example.org", "a@example.org>\r\nRCPT TO:<b@example.org", "a@example.org, b@example.org",
		"a@example.org\n", "<a@example.org>", "A <a@example.org>", "a@example.org\x00", "a b@example.org", "a", "@", "\"a\nb\"@example.org",
	} {
		l := w.letter()
		s := w.server(func(c *Config) { c.Accounts = addresses{w.reader: address} })
		must(t, s.Deliver(w.ctx, l))
		w.wantAbandoned(l, letters.NoAddress)
	}
	for _, path := range []string{"", "appeals", "/a\r\nBcc: b@example.org", "/a b", "/a\tb", "/%zz", "/" + strings.Repeat("a", 500)} {
		l := w.letter()
		l.Path = path
		if err := w.server(nil).Deliver(w.ctx, l); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("path %q: %v", path, err)
		}
	}
	for _, change := range []func(*Letter){
		func(l *Letter) { l.Account = "" },
		func(l *Letter) { l.Account = strings.Repeat("a", 101) },
		func(l *Letter) { l.Kind = "result" },
		func(l *Letter) { l.Cause = [16]byte{} },
	} {
		l := w.letter()
		change(&l)
		if err := w.server(nil).Deliver(w.ctx, l); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("%+v: %v", l, err)
		}
	}
	if n := w.inbox.sessions(); n > 0 {
		t.Errorf("the mail server was asked %d times", n)
	}

	// Strange but right: the whole of it is one recipient.
	const odd = "{b}'c+d@example.org"
	l := w.letter()
	must(t, w.server(func(c *Config) { c.Accounts = addresses{w.reader: odd} }).Deliver(w.ctx, l))
	if got := w.inbox.letters(); len(got) != 1 || got[0].to != odd || parse(t, got[0].text).Header.Get("To") != "<"+odd+">" {
		t.Errorf("%+v", got)
	}
}

// TestAddressInChinese: where the mail server cannot carry the address, no
// mangled one is tried.
func TestAddressInChinese(t *testing.T) {
	w := newWorld(t)
	l := w.letter()
	must(t, w.server(func(c *Config) { c.Accounts = addresses{w.reader: "张三@例子.中国"} }).Deliver(w.ctx, l))
	w.wantAbandoned(l, letters.Refused)
	w.wantOne(0)
}

// TestKeyringAway: a key that is missing while the account is not erased may
// be the keyring's fault. Nothing is given up.
func TestKeyringAway(t *testing.T) {
	w := newWorld(t)
	l := w.letter()
	err := w.server(func(c *Config) { c.Accounts = addresses{} }).Deliver(w.ctx, l)
	if !errors.Is(err, auth.ErrErased) {
		t.Errorf("%v", err)
	}
	w.later(err)
	must(t, w.server(nil).Deliver(w.ctx, l))
	w.wantSent(l, 2)
}
