package projections

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"mingjian/eventstore"
)

// database is one SQLite file: a writer, and readers that see whole commits.
type database struct {
	path    string
	writer  *sqlite.Conn
	readers *sqlitex.Pool
	moments moments
}

const readerCount = 8

// openDatabase opens a read model's file, or makes an empty one for the log.
func openDatabase(path, logID string) (*database, error) {
	writer, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate, sqlite.OpenWAL)
	if err != nil {
		return nil, fmt.Errorf("read model %s: %w", path, err)
	}
	db := &database{path: path, writer: writer}
	if err := db.prepare(logID); err != nil {
		return nil, errors.Join(fmt.Errorf("read model %s: %w", path, err), writer.Close())
	}
	db.readers, err = sqlitex.NewPool(path, sqlitex.PoolOptions{
		Flags: sqlite.OpenReadOnly | sqlite.OpenWAL | sqlite.OpenURI, PoolSize: readerCount,
		PrepareConn: func(c *sqlite.Conn) error {
			return sqlitex.ExecuteTransient(c, "PRAGMA cache_size = -8000", nil)
		},
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read model %s: %w", path, err), writer.Close())
	}
	return db, nil
}

// errOldSchema means that a file was made by another version of the program.
var errOldSchema = errors.New("the read model has another schema version")

func (db *database) prepare(logID string) error {
	// The log is the truth: a commit lost to a power cut is folded again, so
	// NORMAL (no fsync per commit, never torn) is enough here.
	for _, pragma := range []string{
		"PRAGMA synchronous = NORMAL", "PRAGMA temp_store = MEMORY", "PRAGMA cache_size = -32000",
		"PRAGMA journal_size_limit = 67108864", "PRAGMA wal_autocheckpoint = 4000",
	} {
		if err := sqlitex.ExecuteTransient(db.writer, pragma, nil); err != nil {
			return fmt.Errorf("%s: %w", pragma, err)
		}
	}
	version, err := sqlitex.ResultInt64(db.writer.Prep("PRAGMA user_version"))
	if err != nil {
		return err
	}
	switch version {
	case schemaVersion:
		return nil
	case 0:
		script := fmt.Sprintf("%s\nPRAGMA user_version = %d;", schema, schemaVersion)
		if err := sqlitex.ExecuteScript(db.writer, script, nil); err != nil {
			return err
		}
		return exec(db.writer, "INSERT OR REPLACE INTO head (one, log, position, seq) VALUES (1, ?, 0, 0)", logID)
	}
	return fmt.Errorf("version %d, this program has %d: %w", version, schemaVersion, errOldSchema)
}

func (db *database) close() error {
	return errors.Join(db.readers.Close(), db.writer.Close())
}

// reader takes a connection with a read transaction: one moment for all that
// is read through it.
func (db *database) reader(ctx context.Context) (*sqlite.Conn, error) {
	conn, err := db.readers.Take(ctx)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	if err := exec(conn, "BEGIN"); err != nil {
		db.readers.Put(conn)
		return nil, err
	}
	// BEGIN is lazy: the first read fixes the moment.
	if _, err := readHead(conn); err != nil {
		db.putReader(conn)
		return nil, err
	}
	return conn, nil
}

func (db *database) putReader(conn *sqlite.Conn) {
	conn.SetInterrupt(nil)
	_ = exec(conn, "ROLLBACK") // a read transaction has nothing to lose
	db.readers.Put(conn)
}

func readHead(conn *sqlite.Conn) (Head, error) {
	var h Head
	err := query(conn, "SELECT log, position, seq FROM head", func(s *sqlite.Stmt) error {
		h = Head{LogID: s.ColumnText(0), Position: eventstore.Position(s.ColumnInt64(1)), Seq: s.ColumnInt64(2)}
		return nil
	})
	return h, err
}

// exec runs a statement that returns no rows. Statements are prepared once a
// connection.
func exec(conn *sqlite.Conn, sql string, args ...any) error {
	return query(conn, sql, nil, args...)
}

// query runs a statement and calls row for each row.
func query(conn *sqlite.Conn, sql string, row func(*sqlite.Stmt) error, args ...any) error {
	stmt, err := conn.Prepare(sql)
	if err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	bind(stmt, args)
	for {
		more, err := stmt.Step()
		if err == nil && more && row != nil {
			err = row(stmt)
		}
		if err != nil || !more {
			if resetErr := stmt.Reset(); err == nil {
				err = resetErr
			}
			if err != nil {
				return fmt.Errorf("read model: %w", err)
			}
			return nil
		}
	}
}

func bind(stmt *sqlite.Stmt, args []any) {
	for i, arg := range args {
		switch v := arg.(type) {
		case int64:
			stmt.BindInt64(i+1, v)
		case int:
			stmt.BindInt64(i+1, int64(v))
		case string:
			stmt.BindText(i+1, v)
		case bool:
			stmt.BindBool(i+1, v)
		case []byte:
			stmt.BindBytes(i+1, v)
		default:
			panic(fmt.Sprintf("read model: argument %d is a %T", i+1, arg))
		}
	}
}
