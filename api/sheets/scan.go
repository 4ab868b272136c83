package sheets

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// scan walks the XML of one part of a workbook before excelize gets to see it.
// excelize takes broken XML for the end of a sheet, a bad cell for an empty
// one, fills rows up to their last column in memory, and does not tell formulas
// from values while it streams. So what it gives is read only after the scan
// found the part sound, and compared with it.
type scan struct {
	root string
	// rows are those in which a cell holds something, in order.
	rows []scannedRow
	// formulas and errors are cells that hold no plain value.
	formulas, errors []spot
	merged           []string // as A1:B2
	hiddenColumns    uint64
	// wide is the first cell beyond the last column that is read.
	wide spot
	// strings counts the entries of a table of shared strings; lastString is
	// the highest one that a cell refers to.
	strings, lastString int
}

// scannedRow has a bit for each column.
type scannedRow struct {
	line   int
	hidden bool
	// full marks cells that hold a value of their own, shared those that refer
	// to a shared string, numbers those that are numbers.
	full, shared, numbers uint64
}

// spot is a cell's place, column and row from 1.
type spot struct{ column, line int }

// Why a part is refused.
var (
	errDoctype  = errors.New("a document type or entities of its own")
	errElements = errors.New("too many elements")
	errDepth    = errors.New("nested too deeply")
	errText     = errors.New("a cell with more text than Excel allows")
	errOrder    = errors.New("rows or cells out of order")
)

// scanner is a scan under way.
type scanner struct {
	scan
	path     []string
	elements int
	// holder is the depth of the cell or shared string that is open; text and
	// escapes count what it holds so far.
	holder, text, escapes int
	line, column          int
	row                   scannedRow
	kind                  string // the open cell's type
	value                 strings.Builder
}

// scanPart reads a part to its end. Its errors say that the part is not to be
// trusted, not where.
func scanPart(r io.Reader, elements int) (*scan, error) {
	s := &scanner{scan: scan{lastString: -1}}
	decoder := xml.NewDecoder(r)
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return &s.scan, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, errDoctype
		case xml.StartElement:
			if s.elements++; s.elements > elements {
				return nil, errElements
			}
			err = s.start(t)
		case xml.EndElement:
			err = s.end()
		case xml.CharData:
			err = s.chars(t)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (s *scanner) start(t xml.StartElement) error {
	name := t.Name.Local
	if len(s.path) == 0 {
		s.root = name
	}
	if s.path = append(s.path, name); len(s.path) > maxDepth {
		return errDepth
	}
	if (name == "c" || name == "si") && s.holder == 0 {
		s.holder, s.text, s.escapes = len(s.path), 0, 0
	}
	if s.root == "sst" && name == "si" {
		s.strings++
	}
	switch {
	case s.within("worksheet", "sheetData", "row"):
		return s.startRow(t)
	case s.within("worksheet", "sheetData", "row", "c"):
		return s.startCell(t)
	case s.within("worksheet", "sheetData", "row", "c", "f"):
		s.formulas = append(s.formulas, spot{s.column, s.line})
		s.checkWidth()
	case s.within("worksheet", "mergeCells", "mergeCell"):
		s.merged = append(s.merged, attribute(t, "ref"))
	case s.within("worksheet", "cols", "col"):
		s.hideColumns(t)
	}
	return nil
}

// within reports whether exactly these elements are open: controls and
// conditional formats have elements named row, col and f of their own.
func (s *scanner) within(path ...string) bool { return slices.Equal(s.path, path) }

// checkWidth remembers the first cell too far to the right.
func (s *scanner) checkWidth() {
	if s.column > maxColumns && s.wide.line == 0 {
		s.wide = spot{s.column, s.line}
	}
}

// startRow counts as excelize does: a row without a number is the next one.
func (s *scanner) startRow(t xml.StartElement) error {
	line := s.line + 1
	if r := attribute(t, "r"); r != "" {
		n, err := strconv.Atoi(r)
		if err != nil || n < line || n > excelize.TotalRows {
			return errOrder
		}
		line = n
	}
	s.line, s.column = line, 0
	hidden := attribute(t, "hidden")
	s.row = scannedRow{line: line, hidden: hidden == "1" || hidden == "true"}
	return nil
}

func (s *scanner) startCell(t xml.StartElement) error {
	column := s.column + 1
	if r := attribute(t, "r"); r != "" {
		c, line, err := excelize.CellNameToCoordinates(r)
		if err != nil || c < column || line != s.line {
			return errOrder
		}
		column = c
	}
	if style := attribute(t, "s"); style != "" {
		if _, err := strconv.ParseInt(style, 10, 64); err != nil {
			return fmt.Errorf("the style of a cell: %w", err)
		}
	}
	s.column, s.kind = column, attribute(t, "t")
	s.value.Reset()
	return nil
}

func (s *scanner) hideColumns(t xml.StartElement) {
	if hidden := attribute(t, "hidden"); hidden != "1" && hidden != "true" {
		return
	}
	first, errFirst := strconv.Atoi(attribute(t, "min"))
	last, errLast := strconv.Atoi(attribute(t, "max"))
	if errFirst != nil || errLast != nil {
		return // excelize keeps to what it can read
	}
	for c := max(1, first); c <= min(last, maxColumns); c++ {
		s.hiddenColumns |= 1 << (c - 1)
	}
}

func (s *scanner) chars(text []byte) error {
	if s.holder == 0 {
		return nil
	}
	s.text += len(text)
	s.escapes += strings.Count(string(text), "_x")
	if s.text > maxCellBytes || s.escapes > maxEscapes {
		return errText
	}
	// A cell's value is in its v or in the t of its is, never elsewhere.
	if in := s.path[len(s.path)-1]; in == "v" || in == "t" {
		s.value.Write(text)
	}
	return nil
}

func (s *scanner) end() (err error) {
	if len(s.path) == s.holder {
		s.holder = 0
	}
	switch {
	case s.within("worksheet", "sheetData", "row"):
		if s.row.full|s.row.shared != 0 {
			s.rows = append(s.rows, s.row)
		}
	case s.within("worksheet", "sheetData", "row", "c"):
		err = s.endCell()
	}
	s.path = s.path[:len(s.path)-1]
	return err
}

func (s *scanner) endCell() error {
	value := s.value.String()
	if value == "" {
		return nil
	}
	if s.checkWidth(); s.column > maxColumns {
		return nil
	}
	bit := uint64(1) << (s.column - 1)
	switch s.kind {
	case "s":
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || n < 0 {
			return fmt.Errorf("shared string %.20q", value)
		}
		s.lastString = max(s.lastString, n)
		s.row.shared |= bit
		return nil
	case "e":
		s.errors = append(s.errors, spot{s.column, s.line})
	case "", "n":
		s.row.numbers |= bit
	}
	s.row.full |= bit
	return nil
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}
