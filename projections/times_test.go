package projections_test

import (
	"errors"
	"testing"
	"time"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// TestMomentsByTimeAndPosition compares the search for moments with looking at
// every event of the trail. The clock is set back in between, as happens, over
// more than a block of events.
func TestMomentsByTimeAndPosition(t *testing.T) {
	rig := testrig.Start(t)
	rig.Look(t, func(v *projections.View) {
		if seq, err := v.SeqAt(testrig.Day.AddDate(9, 0, 0)); err != nil || seq != 0 {
			t.Errorf("an empty log has event %d by then, %v", seq, err)
		}
	})
	rig.Assessed(t, "2022", 15)
	if err := rig.Close(); err != nil {
		t.Fatal(err)
	}
	rig = testrig.StartIn(t, rig.Dir) // its clock starts again
	player := rig.Player(t, 4, "2023", 6)
	player.Play(t, 60)
	rig.Pass(30)
	player.Play(t, 60)
	rig.Wait(t)
	rig.Look(t, func(v *projections.View) { checkSeqs(t, v) })
	if rebuilt, err := rig.Model.Rebuild(testrig.Context(t), nil); err != nil || !rebuilt.Identical() {
		t.Errorf("rebuilt: %+v, %v", rebuilt, err)
	}
}

func checkSeqs(t *testing.T, v *projections.View) {
	t.Helper()
	trail := testrig.All(t, func(first int, after string) (projections.Page[projections.TrailView], error) {
		return v.Trail(projections.TrailQuery{First: first, After: after})
	}, 100)
	if len(trail) < 3*256 {
		t.Fatalf("a trail of %d events is too short", len(trail))
	}
	back := false
	for i, e := range trail {
		back = back || (i > 0 && e.At.Before(trail[i-1].At))
		for _, at := range []time.Time{e.At, e.At.Add(-time.Millisecond)} {
			var want int64
			for _, other := range trail {
				if !other.At.After(at) {
					want = other.Seq
				}
			}
			if seq, err := v.SeqAt(at); err != nil || seq != want {
				t.Fatalf("by %s: event %d, %v; want %d", at, seq, err, want)
			}
		}
		for position, want := range map[eventstore.Position]int64{e.Position: e.Seq, e.Position - 1: e.Seq - 1} {
			if seq, err := v.SeqOf(position); err != nil || seq != want {
				t.Fatalf("position %s: event %d, %v; want %d", position, seq, err, want)
			}
		}
	}
	if !back {
		t.Error("the clock was never set back")
	}
	if _, err := v.SeqOf(v.Head().Position + 1); !errors.Is(err, projections.ErrBehind) {
		t.Errorf("a position to come: %v, want %v", err, projections.ErrBehind)
	}
}

// TestObservedAxis: what was seen late does not show by an earlier day, however
// early it was typed; what was typed late does.
func TestObservedAxis(t *testing.T) {
	rig := testrig.Start(t)
	code := rig.Register(t, 1)[0].Code
	rig.OpenRound(t, "2022")
	rig.OpenAssessment(t, "2022", code)
	ctx := testrig.Context(t)
	lost := func(clause string, points int64, seen int) assessment.Score {
		return assessment.Score{Clause: clause, Finding: assessment.Finding{
			Outcome: domain.Lost, Points: domain.Points(100 * points), Method: assessment.SiteVisit, Reason: "现场发现不符合",
			ObservedAt: testrig.Day.AddDate(0, 0, seen-10),
		}}
	}
	if _, err := rig.Commands.RecordScores(ctx, testrig.Meta("assessor"), "2022", code, []assessment.Score{lost("1.1.1", 1, 1), lost("1.1.2", 1, 5)}); err != nil {
		t.Fatal(err)
	}
	rig.Wait(t)
	var first int64
	rig.Look(t, func(v *projections.View) { first = v.Head().Seq })
	if _, err := rig.Commands.ReviseScore(ctx, testrig.Meta("assessor"), "2022", code, 1, lost("1.1.1", 2, 3), ""); err != nil {
		t.Fatal(err)
	}
	rig.Wait(t)
	rig.Look(t, func(v *projections.View) {
		for _, c := range []struct {
			name    string
			asOf    int64
			day     int
			entries map[string]int // version by clause
			lost    int64
		}{
			{"before anything was seen", projections.Latest, 0, map[string]int{}, 0},
			{"first visit", projections.Latest, 1, map[string]int{"1.1.1": 1}, 1},
			{"second visit", projections.Latest, 3, map[string]int{"1.1.1": 2}, 2},
			{"second visit, before it was typed", first, 3, map[string]int{"1.1.1": 1}, 1},
			{"last visit", projections.Latest, 5, map[string]int{"1.1.1": 2, "1.1.2": 1}, 3},
		} {
			a, err := v.AssessmentObserved("2022", code, c.asOf, testrig.Day.AddDate(0, 0, c.day-10))
			if err != nil {
				t.Fatal(err)
			}
			full := a.Score.Indicators[0].Indicator.Points
			if got := full - a.Score.Indicators[0].Score; int64(got) != 100*c.lost || len(a.Entries) != len(c.entries) || a.Score.Decided != len(c.entries)+1 {
				t.Errorf("%s: lost %s with %d entries (%d decided), want %d.00 with %v", c.name, got, len(a.Entries), a.Score.Decided, c.lost, c.entries)
			}
			for clause, version := range c.entries {
				if e := a.Entries[clause]; e.Version != version || e.Replaced != 0 {
					t.Errorf("%s: %s shows %+v, want version %d", c.name, clause, e, version)
				}
			}
		}
	})
}
