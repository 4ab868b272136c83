package mail_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mingjian/domain"
	"mingjian/domain/mail"
)

const (
	lease = 2 * time.Minute
	kind  = mail.AppealVote
)

var start = time.Date(2022, 11, 1, 9, 0, 0, 0, time.UTC)

// at is a stamp some minutes after the start.
func at(minutes int) domain.Stamp {
	return domain.Stamp{By: "k3fq", At: start.Add(time.Duration(minutes) * time.Minute)}
}

type decision func(*mail.Letter) ([]domain.Event, error)

func claimed(minutes, attempt int) *mail.Claimed {
	return &mail.Claimed{Stamp: at(minutes), Kind: kind, Attempt: attempt, Until: at(minutes).At.Add(lease)}
}

func sent(minutes, attempt int) *mail.Sent { return &mail.Sent{Stamp: at(minutes), Attempt: attempt} }

func abandoned(minutes, attempt int) *mail.Abandoned {
	return &mail.Abandoned{Stamp: at(minutes), Attempt: attempt, Reason: mail.Refused}
}

func claim(minutes int) decision {
	return func(l *mail.Letter) ([]domain.Event, error) { return l.Claim(at(minutes), kind, lease) }
}

func send(minutes, attempt int) decision {
	return func(l *mail.Letter) ([]domain.Event, error) { return l.Sent(at(minutes), attempt) }
}

func abandon(minutes, attempt int, reason mail.Reason) decision {
	return func(l *mail.Letter) ([]domain.Event, error) { return l.Abandon(at(minutes), attempt, reason) }
}

func fold(t testing.TB, history []domain.Event) *mail.Letter {
	t.Helper()
	l := mail.New()
	for _, event := range history {
		if err := l.Apply(event); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestDecisions(t *testing.T) {
	type events = []domain.Event
	for _, s := range []struct {
		name    string
		given   []domain.Event
		when    decision
		then    []domain.Event
		refused error
		says    string
	}{
		{name: "claim", when: claim(0), then: events{claimed(0, 1)}},
		{name: "claim while a claim runs", given: events{claimed(0, 1)}, when: claim(1), refused: mail.ErrClaimed, says: "attempt 1 runs until 2022-11-01T09:02:00Z, now is 2022-11-01T09:01:00Z"},
		{name: "claim when it has run out", given: events{claimed(0, 1)}, when: claim(2), then: events{claimed(2, 2)}},
		{name: "claim what a later claim holds", given: events{claimed(0, 1), claimed(2, 2)}, when: claim(3), refused: mail.ErrClaimed, says: "attempt 2 runs"},
		{name: "claim what was sent", given: events{claimed(0, 1), sent(1, 1)}, when: claim(9), refused: domain.ErrDecided, says: "mail.Sent"},
		{name: "claim what was abandoned", given: events{claimed(0, 1), abandoned(1, 1)}, when: claim(9), refused: domain.ErrDecided, says: "mail.Abandoned"},
		{name: "claim for no kind", when: func(l *mail.Letter) (events, error) { return l.Claim(at(0), "result", lease) }, refused: domain.ErrInvalid, says: `"result"`},
		{name: "claim for no time", when: func(l *mail.Letter) (events, error) { return l.Claim(at(0), kind, 0) }, refused: domain.ErrInvalid, says: "lease of 0s"},
		{name: "claim for ever", when: func(l *mail.Letter) (events, error) { return l.Claim(at(0), kind, 25*time.Hour) }, refused: domain.ErrInvalid, says: "at most 24h0m0s"},

		{name: "sent", given: events{claimed(0, 1)}, when: send(1, 1), then: events{sent(1, 1)}},
		{name: "sent late, by nobody else yet", given: events{claimed(0, 1)}, when: send(5, 1), then: events{sent(5, 1)}},
		{name: "sent while a later attempt runs", given: events{claimed(0, 1), claimed(2, 2)}, when: send(3, 1), then: events{sent(3, 1)}},
		{name: "sent twice", given: events{claimed(0, 1), sent(1, 1)}, when: send(2, 1)},
		{name: "sent after the end", given: events{claimed(0, 1), abandoned(1, 1)}, when: send(2, 1)},
		{name: "sent without a claim", when: send(1, 1), refused: domain.ErrInvalid, says: "attempt 1 of 0"},
		{name: "sent by no attempt", given: events{claimed(0, 1)}, when: send(1, 0), refused: domain.ErrInvalid, says: "attempt 0 of 1"},

		{name: "abandon", given: events{claimed(0, 1)}, when: abandon(1, 1, mail.Refused), then: events{abandoned(1, 1)}},
		{name: "abandon while a later attempt runs", given: events{claimed(0, 1), claimed(2, 2)}, when: abandon(3, 1, mail.Gone), refused: mail.ErrClaimed, says: "attempt 1 abandons, attempt 2 has begun"},
		{name: "abandon what was sent", given: events{claimed(0, 1), sent(1, 1)}, when: abandon(2, 1, mail.Gone)},
		{name: "abandon without a claim", when: abandon(1, 1, mail.Gone), refused: domain.ErrInvalid, says: "attempt 1 of 0"},
		{name: "abandon without a reason", given: events{claimed(0, 1)}, when: abandon(1, 1, ""), refused: domain.ErrInvalid, says: `abandoned for ""`},
	} {
		t.Run(s.name, func(t *testing.T) {
			letter := fold(t, s.given)
			events, err := s.when(letter)
			if !errors.Is(err, s.refused) || err != nil && !strings.Contains(err.Error(), s.says) {
				t.Fatalf("%v, want %v that says %q", err, s.refused, s.says)
			}
			if diff := cmp.Diff(s.then, events); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !reflect.DeepEqual(letter, fold(t, s.given)) {
				t.Error("deciding changed the state")
			}
		})
	}
}

type invented struct{}

func (invented) EventType() string { return "mail.Invented" }

func TestApplyRefusesWhatCannotFollow(t *testing.T) {
	type events = []domain.Event
	for _, test := range []struct {
		name  string
		given []domain.Event
		event domain.Event
		want  error
	}{
		{"unknown event", events{claimed(0, 1)}, invented{}, domain.ErrUnknownEvent},
		{"an attempt that leaves one out", events{claimed(0, 1)}, claimed(2, 3), domain.ErrInvalid},
		{"an attempt twice", events{claimed(0, 1)}, claimed(2, 1), domain.ErrInvalid},
		{"sent without a claim", nil, sent(0, 1), domain.ErrInvalid},
		{"sent by a later attempt", events{claimed(0, 1)}, sent(1, 2), domain.ErrInvalid},
		{"abandoned without a claim", nil, abandoned(0, 1), domain.ErrInvalid},
		{"claimed after it was sent", events{claimed(0, 1), sent(1, 1)}, claimed(2, 2), domain.ErrDecided},
		{"sent twice", events{claimed(0, 1), sent(1, 1)}, sent(2, 1), domain.ErrDecided},
		{"sent after it was abandoned", events{claimed(0, 1), abandoned(1, 1)}, sent(2, 1), domain.ErrDecided},
	} {
		if err := fold(t, test.given).Apply(test.event); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// Whatever servers decide, in whatever order and on however old a claim: what
// is decided can be folded, no two claims run at once, and a letter ends once.
func TestAnyHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letter, minute := mail.New(), 0
		for range rapid.IntRange(1, 40).Draw(t, "decisions") {
			minute += rapid.IntRange(0, 3).Draw(t, "minutes")
			attempt := rapid.IntRange(0, 4).Draw(t, "attempt")
			decide := rapid.SampledFrom([]decision{
				claim(minute), claim(minute), claim(minute), send(minute, attempt), abandon(minute, attempt, mail.Disabled),
			}).Draw(t, "decision")
			before := *letter
			events, err := decide(letter)
			if err != nil && len(events) > 0 {
				t.Fatalf("decided %v and refused: %v", events, err)
			}
			for _, event := range events {
				if before.End != nil {
					t.Fatalf("%+v after the end %+v", event, before.End)
				}
				if e, ok := event.(*mail.Claimed); ok && before.Last != nil && e.At.Before(before.Last.Until) {
					t.Fatalf("%+v while %+v runs", e, before.Last)
				}
				if err := letter.Apply(event); err != nil {
					t.Fatalf("decided what cannot be folded: %v", err)
				}
			}
		}
	})
}
