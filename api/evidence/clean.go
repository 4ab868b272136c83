package evidence

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"os"
)

// cleanQuality of JPEG: high enough that print on a notice board stays legible.
const cleanQuality = 92

// Clean gives out a copy of a JPEG or PNG that holds the picture and nothing
// else: no place, device, time, thumbnail, comment or color profile. It stands
// upright, as the metadata said it should. The original stays as it is.
// The Piece is the copy's; an original yields the same copy every time, as long
// as the Go release that encodes it is the same.
func (s *Store) Clean(ctx context.Context, sha string) (io.ReadSeekCloser, Piece, error) {
	original, piece, err := s.open(ctx, sha)
	if err != nil {
		return nil, Piece{}, err
	}
	defer original.Close()
	k := kinds[piece.Type]
	if k.decode == nil {
		return nil, Piece{}, fmt.Errorf("%s is %s, only JPEG and PNG can be cleaned: %w", sha, piece.Type, ErrNoClean)
	}
	select {
	case s.cleaning <- struct{}{}:
		defer func() { <-s.cleaning }()
	case <-ctx.Done():
		return nil, Piece{}, fmt.Errorf("evidence: clean %s: %w", sha, ctx.Err())
	}
	picture, err := k.upright(original, piece.Size)
	if err != nil {
		return nil, Piece{}, fmt.Errorf("%s: %w", sha, err)
	}
	file, copied, err := s.encode(k, picture)
	if err != nil {
		return nil, Piece{}, failed(ctx, "write the clean copy of "+sha, err)
	}
	return file, copied, nil
}

// upright decodes a picture and turns it as its metadata says.
func (k kind) upright(file io.ReaderAt, size int64) (image.Image, error) {
	// Before a pixel is decoded: what is small as a file may be huge as a picture.
	if _, err := k.measure(file, size); err != nil {
		return nil, err
	}
	from := func() *bufio.Reader { return bufio.NewReader(io.NewSectionReader(file, 0, size)) }
	picture, err := k.decode(from())
	if err != nil {
		return nil, fmt.Errorf("does not decode to its end (%v): %w", err, ErrNoClean)
	}
	return turn(picture, k.orientation(from())), nil
}

// encode writes a picture, and no more than that, into the spool.
func (s *Store) encode(k kind, picture image.Image) (_ *os.File, _ Piece, err error) {
	file, err := s.spool.scratch()
	if err != nil {
		return nil, Piece{}, err
	}
	defer func() {
		if err != nil {
			_ = file.Close() // the first error says more
		}
	}()
	sum := sha256.New()
	if err := k.encode(io.MultiWriter(file, sum), picture); err != nil {
		return nil, Piece{}, err
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, Piece{}, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, Piece{}, err
	}
	return file, Piece{SHA256: hex.EncodeToString(sum.Sum(nil)), Type: k.mime, Size: size}, nil
}

func encodeJPEG(w io.Writer, picture image.Image) error {
	return jpeg.Encode(w, picture, &jpeg.Options{Quality: cleanQuality})
}

// encodePNG prefers time to space: the copy is made again for each download.
func encodePNG(w io.Writer, picture image.Image) error {
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	return encoder.Encode(w, picture)
}
