package appeal_test

import (
	"errors"
	"testing"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
)

// What a panel is to decide about, or has decided about without the record
// having it, nobody changes.
func TestSettled(t *testing.T) {
	std, err := domain.NewStandard(domain.Standard{ID: "one", Points: 300, Sections: []domain.Section{{Code: "1", Points: 300, Indicators: []domain.Indicator{
		{Code: "1.1", Points: 300, Basis: domain.Deduct, Subject: domain.Center, Clauses: []domain.Clause{{Code: "1.1.1", Name: "标识", Text: "标识"}}},
	}}}, Deductions: domain.DeductionRule{Code: "8", Rule: domain.RuleLargest, Cap: 500, Items: []domain.DeductionItem{{Code: "8.1", Points: 500, Basis: domain.Subtract}}}})
	if err != nil {
		t.Fatal(err)
	}
	record := func(panels ...int) *assessment.Assessment {
		a := assessment.New(std)
		history := []domain.Event{
			&assessment.Opened{Subject: "310101002", Kind: domain.Center},
			&assessment.ScoreRecorded{Clause: "1.1.1", Finding: assessment.Finding{Outcome: domain.Lost, Points: 75}},
		}
		for i, panel := range panels {
			history = append(history, &assessment.ScoreCorrected{
				Appeal: filing().Appeal, Panel: panel, Clause: "1.1.1", Supersedes: 1 + i, Outcome: domain.Lost, Points: 25,
			})
		}
		for _, event := range history {
			if err := a.Apply(event); err != nil {
				t.Fatal(err)
			}
		}
		return a
	}
	second := again(voted(2, "m4", appeal.Upheld, 75), voted(2, "m5", appeal.Upheld, 75), voted(2, "m6", appeal.Upheld, 75),
		decided(2, appeal.Upheld, 75, &appeal.Corrected{Outcome: domain.Met}, ""))
	for _, test := range []struct {
		name    string
		given   []domain.Event
		record  *assessment.Assessment
		settled bool
	}{
		{"while it waits", waiting(), record(), false},
		{"in the hearing", hearing(), record(), false},
		{"withdrawn", hearing(withdrawn), record(), true},
		{"dismissed", dismissed(), record(), true},
		{"partly upheld", partly(), record(), false},
		{"partly upheld and carried out", partly(), record(1), true},
		{"escalated", partly(escalated()), record(1), false},
		{"withdrawn from the second panel, the first one's not carried out", again(withdrawn), record(), false},
		{"withdrawn from the second panel", again(withdrawn), record(1), true},
		{"upheld by the second panel", second, record(1), false},
		{"upheld by the second panel and carried out", second, record(1, 2), true},
	} {
		err := fold(t, test.given).Settled(test.record)
		if test.settled && err != nil || !test.settled && !errors.Is(err, domain.ErrUnderAppeal) {
			t.Errorf("%s: %v, settled is %t", test.name, err, test.settled)
		}
	}
}
