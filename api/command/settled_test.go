package command_test

import (
	"testing"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/internal/testrig"
)

func (k *court) revise(on assessment.Target, version int) error {
	k.t.Helper()
	_, err := k.c.ReviseScore(k.ctx, testrig.Meta("assessor"), inRound, k.subject, version, assessment.Score{
		Clause: on.Clause, Finding: assessment.Finding{
			Outcome: domain.Lost, Points: 50, Method: assessment.Documents, ObservedAt: testrig.Day, Reason: "复看照片",
		},
	}, "复看照片")
	return err
}

// TestRevisionAwaitsCorrection: between a decision and its correction, which a
// reaction makes later, the entry stays as the panel heard about it.
func TestRevisionAwaitsCorrection(t *testing.T) {
	k := newCourt(t)
	id := k.file(onLost)
	cause, decided := k.decide(id, firstPanel, 50, 50, 50)
	before := len(k.ReadLog(t))
	wantErr(t, "decided and not carried out", k.revise(onLost, 1), domain.ErrUnderAppeal)
	k.unchanged("a revision before the correction", before)
	_, err := k.c.EscalateAppeal(k.ctx, testrig.Meta(k.center()), id, "不服")
	must(t, err)
	_, err = k.c.WithdrawAppeal(k.ctx, testrig.Meta(k.center()), id, "不再申诉")
	must(t, err)
	wantErr(t, "withdrawn from the second panel, the first one's not carried out", k.revise(onLost, 1), domain.ErrUnderAppeal)
	_, err = k.c.Correct(k.ctx, cause, decided)
	must(t, err)
	wantErr(t, "carried out", k.revise(onLost, 2), domain.ErrDecided)
}

// TestEscalateWhatStands: a second panel hears of what the first one heard of.
// Once that is another finding, or nothing is left of it, there is no escalation.
func TestEscalateWhatStands(t *testing.T) {
	k := newCourt(t)
	entry, deduction := k.file(onLost), k.file(onPress)
	k.decide(entry, firstPanel, 0, 0, 0)
	k.decide(deduction, firstPanel, 0, 0, 0)
	must(t, k.revise(onLost, 1))
	_, err := k.c.LiftDeduction(k.ctx, testrig.Meta("organizer-3"), inRound, k.subject, onPress.Deduction, "查无实据")
	must(t, err)
	before := len(k.ReadLog(t))
	_, err = k.c.EscalateAppeal(k.ctx, testrig.Meta(k.center()), entry, "不服")
	wantErr(t, "an entry that was revised since", err, domain.ErrSuperseded)
	_, err = k.c.EscalateAppeal(k.ctx, testrig.Meta(k.center()), deduction, "不服")
	wantErr(t, "a deduction that was lifted since", err, domain.ErrNothingAtStake)
	k.unchanged("refused escalations", before)

	// The revision is appealed against once it is told: one appeal is open then.
	_, err = k.c.Approve(k.ctx, testrig.Meta("reviewer"), inRound, k.subject)
	must(t, err)
	_, err = k.c.NotifyResult(k.ctx, testrig.Meta("organizer"), inRound, k.subject)
	must(t, err)
	k.file(onLost)
	_, err = k.c.EscalateAppeal(k.ctx, testrig.Meta(k.center()), entry, "不服")
	wantErr(t, "an earlier appeal against what is under appeal", err, domain.ErrSuperseded)
}

// TestRecusedFromRecord: whoever was recused from a record acts on no appeal
// against it, for neither side and not as its organizer.
func TestRecusedFromRecord(t *testing.T) {
	k := newCourt(t)
	heard, decided := k.file(onLost), k.file(onOther)
	k.panel(heard, firstPanel...)
	k.decide(decided, secondPanel, 0, 0, 0)
	for _, account := range []string{"organizer-5", k.center(), "assessor-2"} {
		_, err := k.c.RecuseAssessor(k.ctx, testrig.Meta("organizer"), inRound, k.subject, account, "亲属在该中心任职", true)
		must(t, err)
	}
	before := len(k.ReadLog(t))
	commands := onSomeAppeal(k)
	for name, actor := range map[string]string{
		"withdrawAppeal": k.center(), "addToAppeal": k.center(), "answerAppeal": "assessor-2",
		"namePanel": "organizer-5", "recuseReviewer": "organizer-5", "extendAppeal": "organizer-5",
	} {
		wantErr(t, name+" by who was recused", commands[name](actor, heard), domain.ErrRecused)
	}
	wantErr(t, "escalateAppeal by who was recused", commands["escalateAppeal"](k.center(), decided), domain.ErrRecused)
	k.unchanged("commands of who was recused", before)

	// A member of the panel who is recused from the record votes no more, and
	// still leaves.
	_, err := k.c.RecuseAssessor(k.ctx, testrig.Meta("organizer"), inRound, k.subject, firstPanel[0], "亲属在该中心任职", false)
	must(t, err)
	wantErr(t, "the vote of who was recused", commands["castVote"](firstPanel[0], heard), domain.ErrFourEyes)
	_, err = k.c.RecuseFromPanel(k.ctx, testrig.Meta(firstPanel[0]), heard, "亲属在该中心任职")
	must(t, err)
}
