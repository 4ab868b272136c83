package main

import (
	"context"
	"errors"
	"fmt"

	"mingjian/eventstore"
	"mingjian/projections"
)

type rebuildCmd struct {
	place
}

// Run rebuilds here, or asks the server that runs on the data folder.
func (c *rebuildCmd) Run(ctx context.Context, io *stdio) error {
	if err := c.existing(); err != nil {
		return err
	}
	if server, ok := findRunning(ctx, c.place); ok {
		return c.throughServer(ctx, io, server)
	}
	r, err := start(ctx, c.place, io.logger)
	if err != nil {
		return err
	}
	err = r.settled(ctx)
	if err == nil {
		bar := newBar(io, "rebuild", r.model.Head().Seq)
		var rebuilt projections.Rebuilt
		rebuilt, err = r.model.Rebuild(ctx, func(h projections.Head) { bar.set(h.Seq) })
		bar.done()
		if err == nil {
			err = c.report(io, rebuilt)
		}
	}
	return errors.Join(err, r.Close())
}

const rebuildMutation = `mutation { rebuildReadModel { position events before after } }`

func (c *rebuildCmd) throughServer(ctx context.Context, io *stdio, server running) error {
	var data struct {
		Rebuild struct {
			Position      eventstore.Position `json:"position,string"`
			Events        int64               `json:"events"`
			Before, After string
		} `json:"rebuildReadModel"`
	}
	if err := askServer(ctx, server, rebuildMutation, nil, &data); err != nil {
		return err
	}
	return c.report(io, projections.Rebuilt{
		Head: projections.Head{Position: data.Rebuild.Position, Seq: data.Rebuild.Events}, Before: data.Rebuild.Before, After: data.Rebuild.After,
	})
}

// report says how the new read model compares with the old one.
func (c *rebuildCmd) report(io *stdio, r projections.Rebuilt) error {
	verdict := "identical"
	if !r.Identical() {
		verdict = "DIFFERENT from what was in use, which is now replaced"
	}
	_, err := fmt.Fprintf(io.out, "rebuilt from %d events, up to position %s: %s\nbefore  sha256 %s\nafter   sha256 %s\n(the SHA-256 of every row of every table, in key order)\n",
		r.Head.Seq, r.Head.Position, verdict, r.Before, r.After)
	if err == nil && !r.Identical() {
		return exitStatus(1)
	}
	return err
}
