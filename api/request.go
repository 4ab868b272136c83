package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mingjian/criteria"
	"mingjian/eventstore"
	"mingjian/projections"
)

// request is what the resolvers of one GraphQL request share. graphql-go runs
// them in one goroutine, so nothing here is locked.
type request struct {
	// ctx is the caller's, which ends when the client goes. graphql-go gets one
	// without an end (see engine.run), so resolvers take it from here.
	ctx  context.Context
	cfg  *Config
	open *projections.View // opened by the first resolver that reads
	// ours says that it came from within this process.
	ours bool
	// reached is the highest position that a mutation of this request got to.
	reached eventstore.Position
	// watched is what the state shown by a subscription depends on.
	watched *watch
}

// view is the one snapshot that all resolvers of this request read.
func (r *request) view() (*projections.View, error) {
	if r.open == nil {
		view, err := r.cfg.Model.View(r.ctx)
		if err != nil {
			return nil, fmt.Errorf("open the read model: %w", err)
		}
		r.open = view
	}
	return r.open, nil
}

func (r *request) close() {
	if r.open != nil {
		r.open.Close()
	}
}

// head is what the response reflects.
func (r *request) head() projections.Head {
	if r.open != nil {
		return r.open.Head()
	}
	return r.cfg.Model.Head()
}

// position is what the response says it reflects: for a mutation the position
// that it reached, which the read model may not have yet.
func (r *request) position() eventstore.Position {
	if r.reached > 0 {
		return r.reached
	}
	return r.head().Position
}

// notYet says that the read model did not reach a position in time.
type notYet struct{ want, head eventstore.Position }

// Error names both positions.
func (e *notYet) Error() string {
	return fmt.Sprintf("the read model is at position %s, not at %s yet; ask again", e.head, e.want)
}

// waitFor waits until the read model reflects a position. It runs before the
// first resolver opens the snapshot, so that all fields of the request see it.
func (r *request) waitFor(want eventstore.Position, patience time.Duration) error {
	if want == 0 || r.cfg.Model.Head().Position >= want {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.ctx, patience)
	defer cancel()
	err := r.cfg.Model.WaitFor(ctx, want)
	if errors.Is(err, projections.ErrBehind) {
		if r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		return &notYet{want: want, head: r.cfg.Model.Head().Position}
	}
	return err
}

// found turns "there is none" into null, for fields that may be null.
func found[T any](value T, err error) (*T, error) {
	if errors.Is(err, projections.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &value, nil
}

// standardOf is the resolver of a round's standard.
func standardOf(r *request, round *projections.RoundView) (*criteria.Criteria, error) {
	return r.cfg.criteriaOf(round.Standard)
}
