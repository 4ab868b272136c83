package assessment_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

var (
	people  = []string{"assessor", "second", "reviewer", "center", ""}
	clauses = []string{"1.1.1", "1.1.2", "1.2", "7.1", "7.2", "7.3", "9.9"}
)

// anyFinding draws findings, most of which some clause lets through.
var anyFinding = rapid.Custom(func(t *rapid.T) assessment.Finding {
	outcome := rapid.SampledFrom([]domain.Outcome{domain.Met, domain.Lost, domain.Awarded, domain.NotApplicable, ""}).Draw(t, "outcome")
	points := domain.Points(0)
	if outcome == domain.Lost || outcome == domain.Awarded {
		points = domain.Points(rapid.Int64Range(-10, 320).Draw(t, "points"))
	}
	return found(outcome, points, rapid.SampledFrom([]string{"", "标识缺失"}).Draw(t, "reason"))
})

// goodFinding is one that the clause lets through.
func goodFinding(clause string) *rapid.Generator[assessment.Finding] {
	return rapid.Custom(func(t *rapid.T) assessment.Finding {
		most := map[string]int64{"1.2": 9000}[clause]
		points := domain.Points(rapid.Int64Range(0, max(most, 300)).Draw(t, "points"))
		switch {
		case clause == "7.1":
			return found(domain.Awarded, points, "")
		case clause == "1.1.2" && rapid.Bool().Draw(t, "left out"):
			return found(domain.NotApplicable, 0, "疫情")
		case points == 0:
			return met
		}
		return found(domain.Lost, points, "标识缺失")
	})
}

// anyCommand draws a decision, allowed or not.
func anyCommand(t *rapid.T) command {
	who := domain.Stamp{By: rapid.SampledFrom(people).Draw(t, "who"), At: start}
	number := rapid.SampledFrom([]int{1, 1, 1, 2, 2, 3, 0, -1}).Draw(t, "number")
	reason := rapid.SampledFrom([]string{"", "有据可查"}).Draw(t, "why")
	clause := rapid.SampledFrom(clauses).Draw(t, "clause")
	one := func(clause string) assessment.Score {
		finding := anyFinding
		if rapid.IntRange(0, 3).Draw(t, "good") > 0 {
			finding = goodFinding(clause)
		}
		return score(clause, finding.Draw(t, "finding"))
	}
	type A = *assessment.Assessment
	commands := []struct {
		name string
		draw func() decision
	}{
		{"open", func() decision {
			kind := rapid.SampledFrom([]domain.SubjectKind{domain.Center, domain.Center, domain.District}).Draw(t, "kind")
			return func(a A) ([]domain.Event, error) { return a.Open(*opened(kind)) }
		}},
		{"record", func() decision {
			scores := []assessment.Score{one(clause)}
			return func(a A) ([]domain.Event, error) { return a.RecordScores(who, scores) }
		}},
		{"record all", func() decision {
			scores := []assessment.Score{one("1.1.1"), one("1.1.2"), one("1.2"), one("7.1")}
			return func(a A) ([]domain.Event, error) { return a.RecordScores(who, scores) }
		}},
		{"revise", func() decision {
			s := one(clause)
			return func(a A) ([]domain.Event, error) { return a.ReviseScore(who, number, s, reason) }
		}},
		{"impose", func() decision {
			d := *imposed(0, rapid.SampledFrom([]string{"8.1", "8.2", "8.3"}).Draw(t, "item"))
			return func(a A) ([]domain.Event, error) { return a.ImposeDeduction(who, d) }
		}},
		{"lift", func() decision {
			return func(a A) ([]domain.Event, error) { return a.LiftDeduction(who, number, reason) }
		}},
		{"claim", func() decision {
			c := *claimed(0, fmt.Sprint("honor ", number))
			return func(a A) ([]domain.Event, error) { return a.ClaimHonor(who, c, honorsIn) }
		}},
		{"accept", func() decision {
			points := domain.Points(rapid.Int64Range(-1, 110).Draw(t, "honor points"))
			return func(a A) ([]domain.Event, error) { return a.AcceptHonor(who, number, points) }
		}},
		{"reject", func() decision {
			return func(a A) ([]domain.Event, error) { return a.RejectHonor(who, number, reason) }
		}},
		{"withdraw", func() decision {
			return func(a A) ([]domain.Event, error) { return a.WithdrawHonor(who, number, reason) }
		}},
		{"assign", func() decision {
			lead := rapid.Bool().Draw(t, "lead")
			return func(a A) ([]domain.Event, error) { return a.Assign(by("organizer"), who.By, lead) }
		}},
		{"recuse", func() decision {
			return func(a A) ([]domain.Event, error) { return a.Recuse(by("organizer"), who.By, reason, false) }
		}},
		{"observe", func() decision {
			return func(a A) ([]domain.Event, error) { return a.Observe(who, observed(0, clause)) }
		}},
		{"return", func() decision {
			return func(a A) ([]domain.Event, error) { return a.Return(who, reason, nil) }
		}},
		{"notify", func() decision { return notify(who.By, start, "2022-06-14") }},
		{"reply", func() decision { return reply(who.By, salt, reason) }},
		{"redact", func() decision { return redact(who.By, number, "", reason) }},
		{"correct score", func() decision {
			s := one(clause)
			c := *corrected(rapid.IntRange(1, 2).Draw(t, "panel"), clause, 0, s.Outcome, s.Points)
			c.Appeal = fmt.Sprint("appeal on ", clause)
			return correct(&c)
		}},
		{"correct deduction", func() decision {
			c := *reduced(rapid.IntRange(1, 2).Draw(t, "panel"), number, rapid.SampledFrom([]string{"", "8.1", "8.3"}).Draw(t, "lesser"))
			c.Appeal = fmt.Sprint("appeal on deduction ", number)
			return reduce(&c)
		}},
		{"submit", func() decision { return func(a A) ([]domain.Event, error) { return a.Submit(who) } }},
		{"approve", func() decision { return func(a A) ([]domain.Event, error) { return a.Approve(who) } }},
	}
	drawn := rapid.SampledFrom(commands).Draw(t, "command")
	return command{drawn.name, drawn.draw()}
}

type command struct {
	name string
	do   decision
}

// anyBeginning gets a history so far along that more than refusals follow.
func anyBeginning(t *rapid.T) []command {
	type A = *assessment.Assessment
	good := make([]assessment.Score, 0, 4)
	for _, clause := range []string{"1.1.1", "1.1.2", "1.2", "7.1"} {
		good = append(good, score(clause, goodFinding(clause).Draw(t, clause)))
	}
	return []command{
		{"open", func(a A) ([]domain.Event, error) { return a.Open(*opened(domain.Center)) }},
		{"assign", func(a A) ([]domain.Event, error) { return a.Assign(by("organizer"), "assessor", true) }},
		{"claim", func(a A) ([]domain.Event, error) {
			return a.ClaimHonor(by("center"), *claimed(0, "honor 0"), honorsIn)
		}},
		{"record", record("assessor", good...)},
		{"accept", accept("jury", 1, 50)},
		{"submit", submit("assessor")},
		{"approve", approve("reviewer")},
		{"notify", notify("organizer", start, "2022-06-14")},
	}[:rapid.IntRange(0, 8).Draw(t, "beginning")]
}

// Whatever is commanded, in whatever order: totals stay within 0 and 100, no
// decision changes what it decides on, all that it returns can be applied, the
// small fold is the large one's, nobody signs off their own work, nobody writes
// who is not assigned or was recused, a decision of an appeal is carried out at
// most once, and what can be appealed against stands as it was notified.
func TestAnyHistory(t *testing.T) {
	std := newStandard(t)
	rapid.Check(t, func(t *rapid.T) {
		a, same, record := assessment.New(std), assessment.New(std), assessment.NewRecord(std)
		moved := make(map[string]bool)
		commands := anyBeginning(t)
		for range rapid.IntRange(1, 40).Draw(t, "commands") {
			commands = append(commands, anyCommand(t))
		}
		for _, c := range commands {
			name, decide := c.name, c.do
			before := a.Status
			events, err := decide(a)
			if !reflect.DeepEqual(a, same) {
				t.Fatalf("%s changed the state that it decided on:\n%s", name, cmp.Diff(same, a, cmpopts.IgnoreUnexported(assessment.Record{})))
			}
			if (err == nil) != (len(events) > 0) && !strings.HasPrefix(name, "correct") {
				t.Fatalf("%s: %d events and error %v", name, len(events), err)
			}
			for _, event := range events {
				for _, fold := range []interface{ Apply(domain.Event) error }{a, same, record} {
					if err := fold.Apply(event); err != nil {
						t.Fatalf("%s returned %T: %v", name, event, err)
					}
				}
				checkFourEyes(t, event, moved)
				checkOnce(t, event, moved)
			}
			if !moves(events) && a.Status != before {
				t.Fatalf("%s moves no point and leaves the record %q, not %q", name, a.Status, before)
			}
			if moves(events) && before == assessment.SignedOff && a.Status != assessment.InReview {
				t.Fatalf("%s after approval leaves the record %q", name, a.Status)
			}
		}
		if !reflect.DeepEqual(*record, a.Record) {
			t.Fatalf("the record folds otherwise than the assessment:\n%+v\n%+v", *record, a.Record)
		}
		score := std.Score(a.Sheet, a.Sheet)
		if score.Total < 0 || score.Total > std.Points {
			t.Fatalf("total %s", score.Total)
		}
		checkStakes(t, a)
		if a.Status == assessment.SignedOff && a.Opened.Kind == domain.Center && len(a.Missing()) > 0 {
			t.Fatalf("approved without %v", a.Missing())
		}
	})
}

// moves reports whether a decision touches the score other than by an appeal,
// or is a review.
func moves(events []domain.Event) bool {
	for _, event := range events {
		switch event.(type) {
		case *assessment.AssessorAssigned, *assessment.AssessorRecused, *assessment.ObservationRecorded,
			*assessment.ResultNotified, *assessment.ScoreCorrected, *assessment.DeductionCorrected,
			*assessment.ReplyFiled, *assessment.ReplyRedacted:
			return false
		}
	}
	return len(events) > 0
}

// checkOnce: of a panel's decision at most one correction follows (rule 6).
func checkOnce(t *rapid.T, event domain.Event, done map[string]bool) {
	var decision string
	switch e := event.(type) {
	case *assessment.ScoreCorrected:
		decision = fmt.Sprint("decision ", e.Appeal, e.Panel)
	case *assessment.DeductionCorrected:
		decision = fmt.Sprint("decision ", e.Appeal, e.Panel)
	default:
		return
	}
	if done[decision] {
		t.Fatalf("carried out twice: %s", decision)
	}
	done[decision] = true
}

// checkStakes: what can be appealed against is lost, stands, and was not decided
// by a panel (rule 5).
func checkStakes(t *rapid.T, a *assessment.Assessment) {
	for _, target := range atStake(a) {
		stake, _ := a.AtStake(target)
		if stake.Lost <= 0 || stake.AppealBy == "" || len(a.Notices) == 0 {
			t.Fatalf("at stake %+v after %d notices", stake, len(a.Notices))
		}
		if entry := a.Entries[target.Clause]; target.Clause != "" && (entry.Version != stake.Version || entry.Appeal != "" || entry.Finding.Points != stake.Points) {
			t.Fatalf("at stake %+v, standing %+v", stake, entry)
		}
		if target.Deduction > 0 && a.Standing[target.Deduction-1] != stake.Item {
			t.Fatalf("at stake %+v, standing %v", stake, a.Standing)
		}
	}
}

// checkFourEyes keeps its own account of rule 3: in moved who had a part in
// the record, under "team " who is assigned, under "recused " who is recused.
func checkFourEyes(t *rapid.T, event domain.Event, moved map[string]bool) {
	assigned := func(who string) {
		if !moved["team "+who] {
			t.Fatalf("%q wrote without being assigned: %T", who, event)
		}
	}
	if by := reflect.ValueOf(event).Elem().FieldByName("By").String(); moved["recused "+by] {
		switch event.(type) {
		case *assessment.AssessorAssigned, *assessment.AssessorRecused, *assessment.HonorClaimed, *assessment.HonorWithdrawn:
			// the organizer's and the center's
		default:
			t.Fatalf("%q was recused and wrote %T", by, event)
		}
	}
	switch e := event.(type) {
	case *assessment.AssessorAssigned:
		if moved["recused "+e.Assessor] {
			t.Fatalf("%q was recused and assigned again", e.Assessor)
		}
		moved[e.Assessor], moved["team "+e.Assessor] = true, true
	case *assessment.AssessorRecused:
		moved["recused "+e.Assessor], moved["team "+e.Assessor] = true, false
	case *assessment.ObservationRecorded:
		assigned(e.By)
	case *assessment.ScoreRecorded:
		assigned(e.By)
		moved[e.By] = true
	case *assessment.ScoreRevised:
		assigned(e.By)
		moved[e.By] = true
	case *assessment.DeductionImposed:
		moved[e.By] = true
	case *assessment.DeductionLifted:
		moved[e.By] = true
	case *assessment.HonorAccepted:
		moved[e.By] = true
	case *assessment.HonorRejected:
		moved[e.By] = true
	case *assessment.Submitted:
		assigned(e.By)
		moved[e.By] = true
	case *assessment.Returned:
		if moved[e.By] {
			t.Fatalf("%q returned their own work", e.By)
		}
	case *assessment.Approved:
		if moved[e.By] {
			t.Fatalf("%q approved their own work", e.By)
		}
	}
}

// Clauses are independent: the order in which findings come does not matter.
func TestOrderOfClausesDoesNotMatter(t *testing.T) {
	std := newStandard(t)
	codes := []string{"1.1.1", "1.1.2", "1.2", "7.1"}
	rapid.Check(t, func(t *rapid.T) {
		scores := make(map[string]assessment.Score)
		for _, code := range codes {
			scores[code] = score(code, goodFinding(code).Draw(t, code))
		}
		inOrder := func(codes []string) *assessment.Assessment {
			a := assessment.New(std)
			apply(t, a, func() ([]domain.Event, error) { return a.Open(*opened(domain.Center)) })
			apply(t, a, func() ([]domain.Event, error) { return a.Assign(by("organizer"), "assessor", true) })
			for _, code := range codes {
				apply(t, a, func() ([]domain.Event, error) {
					return a.RecordScores(by("assessor"), []assessment.Score{scores[code]})
				})
			}
			return a
		}
		one, other := inOrder(codes), inOrder(rapid.Permutation(codes).Draw(t, "order"))
		if !reflect.DeepEqual(one, other) {
			t.Fatalf("%+v\n%+v", one.Record, other.Record)
		}
	})
}

// Only the last revision counts for the score.
func TestRevisingTwiceIsRevisingOnce(t *testing.T) {
	std := newStandard(t)
	rapid.Check(t, func(t *rapid.T) {
		clause := rapid.SampledFrom([]string{"1.1.1", "1.1.2", "1.2", "7.1"}).Draw(t, "clause")
		finding := goodFinding(clause)
		first, last := finding.Draw(t, "first"), finding.Draw(t, "last")
		between := rapid.SliceOfN(finding, 1, 4).Draw(t, "between")
		revisedBy := func(findings ...assessment.Finding) *assessment.Assessment {
			a := assessment.New(std)
			apply(t, a, func() ([]domain.Event, error) { return a.Open(*opened(domain.Center)) })
			apply(t, a, func() ([]domain.Event, error) { return a.Assign(by("organizer"), "assessor", true) })
			apply(t, a, func() ([]domain.Event, error) {
				return a.RecordScores(by("assessor"), []assessment.Score{score(clause, first)})
			})
			for i, f := range findings {
				apply(t, a, func() ([]domain.Event, error) { return a.ReviseScore(by("assessor"), i+1, score(clause, f), "") })
			}
			return a
		}
		once, often := revisedBy(last), revisedBy(append(between, last)...)
		if !reflect.DeepEqual(std.Score(once.Sheet, domain.Sheet{}), std.Score(often.Sheet, domain.Sheet{})) {
			t.Fatalf("%s: once %+v, often %+v", clause, once.Sheet, often.Sheet)
		}
		if got := often.Entries[clause]; got.Version != len(between)+2 || !reflect.DeepEqual(got.Finding, last) {
			t.Fatalf("standing entry %+v, want version %d of %+v", got, len(between)+2, last)
		}
	})
}

func apply(t *rapid.T, a *assessment.Assessment, decide func() ([]domain.Event, error)) {
	t.Helper()
	events, err := decide()
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range events {
		if err := a.Apply(event); err != nil {
			t.Fatal(err)
		}
	}
}

// What the fold keeps of who did what, and when.
func TestFoldKeepsTheTrail(t *testing.T) {
	std := newStandard(t)
	late := revised("second", "1.1.1", 1, met, "复看")
	late.At = start.Add(time.Hour)
	a := fold(t, std, signedOff(late, imposed(1, "8.1"), lifted(1)))
	if got := a.Entries["1.1.1"]; got.Version != 2 || got.Stamp != late.Stamp {
		t.Errorf("entry %+v, want version 2 by %+v", got, late.Stamp)
	}
	if a.Deductions[0].Lifted == nil || a.Deductions[0].Item != "8.1" || a.SubmittedBy != "assessor" || a.Opened.Round != "2022" {
		t.Errorf("deductions %+v, submitted by %q, opened %+v", a.Deductions, a.SubmittedBy, a.Opened)
	}
	if diff := cmp.Diff(map[string]bool{"assessor": true, "second": true, "lifter": true}, a.Scorers); diff != "" {
		t.Errorf("scorers: %s", diff)
	}
}
