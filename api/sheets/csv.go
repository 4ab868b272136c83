package sheets

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// utf8Mark makes Excel read a CSV file as UTF-8.
var utf8Mark = []byte("\xef\xbb\xbf")

// loadCSV reads text in UTF-8 or GB18030, with cells separated by comma,
// semicolon or tab.
func loadCSV(sheet string, file []byte, faults *collector) (*grid, error) {
	text, m := decode(file)
	if m != nil {
		return nil, whole(sheet, m)
	}
	comma := delimiter(text)
	if line := crowded(text, comma); line > 0 {
		m := says("分隔符过多，不是表格数据，请检查该行。", "It has too many separators to be a row of a table: check it.")
		return nil, Faults{{Sheet: sheet, Row: line, Zh: m.zh, En: m.en}}
	}
	g := &grid{sheet: sheet}
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma = rune(comma)
	reader.FieldsPerRecord = -1 // the header says which cells matter
	inside := 0                 // line ends inside of cells so far: people see rows, not lines
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return g, nil
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			m := says("引号不成对：含引号、分隔符或换行的内容须整格加英文双引号，格内的引号写两遍。",
				"The quotes don't pair: a cell that holds a quote, separator or line end stands in double quotes as a whole, with the quotes in it doubled.")
			faults.add(Fault{Sheet: sheet, Row: broken.StartLine - inside, Zh: m.zh, En: m.en})
			inside += broken.Line - broken.StartLine
			continue
		}
		if err != nil {
			return nil, err // a reader of a string has no other errors
		}
		line, _ := reader.FieldPos(0)
		line -= inside
		cells := make([]cell, len(record))
		for i, value := range record {
			inside += strings.Count(value, "\n")
			cells[i].text = value
		}
		row, ok := newRow(line, cells)
		if !ok {
			continue
		}
		if len(row.cells) > maxColumns {
			m := tooWide()
			faults.add(Fault{Sheet: sheet, Row: line, Column: letter(len(row.cells) - 1), Zh: m.zh, En: m.en})
			row.cells = row.cells[:maxColumns]
		}
		if !g.add(row, faults) {
			return g, nil
		}
	}
}

func tooWide() *message {
	return says("右侧超出第 %d 列，请删去多余的列。", "Values stand to the right of column %d: delete the columns that don't belong.", maxColumns)
}

// decode makes text of a CSV file. Excel in China saves CSV as GB18030 unless
// told otherwise; Unicode's lone surrogates are in neither encoding.
func decode(file []byte) (string, *message) {
	if bytes.HasPrefix(file, []byte("\xff\xfe")) || bytes.HasPrefix(file, []byte("\xfe\xff")) {
		return "", says("文件是 UTF-16 编码，请另存为“CSV UTF-8”或 .xlsx。", `The file is in UTF-16: save it as "CSV UTF-8" or .xlsx.`)
	}
	rest, marked := bytes.CutPrefix(file, utf8Mark)
	firstLine, _, _ := bytes.Cut(rest, []byte("\n"))
	switch {
	case bytes.IndexByte(firstLine, 0) >= 0:
		return "", says("这不是文本，也不是 .xlsx 文件，请另存为“CSV UTF-8”或 .xlsx。", `This is neither text nor a .xlsx file: save it as "CSV UTF-8" or .xlsx.`)
	case utf8.Valid(rest):
		return string(rest), nil
	case marked || mostlyUTF8(rest):
		return "", says("文件的 UTF-8 编码在第 %d 行损坏，请重新另存为“CSV UTF-8”。", `The file's UTF-8 is damaged on line %d: save it again as "CSV UTF-8".`, badLine(rest))
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(rest)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return "", says("文件既不是 UTF-8 也不是 GB18030 编码，请另存为“CSV UTF-8”或 .xlsx。", `The file is neither in UTF-8 nor in GB18030: save it as "CSV UTF-8" or .xlsx.`)
	}
	return string(text), nil
}

// mostlyUTF8 tells damaged UTF-8 from GB18030, of which hardly any character
// happens to be one of UTF-8.
func mostlyUTF8(text []byte) bool {
	good, bad := 0, 0
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		text = text[n:]
	}
	return good > bad
}

// badLine is the line of the first byte that is not UTF-8.
func badLine(text []byte) int {
	line := 1
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			return line
		}
		if r == '\n' {
			line++
		}
		text = text[n:]
	}
	return line
}

// delimiter is what the first line with text in it is separated by: what it
// has the most of, outside of quotes.
func delimiter(text string) byte {
	counts := map[byte]int{}
	quoted := false
	for _, c := range []byte(strings.TrimLeft(text, "\r\n")) {
		if c == '\n' && !quoted {
			break
		}
		if c == '"' {
			quoted = !quoted
		}
		if !quoted {
			counts[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte{';', '\t'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// crowded is the first line with more separators than any table has, or 0: the
// reader would take much memory for each.
func crowded(text string, comma byte) int {
	line, count := 1, 0
	for i := range len(text) {
		switch text[i] {
		case '\n':
			line, count = line+1, 0
		case comma:
			if count++; count > maxDelimiters {
				return line
			}
		}
	}
	return 0
}
