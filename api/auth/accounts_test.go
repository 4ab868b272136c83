package auth

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mingjian/domain"
	"mingjian/domain/account"
	"mingjian/domain/rights"
	"mingjian/eventstore"
)

func TestConfigTellsAllFaults(t *testing.T) {
	_, err := New(Config{Key: make([]byte, 31)})
	wantErr(t, "nothing configured", err, err, "log, codec, keyring and pseudonyms", "31 bytes, 32 needed")
	_, err = NewHTTP(HTTPConfig{OIDC: &OIDCConfig{Issuer: "issuer"}})
	wantErr(t, "no HTTP configured", err, err, "no accounts", `issuer "issuer"`, `redirect URL ""`, "client id")
}

func TestLogins(t *testing.T) {
	for login, want := range map[string]string{
		"Zhang.San@Example.ORG": "zhang.san@example.org", "ｚｈａｎｇ": "zhang", "张三丰": "张三丰", "ÉMILE": "émile", "E\u0301MILE": "émile", "o'neil-2_x+y": "o'neil-2_x+y",
	} {
		got, err := NormalizeLogin(login)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", login, got, err, want)
		}
		if again, err := NormalizeLogin(got); err != nil || again != got {
			t.Errorf("%q is normalized again, to %q, %v", got, again, err)
		}
	}
	for _, login := range []string{"", "ab", "a b c", " abc", "abc\n", "abc\x00", "\xff\xff\xff", strings.Repeat("x", 101), strings.Repeat("x", 500), "<abc>", "a\u200bbc", "😀😀😀"} {
		_, err := NormalizeLogin(login)
		wantErr(t, login, err, domain.ErrInvalid)
	}
}

func FuzzNormalizeLogin(f *testing.F) {
	for _, login := range []string{"Zhang@Example.org", "İstanbul", "ǅ-abc", "ﬃx", "ᾳσς", "ẛ̣abc"} {
		f.Add(login)
	}
	f.Fuzz(func(t *testing.T, login string) {
		once, err := NormalizeLogin(login)
		if err != nil {
			return
		}
		if twice, err := NormalizeLogin(once); err != nil || twice != once {
			t.Fatalf("%q becomes %q, then %q, %v", login, once, twice, err)
		}
	})
}

func TestCreate(t *testing.T) {
	w := newWorld(t)
	m := meta()
	p := zhang
	p.Login = "Zhang.San@Example.org"
	first, err := w.Create(w.ctx, m, p, []rights.Grant{organizer})
	must(t, err)
	again, err := w.Create(w.ctx, m, p, []rights.Grant{organizer})
	must(t, err)
	if !again.Repeated || again.Account != first.Account || again.Position != first.Position || first.Repeated {
		t.Errorf("sent twice: %+v, then %+v", first, again)
	}
	_, err = w.Create(w.ctx, meta(), zhang, nil)
	wantErr(t, "the login again", err, domain.ErrExists, first.Account)
	_, err = w.Create(w.ctx, Meta{ID: m.ID, Actor: "another"}, p, nil)
	wantErr(t, "the command id of another", err, domain.ErrInvalid)
	id, err := w.ID("ZHANG.san@example.org")
	if err != nil || id != first.Account || first.Stream != "account-"+id {
		t.Errorf("id %s, %v, want %s", id, err, first.Account)
	}
	actor, err := w.Actor(w.ctx, id)
	must(t, err)
	if want := (rights.Actor{Account: id, Grants: []rights.Grant{organizer}}); !reflect.DeepEqual(actor, want) {
		t.Errorf("actor %+v, want %+v", actor, want)
	}
	if by := w.fold(id).Created.By; by != "by:account-:orga" {
		t.Errorf("created by %s", by)
	}
	_, err = w.Create(w.ctx, meta(), Person{Login: "x", Name: " y", Mail: "nobody", Phone: "\x01"}, nil)
	wantErr(t, "all faults at once", err, domain.ErrInvalid, "login", "name", "mail", "phone")
	_, err = w.Create(w.ctx, meta(), Person{Login: "lisi"}, []rights.Grant{{Role: "boss"}})
	wantErr(t, "no name", err, domain.ErrInvalid, "name")
	_, err = w.Create(w.ctx, meta(), Person{Login: "lisi", Name: "李四"}, []rights.Grant{{Role: "boss"}})
	wantErr(t, "an unknown role", err, domain.ErrInvalid, "boss")
	other, err := w.server(func(c *Config) { c.Key[0]++ }).ID(zhangMail)
	if err != nil || other == id {
		t.Errorf("another deployment has the id %s too, %v", other, err)
	}
}

// One login is one account, whichever servers create it at once.
func TestCreateOnManyServersAtOnce(t *testing.T) {
	w := newWorld(t)
	var group sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		server := w.server(nil)
		group.Go(func() { _, results[i] = server.Create(w.ctx, meta(), zhang, nil) })
	}
	group.Wait()
	created := 0
	for _, err := range results {
		if err == nil {
			created++
		} else {
			wantErr(t, "the others", err, domain.ErrExists)
		}
	}
	if created != 1 {
		t.Errorf("%d created it, want 1", created)
	}
	list, err := w.List(w.ctx)
	if err != nil || len(list) != 1 || list[0].Person == nil || *list[0].Person != zhang {
		t.Errorf("list %+v, %v", list, err)
	}
}

func TestCommandsNeedMetaAndAccount(t *testing.T) {
	w := newWorld(t)
	id := w.account(zhang)
	for what, m := range map[string]Meta{
		"no UUID": {ID: "1", Actor: "a"}, "nil UUID": {ID: uuid.Nil.String(), Actor: "a"}, "no actor": {ID: uuid.NewString(), Actor: " "},
		"a long actor": {ID: uuid.NewString(), Actor: strings.Repeat("a", 101)},
	} {
		_, err := w.Grant(w.ctx, m, id, organizer)
		wantErr(t, what, err, domain.ErrInvalid)
	}
	_, _, _, err := w.Invite(w.ctx, Meta{ID: "1", Actor: "a"}, id)
	wantErr(t, "invite without UUID", err, domain.ErrInvalid)
	for _, nobody := range []string{"", "..", oneID, strings.ToUpper(oneID), oneID + "-x"} {
		_, err := w.Grant(w.ctx, meta(), nobody, organizer)
		wantErr(t, "grant to "+nobody, err, domain.ErrUnknownAccount)
		_, err = w.Actor(w.ctx, nobody)
		wantErr(t, "actor "+nobody, err, domain.ErrUnknownAccount)
		_, err = w.Sessions(w.ctx, nobody)
		wantErr(t, "sessions of "+nobody, err, domain.ErrUnknownAccount)
		_, err = w.EnrollTOTP(w.ctx, nobody, goodPass)
		wantErr(t, "enroll "+nobody, err, domain.ErrUnknownAccount)
		_, err = w.Erase(w.ctx, meta(), nobody, "本人要求")
		wantErr(t, "erase "+nobody, err, domain.ErrUnknownAccount)
	}
	if n := len(w.followers.entries); n != 0 {
		t.Errorf("%d names that strangers thought up are remembered", n)
	}
}

// Rights change with the next look, on every server.
func TestRolesAreFresh(t *testing.T) {
	w := newWorld(t)
	other := w.server(nil)
	id := w.account(zhang, organizer)
	_, err := w.Grant(w.ctx, meta(), id, rights.Grant{Role: rights.Center, Subject: "310101002"})
	must(t, err)
	actor, err := other.Actor(w.ctx, id)
	if err != nil || !actor.Holds(rights.Center, "310101002") || !actor.Has(rights.Organizer) {
		t.Errorf("actor %+v, %v", actor, err)
	}
	m := byOperator()
	for range 2 {
		_, err = w.RevokeRole(w.ctx, m, id, organizer)
		must(t, err)
	}
	actor, err = other.Actor(w.ctx, id)
	if err != nil || actor.Has(rights.Organizer) {
		t.Errorf("actor %+v, %v", actor, err)
	}
	_, err = w.RevokeRole(w.ctx, byOperator(), id, organizer)
	wantErr(t, "revoke again", err, domain.ErrNotGranted)
	_, err = w.Disable(w.ctx, byOperator(), id, "离职")
	must(t, err)
	_, err = other.Actor(w.ctx, id)
	wantErr(t, "disabled", err, domain.ErrDisabled)
	_, err = other.Enable(w.ctx, meta(), id)
	must(t, err)
	_, err = w.Actor(w.ctx, id)
	must(t, err)
}

func TestFirst(t *testing.T) {
	w := newWorld(t)
	want := func(what string, want bool) {
		t.Helper()
		for _, s := range []*Accounts{w.Accounts, w.server(nil)} {
			if got, err := s.First(w.ctx); err != nil || got != want {
				t.Errorf("%s: %t, %v; want %t", what, got, err, want)
			}
		}
	}
	want("an empty log", false)
	w.account(Person{Login: "lisi", Name: "李四"}, rights.Grant{Role: rights.Assessor})
	want("an assessor only", false)
	id := w.account(zhang, organizer)
	want("an organizer", true)
	_, err := w.Disable(w.ctx, byOperator(), id, "离职")
	must(t, err)
	want("a disabled one", false)
	_, err = w.Enable(w.ctx, meta(), id)
	must(t, err)
	want("one enabled again", true)
	_, err = w.RevokeRole(w.ctx, byOperator(), id, organizer)
	must(t, err)
	want("one who is none any more", false)
	w.account(Person{Login: "wangwu", Name: "王五"}, organizer)
	want("another one", true)
}

func TestList(t *testing.T) {
	w := newWorld(t)
	other := w.server(nil)
	if list, err := w.List(w.ctx); err != nil || len(list) != 0 {
		t.Errorf("of an empty log: %+v, %v", list, err)
	}
	one := w.signedUp(zhang, goodPass, organizer)
	two, err := other.Create(w.ctx, meta(), Person{Login: "lisi", Name: "李四"}, nil)
	must(t, err)
	w.invite(two.Account)
	_, err = w.Disable(w.ctx, byOperator(), one, "离职")
	must(t, err)
	lisi := Person{Login: "lisi", Name: "李四"}
	want := []Entry{
		{Account: one, Created: day, Person: &zhang, Grants: []rights.Grant{organizer}, Disabled: true, Password: true},
		{Account: two.Account, Created: day, Person: &lisi, Invited: day.Add(InvitationLifetime)},
	}
	for _, s := range []*Accounts{w.Accounts, other} {
		if list, err := s.List(w.ctx); err != nil || !reflect.DeepEqual(list, want) {
			t.Errorf("list %+v, %v", list, err)
		}
	}
	_, err = other.Erase(w.ctx, byOperator(), one, "本人要求")
	must(t, err)
	list, err := w.List(w.ctx)
	must(t, err)
	if e := list[0]; e.Person != nil || !e.Erased || e.Password || len(e.Grants) > 0 {
		t.Errorf("erased, and still listed as %+v", e)
	}
	canceled, cancel := context.WithCancel(w.ctx)
	cancel()
	_, err = w.List(canceled)
	wantErr(t, "canceled", err, context.Canceled)
	if list, err := w.List(w.ctx); err != nil || len(list) != 2 {
		t.Errorf("after that: %+v, %v", list, err)
	}
}

// Erasing makes person, credentials and agents unreadable for ever, while the
// stream folds as before and the log has not changed.
func TestEraseIsForGood(t *testing.T) {
	w := newWorld(t)
	id := w.signedUp(zhang, goodPass, organizer)
	secret := w.enroll(id, goodPass)
	w.clock.advance(time.Minute)
	session, err := w.SignIn(w.ctx, zhangMail, goodPass, w.code(secret), desk)
	must(t, err)
	before := w.stream(id)
	m := byOperator()
	_, err = w.Erase(w.ctx, m, id, "本人要求")
	must(t, err)
	_, err = w.Erase(w.ctx, m, id, "本人要求")
	must(t, err)
	_, err = w.Erase(w.ctx, byOperator(), id, "再次")
	must(t, err)

	after := w.stream(id)
	if len(after) != len(before)+1 || !slices.EqualFunc(before, after[:len(before)], func(a, b eventstore.Recorded) bool {
		return string(a.Data) == string(b.Data) && a.ID == b.ID
	}) {
		t.Errorf("%d events became %d, or other ones", len(before), len(after))
	}
	if a := w.fold(id); !a.Erased || a.Password != "" || a.TOTP != "" || len(a.Sessions)+len(a.Grants) > 0 {
		t.Errorf("folds to %+v", a)
	}
	if _, err := os.Stat(filepath.Join(w.keys(), id)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the key is there: %v", err)
	}
	sealed := 0
	for _, e := range after {
		event, err := w.config.Codec.Decode(e.Type, e.Data)
		must(t, err)
		for field, text := range sealedFields(event) {
			sealed++
			_, err := w.ring.Open(w.ctx, id, field, text)
			wantErr(t, e.Type, err, ErrErased)
		}
	}
	if sealed != 4 {
		t.Errorf("%d sealed fields, want person, password, secret and agent", sealed)
	}
	for _, text := range []string{zhangMail, "张三丰", "13812345678", "argon2id", secret, "Firefox/140"} {
		if found := grep(t, w.dir, text); len(found) > 0 {
			t.Errorf("%q is in %v", text, found)
		}
	}
	for _, s := range []*Accounts{w.Accounts, w.server(nil)} {
		_, err = s.SignIn(w.ctx, zhangMail, goodPass, w.code(secret), desk)
		wantErr(t, "sign in", err, errSignIn)
		_, err = s.SignInVerified(w.ctx, zhangMail, desk)
		wantErr(t, "sign in, verified", err, domain.ErrUnknownAccount)
		_, err = s.Viewer(w.ctx, id, session.ID)
		wantErr(t, "the session", err, ErrNoSession)
		_, err = s.Actor(w.ctx, id)
		wantErr(t, "the actor", err, domain.ErrUnknownAccount)
		_, err = s.Create(w.ctx, meta(), zhang, nil)
		wantErr(t, "create again", err, domain.ErrExists, "its login is not used again")
		_, _, _, err = s.Invite(w.ctx, meta(), id)
		wantErr(t, "invite", err, domain.ErrUnknownAccount)
	}
	if _, err := os.Stat(filepath.Join(w.keys(), id)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("creating again made a new key: %v", err)
	}
}

func sealedFields(event domain.Event) map[string]account.Sealed {
	switch e := event.(type) {
	case *account.Created:
		return map[string]account.Sealed{fieldPerson: e.Person}
	case *account.CredentialSet:
		return map[string]account.Sealed{"account.CredentialSet " + string(e.Kind): e.Sealed}
	case *account.SessionOpened:
		return map[string]account.Sealed{fieldAgent: e.Agent}
	}
	return nil
}

// Nothing of a person is in the log, or in any file, as it was typed.
func TestNothingPersonalIsStoredInTheOpen(t *testing.T) {
	w := newWorld(t)
	id := w.signedUp(zhang, goodPass, organizer)
	secret := w.enroll(id, goodPass)
	token := w.invite(id)
	for _, text := range []string{zhangMail, "张三丰", "13812345678", goodPass, "argon2id", secret, token, token[27:], "Firefox/140"} {
		if found := grep(t, w.dir, text); len(found) > 0 {
			t.Errorf("%q is in %v", text, found)
		}
	}
	if found := grep(t, w.dir, "account.CredentialSet"); len(found) == 0 {
		t.Error("the search finds nothing at all")
	}
}

// A crash between the erasure and the end of the key is made good at start.
func TestFinishErasures(t *testing.T) {
	w := newWorld(t)
	id, stays := w.signedUp(zhang, goodPass), w.account(Person{Login: "lisi", Name: "李四"})
	_, err := w.execute(w.ctx, meta(), id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		return a.Erase(by, "本人要求")
	})
	must(t, err)
	if _, err := os.Stat(filepath.Join(w.keys(), id)); err != nil {
		t.Fatal(err)
	}
	list, err := w.List(w.ctx)
	if err != nil || list[0].Person != nil {
		t.Errorf("an erased person is listed while the key is there: %+v, %v", list, err)
	}
	must(t, w.server(nil).FinishErasures(w.ctx))
	for name, want := range map[string]bool{id: false, stays: true} {
		if _, err := os.Stat(filepath.Join(w.keys(), name)); (err == nil) != want {
			t.Errorf("key %s: %v, want it there: %t", name, err, want)
		}
	}
}
