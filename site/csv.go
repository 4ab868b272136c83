package site

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"mingjian/domain"
)

// byteOrderMark makes Excel read a CSV file as UTF-8.
const byteOrderMark = "\ufeff"

// column is a column of a download and what the data page says of it.
type column struct{ Name, Meaning string }

// csvFile is a CSV download on its way to disk.
type csvFile struct {
	out    io.WriteCloser
	buffer *bufio.Writer
	rows   *csv.Writer
	cells  []string
}

func newCSV(out io.WriteCloser, columns []column) (*csvFile, error) {
	f := &csvFile{out: out, buffer: bufio.NewWriterSize(out, 64<<10)}
	f.rows = csv.NewWriter(f.buffer)
	if _, err := f.buffer.WriteString(byteOrderMark); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return f, f.row(names...)
}

// row writes a row, each cell made safe to open in a spreadsheet.
func (f *csvFile) row(cells ...string) error {
	f.cells = f.cells[:0]
	for _, cell := range cells {
		f.cells = append(f.cells, safeCell(cell))
	}
	return f.rows.Write(f.cells)
}

func (f *csvFile) Close() error {
	f.rows.Flush()
	return errors.Join(f.rows.Error(), f.buffer.Flush(), f.out.Close())
}

// formulaStart lists what makes a spreadsheet take a cell for a formula; the
// full-width signs do so in Chinese and Japanese locales.
const formulaStart = "=+-@\t\r\n＝＋－＠"

// safeCell puts an apostrophe before a cell that a spreadsheet could run. A
// plain number is left alone, also a negative one.
func safeCell(cell string) string {
	start := strings.TrimLeft(cell, " \u00a0\u3000")
	if start == "" || !strings.ContainsRune(formulaStart, []rune(start)[0]) {
		return cell
	}
	if _, err := domain.ParsePoints(cell); err == nil {
		return cell
	}
	return "'" + cell
}
