package auth

import (
	"testing"

	"mingjian/domain"
)

func TestMailbox(t *testing.T) {
	w := newWorld(t)
	id := w.account(zhang, organizer)
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
