package sheets

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"unicode/utf16"

	"mingjian/domain"
)

// WriteCSV writes rows as CSV in UTF-8 that a spreadsheet runs no formula of.
// Reading it gives the rows back, but for blanks around values.
func (t *Table[R]) WriteCSV(rows []R) ([]byte, error) {
	out := bytes.NewBuffer(bytes.Clone(utf8Mark))
	writer := csv.NewWriter(out)
	columns := t.written(false)
	if err := writer.Write(titles(columns)); err != nil {
		return nil, err
	}
	for i := range rows {
		cells, err := cellsOf(columns, &rows[i])
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		for i := range cells {
			cells[i] = quoted(cells[i])
		}
		if err := writer.Write(cells); err != nil {
			return nil, err
		}
	}
	writer.Flush()
	return out.Bytes(), writer.Error()
}

// WriteXLSX writes rows as a workbook, laid out like the template: text in
// every cell, never a formula. Reading it gives the rows back, but for blanks
// around values.
func (t *Table[R]) WriteXLSX(rows []R) ([]byte, error) {
	columns := t.written(false)
	lines := make([][]string, len(rows))
	for i := range rows {
		cells, err := cellsOf(columns, &rows[i])
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		lines[i] = cells
	}
	return t.workbook(columns, lines)
}

// Template is an empty workbook to fill in, with lists to choose from and a
// sheet that explains the columns.
func (t *Table[R]) Template() ([]byte, error) { return t.workbook(t.written(false), nil) }

// Subject is a center or district to make a score sheet for.
type Subject struct {
	Code, Name string
	Kind       domain.SubjectKind
}

// ScoreTemplate is a workbook with a row for each clause that judges each of
// the subjects, and the clause's text beside it. Clauses that are awarded by
// honors alone are left out.
func ScoreTemplate(std *domain.Standard, subjects []Subject) ([]byte, error) {
	t := Scores(std)
	columns := t.written(true)
	var lines [][]string
	for _, subject := range subjects {
		for _, clause := range std.Clauses() {
			indicator := clause.Indicator()
			if indicator.Subject != subject.Kind || indicator.Honors {
				continue
			}
			known := map[string]string{
				"subject": subject.Code, "clause": clause.Code, "subjectName": subject.Name, "clauseText": clauseText(clause),
			}
			cells := make([]string, len(columns))
			for i, c := range columns {
				cells[i] = known[c.key]
			}
			lines = append(lines, cells)
		}
	}
	return t.workbook(columns, lines)
}

// clauseText is what an assessor needs to know of a clause to fill in a row.
func clauseText(clause *domain.Clause) string {
	out := clause.Name + "：" + clause.Text
	if clause.NotApplicable != "" {
		out += "\n可不适用：" + clause.NotApplicable
	}
	for i, item := range clause.Checklist {
		if i == 0 {
			out += "\n检查项："
		}
		out += fmt.Sprintf("\n%d. %s", i+1, item)
	}
	if len(clause.Measures) > 0 {
		out += "\n计数项：" + quantities(clause)
	}
	return out
}

// written lists the columns of a file; those for people only if asked for.
func (t *Table[R]) written(information bool) []*column[R] {
	var out []*column[R]
	for i := range t.columns {
		if c := &t.columns[i]; c.read != nil || information {
			out = append(out, c)
		}
	}
	return out
}

func titles[R any](columns []*column[R]) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.title()
	}
	return out
}

// cellsOf writes a row's cells. What Excel would cut off is an error instead.
func cellsOf[R any](columns []*column[R], r *R) ([]string, error) {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.write(r)
		if n := len(utf16.Encode([]rune(out[i]))); n >= maxCellUnits {
			return nil, fmt.Errorf("%s has %d characters, a cell takes fewer than %d: %w", c.key, n, maxCellUnits, domain.ErrInvalid)
		}
	}
	return out, nil
}
