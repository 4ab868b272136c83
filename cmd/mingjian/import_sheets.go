package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"mingjian/api"
	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/api/sheets"
	"mingjian/domain/registry"
)

// importPlace is what the imports of spreadsheets have in common.
type importPlace struct {
	place
	File      string `arg:"" type:"path" help:"CSV or XLSX, by its content; see import template."`
	DryRun    bool   `help:"Only check the file: list every fault, or say what would be done."`
	CommandID string `name:"command-id" placeholder:"UUID" help:"Of an import that was cut short: the same file goes on where it stopped."`
}

// send has a file imported, by the server on the data folder or else by this
// process, and prints what came of it.
func (c *importPlace) send(ctx context.Context, io *stdio, kind, round string) (*api.ImportAnswer, error) {
	content, err := os.ReadFile(c.File)
	if err != nil {
		return nil, err
	}
	return c.sendContent(ctx, io, kind, round, content)
}

func (c *importPlace) sendContent(ctx context.Context, io *stdio, kind, round string, content []byte) (*api.ImportAnswer, error) {
	if c.CommandID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		c.CommandID = id.String()
	}
	file := api.ImportFile{
		Kind: kind, Name: filepath.Base(c.File), Content: content, Round: round, CommandID: c.CommandID, DryRun: c.DryRun,
	}
	ctx, cancel := context.WithTimeout(ctx, waitTime)
	defer cancel()
	answer, err := importAnywhere(ctx, c.place, io, file)
	if errors.Is(err, errBrokeOff) && !c.DryRun {
		err = fmt.Errorf("%w; the same file with --command-id %s goes on where it stopped", err, c.CommandID)
	}
	if err != nil {
		return nil, err
	}
	return answer, c.report(io, answer)
}

// report prints faults one a line, or the counts.
func (c *importPlace) report(io *stdio, a *api.ImportAnswer) error {
	for _, f := range a.Faults {
		if _, err := fmt.Fprintln(io.err, f.Error()); err != nil {
			return err
		}
	}
	done := "done"
	if a.DryRun {
		done = "to be done"
	}
	if len(a.Faults) == 0 || a.Done+a.Repeated > 0 {
		if _, err := fmt.Fprintf(io.out, "%s: %d rows, %d %s, %d on record already; the log is at position %s\n", c.File, a.Rows, a.Done, done, a.Repeated, a.Position); err != nil {
			return err
		}
	}
	switch {
	case len(a.Faults) == 0:
		return nil
	case a.Retry:
		fmt.Fprintf(io.err, "the same file with --command-id %s goes on where it stopped\n", c.CommandID)
	case a.Done+a.Repeated == 0:
		fmt.Fprintln(io.err, "nothing was written: correct the file and import it again")
	}
	return exitStatus(1)
}

// importAnywhere goes through the server where one runs on the data folder.
func importAnywhere(ctx context.Context, p place, io *stdio, file api.ImportFile) (*api.ImportAnswer, error) {
	if server, ok := findRunning(ctx, p); ok {
		return importThroughServer(ctx, server, file)
	}
	var answer *api.ImportAnswer
	err := withImports(ctx, p, io, func(ctx context.Context, imports *api.Imports) (err error) {
		answer, err = imports.Run(ctx, file)
		return err
	})
	return answer, err
}

// importThroughServer sends the file again for as long as the server gets on
// with it: an answer comes in time, whether all is done or not.
func importThroughServer(ctx context.Context, server running, file api.ImportFile) (*api.ImportAnswer, error) {
	query := url.Values{
		"round": {file.Round}, "commandId": {file.CommandID}, "dryRun": {strconv.FormatBool(file.DryRun)}, "name": {file.Name},
	}
	invited := make(map[string]bool)
	var invitations []api.ImportInvitation
	for {
		answer, err := postFile(ctx, server, "/imports/"+file.Kind+"?"+query.Encode(), file.Content)
		if err != nil {
			return nil, err
		}
		for _, i := range answer.Invitations {
			if !invited[i.Login] {
				invited[i.Login] = true
				invitations = append(invitations, i)
			}
		}
		if !answer.Retry || answer.Done == 0 {
			answer.Invitations = invitations
			return answer, nil
		}
	}
}

// postFile sends a file to the server on this data folder.
func postFile(ctx context.Context, server running, path string, content []byte) (*api.ImportAnswer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.API+path, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/octet-stream")
	text, err := roundTrip(server, request)
	if err != nil {
		return nil, err
	}
	var answer api.ImportAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("the server at %s: %w", server.API, err)
	}
	return &answer, nil
}

// errBrokeOff marks a request of which nobody knows how far it got.
var errBrokeOff = errors.New("the connection broke off")

// roundTrip returns the body of an answer, or the errors that stand in it.
func roundTrip(server running, request *http.Request) ([]byte, error) {
	request.Header.Set("Authorization", "Bearer "+server.Token)
	response, err := localClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the server at %s: %w: %w", server.API, errBrokeOff, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("the server at %s: %w: %w", server.API, errBrokeOff, err)
	}
	if response.StatusCode == http.StatusOK {
		return text, nil
	}
	var refused struct {
		Kind   string `json:"kind"` // of an import, which lists its faults
		Errors []struct {
			Message    string `json:"message"`
			Extensions struct {
				Code string `json:"code"`
			} `json:"extensions"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(text, &refused); err != nil {
		return nil, fmt.Errorf("the server at %s answers %s: %w", server.API, response.Status, err)
	}
	if refused.Kind != "" {
		return text, nil
	}
	faults := []error{fmt.Errorf("the server at %s answers %s", server.API, response.Status)}
	for _, e := range refused.Errors {
		faults = append(faults, fmt.Errorf("%s (%s)", e.Message, e.Extensions.Code))
	}
	return nil, errors.Join(faults...)
}

// withImports brings the platform up and does something as the operator.
func withImports(ctx context.Context, p place, io *stdio, do func(context.Context, *api.Imports) error) (err error) {
	r, err := start(ctx, p, io.logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := r.settled(ctx); err != nil {
		return err
	}
	imports, err := api.NewImports(api.Config{Model: r.model, Commands: r.commands, Accounts: r.accounts, Evidence: r.evidence, Logger: r.logger})
	if err != nil {
		return err
	}
	return do(auth.WithViewer(ctx, auth.Viewer{Actor: command.OperatorActor()}), imports)
}

type importRosterCmd struct{ importPlace }

// rosterStart begins the header of the roster that criteria/ has, which is read
// as strictly as ever.
const rosterStart = "code,"

// Run registers what is new in the file. With any fault in it, nothing is.
func (c *importRosterCmd) Run(ctx context.Context, io *stdio) error {
	content, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(bytes.TrimPrefix(content, []byte("\ufeff")), []byte(rosterStart)) {
		if _, err := registry.ReadRoster(filepath.Base(c.File), bytes.NewReader(content)); err != nil {
			return err
		}
	}
	if _, err := c.sendContent(ctx, io, api.ImportRoster, "", content); err != nil || c.DryRun {
		return err
	}
	sheet, err := sheets.Roster().Read(c.File, content)
	if err != nil {
		return err
	}
	districts := make(map[string]bool)
	for _, row := range sheet.Rows {
		districts[row.DistrictCode] = true
	}
	_, err = fmt.Fprintf(io.out, "%d centers in %d districts are registered\n", len(sheet.Rows), len(districts))
	return err
}

type importAccountsCmd struct {
	importPlace
	Links string `placeholder:"FILE" help:"Where to write login and link, CSV; it must not exist. Mandatory but for a dry run."`
	URL   string `name:"url" placeholder:"URL" default:"http://127.0.0.1:8080" help:"The API's address as people see it, for the links." env:"MINGJIAN_URL"`
}

// Run creates what is new in the file and invites its owners. With any fault in
// it, nothing is created.
func (c *importAccountsCmd) Run(ctx context.Context, io *stdio) (err error) {
	if c.DryRun {
		_, err := c.send(ctx, io, api.ImportAccounts, "")
		return err
	}
	if c.Links == "" {
		return errors.New("name a new file for the links with --links")
	}
	links, err := os.OpenFile(c.Links, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("--links: %w", err)
	}
	out := csv.NewWriter(links)
	written := false
	defer func() {
		out.Flush()
		err = errors.Join(err, out.Error(), links.Close())
		if !written {
			err = errors.Join(err, os.Remove(c.Links))
		}
	}()
	answer, err := c.send(ctx, io, api.ImportAccounts, "")
	if answer == nil {
		return err
	}
	for _, i := range answer.Invitations {
		written = true
		if failed := out.Write([]string{i.Login, strings.TrimSuffix(c.URL, "/") + i.Path, i.ExpiresAt.Format(time.RFC3339)}); failed != nil {
			return errors.Join(err, failed)
		}
	}
	if written {
		_, failed := fmt.Fprintf(io.out, "%d links in %s\n", len(answer.Invitations), c.Links)
		err = errors.Join(err, failed)
	}
	return err
}

type importAssignmentsCmd struct {
	importPlace
	Round string `required:"" placeholder:"ID" help:"The round, such as demo-2022."`
}

// Run assigns. With any fault in the file, nobody is.
func (c *importAssignmentsCmd) Run(ctx context.Context, io *stdio) error {
	if err := c.existing(); err != nil {
		return err
	}
	_, err := c.send(ctx, io, api.ImportAssignments, c.Round)
	return err
}

type importTemplateCmd struct {
	place
	Kind  string `arg:"" enum:"roster,accounts,assignments,scores" help:"roster, accounts, assignments or scores."`
	File  string `arg:"" type:"path" help:"The workbook to write, .xlsx; it must not exist."`
	Round string `placeholder:"ID" help:"For scores: with a row for each clause of each subject of this round's standard. It is put on record as an export."`
}

// Run writes a workbook to fill in.
func (c *importTemplateCmd) Run(ctx context.Context, io *stdio) error {
	content, err := c.template(ctx, io)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(c.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Close())
}

func (c *importTemplateCmd) template(ctx context.Context, io *stdio) (content []byte, err error) {
	if c.Round == "" || c.Kind != api.ImportScores {
		return api.EmptyTemplate(c.Kind)
	}
	if err := c.existing(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, waitTime)
	defer cancel()
	if server, ok := findRunning(ctx, c.place); ok {
		path := "/templates/" + c.Kind + ".xlsx?" + url.Values{"round": {c.Round}}.Encode()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.API+path, http.NoBody)
		if err != nil {
			return nil, err
		}
		return roundTrip(server, request)
	}
	err = withImports(ctx, c.place, io, func(ctx context.Context, imports *api.Imports) error {
		content, err = imports.Template(ctx, c.Kind, c.Round, "")
		return err
	})
	return content, err
}
