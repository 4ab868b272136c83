package command

import (
	"context"
	"fmt"

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
	// Calendar is the id of the working-day calendar; AppealDays and DecisionDays
	// are counted by it.
	Calendar                 string
	AppealDays, DecisionDays int
	// Notice puts a public-notice stage before the final release.
	Notice bool
	Demo   bool
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
	calendar, err := c.config.Calendars(o.Calendar)
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
			Assessment: o.Assessment, Honors: o.Honors, Calendar: calendar.ID, CalendarHash: calendar.Hash,
			AppealDays: o.AppealDays, DecisionDays: o.DecisionDays, Notice: o.Notice, Demo: o.Demo,
		})
	})
}

// PinCalendar makes the newest version of a calendar the round's. Deadlines
// that were set stay.
func (c *Commands) PinCalendar(ctx context.Context, m Meta, id, calendar, reason string) (Receipt, error) {
	found, err := c.config.Calendars(calendar)
	if err != nil {
		return Receipt{}, err
	}
	return c.onRound(ctx, m, "pinCalendar", id, func(r *round.Round, by domain.Stamp) ([]domain.Event, error) {
		return r.PinCalendar(by, id, found.ID, found.Hash, reason)
	})
}

// Deliberate puts on record that all that is approved was discussed and is fit
// to be published, by another person.
func (c *Commands) Deliberate(ctx context.Context, m Meta, id, minutes string) (Receipt, error) {
	return c.onRound(ctx, m, "deliberate", id, func(r *round.Round, by domain.Stamp) ([]domain.Event, error) {
		if err := r.InProgress(id); err != nil {
			return nil, err // before waiting for results that nobody will publish
		}
		approved, logSize, err := c.config.Results.Approved(ctx, id)
		if err != nil {
			return nil, err
		}
		return r.Deliberate(by, id, minutes, approved, logSize)
	})
}

// Publish makes the round's next release of what was deliberated.
func (c *Commands) Publish(ctx context.Context, m Meta, id, reason string) (Receipt, error) {
	return c.onRound(ctx, m, "publish", id, func(r *round.Round, by domain.Stamp) ([]domain.Event, error) {
		return r.Publish(by, id, reason)
	})
}

// CloseRound ends a round: nothing in it changes any more. It waits for the
// decisions on all of its appeals.
func (c *Commands) CloseRound(ctx context.Context, m Meta, id, reason string) (Receipt, error) {
	return c.onRound(ctx, m, "closeRound", id, func(r *round.Round, by domain.Stamp) ([]domain.Event, error) {
		events, err := r.Close(by, id, reason)
		if err != nil {
			return nil, err
		}
		open, err := c.config.Results.OpenAppeals(ctx, id)
		if err == nil && open > 0 {
			err = fmt.Errorf("closing round %s, in which %d appeals wait for their decision: %w", id, open, domain.ErrUnderAppeal)
		}
		return events, err
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
