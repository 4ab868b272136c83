package embedded

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"
)

const (
	batchChanges = 1024
	batchBytes   = 4 << 20

	streamsCached = 32 << 10
	recentCached  = 64 << 10

	// positionGap keeps positions apart, like a real log's offsets: code that takes position+1 for
	// the next event fails here as it would there.
	positionGap = 64
)

// writerPragmas: an fsync for each commit, and checkpoints only where the checkpointer wants them.
var writerPragmas = []string{"journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 0", "cache_size = -32768"}

// hooks are what tests replace.
type hooks struct {
	now         func() time.Time
	beforeBatch func(*sqlite.Conn) error
}

// writer is the only goroutine that writes. It takes what has queued up, decides each change in
// memory, commits all of it in one transaction and only then answers: one fsync for the lot.
type writer struct {
	hooks  hooks
	log    *slog.Logger
	db     *db
	queue  chan *change
	stop   chan struct{} // closed to end the writer
	done   chan struct{} // closed when it has ended
	wake   signal
	head   atomic.Int64 // the last committed position
	bytes  int64        // written since the checkpointer was last told, nearly
	keeper *checkpointer

	insertEvent, insertStream, begin, commit, rollback *sqlite.Stmt

	// What follows is a cache of the file, and runs ahead of it within a batch. After a commit that
	// failed, loaded is false and all of it is read again.
	loaded            bool
	position, created int64
	lastStream        int64
	streams           *cache[string, *stream]
	recent            *cache[eventKey, placement]
}

// openWriter creates the file when it is missing, verifies the end of the log, and lets the writer
// run, with its checkpointer.
func openWriter(path string, log *slog.Logger, h hooks) (*writer, error) {
	// Made here and not by SQLite, so that only its owner may read it.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return nil, err
	}
	d, err := openDB(path, sqlite.OpenReadWrite, writerPragmas...)
	if err != nil {
		return nil, err
	}
	w := &writer{
		hooks: h, log: log, db: d,
		queue: make(chan *change, maxQueued), stop: make(chan struct{}), done: make(chan struct{}),
	}
	if err := w.open(path); err != nil {
		return nil, errors.Join(err, d.conn.Close())
	}
	go w.run()
	go w.keeper.run()
	return w, nil
}

func (w *writer) open(path string) (err error) {
	if err := w.db.initialize(); err != nil {
		return err
	}
	if err := w.prepare(); err != nil {
		return err
	}
	if err := w.load(); err != nil {
		return err
	}
	w.keeper, err = newCheckpointer(path, w.log)
	return err
}

// close writes what is queued and lets go of the file. Closing the last connection moves the
// write-ahead log into the file and removes it.
func (w *writer) close() error {
	close(w.stop)
	<-w.done
	return errors.Join(w.keeper.close(), w.db.conn.Close())
}

func (w *writer) prepare() error {
	if err := w.db.prepare(); err != nil {
		return err
	}
	return w.db.prepareAll(map[**sqlite.Stmt]string{
		&w.insertEvent:  `INSERT INTO events (position, stream, revision, created, id, crc, body) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		&w.insertStream: `INSERT INTO streams (id, name) VALUES (?, ?)`,
		&w.begin:        `BEGIN IMMEDIATE`,
		&w.commit:       `COMMIT`,
		&w.rollback:     `ROLLBACK`,
	})
}

// run serves the queue until stop. What is queued then is still written.
func (w *writer) run() {
	defer close(w.done)
	batch := make([]*change, 0, batchChanges)
	for {
		select {
		case c := <-w.queue:
			batch = w.drain(append(batch[:0], c))
		case <-w.stop:
			if batch = w.drain(batch[:0]); len(batch) == 0 {
				return
			}
		}
		w.serve(batch)
		clear(batch)
	}
}

// drain adds what is queued already, up to the bounds of one transaction.
func (w *writer) drain(batch []*change) []*change {
	size := 0
	for _, c := range batch {
		size += c.size
	}
	for len(batch) < batchChanges && size < batchBytes {
		select {
		case c := <-w.queue:
			batch = append(batch, c)
			size += c.size
		default:
			return batch
		}
	}
	return batch
}

// serve answers every change of a batch, with its outcome or with the error that befell all.
func (w *writer) serve(batch []*change) {
	err := w.write(batch)
	if err != nil {
		// The file is as it was before the batch, or holds all of it: a commit that failed at the
		// fsync may still turn out to be there. Either way the caches are wrong, and requesters
		// find out by sending the same ids again.
		w.loaded = false
		w.log.Error("commit failed", "error", err, "changes", len(batch))
	} else {
		w.head.Store(w.position)
	}
	for _, c := range batch {
		if err != nil {
			c.outcome = outcome{err: err}
		}
		c.done <- struct{}{}
	}
	if err == nil {
		w.wake.broadcast()
	}
	w.keeper.tend(w)
}

// write is one transaction.
func (w *writer) write(batch []*change) (err error) {
	if w.hooks.beforeBatch != nil {
		if err := w.hooks.beforeBatch(w.db.conn); err != nil {
			return err
		}
	}
	if !w.loaded {
		if err := w.load(); err != nil {
			return err
		}
	}
	if err := execute(w.begin); err != nil {
		return err
	}
	defer func() {
		if err != nil && !w.db.conn.AutocommitEnabled() {
			err = errors.Join(err, execute(w.rollback))
		}
	}()
	w.created = max(w.created, ticks(w.hooks.now())) // never backwards, whatever the clock does
	for _, c := range batch {
		if c.outcome, err = w.apply(c); err != nil {
			return err
		}
	}
	w.bytes += commitBytes
	return execute(w.commit)
}

// apply decides one change and writes what it asks for.
func (w *writer) apply(c *change) (outcome, error) {
	s, err := w.stream(c.stream)
	if err != nil {
		return outcome{}, err
	}
	out, proceed, err := w.decide(c, s)
	if !proceed || err != nil {
		return out, err
	}
	switch c.kind {
	case softDelete:
		return w.setMetadata(c.stream, []byte(`{"$tb":`+strconv.FormatInt(math.MaxInt64, 10)+`}`))
	case tombstone:
		return w.writeTombstone(c, s)
	}
	if s.softDeleted() && len(c.events) > 0 {
		if err := w.undelete(c.stream, s); err != nil {
			return outcome{}, err
		}
	}
	return w.writeEvents(c, s)
}

func (w *writer) writeEvents(c *change, s *stream) (out outcome, err error) {
	out.revision = s.last
	for i := range c.events {
		if out.position, err = w.insert(c.stream, s, s.last+1, &c.events[i]); err != nil {
			return out, err
		}
		out.revision = s.last
	}
	if origin, isMeta := originOf(c.stream); isMeta && len(c.events) > 0 {
		o, err := w.stream(origin)
		if err != nil {
			return out, err
		}
		o.setMetadata(c.metadata)
	}
	return out, nil
}

func (w *writer) writeTombstone(c *change, s *stream) (outcome, error) {
	t := newChange(tombstone, c.stream, expectAny)
	t.add(uuid.New(), "$streamDeleted", "application/octet-stream", nil, nil)
	position, err := w.insert(c.stream, s, tombstoneRevision, &t.events[0])
	s.tombstoned = true
	return outcome{revision: tombstoneRevision, position: position}, err
}

// setMetadata appends to a stream's metastream, as a client would.
func (w *writer) setMetadata(name string, data []byte) (outcome, error) {
	c := newChange(appendEvents, metastream(name), expectAny)
	c.add(uuid.New(), "$metadata", "application/json", nil, data)
	s, err := w.stream(c.stream)
	if err != nil {
		return outcome{}, err
	}
	return w.writeEvents(c, s)
}

// undelete keeps what was deleted hidden, and shows what is appended from now on.
func (w *writer) undelete(name string, s *stream) error {
	data, _, err := w.db.loadMetadata(name)
	if err == nil {
		data, err = withTruncateBefore(data, s.last+1)
	}
	if err != nil {
		return err
	}
	_, err = w.setMetadata(name, data)
	return err
}

// insert writes one event and moves the caches on.
func (w *writer) insert(name string, s *stream, revision int64, e *event) (position int64, err error) {
	if s.id == 0 {
		w.insertStream.BindInt64(1, w.lastStream+1)
		w.insertStream.BindText(2, name)
		if err := execute(w.insertStream); err != nil {
			return 0, err
		}
		w.lastStream++
		s.id = w.lastStream
	}
	r := record{
		position: w.position + positionGap + int64(len(e.body)),
		stream:   s.id, revision: revision, created: w.created, id: e.id, body: e.body,
	}
	r.crc = r.checksum(e.crc)
	if err := w.insertRecord(&r); err != nil {
		return 0, fmt.Errorf("event %d of stream %q: %w", revision, name, err)
	}
	w.position, s.last = r.position, revision
	w.bytes += int64(len(e.body))
	w.recent.put(eventKey{s.id, e.id}, placement{revision: revision, position: r.position})
	return r.position, nil
}

func (w *writer) insertRecord(r *record) error {
	s := w.insertEvent
	s.BindInt64(1, r.position)
	s.BindInt64(2, r.stream)
	s.BindInt64(3, r.revision)
	s.BindInt64(4, r.created)
	s.BindBytes(5, r.id[:])
	s.BindInt64(6, int64(r.crc))
	s.BindBytes(7, r.body)
	return execute(s)
}

// stream returns the writer's own view of a stream.
func (w *writer) stream(name string) (*stream, error) {
	if s, ok := w.streams.get(name); ok {
		return s, nil
	}
	s, err := w.db.loadStream(name)
	if err != nil {
		return nil, err
	}
	w.streams.put(name, &s)
	return &s, nil
}

func execute(stmt *sqlite.Stmt) error {
	_, err := stmt.Step()
	return errors.Join(err, stmt.Reset())
}
