package assessment_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
)

// hearing plays an appeal against a record, to its decisions and corrections.
type hearing struct {
	t      rapid.TB
	record *assessment.Assessment
	appeal *appeal.Appeal
}

func (h *hearing) do(events []domain.Event, err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, event := range events {
		if err := h.appeal.Apply(event); err != nil {
			h.t.Fatal(err)
		}
	}
}

// file appeals against what is at stake.
func (h *hearing) file(target assessment.Target) assessment.Stake {
	h.t.Helper()
	stake, err := h.record.AtStake(target)
	if err != nil {
		h.t.Fatal(err)
	}
	h.do(h.appeal.File(by("center"), appeal.Filed{
		Appeal: appeal.ID("2022", "310101002", target, 1), Round: "2022", Subject: "310101002", Kind: domain.Center, District: "310101",
		Ground: appeal.Fact, Statement: "标识完整", DecideBy: "2022-06-21", Calendar: hash,
	}, stake))
	return stake
}

// decide has a panel of three vote and decide, and the correction follow,
// twice: the second time it comes to nothing.
func (h *hearing) decide(members []string, votes [3]domain.Points) *appeal.Decided {
	h.t.Helper()
	h.do(h.appeal.NamePanel(by("organizer"), members, h.record.Parts()))
	for i, member := range members {
		h.do(h.appeal.Vote(by(member), votes[i], "照片可证", h.record.Parts(), h.items))
	}
	h.do(h.appeal.Decide(by(members[0]), "合议意见", "2022-06-14", h.record.Parts(), h.items))
	decided := &h.appeal.Decisions[len(h.appeal.Decisions)-1]
	if decided.Corrected == nil {
		return decided
	}
	for again := range 2 {
		events, err := h.correct(decided)
		if err != nil || len(events) != 1-again {
			h.t.Fatalf("carried out %d times: %d events, %v", again, len(events), err)
		}
		for _, event := range events {
			if err := h.record.Apply(event); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	return decided
}

// correct is what the reaction to a decision asks for.
func (h *hearing) correct(d *appeal.Decided) ([]domain.Event, error) {
	filed, becomes := h.appeal.Filed, d.Corrected
	if filed.Clause == "" {
		return h.record.CorrectDeduction(by("system"), assessment.DeductionCorrected{
			Appeal: filed.Appeal, Panel: d.Panel, Deduction: filed.Deduction, Item: becomes.Item, Why: d.Reasons,
		})
	}
	return h.record.CorrectScore(by("system"), assessment.ScoreCorrected{
		Appeal: filed.Appeal, Panel: d.Panel, Clause: filed.Clause, Outcome: becomes.Outcome, Points: becomes.Points, Why: d.Reasons,
	})
}

func (h *hearing) items(points domain.Points) (string, bool) {
	code, ok := map[domain.Points]string{500: "8.1", 1500: "8.2"}[points]
	return code, ok
}

var first, second = []string{"m1", "m2", "m3"}, []string{"m4", "m5", "m6"}

// From 94.25, less 15 by deduction 8.2: 79.25.
func TestFromALossToItsCorrection(t *testing.T) {
	history := complete(imposed(1, "8.2"), submitted, approved, notified(1))
	clause := func(code string) assessment.Target { return assessment.Target{Clause: code} }
	std := newStandard(t)
	for _, test := range []struct {
		name              string
		target            assessment.Target
		votes, again      [3]domain.Points // again: before a second panel, if any
		outcome           appeal.Outcome
		restored          domain.Points
		total, afterwards domain.Points // after the first decision, after all
		escalated         bool
	}{
		{name: "0.75 lost, 0.50 restored", target: clause("1.1.1"), votes: [3]domain.Points{0, 50, 75}, outcome: appeal.PartlyUpheld, restored: 50, total: 7975, afterwards: 7975},
		{name: "0.75 lost, all restored", target: clause("1.1.1"), votes: [3]domain.Points{75, 0, 75}, outcome: appeal.Upheld, restored: 75, total: 8000, afterwards: 8000},
		{name: "0.75 lost, nothing restored", target: clause("1.1.1"), votes: [3]domain.Points{0, 0, 75}, outcome: appeal.Dismissed, restored: 0, total: 7925, afterwards: 7925},
		{name: "0.75 lost, 0.25 and then 0.60 restored", target: clause("1.1.1"), votes: [3]domain.Points{25, 25, 0}, again: [3]domain.Points{60, 25, 75}, escalated: true, outcome: appeal.PartlyUpheld, restored: 60, total: 7950, afterwards: 7985},
		{name: "0.75 lost, nothing and then all restored", target: clause("1.1.1"), votes: [3]domain.Points{0, 0, 0}, again: [3]domain.Points{75, 75, 0}, escalated: true, outcome: appeal.Upheld, restored: 75, total: 7925, afterwards: 8000},
		{name: "0.75 lost, 0.50 restored and no more", target: clause("1.1.1"), votes: [3]domain.Points{50, 50, 75}, again: [3]domain.Points{50, 50, 75}, escalated: true, outcome: appeal.Dismissed, restored: 50, total: 7975, afterwards: 7975},
		{name: "2 of 3 awarded, 0.40 more and then 0.70", target: clause("7.1"), votes: [3]domain.Points{40, 40, 0}, again: [3]domain.Points{70, 100, 40}, escalated: true, outcome: appeal.PartlyUpheld, restored: 70, total: 7965, afterwards: 7995},
		{name: "15 deducted, 10 and then all restored", target: assessment.Target{Deduction: 1}, votes: [3]domain.Points{1000, 0, 1000}, again: [3]domain.Points{1500, 1500, 1000}, escalated: true, outcome: appeal.Upheld, restored: 1500, total: 8925, afterwards: 9425},
		{name: "15 deducted, 10 restored and no more", target: assessment.Target{Deduction: 1}, votes: [3]domain.Points{1000, 1000, 1000}, again: [3]domain.Points{1000, 1000, 1500}, escalated: true, outcome: appeal.Dismissed, restored: 1000, total: 8925, afterwards: 8925},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := &hearing{t: t, record: fold(t, std, history), appeal: appeal.New()}
			h.file(test.target)
			decided := h.decide(first, test.votes)
			if got := std.Score(h.record.Sheet, domain.Sheet{}).Total; got != test.total {
				t.Errorf("total %s after the first panel, want %s", got, test.total)
			}
			if test.escalated {
				h.do(h.appeal.Escalate(by("center"), "仍有异议", "2022-06-28", hash))
				decided = h.decide(second, test.again)
			}
			if decided.Outcome != test.outcome || decided.Restored != test.restored {
				t.Errorf("%s, %s restored; want %s, %s", decided.Outcome, decided.Restored, test.outcome, test.restored)
			}
			if got := std.Score(h.record.Sheet, domain.Sheet{}).Total; got != test.afterwards || h.record.Status != assessment.SignedOff {
				t.Errorf("total %s, %s; want %s, approved", got, h.record.Status, test.afterwards)
			}
		})
	}
}

// An appeal lowers no total, and raises it by no more than it restores: less
// where the pool was exhausted, or another deduction is as large.
func TestRule6AnAppealRestoresNoMoreThanWasLost(t *testing.T) {
	std := newStandard(t)
	rapid.Check(t, func(t *rapid.T) {
		h := &hearing{t: t, record: assessment.New(std), appeal: appeal.New()}
		history := open()
		for _, code := range []string{"1.1.1", "1.1.2", "1.2", "7.1"} {
			history = append(history, recorded(code, goodFinding(code).Draw(t, code)))
		}
		for i, item := range rapid.SliceOfN(rapid.SampledFrom([]string{"8.1", "8.2"}), 0, 3).Draw(t, "deductions") {
			history = append(history, imposed(i+1, item))
		}
		for _, event := range append(history, submitted, approved, notified(1)) {
			if err := h.record.Apply(event); err != nil {
				t.Fatal(err)
			}
		}
		targets := atStake(h.record)
		if len(targets) == 0 {
			return
		}
		before := std.Score(h.record.Sheet, domain.Sheet{}).Total
		stake := h.file(rapid.SampledFrom(targets).Draw(t, "target"))
		total, restored := before, domain.Points(0)
		for panel, members := range [][]string{first, second} {
			decided := h.decide(members, anyVotes(t, stake, restored, fmt.Sprint("panel ", panel+1)))
			after := std.Score(h.record.Sheet, domain.Sheet{}).Total
			if after < total || after-before > decided.Restored || decided.Restored < restored || decided.Restored > stake.Lost {
				t.Fatalf("panel %d restored %s of %s, total from %s to %s, %s at first", panel+1, decided.Restored, stake.Lost, total, after, before)
			}
			total, restored = after, decided.Restored
			if restored == stake.Lost || panel == 1 {
				break
			}
			h.do(h.appeal.Escalate(by("center"), "仍有异议", "2022-06-28", hash))
		}
		if h.record.Status != assessment.SignedOff {
			t.Fatalf("the record is %s", h.record.Status)
		}
	})
}

// atStake has the targets that can be appealed against.
func atStake(a *assessment.Assessment) (open []assessment.Target) {
	var targets []assessment.Target
	for _, clause := range clauses {
		targets = append(targets, assessment.Target{Clause: clause})
	}
	for i := range a.Deductions {
		targets = append(targets, assessment.Target{Deduction: i + 1})
	}
	for _, target := range targets {
		if _, err := a.AtStake(target); err == nil {
			open = append(open, target)
		}
	}
	return open
}

// anyVotes draws what three members would restore, no less than was.
func anyVotes(t *rapid.T, stake assessment.Stake, least domain.Points, label string) (votes [3]domain.Points) {
	for i := range votes {
		if stake.Item == "" {
			votes[i] = domain.Points(rapid.Int64Range(int64(least), int64(stake.Lost)).Draw(t, label))
			continue
		}
		amounts := []domain.Points{stake.Lost, least}
		if stake.Item == "8.2" {
			amounts = append(amounts, 1000)
		}
		votes[i] = rapid.SampledFrom(amounts).Draw(t, label)
	}
	return votes
}
