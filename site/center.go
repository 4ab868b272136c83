package site

import "mingjian/domain"

// centerPage is centers/<code>.html.
type centerPage struct {
	frame
	Center     *center
	Record     *record
	Ranked     int // centers ranked in the city
	InDistrict int // and in the district
	Sections   []sectionItem
	Lost       []clauseItem
	Decided    int
	Clauses    int
	Appeals    []appealItem
	// PendingClauses and PendingDeductions count what is under appeal.
	PendingClauses, PendingDeductions int

	district string // the page with the appeals against what judges the district
}

// sectionItem is a section with its score and everything below it.
type sectionItem struct {
	*standardSection
	scoreCells
	Items []indicatorItem
}

type indicatorItem struct {
	*standardIndicator
	scoreCells
	Items []clauseItem
}

// scoreCells are a score as a table shows it.
type scoreCells struct{ Score, Missed, Bar string }

// clauseItem is a clause's wording with what was found.
type clauseItem struct {
	*standardClause
	Found finding
	// AppealHref is where the newest appeal against it stands; "" without one.
	AppealHref string
}

// newClauseItem joins them; the appeal against a finding stands on a page.
func newClauseItem(clause *standardClause, found finding, page string) clauseItem {
	item := clauseItem{standardClause: clause, Found: found}
	if found.Appeal != nil {
		item.AppealHref = page + "#" + anchor(*found.Appeal)
	}
	return item
}

// newScoreCells leaves the missed points out where nothing is missed, so that
// losses stand out.
func newScoreCells(score, of domain.Points) scoreCells {
	cells := scoreCells{Score: score.String(), Bar: percent(score, of)}
	if missed := of - score; missed > 0 {
		cells.Missed = "−" + missed.String()
	}
	return cells
}

func newCenterPage(b *book, c *center, rec *record, f frame) centerPage {
	p := centerPage{frame: f, Center: c, Record: rec, Ranked: b.Summary.Ranked}
	for i := range b.Districts {
		if b.Districts[i].Code == c.District.Code {
			p.InDistrict = b.Districts[i].Ranked
		}
	}
	if !c.Published {
		return p
	}
	p.Appeals, p.district = newAppealItems(b, rec.Appeals, rec.Deductions), f.Root+"districts/"+c.District.Code+".html"
	for _, d := range rec.Deductions {
		if d.Pending {
			p.PendingDeductions++
		}
	}
	scores, found := scoresOf(rec), findingsOf(rec)
	for si := range b.standard.Sections {
		section := &b.standard.Sections[si]
		item := sectionItem{standardSection: section, scoreCells: newScoreCells(scores[sectionKey(section.Code)], section.Points)}
		for ii := range section.Indicators {
			indicator := &section.Indicators[ii]
			row := indicatorItem{standardIndicator: indicator, scoreCells: newScoreCells(scores[indicator.Code], indicator.Points)}
			for ci := range indicator.Clauses {
				row.Items = append(row.Items, p.clause(&indicator.Clauses[ci], indicator.Subject, found))
			}
			item.Items = append(item.Items, row)
		}
		p.Sections = append(p.Sections, item)
	}
	return p
}

// clause joins wording and finding, and keeps count.
func (p *centerPage) clause(clause *standardClause, judges domain.SubjectKind, found map[string]finding) clauseItem {
	page := ""
	if judges == domain.District {
		page = p.district
	}
	item := newClauseItem(clause, found[clause.Code], page)
	p.Clauses++
	if item.Found.Pending {
		p.PendingClauses++
	}
	if item.Found.Outcome == nil {
		return item
	}
	if *item.Found.Outcome != domain.NotAssessed {
		p.Decided++
	}
	if *item.Found.Outcome == domain.Lost {
		p.Lost = append(p.Lost, item)
	}
	return item
}
