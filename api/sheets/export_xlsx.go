package sheets

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"mingjian/domain"
)

// sheetRows is how many rows a sheet holds.
const sheetRows = excelize.TotalRows

// exportStyles are the styles of a workbook's cells.
type exportStyles struct {
	styles
	notice, points, count, day, moment int
}

// writeXLSX writes a workbook whose rows go through a temporary file. Numbers
// are numbers, and text is never a formula.
func (e *Export[R]) writeXLSX(w io.Writer, rows iter.Seq2[R, error], limit int) (err error) {
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	// Left to itself excelize would gather the whole file in memory.
	book.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(w) })
	if err := book.SetSheetName(book.GetSheetName(0), e.Sheet); err != nil {
		return err
	}
	style, err := newExportStyles(book)
	if err != nil {
		return err
	}
	stream, err := book.NewStreamWriter(e.Sheet)
	if err != nil {
		return err
	}
	columns := e.cells()
	for i, c := range columns {
		if err := stream.SetColWidth(i+1, i+1, c.width); err != nil {
			return err
		}
	}
	header := 1
	if e.Notice != "" {
		header = 2
	}
	if err := stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: header, TopLeftCell: fmt.Sprintf("A%d", header+1), ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if e.Notice != "" {
		if err := stream.SetRow("A1", []any{excelize.Cell{StyleID: style.notice, Value: e.Notice}}); err != nil {
			return err
		}
	}
	cells := make([]any, len(columns))
	for i, c := range columns {
		cells[i] = excelize.Cell{StyleID: style.head, Value: c.Title}
	}
	if err := stream.SetRow(fmt.Sprintf("A%d", header), cells); err != nil {
		return err
	}
	at := header
	for row, err := range rows {
		if err != nil {
			return err
		}
		if at++; at > limit {
			return fmt.Errorf("a sheet holds %d rows and there are more: take CSV or NDJSON: %w", limit-header, domain.ErrInvalid)
		}
		for i, c := range columns {
			if cells[i], err = style.cell(c.of(row)); err != nil {
				return fmt.Errorf("row %d: %s %w", at, c.Key, err)
			}
		}
		if err := stream.SetRow(fmt.Sprintf("A%d", at), cells); err != nil {
			return err
		}
	}
	if err := stream.Flush(); err != nil {
		return err
	}
	return book.Write(io.Discard) // goes to the zip writer above
}

func newExportStyles(book *excelize.File) (s exportStyles, err error) {
	if s.styles, err = newStyles(book); err != nil {
		return s, err
	}
	add := func(style *excelize.Style) (id int) {
		if err == nil {
			style.Alignment = &excelize.Alignment{Vertical: "top"}
			id, err = book.NewStyle(style)
		}
		return id
	}
	days, moments := "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
	s.notice = add(&excelize.Style{Font: &excelize.Font{Bold: true}})
	s.points = add(&excelize.Style{NumFmt: 2}) // 0.00
	s.count = add(&excelize.Style{NumFmt: 1})  // 0
	s.day = add(&excelize.Style{CustomNumFmt: &days})
	s.moment = add(&excelize.Style{CustomNumFmt: &moments})
	return s, err
}

// cell is a value as a workbook has it; nil for an empty one.
func (s *exportStyles) cell(value any) (any, error) {
	switch v := value.(type) {
	case string:
		return s.textCell(v)
	case domain.Points:
		return excelize.Cell{StyleID: s.points, Value: float64(v) / 100}, nil
	case int64:
		return excelize.Cell{StyleID: s.count, Value: v}, nil
	case bool:
		return s.textCell(yes(v))
	case day:
		at, err := time.Parse(time.DateOnly, string(v))
		if err != nil { // shown as it was recorded
			return s.textCell(string(v))
		}
		return excelize.Cell{StyleID: s.day, Value: at}, nil
	case instant:
		at := time.Time(v).In(beijing)
		// A workbook's times know no zone; and it would round a fraction up to a
		// second that was not yet.
		at = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
		return excelize.Cell{StyleID: s.moment, Value: at}, nil
	case coded:
		return s.textCell(v.zh)
	case []string:
		return s.textCell(strings.Join(v, "\n"))
	}
	return nil, nil
}

// textCell marks text that a spreadsheet could run as text for good.
func (s *exportStyles) textCell(text string) (any, error) {
	if n := len(utf16.Encode([]rune(text))); n >= maxCellUnits {
		return nil, fmt.Errorf("has %d characters, a cell takes fewer than %d: take CSV or NDJSON: %w", n, maxCellUnits, domain.ErrInvalid)
	}
	switch {
	case text == "":
		return nil, nil
	case risky(text):
		return excelize.Cell{StyleID: s.forced, Value: text}, nil
	}
	return excelize.Cell{StyleID: s.text, Value: text}, nil
}
