package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"mingjian/cmd/mingjian/demo"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/round"
	"mingjian/eventstore"
	"mingjian/projections"
)

// printStory tells what became of the round after the assessments, in numbers
// that are counted from the log.
func printStory(ctx context.Context, io *stdio, r *runtime, codec *eventstore.Codec) error {
	tale, err := demo.Tell(ctx, r.log, codec)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(io.out, 2, 4, 2, ' ', 0)
	a, h := tale.Appeals, tale.Honors
	fmt.Fprintln(out, "从结果到发布（均由事件日志统计）")
	fmt.Fprintf(out, "荣誉\t申报 %d 件：认定 %d，不予认定 %d，撤回 %d；两中心联名 %d 件\n", h.Claimed, h.Accepted, h.Rejected, h.Withdrawn, h.Joint)
	fmt.Fprintf(out, "扣分\t第八部分扣分 %d 项：核查后撤销 %d，申诉后减免 %d\n", tale.Deductions, tale.Lifted, tale.Lessened)
	fmt.Fprintf(out, "告知\t%s 起发出 %d 份，首批申诉截止 %s（工作日历已扣除国庆假期）\n", tale.Notified, tale.Notices, tale.AppealBy)
	fmt.Fprintf(out, "申诉\t%d 件，来自 %d 个对象，涉及 %d 项：事实 %d，证据 %d，程序 %d，适用标准 %d\n", a.Filed, a.Subjects, a.Clauses,
		a.Grounds[appeal.Fact], a.Grounds[appeal.Evidence], a.Grounds[appeal.Procedure], a.Grounds[appeal.Interpretation])
	fmt.Fprintf(out, "\t支持 %d，部分支持 %d，不予支持 %d，撤回 %d，在办 %d\n", a.Upheld, a.PartlyUpheld, a.Dismissed, a.Withdrawn, a.Open)
	fmt.Fprintf(out, "\t再次复核 %d 件（改判 %d），延期 %d，超期标记 %d，复核组成员回避 %d\n", a.Escalated, a.Improved, a.Extended, a.Expired, a.Recusals)
	fmt.Fprintf(out, "更正\t依申诉决定 %d 处，恢复 %s 分；评估员依程序更正 %d 处\n", tale.Corrections, a.Restored, tale.Revisions)
	fmt.Fprintf(out, "答复\t中心公开答复 %d 份，其中遮盖 %d 份\n", tale.Replies, tale.Redacted)
	for _, release := range tale.Releases {
		fmt.Fprintf(out, "发布\t第 %d 次，%s，%s：%s", release.Release, domain.DayOf(release.At), releaseKinds[release.Kind], release.Reason)
		if release.Pending > 0 {
			fmt.Fprintf(out, "；当时在办申诉 %d 件", release.Pending)
		}
		fmt.Fprintln(out)
	}
	view, err := r.model.View(ctx)
	if err != nil {
		return err
	}
	defer view.Close()
	for _, release := range tale.Releases {
		if release.Release == 1 {
			continue
		}
		if err := printMoves(out, view, release.Release); err != nil {
			return err
		}
	}
	fmt.Fprintln(out)
	return out.Flush()
}

var releaseKinds = map[round.ReleaseKind]string{round.Provisional: "公示", round.Final: "正式", round.Correction: "更正"}

// shownMoves is how many moves of a release are printed.
const shownMoves = 5

// printMoves shows whose totals a release moved most, and their ranks.
func printMoves(out *tabwriter.Writer, view *projections.View, release int) error {
	before, err := standings(view, release-1)
	if err != nil {
		return err
	}
	after, err := standings(view, release)
	if err != nil {
		return err
	}
	var moved []projections.StandingView
	ranks := 0
	for code, now := range after {
		if now.CityRank != before[code].CityRank {
			ranks++
		}
		if now.Total != before[code].Total {
			moved = append(moved, now)
		}
	}
	by := func(s projections.StandingView) domain.Points {
		return max(s.Total-before[s.Center.Code].Total, before[s.Center.Code].Total-s.Total)
	}
	slices.SortFunc(moved, func(s, t projections.StandingView) int {
		return cmp.Or(cmp.Compare(by(t), by(s)), cmp.Compare(s.Center.Code, t.Center.Code))
	})
	fmt.Fprintf(out, "\t第 %d 次发布比第 %d 次：%d 个中心总分变动，%d 个中心名次变动\n", release, release-1, len(moved), ranks)
	for _, now := range moved[:min(len(moved), shownMoves)] {
		was := before[now.Center.Code]
		rank := fmt.Sprintf("全市第 %d → %d 名", was.CityRank, now.CityRank)
		if was.CityRank == now.CityRank {
			rank = fmt.Sprintf("仍列全市第 %d 名", now.CityRank)
		}
		fmt.Fprintf(out, "\t%s %s：%s → %s 分，%s\n", now.Center.DistrictName, now.Center.Name, was.Total, now.Total, rank)
	}
	return nil
}

// standings finds all of a release's, by center.
func standings(view *projections.View, release int) (map[string]projections.StandingView, error) {
	found := make(map[string]projections.StandingView)
	query := projections.RankingQuery{First: 100}
	for {
		page, err := view.ReleaseRanking(demo.Round, release, query)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Items {
			found[s.Center.Code] = s
		}
		if query.After = page.Cursors[len(page.Cursors)-1]; !page.HasNext {
			return found, nil
		}
	}
}

// printLinks says where to look at what was told, once it is served.
func (c *demoCmd) printLinks(ctx context.Context, io *stdio, r *runtime, center string) func(running) error {
	return func(at running) error {
		view, err := r.model.View(ctx)
		if err != nil {
			return err
		}
		defer view.Close()
		found, err := view.Round(demo.Round)
		if err != nil {
			return err
		}
		out := tabwriter.NewWriter(io.out, 2, 4, 2, ' ', 0)
		for _, release := range slices.Backward(found.Releases) {
			where := at.Site + "/"
			if release.Number < len(found.Releases) { // the site serves the newest, the folder keeps all
				where = filepath.Join(c.Data, "site", "releases", fmt.Sprintf("%s-%d", demo.Round, release.Number), "index.html")
			}
			fmt.Fprintf(out, "第 %d 次发布\t%s\n", release.Number, where)
		}
		fmt.Fprintf(out, "排名 各区 下载\t%s/ranking.html  %s/districts/  %s/data.html\n", at.Site, at.Site, at.Site)
		fmt.Fprintf(out, "演示账号的中心\t%s/centers/%s.html\n", at.Site, center)
		fmt.Fprintf(out, "GraphQL\t%s/public/graphql（公开）  %s/graphql（内部，先登录）\n\n", at.API, at.API)
		return out.Flush()
	}
}
