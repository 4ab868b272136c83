package sheets

import "strings"

// AssignmentRow gives an assessor a subject to judge.
type AssignmentRow struct {
	Line int
	// Subject is the code of a center or of a district. All means every center
	// of the district, and not the district itself.
	Subject string
	All     bool
	Login   string
	Lead    bool
}

// The scopes of an assignment.
const (
	scopeSubject = "subject"
	scopeAll     = "all"
)

var scopes = choices{{scopeSubject, "本对象", "subject"}, {scopeAll, "全区", "all"}}

// Assignments is the table of who judges what.
func Assignments() *Table[AssignmentRow] {
	return &Table[AssignmentRow]{
		sheet: "分派",
		line:  func(r *AssignmentRow) *int { return &r.Line },
		key: func(r *AssignmentRow) string {
			return strings.Join([]string{r.Subject, writeScope(r), sameLogin(r.Login)}, "\x00")
		},
		keyColumns: []string{"subject", "login", "scope"},
		check: func() func(*AssignmentRow, inspection) {
			return func(r *AssignmentRow, look inspection) {
				if r.All && len(r.Subject) == centerDigits {
					look.fault("scope", says("“全区”须配 %d 位的区代码。", "All goes with the code of a district, %d digits.", districtDigits))
				}
			}
		},
		columns: []column[AssignmentRow]{
			{
				key: "subject", zh: "对象代码", en: "Subject", required: true, width: 16, example: "310101013",
				noteZh: "9 位受理中心代码或 6 位区代码。", noteEn: "The code of a center (nine digits) or of a district (six).",
				read:  func(r *AssignmentRow, c cell) (m *message) { r.Subject, m = subject(c.text); return m },
				write: func(r *AssignmentRow) string { return r.Subject },
			},
			{
				key: "scope", zh: "范围", en: "Scope", choices: scopes, width: 12, example: "本对象",
				noteZh: "“全区”指该区的所有受理中心，不含区本身；留空即“本对象”。", noteEn: "All is every center of the district, without the district itself; empty is the subject alone.",
				read: func(r *AssignmentRow, c cell) *message {
					scope, m := scopes.find(c.text)
					r.All = scope == scopeAll
					return m
				},
				write: writeScope,
			},
			{
				key: "login", zh: "登录名", en: "Login", required: true, width: 24, example: "zhang.wei",
				noteZh: "评估员的登录名。", noteEn: "The assessor's.",
				read:  func(r *AssignmentRow, c cell) (m *message) { r.Login, m = login(c.text); return m },
				write: func(r *AssignmentRow) string { return r.Login },
			},
			{
				key: "lead", zh: "组长", en: "Lead", choices: yesNo, width: 8, example: "否",
				noteZh: "留空即“否”。", noteEn: "Empty is no.",
				read:  func(r *AssignmentRow, c cell) (m *message) { r.Lead, m = flag(c.text); return m },
				write: func(r *AssignmentRow) string { return yes(r.Lead) },
			},
		},
	}
}

func writeScope(r *AssignmentRow) string {
	if r.All {
		return scopes.zh(scopeAll)
	}
	return scopes.zh(scopeSubject)
}
