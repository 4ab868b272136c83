package sheets_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/domain/registry"
	"mingjian/domain/rights"
)

const (
	accountHeader    = "登录名,姓名,电子邮箱,电话,角色,所属对象代码\n"
	assignmentHeader = "对象代码,范围,登录名,组长\n"
	scoreHeader      = "subject,clause,outcome,points,method,observedAt,reason,checklist,counts,override,evidence\n"
)

func TestHeaderRefused(t *testing.T) {
	for name, test := range map[string]struct {
		header string
		want   [][2]string
	}{
		"unknown":   {"code,name,districtCode,district,备注\n", [][2]string{{"上传.xlsx!E1“备注”：不认识的表头，可用的有：受理中心代码、街道（镇、乡）、区代码、区。", "known are Center code, Name, District code, District"}}},
		"missing":   {"code,区\n", [][2]string{{"上传.xlsx 第 1 行：缺少必填列“街道（镇、乡）”（Name）", "Name (街道（镇、乡）) is missing"}, {"上传.xlsx 第 1 行：缺少必填列“区代码”", "District code"}}},
		"twice":     {"code,name,districtCode,district,区代码\n", [][2]string{{"上传.xlsx!E1“区代码”：与 C 列的表头重复", "Column C has the same header"}}},
		"all wrong": {"姓名,手机\n", [][2]string{{"上传.xlsx 第 1 行：首行不是表头，须写明各列：受理中心代码、", "no header"}}},
	} {
		t.Run(name, func(t *testing.T) {
			// Without the right columns, rows are not looked at.
			wantFaults(t, faultsOf(t, read(sheets.Roster()), []byte(test.header+"x,x,x,x,x\n")), test.want...)
		})
	}
}

func TestRowsRefused(t *testing.T) {
	std := standard(t)
	hash := strings.Repeat("0123456789abcdef", 4)
	met := "310101013,1.1.1,met,,siteVisit,2022-06-01"
	kinds := map[string]struct {
		read   reader
		header string
	}{
		"roster": {read(sheets.Roster()), rosterHeader}, "accounts": {read(sheets.Accounts()), accountHeader},
		"assignments": {read(sheets.Assignments()), assignmentHeader}, "scores": {read(sheets.Scores(std)), scoreHeader},
	}
	for _, test := range []struct {
		kind, name, rows string
		want             [][2]string
	}{
		{"roster", "a center twice", bund + "310101015,豫园街道,310101,黄浦区\n" + bund, [][2]string{{"!A4（code）“310101013”：第 4 行与第 2 行重复", "Row 4 repeats row 2"}}},
		{"roster", "a district of two names", bund + "310101015,豫园街道,310101,徐汇区\n", [][2]string{{"!D3（district）“徐汇区”：区代码 310101 在第 2 行是“黄浦区”", "District 310101 is 黄浦区 on row 2"}}},
		{"roster", "the office's own words", "310101013,外滩街道社区事务受理服务中心,310101,黄浦区\n", [][2]string{{"!B2（name）“外滩街道社区事务受理服务中心”：只写街道（镇、乡）名称“外滩街道”", "外滩街道: the words 社区事务受理服务中心 are added"}}},
		{"roster", "all faults of a row", "31,,3101O1,区\n", [][2]string{{"!A2（code）“31”：须为 9 位数字", "9 digits"}, {"!B2（name）：必填", "filled in"}, {"!C2（districtCode）“3101O1”：须为 6 位数字", "6 digits"}}},
		{"roster", "a superscript for a digit", "31010101³,外滩街道,310101,黄浦区\n", [][2]string{{"!A2（code）", "9 digits"}}},

		{"accounts", "no role", "zhang,张伟,,,,\n", [][2]string{{"!E2（角色）：必填", "filled in"}}},
		{"accounts", "separators for roles", "zhang,张伟,,,；、,\n", [][2]string{{"!E2（角色）“；、”：必填", "filled in"}}},
		{"accounts", "an unknown role", "zhang,张伟,,,评估员；局长,\n", [][2]string{{"!E2（角色）“评估员；局长”：可填值为：评估员、复核员、受理中心、区级部门、市级组织者、审计员。", "assessor, reviewer, center, district, organizer, auditor"}}},
		{"accounts", "a role twice", "zhang,张伟,,,assessor；评估员,\n", [][2]string{{"!E2（角色）“assessor；评估员”：“评估员”写了两遍", "assessor stands twice"}}},
		{"accounts", "a center without its code", "zhang,张伟,,,受理中心,\n", [][2]string{{"!F2（所属对象代码）：角色“受理中心”须填 9 位", "center needs the code of its subject, 9 digits"}}},
		{"accounts", "a district with a center's code", "zhang,张伟,,,区级部门,310101013\n", [][2]string{{"!F2（所属对象代码）“310101013”：没有与 310101013 相应的角色", "No role goes with 310101013"}}},
		{"accounts", "an assessor with a code", "zhang,张伟,,,评估员,310101\n", [][2]string{{"!F2（所属对象代码）“310101”：没有与 310101 相应的角色", "No role goes with 310101"}}},
		{"accounts", "a code twice", "zhang,张伟,,,受理中心,310101013;310101013\n", [][2]string{{"!F2（所属对象代码）“310101013;310101013”：310101013 写了两遍", "stands twice"}}},
		{"accounts", "a code of no subject", "zhang,张伟,,,受理中心,3101\n", [][2]string{{"!F2（所属对象代码）“3101”：须为受理中心代码（9 位数字）或区代码（6 位数字）", "9 digits"}}},
		{"accounts", "a role and a code at fault", "zhang,张伟,,,局长,3101\n", [][2]string{{"!E2", "Allowed are"}, {"!F2", "9 digits"}}},
		{"accounts", "a login twice, in another case", "Zhang,张伟,,,评估员,\nｚhang,张卫,,,审计员,\n", [][2]string{{"!A3（登录名）“ｚhang”：第 3 行与第 2 行重复", "Row 3 repeats row 2"}}},
		{"accounts", "a login of two characters", "zh,张伟,,,评估员,\n", [][2]string{{"!A2（登录名）“zh”：登录名须为 3 至 100 个字符", "3 to 100"}}},
		{"accounts", "a login with a blank", "zhang wei,张伟,,,评估员,\n", [][2]string{{"!A2（登录名）“zhang wei”：登录名须为 3 至 100 个字符，不含空格", "no blanks"}}},
		{"accounts", "a mail that is none", "zhang,张伟,张伟 <z@example.org>,,评估员,\n", [][2]string{{"!C2（电子邮箱）“张伟 <z@example.org>”：不是电子邮箱地址", "no mail address"}}},
		{"accounts", "a long mail", "zhang,张伟," + strings.Repeat("a", 250) + "@example.org,,评估员,\n", [][2]string{{"!C2（电子邮箱）“" + strings.Repeat("a", 40) + "…”：共 262 个字符，最多 254 个", "at most 254"}}},
		{"accounts", "a phone with letters", "zhang,张伟,,call me,评估员,\n", [][2]string{{"!D2（电话）“call me”：须为 3 位以上的电话号码", "phone number"}}},

		{"assignments", "a center twice for one person", "310101013,,zhang,\n310101013,本对象,ZHANG,是\n", [][2]string{{"!A3（对象代码）“310101013”：第 3 行与第 2 行重复", "Row 3 repeats row 2"}}},
		{"assignments", "all centers of a center", "310101013,全区,zhang,否\n", [][2]string{{"!B2（范围）“全区”：“全区”须配 6 位的区代码", "code of a district"}}},
		{"assignments", "an unknown scope", "310101,全市,zhang,否\n", [][2]string{{"!B2（范围）“全市”：可填值为：本对象、全区。", "Allowed are subject, all"}}},
		{"assignments", "neither yes nor no", "310101,全区,zhang,也许\n", [][2]string{{"!D2（组长）“也许”：可填值为：是、否。", "Allowed are yes, no"}}},

		{"scores", "an unknown clause", "310101013,9.9,met,,siteVisit,2022-06-01\n", [][2]string{{"!B2（clause）“9.9”：标准 2022 中没有该条款", "no such clause"}}},
		{"scores", "a clause twice", met + "\n" + met + "\n", [][2]string{{"!B3（clause）“1.1.1”：第 3 行与第 2 行重复", "Row 3 repeats row 2"}}},
		{"scores", "honors", "310101013,7.2,awarded,1,documents,2022-06-01\n", [][2]string{{"!B2（clause）“7.2”：该条款只能通过认定荣誉得分", "honors alone"}}},
		{"scores", "a district's clause for a center", "310101013,7.3,awarded,1,documents,2022-06-01\n", [][2]string{{"!A2（subject）“310101013”：条款 7.3 评估的是区", "judges the district"}}},
		{"scores", "a center's clause for a district", "310101,1.1.1,met,,documents,2022-06-01\n", [][2]string{{"!A2（subject）“310101”：条款 1.1.1 评估的是受理中心", "judges the center"}}},
		{"scores", "an unknown outcome", "310101013,1.1.1,好,,documents,2022-06-01\n", [][2]string{{"!C2（outcome）“好”：可填值为：达标、扣分、得分、不适用。", "met, lost, awarded, not applicable"}}},
		{"scores", "not applicable where not allowed", "310101013,1.1.1,不适用,,documents,2022-06-01,疫情\n", [][2]string{{"!C2（outcome）“不适用”：标准不允许条款 1.1.1 按不适用处理", "does not allow"}}},
		{"scores", "met where points are awarded", "310101013,7.1,met,,documents,2022-06-01\n", [][2]string{{"!C2（outcome）“met”：条款 7.1 是加分条款", "awards points"}}},
		{"scores", "awarded where points are lost", "310101013,1.1.1,得分,1,documents,2022-06-01\n", [][2]string{{"!C2（outcome）“得分”：条款 1.1.1 是扣分条款", "loses points"}}},
		{"scores", "met with points", "310101013,1.1.1,met,1,documents,2022-06-01\n", [][2]string{{"!D2（points）“1”：达标和不适用不能有分数", "take no points"}}},
		{"scores", "lost without points or reason", "310101013,1.1.1,lost,,documents,2022-06-01\n", [][2]string{{"!D2（points）：必须填写扣去或得到的分数", "Enter the points"}, {"!G2（reason）：扣分或不适用必须说明理由", "need a reason"}}},
		{"scores", "lost nothing", "310101013,1.1.1,lost,0,documents,2022-06-01,x\n", [][2]string{{"!D2（points）“0”：必须填写", "above 0"}}},
		{"scores", "awarded without points", "310101013,7.1,awarded,,documents,2022-06-01\n", [][2]string{{"!D2（points）：必须填写", "Enter the points"}}},
		{"scores", "over the indicator", "310101013,1.1.1,lost,3.01,documents,2022-06-01,x\n", [][2]string{{"!D2（points）“3.01”：超出二级指标 1.1 的 3.00 分", "points of indicator 1.1, 3.00"}}},
		{"scores", "three decimals", "310101013,1.1.1,lost,0.125,documents,2022-06-01,x\n", [][2]string{{"!D2（points）“0.125”：须为不小于 0、最多两位小数的数", "two decimals"}}},
		{"scores", "points below zero", "310101013,1.1.1,lost,-1,documents,2022-06-01,x\n", [][2]string{{"!D2（points）“-1”：须为不小于 0", "from 0"}}},
		{"scores", "an unknown method", "310101013,1.1.1,met,,猜测,2022-06-01\n", [][2]string{{"!E2（method）“猜测”：可填值为：实地检查、暗访、查阅资料、访谈、电话抽查、系统数据。", "site visit, mystery visit, documents"}}},
		{"scores", "no method, no time", "310101013,1.1.1,met,,,\n", [][2]string{{"!E2（method）：必填", ""}, {"!F2（observedAt）：必填", ""}}},
		{"scores", "a time that is none", "310101013,1.1.1,met,,siteVisit,昨天\n", [][2]string{{"!F2（observedAt）“昨天”：须为 2000 至 2099 年间的日期", "2022-06-01 09:30"}}},
		{"scores", "days as text", "310101013,1.1.1,met,,siteVisit,44713\n", [][2]string{{"!F2（observedAt）“44713”：须为 2000 至 2099 年间的日期", ""}}},
		{"scores", "a long reason", met + "," + strings.Repeat("长", 4001) + "\n", [][2]string{{"!G2（reason）“" + strings.Repeat("长", 40) + "…”：共 4001 个字符，最多 4000 个", "4001"}}},
		{"scores", "a checklist where there is none", met + ",,1\n", [][2]string{{"!H2（checklist）“1”：条款 1.1.1 没有检查项", "no checklist"}}},
		{"scores", "an item over the last", "310101013,5.1.3,met,,siteVisit,2022-06-01,,1;8\n", [][2]string{{"!H2（checklist）“1;8”：“8”不是检查项的序号：须为 1 至 7", "1 to 7"}}},
		{"scores", "an item twice", "310101013,5.1.3,met,,siteVisit,2022-06-01,,1;01\n", [][2]string{{"!H2（checklist）“1;01”：“01”写了两遍", "twice"}}},
		{"scores", "counts where nothing is counted", met + ",,,窗口=1\n", [][2]string{{"!I2（counts）“窗口=1”：条款 1.1.1 没有计数项", "counts nothing"}}},
		{"scores", "an unknown count", "310101013,2.4,met,,siteVisit,2022-06-01,,,分=1\n", [][2]string{{"!I2（counts）“分=1”：“分=1”不是条款 2.4 的计数项，可用的有：响应接单时间（分钟）", "name=whole number"}}},
		{"scores", "a count twice", "310101013,2.4,met,,siteVisit,2022-06-01,,,响应接单时间=1;minutes=2\n", [][2]string{{"!I2（counts）“响应接单时间=1;minutes=2”：“响应接单时间”写了两遍", "twice"}}},
		{"scores", "a count that is no whole number", "310101013,2.4,met,,siteVisit,2022-06-01,,,minutes=1.5\n", [][2]string{{"!I2（counts）“minutes=1.5”：“响应接单时间”须为 0 至 1000000000 的整数", "whole number"}}},
		{"scores", "evidence that is no hash", met + ",,,,,证据1\n", [][2]string{{"!K2（evidence）“证据1”：“证据1”不是 SHA-256", "64 hex digits"}}},
		{"scores", "evidence twice", met + ",,,,," + hash + ";" + strings.ToUpper(hash) + "\n", [][2]string{{"!K2（evidence）", "stands twice"}}},
		{"scores", "51 pieces of evidence", met + ",,,,,\"" + hashesOf(51) + "\"\n", [][2]string{{"!K2（evidence）", "more than 50"}}},
	} {
		t.Run(test.kind+"/"+test.name, func(t *testing.T) {
			kind := kinds[test.kind]
			for i := range test.want {
				test.want[i][0] = "上传.xlsx" + test.want[i][0]
			}
			wantFaults(t, faultsOf(t, kind.read, []byte(kind.header+test.rows)), test.want...)
		})
	}
}

func hashesOf(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%064x", i)
	}
	return strings.Join(out, "\n")
}

// What people write, in both languages.
func TestRowsRead(t *testing.T) {
	accounts, err := sheets.Accounts().Read("a.csv", []byte(accountHeader+
		"zhang.wei,张伟,z@example.org,+86 21 1234-5678,复核员、assessor;Organizer,\n"+
		"lina,李娜,,,区级部门；受理中心,310101013；310101；310101015\n"))
	must(t, err)
	wantAccounts := []sheets.AccountRow{
		{Line: 2, Login: "zhang.wei", Name: "张伟", Mail: "z@example.org", Phone: "+86 21 1234-5678", Grants: []rights.Grant{{Role: rights.Assessor}, {Role: rights.Reviewer}, {Role: rights.Organizer}}},
		{Line: 3, Login: "lina", Name: "李娜", Grants: []rights.Grant{{Role: rights.Center, Subject: "310101013"}, {Role: rights.Center, Subject: "310101015"}, {Role: rights.District, Subject: "310101"}}},
	}
	if diff := cmp.Diff(wantAccounts, accounts.Rows); diff != "" {
		t.Error(diff)
	}
	assignments, err := sheets.Assignments().Read("a.csv", []byte(assignmentHeader+"310101013,,zhang,\n310101,全区,zhang,是\n310101,subject,zhang,YES\n"))
	must(t, err)
	wantAssignments := []sheets.AssignmentRow{
		{Line: 2, Subject: "310101013", Login: "zhang"}, {Line: 3, Subject: "310101", All: true, Login: "zhang", Lead: true}, {Line: 4, Subject: "310101", Login: "zhang", Lead: true},
	}
	if diff := cmp.Diff(wantAssignments, assignments.Rows); diff != "" {
		t.Error(diff)
	}
	scores, err := sheets.Scores(standard(t)).Read("s.csv", []byte(scoreHeader+
		"310101013,2.1.1,扣分,0.5,实地检查,2022/6/1 9:30,\"少一个窗口\n见照片\",,综合窗口数量 = ７； 窗口总数=10;现金、回复、机动窗口＝1,,\n"+
		"310101013,5.1.3,LOST,１,Mystery Visit,2022年6月1日,x,7、1 ；3,,,\n"+
		"310101013,1.1.1,,,,,,,,,\n"+ // comes with the template
		"310101013,3.2.2,Not applicable,0,系统数据,2022-06-01T09:30:15+09:00,疫情,,,,"+strings.ToUpper(hashesOf(1))+"\n"))
	must(t, err)
	got := make([]string, len(scores.Rows))
	for i, r := range scores.Rows {
		got[i] = fmt.Sprintf("%d %s %s %s %s %s %s %q %v %v %d", r.Line, r.Subject, r.Clause, r.Outcome, r.Points, r.Method, r.ObservedAt.Format("01-02 15:04:05"), r.Reason, r.Unmet, r.Counts, len(r.Evidence))
	}
	want := []string{
		`2 310101013 2.1.1 lost 0.50 siteVisit 06-01 01:30:00 "少一个窗口\n见照片" [] map[comprehensive:7 excluded:1 total:10] 0`,
		`3 310101013 5.1.3 lost 1.00 mysteryVisit 05-31 16:00:00 "x" [1 3 7] map[] 0`,
		`5 310101013 3.2.2 notApplicable 0.00 systemData 06-01 00:30:15 "疫情" [] map[] 1`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	later := scores.Fault(5, "outcome", "不适用", "已有记录。", "Recorded already.")
	if got := later.Error(); got != "s.csv!C5（outcome）“不适用”：已有记录。 Recorded already." {
		t.Errorf("a later fault is %s", got)
	}
}

func TestManyFaults(t *testing.T) {
	var file strings.Builder
	file.WriteString(rosterHeader)
	for range 1000 {
		file.WriteString("x,外滩街道,310101,黄浦区\n")
	}
	faults := faultsOf(t, read(sheets.Roster()), []byte(file.String()))
	if len(faults) != 201 || faults[199].Row != 201 {
		t.Fatalf("%d faults, the last of row %d", len(faults), faults[len(faults)-2].Row)
	}
	wantFaults(t, faults[200:], [2]string{"上传.xlsx：另有 800 处错误未列出", "800 more"})
	if lines := strings.Count(faults.Error(), "\n") + 1; lines != 201 {
		t.Errorf("%d lines", lines)
	}
}

func TestManyRows(t *testing.T) {
	rows := make([]registry.Row, sheets.MaxRows)
	for i := range rows {
		rows[i] = registry.Row{Code: fmt.Sprintf("%09d", i), DistrictCode: "310101", DistrictName: "黄浦区", Area: "外滩街道"}
	}
	table := sheets.Roster()
	for name, write := range map[string]func([]registry.Row) ([]byte, error){"csv": table.WriteCSV, "xlsx": table.WriteXLSX} {
		t.Run(name, func(t *testing.T) {
			file, err := write(rows)
			must(t, err)
			if n, err := read(table)(file); err != nil || n != sheets.MaxRows {
				t.Errorf("%d rows, %v", n, err)
			}
		})
	}
	if _, err := table.WriteXLSX(append(rows, rows[0])); err == nil || !strings.Contains(err.Error(), "20001 rows, a file takes at most 20000") {
		t.Errorf("one more row: %v", err)
	}
	var file strings.Builder
	file.WriteString(rosterHeader)
	for i := range sheets.MaxRows + 5 {
		fmt.Fprintf(&file, "%09d,外滩街道,310101,黄浦区\n", i)
	}
	wantFaults(t, faultsOf(t, read(table), []byte(file.String())), [2]string{"上传.xlsx 第 20002 行：超过 20000 行", "more than 20000 rows"})
}

// Nothing that an export holds is cut off unnoticed.
func TestWriteRefuses(t *testing.T) {
	rows := []sheets.AccountRow{{Login: "zhang", Name: strings.Repeat("长", 40_000), Grants: []rights.Grant{{Role: rights.Assessor}}}}
	for name, write := range map[string]func([]sheets.AccountRow) ([]byte, error){"csv": sheets.Accounts().WriteCSV, "xlsx": sheets.Accounts().WriteXLSX} {
		if _, err := write(rows); err == nil || !strings.Contains(err.Error(), "row 1: name has 40000 characters") {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := make([]sheets.Subject, 500)
	for i := range many {
		many[i] = sheets.Subject{Code: fmt.Sprintf("%09d", i), Kind: domain.Center}
	}
	if _, err := sheets.ScoreTemplate(standard(t), many); err == nil || !strings.Contains(err.Error(), "a file takes at most 20000") {
		t.Errorf("500 centers: %v", err)
	}
}
