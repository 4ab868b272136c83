package site

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// contentTypes lists every kind of file that a build makes; the host's own
// table of types is never asked.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml; charset=utf-8",
	".json": "application/json; charset=utf-8",
	".csv":  "text/csv; charset=utf-8",
}

// contentPolicy lets a page load the site's own files and nothing else.
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const (
	cacheForEver = "public, max-age=31536000, immutable" // the name carries the hash
	cacheChecked = "public, no-cache"                    // kept, and asked about each time
)

// Handler serves the current release. Each request sees one release whole, also
// while another one is being swapped in.
func (s *Site) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		if a, ok := s.assetNamed(strings.TrimPrefix(r.URL.Path, "/")); ok {
			// Also before the first release, and for a page that a browser
			// kept from a release ago.
			header.Set("Cache-Control", cacheForEver)
			header.Set("Content-Type", contentTypes[path.Ext(a.name)])
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.content))
			return
		}
		if err := s.serve(w, r); err != nil {
			s.log.Error("site: request failed", "path", r.URL.Path, "error", err)
			header.Del("Etag")
			header.Set("Cache-Control", "no-store")
			http.Error(w, "internal error", http.StatusInternalServerError)
		}
	})
}

func (s *Site) assetNamed(name string) (asset, bool) {
	for _, a := range s.assets() {
		if a.name == name {
			return a, true
		}
	}
	return asset{}, false
}

// serve answers from the release that current points at now.
func (s *Site) serve(w http.ResponseWriter, r *http.Request) error {
	target, err := os.Readlink(filepath.Join(s.dir, currentLink))
	if errors.Is(err, fs.ErrNotExist) {
		return s.serveUnpublished(w, r)
	}
	if err != nil {
		return err
	}
	// The release itself, not the link: the link may move on meanwhile. The
	// root keeps every path inside it.
	root, err := os.OpenRoot(filepath.Join(s.dir, target))
	if err != nil {
		return err
	}
	defer root.Close()
	name, ok := fileName(r.URL.Path)
	if !ok {
		return s.serveNotFound(w, r, root)
	}
	f, info, err := openFile(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := root.Stat(path.Join(name, "index.html")); err == nil {
			// A folder without its slash: relative links need the slash.
			w.Header().Set("Location", "./"+path.Base(name)+"/")
			w.WriteHeader(http.StatusMovedPermanently)
			return nil
		}
		return s.serveNotFound(w, r, root)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	header := w.Header()
	ext := path.Ext(name)
	header.Set("Content-Type", contentTypes[ext])
	header.Set("Cache-Control", cacheChecked)
	if strings.HasPrefix(name, "assets/") {
		header.Set("Cache-Control", cacheForEver)
	}
	if ext == ".csv" {
		header.Set("Content-Disposition", `attachment; filename="`+path.Base(name)+`"`)
	}
	header.Set("Etag", fmt.Sprintf("%q", fmt.Sprintf("%s-%x-%x", path.Base(target), info.Size(), info.ModTime().UnixNano())))
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}

// fileName turns a request's path into a file's name in the release.
func fileName(request string) (string, bool) {
	name := strings.TrimPrefix(request, "/")
	if name == "" || strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	return name, fs.ValidPath(name) && !strings.ContainsAny(name, "\\\x00")
}

// openFile opens a regular file of a kind that a build makes; anything else,
// folders included, does not exist.
func openFile(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	if contentTypes[path.Ext(name)] == "" {
		return nil, nil, fs.ErrNotExist
	}
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return nil, nil, err
		}
		// A file taken for a folder, a name too long, a path that leaves the
		// root: none of them is a page, and none is our fault.
		return nil, nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// serveNotFound sends the release's 404 page. Its links start at the site's
// root, written "./"; they are led back there from however deep the request was.
func (s *Site) serveNotFound(w http.ResponseWriter, r *http.Request, root *os.Root) error {
	page, err := root.ReadFile("404.html")
	if err != nil {
		return err
	}
	sendPage(w, r, http.StatusNotFound, atDepth(page, r.URL.Path))
	return nil
}

func (s *Site) serveUnpublished(w http.ResponseWriter, r *http.Request) error {
	var buffer bytes.Buffer
	view := unpublishedView(frame{Title: "尚未发布", Root: "./", Style: s.style.name, Seal: s.seal.name})
	if err := renderPage(context.WithoutCancel(r.Context()), &buffer, view); err != nil {
		return err
	}
	status := http.StatusNotFound
	if r.URL.Path == "/" || r.URL.Path == "/index.html" {
		status = http.StatusOK
	}
	sendPage(w, r, status, atDepth(buffer.Bytes(), r.URL.Path))
	return nil
}

// atDepth leads links from a page at the site's root to where they mean, for a
// page that is sent under a deeper address.
func atDepth(page []byte, request string) []byte {
	depth := strings.Count(strings.TrimPrefix(request, "/"), "/")
	if depth == 0 {
		return page
	}
	return bytes.ReplaceAll(page, []byte(`="./`), []byte(`="`+strings.Repeat("../", depth)))
}

func sendPage(w http.ResponseWriter, r *http.Request, status int, page []byte) {
	header := w.Header()
	header.Set("Content-Type", contentTypes[".html"])
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(page) // fails only when the reader has gone
	}
}
