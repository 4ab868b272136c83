package rights

import (
	"fmt"
	"slices"
	"strings"

	"mingjian/domain"
)

// Command names what people do to the record; the GraphQL mutation of the same
// name does it.
type Command string

// Condition narrows a role: what the actor must be to the subject.
type Condition string

// The conditions. Holding the role itself is always needed. Own is a matter of
// the account's grants and is checked here; the others are a matter of the
// subject's record, and its fold checks them by pseudonym, so that anyone can
// check afterwards that they were kept.
const (
	Always     Condition = ""
	Own        Condition = "own"        // the role is held for this subject; to act, not recused from it either
	Assigned   Condition = "assigned"   // assigned to the subject, not recused
	Lead       Condition = "lead"       // assigned as lead, not recused
	Present    Condition = "present"    // not recused from the subject
	Impartial  Condition = "impartial"  // did not make the claim, not recused
	Aside      Condition = "aside"      // not recused from the subject, not on the appeal's panel, nor taken off it
	Panelist   Condition = "panelist"   // on the appeal's panel, not recused from it
	Uninvolved Condition = "uninvolved" // never assigned, moved no point, made or decided no claim, did not submit, not recused
)

// State is where a subject's record stands, by its stored name; Unopened is
// the empty one.
type State string

// The states of an assessment.
const (
	Unopened  State = ""
	InWork    State = "inWork"
	Submitted State = "submitted"
	Approved  State = "approved"
)

// Rule lets a role carry out a command under a condition, while the record is
// in one of the states (none: the command concerns no record).
type Rule struct {
	Command   Command
	Role      Role
	Condition Condition
	States    []State
	// Appeals are the states of the appeal in which the command works; none: it
	// concerns no appeal.
	Appeals []Stage
}

// Stage is where an appeal stands, by its stored name; Unfiled is the empty one.
type Stage string

// The stages of an appeal.
const (
	Unfiled   Stage = ""
	Filed     Stage = "filed"
	Hearing   Stage = "hearing"
	Decided   Stage = "decided"
	Escalated Stage = "escalated"
	Withdrawn Stage = "withdrawn"
)

var (
	working   = []State{InWork}
	opened    = []State{InWork, Submitted, Approved}
	inReview  = []State{Submitted}
	signed    = []State{Approved}
	unfiled   = []Stage{Unfiled, Withdrawn}
	undecided = []Stage{Filed, Hearing, Escalated}
	hearing   = []Stage{Hearing}
	decided   = []Stage{Decided}
)

// Commands is every command that the table knows, in the order of the table.
var Commands = commandsOf(Table)

// Table is who may do what. Whatever is not in it is refused. Every command on
// a record wants a round in progress; so does every command on a round but
// openRound; and nobody judges their own, see Judging. docs/permissions.md shows
// it, and a test tries each pair of role and command in each state and compares.
var Table = []Rule{
	{"registerDistrict", Organizer, Always, nil, nil},
	{"registerCenter", Organizer, Always, nil, nil},
	{"registerRoster", Organizer, Always, nil, nil},

	{"openRound", Organizer, Always, nil, nil},
	{"pinCalendar", Organizer, Always, nil, nil},
	{"deliberate", Organizer, Always, nil, nil},
	{"publish", Organizer, Always, nil, nil},
	{"closeRound", Organizer, Always, nil, nil},

	{"openAssessment", Organizer, Always, []State{Unopened}, nil},
	{"assignAssessor", Organizer, Present, opened, nil},
	{"recuseAssessor", Organizer, Present, opened, nil},
	{"recuseMyself", Assessor, Present, opened, nil},
	{"recuseMyself", Reviewer, Present, opened, nil},

	{"recordScores", Assessor, Assigned, working, nil},
	{"reviseScore", Assessor, Assigned, opened, nil},
	{"recordObservation", Assessor, Assigned, opened, nil},
	{"submitAssessment", Assessor, Lead, working, nil},

	{"imposeDeduction", Organizer, Present, opened, nil},
	{"liftDeduction", Organizer, Present, opened, nil},

	{"claimHonor", Center, Own, working, nil},
	{"withdrawHonor", Center, Own, working, nil},
	{"acceptHonor", Reviewer, Impartial, working, nil},
	{"rejectHonor", Reviewer, Impartial, working, nil},

	{"returnAssessment", Reviewer, Uninvolved, inReview, nil},
	{"approveAssessment", Reviewer, Uninvolved, inReview, nil},

	{"notifyResult", Organizer, Present, signed, nil},
	{"notifyResults", Organizer, Always, nil, nil},
	{"fileReply", Center, Own, opened, nil},
	{"redactReply", Organizer, Present, opened, nil},

	{"fileAppeal", Center, Own, opened, unfiled},
	{"fileAppeal", District, Own, opened, unfiled},
	{"addToAppeal", Center, Own, opened, undecided},
	{"addToAppeal", District, Own, opened, undecided},
	{"answerAppeal", Assessor, Assigned, opened, undecided},
	{"withdrawAppeal", Center, Own, opened, undecided},
	{"withdrawAppeal", District, Own, opened, undecided},
	{"escalateAppeal", Center, Own, opened, decided},
	{"escalateAppeal", District, Own, opened, decided},
	{"namePanel", Organizer, Aside, opened, undecided},
	{"recuseReviewer", Organizer, Aside, opened, hearing},
	{"extendAppeal", Organizer, Aside, opened, undecided},
	{"recuseFromPanel", Reviewer, Panelist, opened, hearing},
	{"castVote", Reviewer, Panelist, opened, hearing},
	{"decideAppeal", Reviewer, Panelist, opened, hearing},

	{"createAccount", Organizer, Always, nil, nil},
	{"grantRole", Organizer, Always, nil, nil},
	{"revokeRole", Organizer, Always, nil, nil},
	{"inviteAccount", Organizer, Always, nil, nil},
	{"disableAccount", Organizer, Always, nil, nil},
	{"enableAccount", Organizer, Always, nil, nil},
	{"eraseAccount", Organizer, Always, nil, nil},
	{"clearTotp", Organizer, Always, nil, nil},
	{"revokeSessions", Organizer, Always, nil, nil},

	{"importFile", Organizer, Always, nil, nil},
	{"uploadEvidence", Assessor, Always, nil, nil},
	{"uploadEvidence", Center, Always, nil, nil},
	{"uploadEvidence", Organizer, Always, nil, nil},
	{"rebuildReadModel", Organizer, Always, nil, nil},
}

func commandsOf(table []Rule) (commands []Command) {
	for i, r := range table {
		if i == 0 || table[i-1].Command != r.Command {
			commands = append(commands, r.Command)
		}
	}
	return commands
}

// Judging is the commands by which a subject is judged. Whoever holds a role for
// the subject itself is judged by them, and gives none of them, whatever other
// roles the account has.
var Judging = []Command{
	"recordScores", "reviseScore", "recordObservation", "submitAssessment", "imposeDeduction", "liftDeduction",
	"acceptHonor", "rejectHonor", "returnAssessment", "approveAssessment", "notifyResult", "redactReply",
	"answerAppeal", "namePanel", "recuseReviewer", "extendAppeal", "castVote", "decideAppeal",
}

// Belongs reports whether an actor holds a role for the subject itself, and so
// cannot judge it.
func Belongs(a Actor, subject string) bool {
	return a.Holds(Center, subject) || a.Holds(District, subject)
}

// Allow refuses a command that none of the actor's grants allows on a subject
// ("" where the command has none), as domain.ErrForbidden naming who may; and
// one that judges a subject which the actor belongs to, as domain.ErrFourEyes.
// Conditions other than Own are left to the subject's record.
func Allow(a Actor, c Command, subject string) error {
	var may []string
	for _, r := range Table {
		if r.Command != c {
			continue
		}
		if r.Condition == Own && a.Holds(r.Role, subject) || r.Condition != Own && a.Has(r.Role) {
			if slices.Contains(Judging, c) && Belongs(a, subject) {
				return fmt.Errorf("%s by an account of %s itself: %w", c, subject, domain.ErrFourEyes)
			}
			return nil
		}
		who := string(r.Role)
		if r.Condition == Own {
			who += " of " + subject
		}
		may = append(may, who)
	}
	return fmt.Errorf("%s is for %s: %w", c, strings.Join(may, ", "), domain.ErrForbidden)
}
