package contract

import (
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func testExpectedRevision(t *testing.T, s suite) {
	const fine = esdb.ErrorCode(-1)
	const wrong, deleted = esdb.ErrorCodeWrongExpectedVersion, esdb.ErrorCodeStreamDeleted
	states := map[string]func(t *testing.T, stream string){
		"missing": func(*testing.T, string) {},
		"two events": func(t *testing.T, stream string) {
			s.append(t, stream, esdb.NoStream{}, events(2, "Happened")...)
		},
		"soft-deleted": func(t *testing.T, stream string) {
			s.append(t, stream, esdb.NoStream{}, events(2, "Happened")...)
			s.delete(t, stream)
		},
		"tombstoned": func(t *testing.T, stream string) {
			s.append(t, stream, esdb.NoStream{}, events(2, "Happened")...)
			s.tombstone(t, stream)
		},
	}
	for _, c := range []struct {
		state    string
		name     string
		expected esdb.ExpectedRevision
		want     esdb.ErrorCode
	}{
		{"missing", "any", esdb.Any{}, fine},
		{"missing", "no stream", esdb.NoStream{}, fine},
		{"missing", "exists", esdb.StreamExists{}, wrong},
		{"missing", "0", esdb.Revision(0), wrong},
		{"two events", "any", esdb.Any{}, fine},
		{"two events", "no stream", esdb.NoStream{}, wrong},
		{"two events", "exists", esdb.StreamExists{}, fine},
		{"two events", "0", esdb.Revision(0), wrong},
		{"two events", "1", esdb.Revision(1), fine},
		{"two events", "2", esdb.Revision(2), wrong},
		{"soft-deleted", "any", esdb.Any{}, fine},
		{"soft-deleted", "no stream", esdb.NoStream{}, fine},
		{"soft-deleted", "exists", esdb.StreamExists{}, deleted},
		{"soft-deleted", "0", esdb.Revision(0), wrong},
		{"soft-deleted", "1", esdb.Revision(1), fine},
		{"tombstoned", "any", esdb.Any{}, deleted},
		{"tombstoned", "no stream", esdb.NoStream{}, deleted},
		{"tombstoned", "exists", esdb.StreamExists{}, deleted},
		{"tombstoned", "1", esdb.Revision(1), deleted},
	} {
		t.Run(c.state+" stream, expecting "+c.name, func(t *testing.T) {
			stream := unique("revision-")
			states[c.state](t, stream)
			_, err := s.tryAppend(t, stream, c.expected, events(1, "Happened")...)
			if c.want != fine {
				wantCode(t, err, c.want)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}

	t.Run("a conflict names both revisions", func(t *testing.T) {
		stream := unique("revision-")
		s.append(t, stream, esdb.NoStream{}, events(5, "Happened")...)
		_, err := s.tryAppend(t, stream, esdb.Revision(2), events(1, "Happened")...)
		if err == nil || !strings.Contains(err.Error(), "'2'") || !strings.Contains(err.Error(), "'4'") {
			t.Fatalf("got %v, want one that names 2 and 4", err)
		}
		_, err = s.tryAppend(t, unique("revision-"), esdb.StreamExists{}, events(1, "Happened")...)
		if err == nil || !strings.Contains(err.Error(), "stream_exists") || !strings.Contains(err.Error(), "no_stream") {
			t.Fatalf("got %v, want one that names stream_exists and no_stream", err)
		}
	})

	t.Run("a conflict writes nothing", func(t *testing.T) {
		stream := unique("revision-")
		s.append(t, stream, esdb.NoStream{}, events(2, "Happened")...)
		_, err := s.tryAppend(t, stream, esdb.Revision(0), events(3, "Happened")...)
		wantCode(t, err, esdb.ErrorCodeWrongExpectedVersion)
		wantRevisions(t, s.mustRead(t, stream, esdb.ReadStreamOptions{}), 0, 1)
	})
}
