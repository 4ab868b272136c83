package site

import "mingjian/domain"

// homePage is index.html.
type homePage struct {
	frame
	Clauses, Indicators int
	Districts           []districtRow
	Map                 *cartogram
	Spread              []spreadRow
	Top                 []centerRow
	Whole               domain.Points // a full mark
}

// districtRow is a district in a table.
type districtRow struct {
	Code, Name, Rank, Mean, Median, Min, Max string
	Centers, Ranked                          int
	Bar                                      string
}

// spreadRow counts the centers whose total lies in a span.
type spreadRow struct {
	Span  string
	Count int
	Bar   string
}

// topRows is how much of the ranking the home page shows, ties beyond it apart.
const topRows = 10

func newHomePage(b *book, f frame) homePage {
	f.Title = ""
	p := homePage{
		frame: f, Districts: districtRows(b), Map: newCartogram(b.Districts), Spread: spread(b.rows),
		Whole: b.standard.Points,
	}
	for _, section := range b.standard.Sections {
		p.Indicators += len(section.Indicators)
		for _, indicator := range section.Indicators {
			p.Clauses += len(indicator.Clauses)
		}
	}
	for i := range b.rows {
		row := &b.rows[i]
		if row.CityRank == nil || *row.CityRank > topRows {
			break
		}
		p.Top = append(p.Top, newCenterRow(b, row))
	}
	return p
}

func districtRows(b *book) []districtRow {
	rows := make([]districtRow, 0, len(b.Districts))
	for i := range b.Districts {
		d := &b.Districts[i]
		row := districtRow{
			Code: d.Code, Name: d.Name, Rank: rank(d.Rank), Mean: points(d.Mean), Median: points(d.Median),
			Min: points(d.Min), Max: points(d.Max), Centers: d.Centers, Ranked: d.Ranked, Bar: "0",
		}
		if d.Mean != nil {
			row.Bar = percent(*d.Mean, b.standard.Points)
		}
		rows = append(rows, row)
	}
	return rows
}

// spread counts the totals in steps of two points, highest first, or of five
// where they lie far apart. Steps in between that hold nobody are shown too.
func spread(rows []center) []spreadRow {
	var totals []domain.Points
	for i := range rows {
		if rows[i].Total != nil && rows[i].CityRank != nil {
			totals = append(totals, *rows[i].Total)
		}
	}
	if len(totals) == 0 {
		return nil
	}
	high, low := totals[0], totals[0]
	for _, t := range totals {
		high, low = max(high, t), min(low, t)
	}
	step := domain.Whole(2)
	if high-low > domain.Whole(24) {
		step = domain.Whole(5)
	}
	first := high / step
	counts := make([]int, int(first-low/step)+1)
	most := 0
	for _, t := range totals {
		i := int(first - t/step)
		counts[i]++
		most = max(most, counts[i])
	}
	out := make([]spreadRow, len(counts))
	for i, n := range counts {
		from := (first - domain.Points(i)) * step
		out[i] = spreadRow{
			Span: from.String() + "–" + (from + step - 1).String(), Count: n,
			Bar: percent(domain.Whole(int64(n)), domain.Whole(int64(most))),
		}
	}
	return out
}

// replaced says why the release replaces the one before it.
func replaced(r *release) string {
	word := "本次为" + kindWord(r.Kind) + "，代替第 " + number(r.Previous) + " 次发布。"
	if r.Reason != "" {
		word += "理由：" + r.Reason
	}
	return word
}
