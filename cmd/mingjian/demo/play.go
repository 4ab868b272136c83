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
)

// Round is the id of the demo's round.
const Round = "demo-2022"

// Guide is the scoring guide of the demo's round.
const Guide = "2022-demo"

// Config says what to play.
type Config struct {
	Commands *command.Commands
	Accounts *auth.Accounts
	Evidence *evidence.Store
	Criteria *criteria.Criteria
	Roster   []registry.Row // of the centers to play
	Seed     uint64
	// Progress hears of each subject that is finished, from several goroutines.
	Progress func(done, total int)
}

// Note is kept with the round, to tell a resumed play from another one.
func (c Config) Note() string { return fmt.Sprintf("demo seed %d, %d centers", c.Seed, len(c.Roster)) }

// workers is how many subjects are played at a time: enough to share commits.
const workers = 16

// Play registers the roster, opens the round, and plays every district and
// center up to its approval.
func Play(ctx context.Context, c Config) error {
	script, err := loadScript(c.Criteria.Standard)
	if err != nil {
		return err
	}
	guide, err := criteria.LookupGuide(Guide)
	if err != nil {
		return err
	}
	p := &player{Config: c, script: script, guide: guide.Guide}
	if err := p.prepare(ctx); err != nil {
		return err
	}
	if err := p.people(ctx); err != nil {
		return err
	}
	if err := p.photograph(ctx); err != nil {
		return err
	}
	var acts []func(context.Context) error
	districts := make(map[string]bool)
	for _, row := range c.Roster {
		if !districts[row.DistrictCode] {
			districts[row.DistrictCode] = true
			acts = append(acts, func(ctx context.Context) error { return p.district(ctx, row.DistrictCode) })
		}
		acts = append(acts, func(ctx context.Context) error { return p.center(ctx, row) })
	}
	return p.all(ctx, acts)
}

// Publish makes the demo's first release.
func Publish(ctx context.Context, c Config) (command.Receipt, error) {
	p := &player{Config: c}
	return c.Commands.Publish(ctx, p.meta(command.Operator, "publish"), Round, "模拟评估首次发布（演示数据，非真实评估结果）")
}

type player struct {
	Config
	script *script
	guide  *domain.Guide
	photos map[string][]string // SHA-256 of each, by the login of who took it
	ids    map[string]string   // account by login
}

func (p *player) prepare(ctx context.Context) error {
	if _, err := p.Commands.RegisterRoster(ctx, p.meta(command.Operator, "roster"), p.Roster, true); err != nil {
		if errors.Is(err, domain.ErrExists) {
			return fmt.Errorf("these data are not a demo's, choose another folder with --data: %w", err)
		}
		return err
	}
	meta := p.meta(command.Operator, "open")
	meta.Note = p.Note()
	_, err := p.Commands.OpenRound(ctx, meta, command.OpenRound{
		Round: Round, Name: "2022年社区事务受理服务中心标准化建设第三方评估（演示）", Standard: p.Criteria.Standard.ID, Guide: Guide, Demo: true,
		Assessment: domain.Period{From: "2022-03-01", To: "2022-11-30"},
		Honors:     domain.Period{From: "2019-01-01", To: "2022-10-31"},
	})
	return err
}

// all runs the acts on a few workers and stops at the first error.
func (p *player) all(ctx context.Context, acts []func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next, done atomic.Int64
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
				if p.Progress != nil {
					p.Progress(int(done.Add(1)), len(acts))
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
