package command_test

import (
	"fmt"
	"strings"
	"testing"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

// TestPanelConflicts: nobody hears an appeal who had a part in what it is about.
func TestPanelConflicts(t *testing.T) {
	k := newCourt(t)
	_, err := k.c.RecuseAssessor(k.ctx, testrig.Meta("organizer"), inRound, k.subject, "reviewer-8", "亲属在该中心任职", true)
	must(t, err)
	id := k.file(onLost)
	before := len(k.ReadLog(t))
	for _, test := range []struct {
		name  string
		panel []string
		want  error
	}{
		{"an assessor", []string{"reviewer-1", "reviewer-2", "assessor"}, domain.ErrPanel},
		{"a center", []string{"reviewer-1", "reviewer-2", k.center()}, domain.ErrPanel},
		{"who approved it", []string{"reviewer-1", "reviewer-2", "reviewer"}, domain.ErrFourEyes},
		{"who returned it", []string{"reviewer-9", "reviewer-1", "reviewer-2"}, domain.ErrFourEyes},
		{"who is recused from it", []string{"reviewer-1", "reviewer-8", "reviewer-2"}, domain.ErrFourEyes},
		{"somebody twice", []string{"reviewer-1", "reviewer-2", "reviewer-1"}, domain.ErrPanel},
		{"two", []string{"reviewer-1", "reviewer-2"}, domain.ErrPanel},
		{"four", append([]string{"reviewer-7"}, firstPanel...), domain.ErrPanel},
		{"one", []string{"reviewer-1"}, domain.ErrPanel},
		{"nobody", nil, domain.ErrPanel},
		{"eleven", panelOf(10, 11), domain.ErrPanel},
		{"an unknown account", []string{"reviewer-1", "reviewer-2", "ghost"}, domain.ErrUnknownAccount},
		{"no account", []string{"reviewer-1", "reviewer-2", ""}, domain.ErrInvalid},
	} {
		_, err := k.c.NamePanel(k.ctx, testrig.Meta("organizer"), id, test.panel)
		wantErr(t, test.name, err, test.want)
	}
	k.unchanged("refused panels", before)

	// Accounts are sealed; the event names them as the record's events do.
	k.panel(id, panelOf(10, 9)...)
	events := k.ReadLog(t)
	named := events[len(events)-1]
	m, err := eventstore.ReadMetadata(named)
	must(t, err)
	for i, account := range panelOf(10, 9) {
		if m.Sealed[command.SealedMember(i)] != account || strings.Contains(string(named.Data), account) {
			t.Errorf("member %d: sealed %q, data %s", i, m.Sealed[command.SealedMember(i)], named.Data)
		}
		if name := k.c.Pseudonym(command.AssessmentStream(inRound, k.subject), account); k.appeal(id).Members[i] != name {
			t.Errorf("member %d is %s in the appeal, %s in the record", i, k.appeal(id).Members[i], name)
		}
	}
	_, err = k.c.NamePanel(k.ctx, testrig.Meta("organizer"), id, firstPanel)
	wantErr(t, "a panel that is whole", err, domain.ErrExists)
}

func panelOf(from, n int) (accounts []string) {
	for i := range n {
		accounts = append(accounts, fmt.Sprintf("reviewer-%d", from+i))
	}
	return accounts
}

// TestOfTheCenterOrItsDistrict: a reviewer who is of the center, or of its
// district's office, hears none of its appeals.
func TestOfTheCenterOrItsDistrict(t *testing.T) {
	k := newCourt(t)
	id := k.file(onLost)
	for _, grant := range []string{k.center(), "district-" + k.district} {
		k.config.Actors = both{testrig.People{}, "reviewer-3", grant}
		_, err := k.server().NamePanel(k.ctx, testrig.Meta("organizer"), id, firstPanel)
		wantErr(t, grant, err, domain.ErrFourEyes)
	}
	k.config.Actors = both{testrig.People{}, "reviewer-3", "center-" + k.rows[1].Code}
	_, err := k.server().NamePanel(k.ctx, testrig.Meta("organizer"), id, firstPanel)
	must(t, err)
	// Who comes to be of the center later does not vote any more.
	k.config.Actors = both{testrig.People{}, "reviewer-3", k.center()}
	_, err = k.server().CastVote(k.ctx, testrig.Meta("reviewer-3"), id, 0, "证据不足")
	wantErr(t, "a vote on one's own", err, domain.ErrFourEyes)
}

// TestHearing: votes count once each, all are needed, and the middle one is the
// decision. A member who is recused takes the vote along, and the panel is named
// again before it goes on.
func TestHearing(t *testing.T) {
	k := newCourt(t)
	id := k.file(onLost)
	vote := func(who string, restored domain.Points) error {
		_, err := k.c.CastVote(k.ctx, testrig.Meta(who), id, restored, "查看了照片")
		return err
	}
	decide := func(who string) error {
		_, err := k.c.DecideAppeal(k.ctx, testrig.Meta(who), id, "合议认为")
		return err
	}
	wantErr(t, "a vote before there is a panel", vote("reviewer-1", 0), domain.ErrNotOnPanel)
	k.panel(id, firstPanel...)
	must(t, vote("reviewer-1", 200))
	wantErr(t, "a second vote", vote("reviewer-1", 0), domain.ErrDecided)
	wantErr(t, "more than was lost", vote("reviewer-2", 201), domain.ErrInvalid)
	wantErr(t, "less than nothing", vote("reviewer-2", -1), domain.ErrInvalid)
	wantErr(t, "a vote from outside", vote("reviewer-7", 0), domain.ErrNotOnPanel)
	wantErr(t, "a decision without votes", decide("reviewer-1"), domain.ErrVotesMissing)
	_, err := k.c.RecuseReviewer(k.ctx, testrig.Meta("organizer"), id, "reviewer-1", "中心提出异议", true)
	must(t, err)
	wantErr(t, "a vote after the recusal", vote("reviewer-1", 0), domain.ErrRecused)
	wantErr(t, "a panel of two", vote("reviewer-2", 0), domain.ErrPanel)
	_, err = k.c.NamePanel(k.ctx, testrig.Meta("organizer"), id, []string{"reviewer-1", "reviewer-2", "reviewer-3"})
	wantErr(t, "who was recused", err, domain.ErrRecused)
	k.panel(id, "reviewer-2", "reviewer-3", "reviewer-4")
	// Who gets a part in the record meanwhile cannot vote on it.
	_, err = k.c.RecuseAssessor(k.ctx, testrig.Meta("organizer"), inRound, k.subject, "reviewer-3", "亲属在该中心任职", false)
	must(t, err)
	wantErr(t, "who has a part by now", vote("reviewer-3", 0), domain.ErrFourEyes)
	_, err = k.c.RecuseFromPanel(k.ctx, testrig.Meta("reviewer-3"), id, "亲属在该中心任职")
	must(t, err)
	k.panel(id, "reviewer-2", "reviewer-4", "reviewer-5")
	must(t, vote("reviewer-2", 0))
	must(t, vote("reviewer-4", 50))
	must(t, vote("reviewer-5", 200))
	wantErr(t, "a decision from outside", decide("reviewer-1"), domain.ErrRecused)
	must(t, decide("reviewer-4"))
	if _, d := k.decision(id); d.Restored != 50 || d.Outcome != appeal.PartlyUpheld || d.EscalateBy != "2022-10-17" {
		t.Errorf("decided %+v", d)
	}
	wantErr(t, "a vote after the decision", vote("reviewer-2", 0), domain.ErrDecided)
}

// TestDecisions works out what panels of three decide, and what the correction
// that follows makes of the record; then a second panel.
func TestDecisions(t *testing.T) {
	for _, test := range []struct {
		name     string
		on       assessment.Target
		votes    []domain.Points
		restored domain.Points
		outcome  appeal.Outcome
		entry    domain.Finding // after the correction
		standing string         // the deduction's item
		second   []domain.Points
		then     domain.Points
		ruling   appeal.Outcome
		refused  error // of the escalation
	}{
		{
			name: "dismissed, then upheld", on: onLost, votes: []domain.Points{0, 200, 0}, restored: 0, outcome: appeal.Dismissed,
			entry: domain.Finding{Outcome: domain.Lost, Points: 200}, second: []domain.Points{200, 200, 100}, then: 200, ruling: appeal.Upheld,
		},
		{
			name: "partly, then nothing more", on: onLost, votes: []domain.Points{50, 200, 75}, restored: 75, outcome: appeal.PartlyUpheld,
			entry: domain.Finding{Outcome: domain.Lost, Points: 125}, second: []domain.Points{75, 75, 75}, then: 75, ruling: appeal.Dismissed,
		},
		{
			name: "upheld", on: onLost, votes: []domain.Points{200, 0, 200}, restored: 200, outcome: appeal.Upheld,
			entry: domain.Finding{Outcome: domain.Met}, refused: domain.ErrNothingAtStake,
		},
		{
			name: "an award, partly", on: onAward, votes: []domain.Points{30, 30, 0}, restored: 30, outcome: appeal.PartlyUpheld,
			entry: domain.Finding{Outcome: domain.Awarded, Points: 130}, second: []domain.Points{40, 40, 40}, then: 40, ruling: appeal.PartlyUpheld,
		},
		{
			name: "a deduction, to the lesser item", on: onConduct, votes: []domain.Points{1000, 1000, 1500}, restored: 1000, outcome: appeal.PartlyUpheld,
			standing: "8.1", second: []domain.Points{1500, 1500, 1500}, then: 1500, ruling: appeal.Upheld,
		},
		{name: "a deduction, all of it", on: onPress, votes: []domain.Points{500, 500, 500}, restored: 500, outcome: appeal.Upheld, standing: "", refused: domain.ErrNothingAtStake},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := newCourt(t)
			id := k.file(test.on)
			total := k.record(k.subject).Sheet
			cause, d := k.decide(id, firstPanel, test.votes...)
			if d.Restored != test.restored || d.Outcome != test.outcome || (d.Corrected == nil) != (test.restored == 0) {
				t.Errorf("decided %+v", d)
			}
			_, err := k.c.Correct(k.ctx, cause, d)
			must(t, err)
			after := k.record(k.subject)
			if test.on.Clause != "" {
				if got := after.Entries[test.on.Clause].Finding; got.Outcome != test.entry.Outcome || got.Points != test.entry.Points {
					t.Errorf("the entry is %s %s, want %+v", got.Outcome, got.Points, test.entry)
				}
			} else if after.Standing[test.on.Deduction-1] != test.standing {
				t.Errorf("of the deduction stands %q, want %q", after.Standing[test.on.Deduction-1], test.standing)
			}
			if after.Status != assessment.SignedOff || len(total.Findings) != len(after.Sheet.Findings) {
				t.Errorf("the record is %s", after.Status)
			}
			_, err = k.c.EscalateAppeal(k.ctx, testrig.Meta(k.center()), id, "仍与事实不符")
			if test.refused != nil {
				wantErr(t, "escalation", err, test.refused)
				return
			}
			must(t, err)
			for _, former := range firstPanel {
				_, err := k.c.NamePanel(k.ctx, testrig.Meta("organizer"), id, []string{former, "reviewer-4", "reviewer-5"})
				wantErr(t, "who was on the first panel", err, domain.ErrFourEyes)
			}
			k.panel(id, secondPanel...)
			if test.restored > 0 {
				_, err := k.c.CastVote(k.ctx, testrig.Meta(secondPanel[0]), id, test.restored-1, "应予减少")
				wantErr(t, "less than the first panel restored", err, domain.ErrNotWorse)
			}
			k.vote(id, secondPanel, test.second...)
			_, err = k.c.DecideAppeal(k.ctx, testrig.Meta(secondPanel[1]), id, "再次合议")
			must(t, err)
			cause, d = k.decision(id)
			if d.Panel != 2 || d.Restored != test.then || d.Outcome != test.ruling || d.EscalateBy != "" || (d.Corrected == nil) != (test.then == test.restored) {
				t.Errorf("the second panel decided %+v", d)
			}
			_, err = k.c.Correct(k.ctx, cause, d)
			must(t, err)
			_, err = k.c.EscalateAppeal(k.ctx, testrig.Meta(k.center()), id, "不服")
			wantErr(t, "a second escalation", err, domain.ErrDecided)
			k.Wait(t)
			testrig.CheckConsistent(t, k.Rig)
		})
	}
}

// TestOneCorrection: whoever carries a decision out, however often and on how
// many servers at once, one correction is on record.
func TestOneCorrection(t *testing.T) {
	k := newCourt(t)
	for n, on := range []assessment.Target{onLost, onConduct} {
		id := k.file(on)
		restored := []domain.Points{100, 1000}[n]
		cause, d := k.decide(id, firstPanel, restored, restored, restored)
		before := len(k.ReadLog(t))
		servers := []*command.Commands{k.c, k.server()}
		for _, s := range together(8, func(i int) []sent {
			receipt, err := servers[i%2].Correct(k.ctx, cause, d)
			return []sent{{receipt: receipt, err: err}}
		}) {
			must(t, s.err)
		}
		_, err := k.c.Correct(k.ctx, cause, d)
		must(t, err)
		k.unchanged("carried out often", before+1)
		events := k.ReadLog(t)
		m, err := eventstore.ReadMetadata(events[len(events)-1])
		must(t, err)
		if m.Actor != command.System || m.Causation != cause.ID.String() {
			t.Errorf("corrected by %s because of %s", m.Actor, m.Causation)
		}
	}
	// A decision that changes nothing is carried out by nothing, also when the
	// round is closed; one that does is carried out all the same.
	dismissed, upheld := k.file(onOther), k.file(onPress)
	first, none := k.decide(dismissed, firstPanel, 0, 0, 0)
	second, all := k.decide(upheld, firstPanel, 500, 500, 500)
	_, err := k.c.CloseRound(k.ctx, testrig.Meta("organizer"), inRound, "结束")
	must(t, err)
	before := len(k.ReadLog(t))
	_, err = k.c.Correct(k.ctx, first, none)
	must(t, err)
	k.unchanged("dismissed", before)
	_, err = k.c.Correct(k.ctx, second, all)
	must(t, err)
	k.unchanged("upheld, in a closed round", before+1)
	testrig.CheckConsistent(t, k.Rig)
}
