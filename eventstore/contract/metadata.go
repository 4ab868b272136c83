package contract

import (
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func testMetadata(t *testing.T, s suite) {
	newest := esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}

	t.Run("comes back as it was set", func(t *testing.T) {
		stream := unique("metadata-")
		s.setMetadata(t, stream, func(m *esdb.StreamMetadata) {
			m.SetMaxCount(7)
			m.SetMaxAge(time.Hour)
			m.AddCustomProperty("owner", "contract")
		})
		m, err := s.GetStreamMetadata(within(t), stream, newest)
		if err != nil {
			t.Fatal(err)
		}
		if *m.MaxCount() != 7 || *m.MaxAge() != time.Hour || m.CustomProperty("owner") != "contract" {
			t.Fatalf("got %+v", m)
		}
	})

	t.Run("a metastream shows its newest event only", func(t *testing.T) {
		stream := unique("metadata-")
		for n := range uint64(3) {
			s.setMetadata(t, stream, func(m *esdb.StreamMetadata) { m.SetMaxCount(n + 1) })
		}
		wantRevisions(t, s.mustRead(t, "$$"+stream, esdb.ReadStreamOptions{}), 2)
		wantRevisions(t, s.mustRead(t, "$$"+stream, newest), 2)
	})

	t.Run("is written at an expected revision", func(t *testing.T) {
		stream := unique("metadata-")
		s.setMetadata(t, stream, func(m *esdb.StreamMetadata) { m.SetMaxCount(3) })
		var m esdb.StreamMetadata
		_, err := s.SetStreamMetadata(within(t), stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, m)
		wantCode(t, err, esdb.ErrorCodeWrongExpectedVersion)
	})

	t.Run("$maxCount shows the newest events", func(t *testing.T) {
		stream := unique("metadata-")
		s.append(t, stream, esdb.NoStream{}, events(5, "Happened")...)
		s.setMetadata(t, stream, func(m *esdb.StreamMetadata) { m.SetMaxCount(2) })
		wantRevisions(t, s.mustRead(t, stream, esdb.ReadStreamOptions{}), 3, 4)
		wantRevisions(t, s.mustRead(t, stream, esdb.ReadStreamOptions{From: esdb.Revision(1)}), 3, 4)
		wantRevisions(t, s.mustRead(t, stream, newest), 4, 3)
		s.append(t, stream, esdb.Revision(4), events(1, "Happened")...)
		wantRevisions(t, s.mustRead(t, stream, esdb.ReadStreamOptions{}), 4, 5)
	})

	t.Run("$tb shows what is not truncated", func(t *testing.T) {
		stream := unique("metadata-")
		s.append(t, stream, esdb.NoStream{}, events(5, "Happened")...)
		s.setMetadata(t, stream, func(m *esdb.StreamMetadata) { m.SetTruncateBefore(3) })
		wantRevisions(t, s.mustRead(t, stream, esdb.ReadStreamOptions{}), 3, 4)
		wantRevisions(t, s.mustRead(t, stream, newest), 4, 3)
		s.setMetadata(t, stream, func(m *esdb.StreamMetadata) { m.SetTruncateBefore(9) })
		wantRevisions(t, s.mustRead(t, stream, esdb.ReadStreamOptions{}))
	})

	t.Run("$maxAge hides events that are older", func(t *testing.T) {
		stream := unique("metadata-")
		s.append(t, stream, esdb.NoStream{}, events(3, "Happened")...)
		s.setMetadata(t, stream, func(m *esdb.StreamMetadata) { m.SetMaxAge(time.Hour) })
		wantRevisions(t, s.mustRead(t, stream, esdb.ReadStreamOptions{}), 0, 1, 2)
		s.setMetadata(t, stream, func(m *esdb.StreamMetadata) { m.SetMaxAge(time.Second) })
		for deadline := time.Now().Add(patience); len(s.mustRead(t, stream, esdb.ReadStreamOptions{})) > 0; {
			if time.Now().After(deadline) {
				t.Fatal("events of one second ago are still read")
			}
		}
		wantRevisions(t, s.mustRead(t, stream, newest))
	})

	t.Run("$all shows everything", func(t *testing.T) {
		stream, sent := unique("metadata-"), events(5, "Happened")
		s.append(t, stream, esdb.NoStream{}, sent...)
		s.setMetadata(t, stream, func(m *esdb.StreamMetadata) { m.SetMaxCount(1) })
		wantIDs(t, s.all(t, esdb.Forwards, esdb.Start{}, stream), sent)
	})
}

func (s suite) setMetadata(t *testing.T, stream string, set func(*esdb.StreamMetadata)) {
	t.Helper()
	var m esdb.StreamMetadata
	set(&m)
	if _, err := s.SetStreamMetadata(within(t), stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, m); err != nil {
		t.Fatal(err)
	}
}
