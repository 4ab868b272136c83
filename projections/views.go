package projections

import (
	"time"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/round"
	"mingjian/eventstore"
)

// Head is what the read model reflects: all events up to Position, of which
// Seq are the application's. Seq counts from 1 in the log's order and, unlike
// a position, survives a move to another log.
type Head struct {
	LogID    string
	Position eventstore.Position
	Seq      int64
}

// Latest as an asOf asks for the newest state; any other value is a Seq.
const Latest int64 = 1<<63 - 1

// RoundView is a round with its releases.
type RoundView struct {
	ID, Name                 string
	Standard, StandardHash   string
	Guide, GuideHash         string // "" without a scoring guide
	AssessmentPeriod, Honors domain.Period
	// Calendar counts the working days that AppealDays and DecisionDays are; ""
	// while none is pinned.
	Calendar, CalendarHash   string
	AppealDays, DecisionDays int
	Notice                   bool // the first release is provisional
	Demo, Closed             bool
	Releases                 []ReleaseView // oldest first
	// Deliberated is what the next release publishes; nil until there is something.
	Deliberated *DeliberationView
}

// ReleaseView is one immutable publication.
type ReleaseView struct {
	Round       string
	Number      int
	Kind        round.ReleaseKind
	Reason      string
	Engine      string
	LogSize     int64
	PublishedAt time.Time
	Position    eventstore.Position
}

// DistrictView is a registered district.
type DistrictView struct{ Code, Name string }

// CenterView is a registered center.
type CenterView struct {
	Code, Name, Area       string
	District, DistrictName string
	Demo                   bool
}

// StandingView is a center's row in a ranking. Ranks are 0 where not ranked.
type StandingView struct {
	Center                 CenterView
	Status                 assessment.Status
	Complete               bool
	Decided                int // clauses with a finding
	Total, Gross           domain.Points
	Deduction              domain.Points
	CityRank, DistrictRank int
}

// DistrictStandingView is a district's row in a ranking.
type DistrictStandingView struct {
	Name string
	domain.DistrictStanding
}

// AssessmentView is one subject's record with its score.
type AssessmentView struct {
	Round, Subject string
	Kind           domain.SubjectKind
	District       string
	Status         assessment.Status
	Revision       uint64 // of the newest event folded
	OpenedAt       time.Time
	Score          domain.Score
	// Entries holds the standing entry per clause code, the district's on
	// clauses that judge the district.
	Entries    map[string]EntryView
	Deductions []DeductionView
	Honors     []HonorView
	// Observations and Returns are oldest first.
	Observations []assessment.ObservationRecorded
	Returns      []ReturnView
	Notices      []NoticeView
	Replies      []ReplyView
}

// EntryView is one version of a score entry.
type EntryView struct {
	Clause  string
	Version int
	assessment.Finding
	Why      string // why it superseded the version before
	By       string // pseudonym
	At       time.Time
	Seq      int64
	Replaced int64 // Seq of the event that superseded it, 0 while it stands
	// Appeal is the id of the appeal whose decision made this version, "" where an
	// assessor did.
	Appeal string
	UnderAppeal
}

// UnderAppeal tells the newest appeal against an entry or a deduction.
type UnderAppeal struct {
	// Against is its id, "" where there was none; Pending is true while its
	// decision is due.
	Against string
	Pending bool
}

// DeductionView is a deduction with its end, if any.
type DeductionView struct {
	assessment.DeductionImposed
	Lifted       bool
	LiftedReason string
	LiftedAt     time.Time
	Corrected    *assessment.DeductionCorrected // by the newest decision on an appeal
	UnderAppeal
}

// Standing is the item that stands of the deduction, "" where none does: it
// was lifted, or an appeal left nothing of it.
func (d DeductionView) Standing() string {
	switch {
	case d.Lifted:
		return ""
	case d.Corrected != nil:
		return d.Corrected.Item
	}
	return d.Item
}

// HonorState is where an honor claim stands.
type HonorState string

// A claim waits until it is accepted or rejected.
const (
	HonorPending  HonorState = "pending"
	HonorAccepted HonorState = "accepted"
	HonorRejected HonorState = "rejected"
	// HonorWithdrawn is a claim that the center took back.
	HonorWithdrawn HonorState = "withdrawn"
)

// HonorView is an honor claim with its decision.
type HonorView struct {
	assessment.HonorClaimed
	State  HonorState
	Points domain.Points // when accepted
	Reason string        // when rejected or withdrawn
}

// MemberView is a person's place in a record's team. The account is for those
// who may know it.
type MemberView struct {
	Pseudonym, Account string
	Assigned           bool // false for who was recused without being assigned
	Lead, Recused      bool
	Reason             string // of the recusal
	OnRequest          bool   // the center asked for it
}

// ReturnView is a return to the assessors.
type ReturnView struct {
	assessment.Returned
	Seq int64
}

// TrailView is one event of the trail.
type TrailView struct {
	Seq       int64
	Position  eventstore.Position
	Stream    string
	Revision  uint64
	EventID   string
	Type      string
	Actor     string // account
	CommandID string
	At        time.Time
}
