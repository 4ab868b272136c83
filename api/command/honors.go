package command

import (
	"context"
	"fmt"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/round"
	"mingjian/projections"
)

// ClaimHonor asks for points under the honor indicator. An honor counts once in
// a round, but for an award that names several centers, each of which says so.
func (c *Commands) ClaimHonor(ctx context.Context, m Meta, id, subject string, h assessment.HonorClaimed) (Receipt, error) {
	leave, err := c.enterHonors(ctx)
	if err != nil {
		return Receipt{}, err
	}
	defer leave()
	return c.onAssessment(ctx, m, "claimHonor", id, subject, c.arrived(ctx, []string{h.Document}, func(a *assessment.Assessment, by domain.Stamp, r *round.Opened) ([]domain.Event, error) {
		events, err := a.ClaimHonor(by, h, r.Honors)
		if err != nil {
			return nil, err
		}
		if err := c.checkWith(ctx, h.With); err != nil {
			return nil, err
		}
		for _, own := range a.Honors {
			if own.Withdrawn == nil && honorKey(own.HonorClaimed) == honorKey(h) {
				return nil, fmt.Errorf("claim %d is of the same honor: %w", own.Honor, domain.ErrExists)
			}
		}
		twins, err := c.config.Results.HonorTwins(ctx, id, subject, h)
		if err != nil {
			return nil, err
		}
		return events, assessment.Alone(subject, h.With, twins)
	}))
}

func honorKey(h assessment.HonorClaimed) string {
	return projections.HonorKey(h.Title, h.Issuer, h.AwardedOn)
}

// checkWith wants registered centers.
func (c *Commands) checkWith(ctx context.Context, with []string) error {
	for _, code := range with {
		kind, _, err := c.subject(ctx, code)
		if err != nil {
			return err
		}
		if kind != domain.Center {
			return fmt.Errorf("an award with %s, which is a %s: %w", code, kind, domain.ErrWrongSubject)
		}
	}
	return nil
}

// AcceptHonor awards points for a claim, unless another center was awarded
// points for the same honor. Two claims can be on record all the same: two
// servers may have taken them at one moment.
func (c *Commands) AcceptHonor(ctx context.Context, m Meta, id, subject string, number int, p domain.Points) (Receipt, error) {
	leave, err := c.enterHonors(ctx)
	if err != nil {
		return Receipt{}, err
	}
	defer leave()
	return c.onAssessment(ctx, m, "acceptHonor", id, subject, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		events, err := a.AcceptHonor(by, number, p)
		if err != nil {
			return nil, err
		}
		claim := a.Honors[number-1].HonorClaimed
		twins, err := c.config.Results.HonorTwins(ctx, id, subject, claim)
		if err != nil {
			return nil, err
		}
		return events, assessment.Alone(subject, claim.With, accepted(twins))
	})
}

func accepted(twins []assessment.Twin) (out []assessment.Twin) {
	for _, twin := range twins {
		if twin.Accepted {
			out = append(out, twin)
		}
	}
	return out
}

// enterHonors lets one command on honors look for twins and append at a time:
// what the one appends the next one finds. It holds within one server.
func (c *Commands) enterHonors(ctx context.Context) (leave func(), err error) {
	select {
	case c.honors <- struct{}{}:
		return func() { <-c.honors }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// RejectHonor turns a claim down.
func (c *Commands) RejectHonor(ctx context.Context, m Meta, id, subject string, number int, reason string) (Receipt, error) {
	return c.onAssessment(ctx, m, "rejectHonor", id, subject, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		return a.RejectHonor(by, number, reason)
	})
}

// WithdrawHonor takes a claim back that waits for a decision.
func (c *Commands) WithdrawHonor(ctx context.Context, m Meta, id, subject string, number int, reason string) (Receipt, error) {
	return c.onAssessment(ctx, m, "withdrawHonor", id, subject, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		return a.WithdrawHonor(by, number, reason)
	})
}
