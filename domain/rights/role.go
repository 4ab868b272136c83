// Package rights says who may do and see what: a table of role, command and
// condition as data, and the one function that reads it.
package rights

import (
	"fmt"
	"slices"

	"mingjian/domain"
)

// Role is what an account is in the evaluation. An account may have several.
type Role string

// The roles of design §1.
const (
	Assessor  Role = "assessor"
	Reviewer  Role = "reviewer"
	Center    Role = "center"
	District  Role = "district"
	Organizer Role = "organizer"
	Auditor   Role = "auditor"
)

// Roles is every role, in the order in which they are shown.
var Roles = []Role{Assessor, Reviewer, Center, District, Organizer, Auditor}

// Grant is a role as an account holds it. Center and district are held for
// one subject each, all others for the whole evaluation.
type Grant struct {
	Role Role `json:"role"`
	// Subject is the code of the center or district; "" for the other roles.
	Subject string `json:"subject,omitempty"`
}

// Validate reports a role that does not exist, and a subject that is missing
// or has no place.
func (g Grant) Validate() error {
	if !slices.Contains(Roles, g.Role) {
		return fmt.Errorf("role %.40q is none of %v: %w", g.Role, Roles, domain.ErrInvalid)
	}
	if bound := g.Role == Center || g.Role == District; bound != (g.Subject != "") {
		return fmt.Errorf("role %s: center and district are held for the code of one subject, the others for none (got %.40q): %w", g.Role, g.Subject, domain.ErrInvalid)
	}
	return nil
}

// Actor is an account with what it may be at the moment.
type Actor struct {
	Account string
	Grants  []Grant
}

// Has reports whether the actor holds a role, for whatever subject.
func (a Actor) Has(role Role) bool {
	return slices.ContainsFunc(a.Grants, func(g Grant) bool { return g.Role == role })
}

// Holds reports whether the actor holds a role for a subject.
func (a Actor) Holds(role Role, subject string) bool {
	return slices.Contains(a.Grants, Grant{Role: role, Subject: subject})
}
