package evidence_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// picture is w × h; its left half is red, the rest blue.
func picture(w, h int) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			out.Set(x, y, color.RGBA{B: 255, A: 255})
			if x < w/2 {
				out.Set(x, y, color.RGBA{R: 255, A: 255})
			}
		}
	}
	return out
}

func pngOf(t testing.TB, p image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, png.Encode(&out, p))
	return out.Bytes()
}

func jpegOf(t testing.TB, p image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, jpeg.Encode(&out, p, nil))
	return out.Bytes()
}

// numbered is a small PNG that differs for each n.
func numbered(t testing.TB, n int) []byte {
	t.Helper()
	p := image.NewRGBA(image.Rect(0, 0, 4, 4))
	p.Set(0, 0, color.RGBA{R: byte(n >> 16), G: byte(n >> 8), B: byte(n), A: 255})
	return pngOf(t, p)
}

// Traces that a camera leaves and no clean copy may hold.
const (
	cameraMaker = "Camera of Somebody"
	xmpMark     = "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>author</x:xmpmeta>"
)

// latitude is 31° 13' 56" as three EXIF rationals.
var latitude = []byte{0, 0, 0, 31, 0, 0, 0, 1, 0, 0, 0, 13, 0, 0, 0, 1, 0, 0, 0, 56, 0, 0, 0, 1}

// exif is a TIFF block with an orientation, a maker and a place.
func exif(orientation uint16) []byte {
	const entries, gpsEntries = 3, 2
	makerAt := uint32(8 + 2 + entries*12 + 4)
	gpsAt := makerAt + uint32(len(cameraMaker))
	latitudeAt := gpsAt + 2 + gpsEntries*12 + 4
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&b, binary.BigEndian, v) // into memory
		}
	}
	put([]byte("MM"), uint16(42), uint32(8), uint16(entries))
	put(uint16(0x010F), uint16(2), uint32(len(cameraMaker)), makerAt)     // Make
	put(uint16(0x0112), uint16(3), uint32(1), orientation, uint16(0))     // Orientation
	put(uint16(0x8825), uint16(4), uint32(1), gpsAt)                      // GPS directory
	put(uint32(0), []byte(cameraMaker), uint16(gpsEntries))               //
	put(uint16(1), uint16(2), uint32(2), []byte{'N', 0, 0, 0})            // GPSLatitudeRef
	put(uint16(2), uint16(5), uint32(3), latitudeAt, uint32(0), latitude) // GPSLatitude
	return b.Bytes()
}

// withEXIF puts EXIF and XMP segments behind the first two bytes of a JPEG.
func withEXIF(jpg []byte, orientation uint16) []byte {
	out := bytes.Clone(jpg[:2])
	for _, segment := range [][]byte{append([]byte("Exif\x00\x00"), exif(orientation)...), []byte(xmpMark)} {
		out = append(out, 0xFF, 0xE1)
		out = binary.BigEndian.AppendUint16(out, uint16(len(segment)+2))
		out = append(out, segment...)
	}
	return append(out, jpg[2:]...)
}

func chunk(name string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(out, name...)
	out = append(out, data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

const pngSignature = "\x89PNG\r\n\x1a\n"

// withEXIFChunk puts eXIf and tEXt chunks behind the header of a PNG.
func withEXIFChunk(data []byte, orientation uint16) []byte {
	const headerEnd = 8 + 25
	out := bytes.Clone(data[:headerEnd])
	out = append(out, chunk("tEXt", []byte("Author\x00"+cameraMaker))...)
	out = append(out, chunk("eXIf", exif(orientation))...)
	return append(out, data[headerEnd:]...)
}

// bomb is a PNG of under 100 bytes that claims so many pixels.
func bomb(w, h uint32) []byte {
	header := binary.BigEndian.AppendUint32(nil, w)
	header = binary.BigEndian.AppendUint32(header, h)
	out := append([]byte(pngSignature), chunk("IHDR", append(header, 8, 6, 0, 0, 0))...)
	out = append(out, chunk("IDAT", []byte("\x78\x9c\x01"))...)
	return append(out, chunk("IEND", nil)...)
}

func box(brand string) []byte {
	return append([]byte("\x00\x00\x00\x14ftyp"+brand+"\x00\x00\x00\x00"+brand), "\x00\x00\x00\x08mdat"...)
}

var oggHead = "OggS\x00\x02" + strings.Repeat("\x00", 22) + "OpusHead\x01\x02" + strings.Repeat("\x00", 32)

const (
	mp3Frame  = "\xff\xfb\x90\x00"
	webmHead  = "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm"
	webpHead  = "RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"
	wavHead   = "RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00"
	adtsFrame = "\xff\xf1\x50\x80\x02\x1f\xfc\x21"
)

// sample is a file, and what it is kept as.
type sample struct {
	name, mime, ext string
	data            []byte
}

func samples(t testing.TB) []sample {
	return []sample{
		{"JPEG", "image/jpeg", ".jpg", jpegOf(t, picture(8, 4))},
		{"PNG", "image/png", ".png", pngOf(t, picture(8, 4))},
		{"HEIC", "image/heic", ".heic", box("heic")},
		{"HEIC burst", "image/heic", ".heic", box("hevc")},
		{"HEIF", "image/heif", ".heif", box("mif1")},
		{"WebP", "image/webp", ".webp", []byte(webpHead)},
		{"PDF", "application/pdf", ".pdf", []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n")},
		{"MP3 with a tag", "audio/mpeg", ".mp3", []byte("ID3\x03\x00\x00\x00\x00\x00\x0aTIT2\x00\x00\x00\x00\x00\x00" + mp3Frame)},
		{"MP3", "audio/mpeg", ".mp3", []byte(mp3Frame + strings.Repeat("\x00", 500))},
		{"M4A", "audio/mp4", ".m4a", box("M4A ")},
		{"AAC", "audio/aac", ".aac", []byte(adtsFrame)},
		{"WAV", "audio/wav", ".wav", []byte(wavHead)},
		{"AMR", "audio/amr", ".amr", []byte("#!AMR\n\x3c\x91\x17\x16")},
		{"AMR wide band", "audio/amr", ".amr", []byte("#!AMR-WB\n\x04\x10\x20\x00")},
		{"Ogg", "audio/ogg", ".oga", []byte(oggHead)},
		{"MP4", "video/mp4", ".mp4", box("isom")},
		{"M4V", "video/mp4", ".mp4", box("M4V ")},
		{"MOV", "video/quicktime", ".mov", box("qt  ")},
		{"old MOV", "video/quicktime", ".mov", []byte("\x00\x00\x00\x10moov\x00\x00\x00\x08mvhd")},
		{"WebM", "video/webm", ".webm", []byte(webmHead)},
		{"3GP", "video/3gpp", ".3gp", box("3gp5")},
	}
}
