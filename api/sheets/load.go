package sheets

import (
	"bytes"
	"path"
	"strings"
)

// grid is a sheet as people see it, without its empty rows.
type grid struct {
	sheet string
	rows  []gridRow
	// from1904 says how the workbook counts days.
	from1904 bool
}

// gridRow is a row in which something stands.
type gridRow struct {
	line  int // from 1
	cells []cell
}

// at is the row's cell; rows may be shorter than the header.
func (r gridRow) at(i int) cell {
	if i < len(r.cells) {
		return r.cells[i]
	}
	return cell{}
}

// newRow cleans a row's cells; false where all are empty.
func newRow(line int, cells []cell) (gridRow, bool) {
	used := 0
	for i := range cells {
		if cells[i].text = clean(cells[i].text); cells[i].text != "" || cells[i].bad {
			used = i + 1
		}
	}
	return gridRow{line, cells[:used]}, used > 0
}

// add appends a row; false once there are too many, which is a fault.
func (g *grid) add(row gridRow, faults *collector) bool {
	if len(g.rows) > MaxRows {
		m := says("超过 %d 行，请分成几个文件。", "There are more than %d rows: split the file.", MaxRows)
		faults.add(Fault{Sheet: g.sheet, Row: row.line, Zh: m.zh, En: m.en})
		return false
	}
	g.rows = append(g.rows, row)
	return true
}

// What files begin with.
var (
	zipStart = []byte("PK\x03\x04")
	oleStart = []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	// encryptedPart is a directory entry of a workbook with a password, in
	// the UTF-16 of its container.
	encryptedPart = []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")
)

// load makes a grid of a file, by its content: names lie. The error is the one
// fault for which nothing of the file can be read; others go to faults.
func load(name string, file []byte, faults *collector) (*grid, error) {
	sheet := cut(path.Base(strings.ReplaceAll(name, "\\", "/")))
	switch {
	case len(file) > MaxFile:
		return nil, whole(sheet, says("文件超过 %d MiB，请分成几个文件。", "The file has more than %d MiB: split it.", MaxFile>>20))
	case len(bytes.TrimSpace(file)) == 0:
		return nil, whole(sheet, says("文件是空的。", "The file is empty."))
	case bytes.HasPrefix(file, zipStart):
		return loadXLSX(sheet, file, faults)
	case bytes.HasPrefix(file, oleStart) && bytes.Contains(file, encryptedPart):
		return nil, whole(sheet, says("工作簿设有密码，请去掉密码后另存。", "The workbook has a password: save it without one."))
	case bytes.HasPrefix(file, oleStart):
		return nil, whole(sheet, says("这是旧版的 .xls 文件，请在 Excel 或 WPS 中另存为 .xlsx。", "This is a .xls file of an old version: save it as .xlsx in Excel or WPS."))
	case bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(file, utf8Mark)), []byte("<")):
		return nil, whole(sheet, says("这是网页或 XML，并非表格文件，请在 Excel 或 WPS 中另存为 .xlsx。", "This is a web page or XML, no spreadsheet: save it as .xlsx in Excel or WPS."))
	}
	return loadCSV(sheet, file, faults)
}
