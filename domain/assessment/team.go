package assessment

import (
	"fmt"

	"mingjian/domain"
)

// Assign lets a person, named by pseudonym, record findings on the subject; as
// lead also submit it. Who is recused stays so, and does not choose others.
func (a *Assessment) Assign(by domain.Stamp, assessor string, lead bool) ([]domain.Event, error) {
	if err := a.opened(); err != nil {
		return nil, err
	}
	for _, who := range []string{by.By, assessor} {
		if err := a.barred(who); err != nil {
			return nil, err
		}
	}
	switch {
	case a.Team[assessor] && (a.Lead == assessor) == lead:
		return nil, fmt.Errorf("assigning to %s: %w", a.Opened.Subject, domain.ErrExists)
	case !a.Team[assessor] && len(a.Team) == maxTeam:
		return nil, fmt.Errorf("%s has had %d assessors, no more are taken: %w", a.Opened.Subject, maxTeam, domain.ErrInvalid)
	}
	return []domain.Event{&AssessorAssigned{Stamp: by, Assessor: assessor, Lead: lead}}, nil
}

// Recuse ends all that a person, named by pseudonym, may do on the subject:
// what they had recorded stays, for others to revise. A reviewer can be recused
// too, without ever having been assigned.
func (a *Assessment) Recuse(by domain.Stamp, person, reason string, onRequest bool) ([]domain.Event, error) {
	if err := a.opened(); err != nil {
		return nil, err
	}
	if a.Recused[person] {
		return nil, fmt.Errorf("recusal from %s: %w", a.Opened.Subject, domain.ErrExists)
	}
	if err := a.barred(by.By); err != nil {
		return nil, err
	}
	if blank(reason) {
		return nil, fmt.Errorf("recusal from %s: %w", a.Opened.Subject, domain.ErrReasonMissing)
	}
	if err := checkText("reason", reason); err != nil {
		return nil, err
	}
	return []domain.Event{&AssessorRecused{Stamp: by, Assessor: person, Reason: reason, OnRequest: onRequest}}, nil
}

func (a *Assessment) assigned(e *AssessorAssigned) error {
	if err := a.barred(e.Assessor); err != nil {
		return err
	}
	a.Team[e.Assessor] = true
	switch {
	case e.Lead:
		a.Lead = e.Assessor
	case a.Lead == e.Assessor:
		a.Lead = ""
	}
	return nil
}

func (a *Assessment) recused(e *AssessorRecused) error {
	if err := a.barred(e.Assessor); err != nil {
		return err
	}
	a.Recused[e.Assessor] = true
	if a.Lead == e.Assessor {
		a.Lead = ""
	}
	return nil
}

// Member refuses those who are not assigned, or are recused.
func (a *Assessment) Member(who string) error { return a.member(who) }

// member lets those write who are assigned and not recused (design rule 3).
func (a *Assessment) member(who string) error {
	if err := a.barred(who); err != nil {
		return err
	}
	if !a.Team[who] {
		return fmt.Errorf("%s: %w", a.Opened.Subject, domain.ErrNotAssigned)
	}
	return nil
}

// barred refuses every write of a person who was recused.
func (a *Assessment) barred(who string) error {
	if a.Recused[who] {
		return fmt.Errorf("%s: %w", a.Opened.Subject, domain.ErrRecused)
	}
	return nil
}
