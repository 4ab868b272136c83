package contract

import (
	"fmt"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func testReadStream(t *testing.T, s suite) {
	stream := unique("read-")
	s.append(t, stream, esdb.NoStream{}, events(5, "Happened")...)
	const all = 1000
	for _, c := range []struct {
		name      string
		direction esdb.Direction
		from      esdb.StreamPosition
		count     uint64
		want      []uint64
	}{
		{"forwards", esdb.Forwards, esdb.Start{}, all, []uint64{0, 1, 2, 3, 4}},
		{"forwards, two", esdb.Forwards, esdb.Start{}, 2, []uint64{0, 1}},
		{"forwards from 3", esdb.Forwards, esdb.Revision(3), all, []uint64{3, 4}},
		{"forwards from the last", esdb.Forwards, esdb.Revision(4), all, []uint64{4}},
		{"forwards past the end", esdb.Forwards, esdb.Revision(5), all, nil},
		{"backwards", esdb.Backwards, esdb.End{}, all, []uint64{4, 3, 2, 1, 0}},
		{"backwards, one", esdb.Backwards, esdb.End{}, 1, []uint64{4}},
		{"backwards from 2", esdb.Backwards, esdb.Revision(2), all, []uint64{2, 1, 0}},
		{"backwards from 2, two", esdb.Backwards, esdb.Revision(2), 2, []uint64{2, 1}},
		{"backwards from the first", esdb.Backwards, esdb.Revision(0), all, []uint64{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := s.read(t, stream, esdb.ReadStreamOptions{Direction: c.direction, From: c.from}, c.count)
			if err != nil {
				t.Fatal(err)
			}
			wantRevisions(t, list, c.want...)
		})
	}

	t.Run("a stream that does not exist", func(t *testing.T) {
		for _, direction := range []esdb.Direction{esdb.Forwards, esdb.Backwards} {
			_, err := s.read(t, unique("read-"), esdb.ReadStreamOptions{Direction: direction, From: esdb.Start{}}, 1)
			wantCode(t, err, esdb.ErrorCodeResourceNotFound)
		}
	})

	t.Run("a long stream", func(t *testing.T) {
		stream, sent := unique("read-"), events(700, "Happened")
		s.append(t, stream, esdb.NoStream{}, sent...)
		wantIDs(t, s.mustRead(t, stream, esdb.ReadStreamOptions{}), sent)
		list := s.mustRead(t, stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}})
		for i, e := range list {
			if e.Event.EventID != sent[len(sent)-1-i].EventID {
				t.Fatalf("backwards, event %d is not the one", i)
			}
		}
		if len(list) != len(sent) {
			t.Fatalf("%d events backwards, want %d", len(list), len(sent))
		}
	})

	t.Run("links", func(t *testing.T) {
		links := unique("links-")
		s.append(t, links, esdb.NoStream{}, linkTo(stream, 3), linkTo(unique("gone-"), 0))
		list := s.mustRead(t, links, esdb.ReadStreamOptions{ResolveLinkTos: true})
		if len(list) != 2 {
			t.Fatalf("%d events, want 2", len(list))
		}
		if e := list[0]; e.Event == nil || e.Link == nil || e.Event.StreamID != stream || e.Event.EventNumber != 3 || e.Link.StreamID != links {
			t.Fatalf("resolved to %+v through %+v", e.Event, e.Link)
		}
		if e := list[1]; e.Event != nil || e.Link == nil || e.Link.EventNumber != 1 {
			t.Fatalf("a link to nothing resolved to %+v through %+v", e.Event, e.Link)
		}
		for _, e := range s.mustRead(t, links, esdb.ReadStreamOptions{}) {
			if e.Link != nil || e.Event == nil || e.Event.EventType != "$>" {
				t.Fatalf("unresolved: got %+v through %+v", e.Event, e.Link)
			}
		}
	})
}

func linkTo(stream string, revision int) esdb.EventData {
	e := events(1, "$>")[0]
	e.ContentType = esdb.ContentTypeBinary
	e.Data = fmt.Appendf(nil, "%d@%s", revision, stream)
	return e
}
