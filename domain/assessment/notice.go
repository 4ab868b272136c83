package assessment

import (
	"fmt"
	"maps"

	"mingjian/domain"
)

// Notice is a result as the subject was told it.
type Notice struct {
	ResultNotified
	// versions holds the version of each entry then, by clause code; deductions
	// those that had been imposed.
	versions   map[string]int
	deductions int
}

// Notify tells the subject its approved result. It is told again only after
// somebody has moved a point other than by an appeal's decision; the new last
// day is for all that it has lost and no panel has decided.
func (a *Assessment) Notify(by domain.Stamp, n ResultNotified) ([]domain.Event, error) {
	if err := a.opened(); err != nil {
		return nil, err
	}
	if err := a.barred(by.By); err != nil {
		return nil, err
	}
	if a.Status != SignedOff {
		return nil, fmt.Errorf("notifying %s, which is %s: %w", a.Opened.Subject, a.Status, domain.ErrNotApproved)
	}
	if len(a.Notices) > 0 && !a.moved {
		return nil, fmt.Errorf("%s was notified of this result: %w", a.Opened.Subject, domain.ErrExists)
	}
	if domain.Late(by.At, n.AppealBy) {
		return nil, fmt.Errorf("appealBy %.40q is not a day as YYYY-MM-DD, %s or later: %w", n.AppealBy, domain.DayOf(by.At), domain.ErrInvalid)
	}
	n.Stamp, n.Notice = by, len(a.Notices)+1
	return []domain.Event{&n}, nil
}

func (a *Assessment) notified(e *ResultNotified) error {
	if e.Notice != len(a.Notices)+1 {
		return fmt.Errorf("notice %d follows %d: %w", e.Notice, len(a.Notices), domain.ErrInvalid)
	}
	versions := make(map[string]int, len(a.Entries))
	for code, entry := range a.Entries {
		versions[code] = entry.Version
	}
	a.Notices = append(a.Notices, Notice{ResultNotified: *e, versions: versions, deductions: len(a.Deductions)})
	a.moved = false
	return nil
}

// Notified is the newest notice.
func (a *Assessment) Notified() (Notice, error) {
	if len(a.Notices) == 0 {
		return Notice{}, fmt.Errorf("%s: %w", a.Opened.Subject, domain.ErrNotNotified)
	}
	return a.Notices[len(a.Notices)-1], nil
}

// Target is what an appeal is against: the entry on a clause, or a deduction.
type Target struct {
	Clause    string `json:"clause,omitempty"`
	Deduction int    `json:"deduction,omitempty"` // its number; 0 with a clause
}

// Stake is what the subject has lost on a target, as it was notified.
type Stake struct {
	Target
	// Version is the entry's version; 0 for a deduction.
	Version int
	// Outcome and Points are the entry's; of a deduction, Points are its item's.
	Outcome domain.Outcome
	Points  domain.Points
	Item    string // of a deduction
	// Lost is how much can be restored.
	Lost domain.Points
	// AppealBy is the last day for appeals.
	AppealBy string
}

// AtStake is what an appeal against a target is about. The target must stand as
// it was notified, and must have cost points; what a panel has corrected is not
// appealed against, but escalated. What one dismissed stands in its appeal only:
// see appeal.Appeal.Again.
func (a *Assessment) AtStake(t Target) (Stake, error) {
	notice, err := a.Notified()
	if err != nil {
		return Stake{}, err
	}
	stake := Stake{Target: t, AppealBy: notice.AppealBy}
	switch {
	case (t.Clause == "") == (t.Deduction == 0):
		return Stake{}, fmt.Errorf("an appeal is against one clause or one deduction: %w", domain.ErrInvalid)
	case t.Clause != "":
		err = a.entryAtStake(&stake, notice)
	default:
		err = a.deductionAtStake(&stake, notice)
	}
	if err != nil {
		return Stake{}, err
	}
	return stake, nil
}

// StillAtStake refuses a second panel where what an appeal was filed against is
// not there any more: the entry was revised since that version, which is another
// finding, or the deduction was lifted. What the appeal's own decision has made
// of it still is.
func (a *Assessment) StillAtStake(appeal string, t Target, version int) error {
	if t.Clause != "" {
		if entry := a.Entries[t.Clause]; entry.Version != version && entry.Appeal != appeal {
			return fmt.Errorf("%s has version %d, appeal %s was filed against version %d: %w", t.Clause, entry.Version, appeal, version, domain.ErrSuperseded)
		}
		return nil
	}
	if t.Deduction < 1 || t.Deduction > len(a.Deductions) {
		return fmt.Errorf("deduction %d of %d: %w", t.Deduction, len(a.Deductions), domain.ErrUnknownItem)
	}
	if a.Standing[t.Deduction-1] == "" {
		return fmt.Errorf("nothing is left of deduction %d: %w", t.Deduction, domain.ErrNothingAtStake)
	}
	return nil
}

func (a *Assessment) entryAtStake(s *Stake, notice Notice) error {
	clause, err := a.clause(s.Clause)
	if err != nil {
		return err
	}
	entry, ok := a.Entries[s.Clause]
	switch {
	case !ok:
		return fmt.Errorf("%s has no entry of its own: %w", s.Clause, domain.ErrNothingAtStake)
	case entry.Appeal != "":
		return fmt.Errorf("%s was decided by appeal %s, escalate that: %w", s.Clause, entry.Appeal, domain.ErrDecided)
	case notice.versions[s.Clause] != entry.Version:
		return fmt.Errorf("%s has version %d, version %d was notified: %w", s.Clause, entry.Version, notice.versions[s.Clause], domain.ErrNotNotified)
	}
	s.Version, s.Outcome, s.Points = entry.Version, entry.Finding.Outcome, entry.Finding.Points
	switch s.Outcome {
	case domain.Lost:
		s.Lost = s.Points
	case domain.Awarded:
		s.Lost = clause.Indicator().Points - s.Points
	}
	if s.Lost <= 0 {
		return fmt.Errorf("%s is %s: %w", s.Clause, s.Outcome, domain.ErrNothingAtStake)
	}
	return nil
}

func (a *Assessment) deductionAtStake(s *Stake, notice Notice) error {
	if s.Deduction < 1 || s.Deduction > len(a.Deductions) {
		return fmt.Errorf("deduction %d of %d: %w", s.Deduction, len(a.Deductions), domain.ErrUnknownItem)
	}
	d := a.Deductions[s.Deduction-1]
	switch {
	case d.Lifted != nil:
		return fmt.Errorf("deduction %d was lifted: %w", s.Deduction, domain.ErrNothingAtStake)
	case d.Corrected != nil:
		return fmt.Errorf("deduction %d was decided by appeal %s, escalate that: %w", s.Deduction, d.Corrected.Appeal, domain.ErrDecided)
	case s.Deduction > notice.deductions:
		return fmt.Errorf("deduction %d came after the notice: %w", s.Deduction, domain.ErrNotNotified)
	}
	item, ok := a.std.DeductionItem(d.Item)
	if !ok {
		return fmt.Errorf("%.40q: %w", d.Item, domain.ErrUnknownItem)
	}
	s.Item, s.Points, s.Lost = d.Item, item.Points, item.Points
	return nil
}

// Parts is everybody who had a part in the record, by pseudonym: none of them
// hears an appeal against it (design rule 3). Those who were recused are in it.
func (a *Assessment) Parts() map[string]bool {
	parts := maps.Clone(a.Scorers)
	maps.Copy(parts, a.Team)
	maps.Copy(parts, a.Recused)
	maps.Copy(parts, a.Reviewers)
	for _, h := range a.Honors {
		parts[h.By] = true
		if h.Withdrawn != nil {
			parts[h.Withdrawn.By] = true
		}
	}
	for _, r := range a.Replies {
		parts[r.By] = true
	}
	if a.SubmittedBy != "" {
		parts[a.SubmittedBy] = true
	}
	return parts
}
