package api

import (
	"fmt"
	"iter"

	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/projections"
)

// pages walks a paged list to its end.
func pages[T, Q any](list func(Q) (projections.Page[T], error), query func(after string) Q) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for after := ""; ; {
			page, err := list(query(after))
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Items {
				if !yield(&page.Items[i], nil) {
					return
				}
			}
			if !page.HasNext {
				return
			}
			after = page.Cursors[len(page.Cursors)-1]
		}
	}
}

// ranking is a row a center, in the ranking's order.
func (r *exporting) ranking() (writer, error) {
	if err := r.mayRank(); err != nil {
		return nil, err
	}
	if err := r.begin(); err != nil {
		return nil, err
	}
	if code := r.query.Subject; code != "" && r.roster.centers[code].Code == "" {
		return nil, fmt.Errorf("%s is no center, and not in the ranking: %w", code, domain.ErrUnknownSubject)
	}
	type row = *projections.StandingView
	return table(
		r, "排名", r.standings(),
		sheets.RankColumn("cityRank", "全市名次", func(s row) int { return s.CityRank }),
		sheets.RankColumn("districtRank", "区内名次", func(s row) int { return s.DistrictRank }),
		sheets.TextColumn("code", "中心代码", 12, func(s row) string { return s.Center.Code }),
		sheets.TextColumn("name", "中心名称", 36, func(s row) string { return s.Center.Name }),
		sheets.TextColumn("area", "街道、镇或工业区", 18, func(s row) string { return s.Center.Area }),
		sheets.TextColumn("district", "区代码", 9, func(s row) string { return s.Center.District }),
		sheets.TextColumn("districtName", "区名", 10, func(s row) string { return s.Center.DistrictName }),
		sheets.ChoiceColumn("status", "状态", 10, zhStatus, func(s row) assessment.Status { return s.Status }),
		sheets.FlagColumn("complete", "评估完整", func(s row) bool { return s.Complete }),
		sheets.CountColumn("decided", "已评条款数", func(s row) int { return s.Decided }),
		sheets.PointsColumn("total", "总分", func(s row) domain.Points { return s.Total }),
		sheets.PointsColumn("gross", "扣分项之前", func(s row) domain.Points { return s.Gross }),
		sheets.PointsColumn("deduction", "扣分项所扣", func(s row) domain.Points { return s.Deduction }),
	), nil
}

// districts is a row a district, in the ranking's order.
func (r *exporting) districts() (writer, error) {
	if err := r.mayRank(); err != nil {
		return nil, err
	}
	if err := r.begin(); err != nil {
		return nil, err
	}
	if r.query.Subject != "" {
		return nil, fmt.Errorf("an export of districts keeps to one by its district, not by a subject: %w", domain.ErrInvalid)
	}
	type row = *projections.DistrictStandingView
	ranked := func(d row) bool { return d.Ranked > 0 } // statistics of no centers mean nothing
	points := func(key, title string, of func(row) domain.Points) sheets.ExportColumn[row] {
		return sheets.PointsColumn(key, title, of).Where(ranked)
	}
	return table(
		r, "各区", r.districtStandings(),
		sheets.RankColumn("rank", "名次", func(d row) int { return d.Rank }),
		sheets.TextColumn("district", "区代码", 9, func(d row) string { return d.District }),
		sheets.TextColumn("name", "区名", 10, func(d row) string { return d.Name }),
		points("mean", "平均分", func(d row) domain.Points { return d.Mean.Round() }),
		points("median", "中位数", func(d row) domain.Points { return d.Median.Round() }),
		points("min", "最低分", func(d row) domain.Points { return d.Min }),
		points("max", "最高分", func(d row) domain.Points { return d.Max }),
		sheets.CountColumn("centers", "中心数", func(d row) int { return d.Centers }),
		sheets.CountColumn("ranked", "已排名中心数", func(d row) int { return d.Ranked }),
	), nil
}

// standings are the rows of the ranking that the query keeps to.
func (r *exporting) standings() iter.Seq2[*projections.StandingView, error] {
	if r.query.Subject == "" {
		return pages(func(q projections.RankingQuery) (projections.Page[projections.StandingView], error) {
			return r.open.RankingAsOf(q, r.asOf)
		}, func(after string) projections.RankingQuery {
			return projections.RankingQuery{Round: r.query.Round, District: r.query.District, After: after}
		})
	}
	return func(yield func(*projections.StandingView, error) bool) {
		row, err := found(r.open.StandingAsOf(r.query.Round, r.query.Subject, r.asOf))
		if err != nil || row != nil && r.keeps(row.Center.Code, row.Center.District) {
			yield(row, err)
		}
	}
}

// keeps reports whether the query keeps to a subject.
func (r *exporting) keeps(subject, district string) bool {
	return (r.query.Subject == "" || r.query.Subject == subject) && (r.query.District == "" || r.query.District == district)
}

func (r *exporting) districtStandings() iter.Seq2[*projections.DistrictStandingView, error] {
	return func(yield func(*projections.DistrictStandingView, error) bool) {
		rows, err := r.open.DistrictRankingAsOf(r.query.Round, r.asOf)
		if err != nil {
			yield(nil, err)
			return
		}
		for i := range rows {
			if (r.query.District == "" || rows[i].District == r.query.District) && !yield(&rows[i], nil) {
				return
			}
		}
	}
}

// zhStatus is where a record stands, in Chinese.
func zhStatus(s assessment.Status) string {
	switch s {
	case assessment.InWork:
		return "评估中"
	case assessment.InReview:
		return "待复核"
	case assessment.SignedOff:
		return "已通过"
	}
	return string(s)
}
