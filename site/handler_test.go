package site

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func get(t testing.TB, h http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.URL.Path = target
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHandlerServes(t *testing.T) {
	dir := t.TempDir()
	f := small(t, false)
	s := newSite(t, dir, f)
	build(t, dir, f)
	h := s.Handler()
	for _, c := range []struct {
		path   string
		status int
		kind   string
		holds  string
	}{
		{"/", 200, "text/html; charset=utf-8", "<h1>2022年社区事务受理服务中心第三方评估</h1>"},
		{"/index.html", 200, "text/html; charset=utf-8", "全市平均"},
		{"/districts/", 200, "text/html; charset=utf-8", "<h1>各区</h1>"},
		{"/centers/310101002.html", 200, "text/html; charset=utf-8", "总分"},
		{"/release.json", 200, "application/json; charset=utf-8", `"release": 1`},
		{"/data/centers.csv", 200, "text/csv; charset=utf-8", "city_rank"},
		{"/" + s.style.name, 200, "text/css; charset=utf-8", "--seal"},
		{"/" + s.seal.name, 200, "image/svg+xml; charset=utf-8", "<svg"},
		{"/districts", 301, "", ""},
		{"/centers/", 404, "text/html; charset=utf-8", `href="../index.html"`},
		{"/centers", 404, "text/html; charset=utf-8", `href="./index.html"`},
		{"/data/", 404, "text/html; charset=utf-8", "没有这个页面"},
		{"/a/b/c", 404, "text/html; charset=utf-8", `href="../../index.html"`},
		{"/centers/../index.html", 404, "text/html; charset=utf-8", ""},
		{"/../../etc/passwd", 404, "text/html; charset=utf-8", ""},
		{"//etc/passwd", 404, "text/html; charset=utf-8", ""},
		{"/index.html/x.html", 404, "text/html; charset=utf-8", ""},
		{"/" + strings.Repeat("x", 5000) + ".html", 404, "text/html; charset=utf-8", ""},
		{"/index.html\x00", 404, "text/html; charset=utf-8", ""},
	} {
		w := get(t, h, c.path)
		if w.Code != c.status || w.Header().Get("Content-Type") != c.kind || !strings.Contains(w.Body.String(), c.holds) {
			t.Errorf("%.60q: %d %q %.80q", c.path, w.Code, w.Header().Get("Content-Type"), w.Body.String())
		}
		if w.Header().Get("Content-Security-Policy") != contentPolicy || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%.60q: headers %v", c.path, w.Header())
		}
	}
	if got := get(t, h, "/districts").Header().Get("Location"); got != "./districts/" {
		t.Errorf("folder without slash leads to %q", got)
	}
}

func TestHandlerCaches(t *testing.T) {
	dir := t.TempDir()
	f := small(t, false)
	s := newSite(t, dir, f)
	build(t, dir, f)
	first := get(t, s.Handler(), "/")
	tag := first.Header().Get("Etag")
	if w := get(t, s.Handler(), "/", "If-None-Match", tag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("same release: %d", w.Code)
	}
	f.release, f.logSize = 2, f.logSize+1
	build(t, dir, f)
	if w := get(t, s.Handler(), "/", "If-None-Match", tag); w.Code != http.StatusOK {
		t.Errorf("next release: %d", w.Code)
	}
	if got := get(t, s.Handler(), "/"+s.style.name).Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("the stylesheet is kept %q", got)
	}
}

func TestHandlerBeforeTheFirstRelease(t *testing.T) {
	s := newSite(t, t.TempDir(), small(t, false))
	w := get(t, s.Handler(), "/")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "尚未发布") || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := get(t, s.Handler(), "/centers/1.html"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), `"../`+s.style.name) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := get(t, s.Handler(), "/"+s.style.name); w.Code != http.StatusOK {
		t.Errorf("its stylesheet: %d", w.Code)
	}
}

func TestHandlerRefusesWrites(t *testing.T) {
	s := newSite(t, t.TempDir(), small(t, false))
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x")))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestHandlerStaysInside(t *testing.T) {
	dir := t.TempDir()
	f := small(t, false)
	result := build(t, dir, f)
	secret := filepath.Join(dir, "secret.html")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../secret.html", filepath.Join(result.Dir, "leak.html")); err != nil {
		t.Fatal(err)
	}
	if w := get(t, newSite(t, dir, f).Handler(), "/leak.html"); strings.Contains(w.Body.String(), "secret") || w.Code != http.StatusNotFound {
		t.Errorf("%d %.60s", w.Code, w.Body)
	}
}
