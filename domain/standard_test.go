package domain_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mingjian/domain"
)

// fixture is a standard of 100 points: two deductive pools of 3 and 90, awards
// of 3 and 3 (the last for the district), honors of 1, deductions of 5 and 15.
func fixture() domain.Standard {
	clause := func(code string) domain.Clause { return domain.Clause{Code: code, Name: code, Text: code} }
	return domain.Standard{
		ID: "fixture", Points: domain.Whole(100),
		Sections: []domain.Section{
			{Code: "1", Points: domain.Whole(93), Indicators: []domain.Indicator{
				{
					Code: "1.1", Points: domain.Whole(3), Basis: domain.Deduct, Subject: domain.Center,
					Clauses: []domain.Clause{clause("1.1.1"), clause("1.1.2")},
				},
				{
					Code: "1.2", Points: domain.Whole(90), Basis: domain.Deduct, Subject: domain.Center,
					Clauses: []domain.Clause{clause("1.2")},
				},
			}},
			{Code: "7", Points: domain.Whole(7), Indicators: []domain.Indicator{
				{
					Code: "7.1", Points: domain.Whole(3), Basis: domain.Award, Subject: domain.Center,
					Clauses: []domain.Clause{clause("7.1")},
				},
				{
					Code: "7.2", Points: domain.Whole(1), Basis: domain.Award, Subject: domain.Center,
					Honors: true, Clauses: []domain.Clause{clause("7.2")},
				},
				{
					Code: "7.3", Points: domain.Whole(3), Basis: domain.Award, Subject: domain.District,
					Clauses: []domain.Clause{clause("7.3")},
				},
			}},
		},
		Deductions: domain.DeductionRule{
			Code: "8", Rule: domain.RuleLargest, Cap: domain.Whole(15),
			Items: []domain.DeductionItem{
				{Code: "8.1", Points: domain.Whole(5), Basis: domain.Subtract},
				{Code: "8.2", Points: domain.Whole(15), Basis: domain.Subtract},
			},
		},
	}
}

func newStandard(t testing.TB) *domain.Standard {
	t.Helper()
	std, err := domain.NewStandard(fixture())
	if err != nil {
		t.Fatal(err)
	}
	return std
}

func TestNewStandardIndexes(t *testing.T) {
	std := newStandard(t)
	var codes []string
	for i, clause := range std.Clauses() {
		codes = append(codes, clause.Code)
		if clause.Index() != i {
			t.Errorf("%s: index %d, want %d", clause.Code, clause.Index(), i)
		}
		if found, ok := std.Clause(clause.Code); !ok || found != clause {
			t.Errorf("Clause(%s) = %p, %t; want %p", clause.Code, found, ok, clause)
		}
	}
	if diff := cmp.Diff([]string{"1.1.1", "1.1.2", "1.2", "7.1", "7.2", "7.3"}, codes); diff != "" {
		t.Errorf("clauses (-want +got):\n%s", diff)
	}
	if c, _ := std.Clause("1.1.2"); c.Indicator() != std.Indicators()[0] {
		t.Errorf("1.1.2 belongs to %s, want 1.1", c.Indicator().Code)
	}
	if item, ok := std.DeductionItem("8.1"); !ok || item.Points != domain.Whole(5) {
		t.Errorf("8.1 = %+v, %t", item, ok)
	}
	if c, ok := std.Clause("9.9"); ok {
		t.Errorf("Clause(9.9) = %+v", c)
	}
	if item, ok := std.DeductionItem("8"); ok {
		t.Errorf("DeductionItem(8) = %+v", item)
	}
}

// A standard that was accepted before can be built again, with each clause once.
func TestNewStandardAgain(t *testing.T) {
	again, err := domain.NewStandard(*newStandard(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Clauses()) != 6 || len(again.Indicators()) != 5 {
		t.Errorf("%d clauses of %d indicators, want 6 of 5", len(again.Clauses()), len(again.Indicators()))
	}
}

func TestNewStandardFaults(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*domain.Standard)
		want  []string
	}{
		{
			"indicators off their section",
			func(s *domain.Standard) { s.Sections[0].Indicators[0].Points = 350 },
			[]string{"section 1: indicators add up to 93.50, printed 93.00"},
		},
		{
			"sections off the whole",
			func(s *domain.Standard) { s.Points = domain.Whole(99) },
			[]string{"sections add up to 100.00, printed 99.00"},
		},
		{
			"clause twice",
			func(s *domain.Standard) { s.Sections[1].Indicators[0].Clauses[0].Code = "1.2" },
			[]string{"clause 1.2: clause code used twice"},
		},
		{
			"no clauses",
			func(s *domain.Standard) { s.Sections[0].Indicators[1].Clauses = nil },
			[]string{"indicator 1.2: no clauses"},
		},
		{
			"basis and subject",
			func(s *domain.Standard) {
				s.Sections[0].Indicators[0].Basis = domain.Subtract
				s.Sections[0].Indicators[0].Subject = "city"
			},
			[]string{
				`indicator 1.1: basis "subtract" is neither deduct nor award`,
				`indicator 1.1: subject "city" is neither center nor district`,
			},
		},
		{
			"honors that deduct",
			func(s *domain.Standard) { s.Sections[0].Indicators[1].Honors = true },
			[]string{"indicator 1.2: honors need basis award and a single clause"},
		},
		{
			"deductions",
			func(s *domain.Standard) {
				s.Deductions.Rule = "sum"
				s.Deductions.Items[0].Basis = domain.Award
				s.Deductions.Items[1] = domain.DeductionItem{Code: "8.1", Points: 1501, Basis: domain.Subtract}
			},
			[]string{
				`deductions 8: rule "sum" is not "largest"`,
				`deduction 8.1: basis "award" is not subtract`,
				"deduction 8.1: deduction code used twice",
				"deduction 8.1: 15.01 points, outside 0 to the cap of 15.00",
			},
		},
		{
			"item without points",
			func(s *domain.Standard) { s.Deductions.Items[0].Points = 0 },
			[]string{"deduction 8.1: 0.00 points, outside 0 to the cap of 15.00"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := fixture()
			test.spoil(&s)
			std, err := domain.NewStandard(s)
			if !errors.Is(err, domain.ErrStandard) || std != nil {
				t.Fatalf("NewStandard = %v, %v; want ErrStandard", std, err)
			}
			want := make([]string, len(test.want))
			for i, fault := range test.want {
				want[i] = fault + ": the standard does not add up"
			}
			if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			var fault *domain.Fault
			if !errors.As(err, &fault) || (fault.Code != "" && !strings.Contains(test.want[0], fault.Code)) {
				t.Errorf("first fault %+v does not name its node", fault)
			}
		})
	}
}
