package domain

import "time"

// Event is a fact of the evaluation, in the past tense. The type name is a
// literal that never changes, whatever happens to the Go type's name.
type Event interface {
	// EventType is the stored name, such as "assessment.ScoreRecorded".
	EventType() string
}

// Stamp says who caused an event and when it was decided. By is a pseudonym,
// stable within one subject and meaningless across subjects, so that anyone
// can check that nobody approved their own work without learning who they are.
// At is the deciding server's time in UTC; the log's own order, not At, says
// what came first.
type Stamp struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}
