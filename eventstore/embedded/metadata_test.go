package embedded

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// put appends one event of a type.
func put(t *testing.T, client *esdb.Client, stream, eventType, data string) {
	t.Helper()
	e := esdb.EventData{EventID: uuid.New(), EventType: eventType, Data: []byte(data)}
	if _, err := client.AppendToStream(t.Context(), stream, esdb.AppendToStreamOptions{}, e); err != nil {
		t.Fatal(err)
	}
}

func TestMetadataThatHidesNothing(t *testing.T) {
	client := connect(t, startNode(t, Config{}).Address())
	fill(t, client, "s", 3, 3, 10)
	for _, text := range []string{
		`{"$maxAge":9223372036854775807}`, `{"$maxAge":0}`, `{"$maxAge":-5}`,
		`{"$maxCount":0}`, `{"$maxCount":9223372036854775807}`, `{"$tb":-3}`, `{"$tb":"x"}`, `{"$tb":null}`, `null`, `nonsense`,
	} {
		put(t, client, "$$s", "$metadata", text)
		if got := len(read(t, client, "s")); got != 3 {
			t.Errorf("%s leaves %d of 3 events", text, got)
		}
	}
}

// TestExpiredLinkTarget: an event that a read of its stream would not show is not shown by a link.
func TestExpiredLinkTarget(t *testing.T) {
	c := newClock()
	client := connect(t, startHooked(t, Config{}, hooks{now: c.now}).Address())
	fill(t, client, "s", 1, 1, 10)
	put(t, client, "$$s", "$metadata", `{"$maxAge":60}`)
	put(t, client, "links", "$>", "0@s")
	for _, hidden := range []bool{false, true} {
		read, err := client.ReadStream(t.Context(), "links", esdb.ReadStreamOptions{ResolveLinkTos: true}, 10)
		if err != nil {
			t.Fatal(err)
		}
		e, err := read.Recv()
		if err != nil || (e.Event == nil) != hidden || e.Link == nil {
			t.Errorf("got %+v, %v; want its event hidden: %v", e, err, hidden)
		}
		read.Close()
		c.move(time.Hour)
	}
}

// TestTombstoneDoesNotAge: a slow subscriber still learns that its stream has ended.
func TestTombstoneDoesNotAge(t *testing.T) {
	c := newClock()
	n := startHooked(t, Config{}, hooks{now: c.now})
	client := connect(t, n.Address())
	fill(t, client, "s", 3, 3, 10)
	put(t, client, "$$s", "$metadata", `{"$maxAge":60}`)
	if _, err := client.TombstoneStream(t.Context(), "s", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Fatal(err)
	}
	c.move(time.Hour)
	at := cursor{stream: "s"}
	pg, _, err := at.page(t.Context(), n.readers, ticks(c.now()), pageRows)
	if err != nil || len(pg.records) != 1 || pg.records[0].revision != tombstoneRevision {
		t.Fatalf("got %+v, %v; want the tombstone", pg.records, err)
	}
}

// TestMetadataIsNotKept: what the writer knows of a stream is small, whatever its metadata holds.
func TestMetadataIsNotKept(t *testing.T) {
	const streams, size = 50, 1_000_000
	client := connect(t, startNode(t, Config{}).Address())
	put(t, client, "$$warm", "$metadata", "{}")
	before := heap()
	text := `{"note":"` + string(bytes.Repeat([]byte("x"), size)) + `"}`
	for i := range streams {
		put(t, client, fmt.Sprintf("$$s-%d", i), "$metadata", text)
	}
	if grown := heap() - before; grown > streams*size/2 {
		t.Fatalf("memory grew by %d bytes for %d streams", grown, streams)
	}
}

// TestUndeleteKeepsMetadata: the first append after a soft delete moves $tb, and nothing else.
func TestUndeleteKeepsMetadata(t *testing.T) {
	client := connect(t, startNode(t, Config{}).Address())
	fill(t, client, "s", 3, 3, 10)
	put(t, client, "$$s", "$metadata", `{"$tb":9223372036854775807,"$maxCount":5,"own":"x"}`)
	fill(t, client, "s", 2, 1, 10)
	got := read(t, client, "$$s")
	if len(got) != 1 || string(got[0].Data) != `{"$maxCount":5,"$tb":3,"own":"x"}` {
		t.Fatalf("metadata after the append: %s", got[0].Data)
	}
	if got := read(t, client, "s"); len(got) != 2 || got[0].EventNumber != 3 {
		t.Fatalf("%d events, want the two after the deletion", len(got))
	}
}
