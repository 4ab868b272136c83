// Package reactions has what follows by itself from what people have recorded:
// the correction that carries a decision on an appeal out, the flag on an appeal
// that was not decided in time, and the letters that tell people of it. Each is
// a Watermill handler. All of them may crash after every step and run on any
// number of servers at once: what they do has an id that follows from its cause,
// so that doing it again changes nothing.
package reactions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/google/uuid"

	"mingjian/eventstore"
	"mingjian/internal/atomicfile"
)

// bookmark is how far a reaction has come, kept in a file of its own: losing it
// costs a look at the whole log, nothing else.
type bookmark struct {
	path string

	mu sync.Mutex
	at mark
}

// mark is the bookmark's file.
type mark struct {
	LogID    string              `json:"logId"`
	Position eventstore.Position `json:"position"`
	// The event there. By it a log is told that was restored from an older copy
	// and has gone on otherwise.
	Stream   string    `json:"stream"`
	Revision uint64    `json:"revision"`
	Event    uuid.UUID `json:"event"`
	// Waiting has the letters that are not delivered yet.
	Waiting []waiting `json:"waiting,omitempty"`
}

// openBookmark reads a bookmark. One that is not there, damaged, or of a log
// that is not this one as it is now, is at the log's beginning.
func openBookmark(ctx context.Context, log *eventstore.Log, path string) (*bookmark, error) {
	b := &bookmark{path: path}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reactions: %w", err)
	}
	var at mark
	if json.Unmarshal(text, &at) != nil {
		return b, nil
	}
	holds, err := at.isOf(ctx, log)
	if err != nil {
		return nil, fmt.Errorf("reactions: compare %s with the log: %w", path, err)
	}
	if holds {
		b.at = at
	}
	return b, nil
}

// isOf reports whether the log holds what was looked at last.
func (m mark) isOf(ctx context.Context, log *eventstore.Log) (bool, error) {
	if m.LogID != log.Identity() || m.Stream == "" {
		return false, nil
	}
	for e, err := range log.ReadStream(ctx, m.Stream, m.Revision) {
		if errors.Is(err, eventstore.ErrNoStream) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		return e.ID == m.Event && e.Position == m.Position, nil
	}
	return false, nil
}

// checkpoint is where the feed goes on. It never fails.
func (b *bookmark) checkpoint() (eventstore.Checkpoint, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return eventstore.Checkpoint{LogID: b.at.LogID, Position: b.at.Position}, nil
}

// turn puts the bookmark behind a page, on disk first, with what the change
// makes of the letters that wait.
func (b *bookmark) turn(page eventstore.Page, change func([]waiting) []waiting) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := b.at
	// A page that is sent again moves nothing back.
	if len(page.Events) > 0 && (page.LogID != next.LogID || page.Last() > next.Position) {
		last := page.Events[len(page.Events)-1]
		next.LogID, next.Position, next.Stream, next.Revision, next.Event = page.LogID, last.Position, last.Stream, last.Revision, last.ID
	}
	if change != nil {
		next.Waiting = change(next.Waiting)
	}
	text, err := json.Marshal(next)
	if err == nil {
		err = atomicfile.WriteBytes(b.path, text)
	}
	if err != nil {
		return fmt.Errorf("reactions: %w", err)
	}
	b.at = next
	return nil
}
