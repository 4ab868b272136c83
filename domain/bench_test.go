package domain_test

import (
	"fmt"
	"testing"

	"mingjian/domain"
)

// BenchmarkScore folds one center against a standard as large as that of 2022:
// 7 sections, 22 indicators, 47 clauses.
func BenchmarkScore(b *testing.B) {
	std := large(b)
	sheet := domain.NewSheet(std)
	for i := range sheet.Findings {
		sheet.Findings[i] = lost(domain.Points(i % 3 * 25))
	}
	sheet.Items = []string{"8.1"}
	district := domain.NewSheet(std)
	b.ReportAllocs()
	for b.Loop() {
		std.Score(sheet, district)
	}
}

func large(b *testing.B) *domain.Standard {
	b.Helper()
	s := fixture()
	s.Sections, s.Points = nil, 0
	clauses := 0
	for i := range 22 {
		if i%3 == 0 && i < 21 {
			s.Sections = append(s.Sections, domain.Section{Code: fmt.Sprint(i/3 + 1)})
		}
		section := &s.Sections[len(s.Sections)-1]
		indicator := domain.Indicator{
			Code: fmt.Sprintf("%s.%d", section.Code, i), Points: domain.Whole(4),
			Basis: domain.Deduct, Subject: domain.Center,
		}
		for clauses*22 < 47*(i+1) {
			clauses++
			indicator.Clauses = append(indicator.Clauses, domain.Clause{Code: fmt.Sprintf("%s.%d", indicator.Code, clauses)})
		}
		section.Indicators = append(section.Indicators, indicator)
		section.Points += indicator.Points
		s.Points += indicator.Points
	}
	std, err := domain.NewStandard(s)
	if err != nil {
		b.Fatal(err)
	}
	if len(std.Clauses()) != 47 || len(std.Indicators()) != 22 {
		b.Fatalf("%d clauses, %d indicators", len(std.Clauses()), len(std.Indicators()))
	}
	return std
}
