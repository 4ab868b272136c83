package projections_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// dispute is a center with an approved result of which it was notified, and an
// appeal against what it lost on one clause and against its deduction.
type dispute struct {
	*testrig.Rig
	center  string
	entry   string // ids of the appeals
	penalty string
	clause  string
}

func startDispute(t *testing.T) dispute {
	t.Helper()
	rig := testrig.Start(t)
	d := dispute{Rig: rig, center: rig.Assessed(t, "2022", 2)[0].Code}
	deduct(t, rig, d.center, "8.2")
	ctx := testrig.Context(t)
	if err := rig.Notify(ctx, "2022", d.center); err != nil {
		t.Fatal(err)
	}
	record, err := rig.Record(ctx, "2022", d.center)
	if err != nil {
		t.Fatal(err)
	}
	for _, clause := range testrig.Standard(t).Clauses() {
		if record.Entries[clause.Code].Finding.Outcome == domain.Lost {
			d.clause = clause.Code
			break
		}
	}
	if d.entry, err = rig.FileAppeal(ctx, "2022", d.center, assessment.Target{Clause: d.clause}, 1, appeal.Fact, strings.Repeat("9f", 32)); err != nil {
		t.Fatal(err)
	}
	if d.penalty, err = rig.FileAppeal(ctx, "2022", d.center, assessment.Target{Deduction: 1}, 1, appeal.Procedure); err != nil {
		t.Fatal(err)
	}
	return d
}

// appealOf is an appeal as it is on the log.
func (d dispute) appealOf(t *testing.T, id string) (a *appeal.Appeal) {
	t.Helper()
	if err := d.OnAppeal(testrig.Context(t), "system", id, "2022", d.center, nil, func(now *appeal.Appeal, _ domain.Stamp) ([]domain.Event, error) {
		a = now
		return nil, nil
	}); err != nil {
		t.Fatal(err)
	}
	return a
}

// decide has a panel restore part of what was lost, and carries it out.
func (d dispute) decide(t *testing.T, id string, restored func(lost domain.Points) domain.Points, panel ...string) {
	t.Helper()
	ctx := testrig.Context(t)
	a := d.appealOf(t, id)
	if err := d.NamePanel(ctx, a, panel...); err != nil {
		t.Fatal(err)
	}
	for _, member := range panel {
		if err := d.Vote(ctx, a.Filed, member, restored(a.Filed.Lost)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(d.Decide(ctx, a.Filed, panel[0]), d.Correct(ctx, d.appealOf(t, id))); err != nil {
		t.Fatal(err)
	}
}

func all(lost domain.Points) domain.Points { return lost }

// TestPendingKeepsItsValue: what is under appeal is marked and counts as it was
// notified, in a release too and for ever; the decision moves the total, once.
func TestPendingKeepsItsValue(t *testing.T) {
	d := startDispute(t)
	ctx := testrig.Context(t)
	if _, err := testrig.Publish(ctx, d.Commands, "2022", ""); err != nil {
		t.Fatal(err)
	}
	d.decide(t, d.entry, all, "reviewer-1", "reviewer-2", "reviewer-3")
	d.decide(t, d.penalty, func(lost domain.Points) domain.Points { return lost - 500 }, "reviewer-1", "reviewer-2", "reviewer-3")
	if _, err := testrig.Publish(ctx, d.Commands, "2022", "申诉决定"); err != nil {
		t.Fatal(err)
	}
	ledger := testrig.CheckConsistent(t, d.Rig)
	at := func(release int) int64 { return ledger.Releases["2022"][release-1].LogSize }
	d.Look(t, func(v *projections.View) {
		first, err1 := v.Assessment("2022", d.center, at(1))
		second, err2 := v.Assessment("2022", d.center, at(2))
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		before, after := first.Entries[d.clause], second.Entries[d.clause]
		if !before.Pending || before.Against != d.entry || before.Appeal != "" || before.Points == 0 {
			t.Errorf("in release 1 the entry is %+v", before)
		}
		if after.Pending || after.Against != d.entry || after.Appeal != d.entry || after.Outcome != domain.Met || after.Version != before.Version+1 ||
			after.Method != before.Method || !after.ObservedAt.Equal(before.ObservedAt) || after.Reason != before.Reason || after.Why != "合议认为" {
			t.Errorf("in release 2 the entry is %+v, before the decision %+v", after, before)
		}
		if x := first.Deductions[0]; !x.Pending || x.Against != d.penalty || x.Standing() != "8.2" || x.Corrected != nil {
			t.Errorf("in release 1 the deduction is %+v", x)
		}
		if x := second.Deductions[0]; x.Pending || x.Item != "8.2" || x.Standing() != "8.1" || x.Corrected == nil || x.Corrected.Appeal != d.penalty {
			t.Errorf("in release 2 the deduction is %+v", x)
		}
		if second.Score.Deduction != 500 || first.Score.Deduction != 1500 {
			t.Errorf("deducted %s, then %s", first.Score.Deduction, second.Score.Deduction)
		}
		pending, err := v.PendingAppeals("2022", at(1))
		if err != nil || len(pending) != 1 || pending[d.center] != 2 {
			t.Errorf("pending in release 1: %v, %v", pending, err)
		}
		diff, err := v.ReleaseChanges("2022", 2)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(diff.Centers, func(c projections.CenterDiff) bool { return c.Center.Code == d.center })
		if i < 0 || len(diff.Centers[i].Changes) != 2 {
			t.Fatalf("release 2 changes %+v", diff.Centers)
		}
		entry, deduction := diff.Centers[i].Changes[0], diff.Centers[i].Changes[1]
		if entry.Type != "assessment.ScoreCorrected" || entry.Clause != d.clause || entry.Appeal != d.entry || entry.Subject != d.center || entry.Effect != before.Points {
			t.Errorf("the first effect is %+v, want %s", entry, before.Points)
		}
		if deduction.Type != "assessment.DeductionCorrected" || deduction.Deduction != 1 || deduction.Appeal != d.penalty || deduction.Effect != 1000 {
			t.Errorf("the second effect is %+v, want 10.00", deduction)
		}
		history, err := v.EntryHistory("2022", d.center, d.clause)
		if err != nil || len(history) != 2 || history[1].Appeal != d.entry || history[0].Replaced != history[1].Seq {
			t.Errorf("history %+v, %v", history, err)
		}
	})
	if rebuilt, err := d.Model.Rebuild(ctx, nil); err != nil || !rebuilt.Identical() {
		t.Errorf("rebuilt: %+v, %v", rebuilt, err)
	}
}

// TestAppealLists asks for appeals in each way, as the people do who work on
// them.
func TestAppealLists(t *testing.T) {
	d := startDispute(t)
	ctx := testrig.Context(t)
	d.Wait(t)
	var filed int64
	d.Look(t, func(v *projections.View) { filed = v.Head().Seq })
	panel := []string{"reviewer-1", "reviewer-2", "reviewer-3"}
	d.decide(t, d.entry, func(lost domain.Points) domain.Points { return 0 }, panel...)
	if err := errors.Join(
		d.OnAppeal(ctx, "center-"+d.center, d.entry, "2022", d.center, nil, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
			return a.Escalate(by, "对决定不服", "2022-10-31", strings.Repeat("0", 64))
		}),
		d.NamePanel(ctx, d.appealOf(t, d.entry), "reviewer-4", "reviewer-5", "reviewer-6"),
		d.NamePanel(ctx, d.appealOf(t, d.penalty), panel...),
		d.OnAppeal(ctx, "reviewer-2", d.penalty, "2022", d.center, testrig.Sealed{"member": "reviewer-2"}, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
			return a.Recuse(by, by.By, "亲属在该中心任职", false)
		}),
	); err != nil {
		t.Fatal(err)
	}
	testrig.CheckConsistent(t, d.Rig)
	d.Look(t, func(v *projections.View) {
		both := []string{d.entry, d.penalty}
		for name, c := range map[string]struct {
			q    projections.AppealQuery
			want []string
		}{
			"all":                         {projections.AppealQuery{}, both},
			"of the round":                {projections.AppealQuery{Round: "2022"}, both},
			"of another round":            {projections.AppealQuery{Round: "2021"}, nil},
			"of the subject":              {projections.AppealQuery{Round: "2022", Subject: d.center}, both},
			"of its district":             {projections.AppealQuery{District: d.center[:6]}, both},
			"of another district":         {projections.AppealQuery{District: "310999"}, nil},
			"on the clause":               {projections.AppealQuery{Clause: d.clause}, []string{d.entry}},
			"on the item":                 {projections.AppealQuery{Clause: "8.2"}, []string{d.penalty}},
			"by ground":                   {projections.AppealQuery{Ground: appeal.Procedure}, []string{d.penalty}},
			"by status":                   {projections.AppealQuery{Status: appeal.InHearing}, both},
			"open":                        {projections.AppealQuery{Open: true}, both},
			"decided":                     {projections.AppealQuery{Status: appeal.IsDecided}, nil},
			"of a member":                 {projections.AppealQuery{Member: "reviewer-1"}, both},
			"of the second panel":         {projections.AppealQuery{Member: "reviewer-5"}, []string{d.entry}},
			"of who was recused":          {projections.AppealQuery{Member: "reviewer-2"}, []string{d.entry}},
			"of a member before":          {projections.AppealQuery{Member: "reviewer-1", AsOf: filed}, nil},
			"waiting for a panel, before": {projections.AppealQuery{Status: appeal.Waiting, AsOf: filed}, both},
			"before the second":           {projections.AppealQuery{AsOf: filed - 1}, []string{d.entry}},
		} {
			page, err := v.Appeals(c.q)
			var got []string
			for _, a := range page.Items {
				got = append(got, a.Appeal)
			}
			if err != nil || !slices.Equal(got, c.want) || page.Total != len(c.want) {
				t.Errorf("%s: %v (%d), %v; want %v", name, got, page.Total, err, c.want)
			}
		}
		for account, want := range map[string][3]bool{ // on the entry's panel, on the penalty's, hears one of the two
			"reviewer-1": {false, true, true}, "reviewer-2": {false, false, false}, "reviewer-4": {true, false, true}, "reviewer-9": {false, false, false},
		} {
			entry, err1 := v.OnPanel(d.entry, account)
			penalty, err2 := v.OnPanel(d.penalty, account)
			hears, err3 := v.Hears("2022", d.center, account)
			if err := errors.Join(err1, err2, err3); err != nil || [3]bool{entry, penalty, hears} != want {
				t.Errorf("%s: on the panels %t, %t, hears %t, %v; want %v", account, entry, penalty, hears, err, want)
			}
		}
		id, status, n, err := v.AppealOf("2022", d.center, assessment.Target{Clause: d.clause})
		if err != nil || id != d.entry || status != appeal.InHearing || n != 1 {
			t.Errorf("appeal on %s: %s, %s, %d, %v", d.clause, id, status, n, err)
		}
		if id, _, n, err := v.AppealOf("2022", d.center, assessment.Target{Deduction: 2}); err != nil || id != "" || n != 0 {
			t.Errorf("appeal on what was never deducted: %s, %d, %v", id, n, err)
		}
		if _, err := v.Appeal(d.penalty, filed-1); !errors.Is(err, projections.ErrNotFound) {
			t.Errorf("an appeal before it was filed: %v, want %v", err, projections.ErrNotFound)
		}
		last := d.appealOf(t, d.penalty).DecideBy
		for before, want := range map[string][]string{last: nil, "2022-10-31": {d.penalty}, "2022-11-01": both} {
			if ids, err := v.OpenAppeals(before); err != nil || !slices.Equal(ids, want) {
				t.Errorf("due before %s: %v, %v; want %v", before, ids, err, want)
			}
		}
		records, err := v.EvidenceOf(strings.Repeat("9f", 32))
		if err != nil || len(records) != 1 || records[0].Subject != d.center {
			t.Errorf("the appeal's evidence belongs to %+v, %v", records, err)
		}
	})
}

// TestStatsNeedTheirDays: working days are counted by the newest calendar of
// the round's, whatever hash it pinned; without the year there is no guess.
func TestStatsNeedTheirDays(t *testing.T) {
	d := startDispute(t)
	d.Pass(9)
	d.decide(t, d.entry, all, "reviewer-1", "reviewer-2", "reviewer-3")
	d.Wait(t)
	d.Look(t, func(v *projections.View) {
		stats, err := v.AppealStats("2022", projections.Latest)
		// From Monday, 10 October to Wednesday, 19 October 2022: seven working days.
		if err != nil || stats.Days.Count != 1 || stats.Days.Sum != 7 || stats.Days.Median.Round() != 700 || stats.Open != 1 || stats.Upheld != 1 {
			t.Errorf("%+v, %v", stats, err)
		}
	})
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	log, err := eventstore.Open(testrig.Context(t), testrig.LogConfig(d.Dir))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	config := d.ModelConfig()
	config.Log = log
	config.Calendars = func(id string) (*criteria.Calendar, error) {
		cn, err := criteria.LookupCalendar(id)
		if err != nil {
			return nil, err
		}
		later := *cn.Calendar
		later.From = 2023
		return &criteria.Calendar{Calendar: &later, Hash: "another"}, nil
	}
	model, err := projections.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	v, err := model.View(testrig.Context(t))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.AppealStats("2022", projections.Latest); !errors.Is(err, domain.ErrCalendarYear) {
		t.Errorf("days of a year that the calendar lacks: %v, want %v", err, domain.ErrCalendarYear)
	}
}

// TestHonorTwins: the same honor is found however it was typed, until it is
// withdrawn or rejected.
func TestHonorTwins(t *testing.T) {
	rig := testrig.Start(t)
	rows := rig.Register(t, 3)
	rig.OpenRound(t, "2022")
	ctx := testrig.Context(t)
	for i, title := range []string{"上海市 五一劳动奖状（ABC）", "  上海市\u3000五一劳动奖状(ａｂｃ) "} {
		rig.OpenAssessment(t, "2022", rows[i].Code)
		if _, err := rig.Commands.ClaimHonor(ctx, testrig.Meta("center-"+rows[i].Code), "2022", rows[i].Code, assessment.HonorClaimed{
			Title: title, Level: assessment.Municipal, Issuer: "上海市总工会", AwardedOn: "2022-05-01", Document: strings.Repeat("2c", 32),
			With: []string{rows[1-i].Code},
		}); err != nil {
			t.Fatal(err)
		}
	}
	twins := func(title, day, subject string) (found []string) {
		rig.Wait(t)
		rig.Look(t, func(v *projections.View) {
			claims, err := v.HonorTwins("2022", title, "上海市总工会 ", day, subject)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range claims {
				found = append(found, c.Subject+" with "+strings.Join(c.With, " "))
			}
		})
		return found
	}
	a, b := rows[0].Code, rows[1].Code
	for _, c := range []struct {
		title, day, subject string
		want                []string
	}{
		{"上海市 五一劳动奖状(abc)", "2022-05-01", rows[2].Code, []string{a + " with " + b, b + " with " + a}},
		{"上海市 五一劳动奖状(abc)", "2022-05-01", a, []string{b + " with " + a}},
		{"上海市 五一劳动奖状(abc)", "2022-05-02", a, nil},
		{"上海市 五一劳动奖章(abc)", "2022-05-01", a, nil},
	} {
		if got := twins(c.title, c.day, c.subject); !slices.Equal(got, c.want) {
			t.Errorf("%s of %s, asked by %s: %v, want %v", c.title, c.day, c.subject, got, c.want)
		}
	}
	if _, err := rig.Commands.WithdrawHonor(ctx, testrig.Meta("center-"+b), "2022", b, 1, "材料有误"); err != nil {
		t.Fatal(err)
	}
	if _, err := rig.Commands.RejectHonor(ctx, testrig.Meta("reviewer"), "2022", a, 1, "不在范围"); err != nil {
		t.Fatal(err)
	}
	if got := twins("上海市 五一劳动奖状(abc)", "2022-05-01", rows[2].Code); got != nil {
		t.Errorf("after a withdrawal and a rejection: %v", got)
	}
	testrig.CheckConsistent(t, rig)
}

// TestDistrictsMoveTheirCenters: what is recorded of a district between two
// releases moves each of its centers, and it is the revision that does, not
// that the sign-off was void until the next one; a district that is signed off
// for the first time moves them by its sign-off.
func TestDistrictsMoveTheirCenters(t *testing.T) {
	rig := testrig.Start(t)
	rows := rig.Register(t, 3)
	district := rows[0].DistrictCode
	rig.OpenRound(t, "2022")
	ctx, c := testrig.Context(t), rig.Commands
	rng := rand.New(rand.NewPCG(1, 1))
	for _, row := range rows {
		rig.Assess(t, rng, "2022", row.Code, domain.Center)
	}
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	finding := func(points domain.Points) assessment.Score {
		return assessment.Score{Clause: "7.3", Finding: assessment.Finding{
			Outcome: domain.Awarded, Points: points, Method: assessment.Documents, ObservedAt: testrig.Day, Reason: "更正",
		}}
	}
	must(testrig.Publish(ctx, c, "2022", ""))
	rig.OpenAssessment(t, "2022", district)
	must(c.RecordScores(ctx, testrig.Meta("assessor"), "2022", district, []assessment.Score{finding(200)}))
	must(c.Submit(ctx, testrig.Meta("assessor"), "2022", district))
	must(c.Approve(ctx, testrig.Meta("reviewer"), "2022", district))
	must(testrig.Publish(ctx, c, "2022", "区级评估"))
	must(c.ReviseScore(ctx, testrig.Meta("assessor"), "2022", district, 1, finding(120), "复查"))
	must(c.Approve(ctx, testrig.Meta("reviewer"), "2022", district))
	must(testrig.Publish(ctx, c, "2022", "更正"))
	testrig.CheckConsistent(t, rig)
	rig.Look(t, func(v *projections.View) {
		for release, want := range map[int]projections.ChangeView{
			2: {Type: "assessment.Approved", Effect: 200},
			3: {Type: "assessment.ScoreRevised", Clause: "7.3", Effect: -80},
		} {
			diff, err := v.ReleaseChanges("2022", release)
			if err != nil || len(diff.Centers) != len(rows) {
				t.Fatalf("release %d moves %d centers, %v", release, len(diff.Centers), err)
			}
			for _, d := range diff.Centers {
				if len(d.Changes) != 1 {
					t.Fatalf("release %d: %+v", release, d.Changes)
				}
				got := d.Changes[0]
				if got.Type != want.Type || got.Effect != want.Effect || got.Clause != want.Clause || got.Subject != district {
					t.Errorf("release %d moves %s by %+v, want %+v", release, d.Center.Code, got, want)
				}
			}
			if len(diff.Districts) != 1 || diff.Districts[0].Before.Mean == diff.Districts[0].After.Mean {
				t.Errorf("release %d moves districts %+v", release, diff.Districts)
			}
		}
	})
}
