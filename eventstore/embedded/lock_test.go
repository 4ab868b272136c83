package embedded

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOneNodeToAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	if address, ok := Running(path); ok {
		t.Fatalf("running at %s before the start", address)
	}
	n := startNode(t, Config{Path: path})
	if address, ok := Running(path); !ok || address != n.Address() {
		t.Fatalf("Running says %q, %v; want %q", address, ok, n.Address())
	}
	_, err := Start(Config{Path: path, Logger: quiet})
	var inUse *InUseError
	if !errors.As(err, &inUse) || inUse.Path != path || inUse.PID != os.Getpid() || inUse.Address != n.Address() {
		t.Fatalf("second Start: %#v", err)
	}
	fill(t, connect(t, n.Address()), "still-served", 1, 1, 10)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := Running(path); ok {
		t.Fatal("running after Close")
	}
	startNode(t, Config{Path: path})
}

// TestStaleLock: what a killed process leaves behind is not believed, and tidied away.
func TestStaleLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	folder, err := os.MkdirTemp("", socketFolder)
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(folder, socketName)
	if err := errors.Join(os.WriteFile(socket, nil, 0o600),
		os.WriteFile(lockPath(path), []byte(`{"pid":1,"address":"unix://`+socket+`"}`), 0o600)); err != nil {
		t.Fatal(err)
	}
	if address, ok := Running(path); ok {
		t.Fatalf("running at %s, says a stale file", address)
	}
	n := startNode(t, Config{Path: path})
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Fatalf("the old socket's folder is still there: %v", err)
	}
	folder = filepath.Dir(strings.TrimPrefix(n.Address(), "unix://"))
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("socket folder: %v, %v", info, err)
	}
	if err := errors.Join(n.Close(), n.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Fatalf("the socket's folder outlives the node: %v", err)
	}
}

func TestValidateReportsAllFaults(t *testing.T) {
	err := Config{Path: "/no/such/folder/log.db", Listen: "0.0.0.0:99999", Username: "u"}.Validate()
	if err == nil {
		t.Fatal("valid")
	}
	for _, fault := range []string{"/no/such/folder", "99999", "go together"} {
		if !strings.Contains(err.Error(), fault) {
			t.Errorf("%q is missing from: %v", fault, err)
		}
	}
	for _, c := range []Config{
		{Path: filepath.Join(t.TempDir(), "log.db"), Listen: "0.0.0.0:2113"},
		{Path: filepath.Join(t.TempDir(), "log.db"), Username: "u", Password: "p"},
		{},
	} {
		if c.Validate() == nil {
			t.Errorf("%+v is valid", c)
		}
	}
}
