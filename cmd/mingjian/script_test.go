package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mingjian": main, "person": personMain})
}

// TestScripts uses the program as its user would, from the command line.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"damage": damage, "cut": cut, "overwrite": overwrite},
	})
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
