package demo

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"mingjian/api/command"
	"mingjian/domain"
)

// Days of the story. All else happens some working days after one of them.
const (
	opening   = "2022-08-29" // of the round
	firstDay  = "2022-09-01" // of the assessments
	notice    = "2022-10-10" // all are notified, in time to appeal until the 17th
	replying  = "2022-10-20" // the first replies
	council   = "2022-11-14" // deliberates on release 1
	release   = "2022-11-15"
	revising  = "2022-11-21" // an entry is corrected
	council2  = "2022-12-08"
	release2  = "2022-12-09"
	storyDays = 90 // working days that the story knows
)

// workdays lists the working days from the opening on.
type workdays []string

func loadWorkdays(calendar *domain.Calendar) (workdays, error) {
	days := workdays{opening}
	for n := 1; n < storyDays; n++ {
		day, err := calendar.After(opening, n)
		if err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		days = append(days, day)
	}
	return days, nil
}

// after is the n-th working day after one of the story.
func (w workdays) after(day string, n int) string { return w[slices.Index(w, day)+n] }

// china is where the story's clocks are.
var china = time.FixedZone("UTC+8", 8*60*60)

// clock is an act's own: acts run at once, each in its own time.
type clock struct {
	dice *rand.Rand
	now  time.Time
}

// dawn sets the clock to the afternoon of a day, when what was seen in the
// morning is written down.
func (c *clock) dawn(day string) error {
	at, err := time.ParseInLocation(time.DateOnly, day, china)
	c.now = at.Add(13*time.Hour + time.Duration(c.dice.IntN(2*60*60))*time.Second)
	return err
}

// tick lets a few minutes pass.
func (c *clock) tick() func() time.Time {
	c.now = c.now.Add(time.Duration(20+c.dice.IntN(400)) * time.Second)
	now := c.now
	return func() time.Time { return now }
}

// seen is an hour of the morning.
func (c *clock) seen() time.Time {
	day := c.now.Truncate(time.Hour).Add(-time.Duration(c.now.Hour()-9) * time.Hour)
	return day.Add(time.Duration(c.dice.IntN(3*60)) * time.Minute).UTC()
}

// do is the commands by the act's clock.
func (a *act) do() *command.Commands { return a.Commands.At(a.tick()) }

// at is the commands at the noon of a day.
func (p *player) at(day string) *command.Commands {
	return p.Commands.At(func() time.Time {
		noon, _ := time.ParseInLocation(time.DateOnly, day, china) // days of the story are
		return noon.Add(12 * time.Hour)
	})
}

// scene is what an act does on one day.
type scene struct {
	day   string
	steps []func(context.Context) error
}

// on plans what the act does on a day.
func (a *act) on(day string, steps ...func(context.Context) error) {
	a.scenes = append(a.scenes, scene{day, steps})
}

// play does what the act has planned for a day.
func (a *act) play(ctx context.Context, day string) error {
	if err := a.dawn(day); err != nil {
		return err
	}
	for _, s := range a.scenes {
		if s.day != day {
			continue
		}
		for _, step := range s.steps {
			if err := step(ctx); err != nil {
				return fmt.Errorf("demo: %s on %s: %w", a.subject, day, err)
			}
		}
	}
	return nil
}

// stage plays acts day by day. What a day brings is on record before the next
// one begins, so that the log tells the story in its order.
func (p *player) stage(ctx context.Context, acts []*act) error {
	days := make(map[string][]*act)
	for _, a := range acts {
		for _, s := range a.scenes {
			if !slices.Contains(days[s.day], a) {
				days[s.day] = append(days[s.day], a)
			}
		}
	}
	for _, day := range slices.Sorted(maps.Keys(days)) {
		var today []func(context.Context) error
		for _, a := range days[day] {
			today = append(today, func(ctx context.Context) error {
				if err := a.play(ctx, day); err != nil {
					return err
				}
				if p.Progress != nil {
					p.Progress(int(p.scenes.Add(1)))
				}
				return nil
			})
		}
		if err := p.all(ctx, today); err != nil {
			return err
		}
	}
	return nil
}
