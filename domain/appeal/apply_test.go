package appeal_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mingjian/domain"
	"mingjian/domain/appeal"
)

type unheardOf struct{}

func (unheardOf) EventType() string { return "appeal.UnheardOf" }

// Apply stops loudly on what it does not know and on what cannot follow.
func TestApplyRefuses(t *testing.T) {
	early, same := *extended, *extended
	early.DecideBy, same.DecideBy = "2022-06-21", due
	other := *expired
	other.DecideBy = "2022-06-30"
	otherHand := decided(1, appeal.Upheld, 75, nil, "")
	otherHand.By = "organizer"
	all := before(lost, ballot(75, 50, 0)...)
	decidedTwice := again(voted(2, "m4", appeal.Dismissed, 50), voted(2, "m5", appeal.Dismissed, 50), voted(2, "m6", appeal.Dismissed, 50), decided(2, appeal.Dismissed, 50, nil, ""))
	for _, test := range []struct {
		name  string
		given []domain.Event
		event domain.Event
		want  error
	}{
		{"an unknown event", nil, unheardOf{}, domain.ErrUnknownEvent},
		{"an unknown event once decided", dismissed(), unheardOf{}, domain.ErrUnknownEvent},
		{"an event by value", waiting(), *withdrawn, domain.ErrUnknownEvent},
		{"no event", nil, nil, domain.ErrUnknownEvent},
		{"filed twice", waiting(), filed(lost), domain.ErrExists},
		{"rule 5, filed again once withdrawn", waiting(withdrawn), filed(lost), domain.ErrExists},
		{"escalated before it is decided", hearing(), escalated(), domain.ErrUnderAppeal},
		{"escalated before it is filed", nil, escalated(), domain.ErrUnknownAppeal},
		{"rule 5, escalated twice", decidedTwice, escalated(), domain.ErrDecided},
		{"escalated though upheld in full", upheld(), escalated(), domain.ErrNothingAtStake},
		{"an even panel", waiting(), named(1, "m1", "m2"), domain.ErrPanel},
		{"a panel of one", waiting(), named(1, "m1"), domain.ErrPanel},
		{"a panel with one member twice", waiting(), named(1, "m1", "m2", "m2"), domain.ErrPanel},
		{"a second panel first", waiting(), named(2, "m1", "m2", "m3"), domain.ErrPanel},
		{"a first panel after the escalation", partly(escalated()), named(1, "m4", "m5", "m6"), domain.ErrPanel},
		{"a whole panel named again", hearing(), named(1, "m4", "m5", "m6"), domain.ErrExists},
		{"rule 3, a recused member named again", hearing(recused("m1")), named(1, "m1", "m2", "m3"), domain.ErrRecused},
		{"rule 3, who filed it on the panel", waiting(), named(1, "m1", "m2", "center"), domain.ErrFourEyes},
		{"rule 3, the first panel as the second", partly(escalated()), named(2, "m1", "m2", "m3"), domain.ErrFourEyes},
		{"a recusal of somebody else", hearing(), recused("m4"), domain.ErrNotOnPanel},
		{"a recusal twice", hearing(recused("m1")), recused("m1"), domain.ErrRecused},
		{"a vote before the panel", waiting(), voted(1, "m1", appeal.Upheld, 75), domain.ErrNotOnPanel},
		{"a vote of somebody else", hearing(), voted(1, "m4", appeal.Upheld, 75), domain.ErrNotOnPanel},
		{"a vote twice", before(lost, ballot(75)...), voted(1, "m1", appeal.Upheld, 75), domain.ErrDecided},
		{"a vote on another panel", hearing(), voted(2, "m1", appeal.Upheld, 75), domain.ErrPanel},
		{"rule 3, a vote of a recused member", hearing(recused("m1")), voted(1, "m1", appeal.Upheld, 75), domain.ErrRecused},
		{"a vote on a panel that is not whole", hearing(recused("m1")), voted(1, "m2", appeal.Upheld, 75), domain.ErrPanel},
		{"decided before the votes", before(lost, ballot(50, 50)...), decided(1, appeal.PartlyUpheld, 50, nil, ask), domain.ErrVotesMissing},
		{"decided otherwise than voted", all, decided(1, appeal.Upheld, 75, nil, ""), domain.ErrInvalid},
		{"decided by somebody else", all, otherHand, domain.ErrNotOnPanel},
		{"decided by another panel", all, &appeal.Decided{Stamp: by("m1"), Panel: 2, Restored: 50}, domain.ErrPanel},
		{"decided twice", partly(), decided(1, appeal.PartlyUpheld, 50, nil, ask), domain.ErrDecided},
		{"extended to an earlier day", waiting(), &early, domain.ErrInvalid},
		{"extended to the same day", waiting(), &same, domain.ErrInvalid},
		{"expired twice", waiting(expired), expired, domain.ErrInvalid},
		{"expired on another day", waiting(), &other, domain.ErrInvalid},
		{"a statement before it is filed", nil, said(appeal.Appellant, "center"), domain.ErrUnknownAppeal},
		{"a statement once decided", dismissed(), said(appeal.Appellant, "center"), domain.ErrDecided},
		{"withdrawn once decided", dismissed(), withdrawn, domain.ErrDecided},
		{"withdrawn twice", waiting(withdrawn), withdrawn, domain.ErrNotOpen},
	} {
		if err := fold(t, test.given).Apply(test.event); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// What the fold keeps, from the filing to a second decision.
func TestFold(t *testing.T) {
	steps := []struct {
		event    domain.Event
		status   appeal.Status
		panel    int
		members  []string
		votes    int
		restored domain.Points
		due      string
	}{
		{filed(lost), appeal.Waiting, 1, nil, 0, 0, due},
		{said(appeal.Assessors, "assessor"), appeal.Waiting, 1, nil, 0, 0, due},
		{named(1, "m1", "m2", "m3"), appeal.InHearing, 1, []string{"m1", "m2", "m3"}, 0, 0, due},
		{voted(1, "m2", appeal.Upheld, 75), appeal.InHearing, 1, []string{"m1", "m2", "m3"}, 1, 0, due},
		{expired, appeal.InHearing, 1, []string{"m1", "m2", "m3"}, 1, 0, due},
		{extended, appeal.InHearing, 1, []string{"m1", "m2", "m3"}, 1, 0, "2022-06-30"},
		{recused("m2"), appeal.InHearing, 1, []string{"m1", "m3"}, 0, 0, "2022-06-30"},
		{named(1, "m3", "m7", "m1"), appeal.InHearing, 1, []string{"m3", "m7", "m1"}, 0, 0, "2022-06-30"},
		{voted(1, "m1", appeal.Upheld, 75), appeal.InHearing, 1, []string{"m3", "m7", "m1"}, 1, 0, "2022-06-30"},
		{voted(1, "m3", appeal.PartlyUpheld, 25), appeal.InHearing, 1, []string{"m3", "m7", "m1"}, 2, 0, "2022-06-30"},
		{voted(1, "m7", appeal.Dismissed, 0), appeal.InHearing, 1, []string{"m3", "m7", "m1"}, 3, 0, "2022-06-30"},
		{decided(1, appeal.PartlyUpheld, 25, &appeal.Corrected{Outcome: domain.Lost, Points: 50}, ask), appeal.IsDecided, 1, []string{"m3", "m7", "m1"}, 3, 25, "2022-06-30"},
		{escalated(), appeal.IsEscalated, 2, nil, 0, 25, dueAgain},
		{named(2, "m4", "m5", "m6"), appeal.InHearing, 2, []string{"m4", "m5", "m6"}, 0, 25, dueAgain},
		{voted(2, "m4", appeal.Upheld, 75), appeal.InHearing, 2, []string{"m4", "m5", "m6"}, 1, 25, dueAgain},
		{voted(2, "m5", appeal.Upheld, 75), appeal.InHearing, 2, []string{"m4", "m5", "m6"}, 2, 25, dueAgain},
		{voted(2, "m6", appeal.Dismissed, 25), appeal.InHearing, 2, []string{"m4", "m5", "m6"}, 3, 25, dueAgain},
		{decided(2, appeal.Upheld, 75, &appeal.Corrected{Outcome: domain.Met}, ""), appeal.IsDecided, 2, []string{"m4", "m5", "m6"}, 3, 75, dueAgain},
	}
	a := appeal.New()
	for _, s := range steps {
		if err := a.Apply(s.event); err != nil {
			t.Fatal(err)
		}
		if a.Status != s.status || a.Panel != s.panel || !slices.Equal(a.Members, s.members) || len(a.Votes) != s.votes || a.Restored() != s.restored || a.DecideBy != s.due {
			t.Errorf("after %s: %q, panel %d of %v, %d votes, %s restored, due %s; want %+v", s.event.EventType(), a.Status, a.Panel, a.Members, len(a.Votes), a.Restored(), a.DecideBy, s)
		}
		if a.Open() == (s.status == appeal.IsDecided) {
			t.Errorf("after %s: open %t", s.event.EventType(), a.Open())
		}
	}
	for name, got := range map[string]map[string]bool{"former": a.Former, "recused": a.Recused, "parties": a.Parties} {
		want := map[string][]string{"former": {"m1", "m2", "m3", "m7"}, "recused": {"m2"}, "parties": {"assessor", "center"}}[name]
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if len(a.Statements) != 1 || len(a.Decisions) != 2 || a.Expired != due || a.Filed.Lost != 75 {
		t.Errorf("%d statements, %d decisions, expired %q, filed %+v", len(a.Statements), len(a.Decisions), a.Expired, a.Filed)
	}
}
