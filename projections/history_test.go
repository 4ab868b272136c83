package projections_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// TestRandomHistories is the property that all else rests on: whatever was
// recorded, the read model says what the domain's fold of the log says, now, as
// of any event, and after a restart.
func TestRandomHistories(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rig := testrig.Start(t)
			player := rig.Player(t, seed, "2022", 12)
			player.Play(t, 600)
			if player.Done < 80 || player.Refused == 0 {
				t.Fatalf("a dull history: %d done, %d refused", player.Done, player.Refused)
			}
			ledger := testrig.CheckConsistent(t, rig)
			checkMoments(t, rig, ledger, player)
			checkPaging(t, ledger, rig.Log.Identity())

			if err := rig.Close(); err != nil {
				t.Fatal(err)
			}
			again := testrig.StartIn(t, rig.Dir)
			player.Rig = again
			player.Play(t, 50)
			testrig.CheckConsistent(t, again)
		})
	}
}

// checkMoments compares views of the past with folds of the log's prefixes.
func checkMoments(t *testing.T, rig *testrig.Rig, ledger *testrig.Ledger, player *testrig.Player) {
	t.Helper()
	for range 10 {
		asOf := 1 + player.Rand.IntN(len(ledger.Events))
		prefix := testrig.Fold(t, rig.Codec, ledger.Events[:asOf])
		rig.Look(t, func(v *projections.View) {
			for _, s := range player.Subjects {
				testrig.CheckAssessment(t, v, prefix, "2022", s.Code, int64(asOf))
			}
			testrig.CheckAppeals(t, v, prefix, int64(asOf))
		})
	}
}

// pagesOf cuts a log into pages, as a feed would.
func pagesOf(logID string, events []eventstore.Recorded, size int) []eventstore.Page {
	var pages []eventstore.Page
	page := eventstore.Page{LogID: logID}
	for _, e := range events {
		page.Events = append(page.Events, e)
		if len(page.Events) == size {
			pages = append(pages, page)
			page = eventstore.Page{LogID: logID, Prev: page.Last()}
		}
	}
	if len(page.Events) > 0 {
		pages = append(pages, page)
	}
	return pages
}

func openLocal(t testing.TB, logID string) *projections.Local {
	t.Helper()
	local, err := projections.OpenLocal(filepath.Join(t.TempDir(), "local.db"), logID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := local.Close(); err != nil {
			t.Error(err)
		}
	})
	return local
}

// checkPaging folds the same log in pages of several sizes, with and without
// restarts between them, to the same rows.
func checkPaging(t *testing.T, ledger *testrig.Ledger, logID string) {
	t.Helper()
	want := ""
	for _, c := range []struct {
		size    int
		restart bool
	}{{1, false}, {7, false}, {7, true}, {512, false}} {
		local := openLocal(t, logID)
		for _, page := range pagesOf(logID, ledger.Events, c.size) {
			if err := local.Fold(page); err != nil {
				t.Fatal(err)
			}
			if c.restart {
				if err := local.Reload(); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, err := local.Digest()
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("pages of %d, restart %t: digest %s, want %s", c.size, c.restart, got, want)
		}
	}
}

func TestGapIsRefusedAndReplayPassedOver(t *testing.T) {
	rig := testrig.Start(t)
	rig.Assessed(t, "2022", 2)
	events := rig.ReadLog(t)
	logID := rig.Log.Identity()
	pages := pagesOf(logID, events, 10)

	local := openLocal(t, logID)
	fold := func(p eventstore.Page) error { t.Helper(); return local.Fold(p) }
	if err := fold(pages[1]); !errors.Is(err, projections.ErrGap) {
		t.Fatalf("a page after a gap: %v, want %v", err, projections.ErrGap)
	}
	if head := local.Head(); head.Seq != 0 {
		t.Fatalf("a refused page moved the head to %+v", head)
	}
	foreign := pages[0]
	foreign.LogID = "another"
	if err := fold(foreign); !errors.Is(err, eventstore.ErrOtherLog) {
		t.Fatalf("a page of another log: %v, want %v", err, eventstore.ErrOtherLog)
	}
	for _, p := range pages {
		if err := fold(p); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := local.Digest()
	if err != nil {
		t.Fatal(err)
	}
	// A replay in other pages overlaps what was folded: only what is new counts.
	for _, p := range append(pages, pagesOf(logID, events, 7)...) {
		if err := fold(p); err != nil {
			t.Fatalf("a replayed page: %v", err)
		}
	}
	if replayed, err := local.Digest(); err != nil || replayed != whole {
		t.Errorf("a replay changed the read model (%v)", err)
	}

	overlapping := openLocal(t, logID)
	if err := overlapping.Fold(pages[0]); err != nil {
		t.Fatal(err)
	}
	if err := overlapping.Fold(eventstore.Page{LogID: logID, Events: events}); err != nil {
		t.Fatalf("a page that begins before the head and ends after it: %v", err)
	}
	if got, err := overlapping.Digest(); err != nil || got != whole {
		t.Errorf("an overlapping page gave another read model (%v)", err)
	}
}

func TestReleaseStandsStill(t *testing.T) {
	rig := testrig.Start(t)
	rows := rig.Assessed(t, "2022", 4)
	ctx := testrig.Context(t)
	c := rig.Commands
	if _, err := testrig.Publish(ctx, c, "2022", ""); err != nil {
		t.Fatal(err)
	}
	before := testrig.CheckConsistent(t, rig)
	size := before.Releases["2022"][0].LogSize
	type shown struct {
		rows       []projections.StandingView
		districts  []projections.DistrictStandingView
		assessment projections.AssessmentView
	}
	look := func() (s shown) {
		rig.Look(t, func(v *projections.View) {
			s.rows = testrig.All(t, func(first int, after string) (projections.Page[projections.StandingView], error) {
				return v.ReleaseRanking("2022", 1, projections.RankingQuery{First: first, After: after})
			}, 3)
			var err error
			if s.districts, err = v.ReleaseDistricts("2022", 1); err != nil {
				t.Fatal(err)
			}
			if s.assessment, err = v.Assessment("2022", rows[0].Code, size); err != nil {
				t.Fatal(err)
			}
		})
		return s
	}
	first := look()
	newest := func() domain.Points {
		var total domain.Points
		rig.Look(t, func(v *projections.View) {
			s, err := v.Standing("2022", rows[0].Code)
			if err != nil {
				t.Fatal(err)
			}
			total = s.Total
		})
		return total
	}
	before1 := newest()
	lost := assessment.Score{Clause: "1.1", Finding: assessment.Finding{
		Outcome: domain.Lost, Points: 1, Method: assessment.Documents, ObservedAt: testrig.Day, Reason: "更正",
	}}
	code := rows[0].Code
	var version int
	rig.Look(t, func(v *projections.View) {
		a, err := v.Assessment("2022", code, projections.Latest)
		if err != nil {
			t.Fatal(err)
		}
		for clause, e := range a.Entries {
			if ind := mustClause(t, clause).Indicator(); ind.Basis == domain.Deduct && e.Computed == "" {
				lost.Clause, version = clause, e.Version
				lost.Points = ind.Points
				if e.Outcome == domain.Lost {
					lost.Outcome, lost.Points = domain.Met, 0
				}
				break
			}
		}
	})
	if _, err := c.ReviseScore(ctx, testrig.Meta("assessor"), "2022", code, version, lost, "抄写有误"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ImposeDeduction(ctx, testrig.Meta("organizer"), "2022", code, assessment.DeductionImposed{
		Item: "8.1", Reason: "负面报道", Source: "媒体", OccurredOn: "2022-10-01",
	}); err != nil {
		t.Fatal(err)
	}
	testrig.CheckConsistent(t, rig)
	if newest() == before1 {
		t.Error("the newest standing does not show the revision")
	}
	if after := look(); fmt.Sprintf("%+v", after) != fmt.Sprintf("%+v", first) {
		t.Errorf("the release changed with what came after it:\n%+v\nbefore\n%+v", after, first)
	}
}

func mustClause(t *testing.T, code string) *domain.Clause {
	t.Helper()
	c, ok := testrig.Standard(t).Clause(code)
	if !ok {
		t.Fatalf("clause %s", code)
	}
	return c
}

// fixedResults is a count that was taken some time ago.
type fixedResults struct {
	command.Results
	approved int
	logSize  int64
}

func (f fixedResults) Approved(context.Context, string) (int, int64, error) {
	return f.approved, f.logSize, nil
}

func publish(t *testing.T, config command.Config) {
	t.Helper()
	commands, err := command.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := testrig.Publish(testrig.Context(t), commands, "2022", ""); err != nil {
		t.Fatal(err)
	}
}

// TestReleaseCoversItsLogSize records between the count and the event: what
// came after the log size is not in the release.
func TestReleaseCoversItsLogSize(t *testing.T) {
	rig := testrig.Start(t)
	rows := rig.Assessed(t, "2022", 3)
	ctx := testrig.Context(t)
	approved, size, err := rig.Model.Approved(ctx, "2022")
	if err != nil || approved != 3 {
		t.Fatalf("%d approved (%v), want 3", approved, err)
	}
	rng := rand.New(rand.NewPCG(9, 9))
	for _, row := range rows[:2] {
		if _, err := rig.Commands.ImposeDeduction(ctx, testrig.Meta(fmt.Sprint("organizer-", rng.IntN(9))), "2022", row.Code, assessment.DeductionImposed{
			Item: "8.2", Reason: "违纪", Source: "通报", OccurredOn: "2022-10-01",
		}); err != nil {
			t.Fatal(err)
		}
	}
	config := rig.CommandConfig()
	config.Results = fixedResults{approved: approved, logSize: size}
	publish(t, config)
	ledger := testrig.CheckConsistent(t, rig) // compares the release with the fold of its log size
	if got := ledger.Releases["2022"][0].LogSize; got != size {
		t.Errorf("log size %d, want %d", got, size)
	}
	rig.Look(t, func(v *projections.View) {
		for _, row := range rows {
			s, err := v.ReleaseStanding("2022", 1, row.Code)
			if err != nil {
				t.Fatal(err)
			}
			if s.Deduction != 0 || s.Status != assessment.SignedOff {
				t.Errorf("the release shows %s with %s deducted, %s", row.Code, s.Deduction, s.Status)
			}
		}
	})
}
