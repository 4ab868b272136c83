package site

// rankingPage is ranking.html: every center, in order.
type rankingPage struct {
	frame
	Rows []centerRow
	// Districts leads to the first center of each district.
	Districts []link
}

// centerRow is a center in a table.
type centerRow struct {
	Code, Name, District, DistrictCode string
	Published                          bool
	CityRank, DistrictRank             string
	Total, Deduction, Bar              string
	Anchor                             string // on the first row of each district
}

func newCenterRow(b *book, c *center) centerRow {
	row := centerRow{
		Code: c.Code, Name: c.Name, District: c.District.Name, DistrictCode: c.District.Code,
		Published: c.Published, CityRank: none, DistrictRank: none, Total: none, Deduction: none, Bar: "0",
	}
	if !c.Published {
		return row
	}
	row.CityRank, row.DistrictRank = rank(c.CityRank), rank(c.DistrictRank)
	row.Total, row.Deduction = points(c.Total), points(c.Deduction)
	if c.Total != nil {
		row.Bar = percent(*c.Total, b.standard.Points)
	}
	return row
}

func newRankingPage(b *book, f frame) rankingPage {
	p := rankingPage{frame: f, Rows: make([]centerRow, 0, len(b.rows))}
	first := make(map[string]bool)
	for i := range b.rows {
		row := newCenterRow(b, &b.rows[i])
		if !first[row.DistrictCode] {
			first[row.DistrictCode] = true
			row.Anchor = "d-" + row.DistrictCode
		}
		p.Rows = append(p.Rows, row)
	}
	for i := range b.Districts {
		if d := &b.Districts[i]; first[d.Code] {
			p.Districts = append(p.Districts, link{d.Name, "#d-" + d.Code})
		}
	}
	return p
}

// unpublishedSpan is how many cells a center without a result leaves to its note.
func unpublishedSpan(brief bool) string {
	if brief {
		return "1"
	}
	return "4"
}
