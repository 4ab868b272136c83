package assessment

import (
	"fmt"
	"slices"
	"strings"

	"mingjian/domain"
)

// Submit hands a complete record to review, else lists what is missing. The
// lead does.
func (a *Assessment) Submit(by domain.Stamp) ([]domain.Event, error) {
	if err := a.unlocked(); err != nil {
		return nil, err
	}
	if err := a.member(by.By); err != nil {
		return nil, err
	}
	if a.Lead != by.By {
		return nil, fmt.Errorf("submitting %s: %w", a.Opened.Subject, domain.ErrNotLead)
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

// Approve signs a submitted record off. Whoever was on its team, moved a point
// of it, claimed an honor on it, or submitted it, cannot (design rule 3).
func (a *Assessment) Approve(by domain.Stamp) ([]domain.Event, error) {
	if err := a.review(by.By); err != nil {
		return nil, err
	}
	if missing := a.Missing(); len(missing) > 0 {
		return nil, fmt.Errorf("%s: %w", strings.Join(missing, ", "), domain.ErrIncomplete)
	}
	return []domain.Event{&Approved{Stamp: by}}, nil
}

// Return hands a submitted record back to its assessors, with what is wrong:
// of the whole, of single clauses, or both. Who may is as for Approve.
func (a *Assessment) Return(by domain.Stamp, reason string, clauses []ClauseReason) ([]domain.Event, error) {
	if err := a.review(by.By); err != nil {
		return nil, err
	}
	if blank(reason) && len(clauses) == 0 {
		return nil, fmt.Errorf("returning %s: %w", a.Opened.Subject, domain.ErrReasonMissing)
	}
	if err := checkText("reason", reason); err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(clauses))
	for _, c := range clauses {
		clause, ok := a.std.Clause(c.Clause)
		switch {
		case !ok:
			return nil, fmt.Errorf("%.40q is not a clause of standard %s: %w", c.Clause, a.std.ID, domain.ErrUnknownClause)
		case clause.Indicator().Subject != a.Opened.Kind:
			return nil, fmt.Errorf("%s judges the %s, %s is a %s: %w", c.Clause, clause.Indicator().Subject, a.Opened.Subject, a.Opened.Kind, domain.ErrWrongSubject)
		case seen[c.Clause]:
			return nil, fmt.Errorf("%s is given twice: %w", c.Clause, domain.ErrInvalid)
		case blank(c.Reason):
			return nil, fmt.Errorf("returning %s: %w", c.Clause, domain.ErrReasonMissing)
		}
		if err := checkText(c.Clause, c.Reason); err != nil {
			return nil, err
		}
		seen[c.Clause] = true
	}
	return []domain.Event{&Returned{Stamp: by, Reason: reason, Clauses: clauses}}, nil
}

// review lets those look at a submitted record who had no part in it.
func (a *Assessment) review(who string) error {
	switch a.Status {
	case NotOpened:
		return fmt.Errorf("assessment: %w", domain.ErrNotOpened)
	case InWork:
		return fmt.Errorf("assessment of %s: %w", a.Opened.Subject, domain.ErrNotSubmitted)
	case SignedOff:
		return fmt.Errorf("assessment of %s was approved: %w", a.Opened.Subject, domain.ErrDecided)
	}
	claimed := slices.ContainsFunc(a.Honors, func(h Honor) bool { return h.By == who })
	if a.Team[who] || a.Scorers[who] || claimed || a.SubmittedBy == who {
		return fmt.Errorf("assessment of %s: %w", a.Opened.Subject, domain.ErrFourEyes)
	}
	return a.barred(who)
}
