package projections

import (
	"encoding/json"
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

func (p *projector) assessmentEvent(seq int64, e *eventstore.Recorded, event domain.Event, m eventstore.Metadata) error {
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
	if err := p.detail(seq, s, event, m); err != nil {
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
func (p *projector) detail(seq int64, s *subject, event domain.Event, m eventstore.Metadata) error {
	conn := p.db.writer
	switch e := event.(type) {
	case *assessment.ScoreRecorded:
		return p.entry(seq, s, e.Clause, 1, e.Finding, "", e.Stamp, m.Actor)
	case *assessment.ScoreRevised:
		clause, _ := s.round.std.Clause(e.Clause)
		if err := p.supersede(seq, s, clause, e.Supersedes); err != nil {
			return err
		}
		return p.entry(seq, s, e.Clause, e.Supersedes+1, e.Finding, e.Why, e.Stamp, m.Actor)
	case *assessment.AssessorAssigned:
		return p.assigned(seq, s, e, m.Sealed[sealedAssessor])
	case *assessment.AssessorRecused:
		return exec(conn, `INSERT INTO members (assessment, pseudonym, account, assigned, lead, recused, reason, on_request) VALUES (?, ?, ?, 0, 0, ?, ?, ?)
			ON CONFLICT DO UPDATE SET lead = 0, recused = excluded.recused, reason = excluded.reason, on_request = excluded.on_request`,
			s.id, e.Assessor, m.Sealed[sealedAssessor], seq, e.Reason, e.OnRequest)
	case *assessment.ObservationRecorded:
		return p.observed(seq, s, e, m.Actor)
	case *assessment.Returned:
		clauses, err := json.Marshal(e.Clauses)
		if err != nil {
			return err
		}
		return exec(conn, "INSERT INTO returns (assessment, seq, reason, clauses, by, at) VALUES (?, ?, ?, ?, ?, ?)",
			s.id, seq, e.Reason, string(clauses), e.By, e.At.UnixMilli())
	case *assessment.DeductionImposed:
		for _, hash := range e.Evidence { // of an organizer, who sees every piece
			if err := exec(conn, "INSERT OR IGNORE INTO evidence (sha256, assessment) VALUES (?, ?)", hash, s.id); err != nil {
				return err
			}
		}
		return exec(conn, `INSERT INTO deductions (assessment, number, seq, item, reason, source, occurred, evidence, by, at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.id, e.Deduction, seq, e.Item, e.Reason, e.Source, e.OccurredOn,
			strings.Join(e.Evidence, " "), e.By, e.At.UnixMilli())
	case *assessment.DeductionLifted:
		return exec(conn, "UPDATE deductions SET lifted = ?, lifted_reason = ?, lifted_at = ? WHERE assessment = ? AND number = ?",
			seq, e.Reason, e.At.UnixMilli(), s.id, e.Deduction)
	case *assessment.HonorClaimed:
		if err := p.evidence(s, m.Actor, e.Document); err != nil {
			return err
		}
		return exec(conn, `INSERT INTO honors (assessment, number, seq, title, level, issuer, awarded, document, joint, twin, by, at, state)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.id, e.Honor, seq, e.Title, string(e.Level), e.Issuer, e.AwardedOn, e.Document,
			strings.Join(e.With, " "), HonorKey(e.Title, e.Issuer, e.AwardedOn), e.By, e.At.UnixMilli(), string(HonorPending))
	case *assessment.HonorAccepted:
		return exec(conn, "UPDATE honors SET decided = ?, state = ?, points = ? WHERE assessment = ? AND number = ?",
			seq, string(HonorAccepted), int64(e.Points), s.id, e.Honor)
	case *assessment.HonorRejected:
		return exec(conn, "UPDATE honors SET decided = ?, state = ?, reason = ? WHERE assessment = ? AND number = ?",
			seq, string(HonorRejected), e.Reason, s.id, e.Honor)
	case *assessment.HonorWithdrawn:
		return exec(conn, "UPDATE honors SET decided = ?, state = ?, reason = ? WHERE assessment = ? AND number = ?",
			seq, string(HonorWithdrawn), e.Reason, s.id, e.Honor)
	case *assessment.Submitted, *assessment.Approved:
		return nil
	}
	return p.outcome(seq, s, event, m)
}

func (p *projector) entry(seq int64, s *subject, code string, version int, f assessment.Finding, why string, by domain.Stamp, account string) error {
	clause, ok := s.round.std.Clause(code)
	if !ok {
		return fmt.Errorf("%s: %w", code, domain.ErrUnknownClause)
	}
	detail, err := detailOf(f)
	if err != nil {
		return err
	}
	if err := p.evidence(s, account, f.Evidence...); err != nil {
		return err
	}
	return exec(p.db.writer, `INSERT INTO entries
		(assessment, clause, version, seq, outcome, points, method, observed, reason, evidence, why, detail, by, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.id, clause.Index(), version, seq, string(f.Outcome), int64(f.Points), string(f.Method), f.ObservedAt.UnixMilli(),
		f.Reason, strings.Join(f.Evidence, " "), why, detail, by.By, by.At.UnixMilli())
}

// computed is what an entry keeps of a measured or listed clause.
type computed struct {
	Counts    map[string]int64 `json:"counts,omitempty"`
	Checklist []bool           `json:"checklist,omitempty"`
	Computed  domain.Outcome   `json:"computed,omitempty"`
	Override  string           `json:"override,omitempty"`
}

func detailOf(f assessment.Finding) (string, error) {
	if f.Computed == "" {
		return "", nil
	}
	text, err := json.Marshal(computed{f.Counts, f.Checklist, f.Computed, f.Override})
	return string(text), err
}

// sealedAssessor is what the account behind a team's pseudonym is called in
// the metadata.
const sealedAssessor = "assessor"

func (p *projector) assigned(seq int64, s *subject, e *assessment.AssessorAssigned, account string) error {
	if e.Lead {
		if err := exec(p.db.writer, "UPDATE members SET lead = 0 WHERE assessment = ?", s.id); err != nil {
			return err
		}
	}
	return exec(p.db.writer, `INSERT INTO members (assessment, pseudonym, account, assigned, lead) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET lead = excluded.lead`, s.id, e.Assessor, account, seq, e.Lead)
}

func (p *projector) observed(seq int64, s *subject, e *assessment.ObservationRecorded, account string) error {
	clause, ok := s.round.std.Clause(e.Clause)
	if !ok {
		return fmt.Errorf("%s: %w", e.Clause, domain.ErrUnknownClause)
	}
	if err := p.evidence(s, account, e.Evidence...); err != nil {
		return err
	}
	return exec(p.db.writer, `INSERT INTO observations (assessment, number, seq, clause, text, method, observed, evidence, by, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.id, e.Observation, seq, clause.Index(), e.Text, string(e.Method), e.ObservedAt.UnixMilli(),
		strings.Join(e.Evidence, " "), e.By, e.At.UnixMilli())
}

// evidence notes that pieces belong to a record, since an account refers to
// them there. Hashes are published with results, and whoever has read one must
// not open the piece to themselves by referring to it: a piece that belongs to
// another record already belongs to this one too only if the account uploaded
// it, is assigned to a record that it belongs to, or the records are of one
// subject.
func (p *projector) evidence(s *subject, account string, hashes ...string) error {
	for _, hash := range hashes {
		if err := exec(p.db.writer, `INSERT OR IGNORE INTO evidence (sha256, assessment) SELECT ?1, ?2
			WHERE NOT EXISTS (SELECT 1 FROM evidence WHERE sha256 = ?1)
			OR EXISTS (SELECT 1 FROM uploads WHERE sha256 = ?1 AND account = ?3)
			OR EXISTS (SELECT 1 FROM evidence e JOIN assessments a ON a.id = e.assessment
				LEFT JOIN members m ON m.assessment = a.id AND m.account = ?3 AND m.assigned > 0 AND m.recused = 0
				WHERE e.sha256 = ?1 AND (m.account IS NOT NULL OR a.subject = ?4))`, hash, s.id, account, s.code); err != nil {
			return err
		}
	}
	return nil
}
