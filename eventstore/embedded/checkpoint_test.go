package embedded

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// TestReaderDoesNotHoldBackAppends: a backup of a large log reads it in one transaction, for long.
func TestReaderDoesNotHoldBackAppends(t *testing.T) {
	n := startNode(t, Config{})
	client := connect(t, n.Address())
	fill(t, client, "s", 1, 1, 10)
	d, err := openDB(n.cfg.Path, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer d.conn.Close()
	if err := errors.Join(sqlitex.ExecuteTransient(d.conn, `BEGIN`, nil), sqlitex.ExecuteTransient(d.conn, `SELECT count(*) FROM events`, nil)); err != nil {
		t.Fatal(err)
	}
	var longest time.Duration
	for range 180 { // a write-ahead log of 90 MB, which the reader keeps from being reset
		began := time.Now()
		fill(t, client, "s", 1, 1, 500_000)
		longest = max(longest, time.Since(began))
	}
	if longest > busyTimeout/2 {
		t.Fatalf("an append waited %v for the reader", longest)
	}
}

// TestWriteAheadLogStaysSmall: a commit costs whole pages, however small its event.
func TestWriteAheadLogStaysSmall(t *testing.T) {
	n := startHooked(t, Config{}, hooks{now: time.Now, beforeBatch: func(conn *sqlite.Conn) error {
		return sqlitex.ExecuteTransient(conn, `PRAGMA synchronous = OFF`, nil) // the sizes are the same, and sooner
	}})
	for range 12_000 {
		c := newChange(appendEvents, "s", expectAny)
		c.add(uuid.New(), "T", "application/json", nil, nil)
		if err := n.submit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(n.cfg.Path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if most := int64(walFrames) * 4096 * 5 / 4; info.Size() > most {
		t.Fatalf("the write-ahead log has %d bytes, want %d at most", info.Size(), most)
	}
}
