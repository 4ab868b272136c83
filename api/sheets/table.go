package sheets

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// Table is one kind of spreadsheet: its columns, and the rules between them.
// R is a row. Tables are read-only.
type Table[R any] struct {
	// sheet names the data sheet of templates and exports.
	sheet   string
	columns []column[R]
	// line is where a row keeps its number.
	line func(*R) *int
	// key tells rows apart, once its columns are right.
	key        func(*R) string
	keyColumns []string
	// prefilled columns come with a template. A row that holds nothing else is
	// not filled in yet, and skipped.
	prefilled []string
	// check makes the rules that hold between the columns of a row and between
	// rows. A rule must stand a field's zero value: its cell may be at fault.
	check func() func(*R, inspection)
}

// inspection is the row that a check looks at.
type inspection struct {
	// fault puts a fault on a column, by its key, or on the row where the file
	// does not have the column. A column is faulted once.
	fault func(key string, m *message)
	// filled reports whether something stands in a column.
	filled func(key string) bool
}

// column is one column of a table.
type column[R any] struct {
	key, zh, en string
	// required means that no row may leave it empty.
	required bool
	// choices are the allowed values; several says that a cell may hold more
	// than one of them, separated as by list.
	choices choices
	several bool
	// limit is how many characters a cell may have, lines whether it may have
	// several lines.
	limit int
	lines bool
	// example and the notes explain the column in a template.
	example, noteZh, noteEn string
	width                   float64
	// read takes a cell that is not empty, after the columns before this one. A
	// column without it is there for people, and is not read.
	read func(*R, cell) *message
	// write is the cell of a row; the same that read takes.
	write func(*R) string
}

// cell is a value with the blanks around it removed.
type cell struct {
	text string
	// number is true for a number in a workbook, where dates are numbers too;
	// they count from 1904 if the workbook says so.
	number, from1904 bool
	// bad is true for a cell that was found at fault when the file was loaded.
	bad bool
}

// Sheet is what a file held.
type Sheet[R any] struct {
	// Name is the sheet's name, for CSV the file's.
	Name string
	// Rows are in the order of the file.
	Rows []R

	places map[string]place // by column key
}

// place is where a column stands in the file.
type place struct{ letter, header string }

// Fault makes the fault of a row that was read well and turned out wrong later.
// column is the key of one, or "" for the row as a whole.
func (s *Sheet[R]) Fault(line int, column, value, zh, en string) Fault {
	at := s.places[column]
	return Fault{Sheet: s.Name, Row: line, Column: at.letter, Header: at.header, Value: cut(value), Zh: zh, En: en}
}

// Read reads a file, CSV or XLSX by its content, whatever it is called. The
// error is Faults, all of them; then there is no sheet.
func (t *Table[R]) Read(name string, file []byte) (*Sheet[R], error) {
	faults := &collector{}
	grid, err := load(name, file, faults)
	if err != nil {
		return nil, err
	}
	if len(grid.rows) == 0 {
		return nil, whole(grid.sheet, says(
			"表是空的：数据须放在第一张可见的工作表，首行为表头。",
			"The sheet is empty: put the data on the first visible sheet, with the header in its first row."))
	}
	header := t.header(grid, faults)
	if header == nil {
		return nil, faults.err()
	}
	sheet := &Sheet[R]{Name: grid.sheet, places: header.places}
	seen := make(map[string]int)
	var check func(*R, inspection)
	if t.check != nil {
		check = t.check()
	}
	for _, row := range grid.rows[1:] {
		if r := t.row(header, grid, row, faults, seen, check); r != nil {
			sheet.Rows = append(sheet.Rows, *r)
		}
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	if len(sheet.Rows) == 0 {
		return nil, whole(grid.sheet, says("表头之下没有填写任何一行。", "No row under the header is filled in."))
	}
	return sheet, nil
}

// header is the meaning of a file's columns.
type header struct {
	columns map[int]int      // column of the file → column of the table
	at      map[string]int   // key → column of the file
	places  map[string]place // by key
}

// header reads the first row. Without the right columns the rows would be
// nothing but faults, so it returns nil then.
func (t *Table[R]) header(g *grid, faults *collector) *header {
	before := faults.total
	h := &header{columns: make(map[int]int), at: make(map[string]int), places: make(map[string]place)}
	first := g.rows[0]
	if !slices.ContainsFunc(first.cells, func(c cell) bool { return t.find(c.text) >= 0 }) {
		zh, en := t.names()
		m := says("首行不是表头，须写明各列：%[1]s。", "The first row is no header. It names the columns: %[2]s.", zh, en)
		faults.add(Fault{Sheet: g.sheet, Row: first.line, Zh: m.zh, En: m.en})
		return nil
	}
	for i, c := range first.cells {
		at := Fault{Sheet: g.sheet, Row: first.line, Column: letter(i), Value: cut(c.text)}
		fail := func(m *message) {
			at.Zh, at.En = m.zh, m.en
			faults.add(at)
		}
		if c.text == "" {
			continue // a fault only where a value stands under it
		}
		found := t.find(c.text)
		if found < 0 {
			zh, en := t.names()
			fail(says("不认识的表头，可用的有：%[1]s。请改正或删去该列。", "This header is unknown; known are %[2]s. Correct it or delete the column.", zh, en))
			continue
		}
		key := t.columns[found].key
		if other, twice := h.places[key]; twice {
			fail(says("与 %s 列的表头重复，请删去一列。", "Column %s has the same header: delete one of them.", other.letter))
			continue
		}
		h.columns[i], h.at[key], h.places[key] = found, i, place{letter(i), cut(c.text)}
	}
	for _, c := range t.columns {
		if _, ok := h.places[c.key]; !ok && c.required {
			m := says("缺少必填列“%s”（%s），请在表头补上。", "The column %[2]s (%[1]s) is missing: add it to the header.", c.zh, c.en)
			faults.add(Fault{Sheet: g.sheet, Row: first.line, Zh: m.zh, En: m.en})
		}
	}
	if faults.total > before {
		return nil
	}
	return h
}

// find is the table's column that a header names, or -1.
func (t *Table[R]) find(text string) int {
	text = plain(text)
	for i, c := range t.columns {
		for _, name := range []string{c.key, c.zh, c.en, c.title()} {
			if plain(name) == text {
				return i
			}
		}
	}
	return -1
}

// title is a column's header in templates; an asterisk marks what is required.
func (c *column[R]) title() string {
	star := ""
	if c.required {
		star = "*"
	}
	return c.zh + star + " / " + c.en
}

// names lists the columns that are read, in Chinese and in English.
func (t *Table[R]) names() (string, string) {
	var zh, en []string
	for _, c := range t.columns {
		if c.read != nil {
			zh, en = append(zh, c.zh), append(en, c.en)
		}
	}
	return strings.Join(zh, "、"), strings.Join(en, ", ")
}

// plain makes names comparable: width, case, blanks and marks don't matter.
func plain(name string) string { return marks.Replace(strings.ToLower(fold(name))) }

var marks = strings.NewReplacer(" ", "", "\n", "", "_", "", "-", "", "*", "")

// row reads one row; nil where it is at fault or not filled in.
func (t *Table[R]) row(h *header, g *grid, row gridRow, faults *collector, seen map[string]int, check func(*R, inspection)) *R {
	if !t.filled(h, row) {
		return nil
	}
	before := faults.total
	at := func(i int, m *message) {
		f := Fault{Sheet: g.sheet, Row: row.line, Zh: m.zh, En: m.en}
		if i >= 0 {
			f.Column, f.Header, f.Value = letter(i), cut(g.rows[0].at(i).text), cut(row.at(i).text)
		}
		faults.add(f)
	}
	for i, c := range row.cells {
		if _, ok := h.columns[i]; !ok && c.text != "" {
			at(i, says("该列没有表头，请补上表头或清空该格。", "This column has no header: add one or empty the cell."))
		}
	}
	wrong := make(map[string]bool)
	look := inspection{
		fault: func(key string, m *message) {
			if wrong[key] {
				return
			}
			wrong[key] = true
			i, ok := h.at[key]
			if !ok {
				i = -1
			}
			at(i, m)
		},
		filled: func(key string) bool {
			i, ok := h.at[key]
			return ok && row.at(i).text != ""
		},
	}
	r := new(R)
	*t.line(r) = row.line
	for i := range t.columns {
		c := &t.columns[i]
		stands, ok := h.at[c.key]
		if !ok {
			continue
		}
		value := row.at(stands)
		value.from1904 = g.from1904
		if value.bad {
			wrong[c.key] = true
		} else if m := c.take(r, value); m != nil {
			look.fault(c.key, m)
		}
	}
	if check != nil {
		check(r, look)
	}
	t.unique(r, wrong, seen, look)
	if faults.total > before || len(wrong) > 0 {
		return nil
	}
	return r
}

// filled reports whether a row holds more than what its template came with,
// and more than cells that are at fault already.
func (t *Table[R]) filled(h *header, row gridRow) bool {
	for i, c := range row.cells {
		if c.text == "" || c.bad {
			continue
		}
		found, ok := h.columns[i]
		if !ok || !t.comesWithTemplate(&t.columns[found]) {
			return true
		}
	}
	return false
}

func (t *Table[R]) comesWithTemplate(c *column[R]) bool {
	return c.read == nil || slices.Contains(t.prefilled, c.key)
}

// unique refuses a second row with the same key, naming the first.
func (t *Table[R]) unique(r *R, wrong map[string]bool, seen map[string]int, look inspection) {
	for _, key := range t.keyColumns {
		if wrong[key] {
			return
		}
	}
	key, line := t.key(r), *t.line(r)
	if first, twice := seen[key]; twice {
		look.fault(t.keyColumns[0], says("第 %d 行与第 %d 行重复，请删去一行。", "Row %d repeats row %d: delete one of them.", line, first))
		return
	}
	seen[key] = line
}

// take checks what every cell must keep to, and has the column read it.
func (c *column[R]) take(r *R, value cell) *message {
	switch {
	case c.read == nil:
		return nil
	case value.text == "" && c.required:
		return missing()
	case value.text == "":
		return nil
	}
	if m := legible(value.text, c.lines); m != nil {
		return m
	}
	if n := utf8.RuneCountInString(value.text); c.limit > 0 && n > c.limit {
		return says("共 %d 个字符，最多 %d 个，请缩短。", "It has %d characters, at most %d: shorten it.", n, c.limit)
	}
	return c.read(r, value)
}

func missing() *message { return says("必填，不能为空。", "This must be filled in.") }

// letter is a column's name, from 0: A, B, … Z, AA.
func letter(i int) string {
	name, err := excelize.ColumnNumberToName(i + 1)
	if err != nil {
		return fmt.Sprint(i + 1) // over Excel's last column, by a CSV file
	}
	return name
}
