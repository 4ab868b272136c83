package contract

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func testIdempotency(t *testing.T, s suite) {
	for _, c := range []struct {
		name     string
		expected esdb.ExpectedRevision
	}{
		{"exact revision", esdb.Revision(0)},
		{"any", esdb.Any{}},
		{"stream exists", esdb.StreamExists{}},
	} {
		t.Run("sent twice expecting "+c.name, func(t *testing.T) {
			stream, sent := unique("idempotency-"), events(2, "Happened")
			s.append(t, stream, esdb.NoStream{}, events(1, "Opened")...)
			first := s.append(t, stream, c.expected, sent...)
			s.sentAgain(t, stream, c.expected, sent, first, 3)
			s.append(t, stream, esdb.Revision(2), events(1, "Later")...)
			s.sentAgain(t, stream, c.expected, sent, first, 4)
		})
	}

	t.Run("sent twice expecting no stream", func(t *testing.T) {
		stream, sent := unique("idempotency-"), events(2, "Happened")
		first := s.append(t, stream, esdb.NoStream{}, sent...)
		s.sentAgain(t, stream, esdb.NoStream{}, sent, first, 2)
		s.append(t, stream, esdb.Revision(1), events(1, "Later")...)
		s.sentAgain(t, stream, esdb.NoStream{}, sent, first, 3)
	})

	t.Run("some of the events and others is a conflict", func(t *testing.T) {
		stream, sent := unique("idempotency-"), events(2, "Happened")
		s.append(t, stream, esdb.NoStream{}, sent...)
		for name, list := range map[string][]esdb.EventData{
			"the first and another": {sent[0], events(1, "Other")[0]},
			"both and one more":     {sent[0], sent[1], events(1, "Other")[0]},
			"the other way round":   {sent[1], sent[0]},
			"none of them":          events(2, "Other"),
		} {
			if _, err := s.tryAppend(t, stream, esdb.NoStream{}, list...); code(err) != esdb.ErrorCodeWrongExpectedVersion {
				t.Errorf("%s: got %v, want a wrong version", name, err)
			}
		}
		wantIDs(t, s.mustRead(t, stream, esdb.ReadStreamOptions{}), sent)
	})

	t.Run("the first of two events again", func(t *testing.T) {
		stream, sent := unique("idempotency-"), events(2, "Happened")
		s.append(t, stream, esdb.NoStream{}, sent...)
		if again := s.append(t, stream, esdb.NoStream{}, sent[0]); again.NextExpectedVersion != 0 {
			t.Fatalf("revision %d, want 0", again.NextExpectedVersion)
		}
		wantIDs(t, s.mustRead(t, stream, esdb.ReadStreamOptions{}), sent)
	})

	t.Run("an id counts within its stream", func(t *testing.T) {
		sent := events(1, "Happened")
		for _, expected := range []esdb.ExpectedRevision{esdb.NoStream{}, esdb.Any{}} {
			stream := unique("idempotency-")
			s.append(t, stream, expected, sent...)
			wantIDs(t, s.mustRead(t, stream, esdb.ReadStreamOptions{}), sent)
		}
	})
}

// sentAgain appends what is in the stream already: it gets the first answer, and changes nothing.
func (s suite) sentAgain(t *testing.T, stream string, expected esdb.ExpectedRevision, sent []esdb.EventData, first *esdb.WriteResult, length int) {
	t.Helper()
	again := s.append(t, stream, expected, sent...)
	if *again != *first {
		t.Fatalf("second answer %+v, first %+v", *again, *first)
	}
	if got := len(s.mustRead(t, stream, esdb.ReadStreamOptions{})); got != length {
		t.Fatalf("%d events, want %d", got, length)
	}
}
