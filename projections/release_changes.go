package projections

import (
	"fmt"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/round"
)

// releaseChanges tells which events moved the totals of the centers that the
// release before and this one both show, and by how much. They add up to the
// difference of each total, or the read model stops.
func (p *projector) releaseChanges(r *roundState, event *round.Published, after *sheets) error {
	if event.Release < 2 {
		return nil
	}
	conn := p.db.writer
	var from int64
	if err := query(conn, "SELECT log_size FROM releases WHERE round = ? AND number = ?", func(s *sqlite.Stmt) error {
		from = s.ColumnInt64(0)
		return nil
	}, r.id, event.Release-1); err != nil {
		return err
	}
	if from > event.LogSize {
		return fmt.Errorf("release %d covers %d events, the one before it %d: %w", event.Release, event.LogSize, from, domain.ErrInvalid)
	}
	before, err := readSheets(conn, r.std, r.id, from)
	if err != nil {
		return err
	}
	changes, err := readChanges(conn, r.std, wholeRound(r.id), from, event.LogSize)
	if err != nil {
		return err
	}
	var both []int
	for i, c := range before.centers {
		if before.status(c.id) == assessment.SignedOff && after.status(c.id) == assessment.SignedOff {
			both = append(both, i)
		}
	}
	moved, err := effects(before, after, changes, both, true)
	if err != nil {
		return fmt.Errorf("release %d of round %s: %w", event.Release, r.id, err)
	}
	for i, effects := range moved {
		for _, e := range effects {
			if e.effect == 0 {
				continue
			}
			if err := exec(conn, `INSERT INTO release_changes (round, release, center, seq, assessment, clause, deduction, honor, appeal, effect, total)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, r.id, event.Release, before.centers[i].Code, e.seq, e.assessment,
				e.clause, e.deduction, e.honor, e.appeal, int64(e.effect), int64(e.total)); err != nil {
				return err
			}
		}
	}
	return nil
}
