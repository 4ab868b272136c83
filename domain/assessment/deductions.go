package assessment

import (
	"errors"
	"fmt"
	"time"

	"mingjian/domain"
)

// ImposeDeduction subtracts a section 8 item from a center's total. It may
// come at any time until the round closes, and voids a sign-off.
func (a *Assessment) ImposeDeduction(by domain.Stamp, d DeductionImposed) ([]domain.Event, error) {
	if err := a.opened(); err != nil {
		return nil, err
	}
	if err := a.barred(by.By); err != nil {
		return nil, err
	}
	if _, ok := a.std.DeductionItem(d.Item); !ok {
		return nil, fmt.Errorf("%.40q is not a deduction item of standard %s: %w", d.Item, a.std.ID, domain.ErrUnknownItem)
	}
	if a.Opened.Kind != domain.Center {
		return nil, fmt.Errorf("%s is a %s, deductions are for centers: %w", a.Opened.Subject, a.Opened.Kind, domain.ErrWrongSubject)
	}
	if blank(d.Reason) || blank(d.Source) {
		return nil, fmt.Errorf("deduction %s needs a reason and a source: %w", d.Item, domain.ErrReasonMissing)
	}
	if err := errors.Join(checkText("reason", d.Reason), checkText("source", d.Source)); err != nil {
		return nil, err
	}
	if err := checkDay("occurredOn", d.OccurredOn); err != nil {
		return nil, err
	}
	if err := checkEvidence(d.Evidence); err != nil {
		return nil, err
	}
	d.Stamp, d.Deduction = by, len(a.Deductions)+1
	return []domain.Event{&d}, nil
}

// LiftDeduction ends a deduction that stands.
func (a *Assessment) LiftDeduction(by domain.Stamp, number int, reason string) ([]domain.Event, error) {
	if err := a.barred(by.By); err != nil {
		return nil, err
	}
	if number < 1 || number > len(a.Deductions) {
		return nil, fmt.Errorf("deduction %d of %d: %w", number, len(a.Deductions), domain.ErrUnknownItem)
	}
	if a.Deductions[number-1].Lifted != nil {
		return nil, fmt.Errorf("deduction %d was lifted: %w", number, domain.ErrDecided)
	}
	if c := a.Deductions[number-1].Corrected; c != nil && c.Item == "" {
		return nil, fmt.Errorf("deduction %d was ended by appeal %s: %w", number, c.Appeal, domain.ErrDecided)
	}
	if blank(reason) {
		return nil, fmt.Errorf("lifting deduction %d: %w", number, domain.ErrReasonMissing)
	}
	if err := checkText("reason", reason); err != nil {
		return nil, err
	}
	return []domain.Event{&DeductionLifted{Stamp: by, Deduction: number, Reason: reason}}, nil
}

// checkDay wants a calendar day as YYYY-MM-DD.
func checkDay(field, day string) error {
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return fmt.Errorf("%s %.40q is not a day as YYYY-MM-DD: %w", field, day, domain.ErrInvalid)
	}
	return nil
}
