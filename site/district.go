package site

// districtPage is districts/<code>.html.
type districtPage struct {
	frame
	District *district
	Of       int // how many districts there are
	Clauses  []clauseItem
	Appeals  []appealItem // of the district's office
	Rows     []centerRow
}

func newDistrictPage(b *book, d *district, f frame) districtPage {
	p := districtPage{frame: f, District: d, Of: len(b.Districts)}
	for _, found := range d.Clauses {
		if clause := b.standard.clause(found.Code); clause != nil {
			p.Clauses = append(p.Clauses, newClauseItem(clause, found, ""))
		}
	}
	p.Appeals = newAppealItems(b, d.Appeals, nil)
	for i := range b.rows {
		if b.rows[i].District.Code == d.Code {
			p.Rows = append(p.Rows, newCenterRow(b, &b.rows[i]))
		}
	}
	return p
}

// standing says in a sentence where the district stands.
func (p districtPage) standing() string {
	if p.District.Rank == nil {
		return "还没有已公布的结果，暂不排名。"
	}
	return "平均分在 " + count(p.Of) + " 个区中列第 " + rank(p.District.Rank) + "。"
}

func (s *standard) clause(code string) *standardClause {
	for si := range s.Sections {
		for ii := range s.Sections[si].Indicators {
			clauses := s.Sections[si].Indicators[ii].Clauses
			for ci := range clauses {
				if clauses[ci].Code == code {
					return &clauses[ci]
				}
			}
		}
	}
	return nil
}
