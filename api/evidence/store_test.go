package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"

	"mingjian/api/evidence"
)

// rig is a store with a look behind it.
type rig struct {
	*evidence.Store
	folder string // empty for a bucket
	spool  string
	bucket *blob.Bucket
}

func inFolder(t testing.TB) *rig {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "evidence")
	return openFolder(t, folder)
}

func openFolder(t testing.TB, folder string) *rig {
	t.Helper()
	store, err := evidence.New(evidence.Config{Folder: folder})
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	// A bucket of its own sees what other programs would see.
	bucket, err := fileblob.OpenBucket(folder, nil)
	must(t, err)
	t.Cleanup(func() { must(t, bucket.Close()) })
	return &rig{Store: store, folder: folder, spool: filepath.Join(folder, "incoming"), bucket: bucket}
}

func inBucket(t testing.TB) *rig {
	t.Helper()
	r := &rig{spool: filepath.Join(t.TempDir(), "spool"), bucket: memblob.OpenBucket(nil)}
	t.Cleanup(func() { must(t, r.bucket.Close()) })
	store, err := evidence.New(evidence.Config{Bucket: r.bucket, Spool: r.spool})
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	r.Store = store
	return r
}

// everywhere runs a test on a folder and on a bucket.
func everywhere(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Run("folder", func(t *testing.T) { test(t, inFolder(t)) })
	t.Run("bucket", func(t *testing.T) { test(t, inBucket(t)) })
}

// names lists what is stored, whatever it is called.
func (r *rig) names(t testing.TB) []string {
	t.Helper()
	var names []string
	list := r.bucket.List(&blob.ListOptions{Delimiter: "/"})
	for {
		object, err := list.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return names
		}
		must(t, err)
		if !object.IsDir {
			names = append(names, object.Key)
		}
	}
}

// spooled lists what waits in the spool.
func (r *rig) spooled(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(r.spool)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (r *rig) empty(t testing.TB) {
	t.Helper()
	if names, rest := r.names(t), r.spooled(t); len(names)+len(rest) > 0 {
		t.Errorf("stored: %q, in the spool: %q; want nothing", names, rest)
	}
}

func (r *rig) put(t testing.TB, data []byte) evidence.Piece {
	t.Helper()
	piece, err := r.Put(t.Context(), bytes.NewReader(data))
	must(t, err)
	return piece
}

func (r *rig) read(t testing.TB, sha string) ([]byte, evidence.Piece) {
	t.Helper()
	content, piece, err := r.Open(t.Context(), sha)
	must(t, err)
	data, err := io.ReadAll(content)
	must(t, errors.Join(err, content.Close()))
	return data, piece
}

// plant stores bytes under a name that need not be their hash.
func (r *rig) plant(t testing.TB, name string, data []byte) {
	t.Helper()
	if r.folder != "" {
		must(t, os.WriteFile(filepath.Join(r.folder, name), data, 0o600))
		return
	}
	must(t, r.bucket.WriteAll(t.Context(), name, data, nil))
}

func TestTypesThatAreKept(t *testing.T) {
	everywhere(t, func(t *testing.T, r *rig) {
		for _, s := range samples(t) {
			want := evidence.Piece{SHA256: hashOf(s.data), Type: s.mime, Size: int64(len(s.data))}
			piece, err := r.Put(t.Context(), bytes.NewReader(s.data))
			if err != nil || piece != want {
				t.Errorf("%s: put %+v, %v, want %+v", s.name, piece, err, want)
				continue
			}
			if data, piece := r.read(t, want.SHA256); !bytes.Equal(data, s.data) || piece != want {
				t.Errorf("%s: read %d bytes, %+v, want %+v", s.name, len(data), piece, want)
			}
			if has, err := r.Has(t.Context(), want.SHA256); !has || err != nil {
				t.Errorf("%s: has %t, %v", s.name, has, err)
			}
		}
		if rest := r.spooled(t); len(rest) > 0 {
			t.Errorf("left in the spool: %q", rest)
		}
	})
}

// TestTypesThatAreRefused: neither what is not evidence nor what dresses up as
// evidence is kept, and the refusal says what was found.
func TestTypesThatAreRefused(t *testing.T) {
	page := "<!DOCTYPE html><html><script>alert(1)</script></html>"
	tests := []struct{ name, data, says string }{
		{"HTML", page, "found text/html, allowed are JPEG, PNG, HEIC, HEIF, WebP, PDF, MP3, M4A, AAC, WAV, AMR, Ogg audio, MP4, MOV, WebM, 3GP: not a type of evidence"},
		{"SVG", `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, "found image/svg+xml"},
		{"XHTML", `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"></html>`, "found application/xhtml+xml"},
		{"shell script", "#!/bin/sh\nrm -rf /\n", "found text/x-shellscript"},
		{"JavaScript", "#!/usr/bin/env node\nalert(1)\n", "found text/javascript"},
		{"text", "nothing but words", "found text/plain"},
		{"ZIP", "PK\x03\x04\x14\x00\x00\x00\x08\x00" + strings.Repeat("\x00", 40), "found application/zip"},
		{"DOCX", "PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00\x21\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0d\x00\x00\x00word/document.xml", "found application/"},
		{"Windows program", "MZ\x90\x00\x03\x00\x00\x00", "found application/vnd.microsoft.portable-executable"},
		{"GIF", "GIF89a\x01\x00\x01\x00", "found image/gif"},
		{"animated PNG", pngSignature + string(chunk("IHDR", make([]byte, 13))) + string(chunk("acTL", make([]byte, 8))), "found image/apng"},
		{"AVIF", string(box("avif")), "found image/avif"},
		{"Matroska", strings.Replace(webmHead, "\x84webm", "\x88matroska", 1), "found video/matroska"},
		{"Ogg video", strings.Replace(oggHead, "OpusHead", "\x80theora\x00", 1), "found video/ogg"},
		{"random", "\x01\x02\x03\x04\xfe\xfd", "found application/octet-stream"},
		{"PNG's first bytes, then HTML", pngSignature + page, "starts like image/png but does not decode"},
		{"PNG without pixels", pngSignature + string(chunk("IHDR", make([]byte, 13))), "starts like image/png but does not decode"},
		{"JPEG's first bytes, then HTML", "\xff\xd8\xff" + page, "starts like image/jpeg but does not decode"},
		{"HTML that mentions a PDF", page + "%PDF-1.7", "has marks of application/pdf but is none"},
		{"HTML that looks like a film", "<!--skip\x00-->" + page, "has marks of video/quicktime but is none"},
		{"a box longer than the file", "\x00\xff\x00\x00ftypisom" + page, "has marks of video/mp4 but is none"},
		{"half a box", "\x00\x00\x00\x0cftypisom", "has marks of video/mp4 but is none"},
		{"script that looks like AMR", "#!AMR; rm -rf /\n", "has marks of audio/amr but is none"},
		{"WebP of nothing", "RIFF\x1a\x00\x00\x00WEBP<html>" + page, "has marks of image/webp but is none"},
		{"HTML around music", page + strings.Repeat(mp3Frame+strings.Repeat("\x00", 413), 3), "not a type of evidence"},
		{"UTF-16 around music", "\xff\xfe<\x00" + strings.Repeat(mp3Frame+strings.Repeat("\x00", 413), 3), "not a type of evidence"},
	}
	everywhere(t, func(t *testing.T, r *rig) {
		for _, test := range tests {
			_, err := r.Put(t.Context(), strings.NewReader(test.data))
			if !errors.Is(err, evidence.ErrType) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: %v, want %q", test.name, err, test.says)
			}
		}
		r.empty(t)
	})
}

// TestRefusedAtTheFirstBytes: what cannot become evidence is not read to its end.
func TestRefusedAtTheFirstBytes(t *testing.T) {
	r := inFolder(t)
	body := &counter{Reader: io.MultiReader(strings.NewReader("<html>"), zeros(evidence.MaxSize))}
	if _, err := r.Put(t.Context(), body); !errors.Is(err, evidence.ErrType) || body.n > 64<<10 {
		t.Errorf("%v after %d bytes", err, body.n)
	}
}

type counter struct {
	io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

func TestSizes(t *testing.T) {
	everywhere(t, func(t *testing.T, r *rig) {
		if _, err := r.Put(t.Context(), strings.NewReader("")); !errors.Is(err, evidence.ErrEmpty) || err.Error() != "the file is empty" {
			t.Errorf("empty: %v", err)
		}
		photo := jpegOf(t, picture(8, 4))
		over := io.MultiReader(bytes.NewReader(photo), zeros(evidence.MaxSize-int64(len(photo))+1))
		if _, err := r.Put(t.Context(), over); !errors.Is(err, evidence.ErrSize) || err.Error() != "more than 50 MiB: too large" {
			t.Errorf("one byte too many: %v", err)
		}
		r.empty(t)
		full := io.MultiReader(bytes.NewReader(photo), zeros(evidence.MaxSize-int64(len(photo))))
		piece, err := r.Put(t.Context(), full)
		if err != nil || piece.Size != evidence.MaxSize {
			t.Errorf("the last allowed byte: %+v, %v", piece, err)
		}
	})
}

func TestStoredTwiceIsOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, r *rig) {
		photo := jpegOf(t, picture(8, 4))
		first, second := r.put(t, photo), r.put(t, photo)
		if names := r.names(t); first != second || !slices.Equal(names, []string{first.SHA256}) {
			t.Errorf("%+v, %+v, stored: %q", first, second, names)
		}
	})
}

// TestInterrupted: a sender that fails, gives up or is slow to the point of
// being given up leaves nothing, wherever it stops.
func TestInterrupted(t *testing.T) {
	everywhere(t, func(t *testing.T, r *rig) {
		photo := append(jpegOf(t, picture(8, 4)), make([]byte, 100_000)...)
		for _, at := range []int{0, 1, 3, 4095, 4096, 4097, 50_000, len(photo)} {
			broken := io.MultiReader(bytes.NewReader(photo[:at]), iotest.ErrReader(io.ErrUnexpectedEOF))
			if _, err := r.Put(t.Context(), broken); !errors.Is(err, evidence.ErrInterrupted) {
				t.Errorf("broken at %d: %v", at, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			given := io.MultiReader(bytes.NewReader(photo[:at]), callback(cancel), bytes.NewReader(photo[at:]))
			if _, err := r.Put(ctx, given); !errors.Is(err, context.Canceled) {
				t.Errorf("given up at %d: %v", at, err)
			}
		}
		r.empty(t)
	})
}

// callback is a reader of nothing that calls.
type callback func()

func (c callback) Read([]byte) (int, error) {
	c()
	return 0, io.EOF
}

// TestSpoolOfTheLiving: a store that opens while another one takes an upload
// in removes the rests of the dead and not the upload.
func TestSpoolOfTheLiving(t *testing.T) {
	first := inFolder(t)
	photo := append(jpegOf(t, picture(8, 4)), make([]byte, 100_000)...)
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := first.Put(context.WithoutCancel(t.Context()), reader)
		done <- err
	}()
	_, err := writer.Write(photo[:50_000]) // returns when it is read
	must(t, err)
	must(t, os.WriteFile(filepath.Join(first.spool, "part-of-the-dead"), photo[:100], 0o600))
	must(t, os.WriteFile(filepath.Join(first.spool, "note of the operator"), nil, 0o600))

	second := openFolder(t, first.folder)
	rest := second.spooled(t)
	if len(rest) != 2 || slices.Contains(rest, "part-of-the-dead") || !slices.Contains(rest, "note of the operator") {
		t.Errorf("in the spool: %q", rest)
	}
	_, err = writer.Write(photo[50_000:])
	must(t, errors.Join(err, writer.Close(), <-done))
	if data, _ := second.read(t, hashOf(photo)); !bytes.Equal(data, photo) {
		t.Error("the upload is not what was sent")
	}
}

func TestConcurrently(t *testing.T) {
	everywhere(t, func(t *testing.T, r *rig) {
		const clients, pieces = 8, 6
		var group sync.WaitGroup
		for range clients {
			group.Go(func() {
				for n := range pieces {
					data := numbered(t, n)
					piece, err := r.Put(t.Context(), bytes.NewReader(data))
					if err != nil {
						t.Error(err)
						return
					}
					content, _, err := r.Open(t.Context(), piece.SHA256)
					if err != nil {
						t.Error(err)
						return
					}
					got, err := io.ReadAll(content)
					if err := errors.Join(err, content.Close()); err != nil || !bytes.Equal(got, data) {
						t.Errorf("piece %d: %d bytes, %v", n, len(got), err)
					}
					if _, err := r.Sweep(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if names := r.names(t); len(names) != pieces || len(r.spooled(t)) != 0 {
			t.Errorf("stored: %q, in the spool: %q", names, r.spooled(t))
		}
	})
}

// TestHashes: nothing but a hash reaches the disk.
func TestHashes(t *testing.T) {
	everywhere(t, func(t *testing.T, r *rig) {
		r.plant(t, "secret", []byte("%PDF-1.7"))
		hash := hashOf([]byte("nobody has this"))
		for _, name := range []string{
			"", ".", "..", "secret", "../secret", "incoming", "/etc/passwd", `..\secret`,
			strings.ToUpper(hash), hash[1:], hash + "0", " " + hash[1:], hash[:63] + "/", hash[:63] + "\x00", hash + ".attrs",
			"../" + hash[3:], strings.Repeat("../", 21) + "x", strings.Repeat("０", 64),
		} {
			_, _, openErr := r.Open(t.Context(), name)
			_, _, cleanErr := r.Clean(t.Context(), name)
			_, hasErr := r.Has(t.Context(), name)
			for _, err := range []error{openErr, cleanErr, hasErr} {
				if !errors.Is(err, evidence.ErrHash) || !strings.HasSuffix(err.Error(), ": not a SHA-256 in lower-case hex") {
					t.Errorf("%q: %v", name, err)
				}
			}
		}
		if _, _, err := r.Open(t.Context(), hash); !errors.Is(err, evidence.ErrUnknown) || err.Error() != hash+": no such evidence" {
			t.Errorf("unknown: %v", err)
		}
		if has, err := r.Has(t.Context(), hash); has || err != nil {
			t.Errorf("unknown: %t, %v", has, err)
		}
	})
}

// TestDamage: bytes that are not those that were stored never come out, are
// named by Verify, and are put right by storing the piece again.
func TestDamage(t *testing.T) {
	everywhere(t, func(t *testing.T, r *rig) {
		photo := append(jpegOf(t, picture(8, 4)), make([]byte, 5<<20)...)
		whole, damaged := r.put(t, numbered(t, 1)), r.put(t, photo)
		flipped := bytes.Clone(photo)
		flipped[len(flipped)-1] ^= 1
		for name, data := range map[string][]byte{
			"a bit":     flipped,
			"the end":   photo[:len(photo)-1],
			"more":      append(bytes.Clone(photo), 0),
			"all":       {},
			"too large": make([]byte, evidence.MaxSize+2),
		} {
			r.plant(t, damaged.SHA256, data)
			for what, open := range map[string]func(context.Context, string) (io.ReadSeekCloser, evidence.Piece, error){"open": r.Open, "clean": r.Clean} {
				content, _, err := open(t.Context(), damaged.SHA256)
				if content != nil || !errors.Is(err, evidence.ErrDamaged) || !strings.HasPrefix(err.Error(), damaged.SHA256+": damaged in storage") {
					t.Errorf("%s, %s: %v", name, what, err)
				}
			}
			found := map[string]error{}
			must(t, r.Verify(t.Context(), func(sha string, err error) { found[sha] = err }))
			if len(found) != 2 || found[whole.SHA256] != nil || !errors.Is(found[damaged.SHA256], evidence.ErrDamaged) {
				t.Errorf("%s: verify found %v", name, found)
			}
		}
		r.put(t, photo)
		if data, _ := r.read(t, damaged.SHA256); !bytes.Equal(data, photo) {
			t.Error("storing it again did not put it right")
		}
		if rest := r.spooled(t); len(rest) > 0 {
			t.Errorf("left in the spool: %q", rest)
		}
	})
}

// TestVerifyIsComplete: a list that breaks off is an error, never a short list.
func TestVerifyIsComplete(t *testing.T) {
	r := inFolder(t)
	r.plant(t, "note of the operator", nil)
	piece := r.put(t, numbered(t, 1))
	var seen []string
	must(t, r.Verify(t.Context(), func(sha string, err error) { seen = append(seen, fmt.Sprint(sha, err)) }))
	if !slices.Equal(seen, []string{piece.SHA256 + "<nil>"}) {
		t.Errorf("seen: %q", seen)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Verify(ctx, func(string, error) { t.Error("called") }); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
	must(t, os.RemoveAll(r.folder))
	if err := r.Verify(t.Context(), func(string, error) { t.Error("called") }); !errors.Is(err, evidence.ErrUnavailable) {
		t.Errorf("folder gone: %v", err)
	}
	if _, err := r.Put(t.Context(), bytes.NewReader(numbered(t, 2))); !errors.Is(err, evidence.ErrUnavailable) {
		t.Errorf("put, folder gone: %v", err)
	}
}

// TestTypeIsInTheBytes: what other programs say about an object is not believed,
// and a piece that is no longer allowed is still given out, as mere bytes.
func TestTypeIsInTheBytes(t *testing.T) {
	r := inBucket(t)
	photo := jpegOf(t, picture(8, 4))
	piece := r.put(t, photo)
	attributes, err := r.bucket.Attributes(t.Context(), piece.SHA256)
	must(t, err)
	if attributes.ContentType != "image/jpeg" {
		t.Errorf("other programs see %q", attributes.ContentType)
	}
	must(t, r.bucket.WriteAll(t.Context(), piece.SHA256, photo, &blob.WriterOptions{ContentType: "text/html"}))
	if _, piece := r.read(t, piece.SHA256); piece.Type != "image/jpeg" {
		t.Errorf("type %q", piece.Type)
	}
	page := []byte("<html>")
	r.plant(t, hashOf(page), page)
	if _, piece := r.read(t, hashOf(page)); piece.Type != "application/octet-stream" {
		t.Errorf("type %q", piece.Type)
	}
}

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	memory := memblob.OpenBucket(nil)
	files, err := fileblob.OpenBucket(dir, nil)
	must(t, err)
	t.Cleanup(func() { must(t, errors.Join(memory.Close(), files.Close())) })
	for _, test := range []struct {
		cfg  evidence.Config
		says string
	}{
		{evidence.Config{}, "neither a folder nor a bucket"},
		{evidence.Config{Folder: dir, Bucket: memory}, "both a folder and a bucket"},
		{evidence.Config{Folder: dir, Spool: dir}, "has its spool within"},
		{evidence.Config{Bucket: memory}, "needs a spool folder"},
		{evidence.Config{Bucket: files, Spool: dir}, "give it as the folder"},
	} {
		if _, err := evidence.New(test.cfg); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%+v: %v, want %q", test.cfg, err, test.says)
		}
	}
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	if _, err := evidence.New(evidence.Config{Folder: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file as the folder: %v", err)
	}
}

// TestPrivate: nobody but the server's user may read evidence on its disk.
func TestPrivate(t *testing.T) {
	r := inFolder(t)
	piece := r.put(t, numbered(t, 1))
	for _, path := range []string{r.folder, r.spool, filepath.Join(r.folder, piece.SHA256)} {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %s", path, info.Mode())
		}
	}
}

func FuzzPut(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(s.data)
	}
	f.Add([]byte("<html>"))
	f.Add(bomb(1, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := inBucket(t)
		piece, err := r.Put(t.Context(), bytes.NewReader(data))
		if err != nil {
			r.empty(t)
			return
		}
		got, again := r.read(t, piece.SHA256)
		if !bytes.Equal(got, data) || again != piece || piece.SHA256 != hashOf(data) {
			t.Errorf("%d bytes, %+v, want %d, %+v", len(got), again, len(data), piece)
		}
	})
}
