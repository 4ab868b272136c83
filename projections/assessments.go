package projections

import (
	"fmt"
	"strings"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
)

func (p *projector) assessmentOpened(seq int64, e *eventstore.Recorded, o *assessment.Opened) error {
	r, ok := p.rounds[o.Round]
	if !ok {
		return fmt.Errorf("round %q: %w", o.Round, domain.ErrUnknownRound)
	}
	s := &subject{
		id: int64(len(p.subjects) + 1), code: o.Subject, kind: o.Kind, district: o.District, round: r,
		status: assessment.InWork, record: assessment.NewRecord(r.std), revision: int64(e.Revision),
	}
	s.stored = storedRow{s.revision, s.status}
	s.record.Status = assessment.InWork
	if err := exec(p.db.writer, `INSERT INTO assessments (id, seq, stream, round, subject, kind, district, opened, status, revision)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.id, seq, e.Stream, o.Round, o.Subject, string(o.Kind), o.District, o.At.UnixMilli(), string(s.status), int64(e.Revision)); err != nil {
		return err
	}
	p.addSubject(e.Stream, s)
	r.touch(s)
	return p.status(seq, s)
}

func (p *projector) status(seq int64, s *subject) error {
	return exec(p.db.writer, "INSERT INTO statuses (assessment, seq, status) VALUES (?, ?, ?)", s.id, seq, string(s.status))
}

func (p *projector) assessmentEvent(seq int64, e *eventstore.Recorded, event domain.Event) error {
	s, ok := p.subjects[e.Stream]
	if !ok {
		return fmt.Errorf("%s before the assessment was opened: %w", event.EventType(), domain.ErrNotOpened)
	}
	record, err := p.recordOf(s)
	if err != nil {
		return err
	}
	if err := record.Apply(event); err != nil {
		return err
	}
	s.round.touch(s)
	if err := p.detail(seq, s, event); err != nil {
		return err
	}
	s.revision = int64(e.Revision) // stored by settle
	if record.Status == s.status {
		return nil
	}
	s.status = record.Status
	return p.status(seq, s)
}

// detail keeps what the event says besides its effect on the score.
func (p *projector) detail(seq int64, s *subject, event domain.Event) error {
	conn := p.db.writer
	switch e := event.(type) {
	case *assessment.ScoreRecorded:
		return p.entry(seq, s, e.Clause, 1, e.Finding, "", e.Stamp)
	case *assessment.ScoreRevised:
		clause, _ := s.round.std.Clause(e.Clause)
		if err := exec(conn, "UPDATE entries SET replaced = ? WHERE assessment = ? AND clause = ? AND version = ?",
			seq, s.id, clause.Index(), e.Supersedes); err != nil {
			return err
		}
		return p.entry(seq, s, e.Clause, e.Supersedes+1, e.Finding, e.Why, e.Stamp)
	case *assessment.DeductionImposed:
		return exec(conn, `INSERT INTO deductions (assessment, number, seq, item, reason, source, occurred, evidence, by, at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.id, e.Deduction, seq, e.Item, e.Reason, e.Source, e.OccurredOn,
			strings.Join(e.Evidence, " "), e.By, e.At.UnixMilli())
	case *assessment.DeductionLifted:
		return exec(conn, "UPDATE deductions SET lifted = ?, lifted_reason = ?, lifted_at = ? WHERE assessment = ? AND number = ?",
			seq, e.Reason, e.At.UnixMilli(), s.id, e.Deduction)
	case *assessment.HonorClaimed:
		return exec(conn, `INSERT INTO honors (assessment, number, seq, title, level, issuer, awarded, document, by, at, state)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.id, e.Honor, seq, e.Title, string(e.Level), e.Issuer, e.AwardedOn, e.Document,
			e.By, e.At.UnixMilli(), string(HonorPending))
	case *assessment.HonorAccepted:
		return exec(conn, "UPDATE honors SET decided = ?, state = ?, points = ? WHERE assessment = ? AND number = ?",
			seq, string(HonorAccepted), int64(e.Points), s.id, e.Honor)
	case *assessment.HonorRejected:
		return exec(conn, "UPDATE honors SET decided = ?, state = ?, reason = ? WHERE assessment = ? AND number = ?",
			seq, string(HonorRejected), e.Reason, s.id, e.Honor)
	case *assessment.Submitted, *assessment.Approved:
		return nil
	}
	return unknown(event)
}

func (p *projector) entry(seq int64, s *subject, code string, version int, f assessment.Finding, why string, by domain.Stamp) error {
	clause, ok := s.round.std.Clause(code)
	if !ok {
		return fmt.Errorf("%s: %w", code, domain.ErrUnknownClause)
	}
	return exec(p.db.writer, `INSERT INTO entries
		(assessment, clause, version, seq, outcome, points, method, observed, reason, evidence, why, by, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.id, clause.Index(), version, seq, string(f.Outcome), int64(f.Points), string(f.Method), f.ObservedAt.UnixMilli(),
		f.Reason, strings.Join(f.Evidence, " "), why, by.By, by.At.UnixMilli())
}
