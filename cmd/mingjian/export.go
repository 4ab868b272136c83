package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/eventstore"
	"mingjian/internal/atomicfile"
)

type exportCmd struct {
	place
	exportTable
	Out string `required:"" placeholder:"FILE" type:"path" help:"The file to write: events.ndjson, or events.ndjson.zst to compress it; of a table, such as ranking.xlsx."`
}

// Run writes the whole log to a file, the record of this export included. A
// file of that name is always whole.
func (c *exportCmd) Run(ctx context.Context, io *stdio) (err error) {
	if err := c.existing(); err != nil {
		return err
	}
	if c.isTable() {
		return c.export(ctx, c.place, io, c.Out)
	}
	log, err := c.openLog(ctx, io.logger, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if err := c.witness(ctx, log, c.exported); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	n, err := writeArchive(ctx, io, log, c.Out)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	_, err = fmt.Fprintf(io.out, "%d events are in %s\n", n, c.Out)
	return err
}

func (c *exportCmd) exported(by domain.Stamp) domain.Event {
	exported := &access.Exported{Stamp: by, What: "events", Format: "ndjson"}
	if compressed(c.Out) {
		exported.Format = "ndjson.zst"
	}
	return exported
}

func compressed(name string) bool { return strings.HasSuffix(name, ".zst") }

func writeArchive(ctx context.Context, out *stdio, log *eventstore.Log, path string) (n int64, err error) {
	progress := newBar(out, "export", -1)
	defer progress.done()
	err = atomicfile.Write(path, func(w io.Writer) (err error) {
		if compressed(path) {
			z, failed := zstd.NewWriter(w)
			if failed != nil {
				return failed
			}
			defer func() { err = errors.Join(err, z.Close()) }()
			w = z
		}
		n, err = eventstore.WriteArchive(w, log.ReadAll(ctx, 0), progress.set)
		return err
	})
	return n, err
}

type importEventsCmd struct {
	place
	File string `arg:"" type:"path" help:"What mingjian export wrote, .ndjson or .ndjson.zst."`
}

// Run reads the archive through once, so that a damaged one changes nothing,
// and then copies it to the log.
func (c *importEventsCmd) Run(ctx context.Context, io *stdio) (err error) {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	source := archiveSource(file)
	for _, err := range source() {
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(c.File), err)
		}
	}
	log, err := c.openLog(ctx, io.logger, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	return transfer(ctx, io, source, log, "import")
}

// archiveSource reads an archive from its beginning at each call.
func archiveSource(file *os.File) eventstore.Source {
	return func() iter.Seq2[eventstore.Recorded, error] {
		return func(yield func(eventstore.Recorded, error) bool) {
			if _, err := file.Seek(0, io.SeekStart); err != nil {
				yield(eventstore.Recorded{}, err)
				return
			}
			var in io.Reader = file
			if compressed(file.Name()) {
				z, err := zstd.NewReader(file)
				if err != nil {
					yield(eventstore.Recorded{}, err)
					return
				}
				defer z.Close()
				in = z
			}
			eventstore.ReadArchive(in)(yield)
		}
	}
}
