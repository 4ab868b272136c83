package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"mingjian/domain/round"
	"mingjian/eventstore"
	"mingjian/internal/atomicfile"
	"mingjian/projections"
	"mingjian/site"
)

// publisher turns each release into pages, once. Building is idempotent, so a
// crash between the pages and the checkpoint only looks at them again.
type publisher struct {
	path   string // of the checkpoint
	codec  *eventstore.Codec
	model  *projections.Model
	site   *site.Site
	logger *slog.Logger

	mu sync.Mutex
	at eventstore.Checkpoint
}

func newPublisher(dir string, codec *eventstore.Codec, model *projections.Model, s *site.Site, end eventstore.Position, logger *slog.Logger) (*publisher, error) {
	p := &publisher{path: filepath.Join(dir, "checkpoint.json"), codec: codec, model: model, site: s, logger: logger}
	text, err := os.ReadFile(p.path)
	if errors.Is(err, os.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	// A damaged checkpoint, or one of another log or of a later state of this one,
	// costs a look at every release from the start, nothing else.
	var at eventstore.Checkpoint
	if json.Unmarshal(text, &at) == nil && at.LogID == model.Head().LogID && at.Position <= end {
		p.at = at
	}
	return p, nil
}

func (p *publisher) checkpoint() (eventstore.Checkpoint, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at, nil
}

// publish builds the releases of a page of round events.
func (p *publisher) publish(ctx context.Context, page eventstore.Page) error {
	for _, e := range page.Events {
		event, err := p.codec.Decode(e.Type, e.Data)
		if err != nil {
			return fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
		}
		published, ok := event.(*round.Published)
		if !ok {
			continue
		}
		if err := p.model.WaitFor(ctx, e.Position); err != nil {
			return err
		}
		id := e.Stream[len(round.StreamPrefix):]
		_, err = p.site.Build(ctx, id, published.Release)
		if errors.Is(err, site.ErrPublished) {
			// Another version of the program built it otherwise. What is published
			// stays as it is; only a new release shows the new pages.
			p.logger.Warn("publisher: kept the release as it was published", "round", id, "release", published.Release, "error", err)
			err = nil
		}
		if err != nil {
			return fmt.Errorf("release %d of round %s: %w", published.Release, id, err)
		}
	}
	return p.save(eventstore.Checkpoint{LogID: page.LogID, Position: page.Last()})
}

func (p *publisher) save(at eventstore.Checkpoint) error {
	text, err := json.Marshal(at)
	if err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(p.path, text); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = at
	return nil
}
