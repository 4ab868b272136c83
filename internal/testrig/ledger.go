package testrig

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
	"mingjian/domain/round"
	"mingjian/eventstore"
)

// Ledger is the domain's own fold of a part of the log, made without any of
// the read model's code: what is true.
type Ledger struct {
	Events   []eventstore.Recorded
	Registry *registry.Registry
	Rounds   map[string]*round.Round
	Releases map[string][]*round.Published // by round, in order
	// Records holds each assessment by round and subject, Streams by stream.
	Records map[[2]string]*assessment.Assessment
	Streams map[string]*assessment.Assessment
	// Appeals holds each appeal by its stream.
	Appeals map[string]*appeal.Appeal
	// Last is the revision of each stream's newest event.
	Last map[string]uint64

	std   *domain.Standard
	filed []string // the appeals' ids in order
}

// ReadLog reads all application events.
func (r *Rig) ReadLog(t testing.TB) []eventstore.Recorded {
	t.Helper()
	var events []eventstore.Recorded
	for e, err := range r.Log.ReadAll(Context(t), 0) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// Fold folds events, a prefix of the log, and checks what every log must hold:
// positions rise, revisions are consecutive, and no event id comes twice.
func Fold(t testing.TB, codec *eventstore.Codec, events []eventstore.Recorded) *Ledger {
	t.Helper()
	l := &Ledger{
		Events: events, Registry: registry.New(), std: Standard(t),
		Rounds: make(map[string]*round.Round), Releases: make(map[string][]*round.Published),
		Records: make(map[[2]string]*assessment.Assessment), Streams: make(map[string]*assessment.Assessment),
		Appeals: make(map[string]*appeal.Appeal), Last: make(map[string]uint64),
	}
	ids := make(map[[16]byte]string)
	var position eventstore.Position
	for _, e := range events {
		at := fmt.Sprintf("%s@%d", e.Stream, e.Revision)
		if e.Position <= position {
			t.Fatalf("%s: position %s after %s", at, e.Position, position)
		}
		position = e.Position
		if last, ok := l.Last[e.Stream]; (ok && e.Revision != last+1) || (!ok && e.Revision != 0) {
			t.Fatalf("%s follows revision %d", at, last)
		}
		l.Last[e.Stream] = e.Revision
		if first, twice := ids[e.ID]; twice {
			t.Fatalf("%s has the id of %s", at, first)
		}
		ids[e.ID] = at
		event, err := codec.Decode(e.Type, e.Data)
		if err == nil {
			err = l.apply(e.Stream, event)
		}
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
	}
	return l
}

func (l *Ledger) apply(stream string, event domain.Event) error {
	switch e := event.(type) {
	case *registry.DistrictRegistered, *registry.CenterRegistered:
		return l.Registry.Apply(event)
	case *round.Opened:
		l.Rounds[e.Round] = new(round.Round)
		return l.Rounds[e.Round].Apply(event)
	case *round.CalendarPinned, *round.Deliberated, *round.Published, *round.Closed:
		id := stream[len(round.StreamPrefix):]
		if published, ok := event.(*round.Published); ok {
			l.Releases[id] = append(l.Releases[id], published)
		}
		return l.Rounds[id].Apply(event)
	case *assessment.Opened:
		a := assessment.New(l.std)
		l.Streams[stream], l.Records[[2]string{e.Round, e.Subject}] = a, a
	case *appeal.Filed:
		l.Appeals[stream], l.filed = appeal.New(), append(l.filed, e.Appeal)
	}
	if a, ok := l.Appeals[stream]; ok {
		return a.Apply(event)
	}
	return l.Streams[stream].Apply(event)
}

// Score scores a center with what its district's record adds. With approved,
// the district counts only once it is signed off.
func (l *Ledger) Score(id string, a *assessment.Assessment, approved bool) domain.Score {
	district := domain.Sheet{}
	if d, ok := l.Records[[2]string{id, a.Opened.District}]; ok && (!approved || d.Status == assessment.SignedOff) {
		district = d.Sheet
	}
	return l.std.Score(a.Sheet, district)
}

// Standing is what a ranking must say of a center.
type Standing struct {
	domain.Standing
	Status           assessment.Status
	Decided          int
	Gross, Deduction domain.Points
}

// Standings ranks a round's centers and districts. With approved it ranks as a
// release does: who is not signed off shows a status and nothing else.
func (l *Ledger) Standings(id string, approved bool) ([]Standing, []domain.DistrictStanding) {
	byCenter := make(map[string]Standing)
	for key, a := range l.Records {
		if key[0] != id || a.Opened.Kind != domain.Center {
			continue
		}
		s := Standing{Status: a.Status}
		s.Center, s.District = a.Opened.Subject, a.Opened.District
		if !approved || a.Status == assessment.SignedOff {
			score := l.Score(id, a, approved)
			s.Total, s.Complete, s.Decided = score.Total, score.Complete, score.Decided
			s.Gross, s.Deduction = score.Gross, score.Deduction
		}
		byCenter[s.Center] = s
	}
	entrants := make([]domain.Entrant, 0, len(byCenter))
	for _, code := range slices.Sorted(maps.Keys(byCenter)) {
		entrants = append(entrants, byCenter[code].Entrant)
	}
	ranking := domain.Rank(entrants)
	standings := make([]Standing, len(ranking.Centers))
	for i, c := range ranking.Centers {
		standings[i] = byCenter[c.Center]
		standings[i].Standing = c
	}
	return standings, ranking.Districts
}
