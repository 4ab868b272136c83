package projections

import (
	"fmt"
	"strconv"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// RankingQuery selects rows of a ranking: by district, and by part of the
// center's name or code.
type RankingQuery struct {
	Round, District, Search string
	First                   int
	After                   string
}

const standingColumns = `SELECT ` + centerColumns + `, s.status, s.complete, s.decided, s.total, s.gross, s.deduction, s.city_rank, s.district_rank
	FROM standings s JOIN centers c ON c.code = s.center JOIN districts d ON d.code = s.district`

func scanStanding(s *sqlite.Stmt) StandingView {
	return StandingView{
		Center: scanCenter(s, 0), Status: assessment.Status(s.ColumnText(6)), Complete: s.ColumnBool(7), Decided: s.ColumnInt(8),
		Total: points(s, 9), Gross: points(s, 10), Deduction: points(s, 11), CityRank: s.ColumnInt(12), DistrictRank: s.ColumnInt(13),
	}
}

// Ranking lists the newest standings: complete ones by total, highest first,
// equal ones by code; then the incomplete.
func (v *View) Ranking(q RankingQuery) (Page[StandingView], error) { return v.ranking(q, 0) }

// ReleaseRanking lists a release's standings in the same order.
func (v *View) ReleaseRanking(id string, number int, q RankingQuery) (Page[StandingView], error) {
	q.Round = id
	return v.ranking(q, number)
}

func (v *View) ranking(q RankingQuery, release int) (Page[StandingView], error) {
	// A cursor is the sort key of its row; the first page starts above all.
	key := []any{2, 0, ""}
	if q.After != "" {
		last, err := parseRankingCursor(q.After)
		if err != nil {
			return Page[StandingView]{}, err
		}
		key = []any{last.Complete, int64(last.Total), last.Center.Code}
	}
	filter := CenterQuery{Search: q.Search, District: q.District}.filter()
	where := " WHERE s.round = ? AND s.release = ? AND" + centerFilter
	args := append([]any{q.Round, release}, filter...)
	after := []any{key[0], key[0], key[1], key[0], key[1], key[2]}
	page, err := fillPage(v.conn, standingColumns+where+
		` AND (s.complete < ? OR (s.complete = ? AND s.total < ?) OR (s.complete = ? AND s.total = ? AND s.center > ?))
		ORDER BY s.complete DESC, s.total DESC, s.center LIMIT ?`, pageSize(q.First), func(s *sqlite.Stmt) (StandingView, string) {
		row := scanStanding(s)
		return row, rankingCursor(row)
	}, append(append([]any{}, args...), after...)...)
	if err != nil {
		return page, err
	}
	page.Total, err = count(v.conn, "SELECT count(*) FROM standings s JOIN centers c ON c.code = s.center"+where, args...)
	return page, err
}

// rankingCursor is the sort key of a row.
func rankingCursor(row StandingView) string {
	complete := "0"
	if row.Complete {
		complete = "1"
	}
	return cursor(complete, strconv.FormatInt(int64(row.Total), 10), row.Center.Code)
}

func parseRankingCursor(text string) (row StandingView, err error) {
	parts, err := parseCursor(text, 3)
	if err != nil {
		return row, err
	}
	complete, err1 := strconv.ParseInt(parts[0], 10, 64)
	total, err2 := strconv.ParseInt(parts[1], 10, 64)
	if err1 != nil || err2 != nil {
		return row, fmt.Errorf("%.80q: %w", text, ErrCursor)
	}
	row.Complete, row.Total, row.Center.Code = complete != 0, domain.Points(total), parts[2]
	return row, nil
}

// Standing is a center's newest standing in a round, or ErrNotFound.
func (v *View) Standing(id, center string) (StandingView, error) { return v.standing(id, 0, center) }

// ReleaseStanding is a center's standing in a release, or ErrNotFound.
func (v *View) ReleaseStanding(id string, number int, center string) (StandingView, error) {
	return v.standing(id, number, center)
}

func (v *View) standing(id string, release int, center string) (StandingView, error) {
	var found []StandingView
	if err := query(v.conn, standingColumns+" WHERE s.round = ? AND s.release = ? AND s.center = ?", func(s *sqlite.Stmt) error {
		found = append(found, scanStanding(s))
		return nil
	}, id, release, center); err != nil {
		return StandingView{}, err
	}
	if len(found) == 0 {
		return StandingView{}, fmt.Errorf("center %.40q in round %.60q: %w", center, id, ErrNotFound)
	}
	return found[0], nil
}

// DistrictRanking lists the newest district standings by mean.
func (v *View) DistrictRanking(id string) ([]DistrictStandingView, error) {
	return v.districtRanking(id, 0)
}

// ReleaseDistricts lists a release's district standings by mean.
func (v *View) ReleaseDistricts(id string, number int) ([]DistrictStandingView, error) {
	return v.districtRanking(id, number)
}

func (v *View) districtRanking(id string, release int) ([]DistrictStandingView, error) {
	var rows []DistrictStandingView
	err := query(v.conn, districtStandingColumns+" WHERE d.round = ? AND d.release = ? ORDER BY d.place", func(s *sqlite.Stmt) error {
		rows = append(rows, scanDistrictStanding(s))
		return nil
	}, id, release)
	return rows, err
}

// Approved counts the round's centers that are signed off.
func (v *View) Approved(id string) (int, error) {
	return count(v.conn, "SELECT count(*) FROM standings WHERE round = ? AND release = 0 AND status = ?", id, string(assessment.SignedOff))
}
