package eventstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"mingjian/eventstore"
)

func archive(t testing.TB, events []eventstore.Recorded) []byte {
	t.Helper()
	var out bytes.Buffer
	n, err := eventstore.WriteArchive(&out, slice(events)(), nil)
	if err != nil || n != int64(len(events)) {
		t.Fatalf("%d events written, want %d: %v", n, len(events), err)
	}
	return out.Bytes()
}

func unarchive(file []byte) ([]eventstore.Recorded, error) {
	return all(eventstore.ReadArchive(bytes.NewReader(file)))
}

// archived makes events of what an archive must keep.
func archived(content []eventstore.Proposed) (events []eventstore.Recorded) {
	for i, p := range content {
		events = append(events, eventstore.Recorded{
			Stream: "round-<中>", Revision: uint64(i), ID: p.ID, Type: p.Type, Data: p.Data, Metadata: p.Metadata,
		})
	}
	return events
}

func TestArchiveRoundTrip(t *testing.T) {
	odd := archived(oddities())
	got, err := unarchive(archive(t, odd))
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, got, odd)
	content := rapid.OneOf(
		rapid.SliceOf(rapid.Byte()),
		rapid.Map(rapid.String(), func(s string) []byte { return fmt.Appendf(nil, `{"v":1,"s":%q}`, s) }),
		rapid.SampledFrom([][]byte{nil, []byte("{}"), []byte("null"), []byte("{ }"), []byte(`"` + "\u2028\xff" + `"`), []byte("1e400"), []byte("[[]]\n")}),
	)
	event := rapid.Custom(func(t *rapid.T) eventstore.Recorded {
		return eventstore.Recorded{
			Stream:   rapid.SampledFrom(eventstore.Prefixes).Draw(t, "prefix") + rapid.String().Draw(t, "stream"),
			Revision: rapid.Uint64().Draw(t, "revision"),
			ID:       uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")),
			Type:     rapid.StringN(1, -1, -1).Draw(t, "type"),
			Data:     content.Draw(t, "data"), Metadata: content.Draw(t, "metadata"),
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		events := rapid.SliceOfN(event, 0, 20).Draw(rt, "events")
		got, err := unarchive(archive(t, events))
		if err != nil {
			rt.Fatal(err)
		}
		if len(got) != len(events) || hashOf(got) != hashOf(events) {
			rt.Fatalf("%d events came back, want %d", len(got), len(events))
		}
	})
}

// small is an archive of each kind of line.
func small(t testing.TB) (events []eventstore.Recorded, file []byte) {
	t.Helper()
	for i, data := range []string{`{"v":1,"n":10}`, "{ }", "\x00\x01"} {
		events = append(events, eventstore.Recorded{
			Stream: "round-a", Revision: uint64(i), ID: uuid.MustParse("018f3c1e-7b2a-7c3d-8e4f-5a6b7c8d9e0f"), Type: "test.Happened",
			Data: []byte(data), Metadata: []byte(`{}`),
		})
	}
	return events, archive(t, events)
}

// refused wants nothing but the beginning of the events, and then ErrArchive.
func refused(t *testing.T, what string, file []byte, events []eventstore.Recorded) {
	t.Helper()
	got, err := unarchive(file)
	if !errors.Is(err, eventstore.ErrArchive) {
		t.Errorf("%s: %d events and %v, want %v\n%s", what, len(got), err, eventstore.ErrArchive, file)
	}
	if len(got) > len(events) {
		t.Errorf("%s: %d events, want at most %d", what, len(got), len(events))
	}
}

func TestArchiveCut(t *testing.T) {
	events, file := small(t)
	for n := range file {
		refused(t, fmt.Sprintf("cut to %d bytes", n), file[:n], events)
	}
	lines := bytes.SplitAfter(file, []byte("\n"))
	for i := range lines[:len(lines)-1] { // a line missing, doubled
		refused(t, fmt.Sprintf("without line %d", i+1), bytes.Join(append(append([][]byte(nil), lines[:i]...), lines[i+1:]...), nil), events)
		refused(t, fmt.Sprintf("with line %d twice", i+1), bytes.Join(append(append([][]byte(nil), lines[:i+1]...), lines[i:]...), nil), append(events, events...))
	}
}

func TestArchiveChanged(t *testing.T) {
	events, file := small(t)
	for i := range file {
		for _, to := range []byte{file[i] ^ 1, file[i] ^ 0x20, file[i] ^ 0x80, file[i] + 1, ' ', '\n', '\r', '"', '0', 0, 0xff} {
			if to == file[i] {
				continue
			}
			changed := bytes.Clone(file)
			changed[i] = to
			refused(t, fmt.Sprintf("byte %d changed from %q to %q", i, file[i], to), changed, events)
		}
	}
}

func TestArchiveFollowed(t *testing.T) {
	events, file := small(t)
	trailer := string(file[bytes.LastIndexByte(file[:len(file)-1], '\n')+1:])
	for _, more := range []string{"\n", " ", "x", "\r\n", trailer, string(file), "\x00"} {
		refused(t, fmt.Sprintf("followed by %q", more), append(bytes.Clone(file), more...), events)
	}
}

func TestArchiveFaults(t *testing.T) {
	events, file := small(t)
	header, rest, _ := bytes.Cut(file, []byte("\n"))
	for _, c := range []struct{ name, file, says string }{
		{"empty", "", "line 0"},
		{"another format", `{"format":"x","version":1}` + "\n" + string(rest), "line 1: no header"},
		{"a later version", strings.Replace(string(header), "1}", "2}", 1) + "\n" + string(rest), "line 1: version 2, this program reads 1"},
		{"a foreign stream", strings.Replace(string(file), `"round-a"`, `"other"`, 1), `line 2: "other"@0 of type "test.Happened" is no application event`},
		{"no type", strings.Replace(string(file), "test.Happened", "", 1), "line 2: "},
		{"another field", strings.Replace(string(file), `"type"`, `"x":1,"type"`, 1), "line 2: "},
		{"a changed value", strings.Replace(string(file), `"n":10`, `"n":11`, 1), "line 5: the trailer counts 3 events"},
		{"no events", string(header) + "\n", "cut after line 1"},
		{"an endless line", string(header) + "\n" + strings.Repeat("x", 17<<20), "line 2: "},
	} {
		refused(t, c.name, []byte(c.file)[:min(len(c.file), 20<<20)], events)
		if _, err := unarchive([]byte(c.file)); err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %.200q does not say %q", c.name, err, c.says)
		}
	}
}

// TestArchiveEnds hands on the errors of what it reads and writes.
func TestArchiveEnds(t *testing.T) {
	events, file := small(t)
	for n := range file {
		got, err := all(eventstore.ReadArchive(io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(iotest.ErrTimeout))))
		if !errors.Is(err, iotest.ErrTimeout) && !errors.Is(err, eventstore.ErrArchive) || len(got) > len(events) {
			t.Errorf("reading fails after %d bytes: %d events, %v", n, len(got), err)
		}
	}
	broken := errors.New("the log is gone")
	_, err := eventstore.WriteArchive(io.Discard, func(yield func(eventstore.Recorded, error) bool) {
		if yield(events[0], nil) {
			yield(eventstore.Recorded{}, broken)
		}
	}, nil)
	wantErr(t, "write from a log that breaks off", err, broken)
	_, err = eventstore.WriteArchive(fullDisk{}, slice(events)(), nil)
	wantErr(t, "write to a full disk", err, io.ErrShortWrite)
	for _, e := range []eventstore.Recorded{
		{Stream: "other", Type: "test.Happened"}, {Stream: "round-a"}, {Stream: "round-\xff", Type: "test.Happened"}, {Stream: "round-a", Type: "\xff"},
	} {
		if _, err := eventstore.WriteArchive(io.Discard, slice([]eventstore.Recorded{e})(), nil); err == nil {
			t.Errorf("%+v was written, and could not be read back", e)
		}
	}
	for range eventstore.ReadArchive(bytes.NewReader(file)) {
		break // the consumer may stop
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// FuzzReadArchive accepts nothing but what WriteArchive writes.
func FuzzReadArchive(f *testing.F) {
	_, file := small(f)
	f.Add(file)
	f.Add(archive(f, nil))
	f.Add(archive(f, archived(oddities())))
	f.Add(bytes.Replace(file, []byte(`"stream"`), []byte(`"Stream"`), 1))
	f.Add(append(bytes.Clone(file), ' '))
	f.Add(bytes.ReplaceAll(file, []byte("\n"), []byte("\r\n")))
	f.Fuzz(func(t *testing.T, file []byte) {
		events, err := unarchive(file)
		if err != nil {
			if !errors.Is(err, eventstore.ErrArchive) {
				t.Fatalf("%v is no %v", err, eventstore.ErrArchive)
			}
			return
		}
		if again := archive(t, events); !bytes.Equal(again, file) {
			t.Fatalf("accepted\n%q\nwhich is written as\n%q", file, again)
		}
	})
}
