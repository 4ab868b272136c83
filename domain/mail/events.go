// Package mail is one letter to one person: that it was tried, and how it
// ended. A letter says that something awaits its reader, never what was
// decided. Who the reader is stands in the sealed metadata only.
package mail

import (
	"time"

	"mingjian/domain"
)

// StreamPrefix starts the name of a letter's stream; the letter's id follows.
const StreamPrefix = "mail-"

// Kind is what awaits the reader.
type Kind string

// The kinds of letters.
const (
	ResultNotified  Kind = "resultNotified"  // to the center: its result can be read
	AppealVote      Kind = "appealVote"      // to a panel member: an appeal awaits a vote
	AppealDecided   Kind = "appealDecided"   // to whoever appealed
	AppealFiled     Kind = "appealFiled"     // to the organizer
	PanelWanted     Kind = "panelWanted"     // to the organizer: a panel is to be named (again)
	AppealOverdue   Kind = "appealOverdue"   // to organizer and panel: the last day for a decision has passed
	RecordAssigned  Kind = "recordAssigned"  // to the assessor
	RecordReturned  Kind = "recordReturned"  // to the assessor
	RecordSubmitted Kind = "recordSubmitted" // to the reviewer
	ReplyFiled      Kind = "replyFiled"      // to the organizer: a reply awaits moderation
	Published       Kind = "published"       // to all whom a release concerns
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{
		ResultNotified, AppealVote, AppealDecided, AppealFiled, PanelWanted, AppealOverdue,
		RecordAssigned, RecordReturned, RecordSubmitted, ReplyFiled, Published,
	}
}

// Reason is why a letter will never be sent.
type Reason string

// The reasons to abandon a letter.
const (
	Gone          Reason = "gone"          // the account was erased, or there is none
	Disabled      Reason = "disabled"      // the account is disabled
	NoAddress     Reason = "noAddress"     // the person has no mail address
	Refused       Reason = "refused"       // the mail server refuses it for good
	Undeliverable Reason = "undeliverable" // the mail server put it off for too long
)

// Claimed gives one server the right to send the letter for a while. If it has
// not said until then how it went, another one may try.
type Claimed struct {
	domain.Stamp
	Kind    Kind      `json:"kind"`
	Attempt int       `json:"attempt"` // 1, 2, 3 …
	Until   time.Time `json:"until"`
}

// Sent notes that the mail server has taken the letter. It ends it.
type Sent struct {
	domain.Stamp
	Attempt int `json:"attempt"`
}

// Abandoned notes that the letter will never be sent. It ends it.
type Abandoned struct {
	domain.Stamp
	Attempt int    `json:"attempt"`
	Reason  Reason `json:"reason"`
}

// EventType is the stored name.
func (Claimed) EventType() string { return "mail.Claimed" }

// EventType is the stored name.
func (Sent) EventType() string { return "mail.Sent" }

// EventType is the stored name.
func (Abandoned) EventType() string { return "mail.Abandoned" }
