package account_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mingjian/domain"
	"mingjian/domain/account"
	"mingjian/domain/rights"
)

// anyDecision draws a decision, allowed or not, at a time that moves on.
func anyDecision(t *rapid.T, hour int) (string, decision) {
	stamp := at(hour)
	role := rapid.SampledFrom([]rights.Grant{organizer, center, {Role: rights.Assessor}, {Role: rights.Center}}).Draw(t, "role")
	token := rapid.SampledFrom([]string{hash, otherHash}).Draw(t, "token")
	reason := rapid.SampledFrom([]string{"", "离职", "离职"}).Draw(t, "reason")
	step := int64(rapid.IntRange(0, 6).Draw(t, "step"))
	session := fmt.Sprint("s", rapid.IntRange(0, 8).Draw(t, "session"))
	kind := rapid.SampledFrom([]account.Kind{account.Password, account.TOTP, "key"}).Draw(t, "kind")
	type A = *account.Account
	decisions := []struct {
		name string
		do   decision
	}{
		{"create", func(a A) ([]domain.Event, error) { return a.Create(stamp, "person", []rights.Grant{role}) }},
		{"grant", func(a A) ([]domain.Event, error) { return a.GrantRole(stamp, role) }},
		{"revoke", func(a A) ([]domain.Event, error) { return a.RevokeRole(stamp, role) }},
		{"invite", func(a A) ([]domain.Event, error) { return a.Invite(stamp, token, at(hour+24).At) }},
		{"accept", func(a A) ([]domain.Event, error) { return a.AcceptInvitation(stamp, token, "new") }},
		{"password", func(a A) ([]domain.Event, error) { return a.SetPassword(stamp, "set") }},
		{"totp", func(a A) ([]domain.Event, error) { return a.SetTOTP(stamp, "secret", step) }},
		{"clear", func(a A) ([]domain.Event, error) { return a.ClearCredential(stamp, kind) }},
		{"disable", func(a A) ([]domain.Event, error) { return a.Disable(stamp, reason) }},
		{"enable", func(a A) ([]domain.Event, error) { return a.Enable(stamp) }},
		{"open", func(a A) ([]domain.Event, error) { return a.OpenSession(*opened(stamp, session, step)) }},
		{"end", func(a A) ([]domain.Event, error) { return a.RevokeSessions(stamp, []string{session}) }},
		{"end all", func(a A) ([]domain.Event, error) { return a.RevokeSessions(stamp, nil) }},
		{"erase", func(a A) ([]domain.Event, error) {
			if hour%7 > 0 { // or most histories would be short
				return nil, nil
			}
			return a.Erase(stamp, reason)
		}},
	}
	drawn := rapid.SampledFrom(decisions).Draw(t, "decision")
	return drawn.name, drawn.do
}

// Whatever is sent, in whatever order: what is decided can be folded, nothing
// is decided on an account that is not there, a code counts once, a link is
// used once, and nobody who is out has a session.
func TestAnyHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, history := account.New(), []domain.Event(nil)
		steps, used := map[int64]bool{}, 0
		for hour := range rapid.IntRange(1, 60).Draw(t, "commands") {
			name, decide := anyDecision(t, hour)
			before := *a
			events, err := decide(a)
			if diff := cmp.Diff(before, *a); diff != "" {
				t.Fatalf("%s changed the state by deciding:\n%s", name, diff)
			}
			if err != nil && len(events) > 0 {
				t.Fatalf("%s decided %v and refused: %v", name, events, err)
			}
			if before.Erased && len(events) > 0 {
				t.Fatalf("%s decided %v on an erased account", name, events)
			}
			if name == "accept" && err == nil {
				used++
			}
			for _, event := range events {
				if err := a.Apply(event); err != nil {
					t.Fatalf("%s decided what cannot be folded: %v", name, err)
				}
				if opened, ok := event.(*account.SessionOpened); ok && opened.Step != 0 {
					if steps[opened.Step] {
						t.Fatalf("the code of step %d was accepted twice", opened.Step)
					}
					steps[opened.Step] = true
				}
			}
			history = append(history, events...)
			if a.Usable() != nil && len(a.Sessions) > 0 {
				t.Fatalf("after %s an account that is out has %d sessions", name, len(a.Sessions))
			}
		}
		invitations := 0
		again := account.New()
		for _, event := range history {
			if _, ok := event.(*account.Invited); ok {
				invitations++
			}
			if err := again.Apply(event); err != nil {
				t.Fatal(err)
			}
		}
		if used > invitations {
			t.Fatalf("%d invitations were accepted %d times", invitations, used)
		}
		if !reflect.DeepEqual(a, again) {
			t.Fatalf("folded again it is another account:\n%s", cmp.Diff(a, again))
		}
		if slices.ContainsFunc(a.Sessions, func(s account.Session) bool { return s.ID == "" }) {
			t.Fatal("a session without a name")
		}
	})
}
