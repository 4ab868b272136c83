package sheets

import (
	"fmt"
	"io"
	"iter"

	"mingjian/domain"
)

// Format is a kind of file that an export is written as.
type Format string

// The formats. CSV and NDJSON take the same memory however many rows there are,
// and have no limit to them.
const (
	XLSX   Format = "xlsx"
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// MediaType is the format's, or "" for one that does not exist.
func (f Format) MediaType() string {
	switch f {
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case CSV:
		return "text/csv; charset=utf-8"
	case NDJSON:
		return "application/x-ndjson"
	}
	return ""
}

// Export is a table that is written and never read back: a result, a ranking,
// the trail. Workbooks and CSV are for people, with titles in Chinese; NDJSON is
// for programs, an object a line.
type Export[R any] struct {
	// Sheet names the sheet of a workbook.
	Sheet string
	// Notice stands in the first row, or is the first object under "notice", such
	// as that the data are simulated; "" for none.
	Notice  string
	Columns []ExportColumn[R]
}

// Write writes the rows as they come. When they break off it returns their
// error; what was written by then is no whole file.
func (e *Export[R]) Write(w io.Writer, format Format, rows iter.Seq2[R, error]) error {
	switch format {
	case XLSX:
		return e.writeXLSX(w, rows, sheetRows)
	case CSV:
		return e.writeCSV(w, rows)
	case NDJSON:
		return e.writeNDJSON(w, rows)
	}
	return fmt.Errorf("format %.20q: xlsx, csv and ndjson are known: %w", format, domain.ErrInvalid)
}

// cells are the columns of XLSX and CSV.
func (e *Export[R]) cells() []*ExportColumn[R] {
	var out []*ExportColumn[R]
	for i := range e.Columns {
		if c := &e.Columns[i]; !c.raw {
			out = append(out, c)
		}
	}
	return out
}
