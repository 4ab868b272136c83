package sheets

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// notes names the sheet of a template that explains the columns.
const notes = "说明"

const sharedStrings = "xl/sharedStrings.xml"

// pack is a workbook whose parts were all read once and found sound.
type pack struct {
	parts map[string]*zip.File
	scans map[string]*scan // of the XML parts
}

// loadXLSX reads the first visible sheet that is not the explanation.
func loadXLSX(name string, file []byte, faults *collector) (*grid, error) {
	p, m := unpack(file)
	if m != nil {
		return nil, whole(name, m)
	}
	book, sheet, m := p.sheet()
	if m != nil {
		return nil, whole(name, m)
	}
	found := p.scans[sheet.part]
	if found.wide.line > 0 {
		m := tooWide()
		return nil, Faults{{Sheet: cut(sheet.Name), Row: found.wide.line, Column: letter(found.wide.column - 1), Zh: m.zh, En: m.en}}
	}
	g := &grid{sheet: sheet.Name, from1904: book.Properties.From1904}
	found.report(g.sheet, faults)
	switch err := g.fill(file, found, faults); {
	case errors.Is(err, errVolume):
		return nil, whole(name, says("文字总量超过 %d MiB，请分成几个文件。", "All texts together have more than %d MiB: split the file.", maxText>>20))
	case err != nil:
		return nil, whole(name, damaged(err))
	}
	return g, nil
}

func damaged(err error) *message {
	return says("文件已损坏或被改动（%v），请在 Excel 或 WPS 中打开后重新另存为 .xlsx。", "The file is damaged or was tampered with (%v): open it in Excel or WPS and save it again as .xlsx.", err)
}

func tooLarge() *message {
	return says("解压后超过 %d MiB 或部件过多，已拒绝。请只保留需要导入的表，另存为新文件。",
		"Unpacked it has more than %d MiB or too many parts, and is refused: save only the sheet to import, as a new file.", maxUnpacked>>20)
}

// unpack reads every part of a workbook to its end, so that sizes are what was
// read and not what the file claims, and walks those in XML.
func unpack(file []byte) (*pack, *message) {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, damaged(err)
	}
	if len(archive.File) > maxParts {
		return nil, tooLarge()
	}
	var claimed uint64
	for _, part := range archive.File {
		if claimed += part.UncompressedSize64; part.UncompressedSize64 > maxUnpacked || claimed > maxUnpacked {
			return nil, tooLarge()
		}
	}
	p := &pack{parts: make(map[string]*zip.File), scans: make(map[string]*scan)}
	known := make(map[string]bool)
	for _, part := range archive.File {
		name := strings.ReplaceAll(part.Name, "\\", "/")
		if strings.EqualFold(name, sharedStrings) {
			name = sharedStrings // as excelize does
		}
		if lower := strings.ToLower(name); known[lower] {
			return nil, damaged(fmt.Errorf("two parts named %.60q", name))
		} else {
			known[lower] = true
		}
		p.parts[name] = part
		found, err := readPart(part, name)
		switch {
		case errors.Is(err, errDoctype):
			return nil, says("文件含有 DOCTYPE 或自定义实体，已拒绝。请在 Excel 或 WPS 中重新另存为 .xlsx。", "The file holds a DOCTYPE or entities of its own and is refused: save it again as .xlsx in Excel or WPS.")
		case errors.Is(err, errElements):
			return nil, says("工作表的单元格过多（包括仅设了格式的空行），请删去数据以外的行和列，或把数据复制到新文件。", "There are too many cells, empty ones with a format included: delete the rows and columns beyond the data, or copy the data to a new file.")
		case errors.Is(err, errText):
			return nil, says("有单元格的文字过长（Excel 最多 %d 个字符）或转义字符过多，请缩短。", "A cell has too much text (Excel allows %d characters) or too many escaped characters: shorten it.", maxCellUnits)
		case err != nil:
			return nil, damaged(fmt.Errorf("%.60s: %w", name, err))
		}
		if found != nil {
			p.scans[name] = found
		}
	}
	return p, nil
}

func readPart(part *zip.File, name string) (found *scan, err error) {
	r, err := part.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if ext := strings.ToLower(path.Ext(name)); ext != ".xml" && ext != ".rels" {
		_, err := io.Copy(io.Discard, r)
		return nil, err
	}
	limit := maxSmallElements
	if name == sharedStrings || strings.HasPrefix(name, "xl/worksheets/") {
		limit = maxElements
	}
	return scanPart(r, limit)
}

// workbook is what a workbook says of its sheets.
type workbook struct {
	Properties struct {
		From1904 bool `xml:"date1904,attr"`
	} `xml:"workbookPr"`
	Sheets []sheetEntry `xml:"sheets>sheet"`
}

type sheetEntry struct {
	Name  string     `xml:"name,attr"`
	State string     `xml:"state,attr"`
	Attrs []xml.Attr `xml:",any,attr"`

	part string
}

// relations say which part of a file a name in another part stands for.
type relations struct {
	Each []struct {
		ID     string `xml:"Id,attr"`
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
	} `xml:"Relationship"`
}

// sheet finds the sheet to read.
func (p *pack) sheet() (*workbook, *sheetEntry, *message) {
	noBook := says("这不是 .xlsx 工作簿，请在 Excel 或 WPS 中另存为 .xlsx。", "This is no .xlsx workbook: save it as .xlsx in Excel or WPS.")
	var top, rels relations
	if err := p.decode("_rels/.rels", &top); err != nil {
		return nil, nil, noBook
	}
	at := ""
	for _, r := range top.Each {
		if strings.HasSuffix(r.Type, "/officeDocument") {
			at = resolve("", r.Target)
		}
	}
	var book workbook
	if err := p.decode(at, &book); err != nil {
		return nil, nil, noBook
	}
	if err := p.decode(path.Join(path.Dir(at), "_rels", path.Base(at)+".rels"), &rels); err != nil {
		return nil, nil, damaged(err)
	}
	names := make(map[string]bool)
	var first *sheetEntry
	for i := range book.Sheets {
		entry := &book.Sheets[i]
		// excelize finds sheets by name, whatever the case.
		if lower := strings.ToLower(entry.Name); names[lower] {
			return nil, nil, damaged(fmt.Errorf("two sheets named %.60q", entry.Name))
		} else {
			names[lower] = true
		}
		for _, r := range rels.Each {
			if r.ID == entry.relation() {
				entry.part = resolve(path.Dir(at), r.Target)
			}
		}
		found := p.scans[entry.part]
		visible := entry.State == "" || entry.State == "visible"
		if first == nil && visible && entry.Name != notes && found != nil && found.root == "worksheet" {
			first = entry
		}
	}
	if first == nil {
		return nil, nil, says("没有可见的数据工作表（“说明”和隐藏的工作表不读取）。", "There is no visible sheet with data: the explanation (说明) and hidden sheets are not read.")
	}
	if known := p.scans[sharedStrings]; p.scans[first.part].lastString >= 0 && (known == nil || p.scans[first.part].lastString >= known.strings) {
		return nil, nil, damaged(errors.New("a cell refers to a text that is not there"))
	}
	return &book, first, nil
}

func (e *sheetEntry) relation() string {
	for _, a := range e.Attrs {
		if a.Name.Local == "id" && a.Name.Space != "" {
			return a.Value
		}
	}
	return ""
}

// resolve makes a part's name of a target relative to a folder.
func resolve(folder, target string) string {
	target = strings.ReplaceAll(target, "\\", "/")
	if strings.HasPrefix(target, "/") {
		return strings.TrimPrefix(path.Clean(target), "/")
	}
	return path.Join(folder, target)
}

func (p *pack) decode(name string, into any) error {
	part, ok := p.parts[name]
	if !ok || p.scans[name] == nil {
		return fmt.Errorf("%.60s is missing", name)
	}
	r, err := part.Open()
	if err != nil {
		return err
	}
	return errors.Join(xml.NewDecoder(r).Decode(into), r.Close())
}

// report adds what the scan found that people have to put right.
func (s *scan) report(sheet string, faults *collector) {
	at := func(cells []spot, m *message) {
		for _, c := range cells {
			faults.add(Fault{Sheet: sheet, Row: c.line, Column: letter(max(1, c.column) - 1), Zh: m.zh, En: m.en})
		}
	}
	at(s.formulas, says("请填写数值，不要用公式：复制后“选择性粘贴”为“值”。", "Enter the value, not a formula: copy it and paste it as a value."))
	at(s.errors, says("单元格是错误值，请填写正确的数值。", "The cell holds an error: enter the value."))
	for _, merged := range s.merged {
		m := says("%.20s 是合并单元格，请取消合并并逐格填写。", "%.20s is merged: unmerge it and fill in each cell.", merged)
		f := Fault{Sheet: sheet, Zh: m.zh, En: m.en}
		first, _, _ := strings.Cut(merged, ":")
		if column, line, err := excelize.CellNameToCoordinates(first); err == nil {
			f.Row, f.Column = line, letter(column-1)
		}
		faults.add(f)
	}
	var used uint64
	for _, row := range s.rows {
		used |= row.full | row.shared
		if row.hidden {
			m := says("该行是隐藏的，请取消隐藏（或取消筛选），或删去该行。", "This row is hidden: show it, remove the filter, or delete the row.")
			faults.add(Fault{Sheet: sheet, Row: row.line, Zh: m.zh, En: m.en})
		}
	}
	for i := range maxColumns {
		if s.hiddenColumns&used&(1<<i) != 0 {
			m := says("该列是隐藏的，请取消隐藏，或删去该列。", "This column is hidden: show it or delete it.")
			faults.add(Fault{Sheet: sheet, Column: letter(i), Zh: m.zh, En: m.en})
		}
	}
}

// fill has excelize read the values, and holds them against the scan: what the
// two don't agree on is damage.
func (g *grid) fill(file []byte, found *scan, faults *collector) (err error) {
	// excelize may still meet something that it does not expect.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the reader gave up: %v", p)
		}
	}()
	options := excelize.Options{RawCellValue: true, UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked}
	book, err := excelize.OpenReader(bytes.NewReader(file), options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	rows, err := book.Rows(g.sheet)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	bad := make(map[spot]bool)
	for _, at := range slices.Concat(found.formulas, found.errors) {
		bad[at] = true
	}
	scanned, text := found.rows, 0
	// Rows in which the scan saw nothing are passed over.
	for line := 1; len(scanned) > 0 && rows.Next(); line++ {
		if scanned[0].line != line {
			continue
		}
		expected := scanned[0]
		scanned = scanned[1:]
		values, err := rows.Columns()
		if err != nil {
			return err
		}
		cells := make([]cell, len(values))
		for i, value := range values {
			if text += len(value); text > maxText {
				return errVolume
			}
			if cells[i], err = expected.cell(i, value); err != nil {
				return fmt.Errorf("row %d: %w", line, err)
			}
			cells[i].bad = bad[spot{i + 1, line}]
		}
		if len(values) < maxColumns && expected.full>>len(values) != 0 {
			return fmt.Errorf("row %d: %w", line, errUnread)
		}
		if row, ok := newRow(line, cells); ok && !g.add(row, faults) {
			return nil
		}
	}
	if len(scanned) > 0 {
		return fmt.Errorf("row %d: %w", scanned[0].line, errUnread)
	}
	return rows.Error()
}

// Why filling a grid ends early.
var (
	errUnread = errors.New("a cell that cannot be read")
	errVolume = errors.New("too much text")
)

// cell compares a value with the scan.
func (r scannedRow) cell(i int, value string) (cell, error) {
	bit := uint64(1) << i // 0 beyond the last column
	if r.full&bit != 0 && value == "" || value != "" && (r.full|r.shared)&bit == 0 {
		return cell{}, errUnread
	}
	if r.numbers&bit != 0 {
		return cell{text: decimal(value), number: true}, nil
	}
	return cell{text: value}, nil
}
