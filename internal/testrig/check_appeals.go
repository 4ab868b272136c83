package testrig

import (
	"slices"
	"testing"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/projections"
)

// CheckAppeals compares all appeals as of a seq with the fold of the log up to
// there.
func CheckAppeals(t testing.TB, v *projections.View, l *Ledger, asOf int64) {
	t.Helper()
	all := All(t, func(first int, after string) (projections.Page[projections.AppealView], error) {
		return v.Appeals(projections.AppealQuery{First: first, After: after, AsOf: asOf})
	}, 7)
	if len(all) != len(l.Appeals) {
		t.Fatalf("%d appeals at %d, the log has %d", len(all), asOf, len(l.Appeals))
	}
	var open, due []string
	for _, got := range all {
		a, ok := l.Appeals[appeal.StreamPrefix+got.Appeal]
		if !ok {
			t.Fatalf("there is no appeal %s", got.Appeal)
		}
		one, err := v.Appeal(got.Appeal, asOf)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "appeal "+got.Appeal, one, got)
		checkAppeal(t, got, a)
		if a.Open() {
			open = append(open, got.Appeal)
		}
		if a.Open() && a.Expired != a.DecideBy {
			due = append(due, got.Appeal)
		}
	}
	var listed []string
	for _, a := range All(t, func(first int, after string) (projections.Page[projections.AppealView], error) {
		return v.Appeals(projections.AppealQuery{Open: true, First: first, After: after, AsOf: asOf})
	}, 5) {
		listed = append(listed, a.Appeal)
	}
	equal(t, "open appeals", listed, open)
	if asOf != projections.Latest {
		return
	}
	overdue, err := v.OpenAppeals("9999-12-31")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "appeals that will be due", overdue, due)
}

func checkAppeal(t testing.TB, got projections.AppealView, a *appeal.Appeal) {
	t.Helper()
	what := "appeal " + got.Appeal + ": "
	equal(t, what+"filing", got.Filed, a.Filed)
	equal(t, what+"standing", []any{got.Status, got.Panel, got.DecideOn, got.Expired, got.Open(), got.Restored()},
		[]any{a.Status, a.Panel, a.DecideBy, a.Expired, a.Open(), a.Restored()})
	var members []string
	former, recused := make(map[string]bool), make(map[string]bool)
	for _, m := range got.Members {
		if m.Account == "" {
			t.Errorf("%s%s has no account", what, m.Pseudonym)
		}
		if m.Panel == 1 {
			former[m.Pseudonym] = true
		}
		if m.Recused {
			recused[m.Pseudonym] = true
		}
	}
	for _, m := range got.Hearing() {
		members = append(members, m.Pseudonym)
	}
	equal(t, what+"members", members, a.Members)
	equal(t, what+"former members", former, a.Former)
	equal(t, what+"recused", recused, a.Recused)
	var votes []appeal.VoteCast
	for _, v := range got.Votes {
		if v.Panel == a.Panel {
			votes = append(votes, v.VoteCast)
		}
	}
	equal(t, what+"votes", votes, a.Votes)
	var statements []appeal.EvidenceAdded
	for _, s := range got.Statements {
		statements = append(statements, s.EvidenceAdded)
	}
	equal(t, what+"statements", statements, a.Statements)
	var decisions []appeal.Decided
	for _, d := range got.Decisions {
		decisions = append(decisions, d.Decided)
	}
	equal(t, what+"decisions", decisions, a.Decisions)
	if last := got.Steps[len(got.Steps)-1]; last.Status != a.Status || last.DecideBy != a.DecideBy {
		t.Errorf("%slast step %+v", what, last)
	}
}

// checkOutcome compares what became of a result: its notices, the replies to
// it, and the appeals against it.
func checkOutcome(t testing.TB, v *projections.View, l *Ledger, view projections.AssessmentView, a *assessment.Assessment, asOf int64) {
	t.Helper()
	what := a.Opened.Subject + " of " + a.Opened.Round
	var notices, told []assessment.ResultNotified
	for _, n := range view.Notices {
		notices = append(notices, n.ResultNotified)
	}
	for _, n := range a.Notices {
		told = append(told, n.ResultNotified)
	}
	equal(t, what+": notices", notices, told)
	var replies []assessment.Reply
	for _, r := range view.Replies {
		reply := assessment.Reply{ReplyFiled: r.ReplyFiled}
		public := r.Text
		if r.Redacted != nil {
			reply.Redacted, public = &r.Redacted.ReplyRedacted, r.Redacted.Text
		}
		if assessment.ReplyDigest(r.Salt, r.Text) != r.Digest || r.Public() != public {
			t.Errorf("%s: reply %d is shown as %q of %q", what, r.Reply, r.Public(), r.Text)
		}
		replies = append(replies, reply)
	}
	equal(t, what+": replies", replies, a.Replies)
	for code, e := range view.Entries {
		subject := a.Opened.Subject
		if c, ok := l.std.Clause(code); ok && c.Indicator().Subject == domain.District {
			subject = a.Opened.District
		}
		equal(t, what+": appeals against "+code, e.UnderAppeal, l.under(a.Opened.Round, subject, assessment.Target{Clause: code}))
	}
	for _, d := range view.Deductions {
		equal(t, what+": appeals against a deduction", d.UnderAppeal,
			l.under(a.Opened.Round, a.Opened.Subject, assessment.Target{Deduction: d.Deduction}))
	}
	if asOf != projections.Latest {
		return
	}
	seq, ok, err := v.NotifiedAt(a.Opened.Round, a.Opened.Subject)
	if err != nil || ok != (len(told) > 0) || (ok && seq != view.Notices[len(told)-1].Seq) {
		t.Errorf("%s: notified at %d, %t, %v", what, seq, ok, err)
	}
	if status, err := v.StatusOf(a.Opened.Round, a.Opened.Subject); err != nil || status != a.Status {
		t.Errorf("%s is %q, %v; want %q", what, status, err, a.Status)
	}
}

// under tells the newest appeal against a target.
func (l *Ledger) under(round, subject string, target assessment.Target) (u projections.UnderAppeal) {
	n := 0
	for _, a := range l.Appeals {
		if a.Filed.Round != round || a.Filed.Subject != subject || a.Filed.Target != target {
			continue
		}
		if order := slices.Index(l.filed, a.Filed.Appeal); order >= n {
			n, u = order, projections.UnderAppeal{Against: a.Filed.Appeal, Pending: a.Open()}
		}
	}
	return u
}
