package projections

import (
	"fmt"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// Team lists who was assigned to a record, or recused from it, in the order in
// which that happened.
func (v *View) Team(round, subject string) (team []MemberView, err error) {
	row, err := v.assessmentRow(round, subject)
	if err != nil {
		return nil, err
	}
	err = query(v.conn, `SELECT pseudonym, account, assigned, lead, recused, reason, on_request FROM members
		WHERE assessment = ? ORDER BY CASE assigned WHEN 0 THEN recused ELSE assigned END`, func(s *sqlite.Stmt) error {
		team = append(team, MemberView{
			Pseudonym: s.ColumnText(0), Account: s.ColumnText(1), Assigned: s.ColumnInt64(2) > 0, Lead: s.ColumnBool(3),
			Recused: s.ColumnInt64(4) > 0, Reason: s.ColumnText(5), OnRequest: s.ColumnBool(6),
		})
		return nil
	}, row.id)
	return team, err
}

// Assigned reports whether an account is assigned to a record and not recused.
func (v *View) Assigned(round, subject, account string) (assigned bool, err error) {
	err = query(v.conn, `SELECT 1 FROM assessments a JOIN members m ON m.assessment = a.id
		WHERE a.round = ? AND a.subject = ? AND m.account = ? AND m.assigned > 0 AND m.recused = 0`, func(*sqlite.Stmt) error {
		assigned = true
		return nil
	}, round, subject, account)
	return assigned, err
}

// Task is a record as a list of work shows it.
type Task struct {
	Round, Subject string
	Kind           domain.SubjectKind
	District       string
	Status         assessment.Status
	Lead           bool
}

// Tasks lists the records of a round that an account is assigned to, by
// subject.
func (v *View) Tasks(round, account string) (tasks []Task, err error) {
	err = query(v.conn, `SELECT a.subject, a.kind, a.district, a.status, m.lead FROM members m JOIN assessments a ON a.id = m.assessment
		WHERE m.account = ? AND m.assigned > 0 AND m.recused = 0 AND a.round = ? ORDER BY a.subject`, func(s *sqlite.Stmt) error {
		tasks = append(tasks, Task{
			Round: round, Subject: s.ColumnText(0), Kind: domain.SubjectKind(s.ColumnText(1)), District: s.ColumnText(2),
			Status: assessment.Status(s.ColumnText(3)), Lead: s.ColumnBool(4),
		})
		return nil
	}, account, round)
	return tasks, err
}

// EvidenceOf lists the records that a piece of evidence belongs to, by its
// SHA-256.
func (v *View) EvidenceOf(sha256 string) (records []Task, err error) {
	err = query(v.conn, `SELECT a.round, a.subject, a.kind, a.district, a.status FROM evidence e JOIN assessments a ON a.id = e.assessment
		WHERE e.sha256 = ? ORDER BY a.id`, func(s *sqlite.Stmt) error {
		records = append(records, Task{
			Round: s.ColumnText(0), Subject: s.ColumnText(1), Kind: domain.SubjectKind(s.ColumnText(2)),
			District: s.ColumnText(3), Status: assessment.Status(s.ColumnText(4)),
		})
		return nil
	}, sha256)
	if err != nil {
		return nil, fmt.Errorf("evidence %.12s: %w", sha256, err)
	}
	return records, nil
}

// Uploaded reports whether an account uploaded a piece of evidence.
func (v *View) Uploaded(sha256, account string) (uploaded bool, err error) {
	err = query(v.conn, "SELECT 1 FROM uploads WHERE sha256 = ? AND account = ?", func(*sqlite.Stmt) error {
		uploaded = true
		return nil
	}, sha256, account)
	return uploaded, err
}
