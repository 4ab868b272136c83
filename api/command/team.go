package command

import (
	"context"
	"errors"
	"fmt"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/domain/round"
)

// SealedAssessor is what the account behind AssessorAssigned and
// AssessorRecused is called in their metadata.
const SealedAssessor = "assessor"

// AssignAssessor lets an account that is an assessor record findings on a
// subject; as lead also submit its record.
func (c *Commands) AssignAssessor(ctx context.Context, m Meta, id, subject, account string, lead bool) (Receipt, error) {
	return c.onTeam(ctx, m, "assignAssessor", id, subject, account, func(a *assessment.Assessment, by domain.Stamp, who string) ([]domain.Event, error) {
		assessor, err := c.config.Actors.Actor(ctx, account)
		if err != nil {
			return nil, err
		}
		if !assessor.Has(rights.Assessor) {
			return nil, fmt.Errorf("account %s is no assessor: %w", account, domain.ErrInvalid)
		}
		if rights.Belongs(assessor, subject) {
			return nil, fmt.Errorf("account %s is of %s itself: %w", account, subject, domain.ErrFourEyes)
		}
		return a.Assign(by, who, lead)
	})
}

// RecuseAssessor ends all that an account may do on a subject; onRequest says
// that the center asked for it.
func (c *Commands) RecuseAssessor(ctx context.Context, m Meta, id, subject, account, reason string, onRequest bool) (Receipt, error) {
	return c.onTeam(ctx, m, "recuseAssessor", id, subject, account, func(a *assessment.Assessment, by domain.Stamp, who string) ([]domain.Event, error) {
		// A slip of the pen would recuse nobody, and look as if it had. Who may not
		// sign in any more may still be recused.
		if _, err := c.config.Actors.Actor(ctx, account); err != nil && !errors.Is(err, domain.ErrDisabled) {
			return nil, err
		}
		return a.Recuse(by, who, reason, onRequest)
	})
}

// RecuseMyself ends all that the actor may do on a subject.
func (c *Commands) RecuseMyself(ctx context.Context, m Meta, id, subject, reason string) (Receipt, error) {
	return c.onTeam(ctx, m, "recuseMyself", id, subject, m.Actor, func(a *assessment.Assessment, by domain.Stamp, who string) ([]domain.Event, error) {
		return a.Recuse(by, who, reason, false)
	})
}

// RecordObservation notes what was seen and is recommended; it moves no point.
func (c *Commands) RecordObservation(ctx context.Context, m Meta, id, subject string, o assessment.ObservationRecorded) (Receipt, error) {
	return c.onAssessment(ctx, m, "recordObservation", id, subject, c.arrived(ctx, o.Evidence, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		return a.Observe(by, o)
	}))
}

// onTeam runs a decision about a person: the record names them by pseudonym,
// the metadata has the account sealed.
func (c *Commands) onTeam(
	ctx context.Context, m Meta, name rights.Command, id, subject, account string,
	decide func(a *assessment.Assessment, by domain.Stamp, who string) ([]domain.Event, error),
) (Receipt, error) {
	cmd, err := c.prepare(ctx, m, name, subject, AssessmentStream(id, subject))
	if err != nil {
		return Receipt{}, err
	}
	if account == "" || len(account) > maxActor {
		return Receipt{}, fmt.Errorf("account %.60q: an account of at most %d bytes is needed: %w", account, maxActor, domain.ErrInvalid)
	}
	cmd.Metadata.Sealed = map[string]string{SealedAssessor: account}
	who := c.Pseudonym(cmd.Stream, account)
	return c.decide(ctx, cmd, id, subject, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		return decide(a, by, who)
	})
}
