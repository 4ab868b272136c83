package testrig

import (
	"context"
	"fmt"
	"strings"

	"mingjian/domain"
	"mingjian/domain/rights"
)

// People are accounts whose roles follow from their names, so that tests of
// the layers below sign-in need no accounts on the log: "organizer",
// "assessor-2", "reviewer-1", "auditor", and "center-310101002" or
// "district-310101" for that subject. A name that is none of these is unknown.
type People struct{}

// Actor gives an account the role that its name says.
func (People) Actor(_ context.Context, account string) (rights.Actor, error) {
	role, rest, _ := strings.Cut(account, "-")
	grant := rights.Grant{Role: rights.Role(role)}
	if grant.Role == rights.Center || grant.Role == rights.District {
		grant.Subject = rest
	}
	if err := grant.Validate(); err != nil {
		return rights.Actor{}, fmt.Errorf("account %.40q: %w", account, domain.ErrUnknownAccount)
	}
	return rights.Actor{Account: account, Grants: []rights.Grant{grant}}, nil
}

// Arrived is a store that has every piece of evidence, for tests that are not
// about evidence.
type Arrived struct{}

// Has is always true.
func (Arrived) Has(context.Context, string) (bool, error) { return true, nil }
