package contract

import (
	"context"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// appendLimit is the default of a real server, and what Mingjian stays below.
const appendLimit = 1 << 20

func testLimits(t *testing.T, s suite) {
	t.Run("an append just below the limit", func(t *testing.T) {
		stream := unique("limits-")
		s.append(t, stream, esdb.NoStream{}, sized(appendLimit-1024))
		list := s.mustRead(t, stream, esdb.ReadStreamOptions{})
		if len(list) != 1 || len(list[0].Event.Data) != appendLimit-1024 {
			t.Fatalf("%d events", len(list))
		}
	})

	for name, list := range map[string][]esdb.EventData{
		"one event over the limit":         {sized(appendLimit + 1)},
		"small events over it in all":      {sized(appendLimit / 2), sized(appendLimit / 4), sized(appendLimit/4 + 1)},
		"the first event over the limit":   {sized(appendLimit + 1), sized(10), sized(10)},
		"an event without a type":          {{Data: []byte("x")}},
		"one without a type after another": {sized(10), {Data: []byte("x")}},
	} {
		t.Run(name+" is refused, and nothing is written", func(t *testing.T) {
			stream := unique("limits-")
			if _, err := s.tryAppend(t, stream, esdb.NoStream{}, list...); err == nil {
				t.Fatal("appended")
			}
			_, err := s.read(t, stream, esdb.ReadStreamOptions{}, 1)
			wantCode(t, err, esdb.ErrorCodeResourceNotFound)
			s.append(t, stream, esdb.NoStream{}, sized(10)) // the connection is as good as before
		})
	}

	t.Run("a call that was given up does not hang", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := s.AppendToStream(ctx, unique("limits-"), esdb.AppendToStreamOptions{}, sized(10)); err == nil {
			t.Fatal("appended with a cancelled context")
		}
	})
}

func sized(bytes int) esdb.EventData {
	e := events(1, "Sized")[0]
	e.ContentType, e.Data, e.Metadata = esdb.ContentTypeBinary, make([]byte, bytes), nil
	return e
}
