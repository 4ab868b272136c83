package auth

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"mingjian/domain"
	"mingjian/domain/rights"
)

// dismissals are the ways to lose an organizer.
var dismissals = map[string]func(*Accounts, context.Context, Meta, string) (Receipt, error){
	"disable": func(s *Accounts, ctx context.Context, m Meta, id string) (Receipt, error) {
		return s.Disable(ctx, m, id, "离职")
	},
	"revoke": func(s *Accounts, ctx context.Context, m Meta, id string) (Receipt, error) {
		return s.RevokeRole(ctx, m, id, organizer)
	},
	"erase": func(s *Accounts, ctx context.Context, m Meta, id string) (Receipt, error) {
		return s.Erase(ctx, m, id, "本人要求")
	},
}

func (w *world) login(n int) Person {
	return Person{Login: fmt.Sprintf("user-%d", n), Name: fmt.Sprintf("第%d人", n)}
}

// TestLastOrganizer: somebody stays who can let people in, whichever way the
// last one would go; whoever runs the machine may do otherwise.
func TestLastOrganizer(t *testing.T) {
	for name, dismiss := range dismissals {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			other := w.server(nil)
			assessor := w.account(w.login(1), rights.Grant{Role: rights.Assessor})
			first, second := w.account(zhang, organizer), w.account(w.login(2), organizer)
			_, err := w.Disable(w.ctx, meta(), second, "离职")
			must(t, err)

			before := len(w.stream(first))
			for _, s := range []*Accounts{w.Accounts, other} {
				_, err = dismiss(s, w.ctx, meta(), first)
				wantErr(t, "the last one who is enabled", err, domain.ErrLastOrganizer, first)
			}
			if n := len(w.stream(first)); n != before {
				t.Errorf("a refusal left %d events", n-before)
			}
			// Those who are none, or none any more, are no matter; nor is another role.
			if name != "revoke" {
				_, err = dismiss(w.Accounts, w.ctx, meta(), assessor)
				must(t, err)
			}
			_, err = w.RevokeRole(w.ctx, meta(), second, organizer)
			must(t, err)
			_, err = w.Grant(w.ctx, meta(), first, rights.Grant{Role: rights.Auditor})
			must(t, err)
			_, err = w.RevokeRole(w.ctx, meta(), first, rights.Grant{Role: rights.Auditor})
			must(t, err)

			// With another, the first may go, and the command keeps its result.
			third := w.account(w.login(3), organizer)
			m := meta()
			for range 2 {
				_, err = dismiss(other, w.ctx, m, first)
				must(t, err)
			}
			_, err = dismiss(w.Accounts, w.ctx, meta(), third)
			wantErr(t, "then the last one", err, domain.ErrLastOrganizer)
			again, err := dismiss(w.Accounts, w.ctx, m, first)
			if err != nil || !again.Repeated {
				t.Errorf("sent again: %+v, %v", again, err)
			}
			_, err = dismiss(w.Accounts, w.ctx, byOperator(), third)
			must(t, err)
		})
	}
}

// TestLastOrganizersAtOnce: two organizers who send each other away at the same
// moment are not both gone.
func TestLastOrganizersAtOnce(t *testing.T) {
	w := newWorld(t)
	for try := range 20 {
		ids := []string{w.account(w.login(2*try), organizer), w.account(w.login(2*try+1), organizer)}
		var wait sync.WaitGroup
		errs := make([]error, 2)
		for i := range ids {
			wait.Go(func() { _, errs[i] = w.Disable(w.ctx, Meta{ID: meta().ID, Actor: ids[1-i]}, ids[i], "离职") })
		}
		wait.Wait()
		left := 0
		for i, id := range ids {
			if errs[i] == nil {
				continue
			}
			left++
			wantErr(t, "the one who came second", errs[i], domain.ErrLastOrganizer)
			_, err := w.Disable(w.ctx, byOperator(), id, "下一回")
			must(t, err)
		}
		if left != 1 {
			t.Fatalf("try %d: %d organizers are left, %v", try, left, errs)
		}
	}
}
