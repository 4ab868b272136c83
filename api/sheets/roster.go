package sheets

import (
	"strings"

	"mingjian/domain"
	"mingjian/domain/registry"
)

// Roster is the table of centers with their districts.
func Roster() *Table[registry.Row] {
	office := registry.CenterName("", false)
	return &Table[registry.Row]{
		sheet: "名册",
		line:  func(r *registry.Row) *int { return &r.Line },
		key:   func(r *registry.Row) string { return r.Code }, keyColumns: []string{"code"},
		check: checkRoster,
		columns: []column[registry.Row]{
			{
				key: "code", zh: "受理中心代码", en: "Center code", required: true, width: 16, example: "310101013",
				noteZh: "9 位数字，每个受理中心一行。", noteEn: "Nine digits; one row a center.",
				read: func(r *registry.Row, c cell) (m *message) {
					r.Code, m = code(c.text, centerDigits)
					return m
				},
				write: func(r *registry.Row) string { return r.Code },
			},
			{
				key: "name", zh: "街道（镇、乡）", en: "Name", required: true, limit: maxName, width: 24, example: "外滩街道",
				noteZh: "所服务的街道、镇或乡，不写“" + office + "”。", noteEn: "The street or town that the center serves, without the office's own words.",
				read: func(r *registry.Row, c cell) *message {
					if area, ok := strings.CutSuffix(c.text, office); ok {
						return says("只写街道（镇、乡）名称“%[1]s”，“%[2]s”由系统添加。", "Write the street or town alone, %[1]s: the words %[2]s are added.", cut(area), office)
					}
					r.Area = c.text
					return nil
				},
				write: func(r *registry.Row) string { return r.Area },
			},
			{
				key: "districtCode", zh: "区代码", en: "District code", required: true, width: 12, example: "310101",
				noteZh: "6 位数字。", noteEn: "Six digits.",
				read: func(r *registry.Row, c cell) (m *message) {
					r.DistrictCode, m = code(c.text, districtDigits)
					return m
				},
				write: func(r *registry.Row) string { return r.DistrictCode },
			},
			{
				key: "district", zh: "区", en: "District", required: true, limit: maxName, width: 12, example: "黄浦区",
				noteZh: "同一区代码的区名须一致。", noteEn: "The same for each row of a district code.",
				read:  func(r *registry.Row, c cell) *message { r.DistrictName = c.text; return nil },
				write: func(r *registry.Row) string { return r.DistrictName },
			},
		},
	}
}

// checkRoster holds rows against each other, and against the registry's rules.
func checkRoster() func(*registry.Row, inspection) {
	type naming struct {
		name string
		line int
	}
	districts := make(map[string]naming)
	return func(r *registry.Row, look inspection) {
		if r.Code == "" || r.Area == "" || r.DistrictCode == "" || r.DistrictName == "" {
			return // at fault already
		}
		first, known := districts[r.DistrictCode]
		if known && first.name != r.DistrictName {
			look.fault("district", says("区代码 %s 在第 %d 行是“%s”，请改为一致。", "District %s is %[3]s on row %[2]d: write the same name.", r.DistrictCode, first.line, cut(first.name)))
			return
		}
		if !known {
			districts[r.DistrictCode] = naming{r.DistrictName, r.Line}
		}
		if _, err := registry.New().Register(domain.Stamp{}, []registry.Row{*r}, false); err != nil {
			look.fault("", says("登记规则不允许：%v。", "The registry refuses it: %v.", err))
		}
	}
}
