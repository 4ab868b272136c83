package sheets_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"mingjian/api/sheets"
	"mingjian/criteria"
	"mingjian/domain"
)

const (
	rosterHeader = "code,name,districtCode,district\n"
	bund         = "310101013,外滩街道,310101,黄浦区\n"
)

func standard(t testing.TB) *domain.Standard {
	t.Helper()
	c, err := criteria.Standard2022()
	if err != nil {
		t.Fatal(err)
	}
	return c.Standard
}

// reader reads a file as one of the kinds.
type reader func(file []byte) (rows int, err error)

func read[R any](t *sheets.Table[R]) reader {
	return func(file []byte) (int, error) {
		sheet, err := t.Read("上传.xlsx", file)
		if err != nil {
			return 0, err
		}
		return len(sheet.Rows), nil
	}
}

// faultsOf wants a file refused, with nothing but faults.
func faultsOf(t testing.TB, read reader, file []byte) sheets.Faults {
	t.Helper()
	rows, err := read(file)
	var faults sheets.Faults
	if !errors.As(err, &faults) || !errors.Is(err, domain.ErrInvalid) || len(faults) == 0 {
		t.Fatalf("%d rows, error %v; want faults", rows, err)
	}
	return faults
}

// wantFaults compares faults as users read them, each by the beginning of its
// Chinese and by a part of its English.
func wantFaults(t testing.TB, got sheets.Faults, want ...[2]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d faults, want %d:\n%v", len(got), len(want), got)
	}
	for i, w := range want {
		if !strings.HasPrefix(got[i].Error(), w[0]) || !strings.Contains(got[i].En, w[1]) {
			t.Errorf("fault %d is\n%s\nwant it to begin with\n%s\nand to say\n%s", i, got[i], w[0], w[1])
		}
	}
}

// workbook makes a workbook with one sheet of cells from A1.
func workbook(t testing.TB, rows [][]any, change ...func(*excelize.File)) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	for i, row := range rows {
		if err := book.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range change {
		c(book)
	}
	out, err := book.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bare is the least that a workbook needs, with one sheet.
func bare(sheet string) map[string]string {
	const relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	return map[string]string{
		"[Content_Types].xml":        `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"_rels/.rels":                `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + relations + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="` + relations + `"><sheets><sheet name="名册" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + relations + `/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   sheet,
	}
}

// zipped packs parts, in the order of their names.
func zipped(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		w, err := archive.Create(name)
		must(t, err)
		_, err = w.Write([]byte(parts[name]))
		must(t, err)
	}
	must(t, archive.Close())
	return out.Bytes()
}

// worksheet is a sheet's XML: rosters' header in row 1, then rows as given.
func worksheet(rows string) string {
	return `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` +
		xmlRow(1, "code", "name", "districtCode", "district") + rows + `</sheetData></worksheet>`
}

func xmlRow(line int, values ...string) string {
	out := fmt.Sprintf(`<row r="%d">`, line)
	for i, v := range values {
		out += fmt.Sprintf(`<c r="%c%d" t="inlineStr"><is><t>%s</t></is></c>`, 'A'+i, line, v)
	}
	return out + "</row>"
}
