package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/google/uuid"

	"mingjian/api/command"
	"mingjian/criteria"
	"mingjian/domain/registry"
	"mingjian/eventstore"
)

type importCmd struct {
	Roster importRosterCmd `cmd:"" help:"Register the districts and centers of a CSV file with the header code,district_code,district,name."`
	Events importEventsCmd `cmd:"" help:"Copy the events of a file that export wrote to the log: empty, or holding the beginning of the file."`
}

type importRosterCmd struct {
	place
	File  string `arg:"" help:"The roster, CSV in UTF-8."`
	Actor string `default:"organizer" help:"The account that imports."`
}

// Run registers what is new in the file. With any fault in it, nothing is.
func (c *importRosterCmd) Run(ctx context.Context, io *stdio) (err error) {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	rows, err := registry.ReadRoster(c.File, file)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	log, err := c.openLog(ctx, io.logger, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	key, err := pseudonymKey(ctx, c.Data, log)
	if err != nil {
		return err
	}
	commands, err := command.New(command.Config{
		Log: log, Codec: eventstore.NewCodec(), Criteria: criteria.Lookup, Results: noResults{}, PseudonymKey: key,
	})
	if err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	receipt, err := commands.RegisterRoster(ctx, command.Meta{ID: id.String(), Actor: c.Actor}, rows, false)
	if err != nil {
		return err
	}
	districts := make(map[string]bool)
	for _, row := range rows {
		districts[row.DistrictCode] = true
	}
	_, err = fmt.Fprintf(io.out, "%s: %d centers in %d districts are registered; the log is at position %s\n", c.File, len(rows), len(districts), receipt.Position)
	return err
}

// noResults is for commands that publish nothing.
type noResults struct{}

// Approved has no read model to count in.
func (noResults) Approved(context.Context, string) (int, int64, error) {
	return 0, 0, errors.New("no read model here")
}
