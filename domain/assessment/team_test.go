package assessment_test

import (
	"strings"
	"testing"
	"time"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

func assign(who string, lead bool) decision {
	return func(a *assessment.Assessment) ([]domain.Event, error) { return a.Assign(by("organizer"), who, lead) }
}

func recuse(who, reason string) decision {
	return func(a *assessment.Assessment) ([]domain.Event, error) {
		return a.Recuse(by("organizer"), who, reason, false)
	}
}

func TestAssign(t *testing.T) {
	run(t, []scenario{
		{name: "a member", given: open(), when: assign("third", false), then: events(assigned("third", false))},
		{name: "a member becomes the lead", given: open(), when: assign("second", true), then: events(assigned("second", true))},
		{name: "the lead becomes a member", given: open(), when: assign("assessor", false), then: events(assigned("assessor", false))},
		{name: "while in review", given: inReview(), when: assign("third", false), then: events(assigned("third", false))},
		{name: "before opening", when: assign("third", false), refused: domain.ErrNotOpened, says: "not opened"},
		{name: "twice", given: open(), when: assign("second", false), refused: domain.ErrExists, says: "assigning to 310101002: exists already"},
		{name: "twice as lead", given: open(), when: assign("assessor", true), refused: domain.ErrExists, says: "310101002"},
		{name: "rule 3, after a recusal", given: open(recused("second")), when: assign("second", false), refused: domain.ErrRecused, says: "310101002: recused from this subject"},
		{name: "rule 3, by who is recused", given: open(recused("organizer")), when: assign("third", false), refused: domain.ErrRecused, says: "310101002: recused"},
	})
}

func TestRecuse(t *testing.T) {
	run(t, []scenario{
		{name: "a member", given: open(), when: recuse("second", "亲属在该中心任职"), then: events(recused("second"))},
		{name: "a reviewer, never assigned", given: inReview(), when: recuse("reviewer", "亲属在该中心任职"), then: events(recused("reviewer"))},
		{name: "before opening", when: recuse("second", "x"), refused: domain.ErrNotOpened, says: "not opened"},
		{name: "twice", given: open(recused("second")), when: recuse("second", "x"), refused: domain.ErrExists, says: "recusal from 310101002: exists already"},
		{name: "rule 3, by who is recused", given: open(recused("organizer")), when: recuse("second", "x"), refused: domain.ErrRecused, says: "310101002: recused"},
		{name: "no reason", given: open(), when: recuse("second", " "), refused: domain.ErrReasonMissing, says: "recusal from 310101002"},
		{name: "a long reason", given: open(), when: recuse("second", strings.Repeat("x", 4001)), refused: domain.ErrInvalid, says: "reason has 4001 characters"},
	})
}

// Rule 3: only those assigned write, and recused means no further writes.
func TestOnlyTheTeamWrites(t *testing.T) {
	one := score("1.1.1", met)
	observe := func(who string) decision {
		return func(a *assessment.Assessment) ([]domain.Event, error) { return a.Observe(by(who), observed(0, "1.2")) }
	}
	impose := func(who string) decision {
		return func(a *assessment.Assessment) ([]domain.Event, error) {
			return a.ImposeDeduction(by(who), *imposed(0, "8.1"))
		}
	}
	lift := func(who string) decision {
		return func(a *assessment.Assessment) ([]domain.Event, error) {
			return a.LiftDeduction(by(who), 1, "不属实")
		}
	}
	run(t, []scenario{
		{name: "record: a stranger", given: open(), when: record("stranger", one), refused: domain.ErrNotAssigned, says: "310101002: not assigned to this subject"},
		{name: "revise: a stranger", given: complete(), when: revise("stranger", "1.2", 1, met, ""), refused: domain.ErrNotAssigned, says: "310101002: not assigned"},
		{name: "observe: a stranger", given: open(), when: observe("stranger"), refused: domain.ErrNotAssigned, says: "310101002: not assigned"},
		{name: "submit: a stranger", given: complete(), when: submit("stranger"), refused: domain.ErrNotAssigned, says: "310101002: not assigned"},
		{name: "submit: a member", given: complete(), when: submit("second"), refused: domain.ErrNotLead, says: "submitting 310101002: the lead of the team submits"},
		{name: "submit: who is no longer the lead", given: complete(assigned("second", true)), when: submit("assessor"), refused: domain.ErrNotLead, says: "submitting"},
		{name: "submit: a new lead", given: complete(assigned("second", true)), when: submit("second"), then: events(&assessment.Submitted{Stamp: by("second")})},
		{name: "record: recused", given: open(recused("second")), when: record("second", one), refused: domain.ErrRecused, says: "310101002: recused from this subject"},
		{name: "revise: recused", given: complete(recused("second")), when: revise("second", "1.2", 1, met, ""), refused: domain.ErrRecused, says: "recused"},
		{name: "observe: recused", given: open(recused("second")), when: observe("second"), refused: domain.ErrRecused, says: "recused"},
		{name: "submit: recused", given: complete(recused("assessor")), when: submit("assessor"), refused: domain.ErrRecused, says: "recused"},
		{name: "impose: recused", given: open(recused("organizer")), when: impose("organizer"), refused: domain.ErrRecused, says: "recused"},
		{name: "lift: recused", given: open(imposed(1, "8.1"), recused("organizer")), when: lift("organizer"), refused: domain.ErrRecused, says: "recused"},
		{name: "claim: recused", given: open(recused("center")), when: claimAgain, refused: domain.ErrRecused, says: "310101002: recused"},
		{name: "withdraw: recused", given: open(claimed(1, "文明窗口"), recused("center")), when: withdrawFirst, refused: domain.ErrRecused, says: "310101002: recused"},
		{name: "approve: who made no claim", given: inReview(), when: approve("center"), then: events(&assessment.Approved{Stamp: by("center")})},
		{name: "approve: whose claim is decided", given: append(complete(claimed(1, "文明窗口"), accepted(1, 50)), submitted), when: approve("center"), refused: domain.ErrFourEyes, says: "310101002: nobody approves their own work"},
		{name: "approve: recused", given: inReview(recused("reviewer")), when: approve("reviewer"), refused: domain.ErrRecused, says: "recused"},
		{name: "approve: assigned, though nothing was written", given: inReview(assigned("third", false)), when: approve("third"), refused: domain.ErrFourEyes, says: "310101002"},
	})
}

func TestObserve(t *testing.T) {
	observe := func(change func(*assessment.ObservationRecorded)) decision {
		o := observed(0, "1.2")
		change(&o)
		return func(a *assessment.Assessment) ([]domain.Event, error) { return a.Observe(by("assessor"), o) }
	}
	first, second := observed(1, "1.2"), observed(2, "1.2")
	run(t, []scenario{
		{name: "a first one", given: open(), when: observe(func(*assessment.ObservationRecorded) {}), then: events(&first)},
		{name: "a second one, which voids no sign-off", given: signedOff(&first), when: observe(func(*assessment.ObservationRecorded) {}), then: events(&second)},
		{name: "before opening", when: observe(func(*assessment.ObservationRecorded) {}), refused: domain.ErrNotOpened, says: "not opened"},
		{name: "an unknown clause", given: open(), when: observe(func(o *assessment.ObservationRecorded) { o.Clause = "9.9" }), refused: domain.ErrUnknownClause, says: `"9.9" is not a clause`},
		{name: "the district's clause", given: open(), when: observe(func(o *assessment.ObservationRecorded) { o.Clause = "7.3" }), refused: domain.ErrWrongSubject, says: "7.3 judges the district"},
		{name: "no text", given: open(), when: observe(func(o *assessment.ObservationRecorded) { o.Text = "" }), refused: domain.ErrInvalid, says: "an observation on 1.2 needs a text"},
		{name: "no method", given: open(), when: observe(func(o *assessment.ObservationRecorded) { o.Method = "" }), refused: domain.ErrInvalid, says: "1.2: method"},
		{name: "no time", given: open(), when: observe(func(o *assessment.ObservationRecorded) { o.ObservedAt = time.Time{} }), refused: domain.ErrInvalid, says: "observedAt"},
		{name: "bad evidence", given: open(), when: observe(func(o *assessment.ObservationRecorded) { o.Evidence = []string{"x"} }), refused: domain.ErrInvalid, says: "evidence"},
	})
	a := fold(t, newStandard(t), signedOff(&first))
	if a.Status != assessment.SignedOff {
		t.Errorf("an observation leaves the record %q", a.Status)
	}
}

func TestReturn(t *testing.T) {
	giveBack := func(who, reason string, clauses ...assessment.ClauseReason) decision {
		return func(a *assessment.Assessment) ([]domain.Event, error) { return a.Return(by(who), reason, clauses) }
	}
	photo := assessment.ClauseReason{Clause: "1.2", Reason: "缺少照片"}
	run(t, []scenario{
		{name: "for a clause", given: inReview(), when: giveBack("reviewer", "", photo), then: events(returned("", photo))},
		{name: "for the whole", given: inReview(), when: giveBack("reviewer", "请补充"), then: events(returned("请补充"))},
		{name: "rule 4, submitted again", given: inReview(returned("请补充")), when: submit("assessor"), then: events(submitted)},
		{name: "rule 4, unlocks", given: inReview(returned("请补充")), when: revise("assessor", "1.2", 1, met, ""), then: events(revised("assessor", "1.2", 1, met, ""))},
		{name: "approved by who returned", given: inReview(returned("请补充"), submitted), when: approve("reviewer"), then: events(approved)},
		{name: "not submitted", given: complete(), when: giveBack("reviewer", "x"), refused: domain.ErrNotSubmitted, says: "310101002: not submitted"},
		{name: "approved", given: signedOff(), when: giveBack("reviewer", "x"), refused: domain.ErrDecided, says: "was approved"},
		{name: "no reason", given: inReview(), when: giveBack("reviewer", " "), refused: domain.ErrReasonMissing, says: "returning 310101002"},
		{name: "no reason for a clause", given: inReview(), when: giveBack("reviewer", "x", assessment.ClauseReason{Clause: "1.2"}), refused: domain.ErrReasonMissing, says: "returning 1.2"},
		{name: "a clause twice", given: inReview(), when: giveBack("reviewer", "", photo, photo), refused: domain.ErrInvalid, says: "1.2 is given twice"},
		{name: "an unknown clause", given: inReview(), when: giveBack("reviewer", "", assessment.ClauseReason{Clause: "9.9", Reason: "x"}), refused: domain.ErrUnknownClause, says: `"9.9"`},
		{name: "the district's clause", given: inReview(), when: giveBack("reviewer", "", assessment.ClauseReason{Clause: "7.3", Reason: "x"}), refused: domain.ErrWrongSubject, says: "7.3 judges the district"},
		{name: "rule 3, four eyes: the team", given: inReview(), when: giveBack("second", "x"), refused: domain.ErrFourEyes, says: "310101002"},
		{name: "recused", given: inReview(recused("reviewer")), when: giveBack("reviewer", "x"), refused: domain.ErrRecused, says: "recused"},
	})
}

func TestWithdrawHonor(t *testing.T) {
	withdraw := func(number int, reason string) decision {
		return func(a *assessment.Assessment) ([]domain.Event, error) {
			return a.WithdrawHonor(by("center"), number, reason)
		}
	}
	one := open(claimed(1, "文明窗口"))
	run(t, []scenario{
		{name: "one that waits", given: one, when: withdraw(1, "材料有误"), then: events(withdrawn(1))},
		{name: "no reason", given: one, when: withdraw(1, ""), refused: domain.ErrReasonMissing, says: "withdrawing claim 1"},
		{name: "decided", given: append(one, rejected(1)), when: withdraw(1, "x"), refused: domain.ErrDecided, says: "honor claim 1"},
		{name: "twice", given: append(one, withdrawn(1)), when: withdraw(1, "x"), refused: domain.ErrDecided, says: "honor claim 1"},
		{name: "accepted after", given: append(one, withdrawn(1)), when: accept("reviewer", 1, 50), refused: domain.ErrDecided, says: "honor claim 1"},
		{name: "number 2 of 1", given: one, when: withdraw(2, "x"), refused: domain.ErrUnknownItem, says: "honor claim 2 of 1"},
		{name: "rule 7, claimed again in other words", given: append(one, withdrawn(1)), when: claimAgain, then: events(again(2))},
	})
}

func withdrawFirst(a *assessment.Assessment) ([]domain.Event, error) {
	return a.WithdrawHonor(by("center"), 1, "材料有误")
}

func again(number int) *assessment.HonorClaimed { return claimed(number, "文明窗口") }

func claimAgain(a *assessment.Assessment) ([]domain.Event, error) {
	return a.ClaimHonor(by("center"), *again(0), honorsIn)
}
