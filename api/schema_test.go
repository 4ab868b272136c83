package api

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestSchemas diffs the printed schemas with the files that clients generate
// code from.
func TestSchemas(t *testing.T) {
	p := startPlatform(t)
	for file, schema := range map[string]string{"schema.graphql": p.internal.SDL(), "public.graphql": p.public.SDL()} {
		if *update {
			must(t, os.WriteFile(file, []byte(schema), 0o644))
			continue
		}
		golden, err := os.ReadFile(file)
		must(t, err)
		if string(golden) != schema {
			t.Errorf("%s differs from the schema; go test ./api -run TestSchemas -update rewrites it", file)
		}
	}
	other, err := NewPublic(p.public.cfg)
	must(t, err)
	if other.SDL() != p.public.SDL() {
		t.Error("two instances print differently")
	}
}
