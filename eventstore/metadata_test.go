package eventstore

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func fullMetadata() Metadata {
	return Metadata{
		CommandID: uuid.MustParse("018f3c1e-7b2a-7c3d-8e4f-5a6b7c8d9e0f"), Actor: "reviewer-01",
		Causation: "appeal@3", Correlation: "018f3c1e-7b2a-7c3d-8e4f-5a6b7c8d9e0f",
		ClientTime: time.Date(2022, 6, 7, 8, 9, 10, 5_000_000, time.UTC),
		ServerTime: time.Date(2022, 6, 7, 8, 9, 11, 0, time.UTC), Note: "内部备注",
		Sealed: map[string]string{"assessor": "assessor-07"},
	}
}

// The stored form is pinned: metadata are kept for ever, too.
const storedMetadata = `{"commandId":"018f3c1e-7b2a-7c3d-8e4f-5a6b7c8d9e0f","actor":"reviewer-01",` +
	`"causation":"appeal@3","correlation":"018f3c1e-7b2a-7c3d-8e4f-5a6b7c8d9e0f",` +
	`"clientTime":"2022-06-07T08:09:10.005Z","serverTime":"2022-06-07T08:09:11Z","note":"内部备注","sealed":{"assessor":"assessor-07"}}`

func TestMetadataRoundTrip(t *testing.T) {
	stored, err := fullMetadata().encode()
	if err != nil || string(stored) != storedMetadata {
		t.Fatalf("encoded as %s, %v; want %s", stored, err, storedMetadata)
	}
	got, err := ReadMetadata(Recorded{Metadata: stored})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fullMetadata(), got); diff != "" {
		t.Error(diff)
	}
}

func TestMetadataWithoutOptionalFields(t *testing.T) {
	m := fullMetadata()
	m.Causation, m.Note, m.ClientTime, m.Sealed = "", "", time.Time{}, nil
	stored, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"causation", "note", "clientTime", "sealed"} {
		if strings.Contains(string(stored), field) {
			t.Errorf("%s is empty and stored: %s", field, stored)
		}
	}
	if got, err := ReadMetadata(Recorded{Metadata: stored}); err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("read %+v, %v; want %+v", got, err, m)
	}
}

// Metadata of a later version mean nothing to scores: they do not stop a reader.
func TestMetadataOfLaterVersions(t *testing.T) {
	stored := strings.TrimSuffix(storedMetadata, "}") + `,"later":{"assessor":["a",1,null]}}`
	if got, err := ReadMetadata(Recorded{Metadata: []byte(stored)}); err != nil || !reflect.DeepEqual(got, fullMetadata()) {
		t.Errorf("read %+v, %v", got, err)
	}
}

func TestMetadataRefuses(t *testing.T) {
	for _, data := range []string{
		``, ` `, `{`, `[]`, `"x"`, `{}x`, storedMetadata + `}`, storedMetadata[:len(storedMetadata)-1],
		`{"commandId":"not a uuid"}`, `{"commandId":7}`, `{"actor":1}`, `{"serverTime":"yesterday"}`,
		"{\"actor\":\"a\x01\"}", `{"later":[}`,
	} {
		_, err := ReadMetadata(Recorded{Stream: "round-x", Revision: 4, Metadata: []byte(data)})
		if !errors.Is(err, ErrUndecodable) || !strings.Contains(err.Error(), "round-x@4") {
			t.Errorf("%s: %v, want ErrUndecodable of round-x@4", data, err)
		}
	}
}

// Reading copies: a page's memory is used again while metadata are kept.
func TestMetadataCopies(t *testing.T) {
	data := []byte(storedMetadata)
	got, err := ReadMetadata(Recorded{Metadata: data})
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	if !reflect.DeepEqual(got, fullMetadata()) {
		t.Errorf("shares memory with its data: %+v", got)
	}
}

// Sending a command again must give the same ids, also by a later program:
// the derivation is pinned.
func TestEventID(t *testing.T) {
	command := fullMetadata().CommandID
	id := eventID(command, "reviewer-01", "round-2022", 0)
	if want := "e4875f9a-7775-5b65-84ce-0dde2135dc6b"; id.String() != want {
		t.Errorf("id %s, want %s", id, want)
	}
	if id.Version() != 5 {
		t.Errorf("version %d, want 5", id.Version())
	}
	seen := make(map[uuid.UUID]bool)
	for _, c := range []uuid.UUID{command, uuid.Nil} {
		for _, actor := range []string{"reviewer-01", "reviewer-0", ""} {
			for _, stream := range []string{"round-2022", "round-202", "1round-2022", ""} {
				for index := range 30 {
					seen[eventID(c, actor, stream, index)] = true
				}
			}
		}
	}
	if want := 2 * 3 * 4 * 30; len(seen) != want {
		t.Errorf("%d ids for %d events", len(seen), want)
	}
}

func FuzzReadMetadata(f *testing.F) {
	f.Add([]byte(storedMetadata))
	f.Add([]byte(`{"commandId":"{018f3c1e-7b2a-7c3d-8e4f-5a6b7c8d9e0f}","x":[1,{"y":null}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := ReadMetadata(Recorded{Metadata: data}); err != nil && !errors.Is(err, ErrUndecodable) {
			t.Fatalf("%v is not ErrUndecodable", err)
		}
	})
}
