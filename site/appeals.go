package site

import "mingjian/domain"

// appealItem is an appeal on the page of the center or district that filed it.
type appealItem struct {
	*appealResult
	Target string // what it is against
	Href   string // where that stands; "" where nothing of it does
}

// anchor names an appeal's element on its page.
func anchor(id string) string { return "a-" + id }

// newAppealItems lists appeals on a page on which clauses have anchors, and so
// have deductions if any stand.
func newAppealItems(b *book, appeals []appealResult, deductions []deduction) []appealItem {
	items := make([]appealItem, len(appeals))
	for i := range appeals {
		a := &appeals[i]
		items[i] = appealItem{appealResult: a, Target: b.targetWord(a)}
		switch {
		case a.Clause != nil:
			items[i].Href = "#c-" + *a.Clause
		case len(deductions) > 0:
			items[i].Href = "#deductions"
		}
	}
	return items
}

// targetWord names what an appeal is against.
func (b *book) targetWord(a *appealResult) string {
	if a.Clause != nil {
		return b.targetName(*a.Clause)
	}
	return "扣分项 " + b.targetName(text(a.Item))
}

// targetName is the name of a clause or a deduction item after its code.
func (b *book) targetName(code string) string {
	if clause := b.standard.clause(code); clause != nil {
		return code + " " + clause.Name
	}
	for _, item := range b.standard.Deductions.Items {
		if item.Code == code {
			return code + " " + item.Name
		}
	}
	return code
}

// appealsPage is appeals.html: what the appeals came to.
type appealsPage struct {
	frame
	Total      tally
	ByClause   []tallyRow
	ByDistrict []tallyRow
	ByGround   []tallyRow
	All        []listedAppeal
}

// tallyRow is a tally of what has something in common.
type tallyRow struct {
	Name, Href string
	tally
}

// listedAppeal is an appeal with who filed it.
type listedAppeal struct {
	appealItem
	Name, Page string // the page from the site's root
	District   string
	Code       string
	OfDistrict bool // filed by the district's office
}

func newAppealsPage(b *book, all []listedAppeal, f frame) appealsPage {
	p := appealsPage{frame: f, Total: b.statistics.Total, All: all}
	for _, t := range b.statistics.ByClause {
		p.ByClause = append(p.ByClause, tallyRow{b.targetName(t.Code), b.criteriaHref(t.Code), t.Tally})
	}
	for _, t := range b.statistics.ByDistrict {
		row := tallyRow{t.Code, "", t.Tally}
		if d := b.district(t.Code); d != nil {
			row.Name, row.Href = d.Name, "districts/"+d.Code+".html"
		}
		p.ByDistrict = append(p.ByDistrict, row)
	}
	for _, t := range b.statistics.ByGround {
		p.ByGround = append(p.ByGround, tallyRow{groundWord(t.Code), "", t.Tally})
	}
	return p
}

// criteriaHref is where a clause or the deduction items stand in the standard.
func (b *book) criteriaHref(code string) string {
	if b.standard.clause(code) != nil {
		return "criteria.html#c-" + code
	}
	return "criteria.html#s-" + b.standard.Deductions.Code
}

func (b *book) district(code string) *district {
	for i := range b.Districts {
		if b.Districts[i].Code == code {
			return &b.Districts[i]
		}
	}
	return nil
}

// listDistricts lists what the districts' offices filed.
func (b *book) listDistricts() (all []listedAppeal) {
	for i := range b.Districts {
		d := &b.Districts[i]
		for _, item := range newAppealItems(b, d.Appeals, nil) {
			all = append(all, listedAppeal{item, d.Name, "districts/" + d.Code + ".html", d.Code, d.Code, true})
		}
	}
	return all
}

// listCenter lists what a center filed.
func (b *book) listCenter(row *center, rec *record) (all []listedAppeal) {
	for _, item := range newAppealItems(b, rec.Appeals, rec.Deductions) {
		all = append(all, listedAppeal{item, row.Name, "centers/" + row.Code + ".html", row.District.Code, row.Code, false})
	}
	return all
}

// days shows a number of working days that may be a fraction.
func days(p *domain.Points) string {
	if p == nil {
		return none
	}
	if *p%100 == 0 {
		return count(int(*p / 100))
	}
	return p.String()
}
