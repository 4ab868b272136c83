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
	ReadReply      Read = "reply"      // a center's reply as it was filed, what was redacted of it included
	ReadAppeal     Read = "appeal"     // an appeal, with what was said and decided
	ReadPanel      Read = "panel"      // who hears an appeal, by account, and votes before the decision
	ReadStatistics Read = "statistics" // how many appeals were filed, and what came of them
)

// Conditions that concern reading only.
const (
	// OwnNotified is the role held for the subject, once it was told its result.
	OwnNotified Condition = "ownNotified"
	// InOwnDistrict is the role held for the subject's district, or for the
	// subject itself if it is one, once the subject was told its result.
	InOwnDistrict Condition = "inOwnDistrictNotified"
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
	{ReadAssessment, Center, OwnNotified},
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
	{ReadEvidence, Center, OwnNotified},
	{ReadEvidence, District, InOwnDistrict},

	{ReadReply, Organizer, Always},
	{ReadReply, Auditor, Always},
	{ReadReply, Center, Own},

	{ReadAppeal, Organizer, Always},
	{ReadAppeal, Auditor, Always},
	{ReadAppeal, Reviewer, Panelist},
	{ReadAppeal, Assessor, Assigned},
	{ReadAppeal, Center, Own},
	{ReadAppeal, District, Own},

	{ReadPanel, Organizer, Always},
	{ReadPanel, Auditor, Always},
	{ReadPanel, Reviewer, Panelist},

	{ReadStatistics, Organizer, Always},
	{ReadStatistics, Reviewer, Always},
	{ReadStatistics, Auditor, Always},
}

// Facts is what conditions of reading ask of a subject's record, or of an appeal
// against it.
type Facts struct {
	Subject, District string
	// Notified says whether the subject was told its result by the moment looked
	// at.
	Notified bool
	// Assigned says whether the actor is assigned and not recused, Panelist
	// whether they hear the appeal. Each is asked only when it matters; nil is no.
	Assigned, Panelist func() (bool, error)
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
	case OwnNotified:
		return f.Notified && a.Holds(r.Role, f.Subject), nil
	case InOwnDistrict:
		return f.Notified && a.Holds(r.Role, f.District), nil
	case Assigned:
		return r.asks(a, f.Assigned)
	case Panelist:
		return r.asks(a, f.Panelist)
	}
	return false, nil
}

func (r ReadRule) asks(a Actor, holds func() (bool, error)) (bool, error) {
	if !a.Has(r.Role) || holds == nil {
		return false, nil
	}
	return holds()
}

// Reach is what an account may look at of a kind that is listed.
type Reach struct {
	All bool
	// Subjects are those that a role is held for. Assigned are those of the records
	// that the account is assigned to, Panelist those that it hears.
	Subjects           []string
	Assigned, Panelist bool
}

// ReachOf says how far an actor may look, or is the refusal of MayRead where
// none of the actor's grants lets them look at anything.
func ReachOf(a Actor, read Read) (Reach, error) {
	var reach Reach
	for _, r := range ReadTable {
		if r.Read != read || !a.Has(r.Role) {
			continue
		}
		switch r.Condition {
		case Always:
			reach.All = true
		case Assigned:
			reach.Assigned = true
		case Panelist:
			reach.Panelist = true
		case Own:
			for _, g := range a.Grants {
				if g.Role == r.Role {
					reach.Subjects = append(reach.Subjects, g.Subject)
				}
			}
		}
	}
	if !reach.All && !reach.Assigned && !reach.Panelist && len(reach.Subjects) == 0 {
		return reach, MayRead(a, read, Facts{})
	}
	return reach, nil
}
