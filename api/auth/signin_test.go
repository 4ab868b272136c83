package auth

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mingjian/domain"
)

func TestSignIn(t *testing.T) {
	w := newWorld(t)
	id := w.signedUp(zhang, goodPass, organizer)
	session := w.signIn("Zhang.San@EXAMPLE.org", goodPass)
	if session.Account != id || len(session.ID) < 26 || !session.Expires.Equal(w.now().Add(12*time.Hour)) {
		t.Errorf("session %+v", session)
	}
	viewer, err := w.server(nil).Viewer(w.ctx, id, session.ID)
	if err != nil || viewer.Session != session.ID || viewer.Actor.Account != id || !viewer.Actor.Has("organizer") {
		t.Errorf("viewer %+v, %v", viewer, err)
	}
	if again := w.signIn(zhangMail, goodPass); again.ID == session.ID {
		t.Error("two sign-ins have one session")
	}
	infos, err := w.Sessions(w.ctx, id)
	if err != nil || len(infos) != 2 || infos[0].ID != session.ID || infos[0].Agent != desk {
		t.Errorf("sessions %+v, %v", infos, err)
	}
	for what, try := range map[string]struct{ login, password string }{
		"wrong password": {zhangMail, otherPass}, "no password": {zhangMail, ""}, "unknown login": {"nobody@example.org", goodPass},
		"no login": {"", goodPass}, "what is no login": {"a b", goodPass}, "endless password": {zhangMail, strings.Repeat(goodPass, 1000)},
		"password that is not UTF-8": {zhangMail, "\xff" + goodPass},
	} {
		_, err := w.SignIn(w.ctx, try.login, try.password, "", desk)
		if !errors.Is(err, errSignIn) || err.Error() != errSignIn.Error() {
			t.Errorf("%s: %v, want %v and no word more", what, err, errSignIn)
		}
		w.byAccount.clear(id)
	}
	w.account(Person{Login: "lisi", Name: "李四"})
	_, err = w.SignIn(w.ctx, "lisi", "", "", desk)
	wantErr(t, "an account without a password", err, errSignIn)
}

// Whatever is wrong, one password is hashed: when hashing is busy all wait
// alike, so the time that an answer takes tells nothing.
func TestEverySignInHashes(t *testing.T) {
	w := newWorld(t)
	w.signedUp(zhang, goodPass)
	w.account(Person{Login: "lisi", Name: "李四"})
	erased := w.signedUp(Person{Login: "wangwu", Name: "王五"}, goodPass)
	_, err := w.Erase(w.ctx, meta(), erased, "本人要求")
	must(t, err)
	disabled := w.signedUp(Person{Login: "zhaoliu", Name: "赵六"}, goodPass)
	_, err = w.Disable(w.ctx, meta(), disabled, "离职")
	must(t, err)
	w.hasher.waiting.Store(1000)
	for _, login := range []string{zhangMail, "lisi", "wangwu", "zhaoliu", "nobody", "a b", ""} {
		for _, password := range []string{goodPass, otherPass, "", strings.Repeat("x", 5000)} {
			_, err := w.SignIn(w.ctx, login, password, "", desk)
			wantErr(t, login, err, domain.ErrThrottled, "wait 2 seconds")
		}
	}
	w.hasher.waiting.Store(0)
	w.signIn(zhangMail, goodPass) // what was not tried did not count
}

func TestDisabledAccountKeepsNoSession(t *testing.T) {
	w := newWorld(t)
	other := w.server(nil)
	id := w.signedUp(zhang, goodPass)
	session := w.signIn(zhangMail, goodPass)
	must(t, w.viewer(session))
	_, err := other.Disable(w.ctx, meta(), id, "离职")
	must(t, err)
	wantErr(t, "the session on the other server", w.viewer(session), ErrNoSession)
	_, err = w.SignIn(w.ctx, zhangMail, goodPass, "", desk)
	wantErr(t, "sign in", err, domain.ErrDisabled)
	_, err = w.SignIn(w.ctx, zhangMail, otherPass, "", desk)
	wantErr(t, "sign in with a wrong password", err, errSignIn)
	_, err = w.SignInVerified(w.ctx, zhangMail, desk)
	wantErr(t, "sign in, verified", err, domain.ErrDisabled)
	_, err = w.SetPassword(w.ctx, meta(), id, goodPass, otherPass)
	wantErr(t, "set a password", err, domain.ErrDisabled)
	_, err = other.Enable(w.ctx, meta(), id)
	must(t, err)
	wantErr(t, "the session after enabling", w.viewer(session), ErrNoSession)
	must(t, w.viewer(w.signIn(zhangMail, goodPass)))
}

func TestSessionsEnd(t *testing.T) {
	w := newWorld(t)
	other := w.server(nil)
	id := w.signedUp(zhang, goodPass)
	one, two, three := w.signIn(zhangMail, goodPass), w.signIn(zhangMail, goodPass), w.signIn(zhangMail, goodPass)
	must(t, other.SignOut(w.ctx, id, one.ID))
	must(t, other.SignOut(w.ctx, id, one.ID))
	wantErr(t, "signed out elsewhere", w.viewer(one), ErrNoSession)
	must(t, w.viewer(two))
	_, err := other.RevokeSessions(w.ctx, meta(), id, []string{two.ID, "unknown"})
	must(t, err)
	wantErr(t, "revoked elsewhere", w.viewer(two), ErrNoSession)
	w.clock.advance(SessionLifetime - time.Second)
	must(t, w.viewer(three))
	four := w.signIn(zhangMail, goodPass)
	w.clock.advance(time.Second)
	wantErr(t, "after twelve hours", w.viewer(three), ErrNoSession)
	infos, err := w.Sessions(w.ctx, id)
	if err != nil || len(infos) != 1 || infos[0].ID != four.ID {
		t.Errorf("sessions %+v, %v", infos, err)
	}
	_, err = other.RevokeSessions(w.ctx, meta(), id, nil)
	must(t, err)
	wantErr(t, "all revoked elsewhere", w.viewer(four), ErrNoSession)
	wantErr(t, "one that never was", w.viewer(Session{Account: id, ID: "unknown"}), ErrNoSession)
	wantErr(t, "of an account that never was", w.viewer(Session{Account: oneID, ID: four.ID}), ErrNoSession)
	wantErr(t, "of what is no account", w.viewer(Session{Account: "../x", ID: four.ID}), ErrNoSession)
}

func TestInvitation(t *testing.T) {
	w := newWorld(t)
	other := w.server(nil)
	id := w.account(zhang)
	m := meta()
	token, expires, _, err := w.Invite(w.ctx, m, id)
	must(t, err)
	again, _, receipt, err := other.Invite(w.ctx, m, id)
	if err != nil || again != token || !receipt.Repeated || !expires.Equal(w.now().Add(InvitationLifetime)) {
		t.Errorf("sent again: %q, %v, expires %s", again, err, expires)
	}
	if login, err := other.Invitation(w.ctx, token); err != nil || login != zhangMail {
		t.Errorf("invites %q, %v", login, err)
	}
	for what, bad := range map[string]string{
		"no token": "", "cut": token[:40], "changed": token[:len(token)-1] + "_", "another account's": otherID + token[26:], "only the account": id, "path": "../../" + token,
	} {
		_, err := w.Invitation(w.ctx, bad)
		wantErr(t, what, err, domain.ErrInvitation, domain.ErrInvitation.Error())
		_, err = w.AcceptInvitation(w.ctx, bad, goodPass)
		wantErr(t, what, err, domain.ErrInvitation)
	}
	_, err = w.AcceptInvitation(w.ctx, token, "password1234")
	wantErr(t, "a weak password", err, domain.ErrWeakPassword)
	_, err = other.AcceptInvitation(w.ctx, token, goodPass)
	must(t, err)
	for _, s := range []*Accounts{w.Accounts, other} {
		_, err = s.AcceptInvitation(w.ctx, token, otherPass)
		wantErr(t, "used again", err, domain.ErrInvitation)
		_, err = s.Invitation(w.ctx, token)
		wantErr(t, "looked at again", err, domain.ErrInvitation)
	}
	session := w.signIn(zhangMail, goodPass)

	late := w.invite(id)
	w.clock.advance(InvitationLifetime)
	_, err = w.AcceptInvitation(w.ctx, late, otherPass)
	wantErr(t, "expired", err, domain.ErrInvitation)
	replaced, newest := w.invite(id), w.invite(id)
	_, err = w.AcceptInvitation(w.ctx, replaced, otherPass)
	wantErr(t, "replaced", err, domain.ErrInvitation)
	_, err = w.Disable(w.ctx, meta(), id, "离职")
	must(t, err)
	_, err = w.AcceptInvitation(w.ctx, newest, otherPass)
	wantErr(t, "of a disabled account", err, domain.ErrInvitation)
	_, err = w.Enable(w.ctx, meta(), id)
	must(t, err)
	_, err = w.AcceptInvitation(w.ctx, newest, otherPass)
	must(t, err)
	wantErr(t, "the session from before", w.viewer(session), ErrNoSession)
	_, err = w.SignIn(w.ctx, zhangMail, goodPass, "", desk)
	wantErr(t, "the forgotten password", err, errSignIn)
	w.signIn(zhangMail, otherPass)
}

// Of many who hold one link, one sets the password.
func TestInvitationUsedOnManyServersAtOnce(t *testing.T) {
	w := newWorld(t)
	token := w.invite(w.account(zhang))
	var group sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		server := w.server(nil)
		group.Go(func() {
			_, results[i] = server.AcceptInvitation(w.ctx, token, fmt.Sprint("quilt barn lantern otter ", i))
		})
	}
	group.Wait()
	used := -1
	for i, err := range results {
		switch {
		case err == nil && used >= 0:
			t.Errorf("used by %d and %d", used, i)
		case err == nil:
			used = i
		default:
			wantErr(t, "the others", err, domain.ErrInvitation)
		}
	}
	w.signIn(zhangMail, fmt.Sprint("quilt barn lantern otter ", used))
}

func TestSetPassword(t *testing.T) {
	w := newWorld(t)
	id := w.signedUp(zhang, goodPass)
	session, link := w.signIn(zhangMail, goodPass), w.invite(id)
	_, err := w.SetPassword(w.ctx, meta(), id, otherPass, otherPass)
	wantErr(t, "without the old one", err, errSignIn)
	_, err = w.SetPassword(w.ctx, meta(), id, goodPass, "short")
	wantErr(t, "a weak one", err, domain.ErrWeakPassword)
	m := meta()
	first, err := w.SetPassword(w.ctx, m, id, goodPass, otherPass)
	must(t, err)
	again, err := w.server(nil).SetPassword(w.ctx, m, id, goodPass, otherPass)
	if err != nil || !again.Repeated || again.Position != first.Position {
		t.Errorf("sent again: %+v, %v", again, err)
	}
	wantErr(t, "the session", w.viewer(session), ErrNoSession)
	_, err = w.AcceptInvitation(w.ctx, link, goodPass)
	wantErr(t, "an open link", err, domain.ErrInvitation)
	_, err = w.SignIn(w.ctx, zhangMail, goodPass, "", desk)
	wantErr(t, "the old one", err, errSignIn)
	w.signIn(zhangMail, otherPass)

	for range freePerAccount {
		_, err = w.SetPassword(w.ctx, meta(), id, goodPass, otherPass)
		wantErr(t, "guessing", err, errSignIn)
	}
	_, err = w.SetPassword(w.ctx, meta(), id, otherPass, goodPass)
	wantErr(t, "guessing too often", err, domain.ErrThrottled)
}

func TestTOTP(t *testing.T) {
	w := newWorld(t)
	id := w.signedUp(zhang, goodPass)
	_, err := w.EnrollTOTP(w.ctx, id, otherPass)
	wantErr(t, "enroll without the password", err, errSignIn)
	e, err := w.EnrollTOTP(w.ctx, id, goodPass)
	must(t, err)
	if want := "otpauth://totp/Mingjian:zhang.san@example.org?"; !strings.HasPrefix(e.URL, want) || !strings.Contains(e.URL, "secret="+e.Secret) {
		t.Errorf("address %s", e.URL)
	}
	if strings.Contains(e.Ticket, e.Secret) {
		t.Error("the ticket shows the secret")
	}
	w.signIn(zhangMail, goodPass) // not in force yet
	_, err = w.ConfirmTOTP(w.ctx, meta(), id, e.Ticket, "000000x")
	wantErr(t, "confirm by a wrong code", err, errSignIn)
	other := w.signedUp(Person{Login: "lisi", Name: "李四"}, goodPass)
	_, err = w.ConfirmTOTP(w.ctx, meta(), other, e.Ticket, w.code(e.Secret))
	wantErr(t, "confirm for another account", err, domain.ErrInvitation)
	m := meta()
	code := w.code(e.Secret)
	_, err = w.server(nil).ConfirmTOTP(w.ctx, m, id, e.Ticket, code[:3]+" "+code[3:])
	must(t, err)

	_, err = w.SignIn(w.ctx, zhangMail, goodPass, "", desk)
	wantErr(t, "no code", err, errSignIn)
	_, err = w.SignIn(w.ctx, zhangMail, goodPass, code, desk)
	wantErr(t, "the code that confirmed", err, errSignIn)
	w.clock.advance(30 * time.Second)
	code = w.code(e.Secret)
	_, err = w.SignIn(w.ctx, zhangMail, otherPass, code, desk)
	wantErr(t, "a code and a wrong password", err, errSignIn)
	_, err = w.SignIn(w.ctx, zhangMail, goodPass, code, desk)
	must(t, err)
	for _, s := range []*Accounts{w.Accounts, w.server(nil)} {
		_, err = s.SignIn(w.ctx, zhangMail, goodPass, code, desk)
		wantErr(t, "the code again", err, errSignIn)
	}
	w.clock.advance(30 * time.Second)
	old := code
	code = w.code(e.Secret)
	w.clock.advance(30 * time.Second) // typed slowly
	_, err = w.SignIn(w.ctx, zhangMail, goodPass, code, desk)
	must(t, err)
	_, err = w.SignIn(w.ctx, zhangMail, goodPass, old, desk)
	wantErr(t, "an older code", err, errSignIn)

	if repeated, err := w.ConfirmTOTP(w.ctx, m, id, e.Ticket, "late"); err != nil || !repeated.Repeated {
		t.Errorf("confirmed again: %+v, %v", repeated, err)
	}
	late, err := w.EnrollTOTP(w.ctx, id, goodPass)
	must(t, err)
	w.clock.advance(enrollmentTime)
	_, err = w.ConfirmTOTP(w.ctx, meta(), id, late.Ticket, w.code(late.Secret))
	wantErr(t, "confirm too late", err, domain.ErrInvitation, "begin again")
	_, err = w.ClearTOTP(w.ctx, meta(), id)
	must(t, err)
	w.signIn(zhangMail, goodPass)
}

// One code opens one session, whichever servers it is sent to at once.
func TestTOTPCodeSentToManyServersAtOnce(t *testing.T) {
	w := newWorld(t)
	id := w.signedUp(zhang, goodPass)
	secret := w.enroll(id, goodPass)
	w.clock.advance(time.Minute)
	code := w.code(secret)
	var group sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		server := w.server(nil)
		group.Go(func() { _, results[i] = server.SignIn(w.ctx, zhangMail, goodPass, code, desk) })
	}
	group.Wait()
	opened := 0
	for _, err := range results {
		if err == nil {
			opened++
		} else {
			wantErr(t, "the others", err, errSignIn)
		}
	}
	if a := w.fold(id); opened != 1 || len(a.Sessions) != 1 {
		t.Errorf("one code opened %d sessions, on record %d", opened, len(a.Sessions))
	}
}

// A password that is changed between its check and the record of the session
// opens none.
func TestPasswordChangedDuringSignIn(t *testing.T) {
	w := newWorld(t)
	id := w.signedUp(zhang, goodPass)
	checked, err := w.prove(w.ctx, id, goodPass, "")
	must(t, err)
	_, err = w.SetPassword(w.ctx, meta(), id, goodPass, otherPass)
	must(t, err)
	_, err = w.open(w.ctx, id, desk, checked)
	wantErr(t, "open", err, errSignIn, "changed meanwhile")
	if a := w.fold(id); len(a.Sessions) != 0 {
		t.Errorf("sessions %+v", a.Sessions)
	}
}

func TestAgentIsClippedAndNetworksShareAThrottle(t *testing.T) {
	w := newWorld(t)
	id := w.signedUp(zhang, goodPass)
	_, err := w.SignIn(w.ctx, zhangMail, goodPass, "", Agent{UserAgent: strings.Repeat("浏览器", 1000) + "\xff", Address: "2001:db8::1"})
	must(t, err)
	infos, err := w.Sessions(w.ctx, id)
	if err != nil || len(infos[0].Agent.UserAgent) > 300 || !strings.HasPrefix(infos[0].Agent.UserAgent, "浏览器") {
		t.Errorf("sessions %+v, %v", infos, err)
	}
	for address, want := range map[string]string{
		"192.0.2.10": "192.0.2.10", "::ffff:192.0.2.10": "192.0.2.10", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "unknown": "unknown", "": "",
	} {
		if got := (Agent{Address: address}).network(); got != want {
			t.Errorf("%s is of %s, want %s", address, got, want)
		}
	}
}

// Sessions are bounded: who signs in for ever fills nothing.
func TestManySignIns(t *testing.T) {
	w := newWorld(t)
	id := w.signedUp(zhang, goodPass)
	first := w.signIn(zhangMail, goodPass)
	for range 50 {
		w.signIn(zhangMail, goodPass)
	}
	wantErr(t, "the first of 51 sessions", w.viewer(first), ErrNoSession)
	if infos, err := w.Sessions(w.ctx, id); err != nil || len(infos) != 50 {
		t.Errorf("%d sessions, %v", len(infos), err)
	}
}
