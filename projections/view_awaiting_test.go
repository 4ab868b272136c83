package projections_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mingjian/api/command"
	"mingjian/domain/rights"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// TestAwaiting plays two records from their opening to the end of their round,
// and wants at each step what awaits each role, and nobody else.
func TestAwaiting(t *testing.T) {
	rig, ctx, cast := testrig.Start(t), testrig.Context(t), testrig.Names()
	const round = "2022"
	rows := rig.Register(t, 2)
	a, b := rows[0].Code, rows[1].Code
	rig.OpenRound(t, round)
	c := rig.Commands
	must := func(_ command.Receipt, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok := func(err error) { t.Helper(); must(command.Receipt{}, err) }
	as := testrig.Meta
	everybody := []string{
		"assessor", "assessor-2", "reviewer", "reviewer-3", "reviewer-4", "reviewer-5", "reviewer-6",
		"center-" + a, "center-" + b, "district-310101", "organizer", "organizer-2", "auditor",
	}
	today := "2022-10-10"
	look := func(who rights.Actor, limit int) (found projections.AwaitingView) {
		t.Helper()
		rig.Wait(t)
		rig.Look(t, func(v *projections.View) {
			var err error
			if found, err = v.Awaiting(who, today, limit); err != nil {
				t.Fatal(err)
			}
		})
		return found
	}
	text := func(i projections.AwaitView) string {
		left := "?"
		if i.DaysLeftKnown {
			left = fmt.Sprint(i.DaysLeft)
		}
		if i.Due == "" {
			return fmt.Sprintf("%s %s×%d", i.Kind, i.Subject+i.Appeal, i.Records)
		}
		return fmt.Sprintf("%s %s by %s, %s left, overdue %v", i.Kind, i.Subject, i.Due, left, i.Overdue)
	}
	want := func(want map[string][]string) {
		t.Helper()
		got := make(map[string][]string)
		for _, account := range everybody {
			actor, err := testrig.People{}.Actor(ctx, account)
			ok(err)
			for _, item := range look(actor, 100).Items {
				if item.Since.Before(testrig.Day) || item.Round != round {
					t.Errorf("%s: %+v", account, item)
				}
				got[account] = append(got[account], text(item))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	same := func(what string, accounts ...string) map[string][]string {
		out := make(map[string][]string)
		for _, account := range accounts {
			out[account] = []string{what}
		}
		return out
	}
	with := func(into map[string][]string, what string, accounts ...string) map[string][]string {
		for _, account := range accounts {
			into[account] = append(into[account], what)
		}
		return into
	}
	reviewers := []string{"reviewer", "reviewer-3", "reviewer-4", "reviewer-5", "reviewer-6"}
	organizers := []string{"organizer", "organizer-2"}

	// A record up to its approval.
	must(c.OpenAssessment(ctx, as("organizer"), round, a))
	want(map[string][]string{})
	must(c.AssignAssessor(ctx, as("organizer"), round, a, "assessor", true))
	must(c.AssignAssessor(ctx, as("organizer"), round, a, "assessor-2", false))
	want(same("findings "+a+"×1", "assessor", "assessor-2"))
	must(c.RecuseAssessor(ctx, as("organizer"), round, a, "assessor-2", "亲属", false))
	want(same("findings "+a+"×1", "assessor"))
	must(c.RecordScores(ctx, as("assessor"), round, a, cast.Findings(testrig.Standard(t), "1.2.1")))
	must(c.Submit(ctx, as("assessor"), round, a))
	want(same("review "+a+"×1", reviewers...))
	for _, part := range []rights.Actor{ // who had a part in it, or is of it, and became a reviewer
		{Account: "assessor", Grants: []rights.Grant{{Role: rights.Reviewer}}},
		{Account: "assessor-2", Grants: []rights.Grant{{Role: rights.Reviewer}}},
		{Account: "reviewer-8", Grants: []rights.Grant{{Role: rights.Reviewer}, {Role: rights.Center, Subject: a}}},
	} {
		if got := look(part, 100); len(got.Items) > 0 {
			t.Errorf("%s may not review it: %+v", part.Account, got)
		}
	}
	must(c.ReturnAssessment(ctx, as("reviewer"), round, a, "请补充", nil))
	want(same("rework "+a+"×1", "assessor"))
	must(c.Submit(ctx, as("assessor"), round, a))
	must(c.Approve(ctx, as("reviewer"), round, a))
	want(same("notice ×1", organizers...))

	// A result, and an appeal against it.
	ok(cast.Assess(ctx, c, testrig.Standard(t), round, b, "1.1.1"))
	mayAppeal := "appeal " + b + " by 2022-10-17, 5 left, overdue false"
	want(with(same("notice ×1", organizers...), mayAppeal, "center-"+b))
	must(c.NotifyResult(ctx, as("organizer"), round, a))
	id, err := cast.File(ctx, c, round, b, "1.1.1")
	ok(err)
	today = "2022-10-17"
	lastDay := func(into map[string][]string) map[string][]string {
		for _, center := range []string{a, b} {
			with(into, "appeal "+center+" by 2022-10-17, 0 left, overdue false", "center-"+center)
		}
		return into
	}
	due := func(kind string) string { return kind + " " + b + " by 2022-10-24, 5 left, overdue false" }
	want(lastDay(same(due("panel"), organizers...)))
	must(c.NamePanel(ctx, as("organizer"), id, []string{"reviewer-3", "reviewer-4", "reviewer-6"}))
	want(lastDay(same(due("vote"), "reviewer-3", "reviewer-4", "reviewer-6")))
	must(c.CastVote(ctx, as("reviewer-3"), id, 20, "部分属实"))
	must(c.RecuseReviewer(ctx, as("organizer"), id, "reviewer-6", "亲属", true))
	want(lastDay(same(due("panel"), organizers...)))
	must(c.NamePanel(ctx, as("organizer"), id, cast.Panel))
	want(lastDay(same(due("vote"), cast.Panel...)))
	must(c.CastVote(ctx, as("reviewer-3"), id, 20, "部分属实"))
	must(c.CastVote(ctx, as("reviewer-4"), id, 20, "部分属实"))
	want(lastDay(same(due("vote"), "reviewer-5")))
	must(c.CastVote(ctx, as("reviewer-5"), id, 20, "部分属实"))
	want(lastDay(same(due("decision"), cast.Panel...)))
	today = "2022-10-25"
	want(with(same("decision "+b+" by 2022-10-24, 0 left, overdue true", cast.Panel...), "overdue "+b+" by 2022-10-24, 0 left, overdue true", organizers...))
	must(c.DecideAppeal(ctx, as("reviewer-3"), id, "合议认为"))
	today = "2022-10-14"
	want(map[string][]string{
		"center-" + a: {"appeal " + a + " by 2022-10-17, 1 left, overdue false"},
		"center-" + b: {"appeal " + b + " by 2022-10-17, 1 left, overdue false", "escalation " + b + " by 2022-10-17, 1 left, overdue false"},
	})
	must(c.EscalateAppeal(ctx, as("center-"+b), id, "仍有异议"))
	today = "2022-10-18"
	want(same("panel "+b+" by 2022-10-24, 4 left, overdue false", organizers...))

	// A reply, a release, and the end. A day of a year that nobody knows hides
	// nothing.
	must(c.WithdrawAppeal(ctx, as("center-"+b), id, "已沟通清楚"))
	must(c.FileReply(ctx, as("center-"+a), round, a, "已整改"))
	must(c.FileReply(ctx, as("center-"+b), round, b, "已整改，经办人张三"))
	want(with(same("moderation "+a+"×1", organizers...), "moderation "+b+"×1", organizers...))
	organizer := rights.Actor{Account: "organizer", Grants: []rights.Grant{{Role: rights.Organizer}}}
	few := look(organizer, 1)
	if len(few.Items) != 1 || fmt.Sprint(few.Counts) != "[{moderation 2}]" {
		t.Errorf("one of each kind: %+v", few)
	}
	must(c.RedactReply(ctx, as("organizer"), round, b, 1, "已整改", "含个人信息"))
	want(same("moderation "+a+"×1", organizers...))
	rig.Wait(t)
	must(c.Deliberate(ctx, as("organizer-2"), round, "会商一致同意"))
	want(with(same("moderation "+a+"×1", organizers...), "publication ×1", "organizer"))
	must(c.Publish(ctx, as("organizer"), round, "发布"))
	want(map[string][]string{})
	today = "2031-01-01"
	late, err := cast.File(ctx, c, round, a, "1.2.1")
	ok(err)
	want(with(same("overdue "+a+" by 2022-10-24, ? left, overdue true", organizers...), "panel "+a+" by 2022-10-24, ? left, overdue true", organizers...))
	must(c.WithdrawAppeal(ctx, as("center-"+a), late, "已沟通清楚"))
	today = "2022-10-10"
	must(c.CloseRound(ctx, as("organizer"), round, "结束"))
	want(map[string][]string{})
}

// BenchmarkAwaiting asks when all of a city's records were submitted, the most
// that awaits a reviewer, or are assigned.
func BenchmarkAwaiting(b *testing.B) {
	rig, ctx, cast := testrig.Start(b), testrig.Context(b), testrig.Names()
	rows := rig.Register(b, 1000)
	rig.OpenRound(b, "2022")
	scores := cast.Findings(testrig.Standard(b), "1.1.1")
	for _, row := range rows {
		rig.OpenAssessment(b, "2022", row.Code)
		_, err := rig.Commands.RecordScores(ctx, testrig.Meta("assessor"), "2022", row.Code, scores)
		if err == nil {
			_, err = rig.Commands.Submit(ctx, testrig.Meta("assessor"), "2022", row.Code)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	rig.Wait(b)
	for _, account := range []string{"assessor", "reviewer", "organizer", "center-" + rows[0].Code} {
		actor, err := testrig.People{}.Actor(ctx, account)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(string(actor.Grants[0].Role), func(b *testing.B) {
			rig.Look(b, func(v *projections.View) {
				for b.Loop() {
					if _, err := v.Awaiting(actor, "2022-10-10", 100); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
