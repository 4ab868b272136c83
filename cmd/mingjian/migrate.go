package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mingjian/eventstore"
)

type migrateCmd struct {
	From string `required:"" placeholder:"CONNECTION" help:"The log to copy, such as esdb+embedded:data/log.db."`
	To   string `required:"" placeholder:"CONNECTION" help:"The log to copy to, such as esdb://user:pass@host:2113?tls=true: empty, or partly copied before."`
}

// Run copies, compares, and says what it did. Cut short, it resumes.
func (c *migrateCmd) Run(ctx context.Context, io *stdio) (err error) {
	// An embedded log is made when it is not there: right for a target, but a
	// source that is not there is a slip of the pen.
	if path, ok := eventstore.EmbeddedPath(c.From); ok {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("--from: %w", err)
		}
	}
	if path, ok := eventstore.EmbeddedPath(c.To); ok {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("--to: %w", err)
		}
	}
	from, err := eventstore.Open(ctx, eventstore.Config{Connection: c.From, Attach: true, Logger: io.logger})
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := eventstore.Open(ctx, eventstore.Config{Connection: c.To, Attach: true, Logger: io.logger})
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if from.Identity() == to.Identity() {
		return errors.New("--from and --to are one log")
	}
	if err := transfer(ctx, io, from.Source(ctx), to, "migrate"); err != nil {
		return err
	}
	return from.CopyPins(ctx, to)
}

// transfer copies a source to a log and reports.
func transfer(ctx context.Context, io *stdio, from eventstore.Source, to *eventstore.Log, what string) error {
	progress := newBar(io, what, -1)
	result, err := eventstore.Transfer(ctx, from, to, progress.set)
	progress.done()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	upTo := ""
	if result.Position > 0 { // the source is a log, which may have gone on
		upTo = fmt.Sprintf(", up to position %s of the source", result.Position)
	}
	_, err = fmt.Fprintf(io.out, "%d events are in the target%s, %d of them were before; read back, both sides have SHA-256 %s\n",
		result.Events, upTo, result.Present, result.Hash)
	return err
}
