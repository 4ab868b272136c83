package contract

import (
	"math"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func testReadAll(t *testing.T, s suite) {
	one, two := unique("all-"), unique("all-")
	var sent []esdb.EventData
	var places []esdb.Position
	for i := range 6 {
		list := events(2, "Happened")
		stream := []string{one, two}[i%2]
		result := s.append(t, stream, esdb.Any{}, list...)
		sent = append(sent, list...)
		places = append(places, esdb.Position{Commit: result.CommitPosition, Prepare: result.PreparePosition})
	}

	t.Run("forwards, in the order of appends", func(t *testing.T) {
		wantIDs(t, s.all(t, esdb.Forwards, esdb.Start{}, one, two), sent)
	})
	t.Run("backwards, in the reverse order", func(t *testing.T) {
		list := s.all(t, esdb.Backwards, esdb.End{}, one, two)
		if len(list) != len(sent) {
			t.Fatalf("%d events, want %d", len(list), len(sent))
		}
		for i, e := range list {
			if e.Event.EventID != sent[len(sent)-1-i].EventID {
				t.Fatalf("event %d is not the one", i)
			}
		}
	})
	t.Run("forwards includes the position", func(t *testing.T) {
		wantIDs(t, s.all(t, esdb.Forwards, places[2], one, two), sent[5:])
	})
	t.Run("backwards excludes the position", func(t *testing.T) {
		list := s.all(t, esdb.Backwards, places[2], one, two)
		if len(list) != 5 || list[0].Event.EventID != sent[4].EventID {
			t.Fatalf("%d events, want the 5 before the position", len(list))
		}
	})
	t.Run("positions rise and carry over", func(t *testing.T) {
		list := s.all(t, esdb.Forwards, places[0], one, two)
		for i := 1; i < len(list); i++ {
			if list[i].Event.Position.Commit <= list[i-1].Event.Position.Commit {
				t.Fatalf("position does not rise at event %d", i)
			}
		}
		if list[0].Event.Position != places[0] {
			t.Fatalf("read at %v, appended at %v", list[0].Event.Position, places[0])
		}
		if list[0].Commit == nil || *list[0].Commit != places[0].Commit {
			t.Fatalf("commit position %v, want %d", list[0].Commit, places[0].Commit)
		}
	})
	t.Run("a count", func(t *testing.T) {
		read, err := s.Client.ReadAll(within(t), esdb.ReadAllOptions{From: places[0]}, 3)
		if err != nil {
			t.Fatal(err)
		}
		if list, err := collect(read); len(list) != 3 || err != nil {
			t.Fatalf("%d events, %v; want 3", len(list), err)
		}
	})
	t.Run("nothing beyond either end", func(t *testing.T) {
		read, err := s.Client.ReadAll(within(t), esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.Start{}}, 3)
		if err != nil {
			t.Fatal(err)
		}
		if list, err := collect(read); len(list) != 0 || err != nil {
			t.Fatalf("%d events, %v; want none", len(list), err)
		}
	})
}

// all reads $all and keeps the events of some streams.
func (s suite) all(t *testing.T, direction esdb.Direction, from esdb.AllPosition, streams ...string) (kept []*esdb.ResolvedEvent) {
	t.Helper()
	read, err := s.Client.ReadAll(within(t), esdb.ReadAllOptions{Direction: direction, From: from}, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	list, err := collect(read)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		for _, stream := range streams {
			if e.OriginalEvent().StreamID == stream {
				kept = append(kept, e)
			}
		}
	}
	return kept
}
