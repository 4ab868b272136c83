package sheets_test

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
	"mingjian/domain/rights"
)

// Each template, filled in by hand and read back.
func TestTemplates(t *testing.T) {
	t.Run("roster", func(t *testing.T) {
		fillIn(t, sheets.Roster(), "名册", []any{310101013, "外滩街道", "310101", "黄浦区"}, center)
	})
	t.Run("accounts", func(t *testing.T) {
		fillIn(t, sheets.Accounts(), "账号", []any{"zhang.wei", "张伟", "", 13800000000, "评估员；受理中心", "310101013"}, sheets.AccountRow{
			Line: 2, Login: "zhang.wei", Name: "张伟", Phone: "13800000000", Grants: []rights.Grant{{Role: rights.Assessor}, {Role: rights.Center, Subject: "310101013"}},
		})
	})
	t.Run("assignments", func(t *testing.T) {
		fillIn(t, sheets.Assignments(), "分派", []any{"310101", "全区", "zhang.wei", "是"}, sheets.AssignmentRow{Line: 2, Subject: "310101", All: true, Login: "zhang.wei", Lead: true})
	})
	t.Run("scores", func(t *testing.T) {
		fillIn(t, sheets.Scores(standard(t)), "评分", []any{"310101013", "2.4", "扣分", 0.5, "系统数据", time.Date(2022, 6, 1, 9, 30, 0, 0, time.UTC), "超时", nil, "响应接单时间=20"}, sheets.ScoreRow{
			Line: 2, Subject: "310101013", Clause: "2.4", Outcome: domain.Lost, Points: 50, Method: assessment.SystemData,
			ObservedAt: time.Date(2022, 6, 1, 1, 30, 0, 0, time.UTC), Reason: "超时", Counts: map[string]int64{"minutes": 20},
		})
	})
}

func fillIn[R any](t *testing.T, table *sheets.Table[R], sheet string, row []any, want R) {
	t.Helper()
	template, err := table.Template()
	must(t, err)
	wantFaults(t, faultsOf(t, read(table), template), [2]string{sheet + "：表头之下没有填写任何一行", "No row"})
	book, err := excelize.OpenReader(bytes.NewReader(template))
	must(t, err)
	defer book.Close()
	must(t, book.SetSheetRow(sheet, "A2", &row))
	out, err := book.WriteToBuffer()
	must(t, err)
	got, err := table.Read("filled.xlsx", out.Bytes())
	must(t, err)
	if diff := cmp.Diff([]R{want}, got.Rows); diff != "" || got.Name != sheet {
		t.Errorf("%s: %s", got.Name, diff)
	}
	explained(t, book, sheet)
}

// explained wants a line in the explanation for each column, and a list to
// choose from for columns with allowed values.
func explained(t *testing.T, book *excelize.File, sheet string) {
	t.Helper()
	if got := book.GetSheetList(); !slices.Equal(got, []string{sheet, "说明"}) {
		t.Fatalf("sheets %v", got)
	}
	rows, err := book.GetRows(sheet)
	must(t, err)
	notes, err := book.GetRows("说明")
	must(t, err)
	lists, err := book.GetDataValidations(sheet)
	must(t, err)
	offered := make(map[string]string)
	for _, list := range lists {
		offered[strings.TrimRight(strings.Split(list.Sqref, ":")[0], "0123456789")] = list.Formula1
	}
	for i, title := range rows[0] {
		note := notes[i+1]
		if note[0] != strings.Replace(title, "*", "", 1) || (note[1] == "是") != strings.Contains(title, "*") || note[4] == "" || note[5] == "" {
			t.Errorf("%s is explained as %q", title, note)
		}
		column, err := excelize.ColumnNumberToName(i + 1)
		must(t, err)
		if list, values := offered[column], note[2]; (list != "") != (values != "") && title != "角色* / Roles" {
			t.Errorf("%s offers %q and explains %q", title, list, values)
		} else if list != "" && strings.Count(list, ",") != strings.Count(values, "\n") {
			t.Errorf("%s offers %q and explains %q", title, list, values)
		}
	}
}

// A score sheet comes with a row for each clause of each subject.
func TestScoreTemplate(t *testing.T) {
	std := standard(t)
	template, err := sheets.ScoreTemplate(std, []sheets.Subject{
		{Code: "310101013", Name: "外滩街道社区事务受理服务中心", Kind: domain.Center}, {Code: "310101", Name: "黄浦区", Kind: domain.District},
	})
	must(t, err)
	table := sheets.Scores(std)
	wantFaults(t, faultsOf(t, read(table), template), [2]string{"评分：表头之下没有填写任何一行", "No row"})

	book, err := excelize.OpenReader(bytes.NewReader(template))
	must(t, err)
	defer book.Close()
	rows, err := book.GetRows("评分")
	must(t, err)
	// 47 clauses: 45 judge the center without honors, 7.2 is honors, 7.3 judges
	// the district.
	if len(rows) != 1+45+1 || rows[46][1] != "7.3" || rows[46][0] != "310101" || rows[46][11] != "黄浦区" {
		t.Fatalf("%d rows, the last %q", len(rows), rows[len(rows)-1])
	}
	line := slices.IndexFunc(rows, func(r []string) bool { return r[1] == "2.1.1" })
	if text := rows[line][12]; !strings.HasPrefix(text, "综合窗口数量：综合窗口数量应不少于窗口总数的80%。") || !strings.HasSuffix(text, "计数项：综合窗口数量（个）；窗口总数（个）；现金、回复、机动窗口（个）") {
		t.Errorf("2.1.1 is explained as %s", text)
	}
	must(t, book.SetSheetRow("评分", "C2", &[]any{"达标", "", "实地检查", "2022-06-01"}))
	must(t, book.SetSheetRow("评分", "C47", &[]any{"得分", 1.5, "查阅资料", "2022-06-01"}))
	out, err := book.WriteToBuffer()
	must(t, err)
	got, err := table.Read("s.xlsx", out.Bytes())
	must(t, err)
	if len(got.Rows) != 2 || got.Rows[0].Clause != "1.1.1" || got.Rows[1].Line != 47 || got.Rows[1].Points != 150 {
		t.Errorf("%+v", got.Rows)
	}
}

// No spreadsheet runs what an export holds.
func TestFormulasAreText(t *testing.T) {
	bad := []string{"=1+1", "+1", "-1", "@SUM(A1)", "＝1", " =1", "'=1", "''=1", "'='1"}
	rows := make([]registry.Row, len(bad))
	for i, area := range bad {
		rows[i] = registry.Row{Code: center.Code[:8] + string(rune('0'+i)), DistrictCode: "310101", DistrictName: "黄浦区", Area: area}
	}
	table := sheets.Roster()
	text, err := table.WriteCSV(rows)
	must(t, err)
	for line := range strings.Lines(string(text)) {
		for _, cell := range strings.Split(strings.TrimSpace(line), ",") {
			if strings.ContainsAny(strings.TrimLeft(cell, `" 　`)[:1], "=+-@\t\r") || strings.HasPrefix(cell, "＝") {
				t.Errorf("a spreadsheet runs %q", cell)
			}
		}
	}
	file, err := table.WriteXLSX(rows)
	must(t, err)
	book, err := excelize.OpenReader(bytes.NewReader(file))
	must(t, err)
	defer book.Close()
	for i, area := range bad {
		at, err := excelize.CoordinatesToCellName(2, i+2)
		must(t, err)
		formula, errFormula := book.GetCellFormula("名册", at)
		kind, errKind := book.GetCellType("名册", at)
		style, errStyle := book.GetCellStyle("名册", at)
		must(t, errFormula)
		must(t, errKind)
		must(t, errStyle)
		if prefix := book.Styles.CellXfs.Xf[style].QuotePrefix; formula != "" || kind != excelize.CellTypeInlineString || prefix == nil || !*prefix {
			t.Errorf("%q is of type %v with formula %q and quotePrefix %v", area, kind, formula, prefix)
		}
	}
	if strings.Contains(part(t, file, "xl/worksheets/sheet1.xml"), "<f") {
		t.Error("the sheet holds a formula")
	}
	for _, export := range [][]byte{text, file} {
		got, err := table.Read("export", export)
		must(t, err)
		for i, row := range got.Rows {
			if row.Area != strings.TrimSpace(bad[i]) {
				t.Errorf("%q became %q", bad[i], row.Area)
			}
		}
	}
}

func part(t testing.TB, file []byte, name string) string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	must(t, err)
	r, err := archive.Open(name)
	must(t, err)
	defer r.Close()
	text, err := io.ReadAll(r)
	must(t, err)
	return string(text)
}
