package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLeftoverOfAKilledServer leaves a file that points at another folder's
// server, as a kill does: commands must not go there.
func TestLeftoverOfAKilledServer(t *testing.T) {
	other := serveDemo(t, "--centers", "2")
	own := t.TempDir()
	cliOutput(t, "demo", "--once", "--centers", "3", "--data", own)
	deliberateDemo(t, own)
	text, err := json.Marshal(other.running)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(own, runningFile), text, 0o600); err != nil {
		t.Fatal(err)
	}
	before := other.cli("events")
	cliOutput(t, "publish", "--round", "demo-2022", "--reason", "再次发布", "--data", own)
	cliOutput(t, "rebuild", "--data", own)
	if !onlyLooked(before, other.cli("events")) {
		t.Error("a command went to another folder's server")
	}
	if n := strings.Count(cliOutput(t, "events", "--data", own), "round.Published"); n != 3 {
		t.Errorf("%d releases on record, want 3", n)
	}
}

// TestRestoredLogIsFoldedAnew puts an older copy of the log under a read model
// that has seen more: it must not pass over what is recorded from then on.
func TestRestoredLogIsFoldedAnew(t *testing.T) {
	data, saved := t.TempDir(), filepath.Join(t.TempDir(), "saved")
	cliOutput(t, "demo", "--once", "--centers", "2", "--data", data)
	deliberateDemo(t, data)
	cliOutput(t, "backup", saved, "--data", data)
	cliOutput(t, "publish", "--round", "demo-2022", "--reason", "一", "--data", data)
	if err := os.Remove(filepath.Join(data, logFile)); err != nil {
		t.Fatal(err)
	}
	cliOutput(t, "restore", saved, "--data", data)
	for range 2 {
		if out := cliOutput(t, "rebuild", "--data", data); !strings.Contains(out, "identical") {
			t.Error(out)
		}
	}
}

// TestDamagedReadModelIsMadeAnew damages what can be derived.
func TestDamagedReadModelIsMadeAnew(t *testing.T) {
	data := t.TempDir()
	cliOutput(t, "demo", "--once", "--centers", "2", "--data", data)
	files, err := filepath.Glob(filepath.Join(data, "readmodel", "*.db"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte("this was a database once"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := cliOutput(t, "rebuild", "--data", data); !strings.Contains(out, "identical") {
		t.Error(out)
	}
}

// TestNothingIsMadeWhereNothingIs mistypes a folder.
func TestNothingIsMadeWhereNothingIs(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	for _, args := range [][]string{{"events"}, {"rebuild"}, {"publish", "--round", "demo-2022"}} {
		err := run(t.Context(), append(args, "--data", nowhere), strings.NewReader(""), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "no log in "+nowhere) {
			t.Errorf("%s: %v", args[0], err)
		}
	}
	if _, err := os.Stat(nowhere); err == nil {
		t.Error("a folder was made")
	}
}
