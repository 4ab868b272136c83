package assessment_test

import (
	"errors"
	"fmt"
	"testing"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// measured is newStandard with counts on 1.1.1, at most 15 minutes, and a
// checklist of two items on 1.1.2.
func measured(t *testing.T) *domain.Standard {
	t.Helper()
	tree := *newStandard(t)
	clauses := tree.Sections[0].Indicators[0].Clauses
	clauses[0].Measures = []domain.Measure{{ID: "wait", Inputs: []domain.Quantity{{ID: "minutes"}}, Rule: "minutes <= 15"}}
	clauses[1].Checklist = []string{"消毒", "测温"}
	std, err := domain.NewStandard(tree)
	if err != nil {
		t.Fatal(err)
	}
	return std
}

func atMost15(clause string, counts map[string]int64) (bool, []string, error) {
	minutes, ok := counts["minutes"]
	if !ok || len(counts) != 1 {
		return false, nil, fmt.Errorf("%s wants minutes: %w", clause, domain.ErrInvalid)
	}
	return minutes <= 15, nil, nil
}

// The outcome of a measured clause is computed; whoever finds otherwise says
// why, and both are on record.
func TestComputedFindings(t *testing.T) {
	std := measured(t)
	counted := func(f assessment.Finding, minutes int64, override string) assessment.Finding {
		f.Counts, f.Override = map[string]int64{"minutes": minutes}, override
		return f
	}
	ticked := func(f assessment.Finding, override string, items ...bool) assessment.Finding {
		f.Checklist, f.Override = items, override
		return f
	}
	const why = "系统时钟有误，以录像为准"
	for _, test := range []struct {
		name    string
		score   assessment.Score
		want    domain.Outcome // computed
		refused error
	}{
		{"met as computed", score("1.1.1", counted(met, 15, "")), domain.Met, nil},
		{"lost as computed", score("1.1.1", counted(lost, 16, "")), domain.Lost, nil},
		{"met, overridden", score("1.1.1", counted(met, 16, why)), domain.Lost, nil},
		{"lost, overridden", score("1.1.1", counted(lost, 15, why)), domain.Met, nil},
		{"met against the count", score("1.1.1", counted(met, 16, "")), "", domain.ErrReasonMissing},
		{"lost against the count", score("1.1.1", counted(lost, 15, " ")), "", domain.ErrReasonMissing},
		{"an override of nothing", score("1.1.1", counted(met, 15, why)), "", domain.ErrInvalid},
		{"nothing counted", score("1.1.1", met), "", domain.ErrInvalid},
		{"a count where none is", score("1.2", counted(met, 15, "")), "", domain.ErrInvalid},
		{"an override where nothing is computed", score("1.2", ticked(met, why)), "", domain.ErrInvalid},
		{"all items there", score("1.1.2", ticked(met, "", true, true)), domain.Met, nil},
		{"an item missing", score("1.1.2", ticked(lost, "", true, false)), domain.Lost, nil},
		{"met though an item is missing", score("1.1.2", ticked(met, "", false, true)), "", domain.ErrReasonMissing},
		{"met though an item is missing, overridden", score("1.1.2", ticked(met, why, false, true)), domain.Lost, nil},
		{"lost with all items there", score("1.1.2", ticked(lost, "", true, true)), "", domain.ErrReasonMissing},
		{"an item not answered", score("1.1.2", ticked(met, "", true)), "", domain.ErrInvalid},
		{"counts on a checklist", score("1.1.2", counted(ticked(met, "", true, true), 1, "")), "", domain.ErrInvalid},
		{"not applicable needs no list", score("1.1.2", found(domain.NotApplicable, 0, "疫情")), "", nil},
		{"not applicable with a list", score("1.1.2", ticked(found(domain.NotApplicable, 0, "疫情"), "", true, true)), "", domain.ErrInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := fold(t, std, open())
			a.Rules.Compute = atMost15
			test.score.Computed = "nonsense of the caller" // never taken over
			got, err := a.RecordScores(by("assessor"), []assessment.Score{test.score})
			if !errors.Is(err, test.refused) || (err == nil) != (test.refused == nil) {
				t.Fatalf("error %v, want %v", err, test.refused)
			}
			if err == nil && got[0].(*assessment.ScoreRecorded).Computed != test.want {
				t.Errorf("computed %q, want %q", got[0].(*assessment.ScoreRecorded).Computed, test.want)
			}
		})
	}
}

// A guide caps the loss on a clause below the indicator's points.
func TestGuide(t *testing.T) {
	a := fold(t, newStandard(t), open())
	a.Rules.Guide = &domain.Guide{ID: "g", Caps: map[string]domain.Points{"1.1.1": 50}}
	if _, err := a.RecordScores(by("assessor"), []assessment.Score{score("1.1.1", found(domain.Lost, 50, "缺失"))}); err != nil {
		t.Errorf("at the cap: %v", err)
	}
	if _, err := a.RecordScores(by("assessor"), []assessment.Score{score("1.2", found(domain.Lost, 9000, "缺失"))}); err != nil {
		t.Errorf("where there is no cap: %v", err)
	}
	_, err := a.RecordScores(by("assessor"), []assessment.Score{score("1.1.1", found(domain.Lost, 51, "缺失"))})
	if want := "lose 0.51 of at most 0.50 on 1.1.1 by guide g: over the scoring guide's cap"; !errors.Is(err, domain.ErrOverGuide) || err.Error() != want {
		t.Errorf("over the cap: %v, want %s", err, want)
	}
}
