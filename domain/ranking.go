package domain

import (
	"cmp"
	"slices"
)

// Entrant is one center in a ranking.
type Entrant struct {
	Center, District string
	Total            Points
	// Complete is false while a clause has no finding: listed, but not ranked.
	Complete bool
}

// Standing is an entrant with its ranks; rank 0 means not ranked.
type Standing struct {
	Entrant
	CityRank, DistrictRank int
}

// Ratio is an exact mean: Sum hundredths over Count. It is rounded for display
// only; comparing two means never rounds. Sum is never negative, as no total
// is, and Sum times another ratio's Count fits 63 bits: that holds for means of
// totals up to 100 points over tens of millions of centers.
type Ratio struct {
	Sum   Points
	Count int
}

// Round is the ratio in points, rounded half up to two decimals; 0 of nothing.
func (r Ratio) Round() Points {
	if r.Count == 0 {
		return 0
	}
	n := Points(r.Count)
	return (2*r.Sum + n) / (2 * n)
}

// Compare orders ratios exactly; nothing (Count 0) is the smallest.
func (r Ratio) Compare(other Ratio) int {
	if r.Count == 0 || other.Count == 0 {
		return cmp.Compare(r.Count, other.Count)
	}
	return cmp.Compare(r.Sum*Points(other.Count), other.Sum*Points(r.Count))
}

// DistrictStanding sums up a district's ranked centers.
type DistrictStanding struct {
	District     string
	Rank         int // 0 while no center of the district is complete
	Mean, Median Ratio
	Min, Max     Points
	// Centers counts all centers of the district, Ranked the complete ones.
	Centers, Ranked int
}

// Ranking is a city's centers and districts in order.
type Ranking struct {
	// Centers by total, highest first; equal totals by code; incomplete last.
	Centers []Standing
	// Districts by mean, highest first; equal means by code.
	Districts []DistrictStanding
}

// Rank orders entrants by total in the city and in their district, and
// districts by the mean of their centers' totals. Ties share a rank and the
// next rank is skipped (1, 2, 2, 4). The order of the argument does not matter.
func Rank(entrants []Entrant) Ranking {
	centers := make([]Standing, len(entrants))
	for i, e := range entrants {
		centers[i].Entrant = e
	}
	slices.SortFunc(centers, func(a, b Standing) int {
		if a.Complete != b.Complete {
			if a.Complete {
				return -1
			}
			return 1
		}
		if a.Complete {
			if c := cmp.Compare(b.Total, a.Total); c != 0 {
				return c
			}
		}
		return cmp.Compare(a.Center, b.Center)
	})
	var city ranker
	inDistrict := make(map[string]*districtRanker)
	for i := range centers {
		c := &centers[i]
		d := inDistrict[c.District]
		if d == nil {
			d = &districtRanker{}
			inDistrict[c.District] = d
		}
		d.centers++
		if !c.Complete {
			continue
		}
		c.CityRank = city.next(c.Total)
		c.DistrictRank = d.next(c.Total)
		d.totals = append(d.totals, c.Total)
	}
	return Ranking{Centers: centers, Districts: rankDistricts(inDistrict)}
}

// ranker hands out competition ranks to totals that come highest first.
type ranker struct {
	seen, rank int
	last       Points
}

func (r *ranker) next(total Points) int {
	r.seen++
	if r.seen == 1 || total != r.last {
		r.rank, r.last = r.seen, total
	}
	return r.rank
}

type districtRanker struct {
	ranker
	centers int
	totals  []Points // highest first
}

func rankDistricts(byCode map[string]*districtRanker) []DistrictStanding {
	districts := make([]DistrictStanding, 0, len(byCode))
	for code, d := range byCode {
		districts = append(districts, d.standing(code))
	}
	slices.SortFunc(districts, func(a, b DistrictStanding) int {
		if c := b.Mean.Compare(a.Mean); c != 0 {
			return c
		}
		return cmp.Compare(a.District, b.District)
	})
	for i := range districts {
		switch d := &districts[i]; {
		case d.Ranked == 0:
		case i > 0 && d.Mean.Compare(districts[i-1].Mean) == 0:
			d.Rank = districts[i-1].Rank
		default:
			d.Rank = i + 1
		}
	}
	return districts
}

func (d *districtRanker) standing(code string) DistrictStanding {
	n := len(d.totals)
	out := DistrictStanding{District: code, Centers: d.centers, Ranked: n}
	if n == 0 {
		return out
	}
	var sum Points
	for _, t := range d.totals {
		sum += t
	}
	out.Mean = Ratio{Sum: sum, Count: n}
	out.Median = Ratio{Sum: d.totals[n/2], Count: 1}
	if n%2 == 0 {
		out.Median = Ratio{Sum: d.totals[n/2-1] + d.totals[n/2], Count: 2}
	}
	out.Min, out.Max = d.totals[n-1], d.totals[0]
	return out
}
