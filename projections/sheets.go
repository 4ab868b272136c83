package projections

import (
	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// sheets is what scoring a round's centers needs, as of a seq.
type sheets struct {
	std     *domain.Standard
	records map[int64]*assessment.Record // by assessment, of those opened by then
	centers []sheetOf                    // in the order of their opening, also of a later one
	// districts finds a district's assessment by its code, names its name.
	districts map[string]int64
	names     map[string]string
}

// sheetOf names a center's record.
type sheetOf struct {
	id int64
	CenterView
}

func readSheets(conn *sqlite.Conn, std *domain.Standard, round string, seq int64) (*sheets, error) {
	s := &sheets{std: std, districts: make(map[string]int64), names: make(map[string]string)}
	if err := query(conn, "SELECT a.id, "+centerColumns+` FROM assessments a JOIN centers c ON c.code = a.subject
		JOIN districts d ON d.code = a.district WHERE a.round = ? AND a.kind = ? ORDER BY a.id`, func(stmt *sqlite.Stmt) error {
		c := scanCenter(stmt, 1)
		s.centers = append(s.centers, sheetOf{stmt.ColumnInt64(0), c})
		s.names[c.District] = c.DistrictName
		return nil
	}, round, string(domain.Center)); err != nil {
		return nil, err
	}
	if err := query(conn, "SELECT id, subject FROM assessments WHERE round = ? AND kind = ?", func(stmt *sqlite.Stmt) error {
		s.districts[stmt.ColumnText(1)] = stmt.ColumnInt64(0)
		return nil
	}, round, string(domain.District)); err != nil {
		return nil, err
	}
	var err error
	s.records, err = readRecords(conn, std, wholeRound(round), seq)
	return s, err
}

// status is where a record stood.
func (s *sheets) status(id int64) assessment.Status {
	if record, opened := s.records[id]; opened {
		return record.Status
	}
	return assessment.NotOpened
}

// score scores a center that was opened. Its district's record counts, but if
// it must be settled, only where it was signed off.
func (s *sheets) score(c sheetOf, settled bool) domain.Score {
	district := s.districts[c.District]
	return s.scoreWith(c, !settled || s.status(district) == assessment.SignedOff)
}

func (s *sheets) scoreWith(c sheetOf, districtCounts bool) domain.Score {
	var district domain.Sheet
	if record, opened := s.records[s.districts[c.District]]; opened && districtCounts {
		district = record.Sheet
	}
	return s.std.Score(s.records[c.id].Sheet, district)
}
