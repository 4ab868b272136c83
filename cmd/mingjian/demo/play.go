// Package demo plays a simulated evaluation through the same commands that
// people use. Everything follows from a seed, command ids included, so that
// playing again records nothing twice and a play that was cut short resumes.
package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/api/evidence"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/registry"
	"mingjian/eventstore"
)

// Round is the id of the demo's round.
const Round = "demo-2022"

// Guide is the scoring guide of the demo's round.
const Guide = "2022-demo"

// calendarID is the calendar that the demo's deadlines are counted by.
const calendarID = "cn"

// decisionDays is how many working days a panel has.
const decisionDays = 10

// Config says what to play.
type Config struct {
	Commands *command.Commands
	Accounts *auth.Accounts
	Evidence *evidence.Store
	Criteria *criteria.Criteria
	Roster   []registry.Row // of the centers to play
	Seed     uint64
	// Log and Codec are where the play reads what became of it.
	Log   *eventstore.Log
	Codec *eventstore.Codec
	// Progress hears how many scenes are finished, from several goroutines.
	Progress func(done int)
}

// Note is kept with the round, to tell a resumed play from another one.
func (c Config) Note() string { return fmt.Sprintf("demo seed %d, %d centers", c.Seed, len(c.Roster)) }

// workers is how many acts go on at a time: enough to share commits.
const workers = 16

// Play tells the whole story: it registers the roster, opens the round, has
// every district and center assessed and approved, notifies the results, hears
// the appeals, and makes two releases. It returns how many commands were
// refused, as the rules want it.
func Play(ctx context.Context, c Config) (refused int, err error) {
	p, err := newPlayer(c)
	if err != nil {
		return 0, err
	}
	for _, prepare := range []func(context.Context) error{p.prepare, p.people, p.photograph} {
		if err := prepare(ctx); err != nil {
			return 0, err
		}
	}
	if err := p.stage(ctx, p.assessments()); err != nil {
		return 0, err
	}
	if err := p.stage(ctx, p.notices()); err != nil {
		return 0, err
	}
	acts, err := p.aftermath(ctx)
	if err != nil {
		return 0, err
	}
	return int(p.refused.Load()), p.stage(ctx, acts)
}

type player struct {
	Config
	script *script
	guide  *domain.Guide
	days   workdays
	photos map[string][]string // SHA-256 of each, by the login of who took it
	ids    map[string]string   // account by login
	// refused counts commands that the rules turned down.
	refused atomic.Int64
	scenes  atomic.Int64 // that are finished
}

func newPlayer(c Config) (*player, error) {
	script, err := loadScript(c.Criteria.Standard)
	if err != nil {
		return nil, err
	}
	guide, err := criteria.LookupGuide(Guide)
	if err != nil {
		return nil, err
	}
	calendar, err := criteria.LookupCalendar(calendarID)
	if err != nil {
		return nil, err
	}
	days, err := loadWorkdays(calendar.Calendar)
	return &player{Config: c, script: script, guide: guide.Guide, days: days}, err
}

// assessments are the acts up to the approvals.
func (p *player) assessments() []*act {
	var acts []*act
	for _, code := range p.districts() {
		acts = append(acts, p.district(code))
	}
	for place, row := range p.Roster {
		acts = append(acts, p.center(row, place))
	}
	return acts
}

// aftermath is what follows from the notices.
func (p *player) aftermath(ctx context.Context) ([]*act, error) {
	records, err := p.records(ctx)
	if err != nil {
		return nil, err
	}
	docket := p.docket(records)
	acts := append(p.replies(), p.releases()...)
	if a, ok := p.revision(records, docket); ok {
		acts = append(acts, a)
	}
	for _, h := range docket {
		acts = append(acts, h.act)
	}
	return acts, nil
}

func (p *player) prepare(ctx context.Context) error {
	if _, err := p.at(opening).RegisterRoster(ctx, p.meta(command.Operator, "roster"), p.Roster, true); err != nil {
		if errors.Is(err, domain.ErrExists) {
			return fmt.Errorf("these data are not a demo's, choose another folder with --data: %w", err)
		}
		return err
	}
	meta := p.meta(command.Operator, "open")
	meta.Note = p.Note()
	_, err := p.at(opening).OpenRound(ctx, meta, command.OpenRound{
		Round: Round, Name: "2022年社区事务受理服务中心标准化建设第三方评估（演示）", Standard: p.Criteria.Standard.ID, Guide: Guide, Demo: true,
		Assessment: domain.Period{From: "2022-03-01", To: "2022-11-30"},
		Honors:     domain.Period{From: "2019-01-01", To: "2022-10-31"},
		Calendar:   calendarID, AppealDays: 5, DecisionDays: decisionDays,
	})
	return err
}

// all runs acts on a few workers and stops at the first error.
func (p *player) all(ctx context.Context, acts []func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(acts) {
					return
				}
				if err := acts[i](ctx); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wait.Wait()
	return context.Cause(ctx)
}

var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("mingjian/demo"))

// meta makes a command's metadata; its id follows from the seed and the step.
func (p *player) meta(actor, step string) command.Meta {
	if id, ok := p.ids[actor]; ok {
		actor = id
	}
	return command.Meta{ID: p.id(step), Actor: actor}
}
