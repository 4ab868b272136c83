package assessment

import "mingjian/domain"

// ResultNotified tells the subject its result. What was approved by then can
// be appealed against until the end of a day, which stays whatever becomes of
// the calendar.
type ResultNotified struct {
	domain.Stamp
	Notice int `json:"notice"` // 1, 2, … within the assessment
	// AppealBy is the last day for appeals, YYYY-MM-DD: Days working days after
	// the day of the notice, by the calendar with the given hash.
	AppealBy string `json:"appealBy"`
	Days     int    `json:"days"`
	Calendar string `json:"calendar"`
}

// ScoreCorrected is what a decided appeal makes of a score entry. It supersedes
// the standing entry, whichever that is, and keeps its sign-off: the panel's
// word is the last.
type ScoreCorrected struct {
	domain.Stamp
	Appeal string `json:"appeal"` // its id
	Panel  int    `json:"panel"`  // 1, or 2 after an escalation
	Clause string `json:"clause"`
	// Supersedes is the version of the entry before.
	Supersedes int            `json:"supersedes"`
	Outcome    domain.Outcome `json:"outcome"`
	Points     domain.Points  `json:"points"`
	Why        string         `json:"why"` // the panel's reasons
}

// DeductionCorrected is what a decided appeal makes of a deduction: a lesser
// item, or none.
type DeductionCorrected struct {
	domain.Stamp
	Appeal    string `json:"appeal"`
	Panel     int    `json:"panel"`
	Deduction int    `json:"deduction"`
	Item      string `json:"item,omitempty"` // "" where nothing is left of it
	Why       string `json:"why"`
}

// ReplyFiled is a center's public reply to its result, in its own words. The
// text stands sealed in the metadata, because a passage of it may have to be
// kept from the public; Digest commits to it.
type ReplyFiled struct {
	domain.Stamp
	Reply int `json:"reply"` // 1, 2, … within the assessment; the newest is shown
	// Digest is the SHA-256, in lower-case hex, of the sealed salt (64 hex digits)
	// followed by the text in UTF-8.
	Digest string `json:"digest"`
}

// ReplyRedacted says what the public reads of a reply instead of its text.
type ReplyRedacted struct {
	domain.Stamp
	Reply int `json:"reply"`
	// Text is the reply without what must not be public; "" shows nothing of it.
	Text   string `json:"text,omitempty"`
	Reason string `json:"reason"`
}

// EventType is the stored name.
func (ResultNotified) EventType() string { return "assessment.ResultNotified" }

// EventType is the stored name.
func (ScoreCorrected) EventType() string { return "assessment.ScoreCorrected" }

// EventType is the stored name.
func (DeductionCorrected) EventType() string { return "assessment.DeductionCorrected" }

// EventType is the stored name.
func (ReplyFiled) EventType() string { return "assessment.ReplyFiled" }

// EventType is the stored name.
func (ReplyRedacted) EventType() string { return "assessment.ReplyRedacted" }
