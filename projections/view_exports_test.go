package projections_test

import (
	"slices"
	"strings"
	"testing"

	"mingjian/domain/assessment"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// TestEventsOfARound: a round's id may begin as another's does, and neither gets
// the other's events.
func TestEventsOfARound(t *testing.T) {
	rig := testrig.Start(t)
	ctx := testrig.Context(t)
	do := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(rig.Commands.RegisterDistrict(ctx, testrig.Meta("organizer"), "310101", "黄浦区"))
	for _, code := range []string{"310101002", "310101013"} {
		do(rig.Commands.RegisterCenter(ctx, testrig.Meta("organizer"), code, code[:6], code[6:]+"街道", true))
	}
	for _, round := range []string{"a", "a-b"} {
		rig.OpenRound(t, round)
		for _, subject := range []string{"310101002", "310101013", "310101"} {
			rig.OpenAssessment(t, round, subject)
		}
	}
	rig.Wait(t)
	rig.Look(t, func(v *projections.View) {
		all := testrig.All(t, func(first int, after string) (projections.Page[projections.TrailView], error) {
			return v.Trail(projections.TrailQuery{First: first, After: after})
		}, 100)
		read := func(q projections.EventQuery) (events []projections.TrailView) {
			t.Helper()
			for e, err := range v.Events(q) {
				do(nil, err)
				events = append(events, e)
			}
			return events
		}
		last := v.Head().Seq
		if got := read(projections.EventQuery{UpTo: last}); !slices.Equal(got, all) {
			t.Errorf("the whole trail has %d events, read were %d", len(all), len(got))
		}
		if got := read(projections.EventQuery{UpTo: 3}); !slices.Equal(got, all[:3]) {
			t.Errorf("up to 3: %d events", len(got))
		}
		for q, streams := range map[projections.EventQuery][]string{
			{Round: "a", UpTo: last}:                                              {"round-a", "assessment-a-310101", "assessment-a-310101002", "assessment-a-310101013"},
			{Round: "a-b", UpTo: last}:                                            {"round-a-b", "assessment-a-b-310101", "assessment-a-b-310101002", "assessment-a-b-310101013"},
			{Round: "a", District: "310101", UpTo: last}:                          {"assessment-a-310101", "assessment-a-310101002", "assessment-a-310101013"},
			{Round: "a", Subject: "310101013", UpTo: last}:                        {"assessment-a-310101013"},
			{Round: "a", District: "310104", UpTo: last}:                          nil,
			{Round: "a", District: "310104", Subject: "310101013", UpTo: last}:    nil,
			{Round: "a", District: "310101", Subject: "310101013", UpTo: 1 << 40}: {"assessment-a-310101013"},
		} {
			want := slices.DeleteFunc(slices.Clone(all), func(e projections.TrailView) bool { return !slices.Contains(streams, e.Stream) })
			if got := read(q); !slices.Equal(got, want) || len(got) == 0 != (streams == nil) {
				t.Errorf("%+v: %d events, want %d", q, len(got), len(want))
			}
		}
		// A reader may leave, and ask again.
		for e, err := range v.Events(projections.EventQuery{UpTo: last}) {
			do(nil, err)
			if e.Seq == 2 {
				break
			}
		}
		if got := read(projections.EventQuery{UpTo: last}); len(got) != len(all) {
			t.Errorf("after a reader left: %d events", len(got))
		}
		if at, err := v.At(last); err != nil || !at.Equal(all[last-1].At) {
			t.Errorf("event %d is of %v, %v; want %v", last, at, err, all[last-1].At)
		}
	})
}

// TestRecords lists what was opened by then, with both states.
func TestRecords(t *testing.T) {
	rig := testrig.Start(t)
	ctx := testrig.Context(t)
	do := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(rig.Commands.RegisterDistrict(ctx, testrig.Meta("organizer"), "310101", "黄浦区"))
	do(rig.Commands.RegisterCenter(ctx, testrig.Meta("organizer"), "310101002", "310101", "甲街道", true))
	rig.OpenRound(t, "r")
	rig.OpenAssessment(t, "r", "310101")
	rig.Wait(t)
	opened := rig.Model.Head().Seq
	rig.OpenAssessment(t, "r", "310101002")
	do(rig.Commands.RecordScores(ctx, testrig.Meta("assessor"), "r", "310101", []assessment.Score{
		{Clause: "7.3", Finding: assessment.Finding{Outcome: "awarded", Points: 300, Method: assessment.Documents, ObservedAt: testrig.Day}},
	}))
	do(rig.Commands.Submit(ctx, testrig.Meta("assessor"), "r", "310101"))
	rig.Wait(t)
	rig.Look(t, func(v *projections.View) {
		for asOf, want := range map[int64]string{
			projections.Latest: "310101 submitted submitted, 310101002 inWork inWork",
			opened:             "310101 submitted inWork",
			1:                  "",
		} {
			records, err := v.Records("r", asOf)
			do(nil, err)
			var got []string
			for _, r := range records {
				got = append(got, r.Subject+" "+string(r.Status)+" "+string(r.Then))
				if r.District != "310101" {
					t.Errorf("%s is in district %s", r.Subject, r.District)
				}
			}
			if strings.Join(got, ", ") != want {
				t.Errorf("as of %d: %q, want %q", asOf, got, want)
			}
		}
	})
}
