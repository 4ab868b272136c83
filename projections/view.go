package projections

import (
	"encoding/base64"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"

	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/round"
	"mingjian/eventstore"
)

// View is the read model at one moment. It holds a database connection: Close
// it soon. It is not safe for concurrent use.
type View struct {
	conn     *sqlite.Conn
	head     Head
	criteria func(string) (*criteria.Criteria, error)
	calendar func(string) (*criteria.Calendar, error)
	moments  *moments
	release  func()
}

// Close gives the connection back.
func (v *View) Close() {
	if v.release != nil {
		v.release()
		v.release = nil
	}
}

// Head is the moment that the view shows.
func (v *View) Head() Head { return v.head }

// Page is a part of a list in the list's order.
type Page[T any] struct {
	Items   []T
	Cursors []string // one an item; as an After it asks for what follows
	HasNext bool
	Total   int // of the whole list, with its filters
}

// maxPage bounds a page; First is cut to it.
const maxPage = 100

func pageSize(first int) int {
	if first <= 0 || first > maxPage {
		return maxPage
	}
	return first
}

func cursor(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, "\x00")))
}

func parseCursor(text string, parts int) ([]string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	fields := strings.Split(string(raw), "\x00")
	if err != nil || len(fields) != parts {
		return nil, fmt.Errorf("%.80q: %w", text, ErrCursor)
	}
	return fields, nil
}

// fillPage runs a query that asks for one row more than fits.
func fillPage[T any](
	conn *sqlite.Conn, sql string, size int, scan func(*sqlite.Stmt) (T, string), args ...any,
) (Page[T], error) {
	var page Page[T]
	err := query(conn, sql, func(s *sqlite.Stmt) error {
		if len(page.Items) == size {
			page.HasNext = true
			return nil
		}
		item, at := scan(s)
		page.Items = append(page.Items, item)
		page.Cursors = append(page.Cursors, at)
		return nil
	}, append(args, size+1)...)
	return page, err
}

func count(conn *sqlite.Conn, sql string, args ...any) (n int, err error) {
	err = query(conn, sql, func(s *sqlite.Stmt) error {
		n = s.ColumnInt(0)
		return nil
	}, args...)
	return n, err
}

const roundColumns = `SELECT id, name, standard, standard_hash, assess_from, assess_to, honors_from, honors_to, demo, closed, guide, guide_hash,
	calendar, calendar_hash, appeal_days, decision_days, notice FROM rounds`

func scanRound(s *sqlite.Stmt) RoundView {
	return RoundView{
		ID: s.ColumnText(0), Name: s.ColumnText(1), Standard: s.ColumnText(2), StandardHash: s.ColumnText(3),
		AssessmentPeriod: domain.Period{From: s.ColumnText(4), To: s.ColumnText(5)},
		Honors:           domain.Period{From: s.ColumnText(6), To: s.ColumnText(7)},
		Demo:             s.ColumnBool(8), Closed: s.ColumnBool(9), Guide: s.ColumnText(10), GuideHash: s.ColumnText(11),
		Calendar: s.ColumnText(12), CalendarHash: s.ColumnText(13), AppealDays: s.ColumnInt(14), DecisionDays: s.ColumnInt(15),
		Notice: s.ColumnBool(16),
	}
}

// Rounds lists all rounds, oldest first.
func (v *View) Rounds() ([]RoundView, error) {
	var rounds []RoundView
	if err := query(v.conn, roundColumns+" ORDER BY seq", func(s *sqlite.Stmt) error {
		rounds = append(rounds, scanRound(s))
		return nil
	}); err != nil {
		return nil, err
	}
	for i := range rounds {
		if err := v.published(&rounds[i]); err != nil {
			return nil, err
		}
	}
	return rounds, nil
}

// Round finds a round, or is ErrNotFound.
func (v *View) Round(id string) (RoundView, error) {
	var found []RoundView
	if err := query(v.conn, roundColumns+" WHERE id = ?", func(s *sqlite.Stmt) error {
		found = append(found, scanRound(s))
		return nil
	}, id); err != nil {
		return RoundView{}, err
	}
	if len(found) == 0 {
		return RoundView{}, fmt.Errorf("round %.60q: %w", id, ErrNotFound)
	}
	return found[0], v.published(&found[0])
}

// published reads a round's releases, and what the next one is to publish.
func (v *View) published(r *RoundView) (err error) {
	if r.Releases, err = v.releases(r.ID); err != nil {
		return err
	}
	deliberations, err := v.Deliberations(r.ID)
	if n := len(deliberations); n > 0 && deliberations[n-1].Release == 0 {
		r.Deliberated = &deliberations[n-1]
	}
	return err
}

func (v *View) releases(id string) ([]ReleaseView, error) {
	var releases []ReleaseView
	err := query(v.conn, `SELECT number, kind, reason, engine, log_size, at, position FROM releases WHERE round = ? ORDER BY number`, func(s *sqlite.Stmt) error {
		releases = append(releases, ReleaseView{
			Round: id, Number: s.ColumnInt(0), Kind: round.ReleaseKind(s.ColumnText(1)), Reason: s.ColumnText(2),
			Engine: s.ColumnText(3), LogSize: s.ColumnInt64(4), PublishedAt: millis(s.ColumnInt64(5)),
			Position: eventstore.Position(s.ColumnInt64(6)),
		})
		return nil
	}, id)
	return releases, err
}

// Districts lists all districts by code.
func (v *View) Districts() ([]DistrictView, error) {
	var districts []DistrictView
	err := query(v.conn, "SELECT code, name FROM districts ORDER BY code", func(s *sqlite.Stmt) error {
		districts = append(districts, DistrictView{Code: s.ColumnText(0), Name: s.ColumnText(1)})
		return nil
	})
	return districts, err
}

// CenterQuery selects centers: by part of the name or code, and by district.
type CenterQuery struct {
	Search, District string
	First            int
	After            string
}

const centerColumns = `c.code, c.name, c.area, c.district, d.name, c.demo`

func scanCenter(s *sqlite.Stmt, from int) CenterView {
	return CenterView{
		Code: s.ColumnText(from), Name: s.ColumnText(from + 1), Area: s.ColumnText(from + 2),
		District: s.ColumnText(from + 3), DistrictName: s.ColumnText(from + 4), Demo: s.ColumnBool(from + 5),
	}
}

// centerFilter matches every center when both arguments are empty.
const centerFilter = ` (? = '' OR c.district = ?) AND (? = '' OR instr(c.name, ?) > 0 OR instr(c.code, ?) > 0)`

func (q CenterQuery) filter() []any {
	return []any{q.District, q.District, q.Search, q.Search, q.Search}
}

// Centers lists registered centers by code.
func (v *View) Centers(q CenterQuery) (Page[CenterView], error) {
	after := ""
	if q.After != "" {
		parts, err := parseCursor(q.After, 1)
		if err != nil {
			return Page[CenterView]{}, err
		}
		after = parts[0]
	}
	page, err := fillPage(v.conn, "SELECT "+centerColumns+" FROM centers c JOIN districts d ON d.code = c.district WHERE"+centerFilter+
		" AND c.code > ? ORDER BY c.code LIMIT ?", pageSize(q.First), func(s *sqlite.Stmt) (CenterView, string) {
		c := scanCenter(s, 0)
		return c, cursor(c.Code)
	}, append(q.filter(), after)...)
	if err != nil {
		return page, err
	}
	page.Total, err = count(v.conn, "SELECT count(*) FROM centers c WHERE"+centerFilter, q.filter()...)
	return page, err
}

// Center finds a center, or is ErrNotFound.
func (v *View) Center(code string) (CenterView, error) {
	var found []CenterView
	if err := query(v.conn, "SELECT "+centerColumns+" FROM centers c JOIN districts d ON d.code = c.district WHERE c.code = ?", func(s *sqlite.Stmt) error {
		found = append(found, scanCenter(s, 0))
		return nil
	}, code); err != nil {
		return CenterView{}, err
	}
	if len(found) == 0 {
		return CenterView{}, fmt.Errorf("center %.40q: %w", code, ErrNotFound)
	}
	return found[0], nil
}
