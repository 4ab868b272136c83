package domain

// EngineVersion names the arithmetic of this package and what is shown of it. A
// release pins it, so that old releases stay reproducible when a rule is fixed;
// it changes whenever the same events could give another score, rank or page.
const EngineVersion = "2"

// Outcome is what an assessor found on a clause.
type Outcome string

// Outcomes. The zero value means that the clause has not been assessed, which
// is not the same as nothing lost.
const (
	NotAssessed   Outcome = ""
	Met           Outcome = "met"           // nothing lost
	Lost          Outcome = "lost"          // points lost on a deductive clause
	Awarded       Outcome = "awarded"       // points awarded on an award clause
	NotApplicable Outcome = "notApplicable" // only where the standard allows it
)

// Finding is the standing outcome on one clause with the points lost or awarded.
type Finding struct {
	Outcome Outcome
	Points  Points
}

// Sheet is all that scoring needs to know of one subject: a finding per clause
// (by Clause.Index), the deduction items that stand, and its honors.
type Sheet struct {
	Findings []Finding
	// Items holds the code of each standing deduction, one per deduction.
	Items []string
	// HonorsPending counts claims not yet decided, HonorPoints what was accepted.
	HonorsPending int
	HonorPoints   Points
}

// NewSheet makes an empty sheet for the standard.
func NewSheet(std *Standard) Sheet { return Sheet{Findings: make([]Finding, len(std.clauses))} }

// ClauseScore is one clause's part in a score.
type ClauseScore struct {
	Clause *Clause
	Finding
	// Decided is true once the clause has a finding. The honor clause (7.2) is
	// decided when no claim waits for a decision.
	Decided bool
}

// IndicatorScore is points − Σ lost for a deductive indicator and Σ awarded for
// an awarded one, in both cases kept within 0 and the indicator's points.
type IndicatorScore struct {
	Indicator *Indicator
	Score     Points
	Decided   bool
}

// SectionScore is the sum of a section's indicators.
type SectionScore struct {
	Section *Section
	Score   Points
	Decided bool
}

// Score is the fold of two sheets, a center's and its district's, to points.
type Score struct {
	Clauses    []ClauseScore
	Indicators []IndicatorScore
	Sections   []SectionScore
	// Gross is the sum of the sections, Deduction the largest item imposed,
	// Total what remains, never below zero.
	Gross, Deduction, Total Points
	// Decided counts clauses with a finding; Complete means all of them.
	Decided  int
	Complete bool
}

// Score folds a center's sheet and its district's to points. A clause that
// judges the district is read from the district's sheet.
func (s *Standard) Score(center, district Sheet) Score {
	out := Score{
		Clauses:    make([]ClauseScore, len(s.clauses)),
		Indicators: make([]IndicatorScore, len(s.indicators)),
		Sections:   make([]SectionScore, len(s.Sections)),
	}
	for i := range s.Sections {
		out.Sections[i] = SectionScore{Section: &s.Sections[i], Decided: true}
	}
	for i, indicator := range s.indicators {
		sheet := &center
		if indicator.Subject == District {
			sheet = &district
		}
		score := s.scoreIndicator(indicator, sheet, &out)
		out.Indicators[i] = score
		section := &out.Sections[indicator.section]
		section.Score += score.Score
		section.Decided = section.Decided && score.Decided
		out.Gross += score.Score
	}
	out.Deduction = s.deduction(center.Items)
	out.Total = max(0, out.Gross-out.Deduction)
	out.Complete = out.Decided == len(s.clauses)
	return out
}

func (s *Standard) scoreIndicator(indicator *Indicator, sheet *Sheet, out *Score) IndicatorScore {
	var sum Points
	decided := true
	for i := range indicator.Clauses {
		clause := &indicator.Clauses[i]
		c := ClauseScore{Clause: clause}
		if indicator.Honors {
			c.Decided = sheet.HonorsPending == 0
			c.Finding = Finding{Outcome: Awarded, Points: min(indicator.Points, sheet.HonorPoints)}
		} else if clause.index < len(sheet.Findings) {
			c.Finding = sheet.Findings[clause.index]
			c.Decided = c.Outcome != NotAssessed
		}
		if c.Decided {
			out.Decided++
		}
		decided = decided && c.Decided
		sum += c.Points
		out.Clauses[clause.index] = c
	}
	score := sum
	if indicator.Basis == Deduct {
		score = indicator.Points - sum
	}
	score = min(indicator.Points, max(0, score))
	return IndicatorScore{Indicator: indicator, Score: score, Decided: decided}
}

// deduction is the largest item imposed, never a sum (section 8: 不累计扣分).
func (s *Standard) deduction(codes []string) Points {
	var largest Points
	for _, code := range codes {
		if item, ok := s.items[code]; ok {
			largest = max(largest, item.Points)
		}
	}
	return min(largest, s.Deductions.Cap)
}
