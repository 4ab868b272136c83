package rights

import (
	"fmt"
	"slices"
	"strings"

	"mingjian/domain"
)

// Read names what people look at.
type Read string

// What can be looked at, besides the roster, the standard and the rounds,
// which everybody sees who is signed in, and one's own tasks and account.
const (
	ReadAssessment Read = "assessment" // a record with its findings
	ReadHonors     Read = "honors"     // a center's honor claims
	ReadTeam       Read = "team"       // who is assigned to a record, by account
	ReadProgress   Read = "progress"   // how far a round has come
	ReadRanking    Read = "ranking"    // standings that are not published
	ReadTrail      Read = "trail"      // every event with its account; each look is recorded
	ReadAccounts   Read = "accounts"   // persons and their roles
	ReadEvidence   Read = "evidence"   // as the records that it belongs to; each download is recorded
)

// Conditions that concern reading only.
const (
	// OwnApproved is the role held for the subject, once its record is approved.
	OwnApproved Condition = "ownApproved"
	// InOwnDistrict is the role held for the subject's district, or for the
	// subject itself if it is one, once the record is approved.
	InOwnDistrict Condition = "inOwnDistrictApproved"
)

// ReadRule lets a role look at something under a condition.
type ReadRule struct {
	Read      Read
	Role      Role
	Condition Condition
}

// ReadTable is who may look at what. Whatever is not in it is refused.
var ReadTable = []ReadRule{
	{ReadAssessment, Organizer, Always},
	{ReadAssessment, Reviewer, Always},
	{ReadAssessment, Auditor, Always},
	{ReadAssessment, Assessor, Assigned},
	{ReadAssessment, Center, OwnApproved},
	{ReadAssessment, District, InOwnDistrict},

	{ReadHonors, Organizer, Always},
	{ReadHonors, Reviewer, Always},
	{ReadHonors, Auditor, Always},
	{ReadHonors, Assessor, Assigned},
	{ReadHonors, Center, Own},

	{ReadTeam, Organizer, Always},
	{ReadTeam, Auditor, Always},
	{ReadTeam, Assessor, Assigned},

	{ReadProgress, Organizer, Always},
	{ReadProgress, Reviewer, Always},
	{ReadProgress, Auditor, Always},

	{ReadRanking, Organizer, Always},
	{ReadRanking, Reviewer, Always},
	{ReadRanking, Auditor, Always},

	{ReadTrail, Organizer, Always},
	{ReadTrail, Auditor, Always},

	{ReadAccounts, Organizer, Always},
	{ReadAccounts, Auditor, Always},

	{ReadEvidence, Organizer, Always},
	{ReadEvidence, Reviewer, Always},
	{ReadEvidence, Auditor, Always},
	{ReadEvidence, Assessor, Assigned},
	{ReadEvidence, Center, OwnApproved},
	{ReadEvidence, District, InOwnDistrict},
}

// Facts is what conditions of reading ask of a subject's record.
type Facts struct {
	Subject, District string
	// Approved says whether the record is, and was at the moment looked at.
	Approved bool
	// Assigned says whether the actor is assigned and not recused. It is asked
	// only when it matters.
	Assigned func() (bool, error)
}

// MayRead refuses what none of the actor's grants lets them look at, as
// domain.ErrForbidden naming who may.
func MayRead(a Actor, read Read, f Facts) error {
	var may []string
	for _, r := range ReadTable {
		if r.Read != read {
			continue
		}
		who := string(r.Role)
		if r.Condition != Always {
			who += " (" + string(r.Condition) + ")"
		}
		if !slices.Contains(may, who) {
			may = append(may, who)
		}
		ok, err := r.holds(a, f)
		if ok || err != nil {
			return err
		}
	}
	return fmt.Errorf("reading %s is for %s: %w", read, strings.Join(may, ", "), domain.ErrForbidden)
}

func (r ReadRule) holds(a Actor, f Facts) (bool, error) {
	switch r.Condition {
	case Always:
		return a.Has(r.Role), nil
	case Own:
		return a.Holds(r.Role, f.Subject), nil
	case OwnApproved:
		return f.Approved && a.Holds(r.Role, f.Subject), nil
	case InOwnDistrict:
		return f.Approved && a.Holds(r.Role, f.District), nil
	case Assigned:
		if !a.Has(r.Role) || f.Assigned == nil {
			return false, nil
		}
		return f.Assigned()
	}
	return false, nil
}
