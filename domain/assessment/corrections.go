package assessment

import (
	"fmt"

	"mingjian/domain"
)

// decision names what a panel decided, of which at most one correction follows.
type decision struct {
	appeal string
	panel  int
}

// CarriedOut reports whether the record has the correction that followed from a
// panel's decision.
func (a *Assessment) CarriedOut(appeal string, panel int) bool {
	return a.corrected[decision{appeal, panel}]
}

// CorrectScore makes a decided appeal's correction of a score entry. It comes
// to nothing where the decision was carried out before, and is asked for by a
// reaction, so it is refused to nobody: whether the points may move was decided
// by the panel.
func (a *Assessment) CorrectScore(by domain.Stamp, c ScoreCorrected) ([]domain.Event, error) {
	if err := a.opened(); err != nil {
		return nil, err
	}
	if a.CarriedOut(c.Appeal, c.Panel) {
		return nil, nil
	}
	clause, err := a.clause(c.Clause)
	if err != nil {
		return nil, err
	}
	entry, ok := a.Entries[clause.Code]
	if !ok {
		return nil, fmt.Errorf("%s: %w", clause.Code, domain.ErrNotRecorded)
	}
	if err := checkCorrection(clause, c.Outcome, c.Points); err != nil {
		return nil, err
	}
	c.Stamp, c.Supersedes = by, entry.Version
	return []domain.Event{&c}, nil
}

// CorrectDeduction makes a decided appeal's correction of a deduction, under
// the same terms as CorrectScore. It comes to nothing too where nothing of the
// deduction is left: one that was lifted meanwhile stays so.
func (a *Assessment) CorrectDeduction(by domain.Stamp, c DeductionCorrected) ([]domain.Event, error) {
	if err := a.opened(); err != nil {
		return nil, err
	}
	if a.CarriedOut(c.Appeal, c.Panel) {
		return nil, nil
	}
	if c.Deduction < 1 || c.Deduction > len(a.Deductions) {
		return nil, fmt.Errorf("deduction %d of %d: %w", c.Deduction, len(a.Deductions), domain.ErrUnknownItem)
	}
	standing := a.Standing[c.Deduction-1]
	if standing == "" {
		return nil, nil
	}
	if err := a.checkLesser(standing, c.Item); err != nil {
		return nil, err
	}
	c.Stamp = by
	return []domain.Event{&c}, nil
}

// checkLesser wants an item that subtracts less than the one that stands, or
// none.
func (a *Assessment) checkLesser(standing, item string) error {
	if item == "" {
		return nil
	}
	from, known := a.std.DeductionItem(standing)
	to, ok := a.std.DeductionItem(item)
	switch {
	case !known || !ok:
		return fmt.Errorf("%.40q corrected to %.40q, standard %s has not both: %w", standing, item, a.std.ID, domain.ErrUnknownItem)
	case to.Points >= from.Points:
		return fmt.Errorf("%s of %s points corrected to %s of %s: %w", standing, from.Points, item, to.Points, domain.ErrInvalid)
	}
	return nil
}

func checkCorrection(clause *domain.Clause, outcome domain.Outcome, points domain.Points) error {
	indicator := clause.Indicator()
	fits := false
	switch outcome {
	case domain.Met:
		fits = indicator.Basis == domain.Deduct && points == 0
	case domain.Lost:
		fits = indicator.Basis == domain.Deduct && points > 0 && points <= indicator.Points
	case domain.Awarded:
		fits = indicator.Basis == domain.Award && points >= 0 && points <= indicator.Points
	}
	if !fits {
		return fmt.Errorf("%s corrected to %s with %s points: %w", clause.Code, outcome, points, domain.ErrInvalid)
	}
	return nil
}

// scoreCorrected keeps of the entry what the decision does not speak of: how
// and when it was seen, and the evidence.
func (a *Assessment) scoreCorrected(e *ScoreCorrected) error {
	if err := a.carryOut(decision{e.Appeal, e.Panel}); err != nil {
		return err
	}
	entry := a.Entries[e.Clause]
	entry.Version, entry.Stamp, entry.Appeal = e.Supersedes+1, e.Stamp, e.Appeal
	entry.Finding.Outcome, entry.Finding.Points = e.Outcome, e.Points
	a.Entries[e.Clause] = entry
	return nil
}

func (a *Assessment) deductionCorrected(e *DeductionCorrected) error {
	a.Deductions[e.Deduction-1].Corrected = e
	return a.carryOut(decision{e.Appeal, e.Panel})
}

// carryOut takes a decision's one correction (design rule 6).
func (a *Assessment) carryOut(d decision) error {
	if a.corrected[d] {
		return fmt.Errorf("panel %d of appeal %s was carried out before: %w", d.panel, d.appeal, domain.ErrExists)
	}
	a.corrected[d] = true
	return nil
}
