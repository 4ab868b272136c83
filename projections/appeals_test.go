package projections_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// TestRandomDisputes is TestRandomHistories for what follows a result: notices,
// appeals with panels, votes, decisions and escalations, corrections and
// replies, while records are still revised and releases made.
func TestRandomDisputes(t *testing.T) {
	seen := make(map[string]int)
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rig, player := disputed(t, seed, 700)
			ledger := testrig.CheckConsistent(t, rig)
			for _, e := range ledger.Events {
				seen[e.Type]++
			}
			checkMoments(t, rig, ledger, player)
			for range 5 {
				rig.Look(t, func(v *projections.View) {
					testrig.CheckStats(t, v, ledger, "2022", 1+player.Rand.Int64N(v.Head().Seq))
				})
			}
			checkPaging(t, ledger, rig.Log.Identity())
		})
	}
	for _, kind := range []string{
		"assessment.ResultNotified", "assessment.ScoreCorrected", "assessment.DeductionCorrected", "assessment.ReplyFiled", "assessment.ReplyRedacted",
		"appeal.Filed", "appeal.PanelNamed", "appeal.ReviewerRecused", "appeal.EvidenceAdded", "appeal.VoteCast", "appeal.Decided",
		"appeal.Escalated", "appeal.Extended", "appeal.Expired", "appeal.Withdrawn",
	} {
		if seen[kind] == 0 {
			t.Errorf("dull disputes: no %s", kind)
		}
	}
}

// disputed plays a round to its results, with a deduction for each center, and
// then disputes them in n commands.
func disputed(t *testing.T, seed uint64, n int) (*testrig.Rig, *testrig.Player) {
	t.Helper()
	rig := testrig.Start(t)
	player := rig.Player(t, seed, "2022", 6)
	ctx := testrig.Context(t)
	for i, s := range player.Subjects {
		rig.Assess(t, player.Rand, "2022", s.Code, s.Kind)
		if s.Kind == domain.Center {
			deduct(t, rig, s.Code, []string{"8.1", "8.2"}[i%2])
		}
		if err := rig.Notify(ctx, "2022", s.Code); err != nil {
			t.Fatal(err)
		}
	}
	player.Dispute(t, n)
	return rig, player
}

// deduct imposes an item on an approved center, which is approved anew.
func deduct(t *testing.T, rig *testrig.Rig, center, item string) {
	t.Helper()
	ctx := testrig.Context(t)
	if _, err := rig.Commands.ImposeDeduction(ctx, testrig.Meta("organizer"), "2022", center, assessment.DeductionImposed{
		Item: item, Reason: "负面报道", Source: "媒体", OccurredOn: "2022-09-01",
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := rig.Commands.Approve(ctx, testrig.Meta("reviewer"), "2022", center); err != nil {
		t.Fatal(err)
	}
}

// TestEffectsAddUp: whatever lies between two releases, or any two moments, the
// events that are told of move each total from the one to the other; and each
// moves it as it did when it was recorded.
func TestEffectsAddUp(t *testing.T) {
	rig, player := disputed(t, 11, 150)
	ctx := testrig.Context(t)
	for range 4 {
		if _, err := testrig.Publish(ctx, rig.Commands, "2022", "更正"); err != nil {
			t.Fatal(err)
		}
		player.Dispute(t, 120)
		for _, s := range player.Subjects {
			again(t, rig, player, s)
		}
	}
	ledger := testrig.CheckConsistent(t, rig) // checks what each release tells
	if n := len(ledger.Releases["2022"]); n < 4 {
		t.Fatalf("%d releases", n)
	}
	rig.Look(t, func(v *projections.View) {
		moved := 0
		for _, release := range ledger.Releases["2022"] {
			diff, err := v.ReleaseChanges("2022", release.Release)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range diff.Centers {
				moved += len(c.Changes)
			}
		}
		if moved < 10 {
			t.Errorf("dull releases: %d effects", moved)
		}
		head := v.Head().Seq
		for range 15 {
			from := 1 + player.Rand.Int64N(head)
			to := from + player.Rand.Int64N(head-from+1)
			checkRankingDiff(t, v, from, to)
			for _, s := range player.Subjects {
				checkAssessmentDiff(t, v, s, from, to)
			}
		}
	})
	rebuilt, err := rig.Model.Rebuild(ctx, nil)
	if err != nil || !rebuilt.Identical() {
		t.Errorf("rebuilt: %+v, %v", rebuilt, err)
	}
}

// again revises an entry of a record and has it approved anew, as far as its
// state allows.
func again(t *testing.T, rig *testrig.Rig, player *testrig.Player, s testrig.Subject) {
	t.Helper()
	ctx := testrig.Context(t)
	record, err := rig.Record(ctx, "2022", s.Code)
	if err != nil {
		t.Fatal(err)
	}
	scores := testrig.Findings(player.Rand, testrig.Standard(t), s.Kind)
	for range 1 + player.Rand.IntN(5) {
		score := scores[player.Rand.IntN(len(scores))]
		entry, ok := record.Entries[score.Clause]
		if !ok {
			continue
		}
		if _, err := rig.Commands.ReviseScore(ctx, testrig.Meta("assessor"), "2022", s.Code, entry.Version, score, "复查"); err != nil && !errors.Is(err, domain.ErrSuperseded) && !errors.Is(err, domain.ErrDecided) && !errors.Is(err, domain.ErrUnderAppeal) {
			t.Fatal(err)
		}
	}
	for _, lead := range []string{"assessor", "assessor-1", "assessor-2"} {
		if _, err := rig.Commands.Submit(ctx, testrig.Meta(lead), "2022", s.Code); err == nil {
			break
		}
	}
	if _, err := rig.Commands.Approve(ctx, testrig.Meta("reviewer"), "2022", s.Code); err != nil && !errors.Is(err, domain.ErrNotSubmitted) {
		t.Fatal(err)
	}
}

func checkRankingDiff(t *testing.T, v *projections.View, from, to int64) {
	t.Helper()
	diff, err := v.RankingDiff("2022", from, to)
	if err != nil {
		t.Fatal(err)
	}
	standing := func(center string, seq int64) (projections.StandingView, bool) {
		s, err := v.StandingAsOf("2022", center, seq)
		if err != nil && !errors.Is(err, projections.ErrNotFound) {
			t.Fatal(err)
		}
		return s, err == nil
	}
	listed := make(map[string]bool)
	for _, d := range diff.Centers {
		was, known := standing(d.Center.Code, from)
		is, still := standing(d.Center.Code, to)
		if known != (d.Before != nil) || !still || *d.After != is || (known && *d.Before != was) {
			t.Errorf("%s from %d to %d: %+v, %+v; want %+v, %+v", d.Center.Code, from, to, d.Before, d.After, was, is)
		}
		testrig.CheckEffects(t, d.Center.Code, was.Total, is.Total, known, d.Changes)
		for _, c := range d.Changes {
			before, _ := standing(d.Center.Code, c.Seq-1)
			after, _ := standing(d.Center.Code, c.Seq)
			if c.Total != after.Total || c.Effect != after.Total-before.Total || c.Effect == 0 {
				t.Errorf("%s: event %d moved it from %s to %s, told as %+v", d.Center.Code, c.Seq, before.Total, after.Total, c)
			}
		}
		listed[d.Center.Code] = true
	}
	page, err := v.RankingAsOf(projections.RankingQuery{Round: "2022"}, to)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range page.Items {
		if was, known := standing(s.Center.Code, from); !listed[s.Center.Code] && (!known || was != s) {
			t.Errorf("%s moved between %d and %d: %+v, %+v", s.Center.Code, from, to, was, s)
		}
	}
}

func checkAssessmentDiff(t *testing.T, v *projections.View, s testrig.Subject, from, to int64) {
	t.Helper()
	after, err := v.Assessment("2022", s.Code, to)
	diff, diffErr := v.AssessmentDiff("2022", s.Code, from, to)
	if err != nil {
		if !errors.Is(err, projections.ErrNotFound) || !errors.Is(diffErr, projections.ErrNotFound) {
			t.Errorf("%s at %d: %v, its diff %v", s.Code, to, err, diffErr)
		}
		return
	}
	if diffErr != nil {
		t.Fatal(diffErr)
	}
	before, err := v.Assessment("2022", s.Code, diff.From)
	if err != nil || diff.From < from {
		t.Fatalf("%s from %d: %v", s.Code, diff.From, err)
	}
	if !reflect.DeepEqual(diff.Before, before.Score) || !reflect.DeepEqual(diff.After, after.Score) {
		t.Errorf("%s from %d to %d: scores %s, %s; want %s, %s", s.Code, from, to, diff.Before.Total, diff.After.Total, before.Score.Total, after.Score.Total)
	}
	testrig.CheckEffects(t, s.Code, before.Score.Total, after.Score.Total, true, diff.Changes)
}

// TestRankingsOfThePast compares the ranking as of many moments with what the
// live one was then.
func TestRankingsOfThePast(t *testing.T) {
	rig := testrig.Start(t)
	player := rig.Player(t, 5, "2022", 12)
	type shown struct {
		rows      []projections.StandingView
		districts []projections.DistrictStandingView
	}
	live := make(map[int64]shown)
	for range 40 {
		player.Play(t, 15)
		rig.Wait(t)
		rig.Look(t, func(v *projections.View) {
			districts, err := v.DistrictRanking("2022")
			if err != nil {
				t.Fatal(err)
			}
			live[v.Head().Seq] = shown{testrig.All(t, func(first int, after string) (projections.Page[projections.StandingView], error) {
				return v.Ranking(projections.RankingQuery{Round: "2022", First: first, After: after})
			}, 100), districts}
		})
	}
	check := func(v *projections.View) {
		for seq, want := range live {
			for _, size := range []int{100, 4} {
				rows := testrig.All(t, func(first int, after string) (projections.Page[projections.StandingView], error) {
					return v.RankingAsOf(projections.RankingQuery{Round: "2022", First: first, After: after}, seq)
				}, size)
				if !slices.Equal(rows, want.rows) {
					t.Errorf("ranking at %d:\n%+v\nit was\n%+v", seq, rows, want.rows)
				}
			}
			districts, err := v.DistrictRankingAsOf("2022", seq)
			if err != nil || !slices.Equal(districts, want.districts) {
				t.Errorf("districts at %d: %+v, %v; they were %+v", seq, districts, err, want.districts)
			}
			for _, q := range []projections.RankingQuery{{District: "310101"}, {Search: "街道"}, {Search: "310101"}, {Search: "nowhere"}} {
				q.Round = "2022"
				page, err := v.RankingAsOf(q, seq)
				matches := slices.DeleteFunc(slices.Clone(want.rows), func(s projections.StandingView) bool {
					return (q.District != "" && s.Center.District != q.District) ||
						(!strings.Contains(s.Center.Name, q.Search) && !strings.Contains(s.Center.Code, q.Search))
				})
				if err != nil || !slices.Equal(page.Items, matches) || page.Total != len(matches) {
					t.Errorf("%+v at %d: %d rows, %v; want %d", q, seq, len(page.Items), err, len(matches))
				}
			}
		}
		if _, err := v.RankingAsOf(projections.RankingQuery{Round: "2022"}, v.Head().Seq+1); !errors.Is(err, projections.ErrBehind) {
			t.Errorf("a ranking of the future: %v, want %v", err, projections.ErrBehind)
		}
		if _, err := v.RankingAsOf(projections.RankingQuery{Round: "2022", After: "x"}, 10); !errors.Is(err, projections.ErrCursor) {
			t.Errorf("a cursor of another list: %v, want %v", err, projections.ErrCursor)
		}
	}
	rig.Look(t, check)
	if rebuilt, err := rig.Model.Rebuild(testrig.Context(t), nil); err != nil || !rebuilt.Identical() {
		t.Errorf("rebuilt: %+v, %v", rebuilt, err)
	}
	rig.Look(t, check)
}
