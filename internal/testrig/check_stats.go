package testrig

import (
	"slices"
	"testing"

	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/eventstore"
	"mingjian/projections"
)

// CheckStats compares the statistics of a round's appeals as of a seq with a
// recount of its events up to there.
func CheckStats(t testing.TB, v *projections.View, l *Ledger, id string, asOf int64) {
	t.Helper()
	got, err := v.AppealStats(id, asOf)
	if err != nil {
		t.Fatal(err)
	}
	appeals := recount(t, l, id, min(asOf, int64(len(l.Events))))
	equal(t, "appeals in all", got.AppealTally, tally(appeals, func(recounted) bool { return true }))
	for name, c := range map[string]struct {
		got []projections.TallyOf
		key func(recounted) string
	}{
		"target":   {got.ByTarget, func(a recounted) string { return a.filed.Clause + a.filed.Item }},
		"district": {got.ByDistrict, func(a recounted) string { return a.filed.District }},
		"ground":   {got.ByGround, func(a recounted) string { return string(a.filed.Ground) }},
	} {
		keys := make(map[string]bool)
		for _, a := range appeals {
			keys[c.key(*a)] = true
		}
		if len(keys) != len(c.got) {
			t.Errorf("appeals by %s: %d, want %d", name, len(c.got), len(keys))
		}
		for _, row := range c.got {
			equal(t, "appeals by "+name+" "+row.Code, row.AppealTally, tally(appeals, func(a recounted) bool { return c.key(a) == row.Code }))
		}
	}
	pending := make(map[string]int)
	for _, a := range appeals {
		if a.decided == nil && !a.withdrawn {
			pending[a.filed.Subject]++
		}
	}
	counts, err := v.PendingAppeals(id, asOf)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "pending appeals", counts, pending)
}

// recounted is an appeal as its events tell it one by one.
type recounted struct {
	filed                         *appeal.Filed
	decided                       *appeal.Decided // while no decision is due
	restored                      domain.Points
	escalated, expired, withdrawn bool
}

func recount(t testing.TB, l *Ledger, id string, upTo int64) map[string]*recounted {
	t.Helper()
	codec, appeals := eventstore.NewCodec(), make(map[string]*recounted)
	for _, e := range l.Events[:upTo] {
		event, err := codec.Decode(e.Type, e.Data)
		if err != nil {
			t.Fatal(err)
		}
		a := appeals[e.Stream]
		if filed, ok := event.(*appeal.Filed); ok && filed.Round == id {
			appeals[e.Stream] = &recounted{filed: filed}
		}
		if a == nil {
			continue
		}
		switch e := event.(type) {
		case *appeal.Decided:
			a.decided, a.restored = e, e.Restored
		case *appeal.Escalated:
			a.decided, a.escalated = nil, true
		case *appeal.Withdrawn:
			a.withdrawn = true
		case *appeal.Expired:
			a.expired = true
		}
	}
	return appeals
}

func tally(appeals map[string]*recounted, selects func(recounted) bool) (want projections.AppealTally) {
	calendar, err := criteria.LookupCalendar("cn")
	if err != nil {
		panic(err)
	}
	var days []int
	for _, a := range appeals {
		if !selects(*a) {
			continue
		}
		want.Filed++
		want.Lost += a.filed.Lost
		want.Restored += a.restored
		count := func(n *int, is bool) {
			if is {
				*n++
			}
		}
		count(&want.Escalated, a.escalated)
		count(&want.Expired, a.expired)
		count(&want.Withdrawn, a.withdrawn)
		count(&want.Open, !a.withdrawn && a.decided == nil)
		if a.decided == nil {
			continue
		}
		want.Decided++
		count(&want.Upheld, a.decided.Restored == a.filed.Lost)
		count(&want.Dismissed, a.decided.Restored == 0)
		count(&want.PartlyUpheld, a.decided.Restored > 0 && a.decided.Restored < a.filed.Lost)
		n, err := calendar.Count(domain.DayOf(a.filed.At), domain.DayOf(a.decided.At))
		if err != nil {
			panic(err)
		}
		days = append(days, n)
	}
	slices.Sort(days)
	d := &want.Days
	if d.Count = len(days); d.Count == 0 {
		return want
	}
	for _, n := range days {
		d.Sum += n
	}
	d.Min, d.Max = slices.Min(days), slices.Max(days)
	d.Mean = domain.Ratio{Sum: domain.Points(100 * d.Sum), Count: d.Count}
	lower, upper := days[(d.Count-1)/2], days[d.Count/2]
	d.Median = domain.Ratio{Sum: domain.Points(100 * upper), Count: 1}
	if d.Count%2 == 0 {
		d.Median = domain.Ratio{Sum: domain.Points(100 * (lower + upper)), Count: 2}
	}
	return want
}

// checkChanges wants what a release tells of its difference from the one
// before to be all of it: the effects add up, and who is not listed did not
// move.
func checkChanges(t testing.TB, v *projections.View, id string, release int) {
	t.Helper()
	diff, err := v.ReleaseChanges(id, release)
	if err != nil {
		t.Fatal(err)
	}
	if release == 1 {
		if len(diff.Centers)+len(diff.Districts) > 0 {
			t.Errorf("release 1 of %s differs from nothing: %+v", id, diff)
		}
		return
	}
	shown := func(number int) map[string]projections.StandingView {
		rows := make(map[string]projections.StandingView)
		for _, row := range All(t, func(first int, after string) (projections.Page[projections.StandingView], error) {
			return v.ReleaseRanking(id, number, projections.RankingQuery{First: first, After: after})
		}, 100) {
			if row.Status == "approved" {
				rows[row.Center.Code] = row
			}
		}
		return rows
	}
	before, after := shown(release-1), shown(release)
	for _, d := range diff.Centers {
		code := d.Center.Code
		was, known := before[code]
		is, still := after[code]
		if (d.Before != nil) != known || (d.After != nil) != still || (known && *d.Before != was) || (still && *d.After != is) {
			t.Errorf("release %d has %s moved from %+v to %+v, it did from %+v to %+v", release, code, d.Before, d.After, was, is)
		}
		CheckEffects(t, code, was.Total, is.Total, known && still, d.Changes)
		delete(before, code)
		delete(after, code)
	}
	equal(t, "centers that did not move", after, before)
}

// CheckEffects wants the effects of changes to lead from one total to another,
// if there are both.
func CheckEffects(t testing.TB, what string, from, to domain.Points, both bool, changes []projections.ChangeView) {
	t.Helper()
	if !both {
		if len(changes) > 0 {
			t.Errorf("%s has changes without two totals: %+v", what, changes)
		}
		return
	}
	total, seq := from, int64(0)
	for _, c := range changes {
		total += c.Effect
		if c.Total != total || c.Seq <= seq || c.EventID == "" || c.Type == "" {
			t.Errorf("%s: %+v leads to %s, after event %d", what, c, total, seq)
		}
		seq = c.Seq
	}
	if total != to {
		t.Errorf("%s: the effects lead from %s to %s, it went to %s", what, from, total, to)
	}
}
