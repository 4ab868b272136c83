package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/eventstore"
)

type eventsCmd struct {
	place
	Stream string `placeholder:"NAME" help:"Only this stream, such as assessment-demo-2022-310101002."`
	From   uint64 `placeholder:"POS" help:"Only events after this position of the log."`
	JSON   bool   `name:"json" help:"One JSON object a line, with data and metadata."`
}

// eventLine is an event as --json prints it.
type eventLine struct {
	Stream   string          `json:"stream"`
	Revision uint64          `json:"revision"`
	Position string          `json:"position"`
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Data     json.RawMessage `json:"data"`
	Metadata json.RawMessage `json:"metadata"`
}

// Run prints events in the log's order, the record of this look among them.
func (c *eventsCmd) Run(ctx context.Context, io *stdio) (err error) {
	if err := c.existing(); err != nil {
		return err
	}
	log, err := c.openLog(ctx, io.logger, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if err := c.witness(ctx, log, c.viewed); err != nil {
		return err
	}
	out := bufio.NewWriter(io.out)
	defer func() { err = errors.Join(err, out.Flush()) }()
	for event, err := range c.events(ctx, log) {
		if err != nil {
			return err
		}
		if event.Position <= eventstore.Position(c.From) && c.From > 0 {
			continue
		}
		if err := c.print(out, event); err != nil {
			return err
		}
	}
	return nil
}

func (c *eventsCmd) viewed(by domain.Stamp) domain.Event {
	viewed := &access.TrailViewed{Stamp: by, Stream: c.Stream}
	if c.From > 0 {
		viewed.After = strconv.FormatUint(c.From, 10)
	}
	return viewed
}

func (c *eventsCmd) events(ctx context.Context, log *eventstore.Log) iter.Seq2[eventstore.Recorded, error] {
	if c.Stream != "" {
		return log.ReadStream(ctx, c.Stream, 0)
	}
	return log.ReadAll(ctx, eventstore.Position(c.From))
}

func (c *eventsCmd) print(out *bufio.Writer, e eventstore.Recorded) error {
	if c.JSON {
		line, err := json.Marshal(eventLine{
			Stream: e.Stream, Revision: e.Revision, Position: e.Position.String(), ID: e.ID.String(), Type: e.Type,
			Data: e.Data, Metadata: e.Metadata,
		})
		if err != nil {
			return fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
		}
		_, err = fmt.Fprintf(out, "%s\n", line)
		return err
	}
	metadata, err := eventstore.ReadMetadata(e)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%12s  %s  %s@%d  %s  %s\n", e.Position, metadata.ServerTime.Format("2006-01-02T15:04:05.000Z"),
		e.Stream, e.Revision, e.Type, metadata.Actor)
	return err
}
