package evidence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// spool is the folder where bytes wait until they are known in full.
type spool string

const (
	spoolPrefix = "part-"
	// spoolAttempts outlasts sweeps that meet a file in the moment of its birth.
	spoolAttempts = 10
)

// create makes a file that is locked as long as this process keeps it open.
// The kernel drops the lock with the process, however that ends, which is how
// a sweep tells the rest of a dead upload from a living one.
func (s spool) create() (*os.File, error) {
	for range spoolAttempts {
		file, err := os.CreateTemp(string(s), spoolPrefix+"*")
		if err != nil {
			return nil, err
		}
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil && stillThere(file) {
			return file, nil
		}
		discard(file)
		if err != nil && !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
	}
	return nil, fmt.Errorf("no file could be kept in %s: something else removes files there", string(s))
}

// stillThere is false when a sweep came between making the file and locking it.
func stillThere(file *os.File) bool {
	ours, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(file.Name())
	return err == nil && os.SameFile(ours, named)
}

// scratch makes a file without a name: it is gone when it is closed.
func (s spool) scratch() (*os.File, error) {
	file, err := os.CreateTemp(string(s), spoolPrefix+"*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// discard closes a file and removes it where its name still stands.
func discard(file *os.File) {
	_ = os.Remove(file.Name()) // a rest is swept at the next start
	_ = file.Close()
}

// sweep removes what uploads of dead processes left behind.
func (s spool) sweep() (removed int, err error) {
	entries, err := os.ReadDir(string(s))
	if err != nil {
		return 0, err
	}
	var faults []error
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !strings.HasPrefix(entry.Name(), spoolPrefix) {
			continue
		}
		gone, err := removeDead(filepath.Join(string(s), entry.Name()))
		faults = append(faults, err)
		if gone {
			removed++
		}
	}
	return removed, errors.Join(faults...)
}

func removeDead(path string) (removed bool, err error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil // its owner was faster
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil // its owner lives
	}
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := os.Remove(path); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return false, nil
		}
		return false, err
	}
	return true, nil
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
