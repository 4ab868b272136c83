package walk

import (
	"fmt"

	"mingjian/domain"
)

// pool is a row of the standard that the walk goes by: small enough that
// records get complete within a few steps, with one row of each kind.
type pool struct {
	code    string
	points  domain.Points
	basis   domain.Basis
	subject domain.SubjectKind
	honors  bool
	clauses []string
}

// printed is what the standard says, as the checks read it. The domain's standard
// is made of it, and is not asked.
var printed = []pool{
	{"1.1", 600, domain.Deduct, domain.Center, false, []string{"1.1.1", "1.1.2", "1.1.3"}},
	{"2.1", 8000, domain.Deduct, domain.Center, false, []string{"2.1"}},
	{"2.2", 600, domain.Deduct, domain.Center, false, []string{"2.2"}}, // measured
	{"7.1", 300, domain.Award, domain.Center, false, []string{"7.1"}},
	{"7.2", 400, domain.Award, domain.Center, true, []string{"7.2"}},
	{"7.3", 100, domain.Award, domain.District, false, []string{"7.3"}},
}

// items has the points of the deduction items by code.
var items = map[string]domain.Points{"8.1": 500, "8.2": 1500}

const (
	measured   = "2.2"   // at most fifteen minutes of waiting meet it
	omittable  = "1.1.3" // may be not applicable
	capped     = "1.1.2" // loses at most cap by the guide
	clauseCap  = domain.Points(200)
	honorLimit = domain.Points(400)
)

// poolOf finds the row of a clause.
func poolOf(clause string) (pool, bool) {
	for _, p := range printed {
		for _, c := range p.clauses {
			if c == clause {
				return p, true
			}
		}
	}
	return pool{}, false
}

// judged lists the clauses that want a finding on a kind of subject.
func judged(kind domain.SubjectKind) (codes []string) {
	for _, p := range printed {
		if p.subject == kind && !p.honors {
			codes = append(codes, p.clauses...)
		}
	}
	return codes
}

func newStandard() (*domain.Standard, error) {
	std := domain.Standard{
		ID: "walk", Points: domain.Whole(100),
		Deductions: domain.DeductionRule{Code: "8", Rule: domain.RuleLargest, Cap: 1500},
	}
	for _, code := range []string{"8.1", "8.2"} {
		std.Deductions.Items = append(std.Deductions.Items, domain.DeductionItem{Code: code, Points: items[code], Basis: domain.Subtract})
	}
	for _, p := range printed {
		indicator := domain.Indicator{Code: p.code, Points: p.points, Basis: p.basis, Subject: p.subject, Honors: p.honors}
		for _, code := range p.clauses {
			clause := domain.Clause{Code: code, Name: code, Text: code}
			if code == omittable {
				clause.NotApplicable = "疫情期间"
			}
			if code == measured {
				clause.Measures = []domain.Measure{{ID: "wait", Unit: "min", Inputs: []domain.Quantity{{ID: "minutes", Unit: "min"}}, Rule: "minutes <= 15"}}
			}
			indicator.Clauses = append(indicator.Clauses, clause)
		}
		if n := len(std.Sections); n == 0 || std.Sections[n-1].Code != p.code[:1] {
			std.Sections = append(std.Sections, domain.Section{Code: p.code[:1]})
		}
		section := &std.Sections[len(std.Sections)-1]
		section.Points += p.points
		section.Indicators = append(section.Indicators, indicator)
	}
	return domain.NewStandard(std)
}

// compute is the measure's rule.
func compute(_ string, counts map[string]int64) (met bool, failed []string, err error) {
	minutes, ok := counts["minutes"]
	switch {
	case !ok || minutes < 0 || len(counts) != 1:
		return false, nil, fmt.Errorf("counts %v: %w", counts, domain.ErrInvalid)
	case minutes > 15:
		return false, []string{"wait"}, nil
	}
	return true, nil, nil
}

var guide = domain.Guide{ID: "walk-guide", Standard: "walk", Title: "细则", Caps: map[string]domain.Points{capped: clauseCap}}

// lacks refuses evidence that has not arrived, as the store does.
func (w *world) lacks(evidence ...string) error {
	for _, hash := range evidence {
		if !w.evidence[hash] {
			return fmt.Errorf("evidence %.12s…: %w", hash, domain.ErrUnknownEvidence)
		}
	}
	return nil
}
