package projections

import (
	"fmt"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// ChangeView is an event that changed a record, and what that did to a total.
type ChangeView struct {
	Seq           int64
	EventID, Type string // Type is the stored name
	At            time.Time
	Subject       string // of the record: the center, or its district
	// What it was about: a clause, a deduction or an honor claim; nothing where it
	// moved the record's status only.
	Clause           string
	Deduction, Honor int
	Appeal           string // by the decision of which it came about, or ""
	// Effect is how it moved the total, Total what that was from then on.
	Effect, Total domain.Points
}

// AssessmentDiff is how a record changed from one moment to another.
type AssessmentDiff struct {
	Round, Subject string
	From, To       int64
	Before, After  domain.Score
	// Changes has every event that changed the record, or that of the district that
	// counts for it, oldest first. Their effects add up to the difference of the
	// totals.
	Changes []ChangeView
}

// CenterDiff is how a center's standing moved from one moment to another.
type CenterDiff struct {
	Center CenterView
	// Before and After are nil where the center had no standing: its record was not
	// opened, or, in a release, not approved.
	Before, After *StandingView
	// Changes has the events that moved the total, oldest first; their effects add
	// up to the difference. It is empty unless there are both standings.
	Changes []ChangeView
}

// DistrictDiff is how a district's standing moved; nil where there was none.
type DistrictDiff struct {
	District, Name string
	Before, After  *domain.DistrictStanding
}

// RankingDiff is how a round's standings moved from one moment to another. It
// has those that moved, in their order afterwards; then those that are gone.
type RankingDiff struct {
	Round     string
	From, To  int64
	Centers   []CenterDiff
	Districts []DistrictDiff
}

// span checks two moments; Latest is now.
func (v *View) span(from, to int64) (int64, int64, error) {
	if from == Latest {
		from = v.head.Seq
	}
	if to == Latest {
		to = v.head.Seq
	}
	switch {
	case to > v.head.Seq:
		return 0, 0, fmt.Errorf("event %d, read model at %d: %w", to, v.head.Seq, ErrBehind)
	case from < 0 || from > to:
		return 0, 0, fmt.Errorf("from event %d to %d: %w", from, to, domain.ErrInvalid)
	}
	return from, to, nil
}

// AssessmentDiff tells what changed a record after one seq and up to another. A
// center's totals count its district's record as a release does: where it was
// signed off, see Assessment. Before the record was opened there is nothing to
// compare with: it is compared with what it was then.
func (v *View) AssessmentDiff(id, subject string, from, to int64) (AssessmentDiff, error) {
	row, err := v.assessmentRow(id, subject)
	if err != nil {
		return AssessmentDiff{}, err
	}
	if from, to, err = v.span(from, to); err != nil {
		return AssessmentDiff{}, err
	}
	if to < row.seq {
		return AssessmentDiff{}, fmt.Errorf("assessment of %s in round %s at event %d: %w", subject, id, to, ErrNotFound)
	}
	out := AssessmentDiff{Round: id, Subject: subject, From: max(from, row.seq), To: to}
	c := sheetOf{row.id, CenterView{Code: subject, District: row.District}}
	of, district := oneAssessment(row.id), row.id
	if row.Kind == domain.Center {
		if district, err = v.assessmentID(id, row.District); err != nil {
			return out, err
		}
		of = twoAssessments(row.id, district)
	}
	var at [2]*sheets
	for i, seq := range []int64{out.From, to} {
		at[i] = &sheets{std: row.std, centers: []sheetOf{c}, districts: map[string]int64{row.District: district}}
		if at[i].records, err = readRecords(v.conn, row.std, of, seq); err != nil {
			return out, err
		}
	}
	settled := row.Kind == domain.Center
	out.Before, out.After = at[0].score(c, settled), at[1].score(c, settled)
	changes, err := readChanges(v.conn, row.std, of, out.From, to)
	if err != nil {
		return out, err
	}
	moved, err := effects(at[0], at[1], changes, []int{0}, settled)
	if err != nil {
		return out, fmt.Errorf("round %s: %w", id, err)
	}
	for _, e := range moved[0] {
		change, err := v.changeView(e)
		if err != nil {
			return out, err
		}
		out.Changes = append(out.Changes, change)
	}
	return out, nil
}

// assessmentID finds a record; 0 where there is none.
func (v *View) assessmentID(round, subject string) (id int64, err error) {
	err = query(v.conn, "SELECT id FROM assessments WHERE round = ? AND subject = ?", func(s *sqlite.Stmt) error {
		id = s.ColumnInt64(0)
		return nil
	}, round, subject)
	return id, err
}

// changeView finds what the trail has of an event.
func (v *View) changeView(e effect) (ChangeView, error) {
	c := ChangeView{
		Seq: e.seq, Clause: e.clause, Deduction: e.deduction, Honor: e.honor, Appeal: e.appeal, Effect: e.effect, Total: e.total,
	}
	err := query(v.conn, "SELECT t.event_id, t.type, t.at, a.subject FROM trail t, assessments a WHERE t.seq = ? AND a.id = ?", func(s *sqlite.Stmt) error {
		c.EventID, c.Type, c.At, c.Subject = uuidText(blob(s, 0)), s.ColumnText(1), millis(s.ColumnInt64(2)), s.ColumnText(3)
		return nil
	}, e.seq, e.assessment)
	return c, err
}

// RankingDiff tells how the ranking moved after one seq and up to another, of
// all centers as they stood, see RankingAsOf.
func (v *View) RankingDiff(id string, from, to int64) (RankingDiff, error) {
	from, to, err := v.span(from, to)
	if err != nil {
		return RankingDiff{}, err
	}
	r, err := v.Round(id)
	if err != nil {
		return RankingDiff{}, err
	}
	adopted, err := v.criteria(r.Standard)
	if err != nil {
		return RankingDiff{}, err
	}
	std := adopted.Standard
	before, err := readSheets(v.conn, std, id, from)
	if err != nil {
		return RankingDiff{}, err
	}
	after, err := readSheets(v.conn, std, id, to)
	if err != nil {
		return RankingDiff{}, err
	}
	was, is := before.rank(), after.rank()
	changes, err := readChanges(v.conn, std, wholeRound(id), from, to)
	if err != nil {
		return RankingDiff{}, err
	}
	var both []int
	for i, c := range before.centers {
		if before.records[c.id] != nil {
			both = append(both, i)
		}
	}
	moved, err := effects(before, after, changes, both, false)
	if err != nil {
		return RankingDiff{}, fmt.Errorf("round %s: %w", id, err)
	}
	byCenter := make(map[string][]ChangeView)
	for i, effects := range moved {
		code := before.centers[i].Code
		for _, e := range effects {
			if e.effect == 0 {
				continue
			}
			change, err := v.changeView(e)
			if err != nil {
				return RankingDiff{}, err
			}
			byCenter[code] = append(byCenter[code], change)
		}
	}
	return diffOf(id, from, to, was, is, byCenter), nil
}

// ReleaseChanges tells how a release differs from the one before it: which
// events moved which totals, and which ranks followed. The first release has
// nothing to differ from.
func (v *View) ReleaseChanges(id string, number int) (RankingDiff, error) {
	releases, err := v.releases(id)
	if err != nil {
		return RankingDiff{}, err
	}
	if number < 1 || number > len(releases) {
		return RankingDiff{}, fmt.Errorf("release %d of round %.60q: %w", number, id, ErrNotFound)
	}
	if number == 1 {
		return RankingDiff{Round: id, To: releases[0].LogSize}, nil
	}
	byCenter := make(map[string][]ChangeView)
	if err := query(v.conn, `SELECT r.center, r.seq, t.event_id, t.type, t.at, a.subject, r.clause, r.deduction, r.honor, r.appeal, r.effect, r.total
		FROM release_changes r JOIN trail t ON t.seq = r.seq JOIN assessments a ON a.id = r.assessment
		WHERE r.round = ? AND r.release = ? ORDER BY r.center, r.seq`, func(s *sqlite.Stmt) error {
		center := s.ColumnText(0)
		byCenter[center] = append(byCenter[center], ChangeView{
			Seq: s.ColumnInt64(1), EventID: uuidText(blob(s, 2)), Type: s.ColumnText(3), At: millis(s.ColumnInt64(4)), Subject: s.ColumnText(5),
			Clause: s.ColumnText(6), Deduction: s.ColumnInt(7), Honor: s.ColumnInt(8), Appeal: s.ColumnText(9), Effect: points(s, 10), Total: points(s, 11),
		})
		return nil
	}, id, number); err != nil {
		return RankingDiff{}, err
	}
	var at [2]*moment
	for i, release := range []int{number - 1, number} {
		if at[i], err = v.releaseMoment(id, release); err != nil {
			return RankingDiff{}, err
		}
	}
	return diffOf(id, releases[number-2].LogSize, releases[number-1].LogSize, at[0], at[1], byCenter), nil
}

// releaseMoment reads all of a release's standings that show a result.
func (v *View) releaseMoment(id string, number int) (*moment, error) {
	m := &moment{}
	if err := query(v.conn, standingColumns+` WHERE s.round = ? AND s.release = ? AND s.status = ?
		ORDER BY s.complete DESC, s.total DESC, s.center`, func(s *sqlite.Stmt) error {
		m.rows = append(m.rows, scanStanding(s))
		return nil
	}, id, number, string(assessment.SignedOff)); err != nil {
		return nil, err
	}
	var err error
	m.districts, err = v.ReleaseDistricts(id, number)
	return m, err
}

// diffOf compares two rankings.
func diffOf(round string, from, to int64, before, after *moment, changes map[string][]ChangeView) RankingDiff {
	out := RankingDiff{Round: round, From: from, To: to}
	was := make(map[string]*StandingView)
	for i := range before.rows {
		was[before.rows[i].Center.Code] = &before.rows[i]
	}
	is := make(map[string]bool)
	for i := range after.rows {
		now := &after.rows[i]
		code := now.Center.Code
		is[code] = true
		d := CenterDiff{Center: now.Center, Before: was[code], After: now, Changes: changes[code]}
		if d.Before == nil || *d.Before != *now || len(d.Changes) > 0 {
			out.Centers = append(out.Centers, d)
		}
	}
	for i := range before.rows {
		if gone := &before.rows[i]; !is[gone.Center.Code] {
			out.Centers = append(out.Centers, CenterDiff{Center: gone.Center, Before: gone})
		}
	}
	for _, d := range after.districts {
		i := slices.IndexFunc(before.districts, func(b DistrictStandingView) bool { return b.District == d.District })
		switch {
		case i < 0:
			out.Districts = append(out.Districts, DistrictDiff{District: d.District, Name: d.Name, After: &d.DistrictStanding})
		case before.districts[i].DistrictStanding != d.DistrictStanding:
			out.Districts = append(out.Districts, DistrictDiff{
				District: d.District, Name: d.Name, Before: &before.districts[i].DistrictStanding, After: &d.DistrictStanding,
			})
		}
	}
	return out
}
