// Package nodejs_test runs the official Node.js client against the event store. It is a
// second reading of the protocol: it asks for event ids as text, throws for a missing trailer, and
// uses BatchAppend as soon as a server lists it.
package nodejs_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mingjian/eventstore/embedded"
)

const (
	// server is the variable that names a store to test instead of the embedded node.
	server = "MINGJIAN_TEST_ESDB"
	// skip is the variable that leaves the test out, and holds the reason.
	skip = "MINGJIAN_SKIP_NODEJS"
	// address is the variable that tells suite where the store is.
	address = "MINGJIAN_NODEJS_ESDB"

	suite       = "client.test.mjs"
	oldestMajor = 20

	remedy = "install Node.js 20 or newer with npm (https://nodejs.org/en/download, or your system's packages nodejs and npm); " +
		"where that cannot be, set " + skip + " to the reason and this test is skipped"
)

// patience is how long a command may take. It is a guard against hanging: nothing passes or fails
// by how fast it is.
const patience = 4 * time.Minute

func TestClient(t *testing.T) {
	if reason := os.Getenv(skip); reason != "" {
		t.Skipf("the Node.js client is not tested: %s=%s", skip, reason)
	}
	node, npm := tools(t)
	installPackages(t, npm)
	if given := os.Getenv(server); given != "" {
		runSuite(t, node, given)
		return
	}
	at := startNode(t)
	// The client's deadline of 10 s is for people who wait; here it would time a slow machine.
	const parameters = "?tls=false&defaultDeadline=60000"
	t.Run("one address", func(t *testing.T) { runSuite(t, node, "esdb://"+at+parameters) })
	t.Run("discovery", func(t *testing.T) { runSuite(t, node, "esdb+discover://"+at+parameters) })
}

// tools finds node and npm. A machine without them fails: a test that passes by not running would
// say that the client works.
func tools(t *testing.T) (node, npm string) {
	t.Helper()
	node, nodeErr := exec.LookPath("node")
	npm, npmErr := exec.LookPath("npm")
	if err := errors.Join(nodeErr, npmErr); err != nil {
		t.Fatalf("%v\n%s", err, remedy)
	}
	version := strings.TrimSpace(string(run(t, exec.CommandContext(within(t), node, "--version"))))
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldestMajor {
		t.Fatalf("node is %s\n%s", version, remedy)
	}
	return node, npm
}

// installPackages makes node_modules what the lock says. The mark is written last, so that an
// installation that broke off is done again.
func installPackages(t *testing.T, npm string) {
	t.Helper()
	var want []byte
	for _, name := range []string{"package.json", "package-lock.json"} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, content...)
	}
	mark := filepath.Join("node_modules", ".installed")
	got, err := os.ReadFile(mark)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	run(t, exec.CommandContext(within(t), npm, "ci"))
	if err := os.WriteFile(mark, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

// startNode serves a new log and returns its host and port. In the end the file has to be sound.
func startNode(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.db")
	node, err := embedded.Start(embedded.Config{Path: path, Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Close(); err != nil {
			t.Error(err)
		}
		if faults, err := embedded.Check(context.Background(), path); err != nil || len(faults) > 0 {
			t.Errorf("after the suite the file has faults %v, %v", faults, err)
		}
	})
	return node.Address()
}

func runSuite(t *testing.T, node, connection string) {
	t.Helper()
	// go test knows of files that the test itself looks at: without this it would repeat an old
	// result after a change of the suite.
	if _, err := os.ReadFile(suite); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(within(t), node, "--test", "--test-reporter=spec", suite)
	cmd.Env = append(os.Environ(), address+"="+connection)
	if os.Getenv(server) == "" {
		cmd.Env = append(cmd.Env, "no_grpc_proxy=127.0.0.1") // unlike Go's, this client takes a proxy to its own machine
	}
	t.Logf("%s", run(t, cmd))
}

// run returns what a command printed, or fails with it.
func run(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	// An interrupt, unlike a kill, lets node and npm end the processes that they started.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, output)
	}
	return output
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}
