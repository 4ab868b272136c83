package projections_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// TestProgress counts a small round by hand: two districts and three centers,
// of which the last stays unopened.
func TestProgress(t *testing.T) {
	rig := testrig.Start(t)
	ctx, must := testrig.Context(t), func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(rig.Commands.RegisterDistrict(ctx, testrig.Meta("organizer"), "310101", "黄浦区"))
	must(rig.Commands.RegisterDistrict(ctx, testrig.Meta("organizer"), "310104", "徐汇区"))
	for _, code := range []string{"310101002", "310101013", "310104003"} {
		must(rig.Commands.RegisterCenter(ctx, testrig.Meta("organizer"), code, code[:6], code[6:]+"街道", true))
	}
	rig.OpenRound(t, "r")
	met := func(kind domain.SubjectKind, n int) (scores []assessment.Score) {
		for _, c := range testrig.Standard(t).Clauses() {
			if i := c.Indicator(); i.Subject == kind && !i.Honors && len(scores) < n {
				outcome := domain.Met
				if i.Basis == domain.Award {
					outcome = domain.Awarded
				}
				f := assessment.Finding{Outcome: outcome, Method: assessment.SiteVisit, ObservedAt: testrig.Day}
				if outcome == domain.Met {
					testrig.Count(c, &f)
				}
				scores = append(scores, assessment.Score{Clause: c.Code, Finding: f})
			}
		}
		return scores
	}
	assess := func(subject string, scores []assessment.Score) {
		t.Helper()
		rig.OpenAssessment(t, "r", subject)
		must(rig.Commands.RecordScores(ctx, testrig.Meta("assessor"), "r", subject, scores))
	}
	assess("310101", met(domain.District, 1)) // 7.3, which is all that judges a district
	assess("310101002", met(domain.Center, 99))
	must(rig.Commands.Submit(ctx, testrig.Meta("assessor"), "r", "310101002"))
	must(rig.Commands.Approve(ctx, testrig.Meta("reviewer"), "r", "310101002"))
	assess("310101013", met(domain.Center, 3))
	rig.Wait(t)
	want := projections.ProgressView{
		Round: "r",
		// 47 clauses of the first; of the second 3, 7.3 by its district, and 7.2
		// without a claim that waits.
		Centers:   projections.Tally{All: 3, NotOpened: 1, InWork: 1, Approved: 1, Complete: 1, Decided: 47 + 3 + 2, Clauses: 3 * 47},
		Districts: projections.Tally{All: 2, NotOpened: 1, InWork: 1, Complete: 1, Decided: 1, Clauses: 2},
	}
	rig.Look(t, func(v *projections.View) {
		got, err := v.Progress("r")
		if err != nil || got != want {
			t.Errorf("%v\n%s", err, cmp.Diff(want, got))
		}
		if _, err := v.Progress("elsewhere"); !errors.Is(err, projections.ErrNotFound) {
			t.Errorf("a round that is not there: %v", err)
		}
	})
	must(rig.Commands.CloseRound(ctx, testrig.Meta("organizer"), "r", "评估结束"))
	rig.Wait(t)
	rig.Look(t, func(v *projections.View) {
		if got, err := v.Progress("r"); err != nil || !got.Closed {
			t.Errorf("closed: %+v, %v", got, err)
		}
	})
}

// TestStampsMoveWithAssessments: whatever happens, an assessment that looks
// different has another stamp; and progress is what the assessments say.
func TestStampsMoveWithAssessments(t *testing.T) {
	t.Run("scores", func(t *testing.T) {
		rig := testrig.Start(t)
		player := rig.Player(t, 7, "r", 4)
		stampsMove(t, rig, player, func() { player.Play(t, 1) })
	})
	t.Run("appeals", func(t *testing.T) {
		rig, player := disputed(t, 7, 0)
		stampsMove(t, rig, player, func() { player.Dispute(t, 1) })
	})
}

func stampsMove(t *testing.T, rig *testrig.Rig, player *testrig.Player, step func()) {
	t.Helper()
	type shown struct {
		stamp projections.Stamp
		view  projections.AssessmentView
	}
	last := map[string]shown{}
	moved := 0
	for range 250 {
		step()
		rig.Wait(t)
		rig.Look(t, func(v *projections.View) {
			var tallies projections.ProgressView
			for _, s := range player.Subjects {
				stamp, err := v.AssessmentStamp(player.Round, s.Code)
				if err != nil {
					t.Fatal(err)
				}
				view, err := v.Assessment(player.Round, s.Code, projections.Latest)
				if err != nil && !errors.Is(err, projections.ErrNotFound) {
					t.Fatal(err)
				}
				if stamp.Opened != (err == nil) {
					t.Fatalf("%s: stamp %+v, and %v", s.Code, stamp, err)
				}
				before := last[s.Code]
				same := cmp.Equal(before.view, view, cmpopts.IgnoreTypes(domain.Score{})) && before.view.Score.Total == view.Score.Total
				if !same && stamp == before.stamp {
					t.Fatalf("%s changed and its stamp is still %+v", s.Code, stamp)
				}
				if stamp != before.stamp {
					moved++
				}
				last[s.Code] = shown{stamp, view}
				if s.Kind == domain.Center && stamp.Opened {
					tallies.Centers.Decided += view.Score.Decided
				}
			}
			progress, err := v.Progress(player.Round)
			if err != nil || progress.Centers.Decided != tallies.Centers.Decided {
				t.Fatalf("progress %+v, %v; the assessments have %d clauses with a finding", progress, err, tallies.Centers.Decided)
			}
		})
	}
	if moved < 20 {
		t.Errorf("a dull history: %d stamps moved", moved)
	}
}
