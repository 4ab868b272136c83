package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(reactorEnv); what != "" {
		fmt.Fprintln(os.Stderr, "reactor:", reactorMain(what))
		os.Exit(1)
	}
	testscript.Main(m, map[string]func(){"mingjian": main, "person": personMain})
}

// TestScripts uses the program as its user would, from the command line.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"damage": damage, "cut": cut, "overwrite": overwrite, "same": same, "deliberate": deliberate, "calendar": writeCalendar,
		},
	})
}

// writeCalendar makes a calendar that holds the years around today, whenever
// that is.
func writeCalendar(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: calendar file")
	}
	year := time.Now().Year()
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(calendarOf(year-1, year+1)), 0o600))
}

// deliberate discusses what is approved in a demo's folder.
func deliberate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: deliberate folder")
	}
	ts.Check(deliberateIn(context.Background(), ts.MkAbs(args[0])))
}

// damage changes one byte in the last place that a text stands in a file.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: damage file text")
	}
	path := ts.MkAbs(args[0])
	content, err := os.ReadFile(path)
	ts.Check(err)
	at := bytes.LastIndex(content, []byte(args[1]))
	if at < 0 {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	content[at] ^= 1
	ts.Check(os.WriteFile(path, content, 0o600))
}

// overwrite changes the last byte of a folder's first file.
func overwrite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: overwrite folder")
	}
	folder := ts.MkAbs(args[0])
	entries, err := os.ReadDir(folder)
	ts.Check(err)
	path := filepath.Join(folder, entries[0].Name())
	content, err := os.ReadFile(path)
	ts.Check(err)
	content[len(content)-1] ^= 1
	ts.Check(os.WriteFile(path, content, 0o600))
}

// same compares two archives or listings of events, but for who took data out:
// that one was made is itself an event of its log.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: same file file")
	}
	var events [2][]string
	for i, arg := range args {
		for line := range strings.Lines(ts.ReadFile(arg)) {
			event := strings.Contains(line, "@") || strings.Contains(line, `"stream":"`) // or an archive's first or last line
			if event && !strings.Contains(line, "access.Exported") && !strings.Contains(line, "access.TrailViewed") {
				events[i] = append(events[i], line)
			}
		}
	}
	if len(events[0]) == 0 || !slices.Equal(events[0], events[1]) {
		ts.Fatalf("%s has %d events, %s has %d, or others", args[0], len(events[0]), args[1], len(events[1]))
	}
}

// cut drops the second half of a file.
func cut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: cut file")
	}
	path := ts.MkAbs(args[0])
	content, err := os.ReadFile(path)
	ts.Check(err)
	ts.Check(os.WriteFile(path, content[:len(content)/2], 0o600))
}
