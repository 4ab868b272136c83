package domain_test

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mingjian/domain"
)

func entrant(center, district string, total domain.Points) domain.Entrant {
	return domain.Entrant{Center: center, District: district, Total: total, Complete: true}
}

func TestRank(t *testing.T) {
	open := domain.Entrant{Center: "c0", District: "B", Total: 9999}
	got := domain.Rank([]domain.Entrant{
		entrant("c4", "B", 7000),
		open,
		entrant("c3", "A", 9000),
		entrant("c1", "A", 9950),
		entrant("c2", "B", 9000),
		{Center: "c9", District: "C", Total: 10000},
	})
	want := domain.Ranking{
		Centers: []domain.Standing{
			{Entrant: entrant("c1", "A", 9950), CityRank: 1, DistrictRank: 1},
			{Entrant: entrant("c2", "B", 9000), CityRank: 2, DistrictRank: 1},
			{Entrant: entrant("c3", "A", 9000), CityRank: 2, DistrictRank: 2},
			{Entrant: entrant("c4", "B", 7000), CityRank: 4, DistrictRank: 2},
			{Entrant: open},
			{Entrant: domain.Entrant{Center: "c9", District: "C", Total: 10000}},
		},
		Districts: []domain.DistrictStanding{
			{
				District: "A", Rank: 1, Mean: domain.Ratio{Sum: 18950, Count: 2}, Median: domain.Ratio{Sum: 18950, Count: 2},
				Min: 9000, Max: 9950, Centers: 2, Ranked: 2,
			},
			{
				District: "B", Rank: 2, Mean: domain.Ratio{Sum: 16000, Count: 2}, Median: domain.Ratio{Sum: 16000, Count: 2},
				Min: 7000, Max: 9000, Centers: 3, Ranked: 2,
			},
			{District: "C", Centers: 1},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ranking (-want +got):\n%s", diff)
	}
}

// Means of 80/1, 160/2 and 240/3 are one mean: three districts share rank 1,
// the next is 4. The mean is not the median: (60+90+90)/3 = 80, median 90.
func TestRankDistrictTies(t *testing.T) {
	entrants := []domain.Entrant{
		entrant("1", "D", 7999),
		entrant("2", "C", 8000),
		entrant("3", "B", 7500), entrant("4", "B", 8500),
		entrant("5", "A", 6000), entrant("6", "A", 9000), entrant("7", "A", 9000),
	}
	want := []domain.DistrictStanding{
		{
			District: "A", Rank: 1, Mean: domain.Ratio{Sum: 24000, Count: 3}, Median: domain.Ratio{Sum: 9000, Count: 1},
			Min: 6000, Max: 9000, Centers: 3, Ranked: 3,
		},
		{
			District: "B", Rank: 1, Mean: domain.Ratio{Sum: 16000, Count: 2}, Median: domain.Ratio{Sum: 16000, Count: 2},
			Min: 7500, Max: 8500, Centers: 2, Ranked: 2,
		},
		{
			District: "C", Rank: 1, Mean: domain.Ratio{Sum: 8000, Count: 1}, Median: domain.Ratio{Sum: 8000, Count: 1},
			Min: 8000, Max: 8000, Centers: 1, Ranked: 1,
		},
		{
			District: "D", Rank: 4, Mean: domain.Ratio{Sum: 7999, Count: 1}, Median: domain.Ratio{Sum: 7999, Count: 1},
			Min: 7999, Max: 7999, Centers: 1, Ranked: 1,
		},
	}
	for range 50 { // by the same order each time, not by a map's
		if diff := cmp.Diff(want, domain.Rank(entrants).Districts); diff != "" {
			t.Fatalf("districts (-want +got):\n%s", diff)
		}
	}
}

func TestRankNobody(t *testing.T) {
	if got := domain.Rank(nil); len(got.Centers) != 0 || len(got.Districts) != 0 {
		t.Errorf("ranking of nobody: %+v", got)
	}
}

// A total of zero is a result: ranked, unlike a sheet that is not complete.
func TestRankZero(t *testing.T) {
	got := domain.Rank([]domain.Entrant{entrant("1", "A", 0), {Center: "2", District: "A"}})
	if got.Centers[0].CityRank != 1 || got.Centers[1].CityRank != 0 {
		t.Errorf("ranks %d and %d, want 1 and 0", got.Centers[0].CityRank, got.Centers[1].CityRank)
	}
	if d := got.Districts[0]; d.Rank != 1 || d.Ranked != 1 || d.Centers != 2 {
		t.Errorf("district %+v, want rank 1 with 1 of 2 ranked", d)
	}
}

func TestRatioRound(t *testing.T) {
	tests := []struct {
		sum   domain.Points
		count int
		want  domain.Points
	}{
		{0, 0, 0},
		{25000, 3, 8333},             // 83.333…
		{26000, 3, 8667},             // 86.666…
		{17001, 2, 8501},             // 85.005: half goes up
		{16999, 2, 8500},             // 84.995
		{1, 3, 0},                    // 0.00333…
		{1, 2, 1},                    // 0.005
		{33332, 8, 4167},             // 41.665
		{4_000_000_00, 40000, 10000}, // all full marks
	}
	for _, test := range tests {
		if got := (domain.Ratio{Sum: test.sum, Count: test.count}).Round(); got != test.want {
			t.Errorf("%s / %d = %s, want %s", test.sum, test.count, got, test.want)
		}
	}
}

// 83.333… and 83.33 look the same and are not.
func TestRatioCompareIsExact(t *testing.T) {
	third, rounded := domain.Ratio{Sum: 25000, Count: 3}, domain.Ratio{Sum: 8333, Count: 1}
	if third.Round() != rounded.Round() || third.Compare(rounded) != 1 || rounded.Compare(third) != -1 {
		t.Errorf("25000/3 against 8333/1: %d and %d, want 1 and −1", third.Compare(rounded), rounded.Compare(third))
	}
	if none := (domain.Ratio{}); none.Compare(domain.Ratio{Count: 1}) != -1 || none.Compare(none) != 0 {
		t.Error("nothing is not below a mean of zero")
	}
}

func anyRatio() *rapid.Generator[domain.Ratio] {
	return rapid.Custom(func(t *rapid.T) domain.Ratio {
		count := rapid.OneOf(rapid.IntRange(1, 5), rapid.IntRange(1, 10_000_000)).Draw(t, "count")
		return domain.Ratio{Sum: toPoints(rapid.Int64Range(0, int64(count)*10_000).Draw(t, "sum")), Count: count}
	})
}

func TestRatioAgreesWithRat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyRatio().Draw(t, "a"), anyRatio().Draw(t, "b")
		rat := func(r domain.Ratio) *big.Rat { return big.NewRat(int64(r.Sum), int64(r.Count)) }
		if got, want := a.Compare(b), rat(a).Cmp(rat(b)); got != want {
			t.Fatalf("%+v against %+v: %d, want %d", a, b, got, want)
		}
		// Half up: Round − 1/2 <= ratio < Round + 1/2.
		low, high := big.NewRat(2*int64(a.Round())-1, 2), big.NewRat(2*int64(a.Round())+1, 2)
		if rat(a).Cmp(low) < 0 || rat(a).Cmp(high) >= 0 {
			t.Fatalf("%+v rounds to %s", a, a.Round())
		}
	})
}

// anyEntrants draws a city with many ties and some sheets that are not complete.
func anyEntrants() *rapid.Generator[[]domain.Entrant] {
	totals := rapid.OneOf(rapid.Int64Range(0, 4), rapid.Int64Range(0, 10_000))
	return rapid.Custom(func(t *rapid.T) []domain.Entrant {
		out := make([]domain.Entrant, rapid.IntRange(0, 40).Draw(t, "centers"))
		for i := range out {
			out[i] = domain.Entrant{
				Center:   string(rune('A' + i)),
				District: rapid.SampledFrom([]string{"d1", "d2", "d3", "d4"}).Draw(t, "district"),
				Total:    toPoints(totals.Draw(t, "total")),
				Complete: rapid.IntRange(0, 4).Draw(t, "complete") > 0,
			}
		}
		return out
	})
}

func TestRankIgnoresOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entrants := anyEntrants().Draw(t, "entrants")
		shuffled := rapid.Permutation(entrants).Draw(t, "shuffled")
		if diff := cmp.Diff(domain.Rank(entrants), domain.Rank(shuffled)); diff != "" {
			t.Fatalf("another order, another ranking:\n%s", diff)
		}
	})
}

// A rank is one more than the number of complete entrants that did better,
// counted here one by one; so a better total never has the worse rank.
func TestRankCountsTheBetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entrants := anyEntrants().Draw(t, "entrants")
		ranking := domain.Rank(entrants)
		if len(ranking.Centers) != len(entrants) {
			t.Fatalf("%d standings of %d entrants", len(ranking.Centers), len(entrants))
		}
		for _, s := range ranking.Centers {
			city, district := 1, 1
			for _, other := range entrants {
				if other.Complete && other.Total > s.Total {
					city++
					if other.District == s.District {
						district++
					}
				}
			}
			if !s.Complete {
				city, district = 0, 0
			}
			if s.CityRank != city || s.DistrictRank != district {
				t.Fatalf("%s: ranks %d and %d, want %d and %d", s.Center, s.CityRank, s.DistrictRank, city, district)
			}
		}
	})
}

func TestDistrictsSumUpTheirCenters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entrants := anyEntrants().Draw(t, "entrants")
		districts := domain.Rank(entrants).Districts
		for _, d := range districts {
			var sum domain.Points
			below, above, centers, ranked, better := 0, 0, 0, 0, 0
			for _, e := range entrants {
				if e.District != d.District {
					continue
				}
				centers++
				if !e.Complete {
					continue
				}
				ranked, sum = ranked+1, sum+e.Total
				total := domain.Ratio{Sum: e.Total, Count: 1}
				if total.Compare(d.Median) <= 0 {
					below++
				}
				if total.Compare(d.Median) >= 0 {
					above++
				}
			}
			if d.Centers != centers || d.Ranked != ranked || d.Mean != (domain.Ratio{Sum: sum, Count: ranked}) {
				t.Fatalf("%+v: want %d centers, %d ranked, sum %s", d, centers, ranked, sum)
			}
			if ranked == 0 {
				if d.Rank != 0 {
					t.Fatalf("%+v: ranked without a complete center", d)
				}
				continue
			}
			low, high := domain.Ratio{Sum: d.Min, Count: 1}, domain.Ratio{Sum: d.Max, Count: 1}
			if d.Mean.Compare(low) < 0 || d.Mean.Compare(high) > 0 {
				t.Fatalf("%+v: mean outside min and max", d)
			}
			if 2*below < ranked || 2*above < ranked {
				t.Fatalf("%+v: %d at or below the median, %d at or above, of %d", d, below, above, ranked)
			}
			for _, other := range districts {
				if other.Mean.Compare(d.Mean) > 0 {
					better++
				}
			}
			if d.Rank != better+1 {
				t.Fatalf("%+v: %d districts did better", d, better)
			}
		}
	})
}

func BenchmarkRank40000(b *testing.B) {
	random := rand.New(rand.NewPCG(2022, 1))
	entrants := make([]domain.Entrant, 40_000)
	for i := range entrants {
		entrants[i] = domain.Entrant{
			Center:   string([]rune{'a' + rune(i/2000), '0' + rune(i%2000)}),
			District: string(rune('A' + random.IntN(400))),
			Total:    domain.Points(6000 + random.IntN(4001)),
			Complete: random.IntN(50) > 0,
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		domain.Rank(entrants)
	}
}
