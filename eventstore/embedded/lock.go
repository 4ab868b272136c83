package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// InUseError is returned by Start when another node, in this process or another, serves the same
// file. The caller may attach to Address as a client, or stop.
type InUseError struct {
	// Path is the file that was asked for.
	Path string
	// PID is the process that holds it; 0 when it has not written it yet.
	PID int
	// Address is where the holder serves; empty while it is still starting.
	Address string
}

// Error names the file, its holder and where the holder can be reached.
func (e *InUseError) Error() string {
	return fmt.Sprintf("%s is served by process %d at %q", e.Path, e.PID, e.Address)
}

// holder is the content of the lock file. It is only believed while the file is locked: the kernel
// drops the lock with the process, however that ends, but not the content.
type holder struct {
	PID     int    `json:"pid"`
	Address string `json:"address"`
}

// Running reports the address of the node that serves path at the moment, so that another process
// of the same user can attach to it as a client.
func Running(path string) (address string, ok bool) {
	file, err := os.Open(lockPath(path))
	if err != nil {
		return "", false
	}
	defer file.Close()
	if syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return "", false // nobody holds it; closing the file lets go again
	}
	held := readHolder(path)
	return held.Address, held.Address != ""
}

// lock keeps every other node away from one file. The writer's caches rely on it: with two writers
// both would hand out the same revisions.
type lock struct{ file *os.File }

// lockAttempts outlasts the moment for which Running holds the lock to probe it.
const lockAttempts = 10

func acquire(path string) (*lock, error) {
	file, err := os.OpenFile(lockPath(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	for range lockAttempts {
		if err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	l, held := &lock{file}, readHolder(path)
	switch {
	case err == nil:
		removeSocket(held.Address) // left behind by a killed process
		if err = l.publish(""); err == nil {
			return l, nil
		}
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = &InUseError{Path: path, PID: held.PID, Address: held.Address}
	default:
		err = fmt.Errorf("lock: %w", err)
	}
	file.Close()
	return nil, err
}

// publish tells other processes where the node listens. One small write: a reader sees the old
// content, the new one, or text that does not parse, which counts as "still starting".
func (l *lock) publish(address string) error {
	text, err := json.Marshal(holder{PID: os.Getpid(), Address: address})
	if err != nil {
		return err
	}
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if _, err := l.file.WriteAt(text, 0); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}

// release leaves the file in place: removing it would let a third process lock a new file of that
// name while a second one still waits on the old.
func (l *lock) release() error {
	return errors.Join(l.file.Truncate(0), l.file.Close())
}

func lockPath(path string) string { return path + ".lock" }

func readHolder(path string) (held holder) {
	text, err := os.ReadFile(lockPath(path))
	if err != nil || json.Unmarshal(text, &held) != nil {
		return holder{}
	}
	return held
}

const (
	socketFolder = "mingjian-node-"
	socketName   = "s"
)

// removeSocket removes the socket and its folder, and nothing that does not look like ours.
func removeSocket(address string) {
	socket, ok := strings.CutPrefix(address, "unix://")
	folder := filepath.Dir(socket)
	if ok && filepath.Base(socket) == socketName && strings.HasPrefix(filepath.Base(folder), socketFolder) {
		_ = os.Remove(socket)
		_ = os.Remove(folder)
	}
}
