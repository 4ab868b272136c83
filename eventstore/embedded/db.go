package embedded

import (
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const schemaVersion = 1

const busyTimeout = 10 * time.Second

// schema: events in the order of the log, and one index to read a stream. STRICT, so that a value
// of another type than expected is an error on the way in. Nothing is ever updated or deleted.
const schema = `
CREATE TABLE streams (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE events (
	position INTEGER PRIMARY KEY,
	stream   INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	created  INTEGER NOT NULL,
	id       BLOB NOT NULL,
	crc      INTEGER NOT NULL,
	body     BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
PRAGMA user_version = 1;
`

const columns = `SELECT position, stream, revision, created, id, crc, body FROM events `

// db is one connection with its statements. It belongs to one goroutine at a time.
type db struct {
	conn *sqlite.Conn

	streamID, lastEvent                                    *sqlite.Stmt
	allForward, allBackward, streamForward, streamBackward *sqlite.Stmt
}

func openDB(path string, flags sqlite.OpenFlags, pragmas ...string) (*db, error) {
	conn, err := sqlite.OpenConn(path, flags)
	if err != nil {
		return nil, err
	}
	conn.SetBusyTimeout(busyTimeout)
	for _, pragma := range pragmas {
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA "+pragma, nil); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return &db{conn: conn}, nil
}

// prepare fails when the file is not one of ours, or damaged where its schema is.
func (d *db) prepare() error {
	return d.prepareAll(map[**sqlite.Stmt]string{
		&d.streamID:       `SELECT id FROM streams WHERE name = ?`,
		&d.lastEvent:      columns + `WHERE stream = ? ORDER BY revision DESC LIMIT 1`,
		&d.allForward:     columns + `WHERE position >= ? ORDER BY position LIMIT ?`,
		&d.allBackward:    columns + `WHERE position < ? ORDER BY position DESC LIMIT ?`,
		&d.streamForward:  columns + `WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?`,
		&d.streamBackward: columns + `WHERE stream = ? AND revision < ? ORDER BY revision DESC LIMIT ?`,
	})
}

func (d *db) prepareAll(statements map[**sqlite.Stmt]string) (err error) {
	for stmt, sql := range statements {
		if *stmt, err = d.conn.Prepare(sql); err != nil {
			return err
		}
	}
	return nil
}

// initialize creates the schema in a new file and refuses a file of another version.
func (d *db) initialize() error {
	version, err := sqlitex.ResultInt(d.conn.Prep(`PRAGMA user_version`))
	if err != nil {
		return err
	}
	if version != 0 && version != schemaVersion {
		return fmt.Errorf("file has schema version %d, this node reads %d", version, schemaVersion)
	}
	if version == schemaVersion {
		return nil
	}
	return sqlitex.ExecuteScript(d.conn, schema, nil)
}

// readRow copies the current row. The body goes to the end of buf, which is returned grown.
func readRow(stmt *sqlite.Stmt, r *record, buf []byte) ([]byte, error) {
	r.position = stmt.ColumnInt64(0)
	r.stream = stmt.ColumnInt64(1)
	r.revision = stmt.ColumnInt64(2)
	r.created = stmt.ColumnInt64(3)
	stmt.ColumnBytes(4, r.id[:])
	r.crc = uint32(stmt.ColumnInt64(5))
	start, n := len(buf), stmt.ColumnLen(6)
	if cap(buf)-start < n {
		buf = append(buf, make([]byte, n)...) // earlier bodies stay where they are, in the old array
	}
	buf = buf[:start+n]
	r.body = buf[start : start+n : start+n]
	stmt.ColumnBytes(6, r.body)
	return buf, r.verify()
}

// one runs a statement that returns at most one event.
func one(stmt *sqlite.Stmt) (r record, ok bool, err error) {
	defer func() { err = errors.Join(err, stmt.Reset()) }()
	if ok, err = stmt.Step(); ok && err == nil {
		_, err = readRow(stmt, &r, nil)
	}
	return r, ok, err
}

// lookupStream returns a stream's key, 0 if it has none.
func (d *db) lookupStream(name string) (id int64, err error) {
	defer func() { err = errors.Join(err, d.streamID.Reset()) }()
	d.streamID.BindText(1, name)
	if found, err := d.streamID.Step(); !found || err != nil {
		return 0, err
	}
	return d.streamID.ColumnInt64(0), nil
}

func (d *db) last(stream int64) (record, bool, error) {
	d.lastEvent.BindInt64(1, stream)
	return one(d.lastEvent)
}

func (d *db) eventAt(stream, revision int64) (record, bool, error) {
	d.streamForward.BindInt64(1, stream)
	d.streamForward.BindInt64(2, revision)
	d.streamForward.BindInt64(3, 1)
	r, ok, err := one(d.streamForward)
	return r, ok && r.revision == revision, err
}

// stream is what there is to know about one stream before it is read or written.
type stream struct {
	id          int64 // 0: never written
	last        int64 // -1: no events
	tombstoned  bool  // itself, or as the metastream of a tombstoned stream
	hasMetadata bool
	retention   retention
}

func (d *db) loadStream(name string) (s stream, err error) {
	if s.id, s.last, err = d.loadHead(name); err != nil {
		return s, err
	}
	s.tombstoned = s.last == tombstoneRevision
	if origin, isMeta := originOf(name); isMeta {
		_, last, err := d.loadHead(origin)
		s.retention.MaxCount = 1
		s.tombstoned = s.tombstoned || last == tombstoneRevision
		return s, err
	}
	metadata, found, err := d.loadMetadata(name)
	if found {
		s.setMetadata(metadata)
	}
	return s, err
}

func (d *db) loadMetadata(name string) (metadata []byte, found bool, err error) {
	id, err := d.lookupStream(metastream(name))
	if id == 0 || err != nil {
		return nil, false, err
	}
	r, found, err := d.last(id)
	if !found || err != nil {
		return nil, false, err
	}
	metadata, err = r.data()
	return metadata, true, err
}

func (d *db) loadHead(name string) (id, last int64, err error) {
	if id, err = d.lookupStream(name); id == 0 || err != nil {
		return id, -1, err
	}
	r, found, err := d.last(id)
	if !found {
		return id, -1, err
	}
	return id, r.revision, err
}
