package site

// districtsPage is districts/index.html.
type districtsPage struct {
	frame
	Rows []districtRow
}

func newDistrictsPage(b *book, f frame) districtsPage {
	return districtsPage{frame: f, Rows: districtRows(b)}
}
