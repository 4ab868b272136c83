package main

import (
	"io"
	"strings"
	"testing"
)

// BenchmarkDemo plays, publishes and renders the whole evaluation of 215
// centers, from an empty folder.
func BenchmarkDemo(b *testing.B) {
	for b.Loop() {
		args := []string{"demo", "--once", "--data", b.TempDir()}
		if err := run(b.Context(), args, strings.NewReader(""), io.Discard, io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
