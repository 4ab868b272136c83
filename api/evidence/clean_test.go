package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"
	"strings"
	"testing"

	"mingjian/api/evidence"
)

func (r *rig) clean(t testing.TB, sha string) ([]byte, evidence.Piece) {
	t.Helper()
	content, piece, err := r.Clean(t.Context(), sha)
	must(t, err)
	data, err := io.ReadAll(content)
	must(t, errors.Join(err, content.Close()))
	if piece.SHA256 != hashOf(data) || piece.Size != int64(len(data)) {
		t.Errorf("clean copy of %d bytes is described as %+v", len(data), piece)
	}
	return data, piece
}

// traces lists what a file tells besides its picture.
func traces(data []byte) (found []string) {
	for name, mark := range map[string][]byte{
		"EXIF": []byte("Exif\x00\x00"), "EXIF of PNG": []byte("eXIf"), "XMP": []byte("ns.adobe.com/xap"),
		"device": []byte(cameraMaker), "place": latitude, "text": []byte("tEXt"), "motion": []byte("ftypmp42"),
	} {
		if bytes.Contains(data, mark) {
			found = append(found, name)
		}
	}
	return found
}

// TestCleanJPEG: place, device and all else are in the private original and
// absent from the copy, which stands upright by itself.
func TestCleanJPEG(t *testing.T) {
	everywhere(t, func(t *testing.T, r *rig) {
		// A phone appends the film of a "live" photo, with its own metadata.
		film := append(box("mp42"), latitude...)
		photo := append(withEXIF(jpegOf(t, picture(32, 16)), 6), film...)
		piece := r.put(t, photo)
		clean, copied := r.clean(t, piece.SHA256)
		if copied.Type != "image/jpeg" || copied.SHA256 == piece.SHA256 {
			t.Errorf("copy: %+v", copied)
		}
		if found := traces(clean); len(found) > 0 {
			t.Errorf("the copy still has: %q", found)
		}
		upright, err := jpeg.Decode(bytes.NewReader(clean))
		must(t, err)
		if size := upright.Bounds().Size(); size != image.Pt(16, 32) {
			t.Fatalf("size %v, want 16 × 32", size)
		}
		// Turned clockwise, the left half is on top.
		top, bottom := color.RGBAModel.Convert(upright.At(8, 4)).(color.RGBA), color.RGBAModel.Convert(upright.At(8, 28)).(color.RGBA)
		if top.R < 200 || top.B > 60 || bottom.B < 200 || bottom.R > 60 {
			t.Errorf("top %v, bottom %v, want red above blue", top, bottom)
		}
		original, _ := r.read(t, piece.SHA256)
		if found := traces(original); !bytes.Equal(original, photo) || len(found) != 5 {
			t.Errorf("the original has %q left", found)
		}
		if _, again := r.clean(t, piece.SHA256); again != copied {
			t.Errorf("a second copy differs: %+v, %+v", copied, again)
		}
		if rest := r.spooled(t); len(rest) > 0 {
			t.Errorf("left in the spool: %q", rest)
		}
	})
}

// TestOrientations: a PNG of 2 × 3 pixels in all the ways that EXIF knows.
func TestOrientations(t *testing.T) {
	r := inBucket(t)
	palette := map[rune]color.RGBA{
		'a': {255, 0, 0, 255}, 'b': {0, 255, 0, 255}, 'c': {0, 0, 255, 255},
		'd': {255, 255, 0, 255}, 'e': {0, 255, 255, 255}, 'f': {10, 20, 30, 255},
	}
	stored := image.NewRGBA(image.Rect(0, 0, 2, 3))
	for i, name := range "abcdef" {
		stored.Set(i%2, i/2, palette[name])
	}
	for orientation, want := range map[uint16]string{
		0: "ab cd ef", 1: "ab cd ef", 2: "ba dc fe", 3: "fe dc ba", 4: "ef cd ab",
		5: "ace bdf", 6: "eca fdb", 7: "fdb eca", 8: "bdf ace", 9: "ab cd ef", 65535: "ab cd ef",
	} {
		data := withEXIFChunk(pngOf(t, stored), orientation)
		if len(traces(data)) != 4 {
			t.Fatalf("the original has %q", traces(data))
		}
		clean, copied := r.clean(t, r.put(t, data).SHA256)
		if found := traces(clean); len(found) > 0 || copied.Type != "image/png" {
			t.Errorf("the copy still has %q: %+v", found, copied)
		}
		upright, err := png.Decode(bytes.NewReader(clean))
		must(t, err)
		var rows []string
		for y := range upright.Bounds().Dy() {
			row := ""
			for x := range upright.Bounds().Dx() {
				for name, c := range palette {
					if color.RGBAModel.Convert(upright.At(x, y)) == c {
						row += string(name)
					}
				}
			}
			rows = append(rows, row)
		}
		if got := strings.Join(rows, " "); got != want {
			t.Errorf("orientation %d: %s, want %s", orientation, got, want)
		}
	}
}

func TestNoCleanCopy(t *testing.T) {
	r := inFolder(t)
	for _, s := range samples(t) {
		piece := r.put(t, s.data)
		content, _, err := r.Clean(t.Context(), piece.SHA256)
		if s.mime == "image/jpeg" || s.mime == "image/png" {
			must(t, err)
			must(t, content.Close())
			continue
		}
		if want := fmt.Sprintf("%s is %s, only JPEG and PNG can be cleaned: no clean copy of it can be made", piece.SHA256, s.mime); !errors.Is(err, evidence.ErrNoClean) || err.Error() != want {
			t.Errorf("%s: %v, want %q", s.name, err, want)
		}
	}
	photo := jpegOf(t, picture(64, 64))
	piece := r.put(t, photo[:len(photo)-len(photo)/8])
	if _, _, err := r.Clean(t.Context(), piece.SHA256); !errors.Is(err, evidence.ErrNoClean) || !strings.Contains(err.Error(), "does not decode to its end") {
		t.Errorf("half a photo: %v", err)
	}
	if _, _, err := r.Clean(t.Context(), hashOf(nil)); !errors.Is(err, evidence.ErrUnknown) {
		t.Errorf("unknown: %v", err)
	}
}

// TestDecompressionBomb: 70 bytes that claim 14 GB of pixels are turned away by
// what they claim.
func TestDecompressionBomb(t *testing.T) {
	r := inFolder(t)
	huge := bomb(60_000, 60_000)
	const says = "60000 × 60000 pixels, at most 52428800 in all: too large"
	r.plant(t, hashOf(huge), huge) // as if an earlier version had let it in
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, putErr := r.Put(t.Context(), bytes.NewReader(huge))
	_, _, cleanErr := r.Clean(t.Context(), hashOf(huge))
	runtime.ReadMemStats(&after)
	if !errors.Is(putErr, evidence.ErrSize) || putErr.Error() != says {
		t.Errorf("put: %v", putErr)
	}
	if !errors.Is(cleanErr, evidence.ErrSize) || cleanErr.Error() != hashOf(huge)+": "+says {
		t.Errorf("clean: %v", cleanErr)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
		t.Errorf("refusing it took %d bytes of memory", used)
	}
	if _, err := r.Put(t.Context(), bytes.NewReader(bomb(1<<31-1, 1<<31-1))); !errors.Is(err, evidence.ErrType) {
		t.Errorf("more pixels than a number holds: %v", err)
	}
	if _, err := r.Put(t.Context(), bytes.NewReader(bomb(8192, 6144))); err != nil {
		t.Errorf("50 megapixels: %v", err)
	}
}

func TestCleanGivesUp(t *testing.T) {
	r := inBucket(t)
	piece := r.put(t, numbered(t, 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := r.Clean(ctx, piece.SHA256); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// FuzzClean: whatever a stranger writes into a picture's metadata, the copy is
// made or refused, and holds none of it.
func FuzzClean(f *testing.F) {
	for orientation := range uint16(10) {
		f.Add(withEXIF(jpegOf(f, picture(8, 4)), orientation))
		f.Add(withEXIFChunk(pngOf(f, picture(8, 4)), orientation))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := inBucket(t)
		piece, err := r.Put(t.Context(), bytes.NewReader(data))
		if err != nil {
			return
		}
		content, _, err := r.Clean(t.Context(), piece.SHA256)
		if err != nil {
			if !errors.Is(err, evidence.ErrNoClean) && !errors.Is(err, evidence.ErrSize) {
				t.Error(err)
			}
			return
		}
		clean, err := io.ReadAll(content)
		must(t, errors.Join(err, content.Close()))
		if found := traces(clean); len(found) > 0 {
			t.Errorf("the copy still has: %q", found)
		}
	})
}
