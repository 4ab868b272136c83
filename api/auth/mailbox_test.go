package auth

import (
	"slices"
	"testing"

	"mingjian/domain"
	"mingjian/domain/rights"
)

// TestHolders: who holds a role at this moment, whichever server gave or took
// it.
func TestHolders(t *testing.T) {
	w := newWorld(t)
	here := rights.Grant{Role: rights.Center, Subject: "310101002"}
	there := rights.Grant{Role: rights.Center, Subject: "310101013"}
	first := w.account(zhang, organizer)
	second := w.account(Person{Login: "li.si", Name: "李四"}, here)
	third := w.account(Person{Login: "wang.wu", Name: "王五"}, here, there)
	want := func(role rights.Role, subject string, accounts ...string) {
		t.Helper()
		if got, err := w.Holders(w.ctx, role, subject); err != nil || !slices.Equal(got, accounts) {
			t.Errorf("%s of %q: %v, %v; want %v", role, subject, got, err, accounts)
		}
	}
	want(rights.Organizer, "", first)
	want(rights.Center, here.Subject, second, third)
	want(rights.Center, there.Subject, third)
	want(rights.Center, "", second, third)
	want(rights.District, "")
	other := w.server(nil)
	_, err := other.Disable(w.ctx, meta(), second, "离职")
	must(t, err)
	_, err = other.RevokeRole(w.ctx, meta(), third, there)
	must(t, err)
	want(rights.Center, "", third)
	want(rights.Center, there.Subject)
	_, err = other.Enable(w.ctx, meta(), second)
	must(t, err)
	_, err = other.Erase(w.ctx, meta(), third, "本人要求")
	must(t, err)
	want(rights.Center, "", second)
}

func TestMailbox(t *testing.T) {
	w := newWorld(t)
	id := w.account(zhang)
	if address, err := w.Mailbox(w.ctx, id); err != nil || address != zhangMail {
		t.Errorf("%q, %v", address, err)
	}
	without := w.account(Person{Login: "li.si", Name: "李四"})
	if address, err := w.Mailbox(w.ctx, without); err != nil || address != "" {
		t.Errorf("a person without an address has %q, %v", address, err)
	}

	_, err := w.Disable(w.ctx, meta(), id, "离职")
	must(t, err)
	_, err = w.Mailbox(w.ctx, id)
	wantErr(t, "disabled", err, domain.ErrDisabled, id)
	_, err = w.Enable(w.ctx, meta(), id)
	must(t, err)

	// Another server has erased it since this one looked: first the log knows.
	must(t, w.ring.Destroy(w.ctx, id))
	_, err = w.Mailbox(w.ctx, id)
	wantErr(t, "without its key", err, ErrErased, id)
	_, err = w.server(nil).Erase(w.ctx, meta(), id, "本人要求")
	must(t, err)
	_, err = w.Mailbox(w.ctx, id)
	wantErr(t, "erased", err, domain.ErrUnknownAccount, id)
	_, err = w.Mailbox(w.ctx, "operator")
	wantErr(t, "no account", err, domain.ErrUnknownAccount, `"operator"`)
}
