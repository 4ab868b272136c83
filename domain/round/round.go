// Package round is one evaluation of all centers: the standard it adopts, its
// periods, and its releases.
package round

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"mingjian/domain"
)

// StreamPrefix starts the name of a round's stream; the round's id follows.
const StreamPrefix = "round-"

// Round is the fold of a round's events.
type Round struct {
	Opened   *Opened
	Releases int
	Last     *Published
	// Deliberated is what the next release publishes; nil until there is something.
	Deliberated *Deliberated
	// Calendar is the pinned calendar's id, CalendarHash its hash.
	Calendar, CalendarHash string
	Closed                 bool
}

// Apply folds one event; an unknown one is an error and must stop the reader.
func (r *Round) Apply(event domain.Event) error {
	switch e := event.(type) {
	case *Opened:
		if r.Opened != nil {
			return fmt.Errorf("round %s: %w", e.Round, domain.ErrExists)
		}
		r.Opened, r.Calendar, r.CalendarHash = e, e.Calendar, e.CalendarHash
	case *CalendarPinned:
		r.Calendar, r.CalendarHash = e.Calendar, e.CalendarHash
	case *Deliberated:
		r.Deliberated = e
	case *Published:
		if e.Release != r.Releases+1 {
			return fmt.Errorf("release %d follows %d: %w", e.Release, r.Releases, domain.ErrInvalid)
		}
		r.Releases, r.Last, r.Deliberated = e.Release, e, nil
	case *Closed:
		r.Closed = true
	default:
		return fmt.Errorf("round: %T: %w", event, domain.ErrUnknownEvent)
	}
	return nil
}

var idForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// CheckID wants lower-case letters, digits and single hyphens, at most 40.
func CheckID(id string) error {
	if len(id) > 40 || !idForm.MatchString(id) {
		return fmt.Errorf("round %.60q: lower-case letters, digits and single hyphens, at most 40: %w", id, domain.ErrInvalid)
	}
	return nil
}

// Open starts the round.
func (r *Round) Open(o Opened) ([]domain.Event, error) {
	if r.Opened != nil {
		return nil, fmt.Errorf("round %s: %w", o.Round, domain.ErrExists)
	}
	if err := CheckID(o.Round); err != nil {
		return nil, err
	}
	if name := strings.TrimSpace(o.Name); name == "" || len(o.Name) > 400 || !utf8.ValidString(name) {
		return nil, fmt.Errorf("round %s needs a name of at most 400 bytes of UTF-8: %w", o.Round, domain.ErrInvalid)
	}
	if err := errors.Join(checkPeriod("assessment", o.Assessment), checkPeriod("honor", o.Honors)); err != nil {
		return nil, err
	}
	if err := errors.Join(checkDays("appeal", o.AppealDays), checkDays("decision", o.DecisionDays)); err != nil {
		return nil, err
	}
	return []domain.Event{&o}, nil
}

// PinCalendar replaces the round's calendar. Deadlines that are set stay.
func (r *Round) PinCalendar(by domain.Stamp, id, calendar, hash, reason string) ([]domain.Event, error) {
	if err := r.InProgress(id); err != nil {
		return nil, err
	}
	if r.Calendar == calendar && r.CalendarHash == hash {
		return nil, fmt.Errorf("round %s counts by calendar %s of hash %.12s… already: %w", id, calendar, hash, domain.ErrExists)
	}
	if strings.TrimSpace(reason) == "" {
		return nil, fmt.Errorf("pinning calendar %s in round %s: %w", calendar, id, domain.ErrReasonMissing)
	}
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return []domain.Event{&CalendarPinned{Stamp: by, Calendar: calendar, CalendarHash: hash, Reason: reason}}, nil
}

// maxDays bounds the working days that a round gives.
const maxDays = 120

func checkDays(name string, days int) error {
	if days < 1 || days > maxDays {
		return fmt.Errorf("%d working days for the %s, 1 to %d are: %w", days, name, maxDays, domain.ErrInvalid)
	}
	return nil
}

func checkPeriod(name string, p domain.Period) error {
	for _, day := range []string{p.From, p.To} {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return fmt.Errorf("%s period: %.40q is not a day as YYYY-MM-DD: %w", name, day, domain.ErrInvalid)
		}
	}
	if p.From > p.To {
		return fmt.Errorf("%s period: %s is after %s: %w", name, p.From, p.To, domain.ErrInvalid)
	}
	return nil
}

// maxReason is how many characters a reason may have.
const maxReason = 4000

// checkReason wants text that is stored as it was typed: JSON would replace
// bytes that are not UTF-8.
func checkReason(reason string) error {
	if !utf8.ValidString(reason) || utf8.RuneCountInString(reason) > maxReason {
		return fmt.Errorf("the reason is not UTF-8 of at most %d characters: %w", maxReason, domain.ErrInvalid)
	}
	return nil
}

// InProgress refuses work in a round that is not open.
func (r *Round) InProgress(id string) error {
	switch {
	case r.Opened == nil:
		return fmt.Errorf("round %.60q: %w", id, domain.ErrUnknownRound)
	case r.Closed:
		return fmt.Errorf("round %s: %w", id, domain.ErrRoundClosed)
	}
	return nil
}

// Close ends the round.
func (r *Round) Close(by domain.Stamp, id, reason string) ([]domain.Event, error) {
	if err := r.InProgress(id); err != nil {
		return nil, err
	}
	if strings.TrimSpace(reason) == "" {
		return nil, fmt.Errorf("closing round %s: %w", id, domain.ErrReasonMissing)
	}
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return []domain.Event{&Closed{Stamp: by, Reason: reason}}, nil
}
