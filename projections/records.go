package projections

import (
	"slices"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// scope selects assessments in a query over one of their tables.
type scope struct {
	where string // of the column assessment
	args  []any
}

func oneAssessment(id int64) scope { return scope{"assessment = ?", []any{id}} }

func twoAssessments(one, other int64) scope { return scope{"assessment IN (?, ?)", []any{one, other}} }

func wholeRound(id string) scope {
	return scope{"assessment IN (SELECT id FROM assessments WHERE round = ?)", []any{id}}
}

// readRecord reads a subject's fold back from the tables as of a seq. One that
// was not opened by then is the record of a subject without events.
func readRecord(conn *sqlite.Conn, std *domain.Standard, id, asOf int64) (*assessment.Record, error) {
	records, err := readRecords(conn, std, oneAssessment(id), asOf)
	if record, ok := records[id]; ok {
		return record, err
	}
	return assessment.NewRecord(std), err
}

// readRecords reads the folds of several subjects back as of a seq, by their
// ids: of all that were opened by then.
func readRecords(conn *sqlite.Conn, std *domain.Standard, of scope, asOf int64) (map[int64]*assessment.Record, error) {
	records := make(map[int64]*assessment.Record)
	err := query(conn, "SELECT assessment, status FROM statuses WHERE "+of.where+" AND seq <= ? ORDER BY assessment, seq", func(s *sqlite.Stmt) error {
		record, ok := records[s.ColumnInt64(0)]
		if !ok {
			record = assessment.NewRecord(std)
			records[s.ColumnInt64(0)] = record
		}
		record.Status = assessment.Status(s.ColumnText(1))
		return nil
	}, append(slices.Clone(of.args), asOf)...)
	if err != nil {
		return nil, err
	}
	if err := query(conn, `SELECT assessment, clause, version, outcome, points FROM entries
		WHERE `+of.where+" AND seq <= ? AND (replaced = 0 OR replaced > ?)", func(s *sqlite.Stmt) error {
		record, clause := records[s.ColumnInt64(0)], s.ColumnInt(1)
		record.Versions[clause] = int32(s.ColumnInt(2))
		record.Sheet.Findings[clause] = domain.Finding{Outcome: domain.Outcome(s.ColumnText(3)), Points: points(s, 4)}
		return nil
	}, append(slices.Clone(of.args), asOf, asOf)...); err != nil {
		return nil, err
	}
	// A correction is of a deduction that stands, so what a lifting ended, none
	// brings back.
	if err := query(conn, `SELECT assessment, lifted, item, (SELECT c.item FROM deduction_corrections c
			WHERE c.assessment = d.assessment AND c.number = d.number AND c.seq <= ? ORDER BY c.seq DESC LIMIT 1)
		FROM deductions d WHERE `+of.where+" AND seq <= ? ORDER BY assessment, number", func(s *sqlite.Stmt) error {
		record, item := records[s.ColumnInt64(0)], s.ColumnText(2)
		if s.ColumnType(3) != sqlite.TypeNull {
			item = s.ColumnText(3)
		}
		if lifted := s.ColumnInt64(1); lifted != 0 && lifted <= asOf {
			item = ""
		}
		record.Standing = append(record.Standing, item)
		return nil
	}, append(append([]any{asOf}, of.args...), asOf)...); err != nil {
		return nil, err
	}
	if err := query(conn, "SELECT assessment, decided, points FROM honors WHERE "+of.where+" AND seq <= ?", func(s *sqlite.Stmt) error {
		sheet := &records[s.ColumnInt64(0)].Sheet
		if decided := s.ColumnInt64(1); decided == 0 || decided > asOf {
			sheet.HonorsPending++
		} else {
			sheet.HonorPoints += points(s, 2)
		}
		return nil
	}, append(slices.Clone(of.args), asOf)...); err != nil {
		return nil, err
	}
	for _, record := range records {
		record.Sheet.Items = standing(record.Standing)
	}
	return records, nil
}

// standing has the items of the deductions that stand.
func standing(items []string) []string {
	return slices.DeleteFunc(slices.Clone(items), func(item string) bool { return item == "" })
}
