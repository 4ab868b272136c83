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
}

var (
	working  = []State{InWork}
	opened   = []State{InWork, Submitted, Approved}
	inReview = []State{Submitted}
)

// Commands is every command that the table knows, in the order of the table.
var Commands = commandsOf(Table)

// Table is who may do what. Whatever is not in it is refused. Every command on
// a record wants a round in progress; so does every command on a round but
// openRound; and nobody judges their own, see Judging. docs/permissions.md shows
// it, and a test tries each pair of role and command in each state and compares.
var Table = []Rule{
	{"registerDistrict", Organizer, Always, nil},
	{"registerCenter", Organizer, Always, nil},
	{"registerRoster", Organizer, Always, nil},

	{"openRound", Organizer, Always, nil},
	{"publish", Organizer, Always, nil},
	{"closeRound", Organizer, Always, nil},

	{"openAssessment", Organizer, Always, []State{Unopened}},
	{"assignAssessor", Organizer, Present, opened},
	{"recuseAssessor", Organizer, Present, opened},
	{"recuseMyself", Assessor, Present, opened},
	{"recuseMyself", Reviewer, Present, opened},

	{"recordScores", Assessor, Assigned, working},
	{"reviseScore", Assessor, Assigned, opened},
	{"recordObservation", Assessor, Assigned, opened},
	{"submitAssessment", Assessor, Lead, working},

	{"imposeDeduction", Organizer, Present, opened},
	{"liftDeduction", Organizer, Present, opened},

	{"claimHonor", Center, Own, working},
	{"withdrawHonor", Center, Own, working},
	{"acceptHonor", Reviewer, Impartial, working},
	{"rejectHonor", Reviewer, Impartial, working},

	{"returnAssessment", Reviewer, Uninvolved, inReview},
	{"approveAssessment", Reviewer, Uninvolved, inReview},

	{"createAccount", Organizer, Always, nil},
	{"grantRole", Organizer, Always, nil},
	{"revokeRole", Organizer, Always, nil},
	{"inviteAccount", Organizer, Always, nil},
	{"disableAccount", Organizer, Always, nil},
	{"enableAccount", Organizer, Always, nil},
	{"eraseAccount", Organizer, Always, nil},
	{"clearTotp", Organizer, Always, nil},
	{"revokeSessions", Organizer, Always, nil},

	{"importFile", Organizer, Always, nil},
	{"uploadEvidence", Assessor, Always, nil},
	{"uploadEvidence", Center, Always, nil},
	{"uploadEvidence", Organizer, Always, nil},
	{"rebuildReadModel", Organizer, Always, nil},
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
	"acceptHonor", "rejectHonor", "returnAssessment", "approveAssessment",
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
