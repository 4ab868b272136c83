package api

import (
	"iter"
	"time"

	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// appealRow is an appeal as an export has it. People stand in it by no name, not
// even a pseudonym.
type appealRow struct {
	ID, Subject string
	Kind        domain.SubjectKind
	District    string
	assessment.Target
	Ground             appeal.Ground
	Status             appeal.Status
	FiledAt, DecidedAt time.Time // DecidedAt is zero while it is not
	DecideBy           string    // YYYY-MM-DD
	Expired            bool      // was not decided by then
	Outcome            appeal.Outcome
	Lost, Restored     domain.Points
	Reasons            string
	WorkingDays        int // from the filing to the decision
	Panel, Members     int // which panel, and how many they are
}

// appeals is a row an appeal that the viewer may see, in the order in which they
// were filed.
func (r *exporting) appeals() (writer, error) {
	reach, err := rights.ReachOf(r.viewer(), rights.ReadAppeal)
	if err != nil {
		return nil, err
	}
	if err := r.begin(); err != nil {
		return nil, err
	}
	q := projections.AppealQuery{Round: r.query.Round, Subject: r.query.Subject, District: r.query.District, AsOf: listAsOf(r.asOf)}
	if !reach.All {
		q.Within = &projections.AppealReach{
			Account: r.viewer().Account, Subjects: reach.Subjects, Assigned: reach.Assigned, Panels: reach.Panelist,
		}
	}
	all := pages(r.open.Appeals, func(after string) projections.AppealQuery {
		q.After = after
		return q
	})
	return r.appealTable(func(yield func(appealRow, error) bool) {
		for a, err := range all {
			var row appealRow
			if err == nil {
				row, err = r.appealRow(a)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}), nil
}

func (r *exporting) appealRow(a *projections.AppealView) (appealRow, error) {
	row := appealRow{
		ID: a.Filed.Appeal, Subject: a.Subject, Kind: a.Kind, District: a.District, Target: a.Target, Ground: a.Ground, Status: a.Status,
		FiledAt: a.At, DecideBy: a.DecideOn, Expired: a.Expired != "" && a.Expired == a.DecideOn, Lost: a.Lost,
		Panel: a.Panel, Members: len(a.Hearing()),
	}
	if n := len(a.Decisions); n > 0 {
		decided := a.Decisions[n-1]
		row.DecidedAt, row.Outcome, row.Restored, row.Reasons = decided.At, decided.Outcome, decided.Restored, decided.Reasons
		var err error
		row.WorkingDays, err = r.open.WorkingDays(*r.round, domain.DayOf(a.At), domain.DayOf(decided.At))
		return row, err
	}
	return row, nil
}

// appealTable is a row an appeal.
func (r *exporting) appealTable(rows iter.Seq2[appealRow, error]) writer {
	type row = appealRow
	decided := func(a row) bool { return !a.DecidedAt.IsZero() }
	return table(
		r, "申诉", rows,
		sheets.TextColumn("id", "申诉编号", 36, func(a row) string { return a.ID }),
		sheets.TextColumn("subject", "对象代码", 12, func(a row) string { return a.Subject }),
		sheets.TextColumn("name", "对象名称", 36, func(a row) string { return r.roster.name(a.Subject) }),
		sheets.ChoiceColumn("kind", "类别", 10, zhKind, func(a row) domain.SubjectKind { return a.Kind }),
		sheets.TextColumn("district", "区代码", 9, func(a row) string { return a.District }),
		sheets.TextColumn("clause", "所申诉条款", 10, func(a row) string { return a.Clause }),
		sheets.RankColumn("deduction", "所申诉扣分项序号", func(a row) int { return a.Deduction }),
		sheets.ChoiceColumn("ground", "理由类别", 10, zhGround, func(a row) appeal.Ground { return a.Ground }),
		sheets.ChoiceColumn("status", "状态", 12, zhAppealStatus, func(a row) appeal.Status { return a.Status }),
		sheets.MomentColumn("filedAt", "提出时间", func(a row) time.Time { return a.FiledAt }),
		sheets.DayColumn("decideBy", "应于何日前决定", func(a row) string { return a.DecideBy }),
		sheets.FlagColumn("expired", "已逾期", func(a row) bool { return a.Expired }),
		sheets.MomentColumn("decidedAt", "决定时间", func(a row) time.Time { return a.DecidedAt }),
		sheets.CountColumn("workingDays", "所用工作日", func(a row) int { return a.WorkingDays }).Where(decided),
		sheets.ChoiceColumn("outcome", "决定", 12, zhAppealOutcome, func(a row) appeal.Outcome { return a.Outcome }),
		sheets.PointsColumn("lost", "所争分值", func(a row) domain.Points { return a.Lost }),
		sheets.PointsColumn("restored", "恢复分值", func(a row) domain.Points { return a.Restored }).Where(decided),
		sheets.TextColumn("reasons", "决定理由", 60, func(a row) string { return a.Reasons }),
		sheets.CountColumn("panel", "第几次审理", func(a row) int { return a.Panel }),
		sheets.CountColumn("members", "审理人数", func(a row) int { return a.Members }),
	)
}

func zhGround(g appeal.Ground) string {
	switch g {
	case appeal.Fact:
		return "事实"
	case appeal.Evidence:
		return "证据"
	case appeal.Procedure:
		return "程序"
	case appeal.Interpretation:
		return "适用标准"
	}
	return string(g)
}

func zhAppealStatus(s appeal.Status) string {
	switch s {
	case appeal.Waiting:
		return "待组成审理组"
	case appeal.InHearing:
		return "审理中"
	case appeal.IsDecided:
		return "已决定"
	case appeal.IsEscalated:
		return "已升级"
	case appeal.IsWithdrawn:
		return "已撤回"
	}
	return string(s)
}

func zhAppealOutcome(o appeal.Outcome) string {
	switch o {
	case appeal.Upheld:
		return "支持"
	case appeal.PartlyUpheld:
		return "部分支持"
	case appeal.Dismissed:
		return "不予支持"
	}
	return string(o)
}
