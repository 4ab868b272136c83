package eventstore

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "add golden events that are missing; those that exist never change")

func goldenFile(name string, version int) string {
	return filepath.Join("testdata", "events", fmt.Sprintf("%s.v%d.json", name, version))
}

// readGolden is the stored data of an event; the file adds a line end.
func readGolden(t testing.TB, name string, version int) []byte {
	t.Helper()
	data, err := os.ReadFile(goldenFile(name, version))
	if err != nil {
		t.Fatalf("%v (go test -update adds it)", err)
	}
	return bytes.TrimSuffix(data, []byte("\n"))
}

// Golden events are history: what was stored once is read, and written, the
// same for ever. A file that has been committed is never edited.
func TestGolden(t *testing.T) {
	codec := NewCodec()
	for _, sample := range samples() {
		name := sample.EventType()
		t.Run(name, func(t *testing.T) {
			gotName, encoded, err := codec.Encode(sample)
			if err != nil || gotName != name {
				t.Fatalf("encoded as %q, %v", gotName, err)
			}
			version := codec.kinds[name].version
			if *update {
				addGolden(t, goldenFile(name, version), encoded)
			}
			golden := readGolden(t, name, version)
			if diff := cmp.Diff(string(golden), string(encoded)); diff != "" {
				t.Errorf("encoded otherwise than the golden (-golden +encoded):\n%s", diff)
			}
			decoded, err := codec.Decode(name, golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sample, decoded); diff != "" {
				t.Errorf("golden decoded otherwise than the sample (-sample +decoded):\n%s", diff)
			}
		})
	}
}

func addGolden(t *testing.T, path string, data []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if os.IsExist(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(append(data, '\n')); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

var goldenForm = regexp.MustCompile(`^(.+)\.v([0-9]+)\.json$`)

// Every version that was ever stored still decodes, and has a name that the
// codec knows: dropping an event type from the program would lose history.
func TestGoldenHistory(t *testing.T) {
	codec := NewCodec()
	files, err := os.ReadDir(filepath.Join("testdata", "events"))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]int)
	for _, file := range files {
		match := goldenForm.FindStringSubmatch(file.Name())
		if match == nil {
			t.Errorf("%s is not <name>.v<version>.json", file.Name())
			continue
		}
		version, err := strconv.Atoi(match[2])
		if err != nil {
			t.Fatal(err)
		}
		found[match[1]]++
		if event, err := codec.Decode(match[1], readGolden(t, match[1], version)); err != nil {
			t.Errorf("%s: %v", file.Name(), err)
		} else if event.EventType() != match[1] {
			t.Errorf("%s decodes as %s", file.Name(), event.EventType())
		}
	}
	for name, k := range codec.kinds {
		if found[name] != k.version {
			t.Errorf("%s is at version %d and has %d golden files", name, k.version, found[name])
		}
	}
}
