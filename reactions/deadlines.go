package reactions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/eventstore"
	"mingjian/projections"
)

// Expirer flags appeals.
type Expirer interface {
	// Expire flags that an appeal was not decided by its last day, unless it was
	// flagged for that day, decided, or extended. Asked again, by whichever
	// server, it changes nothing.
	Expire(ctx context.Context, appeal, decideBy string) (command.Receipt, error)
}

// Deadlines flags each appeal whose last day for a decision has passed. It keeps
// nothing: what is due, the read model says.
type Deadlines struct {
	config DeadlinesConfig
	after  func(step)
}

// DeadlinesConfig says what Deadlines work on.
type DeadlinesConfig struct {
	Log      *eventstore.Log
	Model    *projections.Model
	Commands Expirer
	// Every is how often to look; 5 minutes if zero. A deadline ends at midnight
	// in China.
	Every time.Duration
	Now   func() time.Time // time.Now if nil
	// After is time.After if nil.
	After func(time.Duration) <-chan time.Time
}

// Validate reports all faults at once.
func (c DeadlinesConfig) Validate() error {
	var faults []error
	if c.Log == nil || c.Model == nil || c.Commands == nil {
		faults = append(faults, errors.New("reactions: deadlines need log, read model and commands"))
	}
	if c.Every < 0 {
		faults = append(faults, fmt.Errorf("reactions: looking for deadlines every %s, below zero", c.Every))
	}
	return errors.Join(faults...)
}

// NewDeadlines makes the reaction.
func NewDeadlines(c DeadlinesConfig) (*Deadlines, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Every == 0 {
		c.Every = 5 * time.Minute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Deadlines{config: c, after: func(step) {}}, nil
}

// Handler runs the reaction.
func (d *Deadlines) Handler() projections.Handler {
	return projections.Handler{
		Name: DeadlinesHandler, Feed: NewTicks(TicksConfig{Every: d.config.Every, After: d.config.After}), Fold: d.look,
	}
}

// look flags what is due. It waits for the read model first: while that is
// behind, an appeal may look undecided that was decided long ago. Expire would
// find that out, at the price of reading each of them.
func (d *Deadlines) look(ctx context.Context, _ eventstore.Page) error {
	end, err := d.config.Log.End(ctx)
	if err != nil {
		return err
	}
	if err := d.config.Model.WaitFor(ctx, end); err != nil {
		return err
	}
	due, err := d.due(ctx)
	if err != nil {
		return err
	}
	var faults []error // of one appeal, which holds up no other
	for _, a := range due {
		_, err := d.config.Commands.Expire(ctx, a.id, a.decideBy)
		switch {
		case errors.Is(err, eventstore.ErrUnavailable), ctx.Err() != nil:
			return err
		case errors.Is(err, domain.ErrTooEarly): // the clock went back since
		case err != nil:
			faults = append(faults, hopeless(err))
		}
		d.after(flagged)
	}
	return errors.Join(faults...)
}

type dueAppeal struct{ id, decideBy string }

func (d *Deadlines) due(ctx context.Context) (due []dueAppeal, err error) {
	view, err := d.config.Model.View(ctx)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	ids, err := view.OpenAppeals(domain.DayOf(d.config.Now()))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		a, err := view.Appeal(id, projections.Latest)
		if err != nil {
			return nil, err
		}
		due = append(due, dueAppeal{id, a.DecideOn})
	}
	return due, nil
}
