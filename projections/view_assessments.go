package projections

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
)

// assessmentRow is what identifies an assessment in the tables.
type assessmentRow struct {
	id, seq int64
	std     *domain.Standard
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
	if err := query(v.conn, "SELECT id, kind, district, status, revision, opened, seq FROM assessments WHERE round = ? AND subject = ?", func(s *sqlite.Stmt) error {
		row.id, row.seq = s.ColumnInt64(0), s.ColumnInt64(6)
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

// Assessment is one subject's record with its score, as of a seq or Latest. A
// center's score counts what its district's record says at the same moment; a
// release counts a district only when it was signed off, so does an asOf
// before Latest.
func (v *View) Assessment(id, subject string, asOf int64) (AssessmentView, error) {
	counts := always
	if asOf != Latest {
		counts = signedOffThen
	}
	return v.assessment(id, subject, axes{asOf: asOf, counts: counts})
}

// SettledAssessment is Assessment for those who may not look into the
// district's record: it counts only if signed off at the moment and still.
func (v *View) SettledAssessment(id, subject string, asOf int64) (AssessmentView, error) {
	return v.assessment(id, subject, axes{asOf: asOf, counts: signedOffStill})
}

// AssessmentObserved is Assessment by when things were seen, not by when they
// were recorded: of what was on record as of a seq or Latest, each clause shows
// the newest version of its entry that was seen by a time. Deductions and
// honors are as of the seq.
func (v *View) AssessmentObserved(id, subject string, asOf int64, observedBy time.Time) (AssessmentView, error) {
	counts := always
	if asOf != Latest {
		counts = signedOffThen
	}
	return v.assessment(id, subject, axes{asOf: asOf, counts: counts, observedBy: observedBy})
}

// SettledObserved is AssessmentObserved for those who may not look into the
// district's record, as SettledAssessment is.
func (v *View) SettledObserved(id, subject string, asOf int64, observedBy time.Time) (AssessmentView, error) {
	return v.assessment(id, subject, axes{asOf: asOf, counts: signedOffStill, observedBy: observedBy})
}

// counting says when a district's record counts for a center.
type counting int

const (
	always counting = iota
	signedOffThen
	signedOffStill // and at the moment
)

// axes says which moment of a record is shown.
type axes struct {
	asOf       int64
	counts     counting
	observedBy time.Time // of entries; zero for those that stood
}

func (v *View) assessment(id, subject string, at axes) (AssessmentView, error) {
	row, err := v.assessmentRow(id, subject)
	if err != nil {
		return AssessmentView{}, err
	}
	out, asOf := row.AssessmentView, at.asOf
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
	under, err := v.appealed(row, asOf)
	if err != nil {
		return out, err
	}
	out.Entries = make(map[string]EntryView)
	own, err := v.sheet(row, at, under, out.Entries)
	if err != nil {
		return out, err
	}
	district := own
	if out.Kind == domain.Center {
		if district, err = v.districtSheet(id, out.District, at, out.Entries); err != nil {
			return out, err
		}
	}
	out.Score = row.std.Score(own, district)
	if out.Deductions, err = v.deductions(row, asOf, under); err != nil {
		return out, err
	}
	if out.Honors, err = v.honors(row.id, asOf); err != nil {
		return out, err
	}
	if out.Observations, err = v.observations(row, asOf); err != nil {
		return out, err
	}
	if out.Returns, err = v.returns(row.id, asOf); err != nil {
		return out, err
	}
	if out.Notices, err = v.notices(row.id, asOf); err != nil {
		return out, err
	}
	out.Replies, err = v.replies(row.id, asOf)
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
func (v *View) districtSheet(id, code string, at axes, entries map[string]EntryView) (domain.Sheet, error) {
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
	if at.counts == signedOffStill && row.Status != assessment.SignedOff {
		return domain.Sheet{}, nil
	}
	if at.counts != always {
		status, err := statusAsOf(v.conn, row.id, at.asOf)
		if err != nil || status != assessment.SignedOff {
			return domain.Sheet{}, err
		}
	}
	under, err := v.appealed(row, at.asOf)
	if err != nil {
		return domain.Sheet{}, err
	}
	return v.sheet(row, at, under, entries)
}

// sheet reads what a record says at a moment, and adds its entries to a
// collection by clause.
func (v *View) sheet(row assessmentRow, at axes, under map[assessment.Target]UnderAppeal, into map[string]EntryView) (domain.Sheet, error) {
	record, err := readRecord(v.conn, row.std, row.id, at.asOf)
	if err != nil {
		return domain.Sheet{}, err
	}
	entries := make(map[string]EntryView)
	if err := v.entriesAt(row, at, entries); err != nil {
		return domain.Sheet{}, err
	}
	sheet := record.Sheet
	if !at.observedBy.IsZero() {
		sheet.Findings = make([]domain.Finding, len(sheet.Findings))
	}
	for code, e := range entries {
		e.UnderAppeal = under[assessment.Target{Clause: code}]
		into[code] = e
		if clause, ok := row.std.Clause(code); ok && !at.observedBy.IsZero() {
			sheet.Findings[clause.Index()] = domain.Finding{Outcome: e.Outcome, Points: e.Points}
		}
	}
	return sheet, nil
}

const entryColumns = `SELECT clause, version, outcome, points, method, observed, reason, evidence, why, by, at, seq, replaced, detail, appeal FROM entries WHERE assessment = ?`

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
		Appeal: s.ColumnText(14),
	}, nil
}

// entriesAt reads the entries that stand as of a seq, or of those on record by
// then the newest that were seen by a time. What superseded them later is not
// to be seen from there.
func (v *View) entriesAt(row assessmentRow, at axes, into map[string]EntryView) error {
	condition, args := " AND seq <= ? AND (replaced = 0 OR replaced > ?)", []any{row.id, at.asOf, at.asOf}
	if !at.observedBy.IsZero() {
		condition = ` AND version = (SELECT max(n.version) FROM entries n WHERE n.assessment = entries.assessment AND n.clause = entries.clause
			AND n.seq <= ? AND n.observed <= ?)`
		args = []any{row.id, at.asOf, at.observedBy.UnixMilli()}
	}
	return query(v.conn, entryColumns+condition, func(s *sqlite.Stmt) error {
		e, err := scanEntry(s, row.std)
		e.Replaced = 0
		into[e.Clause] = e
		return err
	}, args...)
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

func (v *View) deductions(row assessmentRow, asOf int64, under map[assessment.Target]UnderAppeal) ([]DeductionView, error) {
	var out []DeductionView
	if err := query(v.conn, `SELECT number, item, reason, source, occurred, evidence, by, at, lifted, lifted_reason, lifted_at
		FROM deductions WHERE assessment = ? AND seq <= ? ORDER BY number`, func(s *sqlite.Stmt) error {
		d := DeductionView{DeductionImposed: assessment.DeductionImposed{
			Stamp: stamp(s, 6), Deduction: s.ColumnInt(0), Item: s.ColumnText(1), Reason: s.ColumnText(2), Source: s.ColumnText(3),
			OccurredOn: s.ColumnText(4), Evidence: strings.Fields(s.ColumnText(5)),
		}}
		if lifted := s.ColumnInt64(8); lifted != 0 && lifted <= asOf {
			d.Lifted, d.LiftedReason, d.LiftedAt = true, s.ColumnText(9), millis(s.ColumnInt64(10))
		}
		d.UnderAppeal = under[assessment.Target{Deduction: d.Deduction}]
		out = append(out, d)
		return nil
	}, row.id, asOf); err != nil {
		return nil, err
	}
	err := query(v.conn, `SELECT number, appeal, panel, item, why, by, at FROM deduction_corrections
		WHERE assessment = ? AND seq <= ? ORDER BY seq`, func(s *sqlite.Stmt) error {
		number := s.ColumnInt(0) // 1, 2, … without a gap, as the fold saw to
		out[number-1].Corrected = &assessment.DeductionCorrected{
			Stamp: stamp(s, 5), Appeal: s.ColumnText(1), Panel: s.ColumnInt(2), Deduction: number, Item: s.ColumnText(3), Why: s.ColumnText(4),
		}
		return nil
	}, row.id, asOf)
	return out, err
}

// appealed tells the newest appeal against each target of a record, as of a
// seq.
func (v *View) appealed(row assessmentRow, asOf int64) (map[assessment.Target]UnderAppeal, error) {
	under := make(map[assessment.Target]UnderAppeal)
	err := query(v.conn, "SELECT a.clause, a.deduction, a.id, s.status"+appealsAsOf+" WHERE a.subject = ? AND a.round = ? ORDER BY a.number",
		func(s *sqlite.Stmt) error {
			under[assessment.Target{Clause: s.ColumnText(0), Deduction: s.ColumnInt(1)}] = UnderAppeal{
				Against: s.ColumnText(2), Pending: due(appeal.Status(s.ColumnText(3))),
			}
			return nil
		}, asOf, asOf, row.Subject, row.Round)
	return under, err
}

// TrailQuery selects events of the trail: of one stream, or of all if empty.
type TrailQuery struct {
	Stream string
	First  int
	After  string
	// AsOf shows the list as it was at a seq; 0 is Latest.
	AsOf int64
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
	scan := func(s *sqlite.Stmt) (TrailView, string) {
		e := scanTrail(s)
		return e, cursor(strconv.FormatInt(e.Seq, 10))
	}
	last := v.head.Seq
	if q.AsOf != 0 {
		last = min(last, q.AsOf)
	}
	if q.Stream == "" {
		page, err := fillPage(v.conn, trailColumns+" WHERE t.seq > ? AND t.seq <= ? ORDER BY t.seq LIMIT ?", pageSize(q.First), scan, after, last)
		page.Total = int(max(0, last))
		return page, err
	}
	page, err := fillPage(v.conn, trailColumns+" WHERE t.stream = (SELECT id FROM streams WHERE name = ?) AND t.seq > ? AND t.seq <= ? ORDER BY t.seq LIMIT ?",
		pageSize(q.First), scan, q.Stream, after, last)
	if err != nil {
		return page, err
	}
	page.Total, err = count(v.conn, "SELECT count(*) FROM trail WHERE stream = (SELECT id FROM streams WHERE name = ?) AND seq <= ?", q.Stream, last)
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
