package projections

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
)

// AppealQuery selects appeals; what is zero selects nothing out.
type AppealQuery struct {
	Round, Subject, District string
	Status                   appeal.Status
	// Clause is a clause's code, or a deduction item's.
	Clause string
	Ground appeal.Ground
	// Open selects the appeals in which a decision is due.
	Open bool
	// Member is the account of somebody on a panel who neither was recused nor
	// made way for another panel in its place.
	Member string
	// Within selects those that somebody may see; nil selects nothing out.
	Within *AppealReach
	First  int
	After  string
	// AsOf shows the list as it was at a seq; 0 is Latest.
	AsOf int64
}

// AppealReach is what an account may see of the appeals, at present: those of
// some subjects, those of records that it is assigned to, and those that it
// hears.
type AppealReach struct {
	Account          string
	Subjects         []string
	Assigned, Panels bool
}

func (r AppealReach) where() (sql string, args []any) {
	sql = " AND (0"
	for _, subject := range r.Subjects {
		sql += " OR a.subject = ?"
		args = append(args, subject)
	}
	if r.Assigned {
		sql += ` OR EXISTS (SELECT 1 FROM assessments r JOIN members m ON m.assessment = r.id
			WHERE r.round = a.round AND r.subject = a.subject AND m.account = ? AND m.assigned > 0 AND m.recused = 0)`
		args = append(args, r.Account)
	}
	if r.Panels {
		sql += ` OR EXISTS (SELECT 1 FROM appeal_members m JOIN appeal_steps p ON p.appeal = m.appeal AND p.replaced = 0 AND p.panel = m.panel
			WHERE m.appeal = a.number AND m.account = ? AND m.gone = 0)`
		args = append(args, r.Account)
	}
	return sql + ")", args
}

const appealColumns = `SELECT a.number, a.seq, a.id, a.round, a.subject, a.kind, a.district, a.clause, a.deduction, a.version, a.outcome,
	a.points, a.item, a.lost, a.ground, a.statement, a.evidence, a.appeal_by, a.decide_by, a.calendar, a.by, a.at,
	s.status, s.panel, s.decide_by, s.expired`

// appealsAsOf has each appeal that was filed by a seq with where it stood then;
// its arguments are that seq twice.
const appealsAsOf = ` FROM appeals a JOIN appeal_steps s ON s.appeal = a.number AND s.seq <= ? AND (s.replaced = 0 OR s.replaced > ?)`

// dueStatuses are those of an appeal in which a decision is due.
const dueStatuses = `('filed', 'hearing', 'escalated')`

func scanAppeal(s *sqlite.Stmt) (number int64, a AppealView) {
	return s.ColumnInt64(0), AppealView{
		Seq: s.ColumnInt64(1), Filed: appeal.Filed{
			Stamp:  domain.Stamp{By: s.ColumnText(20), At: millis(s.ColumnInt64(21))},
			Appeal: s.ColumnText(2), Round: s.ColumnText(3), Subject: s.ColumnText(4), Kind: domain.SubjectKind(s.ColumnText(5)),
			District: s.ColumnText(6), Target: assessment.Target{Clause: s.ColumnText(7), Deduction: s.ColumnInt(8)},
			Version: s.ColumnInt(9), Outcome: domain.Outcome(s.ColumnText(10)), Points: points(s, 11), Item: s.ColumnText(12),
			Lost: points(s, 13), Ground: appeal.Ground(s.ColumnText(14)), Statement: s.ColumnText(15),
			Evidence: strings.Fields(s.ColumnText(16)), AppealBy: s.ColumnText(17), DecideBy: s.ColumnText(18), Calendar: s.ColumnText(19),
		},
		Status: appeal.Status(s.ColumnText(22)), Panel: s.ColumnInt(23), DecideOn: s.ColumnText(24), Expired: s.ColumnText(25),
	}
}

// where gives the query's condition and its arguments.
func (q AppealQuery) where() (sql string, args []any) {
	sql, args = " WHERE 1", []any{q.AsOf, q.AsOf}
	for _, c := range []struct{ column, value string }{
		{"a.round", q.Round},
		{"a.subject", q.Subject},
		{"a.district", q.District},
		{"s.status", string(q.Status)},
		{"a.ground", string(q.Ground)},
	} {
		if c.value != "" {
			sql += " AND " + c.column + " = ?"
			args = append(args, c.value)
		}
	}
	if q.Clause != "" {
		sql += " AND (a.clause = ? OR a.item = ?)"
		args = append(args, q.Clause, q.Clause)
	}
	if q.Open {
		sql += " AND s.status IN " + dueStatuses
	}
	if q.Member != "" {
		sql += ` AND EXISTS (SELECT 1 FROM appeal_members m WHERE m.account = ? AND m.appeal = a.number
			AND m.seq <= ? AND (m.gone = 0 OR m.gone > ?))`
		args = append(args, q.Member, q.AsOf, q.AsOf)
	}
	if q.Within != nil {
		within, more := q.Within.where()
		sql, args = sql+within, append(args, more...)
	}
	return sql, args
}

// Appeals lists appeals in the order in which they were filed.
func (v *View) Appeals(q AppealQuery) (Page[AppealView], error) {
	var after int64
	if q.After != "" {
		parts, err := parseCursor(q.After, 1)
		if err != nil {
			return Page[AppealView]{}, err
		}
		if after, err = strconv.ParseInt(parts[0], 10, 64); err != nil {
			return Page[AppealView]{}, fmt.Errorf("%.80q: %w", q.After, ErrCursor)
		}
	}
	if q.AsOf == 0 {
		q.AsOf = Latest
	}
	where, args := q.where()
	var numbers []int64
	page, err := fillPage(v.conn, appealColumns+appealsAsOf+where+" AND a.number > ? ORDER BY a.number LIMIT ?", pageSize(q.First),
		func(s *sqlite.Stmt) (AppealView, string) {
			number, a := scanAppeal(s)
			numbers = append(numbers, number)
			return a, cursor(strconv.FormatInt(number, 10))
		}, append(append([]any{}, args...), after)...)
	if err != nil {
		return page, err
	}
	for i, number := range numbers {
		if err := v.hearing(number, q.AsOf, &page.Items[i]); err != nil {
			return page, err
		}
	}
	page.Total, err = count(v.conn, "SELECT count(*)"+appealsAsOf+where, args...)
	return page, err
}

// Appeal finds an appeal as it was at a seq or is at Latest, or is ErrNotFound.
func (v *View) Appeal(id string, asOf int64) (AppealView, error) {
	var found AppealView
	var number int64
	if err := query(v.conn, appealColumns+appealsAsOf+" WHERE a.id = ?", func(s *sqlite.Stmt) error {
		number, found = scanAppeal(s)
		return nil
	}, asOf, asOf, id); err != nil {
		return found, err
	}
	if number == 0 {
		return found, fmt.Errorf("appeal %.100q: %w", id, ErrNotFound)
	}
	return found, v.hearing(number, asOf, &found)
}

// hearing reads what was said and done about an appeal up to a seq.
func (v *View) hearing(number, asOf int64, a *AppealView) error {
	if err := query(v.conn, `SELECT panel, pseudonym, account, seq, gone, recused, reason, on_request FROM appeal_members
		WHERE appeal = ? AND seq <= ? ORDER BY seq, place`, func(s *sqlite.Stmt) error {
		m := PanelMember{Panel: s.ColumnInt(0), Pseudonym: s.ColumnText(1), Account: s.ColumnText(2), Seq: s.ColumnInt64(3)}
		if gone := s.ColumnInt64(4); gone != 0 && gone <= asOf {
			m.Gone, m.Recused, m.Reason, m.OnRequest = gone, s.ColumnBool(5), s.ColumnText(6), s.ColumnBool(7)
		}
		a.Members = append(a.Members, m)
		return nil
	}, number, asOf); err != nil {
		return err
	}
	if err := query(v.conn, `SELECT panel, outcome, restored, reason, by, at, seq FROM appeal_votes
		WHERE appeal = ? AND seq <= ? AND (void = 0 OR void > ?) ORDER BY seq`, func(s *sqlite.Stmt) error {
		a.Votes = append(a.Votes, VoteView{Seq: s.ColumnInt64(6), VoteCast: appeal.VoteCast{
			Stamp: stamp(s, 4), Panel: s.ColumnInt(0), Outcome: appeal.Outcome(s.ColumnText(1)), Restored: points(s, 2), Reason: s.ColumnText(3),
		}})
		return nil
	}, number, asOf, asOf); err != nil {
		return err
	}
	if err := query(v.conn, `SELECT party, statement, evidence, by, at, seq FROM appeal_statements
		WHERE appeal = ? AND seq <= ? ORDER BY seq`, func(s *sqlite.Stmt) error {
		a.Statements = append(a.Statements, StatementView{Seq: s.ColumnInt64(5), EvidenceAdded: appeal.EvidenceAdded{
			Stamp: stamp(s, 3), Party: appeal.Party(s.ColumnText(0)), Statement: s.ColumnText(1), Evidence: strings.Fields(s.ColumnText(2)),
		}})
		return nil
	}, number, asOf); err != nil {
		return err
	}
	if err := v.decisions(number, asOf, a); err != nil {
		return err
	}
	return query(v.conn, `SELECT event, text, by, at, seq, status, panel, decide_by, expired FROM appeal_steps
		WHERE appeal = ? AND seq <= ? ORDER BY seq`, func(s *sqlite.Stmt) error {
		a.Steps = append(a.Steps, StepView{
			Event: s.ColumnText(0), Text: s.ColumnText(1), Stamp: stamp(s, 2), Seq: s.ColumnInt64(4),
			Status: appeal.Status(s.ColumnText(5)), Panel: s.ColumnInt(6), DecideBy: s.ColumnText(7), Expired: s.ColumnText(8),
		})
		return nil
	}, number, asOf)
}

func (v *View) decisions(number, asOf int64, a *AppealView) error {
	return query(v.conn, `SELECT panel, outcome, restored, reasons, corrected, escalate_by, by, at, seq FROM appeal_decisions
		WHERE appeal = ? AND seq <= ? ORDER BY seq`, func(s *sqlite.Stmt) error {
		d := DecisionView{Seq: s.ColumnInt64(8), Decided: appeal.Decided{
			Stamp: stamp(s, 6), Panel: s.ColumnInt(0), Outcome: appeal.Outcome(s.ColumnText(1)), Restored: points(s, 2),
			Reasons: s.ColumnText(3), EscalateBy: s.ColumnText(5),
		}}
		if text := s.ColumnText(4); text != "" {
			if err := json.Unmarshal([]byte(text), &d.Corrected); err != nil {
				return fmt.Errorf("correction by a decision: %w", err)
			}
		}
		a.Decisions = append(a.Decisions, d)
		return nil
	}, number, asOf)
}

// stamp reads the columns by and at.
func stamp(s *sqlite.Stmt, column int) domain.Stamp {
	return domain.Stamp{By: s.ColumnText(column), At: millis(s.ColumnInt64(column + 1))}
}

// OpenAppeals lists the appeals in which a decision was due before a day, as
// YYYY-MM-DD, and which were not flagged for that, by their ids.
func (v *View) OpenAppeals(before string) (ids []string, err error) {
	err = query(v.conn, `SELECT a.id FROM appeal_steps s JOIN appeals a ON a.number = s.appeal
		WHERE s.replaced = 0 AND s.decide_by < ? AND s.expired <> s.decide_by AND s.status IN `+dueStatuses+` ORDER BY a.number`,
		func(s *sqlite.Stmt) error {
			ids = append(ids, s.ColumnText(0))
			return nil
		}, before)
	return ids, err
}

// AppealOf finds the newest appeal against a target and where it stands, and
// how many there were; "" and 0 where there was none.
func (v *View) AppealOf(round, subject string, t assessment.Target) (id string, status appeal.Status, n int, err error) {
	err = query(v.conn, `SELECT a.id, s.status FROM appeals a JOIN appeal_steps s ON s.appeal = a.number AND s.replaced = 0
		WHERE a.round = ? AND a.subject = ? AND a.clause = ? AND a.deduction = ? ORDER BY a.number`, func(s *sqlite.Stmt) error {
		id, status = s.ColumnText(0), appeal.Status(s.ColumnText(1))
		n++
		return nil
	}, round, subject, t.Clause, t.Deduction)
	return id, status, n, err
}

// OnPanel reports whether an account is on the present panel of an appeal.
func (v *View) OnPanel(id, account string) (on bool, err error) {
	err = query(v.conn, `SELECT 1 FROM appeals a JOIN appeal_steps s ON s.appeal = a.number AND s.replaced = 0
		JOIN appeal_members m ON m.appeal = a.number AND m.panel = s.panel AND m.gone = 0
		WHERE a.id = ? AND m.account = ?`, func(*sqlite.Stmt) error {
		on = true
		return nil
	}, id, account)
	return on, err
}

// Hears reports whether an account is on the present panel of an appeal
// against a record, whatever has become of the appeal.
func (v *View) Hears(round, subject, account string) (hears bool, err error) {
	err = query(v.conn, `SELECT 1 FROM appeal_members m JOIN appeals a ON a.number = m.appeal
		JOIN appeal_steps s ON s.appeal = a.number AND s.replaced = 0 AND s.panel = m.panel
		WHERE m.account = ? AND m.gone = 0 AND a.round = ? AND a.subject = ? LIMIT 1`, func(*sqlite.Stmt) error {
		hears = true
		return nil
	}, account, round, subject)
	return hears, err
}
