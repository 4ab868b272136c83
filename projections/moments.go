package projections

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"mingjian/domain"
)

// moment is a round's ranking as of a seq. It is immutable: what was recorded up
// to there stays so.
type moment struct {
	rows      []StandingView // in the order of Ranking
	districts []DistrictStandingView
}

// moments keeps the rankings of the past that were asked for last. It belongs
// to one database, and goes with it when a rebuilt one takes over.
type moments struct {
	mu   sync.Mutex
	kept []keptMoment // the one asked for last comes first
}

type keptMoment struct {
	round string
	seq   int64
	*moment
}

// maxMoments bounds the memory: a moment of 40,000 centers takes some 10 MiB.
const maxMoments = 8

func (m *moments) find(round string, seq int64) (*moment, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.kept, func(k keptMoment) bool { return k.round == round && k.seq == seq })
	if i < 0 {
		return nil, false
	}
	found := m.kept[i]
	m.kept = slices.Insert(slices.Delete(m.kept, i, i+1), 0, found)
	return found.moment, true
}

func (m *moments) keep(round string, seq int64, found *moment) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept = slices.Insert(m.kept, 0, keptMoment{round, seq, found})
	m.kept = m.kept[:min(len(m.kept), maxMoments)]
}

// RankingAsOf is Ranking as it was at a seq: of all centers as they stood then,
// approved or not. A seq that the read model has not reached is ErrBehind.
func (v *View) RankingAsOf(q RankingQuery, seq int64) (Page[StandingView], error) {
	if seq == Latest {
		return v.Ranking(q)
	}
	m, err := v.moment(q.Round, seq)
	if err != nil {
		return Page[StandingView]{}, err
	}
	var page Page[StandingView]
	after := func(StandingView) bool { return true }
	if q.After != "" {
		key, err := parseRankingCursor(q.After)
		if err != nil {
			return page, err
		}
		after = func(s StandingView) bool { return compareStandings(s, key) > 0 }
	}
	size := pageSize(q.First)
	for _, s := range m.rows {
		if !q.selects(s.Center) {
			continue
		}
		page.Total++
		switch {
		case !after(s):
		case len(page.Items) == size:
			page.HasNext = true
		default:
			page.Items = append(page.Items, s)
			page.Cursors = append(page.Cursors, rankingCursor(s))
		}
	}
	return page, nil
}

// selects reports whether a center is among those that the query asks for.
func (q RankingQuery) selects(c CenterView) bool {
	return (q.District == "" || c.District == q.District) &&
		(strings.Contains(c.Name, q.Search) || strings.Contains(c.Code, q.Search))
}

// DistrictRankingAsOf is DistrictRanking as it was at a seq.
func (v *View) DistrictRankingAsOf(round string, seq int64) ([]DistrictStandingView, error) {
	if seq == Latest {
		return v.DistrictRanking(round)
	}
	m, err := v.moment(round, seq)
	if err != nil {
		return nil, err
	}
	return slices.Clone(m.districts), nil
}

// StandingAsOf is a center's standing in a round as it was at a seq, or
// ErrNotFound.
func (v *View) StandingAsOf(round, center string, seq int64) (StandingView, error) {
	if seq == Latest {
		return v.Standing(round, center)
	}
	m, err := v.moment(round, seq)
	if err != nil {
		return StandingView{}, err
	}
	for _, s := range m.rows {
		if s.Center.Code == center {
			return s, nil
		}
	}
	return StandingView{}, fmt.Errorf("center %.40q in round %.60q at event %d: %w", center, round, seq, ErrNotFound)
}

// moment ranks a round as of a seq, unless that was done lately.
func (v *View) moment(round string, seq int64) (*moment, error) {
	if seq > v.head.Seq {
		return nil, fmt.Errorf("event %d, read model at %d: %w", seq, v.head.Seq, ErrBehind)
	}
	if found, ok := v.moments.find(round, seq); ok {
		return found, nil
	}
	r, err := v.Round(round)
	if err != nil {
		return nil, err
	}
	adopted, err := v.criteria(r.Standard)
	if err != nil {
		return nil, err
	}
	s, err := readSheets(v.conn, adopted.Standard, round, seq)
	if err != nil {
		return nil, err
	}
	m := s.rank()
	v.moments.keep(round, seq, m)
	return m, nil
}

// rank ranks all centers that were opened by then.
func (s *sheets) rank() *moment {
	m := &moment{}
	var entrants []domain.Entrant
	byCode := make(map[string]StandingView)
	for _, c := range s.centers {
		record, opened := s.records[c.id]
		if !opened {
			continue
		}
		score := s.score(c, false)
		byCode[c.Code] = StandingView{
			Center: c.CenterView, Status: record.Status, Complete: score.Complete, Decided: score.Decided,
			Total: score.Total, Gross: score.Gross, Deduction: score.Deduction,
		}
		entrants = append(entrants, domain.Entrant{Center: c.Code, District: c.District, Total: score.Total, Complete: score.Complete})
	}
	ranking := domain.Rank(entrants)
	for _, c := range ranking.Centers {
		row := byCode[c.Center]
		row.CityRank, row.DistrictRank = c.CityRank, c.DistrictRank
		m.rows = append(m.rows, row)
	}
	slices.SortFunc(m.rows, compareStandings)
	for _, d := range ranking.Districts {
		m.districts = append(m.districts, DistrictStandingView{Name: s.names[d.District], DistrictStanding: d})
	}
	return m
}

// compareStandings puts the complete first, by total, highest first, then by
// code, as the query of Ranking does.
func compareStandings(a, b StandingView) int {
	if a.Complete != b.Complete {
		if a.Complete {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Center.Code, b.Center.Code))
}
