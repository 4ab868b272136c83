package appeal_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
)

func file(stake assessment.Stake, change func(*domain.Stamp, *appeal.Filed)) decision {
	return func(a *appeal.Appeal) ([]domain.Event, error) {
		stamp, f := by("center"), filing()
		change(&stamp, &f)
		return a.File(stamp, f, stake)
	}
}

func asIs(*domain.Stamp, *appeal.Filed) {}

func filedAt(at time.Time) func(*domain.Stamp, *appeal.Filed) {
	return func(stamp *domain.Stamp, _ *appeal.Filed) { stamp.At = at }
}

func grounded(g appeal.Ground) *appeal.Filed {
	f := filed(lost)
	f.Ground = g
	return f
}

// lastMoment is the end of the last day for appeals: midnight in China.
var lastMoment = time.Date(2022, 6, 14, 15, 59, 59, 999_999_999, time.UTC)

func TestFile(t *testing.T) {
	atLast := filed(lost)
	atLast.At = lastMoment
	ground := func(g appeal.Ground) decision {
		return file(lost, func(_ *domain.Stamp, f *appeal.Filed) { f.Ground = g })
	}
	statement := func(text string) decision {
		return file(lost, func(_ *domain.Stamp, f *appeal.Filed) { f.Statement = text })
	}
	evidence := func(hashes ...string) decision {
		return file(lost, func(_ *domain.Stamp, f *appeal.Filed) { f.Evidence = hashes })
	}
	longest := filed(lost)
	longest.Statement = strings.Repeat("长", 4000)
	run(t, []scenario{
		{name: "rule 5, against a loss", when: file(lost, asIs), then: events(filed(lost))},
		{name: "rule 5, against an award that is not full", when: file(award, asIs), then: events(filed(award))},
		{name: "rule 5, against a deduction", when: file(misconduct, asIs), then: events(filed(misconduct))},
		{name: "rule 5, on the ground of evidence", when: ground(appeal.Evidence), then: events(grounded(appeal.Evidence))},
		{name: "rule 5, on the ground of procedure", when: ground(appeal.Procedure), then: events(grounded(appeal.Procedure))},
		{name: "rule 5, on the ground of interpretation", when: ground(appeal.Interpretation), then: events(grounded(appeal.Interpretation))},
		{name: "rule 5, in the last moment of the last day, in China", when: file(lost, filedAt(lastMoment)), then: events(atLast)},
		{name: "the longest statement", when: statement(longest.Statement), then: events(longest)},
		{name: "rule 5, a moment later", when: file(lost, filedAt(lastMoment.Add(1))), refused: domain.ErrTooLate, says: "filed on 2022-06-15, the last day was 2022-06-14: the deadline has passed"},
		{name: "rule 5, against nothing lost", when: file(assessment.Stake{Target: lost.Target, AppealBy: notified}, asIs), refused: domain.ErrNothingAtStake, says: "0.00 of 0.00"},
		{name: "rule 5, without a ground", when: ground(""), refused: domain.ErrInvalid, says: `ground "" is none of fact, evidence, procedure, interpretation`},
		{name: "rule 5, on another ground", when: ground("mercy"), refused: domain.ErrInvalid, says: `ground "mercy"`},
		{name: "rule 5, without a statement", when: statement(" \t　"), refused: domain.ErrReasonMissing, says: "a statement: a reason is mandatory"},
		{name: "a statement too long", when: statement(strings.Repeat("长", 4001)), refused: domain.ErrInvalid, says: "statement has 4001 characters, at most 4000"},
		{name: "a statement that is not UTF-8", when: statement("a\xff"), refused: domain.ErrInvalid, says: "statement is not valid UTF-8"},
		{name: "evidence that is no SHA-256", when: evidence(hash, hash[1:]), refused: domain.ErrInvalid, says: `evidence "123`},
		{name: "evidence in capitals", when: evidence(strings.ToUpper(hash)), refused: domain.ErrInvalid, says: "is not a SHA-256 in lower-case hex"},
		{name: "51 pieces of evidence", when: evidence(make([]string, 51)...), refused: domain.ErrInvalid, says: "51 pieces of evidence, at most 50"},
		{name: "a decision due on no day", when: file(lost, func(_ *domain.Stamp, f *appeal.Filed) { f.DecideBy = "" }), refused: domain.ErrInvalid, says: `decideBy "" is not a day`},
		{name: "a decision due yesterday", when: file(lost, func(_ *domain.Stamp, f *appeal.Filed) { f.DecideBy = "2022-06-07" }), refused: domain.ErrInvalid, says: `decideBy "2022-06-07" is not a day as YYYY-MM-DD, 2022-06-08 or later`},
		{name: "rule 5, one open appeal: filed twice", given: waiting(), when: file(lost, asIs), refused: domain.ErrExists, says: "appeal 2022-310101002-1.1.1-1: exists already"},
		{name: "filed again under its id once withdrawn", given: waiting(withdrawn), when: file(lost, asIs), refused: domain.ErrExists, says: "1.1.1-1"},
	})
}

// What the caller says of the target does not matter: the record does.
func TestFileTakesTheStakeFromTheRecord(t *testing.T) {
	run(t, []scenario{{
		name: "rule 5, points and deadline made up", when: file(lost, func(_ *domain.Stamp, f *appeal.Filed) {
			f.By, f.Target, f.Version, f.Outcome = "somebody", assessment.Target{Clause: "1.2", Deduction: 3}, 7, domain.Awarded
			f.Points, f.Item, f.Lost, f.AppealBy = 9000, "8.2", 9000, "2099-01-01"
		}), then: events(filed(lost)),
	}})
}

// Two that are filed at once meet in one stream; no two targets share one.
func TestID(t *testing.T) {
	for _, test := range []struct {
		stake assessment.Stake
		n     int
		want  string
	}{
		{lost, 1, "2022-city-310101002-1.1.1-1"},
		{lost, 2, "2022-city-310101002-1.1.1-2"},
		{award, 1, "2022-city-310101002-7.1-1"},
		{misconduct, 1, "2022-city-310101002-deduction1-1"},
	} {
		if got := appeal.ID("2022-city", "310101002", test.stake.Target, test.n); got != test.want {
			t.Errorf("id %s, want %s", got, test.want)
		}
	}
}

func add(party appeal.Party, who, statement string, evidence ...string) decision {
	return func(a *appeal.Appeal) ([]domain.Event, error) {
		return a.Add(by(who), appeal.EvidenceAdded{Party: party, Statement: statement, Evidence: evidence})
	}
}

func TestAdd(t *testing.T) {
	full := waiting()
	for range 50 {
		full = append(full, said(appeal.Appellant, "center"))
	}
	run(t, []scenario{
		{name: "the appellant while it waits", given: waiting(), when: add(appeal.Appellant, "center", "现场照片", hash), then: events(said(appeal.Appellant, "center"))},
		{name: "the assessors in the hearing", given: hearing(), when: add(appeal.Assessors, "assessor", "现场照片", hash), then: events(said(appeal.Assessors, "assessor"))},
		{name: "the appellant after the escalation", given: partly(escalated()), when: add(appeal.Appellant, "center", "现场照片", hash), then: events(said(appeal.Appellant, "center"))},
		{name: "the assessors when the appellant has said its 50", given: full, when: add(appeal.Assessors, "assessor", "现场照片", hash), then: events(said(appeal.Assessors, "assessor"))},
		{name: "a 51st statement", given: full, when: add(appeal.Appellant, "center", "x"), refused: domain.ErrInvalid, says: "has 50 statements of the appellant, no more are taken"},
		{name: "of no party", given: waiting(), when: add("public", "center", "x"), refused: domain.ErrInvalid, says: `party "public" is neither appellant nor assessors`},
		{name: "without a statement", given: waiting(), when: add(appeal.Appellant, "center", "\n"), refused: domain.ErrReasonMissing, says: "a statement"},
		{name: "evidence that is no SHA-256", given: waiting(), when: add(appeal.Appellant, "center", "x", "abc"), refused: domain.ErrInvalid, says: `evidence "abc"`},
		{name: "rule 3, a member of the panel for a party", given: hearing(), when: add(appeal.Assessors, "m1", "x"), refused: domain.ErrFourEyes, says: "a member of the panel of appeal 2022-310101002-1.1.1-1 speaks for no party"},
		{name: "rule 3, a member of the first panel before the second", given: again(), when: add(appeal.Assessors, "m2", "x"), refused: domain.ErrFourEyes, says: "speaks for no party"},
		{name: "rule 3, a member of the second panel", given: again(), when: add(appeal.Assessors, "m5", "x"), refused: domain.ErrFourEyes, says: "speaks for no party"},
		{name: "rule 3, who was taken off the second panel", given: again(recused("m5")), when: add(appeal.Assessors, "m5", "x"), refused: domain.ErrFourEyes, says: "speaks for no party"},
		{name: "before it is filed", when: add(appeal.Appellant, "center", "x"), refused: domain.ErrUnknownAppeal, says: "appeal: unknown appeal"},
		{name: "once decided", given: partly(), when: add(appeal.Appellant, "center", "x"), refused: domain.ErrDecided, says: "appeal 2022-310101002-1.1.1-1: decided already"},
		{name: "once withdrawn", given: waiting(withdrawn), when: add(appeal.Appellant, "center", "x"), refused: domain.ErrNotOpen, says: "appeal 2022-310101002-1.1.1-1 is withdrawn: the appeal is not open"},
	})
}

func withdraw(who, reason string) decision {
	return func(a *appeal.Appeal) ([]domain.Event, error) { return a.Withdraw(by(who), reason) }
}

func TestWithdraw(t *testing.T) {
	asUsual := withdraw("center", "已沟通一致")
	run(t, []scenario{
		{name: "while it waits", given: waiting(), when: asUsual, then: events(withdrawn)},
		{name: "in the hearing", given: hearing(voted(1, "m1", appeal.Dismissed, 0)), when: asUsual, then: events(withdrawn)},
		{name: "after it expired", given: hearing(expired), when: asUsual, then: events(withdrawn)},
		{name: "after the escalation", given: partly(escalated()), when: asUsual, then: events(withdrawn)},
		{name: "without a reason", given: waiting(), when: withdraw("center", " "), refused: domain.ErrReasonMissing, says: "withdrawing: a reason is mandatory"},
		{name: "with a long reason", given: waiting(), when: withdraw("center", strings.Repeat("长", 4001)), refused: domain.ErrInvalid, says: "reason has 4001 characters"},
		{name: "rule 3, by a member of the panel", given: hearing(), when: withdraw("m3", "x"), refused: domain.ErrFourEyes, says: "speaks for no party"},
		{name: "before it is filed", when: asUsual, refused: domain.ErrUnknownAppeal, says: "unknown appeal"},
		{name: "once decided", given: dismissed(), when: asUsual, refused: domain.ErrDecided, says: "decided already"},
		{name: "twice", given: waiting(withdrawn), when: asUsual, refused: domain.ErrNotOpen, says: "is withdrawn"},
	})
	a := fold(t, partly(escalated(), withdrawn))
	if a.Restored() != 50 || a.Open() {
		t.Errorf("withdrawn after the escalation restores %s, open %t; want what the first panel restored, 0.50", a.Restored(), a.Open())
	}
}

func escalate(who string, at time.Time, statement, decideBy string) decision {
	return func(a *appeal.Appeal) ([]domain.Event, error) {
		return a.Escalate(domain.Stamp{By: who, At: at}, statement, decideBy, hash)
	}
}

func TestEscalate(t *testing.T) {
	now := by("center").At
	asUsual := escalate("center", now, "仍有异议", dueAgain)
	atLast := *escalated()
	atLast.At = time.Date(2022, 6, 29, 15, 59, 59, 0, time.UTC)
	twice := again(voted(2, "m4", appeal.Dismissed, 50), voted(2, "m5", appeal.Dismissed, 50), voted(2, "m6", appeal.Dismissed, 50), decided(2, appeal.Dismissed, 50, nil, ""))
	run(t, []scenario{
		{name: "rule 5, what was partly upheld", given: partly(), when: asUsual, then: events(escalated())},
		{name: "rule 5, what was dismissed", given: dismissed(), when: asUsual, then: events(escalated())},
		{name: "rule 5, at the end of the last day", given: partly(), when: escalate("center", atLast.At, "仍有异议", dueAgain), then: events(&atLast)},
		{name: "rule 5, a day later", given: partly(), when: escalate("center", on("2022-06-30"), "x", dueAgain), refused: domain.ErrTooLate, says: "escalated on 2022-06-30, the last day was 2022-06-29"},
		{name: "rule 5, a second time", given: twice, when: asUsual, refused: domain.ErrDecided, says: "was escalated before"},
		{name: "what was upheld in full", given: upheld(), when: asUsual, refused: domain.ErrNothingAtStake, says: "was upheld in full"},
		{name: "before it is filed", when: asUsual, refused: domain.ErrUnknownAppeal, says: "unknown appeal"},
		{name: "while it waits", given: waiting(), when: asUsual, refused: domain.ErrUnderAppeal, says: "escalating appeal 2022-310101002-1.1.1-1, which is filed: under appeal"},
		{name: "in the hearing", given: hearing(), when: asUsual, refused: domain.ErrUnderAppeal, says: "which is hearing"},
		{name: "before the second panel", given: again(), when: asUsual, refused: domain.ErrUnderAppeal, says: "which is hearing"},
		{name: "once withdrawn", given: partly(escalated(), withdrawn), when: asUsual, refused: domain.ErrNotOpen, says: "is withdrawn"},
		{name: "without a statement", given: partly(), when: escalate("center", now, " ", dueAgain), refused: domain.ErrReasonMissing, says: "a statement"},
		{name: "due on no day", given: partly(), when: escalate("center", now, "x", "soon"), refused: domain.ErrInvalid, says: `decideBy "soon"`},
		{name: "rule 3, by who sat on the first panel", given: partly(), when: escalate("m3", now, "x", dueAgain), refused: domain.ErrFourEyes, says: "speaks for no party"},
	})
}

// Rule 5: one open appeal per entry, and a panel's word is escalated, not
// appealed against anew.
func TestRule5Again(t *testing.T) {
	second := again(voted(2, "m4", appeal.Dismissed, 50), voted(2, "m5", appeal.Dismissed, 50), voted(2, "m6", appeal.Upheld, 75), decided(2, appeal.Dismissed, 50, nil, ""))
	var scenarios []scenario
	for _, test := range []struct {
		name  string
		given []domain.Event
		want  error
		says  string
	}{
		{"not filed", nil, nil, ""},
		{"withdrawn", waiting(withdrawn), nil, ""},
		{"withdrawn in the hearing", hearing(voted(1, "m1", appeal.Upheld, 75), withdrawn), nil, ""},
		{"waiting", waiting(), domain.ErrUnderAppeal, "appeal 2022-310101002-1.1.1-1 is filed: under appeal"},
		{"in the hearing", hearing(), domain.ErrUnderAppeal, "is hearing"},
		{"escalated", dismissed(escalated()), domain.ErrUnderAppeal, "is escalated"},
		{"dismissed", dismissed(), domain.ErrDecided, "escalate it: decided already"},
		{"upheld", upheld(), domain.ErrDecided, "escalate it"},
		{"decided twice", second, domain.ErrDecided, "escalate it"},
		{"withdrawn after the escalation", dismissed(escalated(), withdrawn), domain.ErrDecided, "escalate it"},
	} {
		scenarios = append(scenarios, scenario{
			name: test.name, given: slices.Clip(test.given), refused: test.want, says: test.says,
			when: func(a *appeal.Appeal) ([]domain.Event, error) { return nil, a.Again() },
		})
	}
	run(t, scenarios)
}

// Rule 5: what a panel has decided is not appealed against anew, but a finding
// that was revised since is another one.
func TestRule5Follows(t *testing.T) {
	revised := lost
	revised.Version = 2
	follows := func(stake assessment.Stake) decision {
		return func(a *appeal.Appeal) ([]domain.Event, error) { return nil, a.Follows(stake) }
	}
	run(t, []scenario{
		{name: "the first", when: follows(lost)},
		{name: "one that was withdrawn", given: waiting(withdrawn), when: follows(lost)},
		{name: "a decision on the finding before", given: dismissed(), when: follows(revised)},
		{name: "a decision on this finding", given: dismissed(), when: follows(lost), refused: domain.ErrDecided, says: "escalate it: decided already"},
		{name: "a decision on this deduction", given: before(misconduct, append(ballot(0, 0, 0), decided(1, appeal.Dismissed, 0, nil, ask))...), when: follows(misconduct), refused: domain.ErrDecided, says: "escalate it"},
		{name: "an open one", given: hearing(), when: follows(lost), refused: domain.ErrUnderAppeal, says: "is hearing"},
		{name: "an open one on the finding before", given: hearing(), when: follows(revised), refused: domain.ErrUnderAppeal, says: "is hearing"},
		{name: "an escalated one on the finding before", given: dismissed(escalated()), when: follows(revised), refused: domain.ErrUnderAppeal, says: "is escalated"},
		{name: "one that was withdrawn after the escalation", given: dismissed(escalated(), withdrawn), when: follows(lost), refused: domain.ErrDecided, says: "escalate it"},
		{name: "the same, on the finding before", given: dismissed(escalated(), withdrawn), when: follows(revised)},
	})
}
