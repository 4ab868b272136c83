package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"mingjian/cmd/mingjian/demo"
	"mingjian/criteria"
	"mingjian/domain/registry"
	"mingjian/domain/rights"
	"mingjian/eventstore"
	"mingjian/projections"
)

type demoCmd struct {
	place
	addresses
	Seed    uint64 `default:"1" help:"What the simulation follows from: the same seed, the same findings."`
	Centers int    `default:"215" placeholder:"N" help:"How many centers to play, spread over the districts."`
	Once    bool   `help:"Play, publish, and exit without serving."`
}

// Run plays what is not on record yet, publishes, and serves.
func (c *demoCmd) Run(ctx context.Context, io *stdio) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	r, err := start(ctx, c.place, io.logger)
	if err != nil {
		return err
	}
	err = c.play(ctx, io, r, config)
	if err == nil && !c.Once {
		// Only now: what is played has its own time, and makes its corrections in it.
		err = r.react(ctx, reactConfig{dir: c.Data})
	}
	if err == nil && !c.Once {
		err = serve(ctx, r, c.place, c.addresses, io, c.printLinks(ctx, io, r, config.Roster[0].Code))
	}
	return errors.Join(err, r.Close())
}

func (c *demoCmd) config() (demo.Config, error) {
	rows, err := registry.ReadRoster("roster/shanghai.csv", bytes.NewReader(criteria.Roster()))
	if err != nil {
		return demo.Config{}, err
	}
	if c.Centers < 1 || c.Centers > len(rows) {
		return demo.Config{}, fmt.Errorf("--centers %d: 1 to %d, as many as the roster has", c.Centers, len(rows))
	}
	some := make([]registry.Row, c.Centers)
	for i := range some {
		some[i] = rows[i*len(rows)/c.Centers]
	}
	adopted, err := criteria.Lookup("2022")
	return demo.Config{Criteria: adopted, Roster: some, Seed: c.Seed}, err
}

func (c *demoCmd) play(ctx context.Context, io *stdio, r *runtime, config demo.Config) error {
	config.Commands, config.Accounts, config.Evidence = r.commands, r.accounts, r.evidence
	config.Log, config.Codec = r.log, eventstore.NewCodec()
	if err := sameDemo(ctx, r.log, config); err != nil {
		return err
	}
	if err := r.settled(ctx); err != nil {
		return err
	}
	finished, err := config.Finished(ctx)
	if err != nil {
		return err
	}
	if finished {
		fmt.Fprintln(io.out, "模拟评估已在记录中，不再重复。The simulated evaluation is on record already.")
	} else if err := c.tell(ctx, io, config); err != nil {
		return err
	}
	if err := c.awaitSite(ctx, io, r); err != nil {
		return err
	}
	if err := printStory(ctx, io, r, config.Codec); err != nil {
		return err
	}
	return c.printPeople(ctx, io, r, config)
}

// printPeople gives one account of each role a password that only this data
// folder has, and shows them.
func (c *demoCmd) printPeople(ctx context.Context, io *stdio, r *runtime, config demo.Config) error {
	list, err := r.accounts.List(ctx)
	if err != nil {
		return err
	}
	ready := make(map[string]bool)
	for _, e := range list {
		ready[e.Account] = e.Password
	}
	out := tabwriter.NewWriter(io.out, 2, 4, 2, ' ', 0)
	fmt.Fprintln(out, "演示账号（仅用于演示数据）demo accounts\n用户名 login\t密码 password\t角色 role")
	for _, who := range config.People() {
		id, err := r.accounts.ID(who.Login)
		if err != nil {
			return err
		}
		password := r.demoPassword(who.Login)
		if !ready[id] {
			token, _, _, err := r.accounts.Invite(ctx, byOperator(), id)
			if err != nil {
				return err
			}
			if _, err := r.accounts.AcceptInvitation(ctx, token, password); err != nil {
				return err
			}
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", who.Login, password, grantsText([]rights.Grant{who.Grant}))
	}
	fmt.Fprintln(out)
	return out.Flush()
}

// demoPassword follows from the deployment's key, so that it can be shown again.
func (r *runtime) demoPassword(login string) string {
	mac := hmac.New(sha256.New, r.key)
	mac.Write([]byte("demo password\x00" + login))
	text := strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil)[:10]))
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

// tell plays the story, or what is not on record of it yet.
func (c *demoCmd) tell(ctx context.Context, io *stdio, config demo.Config) error {
	began := time.Now()
	fmt.Fprintf(io.out, "模拟评估：%d 个中心（演示数据，非真实评估结果 / demo data）\n", len(config.Roster))
	progress := newBar(io, "模拟评估", -1)
	config.Progress = func(done int) { progress.set(int64(done)) }
	refused, err := demo.Play(ctx, config)
	progress.done()
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "played and published in %.1f s\n其间有 %d 件荣誉申报不符合规则（超出荣誉期、重复申报），被系统当场拒绝，未留记录\n", time.Since(began).Seconds(), refused)
	return nil
}

// sameDemo refuses to resume another demo's data.
func sameDemo(ctx context.Context, log *eventstore.Log, config demo.Config) error {
	for event, err := range log.ReadStream(ctx, "round-"+demo.Round, 0) {
		if errors.Is(err, eventstore.ErrNoStream) {
			return nil
		}
		if err != nil {
			return err
		}
		metadata, err := eventstore.ReadMetadata(event)
		if err != nil {
			return err
		}
		if metadata.Note != config.Note() {
			return fmt.Errorf("these data hold %q, asked for is %q: use the same --seed and --centers, or another folder with --data", metadata.Note, config.Note())
		}
		return nil
	}
	return nil
}

// awaitSite waits for the pages and prints the ranking.
func (c *demoCmd) awaitSite(ctx context.Context, io *stdio, r *runtime) error {
	end, err := r.log.Last(ctx, "round-"+demo.Round)
	if err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, waitTime)
	defer cancel()
	if err := (&publishCmd{place: c.place, Round: demo.Round}).awaitPages(wait, io, r.log.Identity(), end.Position); err != nil {
		return err
	}
	view, err := r.model.View(ctx)
	if err != nil {
		return err
	}
	defer view.Close()
	return printRanking(io, view)
}

// printRanking shows the districts, and the first centers, of the newest release.
func printRanking(io *stdio, view *projections.View) error {
	round, err := view.Round(demo.Round)
	if err != nil {
		return err
	}
	release := len(round.Releases)
	districts, err := view.ReleaseDistricts(demo.Round, release)
	if err != nil {
		return err
	}
	centers, err := view.ReleaseRanking(demo.Round, release, projections.RankingQuery{First: 10})
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(io.out, 2, 4, 2, ' ', 0)
	fmt.Fprintf(out, "\n%s\n第 %d 次发布：%d 个区，%d 个中心\n", round.Name, release, len(districts), centers.Total)
	fmt.Fprintln(out, "名次\t平均分\t最高\t最低\t中心数\t区")
	for _, d := range districts {
		fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%d\t%s\n", d.Rank, d.Mean.Round(), d.Max, d.Min, d.Centers, d.Name)
	}
	fmt.Fprintln(out, "\n名次\t总分\t中心")
	for _, s := range centers.Items {
		fmt.Fprintf(out, "%d\t%s\t%s %s\n", s.CityRank, s.Total, s.Center.DistrictName, s.Center.Name)
	}
	fmt.Fprintf(out, "…\t\t其余 %d 个中心见公开网站\n\n", centers.Total-len(centers.Items))
	return out.Flush()
}
