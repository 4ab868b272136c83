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
	// Demo marks simulated data, on every page and in every file.
	Demo bool `json:"demo,omitempty"`
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

// A first final release, and corrections that replace it.
const (
	Final      ReleaseKind = "final"
	Correction ReleaseKind = "correction"
)

// Closed ends a round: nothing in it changes any more.
type Closed struct {
	domain.Stamp
	Reason string `json:"reason"`
}

// EventType is the stored name.
func (Opened) EventType() string { return "round.Opened" }

// EventType is the stored name.
func (Published) EventType() string { return "round.Published" }

// EventType is the stored name.
func (Closed) EventType() string { return "round.Closed" }

// StreamPrefix starts the name of a round's stream; the round's id follows.
const StreamPrefix = "round-"

// Round is the fold of a round's events.
type Round struct {
	Opened   *Opened
	Releases int
	Last     *Published
	Closed   bool
}

// Apply folds one event; an unknown one is an error and must stop the reader.
func (r *Round) Apply(event domain.Event) error {
	switch e := event.(type) {
	case *Opened:
		if r.Opened != nil {
			return fmt.Errorf("round %s: %w", e.Round, domain.ErrExists)
		}
		r.Opened = e
	case *Published:
		if e.Release != r.Releases+1 {
			return fmt.Errorf("release %d follows %d: %w", e.Release, r.Releases, domain.ErrInvalid)
		}
		r.Releases, r.Last = e.Release, e
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
	return []domain.Event{&o}, nil
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

// Publish makes the next release of what was approved in the first logSize
// application events. The first release is final; a later one corrects it and
// needs a reason.
func (r *Round) Publish(by domain.Stamp, id, reason string, approved int, logSize int64) ([]domain.Event, error) {
	if err := r.InProgress(id); err != nil {
		return nil, err
	}
	if approved == 0 {
		return nil, fmt.Errorf("round %s: %w", id, domain.ErrNothingApproved)
	}
	kind := Final
	if r.Releases > 0 {
		kind = Correction
		if strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("release %d of round %s corrects release %d: %w", r.Releases+1, id, r.Releases, domain.ErrReasonMissing)
		}
	}
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return []domain.Event{&Published{
		Stamp: by, Release: r.Releases + 1, Kind: kind, Reason: reason,
		Engine: domain.EngineVersion, LogSize: logSize,
	}}, nil
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
