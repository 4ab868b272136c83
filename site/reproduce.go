package site

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"mingjian/domain"
)

// ErrEngine means that a release was made by another version of the arithmetic
// and the pages than this program's, so that it cannot make its bytes again.
var ErrEngine = errors.New("another engine made the release, only a program with that one can reproduce it")

// Reproduce makes a release again from the log and holds it against the files
// in dir, or, where there is no such folder, writes it there. It is the release
// to the byte, or an error: ErrPublished names the first file that differs,
// ErrEngine the engine that would be needed. What is served is not touched.
func (s *Site) Reproduce(ctx context.Context, round string, number int, dir string) (Result, error) {
	if !codeForm.MatchString(round) || number < 1 {
		return Result{}, fmt.Errorf("site: round %.40q release %d: %w", round, number, ErrNoRelease)
	}
	b, err := s.read(ctx, round, number)
	if err != nil {
		return Result{}, err
	}
	if b.Engine != domain.EngineVersion {
		return Result{}, fmt.Errorf("release %d of round %s is of engine %s, this program has %s: %w", number, round, b.Engine, domain.EngineVersion, ErrEngine)
	}
	exists, err := isDir(dir)
	if err != nil {
		return Result{}, err
	}
	var result Result
	if exists {
		result, err = s.write(ctx, b, newTree(dir, true, s.before))
	} else {
		result, err = s.writeAside(ctx, b, dir)
	}
	result.Dir = dir
	return result, err
}

// ReleaseDir is where a release lies once it is built.
func (s *Site) ReleaseDir(round string, number int) string {
	return filepath.Join(s.dir, releasesDir, fmt.Sprintf("%s-%d", round, number))
}
