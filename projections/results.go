package projections

import (
	"context"
	"time"

	"mingjian/domain/assessment"
)

// settleTime bounds how long a decision waits for the read model.
const settleTime = 30 * time.Second

// Approved counts the round's approved centers and says how many application
// events that count rests on: all that the log holds at the time of the call.
func (m *Model) Approved(ctx context.Context, round string) (approved int, logSize int64, err error) {
	err = m.settled(ctx, func(v *View) error {
		approved, err = v.Approved(round)
		logSize = v.Head().Seq
		return err
	})
	return approved, logSize, err
}

// OpenAppeals counts the round's appeals in which a decision is due, by all that
// the log holds at the time of the call.
func (m *Model) OpenAppeals(ctx context.Context, round string) (open int, err error) {
	err = m.settled(ctx, func(v *View) error {
		page, err := v.Appeals(AppealQuery{Round: round, Open: true, First: 1})
		open = page.Total
		return err
	})
	return open, err
}

// HonorTwins lists other centers' claims of an honor that stand, by all that the
// log holds at the time of the call.
func (m *Model) HonorTwins(ctx context.Context, round, subject string, claim assessment.HonorClaimed) (twins []assessment.Twin, err error) {
	err = m.settled(ctx, func(v *View) error {
		found, err := v.HonorTwins(round, claim.Title, claim.Issuer, claim.AwardedOn, subject)
		for _, twin := range found {
			twins = append(twins, assessment.Twin{Subject: twin.Subject, With: twin.With, Accepted: twin.State == HonorAccepted})
		}
		return err
	})
	return twins, err
}

// settled shows the read model once it reflects what is on record by now.
func (m *Model) settled(ctx context.Context, see func(*View) error) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	end, err := m.config.Log.End(ctx)
	if err != nil {
		return err
	}
	if err := m.WaitFor(ctx, end); err != nil {
		return err
	}
	v, err := m.View(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	return see(v)
}
