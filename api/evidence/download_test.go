package evidence_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"mingjian/api/evidence"
)

func TestDownload(t *testing.T) {
	everywhere(t, func(t *testing.T, r *rig) {
		s := serve(t, r, nil)
		for _, sample := range samples(t) {
			sha := r.put(t, sample.data).SHA256
			got := s.get(evidence.Path + sha)
			if got.status != http.StatusOK || !bytes.Equal(got.body, sample.data) {
				t.Errorf("%s: %d, %d bytes", sample.name, got.status, len(got.body))
			}
			for name, want := range map[string]string{
				"Content-Type":                 sample.mime,
				"Content-Disposition":          fmt.Sprintf(`attachment; filename="%s%s"`, sha[:12], sample.ext),
				"Content-Length":               fmt.Sprint(len(sample.data)),
				"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'; sandbox",
				"X-Content-Type-Options":       "nosniff",
				"Cross-Origin-Resource-Policy": "same-origin",
				"Cache-Control":                "private, no-store",
				"Last-Modified":                "",
			} {
				if got.header.Get(name) != want {
					t.Errorf("%s: %s is %q, want %q", sample.name, name, got.header.Get(name), want)
				}
			}
			if calls, want := s.called(), []string{"may see " + sha, "seen " + sha + " false"}; !slices.Equal(calls, want) {
				t.Errorf("%s: called %q, want %q", sample.name, calls, want)
			}
		}
	})
}

func TestDownloadClean(t *testing.T) {
	s := serve(t, inFolder(t), nil)
	photo := withEXIF(jpegOf(t, picture(32, 16)), 6)
	sha := s.put(t, photo).SHA256
	got := s.get(evidence.Path + sha + "?copy=clean")
	clean, _ := s.clean(t, sha)
	if got.status != http.StatusOK || !bytes.Equal(got.body, clean) || len(traces(got.body)) > 0 {
		t.Errorf("%d, %d bytes, with %q", got.status, len(got.body), traces(got.body))
	}
	if name := got.header.Get("Content-Disposition"); name != `attachment; filename="`+sha[:12]+`-clean.jpg"` {
		t.Error(name)
	}
	if calls, want := s.called(), []string{"may see " + sha, "seen " + sha + " true"}; !slices.Equal(calls, want) {
		t.Errorf("called %q, want %q", calls, want)
	}
	film := s.put(t, box("isom")).SHA256
	s.get(evidence.Path+film+"?copy=clean").refused(t, "a film", 422, "only JPEG and PNG can be cleaned")
	s.get(evidence.Path+sha+"?copy=dirty").refused(t, "another copy", 400, `copy="dirty", there is only copy=clean: invalid evidence request`)
}

// TestDownloadRange: a download that broke off goes on, and is on record twice.
func TestDownloadRange(t *testing.T) {
	s := serve(t, inFolder(t), nil)
	data := s.data(t)
	path := evidence.Path + s.put(t, data).SHA256
	if got := s.get(path, "Range", "bytes=10-"); got.status != http.StatusPartialContent || !bytes.Equal(got.body, data[10:]) {
		t.Errorf("from 10: %d, %d bytes", got.status, len(got.body))
	}
	if got := s.get(path, "Range", fmt.Sprintf("bytes=%d-", len(data))); got.status != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("from the end: %d", got.status)
	}
	if calls := s.called(); len(calls) != 4 || !strings.HasPrefix(calls[3], "seen ") {
		t.Errorf("called %q", calls)
	}
}

func (s *site) data(t testing.TB) []byte { return jpegOf(t, picture(64, 32)) }

// TestDownloadRefused: nothing of a piece goes out to whom it is not shown,
// unrecorded, or damaged.
func TestDownloadRefused(t *testing.T) {
	everywhere(t, func(t *testing.T, r *rig) {
		s := serve(t, r, nil)
		data := s.data(t)
		sha := r.put(t, data).SHA256
		path := evidence.Path + sha
		withheld := func(name string, got answer, status int, says string) {
			t.Helper()
			got.refused(t, name, status, says)
			if bytes.Contains(got.body, data[:16]) || got.header.Get("Content-Disposition") != "" || got.header.Get("ETag") != "" {
				t.Errorf("%s: %v %.100q", name, got.header, got.body)
			}
		}
		s.refuse["may see"] = errNotYours
		withheld("not shown", s.get(path), 403, "not yours")
		withheld("not shown, not there", s.get(evidence.Path+hashOf(nil)), 403, "not yours")
		delete(s.refuse, "may see")

		s.refuse["seen"] = evidence.ErrBusy
		for _, copied := range []string{"", "?copy=clean"} {
			withheld("unrecorded", s.get(path+copied), 503, "try again")
			withheld("unrecorded", s.get(path+copied, "Range", "bytes=0-9"), 503, "try again")
		}
		delete(s.refuse, "seen")

		withheld("unknown", s.get(evidence.Path+hashOf(nil)), 404, hashOf(nil)+": no such evidence")
		s.called()
		flipped := bytes.Clone(data)
		flipped[len(flipped)-1] ^= 1
		r.plant(t, sha, flipped)
		for _, copied := range []string{"", "?copy=clean"} {
			withheld("damaged", s.get(path+copied), 500, sha+": damaged in storage, restore it from a backup or upload the same file again")
			withheld("damaged", s.get(path+copied, "Range", "bytes=0-9"), 500, "damaged in storage")
		}
		if calls := s.called(); slices.ContainsFunc(calls, func(c string) bool { return strings.HasPrefix(c, "seen") }) {
			t.Errorf("called %q", calls)
		}
		if text := s.logged.String(); !strings.Contains(text, sha) {
			t.Errorf("the operator is not told: %s", text)
		}
	})
}

// TestDownloadPaths: what is no hash is turned away before anybody is asked.
func TestDownloadPaths(t *testing.T) {
	s := serve(t, inFolder(t), nil)
	sha := s.put(t, s.data(t)).SHA256
	for _, path := range []string{
		"", "incoming", "%2e%2e/secret", "..%2f..%2fetc%2fpasswd", "..%5csecret", "a/" + sha, sha + "/", sha + "%00", sha + ".attrs",
		strings.ToUpper(sha), sha[1:], "%2f" + sha, sha + "%0d%0aX-Evil:%20x",
	} {
		got := s.get(evidence.Path + path)
		got.refused(t, path, 400, "not a SHA-256 in lower-case hex")
		if got.header.Get("X-Evil") != "" {
			t.Errorf("%s: %v", path, got.header)
		}
	}
	if calls := s.called(); len(calls) > 0 {
		t.Errorf("called %q", calls)
	}
}
