package embedded

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// closedLog is a file of 3,000 events in two streams, each with its own mark, and no node on it.
func closedLog(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.db")
	n := startNode(t, Config{Path: path})
	client := connect(t, n.Address())
	for i := range 3 {
		list := events(1000, 300)
		for j := range list {
			copy(list[j].Data, mark(i*1000+j))
		}
		stream := []string{"left", "right"}[i%2]
		if _, err := client.AppendToStream(context.Background(), stream, esdb.AppendToStreamOptions{}, list...); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if faults, err := Check(t.Context(), path); len(faults) > 0 || err != nil {
		t.Fatalf("a sound file has faults %v, %v", faults, err)
	}
	left, err := filepath.Glob(path + "*")
	if err != nil || len(left) != 2 { // the file and its lock
		t.Fatalf("Close and Check left %v behind, %v", left, err)
	}
	return path
}

func mark(n int) []byte {
	return []byte("<mark-" + string(rune('a'+n%26)) + strings.Repeat("=", n/100) + ">")
}

// flip changes one bit inside the data of the n-th event.
func flip(t *testing.T, path string, n int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(text, mark(n))
	if at < 0 {
		t.Fatal("mark not found in the file")
	}
	text[at+20+n/100] ^= 0x10
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFlippedBitOldEvent(t *testing.T) {
	path := closedLog(t)
	flip(t, path, 700)
	faults, err := Check(t.Context(), path)
	if err != nil || len(faults) != 1 || faults[0].Stream != "left" || faults[0].Position == 0 || faults[0].Revision < 700 || faults[0].Revision > 726 {
		t.Fatalf("got %v, %v", faults, err)
	}
	// It is too far back to stop a start; a read stops there, and names it.
	client := connect(t, startNode(t, Config{Path: path}).Address())
	read, err := client.ReadAll(context.Background(), esdb.ReadAllOptions{}, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	count, err := drain(read)
	var e *esdb.Error
	if !errors.As(err, &e) || status.Code(e.Err()) != codes.DataLoss || !strings.Contains(err.Error(), faults[0].String()) {
		t.Fatalf("read ended with %v, want data loss that says %q", err, faults[0])
	}
	if uint64(count) != faults[0].Revision {
		t.Fatalf("%d events before the damaged one, want all %d", count, faults[0].Revision)
	}
}

func TestFlippedBitInTail(t *testing.T) {
	path := closedLog(t)
	flip(t, path, 2900)
	_, err := Start(Config{Path: path, Logger: quiet})
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) || corrupt.Fault.Position == 0 || corrupt.Fault.Stream != "left" {
		t.Fatalf("Start: %v, want the position and stream of the damaged event", err)
	}
	if _, running := Running(path); running {
		t.Fatal("a start that failed kept the lock")
	}
}

func TestTruncatedFile(t *testing.T) {
	for name, keep := range map[string]float64{"half": 0.5, "all but a little": 0.98, "a little": 0.01} {
		t.Run(name, func(t *testing.T) {
			path := closedLog(t)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, int64(float64(info.Size())*keep)); err != nil {
				t.Fatal(err)
			}
			n, startErr := Start(Config{Path: path, Logger: quiet})
			if startErr == nil {
				n.Close()
			}
			faults, err := Check(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			var corrupt *CorruptError
			if len(faults) == 0 || !errors.As(startErr, &corrupt) {
				t.Fatalf("Start: %v; Check: %v", startErr, faults)
			}
			if last := faults[len(faults)-1]; keep > 0.4 && (last.Position == 0 || last.Stream == "") {
				t.Errorf("the last fault is %q, want the position of the last event that is left", last)
			}
			t.Logf("Start: %v", startErr)
			for _, f := range faults {
				t.Logf("Check: %v", f)
			}
		})
	}
}

func TestMissingRevision(t *testing.T) {
	path := closedLog(t)
	d, err := openDB(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	stmt := d.conn.Prep(`DELETE FROM events WHERE stream = 1 AND revision = 500`)
	if err := execute(stmt); err != nil {
		t.Fatal(err)
	}
	d.conn.Close()
	faults, err := Check(t.Context(), path)
	if err != nil || len(faults) != 1 || faults[0].Stream != "left" || faults[0].Revision != 501 {
		t.Fatalf("got %v, %v; want a gap before left@501", faults, err)
	}
}

func TestNotAnEventLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := Start(Config{Path: path, Logger: quiet}); err == nil {
		n.Close()
		t.Fatal("started on a file that is no database")
	}
	if faults, err := Check(t.Context(), path); len(faults) == 0 && err == nil {
		t.Fatal("Check found nothing wrong with a file that is no database")
	}
}
