package embedded

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"testing"
)

// TestCloseAtOnce: a node that is closed before it has served a call leaves its address free and
// says nothing in the log.
func TestCloseAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	var text bytes.Buffer
	cfg := Config{Path: path, Listen: "127.0.0.1:0", Logger: slog.New(slog.NewTextHandler(&text, nil))}
	for range 20 {
		n, err := Start(cfg)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Listen = n.Address()
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if text.Len() > 0 {
		t.Fatalf("logged: %s", &text)
	}
}
