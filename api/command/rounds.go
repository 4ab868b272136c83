package command

import (
	"context"

	"mingjian/domain"
	"mingjian/domain/round"
	"mingjian/eventstore"
)

// OpenRound is what opening a round needs.
type OpenRound struct {
	Round, Name, Standard string
	Assessment, Honors    domain.Period
	Demo                  bool
}

// OpenRound opens a round on a standard.
func (c *Commands) OpenRound(ctx context.Context, m Meta, o OpenRound) (Receipt, error) {
	if err := round.CheckID(o.Round); err != nil {
		return Receipt{}, err
	}
	adopted, err := c.adopted(o.Standard, "")
	if err != nil {
		return Receipt{}, err
	}
	return c.onRound(ctx, m, o.Round, func(r *round.Round, by domain.Stamp) ([]domain.Event, error) {
		return r.Open(round.Opened{
			Stamp: by, Round: o.Round, Name: o.Name, Standard: o.Standard, StandardHash: adopted.Hash,
			Assessment: o.Assessment, Honors: o.Honors, Demo: o.Demo,
		})
	})
}

// Publish makes the round's next release of all that is approved.
func (c *Commands) Publish(ctx context.Context, m Meta, id, reason string) (Receipt, error) {
	return c.onRound(ctx, m, id, func(r *round.Round, by domain.Stamp) ([]domain.Event, error) {
		if err := r.InProgress(id); err != nil {
			return nil, err // before waiting for results that nobody will publish
		}
		approved, logSize, err := c.config.Results.Approved(ctx, id)
		if err != nil {
			return nil, err
		}
		return r.Publish(by, id, reason, approved, logSize)
	})
}

// CloseRound ends a round: nothing in it changes any more.
func (c *Commands) CloseRound(ctx context.Context, m Meta, id, reason string) (Receipt, error) {
	return c.onRound(ctx, m, id, func(r *round.Round, by domain.Stamp) ([]domain.Event, error) {
		return r.Close(by, id, reason)
	})
}

func (c *Commands) onRound(
	ctx context.Context, m Meta, id string, decide func(*round.Round, domain.Stamp) ([]domain.Event, error),
) (Receipt, error) {
	if err := round.CheckID(id); err != nil {
		return Receipt{}, err
	}
	cmd, by, err := c.prepare(m, roundStream(id))
	if err != nil {
		return Receipt{}, err
	}
	result, err := eventstore.Execute(ctx, c.config.Log, c.config.Codec, cmd,
		func() *round.Round { return new(round.Round) },
		func(r *round.Round) ([]domain.Event, error) { return decide(r, by) })
	return receipt(cmd.Stream, result, err)
}
