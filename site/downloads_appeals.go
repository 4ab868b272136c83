package site

import (
	"encoding/json"
	"fmt"
	"strconv"

	"mingjian/domain"
)

var appealColumns = append(releaseColumns[:3:3],
	column{"appeal", "申诉编号"},
	column{"appellant", "申诉人：center 中心，district 区级部门"},
	column{"code", "中心或区的代码"},
	column{"name", "中心或区的名称"},
	column{"district_code", "区代码"},
	column{"clause", "针对的条款；针对扣分项时为空"},
	column{"deduction", "针对的是该中心的第几项扣分"},
	column{"item", "扣分项的编号"},
	column{"ground", "理由：fact 事实认定，evidence 证据，procedure 评估程序，interpretation 标准适用"},
	column{"lost", "争议的分"},
	column{"filed_on", "提出日期"},
	column{"status", "状态：open 申诉中，decided 已决定，withdrawn 已撤回"},
	column{"pending", "是否仍为告知时的分值：尚未决定，或更正尚未计入"},
	column{"decide_by", "应当决定的最后一天；不待决定时为空"},
	column{"expired", "是否曾到期未作决定"},
	column{"escalated", "是否提请了第二次复核"},
	column{"outcome", "最近一次决定：upheld 支持，partlyUpheld 部分支持，dismissed 不予支持；未决定为空"},
	column{"restored", "决定恢复的分"},
	column{"decided_on", "决定日期"},
	column{"reasons", "决定的理由"},
)

func writeAppeals(b *book, f *csvFile, appeals []listedAppeal) error {
	for _, a := range appeals {
		who := domain.Center
		if a.OfDistrict {
			who = domain.District
		}
		cells := append(releaseCells(b), a.ID, string(who), a.Code, a.Name, a.District,
			text(a.Clause), number(a.Deduction), text(a.Item), a.Ground, a.Lost.String(), a.FiledOn,
			a.Status, strconv.FormatBool(a.Pending), text(a.DecideBy), strconv.FormatBool(a.Expired), strconv.FormatBool(a.Escalated))
		if n := len(a.Decisions); n > 0 {
			d := a.Decisions[n-1]
			cells = append(cells, d.Outcome, d.Restored.String(), d.DecidedOn, d.Reasons)
		} else {
			cells = append(cells, "", "", "", "")
		}
		if err := f.row(cells...); err != nil {
			return err
		}
	}
	return nil
}

var tallyColumns = append(releaseColumns[:3:3],
	column{"by", "按什么计数：total 全部，clause 条款或扣分项，district 区，ground 理由"},
	column{"code", "条款、扣分项、区或理由的编号；全部时为空"},
	column{"filed", "提出的件数"},
	column{"open", "申诉中"},
	column{"decided", "已决定"},
	column{"withdrawn", "已撤回"},
	column{"upheld", "支持"},
	column{"partly_upheld", "部分支持"},
	column{"dismissed", "不予支持"},
	column{"escalated", "提请过第二次复核"},
	column{"expired", "有过到期未作决定"},
	column{"lost", "争议的分"},
	column{"restored", "恢复的分"},
	column{"days_sum", "已决定的用时，工作日之和"},
	column{"days_mean", "平均，四舍五入到两位小数"},
	column{"days_median", "中位数"},
	column{"days_min", "最短"},
	column{"days_max", "最长"},
)

func writeTallies(b *book, f *csvFile) error {
	write := func(by, code string, t tally) error {
		cells := append(releaseCells(b), by, code)
		for _, n := range []int{t.Filed, t.Open, t.Decided, t.Withdrawn, t.Upheld, t.PartlyUpheld, t.Dismissed, t.Escalated, t.Expired} {
			cells = append(cells, strconv.Itoa(n))
		}
		d := t.Days
		return f.row(append(cells, t.Lost.String(), t.Restored.String(), strconv.Itoa(d.Sum),
			decimal(d.Mean), decimal(d.Median), number(d.Min), number(d.Max))...)
	}
	if err := write("total", "", b.statistics.Total); err != nil {
		return err
	}
	for _, group := range []struct {
		by   string
		rows []tallyOf
	}{
		{"clause", b.statistics.ByClause},
		{"district", b.statistics.ByDistrict},
		{"ground", b.statistics.ByGround},
	} {
		for _, row := range group.rows {
			if err := write(group.by, row.Code, row.Tally); err != nil {
				return err
			}
		}
	}
	return nil
}

var changeColumns = append(releaseColumns[:3:3],
	column{"previous", "与第几次发布相比"},
	column{"code", "中心代码"},
	column{"name", "中心名称"},
	column{"district_code", "区代码"},
	column{"total_before", "上一次发布的总分；上一次未公布为空"},
	column{"total_after", "本次发布的总分；本次未公布为空"},
	column{"difference", "总分之差，等于各事件的变动之和"},
	column{"city_rank_before", "上一次的全市名次"},
	column{"city_rank_after", "本次的全市名次"},
	column{"district_rank_before", "上一次的区内名次"},
	column{"district_rank_after", "本次的区内名次"},
	column{"seq", "事件在日志中的序号；没有事件使总分变动时，以下各列为空"},
	column{"event", "事件的名称"},
	column{"recorded_at", "记录时间，北京时间"},
	column{"subject", "事件属于谁的记录：中心的代码，或区的代码"},
	column{"clause", "条款"},
	column{"deduction", "第几项扣分"},
	column{"honor", "第几项荣誉"},
	column{"appeal", "由哪件申诉的决定引起"},
	column{"points", "这一事件使总分变动多少"},
)

func writeChanges(b *book, f *csvFile) error {
	for i := range b.differences.Centers {
		c := &b.differences.Centers[i]
		cells := append(releaseCells(b), number(b.Previous), c.Code, c.Name, c.District.Code)
		before, after := standingOf(c.Before), standingOf(c.After)
		cells = append(cells, before[0], after[0], decimal(c.Difference), before[1], after[1], before[2], after[2])
		if len(c.Effects) == 0 {
			if err := f.row(append(cells, "", "", "", "", "", "", "", "", "")...); err != nil {
				return err
			}
		}
		for _, e := range c.Effects {
			if err := f.row(append(cells[:len(cells):len(cells)], strconv.FormatInt(e.Seq, 10), e.Type, localTime(&e.RecordedAt), e.Subject,
				text(e.Clause), number(e.Deduction), number(e.Honor), text(e.Appeal), e.Points.String())...); err != nil {
				return err
			}
		}
	}
	return nil
}

// standingOf has a standing's total, city rank and district rank as cells.
func standingOf(s *standing) [3]string {
	if s == nil {
		return [3]string{}
	}
	return [3]string{s.Total.String(), number(s.CityRank), number(s.DistrictRank)}
}

// changesFile is changes.json.
type changesFile struct {
	DataNotice string `json:"dataNotice"`
	Round      string `json:"round"`
	Release    int    `json:"release"`
	Kind       string `json:"kind"`
	Previous   *int   `json:"previous"`
	Reason     string `json:"reason"`
	differences
}

func putChanges(b *book, t *tree) error {
	content, err := json.MarshalIndent(changesFile{
		DataNotice: b.notice(), Round: b.Round.ID, Release: b.Number, Kind: b.Kind, Previous: b.Previous, Reason: b.Reason, differences: b.differences,
	}, "", " ")
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	return t.put(b.download(changesData, ".json"), append(content, '\n'))
}
