package site_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"mingjian/api"
	"mingjian/api/command"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
	"mingjian/projections"
	"mingjian/site"
)

// platform is the real thing in a temporary folder, from the embedded node to
// the public schema.
type platform struct {
	log      *eventstore.Log
	codec    *eventstore.Codec
	model    *projections.Model
	commands *command.Commands
	public   *api.Public
	ticks    atomic.Int64
}

func startPlatform(t testing.TB) *platform {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	p := &platform{codec: eventstore.NewCodec()}
	var err error
	p.log, err = eventstore.Open(ctx, eventstore.Config{Connection: eventstore.EmbeddedScheme + filepath.Join(dir, "log.db"), Logger: quiet})
	must(t, err)
	t.Cleanup(func() { must(t, p.log.Close()) })
	p.model, err = projections.Open(projections.Config{
		Dir: filepath.Join(dir, "readmodel"), Log: p.log, Codec: p.codec, Criteria: criteria.Lookup, Logger: quiet,
	})
	must(t, err)
	t.Cleanup(func() { must(t, p.model.Close()) })
	p.commands, err = command.New(command.Config{
		Log: p.log, Codec: p.codec, Criteria: criteria.Lookup, Guides: criteria.LookupGuide, Calendars: criteria.LookupCalendar, Results: p.model, PseudonymKey: make([]byte, 32),
		Actors: testrig.People{}, Evidence: testrig.Arrived{}, Now: p.now,
	})
	must(t, err)
	runner, err := projections.Run(context.WithoutCancel(ctx), quiet, projections.Handler{
		Name: "readmodel",
		Feed: eventstore.NewFeed(eventstore.FeedConfig{Log: p.log, From: p.model.Checkpoint, Logger: quiet}),
		Fold: func(_ context.Context, page eventstore.Page) error { return p.model.Fold(page) },
	})
	must(t, err)
	t.Cleanup(func() { must(t, runner.Close()) })
	p.public, err = api.NewPublic(api.Config{Model: p.model, Logger: quiet})
	must(t, err)
	return p
}

// now is a clock that goes on by a second each time it is looked at.
func (p *platform) now() time.Time {
	return time.Date(2022, 11, 1, 2, 0, 0, 0, time.UTC).Add(time.Duration(p.ticks.Add(1)) * time.Second)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func meta(actor string) command.Meta {
	return command.Meta{ID: uuid.Must(uuid.NewV7()).String(), Actor: actor}
}

const (
	organizer = "organizer-1"
	assessor  = "assessor-1"
	reviewer  = "reviewer-1"
	theRound  = "spring-2022"
)

// evaluate takes a round with three centers of two districts to a release; the
// last center is submitted only. notice makes the release a provisional one.
func (p *platform) evaluate(t testing.TB, notice bool) {
	t.Helper()
	ctx, c := t.Context(), p.commands
	did := func(_ command.Receipt, err error) { t.Helper(); must(t, err) }
	did(c.RegisterDistrict(ctx, meta(organizer), "310101", "黄浦区"))
	did(c.RegisterDistrict(ctx, meta(organizer), "310104", "徐汇区"))
	centers := []string{"310101002", "310101013", "310104003"}
	for i, code := range centers {
		did(c.RegisterCenter(ctx, meta(organizer), code, code[:6], fmt.Sprintf("%c街道", []rune("甲乙丙")[i]), true))
	}
	did(c.OpenRound(ctx, meta(organizer), command.OpenRound{
		Round: theRound, Name: "2022年第三方评估", Standard: "2022", Demo: true,
		Assessment: domain.Period{From: "2022-03-01", To: "2022-11-30"}, Honors: domain.Period{From: "2020-01-01", To: "2022-06-30"},
		Calendar: "cn", AppealDays: 5, DecisionDays: 10, Notice: notice,
	}))
	for _, subject := range append([]string{"310101", "310104"}, centers...) {
		p.assess(t, subject)
		if subject == "310101013" {
			did(c.ImposeDeduction(ctx, meta(organizer), theRound, subject, assessment.DeductionImposed{
				Item: "8.1", Reason: "排队纠纷处置不当。", Source: "媒体报道", OccurredOn: "2022-05-17",
			}))
		}
		did(c.Submit(ctx, meta(assessor), theRound, subject))
		if subject != "310104003" {
			did(c.Approve(ctx, meta(reviewer), theRound, subject))
		}
	}
	p.settle(t)
	did(c.Deliberate(ctx, meta("organizer-2"), theRound, "一致同意"))
	did(c.Publish(ctx, meta(organizer), theRound, "本轮评估结束"))
	p.settle(t)
}

// assess records what was found on a subject.
func (p *platform) assess(t testing.TB, subject string) {
	t.Helper()
	ctx, c := t.Context(), p.commands
	did := func(_ command.Receipt, err error) { t.Helper(); must(t, err) }
	did(c.OpenAssessment(ctx, meta(organizer), theRound, subject))
	did(c.AssignAssessor(ctx, meta(organizer), theRound, subject, assessor, true))
	did(c.RecordScores(ctx, meta(assessor), theRound, subject, findings(t, subject)))
}

func (p *platform) settle(t testing.TB) {
	t.Helper()
	end, err := p.log.End(t.Context())
	must(t, err)
	must(t, p.model.WaitFor(t.Context(), end))
}

func findings(t testing.TB, subject string) []assessment.Score {
	t.Helper()
	crit, err := criteria.Standard2022()
	must(t, err)
	kind := domain.Center
	if len(subject) == 6 {
		kind = domain.District
	}
	var scores []assessment.Score
	for _, clause := range crit.Standard.Clauses() {
		indicator := clause.Indicator()
		if indicator.Subject != kind || indicator.Honors {
			continue
		}
		found := assessment.Finding{
			Outcome: domain.Met, Method: assessment.SiteVisit, ObservedAt: time.Date(2022, 9, 5, 1, 30, 0, 0, time.UTC),
		}
		switch {
		case indicator.Basis == domain.Award:
			found.Outcome, found.Points = domain.Awarded, 150
		case clause.Code == "1.1.1" && subject == "310101002":
			found.Outcome, found.Points, found.Reason = domain.Lost, 75, "门牌褪色 <script>alert(1)</script>"
		}
		if indicator.Basis == domain.Deduct {
			testrig.Count(clause, &found)
		}
		scores = append(scores, assessment.Score{Clause: clause.Code, Finding: found})
	}
	return scores
}

// TestBuildFromThePublicSchema publishes a real round and builds its site.
func TestBuildFromThePublicSchema(t *testing.T) {
	p := startPlatform(t)
	p.evaluate(t, false)
	dir := t.TempDir()
	s, err := site.New(site.Config{Dir: dir, Source: p.public, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	result, err := s.Build(t.Context(), theRound, 1)
	must(t, err)
	if result.Pages != 8+2+3 {
		t.Errorf("%+v", result)
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, "current", name))
		must(t, err)
		return string(text)
	}
	for name, wants := range map[string][]string{
		// 100 − 0.75 lost − 1.50 of 7.1 − 1.00 of 7.2 − 1.50 of 7.3.
		"centers/310101002.html": {"95.25", "全市第 <strong>1</strong> 名", "&lt;script&gt;", "扣 0.75 分", "甲街道社区事务受理服务中心（演示）", "演示数据，非真实评估结果"},
		"centers/310101013.html": {"91.00", "指标得分 96.00 − 扣分项 5.00", "排队纠纷处置不当。", "全市第 <strong>2</strong> 名"},
		"centers/310104003.html": {"未公布（复核中）"},
		"districts/310101.html":  {"93.13", "得 1.50 分"},
		"index.html":             {"2022年第三方评估", "已公布", "黄浦"},
		"criteria.html":          {"沪民基发〔2022〕1号", "5.3.1"},
	} {
		page := read(name)
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
	}
	var all struct {
		Centers []struct {
			Code    string         `json:"code"`
			Total   *domain.Points `json:"total"`
			Clauses []any          `json:"clauses"`
		} `json:"centers"`
	}
	must(t, json.Unmarshal([]byte(read("data/release-demo.json")), &all))
	if len(all.Centers) != 3 || all.Centers[0].Total.String() != "95.25" || len(all.Centers[0].Clauses) != 47 || all.Centers[2].Total != nil {
		t.Errorf("release-demo.json: %+v", all.Centers)
	}
	// The same release again, when the log has grown: the same bytes.
	_, err = p.commands.LiftDeduction(t.Context(), meta(organizer), theRound, "310101013", 1, "查无此事")
	must(t, err)
	p.settle(t)
	again, err := s.Build(t.Context(), theRound, 1)
	must(t, err)
	if again != result {
		t.Errorf("built again: %+v, first %+v", again, result)
	}
}
