package atomicfile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"mingjian/internal/atomicfile"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, content := range []string{"first and longer", "second", ""} {
		if err := atomicfile.WriteBytes(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		only(t, dir, content)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; want a file for its owner", info.Mode(), err)
	}
}

// TestWriteFails leaves the old file, and nothing aside.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := atomicfile.WriteBytes(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the source is gone")
	if err := atomicfile.Write(path, func(w io.Writer) error {
		if _, err := w.Write(make([]byte, 1<<16)); err != nil {
			return err
		}
		only(t, dir, "old", "file.part")
		return broken
	}); !errors.Is(err, broken) {
		t.Errorf("%v, want %v", err, broken)
	}
	only(t, dir, "old")
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.WriteBytes(filepath.Join(dir, "folder"), nil); err == nil {
		t.Error("a folder was replaced by a file")
	}
	if err := atomicfile.WriteBytes(filepath.Join(dir, "nowhere", "file"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want %v", err, os.ErrNotExist)
	}
	only(t, dir, "old", "folder")
}

func TestRenameOfAFolder(t *testing.T) {
	dir := t.TempDir()
	if err := atomicfile.WriteBytes(filepath.Join(dir, "file"), []byte("content")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "aside"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Rename(filepath.Join(dir, "aside"), filepath.Join(dir, "folder")); err != nil {
		t.Fatal(err)
	}
	only(t, dir, "content", "folder")
	if err := atomicfile.Rename(filepath.Join(dir, "aside"), filepath.Join(dir, "other")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want %v", err, os.ErrNotExist)
	}
}

// only checks what the folder holds: the file with its content, and others.
func only(t *testing.T, dir, content string, others ...string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(dir, "file"))
	if err != nil || string(got) != content {
		t.Errorf("the file holds %q, %v; want %q", got, err, content)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 1+len(others) {
		t.Errorf("the folder holds %v, %v", names, err)
	}
	for i, name := range others {
		if names[i+1].Name() != name {
			t.Errorf("the folder holds %v, want %s", names, name)
		}
	}
}
