package sheets_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"mingjian/api/sheets"
	"mingjian/domain/registry"
)

func gb18030(t testing.TB, text string) []byte {
	t.Helper()
	out, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text))
	must(t, err)
	return out
}

func TestCSV(t *testing.T) {
	at := func(line int) []registry.Row {
		return []registry.Row{{Line: line, Code: "310101013", DistrictCode: "310101", DistrictName: "黄浦区", Area: "外滩街道"}}
	}
	chinese := "受理中心代码,街道（镇、乡）,区代码,区\n" + bund
	for name, test := range map[string]struct {
		file []byte
		want []registry.Row
	}{
		"plain":                   {[]byte(rosterHeader + bund), at(2)},
		"no last line end":        {[]byte(rosterHeader + strings.TrimSpace(bund)), at(2)},
		"Windows line ends":       {[]byte(strings.ReplaceAll(rosterHeader+bund, "\n", "\r\n")), at(2)},
		"byte order mark":         {[]byte("\ufeff" + rosterHeader + bund), at(2)},
		"GB18030":                 {gb18030(t, chinese), at(2)},
		"GB18030, English header": {gb18030(t, rosterHeader+bund), at(2)},
		"semicolons":              {[]byte(strings.ReplaceAll(rosterHeader+bund, ",", ";")), at(2)},
		"tabs":                    {[]byte(strings.ReplaceAll(rosterHeader+bund, ",", "\t")), at(2)},
		"another order":           {[]byte("district,code,District_Code,NAME\n黄浦区,310101013,310101,外滩街道\n"), at(2)},
		"headers of a template":   {[]byte("受理中心代码* / Center code,街道（镇、乡）* / Name,区代码* / District code,区* / District\n" + bund), at(2)},
		"empty rows":              {[]byte("\n,,,\n" + rosterHeader + "\n ,　,,\n" + bund + ",,,\n\n"), at(6)},
		"empty columns":           {[]byte("code,,name,districtCode,district,,\n310101013,,外滩街道,310101,黄浦区,,\n"), at(2)},
		"blanks around values":    {[]byte(rosterHeader + " 310101013,\u00a0外滩街道 ,310101\t,　黄浦区\u200b\n"), at(2)},
		"full-width digits":       {[]byte(rosterHeader + "３１０１０１０１３,外滩街道,３１０１０１,黄浦区\n"), at(2)},
		"quotes":                  {[]byte(rosterHeader + "\"310101013\",\"外滩街道\",\"310101\",\"黄浦区\"\n"), at(2)},
		"quoted header":           {[]byte("\"code\",\"name\",\"districtCode\",\"district\"\n" + bund), at(2)},
		"a separator in quotes": {[]byte(rosterHeader + "310101013,\"a,\"\"b\"\"\",310101,黄浦区\n"), []registry.Row{
			{Line: 2, Code: "310101013", DistrictCode: "310101", DistrictName: "黄浦区", Area: `a,"b"`},
		}},
		"an apostrophe of ours": {[]byte(rosterHeader + "310101013,'=1+1,310101,黄浦区\n"), []registry.Row{
			{Line: 2, Code: "310101013", DistrictCode: "310101", DistrictName: "黄浦区", Area: "=1+1"},
		}},
		"an apostrophe of theirs": {[]byte(rosterHeader + "310101013,'外滩,310101,黄浦区\n"), []registry.Row{
			{Line: 2, Code: "310101013", DistrictCode: "310101", DistrictName: "黄浦区", Area: "'外滩"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sheets.Roster().Read("roster.xlsx", test.file) // the name lies
			must(t, err)
			if diff := cmp.Diff(test.want, got.Rows); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCSVRefused(t *testing.T) {
	damaged := []byte(rosterHeader + bund + "310101015,豫园街道,310101,黄浦区\n")
	damaged[slices.Index(damaged, 0xe5)+1] = 'x'
	for name, test := range map[string]struct {
		file string
		want [][2]string
	}{
		"an empty file":    {"", [][2]string{{"上传.xlsx：文件是空的。", "is empty"}}},
		"blanks":           {"\n \n", [][2]string{{"上传.xlsx：文件是空的。", "is empty"}}},
		"a mark alone":     {"\ufeff", [][2]string{{"上传.xlsx：表是空的", "sheet is empty"}}},
		"separators alone": {",,,\n,,\n", [][2]string{{"上传.xlsx：表是空的", "sheet is empty"}}},
		"a header alone":   {rosterHeader, [][2]string{{"上传.xlsx：表头之下没有填写任何一行。", "No row"}}},
		"a file over the limit": {rosterHeader + strings.Repeat("\n", sheets.MaxFile), [][2]string{
			{"上传.xlsx：文件超过 10 MiB", "more than 10 MiB: split it"},
		}},

		"no header":            {bund, [][2]string{{"上传.xlsx 第 1 行：首行不是表头", "no header"}}},
		"UTF-16":               {"\xff\xfec\x00o\x00", [][2]string{{"上传.xlsx：文件是 UTF-16 编码", "UTF-16"}}},
		"UTF-16 without mark":  {"c\x00o\x00d\x00e\x00\n\x00", [][2]string{{"上传.xlsx：这不是文本", "neither text nor"}}},
		"a picture":            {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xff", [][2]string{{"上传.xlsx：文件既不是 UTF-8 也不是 GB18030", "neither in UTF-8 nor"}}},
		"a web page":           {"\ufeff <html><table><tr><td>code</td></tr></table></html>", [][2]string{{"上传.xlsx：这是网页或 XML", "web page"}}},
		"an old workbook":      {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00W\x00o\x00r\x00k", [][2]string{{"上传.xlsx：这是旧版的 .xls 文件", ".xls file"}}},
		"damaged UTF-8":        {string(damaged), [][2]string{{"上传.xlsx：文件的 UTF-8 编码在第 2 行损坏", "line 2"}}},
		"marked, but GB18030":  {"\ufeff" + string(gb18030(t, rosterHeader+bund)), [][2]string{{"上传.xlsx：文件的 UTF-8 编码在第 2 行损坏", "line 2"}}},
		"a lone surrogate":     {rosterHeader + "310101013,外滩\xed\xa0\x80街道,310101,黄浦区\n", [][2]string{{"上传.xlsx：文件的 UTF-8 编码在第 2 行损坏", "line 2"}}},
		"many separators":      {rosterHeader + bund + strings.Repeat(",", 20_000), [][2]string{{"上传.xlsx 第 3 行：分隔符过多", "too many separators"}}},
		"values far right":     {rosterHeader + strings.TrimSpace(bund) + strings.Repeat(",", 70) + "x\n", [][2]string{{"上传.xlsx!BV2：右侧超出第 64 列", "right of column 64"}}},
		"a value under nobody": {rosterHeader + strings.TrimSpace(bund) + ",,x\n", [][2]string{{"上传.xlsx!F2“x”：该列没有表头", "no header"}}},

		"NUL":                                   {rosterHeader + "310101013,外\x00滩,310101,黄浦区\n", [][2]string{{"上传.xlsx!B2（name）“外␀滩”：含有控制字符 U+0000", "U+0000"}}},
		"an escape":                             {rosterHeader + "310101013,外\x1b滩,310101,黄浦区\n", [][2]string{{"上传.xlsx!B2（name）“外␛滩”：含有控制字符 U+001B", "U+001B"}}},
		"a carriage return":                     {rosterHeader + "310101013,外\r滩,310101,黄浦区\n", [][2]string{{"上传.xlsx!B2（name）“外␍滩”：含有控制字符 U+000D", "U+000D"}}},
		"C1":                                    {rosterHeader + "310101013,外\u0085滩,310101,黄浦区\n", [][2]string{{"上传.xlsx!B2（name）“外�滩”：含有控制字符 U+0085", "U+0085"}}},
		"several lines":                         {rosterHeader + "310101013,\"外\n滩\",310101,黄浦区\n", [][2]string{{"上传.xlsx!B2（name）“外␊滩”：该格不能换行", "one"}}},
		"a replacement":                         {rosterHeader + "310101013,外\ufffd滩,310101,黄浦区\n", [][2]string{{"上传.xlsx!B2（name）“外�滩”：含有无法辨认的字符", "unreadable"}}},
		"a noncharacter":                        {rosterHeader + "310101013,外\uffff滩,310101,黄浦区\n", [][2]string{{"上传.xlsx!B2（name）“外�滩”：含有无法辨认的字符", "unreadable"}}},
		"a name of 101":                         {rosterHeader + "310101013," + strings.Repeat("长", 101) + ",310101,黄浦区\n", [][2]string{{"上传.xlsx!B2（name）“" + strings.Repeat("长", 40) + "…”：共 101 个字符，最多 100 个", "101 characters"}}},
		"a bare quote":                          {rosterHeader + "310101013,外\"滩,310101,黄浦区\n", [][2]string{{"上传.xlsx 第 2 行：引号不成对", "don't pair"}}},
		"a quote left open":                     {rosterHeader + bund + "310101015,\"外滩,310101,黄浦区\n", [][2]string{{"上传.xlsx 第 3 行：引号不成对", "don't pair"}}},
		"rows after a quote":                    {rosterHeader + "310101013,外\"滩,310101,黄浦区\n" + "x,a,310101,黄浦区\n", [][2]string{{"上传.xlsx 第 2 行：引号不成对", "don't pair"}, {"上传.xlsx!A3（code）“x”", "9 digits"}}},
		"rows after a broken cell of two lines": {rosterHeader + "310101013,\"外\n滩\"x,310101,黄浦区\nx,a,310101,黄浦区\n", [][2]string{{"上传.xlsx 第 2 行：引号不成对", "don't pair"}, {"上传.xlsx!A3（code）“x”", "9 digits"}}},
		// People count rows, whatever lines a cell has.
		"rows after a cell of two lines": {rosterHeader + "310101013,\"外\n滩\",310101,黄浦区\n\nx,a,310101,黄浦区\n", [][2]string{{"上传.xlsx!B2", "one"}, {"上传.xlsx!A4（code）“x”", "9 digits"}}},
	} {
		t.Run(name, func(t *testing.T) {
			wantFaults(t, faultsOf(t, read(sheets.Roster()), []byte(test.file)), test.want...)
		})
	}
}

// Whatever the bytes, the answer is rows or faults; and rows that were read are
// read again from what is written of them.
func FuzzReadCSV(f *testing.F) {
	std := standard(f)
	f.Add([]byte(rosterHeader + bund))
	f.Add(gb18030(f, "受理中心代码,街道（镇、乡）,区代码,区\n"+bund))
	f.Add([]byte("login;name;roles;subject\nzhang;'=张;assessor、center;310101013\n"))
	f.Add([]byte("subject\tscope\tlogin\tlead\n310101\t全区\tzhang.wei\t是\n"))
	f.Add([]byte("subject,clause,outcome,points,method,observedAt,reason,counts,checklist\n310101013,2.1.1,扣分,0.5,实地检查,2022-06-01 09:30,\"a\nb\",窗口总数=10,\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		fuzzOne(t, sheets.Roster(), file)
		fuzzOne(t, sheets.Accounts(), file)
		fuzzOne(t, sheets.Assignments(), file)
		fuzzOne(t, sheets.Scores(std), file)
	})
}

func fuzzOne[R any](t *testing.T, table *sheets.Table[R], file []byte) {
	first, err := table.Read("f.csv", file)
	if err != nil {
		var faults sheets.Faults
		if !errors.As(err, &faults) || len(faults) == 0 || len(faults) > 201 {
			t.Fatalf("%T: %v", err, err)
		}
		return
	}
	written, err := table.WriteCSV(first.Rows)
	must(t, err)
	second, err := table.Read("f.csv", written)
	if err != nil {
		t.Fatalf("%v\nfrom %+v", err, first.Rows)
	}
	again, err := table.WriteCSV(second.Rows)
	must(t, err)
	if string(written) != string(again) || len(first.Rows) != len(second.Rows) {
		t.Fatalf("%+v\nbecame\n%+v", first.Rows, second.Rows)
	}
}
