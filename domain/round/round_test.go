package round_test

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mingjian/domain"
	"mingjian/domain/round"
)

var by = domain.Stamp{By: "organizer", At: time.Date(2022, 6, 1, 9, 0, 0, 0, time.UTC)}

func opened() *round.Opened {
	return &round.Opened{
		Stamp: by, Round: "2022-city", Name: "2022年度评估", Standard: "2022", StandardHash: "h",
		Assessment: domain.Period{From: "2022-06-01", To: "2022-08-31"},
		Honors:     domain.Period{From: "2020-01-01", To: "2020-01-01"},
		Calendar:   "cn", CalendarHash: "c1", AppealDays: 5, DecisionDays: 10,
	}
}

func published(release int, kind round.ReleaseKind, reason string) *round.Published {
	return &round.Published{Stamp: by, Release: release, Kind: kind, Reason: reason, Engine: domain.EngineVersion, LogSize: 4711}
}

var closed = &round.Closed{Stamp: by, Reason: "评估结束"}

type decision func(*round.Round) ([]domain.Event, error)

func open(change func(*round.Opened)) decision {
	return func(r *round.Round) ([]domain.Event, error) {
		o := *opened()
		change(&o)
		return r.Open(o)
	}
}

var (
	another     = domain.Stamp{By: "another organizer", At: by.At}
	deliberated = &round.Deliberated{Stamp: another, LogSize: 4711, Minutes: "一致同意"}
)

func deliberate(minutes string, approved int) decision {
	return func(r *round.Round) ([]domain.Event, error) {
		return r.Deliberate(another, "2022-city", minutes, approved, 4711)
	}
}

func publish(reason string) decision {
	return func(r *round.Round) ([]domain.Event, error) { return r.Publish(by, "2022-city", reason) }
}

func pin(calendar, hash, reason string) decision {
	return func(r *round.Round) ([]domain.Event, error) {
		return r.PinCalendar(by, "2022-city", calendar, hash, reason)
	}
}

func closing(reason string) decision {
	return func(r *round.Round) ([]domain.Event, error) { return r.Close(by, "2022-city", reason) }
}

func fold(t testing.TB, history []domain.Event) *round.Round {
	t.Helper()
	r := new(round.Round)
	for _, event := range history {
		if err := r.Apply(event); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestDecisions(t *testing.T) {
	asIs := open(func(*round.Opened) {})
	isOpen := []domain.Event{opened()}
	ready := []domain.Event{opened(), deliberated}
	released := []domain.Event{opened(), deliberated, published(1, round.Final, "")}
	again := append(slices.Clip(released), deliberated)
	withNotice := opened()
	withNotice.Notice = true
	own := *deliberated
	own.Stamp = by
	isClosed := []domain.Event{opened(), closed}
	named := func(name string) decision { return open(func(o *round.Opened) { o.Name = name }) }
	less := func(r *round.Round) ([]domain.Event, error) {
		return r.Deliberate(another, "2022-city", "一致同意", 1, 4710)
	}
	longest := opened()
	longest.Name = strings.Repeat("x", 400)
	for _, s := range []struct {
		name    string
		given   []domain.Event
		when    decision
		then    domain.Event
		refused error
		says    string
	}{
		{name: "open", when: asIs, then: opened()},
		{name: "open with the longest name", when: named(longest.Name), then: longest},
		{name: "open twice", given: isOpen, when: asIs, refused: domain.ErrExists, says: "round 2022-city: exists already"},
		{name: "open again after closing", given: isClosed, when: asIs, refused: domain.ErrExists, says: "2022-city"},
		{name: "open under a bad id", when: open(func(o *round.Opened) { o.Round = "2022_city" }), refused: domain.ErrInvalid, says: `round "2022_city": lower-case letters`},
		{name: "open without a name", when: named(" \t"), refused: domain.ErrInvalid, says: "round 2022-city needs a name"},
		{name: "open with a name of 401 bytes", when: named(strings.Repeat("x", 401)), refused: domain.ErrInvalid, says: "at most 400 bytes"},
		{name: "open with a name of blanks and a letter", when: named(strings.Repeat(" ", 400) + "x"), refused: domain.ErrInvalid, says: "at most 400 bytes"},
		{name: "open with a name that is not UTF-8", when: named("a\xff"), refused: domain.ErrInvalid, says: "UTF-8"},
		{name: "open without an assessment period", when: open(func(o *round.Opened) { o.Assessment = domain.Period{} }), refused: domain.ErrInvalid, says: `assessment period: "" is not a day as YYYY-MM-DD`},
		{name: "open with no such day", when: open(func(o *round.Opened) { o.Assessment.To = "2022-06-31" }), refused: domain.ErrInvalid, says: `assessment period: "2022-06-31" is not a day`},
		{name: "open with a day and a time", when: open(func(o *round.Opened) { o.Honors.From = "2020-01-01T00:00:00Z" }), refused: domain.ErrInvalid, says: "honor period: "},
		{name: "open with a period that ends before it starts", when: open(func(o *round.Opened) { o.Honors.To = "2019-12-31" }), refused: domain.ErrInvalid, says: "honor period: 2020-01-01 is after 2019-12-31"},
		{name: "open with both periods bad: both are told", when: open(func(o *round.Opened) { o.Assessment, o.Honors = domain.Period{}, domain.Period{} }), refused: domain.ErrInvalid, says: "invalid input\nhonor period"},

		{name: "publish a first release", given: ready, when: publish(""), then: published(1, round.Final, "")},
		{name: "rule 9, a later release corrects", given: again, when: publish("数据更正"), then: published(2, round.Correction, "数据更正")},
		{name: "publish before opening", when: publish(""), refused: domain.ErrUnknownRound, says: `round "2022-city": unknown round`},
		{name: "publish after closing", given: isClosed, when: publish(""), refused: domain.ErrRoundClosed, says: "round 2022-city: the round is closed"},
		{name: "the first release of a round with a notice stage is provisional", given: []domain.Event{withNotice, deliberated}, when: publish(""), then: published(1, round.Provisional, "")},
		{name: "the release after a provisional one is final", given: []domain.Event{withNotice, deliberated, published(1, round.Provisional, ""), deliberated}, when: publish("公示期满"), then: published(2, round.Final, "公示期满")},
		{name: "the release after that corrects", given: []domain.Event{withNotice, published(1, round.Provisional, ""), published(2, round.Final, "公示期满"), deliberated}, when: publish("更正"), then: published(3, round.Correction, "更正")},
		{name: "rule 8, publish what nobody deliberated", given: isOpen, when: publish(""), refused: domain.ErrNotDeliberated, says: "release 1 of round 2022-city: not deliberated yet"},
		{name: "rule 8, what was deliberated is published once", given: released, when: publish("数据更正"), refused: domain.ErrNotDeliberated, says: "release 2 of round 2022-city"},
		{name: "rule 8, publish what one deliberated oneself", given: []domain.Event{opened(), &own}, when: publish(""), refused: domain.ErrFourEyes, says: "release 1 of round 2022-city by whoever deliberated it"},

		{name: "deliberate", given: isOpen, when: deliberate("一致同意", 1), then: deliberated},
		{name: "deliberate again", given: ready, when: deliberate("一致同意", 1), then: deliberated},
		{name: "rule 8, deliberate on nothing approved", given: isOpen, when: deliberate("一致同意", 0), refused: domain.ErrNothingApproved, says: "round 2022-city: nothing is approved yet"},
		{name: "rule 9, deliberate on what was published, and no more", given: released, when: deliberate("一致同意", 1), then: deliberated},
		{name: "rule 9, deliberate on less than was published", given: released, when: less, refused: domain.ErrInvalid, says: "deliberating on 4710 events, release 1 of round 2022-city rests on 4711"},
		{name: "deliberate without minutes", given: isOpen, when: deliberate(" ", 1), refused: domain.ErrReasonMissing, says: "deliberating round 2022-city"},
		{name: "deliberate with long minutes", given: isOpen, when: deliberate(strings.Repeat("长", 4001), 1), refused: domain.ErrInvalid, says: "at most 4000 characters"},
		{name: "deliberate before opening", when: deliberate("x", 1), refused: domain.ErrUnknownRound, says: "2022-city"},
		{name: "deliberate after closing", given: isClosed, when: deliberate("x", 1), refused: domain.ErrRoundClosed, says: "2022-city"},

		{name: "pin a newer calendar", given: isOpen, when: pin("cn", "c2", "公布了次年安排"), then: &round.CalendarPinned{Stamp: by, Calendar: "cn", CalendarHash: "c2", Reason: "公布了次年安排"}},
		{name: "pin the calendar that is pinned", given: isOpen, when: pin("cn", "c1", "x"), refused: domain.ErrExists, says: "counts by calendar cn of hash c1"},
		{name: "pin a calendar without a reason", given: isOpen, when: pin("cn", "c2", ""), refused: domain.ErrReasonMissing, says: "pinning calendar cn"},
		{name: "pin a calendar after closing", given: isClosed, when: pin("cn", "c2", "x"), refused: domain.ErrRoundClosed, says: "2022-city"},
		{name: "open without days", when: open(func(o *round.Opened) { o.AppealDays, o.DecisionDays = 0, 121 }), refused: domain.ErrInvalid, says: "0 working days for the appeal, 1 to 120 are: invalid input\n121 working days for the decision"},
		{name: "rule 9, a correction without a reason", given: again, when: publish(" "), refused: domain.ErrReasonMissing, says: "release 2 of round 2022-city replaces release 1"},
		{name: "publish with a reason that is not UTF-8", given: again, when: publish("\xff"), refused: domain.ErrInvalid, says: "the reason is not UTF-8"},
		{name: "publish with a long reason", given: ready, when: publish(strings.Repeat("长", 4001)), refused: domain.ErrInvalid, says: "at most 4000 characters"},

		{name: "close", given: isOpen, when: closing("评估结束"), then: closed},
		{name: "close after a release", given: released, when: closing("评估结束"), then: closed},
		{name: "close before opening", when: closing("x"), refused: domain.ErrUnknownRound, says: `round "2022-city"`},
		{name: "close twice", given: isClosed, when: closing("x"), refused: domain.ErrRoundClosed, says: "2022-city"},
		{name: "close without a reason", given: isOpen, when: closing(""), refused: domain.ErrReasonMissing, says: "closing round 2022-city"},
		{name: "close with a long reason", given: isOpen, when: closing(strings.Repeat("x", 4001)), refused: domain.ErrInvalid, says: "at most 4000 characters"},
	} {
		t.Run(s.name, func(t *testing.T) {
			state, untouched := fold(t, s.given), fold(t, s.given)
			got, err := s.when(state)
			if !reflect.DeepEqual(state, untouched) {
				t.Error("the decision changed the state that it decided on")
			}
			if s.refused != nil {
				if !errors.Is(err, s.refused) || got != nil || !strings.Contains(err.Error(), s.says) {
					t.Fatalf("%d events, error %v; want %v that says %q", len(got), err, s.refused, s.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]domain.Event{s.then}, got); diff != "" {
				t.Fatal(diff)
			}
			if err := state.Apply(got[0]); err != nil {
				t.Error(err)
			}
		})
	}
}

// A calendar that is pinned replaces the one before; what was deliberated waits
// for its release, and no longer.
func TestFoldKeepsWhatIsDue(t *testing.T) {
	pinned := &round.CalendarPinned{Stamp: by, Calendar: "cn", CalendarHash: "c2", Reason: "公布了次年安排"}
	later := *deliberated
	later.LogSize = 5000
	r := fold(t, []domain.Event{opened(), deliberated, pinned, &later})
	if r.Calendar != "cn" || r.CalendarHash != "c2" || r.Deliberated == nil || r.Deliberated.LogSize != 5000 {
		t.Errorf("calendar %s of hash %s, deliberated %+v; want cn of c2, 5000 events", r.Calendar, r.CalendarHash, r.Deliberated)
	}
	if err := r.Apply(published(1, round.Final, "")); err != nil || r.Deliberated != nil || r.NextKind() != round.Correction {
		t.Errorf("published: %v, deliberated %+v, next %s", err, r.Deliberated, r.NextKind())
	}
}

func TestFold(t *testing.T) {
	second := published(2, round.Correction, "更正")
	got := fold(t, []domain.Event{opened(), published(1, round.Final, ""), second, closed})
	want := &round.Round{Opened: opened(), Releases: 2, Last: second, Calendar: "cn", CalendarHash: "c1", Closed: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

type unheardOf struct{}

func (unheardOf) EventType() string { return "round.UnheardOf" }

func TestApplyRefuses(t *testing.T) {
	for _, test := range []struct {
		name  string
		given []domain.Event
		event domain.Event
		want  error
	}{
		{"an unknown event", nil, unheardOf{}, domain.ErrUnknownEvent},
		{"an event by value", nil, *opened(), domain.ErrUnknownEvent},
		{"no event", nil, nil, domain.ErrUnknownEvent},
		{"opened twice", []domain.Event{opened()}, opened(), domain.ErrExists},
		{"release 2 first", []domain.Event{opened()}, published(2, round.Final, ""), domain.ErrInvalid},
		{"rule 9, release 1 twice", []domain.Event{opened(), published(1, round.Final, "")}, published(1, round.Final, ""), domain.ErrInvalid},
	} {
		if err := fold(t, test.given).Apply(test.event); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// Releases count 1, 2, 3, each of what was deliberated since the one before;
// the first is final and each later one a correction with a reason; nothing
// follows the closing.
func TestAnyHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := new(round.Round)
		releases, isClosed, due := 0, false, false
		for range rapid.IntRange(1, 12).Draw(t, "commands") {
			reason := rapid.SampledFrom([]string{"", "更正"}).Draw(t, "reason")
			commands := map[string]decision{
				"open": open(func(*round.Opened) {}), "close": closing(reason),
				"publish": publish(reason), "deliberate": deliberate(reason, rapid.IntRange(0, 2).Draw(t, "approved")),
			}
			name := rapid.SampledFrom([]string{"open", "deliberate", "deliberate", "publish", "publish", "close"}).Draw(t, "command")
			events, err := commands[name](r)
			if (err == nil) != (len(events) == 1) || (isClosed && err == nil) {
				t.Fatalf("%s: %d events, error %v, closed before: %t", name, len(events), err, isClosed)
			}
			for _, event := range events {
				if err := r.Apply(event); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if _, ok := event.(*round.Deliberated); ok {
					due = true
				}
				if p, ok := event.(*round.Published); ok {
					releases++
					if !due {
						t.Fatalf("release %d was not deliberated", releases)
					}
					due = false
					if p.Release != releases || (p.Kind == round.Final) != (releases == 1) || (releases > 1 && p.Reason == "") {
						t.Fatalf("release %d is %+v", releases, p)
					}
				}
			}
			isClosed = r.Closed
		}
	})
}

func TestCheckID(t *testing.T) {
	for _, id := range []string{"2022", "a", "shanghai-2022-pilot", strings.Repeat("x", 40)} {
		if err := round.CheckID(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, id := range []string{
		"", "-", "-a", "a-", "a--b", "A", "a_b", "a.b", "a/b", "../a", "a b", "a\n", "\na", "轮次", "a\x00", "é", strings.Repeat("x", 41),
	} {
		err := round.CheckID(id)
		if !errors.Is(err, domain.ErrInvalid) || len(err.Error()) > 300 {
			t.Errorf("%q: %v, want a short ErrInvalid", id, err)
		}
	}
}

func FuzzCheckID(f *testing.F) {
	for _, id := range []string{"2022", "a-b", "a--b", "-", "", "A", "a\n", strings.Repeat("a-", 30)} {
		f.Add(id)
	}
	form := regexp.MustCompile(`\A[a-z0-9][a-z0-9-]{0,39}\z`)
	f.Fuzz(func(t *testing.T, id string) {
		fits := form.MatchString(id) && !strings.Contains(id, "--") && !strings.HasSuffix(id, "-")
		err := round.CheckID(id)
		if fits != (err == nil) || (err != nil && !errors.Is(err, domain.ErrInvalid)) {
			t.Fatalf("%q: %v", id, err)
		}
	})
}

func ExampleCheckID() {
	fmt.Println(round.CheckID("2022 试点"))
	// Output: round "2022 试点": lower-case letters, digits and single hyphens, at most 40: invalid input
}
