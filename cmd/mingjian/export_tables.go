package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"mingjian/api"
	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/api/sheets"
	"mingjian/internal/atomicfile"
)

// allEvents is the export that is an archive of the log, and no table.
const allEvents = "events"

// exportTable chooses an export of results instead of the log's archive.
type exportTable struct {
	What     string `default:"events" enum:"events,ranking,districts,assessments,findings,deductions,honors,appeals,trail" help:"events is the log itself, for import events; ranking, districts, assessments, findings, deductions, honors, appeals and trail are tables, as .xlsx, .csv or .ndjson by the name of FILE."`
	Round    string `placeholder:"ID" help:"The round of a table, such as demo-2022; a trail without it is of all rounds."`
	District string `placeholder:"CODE" help:"Only this district's."`
	Subject  string `placeholder:"CODE" help:"Only this center's or district's own."`
	AsOf     int64  `placeholder:"EVENT" help:"As it was after so many events."`
}

// isTable is true also where a table was meant and not named.
func (t *exportTable) isTable() bool {
	return *t != exportTable{What: allEvents}
}

// query is what the API is asked for.
func (t *exportTable) query(out string) (api.ExportQuery, error) {
	if t.What == allEvents {
		return api.ExportQuery{}, errors.New("events are exported as a whole; name a table with --what")
	}
	q := api.ExportQuery{
		What: t.What, Format: sheets.Format(strings.TrimPrefix(filepath.Ext(out), ".")),
		Round: t.Round, District: t.District, Subject: t.Subject, AsOf: t.AsOf,
	}
	if q.Format.MediaType() == "" {
		return q, fmt.Errorf("%s: a table is written as .xlsx, .csv or .ndjson", filepath.Base(out))
	}
	return q, nil
}

// export writes a table to a file, through the server where one runs on the
// data folder, else from this process. A file of that name is always whole.
func (t *exportTable) export(ctx context.Context, p place, io *stdio, out string) error {
	q, err := t.query(out)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, waitTime)
	defer cancel()
	if server, ok := findRunning(ctx, p); ok {
		err = downloadExport(ctx, server, q, out)
	} else {
		err = makeExport(ctx, p, io, q, out)
	}
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	_, err = fmt.Fprintf(io.out, "%s is in %s\n", q.What, out)
	return err
}

func makeExport(ctx context.Context, p place, io *stdio, q api.ExportQuery, out string) (err error) {
	r, err := start(ctx, p, io.logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := r.settled(ctx); err != nil {
		return err
	}
	exports, err := api.NewExports(api.Config{Model: r.model, Commands: r.commands, Logger: r.logger})
	if err != nil {
		return err
	}
	file, err := exports.Open(auth.WithViewer(ctx, auth.Viewer{Actor: command.OperatorActor()}), q)
	if err != nil {
		return err
	}
	defer file.Close()
	return atomicfile.Write(out, file.Write)
}

// downloadExport has the server make it. A connection that breaks off is an
// error, and leaves no file.
func downloadExport(ctx context.Context, server running, q api.ExportQuery, out string) error {
	query := url.Values{}
	for name, value := range map[string]string{"round": q.Round, "district": q.District, "subject": q.Subject} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if q.AsOf != 0 {
		query.Set("asOf", strconv.FormatInt(q.AsOf, 10))
	}
	address := server.API + "/exports/" + q.What + "." + string(q.Format) + "?" + query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+server.Token)
	response, err := localClient.Do(request)
	if err != nil {
		return fmt.Errorf("the server at %s: %w: %w", server.API, errBrokeOff, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return refusedBy(server, response)
	}
	return atomicfile.Write(out, func(w io.Writer) error {
		_, err := io.Copy(w, response.Body)
		return err
	})
}

// refusedBy is what a server's refusal says.
func refusedBy(server running, response *http.Response) error {
	var refused struct {
		Errors []struct {
			Message    string `json:"message"`
			Extensions struct {
				Code string `json:"code"`
			} `json:"extensions"`
		} `json:"errors"`
	}
	if err := json.NewDecoder(response.Body).Decode(&refused); err != nil {
		return fmt.Errorf("the server at %s answers %s: %w", server.API, response.Status, err)
	}
	faults := []error{fmt.Errorf("the server at %s answers %s", server.API, response.Status)}
	for _, e := range refused.Errors {
		faults = append(faults, fmt.Errorf("%s (%s)", e.Message, e.Extensions.Code))
	}
	return errors.Join(faults...)
}
