package api

import (
	"fmt"

	"mingjian/domain"
	"mingjian/projections"
)

// phrase is what an event did, in both languages; %s is what it did it to.
type phrase struct{ zh, en string }

// phrases has every event that changes a record, by its stored name.
var phrases = map[string]phrase{
	"assessment.Opened":             {"开始评估", "the record was opened"},
	"assessment.ScoreRecorded":      {"录入条款%s的评估记录", "a finding on %s was recorded"},
	"assessment.ScoreRevised":       {"修订条款%s的评估记录", "the finding on %s was revised"},
	"assessment.ScoreCorrected":     {"依申诉决定更正条款%s的评估记录", "the finding on %s was corrected by an appeal's decision"},
	"assessment.DeductionImposed":   {"施加第%s项扣分", "deduction %s was imposed"},
	"assessment.DeductionLifted":    {"撤销第%s项扣分", "deduction %s was lifted"},
	"assessment.DeductionCorrected": {"依申诉决定更正第%s项扣分", "deduction %s was corrected by an appeal's decision"},
	"assessment.HonorClaimed":       {"申报第%s项荣誉", "honor %s was claimed"},
	"assessment.HonorAccepted":      {"认定第%s项荣誉", "honor %s was accepted"},
	"assessment.HonorRejected":      {"不予认定第%s项荣誉", "honor %s was rejected"},
	"assessment.HonorWithdrawn":     {"撤回第%s项荣誉申报", "the claim of honor %s was withdrawn"},
	"assessment.Submitted":          {"提交复核", "the record was submitted"},
	"assessment.Returned":           {"退回评估", "the record was returned"},
	"assessment.Approved":           {"复核通过", "the record was approved"},
}

// targetOf is what an event of the table is about, as its phrase wants it.
func targetOf(c *projections.ChangeView) []any {
	switch {
	case c.Clause != "":
		return []any{c.Clause}
	case c.Deduction != 0:
		return []any{fmt.Sprint(c.Deduction)}
	case c.Honor != 0:
		return []any{fmt.Sprint(c.Honor)}
	}
	return nil
}

// signed is a number of points with its sign.
func signed(p domain.Points) string {
	if p < 0 {
		return "−" + (-p).String()
	}
	return "+" + p.String()
}

func zhChange(c *projections.ChangeView) string {
	said, known := phrases[c.Type]
	what := c.Type
	if known {
		what = fmt.Sprintf(said.zh, targetOf(c)...)
	}
	if c.Effect == 0 {
		return fmt.Sprintf("%s，总分不变，为%s分。", what, c.Total)
	}
	return fmt.Sprintf("%s，总分%s，变为%s分。", what, signed(c.Effect), c.Total)
}

func enChange(c *projections.ChangeView) string {
	said, known := phrases[c.Type]
	what := c.Type
	if known {
		what = fmt.Sprintf(said.en, targetOf(c)...)
	}
	if c.Effect == 0 {
		return fmt.Sprintf("%s; the total stays %s.", what, c.Total)
	}
	return fmt.Sprintf("%s; the total moves by %s to %s.", what, signed(c.Effect), c.Total)
}

func zhTotals(before, after domain.Points) string {
	if before == after {
		return fmt.Sprintf("总分不变，为%s分。", after)
	}
	return fmt.Sprintf("总分由%s分变为%s分（%s）。", before, after, signed(after-before))
}

func enTotals(before, after domain.Points) string {
	if before == after {
		return fmt.Sprintf("The total stays %s.", after)
	}
	return fmt.Sprintf("The total moves from %s to %s (%s).", before, after, signed(after-before))
}

func zhRank(v *projections.StandingView) string {
	switch {
	case v == nil:
		return "无结果"
	case v.CityRank == 0:
		return "未排名"
	}
	return fmt.Sprintf("第%d名", v.CityRank)
}

func enRank(v *projections.StandingView) string {
	switch {
	case v == nil:
		return "no result"
	case v.CityRank == 0:
		return "not ranked"
	}
	return fmt.Sprintf("rank %d", v.CityRank)
}

func zhMove(m *projections.CenterDiff) string {
	switch {
	case m.Before == nil:
		return fmt.Sprintf("%s：新列入，%s，总分%s分。", m.Center.Name, zhRank(m.After), m.After.Total)
	case m.After == nil:
		return fmt.Sprintf("%s：不再列入，原为%s，总分%s分。", m.Center.Name, zhRank(m.Before), m.Before.Total)
	case zhRank(m.Before) == zhRank(m.After):
		return fmt.Sprintf("%s：仍为%s，%s", m.Center.Name, zhRank(m.After), zhTotals(m.Before.Total, m.After.Total))
	}
	return fmt.Sprintf("%s：由%s变为%s，%s", m.Center.Name, zhRank(m.Before), zhRank(m.After), zhTotals(m.Before.Total, m.After.Total))
}

func enMove(m *projections.CenterDiff) string {
	switch {
	case m.Before == nil:
		return fmt.Sprintf("%s: new, %s, total %s.", m.Center.Code, enRank(m.After), m.After.Total)
	case m.After == nil:
		return fmt.Sprintf("%s: gone, was %s with total %s.", m.Center.Code, enRank(m.Before), m.Before.Total)
	case enRank(m.Before) == enRank(m.After):
		return fmt.Sprintf("%s: still %s. %s", m.Center.Code, enRank(m.After), enTotals(m.Before.Total, m.After.Total))
	}
	return fmt.Sprintf("%s: from %s to %s. %s", m.Center.Code, enRank(m.Before), enRank(m.After), enTotals(m.Before.Total, m.After.Total))
}

// placeOf is a district's rank and mean, in both languages.
func placeOf(d *domain.DistrictStanding) phrase {
	if d == nil || d.Ranked == 0 {
		return phrase{"未排名", "not ranked"}
	}
	return phrase{
		fmt.Sprintf("第%d名（平均%s分）", d.Rank, d.Mean.Round()),
		fmt.Sprintf("rank %d (mean %s)", d.Rank, d.Mean.Round()),
	}
}

func zhDistrict(d *projections.DistrictDiff) string {
	before, after := placeOf(d.Before).zh, placeOf(d.After).zh
	if before == after {
		return fmt.Sprintf("%s：仍为%s，其中心的结果有变动。", d.Name, after)
	}
	return fmt.Sprintf("%s：由%s变为%s。", d.Name, before, after)
}

func enDistrict(d *projections.DistrictDiff) string {
	before, after := placeOf(d.Before).en, placeOf(d.After).en
	if before == after {
		return fmt.Sprintf("%s: still %s; results of its centers moved.", d.District, after)
	}
	return fmt.Sprintf("%s: from %s to %s.", d.District, before, after)
}
