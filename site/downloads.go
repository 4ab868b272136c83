package site

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"mingjian/domain"
)

// The downloads' base names; demo data and provisional releases say so in the
// file's name too.
const (
	centersTable   = "centers"
	districtsTable = "districts"
	clausesTable   = "clauses"
	appealsTable   = "appeals"
	tallyTable     = "appeal-statistics"
	changesData    = "changes"
	releaseData    = "release"
)

// download is the path of a download from the site's root.
func (b *book) download(base, ext string) string {
	if b.demo() {
		base += demoFileMark
	}
	if b.draft() {
		base += draftFileMark
	}
	return "data/" + base + ext
}

// downloads are the files that grow by one center at a time, in ranking order.
type downloads struct {
	book    *book
	centers *csvFile
	clauses *csvFile
	appeals *csvFile
	json    *bundleFile
	closers []io.Closer
}

// openDownloads starts them, and writes the short ones whole.
func openDownloads(b *book, t *tree) (*downloads, error) {
	d := &downloads{book: b}
	if err := d.open(t); err != nil {
		return nil, d.close(err)
	}
	return d, nil
}

func (d *downloads) open(t *tree) error {
	b := d.book
	table := func(base string, columns []column) (*csvFile, error) {
		out, err := t.create(b.download(base, ".csv"))
		if err != nil {
			return nil, err
		}
		f, err := newCSV(out, columns)
		if err == nil {
			d.closers = append(d.closers, f)
		}
		return f, err
	}
	districts, err := table(districtsTable, districtColumns)
	if err != nil {
		return err
	}
	if err := writeDistricts(b, districts); err != nil {
		return err
	}
	if d.centers, err = table(centersTable, centerColumns(&b.standard)); err != nil {
		return err
	}
	if d.clauses, err = table(clausesTable, clauseColumns); err != nil {
		return err
	}
	if d.appeals, err = table(appealsTable, appealColumns); err != nil {
		return err
	}
	if err := writeAppeals(b, d.appeals, b.listDistricts()); err != nil {
		return err
	}
	tallies, err := table(tallyTable, tallyColumns)
	if err != nil {
		return err
	}
	if err := writeTallies(b, tallies); err != nil {
		return err
	}
	moved, err := table(changesData, changeColumns)
	if err != nil {
		return err
	}
	if err := errors.Join(writeChanges(b, moved), putChanges(b, t)); err != nil {
		return err
	}
	out, err := t.create(b.download(releaseData, ".json"))
	if err != nil {
		return err
	}
	d.json = &bundleFile{out: out, buffer: bufio.NewWriterSize(out, 64<<10)}
	d.closers = append(d.closers, d.json)
	return d.json.head(b)
}

// add appends one center to all of them.
func (d *downloads) add(row *center, rec *record) error {
	return errors.Join(
		writeCenter(d.book, d.centers, row, rec),
		writeClauses(d.book, d.clauses, row, rec),
		writeAppeals(d.book, d.appeals, d.book.listCenter(row, rec)),
		d.json.add(row, rec),
	)
}

// close ends the files, also after an error.
func (d *downloads) close(err error) error {
	for _, c := range d.closers {
		err = errors.Join(err, c.Close())
	}
	return err
}

// bundleFile is release.json: all of a release, one center after another.
type bundleFile struct {
	out    io.WriteCloser
	buffer *bufio.Writer
	count  int
}

// bundle is the head of release.json; "centers" follows as its last field.
type bundle struct {
	DataNotice       string     `json:"dataNotice"`
	Demo             bool       `json:"demo"`
	Release          *release   `json:"release"`
	Standard         standard   `json:"standard"`
	AppealStatistics statistics `json:"appealStatistics"`
}

// fullCenter is an element of "centers" in release.json.
type fullCenter struct {
	*center
	*record
}

func (f *bundleFile) head(b *book) error {
	text, err := json.Marshal(bundle{
		DataNotice: b.notice(), Demo: b.demo(), Release: b.release, Standard: b.standard, AppealStatistics: b.statistics,
	})
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	_, err = f.buffer.Write(text[:len(text)-1]) // all but the closing brace
	_, err2 := f.buffer.WriteString(`,"centers":[`)
	return errors.Join(err, err2)
}

func (f *bundleFile) add(row *center, rec *record) error {
	text, err := json.Marshal(fullCenter{row, rec})
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	if f.count > 0 {
		text = append([]byte(","), text...)
	}
	f.count++
	_, err = f.buffer.Write(append([]byte("\n"), text...))
	return err
}

func (f *bundleFile) Close() error {
	_, err := f.buffer.WriteString("\n]}\n")
	return errors.Join(err, f.buffer.Flush(), f.out.Close())
}

// The first columns of every table say what the row belongs to.
var releaseColumns = []column{
	{"data_notice", "演示数据或公示稿的声明；正式数据此列为空"},
	{"round", "评估轮次"},
	{"release", "第几次发布"},
}

func releaseCells(b *book) []string {
	return []string{b.notice(), b.Round.ID, strconv.Itoa(b.Number)}
}

var districtColumns = append(releaseColumns[:3:3],
	column{"rank", "区名次，按平均分；并列同名次，未排名为空"},
	column{"code", "区代码"},
	column{"name", "区名"},
	column{"mean", "辖区中心总分的平均，四舍五入到两位小数"},
	column{"median", "中位数"},
	column{"min", "最低总分"},
	column{"max", "最高总分"},
	column{"centers", "中心数"},
	column{"ranked", "已公布并排名的中心数"},
)

func writeDistricts(b *book, f *csvFile) error {
	for i := range b.Districts {
		d := &b.Districts[i]
		cells := append(releaseCells(b), number(d.Rank), d.Code, d.Name,
			decimal(d.Mean), decimal(d.Median), decimal(d.Min), decimal(d.Max),
			strconv.Itoa(d.Centers), strconv.Itoa(d.Ranked))
		if err := f.row(cells...); err != nil {
			return err
		}
	}
	return nil
}

func centerColumns(std *standard) []column {
	columns := append(releaseColumns[:3:3],
		column{"city_rank", "全市名次；并列同名次，未公布为空"},
		column{"district_rank", "区内名次"},
		column{"code", "中心代码"},
		column{"name", "中心名称"},
		column{"area", "所服务的街道、镇或工业区"},
		column{"district_code", "区代码"},
		column{"district", "区名"},
		column{"published", "true 已公布，false 未公布（复核中）"},
		column{"total", "总分"},
		column{"gross", "各项指标得分之和（扣分项之前）"},
		column{"deduction", "扣分项所扣的分"},
	)
	for _, section := range std.Sections {
		columns = append(columns, column{"section_" + section.Code, section.Name + "得分，满分 " + section.Points.String()})
		for _, indicator := range section.Indicators {
			columns = append(columns, column{"indicator_" + indicator.Code, indicator.Name + "得分，满分 " + indicator.Points.String()})
		}
	}
	return columns
}

func writeCenter(b *book, f *csvFile, row *center, rec *record) error {
	cells := append(releaseCells(b), number(row.CityRank), number(row.DistrictRank), row.Code, row.Name, row.Area,
		row.District.Code, row.District.Name, strconv.FormatBool(row.Published),
		decimal(row.Total), decimal(row.Gross), decimal(row.Deduction))
	scores := scoresOf(rec)
	cell := func(code string) string {
		if score, ok := scores[code]; ok && row.Published {
			return score.String()
		}
		return ""
	}
	for _, section := range b.standard.Sections {
		cells = append(cells, cell(sectionKey(section.Code)))
		for _, indicator := range section.Indicators {
			cells = append(cells, cell(indicator.Code))
		}
	}
	return f.row(cells...)
}

var clauseColumns = append(releaseColumns[:3:3],
	column{"center_code", "中心代码"},
	column{"center", "中心名称"},
	column{"district_code", "区代码"},
	column{"clause", "条款编号"},
	column{"clause_name", "条款名称"},
	column{"outcome", "结果：met 符合，lost 扣分，awarded 得分，notApplicable 不适用，空为未评"},
	column{"points", "扣分时为所扣的分，得分时为所得的分"},
	column{"method", "方式：siteVisit 现场查看，mysteryVisit 暗访，documents 查阅资料，interview 访谈，phoneSampling 电话抽查，systemData 系统数据"},
	column{"observed_at", "所见时间，北京时间"},
	column{"reason", "原因"},
	column{"evidence", "证据件数"},
	column{"version", "第几版记录"},
	column{"recorded_by", "记录人代号，只在同一中心内有意义"},
	column{"recorded_at", "记录时间，北京时间"},
	column{"pending", "是否申诉中：true 时为告知时的分值"},
	column{"corrected", "是否由申诉决定更正过"},
	column{"appeal", "最近一件申诉的编号，见申诉的文件"},
)

func writeClauses(b *book, f *csvFile, row *center, rec *record) error {
	if !row.Published {
		return nil
	}
	found := findingsOf(rec)
	for _, section := range b.standard.Sections {
		for _, indicator := range section.Indicators {
			for _, clause := range indicator.Clauses {
				e := found[clause.Code]
				outcome := ""
				if e.Outcome != nil {
					outcome = string(*e.Outcome)
				}
				cells := append(releaseCells(b), row.Code, row.Name, row.District.Code, clause.Code, clause.Name,
					outcome, decimal(e.Points), text(e.Method), localTime(e.ObservedAt), text(e.Reason),
					strconv.Itoa(e.Evidence), number(e.Version), text(e.By), localTime(e.RecordedAt),
					strconv.FormatBool(e.Pending), strconv.FormatBool(e.Corrected), text(e.Appeal))
				if err := f.row(cells...); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// decimal leaves a cell empty where there is no number.
func decimal(p *domain.Points) string {
	if p == nil {
		return ""
	}
	return p.String()
}

func localTime(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.In(beijing).Format(time.RFC3339)
}

// sectionKey keeps a section's code apart from an indicator's.
func sectionKey(code string) string { return "section " + code }

func scoresOf(rec *record) map[string]domain.Points {
	scores := make(map[string]domain.Points, 32)
	for _, section := range rec.Sections {
		scores[sectionKey(section.Code)] = section.Score
		for _, indicator := range section.Indicators {
			scores[indicator.Code] = indicator.Score
		}
	}
	return scores
}

func findingsOf(rec *record) map[string]finding {
	found := make(map[string]finding, len(rec.Clauses))
	for _, f := range rec.Clauses {
		found[f.Code] = f
	}
	return found
}
