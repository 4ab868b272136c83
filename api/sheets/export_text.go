package sheets

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
)

// exportBuffer is what CSV and NDJSON gather before they write.
const exportBuffer = 32 << 10

// writeCSV writes UTF-8 that a spreadsheet runs no formula of.
func (e *Export[R]) writeCSV(w io.Writer, rows iter.Seq2[R, error]) error {
	out := bufio.NewWriterSize(w, exportBuffer)
	if _, err := out.Write(utf8Mark); err != nil {
		return err
	}
	writer := csv.NewWriter(out)
	columns := e.cells()
	line := make([]string, len(columns))
	if e.Notice != "" { // as wide as the rows, for readers that insist on it
		line[0] = quoted(e.Notice)
		if err := writer.Write(line); err != nil {
			return err
		}
	}
	for i, c := range columns {
		line[i] = quoted(c.Title)
	}
	if err := writer.Write(line); err != nil {
		return err
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		for i, c := range columns {
			line[i] = textOf(c.of(row))
		}
		if err := writer.Write(line); err != nil {
			return err
		}
	}
	writer.Flush()
	if err := writer.Error(); err != nil {
		return err
	}
	return out.Flush()
}

// writeNDJSON writes an object a line, with every key in each: null stands where
// there is nothing.
func (e *Export[R]) writeNDJSON(w io.Writer, rows iter.Seq2[R, error]) error {
	out := bufio.NewWriterSize(w, exportBuffer)
	if e.Notice != "" {
		text, err := json.Marshal(map[string]string{"notice": e.Notice})
		if err != nil {
			return err
		}
		if _, err := out.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	var line []byte
	for row, err := range rows {
		if err != nil {
			return err
		}
		line = line[:0]
		for i := range e.Columns {
			c := &e.Columns[i]
			text, err := json.Marshal(jsonOf(c.of(row)))
			if err != nil {
				return fmt.Errorf("%s: %w", c.Key, err)
			}
			line = append(line, "{,"[min(i, 1)], '"')
			line = append(line, c.Key...)
			line = append(append(line, '"', ':'), text...)
		}
		if _, err := out.Write(append(line, '}', '\n')); err != nil {
			return err
		}
	}
	return out.Flush()
}
