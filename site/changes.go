package site

import "mingjian/domain"

// changesPage is changes.html: how the release differs from the one before it.
type changesPage struct {
	frame
	Previous  int // 0 for the first release
	Moved     []movedCenter
	Followed  []movedCenter // only their ranks moved
	New, Gone []movedCenter
	Districts []districtChange
}

// movedCenter is a center whose result moved.
type movedCenter struct {
	*centerChange
	Href    string // "" where it has no page
	Effects []effectRow
	Sum     string // of the effects
}

// effectRow is an event that moved a total.
type effectRow struct {
	effect
	Word string
	Href string // of the appeal by whose decision it came about
}

func newChangesPage(b *book, f frame) changesPage {
	p := changesPage{frame: f, Districts: b.differences.Districts}
	if b.Previous == nil {
		return p
	}
	p.Previous = *b.Previous
	pages := make(map[string]bool, len(b.rows))
	for i := range b.rows {
		pages[b.rows[i].Code] = true
	}
	for i := range b.differences.Centers {
		m := newMovedCenter(b, &b.differences.Centers[i])
		if pages[m.Code] {
			m.Href = "centers/" + m.Code + ".html"
		}
		switch {
		case m.Before == nil:
			p.New = append(p.New, m)
		case m.After == nil:
			p.Gone = append(p.Gone, m)
		case len(m.Effects) > 0:
			p.Moved = append(p.Moved, m)
		case !m.stays():
			p.Followed = append(p.Followed, m)
		}
	}
	return p
}

// stays reports whether nothing moved that a page shows.
func (c *centerChange) stays() bool {
	return c.Before.Total == c.After.Total && rank(c.Before.CityRank) == rank(c.After.CityRank) && rank(c.Before.DistrictRank) == rank(c.After.DistrictRank)
}

func newMovedCenter(b *book, c *centerChange) movedCenter {
	m := movedCenter{centerChange: c}
	var sum domain.Points
	for _, e := range c.Effects {
		ofDistrict := e.Subject != c.Code
		row := effectRow{effect: e, Word: eventWord(e, ofDistrict)}
		if e.Appeal != nil {
			row.Href = b.appealHref(c, *e.Appeal, ofDistrict)
		}
		sum += e.Points
		m.Effects = append(m.Effects, row)
	}
	m.Sum = signed(sum)
	return m
}

// appealHref is where an appeal stands, from the site's root; "" where this
// release does not show it.
func (b *book) appealHref(c *centerChange, id string, ofDistrict bool) string {
	if !ofDistrict {
		return "centers/" + c.Code + ".html#" + anchor(id)
	}
	if d := b.district(c.District.Code); d != nil {
		for _, a := range d.Appeals {
			if a.ID == id {
				return "districts/" + d.Code + ".html#" + anchor(id)
			}
		}
	}
	return ""
}

// rankThen is a rank in a release that may not have shown it.
func rankThen(s *standing, of func(*standing) *int) string {
	if s == nil {
		return none
	}
	return rank(of(s))
}

func cityRank(s *standing) *int     { return s.CityRank }
func districtRank(s *standing) *int { return s.DistrictRank }

// figuresThen are a district's rank and mean in a release.
func figuresThen(d *districtFigures) (ranked, mean string) {
	if d == nil {
		return none, none
	}
	return rank(d.Rank), points(d.Mean)
}
