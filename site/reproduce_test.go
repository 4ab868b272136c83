package site

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mingjian/domain"
)

// TestReproduce makes a published release again: beside it, against it, and
// against one in which a byte, a file more or a file less is not as published.
func TestReproduce(t *testing.T) {
	dir := t.TempDir()
	f := small(t, true)
	built := build(t, dir, f)
	s := newSite(t, dir, f)
	aside := filepath.Join(t.TempDir(), "again")
	again, err := s.Reproduce(t.Context(), "2022", f.release, aside)
	if err != nil {
		t.Fatal(err)
	}
	if again.Files != built.Files || again.Bytes != built.Bytes || !maps.Equal(contents(t, aside), contents(t, built.Dir)) {
		t.Errorf("reproduced %+v of %+v", again, built)
	}
	published := s.ReleaseDir("2022", f.release)
	if published != built.Dir {
		t.Errorf("the release is in %s, looked for in %s", built.Dir, published)
	}
	if result, err := s.Reproduce(t.Context(), "2022", f.release, published); err != nil || result.Files != built.Files {
		t.Errorf("against what is published: %+v, %v", result, err)
	}
	for name, change := range map[string]func(path string) error{
		"a byte":      func(path string) error { return os.WriteFile(path, []byte("x"), 0o644) },
		"a file less": os.Remove,
		"a file more": func(path string) error { return os.WriteFile(path+".bak", nil, 0o644) },
	} {
		copied := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(copied, os.DirFS(aside)); err != nil {
			t.Fatal(err)
		}
		if err := change(filepath.Join(copied, "districts", "310115.html")); err != nil {
			t.Fatal(err)
		}
		_, err := s.Reproduce(t.Context(), "2022", f.release, copied)
		if !errors.Is(err, ErrPublished) || !strings.Contains(err.Error(), "310115.html") {
			t.Errorf("%s: %v, want ErrPublished that names the file", name, err)
		}
	}
	if _, err := s.Reproduce(t.Context(), "2022", f.release+1, aside); !errors.Is(err, ErrNoRelease) {
		t.Errorf("a release that there is not: %v", err)
	}
}

// TestReproduceOtherEngine: a release of another engine is not approximated.
func TestReproduceOtherEngine(t *testing.T) {
	f := small(t, true)
	f.engine = "0"
	aside := filepath.Join(t.TempDir(), "again")
	_, err := newSite(t, t.TempDir(), f).Reproduce(t.Context(), "2022", f.release, aside)
	if !errors.Is(err, ErrEngine) || !strings.Contains(err.Error(), "engine 0, this program has "+domain.EngineVersion) {
		t.Errorf("%v, want ErrEngine with both", err)
	}
	if _, err := os.Stat(aside); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}
