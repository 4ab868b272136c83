package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mingjian/eventstore/embedded"
)

// TestOnServer plays the small demo on a server, the one that
// MINGJIAN_TEST_ESDB names or an embedded node behind TCP, and wants the
// ranking that the same demo has on a log of its own. It needs no files beside
// the test binary, so that `go test -c` makes something to take along.
func TestOnServer(t *testing.T) {
	connection := os.Getenv("MINGJIAN_TEST_ESDB")
	if connection == "" {
		node, err := embedded.Start(embedded.Config{Path: filepath.Join(t.TempDir(), "log.db"), Listen: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := node.Close(); err != nil {
				t.Error(err)
			}
		})
		connection = "esdb://" + node.Address() + "?tls=false"
	}
	// One key for all runs, as for all servers of one log; a server that was
	// tested before has its fingerprint.
	key := []byte("the pseudonym key of this test..")
	demo := func(args ...string) string {
		var out strings.Builder
		data := t.TempDir()
		if err := os.WriteFile(filepath.Join(data, keyFile), key, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append([]string{"demo", "--once", "--centers", "12", "--seed", "2022", "--data", data}, args...)
		if err := run(t.Context(), args, strings.NewReader(""), &out, os.Stderr); err != nil {
			t.Fatalf("mingjian %s: %v\n%s", strings.Join(args, " "), err, out.String())
		}
		_, ranking, ok := strings.Cut(out.String(), "名次")
		if !ok {
			t.Fatalf("no ranking in %s", out.String())
		}
		return ranking
	}
	own := demo()
	if there := demo("--eventstore", connection); there != own {
		t.Errorf("on the server:\n%s\non a log of its own:\n%s", there, own)
	}
	// Again, from an empty data folder: what is on the server is folded, not played.
	if again := demo("--eventstore", connection); again != own {
		t.Errorf("a second time:\n%s\nthe first time:\n%s", again, own)
	}
	// With another key, people would get other pseudonyms: refused.
	err := run(t.Context(), []string{"serve", "--data", t.TempDir(), "--eventstore", connection}, strings.NewReader(""), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "pseudonym.key is missing or not this log's") {
		t.Errorf("a server with another key: %v", err)
	}
}
