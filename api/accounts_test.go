package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"mingjian/domain/rights"
)

// TestLastOrganizerStays: through the API the last organizer is neither
// disabled nor erased nor stripped of the role, not even by themselves.
func TestLastOrganizerStays(t *testing.T) {
	s := newStage(t)
	who := s.person("stranger")
	s.cast(who, rights.Grant{Role: rights.Organizer})
	before := s.end()
	for name, more := range map[string]map[string]any{
		"disableAccount": {"reason": "离职"}, "eraseAccount": {"reason": "本人要求"}, "revokeRole": {"grant": map[string]any{"role": "organizer"}},
	} {
		more["account"], more["commandId"] = who.account, newID()
		if got := s.send(who, mutationDocument(name), map[string]any{"input": more}); got.code() != "LAST_ORGANIZER" {
			t.Errorf("%s: %s", name, got.text)
		}
	}
	s.moved("refusals", before, false)
}

// TestAccountsHavePages: all accounts, oldest first, a page at a time.
func TestAccountsHavePages(t *testing.T) {
	s := newStage(t)
	who := s.person("stranger")
	s.cast(who, rights.Grant{Role: rights.Auditor})
	for i := range maxPage {
		s.create(fmt.Sprintf("user-%03d", i))
	}
	list, err := s.accounts.List(t.Context())
	must(t, err)
	var want []string
	for _, e := range list {
		want = append(want, e.Account+" "+e.Person.Login)
	}
	type page struct {
		TotalCount int
		PageInfo   struct {
			HasNextPage, HasPreviousPage bool
			EndCursor                    string
		}
		Edges []struct{ Node struct{ ID, Login string } }
	}
	const selection = ` { totalCount pageInfo { hasNextPage hasPreviousPage endCursor } edges { node { id login } } } }`
	ask := func(args string) (out page) {
		t.Helper()
		got := s.send(who, `{ accounts`+args+selection, nil)
		if got.code() != "" {
			t.Fatal(got.text)
		}
		must(t, json.Unmarshal(got.Data["accounts"], &out))
		return out
	}
	for args, size := range map[string]int{"": maxPage, "(first: 7)": 7} {
		var got []string
		for after := ""; ; {
			with := args
			switch {
			case after != "" && args == "":
				with = fmt.Sprintf("(after: %q)", after)
			case after != "":
				with = fmt.Sprintf("(first: %d, after: %q)", size, after)
			}
			p := ask(with)
			for _, e := range p.Edges {
				got = append(got, e.Node.ID+" "+e.Node.Login)
			}
			last := len(got) == len(want)
			if p.TotalCount != len(want) || p.PageInfo.HasNextPage == last || p.PageInfo.HasPreviousPage != (after != "") || !last && len(p.Edges) != size {
				t.Fatalf("%s: %d of %d, %+v of %d accounts", with, len(p.Edges), p.TotalCount, p.PageInfo, len(want))
			}
			if last || len(p.Edges) == 0 {
				break
			}
			after = p.PageInfo.EndCursor
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d by %d: %v, want %v", len(want), size, got, want)
		}
	}
	for args, code := range map[string]string{
		"(first: 0)": "INVALID_INPUT", "(first: 101)": "INVALID_INPUT", `(after: "nobody")`: "BAD_CURSOR",
	} {
		if got := s.send(who, `{ accounts`+args+selection, nil); got.code() != code {
			t.Errorf("%s: %s, want %s", args, got.text, code)
		}
	}
}
