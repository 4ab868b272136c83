package eventstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

// oddities are bytes that a careless copy would change.
func oddities() []eventstore.Proposed {
	var events []eventstore.Proposed
	for i, data := range []string{
		`{"v":1}`, "{ \"v\" : 1,\n\t\"x\": [ 1.0, 1e2 ] }\r\n", `"\u4e2d <b>&` + "\u2028" + `"`, `{"a":1,"a":2}`, "null", "0", `""`, "",
		"\x00\xff\xfe{}", "\"\xff\"", `{"v":1}trailing`, strings.Repeat("\x00", 5000),
	} {
		events = append(events, eventstore.Proposed{ID: uuid.New(), Type: fmt.Sprintf("test.<Odd>-%d", i), Data: []byte(data), Metadata: []byte("m" + data)})
	}
	for i, metadata := range []string{"{}", "", " ", "\xff"} {
		events = append(events, eventstore.Proposed{ID: uuid.New(), Type: fmt.Sprintf("test.Meta-%d", i), Data: []byte("{}"), Metadata: []byte(metadata)})
	}
	return events
}

// mixed fills a log with streams that take turns, and what is not ours.
func mixed(t *testing.T, l *eventstore.Log) []eventstore.Recorded {
	t.Helper()
	last := map[string]int64{"round-a": -1, "assessment-a-1": -1, "registry": -1}
	put := func(stream string, events []eventstore.Proposed) {
		last[stream] = int64(mustAppend(t, l, stream, last[stream], events).Revision)
	}
	put("registry", oddities())
	mustAppend(t, l, "foreign", eventstore.NoStream, proposed(3))
	for i := range 40 {
		put("round-a", proposed(1+i%3))
		put("assessment-a-1", proposed(1+i%2))
		if i%4 == 0 {
			put("registry", proposed(1))
		}
	}
	events, err := all(l.ReadAll(testrig.Context(t), 0))
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// slice is a source that holds its events.
func slice(events []eventstore.Recorded) eventstore.Source {
	return func() iter.Seq2[eventstore.Recorded, error] {
		return func(yield func(eventstore.Recorded, error) bool) {
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// sameEvents compares everything but positions and times, which do not move.
func sameEvents(t *testing.T, got, want []eventstore.Recorded) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.Stream != w.Stream || g.Revision != w.Revision || g.ID != w.ID || g.Type != w.Type ||
			!bytes.Equal(g.Data, w.Data) || !bytes.Equal(g.Metadata, w.Metadata) {
			t.Fatalf("event %d is\n%+v, want\n%+v", i, g, w)
		}
	}
}

func hashOf(events []eventstore.Recorded) string {
	sum := eventstore.NewEventHash()
	for _, e := range events {
		sum.Add(e)
	}
	return sum.String()
}

func mustTransfer(t *testing.T, from eventstore.Source, to *eventstore.Log) eventstore.Transferred {
	t.Helper()
	result, err := eventstore.Transfer(testrig.Context(t), from, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func content(t *testing.T, l *eventstore.Log) []eventstore.Recorded {
	t.Helper()
	events, err := all(l.ReadAll(testrig.Context(t), 0))
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func TestTransferKeepsEverything(t *testing.T) {
	from, to := openLog(t), openLog(t)
	want := mixed(t, from)
	source := from.Source(testrig.Context(t))
	result := mustTransfer(t, source, to)
	if n := len(want); result != (eventstore.Transferred{Events: int64(n), Position: want[n-1].Position, Hash: hashOf(want)}) {
		t.Errorf("%+v, want %d events up to %s with hash %s", result, n, want[n-1].Position, hashOf(want))
	}
	sameEvents(t, content(t, to), want)
	for _, stream := range []string{"registry", "round-a", "assessment-a-1"} {
		sameEvents(t, mustRead(t, to, stream), mustRead(t, from, stream))
	}
	if from.Identity() == to.Identity() {
		t.Error("the log's identity was copied")
	}
	_, err := all(to.ReadStream(testrig.Context(t), "foreign", 0))
	wantErr(t, "a stream that is not the application's", err, eventstore.ErrNoStream)
	// Again, with nothing to do; then with what has come since.
	if again := mustTransfer(t, source, to); again.Present != result.Events || again.Events != result.Events || again.Hash != result.Hash {
		t.Errorf("again: %+v", again)
	}
	mustAppend(t, from, "round-b", eventstore.NoStream, proposed(7))
	if later := mustTransfer(t, source, to); later.Present != result.Events || later.Events != result.Events+7 {
		t.Errorf("later: %+v", later)
	}
	sameEvents(t, content(t, to), content(t, from))
}

func TestTransferOfNothing(t *testing.T) {
	from, to := openLog(t), openLog(t)
	if result := mustTransfer(t, from.Source(testrig.Context(t)), to); result.Events != 0 || result.Hash != hashOf(nil) {
		t.Errorf("%+v", result)
	}
}

// TestTransferResumes is cut short again and again, by its own context and by
// the source's too, and resumed.
func TestTransferResumes(t *testing.T) {
	from, to := openLog(t), openLog(t)
	want := mixed(t, from)
	for cut, present := 5, 0; cut < len(want); cut += 25 {
		ctx, cancel := context.WithCancel(testrig.Context(t))
		source := from.Source(testrig.Context(t))
		if cut%2 == 0 {
			source = from.Source(ctx)
		}
		reached := 0
		_, err := eventstore.Transfer(ctx, source, to, func(done int64) {
			if reached = int(done); reached >= cut {
				cancel()
			}
		})
		cancel()
		wantErr(t, fmt.Sprintf("cut at %d", reached), err, context.Canceled)
		if reached < cut {
			t.Fatalf("cut at %d, want %d", reached, cut)
		}
		got := content(t, to)
		if len(got) < reached || len(got) <= present {
			t.Fatalf("%d events in the target, of which %d were reported, %d before", len(got), reached, present)
		}
		sameEvents(t, got, want[:len(got)])
		present = len(got)
	}
	before := int64(len(content(t, to))) // an append whose caller went may still follow
	if result := mustTransfer(t, from.Source(testrig.Context(t)), to); result.Events != int64(len(want)) || result.Present < before || result.Hash != hashOf(want) {
		t.Errorf("%+v, want %d events, %d or more before, hash %s", result, len(want), before, hashOf(want))
	}
	sameEvents(t, content(t, to), want)
}

// TestTransferRefuses changes one thing in the target's events and finds it
// named, and the target as it was.
func TestTransferRefuses(t *testing.T) {
	var source []eventstore.Recorded
	for i := range 6 {
		source = append(source, eventstore.Recorded{
			Stream: []string{"round-a", "round-b"}[i%2], Revision: uint64(i / 2), ID: uuid.New(), Type: "test.Happened",
			Data: fmt.Appendf(nil, `{"n":%d}`, i), Metadata: []byte(`{}`),
		})
	}
	for name, c := range map[string]struct {
		change func([]eventstore.Recorded) []eventstore.Recorded
		says   string
	}{
		"id":       {func(e []eventstore.Recorded) []eventstore.Recorded { e[2].ID = uuid.Max; return e }, "event 3: round-a@1 has id " + source[2].ID.String() + " in the source, " + uuid.Max.String() + " in the target"},
		"type":     {func(e []eventstore.Recorded) []eventstore.Recorded { e[2].Type = "test.Other"; return e }, "event 3: round-a@1 has type test.Happened in the source, test.Other in the target"},
		"data":     {func(e []eventstore.Recorded) []eventstore.Recorded { e[2].Data = []byte(`{"n": 2}`); return e }, "event 3: round-a@1 has other data"},
		"metadata": {func(e []eventstore.Recorded) []eventstore.Recorded { e[2].Metadata = nil; return e }, "event 3: round-a@1 has other metadata"},
		"order":    {func(e []eventstore.Recorded) []eventstore.Recorded { e[2], e[3] = e[3], e[2]; return e }, "event 3: source has round-a@1, target round-b@1"},
		"stream": {func(e []eventstore.Recorded) []eventstore.Recorded {
			e[5].Stream, e[5].Revision = "round-c", 0
			return e
		}, "event 6: source has round-b@2, target round-c@0"},
		"an extra event in between": {func(e []eventstore.Recorded) []eventstore.Recorded {
			extra := e[0]
			extra.Stream, extra.ID = "round-c", uuid.New()
			return append(append(e[:2:2], extra), e[2:]...)
		}, "event 3: source has round-a@1, target round-c@0"},
		"an extra event at the end": {func(e []eventstore.Recorded) []eventstore.Recorded {
			extra := e[5]
			extra.Revision, extra.ID = 3, uuid.New()
			return append(e, extra)
		}, "event 7 is round-b@3, the source has only 6 events"},
		"a gap": {func(e []eventstore.Recorded) []eventstore.Recorded { return append(e[:4:4], e[5]) }, "event 5: source has round-a@2, target round-b@2"},
	} {
		t.Run(name, func(t *testing.T) {
			to := openLog(t)
			other := c.change(append([]eventstore.Recorded(nil), source...))
			for _, e := range other {
				mustAppend(t, to, e.Stream, int64(e.Revision)-1, []eventstore.Proposed{{ID: e.ID, Type: e.Type, Data: e.Data, Metadata: e.Metadata}})
			}
			_, err := eventstore.Transfer(testrig.Context(t), slice(source), to, func(int64) { t.Error("something was appended") })
			wantErr(t, "transfer", err, eventstore.ErrDiffers)
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q does not say %q", err, c.says)
			}
			sameEvents(t, content(t, to), other)
		})
	}
}

// TestTransferSplitsRuns copies long and large runs of one stream.
func TestTransferSplitsRuns(t *testing.T) {
	from, to := openLog(t), openLog(t)
	last := mustAppend(t, from, "round-a", eventstore.NoStream, proposed(1000)).Revision
	last = mustAppend(t, from, "round-a", int64(last), proposed(201)).Revision
	for range 8 { // two fit one append, three do not
		e := proposed(1)
		e[0].Data = fmt.Appendf(nil, "%0400000d", 1)
		last = mustAppend(t, from, "round-a", int64(last), e).Revision
	}
	var runs []int64
	var before int64
	if _, err := eventstore.Transfer(testrig.Context(t), from.Source(testrig.Context(t)), to, func(done int64) {
		runs = append(runs, done-before)
		before = done
	}); err != nil {
		t.Fatal(err)
	}
	sameEvents(t, content(t, to), content(t, from))
	if got, want := fmt.Sprint(runs), "[500 500 203 2 2 2]"; got != want {
		t.Errorf("appends of %s events, want %s", got, want)
	}
}

// TestTransferFromALiveLog copies from a log that grows at each look: it ends
// well at what it has seen, and the next transfer takes the rest.
func TestTransferFromALiveLog(t *testing.T) {
	from, to := openLog(t), openLog(t)
	mixed(t, from)
	source := from.Source(testrig.Context(t))
	looks, late := 0, 0
	grow := func() {
		if _, err := from.Append(testrig.Context(t), "round-live", int64(late)-1, proposed(3)); err != nil {
			t.Error(err)
		}
		late += 3
	}
	growing := func() iter.Seq2[eventstore.Recorded, error] {
		if looks++; looks > 1 {
			grow()
		}
		return source()
	}
	result := mustTransfer(t, growing, to)
	got, want := content(t, to), content(t, from)
	if looks != 3 || len(got) != len(want)-3 { // what came before the last look is not copied
		t.Fatalf("%d events in the target after %d looks, the source has %d", len(got), looks, len(want))
	}
	sameEvents(t, got, want[:len(got)])
	last := want[len(got)-1].Position
	if n := int64(len(got)); result != (eventstore.Transferred{Events: n, Position: last, Hash: hashOf(got)}) {
		t.Errorf("%+v, want %d events up to %s", result, n, last)
	}
	// With a writer that does not wait.
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				grow()
			}
		}
	}()
	for range 3 {
		mustTransfer(t, source, to)
	}
	close(stop)
	<-stopped
	mustTransfer(t, source, to)
	sameEvents(t, content(t, to), content(t, from))
	// What it holds is compared however the source has grown.
	mustAppend(t, to, "round-own", eventstore.NoStream, proposed(1))
	grow()
	_, err := eventstore.Transfer(testrig.Context(t), source, to, nil)
	wantErr(t, "transfer to a target with an event of its own", err, eventstore.ErrDiffers)
}

// TestTransferOfTooLarge meets an event that the target cannot take: what came
// before it is there, and it is named.
func TestTransferOfTooLarge(t *testing.T) {
	to := openLog(t)
	source := []eventstore.Recorded{
		{Stream: "round-a", ID: uuid.New(), Type: "test.Happened", Data: []byte("{}")},
		{Stream: "round-a", Revision: 1, ID: uuid.New(), Type: "test.Happened", Data: make([]byte, 2<<20)},
	}
	_, err := eventstore.Transfer(testrig.Context(t), slice(source), to, nil)
	wantErr(t, "transfer", err, eventstore.ErrTooLarge)
	if err != nil && !strings.Contains(err.Error(), "event 2") {
		t.Errorf("%q does not name event 2", err)
	}
	sameEvents(t, content(t, to), source[:1])
}

// TestTransferSourceFails breaks the source at each of its reads: what was
// appended is its beginning, and the next transfer completes it.
func TestTransferSourceFails(t *testing.T) {
	from, to := openLog(t), openLog(t)
	want := mixed(t, from)
	broken := errors.New("the disk is gone")
	breakAt := func(read, event int) eventstore.Source {
		reads := 0
		return func() iter.Seq2[eventstore.Recorded, error] {
			reads++
			if reads != read {
				return slice(want)()
			}
			return func(yield func(eventstore.Recorded, error) bool) {
				for e := range slice(want[:event])() {
					if !yield(e, nil) {
						return
					}
				}
				yield(eventstore.Recorded{}, broken)
			}
		}
	}
	const prefix, appending, comparing = 1, 2, 3
	for _, c := range []struct{ read, event int }{{appending, 0}, {appending, 30}, {prefix, 3}, {appending, 100}, {comparing, 60}} {
		_, err := eventstore.Transfer(testrig.Context(t), breakAt(c.read, c.event), to, nil)
		wantErr(t, fmt.Sprintf("read %d broken at %d", c.read, c.event), err, broken)
		if errors.Is(err, eventstore.ErrDiffers) {
			t.Errorf("a broken source is taken for a difference: %v", err)
		}
		got := content(t, to)
		sameEvents(t, got, want[:len(got)])
	}
	mustTransfer(t, from.Source(testrig.Context(t)), to)
	sameEvents(t, content(t, to), want)
}

// TestTransferTargetGone closes the target before it is read for the last time:
// a target that cannot be read is not one that differs.
func TestTransferTargetGone(t *testing.T) {
	to := openLog(t)
	reads := 0
	_, err := eventstore.Transfer(testrig.Context(t), func() iter.Seq2[eventstore.Recorded, error] {
		if reads++; reads == 3 {
			if err := to.Close(); err != nil {
				t.Error(err)
			}
		}
		return slice(nil)()
	}, to, nil)
	wantErr(t, "transfer", err, eventstore.ErrUnavailable)
	if errors.Is(err, eventstore.ErrDiffers) {
		t.Errorf("a target that is gone is taken for one that differs: %v", err)
	}
}

// TestTransferWhileTheTargetIsWritten loses the race for a stream.
func TestTransferWhileTheTargetIsWritten(t *testing.T) {
	from, to := openLog(t), openLog(t)
	want := mixed(t, from)
	once := false
	_, err := eventstore.Transfer(testrig.Context(t), slice(want), to, func(done int64) {
		if !once && done >= 30 {
			once = true
			mustAppend(t, to, "round-z", eventstore.NoStream, proposed(1))
		}
	})
	wantErr(t, "transfer", err, eventstore.ErrDiffers)
	var own *eventstore.ConflictError
	taken := openLog(t)
	_, err = eventstore.Transfer(testrig.Context(t), slice(want), taken, func(done int64) {
		if done == int64(len(oddities())) { // the other streams do not exist yet
			mustAppend(t, taken, "round-a", eventstore.NoStream, proposed(1))
		}
	})
	if !errors.As(err, &own) || own.Stream != "round-a" {
		t.Errorf("transfer: %v, want a conflict on round-a", err)
	}
}
