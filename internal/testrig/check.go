package testrig

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/round"
	"mingjian/eventstore"
	"mingjian/projections"
)

// CheckConsistent waits for the read model and compares all of it with the
// domain's fold of the log: rosters, rounds, releases, rankings, every
// assessment, and the trail. It returns that fold.
func CheckConsistent(t testing.TB, r *Rig) *Ledger {
	t.Helper()
	r.Wait(t)
	l := Fold(t, r.Codec, r.ReadLog(t))
	for _, s := range r.Runner.Status() {
		if s.Err != nil {
			t.Errorf("%s stands still: %v", s.Name, s.Err)
		}
	}
	r.Look(t, func(v *projections.View) {
		if head := v.Head(); head.Seq != int64(len(l.Events)) || head.LogID != r.Log.Identity() {
			t.Fatalf("read model is at %+v, the log %s has %d events", head, r.Log.Identity(), len(l.Events))
		}
		checkTrail(t, v, l)
		checkRoster(t, v, l)
		for id := range l.Rounds {
			checkRound(t, r, v, l, id)
			CheckStats(t, v, l, id, projections.Latest)
		}
		CheckAppeals(t, v, l, projections.Latest)
		for key := range l.Records {
			CheckAssessment(t, v, l, key[0], key[1], projections.Latest)
			checkTeam(t, v, l.Records[key])
		}
	})
	return l
}

// All walks a paged list to its end, size items at a time.
func All[T any](t testing.TB, list func(first int, after string) (projections.Page[T], error), size int) []T {
	t.Helper()
	var items []T
	after := ""
	for {
		page, err := list(size, after)
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, page.Items...)
		if len(page.Cursors) != len(page.Items) || len(page.Items) > size {
			t.Fatalf("page of %d items with %d cursors, %d asked for", len(page.Items), len(page.Cursors), size)
		}
		if !page.HasNext {
			if page.Total != len(items) {
				t.Errorf("the list says that it has %d items, it has %d", page.Total, len(items))
			}
			return items
		}
		after = page.Cursors[len(page.Cursors)-1]
	}
}

func checkTrail(t testing.TB, v *projections.View, l *Ledger) {
	t.Helper()
	trail := All(t, func(first int, after string) (projections.Page[projections.TrailView], error) {
		return v.Trail(projections.TrailQuery{First: first, After: after})
	}, 100)
	if len(trail) != len(l.Events) {
		t.Fatalf("the trail has %d events, the log %d", len(trail), len(l.Events))
	}
	for i, e := range l.Events {
		m, err := eventstore.ReadMetadata(e)
		if err != nil {
			t.Fatal(err)
		}
		want := projections.TrailView{
			Seq: int64(i + 1), Position: e.Position, Stream: e.Stream, Revision: e.Revision, EventID: e.ID.String(),
			Type: e.Type, Actor: m.Actor, CommandID: m.CommandID.String(), At: m.ServerTime,
		}
		if trail[i] != want {
			t.Fatalf("trail has\n%+v, the log\n%+v", trail[i], want)
		}
	}
}

func checkRoster(t testing.TB, v *projections.View, l *Ledger) {
	t.Helper()
	centers := All(t, func(first int, after string) (projections.Page[projections.CenterView], error) {
		return v.Centers(projections.CenterQuery{First: first, After: after})
	}, 100)
	want := make([]projections.CenterView, 0, len(l.Registry.Centers))
	for _, code := range l.Registry.CenterCodes {
		c := l.Registry.Centers[code]
		want = append(want, projections.CenterView{
			Code: code, Name: c.Name, Area: c.Area, District: c.District, DistrictName: l.Registry.Districts[c.District].Name, Demo: c.Demo,
		})
	}
	equal(t, "centers", centers, want)
	districts, err := v.Districts()
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, d := range districts {
		codes = append(codes, d.Code)
	}
	equal(t, "districts", codes, slices.Sorted(maps.Keys(l.Registry.Districts)))
}

func checkRound(t testing.TB, r *Rig, v *projections.View, l *Ledger, id string) {
	t.Helper()
	view, err := v.Round(id)
	if err != nil {
		t.Fatal(err)
	}
	opened := l.Rounds[id].Opened
	if view.Closed != l.Rounds[id].Closed || view.Name != opened.Name || view.AssessmentPeriod != opened.Assessment || view.Honors != opened.Honors {
		t.Errorf("round %s is %+v, opened as %+v", id, view, opened)
	}
	fold := l.Rounds[id]
	equal(t, "calendar of "+id, []any{view.Calendar, view.CalendarHash, view.AppealDays, view.DecisionDays, view.Notice},
		[]any{fold.Calendar, fold.CalendarHash, opened.AppealDays, opened.DecisionDays, opened.Notice})
	var deliberated *round.Deliberated
	if view.Deliberated != nil {
		deliberated = &view.Deliberated.Deliberated
	}
	equal(t, "deliberated of "+id, deliberated, fold.Deliberated)
	CheckRanking(t, v, l, id, 0)
	approved, err := v.Approved(id)
	if err != nil {
		t.Fatal(err)
	}
	signed := 0
	for key, a := range l.Records {
		if key[0] == id && a.Opened.Kind == domain.Center && a.Status == assessment.SignedOff {
			signed++
		}
	}
	equal(t, "approved centers", approved, signed)
	if len(view.Releases) != len(l.Releases[id]) {
		t.Fatalf("round %s has %d releases, published %d times", id, len(view.Releases), len(l.Releases[id]))
	}
	for i, p := range l.Releases[id] {
		got := view.Releases[i]
		if got.Number != p.Release || got.LogSize != p.LogSize || got.Kind != p.Kind || got.Reason != p.Reason || !got.PublishedAt.Equal(p.At) {
			t.Errorf("release %+v was published as %+v", got, p)
		}
		// A release is the fold of what was on record then, whatever came after.
		CheckRanking(t, v, Fold(t, r.Codec, l.Events[:p.LogSize]), id, p.Release)
		checkChanges(t, v, id, p.Release)
	}
}

// CheckRanking compares a round's newest rankings (release 0), or a release's,
// with a fold.
func CheckRanking(t testing.TB, v *projections.View, l *Ledger, id string, release int) {
	t.Helper()
	standings, byMean := l.Standings(id, release != 0)
	for _, size := range []int{100, 3} {
		rows := All(t, func(first int, after string) (projections.Page[projections.StandingView], error) {
			q := projections.RankingQuery{Round: id, First: first, After: after}
			if release != 0 {
				return v.ReleaseRanking(id, release, q)
			}
			return v.Ranking(q)
		}, size)
		if len(rows) != len(standings) {
			t.Fatalf("release %d of %s ranks %d centers, want %d", release, id, len(rows), len(standings))
		}
		// The list puts the incomplete last by what they have so far; the domain
		// leaves their order open.
		want := make(map[string]Standing)
		for _, s := range standings {
			want[s.Center] = s
		}
		for i, row := range rows {
			got := Standing{Status: row.Status, Decided: row.Decided, Gross: row.Gross, Deduction: row.Deduction}
			got.Center, got.District = row.Center.Code, row.Center.District
			got.Total, got.Complete, got.CityRank, got.DistrictRank = row.Total, row.Complete, row.CityRank, row.DistrictRank
			equal(t, "standing of "+got.Center, got, want[got.Center])
			if row.Complete && row.Center.Code != standings[i].Center {
				t.Errorf("release %d of %s: place %d has %s, want %s", release, id, i, row.Center.Code, standings[i].Center)
			}
		}
	}
	districts, err := v.DistrictRanking(id)
	if release != 0 {
		districts, err = v.ReleaseDistricts(id, release)
	}
	if err != nil {
		t.Fatal(err)
	}
	got := make([]domain.DistrictStanding, 0, len(districts))
	for _, d := range districts {
		got = append(got, d.DistrictStanding)
	}
	equal(t, "districts of "+id, got, byMean)
}

// CheckAssessment compares one record as of a seq with the fold of the log up
// to there; the fold of the whole log belongs to projections.Latest.
func CheckAssessment(t testing.TB, v *projections.View, l *Ledger, id, subject string, asOf int64) {
	t.Helper()
	a, known := l.Records[[2]string{id, subject}]
	view, err := v.Assessment(id, subject, asOf)
	if !known {
		if !errors.Is(err, projections.ErrNotFound) {
			t.Errorf("%s at %d: %v, want %v", subject, asOf, err, projections.ErrNotFound)
		}
		return
	}
	if err != nil {
		t.Fatalf("%s at %d: %v", subject, asOf, err)
	}
	what := subject + " of " + id
	equal(t, what+": status", view.Status, a.Status)
	equal(t, what+": revision", view.Revision, l.Last["assessment-"+id+"-"+subject])
	score := l.std.Score(a.Sheet, a.Sheet)
	if a.Opened.Kind == domain.Center {
		score = l.Score(id, a, asOf != projections.Latest)
	}
	if !reflect.DeepEqual(view.Score, score) {
		t.Errorf("%s at %d: %s of %s − %s (%d decided), want %s of %s − %s (%d)", what, asOf, view.Score.Total, view.Score.Gross,
			view.Score.Deduction, view.Score.Decided, score.Total, score.Gross, score.Deduction, score.Decided)
	}
	entries := maps.Clone(a.Entries)
	if d, ok := l.Records[[2]string{id, a.Opened.District}]; ok && (asOf == projections.Latest || d.Status == assessment.SignedOff) {
		maps.Copy(entries, d.Entries)
	}
	got := make(map[string]assessment.Entry)
	for code, e := range view.Entries {
		got[code] = assessment.Entry{Version: e.Version, Finding: e.Finding, Stamp: domain.Stamp{By: e.By, At: e.At}, Appeal: e.Appeal}
		if e.Clause != code || e.Replaced != 0 {
			t.Errorf("%s at %d: entry on %s stands as %+v", what, asOf, code, e)
		}
	}
	equal(t, what+": entries", got, entries)
	checkClaims(t, what, view, a)
	checkOutcome(t, v, l, view, a, asOf)
}

func checkClaims(t testing.TB, what string, view projections.AssessmentView, a *assessment.Assessment) {
	t.Helper()
	var deductions []projections.DeductionView
	for _, d := range a.Deductions {
		row := projections.DeductionView{DeductionImposed: d.DeductionImposed, Corrected: d.Corrected}
		if d.Lifted != nil {
			row.Lifted, row.LiftedReason, row.LiftedAt = true, d.Lifted.Reason, d.Lifted.At
		}
		deductions = append(deductions, row)
	}
	for i := range view.Deductions {
		d := view.Deductions[i]
		d.UnderAppeal = projections.UnderAppeal{} // see checkOutcome
		equal(t, what+": deductions", d, deductions[i])
		if d.Standing() != a.Standing[i] {
			t.Errorf("%s: deduction %d stands with %q, want %q", what, i+1, d.Standing(), a.Standing[i])
		}
	}
	equal(t, what+": deductions", len(view.Deductions), len(deductions))
	var honors []projections.HonorView
	for _, h := range a.Honors {
		row := projections.HonorView{HonorClaimed: h.HonorClaimed, State: projections.HonorPending}
		switch {
		case h.Accepted != nil:
			row.State, row.Points = projections.HonorAccepted, h.Accepted.Points
		case h.Rejected != nil:
			row.State, row.Reason = projections.HonorRejected, h.Rejected.Reason
		case h.Withdrawn != nil:
			row.State, row.Reason = projections.HonorWithdrawn, h.Withdrawn.Reason
		}
		honors = append(honors, row)
	}
	equal(t, what+": honors", view.Honors, honors)
	equal(t, what+": observations", view.Observations, a.Observations)
	var returns []assessment.Returned
	for _, r := range view.Returns {
		returns = append(returns, r.Returned)
	}
	equal(t, what+": returns", returns, a.Returns)
}

// checkTeam compares who may write, by pseudonym.
func checkTeam(t testing.TB, v *projections.View, a *assessment.Assessment) {
	t.Helper()
	team, err := v.Team(a.Opened.Round, a.Opened.Subject)
	if err != nil {
		t.Fatal(err)
	}
	assigned, recused, lead := make(map[string]bool), make(map[string]bool), ""
	for _, m := range team {
		if m.Account == "" {
			t.Errorf("%s of %s: %s has no account", a.Opened.Subject, a.Opened.Round, m.Pseudonym)
		}
		if m.Assigned {
			assigned[m.Pseudonym] = true
		}
		if m.Recused {
			recused[m.Pseudonym] = true
		}
		if m.Lead {
			lead = m.Pseudonym
		}
	}
	equal(t, "team", assigned, a.Team)
	equal(t, "recused", recused, a.Recused)
	equal(t, "lead", lead, a.Lead)
}

// equal compares by JSON, which tells neither nil from empty nor one time's
// form from another's, and prints well.
func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	g, err1 := json.Marshal(got)
	w, err2 := json.Marshal(want)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if s := string(g); s != string(w) && (s != "null" || len(w) > 2) && (s != "[]" || string(w) != "null") {
		t.Errorf("%s: read model has\n%s, the log\n%s", what, g, w)
	}
}
