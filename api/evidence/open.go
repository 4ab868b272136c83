package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// Open gives out a piece after all of it was read and found to be what was
// stored; otherwise it fails with ErrDamaged and gives out nothing. It reads
// from a copy in the spool, which is gone when it is closed.
func (s *Store) Open(ctx context.Context, sha string) (io.ReadSeekCloser, Piece, error) {
	file, piece, err := s.open(ctx, sha)
	if err != nil {
		return nil, Piece{}, err
	}
	return file, piece, nil
}

func (s *Store) open(ctx context.Context, sha string) (_ *os.File, _ Piece, err error) {
	if err := checkHash(sha); err != nil {
		return nil, Piece{}, err
	}
	file, err := s.spool.scratch()
	if err != nil {
		return nil, Piece{}, failed(ctx, "make a file in the spool", err)
	}
	defer func() {
		if err != nil {
			_ = file.Close() // the first error says more
		}
	}()
	size, err := s.copyOut(ctx, sha, file)
	if err != nil {
		return nil, Piece{}, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, Piece{}, failed(ctx, "read the spool", err)
	}
	mime, err := typeOf(file, size)
	if err != nil {
		return nil, Piece{}, failed(ctx, "read the spool", err)
	}
	return file, Piece{SHA256: sha, Type: mime, Size: size}, nil
}

// typeOf never refuses: a piece that an earlier version accepted is still given
// out, as bytes that no program opens by itself.
func typeOf(file io.ReaderAt, size int64) (string, error) {
	head := make([]byte, min(headSize, size))
	if _, err := io.ReadFull(io.NewSectionReader(file, 0, size), head); err != nil {
		return "", err
	}
	k, err := sniff(head)
	if err != nil {
		return unknownType, nil
	}
	return k.mime, nil
}

// copyOut copies a piece and reports whether it is whole. Nobody may see the
// copy before that.
func (s *Store) copyOut(ctx context.Context, sha string, to io.Writer) (int64, error) {
	r, err := s.bucket.NewReader(ctx, sha, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return 0, fmt.Errorf("%s: %w", sha, ErrUnknown)
	}
	if err != nil {
		return 0, failed(ctx, "open "+sha, err)
	}
	defer r.Close()
	sum := sha256.New()
	// Whatever has grown over the limit is not what was stored, and must not fill
	// the spool.
	size, err := io.Copy(io.MultiWriter(to, sum), io.LimitReader(&source{ctx: ctx, r: r}, MaxSize+1))
	if err != nil {
		return 0, failed(ctx, "read "+sha, err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != sha {
		return 0, fmt.Errorf("%s: %w", sha, ErrDamaged)
	}
	return size, nil
}

// Has reports whether a piece is there; only reading it shows that it is whole.
func (s *Store) Has(ctx context.Context, sha string) (bool, error) {
	if err := checkHash(sha); err != nil {
		return false, err
	}
	there, err := s.bucket.Exists(ctx, sha)
	if err != nil {
		return false, failed(ctx, "look for "+sha, err)
	}
	return there, nil
}

// Verify reads every piece and tells each about it: nil, ErrDamaged, or why it
// could not be read. Its own error means that the list is not complete. Objects
// whose name is no hash are not evidence and are passed over.
func (s *Store) Verify(ctx context.Context, each func(sha string, err error)) error {
	if s.folder != "" {
		// gocloud.dev lists a folder that it cannot read as empty.
		if _, err := os.ReadDir(s.folder); err != nil {
			return failed(ctx, "list the pieces", err)
		}
	}
	list := s.bucket.List(&blob.ListOptions{Delimiter: "/"})
	for {
		object, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return failed(ctx, "list the pieces", err)
		}
		if object.IsDir || checkHash(object.Key) != nil {
			continue
		}
		_, err = s.copyOut(ctx, object.Key, io.Discard)
		if ctx.Err() != nil {
			return failed(ctx, "read "+object.Key, ctx.Err())
		}
		each(object.Key, err)
	}
}

// checkHash keeps anything but a hash away from the bucket: a key is a path.
func checkHash(sha string) error {
	if len(sha) != 2*sha256.Size || strings.Trim(sha, "0123456789abcdef") != "" {
		return fmt.Errorf("%.80q: %w", sha, ErrHash)
	}
	return nil
}
