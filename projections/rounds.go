package projections

import (
	"fmt"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/round"
	"mingjian/eventstore"
)

func (p *projector) roundOpened(seq int64, o *round.Opened) error {
	if _, err := p.addRound(o.Round, o.Standard, o.StandardHash); err != nil {
		return err
	}
	return exec(p.db.writer, `INSERT INTO rounds (id, seq, name, standard, standard_hash, assess_from, assess_to, honors_from, honors_to, demo, guide, guide_hash,
		calendar, calendar_hash, appeal_days, decision_days, notice)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, o.Round, seq, o.Name, o.Standard, o.StandardHash,
		o.Assessment.From, o.Assessment.To, o.Honors.From, o.Honors.To, o.Demo, o.Guide, o.GuideHash,
		o.Calendar, o.CalendarHash, o.AppealDays, o.DecisionDays, o.Notice)
}

func (p *projector) calendarPinned(e *eventstore.Recorded, event *round.CalendarPinned) error {
	return exec(p.db.writer, "UPDATE rounds SET calendar = ?, calendar_hash = ? WHERE id = ?",
		event.Calendar, event.CalendarHash, roundOf(e.Stream))
}

func (p *projector) deliberated(seq int64, e *eventstore.Recorded, event *round.Deliberated) error {
	return exec(p.db.writer, "INSERT INTO deliberations (round, seq, log_size, minutes, by, at) VALUES (?, ?, ?, ?, ?, ?)",
		roundOf(e.Stream), seq, event.LogSize, event.Minutes, event.By, event.At.UnixMilli())
}

func (p *projector) roundClosed(e *eventstore.Recorded) error {
	return exec(p.db.writer, "UPDATE rounds SET closed = 1 WHERE id = ?", roundOf(e.Stream))
}

// roundOf is the id in a round's stream name, which is all that follows the
// prefix.
func roundOf(stream string) string { return stream[len(round.StreamPrefix):] }

// published fixes a release: the standings of what was approved after the
// first LogSize application events. They are read back from the tables as of
// that moment, so that it does not matter what was recorded since.
func (p *projector) published(seq int64, e *eventstore.Recorded, event *round.Published) error {
	id := roundOf(e.Stream)
	r, ok := p.rounds[id]
	if !ok {
		return fmt.Errorf("round %q: %w", id, domain.ErrUnknownRound)
	}
	if event.LogSize < 0 || event.LogSize >= seq {
		return fmt.Errorf("release %d covers %d events, %d came before it: %w", event.Release, event.LogSize, seq-1, domain.ErrInvalid)
	}
	if err := exec(p.db.writer, `INSERT INTO releases (round, number, kind, reason, engine, log_size, at, position)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, id, event.Release, string(event.Kind), event.Reason, event.Engine, event.LogSize,
		event.At.UnixMilli(), int64(e.Position)); err != nil {
		return err
	}
	if err := exec(p.db.writer, `UPDATE deliberations SET release = ? WHERE round = ?
		AND seq = (SELECT max(seq) FROM deliberations WHERE round = ?)`, event.Release, id, id); err != nil {
		return err
	}
	shown, err := readSheets(p.db.writer, r.std, r.id, event.LogSize)
	if err != nil {
		return err
	}
	if err := p.writeRelease(r, event.Release, shown.approved()); err != nil {
		return err
	}
	return p.releaseChanges(r, event, shown)
}

// approved scores each center as a release does. One that was not approved
// keeps its status and shows nothing else.
func (s *sheets) approved() map[string]*standingRow {
	rows := make(map[string]*standingRow)
	for _, c := range s.centers {
		status := s.status(c.id)
		if status == assessment.NotOpened {
			continue
		}
		rows[c.Code] = &standingRow{known: true, status: status}
		if status == assessment.SignedOff {
			rows[c.Code].score(s.score(c, true))
		}
	}
	return rows
}

func statusAsOf(conn *sqlite.Conn, id, asOf int64) (assessment.Status, error) {
	status := assessment.NotOpened
	err := query(conn, "SELECT status FROM statuses WHERE assessment = ? AND seq <= ? ORDER BY seq DESC LIMIT 1", func(s *sqlite.Stmt) error {
		status = assessment.Status(s.ColumnText(0))
		return nil
	}, id, asOf)
	return status, err
}

func (r *standingRow) score(s domain.Score) {
	r.complete, r.decided = s.Complete, s.Decided
	r.total, r.gross, r.deduction = s.Total, s.Gross, s.Deduction
}

func (p *projector) writeRelease(r *roundState, release int, rows map[string]*standingRow) error {
	var entrants []domain.Entrant
	for code, row := range rows {
		entrants = append(entrants, domain.Entrant{Center: code, District: r.subjects[code].district, Total: row.total, Complete: row.complete})
	}
	ranking := domain.Rank(entrants)
	for _, c := range ranking.Centers {
		row := rows[c.Center]
		row.cityRank, row.districtRank = c.CityRank, c.DistrictRank
		if err := p.writeStanding(r.id, release, c.Center, c.District, row); err != nil {
			return err
		}
	}
	for place, d := range ranking.Districts {
		if err := p.writeDistrictStanding(r.id, release, place, d); err != nil {
			return err
		}
	}
	return nil
}
