package embedded

import (
	"errors"
	"log/slog"

	"zombiezen.com/go/sqlite"
)

const (
	// checkpointBytes of new events make a checkpoint worth its fsyncs.
	checkpointBytes = 8 << 20
	// walFrames is where the write-ahead log has outgrown its usefulness (64 MiB): a background
	// checkpoint never catches up with a writer that does not pause, so then the writer pauses.
	walFrames = 16 << 10
)

// checkpointer moves committed pages from the write-ahead log to the file beside the writer. It is
// not needed for durability: without it the log grows, and the next start takes longer.
type checkpointer struct {
	conn *sqlite.Conn
	log  *slog.Logger
	due  chan struct{}
	full chan struct{}
	stop chan struct{}
	done chan struct{}
}

func newCheckpointer(path string, log *slog.Logger) (*checkpointer, error) {
	d, err := openDB(path, sqlite.OpenReadWrite, "synchronous = FULL")
	if err != nil {
		return nil, err
	}
	return &checkpointer{
		conn: d.conn, log: log,
		due: make(chan struct{}, 1), full: make(chan struct{}, 1),
		stop: make(chan struct{}), done: make(chan struct{}),
	}, nil
}

func (k *checkpointer) run() {
	defer close(k.done)
	for {
		select {
		case <-k.due:
		case <-k.stop:
			return
		}
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
		if _, err := walCheckpoint(w.db.conn, "RESTART"); err != nil {
			k.log.Warn("write-ahead log not reset; tried again later", "error", err)
		}
	default:
	}
}

func (k *checkpointer) close() error {
	close(k.stop)
	<-k.done
	return k.conn.Close()
}

// walCheckpoint reports how many frames the write-ahead log holds.
func walCheckpoint(conn *sqlite.Conn, mode string) (frames int64, err error) {
	stmt, err := conn.Prepare("PRAGMA wal_checkpoint(" + mode + ")")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stmt.Reset()) }()
	if found, err := stmt.Step(); !found || err != nil {
		return 0, err
	}
	return stmt.ColumnInt64(1), nil
}

func notify(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
