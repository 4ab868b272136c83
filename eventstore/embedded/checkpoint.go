package embedded

import (
	"log/slog"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const (
	// checkpointBytes of new events make a checkpoint worth its fsyncs. A commit counts for
	// commitBytes besides: the log gets whole pages, some 7 KiB for the smallest event.
	checkpointBytes = 8 << 20
	commitBytes     = 8 << 10
	// walFrames is where the write-ahead log has outgrown its usefulness (64 MiB): a background
	// checkpoint never catches up with a writer that does not pause, so then the writer pauses.
	walFrames = 16 << 10
	// walPause is how long it then waits for readers. A page is read in less; for one that holds on
	// to the log, as Backup and Check do, no append may wait.
	walPause = 100 * time.Millisecond
)

// checkpointer moves committed pages from the write-ahead log to the file beside the writer. It is
// not needed for durability: without it the log grows, and the next start takes longer.
type checkpointer struct {
	conn *sqlite.Conn
	log  *slog.Logger
	due  chan struct{}
	full chan struct{}
	done chan struct{}
}

func newCheckpointer(path string, log *slog.Logger) (*checkpointer, error) {
	d, err := openDB(path, sqlite.OpenReadWrite, "synchronous = FULL")
	if err != nil {
		return nil, err
	}
	return &checkpointer{
		conn: d.conn, log: log,
		due: make(chan struct{}, 1), full: make(chan struct{}, 1), done: make(chan struct{}),
	}, nil
}

func (k *checkpointer) run() {
	defer close(k.done)
	for range k.due {
		frames, err := walCheckpoint(k.conn, "PASSIVE")
		if err != nil {
			k.log.Warn("checkpoint failed; the write-ahead log grows until one succeeds", "error", err)
		}
		if frames > walFrames {
			notify(k.full)
		}
	}
}

// tend runs on the writer's goroutine, between batches.
func (k *checkpointer) tend(w *writer) {
	if w.bytes >= checkpointBytes {
		w.bytes = 0
		notify(k.due)
	}
	select {
	case <-k.full:
		w.db.conn.SetBusyTimeout(walPause)
		defer w.db.conn.SetBusyTimeout(busyTimeout)
		if _, err := walCheckpoint(w.db.conn, "RESTART"); err != nil {
			k.log.Warn("write-ahead log not reset; tried again later", "error", err)
		}
	default:
	}
}

// close is called when the writer has ended.
func (k *checkpointer) close() error {
	close(k.due)
	<-k.done
	return k.conn.Close()
}

// walCheckpoint reports how many frames the write-ahead log holds.
func walCheckpoint(conn *sqlite.Conn, mode string) (frames int64, err error) {
	err = sqlitex.ExecuteTransient(conn, "PRAGMA wal_checkpoint("+mode+")", &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error {
			frames = stmt.ColumnInt64(1)
			return nil
		},
	})
	return frames, err
}

func notify(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
