package sheets_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/domain/registry"
)

var (
	headerRow = []any{"受理中心代码", "街道（镇、乡）", "区代码", "区"}
	bundRow   = []any{"310101013", "外滩街道", "310101", "黄浦区"}
	center    = registry.Row{Line: 2, Code: "310101013", DistrictCode: "310101", DistrictName: "黄浦区", Area: "外滩街道"}
)

func TestXLSX(t *testing.T) {
	lower := center
	lower.Line = 5
	good := xmlRow(2, "310101013", "外滩街道", "310101", "黄浦区")
	for name, test := range map[string]struct {
		file []byte
		want registry.Row
	}{
		"plain":              {workbook(t, [][]any{headerRow, bundRow}), center},
		"numbers":            {workbook(t, [][]any{headerRow, {310101013, "外滩街道", 310101.0, "黄浦区"}}), center},
		"empty rows":         {workbook(t, [][]any{{}, headerRow, {}, {"", " ", "　"}, bundRow, {" "}}), lower},
		"a styled empty row": {workbook(t, [][]any{headerRow, bundRow}, func(f *excelize.File) { must(t, f.SetRowHeight("Sheet1", 9000, 30)) }), center},
		"the explanation first": {workbook(t, [][]any{{"…"}}, func(f *excelize.File) {
			must(t, f.SetSheetName("Sheet1", "说明"))
			addSheet(t, f, "名册")
		}), center},
		"a hidden sheet first": {workbook(t, [][]any{{"…"}}, func(f *excelize.File) {
			addSheet(t, f, "名册")
			f.SetActiveSheet(1)
			must(t, f.SetSheetVisible("Sheet1", false))
		}), center},
		"a formula on another sheet": {workbook(t, [][]any{headerRow, bundRow}, func(f *excelize.File) {
			addSheet(t, f, "汇总")
			must(t, f.SetCellFormula("汇总", "A9", "=1+1"))
		}), center},
		"a hidden row that is empty":    {workbook(t, [][]any{headerRow, bundRow}, func(f *excelize.File) { must(t, f.SetRowVisible("Sheet1", 7, false)) }), center},
		"a million empty rows":          {zipped(t, bare(worksheet(good+emptyRows(3, 1_000_000)))), center},
		"no cell references":            {zipped(t, bare(strings.NewReplacer(` r="A2"`, "", ` r="B2"`, "", ` r="C2"`, "", ` r="D2"`, "", ` r="2"`, "").Replace(worksheet(good)))), center},
		"a row named as such elsewhere": {zipped(t, bare(strings.Replace(worksheet(good), "</sheetData>", "</sheetData><controls><control><anchor><from><col>1</col><row>5</row><f>x</f></from></anchor></control></controls>", 1))), center},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sheets.Roster().Read("roster.csv", test.file) // the name lies
			must(t, err)
			if diff := cmp.Diff([]registry.Row{test.want}, got.Rows); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func addSheet(t testing.TB, f *excelize.File, name string) {
	t.Helper()
	_, err := f.NewSheet(name)
	must(t, err)
	must(t, f.SetSheetRow(name, "A1", &headerRow))
	must(t, f.SetSheetRow(name, "A2", &bundRow))
}

func emptyRows(from, n int) string {
	var out strings.Builder
	for line := range n {
		fmt.Fprintf(&out, `<row r="%d"/>`, from+line)
	}
	return out.String()
}

func TestXLSXRefused(t *testing.T) {
	change := func(f func(*excelize.File)) []byte { return workbook(t, [][]any{headerRow, bundRow}, f) }
	sheet := func(rows string) []byte { return zipped(t, bare(worksheet(rows))) }
	replaced := func(part, old, with string) []byte {
		parts := bare(worksheet(xmlRow(2, "310101013", "外滩街道", "310101", "黄浦区")))
		if !strings.Contains(parts[part], old) {
			t.Fatalf("%s does not hold %s", part, old)
		}
		parts[part] = strings.Replace(parts[part], old, with, 1)
		return zipped(t, parts)
	}
	with := func(part, text string) []byte {
		parts := bare(worksheet(xmlRow(2, "310101013", "外滩街道", "310101", "黄浦区")))
		parts[part] = text
		return zipped(t, parts)
	}
	const xmlSheet = "xl/worksheets/sheet1.xml"
	whole := change(func(*excelize.File) {})
	because := func(why string) [][2]string {
		return [][2]string{{"上传.xlsx：文件已损坏或被改动（", why}}
	}
	damaged := because("damaged or was tampered with")
	large := [][2]string{{"上传.xlsx：解压后超过 64 MiB 或部件过多", "more than 64 MiB or too many parts"}}
	for name, test := range map[string]struct {
		file []byte
		want [][2]string
	}{
		"a formula": {
			change(func(f *excelize.File) { must(t, f.SetCellFormula("Sheet1", "B2", `="外滩"&"街道"`)) }),
			[][2]string{{"Sheet1!B2：请填写数值，不要用公式", "not a formula"}},
		},
		"a formula with a cached value": {
			sheet(strings.Replace(xmlRow(2, "310101013", "x", "310101", "黄浦区"), `t="inlineStr"><is><t>x</t></is>`, `t="str"><f>"外滩街道"</f><v>外滩街道</v>`, 1)),
			[][2]string{{"名册!B2：请填写数值，不要用公式", "not a formula"}},
		},
		"a formula far below": {
			change(func(f *excelize.File) { must(t, f.SetCellFormula("Sheet1", "C4000", "=SUM(A1:A2)")) }),
			[][2]string{{"Sheet1!C4000：请填写数值，不要用公式", "not a formula"}},
		},
		"an error": {
			sheet(xmlRow(2, "310101013", "外滩街道", "310101") + `<row r="3"><c r="D3" t="e"><v>#REF!</v></c></row>`),
			[][2]string{{"名册!D2（district）：必填", "filled in"}, {"名册!D3：单元格是错误值", "holds an error"}},
		},
		"merged cells": {
			change(func(f *excelize.File) { must(t, f.MergeCell("Sheet1", "D2", "D3")) }),
			[][2]string{{"Sheet1!D2：D2:D3 是合并单元格", "unmerge"}},
		},
		"a hidden row": {
			change(func(f *excelize.File) { must(t, f.SetRowVisible("Sheet1", 2, false)) }),
			[][2]string{{"Sheet1 第 2 行：该行是隐藏的", "hidden"}},
		},
		"a hidden column": {
			change(func(f *excelize.File) { must(t, f.SetColVisible("Sheet1", "C:F", false)) }),
			[][2]string{{"Sheet1 C 列：该列是隐藏的", "hidden"}, {"Sheet1 D 列：该列是隐藏的", "hidden"}},
		},
		"all sheets hidden": {
			replaced("xl/workbook.xml", `sheetId="1"`, `sheetId="1" state="veryHidden"`),
			[][2]string{{"上传.xlsx：没有可见的数据工作表", "no visible sheet"}},
		},
		"the explanation alone": {
			workbook(t, [][]any{headerRow, bundRow}, func(f *excelize.File) { must(t, f.SetSheetName("Sheet1", "说明")) }),
			[][2]string{{"上传.xlsx：没有可见的数据工作表", "no visible sheet"}},
		},
		"an empty sheet": {workbook(t, nil), [][2]string{{"Sheet1：表是空的", "sheet is empty"}}},
		"a value at XFD": {
			change(func(f *excelize.File) { must(t, f.SetCellStr("Sheet1", "XFD7", "x")) }),
			[][2]string{{"Sheet1!XFD7：右侧超出第 64 列", "right of column 64"}},
		},
		"formulas at XFD": {
			sheet(xmlRow(2, "310101013", "外滩街道", "310101", "黄浦区") + `<row r="3"><c r="XFD3"><f>1</f></c></row>`),
			[][2]string{{"名册!XFD3：右侧超出第 64 列", "right of column 64"}},
		},
		"two million elements": {
			sheet(strings.Repeat("<row/>", 2_000_000)),
			[][2]string{{"上传.xlsx：工作表的单元格过多", "too many cells"}},
		},
		"half a million styles": {
			with("xl/styles.xml", "<styleSheet>"+strings.Repeat("<xf/>", 500_000)+"</styleSheet>"),
			[][2]string{{"上传.xlsx：工作表的单元格过多", "too many cells"}},
		},

		"a password":                      {encrypted(t), [][2]string{{"上传.xlsx：工作簿设有密码", "password"}}},
		"another zip":                     {zipped(t, map[string]string{"a.txt": "x"}), [][2]string{{"上传.xlsx：这不是 .xlsx 工作簿", "no .xlsx workbook"}}},
		"a document":                      {with("_rels/.rels", strings.Replace(bare("")["_rels/.rels"], "xl/workbook.xml", "word/document.xml", 1)), [][2]string{{"上传.xlsx：这不是 .xlsx 工作簿", "no .xlsx workbook"}}},
		"no zip":                          {[]byte("PK\x03\x04 and nothing else"), damaged},
		"half a file":                     {whole[:len(whole)/2], damaged},
		"a bomb":                          {with("xl/media/image1.png", strings.Repeat("\x00", 65<<20)), large},
		"a bomb in two parts":             {twoParts(t, 40<<20, 40<<20), large},
		"sizes that overflow":             {twoParts(t, math.MaxUint64, 1), large},
		"many parts":                      {manyParts(t), large},
		"a bomb that lies about its size": {lying(t, xmlSheet), damaged},
		"two parts of one name":           {with("xl/WORKSHEETS/sheet1.xml", "<a/>"), because("two parts named")},
		"a byte flipped":                  {flipped(t), because("checksum")},

		"a document type":   {replaced(xmlSheet, "<worksheet", "<!DOCTYPE x [<!ENTITY a 'b'>]><worksheet"), [][2]string{{"上传.xlsx：文件含有 DOCTYPE", "DOCTYPE"}}},
		"an external one":   {with("xl/sharedStrings.xml", `<!DOCTYPE sst SYSTEM "file:///etc/passwd"><sst/>`), [][2]string{{"上传.xlsx：文件含有 DOCTYPE", "DOCTYPE"}}},
		"an unknown entity": {replaced(xmlSheet, "外滩街道", "&xxe;"), damaged},
		"another encoding":  {replaced(xmlSheet, "<worksheet", `<?xml version="1.0" encoding="UTF-7"?><worksheet`), damaged},
		"broken XML":        {replaced(xmlSheet, "</sheetData>", ""), damaged},
		"XML that breaks off": {
			// A reader that takes this for the end would lose the second row.
			sheet(xmlRow(2, "310101013", "外滩街道", "310101", "黄浦区") + `<row r="3"><c r="A3"><v>1</x></c></row>`), damaged,
		},
		"deep XML":            {with("docProps/app.xml", strings.Repeat("<a>", 200)+strings.Repeat("</a>", 200)), because("nested too deeply")},
		"NUL in XML":          {replaced(xmlSheet, "外滩街道", "外滩\x00街道"), damaged},
		"a surrogate in XML":  {replaced(xmlSheet, "外滩街道", "外滩&#xD800;街道"), [][2]string{{"名册!B2（name）“外滩�街道”：含有无法辨认的字符", "unreadable"}}},
		"an escaped NUL":      {replaced(xmlSheet, "外滩街道", "外滩_x0000_街道"), [][2]string{{"名册!B2（name）“外滩␀街道”：含有控制字符 U+0000", "U+0000"}}},
		"an escaped escape":   {replaced(xmlSheet, "外滩街道", "外滩_x001B_街道"), [][2]string{{"名册!B2（name）“外滩␛街道”：含有控制字符 U+001B", "U+001B"}}},
		"too much text":       {replaced(xmlSheet, "外滩街道", strings.Repeat("长", 50_000)), [][2]string{{"上传.xlsx：有单元格的文字过长", "too much text"}}},
		"many escapes":        {replaced(xmlSheet, "外滩街道", strings.Repeat("_x0041_", 600)), [][2]string{{"上传.xlsx：有单元格的文字过长", "escaped characters"}}},
		"one text in pieces":  {with("xl/sharedStrings.xml", "<sst><si>"+strings.Repeat("<r><t>"+strings.Repeat("a", 1000)+"</t></r>", 200)+"</si></sst>"), [][2]string{{"上传.xlsx：有单元格的文字过长", "too much text"}}},
		"one long text often": {oneTextOften(t), [][2]string{{"上传.xlsx：文字总量超过 32 MiB", "more than 32 MiB"}}},

		"rows out of order":   {sheet(xmlRow(4, "a") + xmlRow(3, "b")), because("out of order")},
		"a row twice":         {sheet(xmlRow(2, "a") + xmlRow(2, "b")), because("out of order")},
		"a row over the last": {sheet(xmlRow(1_048_577, "a")), because("out of order")},
		"a cell twice":        {sheet(`<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>`), because("out of order")},
		"a cell of another row": {
			sheet(`<row r="2"><c r="A9"><v>1</v></c></row>`), because("out of order"),
		},
		"a cell nowhere":         {sheet(`<row r="2"><c r="?"><v>1</v></c></row>`), because("out of order")},
		"a style that is none":   {sheet(`<row r="2"><c r="A2" s="x"><v>1</v></c></row>`), because("the style of a cell")},
		"no texts":               {sheet(`<row r="2"><c r="A2" t="s"><v>0</v></c></row>`), because("a text that is not there")},
		"a text that is missing": {oneText(t, 1), because("a text that is not there")},
		// excelize leaves these cells empty; nobody would notice.
		"a reading of no text":          {sheet(strings.Replace(xmlRow(2, "310101013", "外滩街道", "310101", "x"), "<t>310101013</t>", "<rPh><t>a</t></rPh>", 1)), because("a cell that cannot be read")},
		"a reading of no text, at last": {sheet(strings.Replace(xmlRow(2, "310101013", "外滩街道", "310101", "x"), "<t>x</t>", "<rPh><t>a</t></rPh>", 1)), because("a cell that cannot be read")},
		"a text of no number":           {sheet(`<row r="2"><c r="A2" t="s"><v>x</v></c></row>`), because("shared string")},
		"two sheets of one name": {
			replaced("xl/workbook.xml", "</sheets>", `<sheet name="名册" sheetId="2" r:id="rId1"/></sheets>`), because("two sheets named"),
		},
		"a target outside": {
			replaced("xl/_rels/workbook.xml.rels", "worksheets/sheet1.xml", "../../../etc/passwd"),
			[][2]string{{"上传.xlsx：没有可见的数据工作表", "no visible sheet"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			wantFaults(t, faultsOf(t, read(sheets.Roster()), test.file), test.want...)
		})
	}
}

// encrypted is a workbook with a password.
func encrypted(t testing.TB) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	var out bytes.Buffer
	must(t, book.Write(&out, excelize.Options{Password: "secret"}))
	return out.Bytes()
}

func manyParts(t testing.TB) []byte {
	t.Helper()
	parts := bare(worksheet(""))
	for i := range 1000 {
		parts[fmt.Sprintf("x/%d.bin", i)] = ""
	}
	return zipped(t, parts)
}

// lying is a workbook in which a part is far larger than it claims.
func lying(t testing.TB, name string) []byte {
	t.Helper()
	return claiming(t, map[string]string{name: worksheet(strings.Repeat(" ", 80<<20))}, 1000)
}

// twoParts is a workbook with two more parts that claim to have a size.
func twoParts(t testing.TB, first, second uint64) []byte {
	t.Helper()
	parts := map[string]string{"1.bin": "a", "2.bin": "b"}
	return claiming(t, parts, first, second)
}

// claiming adds parts to a workbook, in the order of their names, each with
// the size that it claims.
func claiming(t testing.TB, parts map[string]string, sizes ...uint64) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for name, text := range bare(worksheet("")) {
		if _, replaced := parts[name]; replaced {
			continue
		}
		w, err := archive.Create(name)
		must(t, err)
		_, err = w.Write([]byte(text))
		must(t, err)
	}
	for i, name := range slices.Sorted(maps.Keys(parts)) {
		var packed bytes.Buffer
		squeeze, err := flate.NewWriter(&packed, flate.BestCompression)
		must(t, err)
		_, err = squeeze.Write([]byte(parts[name]))
		must(t, errors.Join(err, squeeze.Close()))
		w, err := archive.CreateRaw(&zip.FileHeader{
			Name: name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE([]byte(parts[name])),
			CompressedSize64: uint64(packed.Len()), UncompressedSize64: sizes[i],
		})
		must(t, err)
		_, err = w.Write(packed.Bytes())
		must(t, err)
	}
	must(t, archive.Close())
	return out.Bytes()
}

// flipped is a workbook whose values are stored as they are, with one changed.
func flipped(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for name, text := range bare(worksheet(xmlRow(2, "310101013", "外滩街道", "310101", "黄浦区"))) {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		must(t, err)
		_, err = w.Write([]byte(text))
		must(t, err)
	}
	must(t, archive.Close())
	return bytes.Replace(out.Bytes(), []byte("310101013"), []byte("310101014"), 1)
}

// oneTextOften has few bytes, and 400 MB of values.
func oneTextOften(t testing.TB) []byte {
	t.Helper()
	return oneText(t, slices.Repeat([]int{0}, 4000)...)
}

// oneText is a workbook with one long shared text, and a row for each number of
// a text that a cell refers to.
func oneText(t testing.TB, numbers ...int) []byte {
	t.Helper()
	var rows strings.Builder
	for i, n := range numbers {
		fmt.Fprintf(&rows, `<row r="%d"><c r="A%[1]d" t="s"><v>%[2]d</v></c></row>`, i+2, n)
	}
	parts := bare(worksheet(rows.String()))
	parts["xl/sharedStrings.xml"] = `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>` + strings.Repeat("a", 100_000) + "</t></si></sst>"
	return zipped(t, parts)
}

// Dates come as numbers, numbers with Excel's rounding errors, and flags as
// such; text that looks like a number stays text.
func TestXLSXValues(t *testing.T) {
	std := standard(t)
	head := []any{"subject", "clause", "outcome", "points", "method", "observedAt", "reason"}
	row := func(observed any) []any {
		return []any{310101013, 2.5, "扣分", 2.3, "documents", observed, "超时"}
	}
	nine := time.Date(2022, 6, 1, 1, 30, 0, 0, time.UTC) // 09:30 in Beijing
	for name, test := range map[string]struct {
		observed any
		change   func(*excelize.File)
		want     time.Time
	}{
		"a serial number": {44713.395833333336, nil, nine},
		"a time":          {time.Date(2022, 6, 1, 9, 30, 0, 0, time.UTC), nil, nine},
		"a day":           {44713, nil, time.Date(2022, 5, 31, 16, 0, 0, 0, time.UTC)},
		"days from 1904": {43251.395833333336, func(f *excelize.File) {
			must(t, f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: pointer(true)}))
		}, nine},
		"text":             {"2022-06-01 09:30", nil, nine},
		"text in full":     {"２０２２年６月１日 ９：３０", nil, nine},
		"text with a zone": {"2022-06-01T01:30:00Z", nil, nine},
	} {
		t.Run(name, func(t *testing.T) {
			change := test.change
			if change == nil {
				change = func(*excelize.File) {}
			}
			got, err := sheets.Scores(std).Read("s.xlsx", workbook(t, [][]any{head, row(test.observed)}, change))
			must(t, err)
			want := []sheets.ScoreRow{{Line: 2, Subject: "310101013", Clause: "2.5", Outcome: "lost", Points: 230, Method: "documents", ObservedAt: test.want, Reason: "超时"}}
			if diff := cmp.Diff(want, got.Rows); diff != "" {
				t.Error(diff)
			}
		})
	}
	for name, observed := range map[string]any{"a year as text": "2022", "a year as a number": 2022, "a number of eight digits": 20220601, "a far day": 99999, "a negative day": -1, "text of days": "44713", "February 30": "2022-02-30"} {
		t.Run(name, func(t *testing.T) {
			file := workbook(t, [][]any{head, row(observed)})
			wantFaults(t, faultsOf(t, read(sheets.Scores(std)), file), [2]string{fmt.Sprintf("Sheet1!F2（observedAt）“%v”：须为 2000 至 2099 年间的日期", observed), "2022-06-01 09:30"})
		})
	}
	for stored, want := range map[string]domain.Points{"2.2999999999999998": 230, "0.30000000000000004": 30, "3": 300, "1.0E-1": 10} {
		t.Run("stored as "+stored, func(t *testing.T) {
			file := workbook(t, [][]any{head, row("2022-06-01")}, func(f *excelize.File) { must(t, f.SetCellDefault("Sheet1", "D2", stored)) })
			got, err := sheets.Scores(std).Read("s.xlsx", file)
			must(t, err)
			if got.Rows[0].Points != want {
				t.Errorf("%s points, want %s", got.Rows[0].Points, want)
			}
		})
	}
	t.Run("flags", func(t *testing.T) {
		file := workbook(t, [][]any{{"subject", "login", "lead"}, {"310101013", "one", true}, {"310101013", "two", false}, {"310101013", "three", 1}})
		got, err := sheets.Assignments().Read("a.xlsx", file)
		must(t, err)
		if !got.Rows[0].Lead || got.Rows[1].Lead || !got.Rows[2].Lead {
			t.Errorf("%+v", got.Rows)
		}
	})
}

func pointer[T any](v T) *T { return &v }

// Whatever XML a sheet is made of, the answer is rows or faults.
func FuzzReadSheet(f *testing.F) {
	good := xmlRow(2, "310101013", "外滩街道", "310101", "黄浦区")
	for _, sheet := range []string{
		worksheet(good), worksheet(good + `<row r="3"><c r="B3"><f>1</f></c></row>`), worksheet(good + `<row><c><v>1</v></c><c t="s"><v>0</v></c></row>`),
		worksheet(`<row r="2" hidden="1"><c r="A2" t="b"><v>1</v></c></row>`), worksheet(good) + " ",
		worksheet(`<row r="2"><c r="A2" t="d"><v>2022-06-01</v></c><c r="C2" t="inlineStr"><is><r><t>a</t></r><rPh><t>b</t></rPh></is></c></row>`),
	} {
		f.Add(sheet)
	}
	f.Fuzz(func(t *testing.T, sheet string) {
		fuzzOne(t, sheets.Roster(), zipped(t, bare(sheet)))
	})
}
