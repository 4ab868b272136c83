package assessment

import (
	"errors"
	"fmt"

	"mingjian/domain"
)

// ClaimHonor asks for points under the honor indicator. The award must lie in
// the round's honor period (design rule 7).
func (a *Assessment) ClaimHonor(by domain.Stamp, claim HonorClaimed, period domain.Period) ([]domain.Event, error) {
	if err := a.unlocked(); err != nil {
		return nil, err
	}
	if err := a.barred(by.By); err != nil {
		return nil, err
	}
	if a.Opened.Kind != domain.Center {
		return nil, fmt.Errorf("%s is a %s, honors are claimed by centers: %w", a.Opened.Subject, a.Opened.Kind, domain.ErrWrongSubject)
	}
	if claim.Level != National && claim.Level != Municipal {
		return nil, fmt.Errorf("level %.40q is neither national nor municipal: %w", claim.Level, domain.ErrInvalid)
	}
	if blank(claim.Title) || blank(claim.Issuer) {
		return nil, fmt.Errorf("an honor claim needs a title and an issuer: %w", domain.ErrInvalid)
	}
	if err := errors.Join(checkText("title", claim.Title), checkText("issuer", claim.Issuer)); err != nil {
		return nil, err
	}
	if err := checkDay("awardedOn", claim.AwardedOn); err != nil {
		return nil, err
	}
	if !period.Contains(claim.AwardedOn) {
		return nil, fmt.Errorf("awarded on %s, period %s to %s: %w", claim.AwardedOn, period.From, period.To, domain.ErrHonorPeriod)
	}
	if err := checkHash("document", claim.Document); err != nil {
		return nil, err
	}
	if err := a.checkWith(claim.With); err != nil {
		return nil, err
	}
	for _, h := range a.Honors {
		if h.Withdrawn == nil && h.Title == claim.Title && h.Issuer == claim.Issuer && h.AwardedOn == claim.AwardedOn {
			return nil, fmt.Errorf("claim %d has the same title, issuer and date: %w", h.Honor, domain.ErrExists)
		}
	}
	claim.Stamp, claim.Honor = by, len(a.Honors)+1
	return []domain.Event{&claim}, nil
}

// AcceptHonor awards points for a claim that waits for a decision. Whoever
// made the claim cannot (nobody judges their own work), nor who is recused.
func (a *Assessment) AcceptHonor(by domain.Stamp, number int, points domain.Points) ([]domain.Event, error) {
	if err := a.undecided(number); err != nil {
		return nil, err
	}
	if err := a.judge(by.By, number); err != nil {
		return nil, err
	}
	limit := a.honorLimit()
	if points <= 0 {
		return nil, fmt.Errorf("accept claim %d with %s points, above zero needed: %w", number, points, domain.ErrInvalid)
	}
	if points > limit {
		return nil, fmt.Errorf("award %s of %s for claim %d: %w", points, limit, number, domain.ErrOverIndicator)
	}
	return []domain.Event{&HonorAccepted{Stamp: by, Honor: number, Points: points}}, nil
}

// RejectHonor turns down a claim that waits for a decision; who may is as for
// AcceptHonor.
func (a *Assessment) RejectHonor(by domain.Stamp, number int, reason string) ([]domain.Event, error) {
	if err := a.undecided(number); err != nil {
		return nil, err
	}
	if err := a.judge(by.By, number); err != nil {
		return nil, err
	}
	if blank(reason) {
		return nil, fmt.Errorf("rejecting claim %d: %w", number, domain.ErrReasonMissing)
	}
	if err := checkText("reason", reason); err != nil {
		return nil, err
	}
	return []domain.Event{&HonorRejected{Stamp: by, Honor: number, Reason: reason}}, nil
}

// judge lets those decide a claim who neither made it nor are recused.
func (a *Assessment) judge(who string, number int) error {
	if a.Honors[number-1].By == who {
		return fmt.Errorf("deciding claim %d: %w", number, domain.ErrFourEyes)
	}
	return a.barred(who)
}

// WithdrawHonor takes a claim back that waits for a decision.
func (a *Assessment) WithdrawHonor(by domain.Stamp, number int, reason string) ([]domain.Event, error) {
	if err := a.undecided(number); err != nil {
		return nil, err
	}
	if err := a.barred(by.By); err != nil {
		return nil, err
	}
	if blank(reason) {
		return nil, fmt.Errorf("withdrawing claim %d: %w", number, domain.ErrReasonMissing)
	}
	if err := checkText("reason", reason); err != nil {
		return nil, err
	}
	return []domain.Event{&HonorWithdrawn{Stamp: by, Honor: number, Reason: reason}}, nil
}

func (a *Assessment) undecided(number int) error {
	if number < 1 || number > len(a.Honors) {
		return fmt.Errorf("honor claim %d of %d: %w", number, len(a.Honors), domain.ErrUnknownItem)
	}
	if h := a.Honors[number-1]; h.Accepted != nil || h.Rejected != nil || h.Withdrawn != nil {
		return fmt.Errorf("honor claim %d: %w", number, domain.ErrDecided)
	}
	return nil
}

func (a *Assessment) honorLimit() domain.Points {
	for _, indicator := range a.std.Indicators() {
		if indicator.Honors {
			return indicator.Points
		}
	}
	return 0
}
