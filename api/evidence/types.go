package evidence

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

const (
	// headSize is how much of a file its type is told by.
	headSize = 4096
	// maxPixels bounds what an image may grow to when it is decoded. 50-megapixel
	// phones make 8192 × 6144, which fits.
	maxPixels = 50 << 20

	allowedTypes = "JPEG, PNG, HEIC, HEIF, WebP, PDF, MP3, M4A, AAC, WAV, AMR, Ogg audio, MP4, MOV, WebM, 3GP"

	unknownType = "application/octet-stream"
)

// kind is one type of evidence.
type kind struct {
	mime, ext string
	// fits looks closer where the sniffer's own look is lenient; nil where not.
	fits func(head []byte, size int64) bool
	// The rest is set for images that this program can read.
	config      func(io.Reader) (image.Config, error)
	decode      func(io.Reader) (image.Image, error)
	encode      func(io.Writer, image.Image) error
	orientation func(*bufio.Reader) int
}

var (
	jpegKind = kind{
		mime: "image/jpeg", ext: ".jpg",
		config: jpeg.DecodeConfig, decode: jpeg.Decode, encode: encodeJPEG, orientation: jpegOrientation,
	}
	pngKind = kind{
		mime: "image/png", ext: ".png",
		config: png.DecodeConfig, decode: png.Decode, encode: encodePNG, orientation: pngOrientation,
	}
	heicKind = kind{mime: "image/heic", ext: ".heic", fits: startsWithBox}
	heifKind = kind{mime: "image/heif", ext: ".heif", fits: startsWithBox}
	m4aKind  = kind{mime: "audio/mp4", ext: ".m4a", fits: startsWithBox}
	mp4Kind  = kind{mime: "video/mp4", ext: ".mp4", fits: startsWithBox}
)

// kinds maps what the sniffer finds to what is kept. Whatever is not here is
// refused, so a type that a new version of the sniffer learns is refused too.
var kinds = map[string]kind{
	"image/jpeg":          jpegKind,
	"image/png":           pngKind,
	"image/heic":          heicKind,
	"image/heic-sequence": heicKind,
	"image/heif":          heifKind,
	"image/heif-sequence": heifKind,
	"image/webp":          {mime: "image/webp", ext: ".webp", fits: isWebP},
	"application/pdf":     {mime: "application/pdf", ext: ".pdf", fits: startsWith("%PDF-")},
	"audio/mpeg":          {mime: "audio/mpeg", ext: ".mp3", fits: isMP3},
	"audio/mp4":           m4aKind,
	"audio/x-m4a":         m4aKind,
	"audio/aac":           {mime: "audio/aac", ext: ".aac"},
	"audio/wav":           {mime: "audio/wav", ext: ".wav"},
	"audio/amr":           {mime: "audio/amr", ext: ".amr", fits: startsWith("#!AMR\n", "#!AMR-WB\n")},
	"audio/ogg":           {mime: "audio/ogg", ext: ".oga"},
	"video/mp4":           mp4Kind,
	"video/x-m4v":         mp4Kind,
	"video/quicktime":     {mime: "video/quicktime", ext: ".mov", fits: startsWithBox},
	"video/webm":          {mime: "video/webm", ext: ".webm"},
	"video/3gpp":          {mime: "video/3gpp", ext: ".3gp", fits: startsWithBox},
}

// extensionOf names the file of a download.
func extensionOf(mime string) string {
	for _, k := range kinds {
		if k.mime == mime {
			return k.ext
		}
	}
	return ".bin"
}

// sniff tells the type from the first bytes, and refuses what is not kept.
func sniff(head []byte) (kind, error) {
	found, _, _ := strings.Cut(mimetype.Detect(head).String(), ";")
	k, ok := kinds[found]
	if !ok {
		return kind{}, fmt.Errorf("found %s, allowed are %s: %w", found, allowedTypes, ErrType)
	}
	return k, nil
}

// check refuses a file whose head says k and whose rest does not bear it out.
func (k kind) check(file io.ReaderAt, size int64) error {
	if k.config != nil {
		_, err := k.measure(file, size)
		return err
	}
	if k.fits == nil {
		return nil
	}
	head := make([]byte, min(headSize, size))
	if _, err := io.ReadFull(io.NewSectionReader(file, 0, size), head); err != nil {
		return fmt.Errorf("evidence: read the spool: %w: %w", err, ErrUnavailable)
	}
	if !k.fits(head, size) {
		return fmt.Errorf("has marks of %s but is none: %w", k.mime, ErrType)
	}
	return nil
}

// measure reads the header of an image and nothing more: an image that claims
// to be huge costs nothing.
func (k kind) measure(file io.ReaderAt, size int64) (image.Config, error) {
	config, err := k.config(bufio.NewReader(io.NewSectionReader(file, 0, size)))
	if err != nil {
		return config, fmt.Errorf("starts like %s but does not decode (%v): %w", k.mime, err, ErrType)
	}
	if config.Width <= 0 || config.Height <= 0 {
		return config, fmt.Errorf("%s of %d × %d pixels: %w", k.mime, config.Width, config.Height, ErrType)
	}
	if int64(config.Width) > maxPixels/int64(config.Height) {
		return config, fmt.Errorf("%d × %d pixels, at most %d in all: %w", config.Width, config.Height, maxPixels, ErrSize)
	}
	return config, nil
}

// startsWith finds a mark at the very start, where the sniffer also accepts it
// further in: an HTML page may well contain "%PDF-".
func startsWith(marks ...string) func([]byte, int64) bool {
	return func(head []byte, _ int64) bool {
		for _, mark := range marks {
			if bytes.HasPrefix(head, []byte(mark)) {
				return true
			}
		}
		return false
	}
}

// startsWithBox wants the length of the first box of an ISO or QuickTime file
// to lie within the file. Text that has "skip" or "ftyp" in fifth place does
// not get so far: its first four letters are a length of a gigabyte.
func startsWithBox(head []byte, size int64) bool {
	if len(head) < 16 {
		return false
	}
	length := int64(binary.BigEndian.Uint32(head))
	switch {
	case length == 0: // to the end of the file
		return true
	case length == 1: // the length follows the name, in 64 bits
		long := binary.BigEndian.Uint64(head[8:])
		return long >= 16 && long <= uint64(size)
	}
	return length >= 8 && length <= size
}

func isWebP(head []byte, _ int64) bool {
	if len(head) < 20 {
		return false
	}
	chunk := string(head[12:16])
	return chunk == "VP8 " || chunk == "VP8L" || chunk == "VP8X"
}

// isMP3 wants a tag or a frame of layer II or III at the very start. The
// sniffer searches on, and would take a text that holds a frame for music.
func isMP3(head []byte, _ int64) bool {
	if bytes.HasPrefix(head, []byte("ID3")) {
		return true
	}
	if len(head) < 4 || head[0] != 0xFF || head[1]&0xE0 != 0xE0 {
		return false
	}
	version, layer := head[1]>>3&3, head[1]>>1&3
	return version != 1 && (layer == 1 || layer == 2)
}
