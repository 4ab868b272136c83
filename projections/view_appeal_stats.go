package projections

import (
	"cmp"
	"fmt"
	"slices"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
)

// AppealStats counts a round's appeals, in all and by what they are about.
type AppealStats struct {
	AppealTally
	// ByTarget has the standard's order, by the code of the clause or of the
	// deduction's item; the others go by code.
	ByTarget, ByDistrict, ByGround []TallyOf
}

// TallyOf is the tally of the appeals that have something in common.
type TallyOf struct {
	Code string
	AppealTally
}

// AppealTally counts appeals. Each that was Filed is either Open, Decided or
// Withdrawn; each that is Decided has one of the three outcomes, by what is
// restored all in all: where a second panel dismisses what asks for more than the
// first one restored, that stays.
type AppealTally struct {
	Filed, Open, Decided, Withdrawn int
	Upheld, PartlyUpheld, Dismissed int
	Escalated                       int // that were taken to a second panel, whatever became of them
	Expired                         int // that were flagged because no decision came in time, whatever became of them
	Lost                            domain.Points
	// Restored is what decisions restored, those of first panels included where a
	// second one has not decided.
	Restored domain.Points
	Days     WorkingDays
}

// WorkingDays is how long the decided appeals took, from the day of the filing,
// which does not count, to that of the newest decision.
type WorkingDays struct {
	Count, Sum, Min, Max int
	// Mean and Median are of hundredths of a day, as points are of a point.
	Mean, Median domain.Ratio

	each []int
}

// AppealStats counts a round's appeals as of a seq or Latest. Working days go by
// the calendar that the round pinned, in the version that this program has: a
// later version only adds years. A day that it does not hold is an error.
func (v *View) AppealStats(round string, asOf int64) (AppealStats, error) {
	return v.appealStats(round, asOf, "")
}

// ReleaseAppealStats counts the appeals that a release shows, as of what it
// covers: those against records that were approved then. Of the others it shows
// nothing, not even that there is an appeal.
func (v *View) ReleaseAppealStats(round string, number int) (AppealStats, error) {
	releases, err := v.releases(round)
	if err != nil {
		return AppealStats{}, err
	}
	if number < 1 || number > len(releases) {
		return AppealStats{}, fmt.Errorf("release %d of round %.60q: %w", number, round, ErrNotFound)
	}
	return v.appealStats(round, releases[number-1].LogSize, againstApproved)
}

// againstApproved selects appeals against records that were approved as of ?1.
const againstApproved = ` AND '` + string(assessment.SignedOff) + `' = (SELECT t.status FROM statuses t JOIN assessments r ON r.id = t.assessment
	WHERE r.round = a.round AND r.subject = a.subject AND t.seq <= ?1 ORDER BY t.seq DESC LIMIT 1)`

func (v *View) appealStats(round string, asOf int64, which string) (AppealStats, error) {
	r, err := v.Round(round)
	if err != nil {
		return AppealStats{}, err
	}
	adopted, err := v.criteria(r.Standard)
	if err != nil {
		return AppealStats{}, err
	}
	var stats AppealStats
	targets, districts, grounds := make(tallies), make(tallies), make(tallies)
	err = query(v.conn, `SELECT a.clause, a.item, a.district, a.ground, a.lost, a.at, s.status,
			(SELECT count(*) FROM appeal_steps e WHERE e.appeal = a.number AND e.seq <= ?1 AND e.event = ?2),
			(SELECT count(*) FROM appeal_steps e WHERE e.appeal = a.number AND e.seq <= ?1 AND e.event = ?3),
			d.restored, d.at
		FROM appeals a JOIN appeal_steps s ON s.appeal = a.number AND s.seq <= ?1 AND (s.replaced = 0 OR s.replaced > ?1)
		LEFT JOIN appeal_decisions d ON d.appeal = a.number AND d.seq =
			(SELECT max(seq) FROM appeal_decisions WHERE appeal = a.number AND seq <= ?1)
		WHERE a.round = ?4`+which+` ORDER BY a.number`, func(s *sqlite.Stmt) error {
		a := counted{
			lost: points(s, 4), status: appeal.Status(s.ColumnText(6)),
			escalated: s.ColumnInt(7) > 0, expired: s.ColumnInt(8) > 0,
			restored: points(s, 9),
		}
		if a.status == appeal.IsDecided {
			if a.days, err = v.WorkingDays(r, domain.DayOf(millis(s.ColumnInt64(5))), domain.DayOf(millis(s.ColumnInt64(10)))); err != nil {
				return err
			}
		}
		target := cmp.Or(s.ColumnText(0), s.ColumnText(1))
		for _, tally := range []*AppealTally{
			&stats.AppealTally, targets.of(target), districts.of(s.ColumnText(2)), grounds.of(s.ColumnText(3)),
		} {
			tally.add(a)
		}
		return nil
	}, asOf, appeal.Escalated{}.EventType(), appeal.Expired{}.EventType(), round)
	if err != nil {
		return AppealStats{}, err
	}
	order := make(map[string]int)
	for _, c := range adopted.Standard.Clauses() {
		order[c.Code] = len(order)
	}
	for _, item := range adopted.Standard.Deductions.Items {
		order[item.Code] = len(order)
	}
	stats.settle()
	stats.ByTarget = targets.list(func(a, b string) int { return cmp.Compare(order[a], order[b]) })
	stats.ByDistrict, stats.ByGround = districts.list(cmp.Compare[string]), grounds.list(cmp.Compare[string])
	return stats, nil
}

// WorkingDays counts those after a day up to another one, by the round's
// calendar.
func (v *View) WorkingDays(r RoundView, from, to string) (int, error) {
	calendar, err := v.calendar(r.Calendar)
	if err != nil {
		return 0, fmt.Errorf("round %s: %w", r.ID, err)
	}
	return calendar.Count(from, to)
}

// counted is an appeal as a tally counts it.
type counted struct {
	lost, restored     domain.Points
	status             appeal.Status
	days               int
	escalated, expired bool
}

func (t *AppealTally) add(a counted) {
	t.Filed++
	t.Lost += a.lost
	t.Restored += a.restored
	if a.escalated {
		t.Escalated++
	}
	if a.expired {
		t.Expired++
	}
	switch {
	case due(a.status):
		t.Open++
	case a.status == appeal.IsWithdrawn:
		t.Withdrawn++
	default:
		t.Decided++
		t.Days.each = append(t.Days.each, a.days)
		switch a.restored {
		case a.lost:
			t.Upheld++
		case 0:
			t.Dismissed++
		default:
			t.PartlyUpheld++
		}
	}
}

// settle sums the days up.
func (t *AppealTally) settle() {
	d := &t.Days
	slices.Sort(d.each)
	d.Count = len(d.each)
	if d.Count == 0 {
		return
	}
	for _, days := range d.each {
		d.Sum += days
	}
	d.Min, d.Max = d.each[0], d.each[d.Count-1]
	d.Mean = domain.Ratio{Sum: wholeDays(d.Sum), Count: d.Count}
	d.Median = domain.Ratio{Sum: wholeDays(d.each[d.Count/2]), Count: 1}
	if d.Count%2 == 0 {
		d.Median = domain.Ratio{Sum: wholeDays(d.each[d.Count/2-1] + d.each[d.Count/2]), Count: 2}
	}
	d.each = nil
}

func wholeDays(days int) domain.Points { return domain.Points(100 * days) }

type tallies map[string]*AppealTally

func (t tallies) of(code string) *AppealTally {
	if t[code] == nil {
		t[code] = new(AppealTally)
	}
	return t[code]
}

func (t tallies) list(compare func(a, b string) int) (out []TallyOf) {
	for code, tally := range t {
		tally.settle()
		out = append(out, TallyOf{code, *tally})
	}
	slices.SortFunc(out, func(a, b TallyOf) int { return compare(a.Code, b.Code) })
	return out
}

// PendingAppeals counts the open appeals against each subject's record, as of a
// seq or Latest.
func (v *View) PendingAppeals(round string, asOf int64) (map[string]int, error) {
	pending := make(map[string]int)
	err := query(v.conn, "SELECT a.subject, count(*)"+appealsAsOf+" WHERE a.round = ? AND s.status IN "+dueStatuses+" GROUP BY a.subject",
		func(s *sqlite.Stmt) error {
			pending[s.ColumnText(0)] = s.ColumnInt(1)
			return nil
		}, asOf, asOf, round)
	return pending, err
}
