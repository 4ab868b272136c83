package command_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mingjian/api/command"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

const inRound = "2022"

// court is a center that was notified of its result, and a clock that stands
// until a test sets it: Monday, 10 October 2022, 10 o'clock in China. Its
// appeals are due by Monday the 17th, five working days later.
type court struct {
	*testrig.Rig
	t        *testing.T
	ctx      context.Context
	c        *command.Commands
	config   command.Config
	clock    atomic.Int64 // milliseconds
	rows     []registry.Row
	subject  string
	district string
}

// What the center of a court has lost: points on two clauses and by two
// deductions, and what is missing of an award. It has lost nothing on met.
var (
	onLost    = assessment.Target{Clause: "2.3"}   // 2.00 of 3
	onOther   = assessment.Target{Clause: "1.1.1"} // 1.00
	onAward   = assessment.Target{Clause: "7.1"}   // 1.00 of it was awarded
	onMet     = assessment.Target{Clause: "2.2"}
	onPress   = assessment.Target{Deduction: 1} // 8.1, 5 points
	onConduct = assessment.Target{Deduction: 2} // 8.2, 15 points
)

// beijing is a moment of a day in China, as "2022-10-17 23:59:59.999".
func beijing(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05.999", text, time.FixedZone("UTC+8", 8*60*60))
	must(t, err)
	return at
}

func (k *court) set(text string) { k.t.Helper(); k.clock.Store(beijing(k.t, text).UnixMilli()) }

// findings has the outcome met on every clause but those that a court's center
// has lost points on.
func findings(std *domain.Standard, kind domain.SubjectKind) (scores []assessment.Score) {
	losses := map[string]domain.Points{onLost.Clause: 200, onOther.Clause: 100}
	for _, clause := range std.Clauses() {
		indicator := clause.Indicator()
		if indicator.Subject != kind || indicator.Honors {
			continue
		}
		f := assessment.Finding{Outcome: domain.Met, Method: assessment.SiteVisit, ObservedAt: testrig.Day.Add(-time.Hour)}
		switch points, lost := losses[clause.Code]; {
		case indicator.Basis == domain.Award:
			f.Outcome, f.Points = domain.Awarded, 100
		case lost:
			f.Outcome, f.Points, f.Reason = domain.Lost, points, "现场发现不符合"
		}
		if f.Outcome != domain.Awarded {
			testrig.Count(clause, &f)
		}
		scores = append(scores, assessment.Score{Clause: clause.Code, Finding: f})
	}
	return scores
}

// newCourt brings the first of four centers to its notice, and its district.
func newCourt(t *testing.T) *court {
	t.Helper()
	k := &court{Rig: testrig.Start(t), t: t, ctx: testrig.Context(t)}
	k.config = k.CommandConfig()
	k.config.Now = func() time.Time { return time.UnixMilli(k.clock.Load()) }
	k.set("2022-10-10 10:00:00")
	k.c = k.server()
	k.rows = testrig.Roster(t, 4)
	_, err := k.c.RegisterRoster(k.ctx, testrig.Meta("organizer"), k.rows, true)
	must(t, err)
	k.subject, k.district = k.rows[0].Code, k.rows[0].DistrictCode
	_, err = k.c.OpenRound(k.ctx, testrig.Meta("organizer"), testrig.Round(inRound))
	must(t, err)
	for subject, kind := range map[string]domain.SubjectKind{k.subject: domain.Center, k.district: domain.District} {
		k.assess(subject, kind)
		_, err = k.c.NotifyResult(k.ctx, testrig.Meta("organizer"), inRound, subject)
		must(t, err)
	}
	return k
}

// server is the commands as another server of the same log has them.
func (k *court) server() *command.Commands {
	k.t.Helper()
	c, err := command.New(k.config)
	must(k.t, err)
	return c
}

// assess approves a subject's record: "assessor" leads and "assessor-2" helps,
// "organizer-3" imposes deductions on a center, "reviewer-9" returns it once and
// "reviewer" approves it.
func (k *court) assess(subject string, kind domain.SubjectKind) {
	k.t.Helper()
	ctx, c := k.ctx, k.c
	do := func(_ command.Receipt, err error) { k.t.Helper(); must(k.t, err) }
	do(c.OpenAssessment(ctx, testrig.Meta("organizer"), inRound, subject))
	do(c.AssignAssessor(ctx, testrig.Meta("organizer"), inRound, subject, "assessor", true))
	do(c.AssignAssessor(ctx, testrig.Meta("organizer"), inRound, subject, "assessor-2", false))
	do(c.RecordScores(ctx, testrig.Meta("assessor"), inRound, subject, findings(testrig.Standard(k.t), kind)))
	if kind == domain.Center {
		for _, item := range []string{"8.1", "8.2"} {
			do(c.ImposeDeduction(ctx, testrig.Meta("organizer-3"), inRound, subject, assessment.DeductionImposed{
				Item: item, Reason: "负面报道", Source: "市级媒体", OccurredOn: "2022-09-01",
			}))
		}
	}
	do(c.Submit(ctx, testrig.Meta("assessor"), inRound, subject))
	do(c.ReturnAssessment(ctx, testrig.Meta("reviewer-9"), inRound, subject, "请复看照片", nil))
	do(c.Submit(ctx, testrig.Meta("assessor"), inRound, subject))
	do(c.Approve(ctx, testrig.Meta("reviewer"), inRound, subject))
}

func (k *court) center() string { return "center-" + k.subject }

// filing is an appeal of the court's center against a target.
func (k *court) filing(on assessment.Target) command.Filing {
	return command.Filing{Round: inRound, Subject: k.subject, Target: on, Ground: appeal.Fact, Statement: "当日已整改"}
}

// file files an appeal and gives its id.
func (k *court) file(on assessment.Target) string {
	k.t.Helper()
	receipt, err := k.c.FileAppeal(k.ctx, testrig.Meta(k.center()), k.filing(on))
	must(k.t, err)
	return strings.TrimPrefix(receipt.Stream, appeal.StreamPrefix)
}

// Reviewers who had no part in any record, a panel each.
var (
	firstPanel  = []string{"reviewer-1", "reviewer-2", "reviewer-3"}
	secondPanel = []string{"reviewer-4", "reviewer-5", "reviewer-6"}
)

func (k *court) panel(id string, accounts ...string) {
	k.t.Helper()
	_, err := k.c.NamePanel(k.ctx, testrig.Meta("organizer"), id, accounts)
	must(k.t, err)
}

// vote has a panel vote, one restoring each of these points, in its order.
func (k *court) vote(id string, panel []string, restored ...domain.Points) {
	k.t.Helper()
	for i, points := range restored {
		_, err := k.c.CastVote(k.ctx, testrig.Meta(panel[i]), id, points, "查看了照片")
		must(k.t, err)
	}
}

// decide names a panel, has it vote and decide, and gives the decision with its
// event.
func (k *court) decide(id string, panel []string, restored ...domain.Points) (eventstore.Recorded, *appeal.Decided) {
	k.t.Helper()
	k.panel(id, panel...)
	k.vote(id, panel, restored...)
	_, err := k.c.DecideAppeal(k.ctx, testrig.Meta(panel[0]), id, "照片显示当日已整改")
	must(k.t, err)
	return k.decision(id)
}

// decision is the newest decision on an appeal, with its event.
func (k *court) decision(id string) (cause eventstore.Recorded, decided *appeal.Decided) {
	k.t.Helper()
	for _, e := range k.ReadLog(k.t) {
		if e.Stream != command.AppealStream(id) {
			continue
		}
		event, err := k.Codec.Decode(e.Type, e.Data)
		must(k.t, err)
		if d, ok := event.(*appeal.Decided); ok {
			cause, decided = e, d
		}
	}
	if decided == nil {
		k.t.Fatalf("%s is not decided", id)
	}
	return cause, decided
}

// record is the fold of the subject's record as the log has it.
func (k *court) record(subject string) *assessment.Assessment {
	k.t.Helper()
	return fold(k, command.AssessmentStream(inRound, subject), assessment.New(testrig.Standard(k.t)))
}

// appeal is the fold of an appeal as the log has it.
func (k *court) appeal(id string) *appeal.Appeal {
	k.t.Helper()
	return fold(k, command.AppealStream(id), appeal.New())
}

func fold[S eventstore.State](k *court, stream string, state S) S {
	k.t.Helper()
	for _, e := range k.ReadLog(k.t) {
		if e.Stream == stream {
			event, err := k.Codec.Decode(e.Type, e.Data)
			must(k.t, err)
			must(k.t, state.Apply(event))
		}
	}
	return state
}

// unchanged checks that a refusal left nothing on the log.
func (k *court) unchanged(what string, before int) {
	k.t.Helper()
	if n := len(k.ReadLog(k.t)); n != before {
		k.t.Errorf("%s: the log has %d events, had %d", what, n, before)
	}
}

// otherCalendar is the calendar as another version of the program has it.
func otherCalendar(id string) (*criteria.Calendar, error) {
	found, err := criteria.LookupCalendar(id)
	if err != nil {
		return nil, err
	}
	other := *found
	other.Hash = strings.Repeat("ab", 32)
	return &other, nil
}
