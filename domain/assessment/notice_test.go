package assessment_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

func notify(who string, at time.Time, appealBy string) decision {
	return func(a *assessment.Assessment) ([]domain.Event, error) {
		return a.Notify(domain.Stamp{By: who, At: at}, assessment.ResultNotified{Notice: 7, AppealBy: appealBy, Days: 5, Calendar: hash})
	}
}

func TestNotify(t *testing.T) {
	asUsual := notify("organizer", start, "2022-06-14")
	district := append(openDistrict(recorded("7.3", found(domain.Awarded, 250, ""))), submitted, approved)
	run(t, []scenario{
		{name: "rule 8, what is approved", given: signedOff(), when: asUsual, then: events(notified(1))},
		{name: "a district of its 7.3", given: district, when: asUsual, then: events(notified(1))},
		{name: "again after a revision", given: told(revised("second", "1.2", 1, met, "复看"), approved), when: asUsual, then: events(notified(2))},
		{name: "again after a deduction", given: told(imposed(1, "8.1"), approved), when: asUsual, then: events(notified(2))},
		{name: "again after a lifting and a correction", given: complete(imposed(1, "8.1"), submitted, approved, notified(1), corrected(1, "1.1.1", 1, domain.Met, 0), lifted(1), approved), when: asUsual, then: events(notified(2))},
		{name: "rule 8, while in work", given: complete(), when: asUsual, refused: domain.ErrNotApproved, says: "notifying 310101002, which is inWork: not approved"},
		{name: "rule 8, while in review", given: inReview(), when: asUsual, refused: domain.ErrNotApproved, says: "which is submitted"},
		{name: "rule 8, while it is changed again", given: told(imposed(1, "8.1")), when: asUsual, refused: domain.ErrNotApproved, says: "which is submitted"},
		{name: "twice", given: told(), when: asUsual, refused: domain.ErrExists, says: "310101002 was notified of this result"},
		{name: "an appeal's decision is told by itself", given: told(corrected(1, "1.1.1", 1, domain.Met, 0)), when: asUsual, refused: domain.ErrExists, says: "was notified of this result"},
		{name: "after the second notice", given: told(imposed(1, "8.1"), approved, notified(2)), when: asUsual, refused: domain.ErrExists, says: "was notified of this result"},
		{name: "rule 3, by who was recused", given: signedOff(recused("organizer")), when: asUsual, refused: domain.ErrRecused, says: "310101002: recused"},
		{name: "before opening", when: asUsual, refused: domain.ErrNotOpened, says: "assessment: not opened"},
		{name: "rule 5, appeals until no day", given: signedOff(), when: notify("organizer", start, ""), refused: domain.ErrInvalid, says: `appealBy "" is not a day`},
		{name: "rule 5, appeals until yesterday", given: signedOff(), when: notify("organizer", start, "2022-06-06"), refused: domain.ErrInvalid, says: `appealBy "2022-06-06" is not a day as YYYY-MM-DD, 2022-06-07 or later`},
	})
}

// Rule 5: an appeal needs an existing loss or deduction of that subject, as it
// was notified.
func TestRule5AtStake(t *testing.T) {
	on := func(clause string) assessment.Target { return assessment.Target{Clause: clause} }
	against := func(number int) assessment.Target { return assessment.Target{Deduction: number} }
	deducted := complete(imposed(1, "8.1"), imposed(2, "8.2"), submitted, approved, notified(1))
	district := append(openDistrict(recorded("7.3", found(domain.Awarded, 250, ""))), submitted, approved, notified(1))
	second := *notified(2)
	second.AppealBy = "2022-06-30"
	loss := assessment.Stake{Target: on("1.1.1"), Version: 1, Outcome: domain.Lost, Points: 75, Lost: 75, AppealBy: "2022-06-14"}
	revisedLoss, noticedLater := loss, loss
	revisedLoss.Version, revisedLoss.Points, revisedLoss.Lost, revisedLoss.AppealBy = 2, 150, 150, "2022-06-30"
	noticedLater.AppealBy = "2022-06-30"
	std := newStandard(t)
	for _, test := range []struct {
		name   string
		given  []domain.Event
		target assessment.Target
		want   assessment.Stake
		// refused is the rule broken, says what its text must hold.
		refused error
		says    string
	}{
		{name: "0.75 lost", given: told(), target: on("1.1.1"), want: loss},
		{name: "2 of 3 awarded", given: told(), target: on("7.1"), want: assessment.Stake{Target: on("7.1"), Version: 1, Outcome: domain.Awarded, Points: 200, Lost: 100, AppealBy: "2022-06-14"}},
		{name: "7.3 by the district: 2.50 of 3", given: district, target: on("7.3"), want: assessment.Stake{Target: on("7.3"), Version: 1, Outcome: domain.Awarded, Points: 250, Lost: 50, AppealBy: "2022-06-14"}},
		{name: "5 by a deduction", given: deducted, target: against(1), want: assessment.Stake{Target: against(1), Points: 500, Item: "8.1", Lost: 500, AppealBy: "2022-06-14"}},
		{name: "15 by another", given: deducted, target: against(2), want: assessment.Stake{Target: against(2), Points: 1500, Item: "8.2", Lost: 1500, AppealBy: "2022-06-14"}},
		{name: "while another clause is revised", given: told(revised("second", "1.2", 1, met, "复看")), target: on("1.1.1"), want: loss},
		{name: "while the record is with its assessors", given: told(revised("second", "1.2", 1, met, "复看"), returned("请补充")), target: on("1.1.1"), want: loss},
		{name: "what a dismissed appeal left alone", given: told(corrected(1, "7.1", 1, domain.Awarded, 300)), target: on("1.1.1"), want: loss},
		{name: "a revision that was notified too", given: told(revised("second", "1.1.1", 1, found(domain.Lost, 150, "又缺"), "复看"), approved, &second), target: on("1.1.1"), want: revisedLoss},
		{name: "the second notice has a last day of its own", given: told(revised("second", "1.2", 1, met, "复看"), approved, &second), target: on("1.1.1"), want: noticedLater},

		{name: "before the notice", given: signedOff(), target: on("1.1.1"), refused: domain.ErrNotNotified, says: "310101002: the result was not notified"},
		{name: "before opening", target: on("1.1.1"), refused: domain.ErrNotNotified, says: "the result was not notified"},
		{name: "of nothing", given: told(), refused: domain.ErrInvalid, says: "against one clause or one deduction"},
		{name: "of both", given: deducted, target: assessment.Target{Clause: "1.1.1", Deduction: 1}, refused: domain.ErrInvalid, says: "against one clause or one deduction"},
		{name: "an unknown clause", given: told(), target: on("9.9"), refused: domain.ErrUnknownClause, says: `"9.9" is not a clause`},
		{name: "7.3 by a center", given: told(), target: on("7.3"), refused: domain.ErrWrongSubject, says: "7.3 judges the district, 310101002 is a center"},
		{name: "a center's clause by the district", given: district, target: on("1.1.1"), refused: domain.ErrWrongSubject, says: "1.1.1 judges the center, 310101 is a district"},
		{name: "honors, which are claimed", given: told(), target: on("7.2"), refused: domain.ErrNothingAtStake, says: "7.2 has no entry of its own"},
		{name: "what was met", given: told(), target: on("1.2"), refused: domain.ErrNothingAtStake, says: "1.2 is met: nothing was lost here"},
		{name: "what was left out", given: signedOff(revised("second", "1.1.2", 1, found(domain.NotApplicable, 0, "疫情"), "复看"), approved, notified(1)), target: on("1.1.2"), refused: domain.ErrNothingAtStake, says: "1.1.2 is notApplicable"},
		{name: "what was awarded in full", given: signedOff(revised("second", "7.1", 1, found(domain.Awarded, 300, ""), "复看"), approved, notified(1)), target: on("7.1"), refused: domain.ErrNothingAtStake, says: "7.1 is awarded"},
		{name: "a revision after the notice", given: told(revised("second", "1.1.1", 1, found(domain.Lost, 150, "又缺"), "复看")), target: on("1.1.1"), refused: domain.ErrNotNotified, says: "1.1.1 has version 2, version 1 was notified"},
		{name: "what a panel has corrected", given: told(corrected(1, "1.1.1", 1, domain.Lost, 25)), target: on("1.1.1"), refused: domain.ErrDecided, says: "1.1.1 was decided by appeal " + appealed + ", escalate that"},
		{name: "what a panel has corrected, after a second notice", given: told(corrected(1, "1.1.1", 1, domain.Lost, 25), imposed(1, "8.1"), approved, notified(2)), target: on("1.1.1"), refused: domain.ErrDecided, says: "escalate that"},
		{name: "deduction 3 of 2", given: deducted, target: against(3), refused: domain.ErrUnknownItem, says: "deduction 3 of 2"},
		{name: "deduction -1", given: deducted, target: against(-1), refused: domain.ErrUnknownItem, says: "deduction -1 of 2"},
		{name: "a deduction after the notice", given: told(imposed(1, "8.1")), target: against(1), refused: domain.ErrNotNotified, says: "deduction 1 came after the notice"},
		{name: "a deduction that was lifted", given: append(slices.Clip(deducted), lifted(1)), target: against(1), refused: domain.ErrNothingAtStake, says: "deduction 1 was lifted"},
		{name: "a deduction that a panel has corrected", given: append(slices.Clip(deducted), reduced(1, 2, "8.1")), target: against(2), refused: domain.ErrDecided, says: "deduction 2 was decided by appeal " + appealed},
		{name: "a deduction that a panel has ended", given: append(slices.Clip(deducted), reduced(1, 2, "")), target: against(2), refused: domain.ErrDecided, says: "escalate that"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := fold(t, std, test.given).AtStake(test.target)
			if !errors.Is(err, test.refused) || (err != nil && !strings.Contains(err.Error(), test.says)) {
				t.Fatalf("error %v, want %v that says %q", err, test.refused, test.says)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("stake (-want +got):\n%s", diff)
			}
		})
	}
}

// A second panel hears of what the first one heard of, or of what that made of it.
func TestStillAtStake(t *testing.T) {
	std := newStandard(t)
	entry, deduction := assessment.Target{Clause: "1.1.1"}, assessment.Target{Deduction: 1}
	deducted := complete(imposed(1, "8.2"), submitted, approved, notified(1))
	for _, test := range []struct {
		name   string
		given  []domain.Event
		target assessment.Target
		// refused is the rule broken, says what its text must hold.
		refused error
		says    string
	}{
		{name: "as it was", given: told(), target: entry},
		{name: "as the appeal's first panel left it", given: told(corrected(1, "1.1.1", 1, domain.Lost, 25)), target: entry},
		{name: "revised since", given: told(revised("second", "1.1.1", 1, found(domain.Lost, 150, "又缺"), "复看")), target: entry, refused: domain.ErrSuperseded, says: "1.1.1 has version 2, appeal " + appealed + " was filed against version 1"},
		{name: "a deduction as it was", given: deducted, target: deduction},
		{name: "a deduction as the first panel left it", given: append(slices.Clip(deducted), reduced(1, 1, "8.1")), target: deduction},
		{name: "a deduction that was lifted", given: append(slices.Clip(deducted), lifted(1)), target: deduction, refused: domain.ErrNothingAtStake, says: "nothing is left of deduction 1"},
		{name: "no such deduction", given: told(), target: deduction, refused: domain.ErrUnknownItem, says: "deduction 1 of 0"},
	} {
		err := fold(t, std, test.given).StillAtStake(appealed, test.target, 1)
		if !errors.Is(err, test.refused) || (err != nil && !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: error %v, want %v that says %q", test.name, err, test.refused, test.says)
		}
	}
}

// Rule 3: nobody who had a part in the record hears an appeal against it, those
// included who were recused or whose work was superseded.
func TestRule3Parts(t *testing.T) {
	taken := &assessment.HonorWithdrawn{Stamp: by("deputy"), Honor: 2, Reason: "材料有误"}
	spoken := replied(1, "已整改")
	spoken.By = "spokesman"
	std := newStandard(t)
	a := fold(t, std, complete(
		assigned("idle", false), assigned("third", false), recused("third"), recused("outsider"),
		claimed(1, "a"), claimed(2, "b"), taken, accepted(1, 50),
		&assessment.Submitted{Stamp: by("assessor")}, &assessment.Returned{Stamp: by("returner"), Reason: "请补充"}, &assessment.Submitted{Stamp: by("assessor")},
		revised("second", "1.2", 1, met, "复看"), imposed(1, "8.1"), lifted(1), &assessment.Approved{Stamp: by("approver")},
		notified(1), spoken, redacted(1, ""), corrected(1, "1.1.1", 1, domain.Met, 0),
	))
	want := []string{
		"approver", "assessor", "center", "deputy", "idle", "lifter", "outsider", "returner", "reviewer", "second", "spokesman", "third",
	}
	parts := a.Parts()
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(parts))); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	parts["somebody"] = true
	if a.Parts()["somebody"] || a.Scorers["somebody"] {
		t.Error("parts shares its map with the record")
	}
}
