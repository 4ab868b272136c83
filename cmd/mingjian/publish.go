package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"mingjian/api/command"
	"mingjian/eventstore"
)

type publishCmd struct {
	place
	Round   string `required:"" placeholder:"ID" help:"The round, such as demo-2022."`
	Reason  string `help:"Why; mandatory when it replaces an earlier release."`
	Release int    `placeholder:"N" help:"Publish nothing: make release N again from the log, and compare it with what was published."`
	Out     string `placeholder:"DIR" type:"path" help:"With --release: a new folder to write it to."`
}

// Run publishes what was deliberated and waits for the pages. Where a server
// runs on the data folder it carries the command out, else this process does.
func (c *publishCmd) Run(ctx context.Context, io *stdio) error {
	if err := c.existing(); err != nil {
		return err
	}
	if c.Release != 0 || c.Out != "" {
		return c.reproduce(ctx, io)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, waitTime)
	defer cancel()
	if server, ok := findRunning(ctx, c.place); ok {
		position, err := c.throughServer(ctx, server, id.String())
		if err != nil {
			return err
		}
		return c.awaitPages(ctx, io, server.LogID, position)
	}
	r, err := start(ctx, c.place, io.logger)
	if err != nil {
		return err
	}
	err = r.settled(ctx)
	if err == nil {
		var receipt command.Receipt
		receipt, err = r.commands.Publish(ctx, command.Meta{ID: id.String(), Actor: command.Operator}, c.Round, c.Reason)
		if err == nil {
			err = c.awaitPages(ctx, io, r.log.Identity(), receipt.Position)
		}
	}
	return errors.Join(err, r.Close())
}

const publishMutation = `mutation ($input: PublishInput!) { publish(input: $input) { position } }`

func (c *publishCmd) throughServer(ctx context.Context, server running, id string) (eventstore.Position, error) {
	var data struct {
		Publish struct {
			Position eventstore.Position `json:"position,string"`
		} `json:"publish"`
	}
	input := map[string]any{"commandId": id, "round": c.Round, "reason": c.Reason}
	err := askServer(ctx, server, publishMutation, map[string]any{"input": input}, &data)
	return data.Publish.Position, err
}

// awaitPages waits until the publisher has built all up to a position of a log.
func (c *publishCmd) awaitPages(ctx context.Context, io *stdio, logID string, position eventstore.Position) error {
	dir := filepath.Join(c.Data, "site")
	for {
		var at eventstore.Checkpoint
		text, err := os.ReadFile(filepath.Join(dir, "checkpoint.json"))
		if err == nil && json.Unmarshal(text, &at) == nil && at.LogID == logID && at.Position >= position {
			_, err := fmt.Fprintf(io.out, "published round %s at position %s: %s\n", c.Round, position, filepath.Join(dir, "current"))
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the release is on record at position %s, but its pages are not built yet: see /healthz of the server, or start `mingjian serve`", position)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
