package round

import "mingjian/domain"

// Opened starts a round on a standard.
type Opened struct {
	domain.Stamp
	Round string `json:"round"`
	Name  string `json:"name"`
	// Standard names the criteria, StandardHash the SHA-256 of their canonical
	// bytes.
	Standard     string `json:"standard"`
	StandardHash string `json:"standardHash"`
	// Guide names the scoring guide, if one was adopted, GuideHash the SHA-256 of
	// its canonical bytes. A guide is no part of the standard.
	Guide      string        `json:"guide,omitempty"`
	GuideHash  string        `json:"guideHash,omitempty"`
	Assessment domain.Period `json:"assessment"`
	Honors     domain.Period `json:"honors"`
	// Calendar names the working days that deadlines are counted in, CalendarHash
	// the SHA-256 of its canonical bytes. Both are empty in rounds that were
	// opened before deadlines were counted, until one is pinned.
	Calendar     string `json:"calendar,omitempty"`
	CalendarHash string `json:"calendarHash,omitempty"`
	// AppealDays is how many working days after its notice a result can be
	// appealed against, DecisionDays how many a panel has from the filing.
	AppealDays   int `json:"appealDays"`
	DecisionDays int `json:"decisionDays"`
	// Notice puts a public-notice stage (公示) before the final release: the first
	// one is provisional.
	Notice bool `json:"notice,omitempty"`
	// Demo marks simulated data, on every page and in every file.
	Demo bool `json:"demo,omitempty"`
}

// CalendarPinned replaces the round's calendar, such as by one that holds the
// next year. Deadlines that were set before stay.
type CalendarPinned struct {
	domain.Stamp
	Calendar     string `json:"calendar"`
	CalendarHash string `json:"calendarHash"`
	Reason       string `json:"reason"`
}

// Deliberated is the joint decision (会商) on the results as approved after the
// first LogSize application events of the log: the next release publishes
// those, and by another person.
type Deliberated struct {
	domain.Stamp
	LogSize int64 `json:"logSize"`
	// Minutes says what was discussed and decided.
	Minutes string `json:"minutes"`
}

// Published makes a release: the results as approved after the first LogSize
// application events of the log. It is immutable.
type Published struct {
	domain.Stamp
	Release int         `json:"release"` // 1, 2, …
	Kind    ReleaseKind `json:"kind"`
	Reason  string      `json:"reason"`
	Engine  string      `json:"engine"` // domain.EngineVersion
	LogSize int64       `json:"logSize"`
}

// ReleaseKind says what a release is for.
type ReleaseKind string

// A round with a public-notice stage has a provisional release first; then
// comes the final one, and corrections that replace it.
const (
	Provisional ReleaseKind = "provisional"
	Final       ReleaseKind = "final"
	Correction  ReleaseKind = "correction"
)

// Closed ends a round: nothing in it changes any more.
type Closed struct {
	domain.Stamp
	Reason string `json:"reason"`
}

// EventType is the stored name.
func (Opened) EventType() string { return "round.Opened" }

// EventType is the stored name.
func (CalendarPinned) EventType() string { return "round.CalendarPinned" }

// EventType is the stored name.
func (Deliberated) EventType() string { return "round.Deliberated" }

// EventType is the stored name.
func (Published) EventType() string { return "round.Published" }

// EventType is the stored name.
func (Closed) EventType() string { return "round.Closed" }
