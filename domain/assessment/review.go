package assessment

import (
	"fmt"
	"strings"

	"mingjian/domain"
)

// Submit hands a complete record to review, else lists what is missing.
func (a *Assessment) Submit(by domain.Stamp) ([]domain.Event, error) {
	if err := a.unlocked(); err != nil {
		return nil, err
	}
	if missing := a.Missing(); len(missing) > 0 {
		return nil, fmt.Errorf("%d clauses of %s have no finding: %s: %w", len(missing), a.Opened.Subject, strings.Join(missing, ", "), domain.ErrIncomplete)
	}
	return []domain.Event{&Submitted{Stamp: by}}, nil
}

// Missing lists the codes of the subject's clauses that are not decided. The
// honor clause is missing while a claim waits for a decision.
func (a *Assessment) Missing() []string {
	var codes []string
	for _, clause := range a.std.Clauses() {
		indicator := clause.Indicator()
		switch {
		case indicator.Subject != a.Opened.Kind:
		case indicator.Honors && a.Sheet.HonorsPending > 0,
			!indicator.Honors && a.Sheet.Findings[clause.Index()].Outcome == domain.NotAssessed:
			codes = append(codes, clause.Code)
		}
	}
	return codes
}

// Approve signs a submitted record off. Whoever moved a point of it, or
// submitted it, cannot (design rule 3).
func (a *Assessment) Approve(by domain.Stamp) ([]domain.Event, error) {
	switch a.Status {
	case NotOpened:
		return nil, fmt.Errorf("assessment: %w", domain.ErrNotOpened)
	case InWork:
		return nil, fmt.Errorf("assessment of %s: %w", a.Opened.Subject, domain.ErrNotSubmitted)
	case SignedOff:
		return nil, fmt.Errorf("assessment of %s was approved: %w", a.Opened.Subject, domain.ErrDecided)
	}
	if missing := a.Missing(); len(missing) > 0 {
		return nil, fmt.Errorf("%s: %w", strings.Join(missing, ", "), domain.ErrIncomplete)
	}
	if a.Scorers[by.By] || a.SubmittedBy == by.By {
		return nil, fmt.Errorf("assessment of %s: %w", a.Opened.Subject, domain.ErrFourEyes)
	}
	return []domain.Event{&Approved{Stamp: by}}, nil
}
