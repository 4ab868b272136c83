package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Backup writes a copy of a file as of one moment, whether a node serves it or not, and syncs it
// and its folder. The copy must not exist; it is a file that Start opens. A copy that failed is removed.
func Backup(ctx context.Context, path, to string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	// Made here, so that of several backups to one place only one goes on, and removes only its own,
	// and with no permissions for others. VACUUM fills an empty file.
	place, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		err = place.Close()
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := vacuumInto(ctx, path, to); err != nil {
		return fmt.Errorf("backup: %w", errors.Join(err, ctx.Err(), os.Remove(to)))
	}
	return nil
}

// vacuumInto copies in one transaction, so that appends go on meanwhile, and are not in the copy.
func vacuumInto(ctx context.Context, path, to string) error {
	d, err := openDB(path, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	d.conn.SetInterrupt(ctx.Done())
	err = sqlitex.ExecuteTransient(d.conn, `VACUUM INTO ?`, &sqlitex.ExecOptions{Args: []any{to}})
	if err = errors.Join(err, d.conn.Close()); err != nil {
		return err
	}
	return errors.Join(syncPath(to), syncPath(filepath.Dir(to)))
}

// syncPath makes a file's content durable, or a folder's names.
func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
