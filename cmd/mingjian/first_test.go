package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"mingjian/api/auth"
	"mingjian/domain/rights"
)

// TestInviteFirst starts a server again and again, while its organizers come
// and go: a link is printed while nobody could sign in otherwise, and never for
// an account that somebody closed.
func TestInviteFirst(t *testing.T) {
	ctx := t.Context()
	quiet := slog.New(slog.DiscardHandler)
	r, err := start(ctx, place{Data: t.TempDir()}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	must := func(_ auth.Receipt, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	start := func() string {
		t.Helper()
		var out bytes.Buffer
		if err := inviteFirst(ctx, r, "https://pg.example.cn", &stdio{out: &out, logger: quiet}); err != nil {
			t.Fatalf("the server would not start: %v", err)
		}
		return out.String()
	}
	const link = "https://pg.example.cn/auth/invitation?token="
	organizer := []rights.Grant{{Role: rights.Organizer}}
	first, err := r.accounts.ID(firstLogin)
	if err != nil {
		t.Fatal(err)
	}
	// Killed after the account was made, before its link was.
	must(r.accounts.Create(ctx, byOperator(), auth.Person{Login: firstLogin, Name: "组织者"}, organizer))
	said := start()
	_, token, found := strings.Cut(said, link)
	if !found {
		t.Fatalf("the first start says %q", said)
	}
	if said := start(); strings.Contains(said, link) || !strings.Contains(said, "account reset") {
		t.Errorf("while the link is open: %q", said)
	}
	// Another organizer has a password: nothing is missing, though the first has none.
	must(r.accounts.Create(ctx, byOperator(), auth.Person{Login: "zhao", Name: "赵"}, organizer))
	zhao, err := r.accounts.ID("zhao")
	if err != nil {
		t.Fatal(err)
	}
	theirs, _, _, err := r.accounts.Invite(ctx, byOperator(), zhao)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.accounts.AcceptInvitation(ctx, theirs, "一句足够长的话 for the test")
	must(auth.Receipt{}, err)
	if said := start(); said != "" {
		t.Errorf("an organizer has a password: %q", said)
	}
	// The first one is closed, and then the other: the server starts all the same.
	must(r.accounts.Disable(ctx, byOperator(), first, "改用个人账号"))
	must(r.accounts.Disable(ctx, byOperator(), zhao, "离职"))
	for _, step := range []func(){
		func() {},
		func() { must(r.accounts.Erase(ctx, byOperator(), first, "本人要求")) },
	} {
		step()
		if said := start(); strings.Contains(said, link) || !strings.Contains(said, "account create") {
			t.Errorf("no organizer is left: %q", said)
		}
	}
	if _, err := r.accounts.AcceptInvitation(ctx, strings.TrimSpace(token), "一句足够长的话 for the test"); err == nil {
		t.Error("the link of a closed account still works")
	}
}

// TestLostOrganizerRole: a link for an account that is no organizer any more
// would help nobody.
func TestLostOrganizerRole(t *testing.T) {
	ctx := t.Context()
	quiet := slog.New(slog.DiscardHandler)
	r, err := start(ctx, place{Data: t.TempDir()}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := r.accounts.Create(ctx, byOperator(), auth.Person{Login: firstLogin, Name: "组织者"}, []rights.Grant{{Role: rights.Auditor}}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := inviteFirst(ctx, r, "", &stdio{out: &out, logger: quiet}); err != nil || strings.Contains(out.String(), "token=") {
		t.Errorf("%v: %q", err, out.String())
	}
}
