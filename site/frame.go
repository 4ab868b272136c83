package site

import (
	"strings"

	domainround "mingjian/domain/round"
)

// frame is what every page shares: its place in the site and the release.
type frame struct {
	Title string // of the page, without the site's name
	Nav   string // the navigation entry that is current
	Root  string // "./" or "../": links are relative, so that the folder works anywhere
	Demo  bool
	Draft bool // a provisional release
	// Release is nil on the page before the first release.
	Release  *release
	Standard *standard
	Style    string // stylesheet, from the root
	Seal     string
	Filter   string
}

// link is one entry of the navigation.
type link struct{ Word, Href string }

var navigation = []link{
	{"首页", "index.html"},
	{"排名", "ranking.html"},
	{"各区", "districts/index.html"},
	{"标准", "criteria.html"},
	{"申诉", "appeals.html"},
	{"更正", "changes.html"},
	{"数据", "data.html"},
}

func (s *Site) frame(b *book, title, nav, root string) frame {
	return frame{
		Title: title, Nav: nav, Root: root, Demo: b.demo(), Draft: b.draft(), Release: b.release, Standard: &b.standard,
		Style: s.style.name, Seal: s.seal.name, Filter: s.filter.name,
	}
}

// heading is the document's title, most specific first.
func (f frame) heading() string {
	parts := make([]string, 0, 3)
	if f.Title != "" {
		parts = append(parts, f.Title)
	}
	if f.Release != nil {
		parts = append(parts, f.Release.Round.Name)
	}
	title := strings.Join(append(parts, "明鉴"), " · ")
	if f.Draft {
		title = "【公示稿】" + title
	}
	if f.Demo {
		title = "【演示】" + title
	}
	return title
}

// demo errs on the side of saying so: one simulated center marks it all.
func (b *book) demo() bool {
	if b.Round.Demo {
		return true
	}
	for i := range b.rows {
		if b.rows[i].Demo {
			return true
		}
	}
	return false
}

// draft reports whether the release is shown for public notice, not final yet.
func (b *book) draft() bool { return b.Kind == string(domainround.Provisional) }

// notice says what the data must not be taken for, or nothing.
func (b *book) notice() string {
	var notices []string
	if b.demo() {
		notices = append(notices, dataNotice)
	}
	if b.draft() {
		notices = append(notices, draftNotice)
	}
	return strings.Join(notices, "; ")
}
