package sheets_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"mingjian/api/sheets"
	"mingjian/domain"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// exhibit is a row with a column of each type.
type exhibit struct {
	text   string
	points domain.Points
	count  int
	day    string
	at     time.Time
	flag   bool
	pieces []string
	data   string
}

func exhibits(notice string) *sheets.Export[exhibit] {
	return &sheets.Export[exhibit]{Sheet: "样张", Notice: notice, Columns: []sheets.ExportColumn[exhibit]{
		sheets.TextColumn("text", "文字", 20, func(e exhibit) string { return e.text }),
		sheets.PointsColumn("points", "分数", func(e exhibit) domain.Points { return e.points }),
		sheets.CountColumn("count", "件数", func(e exhibit) int { return e.count }),
		sheets.RankColumn("rank", "名次", func(e exhibit) int { return e.count }),
		sheets.DayColumn("day", "日期", func(e exhibit) string { return e.day }),
		sheets.MomentColumn("at", "时间", func(e exhibit) time.Time { return e.at }),
		sheets.FlagColumn("flag", "是否", func(e exhibit) bool { return e.flag }),
		sheets.ChoiceColumn("outcome", "结果", 8, sheets.ZhOutcome, func(e exhibit) domain.Outcome {
			if e.flag {
				return domain.Lost
			}
			return ""
		}),
		sheets.ListColumn("pieces", "证据", 20, func(e exhibit) []string { return e.pieces }),
		sheets.JSONColumn("data", func(e exhibit) json.RawMessage { return json.RawMessage(e.data) }),
	}}
}

var someExhibits = []exhibit{
	{
		text: "门牌\"褪色\",\n第二行", points: 9125, count: 3, day: "2022-05-05", flag: true, pieces: []string{"aa", "bb"},
		at: time.Date(2022, 6, 1, 1, 30, 0, 0, time.UTC), data: `{"a": 1}`,
	},
	{text: "=1+1", points: -50},
	{points: 5, data: `null`, at: time.Date(2022, 12, 31, 16, 0, 0, 250e6, time.UTC)},
}

func rowsOf[R any](rows ...R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func written[R any](t testing.TB, e *sheets.Export[R], format sheets.Format, rows iter.Seq2[R, error]) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := e.Write(&out, format, rows); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestExportFiles compares every format with a golden file; a workbook is read
// back cell by cell, with type and number format.
func TestExportFiles(t *testing.T) {
	for name, notice := range map[string]string{"real": "", "demo": "演示数据，非真实评估结果"} {
		e := exhibits(notice)
		golden(t, name+".csv", written(t, e, sheets.CSV, rowsOf(someExhibits...)))
		golden(t, name+".ndjson", written(t, e, sheets.NDJSON, rowsOf(someExhibits...)))
		golden(t, name+".xlsx.txt", dump(t, written(t, e, sheets.XLSX, rowsOf(someExhibits...))))
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "export", name)
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, got, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
	}
}

// dump lists a workbook's cells: the value as stored, its type, and how Excel
// would show it.
func dump(t testing.TB, file []byte) []byte {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	sheet := book.GetSheetName(0)
	rows, err := book.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	panes, err := book.GetPanes(sheet)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s, %d rows, frozen above row %d\n", sheet, len(rows), panes.YSplit+1)
	for i, row := range rows {
		for j, shown := range row {
			at, err := excelize.CoordinatesToCellName(j+1, i+1)
			if err != nil {
				t.Fatal(err)
			}
			raw, err1 := book.GetCellValue(sheet, at, excelize.Options{RawCellValue: true})
			kind, err2 := book.GetCellType(sheet, at)
			formula, err3 := book.GetCellFormula(sheet, at)
			if err := errors.Join(err1, err2, err3); err != nil {
				t.Fatal(err)
			}
			if raw == "" {
				continue
			}
			if formula != "" {
				t.Errorf("%s has the formula %q", at, formula)
			}
			// A number without a type attribute is what Excel writes.
			word := map[excelize.CellType]string{excelize.CellTypeInlineString: "text", excelize.CellTypeUnset: "number", excelize.CellTypeNumber: "number"}[kind]
			fmt.Fprintf(&out, "%s %s %q shown %q\n", at, word, raw, shown)
		}
	}
	return out.Bytes()
}

// TestExportRunsNoFormula: whatever people typed is text in each format, and the
// same text in the two that programs read.
func TestExportRunsNoFormula(t *testing.T) {
	var rows []exhibit
	for _, start := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", " =", "'=", "\u3000@"} {
		rows = append(rows, exhibit{text: start + `cmd|' /C calc'!A0`, pieces: []string{start + "1"}})
	}
	e := exhibits("")
	text := written(t, e, sheets.CSV, rowsOf(rows...))
	lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).ReadAll()
	if err != nil || len(lines) != len(rows)+1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for i, line := range lines[1:] {
		for _, cell := range []string{line[0], line[8]} {
			if !strings.HasPrefix(cell, "'") {
				t.Errorf("%q stands as %q", rows[i].text, cell)
			}
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(written(t, e, sheets.NDJSON, rowsOf(rows...))))
	for i := range rows {
		var object struct{ Text string }
		if err := decoder.Decode(&object); err != nil || object.Text != rows[i].text {
			t.Errorf("%q stands as %q, %v", rows[i].text, object.Text, err)
		}
	}
	book, err := excelize.OpenReader(bytes.NewReader(written(t, e, sheets.XLSX, rowsOf(rows...))))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for i := range rows {
		at := fmt.Sprintf("A%d", i+2)
		value, err1 := book.GetCellValue("样张", at)
		formula, err2 := book.GetCellFormula("样张", at)
		kind, err3 := book.GetCellType("样张", at)
		id, err4 := book.GetCellStyle("样张", at)
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
		if formula != "" || kind != excelize.CellTypeInlineString || strings.TrimLeft(value, "\r\n") != strings.TrimLeft(rows[i].text, "\r\n") {
			t.Errorf("%q is %q, formula %q, type %d", rows[i].text, value, formula, kind)
		}
		if quoted := book.Styles.CellXfs.Xf[id].QuotePrefix; quoted == nil || !*quoted {
			t.Errorf("%q is not marked as text", rows[i].text)
		}
	}
}

var errBreak = errors.New("the source broke")

// TestExportThatBreaks: an error of the rows is the error of the file, and a
// writer that fails ends the reading of rows.
func TestExportThatBreaks(t *testing.T) {
	for _, format := range []sheets.Format{sheets.XLSX, sheets.CSV, sheets.NDJSON} {
		broken := func(yield func(exhibit, error) bool) {
			if yield(someExhibits[0], nil) {
				yield(exhibit{}, errBreak)
			}
		}
		if err := exhibits("").Write(io.Discard, format, broken); !errors.Is(err, errBreak) {
			t.Errorf("%s: %v", format, err)
		}
		if format == sheets.XLSX {
			continue
		}
		read := 0
		endless := func(yield func(exhibit, error) bool) {
			for read < 1_000_000 && yield(someExhibits[0], nil) {
				read++
			}
		}
		if err := exhibits("").Write(full{}, format, endless); !errors.Is(err, errBreak) || read > 10_000 {
			t.Errorf("%s: %v after %d rows", format, err, read)
		}
	}
	if err := exhibits("").Write(io.Discard, "pdf", rowsOf(someExhibits...)); !errors.Is(err, domain.ErrInvalid) {
		t.Error(err)
	}
	long := exhibit{text: strings.Repeat("长", 33_000)}
	if err := exhibits("").Write(io.Discard, sheets.XLSX, rowsOf(long)); !errors.Is(err, domain.ErrInvalid) || !strings.Contains(err.Error(), "row 2: text has 33000 characters") {
		t.Error(err)
	}
}

// full is a writer without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errBreak }

// TestExportTakesNoMemory: what is live stays the same however long an export
// is.
func TestExportTakesNoMemory(t *testing.T) {
	for _, format := range []sheets.Format{sheets.CSV, sheets.NDJSON} {
		const n = 300_000
		var live []uint64
		rows := func(yield func(exhibit, error) bool) {
			for i := range n {
				if i%100_000 == 1000 {
					runtime.GC()
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					live = append(live, m.HeapAlloc)
				}
				if !yield(someExhibits[i%3], nil) {
					return
				}
			}
		}
		if err := exhibits("").Write(io.Discard, format, rows); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d rows, live heap %d KiB after 1,000 rows, %d KiB after 201,000", format, n, live[0]>>10, live[2]>>10)
		if live[2] > live[0]+(1<<20) {
			t.Errorf("%s: the live heap grew from %d to %d bytes", format, live[0], live[2])
		}
	}
}

// TestExportLargeWorkbook writes 40,000 rows and reads the last one back.
func TestExportLargeWorkbook(t *testing.T) {
	const n = 40_000
	rows := func(yield func(exhibit, error) bool) {
		for i := range n {
			if !yield(exhibit{text: someExhibits[0].text, points: domain.Points(i), count: i, at: someExhibits[0].at}, nil) {
				return
			}
		}
	}
	started := time.Now()
	file := written(t, exhibits(""), sheets.XLSX, rows)
	t.Logf("%d rows in %v, %d KiB", n, time.Since(started).Round(time.Millisecond), len(file)>>10)
	book, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if value, err := book.GetCellValue("样张", fmt.Sprintf("B%d", n+1)); err != nil || value != "399.99" {
		t.Errorf("the last row has %q points, %v", value, err)
	}
}
