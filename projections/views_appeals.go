package projections

import (
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/round"
)

// DeliberationView is a joint decision on what a release publishes.
type DeliberationView struct {
	round.Deliberated
	Seq     int64
	Release int // that published it, 0 while none has
}

// NoticeView is a result as the subject was told it.
type NoticeView struct {
	assessment.ResultNotified
	Seq int64
}

// ReplyView is a center's reply to its result. Text and Salt are sealed: they
// are for those who may read the whole of it. See Public.
type ReplyView struct {
	assessment.ReplyFiled
	Seq        int64
	Text, Salt string
	Redacted   *RedactionView // the newest
}

// RedactionView is what the public reads of a reply instead of its text.
type RedactionView struct {
	assessment.ReplyRedacted
	Seq int64
}

// Public is what everybody may read of the reply; "" where all of it was kept
// from the public.
func (r ReplyView) Public() string {
	if r.Redacted != nil {
		return r.Redacted.Text
	}
	return r.Text
}

// AppealView is an appeal with all that was said and done about it, oldest
// first.
type AppealView struct {
	appeal.Filed
	Seq    int64 // of the filing
	Status appeal.Status
	// Panel is 1, or 2 after an escalation. DecideOn is the last day for the
	// decision that is due, or was: Filed.DecideBy, unless it was moved since.
	Panel    int
	DecideOn string
	// Expired is the deadline that was flagged last, "" while none was.
	Expired string
	// Members has everybody who was named to a panel.
	Members []PanelMember
	// Votes has those that count, of both panels. Nobody but the panel may see
	// them before the decision.
	Votes      []VoteView
	Statements []StatementView
	Decisions  []DecisionView
	Steps      []StepView
}

// Open reports whether a decision is due.
func (a AppealView) Open() bool { return due(a.Status) }

func due(status appeal.Status) bool { return (&appeal.Appeal{Status: status}).Open() }

// Hearing lists who is on the present panel.
func (a AppealView) Hearing() (members []PanelMember) {
	for _, m := range a.Members {
		if m.Panel == a.Panel && m.Gone == 0 {
			members = append(members, m)
		}
	}
	return members
}

// Restored is how much the newest decision restores of what was lost.
func (a AppealView) Restored() domain.Points {
	if len(a.Decisions) == 0 {
		return 0
	}
	return a.Decisions[len(a.Decisions)-1].Restored
}

// PanelMember is a person's place on a panel. The account is for those who may
// know it.
type PanelMember struct {
	Panel              int
	Pseudonym, Account string
	Seq                int64 // of the naming
	// Gone is the Seq of the event that took them off the panel, 0 while they are
	// on it: their recusal, or the naming of another panel in its place.
	Gone      int64
	Recused   bool
	Reason    string // of the recusal
	OnRequest bool   // a party asked for it
}

// VoteView is a member's vote.
type VoteView struct {
	appeal.VoteCast
	Seq int64
}

// StatementView is what a party said and showed to the panel.
type StatementView struct {
	appeal.EvidenceAdded
	Seq int64
}

// DecisionView is a panel's decision.
type DecisionView struct {
	appeal.Decided
	Seq int64
}

// StepView is an event that moved an appeal's status, panel or deadline, and
// where the appeal stood from then on.
type StepView struct {
	domain.Stamp
	Seq   int64
	Event string // its stored name
	// Text is the escalation's statement, or the reason of an extension or a
	// withdrawal.
	Text              string
	Status            appeal.Status
	Panel             int
	DecideBy, Expired string
}
