package mail

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"mingjian/domain"
)

// ErrClaimed means that a claim on the letter has not run out. Try again when
// it has.
var ErrClaimed = errors.New("another server is sending the letter")

// maxLease bounds how long a letter may lie with a server that has gone.
const maxLease = 24 * time.Hour

// Letter is the fold of a letter's events.
type Letter struct {
	// First and Last are the first and the newest claim; nil before any.
	First, Last *Claimed
	// End is a *Sent or an *Abandoned; nil while the letter is under way.
	End domain.Event
}

// New makes a letter without events.
func New() *Letter { return new(Letter) }

// Attempt is the number of the newest claim, 0 before any.
func (l *Letter) Attempt() int {
	if l.Last == nil {
		return 0
	}
	return l.Last.Attempt
}

// Claim gives the right to send the letter from now, which is by.At, for as
// long as the lease. It is refused while another claim runs, and for good once
// the letter has ended.
func (l *Letter) Claim(by domain.Stamp, kind Kind, lease time.Duration) ([]domain.Event, error) {
	switch {
	case !slices.Contains(Kinds(), kind):
		return nil, fmt.Errorf("letter of kind %.40q: %w", kind, domain.ErrInvalid)
	case lease <= 0 || lease > maxLease:
		return nil, fmt.Errorf("lease of %s, more than 0 and at most %s needed: %w", lease, maxLease, domain.ErrInvalid)
	case l.End != nil:
		return nil, fmt.Errorf("%s: %w", l.End.EventType(), domain.ErrDecided)
	case l.Last != nil && by.At.Before(l.Last.Until):
		return nil, fmt.Errorf("attempt %d runs until %s, now is %s: %w",
			l.Last.Attempt, l.Last.Until.Format(time.RFC3339), by.At.Format(time.RFC3339), ErrClaimed)
	}
	return []domain.Event{&Claimed{Stamp: by, Kind: kind, Attempt: l.Attempt() + 1, Until: by.At.Add(lease)}}, nil
}

// Sent ends the letter: the mail server has taken it. That is a fact also when
// a later attempt has begun, which it spares. A letter that has ended stays as
// it ended.
func (l *Letter) Sent(by domain.Stamp, attempt int) ([]domain.Event, error) {
	if err := l.claimed(attempt); err != nil {
		return nil, err
	}
	if l.End != nil {
		return nil, nil
	}
	return []domain.Event{&Sent{Stamp: by, Attempt: attempt}}, nil
}

// Abandon ends the letter without its being sent. Only the newest attempt may:
// an earlier one cannot know what the later one has sent. A letter that has
// ended stays as it ended.
func (l *Letter) Abandon(by domain.Stamp, attempt int, reason Reason) ([]domain.Event, error) {
	if err := l.claimed(attempt); err != nil {
		return nil, err
	}
	if !slices.Contains([]Reason{Gone, Disabled, NoAddress, Refused, Undeliverable}, reason) {
		return nil, fmt.Errorf("abandoned for %.40q: %w", reason, domain.ErrInvalid)
	}
	if l.End != nil {
		return nil, nil
	}
	if attempt < l.Attempt() {
		return nil, fmt.Errorf("attempt %d abandons, attempt %d has begun: %w", attempt, l.Attempt(), ErrClaimed)
	}
	return []domain.Event{&Abandoned{Stamp: by, Attempt: attempt, Reason: reason}}, nil
}

// claimed refuses the end of an attempt that nobody began.
func (l *Letter) claimed(attempt int) error {
	if attempt < 1 || attempt > l.Attempt() {
		return fmt.Errorf("attempt %d of %d: %w", attempt, l.Attempt(), domain.ErrInvalid)
	}
	return nil
}

// Apply folds one event. An event that is unknown, or cannot follow what was
// folded before, is an error and must stop the reader.
func (l *Letter) Apply(event domain.Event) error {
	if l.End != nil {
		return fmt.Errorf("mail: %s after %s: %w", event.EventType(), l.End.EventType(), domain.ErrDecided)
	}
	switch e := event.(type) {
	case *Claimed:
		return l.claim(e)
	case *Sent:
		return l.end(e, e.Attempt)
	case *Abandoned:
		return l.end(e, e.Attempt)
	default:
		return fmt.Errorf("mail: %T: %w", event, domain.ErrUnknownEvent)
	}
}

func (l *Letter) claim(e *Claimed) error {
	if e.Attempt != l.Attempt()+1 {
		return fmt.Errorf("mail: attempt %d after %d: %w", e.Attempt, l.Attempt(), domain.ErrInvalid)
	}
	if l.First == nil {
		l.First = e
	}
	l.Last = e
	return nil
}

func (l *Letter) end(e domain.Event, attempt int) error {
	if err := l.claimed(attempt); err != nil {
		return err
	}
	l.End = e
	return nil
}
