package account_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mingjian/domain"
	"mingjian/domain/account"
	"mingjian/domain/rights"
)

var (
	start     = time.Date(2022, 6, 1, 9, 0, 0, 0, time.UTC)
	by        = at(0)
	hash      = strings.Repeat("0123456789abcdef", 4)
	otherHash = strings.Repeat("f", 64)
	organizer = rights.Grant{Role: rights.Organizer}
	center    = rights.Grant{Role: rights.Center, Subject: "310101002"}
)

// at is a stamp some hours after the start.
func at(hours int) domain.Stamp {
	return domain.Stamp{By: "k3fq", At: start.Add(time.Duration(hours) * time.Hour)}
}

type decision func(*account.Account) ([]domain.Event, error)

func created() *account.Created { return &account.Created{Stamp: by, Person: "person"} }

func granted(g rights.Grant) *account.RoleGranted { return &account.RoleGranted{Stamp: by, Grant: g} }

func invited(expires time.Time) *account.Invited {
	return &account.Invited{Stamp: by, TokenHash: hash, Expires: expires}
}

func set(kind account.Kind, sealed account.Sealed, step int64) *account.CredentialSet {
	return &account.CredentialSet{Stamp: by, Kind: kind, Sealed: sealed, Step: step}
}

// opened is a session of twelve hours.
func opened(stamp domain.Stamp, id string, step int64) *account.SessionOpened {
	return &account.SessionOpened{Stamp: stamp, Session: id, Expires: stamp.At.Add(12 * time.Hour), Agent: "agent", Step: step}
}

var (
	disabled = &account.Disabled{Stamp: by, Reason: "离职"}
	enabled  = &account.Enabled{Stamp: by}
	erased   = &account.Erased{Stamp: by, Reason: "本人要求"}
)

func fold(t testing.TB, history []domain.Event) *account.Account {
	t.Helper()
	a := account.New()
	for _, event := range history {
		if err := a.Apply(event); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func create(person account.Sealed, grants ...rights.Grant) decision {
	return func(a *account.Account) ([]domain.Event, error) { return a.Create(by, person, grants) }
}

func grant(g rights.Grant) decision {
	return func(a *account.Account) ([]domain.Event, error) { return a.GrantRole(by, g) }
}

func revoke(g rights.Grant) decision {
	return func(a *account.Account) ([]domain.Event, error) { return a.RevokeRole(by, g) }
}

func invite(hash string, expires time.Time) decision {
	return func(a *account.Account) ([]domain.Event, error) { return a.Invite(by, hash, expires) }
}

func accept(stamp domain.Stamp, hash string) decision {
	return func(a *account.Account) ([]domain.Event, error) { return a.AcceptInvitation(stamp, hash, "new") }
}

func setPassword(sealed account.Sealed) decision {
	return func(a *account.Account) ([]domain.Event, error) { return a.SetPassword(by, sealed) }
}

func setTOTP(step int64) decision {
	return func(a *account.Account) ([]domain.Event, error) { return a.SetTOTP(by, "secret", step) }
}

func clearing(kind account.Kind) decision {
	return func(a *account.Account) ([]domain.Event, error) { return a.ClearCredential(by, kind) }
}

func disable(reason string) decision {
	return func(a *account.Account) ([]domain.Event, error) { return a.Disable(by, reason) }
}

func enable(a *account.Account) ([]domain.Event, error) { return a.Enable(by) }

func open(o *account.SessionOpened) decision {
	return func(a *account.Account) ([]domain.Event, error) { return a.OpenSession(*o) }
}

func end(ids ...string) decision {
	return func(a *account.Account) ([]domain.Event, error) { return a.RevokeSessions(by, ids) }
}

func erase(reason string) decision {
	return func(a *account.Account) ([]domain.Event, error) { return a.Erase(by, reason) }
}

func given(events ...domain.Event) []domain.Event {
	return append([]domain.Event{created()}, events...)
}

func TestDecisions(t *testing.T) {
	tomorrow := at(24).At
	tooMany := []domain.Event{created()}
	for i := range 100 {
		tooMany = append(tooMany, granted(rights.Grant{Role: rights.Center, Subject: fmt.Sprint(i)}))
	}
	type then = []domain.Event
	for _, s := range []struct {
		name    string
		given   []domain.Event
		when    decision
		then    []domain.Event
		refused error
		says    string
	}{
		{name: "create", when: create("person"), then: then{created()}},
		{name: "create with roles", when: create("person", organizer, center), then: then{created(), granted(organizer), granted(center)}},
		{name: "create with a role twice", when: create("person", center, center), refused: domain.ErrExists, says: "role center 310101002 is granted"},
		{name: "create with a role that does not exist", when: create("person", rights.Grant{Role: "boss"}), refused: domain.ErrInvalid, says: `"boss"`},
		{name: "create without a person", when: create(""), refused: domain.ErrInvalid, says: "person: 0 sealed bytes"},
		{name: "create with too long a person", when: create(account.Sealed(strings.Repeat("x", 16<<10+1))), refused: domain.ErrInvalid, says: "16385 sealed bytes"},
		{name: "create a login that exists", given: given(), when: create("person"), refused: domain.ErrExists, says: "an account with this login"},
		{name: "create a login that was erased", given: given(erased), when: create("person"), refused: domain.ErrExists, says: "its login is not used again"},

		{name: "grant", given: given(granted(organizer)), when: grant(center), then: then{granted(center)}},
		{name: "grant twice", given: given(granted(center)), when: grant(center), refused: domain.ErrExists, says: "role center 310101002 is granted"},
		{name: "grant a center without its code", given: given(), when: grant(rights.Grant{Role: rights.Center}), refused: domain.ErrInvalid, says: "code of one subject"},
		{name: "grant a subject that is no code", given: given(), when: grant(rights.Grant{Role: rights.Center, Subject: strings.Repeat("1", 41)}), refused: domain.ErrInvalid, says: "code of at most 40 bytes"},
		{name: "grant a role over the limit", given: tooMany, when: grant(organizer), refused: domain.ErrInvalid, says: "100 roles, at most 100"},
		{name: "grant to nobody", when: grant(center), refused: domain.ErrUnknownAccount, says: "unknown account"},
		{name: "revoke", given: given(granted(center)), when: revoke(center), then: then{&account.RoleRevoked{Stamp: by, Grant: center}}},
		{name: "revoke what is not held", given: given(granted(organizer)), when: revoke(center), refused: domain.ErrNotGranted, says: "role center 310101002"},

		{name: "invite", given: given(), when: invite(hash, tomorrow), then: then{invited(tomorrow)}},
		{name: "invite by something else than a hash", given: given(), when: invite("token", tomorrow), refused: domain.ErrInvalid, says: `token hash "token"`},
		{name: "invite by a hash in capitals", given: given(), when: invite(strings.ToUpper(hash), tomorrow), refused: domain.ErrInvalid, says: "lower-case hex"},
		{name: "invite into the past", given: given(), when: invite(hash, start), refused: domain.ErrInvalid, says: "before it is made"},
		{name: "invite a disabled account", given: given(disabled), when: invite(hash, tomorrow), refused: domain.ErrDisabled},
		{name: "accept an invitation", given: given(invited(tomorrow)), when: accept(by, hash), then: then{set(account.Password, "new", 0)}},
		{name: "accept without an invitation", given: given(), when: accept(by, hash), refused: domain.ErrInvitation},
		{name: "accept another invitation", given: given(invited(tomorrow)), when: accept(by, otherHash), refused: domain.ErrInvitation},
		{name: "accept too late", given: given(invited(tomorrow)), when: accept(at(24), hash), refused: domain.ErrInvitation},
		{name: "accept twice", given: given(invited(tomorrow), set(account.Password, "new", 0)), when: accept(by, hash), refused: domain.ErrInvitation},
		{name: "accept after the password was set otherwise", given: given(set(account.Password, "old", 0), invited(tomorrow), set(account.Password, "new", 0)), when: accept(by, hash), refused: domain.ErrInvitation},
		{name: "accept an invitation that was replaced", given: given(invited(tomorrow), &account.Invited{Stamp: by, TokenHash: otherHash, Expires: tomorrow}), when: accept(by, hash), refused: domain.ErrInvitation},
		{name: "accept when disabled", given: given(invited(tomorrow), disabled), when: accept(by, hash), refused: domain.ErrDisabled},

		{name: "set a password", given: given(), when: setPassword("new"), then: then{set(account.Password, "new", 0)}},
		{name: "set no password", given: given(), when: setPassword(""), refused: domain.ErrInvalid, says: "password: 0 sealed bytes"},
		{name: "set a password when disabled", given: given(disabled), when: setPassword("new"), refused: domain.ErrDisabled},
		{name: "set a TOTP secret", given: given(), when: setTOTP(7), then: then{set(account.TOTP, "secret", 7)}},
		{name: "set a TOTP secret by a code of a used step", given: given(set(account.TOTP, "old", 7)), when: setTOTP(7), refused: domain.ErrSignIn, says: "step 7 was used"},
		{name: "clear a TOTP secret", given: given(set(account.TOTP, "secret", 7)), when: clearing(account.TOTP), then: then{&account.CredentialCleared{Stamp: by, Kind: account.TOTP}}},
		{name: "clear a password", given: given(set(account.Password, "old", 0)), when: clearing(account.Password), then: then{&account.CredentialCleared{Stamp: by, Kind: account.Password}}},
		{name: "clear what is not set", given: given(), when: clearing(account.TOTP)},
		{name: "clear something else", given: given(), when: clearing("key"), refused: domain.ErrInvalid, says: `credential "key"`},

		{name: "disable", given: given(), when: disable("离职"), then: then{disabled}},
		{name: "disable twice", given: given(disabled), when: disable("离职")},
		{name: "disable without a reason", given: given(), when: disable(" "), refused: domain.ErrReasonMissing, says: "disabling the account"},
		{name: "disable for too long a reason", given: given(), when: disable(strings.Repeat("长", 4001)), refused: domain.ErrInvalid, says: "at most 4000 characters"},
		{name: "disable for a reason that is not UTF-8", given: given(), when: disable("\xff"), refused: domain.ErrInvalid, says: "UTF-8"},
		{name: "enable", given: given(disabled), when: enable, then: then{enabled}},
		{name: "enable what is enabled", given: given(), when: enable},

		{name: "sign in", given: given(), when: open(opened(by, "s", 0)), then: then{opened(by, "s", 0)}},
		{name: "sign in with a code", given: given(set(account.TOTP, "secret", 7)), when: open(opened(by, "s", 8)), then: then{opened(by, "s", 8)}},
		{name: "sign in with the code that confirmed the secret", given: given(set(account.TOTP, "secret", 7)), when: open(opened(by, "s", 7)), refused: domain.ErrSignIn, says: "step 7 was used"},
		{name: "sign in with a code twice", given: given(set(account.TOTP, "secret", 7), opened(by, "s", 9)), when: open(opened(by, "t", 9)), refused: domain.ErrSignIn, says: "step 9 was used"},
		{name: "sign in with the code before", given: given(set(account.TOTP, "secret", 7), opened(by, "s", 9)), when: open(opened(by, "t", 8)), refused: domain.ErrSignIn, says: "step 8 was used"},
		{name: "a code stays used after its secret was cleared", given: given(set(account.TOTP, "secret", 7), &account.CredentialCleared{Stamp: by, Kind: account.TOTP}), when: setTOTP(7), refused: domain.ErrSignIn},
		{name: "sign in under a session that exists", given: given(opened(by, "s", 0)), when: open(opened(by, "s", 0)), refused: domain.ErrExists, says: "session"},
		{name: "sign in under no session", given: given(), when: open(opened(by, "", 0)), refused: domain.ErrInvalid, says: `session ""`},
		{name: "sign in for no time", given: given(), when: open(&account.SessionOpened{Stamp: by, Session: "s", Expires: start, Agent: "agent"}), refused: domain.ErrInvalid, says: "session"},
		{name: "sign in from nowhere", given: given(), when: open(&account.SessionOpened{Stamp: by, Session: "s", Expires: tomorrow}), refused: domain.ErrInvalid, says: "agent: 0 sealed bytes"},
		{name: "sign in when disabled", given: given(disabled), when: open(opened(by, "s", 0)), refused: domain.ErrDisabled},
		{name: "sign in when enabled again", given: given(disabled, enabled), when: open(opened(by, "s", 0)), then: then{opened(by, "s", 0)}},

		{name: "end one session", given: given(opened(by, "s", 0), opened(by, "t", 0)), when: end("t"), then: then{&account.SessionsRevoked{Stamp: by, Sessions: []string{"t"}}}},
		{name: "end all sessions", given: given(opened(by, "s", 0)), when: end(), then: then{&account.SessionsRevoked{Stamp: by}}},
		{name: "end a session that is none, and no other", given: given(opened(by, "s", 0)), when: end("t")},
		{name: "end all sessions of none", given: given(), when: end()},

		{name: "erase", given: given(), when: erase("本人要求"), then: then{erased}},
		{name: "erase a disabled account", given: given(disabled), when: erase("本人要求"), then: then{erased}},
		{name: "erase twice", given: given(erased), when: erase("")},
		{name: "erase nobody", when: erase("本人要求"), refused: domain.ErrUnknownAccount},
		{name: "erase without a reason", given: given(), when: erase(""), refused: domain.ErrReasonMissing, says: "erasing the account"},
	} {
		t.Run(s.name, func(t *testing.T) {
			events, err := s.when(fold(t, s.given))
			if !errors.Is(err, s.refused) || (err != nil && !strings.Contains(err.Error(), s.says)) {
				t.Fatalf("error %v, want %v saying %q", err, s.refused, s.says)
			}
			if diff := cmp.Diff(s.then, events); diff != "" {
				t.Errorf("-want +decided:\n%s", diff)
			}
			fold(t, slices.Concat(s.given, events))
		})
	}
}

// everything is each decision, as it would be allowed.
var everything = map[string]decision{
	"grant": grant(organizer), "revoke": revoke(center), "invite": invite(otherHash, at(24).At), "accept": accept(by, hash),
	"set a password": setPassword("new"), "set a TOTP secret": setTOTP(9), "clear a password": clearing(account.Password),
	"disable": disable("离职"), "enable": enable, "sign in": open(opened(by, "t", 0)), "end sessions": end(),
}

func TestErasedRefusesEverything(t *testing.T) {
	before := given(granted(center), invited(at(24).At), set(account.Password, "old", 0), invited(at(24).At), opened(by, "s", 0))
	alive, gone := fold(t, before), fold(t, append(before, erased))
	for name, decide := range everything {
		if _, err := decide(alive); err != nil {
			t.Errorf("%s before: %v", name, err)
		}
		if events, err := decide(gone); !errors.Is(err, domain.ErrUnknownAccount) || events != nil {
			t.Errorf("%s after erasure: %v, %v; want ErrUnknownAccount", name, events, err)
		}
		if events, err := decide(account.New()); !errors.Is(err, domain.ErrUnknownAccount) || events != nil {
			t.Errorf("%s before creation: %v, %v; want ErrUnknownAccount", name, events, err)
		}
	}
	if len(gone.Grants)+len(gone.Sessions) > 0 || gone.Password != "" || gone.Invitation != nil {
		t.Errorf("an erased account keeps %+v", gone)
	}
	if !errors.Is(gone.Usable(), domain.ErrUnknownAccount) {
		t.Errorf("an erased account is usable: %v", gone.Usable())
	}
}

func TestWhatEndsSessions(t *testing.T) {
	for name, test := range map[string]struct {
		then domain.Event
		left int
	}{
		"a new password":       {set(account.Password, "new", 0), 0},
		"no password":          {&account.CredentialCleared{Stamp: by, Kind: account.Password}, 0},
		"disabling":            {disabled, 0},
		"erasing":              {erased, 0},
		"revoking all":         {&account.SessionsRevoked{Stamp: by}, 0},
		"revoking one":         {&account.SessionsRevoked{Stamp: by, Sessions: []string{"s"}}, 1},
		"a new role":           {granted(center), 2},
		"a TOTP secret":        {set(account.TOTP, "secret", 1), 2},
		"another sign-in":      {opened(by, "u", 0), 3},
		"a sign-in much later": {opened(at(12), "u", 0), 1},
	} {
		a := fold(t, given(set(account.Password, "old", 0), opened(by, "s", 0), opened(by, "t", 0), test.then))
		if len(a.Sessions) != test.left {
			t.Errorf("%s leaves %d sessions, want %d", name, len(a.Sessions), test.left)
		}
	}
	a := fold(t, given(opened(by, "s", 0), disabled, enabled))
	if _, ok := a.Session("s", start); ok {
		t.Error("enabling brings a session back")
	}
}

func TestSessionIsGoodUntilItExpires(t *testing.T) {
	a := fold(t, given(opened(by, "s", 0)))
	for hours, want := range map[int]bool{0: true, 11: true, 12: false, 13: false} {
		if _, ok := a.Session("s", at(hours).At); ok != want || len(a.Live(at(hours).At)) != map[bool]int{true: 1}[want] {
			t.Errorf("after %d hours the session is good: %t, want %t", hours, ok, want)
		}
	}
	if _, ok := a.Session("t", start); ok {
		t.Error("a session that nobody opened is good")
	}
}

// The oldest session makes room for the one over the limit, in one decision.
func TestSessionsAreBounded(t *testing.T) {
	a := fold(t, given())
	for i := range 120 {
		events, err := a.OpenSession(*opened(by, fmt.Sprint("s", i), 0))
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range events {
			if err := a.Apply(event); err != nil {
				t.Fatal(err)
			}
		}
		if len(a.Sessions) != min(i+1, 50) || a.Sessions[len(a.Sessions)-1].ID != fmt.Sprint("s", i) {
			t.Fatalf("%d sessions after %d sign-ins, the newest %s", len(a.Sessions), i+1, a.Sessions[len(a.Sessions)-1].ID)
		}
	}
	if a.Sessions[0].ID != "s70" {
		t.Errorf("the oldest is %s, want s70", a.Sessions[0].ID)
	}
}

type invented struct{}

func (invented) EventType() string { return "account.Invented" }

func TestApplyRefusesWhatCannotFollow(t *testing.T) {
	for _, test := range []struct {
		name  string
		given []domain.Event
		event domain.Event
		want  error
	}{
		{"unknown event", given(), invented{}, domain.ErrUnknownEvent},
		{"created twice", given(), created(), domain.ErrExists},
		{"created after erasure", given(erased), created(), domain.ErrExists},
		{"granted twice", given(granted(center)), granted(center), domain.ErrExists},
		{"revoked, not granted", given(), &account.RoleRevoked{Stamp: by, Grant: center}, domain.ErrNotGranted},
		{"unknown credential set", given(), set("key", "x", 0), domain.ErrUnknownEvent},
		{"unknown credential cleared", given(), &account.CredentialCleared{Stamp: by, Kind: "key"}, domain.ErrUnknownEvent},
		{"something before creation", nil, disabled, domain.ErrUnknownAccount},
		{"something after erasure", given(erased), enabled, domain.ErrUnknownAccount},
	} {
		if err := fold(t, test.given).Apply(test.event); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// Whoever looked at roles before keeps what they saw.
func TestActorIsACopy(t *testing.T) {
	a := fold(t, given(granted(organizer), granted(center)))
	before := a.Actor("x")
	if err := a.Apply(&account.RoleRevoked{Stamp: by, Grant: organizer}); err != nil {
		t.Fatal(err)
	}
	if want := (rights.Actor{Account: "x", Grants: []rights.Grant{organizer, center}}); !reflect.DeepEqual(before, want) {
		t.Errorf("the actor became %+v", before)
	}
	if a.Actor("x").Has(rights.Organizer) {
		t.Error("a revoked role is still held")
	}
}
