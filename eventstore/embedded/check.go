package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// maxFaults ends a check of a file in which everything is wrong.
const maxFaults = 100

// Check verifies a file, whether a node serves it or not, and changes nothing: SQLite's own
// integrity check, each event's checksum, positions that rise, revisions of which none is missing,
// and the streams' names. It returns what is wrong; the error says why a check could not be done.
// Where a part of the file cannot be read it goes on behind it.
func Check(ctx context.Context, path string) ([]Fault, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	// A write-ahead log is read where it is, not moved into the file. Where there is none, SQLite
	// makes an empty one for the time being, and only a connection that may write removes it again.
	flags := sqlite.OpenReadOnly
	if _, err := os.Stat(path + "-wal"); err != nil {
		flags = sqlite.OpenReadWrite
	}
	// writable_schema makes SQLite open a file that is shorter than it should be, and read what is left.
	d, err := openDB(path, flags, "query_only = ON", "writable_schema = ON")
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	defer d.conn.Close()
	d.conn.SetInterrupt(ctx.Done())
	c := &checker{db: d, next: map[int64]int64{}}
	if err := d.prepare(); err != nil {
		c.fault(Fault{Problem: "not an event log, or its schema is damaged: " + err.Error()})
		return c.faults, ctx.Err()
	}
	c.integrity()
	c.streamNames()
	for c.events() {
	}
	return c.faults, ctx.Err()
}

type checker struct {
	db     *db
	names  map[int64]string
	next   map[int64]int64 // the revision that each stream goes on with
	last   record
	gap    bool // something could not be read: streams may go on anywhere after it
	faults []Fault
}

func (c *checker) fault(f Fault) { c.faults = append(c.faults, f) }

func (c *checker) faultAt(r *record, format string, args ...any) {
	c.fault(Fault{Position: uint64(r.position), Stream: c.names[r.stream], Revision: uint64(r.revision), Problem: fmt.Sprintf(format, args...)})
}

// integrity asks SQLite about its pages and about the indexes, which the rest does not look at.
func (c *checker) integrity() {
	err := sqlitex.ExecuteTransient(c.db.conn, `PRAGMA integrity_check(20)`, &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error {
			if text := stmt.ColumnText(0); text != "ok" {
				c.fault(Fault{Problem: "sqlite: " + text})
			}
			return nil
		},
	})
	if err != nil {
		c.fault(Fault{Problem: "sqlite: " + err.Error()})
	}
}

func (c *checker) streamNames() {
	c.names = map[int64]string{}
	err := sqlitex.ExecuteTransient(c.db.conn, `SELECT id, name FROM streams`, &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error {
			c.names[stmt.ColumnInt64(0)] = stmt.ColumnText(1)
			return nil
		},
	})
	if err != nil {
		c.fault(Fault{Problem: "the streams' names cannot be read: " + err.Error()})
	}
}

// events verifies one page, and reports whether there is more. Pages, because one long read, as
// SQLite's integrity check is, keeps a running node from resetting its write-ahead log.
func (c *checker) events() (more bool) {
	stmt := c.db.allForward
	stmt.BindInt64(1, c.last.position+1)
	stmt.BindInt64(2, pageRows)
	read, err := c.page(stmt)
	if err := errors.Join(err, stmt.Reset()); err != nil {
		return c.skip(err) && len(c.faults) < maxFaults
	}
	return read == pageRows && len(c.faults) < maxFaults
}

// skip goes on behind a part of the file that cannot be read, if anything is left there. How far
// the damage goes is found by halving, as every look costs one walk down the tree.
func (c *checker) skip(err error) (more bool) {
	last, unreadable := c.last, c.last.position
	distance := int64(1)
	for unreadable+distance > 0 && !c.readableFrom(unreadable+distance) {
		unreadable += distance
		distance *= 2
	}
	for distance > 1 {
		if distance /= 2; !c.readableFrom(unreadable + distance) {
			unreadable += distance
		}
	}
	if c.last.position <= last.position {
		c.faultAt(&last, "what follows cannot be read: %v", err)
		return false
	}
	c.faultAt(&last, "what follows, up to position %d, cannot be read: %v", c.last.position, err)
	c.last.position-- // which is read next
	c.next, c.gap = map[int64]int64{}, true
	return true
}

// readableFrom looks for the first event from a position on, and leaves it in last.
func (c *checker) readableFrom(position int64) bool {
	c.db.allForward.BindInt64(1, position)
	c.db.allForward.BindInt64(2, 1)
	r, found, err := one(c.db.allForward)
	var corrupt *CorruptError
	if err != nil && !errors.As(err, &corrupt) || found && r.position < position {
		return false
	}
	if found {
		c.last = record{position: r.position, stream: r.stream, revision: r.revision}
	}
	return true
}

func (c *checker) page(stmt *sqlite.Stmt) (read int, err error) {
	var buf []byte
	for ; read < pageRows; read++ {
		found, err := stmt.Step()
		if !found || err != nil {
			return read, err
		}
		var r record
		buf, err = readRow(stmt, &r, buf[:0])
		if r.position <= c.last.position { // half a page: SQLite takes what is missing for zeros
			return read, fmt.Errorf("a row says that it is at position %d", r.position)
		}
		var corrupt *CorruptError
		if errors.As(err, &corrupt) {
			c.fault(corrupt.Fault)
		}
		c.event(&r)
		c.last = r
		c.last.body = nil
	}
	return read, nil
}

// event compares one event with what came before it.
func (c *checker) event(r *record) {
	name, known := c.names[r.stream]
	if !known { // written since the names were read
		name = r.streamName()
		c.names[r.stream] = name
	}
	if name != r.streamName() {
		c.faultAt(r, "the event says that it belongs to stream %q", r.streamName())
	}
	if r.created < c.last.created {
		c.faultAt(r, "created before the event at position %d", c.last.position)
	}
	if want, known := c.next[r.stream]; (known || !c.gap) && r.revision != want && r.revision != tombstoneRevision {
		c.faultAt(r, "revision %d expected", want)
	}
	c.next[r.stream] = r.revision + 1
}
