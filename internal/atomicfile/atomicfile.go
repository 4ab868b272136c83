// Package atomicfile puts files in place whole: after a crash there is the old
// one or the new one, and once a call has returned it is the new one.
package atomicfile

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// aside is what the name of a file ends in until it is whole.
const aside = ".part"

// Write replaces a file, which only its owner can read, by what write writes.
func Write(path string, write func(io.Writer) error) (err error) {
	file, err := os.OpenFile(path+aside, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	if err = write(buffered); err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = Rename(path+aside, path)
	}
	if err != nil {
		_ = os.Remove(path + aside) // what is left of it is of no use, and says so by its name
	}
	return err
}

// WriteBytes replaces a file, which only its owner can read, by content.
func WriteBytes(path string, content []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// Rename gives a file or a folder, whose content is on disk, another name in
// the same folder. That the name is on disk too takes a sync of that folder.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
