package assessment

import (
	"fmt"
	"time"

	"mingjian/domain"
)

// maxObservations bounds what one record holds.
const maxObservations = 500

// Observe notes what was seen and is recommended on a clause. It moves no
// point, so it needs no review and is taken until the round closes.
func (a *Assessment) Observe(by domain.Stamp, o ObservationRecorded) ([]domain.Event, error) {
	if err := a.opened(); err != nil {
		return nil, err
	}
	if err := a.member(by.By); err != nil {
		return nil, err
	}
	clause, err := a.clause(o.Clause)
	if err != nil {
		return nil, err
	}
	if blank(o.Text) {
		return nil, fmt.Errorf("an observation on %s needs a text: %w", clause.Code, domain.ErrInvalid)
	}
	if err := checkText("text", o.Text); err != nil {
		return nil, err
	}
	o.ObservedAt = o.ObservedAt.UTC().Truncate(time.Millisecond)
	if err := checkSeen(clause, o.Method, o.ObservedAt, by.At); err != nil {
		return nil, err
	}
	if err := checkEvidence(o.Evidence); err != nil {
		return nil, err
	}
	if len(a.Observations) == maxObservations {
		return nil, fmt.Errorf("%s has %d observations, no more are taken: %w", a.Opened.Subject, maxObservations, domain.ErrInvalid)
	}
	o.Stamp, o.Observation = by, len(a.Observations)+1
	return []domain.Event{&o}, nil
}
