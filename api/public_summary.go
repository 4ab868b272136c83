package api

import (
	"sync"

	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/projections"
)

// summary is the city in figures; they mean nothing while nobody is ranked.
type summary struct {
	of              *releaseNode
	centers, ranked int
	mean            domain.Ratio
	min, max        domain.Points
}

func (s *publicSchema) newSummary() *graphql.Object {
	ifRanked := func(read func(*summary) any) func(*summary) any {
		return func(sum *summary) any {
			if sum.ranked == 0 {
				return nil
			}
			return read(sum)
		}
	}
	return object("Summary", "The city in figures; null where nothing is ranked. Means are rounded half up.", graphql.Fields{
		"centers": field(required(graphql.Int), "", func(sum *summary) any { return sum.centers }),
		"ranked":  field(required(graphql.Int), "", func(sum *summary) any { return sum.ranked }),
		"mean":    field(s.points, "", ifRanked(func(sum *summary) any { return sum.mean.Round() })),
		"min":     field(s.points, "", ifRanked(func(sum *summary) any { return sum.min })),
		"max":     field(s.points, "", ifRanked(func(sum *summary) any { return sum.max })),
		"median": looked(s.points, "", func(r *request, sum *summary) (any, error) {
			if sum.ranked == 0 {
				return nil, nil
			}
			median, err := s.medians.of(r, sum)
			return median.Round(), err
		}),
	})
}

// newSummaryOf adds up a release's districts: the mean of the city is that of
// its centers, exact, not the mean of the districts' means.
func newSummaryOf(release *releaseNode, districts []projections.DistrictStandingView) *summary {
	sum := &summary{of: release}
	for _, d := range districts {
		sum.centers += d.Centers
		if d.Ranked == 0 {
			continue
		}
		if sum.ranked == 0 {
			sum.min, sum.max = d.Min, d.Max
		}
		sum.min, sum.max = min(sum.min, d.Min), max(sum.max, d.Max)
		sum.ranked += d.Ranked
		sum.mean.Sum += d.Mean.Sum
		sum.mean.Count += d.Mean.Count
	}
	return sum
}

// medians keeps each release's median, which needs every total. A release
// never changes, so one holds for as long as the process.
type medians struct {
	mu    sync.Mutex
	known map[releaseKey]domain.Ratio
}

type releaseKey struct {
	logID, round string
	number       int
}

func (m *medians) of(r *request, sum *summary) (domain.Ratio, error) {
	key := releaseKey{logID: r.head().LogID, round: sum.of.Round, number: sum.of.Number}
	m.mu.Lock()
	median, ok := m.known[key]
	m.mu.Unlock()
	if ok {
		return median, nil
	}
	median, err := medianOf(r, sum)
	if err != nil {
		return domain.Ratio{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = make(map[releaseKey]domain.Ratio)
	}
	m.known[key] = median
	return median, nil
}

// medianOf reads the ranking, highest total first, up to its middle.
func medianOf(r *request, sum *summary) (domain.Ratio, error) {
	view, err := r.view()
	if err != nil {
		return domain.Ratio{}, err
	}
	totals := make([]domain.Points, 0, sum.ranked)
	q := projections.RankingQuery{First: maxPage}
	for len(totals) <= sum.ranked/2 {
		page, err := view.ReleaseRanking(sum.of.Round, sum.of.Number, q)
		if err != nil {
			return domain.Ratio{}, err
		}
		for _, row := range page.Items {
			if row.Complete {
				totals = append(totals, row.Total)
			}
		}
		if !page.HasNext {
			break
		}
		q.After = page.Cursors[len(page.Cursors)-1]
	}
	middle := sum.ranked / 2
	if sum.ranked%2 == 1 {
		return domain.Ratio{Sum: totals[middle], Count: 1}, nil
	}
	return domain.Ratio{Sum: totals[middle-1] + totals[middle], Count: 2}, nil
}
