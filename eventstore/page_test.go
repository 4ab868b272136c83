package eventstore

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func anyPage() *rapid.Generator[Page] {
	event := rapid.Custom(func(t *rapid.T) Recorded {
		return Recorded{
			Stream: rapid.String().Draw(t, "stream"), Revision: rapid.Uint64().Draw(t, "revision"),
			Position: Position(rapid.Uint64().Draw(t, "position")),
			ID:       uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")),
			Type:     rapid.String().Draw(t, "type"),
			Data:     rapid.SliceOf(rapid.Byte()).Draw(t, "data"), Metadata: rapid.SliceOf(rapid.Byte()).Draw(t, "metadata"),
			Created: time.Unix(0, rapid.Int64().Draw(t, "created")).UTC(),
		}
	})
	return rapid.Custom(func(t *rapid.T) Page {
		return Page{
			LogID: rapid.String().Draw(t, "log"), Prev: Position(rapid.Uint64().Draw(t, "prev")),
			Events: rapid.SliceOfN(event, 0, 20).Draw(t, "events"),
		}
	})
}

func TestPageRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		page := anyPage().Draw(t, "page")
		got, err := UnmarshalPage(page.Marshal())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(page, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func somePage() Page {
	event := Recorded{
		Stream: "round-2022", Revision: 3, Position: 4711, ID: uuid.MustParse("018f3c1e-7b2a-7c3d-8e4f-5a6b7c8d9e0f"),
		Type: "round.Closed", Data: []byte(`{"v":1}`), Metadata: []byte(`{}`), Created: time.Unix(1_654_589_350, 5).UTC(),
	}
	later := event
	later.Revision, later.Position = math.MaxUint64, math.MaxUint64
	return Page{LogID: "log-1", Prev: 4700, Events: []Recorded{event, later}}
}

func TestPageLast(t *testing.T) {
	page := somePage()
	if got := page.Last(); got != math.MaxUint64 {
		t.Errorf("last %s, want that of the last event", got)
	}
	page.Events = page.Events[:1]
	if got := page.Last(); got != 4711 {
		t.Errorf("last %s, want 4711", got)
	}
	page.Events = nil
	if got := page.Last(); got != 4700 {
		t.Errorf("last of no events %s, want where it began: 4700", got)
	}
}

// A page that was cut anywhere, or has bytes left over, is not a page.
func TestUnmarshalPageRefuses(t *testing.T) {
	whole := somePage().Marshal()
	for n := range len(whole) {
		if page, err := UnmarshalPage(whole[:n]); !errors.Is(err, ErrPage) || page.Events != nil {
			t.Errorf("cut to %d of %d bytes: %+v, %v; want ErrPage", n, len(whole), page, err)
		}
	}
	long := bytes.Repeat([]byte{0xff}, 10)
	tests := map[string][]byte{
		"one byte more":         append(bytes.Clone(whole), 0),
		"another version":       append([]byte{pageVersion + 1}, whole[1:]...),
		"version 0":             make([]byte, 100),
		"a length over 64 bits": append([]byte{pageVersion}, long...),
		"a length past the end": {pageVersion, 0xff, 0xff, 0xff, 0xff, 0x0f, 'x'},
		"a billion events":      append([]byte{pageVersion, 0, 0, 0x80, 0x94, 0xeb, 0xdc, 0x03}, make([]byte, 100)...),
		"2⁶⁴−1 events":          append([]byte{pageVersion, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, make([]byte, 100)...),
	}
	for what, b := range tests {
		if page, err := UnmarshalPage(b); !errors.Is(err, ErrPage) {
			t.Errorf("%s: %+v, %v; want ErrPage", what, page, err)
		}
	}
}

// Appending to one event's data must not run into the next field's bytes.
func TestUnmarshalPageKeepsFieldsApart(t *testing.T) {
	page, err := UnmarshalPage(somePage().Marshal())
	if err != nil {
		t.Fatal(err)
	}
	_ = append(page.Events[0].Data, "overrun"...)
	if diff := cmp.Diff(somePage(), page); diff != "" {
		t.Error(diff)
	}
}

func FuzzUnmarshalPage(f *testing.F) {
	f.Add(somePage().Marshal())
	f.Add(Page{}.Marshal())
	f.Add([]byte{pageVersion, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		page, err := UnmarshalPage(b)
		if err != nil {
			if !errors.Is(err, ErrPage) {
				t.Fatalf("%v is not ErrPage", err)
			}
			return
		}
		again, err := UnmarshalPage(page.Marshal())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(page, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}
