package sheets

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mingjian/domain"
)

// Fault is one thing wrong with a file, at its place as people see it.
type Fault struct {
	// Sheet is the sheet's name, for CSV the file's.
	Sheet string
	// Row counts from 1, the header included; 0 for the sheet as a whole.
	Row int
	// Column is its letter and Header what stands over it; "" for a whole row.
	Column, Header string
	// Value is the bad value, cut to 40 characters, controls made visible.
	Value string
	// Zh and En say what is wrong and what to do.
	Zh, En string
}

// Error reads "名册!B3（代码）“31”：须为 9 位数字。 It must be 9 digits."
func (f Fault) Error() string {
	var out strings.Builder
	out.WriteString(f.Sheet)
	switch {
	case f.Column != "" && f.Row > 0:
		fmt.Fprintf(&out, "!%s%d", f.Column, f.Row)
	case f.Column != "":
		fmt.Fprintf(&out, " %s 列", f.Column)
	case f.Row > 0:
		fmt.Fprintf(&out, " 第 %d 行", f.Row)
	}
	if f.Header != "" {
		fmt.Fprintf(&out, "（%s）", f.Header)
	}
	if f.Value != "" {
		fmt.Fprintf(&out, "“%s”", f.Value)
	}
	fmt.Fprintf(&out, "：%s %s", f.Zh, f.En)
	return out.String()
}

// Faults is all that is wrong with a file. The first 200 are listed, in the
// order of rows; a last one, without a place, says how many more there are.
type Faults []Fault

// Error lists the faults, one a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap makes every list of faults invalid input.
func (f Faults) Unwrap() error { return domain.ErrInvalid }

// message says in both languages what is wrong; nil is nothing.
type message struct{ zh, en string }

// says makes a message of two formats that take the same arguments in the same
// order, the Chinese first.
func says(zh, en string, args ...any) *message {
	if len(args) == 0 {
		return &message{zh, en}
	}
	return &message{fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...)}
}

// whole is a fault of the file or sheet as a whole.
func whole(sheet string, m *message) Faults {
	return Faults{{Sheet: cut(sheet), Zh: m.zh, En: m.en}}
}

// collector gathers the faults of a file and counts those over the limit.
type collector struct {
	faults Faults
	total  int
}

func (c *collector) add(f Fault) {
	c.total++
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, f)
	}
}

// err is nil where nothing was wrong.
func (c *collector) err() error {
	if c.total == 0 {
		return nil
	}
	slices.SortStableFunc(c.faults, func(a, b Fault) int { return cmp.Compare(a.Row, b.Row) })
	if more := c.total - len(c.faults); more > 0 {
		m := says("另有 %d 处错误未列出，请先改正以上各处。", "%d more faults are not listed: correct these first.", more)
		return append(c.faults, Fault{Sheet: c.faults[0].Sheet, Zh: m.zh, En: m.en})
	}
	return c.faults
}

// cut shortens a value for a message and makes its controls visible.
func cut(value string) string {
	const most = 40
	// Four bytes a character at most; the rest need not be looked at.
	short := strings.ToValidUTF8(value[:min(len(value), 4*(most+1))], "")
	short = strings.Map(func(r rune) rune {
		switch {
		case r < 0x20:
			return '␀' + r
		case !unicode.IsGraphic(r):
			return '\uFFFD'
		}
		return r
	}, short)
	if utf8.RuneCountInString(short) <= most {
		return short
	}
	return string([]rune(short)[:most]) + "…"
}
