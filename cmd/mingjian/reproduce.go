package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mingjian/api"
	"mingjian/criteria"
	"mingjian/eventstore"
	"mingjian/projections"
	"mingjian/site"
)

// reproduce makes an old release again, by a read model of its own that is
// folded from the log for it: nothing that serves is trusted, or disturbed.
func (c *publishCmd) reproduce(ctx context.Context, io *stdio) (err error) {
	if c.Release < 1 {
		return fmt.Errorf("--release %d: releases count from 1; --out goes with --release", c.Release)
	}
	if _, err := os.Stat(c.Out); c.Out != "" && err == nil {
		return fmt.Errorf("--out %s is there already: choose a new folder", c.Out)
	}
	calendars, err := c.calendars()
	if err != nil {
		return err
	}
	log, err := c.openLog(ctx, io.logger, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	dir, err := os.MkdirTemp(c.Data, ".reproduce-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	model, err := projections.Open(projections.Config{
		Dir: filepath.Join(dir, "readmodel"), Log: log, Codec: eventstore.NewCodec(), Criteria: criteria.Lookup, Calendars: calendars, Logger: io.logger,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	runner, err := projections.Run(ctx, io.logger, projections.Handler{
		Name: readModelHandler,
		Feed: eventstore.NewFeed(eventstore.FeedConfig{Log: log, From: model.Checkpoint, Logger: io.logger}),
		Fold: func(_ context.Context, page eventstore.Page) error { return model.Fold(page) },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, runner.Close()) }()
	end, err := log.End(ctx)
	if err != nil {
		return err
	}
	if err := model.WaitFor(ctx, end); err != nil {
		return err
	}
	public, err := api.NewPublic(api.Config{Model: model, Logger: io.logger})
	if err != nil {
		return err
	}
	return c.compare(ctx, io, public)
}

func (c *publishCmd) compare(ctx context.Context, io *stdio, source site.Source) error {
	published, err := site.New(site.Config{Dir: filepath.Join(c.Data, "site"), Source: source, Logger: io.logger})
	if err != nil {
		return err
	}
	folder := published.ReleaseDir(c.Round, c.Release)
	_, missing := os.Stat(folder)
	if c.Out == "" && missing != nil {
		return fmt.Errorf("release %d of round %s is not in %s, so there is nothing to compare with; write it somewhere with --out", c.Release, c.Round, filepath.Dir(folder))
	}
	if missing == nil {
		result, err := published.Reproduce(ctx, c.Round, c.Release, folder)
		if err != nil {
			return err
		}
		fmt.Fprintf(io.out, "release %d of round %s is reproduced to the byte: %d files, %d bytes as in %s\n", c.Release, c.Round, result.Files, result.Bytes, folder)
	}
	if c.Out == "" {
		return nil
	}
	// Written aside and renamed, so that --out is whole or not there.
	result, err := published.Reproduce(ctx, c.Round, c.Release, c.Out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "release %d of round %s is in %s: %d files, %d bytes\n", c.Release, c.Round, c.Out, result.Files, result.Bytes)
	return err
}
