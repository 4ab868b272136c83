package assessment_test

import (
	"strings"
	"testing"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

func impose(change func(*assessment.DeductionImposed)) decision {
	return func(a *assessment.Assessment) ([]domain.Event, error) {
		d := *imposed(0, "8.1") // the number and the stamp are not the caller's to choose
		d.Stamp, d.Deduction = by("somebody else"), 77
		change(&d)
		return a.ImposeDeduction(by("second"), d)
	}
}

func lift(number int, reason string) decision {
	return func(a *assessment.Assessment) ([]domain.Event, error) {
		return a.LiftDeduction(by("lifter"), number, reason)
	}
}

func TestImposeDeduction(t *testing.T) {
	asIs := impose(func(*assessment.DeductionImposed) {})
	evident := imposed(1, "8.1")
	evident.Evidence = []string{hash}
	run(t, []scenario{
		{name: "in work", given: open(), when: asIs, then: events(imposed(1, "8.1"))},
		{name: "the second", given: open(imposed(1, "8.2")), when: asIs, then: events(imposed(2, "8.1"))},
		{name: "numbers are not used again", given: open(imposed(1, "8.2"), lifted(1)), when: asIs, then: events(imposed(2, "8.1"))},
		{name: "after submission", given: inReview(), when: asIs, then: events(imposed(1, "8.1"))},
		{name: "after approval", given: signedOff(), when: asIs, then: events(imposed(1, "8.1"))},
		{name: "with evidence", given: open(), when: impose(func(d *assessment.DeductionImposed) { d.Evidence = []string{hash} }), then: events(evident)},
		{name: "before opening", when: asIs, refused: domain.ErrNotOpened, says: "assessment: not opened"},
		{name: "unknown item", given: open(), when: impose(func(d *assessment.DeductionImposed) { d.Item = "8.3" }), refused: domain.ErrUnknownItem, says: `"8.3" is not a deduction item of standard fixture`},
		{name: "on a district", given: openDistrict(), when: asIs, refused: domain.ErrWrongSubject, says: "310101 is a district, deductions are for centers"},
		{name: "no reason", given: open(), when: impose(func(d *assessment.DeductionImposed) { d.Reason = " " }), refused: domain.ErrReasonMissing, says: "deduction 8.1 needs a reason and a source"},
		{name: "no source", given: open(), when: impose(func(d *assessment.DeductionImposed) { d.Source = "" }), refused: domain.ErrReasonMissing, says: "deduction 8.1 needs a reason and a source"},
		{name: "a long reason", given: open(), when: impose(func(d *assessment.DeductionImposed) { d.Reason = strings.Repeat("x", 4001) }), refused: domain.ErrInvalid, says: "reason has 4001 characters"},
		{name: "a source that is not UTF-8", given: open(), when: impose(func(d *assessment.DeductionImposed) { d.Source = "\xff" }), refused: domain.ErrInvalid, says: "source is not valid UTF-8"},
		{name: "no such day", given: open(), when: impose(func(d *assessment.DeductionImposed) { d.OccurredOn = "2022-02-29" }), refused: domain.ErrInvalid, says: `occurredOn "2022-02-29" is not a day`},
		{name: "a day of another form", given: open(), when: impose(func(d *assessment.DeductionImposed) { d.OccurredOn = "2022-2-9" }), refused: domain.ErrInvalid, says: `occurredOn "2022-2-9" is not a day as YYYY-MM-DD`},
		{name: "evidence that is no SHA-256", given: open(), when: impose(func(d *assessment.DeductionImposed) { d.Evidence = []string{"abc"} }), refused: domain.ErrInvalid, says: `evidence "abc" is not a SHA-256`},
	})
}

func TestLiftDeduction(t *testing.T) {
	two := open(imposed(1, "8.1"), imposed(2, "8.2"))
	run(t, []scenario{
		{name: "the first of two", given: two, when: lift(1, "不属实"), then: events(lifted(1))},
		{name: "the second after the first", given: open(imposed(1, "8.1"), imposed(2, "8.2"), lifted(1)), when: lift(2, "不属实"), then: events(lifted(2))},
		{name: "after approval", given: inReview(imposed(1, "8.1"), approved), when: lift(1, "不属实"), then: events(lifted(1))},
		{name: "before opening", when: lift(1, "x"), refused: domain.ErrUnknownItem, says: "deduction 1 of 0"},
		{name: "number 0", given: two, when: lift(0, "x"), refused: domain.ErrUnknownItem, says: "deduction 0 of 2"},
		{name: "number 3 of 2", given: two, when: lift(3, "x"), refused: domain.ErrUnknownItem, says: "deduction 3 of 2"},
		{name: "twice", given: open(imposed(1, "8.1"), lifted(1)), when: lift(1, "x"), refused: domain.ErrDecided, says: "deduction 1 was lifted"},
		{name: "no reason", given: two, when: lift(2, "\t"), refused: domain.ErrReasonMissing, says: "lifting deduction 2"},
		{name: "a long reason", given: two, when: lift(2, strings.Repeat("长", 4001)), refused: domain.ErrInvalid, says: "reason has 4001 characters"},
	})
}

// Lifting the larger of two deductions leaves the smaller one standing.
func TestLiftingLeavesTheOther(t *testing.T) {
	std := newStandard(t)
	for _, test := range []struct {
		history []domain.Event
		want    domain.Points
	}{
		{open(imposed(1, "8.1"), imposed(2, "8.2")), 1500},
		{open(imposed(1, "8.1"), imposed(2, "8.2"), lifted(2)), 500},
		{open(imposed(1, "8.1"), imposed(2, "8.2"), lifted(1)), 1500},
		{open(imposed(1, "8.1"), imposed(2, "8.2"), lifted(1), lifted(2)), 0},
		{open(imposed(1, "8.1"), lifted(1), imposed(2, "8.1")), 500},
	} {
		a := fold(t, std, test.history)
		if got := std.Score(a.Sheet, domain.Sheet{}).Deduction; got != test.want {
			t.Errorf("%d events: deduction %s, want %s", len(test.history), got, test.want)
		}
	}
}
