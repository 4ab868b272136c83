package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// place is what identifies an event and where it is.
type place struct {
	stream   string
	revision uint64
	position uint64
	id       uuid.UUID
	data     string
}

func places(t *testing.T, client *esdb.Client) (list []place) {
	t.Helper()
	read, err := client.ReadAll(context.Background(), esdb.ReadAllOptions{}, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	for {
		got, err := read.Recv()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		e := got.Event
		list = append(list, place{e.StreamID, e.EventNumber, e.Position.Commit, e.EventID, string(e.Data)})
	}
}

// TestBackupWhileWriting copies a log that eight writers append to. Each copy is sound, serves, and
// holds a prefix of the log with at least what was acknowledged before.
func TestBackupWhileWriting(t *testing.T) {
	const writers, size = 8, 5
	n := startNode(t, Config{})
	client := connect(t, n.Address())
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var acked atomic.Int64
	progress := make(chan struct{}, 1)
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() {
			for ctx.Err() == nil {
				stream := fmt.Sprintf("s-%d", w%(writers/2))
				if _, err := client.AppendToStream(context.Background(), stream, esdb.AppendToStreamOptions{}, events(size, 300)...); err != nil {
					t.Error(err)
					return
				}
				acked.Add(size)
				select {
				case progress <- struct{}{}:
				default:
				}
			}
		})
	}
	type copied struct {
		path  string
		least int64
	}
	var copies []copied
	for i := range 3 {
		for next := acked.Load() + 500; acked.Load() < next; {
			<-progress
		}
		c := copied{filepath.Join(t.TempDir(), fmt.Sprintf("copy-%d.db", i)), acked.Load()}
		if err := Backup(t.Context(), n.cfg.Path, c.path); err != nil {
			t.Fatal(err)
		}
		copies = append(copies, c)
	}
	stop()
	running.Wait()
	whole := places(t, client)
	for _, c := range copies {
		only(t, filepath.Dir(c.path), filepath.Base(c.path))
		if faults, err := Check(t.Context(), c.path); len(faults) > 0 || err != nil {
			t.Fatal(faults, err)
		}
		backup := connect(t, startNode(t, Config{Path: c.path}).Address())
		got := places(t, backup)
		if int64(len(got)) < c.least || len(got) > len(whole) || len(got)%size != 0 {
			t.Errorf("the copy has %d events, %d were acknowledged before it, the log has %d", len(got), c.least, len(whole))
		}
		for i := range got {
			if got[i] != whole[i] {
				t.Fatalf("event %d of the copy is %+v, want %+v", i, got[i], whole[i])
			}
		}
		fill(t, backup, "s-0", 10, 5, 100) // it goes on as a log of its own
	}
}

// only wants a folder to hold nothing but the given files.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
	}
	if fmt.Sprint(found) != fmt.Sprint(names) {
		t.Errorf("%s holds %v, want %v", dir, found, names)
	}
}

func TestBackupOfAClosedLog(t *testing.T) {
	path := closedLog(t)
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := Backup(t.Context(), path, to); err != nil {
		t.Fatal(err)
	}
	if faults, err := Check(t.Context(), to); len(faults) > 0 || err != nil {
		t.Fatal(faults, err)
	}
	info, err := os.Stat(to)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("the copy's mode is %o: others can read it", mode)
	}
	want := places(t, connect(t, startNode(t, Config{Path: path}).Address()))
	got := places(t, connect(t, startNode(t, Config{Path: to}).Address()))
	if len(got) == 0 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the copy has %d events, want the %d of the log", len(got), len(want))
	}
}

func TestBackupRefuses(t *testing.T) {
	path := closedLog(t)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, make([]byte, 10_000), 0o600); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.db")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		ctx  context.Context
		from string
		want error // nil: any
	}{
		{"no log", t.Context(), filepath.Join(t.TempDir(), "none.db"), os.ErrNotExist},
		{"not a database", t.Context(), text, nil},
		{"half a log", t.Context(), cut, nil},
		{"canceled", canceled, path, context.Canceled},
	} {
		dir := t.TempDir()
		if err := Backup(c.ctx, c.from, filepath.Join(dir, "copy.db")); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		only(t, dir)
	}
	if err := Backup(t.Context(), path, filepath.Join(t.TempDir(), "none", "copy.db")); err == nil {
		t.Error("a copy in a folder that is not there")
	}
	for _, content := range []string{"", "precious"} {
		dir := t.TempDir()
		to := filepath.Join(dir, "copy.db")
		if err := os.WriteFile(to, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Backup(t.Context(), path, to); !errors.Is(err, os.ErrExist) {
			t.Errorf("backup to a file that is there: %v, want %v", err, os.ErrExist)
		}
		if got, err := os.ReadFile(to); string(got) != content || err != nil {
			t.Errorf("the file that was there holds %q (%v), want %q", got, err, content)
		}
		only(t, dir, "copy.db")
	}
}

// TestBackupsToOnePlace: of backups to one file at once one succeeds, and the others leave it alone.
func TestBackupsToOnePlace(t *testing.T) {
	path := closedLog(t)
	to := filepath.Join(t.TempDir(), "copy.db")
	const at = 4
	results := make(chan error, at)
	for range at {
		go func() { results <- Backup(t.Context(), path, to) }()
	}
	done := 0
	for range at {
		switch err := <-results; {
		case err == nil:
			done++
		case !errors.Is(err, os.ErrExist):
			t.Errorf("backup: %v, want %v", err, os.ErrExist)
		}
	}
	if done != 1 {
		t.Errorf("%d backups to one file", done)
	}
	if faults, err := Check(t.Context(), to); len(faults) > 0 || err != nil {
		t.Error(faults, err)
	}
}
