package evidence_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"mingjian/api/evidence"
)

const (
	crashFolder = "MINGJIAN_TEST_CRASH_FOLDER" // set for the child: where to store
	crashHalf   = "MINGJIAN_TEST_CRASH_HALF"   // set for a child that stops within an upload
)

// TestKillNine kills a process that stores pieces, again and again. Each piece
// that it was told to be stored is there and whole, and no other is damaged.
func TestKillNine(t *testing.T) {
	if folder := os.Getenv(crashFolder); folder != "" {
		storeForEver(t, folder)
	}
	r := inFolder(t)
	acked := map[string]bool{}
	for round := range 3 {
		for _, sha := range linesUntilKilled(t, 5+3*round, crashFolder+"="+r.folder) {
			acked[sha] = true
		}
		reopened := openFolder(t, r.folder)
		if rest := reopened.spooled(t); len(rest) > 0 {
			t.Errorf("left in the spool: %q", rest)
		}
		must(t, reopened.Verify(t.Context(), func(sha string, err error) {
			if err != nil {
				t.Errorf("%s: %v", sha, err)
			}
		}))
		names := reopened.names(t)
		for sha := range acked {
			if !slices.Contains(names, sha) {
				t.Errorf("%s was stored and is gone", sha)
			}
		}
	}
	t.Logf("%d pieces acknowledged, all there", len(acked))
}

// TestKilledWithinAnUpload: the rest is seen, bears no hash, and is gone after
// the next start.
func TestKilledWithinAnUpload(t *testing.T) {
	if folder := os.Getenv(crashFolder); folder != "" {
		storeHalf(t, folder)
	}
	r := inFolder(t)
	linesUntilKilled(t, 1, crashFolder+"="+r.folder, crashHalf+"=1")
	if rest := r.spooled(t); len(rest) != 1 || !strings.HasPrefix(rest[0], "part-") {
		t.Fatalf("in the spool: %q, want the rest of one upload", rest)
	}
	if names := r.names(t); len(names) > 0 {
		t.Errorf("stored: %q", names)
	}
	openFolder(t, r.folder).empty(t)
}

func storeForEver(t *testing.T, folder string) {
	store, err := evidence.New(evidence.Config{Folder: folder})
	must(t, err)
	photo := append(jpegOf(t, picture(8, 4)), make([]byte, 200_000)...)
	for {
		_, _ = rand.Read(photo[len(photo)-8:]) // never fails
		piece, err := store.Put(t.Context(), bytes.NewReader(photo))
		must(t, err)
		fmt.Printf("did %s\n", piece.SHA256)
	}
}

func storeHalf(t *testing.T, folder string) {
	store, err := evidence.New(evidence.Config{Folder: folder})
	must(t, err)
	photo := append(jpegOf(t, picture(8, 4)), make([]byte, 200_000)...)
	_, err = store.Put(t.Context(), io.MultiReader(bytes.NewReader(photo), callback(func() {
		fmt.Println("did half")
		select {}
	})))
	must(t, err)
}

// linesUntilKilled runs the calling test in a child, kills it after so many
// lines that report something done, and returns what they report.
func linesUntilKilled(t *testing.T, lines int, env ...string) (done []string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), env...)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	scanner := bufio.NewScanner(out)
	for scanner.Scan() {
		if what, ok := strings.CutPrefix(scanner.Text(), "did "); ok {
			done = append(done, what)
		}
		if len(done) == lines {
			must(t, child.Process.Kill())
			lines = -1 // what is in the pipe counts too
		}
	}
	if err := child.Wait(); len(done) == 0 || lines != -1 {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return done
}
