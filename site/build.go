package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	releasesDir  = "releases"
	currentLink  = "current"
	asidePrefix  = ".building-"
	nextLink     = ".current-next"
	releaseFile  = "release.json"
	renderers    = 2 // goroutines that render pages
	noticeZh     = "演示数据，非真实评估结果"
	noticeEn     = "demo data"
	dataNotice   = noticeZh + " / " + noticeEn
	demoFileMark = "-demo"

	draftZh       = "公示稿（尚非最终结果）"
	draftEn       = "provisional, not final"
	draftNotice   = draftZh + " / " + draftEn
	draftFileMark = "-provisional"
)

// Result says what a build made.
type Result struct {
	Dir   string // the release's folder
	Files int
	Bytes int64
	Pages int // HTML pages among the files
}

// Build writes one release to releases/<round>-<n>/ and, if it is the newest,
// points current at it.
//
// A crash before the rename leaves a folder aside that the next build sweeps
// away; between the rename and the swap, a complete release that the next build
// of it only has to point at. At no point is current anything but a whole
// release.
//
// A release that is on disk already is compared, not written: ErrPublished if
// this program would write other bytes. The published ones are served on.
func (s *Site) Build(ctx context.Context, round string, number int) (Result, error) {
	s.building.Lock()
	defer s.building.Unlock()
	if !codeForm.MatchString(round) || number < 1 {
		return Result{}, fmt.Errorf("site: round %.40q release %d: %w", round, number, ErrNoRelease)
	}
	started := time.Now() // for the log line only, never for a page
	if err := s.sweep(); err != nil {
		return Result{}, err
	}
	b, err := s.read(ctx, round, number)
	if err != nil {
		return Result{}, err
	}
	name := fmt.Sprintf("%s-%d", round, number)
	final := filepath.Join(s.dir, releasesDir, name)
	exists, err := isDir(final)
	if err != nil {
		return Result{}, err
	}
	var result Result
	var differs error
	if exists {
		result, differs = s.write(ctx, b, newTree(final, true, s.before))
		if differs != nil && !errors.Is(differs, ErrPublished) {
			return Result{}, differs
		}
	} else if result, err = s.writeAside(ctx, b, final); err != nil {
		return Result{}, err
	}
	result.Dir = final
	// From here the release is whole and durable under its own name. A crash
	// now leaves current at the release before it.
	if err := s.promote(name, b); err != nil {
		return Result{}, err
	}
	if differs != nil {
		return Result{}, differs
	}
	s.log.Info("site built", "round", round, "release", number, "known", exists,
		"files", result.Files, "bytes", result.Bytes, "took", time.Since(started))
	return result, nil
}

// writeAside writes and syncs the whole release under a name that nobody
// serves, then renames it.
func (s *Site) writeAside(ctx context.Context, b *book, final string) (Result, error) {
	aside := filepath.Join(filepath.Dir(final), asidePrefix+filepath.Base(final))
	if err := s.before("mkdir", aside); err != nil {
		return Result{}, err
	}
	if err := os.Mkdir(aside, 0o755); err != nil {
		return Result{}, fmt.Errorf("site: %w", err)
	}
	result, err := s.write(ctx, b, newTree(aside, false, s.before))
	if err == nil {
		err = s.rename(aside, final)
	}
	if err != nil {
		return Result{}, errors.Join(err, s.remove(aside))
	}
	return result, syncPath(filepath.Dir(final))
}

// write renders everything into the tree and makes it durable.
func (s *Site) write(ctx context.Context, b *book, t *tree) (Result, error) {
	pages, err := s.render(ctx, b, t)
	if err != nil {
		return Result{}, err
	}
	if err := t.finish(); err != nil {
		return Result{}, err
	}
	files, size := t.total()
	return Result{Files: files, Bytes: size, Pages: pages}, nil
}

// promote points current at the release unless what it points at is newer. The
// size of the log at publication orders the releases of all rounds.
func (s *Site) promote(name string, b *book) error {
	current := filepath.Join(s.dir, currentLink)
	target := filepath.Join(releasesDir, name)
	if at, err := os.Readlink(current); err == nil && at == target {
		return nil
	}
	published, err := readStamp(filepath.Join(current, releaseFile))
	switch {
	case errors.Is(err, fs.ErrNotExist): // the first release
	case err != nil:
		return err
	case published.LogSize > b.LogSize:
		return nil
	}
	next := filepath.Join(s.dir, nextLink)
	if err := s.before("symlink", next); err != nil {
		return err
	}
	if err := os.Symlink(target, next); err != nil {
		return fmt.Errorf("site: %w", err)
	}
	if err := s.rename(next, current); err != nil {
		return err
	}
	return syncPath(s.dir)
}

// sweep removes what a crashed build left aside.
func (s *Site) sweep() error {
	if err := s.remove(filepath.Join(s.dir, nextLink)); err != nil {
		return err
	}
	releases := filepath.Join(s.dir, releasesDir)
	entries, err := os.ReadDir(releases)
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), asidePrefix) {
			continue
		}
		if err := s.remove(filepath.Join(releases, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (s *Site) rename(from, to string) error {
	if err := s.before("rename", to); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("site: %w", err)
	}
	return nil
}

func (s *Site) remove(name string) error {
	if err := s.before("remove", name); err != nil {
		return err
	}
	if err := os.RemoveAll(name); err != nil {
		return fmt.Errorf("site: %w", err)
	}
	return nil
}

func isDir(name string) (bool, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("site: %w", err)
	case !info.IsDir():
		return false, fmt.Errorf("site: %s is not a folder", name)
	}
	return true, nil
}

// stamp is the release.json at the root of the site: which release it is.
type stamp struct {
	DataNotice  string    `json:"dataNotice"`
	Round       string    `json:"round"`
	Release     int       `json:"release"`
	Kind        string    `json:"kind"`
	PublishedAt time.Time `json:"publishedAt"`
	LogSize     int64     `json:"logSize"`
	Engine      string    `json:"engine"`
	Demo        bool      `json:"demo"`
}

func stampOf(b *book) stamp {
	return stamp{
		DataNotice: b.notice(), Round: b.Round.ID, Release: b.Number, Kind: b.Kind, PublishedAt: b.PublishedAt.UTC(),
		LogSize: b.LogSize, Engine: b.Engine, Demo: b.demo(),
	}
}

func readStamp(name string) (stamp, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return stamp{}, err
	}
	var out stamp
	if err := json.Unmarshal(text, &out); err != nil {
		return stamp{}, fmt.Errorf("site: %s: %w", name, err)
	}
	return out, nil
}
