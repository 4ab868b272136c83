package sheets

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// clean takes off what stands around a value: blanks, and the apostrophe that
// quoted put there.
func clean(text string) string {
	text = trim(strings.ReplaceAll(text, "\r\n", "\n"))
	return trim(unquote(text))
}

// trim removes blanks, also those that cannot be seen: the byte order mark and
// the zero-width blank.
func trim(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' })
}

// formulaStart lists what makes a spreadsheet take a cell for a formula; the
// full-width signs do so in Chinese and Japanese locales.
const formulaStart = "=+-@\t\r\n＝＋－＠"

// risky reports whether a spreadsheet could take a value for a formula, also
// after apostrophes and blanks in front were taken off.
func risky(value string) bool {
	for _, r := range value {
		if r == '\'' || r == ' ' || r == '\u00a0' || r == '\u3000' {
			continue
		}
		return strings.ContainsRune(formulaStart, r)
	}
	return false
}

// quoted puts an apostrophe before a value that a spreadsheet could run.
func quoted(value string) string {
	if risky(value) {
		return "'" + value
	}
	return value
}

// unquote takes off what quoted put there, and no other apostrophe.
func unquote(text string) string {
	if rest, ok := strings.CutPrefix(text, "'"); ok && risky(rest) {
		return rest
	}
	return text
}

// legible refuses characters that nobody typed on purpose.
func legible(text string, lines bool) *message {
	for _, r := range text {
		switch {
		case r == '\n' && !lines:
			return says("该格不能换行，请写在一行内。", "This cell cannot have several lines: write it on one.")
		case (r == '\n' || r == '\t') && lines:
		case unicode.IsControl(r):
			return says("含有控制字符 %U，请删去后重新输入。", "It holds the control character %U: delete it and type the value again.", r)
		case r == unicode.ReplacementChar, r == '\ufffe', r == '\uffff':
			return says("含有无法辨认的字符 %U，请重新输入。", "It holds an unreadable character, %U: type the value again.", r)
		}
	}
	return nil
}

// fold makes letters, digits and signs narrow, as input methods may leave them
// wide: ３１０１ is 3101, and ； is ;.
func fold(text string) string { return width.Fold.String(text) }

// list splits values separated by ; ； 、 or line ends.
func list(text string) []string {
	return split(text, func(r rune) bool { return r == ';' || r == '；' || r == '、' || r == '\n' })
}

// split leaves out empty pieces.
func split(text string, at func(rune) bool) []string {
	var out []string
	for _, part := range strings.FieldsFunc(text, at) {
		if part = trim(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// choice is one of a column's allowed values; value is how the code calls it.
type choice struct {
	value  string
	zh, en string
}

type choices []choice

// find takes a Chinese or English name, or the code's own.
func (cs choices) find(text string) (string, *message) {
	text = plain(text)
	for _, c := range cs {
		if text == plain(c.zh) || text == plain(c.en) || text == plain(c.value) {
			return c.value, nil
		}
	}
	return "", says("可填值为：%[1]s。", "Allowed are %[2]s.", cs.list("、"), cs.english())
}

func (cs choices) zh(value string) string {
	for _, c := range cs {
		if c.value == value {
			return c.zh
		}
	}
	return value
}

func (cs choices) list(separator string) string {
	names := make([]string, len(cs))
	for i, c := range cs {
		names[i] = c.zh
	}
	return strings.Join(names, separator)
}

func (cs choices) english() string {
	names := make([]string, len(cs))
	for i, c := range cs {
		names[i] = c.en
	}
	return strings.Join(names, ", ")
}

// yesNo are the values of a flag.
var yesNo = choices{{"yes", "是", "yes"}, {"no", "否", "no"}}

func flag(text string) (bool, *message) {
	switch plain(text) {
	case "true", "1", "y": // a workbook's own, and habits
		return true, nil
	case "false", "0", "n":
		return false, nil
	}
	value, m := yesNo.find(text)
	return value == "yes", m
}

func yes(b bool) string {
	if b {
		return "是"
	}
	return "否"
}

const (
	centerDigits   = 9
	districtDigits = 6
)

// code reads a code of so many digits.
func code(text string, digits int) (string, *message) {
	if code := fold(text); isDigits(code) && len(code) == digits {
		return code, nil
	}
	return "", says("须为 %d 位数字。", "It must be %d digits.", digits)
}

// subject reads the code of a center or a district.
func subject(text string) (string, *message) {
	code := fold(text)
	if isDigits(code) && (len(code) == centerDigits || len(code) == districtDigits) {
		return code, nil
	}
	return "", says("须为受理中心代码（%d 位数字）或区代码（%d 位数字）。", "It must be the code of a center (%d digits) or of a district (%d digits).", centerDigits, districtDigits)
}

func isDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }

// login reads the name that somebody signs in with.
func login(text string) (string, *message) {
	name := fold(text)
	n := len([]rune(name))
	if n < 3 || n > maxName || strings.ContainsFunc(name, unicode.IsSpace) {
		return "", says("登录名须为 3 至 %d 个字符，不含空格。", "A login name has 3 to %d characters and no blanks.", maxName)
	}
	return name, nil
}

// decimal writes a number of a workbook as people see it, with Excel's 15
// digits: 2.3 is stored as 2.2999999999999998, and a pasted 0.1+0.2 as
// 0.30000000000000004.
func decimal(text string) string {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	shown, err := strconv.ParseFloat(fmt.Sprintf("%.15g", value), 64)
	if err != nil {
		return text
	}
	out := strconv.FormatFloat(shown, 'f', -1, 64)
	if len(out) > 40 { // nothing that people typed; and 1E300 has 301 digits
		return text
	}
	return out
}
