package command

import (
	"context"
	"fmt"
	"time"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/round"
)

// OpenAssessment starts the record of a center or a district in a round.
func (c *Commands) OpenAssessment(ctx context.Context, m Meta, id, subject string) (Receipt, error) {
	kind, district, err := c.subject(ctx, subject)
	if err != nil {
		return Receipt{}, err
	}
	return c.onAssessment(ctx, m, "openAssessment", id, subject, func(a *assessment.Assessment, by domain.Stamp, r *round.Opened) ([]domain.Event, error) {
		return a.Open(assessment.Opened{
			Stamp: by, Round: id, Subject: subject, Kind: kind, District: district,
			Standard: r.Standard, StandardHash: r.StandardHash,
		})
	})
}

// RecordScores puts first findings on record: all of them or none.
func (c *Commands) RecordScores(ctx context.Context, m Meta, id, subject string, scores []assessment.Score) (Receipt, error) {
	exact := make([]assessment.Score, len(scores))
	var evidence []string
	for i, s := range scores {
		exact[i] = normal(s)
		evidence = append(evidence, s.Evidence...)
	}
	return c.onAssessment(ctx, m, "recordScores", id, subject, c.arrived(ctx, evidence, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		return a.RecordScores(by, exact)
	}))
}

// ReviseScore supersedes the entry on a clause that has the given version.
func (c *Commands) ReviseScore(ctx context.Context, m Meta, id, subject string, supersedes int, s assessment.Score, why string) (Receipt, error) {
	return c.onAssessment(ctx, m, "reviseScore", id, subject, c.arrived(ctx, s.Evidence, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		events, err := a.ReviseScore(by, supersedes, normal(s), why)
		if err != nil || len(a.Notices) == 0 {
			return events, err
		}
		return events, c.notUnderAppeal(ctx, id, subject, s.Clause, a)
	}))
}

// normal keeps times in UTC and whole milliseconds, as all readers show them.
func normal(s assessment.Score) assessment.Score {
	s.ObservedAt = s.ObservedAt.UTC().Truncate(time.Millisecond)
	return s
}

// ImposeDeduction subtracts a section 8 item from a center's total.
func (c *Commands) ImposeDeduction(ctx context.Context, m Meta, id, subject string, d assessment.DeductionImposed) (Receipt, error) {
	return c.onAssessment(ctx, m, "imposeDeduction", id, subject, c.arrived(ctx, d.Evidence, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		return a.ImposeDeduction(by, d)
	}))
}

// LiftDeduction ends a deduction.
func (c *Commands) LiftDeduction(ctx context.Context, m Meta, id, subject string, number int, reason string) (Receipt, error) {
	return c.onAssessment(ctx, m, "liftDeduction", id, subject, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		return a.LiftDeduction(by, number, reason)
	})
}

// Submit hands a complete record to review.
func (c *Commands) Submit(ctx context.Context, m Meta, id, subject string) (Receipt, error) {
	return c.onAssessment(ctx, m, "submitAssessment", id, subject, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		return a.Submit(by)
	})
}

// ReturnAssessment hands a submitted record back to its assessors.
func (c *Commands) ReturnAssessment(ctx context.Context, m Meta, id, subject, reason string, clauses []assessment.ClauseReason) (Receipt, error) {
	return c.onAssessment(ctx, m, "returnAssessment", id, subject, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		return a.Return(by, reason, clauses)
	})
}

// Approve signs a submitted record off.
func (c *Commands) Approve(ctx context.Context, m Meta, id, subject string) (Receipt, error) {
	return c.onAssessment(ctx, m, "approveAssessment", id, subject, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		return a.Approve(by)
	})
}

// arrived lets a decision pass only if the store holds the evidence that it
// names. It asks last, or a refusal would tell those who may do nothing whether
// a piece is stored. What it has found it does not look for again when the
// decision is made anew.
func (c *Commands) arrived(ctx context.Context, evidence []string, decide decision) decision {
	found := 0
	return func(a *assessment.Assessment, by domain.Stamp, r *round.Opened) ([]domain.Event, error) {
		events, err := decide(a, by, r)
		if err != nil {
			return nil, err
		}
		for ; found < len(evidence); found++ {
			if err := c.inStore(ctx, evidence[found]); err != nil {
				return nil, err
			}
		}
		return events, nil
	}
}

// inStore refuses evidence that has not arrived.
func (c *Commands) inStore(ctx context.Context, evidence ...string) error {
	for _, sha := range evidence {
		there, err := c.config.Evidence.Has(ctx, sha)
		if err != nil {
			return fmt.Errorf("evidence %.12s…: %w", sha, err)
		}
		if !there {
			return fmt.Errorf("evidence %.12s…: %w", sha, domain.ErrUnknownEvidence)
		}
	}
	return nil
}
