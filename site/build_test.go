package site

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func newSite(t testing.TB, dir string, src Source) *Site {
	t.Helper()
	s, err := New(Config{Dir: dir, Source: src, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func build(t testing.TB, dir string, f *fixture) Result {
	t.Helper()
	result, err := newSite(t, dir, f).Build(t.Context(), "2022", f.release)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// contents reads a whole folder, by slash-separated name.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	err = filepath.WalkDir(dir, func(full string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(full)
		name, _ := filepath.Rel(dir, full)
		out[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBuildWritesTheWholeSite(t *testing.T) {
	dir := t.TempDir()
	result := build(t, dir, small(t, true))
	files := contents(t, filepath.Join(dir, "current"))
	if result.Files != len(files) || result.Pages != 8+2+5 {
		t.Errorf("result %+v for %d files", result, len(files))
	}
	for _, name := range []string{
		"index.html", "ranking.html", "districts/index.html", "districts/310115.html", "centers/310101002.html",
		"criteria.html", "appeals.html", "changes.html", "data.html", "404.html", "release.json",
		"data/centers-demo.csv", "data/districts-demo.csv", "data/clauses-demo.csv", "data/release-demo.json",
		"data/appeals-demo.csv", "data/appeal-statistics-demo.csv", "data/changes-demo.csv", "data/changes-demo.json",
	} {
		if files[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	target, err := os.Readlink(filepath.Join(dir, "current"))
	if err != nil || target != "releases/2022-1" {
		t.Errorf("current points at %q: %v", target, err)
	}
}

func TestSameReleaseSameBytes(t *testing.T) {
	var builds []map[string]string
	for _, zone := range []string{"UTC", "America/Los_Angeles", "Asia/Shanghai"} {
		t.Run(zone, func(t *testing.T) {
			t.Setenv("TZ", zone)
			withLocal(t, zone)
			dir := t.TempDir()
			build(t, dir, small(t, false))
			builds = append(builds, contents(t, filepath.Join(dir, "current")))
		})
	}
	for i, other := range builds[1:] {
		if !maps.Equal(builds[0], other) {
			t.Errorf("build %d differs from the first", i+1)
		}
	}
}

func TestKnownReleaseIsComparedNotWritten(t *testing.T) {
	dir := t.TempDir()
	f := small(t, false)
	first := build(t, dir, f)
	before := contents(t, first.Dir)
	if again := build(t, dir, f); again != first {
		t.Errorf("built again: %+v, first %+v", again, first)
	}
	for _, tamper := range []struct{ name, text string }{
		{"index.html", before["index.html"] + " "},
		{"centers/310101002.html", strings.Replace(before["centers/310101002.html"], "扣", "加", 1)},
		{"data/centers.csv", before["data/centers.csv"][:40]},
		{"extra.html", "never published"},
	} {
		t.Run(tamper.name, func(t *testing.T) {
			full := filepath.Join(first.Dir, filepath.FromSlash(tamper.name))
			if err := os.WriteFile(full, []byte(tamper.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := newSite(t, dir, f).Build(t.Context(), "2022", 1)
			if !errors.Is(err, ErrPublished) {
				t.Errorf("tampered with, Build says %v", err)
			}
			if got := contents(t, first.Dir)[tamper.name]; got != tamper.text {
				t.Error("Build wrote over a published file")
			}
			if want, ok := before[tamper.name]; ok {
				err = os.WriteFile(full, []byte(want), 0o600)
			} else {
				err = os.Remove(full)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestOlderReleaseDoesNotBecomeCurrent(t *testing.T) {
	dir := t.TempDir()
	f := small(t, false)
	f.release, f.logSize = 2, 900
	build(t, dir, f)
	f.release, f.logSize = 1, 600
	build(t, dir, f)
	f.release, f.logSize = 2, 900
	if target, _ := os.Readlink(filepath.Join(dir, "current")); target != "releases/2022-2" {
		t.Errorf("current points at %s", target)
	}
}

func TestNoSuchRelease(t *testing.T) {
	s := newSite(t, t.TempDir(), small(t, false))
	for _, c := range []struct {
		round  string
		number int
	}{{"2022", 7}, {"2019", 1}, {"../2022", 1}, {"2022", 0}, {"", 1}} {
		if _, err := s.Build(t.Context(), c.round, c.number); !errors.Is(err, ErrNoRelease) {
			t.Errorf("round %q release %d: %v", c.round, c.number, err)
		}
	}
}

var errCrash = errors.New("crash")

// TestCrashAnywhere breaks a build off before each single change on disk, as a
// kill would: nothing after it happens, no clean-up either. The site stays the
// old one or is the new one, whole; the next build completes it and leaves
// nothing lying about.
func TestCrashAnywhere(t *testing.T) {
	f := small(t, false)
	oldDir, newDir := t.TempDir(), t.TempDir()
	build(t, oldDir, f)
	f.release, f.logSize = 2, f.logSize+10
	build(t, newDir, f)
	before, after := contents(t, filepath.Join(oldDir, "current")), contents(t, filepath.Join(newDir, "current"))

	steps := 0
	for crashAt := 1; ; crashAt++ {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(oldDir))); err != nil {
			t.Fatal(err)
		}
		s := newSite(t, dir, f)
		steps = 0
		s.before = func(string, string) error {
			if steps++; steps >= crashAt {
				return errCrash
			}
			return nil
		}
		s.beforeMutex()
		_, err := s.Build(t.Context(), "2022", 2)
		if err == nil {
			break
		}
		if !errors.Is(err, errCrash) {
			t.Fatalf("step %d: %v", crashAt, err)
		}
		if got := contents(t, filepath.Join(dir, "current")); !maps.Equal(got, before) && !maps.Equal(got, after) {
			t.Fatalf("step %d left current torn", crashAt)
		}
		build(t, dir, f)
		if got := contents(t, filepath.Join(dir, "current")); !maps.Equal(got, after) {
			t.Fatalf("step %d: the next build did not recover", crashAt)
		}
		if names := entries(t, dir); !slices.Equal(names, []string{"current", "releases", "releases/2022-1", "releases/2022-2"}) {
			t.Fatalf("step %d left %v", crashAt, names)
		}
		_ = os.RemoveAll(dir)
	}
	if steps < 50 {
		t.Errorf("only %d steps were tried", steps)
	}
}

func TestSourceFailureLeavesTheSite(t *testing.T) {
	dir := t.TempDir()
	f := small(t, false)
	build(t, dir, f)
	before := contents(t, filepath.Join(dir, "current"))
	f.release, f.logSize = 2, f.logSize+10
	for _, operation := range []string{"Home", "Ranking", "District", "Center", "Criteria", "Changes", "Appeals"} {
		f.fail = func(op string) error {
			if op == operation {
				return fmt.Errorf("%s: %w", op, errCrash)
			}
			return nil
		}
		if _, err := newSite(t, dir, f).Build(t.Context(), "2022", 2); !errors.Is(err, errCrash) {
			t.Errorf("%s: %v", operation, err)
		}
	}
	f.fail = nil
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newSite(t, dir, f).Build(ctx, "2022", 2); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if got := contents(t, filepath.Join(dir, "current")); !maps.Equal(got, before) {
		t.Error("a failed build changed the site")
	}
	if names := entries(t, dir); !slices.Equal(names, []string{"current", "releases", "releases/2022-1"}) {
		t.Errorf("left behind: %v", names)
	}
}

// entries lists the site's folder two levels deep.
func entries(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*", "releases/*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, full := range found {
			name, _ := filepath.Rel(dir, full)
			names = append(names, filepath.ToSlash(name))
		}
	}
	slices.Sort(names)
	return names
}
