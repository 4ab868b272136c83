package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mingjian/api/evidence"
	"mingjian/eventstore/embedded"
	"mingjian/internal/atomicfile"
)

// Files of a data folder that a backup holds, beside the folders of the keyring
// and the evidence. Everything else follows from them.
const (
	logFile = "log.db"
	keyFile = "pseudonym.key"
)

const manifestFile = "backup.json"

// manifest lists a backup's files, so that a damaged or cut one is refused.
type manifest struct {
	Made  time.Time         `json:"made"`
	Files map[string]string `json:"files"` // name → SHA-256, lower-case hex
}

type backupCmd struct {
	Dir  string `arg:"" type:"path" help:"The folder to make; it must not exist."`
	Data string `default:"data" help:"Folder of the log, DATA/log.db." type:"path" env:"MINGJIAN_DATA"`
}

// Run copies aside, checks the copy, and renames: a folder of that name is
// always a whole backup.
func (c *backupCmd) Run(ctx context.Context, io *stdio) error {
	if there, err := exists(c.Dir); err != nil {
		return err
	} else if there {
		return fmt.Errorf("%s is there already: choose a new folder", c.Dir)
	}
	if _, err := os.Stat(filepath.Join(c.Data, logFile)); err != nil {
		return fmt.Errorf("%s has no embedded log (a log on a server has that server's backup; mingjian export works on any): %w", c.Data, err)
	}
	aside := c.Dir + ".part"
	err := os.RemoveAll(aside)
	if err == nil {
		err = c.fill(ctx, aside)
	}
	if err == nil {
		err = atomicfile.Rename(aside, c.Dir)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(aside))
	}
	_, err = fmt.Fprintf(io.out, "%s is backed up in %s\n", c.Data, c.Dir)
	return err
}

func (c *backupCmd) fill(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := embedded.Backup(ctx, filepath.Join(c.Data, logFile), filepath.Join(dir, logFile)); err != nil {
		return err
	}
	if err := sound(ctx, filepath.Join(dir, logFile)); err != nil {
		return err
	}
	// What the log refers to is copied after it, so that the copy has all of it.
	m := manifest{Made: time.Now().UTC().Truncate(time.Second), Files: map[string]string{}}
	names, err := besideLog(c.Data)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		err := copyFile(filepath.Join(c.Data, filepath.FromSlash(name)), to)
		if errors.Is(err, os.ErrNotExist) {
			continue // the key of a person who is being erased
		}
		if err != nil {
			return err
		}
		if m.Files[name], err = fileHash(to); err != nil {
			return err
		}
	}
	if m.Files[logFile], err = fileHash(filepath.Join(dir, logFile)); err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(filepath.Join(dir, manifestFile), append(text, '\n'))
}

// besideLog lists what a data folder holds beside its log: the deployment's key
// (a log that only a bare node has served has none), the keyring, the evidence.
// What is being written has a name that begins with a dot, or lies in a folder.
func besideLog(data string) (names []string, err error) {
	if there, err := exists(filepath.Join(data, keyFile)); err != nil {
		return nil, err
	} else if there {
		names = append(names, keyFile)
	}
	for _, folder := range []string{keyringFolder, evidenceFolder} {
		entries, err := os.ReadDir(filepath.Join(data, folder))
		if errors.Is(err, os.ErrNotExist) {
			continue // in a bucket, or not used yet
		}
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if entry.Type().IsRegular() && !strings.HasPrefix(entry.Name(), ".") {
				names = append(names, folder+"/"+entry.Name())
			}
		}
	}
	return names, nil
}

type restoreCmd struct {
	Dir  string `arg:"" type:"existingdir" help:"The backup."`
	Data string `default:"data" help:"The data folder to make; it must hold no log, and no other log's key." type:"path" env:"MINGJIAN_DATA"`
}

// Run checks the backup before it copies anything. The log comes last: a
// folder with a log has all the rest.
func (c *restoreCmd) Run(ctx context.Context, io *stdio) error {
	// A log that was moved away, but not the tail that a killed server left beside
	// it, would lend that tail to the restored one.
	for _, name := range []string{logFile, logFile + "-wal"} {
		if there, err := exists(filepath.Join(c.Data, name)); err != nil {
			return err
		} else if there {
			return fmt.Errorf("%s holds a log already, at least its %s: restore to another folder, or move it away", c.Data, name)
		}
	}
	var m manifest
	text, err := os.ReadFile(filepath.Join(c.Dir, manifestFile))
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return fmt.Errorf("%s is no whole backup: %s: %w", c.Dir, manifestFile, err)
	}
	names := slices.Sorted(maps.Keys(m.Files))
	for _, name := range names {
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("%s is no backup: it lists %q", c.Dir, name)
		}
		want := m.Files[name]
		got, err := fileHash(filepath.Join(c.Dir, filepath.FromSlash(name)))
		if err != nil {
			return fmt.Errorf("%s is no whole backup: %w", c.Dir, err)
		}
		if got != want {
			return fmt.Errorf("%s is damaged: %s has SHA-256 %s, the backup was made with %s", c.Dir, name, got, want)
		}
	}
	// A data folder of a server on another log has a key too, perhaps the only one.
	if own, err := fileHash(filepath.Join(c.Data, keyFile)); err == nil && own != m.Files[keyFile] {
		return fmt.Errorf("%s holds another log's %s: restore to another folder, or move it away", c.Data, keyFile)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if m.Files[logFile] == "" {
		return fmt.Errorf("%s is no whole backup: %s lists no log", c.Dir, manifestFile)
	}
	if err := sound(ctx, filepath.Join(c.Dir, logFile)); err != nil {
		return err
	}
	for _, name := range append(slices.DeleteFunc(names, func(name string) bool { return name == logFile }), logFile) {
		from, to := filepath.Join(c.Dir, filepath.FromSlash(name)), filepath.Join(c.Data, filepath.FromSlash(name))
		err := os.MkdirAll(filepath.Dir(to), 0o700)
		if err == nil {
			err = copyFile(from, to)
		}
		if err != nil {
			return fmt.Errorf("restore: %w", err)
		}
	}
	_, err = fmt.Fprintf(io.out, "%s, made %s, is restored in %s\n", c.Dir, m.Made.Format(time.RFC3339), c.Data)
	return err
}

type fsckCmd struct {
	Data string `default:"data" help:"Folder of the log, DATA/log.db; it may be in use." type:"path" env:"MINGJIAN_DATA"`
}

// Run names every fault of the log.
func (c *fsckCmd) Run(ctx context.Context, io *stdio) error {
	path := filepath.Join(c.Data, logFile)
	if err := sound(ctx, path); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(io.out, "%s: sound\n", path); err != nil {
		return err
	}
	return c.evidence(ctx, io)
}

// evidence checks every piece of evidence in the data folder by its hash.
func (c *fsckCmd) evidence(ctx context.Context, io *stdio) (err error) {
	folder := filepath.Join(c.Data, evidenceFolder)
	if there, err := exists(folder); err != nil || !there {
		return err
	}
	store, err := evidence.New(evidence.Config{Folder: folder})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	pieces := 0
	var faults []error
	if err := store.Verify(ctx, func(sha string, err error) {
		pieces++
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", filepath.Join(folder, sha), err))
		}
	}); err != nil {
		return err
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	_, err = fmt.Fprintf(io.out, "%s: %d pieces, sound\n", folder, pieces)
	return err
}

// sound checks a log and names what is wrong.
func sound(ctx context.Context, path string) error {
	faults, err := embedded.Check(ctx, path)
	if err != nil {
		return err
	}
	var all []error
	for _, fault := range faults {
		all = append(all, fmt.Errorf("%s: %s", path, fault))
	}
	return errors.Join(all...)
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// copyFile makes a copy that is whole or not there.
func copyFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	return atomicfile.Write(to, func(w io.Writer) error {
		_, err := io.Copy(w, source)
		return err
	})
}

func fileHash(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	return hex.EncodeToString(sum.Sum(nil)), errors.Join(err, file.Close())
}
