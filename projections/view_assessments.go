package projections

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
)

// assessmentRow is what identifies an assessment in the tables.
type assessmentRow struct {
	id  int64
	std *domain.Standard
	AssessmentView
}

func (v *View) assessmentRow(id, subject string) (assessmentRow, error) {
	r, err := v.Round(id)
	if err != nil {
		return assessmentRow{}, err
	}
	adopted, err := v.criteria(r.Standard)
	if err != nil {
		return assessmentRow{}, err
	}
	row := assessmentRow{std: adopted.Standard}
	if err := query(v.conn, "SELECT id, kind, district, status, revision, opened FROM assessments WHERE round = ? AND subject = ?", func(s *sqlite.Stmt) error {
		row.id = s.ColumnInt64(0)
		row.AssessmentView = AssessmentView{
			Round: id, Subject: subject, Kind: domain.SubjectKind(s.ColumnText(1)), District: s.ColumnText(2),
			Status: assessment.Status(s.ColumnText(3)), Revision: uint64(s.ColumnInt64(4)), OpenedAt: millis(s.ColumnInt64(5)),
		}
		return nil
	}, id, subject); err != nil {
		return row, err
	}
	if row.id == 0 {
		return row, fmt.Errorf("assessment of %.40q in round %s: %w", subject, id, ErrNotFound)
	}
	return row, nil
}

// Status is where a subject's record stands now.
func (v *View) Status(id, subject string) (assessment.Status, error) {
	row, err := v.assessmentRow(id, subject)
	return row.Status, err
}

// Assessment is one subject's record with its score, as of a seq or Latest. A
// center's score counts what its district's record says at the same moment; a
// release counts a district only when it was signed off, so does an asOf
// before Latest.
func (v *View) Assessment(id, subject string, asOf int64) (AssessmentView, error) {
	if asOf != Latest {
		return v.assessment(id, subject, asOf, signedOffThen)
	}
	return v.assessment(id, subject, asOf, always)
}

// SettledAssessment is Assessment for those who may not look into the
// district's record: it counts only if signed off at the moment and still.
func (v *View) SettledAssessment(id, subject string, asOf int64) (AssessmentView, error) {
	return v.assessment(id, subject, asOf, signedOffStill)
}

// counting says when a district's record counts for a center.
type counting int

const (
	always counting = iota
	signedOffThen
	signedOffStill // and at the moment
)

func (v *View) assessment(id, subject string, asOf int64, counts counting) (AssessmentView, error) {
	row, err := v.assessmentRow(id, subject)
	if err != nil {
		return AssessmentView{}, err
	}
	out := row.AssessmentView
	if asOf != Latest {
		if out.Status, err = statusAsOf(v.conn, row.id, asOf); err != nil {
			return out, err
		}
		if out.Status == assessment.NotOpened {
			return out, fmt.Errorf("assessment of %s in round %s at event %d: %w", subject, id, asOf, ErrNotFound)
		}
		if out.Revision, err = v.revisionAsOf(row.id, asOf); err != nil {
			return out, err
		}
	}
	record, err := readRecord(v.conn, row.std, row.id, asOf)
	if err != nil {
		return out, err
	}
	out.Entries = make(map[string]EntryView)
	if err := v.standingEntries(row, asOf, out.Entries); err != nil {
		return out, err
	}
	district := record.Sheet
	if out.Kind == domain.Center {
		if district, err = v.districtSheet(id, out.District, asOf, counts, out.Entries); err != nil {
			return out, err
		}
	}
	out.Score = row.std.Score(record.Sheet, district)
	if out.Deductions, err = v.deductions(row.id, asOf); err != nil {
		return out, err
	}
	if out.Honors, err = v.honors(row.id, asOf); err != nil {
		return out, err
	}
	if out.Observations, err = v.observations(row, asOf); err != nil {
		return out, err
	}
	out.Returns, err = v.returns(row.id, asOf)
	return out, err
}

// revisionAsOf is the revision of the newest event up to a seq.
func (v *View) revisionAsOf(id, asOf int64) (revision uint64, err error) {
	err = query(v.conn, `SELECT t.revision FROM assessments a JOIN streams s ON s.name = a.stream JOIN trail t ON t.stream = s.id
		WHERE a.id = ? AND t.seq <= ? ORDER BY t.seq DESC LIMIT 1`, func(s *sqlite.Stmt) error {
		revision = uint64(s.ColumnInt64(0))
		return nil
	}, id, asOf)
	return revision, err
}

// districtSheet reads what the district's record adds to a center's: nothing
// while it does not count.
func (v *View) districtSheet(id, code string, asOf int64, counts counting, entries map[string]EntryView) (domain.Sheet, error) {
	var exists bool
	if err := query(v.conn, "SELECT 1 FROM assessments WHERE round = ? AND subject = ?", func(*sqlite.Stmt) error {
		exists = true
		return nil
	}, id, code); err != nil || !exists {
		return domain.Sheet{}, err
	}
	row, err := v.assessmentRow(id, code)
	if err != nil {
		return domain.Sheet{}, err
	}
	if counts == signedOffStill && row.Status != assessment.SignedOff {
		return domain.Sheet{}, nil
	}
	if counts != always {
		status, err := statusAsOf(v.conn, row.id, asOf)
		if err != nil || status != assessment.SignedOff {
			return domain.Sheet{}, err
		}
	}
	if err := v.standingEntries(row, asOf, entries); err != nil {
		return domain.Sheet{}, err
	}
	record, err := readRecord(v.conn, row.std, row.id, asOf)
	if err != nil {
		return domain.Sheet{}, err
	}
	return record.Sheet, nil
}

const entryColumns = `SELECT clause, version, outcome, points, method, observed, reason, evidence, why, by, at, seq, replaced, detail FROM entries WHERE assessment = ?`

func scanEntry(s *sqlite.Stmt, std *domain.Standard) (EntryView, error) {
	var detail computed
	if text := s.ColumnText(13); text != "" {
		if err := json.Unmarshal([]byte(text), &detail); err != nil {
			return EntryView{}, fmt.Errorf("detail of an entry: %w", err)
		}
	}
	return EntryView{
		Clause: std.Clauses()[s.ColumnInt(0)].Code, Version: s.ColumnInt(1),
		Finding: assessment.Finding{
			Outcome: domain.Outcome(s.ColumnText(2)), Points: points(s, 3), Method: assessment.Method(s.ColumnText(4)),
			ObservedAt: millis(s.ColumnInt64(5)), Reason: s.ColumnText(6), Evidence: strings.Fields(s.ColumnText(7)),
			Counts: detail.Counts, Checklist: detail.Checklist, Computed: detail.Computed, Override: detail.Override,
		},
		Why: s.ColumnText(8), By: s.ColumnText(9), At: millis(s.ColumnInt64(10)), Seq: s.ColumnInt64(11), Replaced: s.ColumnInt64(12),
	}, nil
}

// standingEntries reads the entries that stand as of a seq. What superseded
// them later is not to be seen from there.
func (v *View) standingEntries(row assessmentRow, asOf int64, into map[string]EntryView) error {
	return query(v.conn, entryColumns+" AND seq <= ? AND (replaced = 0 OR replaced > ?)", func(s *sqlite.Stmt) error {
		e, err := scanEntry(s, row.std)
		e.Replaced = 0
		into[e.Clause] = e
		return err
	}, row.id, asOf, asOf)
}

// EntryHistory lists all versions of an entry, oldest first. A clause without
// an entry has an empty history; an unknown one is domain.ErrUnknownClause.
func (v *View) EntryHistory(id, subject, code string) ([]EntryView, error) {
	row, err := v.assessmentRow(id, subject)
	if err != nil {
		return nil, err
	}
	clause, ok := row.std.Clause(code)
	if !ok {
		return nil, fmt.Errorf("%.40q: %w", code, domain.ErrUnknownClause)
	}
	var history []EntryView
	err = query(v.conn, entryColumns+" AND clause = ? ORDER BY version", func(s *sqlite.Stmt) error {
		e, err := scanEntry(s, row.std)
		history = append(history, e)
		return err
	}, row.id, clause.Index())
	return history, err
}

func (v *View) deductions(id, asOf int64) ([]DeductionView, error) {
	var out []DeductionView
	err := query(v.conn, `SELECT number, item, reason, source, occurred, evidence, by, at, lifted, lifted_reason, lifted_at
		FROM deductions WHERE assessment = ? AND seq <= ? ORDER BY number`, func(s *sqlite.Stmt) error {
		d := DeductionView{DeductionImposed: assessment.DeductionImposed{
			Stamp:     domain.Stamp{By: s.ColumnText(6), At: millis(s.ColumnInt64(7))},
			Deduction: s.ColumnInt(0), Item: s.ColumnText(1), Reason: s.ColumnText(2), Source: s.ColumnText(3),
			OccurredOn: s.ColumnText(4), Evidence: strings.Fields(s.ColumnText(5)),
		}}
		if lifted := s.ColumnInt64(8); lifted != 0 && lifted <= asOf {
			d.Lifted, d.LiftedReason, d.LiftedAt = true, s.ColumnText(9), millis(s.ColumnInt64(10))
		}
		out = append(out, d)
		return nil
	}, id, asOf)
	return out, err
}

func (v *View) honors(id, asOf int64) ([]HonorView, error) {
	var out []HonorView
	err := query(v.conn, `SELECT number, title, level, issuer, awarded, document, by, at, decided, state, points, reason
		FROM honors WHERE assessment = ? AND seq <= ? ORDER BY number`, func(s *sqlite.Stmt) error {
		h := HonorView{State: HonorPending, HonorClaimed: assessment.HonorClaimed{
			Stamp: domain.Stamp{By: s.ColumnText(6), At: millis(s.ColumnInt64(7))},
			Honor: s.ColumnInt(0), Title: s.ColumnText(1), Level: assessment.HonorLevel(s.ColumnText(2)),
			Issuer: s.ColumnText(3), AwardedOn: s.ColumnText(4), Document: s.ColumnText(5),
		}}
		if decided := s.ColumnInt64(8); decided != 0 && decided <= asOf {
			h.State, h.Points, h.Reason = HonorState(s.ColumnText(9)), points(s, 10), s.ColumnText(11)
		}
		out = append(out, h)
		return nil
	}, id, asOf)
	return out, err
}

// TrailQuery selects events of the trail: of one stream, or of all if empty.
type TrailQuery struct {
	Stream string
	First  int
	After  string
}

// Trail lists events in the log's order.
func (v *View) Trail(q TrailQuery) (Page[TrailView], error) {
	var after int64
	if q.After != "" {
		parts, err := parseCursor(q.After, 1)
		if err != nil {
			return Page[TrailView]{}, err
		}
		if after, err = strconv.ParseInt(parts[0], 10, 64); err != nil {
			return Page[TrailView]{}, fmt.Errorf("%.80q: %w", q.After, ErrCursor)
		}
	}
	columns := `SELECT t.seq, t.position, s.name, t.revision, t.event_id, t.type, a.name, t.command, t.at
		FROM trail t JOIN streams s ON s.id = t.stream JOIN actors a ON a.id = t.actor`
	scan := func(s *sqlite.Stmt) (TrailView, string) {
		e := TrailView{
			Seq: s.ColumnInt64(0), Position: eventstore.Position(s.ColumnInt64(1)), Stream: s.ColumnText(2),
			Revision: uint64(s.ColumnInt64(3)), EventID: uuidText(blob(s, 4)), Type: s.ColumnText(5), Actor: s.ColumnText(6),
			CommandID: uuidText(blob(s, 7)), At: millis(s.ColumnInt64(8)),
		}
		return e, cursor(strconv.FormatInt(e.Seq, 10))
	}
	if q.Stream == "" {
		page, err := fillPage(v.conn, columns+" WHERE t.seq > ? ORDER BY t.seq LIMIT ?", pageSize(q.First), scan, after)
		page.Total = int(v.head.Seq)
		return page, err
	}
	page, err := fillPage(v.conn, columns+" WHERE t.stream = (SELECT id FROM streams WHERE name = ?) AND t.seq > ? ORDER BY t.seq LIMIT ?",
		pageSize(q.First), scan, q.Stream, after)
	if err != nil {
		return page, err
	}
	page.Total, err = count(v.conn, "SELECT count(*) FROM trail WHERE stream = (SELECT id FROM streams WHERE name = ?)", q.Stream)
	return page, err
}

func blob(s *sqlite.Stmt, column int) []byte {
	b := make([]byte, s.ColumnLen(column))
	s.ColumnBytes(column, b)
	return b
}

func (v *View) observations(row assessmentRow, asOf int64) (out []assessment.ObservationRecorded, err error) {
	err = query(v.conn, `SELECT number, clause, text, method, observed, evidence, by, at FROM observations
		WHERE assessment = ? AND seq <= ? ORDER BY number`, func(s *sqlite.Stmt) error {
		out = append(out, assessment.ObservationRecorded{
			Stamp:       domain.Stamp{By: s.ColumnText(6), At: millis(s.ColumnInt64(7))},
			Observation: s.ColumnInt(0), Clause: row.std.Clauses()[s.ColumnInt(1)].Code, Text: s.ColumnText(2),
			Method: assessment.Method(s.ColumnText(3)), ObservedAt: millis(s.ColumnInt64(4)), Evidence: strings.Fields(s.ColumnText(5)),
		})
		return nil
	}, row.id, asOf)
	return out, err
}

func (v *View) returns(id, asOf int64) (out []ReturnView, err error) {
	err = query(v.conn, "SELECT seq, reason, clauses, by, at FROM returns WHERE assessment = ? AND seq <= ? ORDER BY seq", func(s *sqlite.Stmt) error {
		r := ReturnView{Seq: s.ColumnInt64(0), Returned: assessment.Returned{
			Stamp: domain.Stamp{By: s.ColumnText(3), At: millis(s.ColumnInt64(4))}, Reason: s.ColumnText(1),
		}}
		if err := json.Unmarshal([]byte(s.ColumnText(2)), &r.Clauses); err != nil {
			return fmt.Errorf("clauses of a return: %w", err)
		}
		out = append(out, r)
		return nil
	}, id, asOf)
	return out, err
}
