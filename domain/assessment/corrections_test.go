package assessment_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

func correct(c *assessment.ScoreCorrected) decision {
	asked := *c
	asked.Stamp, asked.Supersedes = domain.Stamp{}, 0
	return func(a *assessment.Assessment) ([]domain.Event, error) { return a.CorrectScore(by("system"), asked) }
}

func reduce(c *assessment.DeductionCorrected) decision {
	asked := *c
	asked.Stamp = domain.Stamp{}
	return func(a *assessment.Assessment) ([]domain.Event, error) { return a.CorrectDeduction(by("system"), asked) }
}

func TestCorrectScore(t *testing.T) {
	partly := corrected(1, "1.1.1", 1, domain.Lost, 25)
	revisedSince := revised("second", "1.1.1", 1, found(domain.Lost, 150, "又缺"), "复看")
	district := append(openDistrict(recorded("7.3", found(domain.Awarded, 250, ""))), submitted, approved, notified(1))
	misfit := func(name, clause string, outcome domain.Outcome, points domain.Points, says string) scenario {
		return scenario{name: name, given: told(), when: correct(corrected(1, clause, 1, outcome, points)), refused: domain.ErrInvalid, says: says}
	}
	run(t, []scenario{
		{name: "to a lesser loss", given: told(), when: correct(partly), then: events(partly)},
		{name: "to no loss", given: told(), when: correct(corrected(1, "1.1.1", 1, domain.Met, 0)), then: events(corrected(1, "1.1.1", 1, domain.Met, 0))},
		{name: "to a greater award", given: told(), when: correct(corrected(1, "7.1", 1, domain.Awarded, 300)), then: events(corrected(1, "7.1", 1, domain.Awarded, 300))},
		{name: "7.3 of a district", given: district, when: correct(corrected(1, "7.3", 1, domain.Awarded, 300)), then: events(corrected(1, "7.3", 1, domain.Awarded, 300))},
		{name: "rule 6, a decision that was carried out", given: told(partly), when: correct(partly)},
		{name: "rule 6, a decision that was carried out, revised or not since", given: told(partly, revised("second", "1.2", 1, met, "复看")), when: correct(partly)},
		{name: "rule 6, the second panel's after the first's", given: told(partly), when: correct(corrected(2, "1.1.1", 2, domain.Met, 0)), then: events(corrected(2, "1.1.1", 2, domain.Met, 0))},
		{name: "rule 6, the second panel's alone, where the first dismissed", given: told(), when: correct(corrected(2, "1.1.1", 1, domain.Met, 0)), then: events(corrected(2, "1.1.1", 1, domain.Met, 0))},
		{name: "rule 2, it supersedes what stands by then", given: told(revisedSince), when: correct(corrected(1, "1.1.1", 2, domain.Lost, 25)), then: events(corrected(1, "1.1.1", 2, domain.Lost, 25))},
		{name: "rule 4, while the record is with its assessors", given: told(revised("second", "1.2", 1, met, "复看"), returned("请补充")), when: correct(partly), then: events(partly)},
		{name: "rule 3, whoever is recused, the decision is carried out", given: told(recused("system")), when: correct(partly), then: events(partly)},
		{name: "before opening", when: correct(partly), refused: domain.ErrNotOpened, says: "assessment: not opened"},
		{name: "what has no entry", given: open(), when: correct(partly), refused: domain.ErrNotRecorded, says: "1.1.1: not recorded yet"},
		{name: "honors", given: told(), when: correct(corrected(1, "7.2", 1, domain.Awarded, 100)), refused: domain.ErrNotRecorded, says: "7.2: not recorded yet"},
		{name: "an unknown clause", given: told(), when: correct(corrected(1, "9.9", 1, domain.Met, 0)), refused: domain.ErrUnknownClause, says: `"9.9" is not a clause`},
		{name: "7.3 on a center", given: told(), when: correct(corrected(1, "7.3", 1, domain.Awarded, 300)), refused: domain.ErrWrongSubject, says: "7.3 judges the district"},
		misfit("met with points", "1.1.1", domain.Met, 25, "1.1.1 corrected to met with 0.25 points"),
		misfit("lost nothing", "1.1.1", domain.Lost, 0, "1.1.1 corrected to lost with 0.00 points"),
		misfit("lost more than the indicator", "1.1.1", domain.Lost, 301, "corrected to lost with 3.01 points"),
		misfit("awarded on a pool", "1.1.1", domain.Awarded, 25, "1.1.1 corrected to awarded"),
		misfit("met on an award", "7.1", domain.Met, 0, "7.1 corrected to met"),
		misfit("lost on an award", "7.1", domain.Lost, 50, "7.1 corrected to lost"),
		misfit("awarded more than the indicator", "7.1", domain.Awarded, 301, "7.1 corrected to awarded with 3.01 points"),
		misfit("awarded less than nothing", "7.1", domain.Awarded, -1, "7.1 corrected to awarded with -0.01 points"),
		misfit("not applicable", "1.1.2", domain.NotApplicable, 0, "1.1.2 corrected to notApplicable"),
	})
}

func TestCorrectDeduction(t *testing.T) {
	deducted := complete(imposed(1, "8.2"), imposed(2, "8.1"), submitted, approved, notified(1))
	with := func(more ...domain.Event) []domain.Event { return append(slices.Clip(deducted), more...) }
	run(t, []scenario{
		{name: "to a lesser item", given: deducted, when: reduce(reduced(1, 1, "8.1")), then: events(reduced(1, 1, "8.1"))},
		{name: "to nothing", given: deducted, when: reduce(reduced(1, 2, "")), then: events(reduced(1, 2, ""))},
		{name: "rule 6, a decision that was carried out", given: with(reduced(1, 1, "8.1")), when: reduce(reduced(1, 1, "8.1"))},
		{name: "rule 6, the second panel's after the first's", given: with(reduced(1, 1, "8.1")), when: reduce(reduced(2, 1, "")), then: events(reduced(2, 1, ""))},
		{name: "lifted meanwhile", given: with(lifted(1)), when: reduce(reduced(1, 1, "8.1"))},
		{name: "reduced by the first panel, then lifted", given: with(reduced(1, 1, "8.1"), lifted(1)), when: reduce(reduced(2, 1, ""))},
		{name: "ended by another decision", given: with(reduced(1, 1, "")), when: reduce(reduced(2, 1, "8.1"))},
		{name: "to the item that stands", given: deducted, when: reduce(reduced(1, 2, "8.1")), refused: domain.ErrInvalid, says: "8.1 of 5.00 points corrected to 8.1 of 5.00"},
		{name: "to a greater item", given: deducted, when: reduce(reduced(1, 2, "8.2")), refused: domain.ErrInvalid, says: "8.1 of 5.00 points corrected to 8.2 of 15.00"},
		{name: "to an unknown item", given: deducted, when: reduce(reduced(1, 1, "8.3")), refused: domain.ErrUnknownItem, says: `"8.2" corrected to "8.3", standard fixture has not both`},
		{name: "deduction 3 of 2", given: deducted, when: reduce(reduced(1, 3, "")), refused: domain.ErrUnknownItem, says: "deduction 3 of 2"},
		{name: "deduction 0", given: deducted, when: reduce(reduced(1, 0, "")), refused: domain.ErrUnknownItem, says: "deduction 0 of 2"},
		{name: "before opening", when: reduce(reduced(1, 1, "")), refused: domain.ErrNotOpened, says: "assessment: not opened"},
	})
}

// The record has 2.25 of 3 on 1.1 (0.75 lost), 90 of 90 on 1.2, 2 of 3 on 7.1
// and nothing on 7.2 and 7.3: 94.25.
func TestRule6CorrectionsMoveTheScore(t *testing.T) {
	deducted := complete(imposed(1, "8.2"), imposed(2, "8.1"), submitted, approved, notified(1))
	with := func(more ...domain.Event) []domain.Event { return append(slices.Clip(deducted), more...) }
	other := reduced(1, 2, "")
	other.Appeal = "2022-310101002-deduction2-1"
	std := newStandard(t)
	for _, test := range []struct {
		name  string
		given []domain.Event
		total domain.Points
	}{
		{"as approved", told(), 9425},
		{"0.50 of 0.75 restored", told(corrected(1, "1.1.1", 1, domain.Lost, 25)), 9475},
		{"all restored", told(corrected(1, "1.1.1", 1, domain.Met, 0)), 9500},
		{"0.50, then all restored by the second panel", told(corrected(1, "1.1.1", 1, domain.Lost, 25), corrected(2, "1.1.1", 2, domain.Met, 0)), 9500},
		{"0.60 more awarded", told(corrected(1, "7.1", 1, domain.Awarded, 260)), 9485},
		{"a revision to 1.50 lost, corrected to 0.25", told(revised("second", "1.1.1", 1, found(domain.Lost, 150, "又缺"), "复看"), corrected(1, "1.1.1", 2, domain.Lost, 25)), 9475},
		{"less 15, the largest deduction", deducted, 7925},
		{"the 15 become 5", with(reduced(1, 1, "8.1")), 8925},
		{"the 15 become nothing: the 5 are left", with(reduced(1, 1, "")), 8925},
		{"the 5 become nothing: the 15 are left", with(other), 7925},
		{"both become nothing", with(reduced(1, 1, ""), other), 9425},
		{"the 15 become 5, and are lifted", with(reduced(1, 1, "8.1"), lifted(1), lifted(2)), 9425},
	} {
		a := fold(t, std, test.given)
		if got := std.Score(a.Sheet, domain.Sheet{}).Total; got != test.total {
			t.Errorf("%s: %s, want %s", test.name, got, test.total)
		}
	}
}

// Rule 4: a decided appeal's correction passes the lock and keeps the sign-off,
// where a revision voids it.
func TestRule4CorrectionsKeepTheSignOff(t *testing.T) {
	std := newStandard(t)
	deducted := complete(imposed(1, "8.2"), submitted, approved, notified(1))
	for _, test := range []struct {
		name    string
		history []domain.Event
		want    assessment.Status
	}{
		{"approved", told(corrected(1, "1.1.1", 1, domain.Met, 0)), assessment.SignedOff},
		{"approved, a deduction", append(deducted, reduced(1, 1, "")), assessment.SignedOff},
		{"in review again", told(revised("second", "1.2", 1, met, "复看"), corrected(1, "1.1.1", 1, domain.Met, 0)), assessment.InReview},
		{"with its assessors again", told(revised("second", "1.2", 1, met, "复看"), returned("请补充"), corrected(1, "1.1.1", 1, domain.Met, 0)), assessment.InWork},
	} {
		if got := fold(t, std, test.history).Status; got != test.want {
			t.Errorf("%s: status %q, want %q", test.name, got, test.want)
		}
	}
}

// The panel's word is the last: what it corrected is revised by nobody, while
// other clauses go on, and the record is told anew once they have moved.
func TestAfterACorrection(t *testing.T) {
	partly := corrected(1, "1.1.1", 1, domain.Lost, 25)
	deducted := complete(imposed(1, "8.2"), submitted, approved, notified(1))
	again := revised("second", "1.2", 1, met, "复看")
	run(t, []scenario{
		{name: "rule 4, revising what was corrected", given: told(partly), when: revise("second", "1.1.1", 2, met, "复看"), refused: domain.ErrDecided, says: "1.1.1 was decided by appeal " + appealed},
		{name: "rule 2, revising what was seen before", given: told(partly), when: revise("second", "1.1.1", 1, met, "复看"), refused: domain.ErrSuperseded, says: "1.1.1 has version 2, not 1"},
		{name: "rule 4, also once it was returned", given: told(again, partly, returned("请补充")), when: revise("second", "1.1.1", 2, met, "复看"), refused: domain.ErrDecided, says: "was decided by appeal"},
		{name: "recording it anew", given: told(again, partly, returned("请补充")), when: record("assessor", score("1.1.1", met)), refused: domain.ErrAlreadyRecorded, says: "1.1.1 has version 2"},
		{name: "revising another clause", given: told(partly), when: revise("second", "1.2", 1, met, "复看"), then: events(again)},
		{name: "submitting it again", given: told(partly, again, returned("请补充")), when: submit("assessor"), then: events(submitted)},
		{name: "approving it again", given: told(partly, again), when: approve("reviewer"), then: events(approved)},
		{name: "telling it again", given: told(partly, again, approved), when: notify("organizer", start, "2022-06-14"), then: events(notified(2))},
		{name: "lifting what was made a lesser deduction", given: append(slices.Clip(deducted), reduced(1, 1, "8.1")), when: lift(1, "不属实"), then: events(lifted(1))},
		{name: "lifting what was ended", given: append(slices.Clip(deducted), reduced(1, 1, "")), when: lift(1, "不属实"), refused: domain.ErrDecided, says: "deduction 1 was ended by appeal " + appealed},
	})
}

// A correction keeps of the entry how it was seen, and adds whose word it is.
func TestRule2CorrectionsSupersede(t *testing.T) {
	c := corrected(1, "1.1.1", 1, domain.Lost, 25)
	a := fold(t, newStandard(t), told(c))
	finding := lost
	finding.Points = 25
	if diff := cmp.Diff(assessment.Entry{Version: 2, Finding: finding, Stamp: c.Stamp, Appeal: appealed}, a.Entries["1.1.1"]); diff != "" {
		t.Errorf("entry (-want +got):\n%s", diff)
	}
	if a.Scorers["system"] {
		t.Error("who carries out a decision has a part in the record")
	}
}
