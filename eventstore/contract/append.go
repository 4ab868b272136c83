package contract

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

func testAppend(t *testing.T, s suite) {
	t.Run("says where the last event is", func(t *testing.T) {
		stream := unique("append-")
		first := s.append(t, stream, esdb.NoStream{}, events(3, "Happened")...)
		second := s.append(t, stream, esdb.Revision(2), events(1, "Happened")...)
		if first.NextExpectedVersion != 2 || second.NextExpectedVersion != 3 {
			t.Fatalf("revisions %d and %d, want 2 and 3", first.NextExpectedVersion, second.NextExpectedVersion)
		}
		list := s.mustRead(t, stream, esdb.ReadStreamOptions{})
		wantRevisions(t, list, 0, 1, 2, 3)
		if at := list[3].Event.Position; at.Commit != second.CommitPosition || at.Prepare != second.PreparePosition {
			t.Fatalf("read at %v, appended at %d/%d", at, second.CommitPosition, second.PreparePosition)
		}
		for i := 1; i < len(list); i++ {
			if list[i].Event.Position.Commit <= list[i-1].Event.Position.Commit {
				t.Fatalf("position does not rise at event %d", i)
			}
			if list[i].Event.CreatedDate.Before(list[i-1].Event.CreatedDate) {
				t.Fatalf("created goes back at event %d", i)
			}
		}
	})

	t.Run("keeps what it was given", func(t *testing.T) {
		stream := unique("append@odd:name with-space-")
		given := []esdb.EventData{
			{EventID: uuid.New(), EventType: "json.v1", ContentType: esdb.ContentTypeJson, Data: []byte(`{"a":1}`), Metadata: []byte(`{"b":2}`)},
			{EventID: uuid.New(), EventType: "binary.v1", ContentType: esdb.ContentTypeBinary, Data: []byte{0, 1, 0xff, 0, 0x80}},
			{EventID: uuid.New(), EventType: "empty 空", ContentType: esdb.ContentTypeJson},
			{EventID: uuid.New(), EventType: "large", ContentType: esdb.ContentTypeBinary, Data: bytes.Repeat([]byte("0123456789"), 50_000)},
		}
		s.append(t, stream, esdb.NoStream{}, given...)
		list := s.mustRead(t, stream, esdb.ReadStreamOptions{})
		wantIDs(t, list, given)
		types := []string{"application/json", "application/octet-stream", "application/json", "application/octet-stream"}
		for i, e := range list {
			got := e.Event
			if got.EventType != given[i].EventType || got.ContentType != types[i] || got.StreamID != stream ||
				!bytes.Equal(got.Data, given[i].Data) || !bytes.Equal(got.UserMetadata, given[i].Metadata) {
				t.Errorf("event %d: got %s %s %s, %d bytes of data, metadata %q", i, got.StreamID, got.EventType, got.ContentType, len(got.Data), got.UserMetadata)
			}
			if got.CreatedDate.IsZero() {
				t.Errorf("event %d has no time", i)
			}
		}
	})

	t.Run("lets one of many writers win each revision", func(t *testing.T) {
		const writers, each = 8, 20
		stream := unique("append-")
		s.append(t, stream, esdb.NoStream{}, events(1, "Opened")...)
		var conflicts atomic.Int64
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() { s.compareAndSwap(t, stream, each, &conflicts) })
		}
		wg.Wait()
		list := s.mustRead(t, stream, esdb.ReadStreamOptions{})
		if len(list) != writers*each+1 {
			t.Fatalf("%d events, want %d (%d conflicts)", len(list), writers*each+1, conflicts.Load())
		}
		for i, e := range list {
			if e.Event.EventNumber != uint64(i) {
				t.Fatalf("event %d has revision %d", i, e.Event.EventNumber)
			}
		}
	})
}

// compareAndSwap appends count events, each at the revision that it read last.
func (s suite) compareAndSwap(t *testing.T, stream string, count int, conflicts *atomic.Int64) {
	for done := 0; done < count; {
		list, err := s.read(t, stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1)
		if err != nil || len(list) != 1 {
			t.Errorf("last event: %d events, %v", len(list), err)
			return
		}
		_, err = s.tryAppend(t, stream, esdb.Revision(list[0].Event.EventNumber), events(1, "Counted")...)
		switch {
		case err == nil:
			done++
		case code(err) == esdb.ErrorCodeWrongExpectedVersion:
			conflicts.Add(1)
		default:
			t.Errorf("append: %v", err)
			return
		}
	}
}
