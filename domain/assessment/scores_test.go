package assessment_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

func score(clause string, f assessment.Finding) assessment.Score {
	return assessment.Score{Clause: clause, Finding: f}
}

func record(who string, scores ...assessment.Score) decision {
	return func(a *assessment.Assessment) ([]domain.Event, error) { return a.RecordScores(by(who), scores) }
}

func revise(who, clause string, supersedes int, f assessment.Finding, why string) decision {
	return func(a *assessment.Assessment) ([]domain.Event, error) {
		return a.ReviseScore(by(who), supersedes, score(clause, f), why)
	}
}

func TestOpen(t *testing.T) {
	open := func(a *assessment.Assessment) ([]domain.Event, error) { return a.Open(*opened(domain.Center)) }
	run(t, []scenario{
		{name: "a first time", when: open, then: events(opened(domain.Center))},
		{name: "twice", given: events(opened(domain.Center)), when: open, refused: domain.ErrExists, says: "assessment of 310101002 in round 2022: exists already"},
		{name: "after approval", given: signedOff(), when: open, refused: domain.ErrExists, says: "310101002"},
	})
}

func TestRecordScores(t *testing.T) {
	allMethods := []assessment.Method{
		assessment.SiteVisit, assessment.MysteryVisit, assessment.Documents,
		assessment.Interview, assessment.PhoneSampling, assessment.SystemData,
	}
	scenarios := []scenario{
		{
			name: "several findings at once", given: open(),
			when: record("assessor", score("1.2", met), score("1.1.1", lost), score("7.1", found(domain.Awarded, 0, ""))),
			then: events(recorded("1.2", met), recorded("1.1.1", lost), recorded("7.1", found(domain.Awarded, 0, ""))),
		},
		{name: "the whole pool lost", given: open(), when: record("assessor", score("1.1.1", found(domain.Lost, 300, "关门"))), then: events(recorded("1.1.1", found(domain.Lost, 300, "关门")))},
		{name: "the whole award", given: open(), when: record("assessor", score("7.1", found(domain.Awarded, 300, ""))), then: events(recorded("7.1", found(domain.Awarded, 300, "")))},
		{name: "not applicable where the standard allows it", given: open(), when: record("assessor", score("1.1.2", found(domain.NotApplicable, 0, "疫情"))), then: events(recorded("1.1.2", found(domain.NotApplicable, 0, "疫情")))},
		{
			name: "7.3 on the district", given: openDistrict(), when: record("assessor", score("7.3", found(domain.Awarded, 250, ""))),
			then: events(recorded("7.3", found(domain.Awarded, 250, ""))),
		},
		{name: "before opening", when: record("assessor", score("1.2", met)), refused: domain.ErrNotOpened, says: "assessment: not opened"},
		{name: "no findings", given: open(), when: record("assessor"), refused: domain.ErrInvalid, says: "no findings to record"},
		{name: "recorded already", given: complete(revised("assessor", "1.2", 1, met, "")), when: record("assessor", score("1.2", met)), refused: domain.ErrAlreadyRecorded, says: "1.2 has version 2"},
		{name: "twice in one command", given: open(), when: record("assessor", score("1.2", met), score("1.2", met)), refused: domain.ErrInvalid, says: "1.2 is given twice"},
		{name: "one bad finding refuses all", given: open(), when: record("assessor", score("1.2", met), score("9.9", met)), refused: domain.ErrUnknownClause, says: `"9.9" is not a clause of standard fixture`},
		{name: "rule 4, locked after submission", given: inReview(), when: record("assessor", score("1.2", met)), refused: domain.ErrLocked, says: "310101002 is submitted"},
		{name: "rule 4, locked after approval", given: signedOff(), when: record("assessor", score("1.2", met)), refused: domain.ErrLocked, says: "310101002 is approved"},
	}
	for _, method := range allMethods {
		f := met
		f.Method = method
		scenarios = append(scenarios, scenario{
			name: "rule 1, method " + string(method), given: open(), when: record("assessor", score("1.2", f)), then: events(recorded("1.2", f)),
		})
	}
	run(t, scenarios)
}

// refusedFindings breaks what a finding must keep, one rule at a time.
func refusedFindings() []scenario {
	with := func(change func(*assessment.Finding)) assessment.Finding {
		f := lost
		change(&f)
		return f
	}
	tests := []struct {
		name, clause string
		finding      assessment.Finding
		refused      error
		says         string
	}{
		{"unknown clause", "9.9", met, domain.ErrUnknownClause, `"9.9" is not a clause of standard fixture`},
		{"an indicator is no clause", "1.1", met, domain.ErrUnknownClause, `"1.1" is not a clause`},
		{"7.3 on a center", "7.3", found(domain.Awarded, 100, ""), domain.ErrWrongSubject, "7.3 judges the district, 310101002 is a center"},
		{"rule 7, 7.2 by a finding", "7.2", found(domain.Awarded, 100, ""), domain.ErrInvalid, "7.2 is awarded by accepting honor claims only"},
		{"met with points", "1.2", found(domain.Met, 1, ""), domain.ErrInvalid, "1.2: met takes no points"},
		{"met on an award", "7.1", met, domain.ErrInvalid, "7.1: met takes no points"},
		{"lost nothing", "1.2", found(domain.Lost, 0, "x"), domain.ErrInvalid, "1.2: lost takes points above zero"},
		{"lost less than nothing", "1.2", found(domain.Lost, -1, "x"), domain.ErrInvalid, "1.2: lost takes points above zero"},
		{"lost on an award", "7.1", found(domain.Lost, 1, "x"), domain.ErrInvalid, "7.1: lost takes points above zero"},
		{"lost more than the indicator", "1.1.1", found(domain.Lost, 350, "x"), domain.ErrOverIndicator, "lose 3.50 of 3.00 on 1.1: over the indicator's points"},
		{"rule 1, lost without a reason", "1.1.1", found(domain.Lost, 75, " \t\n　"), domain.ErrReasonMissing, "losing 0.75 on 1.1.1"},
		{"awarded on a pool", "1.2", found(domain.Awarded, 1, ""), domain.ErrInvalid, "1.2: awarded takes points from zero"},
		{"awarded less than nothing", "7.1", found(domain.Awarded, -1, ""), domain.ErrInvalid, "7.1: awarded takes points from zero"},
		{"awarded more than the indicator", "7.1", found(domain.Awarded, 301, ""), domain.ErrOverIndicator, "award 3.01 of 3.00 on 7.1"},
		{"not applicable where the standard has none", "1.2", found(domain.NotApplicable, 0, "x"), domain.ErrNotApplicable, "1.2: the standard does not allow"},
		{"not applicable with points", "1.1.2", found(domain.NotApplicable, 1, "x"), domain.ErrNotApplicable, "1.1.2"},
		{"rule 1, not applicable without a reason", "1.1.2", found(domain.NotApplicable, 0, " "), domain.ErrReasonMissing, "leaving out 1.1.2 (疫情期间)"},
		{"no outcome", "1.2", found(domain.NotAssessed, 0, ""), domain.ErrInvalid, `1.2: outcome ""`},
		{"unknown outcome", "1.2", found("good", 0, ""), domain.ErrInvalid, `1.2: outcome "good" is none of met, lost, awarded, notApplicable`},
		{"rule 1, no method", "1.1.1", with(func(f *assessment.Finding) { f.Method = "" }), domain.ErrInvalid, `1.1.1: method ""`},
		{"rule 1, unknown method", "1.1.1", with(func(f *assessment.Finding) { f.Method = "hearsay" }), domain.ErrInvalid, `1.1.1: method "hearsay"`},
		{"rule 1, no observedAt", "1.1.1", with(func(f *assessment.Finding) { f.ObservedAt = time.Time{} }), domain.ErrInvalid, "1.1.1: observedAt 0001-01-01T00:00:00Z is missing"},
		{"rule 1, observed in the future", "1.1.1", with(func(f *assessment.Finding) { f.ObservedAt = start.Add(24*time.Hour + 1) }), domain.ErrInvalid, "1.1.1: observedAt 2022-06-08T09:00:00Z is missing or in the future"},
		{"rule 1, evidence that is no SHA-256", "1.1.1", with(func(f *assessment.Finding) { f.Evidence = []string{hash, hash[1:]} }), domain.ErrInvalid, "evidence \"1234"},
		{"rule 1, evidence in capitals", "1.1.1", with(func(f *assessment.Finding) { f.Evidence = []string{strings.ToUpper(hash)} }), domain.ErrInvalid, "is not a SHA-256 in lower-case hex"},
		{"51 pieces of evidence", "1.1.1", with(func(f *assessment.Finding) { f.Evidence = make([]string, 51) }), domain.ErrInvalid, "51 pieces of evidence, at most 50"},
		{"a reason of 4001 characters", "1.1.1", with(func(f *assessment.Finding) { f.Reason = strings.Repeat("长", 4001) }), domain.ErrInvalid, "reason has 4001 characters, at most 4000"},
		{"a reason that is not UTF-8", "1.1.1", with(func(f *assessment.Finding) { f.Reason = "a\xff" }), domain.ErrInvalid, "reason is not valid UTF-8"},
	}
	var out []scenario
	for _, test := range tests {
		history := complete()
		out = append(out,
			scenario{name: "record: " + test.name, given: open(), when: record("assessor", score(test.clause, test.finding)), refused: test.refused, says: test.says},
			scenario{name: "revise: " + test.name, given: history, when: revise("assessor", test.clause, 1, test.finding, "why"), refused: test.refused, says: test.says})
	}
	return out
}

func TestFindingsRefused(t *testing.T) { run(t, refusedFindings()) }

// What is just within the limits passes.
func TestFindingsAtTheLimits(t *testing.T) {
	var evidence []string
	for i := range 50 {
		evidence = append(evidence, fmt.Sprintf("%064x", i))
	}
	f := lost
	f.Evidence, f.Reason, f.ObservedAt = evidence, strings.Repeat("长", 4000), start.Add(24*time.Hour)
	run(t, []scenario{{name: "all of them", given: open(), when: record("assessor", score("1.1.1", f)), then: events(recorded("1.1.1", f))}})
}

func TestReviseScore(t *testing.T) {
	worse := found(domain.Lost, 150, "又缺两处")
	run(t, []scenario{
		{name: "in work, no reason needed", given: complete(), when: revise("second", "1.1.1", 1, worse, ""), then: events(revised("second", "1.1.1", 1, worse, ""))},
		{
			name: "a revision of a revision", given: complete(revised("second", "1.1.1", 1, worse, "")), when: revise("assessor", "1.1.1", 2, lost, "数错"),
			then: events(revised("assessor", "1.1.1", 2, lost, "数错")),
		},
		{name: "rule 2, after submission with a reason", given: inReview(), when: revise("second", "1.1.1", 1, worse, "复看录像"), then: events(revised("second", "1.1.1", 1, worse, "复看录像"))},
		{name: "rule 2, after approval with a reason", given: signedOff(), when: revise("second", "1.1.1", 1, worse, "复看录像"), then: events(revised("second", "1.1.1", 1, worse, "复看录像"))},
		{name: "before opening", when: revise("second", "1.1.1", 1, worse, ""), refused: domain.ErrNotOpened, says: "assessment: not opened"},
		{name: "nothing to revise", given: open(), when: revise("second", "1.1.1", 1, worse, ""), refused: domain.ErrNotRecorded, says: "1.1.1: not recorded yet"},
		{name: "rule 2, somebody was first", given: complete(revised("assessor", "1.1.1", 1, worse, "")), when: revise("second", "1.1.1", 1, lost, ""), refused: domain.ErrSuperseded, says: "1.1.1 has version 2, not 1"},
		{name: "a version to come", given: complete(), when: revise("second", "1.1.1", 2, lost, ""), refused: domain.ErrSuperseded, says: "1.1.1 has version 1, not 2"},
		{name: "rule 2, after submission without a reason", given: inReview(), when: revise("second", "1.1.1", 1, worse, " "), refused: domain.ErrReasonMissing, says: "revising 1.1.1 after submission"},
		{name: "rule 2, after approval without a reason", given: signedOff(), when: revise("second", "1.1.1", 1, worse, ""), refused: domain.ErrReasonMissing, says: "revising 1.1.1 after submission"},
		{name: "a why of 4001 characters", given: complete(), when: revise("second", "1.1.1", 1, worse, strings.Repeat("x", 4001)), refused: domain.ErrInvalid, says: "why has 4001 characters"},
		{name: "a why that is not UTF-8", given: complete(), when: revise("second", "1.1.1", 1, worse, "\xff"), refused: domain.ErrInvalid, says: "why is not valid UTF-8"},
	})
}
