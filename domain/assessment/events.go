// Package assessment is the record of one subject, a center or a district, in
// one round: its findings, deductions and honor claims, and their review.
package assessment

import (
	"time"

	"mingjian/domain"
)

// Opened starts the record of one subject in one round.
type Opened struct {
	domain.Stamp
	Round   string             `json:"round"`
	Subject string             `json:"subject"` // center or district code
	Kind    domain.SubjectKind `json:"kind"`
	// District is the code of the district that the subject lies in, or is.
	District string `json:"district"`
	// Standard and StandardHash name the criteria, as the round adopted them.
	Standard     string `json:"standard"`
	StandardHash string `json:"standardHash"`
}

// Finding is what a score entry says of a clause.
type Finding struct {
	Outcome domain.Outcome `json:"outcome"`
	// Points lost (outcome lost) or awarded (outcome awarded), else zero.
	Points domain.Points `json:"points"`
	Method Method        `json:"method"`
	// ObservedAt is when it was seen, not when it was typed.
	ObservedAt time.Time `json:"observedAt"`
	// Reason is mandatory where points are lost or a clause is not applicable.
	Reason string `json:"reason,omitempty"`
	// Evidence lists the SHA-256 of each piece, lower-case hex.
	Evidence []string `json:"evidence,omitempty"`
	// Counts is what was counted on a measured clause, by the measure's inputs.
	Counts map[string]int64 `json:"counts,omitempty"`
	// Checklist says of each item of the clause's list, in its order, whether it
	// is there.
	Checklist []bool `json:"checklist,omitempty"`
	// Computed is what counts and checklist come to by the standard's rules, met
	// or lost; "" where there is neither.
	Computed domain.Outcome `json:"computed,omitempty"`
	// Override says why the assessor found otherwise than computed.
	Override string `json:"override,omitempty"`
}

// Method is how a finding was made.
type Method string

// The methods of the evaluation.
const (
	SiteVisit     Method = "siteVisit"
	MysteryVisit  Method = "mysteryVisit"
	Documents     Method = "documents"
	Interview     Method = "interview"
	PhoneSampling Method = "phoneSampling"
	SystemData    Method = "systemData"
)

// AssessorAssigned lets a person record findings on the subject. Assessor is a
// pseudonym, as Stamp.By is; the account stands sealed in the metadata.
// Assigned again, a member becomes the lead or stops being it.
type AssessorAssigned struct {
	domain.Stamp
	Assessor string `json:"assessor"`
	// Lead submits the record; a new lead makes the former one a member.
	Lead bool `json:"lead,omitempty"`
}

// AssessorRecused ends all that a person may do on the subject, assigned or
// not: by their own will, or at the center's request.
type AssessorRecused struct {
	domain.Stamp
	Assessor  string `json:"assessor"` // pseudonym
	Reason    string `json:"reason"`
	OnRequest bool   `json:"onRequest,omitempty"` // of the center
}

// ObservationRecorded notes what an assessor saw and recommends. It never
// moves a point.
type ObservationRecorded struct {
	domain.Stamp
	Observation int       `json:"observation"` // 1, 2, … within the assessment
	Clause      string    `json:"clause"`
	Text        string    `json:"text"`
	Method      Method    `json:"method"`
	ObservedAt  time.Time `json:"observedAt"`
	Evidence    []string  `json:"evidence,omitempty"`
}

// ScoreRecorded is the first score entry on a clause: its version 1.
type ScoreRecorded struct {
	domain.Stamp
	Clause string `json:"clause"`
	Finding
}

// ScoreRevised supersedes the standing entry on a clause without replacing it:
// its version is Supersedes + 1.
type ScoreRevised struct {
	domain.Stamp
	Clause     string `json:"clause"`
	Supersedes int    `json:"supersedes"`
	Finding
	// Why says why the entry was revised; mandatory after submission.
	Why string `json:"why,omitempty"`
}

// DeductionImposed subtracts a section 8 item from the total while it stands.
type DeductionImposed struct {
	domain.Stamp
	Deduction int    `json:"deduction"` // 1, 2, … within the assessment
	Item      string `json:"item"`
	Reason    string `json:"reason"`
	Source    string `json:"source"` // where it became known
	// OccurredOn is the day of the incident, YYYY-MM-DD.
	OccurredOn string   `json:"occurredOn"`
	Evidence   []string `json:"evidence,omitempty"`
}

// DeductionLifted ends a deduction.
type DeductionLifted struct {
	domain.Stamp
	Deduction int    `json:"deduction"`
	Reason    string `json:"reason"`
}

// HonorClaimed asks for points under the honor indicator (7.2).
type HonorClaimed struct {
	domain.Stamp
	Honor     int        `json:"honor"` // 1, 2, … within the assessment
	Title     string     `json:"title"`
	Level     HonorLevel `json:"level"`
	Issuer    string     `json:"issuer"`
	AwardedOn string     `json:"awardedOn"` // YYYY-MM-DD
	Document  string     `json:"document"`  // SHA-256 of the certificate
	// With has the codes of the other centers that the award names.
	With []string `json:"with,omitempty"`
}

// HonorLevel is who granted a collective honor.
type HonorLevel string

// The levels that clause 7.2 counts.
const (
	National  HonorLevel = "national"
	Municipal HonorLevel = "municipal"
)

// HonorAccepted awards points for a claim.
type HonorAccepted struct {
	domain.Stamp
	Honor  int           `json:"honor"`
	Points domain.Points `json:"points"`
}

// HonorRejected turns a claim down.
type HonorRejected struct {
	domain.Stamp
	Honor  int    `json:"honor"`
	Reason string `json:"reason"`
}

// HonorWithdrawn takes back a claim that waits for a decision.
type HonorWithdrawn struct {
	domain.Stamp
	Honor  int    `json:"honor"`
	Reason string `json:"reason"`
}

// Submitted hands the record to review.
type Submitted struct {
	domain.Stamp
}

// Returned hands a submitted record back to its assessors.
type Returned struct {
	domain.Stamp
	// Reason is for the record as a whole, Clauses for single clauses; at least
	// one of them is given.
	Reason  string         `json:"reason,omitempty"`
	Clauses []ClauseReason `json:"clauses,omitempty"`
}

// ClauseReason says what is wrong with the finding on a clause.
type ClauseReason struct {
	Clause string `json:"clause"`
	Reason string `json:"reason"`
}

// Approved is the sign-off of a second person.
type Approved struct {
	domain.Stamp
}

// EventType is the stored name.
func (Opened) EventType() string { return "assessment.Opened" }

// EventType is the stored name.
func (ScoreRecorded) EventType() string { return "assessment.ScoreRecorded" }

// EventType is the stored name.
func (ScoreRevised) EventType() string { return "assessment.ScoreRevised" }

// EventType is the stored name.
func (DeductionImposed) EventType() string { return "assessment.DeductionImposed" }

// EventType is the stored name.
func (DeductionLifted) EventType() string { return "assessment.DeductionLifted" }

// EventType is the stored name.
func (HonorClaimed) EventType() string { return "assessment.HonorClaimed" }

// EventType is the stored name.
func (HonorAccepted) EventType() string { return "assessment.HonorAccepted" }

// EventType is the stored name.
func (HonorRejected) EventType() string { return "assessment.HonorRejected" }

// EventType is the stored name.
func (Submitted) EventType() string { return "assessment.Submitted" }

// EventType is the stored name.
func (Approved) EventType() string { return "assessment.Approved" }

// EventType is the stored name.
func (AssessorAssigned) EventType() string { return "assessment.AssessorAssigned" }

// EventType is the stored name.
func (AssessorRecused) EventType() string { return "assessment.AssessorRecused" }

// EventType is the stored name.
func (ObservationRecorded) EventType() string { return "assessment.ObservationRecorded" }

// EventType is the stored name.
func (HonorWithdrawn) EventType() string { return "assessment.HonorWithdrawn" }

// EventType is the stored name.
func (Returned) EventType() string { return "assessment.Returned" }
