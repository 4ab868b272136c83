package embedded

import (
	"context"
	"errors"
	"slices"
	"sync"

	"zombiezen.com/go/sqlite"
)

const (
	pageRows  = 256
	pageBytes = 128 << 10
	readConns = 4
)

// readers is the pool of reading connections. Each is borrowed for one page and given back before
// anything is sent: a slow client must not hold a read transaction, or the write-ahead log could
// never be reset.
type readers struct {
	free chan *db
}

func openReaders(path string) (*readers, error) {
	p := &readers{free: make(chan *db, readConns)}
	for range readConns {
		d, err := openDB(path, sqlite.OpenReadWrite, "query_only = ON", "cache_size = -8192")
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.free <- d
		if err := d.prepare(); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	return p, nil
}

// do runs f with a connection. f reads a bounded amount, so that the wait for one is short.
func (p *readers) do(ctx context.Context, f func(*db) error) error {
	select {
	case d := <-p.free:
		defer func() { p.free <- d }()
		return f(d)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close waits for no one: it is called when no reads are left.
func (p *readers) close() (err error) {
	for {
		select {
		case d := <-p.free:
			err = errors.Join(err, d.conn.Close())
		default:
			return err
		}
	}
}

// page is up to pageRows consecutive events whose bodies share one array.
type page struct {
	records []record
	buf     []byte
}

// pages lends pages out between a read and its last send, so that idle subscriptions hold none.
var pages = sync.Pool{New: func() any {
	return &page{records: make([]record, 0, pageRows), buf: make([]byte, 0, pageBytes+pageBytes/8)}
}}

func newPage() *page {
	p := pages.Get().(*page)
	p.records, p.buf = p.records[:0], p.buf[:0]
	return p
}

func (p *page) free() {
	if cap(p.buf) <= 2*pageBytes { // one that held a huge event is left to the collector
		pages.Put(p)
	}
}

// fill steps through stmt until the page is full or the rows end, which it reports.
func (p *page) fill(stmt *sqlite.Stmt, limit int) (end bool, err error) {
	defer func() { err = errors.Join(err, stmt.Reset()) }()
	for len(p.records) < limit && len(p.buf) < pageBytes {
		found, err := stmt.Step()
		if !found || err != nil {
			return true, err
		}
		n := len(p.records)
		p.records = append(p.records, record{})
		if p.buf, err = readRow(stmt, &p.records[n], p.buf); err != nil {
			p.records = p.records[:n] // what is damaged is not served
			return false, err
		}
	}
	return false, nil
}

// cursor is a place in $all or in a stream. Forwards, next is the first position or revision to
// read; backwards, it is the one after.
type cursor struct {
	stream   string // "" for $all
	backward bool
	next     int64
}

// page reads what comes next and moves on. An empty page is the end, for now.
func (c *cursor) page(ctx context.Context, p *readers, now int64, limit int) (*page, bool, error) {
	pg := newPage()
	var end bool
	err := p.do(ctx, func(d *db) (err error) {
		if c.stream == "" {
			end, err = c.pageAll(d, pg, limit)
		} else {
			end, err = c.pageStream(d, pg, now, limit)
		}
		return err
	})
	return pg, end, err
}

func (c *cursor) pageAll(d *db, pg *page, limit int) (end bool, err error) {
	stmt := d.allForward
	if c.backward {
		stmt = d.allBackward
	}
	stmt.BindInt64(1, c.next)
	stmt.BindInt64(2, int64(limit))
	end, err = pg.fill(stmt, limit)
	if n := len(pg.records); n > 0 {
		c.move(pg.records[n-1].position)
	}
	return end, err
}

// pageStream honours $maxCount, $maxAge and $tb as they are now: they are looked up with each
// page, in the same few microseconds as the events.
func (c *cursor) pageStream(d *db, pg *page, now int64, limit int) (end bool, err error) {
	s, err := d.loadStream(c.stream)
	if err != nil || s.id == 0 {
		return true, err
	}
	// The cursor itself stays: what is appended after a soft delete is before the present $tb.
	first := s.firstVisible()
	stmt, next := d.streamForward, max(c.next, first)
	if c.backward {
		stmt, next = d.streamBackward, c.next
	}
	stmt.BindInt64(1, s.id)
	stmt.BindInt64(2, next)
	stmt.BindInt64(3, int64(limit))
	end, err = pg.fill(stmt, limit)
	if n := len(pg.records); n > 0 {
		c.move(pg.records[n-1].revision)
	}
	pg.records = slices.DeleteFunc(pg.records, func(r record) bool { return !s.visible(&r, now) })
	return end || c.backward && c.next <= first, err
}

func (c *cursor) move(last int64) {
	c.next = last
	if !c.backward && last < tombstoneRevision {
		c.next++
	}
}
