package site

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// ErrPublished means that a release is on disk with other bytes than this
// program would write. What is on disk stays: published releases never change.
var ErrPublished = errors.New("a published release never changes")

// tree is a folder being written, or, if the release is on disk already, being
// compared: then nothing is written and the first difference is an error.
type tree struct {
	dir     string
	compare bool
	before  func(op, name string) error

	mu    sync.Mutex
	files map[string]file
}

// file is what a finished file holds.
type file struct {
	Size   int64
	SHA256 string
}

func newTree(dir string, compare bool, before func(op, name string) error) *tree {
	return &tree{dir: dir, compare: compare, before: before, files: make(map[string]file)}
}

// put writes one whole file; name is slash-separated.
func (t *tree) put(name string, content []byte) error {
	out, err := t.create(name)
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	return errors.Join(err, out.Close())
}

// create starts a file that is written piece by piece.
func (t *tree) create(name string) (*stream, error) {
	full := filepath.Join(t.dir, filepath.FromSlash(name))
	out := &stream{tree: t, name: name, sum: sha256.New()}
	if t.compare {
		known, err := os.Open(full)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("site: %s is new in %s: %w", name, t.dir, ErrPublished)
		}
		if err != nil {
			return nil, fmt.Errorf("site: %w", err)
		}
		out.file, out.known = known, bufio.NewReaderSize(known, 64<<10)
		return out, nil
	}
	if err := t.before("create", name); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	created, err := os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	out.file = created
	return out, nil
}

// stream is one file on its way.
type stream struct {
	tree  *tree
	name  string
	file  *os.File
	known *bufio.Reader // what the file must hold, when comparing
	buf   []byte
	sum   hash.Hash
	size  int64
}

// Write takes the next bytes of the file.
func (s *stream) Write(p []byte) (int, error) {
	s.sum.Write(p)
	s.size += int64(len(p))
	if s.known == nil {
		if err := s.tree.before("write", s.name); err != nil {
			return 0, err
		}
		return s.file.Write(p)
	}
	s.buf = slices.Grow(s.buf[:0], len(p))[:len(p)]
	if _, err := io.ReadFull(s.known, s.buf); err != nil || !bytes.Equal(s.buf, p) {
		return 0, s.differs()
	}
	return len(p), nil
}

// Close ends the file and remembers its hash.
func (s *stream) Close() error {
	var err error
	if s.known != nil {
		if _, end := s.known.ReadByte(); !errors.Is(end, io.EOF) {
			err = s.differs()
		}
	}
	s.tree.mu.Lock()
	s.tree.files[s.name] = file{Size: s.size, SHA256: hex.EncodeToString(s.sum.Sum(nil))}
	s.tree.mu.Unlock()
	return errors.Join(err, s.file.Close())
}

func (s *stream) differs() error {
	return fmt.Errorf("site: %s would differ from %s: %w", s.name, s.tree.dir, ErrPublished)
}

// finish makes the tree durable, or, when comparing, looks for files on disk
// that the build did not make.
func (t *tree) finish() error {
	var dirs, files []string
	err := filepath.WalkDir(t.dir, func(full string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			dirs = append(dirs, full)
			return nil
		}
		name, err := filepath.Rel(t.dir, full)
		if err != nil {
			return err
		}
		if _, made := t.files[filepath.ToSlash(name)]; !made {
			return fmt.Errorf("%s was not made by this build: %w", name, ErrPublished)
		}
		files = append(files, full)
		return nil
	})
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	if t.compare {
		return nil
	}
	// Files first: a folder entry must not outlive a crash that its file did not.
	for _, full := range slices.Concat(files, dirs) {
		if err := t.before("sync", full); err != nil {
			return err
		}
		if err := syncPath(full); err != nil {
			return err
		}
	}
	return nil
}

// syncPath flushes a file or a folder to the disk.
func syncPath(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("site: sync %s: %w", name, err)
	}
	return nil
}

// total adds up all files.
func (t *tree) total() (files int, size int64) {
	for _, f := range t.files {
		size += f.Size
	}
	return len(t.files), size
}
