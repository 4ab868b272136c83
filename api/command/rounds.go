package command

import (
	"context"

	"mingjian/domain"
	"mingjian/domain/rights"
	"mingjian/domain/round"
	"mingjian/eventstore"
)

// OpenRound is what opening a round needs.
type OpenRound struct {
	Round, Name, Standard string
	// Guide is the id of a scoring guide, "" for none.
	Guide              string
	Assessment, Honors domain.Period
	Demo               bool
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
	guide, err := c.guide(o.Guide, "", o.Standard)
	if err != nil {
		return Receipt{}, err
	}
	var guideHash string
	if guide != nil {
		guideHash = guide.Hash
	}
	return c.onRound(ctx, m, "openRound", o.Round, func(r *round.Round, by domain.Stamp) ([]domain.Event, error) {
		return r.Open(round.Opened{
			Stamp: by, Round: o.Round, Name: o.Name, Standard: o.Standard, StandardHash: adopted.Hash,
			Guide: o.Guide, GuideHash: guideHash,
			Assessment: o.Assessment, Honors: o.Honors, Demo: o.Demo,
		})
	})
}

// Publish makes the round's next release of all that is approved.
func (c *Commands) Publish(ctx context.Context, m Meta, id, reason string) (Receipt, error) {
	return c.onRound(ctx, m, "publish", id, func(r *round.Round, by domain.Stamp) ([]domain.Event, error) {
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
	return c.onRound(ctx, m, "closeRound", id, func(r *round.Round, by domain.Stamp) ([]domain.Event, error) {
		return r.Close(by, id, reason)
	})
}

func (c *Commands) onRound(
	ctx context.Context, m Meta, name rights.Command, id string, decide func(*round.Round, domain.Stamp) ([]domain.Event, error),
) (Receipt, error) {
	if err := round.CheckID(id); err != nil {
		return Receipt{}, err
	}
	cmd, err := c.prepare(ctx, m, name, "", roundStream(id))
	if err != nil {
		return Receipt{}, err
	}
	result, err := eventstore.Execute(ctx, c.config.Log, c.config.Codec, cmd.Command,
		func() *round.Round { return new(round.Round) },
		func(r *round.Round) ([]domain.Event, error) {
			if err := cmd.allow(); err != nil {
				return nil, err
			}
			return decide(r, cmd.by)
		})
	return receipt(cmd.Stream, result, err)
}
