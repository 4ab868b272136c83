package embedded

import (
	"fmt"
	"math"

	"zombiezen.com/go/sqlite/sqlitex"
)

// tailEvents is how far back the log is verified when a node starts: the part that a crash, or a
// copy that was cut short, would have hurt.
const tailEvents = 1024

// load fills the writer's caches from the file: at the start, and in the same way after a commit
// that failed. It verifies the log's tail, whose event ids are also what a client that was cut off
// by the crash is likely to send again.
func (w *writer) load() error {
	w.streams = newCache[string, *stream](streamsCached)
	w.recent = newCache[eventKey, placement](recentCached)
	w.position, w.lastStream = 0, 0
	if !w.db.conn.AutocommitEnabled() { // the rollback failed too
		if err := execute(w.rollback); err != nil {
			return err
		}
	}
	last, err := sqlitex.ResultInt64(w.db.conn.Prep(`SELECT coalesce(max(id), 0) FROM streams`))
	if err != nil {
		return fmt.Errorf("streams: %w", err)
	}
	w.lastStream = last
	next := int64(math.MaxInt64)
	for read := 0; read < tailEvents; {
		pg := newPage()
		w.db.allBackward.BindInt64(1, next)
		w.db.allBackward.BindInt64(2, pageRows)
		end, err := pg.fill(w.db.allBackward, pageRows)
		for i := range pg.records {
			r := &pg.records[i]
			w.position, w.created = max(w.position, r.position), max(w.created, r.created)
			w.recent.put(eventKey{r.stream, r.id}, placement{revision: r.revision, position: r.position})
			next = r.position
		}
		read += len(pg.records)
		pg.free()
		if err != nil {
			return damaged(err, next%math.MaxInt64)
		}
		if end {
			break
		}
	}
	w.head.Store(w.position)
	w.loaded = true
	return nil
}
