package projections

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// ErrUnexplained means that the events between two moments do not account for
// how a total moved between them: the tables contradict each other.
var ErrUnexplained = errors.New("the events do not add up to the difference")

// change is what one event did to one record's score or status.
type change struct {
	seq, assessment  int64
	clause           string
	deduction, honor int
	appeal           string
	entered          *domain.Finding // on the clause
	item             *string         // of the deduction from then on
	claimed, decided bool            // the honor
	points           domain.Points   // of the honor once decided
	status           assessment.Status
}

// apply makes the change to a record as it was before.
func (c *change) apply(std *domain.Standard, record *assessment.Record) {
	switch {
	case c.entered != nil:
		clause, _ := std.Clause(c.clause)
		record.Sheet.Findings[clause.Index()] = *c.entered
	case c.item != nil && c.deduction > len(record.Standing):
		record.Standing = append(record.Standing, *c.item)
	case c.item != nil:
		record.Standing[c.deduction-1] = *c.item
	case c.claimed:
		record.Sheet.HonorsPending++
	case c.decided:
		record.Sheet.HonorsPending--
		record.Sheet.HonorPoints += c.points
	}
	record.Sheet.Items = standing(record.Standing)
	if c.status != assessment.NotOpened {
		record.Status = c.status
	}
}

// readChanges reads, in order, what happened to records after one seq and up to
// another.
func readChanges(conn *sqlite.Conn, std *domain.Standard, of scope, from, to int64) ([]*change, error) {
	bySeq := make(map[int64]*change) // an event is of one record, and may also move its status
	at := func(s *sqlite.Stmt) *change {
		seq := s.ColumnInt64(0)
		if bySeq[seq] == nil {
			bySeq[seq] = &change{seq: seq, assessment: s.ColumnInt64(1)}
		}
		return bySeq[seq]
	}
	for _, table := range []struct {
		sql  string
		scan func(*change, *sqlite.Stmt)
	}{
		{"SELECT seq, assessment, clause, outcome, points, appeal FROM entries WHERE ", func(c *change, s *sqlite.Stmt) {
			c.clause, c.appeal = std.Clauses()[s.ColumnInt(2)].Code, s.ColumnText(5)
			c.entered = &domain.Finding{Outcome: domain.Outcome(s.ColumnText(3)), Points: points(s, 4)}
		}},
		{"SELECT seq, assessment, number, item FROM deductions WHERE ", func(c *change, s *sqlite.Stmt) {
			c.deduction, c.item = s.ColumnInt(2), new(s.ColumnText(3))
		}},
		{"SELECT seq, assessment, number, item, appeal FROM deduction_corrections WHERE ", func(c *change, s *sqlite.Stmt) {
			c.deduction, c.item, c.appeal = s.ColumnInt(2), new(s.ColumnText(3)), s.ColumnText(4)
		}},
		{"SELECT lifted AS seq, assessment, number FROM deductions WHERE ", func(c *change, s *sqlite.Stmt) {
			c.deduction, c.item = s.ColumnInt(2), new("")
		}},
		{"SELECT seq, assessment, number FROM honors WHERE ", func(c *change, s *sqlite.Stmt) {
			c.honor, c.claimed = s.ColumnInt(2), true
		}},
		{"SELECT decided AS seq, assessment, number, points FROM honors WHERE ", func(c *change, s *sqlite.Stmt) {
			c.honor, c.decided, c.points = s.ColumnInt(2), true, points(s, 3)
		}},
		{"SELECT seq, assessment, status FROM statuses WHERE ", func(c *change, s *sqlite.Stmt) {
			c.status = assessment.Status(s.ColumnText(2))
		}},
	} {
		if err := query(conn, "SELECT * FROM ("+table.sql+of.where+") WHERE seq > ? AND seq <= ?", func(s *sqlite.Stmt) error {
			table.scan(at(s), s)
			return nil
		}, append(slices.Clone(of.args), from, to)...); err != nil {
			return nil, err
		}
	}
	changes := make([]*change, 0, len(bySeq))
	for _, c := range bySeq {
		changes = append(changes, c)
	}
	slices.SortFunc(changes, func(a, b *change) int { return cmp.Compare(a.seq, b.seq) })
	return changes, nil
}

// effect is how an event moved a center's total.
type effect struct {
	*change
	effect, total domain.Points
}

// effects goes from one moment to another through the changes between them, and
// tells what each did to the total of each of the centers, by their place in
// before.centers; also those that did nothing. before is at after's moment when
// it returns.
//
// If it must be settled, a district's record counts while it is signed off. One
// that is so at both moments counts throughout: what moved a point is the
// revision, and not that the sign-off was void until the next one.
func effects(before, after *sheets, changes []*change, centers []int, settled bool) (map[int][]effect, error) {
	counts := func(c sheetOf) bool {
		id := before.districts[c.District]
		return !settled || before.status(id) == assessment.SignedOff
	}
	if settled {
		throughout := make(map[int64]bool)
		for _, id := range before.districts {
			throughout[id] = before.status(id) == assessment.SignedOff && after.status(id) == assessment.SignedOff
		}
		momentary := counts
		counts = func(c sheetOf) bool { return throughout[before.districts[c.District]] || momentary(c) }
	}
	totals := make(map[int]domain.Points)
	touched := make(map[int64][]int) // the centers whose total a record is part of
	for _, i := range centers {
		c := before.centers[i]
		totals[i] = before.scoreWith(c, counts(c)).Total
		touched[c.id] = append(touched[c.id], i)
		if district := before.districts[c.District]; district != c.id {
			touched[district] = append(touched[district], i)
		}
	}
	out := make(map[int][]effect)
	for _, ch := range changes {
		record, opened := before.records[ch.assessment]
		if !opened {
			record = assessment.NewRecord(before.std)
			before.records[ch.assessment] = record
		}
		ch.apply(before.std, record)
		for _, i := range touched[ch.assessment] {
			c := before.centers[i]
			total := before.scoreWith(c, counts(c)).Total
			out[i] = append(out[i], effect{ch, total - totals[i], total})
			totals[i] = total
		}
	}
	for _, i := range centers {
		if c := after.centers[i]; totals[i] != after.score(c, settled).Total {
			return nil, fmt.Errorf("%s: its events lead to %s, the total is %s: %w", c.Code, totals[i], after.score(c, settled).Total, ErrUnexplained)
		}
	}
	return out, nil
}
