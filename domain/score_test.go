package domain_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mingjian/domain"
)

// given is a sheet in short: findings by clause code, standing deductions, honors.
type given struct {
	findings map[string]domain.Finding
	items    []string
	honors   domain.Points
	pending  int
}

func (g given) sheet(t testing.TB, std *domain.Standard) domain.Sheet {
	t.Helper()
	sheet := domain.NewSheet(std)
	sheet.Items, sheet.HonorPoints, sheet.HonorsPending = g.items, g.honors, g.pending
	for code, finding := range g.findings {
		clause, ok := std.Clause(code)
		if !ok {
			t.Fatalf("no clause %s", code)
		}
		sheet.Findings[clause.Index()] = finding
	}
	return sheet
}

func lost(p domain.Points) domain.Finding { return domain.Finding{Outcome: domain.Lost, Points: p} }
func awarded(p domain.Points) domain.Finding {
	return domain.Finding{Outcome: domain.Awarded, Points: p}
}

var met = domain.Finding{Outcome: domain.Met}

// all is a center's sheet with a finding on each clause; changes replace some.
func all(changes map[string]domain.Finding) map[string]domain.Finding {
	out := map[string]domain.Finding{"1.1.1": met, "1.1.2": met, "1.2": met, "7.1": awarded(0)}
	for code, finding := range changes {
		out[code] = finding
	}
	return out
}

func TestScore(t *testing.T) {
	district := func(p domain.Points) given {
		return given{findings: map[string]domain.Finding{"7.3": awarded(p)}}
	}
	tests := []struct {
		name             string
		center, district given
		indicators       string // 1.1 1.2 7.1 7.2 7.3
		sections         string // 1 7
		gross, deduction domain.Points
		total            domain.Points
		decided          int
		complete         bool
	}{
		{
			name:       "nothing assessed: pools are full, no award, not complete (7.2 has no claim to wait for)",
			indicators: "3.00 90.00 0.00 0.00 0.00", sections: "93.00 0.00",
			gross: 9300, total: 9300, decided: 1,
		},
		{
			name:   "all met, all awarded",
			center: given{findings: all(map[string]domain.Finding{"7.1": awarded(300)}), honors: 100}, district: district(300),
			indicators: "3.00 90.00 3.00 1.00 3.00", sections: "93.00 7.00",
			gross: 10000, total: 10000, decided: 6, complete: true,
		},
		{
			name: "losses of two clauses draw on one pool: 3 − 0.75 − 1.50",
			center: given{findings: all(map[string]domain.Finding{
				"1.1.1": lost(75), "1.1.2": lost(150), "1.2": lost(1), "7.1": awarded(125),
			})},
			district:   district(250),
			indicators: "0.75 89.99 1.25 0.00 2.50", sections: "90.74 3.75",
			gross: 9449, total: 9449, decided: 6, complete: true,
		},
		{
			name:   "a pool never falls below zero: 2.50 and 2.50 lost of 3 take nothing from 1.2",
			center: given{findings: all(map[string]domain.Finding{"1.1.1": lost(250), "1.1.2": lost(250)})}, district: district(0),
			indicators: "0.00 90.00 0.00 0.00 0.00", sections: "90.00 0.00",
			gross: 9000, total: 9000, decided: 6, complete: true,
		},
		{
			name:   "awards are capped at their indicator",
			center: given{findings: all(map[string]domain.Finding{"7.1": awarded(450)}), honors: 300}, district: district(301),
			indicators: "3.00 90.00 3.00 1.00 3.00", sections: "93.00 7.00",
			gross: 10000, total: 10000, decided: 6, complete: true,
		},
		{
			name:   "not applicable loses nothing and counts as decided",
			center: given{findings: all(map[string]domain.Finding{"1.1.2": {Outcome: domain.NotApplicable}})}, district: district(0),
			indicators: "3.00 90.00 0.00 0.00 0.00", sections: "93.00 0.00",
			gross: 9300, total: 9300, decided: 6, complete: true,
		},
		{
			name:   "an honor claim that waits keeps 7.2 open, with what was accepted so far",
			center: given{findings: all(nil), honors: 50, pending: 1}, district: district(0),
			indicators: "3.00 90.00 0.00 0.50 0.00", sections: "93.00 0.50",
			gross: 9350, total: 9350, decided: 5,
		},
		{
			name:       "7.3 is the district's: what a center's sheet says of it counts for nothing",
			center:     given{findings: all(map[string]domain.Finding{"7.3": awarded(300)})},
			district:   given{},
			indicators: "3.00 90.00 0.00 0.00 0.00", sections: "93.00 0.00",
			gross: 9300, total: 9300, decided: 5,
		},
		{
			name:   "nor do a district's losses, honors and deductions reach the center",
			center: given{findings: all(nil)},
			district: given{
				findings: map[string]domain.Finding{"7.3": awarded(200), "1.2": lost(9000)},
				items:    []string{"8.2"}, honors: 100, pending: 3,
			},
			indicators: "3.00 90.00 0.00 0.00 2.00", sections: "93.00 2.00",
			gross: 9500, total: 9500, decided: 6, complete: true,
		},
		{
			name:   "one deduction",
			center: given{findings: all(nil), items: []string{"8.1"}}, district: district(0),
			indicators: "3.00 90.00 0.00 0.00 0.00", sections: "93.00 0.00",
			gross: 9300, deduction: 500, total: 8800, decided: 6, complete: true,
		},
		{
			name:   "the same item three times is still 5",
			center: given{findings: all(nil), items: []string{"8.1", "8.1", "8.1"}}, district: district(0),
			indicators: "3.00 90.00 0.00 0.00 0.00", sections: "93.00 0.00",
			gross: 9300, deduction: 500, total: 8800, decided: 6, complete: true,
		},
		{
			name:   "the largest deduction, never 20",
			center: given{findings: all(nil), items: []string{"8.1", "8.2"}}, district: district(0),
			indicators: "3.00 90.00 0.00 0.00 0.00", sections: "93.00 0.00",
			gross: 9300, deduction: 1500, total: 7800, decided: 6, complete: true,
		},
		{
			name:     "the total never falls below zero: 10 − 15",
			center:   given{findings: all(map[string]domain.Finding{"1.1.1": lost(300), "1.2": lost(8000)}), items: []string{"8.2"}},
			district: district(0), indicators: "0.00 10.00 0.00 0.00 0.00", sections: "10.00 0.00",
			gross: 1000, deduction: 1500, total: 0, decided: 6, complete: true,
		},
		{
			name:   "a loss below zero adds nothing to a pool, an award below zero takes nothing",
			center: given{findings: all(map[string]domain.Finding{"1.1.1": lost(-200), "7.1": awarded(-100)}), honors: -50}, district: district(-300),
			indicators: "3.00 90.00 0.00 0.00 0.00", sections: "93.00 0.00",
			gross: 9300, total: 9300, decided: 6, complete: true,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			std := newStandard(t)
			got := std.Score(test.center.sheet(t, std), test.district.sheet(t, std))
			var indicators, sections []domain.Points
			for _, i := range got.Indicators {
				indicators = append(indicators, i.Score)
			}
			for _, s := range got.Sections {
				sections = append(sections, s.Score)
			}
			if s := fmt.Sprint(indicators); s != "["+test.indicators+"]" {
				t.Errorf("indicators %s, want %s", s, test.indicators)
			}
			if s := fmt.Sprint(sections); s != "["+test.sections+"]" {
				t.Errorf("sections %s, want %s", s, test.sections)
			}
			if got.Gross != test.gross || got.Deduction != test.deduction || got.Total != test.total {
				t.Errorf("%s − %s = %s, want %s − %s = %s",
					got.Gross, got.Deduction, got.Total, test.gross, test.deduction, test.total)
			}
			if got.Decided != test.decided || got.Complete != test.complete {
				t.Errorf("%d decided, complete %t; want %d, %t", got.Decided, got.Complete, test.decided, test.complete)
			}
		})
	}
}

// A section is decided when all its clauses are, and says so clause by clause.
func TestScoreTellsWhatIsOpen(t *testing.T) {
	std := newStandard(t)
	findings := all(nil)
	delete(findings, "1.1.2")
	score := std.Score(given{findings: findings}.sheet(t, std), domain.NewSheet(std))
	var open []string
	for _, c := range score.Clauses {
		if !c.Decided {
			open = append(open, c.Clause.Code)
		}
	}
	if !slices.Equal(open, []string{"1.1.2", "7.3"}) {
		t.Errorf("open clauses %v, want 1.1.2 and 7.3", open)
	}
	if score.Indicators[0].Decided || !score.Indicators[1].Decided || score.Indicators[4].Decided {
		t.Errorf("1.1, 1.2, 7.3 decided: %t, %t, %t; want only 1.2",
			score.Indicators[0].Decided, score.Indicators[1].Decided, score.Indicators[4].Decided)
	}
	if score.Sections[0].Decided || score.Sections[1].Decided {
		t.Error("a section with an open clause counts as decided")
	}
}

// A district that has no sheet yet is not assessed, and no panic.
func TestScoreWithoutDistrict(t *testing.T) {
	std := newStandard(t)
	score := std.Score(given{findings: all(nil)}.sheet(t, std), domain.Sheet{})
	if score.Complete || score.Decided != 5 || score.Total != 9300 {
		t.Errorf("complete %t, %d decided, total %s; want false, 5, 93.00", score.Complete, score.Decided, score.Total)
	}
}

// anySheet draws sheets that no command would let through, too.
func anySheet(std *domain.Standard) *rapid.Generator[domain.Sheet] {
	outcomes := []domain.Outcome{
		domain.NotAssessed, domain.Met, domain.Lost, domain.Awarded, domain.NotApplicable, "unheard of",
	}
	return rapid.Custom(func(t *rapid.T) domain.Sheet {
		sheet := domain.NewSheet(std)
		for i := range sheet.Findings {
			sheet.Findings[i] = domain.Finding{
				Outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome"),
				Points:  rapid.OneOf(anyPoints, rapid.Map(rapid.Int64Range(0, 9500), toPoints)).Draw(t, "points"),
			}
		}
		sheet.Items = rapid.SliceOfN(rapid.SampledFrom([]string{"8.1", "8.2", "8.3"}), 0, 4).Draw(t, "items")
		sheet.HonorsPending = rapid.IntRange(0, 2).Draw(t, "pending")
		sheet.HonorPoints = anyPoints.Draw(t, "honors")
		return sheet
	})
}

func toPoints(n int64) domain.Points { return domain.Points(n) }

func TestScoreStaysInBounds(t *testing.T) {
	std := newStandard(t)
	rapid.Check(t, func(t *rapid.T) {
		score := std.Score(anySheet(std).Draw(t, "center"), anySheet(std).Draw(t, "district"))
		if score.Total < 0 || score.Total > std.Points {
			t.Fatalf("total %s", score.Total)
		}
		var gross domain.Points
		for _, i := range score.Indicators {
			if i.Score < 0 || i.Score > i.Indicator.Points {
				t.Fatalf("%s: %s of %s", i.Indicator.Code, i.Score, i.Indicator.Points)
			}
			gross += i.Score
		}
		for _, s := range score.Sections {
			gross -= s.Score
		}
		if gross != 0 {
			t.Fatalf("indicators and sections differ by %s", gross)
		}
		if score.Deduction != 0 && score.Deduction != 500 && score.Deduction != 1500 {
			t.Fatalf("deduction %s is no item's", score.Deduction)
		}
	})
}

// One more point lost never helps, whatever else is on the sheet.
func TestScoreFallsWithLoss(t *testing.T) {
	std := newStandard(t)
	rapid.Check(t, func(t *rapid.T) {
		center, district := anySheet(std).Draw(t, "center"), anySheet(std).Draw(t, "district")
		before := std.Score(center, district).Total
		clause := rapid.SampledFrom(std.Clauses()[:3]).Draw(t, "clause")
		center.Findings[clause.Index()].Points += toPoints(rapid.Int64Range(1, 9500).Draw(t, "more"))
		if after := std.Score(center, district).Total; after > before {
			t.Fatalf("%s: more lost, %s became %s", clause.Code, before, after)
		}
	})
}
