package assessment_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// newStandard has two deductive pools, 1.1 of 3 points (1.1.2 may be left out)
// and 1.2 of 90, awards 7.1 of 3, honors 7.2 of 1, and 7.3 of 3 for the district.
func newStandard(t testing.TB) *domain.Standard {
	t.Helper()
	clause := func(code string) domain.Clause { return domain.Clause{Code: code, Name: code, Text: code} }
	optional := clause("1.1.2")
	optional.NotApplicable = "疫情期间"
	indicator := func(code string, points int64, basis domain.Basis, clauses ...domain.Clause) domain.Indicator {
		return domain.Indicator{Code: code, Points: domain.Whole(points), Basis: basis, Subject: domain.Center, Clauses: clauses}
	}
	honors := indicator("7.2", 1, domain.Award, clause("7.2"))
	honors.Honors = true
	district := indicator("7.3", 3, domain.Award, clause("7.3"))
	district.Subject = domain.District
	std, err := domain.NewStandard(domain.Standard{
		ID: "fixture", Points: domain.Whole(100),
		Sections: []domain.Section{
			{Code: "1", Points: domain.Whole(93), Indicators: []domain.Indicator{
				indicator("1.1", 3, domain.Deduct, clause("1.1.1"), optional),
				indicator("1.2", 90, domain.Deduct, clause("1.2")),
			}},
			{Code: "7", Points: domain.Whole(7), Indicators: []domain.Indicator{
				indicator("7.1", 3, domain.Award, clause("7.1")), honors, district,
			}},
		},
		Deductions: domain.DeductionRule{
			Code: "8", Rule: domain.RuleLargest, Cap: domain.Whole(15),
			Items: []domain.DeductionItem{
				{Code: "8.1", Points: domain.Whole(5), Basis: domain.Subtract},
				{Code: "8.2", Points: domain.Whole(15), Basis: domain.Subtract},
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return std
}

var (
	start = time.Date(2022, 6, 7, 9, 0, 0, 0, time.UTC)
	hash  = strings.Repeat("0123456789abcdef", 4)
	// honorsIn is the round's honor period.
	honorsIn = domain.Period{From: "2020-01-01", To: "2021-12-31"}
)

func by(who string) domain.Stamp { return domain.Stamp{By: who, At: start} }

func opened(kind domain.SubjectKind) *assessment.Opened {
	subject := "310101002"
	if kind == domain.District {
		subject = "310101"
	}
	return &assessment.Opened{
		Stamp: by("organizer"), Round: "2022", Subject: subject, Kind: kind, District: "310101",
		Standard: "fixture", StandardHash: hash,
	}
}

func found(outcome domain.Outcome, points domain.Points, reason string) assessment.Finding {
	return assessment.Finding{
		Outcome: outcome, Points: points, Method: assessment.SiteVisit, ObservedAt: start.Add(-time.Hour), Reason: reason,
	}
}

var (
	met  = found(domain.Met, 0, "")
	lost = found(domain.Lost, 75, "标识缺失")
)

func observed(number int, clause string) assessment.ObservationRecorded {
	return assessment.ObservationRecorded{
		Stamp: by("assessor"), Observation: number, Clause: clause, Text: "建议增设指引", Method: assessment.SiteVisit, ObservedAt: start.Add(-time.Hour),
	}
}

func returned(reason string, clauses ...assessment.ClauseReason) *assessment.Returned {
	return &assessment.Returned{Stamp: by("reviewer"), Reason: reason, Clauses: clauses}
}

func withdrawn(number int) *assessment.HonorWithdrawn {
	return &assessment.HonorWithdrawn{Stamp: by("center"), Honor: number, Reason: "材料有误"}
}

func recorded(clause string, f assessment.Finding) *assessment.ScoreRecorded {
	return &assessment.ScoreRecorded{Stamp: by("assessor"), Clause: clause, Finding: f}
}

func revised(who, clause string, supersedes int, f assessment.Finding, why string) *assessment.ScoreRevised {
	return &assessment.ScoreRevised{Stamp: by(who), Clause: clause, Supersedes: supersedes, Finding: f, Why: why}
}

func imposed(number int, item string) *assessment.DeductionImposed {
	return &assessment.DeductionImposed{
		Stamp: by("second"), Deduction: number, Item: item, Reason: "负面报道", Source: "媒体", OccurredOn: "2022-05-17",
	}
}

func lifted(number int) *assessment.DeductionLifted {
	return &assessment.DeductionLifted{Stamp: by("lifter"), Deduction: number, Reason: "不属实"}
}

func claimed(number int, title string) *assessment.HonorClaimed {
	return &assessment.HonorClaimed{
		Stamp: by("center"), Honor: number, Title: title, Level: assessment.Municipal, Issuer: "上海市文明办",
		AwardedOn: "2021-04-12", Document: hash,
	}
}

func accepted(number int, points domain.Points) *assessment.HonorAccepted {
	return &assessment.HonorAccepted{Stamp: by("reviewer"), Honor: number, Points: points}
}

func rejected(number int) *assessment.HonorRejected {
	return &assessment.HonorRejected{Stamp: by("reviewer"), Honor: number, Reason: "个人荣誉"}
}

// notified is a notice on the day of start, a Tuesday.
func notified(number int) *assessment.ResultNotified {
	return &assessment.ResultNotified{Stamp: by("organizer"), Notice: number, AppealBy: "2022-06-14", Days: 5, Calendar: hash}
}

// The appeal that corrections follow from.
const appealed = "2022-310101002-1.1.1-1"

func corrected(panel int, clause string, supersedes int, outcome domain.Outcome, points domain.Points) *assessment.ScoreCorrected {
	return &assessment.ScoreCorrected{
		Stamp: by("system"), Appeal: appealed, Panel: panel, Clause: clause, Supersedes: supersedes, Outcome: outcome, Points: points, Why: "照片可证",
	}
}

func reduced(panel, deduction int, item string) *assessment.DeductionCorrected {
	return &assessment.DeductionCorrected{Stamp: by("system"), Appeal: appealed, Panel: panel, Deduction: deduction, Item: item, Why: "情节较轻"}
}

// salt is what a reply's digest is made with.
var salt = strings.Repeat("5a", 32)

func replied(number int, text string) *assessment.ReplyFiled {
	return &assessment.ReplyFiled{Stamp: by("center"), Reply: number, Digest: assessment.ReplyDigest(salt, text)}
}

func redacted(number int, text string) *assessment.ReplyRedacted {
	return &assessment.ReplyRedacted{Stamp: by("organizer"), Reply: number, Text: text, Reason: "含个人信息"}
}

var (
	submitted = &assessment.Submitted{Stamp: by("assessor")}
	approved  = &assessment.Approved{Stamp: by("reviewer")}
)

// Histories that tests start from.
func events(more ...domain.Event) []domain.Event { return more }

// open has a team: assessor, the lead, and second.
func open(more ...domain.Event) []domain.Event {
	return append(events(opened(domain.Center), assigned("assessor", true), assigned("second", false)), more...)
}

// openDistrict is the same for a district.
func openDistrict(more ...domain.Event) []domain.Event {
	return append(events(opened(domain.District), assigned("assessor", true)), more...)
}

func assigned(who string, lead bool) *assessment.AssessorAssigned {
	return &assessment.AssessorAssigned{Stamp: by("organizer"), Assessor: who, Lead: lead}
}

func recused(who string) *assessment.AssessorRecused {
	return &assessment.AssessorRecused{Stamp: by("organizer"), Assessor: who, Reason: "亲属在该中心任职"}
}

func complete(more ...domain.Event) []domain.Event {
	return append(open(recorded("1.1.1", lost), recorded("1.1.2", met), recorded("1.2", met),
		recorded("7.1", found(domain.Awarded, 200, ""))), more...)
}

func inReview(more ...domain.Event) []domain.Event { return append(complete(submitted), more...) }

func signedOff(more ...domain.Event) []domain.Event { return append(inReview(approved), more...) }

// told is notified of its result.
func told(more ...domain.Event) []domain.Event { return append(signedOff(notified(1)), more...) }

func fold(t testing.TB, std *domain.Standard, history []domain.Event) *assessment.Assessment {
	t.Helper()
	a := assessment.New(std)
	for i, event := range history {
		if err := a.Apply(event); err != nil {
			t.Fatalf("given %d, %T: %v", i, event, err)
		}
	}
	return a
}

// decision is what a test does to an assessment.
type decision func(*assessment.Assessment) ([]domain.Event, error)

// scenario is: given events, when a decision, then events or a refusal.
type scenario struct {
	name  string
	given []domain.Event
	when  decision
	then  []domain.Event
	// refused is the rule broken, says what its text must hold.
	refused error
	says    string
}

func run(t *testing.T, scenarios []scenario) {
	std := newStandard(t)
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			state, untouched := fold(t, std, s.given), fold(t, std, s.given)
			got, err := s.when(state)
			if !reflect.DeepEqual(state, untouched) {
				t.Error("the decision changed the state that it decided on")
			}
			if s.refused != nil {
				if !errors.Is(err, s.refused) || got != nil {
					t.Fatalf("%d events, error %v; want %v", len(got), err, s.refused)
				}
				if s.says == "" || !strings.Contains(err.Error(), s.says) {
					t.Errorf("error %q does not say %q", err, s.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s.then, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			for _, event := range got {
				if err := state.Apply(event); err != nil {
					t.Errorf("%T cannot be applied: %v", event, err)
				}
			}
		})
	}
}
