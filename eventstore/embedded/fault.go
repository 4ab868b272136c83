package embedded

import "fmt"

// Fault is one thing that is wrong with a file, as near to an event as can be told.
type Fault struct {
	// Position of the event, or of the last one before the damage; 0 when neither is known.
	Position uint64
	// Stream and Revision of the event; the stream is empty when it is not known.
	Stream   string
	Revision uint64
	// Problem says what is wrong.
	Problem string
}

// String names position, stream and problem.
func (f Fault) String() string {
	switch {
	case f.Position == 0:
		return f.Problem
	case f.Stream == "":
		return fmt.Sprintf("position %d: %s", f.Position, f.Problem)
	}
	return fmt.Sprintf("position %d (%s@%d): %s", f.Position, f.Stream, f.Revision, f.Problem)
}

// CorruptError is a fault that stops what came across it: Start, or a read. Nothing mends a file by
// itself: restore it from a backup, or copy what Check calls sound.
type CorruptError struct {
	Fault Fault
}

// Error names the fault.
func (e *CorruptError) Error() string { return "corrupt event log: " + e.Fault.String() }
