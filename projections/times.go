package projections

import (
	"fmt"
	"sort"
	"time"

	"zombiezen.com/go/sqlite"

	"mingjian/eventstore"
)

// Servers' clocks differ, so the times of events do not quite rise with their
// numbers, and a search for the newest event up to a time may not stop at the
// first. The earliest time of each block of events tells which blocks hold
// one, at the price of a row each: an index would cost an entry an event.
const timeBlock = 256

// times is the block of events that is being filled.
type times struct {
	block, earliest int64
	fresh           bool // it has no event yet
	dirty           bool // the database does not have it as it is
}

// clocked notes the time of an event.
func (p *projector) clocked(seq, at int64) error {
	if block := seq / timeBlock; p.times.fresh || block != p.times.block {
		if err := p.settleTimes(); err != nil {
			return err
		}
		p.times = times{block: block, earliest: at, dirty: true}
	}
	if at < p.times.earliest {
		p.times.earliest, p.times.dirty = at, true
	}
	return nil
}

// settleTimes writes the block that is being filled.
func (p *projector) settleTimes() error {
	if !p.times.dirty {
		return nil
	}
	p.times.dirty = false
	return exec(p.db.writer, "INSERT OR REPLACE INTO trail_times (block, earliest) VALUES (?, ?)", p.times.block, p.times.earliest)
}

func (p *projector) reloadTimes() error {
	p.times = times{fresh: true}
	return query(p.db.writer, "SELECT block, earliest FROM trail_times ORDER BY block DESC LIMIT 1", func(s *sqlite.Stmt) error {
		p.times = times{block: s.ColumnInt64(0), earliest: s.ColumnInt64(1)}
		return nil
	})
}

// SeqAt is the newest event that was recorded up to a time, by the clock of the
// server that recorded it; 0 where there is none.
func (v *View) SeqAt(t time.Time) (seq int64, err error) {
	at := t.UnixMilli()
	err = query(v.conn, `SELECT t.seq FROM trail t, (SELECT block FROM trail_times WHERE earliest <= ?1 ORDER BY block DESC LIMIT 1) b
		WHERE t.seq BETWEEN b.block * ?2 AND b.block * ?2 + ?2 - 1 AND t.at <= ?1 ORDER BY t.seq DESC LIMIT 1`, func(s *sqlite.Stmt) error {
		seq = s.ColumnInt64(0)
		return nil
	}, at, timeBlock)
	return seq, err
}

// SeqOf is the newest event up to a position; 0 where there is none. A position
// that the read model has not reached is ErrBehind.
func (v *View) SeqOf(position eventstore.Position) (int64, error) {
	if position > v.head.Position {
		return 0, fmt.Errorf("position %s, read model at %s: %w", position, v.head.Position, ErrBehind)
	}
	var err error
	after := sort.Search(int(v.head.Seq), func(i int) bool { // positions rise with seq
		var at int64
		if err == nil {
			err = query(v.conn, "SELECT position FROM trail WHERE seq = ?", func(s *sqlite.Stmt) error {
				at = s.ColumnInt64(0)
				return nil
			}, i+1)
		}
		return eventstore.Position(at) > position
	})
	return int64(after), err
}
