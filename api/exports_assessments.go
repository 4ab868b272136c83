package api

import (
	"errors"
	"iter"
	"time"

	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/projections"
)

// aboutRecord are the first columns of what belongs to a record.
func aboutRecord[R any](of func(R) *recordRow) []sheets.ExportColumn[R] {
	return []sheets.ExportColumn[R]{
		sheets.TextColumn("subject", "对象代码", 12, func(r R) string { return of(r).Subject }),
		sheets.TextColumn("name", "对象名称", 36, func(r R) string { return of(r).Name }),
		sheets.TextColumn("district", "区代码", 9, func(r R) string { return of(r).District }),
		sheets.TextColumn("districtName", "区名", 10, func(r R) string { return of(r).DistrictName }),
	}
}

// assessments is a row a record: its state, its scores by section, and the
// center's ranks for those who may see rankings. A district is judged by its own
// clauses and has no total.
func (r *exporting) assessments() (writer, error) {
	records, err := r.records()
	if err != nil {
		return nil, err
	}
	adopted, err := r.cfg.criteriaOf(r.round.Standard)
	if err != nil {
		return nil, err
	}
	ranks, err := r.ranks()
	if err != nil {
		return nil, err
	}
	type row = *recordRow
	center := func(a row) bool { return a.Kind == domain.Center }
	columns := append(
		aboutRecord(func(a row) row { return a }),
		sheets.ChoiceColumn("kind", "类别", 10, zhKind, func(a row) domain.SubjectKind { return a.Kind }),
		sheets.ChoiceColumn("status", "状态", 10, zhStatus, func(a row) assessment.Status { return a.Status }),
		sheets.FlagColumn("complete", "评估完整", row.complete),
		sheets.CountColumn("decided", "已评条款数", func(a row) int {
			decided, _ := a.decided()
			return decided
		}),
		sheets.PointsColumn("total", "总分", func(a row) domain.Points { return a.Score.Total }).Where(center),
		sheets.PointsColumn("gross", "扣分项之前", func(a row) domain.Points { return a.Score.Gross }).Where(center),
		sheets.PointsColumn("deduction", "扣分项所扣", func(a row) domain.Points { return a.Score.Deduction }).Where(center),
	)
	for i := range adopted.Standard.Sections {
		section := &adopted.Standard.Sections[i]
		columns = append(columns, sheets.PointsColumn("section"+section.Code, section.Name+"得分", func(a row) domain.Points {
			score, _ := a.sectionScore(i)
			return score
		}).Where(func(a row) bool {
			_, judged := a.sectionScore(i)
			return judged
		}))
	}
	columns = append(
		columns,
		sheets.RankColumn("cityRank", "全市名次", func(a row) int { return ranks(a.Subject).CityRank }),
		sheets.RankColumn("districtRank", "区内名次", func(a row) int { return ranks(a.Subject).DistrictRank }),
		sheets.MomentColumn("openedAt", "开始于", func(a row) time.Time { return a.OpenedAt }),
	)
	return table(r, "评估", records, columns...), nil
}

// ranks finds a center's ranks: none for those who may not see rankings.
func (r *exporting) ranks() (func(center string) projections.StandingView, error) {
	known := make(map[string]projections.StandingView)
	if err := r.mayRank(); errors.Is(err, domain.ErrForbidden) {
		return func(string) projections.StandingView { return projections.StandingView{} }, nil
	} else if err != nil {
		return nil, err
	}
	for row, err := range r.standings() {
		if err != nil {
			return nil, err
		}
		known[row.Center.Code] = *row
	}
	return func(center string) projections.StandingView { return known[center] }, nil
}

// findingRow is an entry that stands and counts for a record.
type findingRow struct {
	record *recordRow
	*clauseNode
}

// in is the subject whose record the entry stands in: the district for a clause
// that judges it.
func (f findingRow) in() string {
	if f.Clause.Indicator().Subject == domain.District {
		return f.record.District
	}
	return f.record.Subject
}

// findings is a row an entry that stands, in printed order. A center has its
// district's finding too, as it counts for both: the column in tells.
func (r *exporting) findings() (writer, error) {
	records, err := r.records()
	if err != nil {
		return nil, err
	}
	type row = findingRow
	columns := append(
		aboutRecord(func(f row) *recordRow { return f.record }),
		sheets.TextColumn("in", "记录所在对象", 12, row.in),
		sheets.TextColumn("clause", "条款", 8, func(f row) string { return f.Clause.Code }),
		sheets.TextColumn("clauseName", "条款名称", 16, func(f row) string { return f.Clause.Name }),
		sheets.TextColumn("clauseText", "条款内容", 60, func(f row) string { return f.Clause.Text }),
		sheets.ChoiceColumn("outcome", "结果", 8, sheets.ZhOutcome, func(f row) domain.Outcome { return f.entry.Outcome }),
		sheets.PointsColumn("points", "所扣或所得", func(f row) domain.Points { return f.entry.Points }),
		sheets.TextColumn("reason", "原因", 50, func(f row) string { return f.entry.Reason }),
		sheets.ChoiceColumn("method", "方式", 10, sheets.ZhMethod, func(f row) assessment.Method { return f.entry.Method }),
		sheets.MomentColumn("observedAt", "所见时间", func(f row) time.Time { return f.entry.ObservedAt }),
		sheets.ListColumn("evidence", "证据 SHA-256", 68, func(f row) []string { return f.entry.Evidence }),
		sheets.CountColumn("version", "第几版", func(f row) int { return f.entry.Version }),
		sheets.TextColumn("why", "修订原因", 30, func(f row) string { return f.entry.Why }),
		sheets.TextColumn("by", "记录人代号", 20, func(f row) string { return f.entry.By }),
		sheets.MomentColumn("at", "记录时间", func(f row) time.Time { return f.entry.At }),
		sheets.FlagColumn("pending", "申诉中", func(f row) bool { return f.entry.Pending }),
	)
	rows := each(records, func(a *recordRow, yield func(findingRow) bool) bool {
		for _, c := range a.clauses {
			if c.entry != nil && !yield(findingRow{a, c}) {
				return false
			}
		}
		return true
	})
	return table(r, "评估记录", rows, columns...), nil
}

// deductionRow is a deduction of a record.
type deductionRow struct {
	record *recordRow
	*projections.DeductionView
}

// deductions is a row a deduction that was imposed, lifted ones too.
func (r *exporting) deductions() (writer, error) {
	records, err := r.records()
	if err != nil {
		return nil, err
	}
	adopted, err := r.cfg.criteriaOf(r.round.Standard)
	if err != nil {
		return nil, err
	}
	item := func(code string) domain.DeductionItem {
		if found, ok := adopted.Standard.DeductionItem(code); ok {
			return *found
		}
		return domain.DeductionItem{} // nothing stands of it
	}
	type row = deductionRow
	lifted := func(d row) bool { return d.Lifted }
	columns := append(
		aboutRecord(func(d row) *recordRow { return d.record }),
		sheets.CountColumn("number", "序号", func(d row) int { return d.Deduction }),
		sheets.TextColumn("item", "扣分项", 8, func(d row) string { return d.Item }),
		sheets.TextColumn("itemName", "扣分项名称", 20, func(d row) string { return item(d.Item).Name }),
		sheets.PointsColumn("points", "该项分值", func(d row) domain.Points { return item(d.Item).Points }),
		sheets.TextColumn("reason", "原因", 50, func(d row) string { return d.Reason }),
		sheets.TextColumn("source", "来源", 30, func(d row) string { return d.Source }),
		sheets.DayColumn("occurredOn", "发生日期", func(d row) string { return d.OccurredOn }),
		sheets.ListColumn("evidence", "证据 SHA-256", 68, func(d row) []string { return d.Evidence }),
		sheets.TextColumn("by", "认定人代号", 20, func(d row) string { return d.By }),
		sheets.MomentColumn("at", "认定时间", func(d row) time.Time { return d.At }),
		sheets.FlagColumn("lifted", "已撤销", lifted),
		sheets.TextColumn("liftedReason", "撤销原因", 30, func(d row) string { return d.LiftedReason }),
		sheets.MomentColumn("liftedAt", "撤销时间", func(d row) time.Time { return d.LiftedAt }).Where(lifted),
		sheets.TextColumn("standing", "现行扣分项", 8, func(d row) string { return d.Standing() }),
		sheets.PointsColumn("standingPoints", "现行分值", func(d row) domain.Points { return item(d.Standing()).Points }),
		sheets.FlagColumn("pending", "申诉中", func(d row) bool { return d.Pending }),
	)
	rows := each(records, func(a *recordRow, yield func(deductionRow) bool) bool {
		for i := range a.Deductions {
			if !yield(deductionRow{a, &a.Deductions[i]}) {
				return false
			}
		}
		return true
	})
	return table(r, "扣分项", rows, columns...), nil
}

// honorRow is an honor claim of a record.
type honorRow struct {
	record *recordRow
	*projections.HonorView
}

// honors is a row an honor claim, whatever became of it.
func (r *exporting) honors() (writer, error) {
	records, err := r.records()
	if err != nil {
		return nil, err
	}
	type row = honorRow
	columns := append(
		aboutRecord(func(h row) *recordRow { return h.record }),
		sheets.CountColumn("number", "序号", func(h row) int { return h.Honor }),
		sheets.TextColumn("title", "荣誉名称", 36, func(h row) string { return h.Title }),
		sheets.ChoiceColumn("level", "级别", 8, zhLevel, func(h row) assessment.HonorLevel { return h.Level }),
		sheets.TextColumn("issuer", "授予单位", 30, func(h row) string { return h.Issuer }),
		sheets.DayColumn("awardedOn", "授予日期", func(h row) string { return h.AwardedOn }),
		sheets.TextColumn("document", "证书 SHA-256", 68, func(h row) string { return h.Document }),
		sheets.TextColumn("by", "申报人代号", 20, func(h row) string { return h.By }),
		sheets.MomentColumn("at", "申报时间", func(h row) time.Time { return h.At }),
		sheets.ChoiceColumn("state", "认定", 10, zhHonorState, func(h row) projections.HonorState { return h.State }),
		sheets.PointsColumn("points", "所得", func(h row) domain.Points { return h.Points }).
			Where(func(h row) bool { return h.State == projections.HonorAccepted }),
		sheets.TextColumn("reason", "原因", 30, func(h row) string { return h.Reason }),
	)
	rows := each(records, func(a *recordRow, yield func(honorRow) bool) bool {
		for i := range a.Honors {
			if !yield(honorRow{a, &a.Honors[i]}) {
				return false
			}
		}
		return true
	})
	return table(r, "荣誉", rows, columns...), nil
}

// each makes rows of what every record has; rows reports whether to go on.
func each[R any](records iter.Seq2[*recordRow, error], rows func(*recordRow, func(R) bool) bool) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for record, err := range records {
			if err != nil {
				var none R
				yield(none, err)
				return
			}
			if !rows(record, func(row R) bool { return yield(row, nil) }) {
				return
			}
		}
	}
}

func zhKind(k domain.SubjectKind) string {
	if k == domain.District {
		return "区"
	}
	return "受理中心"
}

func zhLevel(l assessment.HonorLevel) string {
	if l == assessment.National {
		return "国家级"
	}
	return "市级"
}

func zhHonorState(s projections.HonorState) string {
	switch s {
	case projections.HonorPending:
		return "待认定"
	case projections.HonorAccepted:
		return "认定"
	case projections.HonorRejected:
		return "不予认定"
	case projections.HonorWithdrawn:
		return "已撤回"
	}
	return string(s)
}
