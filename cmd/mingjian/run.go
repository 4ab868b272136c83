package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/alecthomas/kong"
)

// exitStatus ends the program with a status, after a message was printed.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// cli is the command line. Each command has a Run method in a file of its own.
type cli struct {
	Serve    serveCmd    `cmd:"" help:"Serve the API and the public site."`
	Demo     demoCmd     `cmd:"" help:"Play a simulated evaluation of Shanghai's centers through the same commands that people use, publish it, and serve. Run again, it resumes."`
	Publish  publishCmd  `cmd:"" help:"Publish the next release of a round: all results that are approved now."`
	Criteria criteriaCmd `cmd:"" help:"Show the standard: sections, indicators, clauses and deduction items."`
	Account  accountCmd  `cmd:"" help:"Create and change accounts: who may sign in, and as what."`
	Import   importCmd   `cmd:"" help:"Import data from a file."`
	Rebuild  rebuildCmd  `cmd:"" help:"Fold the whole log into a new read model, compare it with the one in use, and put it in its place."`
	Events   eventsCmd   `cmd:"" help:"Show the events of the log, or of one stream. That they were looked at is put on record first."`

	Node    nodeCmd    `cmd:"" help:"Serve the embedded log alone, over EventStoreDB's protocol, for other tools and languages."`
	Migrate migrateCmd `cmd:"" help:"Copy a log to another one, such as from the embedded node to a cluster, and compare both. Run again, it resumes."`
	Export  exportCmd  `cmd:"" help:"Write every event to a file. The export is put on record first."`
	Backup  backupCmd  `cmd:"" help:"Copy the embedded log and the deployment's key to a new folder, while it is in use. Nothing is written to the log."`
	Restore restoreCmd `cmd:"" help:"Make a data folder of a backup."`
	Fsck    fsckCmd    `cmd:"" help:"Check the embedded log: every checksum, revision and position."`

	Verbose bool `short:"v" help:"Log what happens inside, to standard error."`
}

// place says where the data are; most commands have it.
type place struct {
	Data            string   `default:"data" help:"Folder for the embedded log, the read model and the public site." type:"path" env:"MINGJIAN_DATA"`
	EventStore      string   `name:"eventstore" placeholder:"CONNECTION" help:"EventStoreDB connection string, such as esdb://user:pass@host:2113?tls=true. Without it, the embedded node serves DATA/log.db." env:"MINGJIAN_EVENTSTORE"`
	Keyring         string   `placeholder:"BUCKET" help:"Bucket of the keys that persons are sealed under, such as s3://keys?region=…; a folder of DATA by default. Servers of one log share it." env:"MINGJIAN_KEYRING"`
	Evidence        string   `placeholder:"BUCKET" help:"Bucket of the evidence, such as s3://evidence?region=…; a folder of DATA by default." env:"MINGJIAN_EVIDENCE"`
	Calendar        []string `placeholder:"FILE" sep:"," help:"Working-day calendar to count deadlines by, beside those that are built in, or instead of the one of the same name: such as cn.csv with the next year." type:"existingfile" env:"MINGJIAN_CALENDAR"`
	LeakedPasswords string   `placeholder:"DIR" help:"Folder of SHA-1 range files of leaked passwords, which nobody may use then." env:"MINGJIAN_LEAKED_PASSWORDS"`
}

// stdio is what a command talks to.
type stdio struct {
	in       io.Reader
	out, err io.Writer
	logger   *slog.Logger
}

// run is the program: arguments in, an error out.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	var c cli
	exit := exitStatus(-1)
	parser, err := kong.New(&c,
		kong.Name("mingjian"),
		kong.Description("明鉴 Mingjian: an event-sourced audit platform with a public transparency site. Every score is an event; anyone can check that a published result is the fold of all of them."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = exitStatus(code) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: false, WrapUpperBound: 100}),
	)
	if err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	command, err := parser.Parse(args)
	if exit >= 0 { // --help has printed and asked to leave
		if exit == 0 {
			return nil
		}
		return exit
	}
	if err != nil {
		return fmt.Errorf("%w; see mingjian --help", err)
	}
	level := slog.LevelWarn
	if c.Verbose {
		level = slog.LevelDebug
	}
	logger := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: shortTime}))
	command.BindTo(ctx, (*context.Context)(nil))
	return command.Run(&stdio{in: stdin, out: stdout, err: stderr, logger: logger})
}

func shortTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		a.Value = slog.StringValue(a.Value.Time().Format(time.TimeOnly))
	}
	return a
}
