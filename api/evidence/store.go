package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
)

// MaxSize is the largest piece in bytes.
const MaxSize = 50 << 20

// Piece is one stored file.
type Piece struct {
	// SHA256 of the bytes in lower-case hex: the name of the piece.
	SHA256 string `json:"sha256"`
	// Type is the MIME type that the bytes show.
	Type string `json:"type"`
	Size int64  `json:"size"`
}

// Config says where pieces are kept: in Folder, or in Bucket.
type Config struct {
	// Folder keeps pieces as files; it is made when missing. Its spool is within
	// it, so that a piece gets its name by a rename on one disk.
	Folder string
	// Bucket keeps pieces in an object store. It must store an object whole or not
	// at all, and durably when a write returns, as S3, GCS and Azure do. It stays
	// the caller's to close.
	Bucket *blob.Bucket
	// Spool is a local folder for transfers under way; only with Bucket. It needs
	// room for as many pieces as there are transfers.
	Spool string
}

// Validate reports all faults at once.
func (c Config) Validate() error {
	var faults []error
	switch {
	case c.Folder == "" && c.Bucket == nil:
		faults = append(faults, errors.New("evidence: neither a folder nor a bucket"))
	case c.Folder != "" && c.Bucket != nil:
		faults = append(faults, errors.New("evidence: both a folder and a bucket, give one"))
	case c.Folder != "" && c.Spool != "":
		faults = append(faults, errors.New("evidence: a folder has its spool within, give no other"))
	case c.Bucket != nil && c.Spool == "":
		faults = append(faults, errors.New("evidence: a bucket needs a spool folder"))
	}
	if c.Bucket != nil {
		var info os.FileInfo
		if c.Bucket.As(&info) {
			faults = append(faults, errors.New("evidence: the bucket is a folder, which gocloud.dev does not flush to the disk; give it as the folder"))
		}
	}
	return errors.Join(faults...)
}

// Store keeps pieces of evidence. Its methods may be called concurrently, and
// several processes may share a folder or a bucket.
type Store struct {
	bucket *blob.Bucket
	folder string // empty for a bucket of the caller's
	spool  spool
	// cleaning lets one image be decoded at a time: at the limit of pixels that
	// takes several hundred MB.
	cleaning chan struct{}
}

// spoolFolder lies within a Folder. No hash has this name.
const spoolFolder = "incoming"

// New opens a store and sweeps what a killed process left in the spool.
func New(cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Store{bucket: cfg.Bucket, spool: spool(cfg.Spool), cleaning: make(chan struct{}, 1)}
	if cfg.Folder != "" {
		folder, err := filepath.Abs(cfg.Folder)
		if err != nil {
			return nil, fmt.Errorf("evidence: folder %s: %w", cfg.Folder, err)
		}
		s.folder, s.spool = folder, spool(filepath.Join(folder, spoolFolder))
	}
	if err := os.MkdirAll(string(s.spool), 0o700); err != nil {
		return nil, fmt.Errorf("evidence: make the spool: %w", err)
	}
	if s.folder != "" {
		// The folder's own name must outlive a crash as its pieces do.
		if err := errors.Join(syncFolder(s.folder), syncFolder(filepath.Dir(s.folder))); err != nil {
			return nil, fmt.Errorf("evidence: sync the folder: %w", err)
		}
		// Only read through: keep does the writing, and the bytes tell the type.
		bucket, err := fileblob.OpenBucket(s.folder, &fileblob.Options{Metadata: fileblob.MetadataDontWrite})
		if err != nil {
			return nil, fmt.Errorf("evidence: open the folder: %w", err)
		}
		s.bucket = bucket
	}
	if _, err := s.Sweep(); err != nil {
		return nil, err
	}
	return s, nil
}

// Close lets go of a folder; a bucket stays open.
func (s *Store) Close() error {
	if s.folder == "" {
		return nil
	}
	return s.bucket.Close()
}

// Sweep removes the rests of interrupted uploads and says how many there were.
// Uploads under way, of this process or another, are left alone.
func (s *Store) Sweep() (removed int, err error) {
	removed, err = s.spool.sweep()
	if err != nil {
		return removed, fmt.Errorf("evidence: sweep the spool: %w", err)
	}
	return removed, nil
}

// Put stores what r holds. When it returns without an error the piece is
// durable; otherwise nothing of it is there. Storing the same bytes again
// replaces them by themselves, which also repairs a damaged copy.
func (s *Store) Put(ctx context.Context, r io.Reader) (Piece, error) {
	in, err := s.receive(ctx, r)
	if err != nil {
		return Piece{}, err
	}
	defer in.discard()
	return s.keep(ctx, in)
}

// incoming is an upload that is whole and allowed but not stored yet.
type incoming struct {
	file  *os.File
	piece Piece
}

func (in *incoming) discard() { discard(in.file) }

// receive takes an upload into the spool. It stops at the first bytes when they
// show a type that is not kept.
func (s *Store) receive(ctx context.Context, r io.Reader) (_ *incoming, err error) {
	source := &source{ctx: ctx, r: r}
	head := make([]byte, headSize)
	n, err := io.ReadFull(source, head)
	head = head[:n]
	switch {
	case source.err != nil:
		return nil, source.fault()
	case n == 0:
		return nil, ErrEmpty
	}
	kind, err := sniff(head)
	if err != nil {
		return nil, err
	}
	file, err := s.spool.create()
	if err != nil {
		return nil, failed(ctx, "make a file in the spool", err)
	}
	defer func() {
		if err != nil {
			discard(file)
		}
	}()
	sum := sha256.New()
	whole := io.MultiReader(bytes.NewReader(head), source)
	size, err := io.Copy(io.MultiWriter(file, sum), io.LimitReader(whole, MaxSize+1))
	switch {
	case source.err != nil:
		return nil, source.fault()
	case err != nil:
		return nil, failed(ctx, "write to the spool", err)
	case size > MaxSize:
		return nil, tooLarge()
	}
	if err := kind.check(file, size); err != nil {
		return nil, err
	}
	return &incoming{file: file, piece: Piece{SHA256: hex.EncodeToString(sum.Sum(nil)), Type: kind.mime, Size: size}}, nil
}

func tooLarge() error {
	return fmt.Errorf("more than %d MiB: %w", MaxSize>>20, ErrSize)
}

// keep gives an upload its name, in one step.
func (s *Store) keep(ctx context.Context, in *incoming) (Piece, error) {
	store := s.upload
	if s.folder != "" {
		store = s.rename
	}
	if err := store(ctx, in); err != nil {
		return Piece{}, failed(ctx, "store "+in.piece.SHA256, err)
	}
	return in.piece, nil
}

// rename stores in a folder. The bytes reach the disk before their name does,
// and the name before anybody is told.
func (s *Store) rename(ctx context.Context, in *incoming) error {
	if err := in.file.Sync(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.Rename(in.file.Name(), filepath.Join(s.folder, in.piece.SHA256)); err != nil {
		return err
	}
	// A crash from here on may lose the name, never leave half a piece under it.
	return syncFolder(s.folder)
}

// upload stores in a bucket.
func (s *Store) upload(ctx context.Context, in *incoming) error {
	// A writer that is closed stores what it has: it is called off by its context.
	ctx, callOff := context.WithCancel(ctx)
	defer callOff()
	if _, err := in.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	w, err := s.bucket.NewWriter(ctx, in.piece.SHA256, &blob.WriterOptions{ContentType: in.piece.Type})
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, in.file); err != nil {
		callOff()
		return errors.Join(err, w.Close())
	}
	return w.Close()
}

// source reads until its context ends, which files do not look at, and
// remembers why it failed: in a copy that tells its fault from the target's.
type source struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		s.err = err
		return 0, err
	}
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func (s *source) fault() error {
	if err := s.ctx.Err(); err != nil {
		return fmt.Errorf("evidence: upload: %w", err)
	}
	return fmt.Errorf("%w: %w", s.err, ErrInterrupted)
}
