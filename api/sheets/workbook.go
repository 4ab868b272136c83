package sheets

import (
	"errors"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"mingjian/domain"
)

// styles of a workbook. text keeps codes from becoming numbers, and forced
// says that a value is text whatever it begins with, as an apostrophe typed in
// front of it does.
type styles struct{ head, text, forced int }

// textFormat is Excel's number format "@".
const textFormat = 49

// workbook makes a workbook of lines under the columns' headers.
func (t *Table[R]) workbook(columns []*column[R], lines [][]string) (out []byte, err error) {
	if len(lines) > MaxRows {
		return nil, fmt.Errorf("%d rows, a file takes at most %d: %w", len(lines), MaxRows, domain.ErrInvalid)
	}
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	if err := book.SetSheetName(book.GetSheetName(0), t.sheet); err != nil {
		return nil, err
	}
	if _, err := book.NewSheet(notes); err != nil {
		return nil, err
	}
	style, err := newStyles(book)
	if err != nil {
		return nil, err
	}
	// The lists go first: the rows are streamed, and end the sheet.
	for i, c := range columns {
		if err := c.offer(book, t.sheet, i); err != nil {
			return nil, err
		}
	}
	width := make([]float64, len(columns))
	for i, c := range columns {
		width[i] = c.width
	}
	if err := fill(book, t.sheet, style, width, append([][]string{titles(columns)}, lines...)); err != nil {
		return nil, err
	}
	if err := fill(book, notes, style, []float64{26, 10, 40, 30, 60, 60}, explain(columns)); err != nil {
		return nil, err
	}
	buffer, err := book.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

func newStyles(book *excelize.File) (s styles, err error) {
	head := &excelize.Style{
		NumFmt: textFormat, Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"},
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EEF4"}},
	}
	text := &excelize.Style{NumFmt: textFormat, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}}
	if s.head, err = book.NewStyle(head); err != nil {
		return s, err
	}
	if s.text, err = book.NewStyle(text); err != nil {
		return s, err
	}
	// Equal styles are shared, so this one differs before it gets its mark; to
	// be locked is what cells are anyway.
	text.Protection = &excelize.Protection{Locked: true}
	if s.forced, err = book.NewStyle(text); err != nil {
		return s, err
	}
	forced := true
	book.Styles.CellXfs.Xf[s.forced].QuotePrefix = &forced
	return s, nil
}

// fill writes a sheet's lines, the first as its header. Every cell is text.
func fill(book *excelize.File, sheet string, style styles, width []float64, lines [][]string) error {
	stream, err := book.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	for i, w := range width {
		if err := stream.SetColStyle(i+1, i+1, style.text); err != nil {
			return err
		}
		if err := stream.SetColWidth(i+1, i+1, w); err != nil {
			return err
		}
	}
	if err := stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	for i, line := range lines {
		cells := make([]any, len(line))
		for j, value := range line {
			switch {
			case i == 0:
				cells[j] = excelize.Cell{StyleID: style.head, Value: value}
			case value == "":
				cells[j] = nil
			case risky(value):
				cells[j] = excelize.Cell{StyleID: style.forced, Value: doubled(value)}
			default:
				cells[j] = excelize.Cell{StyleID: style.text, Value: value}
			}
		}
		if err := stream.SetRow(fmt.Sprintf("A%d", i+1), cells); err != nil {
			return err
		}
	}
	return stream.Flush()
}

// doubled keeps the apostrophe of a value that begins with one, which reading
// would take off.
func doubled(value string) string {
	if strings.HasPrefix(value, "'") {
		return "'" + value
	}
	return value
}

// offer adds the list of allowed values to a column. Other values get a
// warning only: the English names, which reading takes too, are not listed.
func (c *column[R]) offer(book *excelize.File, sheet string, i int) error {
	if c.choices == nil || c.several {
		return nil
	}
	list := excelize.NewDataValidation(true)
	list.SetSqref(fmt.Sprintf("%[1]s2:%[1]s%[2]d", letter(i), MaxRows+1))
	names := make([]string, len(c.choices))
	for i, choice := range c.choices {
		names[i] = choice.zh
	}
	if err := list.SetDropList(names); err != nil {
		return err
	}
	list.SetError(excelize.DataValidationErrorStyleWarning, c.zh, "可填值为："+c.choices.list("、"))
	return book.AddDataValidation(sheet, list)
}

// explain is the sheet that says what goes into each column.
func explain[R any](columns []*column[R]) [][]string {
	lines := [][]string{{"列 / Column", "必填 / Required", "可填值 / Values", "示例 / Example", "说明", "Note"}}
	for _, c := range columns {
		values := make([]string, len(c.choices))
		for i, choice := range c.choices {
			values[i] = choice.zh + " " + choice.en
		}
		lines = append(lines, []string{c.zh + " / " + c.en, yes(c.required), strings.Join(values, "\n"), c.example, c.noteZh, c.noteEn})
	}
	return append(lines, []string{
		"全表 / All", "", "", "", fmt.Sprintf("表头可用中文或英文，次序不限；空行不读取；最多 %d 行。请填写数值，不要用公式、合并单元格和隐藏的行列。", MaxRows),
		fmt.Sprintf("Headers may be Chinese or English, in any order; empty rows are skipped; at most %d rows. Enter values, no formulas; merge no cells and hide no rows or columns.", MaxRows),
	})
}
