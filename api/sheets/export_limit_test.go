package sheets

import (
	"errors"
	"io"
	"strings"
	"testing"

	"mingjian/domain"
)

// TestSheetIsFull: more rows than a sheet holds are refused by what takes them.
func TestSheetIsFull(t *testing.T) {
	e := &Export[int]{Sheet: "s", Notice: "n", Columns: []ExportColumn[int]{CountColumn("n", "n", func(n int) int { return n })}}
	rows := func(n int) func(func(int, error) bool) {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
		}
	}
	if err := e.writeXLSX(io.Discard, rows(8), 10); err != nil {
		t.Errorf("8 rows under a notice and a header: %v", err)
	}
	err := e.writeXLSX(io.Discard, rows(9), 10)
	if !errors.Is(err, domain.ErrInvalid) || !strings.Contains(err.Error(), "a sheet holds 8 rows and there are more: take CSV or NDJSON") {
		t.Errorf("9 rows: %v", err)
	}
	if sheetRows != 1_048_576 {
		t.Errorf("a sheet is taken to hold %d rows", sheetRows)
	}
}
