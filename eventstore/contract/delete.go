package contract

import (
	"math"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func testDelete(t *testing.T, s suite) {
	t.Run("hides a stream until the next append, which goes on numbering", func(t *testing.T) {
		stream := unique("delete-")
		s.append(t, stream, esdb.NoStream{}, events(3, "Happened")...)
		s.delete(t, stream)
		_, err := s.read(t, stream, esdb.ReadStreamOptions{}, 1)
		wantCode(t, err, esdb.ErrorCodeResourceNotFound)
		if again := s.append(t, stream, esdb.NoStream{}, events(2, "Happened")...); again.NextExpectedVersion != 4 {
			t.Fatalf("revision %d, want 4", again.NextExpectedVersion)
		}
		wantRevisions(t, s.mustRead(t, stream, esdb.ReadStreamOptions{}), 3, 4)
		wantRevisions(t, s.mustRead(t, stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}), 4, 3)
		s.append(t, stream, esdb.StreamExists{}, events(1, "Happened")...)
	})

	t.Run("says in the metadata from where on the stream counts", func(t *testing.T) {
		stream := unique("delete-")
		s.append(t, stream, esdb.NoStream{}, events(1, "Happened")...)
		s.delete(t, stream)
		s.append(t, stream, esdb.Any{}, events(1, "Happened")...)
		m, err := s.GetStreamMetadata(within(t), stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}})
		if err != nil {
			t.Fatal(err)
		}
		if tb := m.TruncateBefore(); tb == nil || *tb != 1 {
			t.Fatalf("truncated before %v, want 1", tb)
		}
	})

	t.Run("at a revision", func(t *testing.T) {
		stream := unique("delete-")
		s.append(t, stream, esdb.NoStream{}, events(2, "Happened")...)
		if _, err := s.DeleteStream(within(t), stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Revision(0)}); err == nil {
			t.Fatal("deleted at the wrong revision")
		}
		if _, err := s.TombstoneStream(within(t), stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Revision(5)}); err == nil {
			t.Fatal("tombstoned at the wrong revision")
		}
		wantRevisions(t, s.mustRead(t, stream, esdb.ReadStreamOptions{}), 0, 1)
		if _, err := s.DeleteStream(within(t), stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Revision(1)}); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("leaves the events in $all", func(t *testing.T) {
		stream, sent := unique("delete-"), events(2, "Happened")
		s.append(t, stream, esdb.NoStream{}, sent...)
		s.delete(t, stream)
		wantIDs(t, s.all(t, esdb.Forwards, esdb.Start{}, stream), sent)
	})

	t.Run("a tombstone is for ever", func(t *testing.T) {
		stream := unique("delete-")
		s.append(t, stream, esdb.NoStream{}, events(2, "Happened")...)
		position := s.tombstone(t, stream)
		_, err := s.read(t, stream, esdb.ReadStreamOptions{}, 1)
		wantCode(t, err, esdb.ErrorCodeStreamDeleted)
		_, err = s.SubscribeToStream(within(t), stream, esdb.SubscribeToStreamOptions{From: esdb.Start{}})
		wantCode(t, err, esdb.ErrorCodeStreamDeleted)
		_, err = s.DeleteStream(within(t), stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}})
		wantCode(t, err, esdb.ErrorCodeStreamDeleted)
		_, err = s.TombstoneStream(within(t), stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
		wantCode(t, err, esdb.ErrorCodeStreamDeleted)

		list := s.all(t, esdb.Forwards, esdb.Start{}, stream)
		last := list[len(list)-1].Event
		if len(list) != 3 || last.EventType != "$streamDeleted" || last.EventNumber != math.MaxInt64 || last.Position != position {
			t.Fatalf("%d events, the last %s@%d at %v, want a tombstone at %v", len(list), last.EventType, last.EventNumber, last.Position, position)
		}
	})

	t.Run("a tombstone ends a subscription, and is its last event", func(t *testing.T) {
		stream := unique("delete-")
		s.append(t, stream, esdb.NoStream{}, events(1, "Happened")...)
		sub := s.toStream(t, stream, esdb.Start{})
		sub.until(caughtUp)
		s.tombstone(t, stream)
		if list := sub.until(count(1)); list[0].Event.EventType != "$streamDeleted" {
			t.Fatalf("got a %s", list[0].Event.EventType)
		}
		if e, err := sub.next(); err == nil {
			t.Fatalf("went on with %s", describe(e))
		}
	})
}

func (s suite) delete(t *testing.T, stream string) {
	t.Helper()
	if _, err := s.DeleteStream(within(t), stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Fatal(err)
	}
}

func (s suite) tombstone(t *testing.T, stream string) esdb.Position {
	t.Helper()
	result, err := s.TombstoneStream(within(t), stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
	if err != nil {
		t.Fatal(err)
	}
	return result.Position
}
