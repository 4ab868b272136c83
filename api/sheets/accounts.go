package sheets

import (
	"net/mail"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"mingjian/domain/rights"
)

// AccountRow is a person to open an account for.
type AccountRow struct {
	Line                     int
	Login, Name, Mail, Phone string
	// Grants are in the order of rights.Roles.
	Grants []rights.Grant
}

var roles = choices{
	{string(rights.Assessor), "评估员", "assessor"},
	{string(rights.Reviewer), "复核员", "reviewer"},
	{string(rights.Center), "受理中心", "center"},
	{string(rights.District), "区级部门", "district"},
	{string(rights.Organizer), "市级组织者", "organizer"},
	{string(rights.Auditor), "审计员", "auditor"},
}

// Accounts is the table of people and their roles.
func Accounts() *Table[AccountRow] {
	return &Table[AccountRow]{
		sheet: "账号",
		line:  func(r *AccountRow) *int { return &r.Line },
		key:   func(r *AccountRow) string { return sameLogin(r.Login) }, keyColumns: []string{"login"},
		check: func() func(*AccountRow, inspection) { return checkGrants },
		columns: []column[AccountRow]{
			{
				key: "login", zh: "登录名", en: "Login", required: true, width: 24, example: "zhang.wei",
				noteZh: "3 至 100 个字符，不含空格，大小写不区分，不能重复。", noteEn: "3 to 100 characters without blanks, whatever their case; each once.",
				read:  func(r *AccountRow, c cell) (m *message) { r.Login, m = login(c.text); return m },
				write: func(r *AccountRow) string { return r.Login },
			},
			{
				key: "name", zh: "姓名", en: "Person", required: true, limit: maxName, width: 16, example: "张伟",
				noteZh: "加密保存，不公开。", noteEn: "Kept encrypted, never public.",
				read:  func(r *AccountRow, c cell) *message { r.Name = c.text; return nil },
				write: func(r *AccountRow) string { return r.Name },
			},
			{
				key: "mail", zh: "电子邮箱", en: "Mail", limit: maxMail, width: 28, example: "zhang.wei@example.org",
				noteZh: "可留空。", noteEn: "May be empty.",
				read:  func(r *AccountRow, c cell) (m *message) { r.Mail, m = address(c.text); return m },
				write: func(r *AccountRow) string { return r.Mail },
			},
			{
				key: "phone", zh: "电话", en: "Phone", width: 18, example: "021-12345678",
				noteZh: "可留空；数字、空格和 + - ( )。", noteEn: "May be empty; digits, blanks and + - ( ).",
				read:  func(r *AccountRow, c cell) (m *message) { r.Phone, m = phone(c.text); return m },
				write: func(r *AccountRow) string { return r.Phone },
			},
			{
				key: "roles", zh: "角色", en: "Roles", required: true, choices: roles, several: true, width: 24, example: "评估员；复核员",
				noteZh: "一个或几个，以分号或顿号分隔。", noteEn: "One or more, separated by semicolons.",
				read:  func(r *AccountRow, c cell) (m *message) { r.Grants, m = readRoles(c.text); return m },
				write: func(r *AccountRow) string { return writeRoles(r.Grants) },
			},
			{
				key: "subject", zh: "所属对象代码", en: "Subject", limit: maxReason, width: 20, example: "310101013",
				noteZh: "角色含受理中心时填 9 位中心代码，含区级部门时填 6 位区代码，几个以分号分隔；其他角色留空。",
				noteEn: "Nine digits for the role center, six for district, several separated by semicolons; empty for other roles.",
				read:   func(r *AccountRow, c cell) (m *message) { r.Grants, m = bind(r.Grants, c.text); return m },
				write:  func(r *AccountRow) string { return writeSubjects(r.Grants) },
			},
		},
	}
}

// sameLogin makes logins comparable; signing in does not tell cases apart.
func sameLogin(login string) string { return strings.ToLower(norm.NFKC.String(login)) }

func address(text string) (string, *message) {
	folded := fold(text)
	parsed, err := mail.ParseAddress(folded)
	if err != nil || parsed.Address != folded {
		return "", says("不是电子邮箱地址，例如 zhang.wei@example.org。", "It is no mail address, such as zhang.wei@example.org.")
	}
	return folded, nil
}

func phone(text string) (string, *message) {
	number := fold(text)
	digits := len(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, number))
	if digits < 3 || len(number) > maxPhone || strings.Trim(number, "0123456789+-() ") != "" {
		return "", says("须为 3 位以上的电话号码，最多 %d 个字符，只含数字、空格和 + - ( )。", "It must be a phone number of 3 digits or more, at most %d characters: digits, blanks and + - ( ).", maxPhone)
	}
	return number, nil
}

// readRoles makes a grant of each role, still without a subject.
func readRoles(text string) ([]rights.Grant, *message) {
	held := make(map[rights.Role]bool)
	for _, name := range list(text) {
		value, m := roles.find(name)
		if m != nil {
			return nil, m
		}
		if held[rights.Role(value)] {
			return nil, says("“%[1]s”写了两遍。", "%[2]s stands twice.", roles.zh(value), value)
		}
		held[rights.Role(value)] = true
	}
	var out []rights.Grant
	for _, role := range rights.Roles {
		if held[role] {
			out = append(out, rights.Grant{Role: role})
		}
	}
	if out == nil { // nothing but separators
		return nil, missing()
	}
	return out, nil
}

// digits is the length of the codes that a role is held for; 0 for those that
// are held for the whole evaluation.
func digits(role rights.Role) int {
	switch role {
	case rights.Center:
		return centerDigits
	case rights.District:
		return districtDigits
	}
	return 0
}

// bind gives the roles their subjects, by the length of the codes.
func bind(unbound []rights.Grant, text string) ([]rights.Grant, *message) {
	var codes []string
	for _, each := range list(text) {
		code, m := subject(each)
		switch {
		case m != nil:
			return unbound, m
		case slices.Contains(codes, code):
			return unbound, says("%s 写了两遍。", "%s stands twice.", code)
		}
		codes = append(codes, code)
	}
	if unbound == nil {
		return nil, nil // the roles are at fault already
	}
	var out []rights.Grant
	for _, g := range unbound {
		before := len(codes)
		codes = slices.DeleteFunc(codes, func(code string) bool {
			if len(code) != digits(g.Role) {
				return false
			}
			out = append(out, rights.Grant{Role: g.Role, Subject: code})
			return true
		})
		if len(codes) == before {
			out = append(out, g)
		}
	}
	if len(codes) > 0 {
		return unbound, says("没有与 %s 相应的角色：9 位代码用于受理中心，6 位用于区级部门，其他角色留空。", "No role goes with %s: nine digits go with center, six with district, none with others.", codes[0])
	}
	return out, nil
}

// checkGrants finds roles that were left without the subject that they need.
func checkGrants(r *AccountRow, look inspection) {
	for _, g := range r.Grants {
		if err := g.Validate(); err != nil {
			look.fault("subject", says("角色“%[1]s”须填 %[3]d 位的所属对象代码。", "The role %[2]s needs the code of its subject, %[3]d digits.", roles.zh(string(g.Role)), g.Role, digits(g.Role)))
			return
		}
	}
}

func writeRoles(grants []rights.Grant) string {
	var out []string
	for _, g := range grants {
		if name := roles.zh(string(g.Role)); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, "；")
}

func writeSubjects(grants []rights.Grant) string {
	var out []string
	for _, g := range grants {
		if g.Subject != "" {
			out = append(out, g.Subject)
		}
	}
	return strings.Join(out, "；")
}
