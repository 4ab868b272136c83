package projections

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"mingjian/eventstore"
)

// Rebuilt says how a rebuild compares with the read model that it replaced.
type Rebuilt struct {
	Head Head
	// Before and After are digests of every row of every table at Head, of the
	// old and the new database.
	Before, After string
}

// Identical reports whether the rebuild gave the same read model.
func (r Rebuilt) Identical() bool { return r.Before == r.After }

// ErrRebuilding means that a rebuild is under way already.
var ErrRebuilding = errors.New("the read model is being rebuilt already")

// Rebuild folds the whole log into a new database with the handlers that fold
// it every day, while the old one serves and goes on; it takes over when it has
// caught up. progress, if not nil, hears of each page. Cut short, it leaves the
// old one in place and nothing else.
func (m *Model) Rebuild(ctx context.Context, progress func(Head)) (Rebuilt, error) {
	// A second one would sweep away the first one's file.
	if !m.rebuilding.TryLock() {
		return Rebuilt{}, ErrRebuilding
	}
	defer m.rebuilding.Unlock()
	fresh, err := m.create()
	if err != nil {
		return Rebuilt{}, err
	}
	result, err := m.replaceBy(ctx, fresh, progress)
	if err != nil {
		err = errors.Join(fmt.Errorf("rebuild: %w", err), fresh.db.close())
		m.remove(filepath.Base(fresh.db.path))
		return Rebuilt{}, err
	}
	return result, nil
}

func (m *Model) replaceBy(ctx context.Context, fresh *projector, progress func(Head)) (Rebuilt, error) {
	// The whole log, also where the live model stands still before an event.
	end, err := m.config.Log.End(ctx)
	if err != nil {
		return Rebuilt{}, err
	}
	feed := eventstore.NewFeed(eventstore.FeedConfig{
		Log: m.config.Log, Logger: m.config.Logger,
		From: func() (eventstore.Checkpoint, error) {
			return eventstore.Checkpoint{LogID: fresh.head.LogID, Position: fresh.head.Position}, nil
		},
	})
	err = Consume(ctx, "rebuild", feed, m.config.Logger, func(page eventstore.Page) error {
		if err := fresh.fold(page); err != nil {
			return err
		}
		if progress != nil {
			progress(fresh.head)
		}
		return nil
	}, func() bool { return fresh.head.Position >= max(end, m.Head().Position) })
	if err != nil {
		return Rebuilt{}, err
	}
	return m.takeOver(ctx, fresh)
}

// takeOver folds what is left with the live model standing still, compares, and
// swaps. From the pointer's rename on the new database is the read model.
func (m *Model) takeOver(ctx context.Context, fresh *projector) (Rebuilt, error) {
	m.fold.Lock()
	defer m.fold.Unlock()
	if m.closed { // Close holds fold too
		return Rebuilt{}, errModelClosed
	}
	end := max(fresh.head.Position, m.projector.head.Position)
	for _, p := range []*projector{fresh, m.projector} {
		if err := m.advance(ctx, p, end); err != nil {
			return Rebuilt{}, err
		}
	}
	result := Rebuilt{Head: fresh.head}
	var err error
	if result.Before, err = digest(m.projector.db.writer); err != nil {
		return result, err
	}
	if result.After, err = digest(fresh.db.writer); err != nil {
		return result, err
	}
	if err := m.point(fresh.db); err != nil {
		return result, err
	}
	old, views := m.db, m.views
	m.serve(fresh)
	views.Wait()
	if err := old.close(); err != nil { // the new one serves all the same
		m.config.Logger.Warn("read model: cannot close the old one", "error", err)
	}
	m.sweep(filepath.Base(fresh.db.path))
	return result, nil
}

// advance folds up to a position straight from the log. The feed's next page
// may start before it; what was folded is passed over.
func (m *Model) advance(ctx context.Context, p *projector, end eventstore.Position) error {
	if p.head.Position >= end {
		return nil
	}
	page := eventstore.Page{LogID: p.head.LogID, Prev: p.head.Position}
	for e, err := range m.config.Log.ReadAll(ctx, p.head.Position) {
		if err != nil {
			return err
		}
		page.Events = append(page.Events, e)
		if e.Position < end && len(page.Events) < 512 {
			continue
		}
		if err := p.fold(page); err != nil || e.Position >= end {
			return err
		}
		page = eventstore.Page{LogID: page.LogID, Prev: page.Last()}
	}
	return fmt.Errorf("the log ends before position %s: %w", end, ErrGap)
}
