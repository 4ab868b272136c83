// Package appeal is an appeal of a center, or of a district's office, against
// one score entry or deduction: its filing, the panel that hears it, the votes
// and the decision.
package appeal

import (
	"mingjian/domain"
	"mingjian/domain/assessment"
)

// Ground is what an appeal rests on.
type Ground string

// The grounds.
const (
	Fact           Ground = "fact"           // 事实: what was found is not so
	Evidence       Ground = "evidence"       // 证据: what was found is not shown
	Procedure      Ground = "procedure"      // 程序: it was not found as it must be
	Interpretation Ground = "interpretation" // 适用标准: the standard says otherwise
)

// Filed starts an appeal. People stand in the events of an appeal by the
// pseudonyms that they have in the record that it is about, so that anyone can
// check that nobody who had a part in that record hears the appeal.
type Filed struct {
	domain.Stamp
	Appeal   string             `json:"appeal"` // its id
	Round    string             `json:"round"`
	Subject  string             `json:"subject"`
	Kind     domain.SubjectKind `json:"kind"`
	District string             `json:"district"`
	assessment.Target
	// Version of the entry, its outcome and points; of a deduction, its item and
	// that item's points. Lost is the most that can be restored.
	Version int            `json:"version,omitempty"`
	Outcome domain.Outcome `json:"outcome,omitempty"`
	Points  domain.Points  `json:"points"`
	Item    string         `json:"item,omitempty"`
	Lost    domain.Points  `json:"lost"`

	Ground    Ground   `json:"ground"`
	Statement string   `json:"statement"`
	Evidence  []string `json:"evidence,omitempty"` // SHA-256 of each piece
	// AppealBy is the deadline that the filing met, DecideBy the last day for a
	// decision, both YYYY-MM-DD; Calendar is the hash of the one that DecideBy was
	// counted by.
	AppealBy string `json:"appealBy"`
	DecideBy string `json:"decideBy"`
	Calendar string `json:"calendar"`
}

// PanelNamed says who hears the appeal, an odd number of people. Naming the
// panel again, after a recusal, starts the hearing anew: votes that were cast
// before do not count. Who was not recused stays on it.
type PanelNamed struct {
	domain.Stamp
	Panel   int      `json:"panel"`   // 1, or 2 after an escalation
	Members []string `json:"members"` // pseudonyms; their accounts are sealed
}

// ReviewerRecused takes a member off the panel, by their own will or at a
// party's request.
type ReviewerRecused struct {
	domain.Stamp
	Member    string `json:"member"` // pseudonym
	Reason    string `json:"reason"`
	OnRequest bool   `json:"onRequest,omitempty"`
}

// Party is a side of an appeal.
type Party string

// The parties.
const (
	Appellant Party = "appellant" // the center or district office
	Assessors Party = "assessors" // those who made the finding
)

// EvidenceAdded is what a party says and shows to the panel.
type EvidenceAdded struct {
	domain.Stamp
	Party     Party    `json:"party"`
	Statement string   `json:"statement"`
	Evidence  []string `json:"evidence,omitempty"`
}

// Outcome is what a vote or a decision comes to. It speaks of the appeal that
// its panel heard: before a second panel, which asks for more than the first one
// restored, Dismissed leaves that as it is, and Restored says how much it is.
type Outcome string

// The outcomes.
const (
	Upheld       Outcome = "upheld"       // 支持: all that was lost is restored
	PartlyUpheld Outcome = "partlyUpheld" // 部分支持: more is restored than before, not all
	Dismissed    Outcome = "dismissed"    // 不予支持: nothing more is restored than before
)

// VoteCast is a member's vote, with its reasons.
type VoteCast struct {
	domain.Stamp
	Panel    int           `json:"panel"`
	Outcome  Outcome       `json:"outcome"`
	Restored domain.Points `json:"restored"` // of what was lost, all in all
	Reason   string        `json:"reason"`
}

// Decided is the panel's decision: the most that more than half of all members
// would restore.
type Decided struct {
	domain.Stamp
	Panel   int     `json:"panel"`
	Outcome Outcome `json:"outcome"`
	// Restored is what is given back of what was lost, all in all: a second panel's
	// holds what the first one had restored.
	Restored domain.Points `json:"restored"`
	Reasons  string        `json:"reasons"`
	// Corrected is what the entry or the deduction becomes; nil where the decision
	// changes nothing.
	Corrected *Corrected `json:"corrected,omitempty"`
	// EscalateBy is the last day for asking a second panel, YYYY-MM-DD; "" where
	// this was the second.
	EscalateBy string `json:"escalateBy,omitempty"`
}

// Corrected is what a decision makes of its target.
type Corrected struct {
	Outcome domain.Outcome `json:"outcome,omitempty"` // of an entry
	Points  domain.Points  `json:"points"`            // of an entry, or of what is left of the deduction
	Item    string         `json:"item,omitempty"`    // of a deduction; "" where nothing is left
}

// Escalated takes a decided appeal to a second panel, once.
type Escalated struct {
	domain.Stamp
	Statement string `json:"statement"`
	DecideBy  string `json:"decideBy"`
	Calendar  string `json:"calendar"`
}

// Extended moves the last day for the decision.
type Extended struct {
	domain.Stamp
	DecideBy string `json:"decideBy"`
	Reason   string `json:"reason"`
}

// Expired flags an appeal that was not decided in time. It decides nothing: the
// appeal stays open.
type Expired struct {
	domain.Stamp
	DecideBy string `json:"decideBy"`
}

// Withdrawn takes an appeal back whose decision is due. What a first panel
// decided stands.
type Withdrawn struct {
	domain.Stamp
	Reason string `json:"reason"`
}

// EventType is the stored name.
func (Filed) EventType() string { return "appeal.Filed" }

// EventType is the stored name.
func (PanelNamed) EventType() string { return "appeal.PanelNamed" }

// EventType is the stored name.
func (ReviewerRecused) EventType() string { return "appeal.ReviewerRecused" }

// EventType is the stored name.
func (EvidenceAdded) EventType() string { return "appeal.EvidenceAdded" }

// EventType is the stored name.
func (VoteCast) EventType() string { return "appeal.VoteCast" }

// EventType is the stored name.
func (Decided) EventType() string { return "appeal.Decided" }

// EventType is the stored name.
func (Escalated) EventType() string { return "appeal.Escalated" }

// EventType is the stored name.
func (Extended) EventType() string { return "appeal.Extended" }

// EventType is the stored name.
func (Expired) EventType() string { return "appeal.Expired" }

// EventType is the stored name.
func (Withdrawn) EventType() string { return "appeal.Withdrawn" }
