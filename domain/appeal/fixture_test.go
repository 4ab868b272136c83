package appeal_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
)

const (
	notified = "2022-06-14" // last day for appeals
	due      = "2022-06-22" // last day for the first panel's decision
	ask      = "2022-06-29" // last day for an escalation
	dueAgain = "2022-07-06" // last day for the second panel's decision
)

var hash = strings.Repeat("0123456789abcdef", 4)

// on is five in the afternoon of a day in China.
func on(day string) time.Time {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return at.Add(9 * time.Hour)
}

func by(who string) domain.Stamp { return domain.Stamp{By: who, At: on("2022-06-08")} }

// Three things that a center can have lost: 0.75 on a clause that deducts, 1 of
// 3 on one that awards, and 15 by a deduction.
var (
	lost = assessment.Stake{
		Target: assessment.Target{Clause: "1.1.1"}, Version: 1, Outcome: domain.Lost, Points: 75, Lost: 75, AppealBy: notified,
	}
	award = assessment.Stake{
		Target: assessment.Target{Clause: "7.1"}, Version: 2, Outcome: domain.Awarded, Points: 200, Lost: 100, AppealBy: notified,
	}
	misconduct = assessment.Stake{
		Target: assessment.Target{Deduction: 1}, Points: 1500, Item: "8.2", Lost: 1500, AppealBy: notified,
	}
)

// items are the standard's: 8.1 subtracts 5, 8.2 subtracts 15.
func items(points domain.Points) (string, bool) {
	code, ok := map[domain.Points]string{500: "8.1", 1500: "8.2"}[points]
	return code, ok
}

// parts has those who had a part in the record.
var parts = map[string]bool{"assessor": true, "reviewer": true}

// filing is what the center says.
func filing() appeal.Filed {
	return appeal.Filed{
		Appeal: "2022-310101002-1.1.1-1", Round: "2022", Subject: "310101002", Kind: domain.Center, District: "310101",
		Ground: appeal.Fact, Statement: "标识完整", Evidence: []string{hash}, DecideBy: due, Calendar: hash,
	}
}

func filed(s assessment.Stake) *appeal.Filed {
	f := filing()
	f.Stamp, f.Target, f.AppealBy = by("center"), s.Target, s.AppealBy
	f.Version, f.Outcome, f.Points, f.Item, f.Lost = s.Version, s.Outcome, s.Points, s.Item, s.Lost
	return &f
}

func named(panel int, members ...string) *appeal.PanelNamed {
	return &appeal.PanelNamed{Stamp: by("organizer"), Panel: panel, Members: members}
}

func recused(who string) *appeal.ReviewerRecused {
	return &appeal.ReviewerRecused{Stamp: by("organizer"), Member: who, Reason: "曾在该中心任职"}
}

func said(party appeal.Party, who string) *appeal.EvidenceAdded {
	return &appeal.EvidenceAdded{Stamp: by(who), Party: party, Statement: "现场照片", Evidence: []string{hash}}
}

func voted(panel int, who string, outcome appeal.Outcome, restored domain.Points) *appeal.VoteCast {
	return &appeal.VoteCast{Stamp: by(who), Panel: panel, Outcome: outcome, Restored: restored, Reason: "照片可证"}
}

// decided is by m1 on the first panel, by m4 on the second.
func decided(panel int, outcome appeal.Outcome, restored domain.Points, corrected *appeal.Corrected, escalateBy string) *appeal.Decided {
	who := map[int]string{1: "m1", 2: "m4"}[panel]
	return &appeal.Decided{
		Stamp: by(who), Panel: panel, Outcome: outcome, Restored: restored, Reasons: "合议意见", Corrected: corrected, EscalateBy: escalateBy,
	}
}

func escalated() *appeal.Escalated {
	return &appeal.Escalated{Stamp: by("center"), Statement: "仍有异议", DecideBy: dueAgain, Calendar: hash}
}

var (
	withdrawn = &appeal.Withdrawn{Stamp: by("center"), Reason: "已沟通一致"}
	expired   = &appeal.Expired{Stamp: domain.Stamp{By: "system", At: on("2022-06-23")}, DecideBy: due}
	extended  = &appeal.Extended{Stamp: by("organizer"), DecideBy: "2022-06-30", Reason: "补充调查"}
)

// Histories that tests start from.
func events(more ...domain.Event) []domain.Event { return more }

func waiting(more ...domain.Event) []domain.Event { return append(events(filed(lost)), more...) }

func hearing(more ...domain.Event) []domain.Event {
	return append(waiting(named(1, "m1", "m2", "m3")), more...)
}

// partly is decided by the first panel: 0.50 of 0.75 are restored.
func partly(more ...domain.Event) []domain.Event {
	return append(hearing(
		voted(1, "m1", appeal.Upheld, 75), voted(1, "m2", appeal.PartlyUpheld, 50), voted(1, "m3", appeal.Dismissed, 0),
		decided(1, appeal.PartlyUpheld, 50, &appeal.Corrected{Outcome: domain.Lost, Points: 25}, ask)), more...)
}

// dismissed is decided by the first panel: nothing is restored.
func dismissed(more ...domain.Event) []domain.Event {
	return append(hearing(
		voted(1, "m1", appeal.Dismissed, 0), voted(1, "m2", appeal.Dismissed, 0), voted(1, "m3", appeal.Upheld, 75),
		decided(1, appeal.Dismissed, 0, nil, ask)), more...)
}

// upheld is decided by the first panel: all is restored.
func upheld() []domain.Event {
	return hearing(
		voted(1, "m1", appeal.Upheld, 75), voted(1, "m2", appeal.Upheld, 75), voted(1, "m3", appeal.Dismissed, 0),
		decided(1, appeal.Upheld, 75, &appeal.Corrected{Outcome: domain.Met}, ""))
}

// again is before a second panel, which has 0.50 of the first.
func again(more ...domain.Event) []domain.Event {
	return append(partly(escalated(), named(2, "m4", "m5", "m6")), more...)
}

func fold(t testing.TB, history []domain.Event) *appeal.Appeal {
	t.Helper()
	a := appeal.New()
	for i, event := range history {
		if err := a.Apply(event); err != nil {
			t.Fatalf("given %d, %T: %v", i, event, err)
		}
	}
	return a
}

// decision is what a test does to an appeal.
type decision func(*appeal.Appeal) ([]domain.Event, error)

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
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			state, untouched := fold(t, s.given), fold(t, s.given)
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
