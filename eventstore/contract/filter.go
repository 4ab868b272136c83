package contract

import (
	"math"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func testFilters(t *testing.T, s suite) {
	t.Run("choose by type or stream, by prefix or expression", func(t *testing.T) {
		tag := unique("t")
		apples, pears := "apples-"+tag, "pears-"+tag
		s.append(t, apples, esdb.NoStream{}, events(1, "Picked"+tag)[0], events(1, "Eaten"+tag)[0])
		s.append(t, pears, esdb.NoStream{}, events(1, "Picked"+tag)[0], events(1, "Sold"+tag)[0])
		for name, c := range map[string]struct {
			filter esdb.SubscriptionFilter
			want   string
		}{
			"type prefix":       {esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"Picked" + tag}}, "apples.Picked pears.Picked"},
			"two type prefixes": {esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"Eaten" + tag, "Sold" + tag}}, "apples.Eaten pears.Sold"},
			"stream prefix":     {esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{pears}}, "pears.Picked pears.Sold"},
			"type expression":   {esdb.SubscriptionFilter{Type: esdb.EventFilterType, Regex: "^(Sold|Eaten)" + tag + "$"}, "apples.Eaten pears.Sold"},
			"stream expression": {esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: "^a.*" + tag}, "apples.Picked apples.Eaten"},
		} {
			t.Run(name, func(t *testing.T) {
				var got []string
				for _, e := range s.filtered(t, esdb.Start{}, &c.filter, 32, 1).until(caughtUp) {
					stream, _, _ := strings.Cut(e.Event.StreamID, "-")
					got = append(got, stream+"."+strings.TrimSuffix(e.Event.EventType, tag))
				}
				if strings.Join(got, " ") != c.want {
					t.Fatalf("got %v, want %s", got, c.want)
				}
			})
		}
	})

	t.Run("leave out system events", func(t *testing.T) {
		stream, sent := unique("filter-"), events(2, "Happened")
		s.setMetadata(t, stream, func(m *esdb.StreamMetadata) { m.SetMaxCount(10) })
		s.append(t, stream, esdb.NoStream{}, sent...)
		var ours []*esdb.ResolvedEvent
		for _, e := range s.filtered(t, esdb.Start{}, esdb.ExcludeSystemEventsFilter(), 32, 1).until(caughtUp) {
			if strings.HasPrefix(e.Event.EventType, "$") {
				t.Fatalf("received a %s", e.Event.EventType)
			}
			if e.Event.StreamID == stream {
				ours = append(ours, e)
			}
		}
		wantIDs(t, ours, sent)
	})

	t.Run("checkpoints in history where nothing matches", func(t *testing.T) {
		stream := unique("filter-")
		first := s.append(t, stream, esdb.NoStream{}, events(1, "Happened")...)
		last := s.append(t, stream, esdb.Revision(0), events(100, "Happened")...)
		from := esdb.Position{Commit: first.CommitPosition, Prepare: first.PreparePosition}
		sub := s.filtered(t, from, nothing(), 10, 2)
		// 100 events follow, 20 to an interval.
		var reached []esdb.Position
		for len(reached) < 4 {
			e, err := sub.next()
			if err != nil {
				t.Fatal(err)
			}
			if e.EventAppeared != nil {
				t.Fatalf("received a %s", e.EventAppeared.Event.EventType)
			}
			reached = appendCheckpoint(reached, e)
		}
		wantRising(t, reached, from.Commit)
		if reached[0].Commit > last.CommitPosition {
			t.Fatalf("first checkpoint %d is past all events, up to %d", reached[0].Commit, last.CommitPosition)
		}
	})

	t.Run("checkpoints live where nothing matches", func(t *testing.T) {
		stream := unique("filter-")
		sub := s.filtered(t, esdb.End{}, nothing(), 5, 1)
		sub.until(caughtUp)
		var reached []esdb.Position
		for range 3 {
			s.append(t, stream, esdb.Any{}, events(10, "Happened")...)
			for before := len(reached); len(reached) == before; {
				e, err := sub.next()
				if err != nil {
					t.Fatal(err)
				}
				if e.EventAppeared != nil {
					t.Fatalf("received %s", describe(e))
				}
				reached = appendCheckpoint(reached, e)
			}
		}
		wantRising(t, reached, 0)
	})

	t.Run("going on from a checkpoint loses nothing", func(t *testing.T) {
		stream, tag := unique("filter-"), unique("T")
		first := s.append(t, stream, esdb.NoStream{}, events(50, "Other")...)
		sent := events(1, "Wanted"+tag)
		s.append(t, stream, esdb.Revision(49), sent...)
		s.append(t, stream, esdb.Revision(50), events(60, "Other")...)
		only := &esdb.SubscriptionFilter{Prefixes: []string{"Wanted" + tag}}
		from := esdb.Position{Commit: first.CommitPosition, Prepare: first.PreparePosition}
		sub := s.filtered(t, from, only, 10, 1)
		wantIDs(t, sub.until(count(1)), sent)
		var reached []esdb.Position
		for len(reached) == 0 {
			e, err := sub.next()
			if err != nil {
				t.Fatal(err)
			}
			reached = appendCheckpoint(reached, e)
		}
		later := events(1, "Wanted"+tag)
		s.append(t, stream, esdb.Revision(110), later...)
		wantIDs(t, s.filtered(t, reached[0], only, 10, 1).until(count(1)), later)
	})
}

// nothing is a filter that no event passes.
func nothing() *esdb.SubscriptionFilter {
	return &esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{unique("nothing-")}}
}

func (s suite) filtered(t *testing.T, from esdb.AllPosition, f *esdb.SubscriptionFilter, window, interval int) *following {
	t.Helper()
	sub, err := s.SubscribeToAll(within(t), esdb.SubscribeToAllOptions{From: from, Filter: f, MaxSearchWindow: window, CheckpointInterval: interval})
	if err != nil {
		t.Fatal(err)
	}
	return follow(t, sub)
}

// appendCheckpoint leaves out the checkpoint at the end of the world, which some servers send.
func appendCheckpoint(list []esdb.Position, e *esdb.SubscriptionEvent) []esdb.Position {
	if e.CheckPointReached == nil || e.CheckPointReached.Commit == math.MaxUint64 {
		return list
	}
	return append(list, *e.CheckPointReached)
}

func wantRising(t *testing.T, list []esdb.Position, after uint64) {
	t.Helper()
	for _, p := range list {
		if p.Commit < after {
			t.Fatalf("checkpoints %v go back behind %d", list, after)
		}
		after = p.Commit
	}
}
