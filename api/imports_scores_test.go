package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/internal/testrig"
)

// A template of all that an assessor has to judge, filled in and read back: the
// record is complete, with the points worked out by hand.
func TestImportScores(t *testing.T) {
	r := startImports(t)
	r.small()
	r.assign("wang", "310101013", "310101")
	book := r.template("wang", "scores.xlsx?round="+theRound)
	sheet := book.GetSheetName(0)
	rows, err := book.GetRows(sheet)
	must(t, err)
	std := testrig.Standard(t)
	n := 0
	for i, row := range rows[1:] {
		clause, ok := std.Clause(row[1])
		if !ok || row[0] != "310101013" && row[0] != "310101" {
			t.Fatalf("row %d: %v", i+2, row)
		}
		n++
		must(t, book.SetSheetRow(sheet, fmt.Sprintf("C%d", i+2), &[]any{"达标", "", "实地检查", "2022-10-01 09:30", "", "", countsText(clause), "", ""}))
		switch {
		case clause.Indicator().Basis == domain.Award:
			must(t, book.SetSheetRow(sheet, fmt.Sprintf("C%d", i+2), &[]any{"得分", 1.5}))
		case clause.Code == "1.1.1":
			must(t, book.SetSheetRow(sheet, fmt.Sprintf("C%d", i+2), &[]any{"扣分", 0.5, "实地检查", "2022-10-01 09:30", "标识破损", "1", "", "", r.picture}))
			if len(clause.Checklist) == 0 {
				must(t, book.SetCellValue(sheet, fmt.Sprintf("H%d", i+2), ""))
			}
		}
	}
	if want := len(std.Clauses()) - 1; n != want { // 7.2 is awarded by honors alone
		t.Fatalf("%d rows, want %d", n, want)
	}
	q := query(map[string]string{"round": theRound})
	r.thrice("wang", ImportScores, q, filled(t, book), n)
	record := r.record("310101013")
	// 93 points to lose, 0.50 lost; 1.50 awarded on 7.1 and by the district on 7.3.
	if !record.Score.Complete || record.Score.Total != 9550 || record.Entries["1.1.1"].Evidence[0] != r.picture {
		t.Errorf("%+v", record.Score)
	}
	if seen := record.Entries["2.4"].ObservedAt; !seen.Equal(time.Date(2022, 10, 1, 1, 30, 0, 0, time.UTC)) {
		t.Errorf("observed at %s", seen)
	}
	// An organizer's template has every subject, an auditor's none.
	for login, want := range map[string]int{"zhao": 3*(n-1) + 2, "zhou": 0, "qian": 0} {
		rows, err := r.template(login, "scores.xlsx?round="+theRound).GetRows("评分")
		must(t, err)
		if len(rows)-1 != want {
			t.Errorf("%s gets %d rows, want %d", login, len(rows)-1, want)
		}
	}
	if rows, err := r.template("zhao", "scores.xlsx?district=310104&round="+theRound).GetRows("评分"); err != nil || len(rows)-1 != n {
		t.Errorf("one district: %d rows, want %d, %v", len(rows)-1, n, err)
	}
	if got := r.exports(); got != 5 {
		t.Errorf("%d exports on record, want 5", got)
	}
	if empty, err := r.template("zhou", "scores.xlsx").GetRows("评分"); err != nil || len(empty) != 1 || r.exports() != 5 {
		t.Errorf("the empty template: %v, %v, %d exports", empty, err, r.exports())
	}
}

// countsText is what a measured clause counts where it is met.
func countsText(clause *domain.Clause) string {
	f := assessment.Finding{Outcome: domain.Met}
	testrig.Count(clause, &f)
	var out []string
	for input, value := range f.Counts {
		out = append(out, fmt.Sprintf("%s=%d", input, value))
	}
	return strings.Join(out, ";")
}

// exports counts those on record.
func (r *importRig) exports() (n int) {
	r.t.Helper()
	for e, err := range r.log.ReadAll(r.t.Context(), 0) {
		must(r.t, err)
		if e.Type == "access.Exported" {
			n++
		}
	}
	return n
}

const scoresHead = "subject,clause,outcome,points,method,observedAt,reason,checklist,counts,override,evidence\n"

func scoreLine(subject, clause, outcome, points, reason, counts, override, evidence string) string {
	return strings.Join([]string{subject, clause, outcome, points, "实地检查", "2022-10-01", reason, "", counts, override, evidence}, ",") + "\n"
}

func TestImportScoreFaults(t *testing.T) {
	r := startImports(t)
	r.small()
	r.assign("wang", "310101002", "310101013")
	r.assign("qian", "310104003")
	forRound := func() url.Values { return query(map[string]string{"round": theRound}) }
	const center = "310101002"
	q := forRound()
	r.want("one", r.send("wang", ImportScores, q, scoresHead+scoreLine(center, "6.2", "met", "", "", "", "", "")), http.StatusOK, 1, 1, 0)
	before := r.end()
	met := scoreLine(center, "1.1.1", "met", "", "", "", "", "")
	missing := strings.Repeat("0a", 32)
	for name, c := range map[string]struct{ row, place, zh, en string }{
		"unknown subject":    {scoreLine("310115001", "6.2", "met", "", "", "", "", ""), "A3", "没有登记这个受理中心或区", "No such center"},
		"not assigned":       {scoreLine("310104003", "6.2", "met", "", "", "", "", ""), "A3", "您未被分派到该对象", "not assigned"},
		"not opened":         {scoreLine("310104", "7.3", "awarded", "1", "", "", "", ""), "A3", "您未被分派到该对象，或其评估尚未开始", "not opened"},
		"recorded":           {scoreLine(center, "6.2", "lost", "1", "缺制度", "", "", ""), "B3", "该条款已有评估记录（第 1 版）", "version 1: revise it"},
		"against the counts": {scoreLine(center, "2.4", "met", "", "", "minutes=20", "", ""), "J3", "按计数和检查项应为“扣分”", "comes to lost, found met"},
		"lost, but met":      {scoreLine(center, "2.4", "lost", "1", "超时", "minutes=10", "", ""), "J3", "按计数和检查项应为“达标”", "comes to met, found lost"},
		"no counts":          {scoreLine(center, "2.4", "met", "", "", "", "", ""), "I3", "计数不全或相互矛盾", "minutes (响应接单时间) is missing"},
		"impossible counts":  {scoreLine(center, "2.1.1", "met", "", "", "comprehensive=8;total=0;excluded=0", "", ""), "I3", "计数不全或相互矛盾", "cannot be"},
		"nothing overridden": {scoreLine(center, "2.4", "met", "", "", "minutes=10", "无", ""), "J3", "此处没有改判", "nothing to override"},
		"counts for nothing": {scoreLine(center, "2.4", "lost", "1", "超时", "minutes=20", "无", ""), "J3", "此处没有改判", "nothing to override"},
		"over the guide":     {scoreLine(center, "1.1.1", "lost", "2", "破损", "", "", ""), "D2", "超出评分细则规定的该条款扣分上限 1.50 分", "by guide 2022-demo"},
		"no such evidence":   {scoreLine(center, "1.1.2", "met", "", "", "", "", missing), "K3", "没有这份证据材料", "upload it first"},
	} {
		first := met
		if c.place == "D2" {
			first = ""
		}
		rows := strings.Count(first+c.row, "\n")
		for _, dry := range []string{"true", "false"} {
			got := r.send("wang", ImportScores, query(map[string]string{"round": theRound, "dryRun": dry}), scoresHead+first+c.row)
			r.want(name, got, http.StatusUnprocessableEntity, rows, 0, 0)
			r.wantFault(got, c.place, c.zh, c.en)
			if len(got.Faults) != 1 {
				t.Errorf("%s: %s", name, got.text)
			}
		}
	}
	tomorrow := time.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	r.wantFault(r.send("wang", ImportScores, forRound(), scoresHead+strings.Replace(met, "2022-10-01", tomorrow, 1)), "F2", "观察时间不能在将来", "in the future")
	// An id that was used stands for its own rows alone.
	r.wantFault(r.send("wang", ImportScores, q, scoresHead+scoreLine(center, "6.2", "lost", "1", "缺制度", "", "", "")), "B2", "该条款已有评估记录", "revise it")
	if r.end() != before {
		t.Error("faults wrote to the log")
	}

	// Many faults are cut, and counted.
	var many strings.Builder
	for i := range 300 {
		many.WriteString(scoreLine(fmt.Sprintf("3109%05d", i), "6.2", "met", "", "", "", "", ""))
	}
	got := r.send("wang", ImportScores, forRound(), scoresHead+many.String())
	if n := len(got.Faults); n != maxImportFaults+1 || !strings.HasPrefix(got.Faults[n-1].Zh, "另有 100 处错误未列出") || got.Faults[0].Row != 2 {
		t.Errorf("%d faults, the last %+v", n, got.Faults[n-1])
	}

	// A locked record. The one row that it lacks is missing for good.
	std := testrig.Standard(t)
	var rest []assessment.Score
	for _, s := range completeScores(std) {
		if s.Clause != "6.2" {
			rest = append(rest, s)
		}
	}
	wang := command.Meta{ID: newID(), Actor: r.id("wang")}
	_, err := r.commands.RecordScores(t.Context(), wang, theRound, center, rest)
	must(t, err)
	_, err = r.commands.AssignAssessor(t.Context(), byOperator(), theRound, center, r.id("wang"), true)
	must(t, err)
	_, err = r.commands.Submit(t.Context(), command.Meta{ID: newID(), Actor: r.id("wang")}, theRound, center)
	must(t, err)
	r.settle()
	r.wantFault(r.send("wang", ImportScores, forRound(), scoresHead+scoreLine(center, "6.1.1", "met", "", "", "", "", "")), "A2", "该对象已经提交，不能再录入", "locked after submission")
	// Its own import is still found to be done.
	r.want("after submission", r.send("wang", ImportScores, q, scoresHead+scoreLine(center, "6.2", "met", "", "", "", "", "")), http.StatusOK, 1, 0, 1)
}

// TestImportOfOnesOwn: whoever is of a subject has nothing checked for it, and
// does not learn which evidence is stored.
func TestImportOfOnesOwn(t *testing.T) {
	r := startImports(t)
	r.small()
	r.assign("wang", "310101002")
	_, err := r.accounts.Grant(t.Context(), auth.Meta{ID: newID(), Actor: command.Operator}, r.id("wang"), rights.Grant{Role: rights.Center, Subject: "310101002"})
	must(t, err)
	before := r.end()
	for _, sha := range []string{r.picture, strings.Repeat("0a", 32)} {
		row := scoreLine("310101002", "6.2", "met", "", "", "", "", sha)
		for _, dry := range []string{"true", "false"} {
			got := r.send("wang", ImportScores, query(map[string]string{"round": theRound, "dryRun": dry}), scoresHead+row)
			r.wantFault(got, "A2", "您的账号属于该对象，不能评估它", "by an account of 310101002 itself")
			if len(got.Faults) != 1 {
				t.Errorf("%.4s…: %s", sha, got.text)
			}
		}
	}
	if r.end() != before {
		t.Error("a refusal wrote to the log")
	}
}

// completeScores has nothing lost, and a point on what is awarded.
func completeScores(std *domain.Standard) (scores []assessment.Score) {
	for _, clause := range std.Clauses() {
		indicator := clause.Indicator()
		if indicator.Subject != domain.Center || indicator.Honors {
			continue
		}
		f := assessment.Finding{Outcome: domain.Met, Method: assessment.SiteVisit, ObservedAt: testrig.Day}
		if indicator.Basis == domain.Award {
			f.Outcome, f.Points = domain.Awarded, domain.Whole(1)
		} else {
			testrig.Count(clause, &f)
		}
		scores = append(scores, assessment.Score{Clause: clause.Code, Finding: f})
	}
	return scores
}
