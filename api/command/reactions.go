package command

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
)

// System is the account in whose name the platform itself acts: nobody signs in
// as it, and it holds no role. What it records follows from what people have
// recorded.
const System = "system"

// reactions is the namespace of command ids that follow from events.
var reactions = uuid.NewSHA1(uuid.NameSpaceURL, []byte("mingjian/reactions"))

// derived makes a reaction's command id of what it reacts to, so that all
// servers, and each try of one, send the same command.
func derived(parts ...string) uuid.UUID {
	return uuid.NewSHA1(reactions, fmt.Appendf(nil, "%q", parts))
}

// reaction is a command in the system's name on a stream, whose pseudonyms are
// those of another one.
func (c *Commands) reaction(stream, people string, id uuid.UUID, causation string) prepared {
	now := c.now()
	return prepared{
		Command: eventstore.Command{Stream: stream, Metadata: eventstore.Metadata{
			CommandID: id, Actor: System, Causation: causation, Correlation: id.String(), ServerTime: now,
		}},
		by: domain.Stamp{By: c.Pseudonym(people, System), At: now},
	}
}

func executeReaction[S eventstore.State](
	ctx context.Context, c *Commands, cmd prepared, fresh func() S, decide func(S) ([]domain.Event, error),
) (eventstore.Result, error) {
	return eventstore.Execute(ctx, c.config.Log, c.config.Codec, cmd.Command, fresh, decide)
}

// Correct carries a decision on an appeal out: the one correction that follows
// from it, on the record that it is about, even if the round has been closed
// since. cause is the decision's event, from the appeal's stream. A decision
// that changes nothing, or was carried out before, changes nothing.
func (c *Commands) Correct(ctx context.Context, cause eventstore.Recorded, decided *appeal.Decided) (Receipt, error) {
	if decided.Corrected == nil {
		return Receipt{}, nil
	}
	filed, err := c.filed(ctx, cause.Stream[len(appeal.StreamPrefix):])
	if err != nil {
		return Receipt{}, err
	}
	in, err := c.round(ctx, filed.Round)
	if err != nil {
		return Receipt{}, err
	}
	stream := AssessmentStream(filed.Round, filed.Subject)
	cmd := c.reaction(stream, stream, derived("correct", cause.ID.String()), cause.ID.String())
	result, err := executeReaction(ctx, c, cmd, func() *assessment.Assessment { return assessment.New(in.std) },
		func(a *assessment.Assessment) ([]domain.Event, error) {
			if filed.Clause != "" {
				return a.CorrectScore(cmd.by, assessment.ScoreCorrected{
					Appeal: filed.Appeal, Panel: decided.Panel, Clause: filed.Clause,
					Outcome: decided.Corrected.Outcome, Points: decided.Corrected.Points, Why: decided.Reasons,
				})
			}
			return a.CorrectDeduction(cmd.by, assessment.DeductionCorrected{
				Appeal: filed.Appeal, Panel: decided.Panel, Deduction: filed.Deduction, Item: decided.Corrected.Item, Why: decided.Reasons,
			})
		})
	if err != nil {
		return Receipt{}, fmt.Errorf("correction that follows from %s@%d: %w", cause.Stream, cause.Revision, err)
	}
	return receipt(stream, result, nil)
}
