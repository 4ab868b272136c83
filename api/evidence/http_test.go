package evidence_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gocloud.dev/blob/memblob"

	"mingjian/api/evidence"
)

// site is a store behind a real HTTP server, with a record of what was asked
// and told.
type site struct {
	*rig
	t      testing.TB
	server *httptest.Server
	// ended receives a value for each request that was answered or given up.
	ended chan struct{}

	mu     sync.Mutex
	calls  []string
	logged bytes.Buffer
	// refuse is what the callback of that name returns.
	refuse map[string]error
	// during is called within the callback of that name.
	during map[string]func()
}

var errNotYours = errors.New("not yours")

func serve(t testing.TB, r *rig, change func(*evidence.HandlerConfig, *http.Server)) *site {
	t.Helper()
	s := &site{rig: r, t: t, ended: make(chan struct{}, 100), refuse: map[string]error{}, during: map[string]func(){}}
	cfg := evidence.HandlerConfig{
		Store:     r.Store,
		MayUpload: func(context.Context) error { return s.call("may upload") },
		MaySee:    func(_ context.Context, sha string) error { return s.call("may see", sha) },
		Stored:    func(_ context.Context, p evidence.Piece) error { return s.call("stored", p.SHA256, p.Type, p.Size) },
		Seen:      func(_ context.Context, sha string, clean bool) error { return s.call("seen", sha, clean) },
		Refuse: func(w http.ResponseWriter, _ *http.Request, err error) {
			status := evidence.Status(err)
			if errors.Is(err, errNotYours) {
				status = http.StatusForbidden
			}
			http.Error(w, err.Error(), status)
		},
		Logger: slog.New(slog.NewTextHandler(&s.logged, nil)),
	}
	server := &http.Server{}
	if change != nil {
		change(&cfg, server)
	}
	handlers, err := evidence.NewHandlers(cfg)
	must(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /evidence", func(w http.ResponseWriter, r *http.Request) {
		defer func() { s.ended <- struct{}{} }()
		handlers.Upload(w, r)
	})
	mux.HandleFunc("GET "+evidence.Path, handlers.Download)
	server.Handler = mux
	s.server = httptest.NewUnstartedServer(mux)
	s.server.Config = server
	s.server.Start()
	t.Cleanup(s.server.Close)
	return s
}

func (s *site) call(name string, args ...any) error {
	if during := s.during[name]; during != nil {
		during()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, strings.TrimSuffix(fmt.Sprintln(append([]any{name}, args...)...), "\n"))
	return s.refuse[name]
}

// called returns and forgets what was called.
func (s *site) called() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (s *site) do(r *http.Request) answer {
	s.t.Helper()
	response, err := s.server.Client().Do(r)
	must(s.t, err)
	body, err := io.ReadAll(response.Body)
	must(s.t, errors.Join(err, response.Body.Close()))
	return answer{response.StatusCode, response.Header, body}
}

func (s *site) post(contentType string, body io.Reader) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.server.URL+"/evidence", body)
	must(s.t, err)
	r.Header.Set("Content-Type", contentType)
	return s.do(r)
}

func (s *site) get(path string, header ...string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.server.URL+path, http.NoBody)
	must(s.t, err)
	if len(header) > 0 {
		r.Header.Set(header[0], header[1])
	}
	return s.do(r)
}

func (a answer) refused(t testing.TB, name string, status int, says string) {
	t.Helper()
	if got := strings.TrimSpace(string(a.body)); a.status != status || !strings.Contains(got, says) {
		t.Errorf("%s: %d %.200q, want %d %q", name, a.status, got, status, says)
	}
}

func TestUpload(t *testing.T) {
	everywhere(t, func(t *testing.T, r *rig) {
		s := serve(t, r, nil)
		photo := jpegOf(t, picture(8, 4))
		want := fmt.Sprintf(`{"sha256":%q,"type":"image/jpeg","size":%d}`, hashOf(photo), len(photo))
		recorded := []string{"may upload", fmt.Sprintln("stored", hashOf(photo), "image/jpeg", len(photo))}
		recorded[1] = strings.TrimSpace(recorded[1])
		for name, got := range map[string]answer{
			"body":                  s.post("image/jpeg", bytes.NewReader(photo)),
			"body, of any type":     s.post("text/html", bytes.NewReader(photo)),
			"body, of no type":      s.post("", bytes.NewReader(photo)),
			"form":                  s.post(form(part(`name="file"; filename="a.jpg"`, photo))),
			"form, name with paths": s.post(form(part(`name="file"; filename="../../../etc/cron.d/a\\..\\b.html"`, photo))),
			"form, another type":    s.post(form("Content-Type: text/html\r\n" + part(`name="file"; filename="a.html"`, photo))),
		} {
			if got.status != http.StatusCreated || strings.TrimSpace(string(got.body)) != want || got.header.Get("Content-Type") != "application/json; charset=utf-8" {
				t.Errorf("%s: %d %s %v", name, got.status, got.body, got.header)
			}
		}
		if calls := s.called(); len(calls) != 12 || !slices.Equal(calls[:2], recorded) {
			t.Errorf("called: %q", calls)
		}
		if names := r.names(t); !slices.Equal(names, []string{hashOf(photo)}) || len(r.spooled(t)) > 0 {
			t.Errorf("stored: %q, in the spool: %q", names, r.spooled(t))
		}
	})
}

const boundary = "a-boundary"

// part is the headers and the body of one part of a form.
func part(disposition string, data []byte) string {
	return "Content-Disposition: form-data; " + disposition + "\r\n\r\n" + string(data)
}

func form(parts ...string) (contentType string, body io.Reader) {
	text := ""
	for _, p := range parts {
		text += "--" + boundary + "\r\n" + p + "\r\n"
	}
	return "multipart/form-data; boundary=" + boundary, strings.NewReader(text + "--" + boundary + "--\r\n")
}

// TestUploadRefused: each trick has its answer, and nothing of any is stored or
// recorded.
func TestUploadRefused(t *testing.T) {
	everywhere(t, func(t *testing.T, r *rig) {
		s := serve(t, r, nil)
		photo := jpegOf(t, picture(8, 4))
		page := []byte("<!DOCTYPE html><script>alert(1)</script>")
		aFile := part(`name="file"; filename="a.jpg"`, photo)
		const formType = "multipart/form-data; boundary=" + boundary
		const mib = 1 << 20
		withType := func(contentType, body string) (string, io.Reader) { return contentType, strings.NewReader(body) }
		tests := []struct {
			name   string
			got    answer
			status int
			says   string
		}{
			{"HTML as PNG", s.post("image/png", bytes.NewReader(page)), 415, "found text/html, allowed are JPEG"},
			{"HTML named .png in a form", s.post(form(part(`name="file"; filename="a.png"`+"\r\nContent-Type: image/png", page))), 415, "found text/html, allowed are JPEG"},
			{"nothing", s.post("image/png", http.NoBody), 400, "the file is empty"},
			{"an empty file in a form", s.post(form(part(`name="file"; filename="a.png"`, nil))), 400, "the file is empty"},
			{"too much", s.post("image/jpeg", sized(photo, 50*mib+1, true)), 413, "more than 50 MiB: too large"},
			{"too much, unannounced", s.post("image/jpeg", sized(photo, 50*mib+1, false)), 413, "more than 50 MiB: too large"},
			{"too much in a form", s.post(formType, io.MultiReader(strings.NewReader("--"+boundary+"\r\n"+aFile), zeros(50*mib))), 413, "more than 50 MiB: too large"},
			{"two files", s.post(form(aFile, aFile)), 400, `the form has another part "file", upload one file a request: invalid evidence request`},
			{"a file and a field", s.post(form(aFile, part(`name="note"`, []byte("x")))), 400, `the form has another part "note"`},
			{"a field and a file", s.post(form(part(`name="note"`, []byte("x")), aFile)), 400, `the form has a part "note", it must have one file named "file" and nothing else`},
			{"a field named file", s.post(form(part(`name="file"`, photo))), 400, `it must have one file named "file"`},
			{"a file of another name", s.post(form(part(`name="photo"; filename="a.jpg"`, photo))), 400, `the form has a part "photo"`},
			{"a part without a name", s.post(form("Content-Type: image/jpeg\r\n\r\n" + string(photo))), 400, `the form has a part ""`},
			{"no file", s.post(form()), 400, "the form has no file"},
			{"no form", s.post(withType(formType, "")), 400, "the form has no file"},
			{"a form cut off", s.post(withType(formType, "--"+boundary+"\r\n"+aFile)), 400, "the upload broke off"},
			{"a form cut off behind its file", s.post(withType(formType, "--"+boundary+"\r\n"+aFile+"\r\n--"+boundary+"\r\nContent-")), 400, "the form cannot be read to its end"},
			{"another boundary", s.post(withType(formType, "--other\r\n"+aFile+"\r\n--other--")), 400, "the form has no file"},
			{"no boundary", s.post(withType("multipart/form-data", aFile)), 400, `Content-Type "multipart/form-data" is not multipart/form-data with a boundary`},
			{"another kind of parts", s.post(withType("multipart/mixed; boundary="+boundary, aFile)), 400, "is not multipart/form-data"},
			{"a huge header", s.post(form("X-Huge: " + strings.Repeat("x", 11*mib) + "\r\n" + aFile)), 400, "the form cannot be read (multipart: message too large)"},
			{"many headers", s.post(form(strings.Repeat("X-Many: x\r\n", 20_000) + aFile)), 400, "the form cannot be read"},
			{"a bomb", s.post("image/png", bytes.NewReader(bomb(60_000, 60_000))), 413, "60000 × 60000 pixels, at most 52428800 in all: too large"},
		}
		for _, test := range tests {
			test.got.refused(t, test.name, test.status, test.says)
		}
		if calls := s.called(); len(calls) != len(tests) || slices.ContainsFunc(calls, func(c string) bool { return c != "may upload" }) {
			t.Errorf("called: %q", calls)
		}
		r.empty(t)
	})
}

// sized is a body of n bytes that begins with start; its length is announced or
// not.
func sized(start []byte, n int, announced bool) io.Reader {
	body := bytes.NewReader(append(bytes.Clone(start), make([]byte, n-len(start))...))
	if announced {
		return body
	}
	return io.MultiReader(body) // a type whose length net/http cannot tell
}

func TestUploadNotAllowed(t *testing.T) {
	s := serve(t, inFolder(t), nil)
	s.refuse["may upload"] = errNotYours
	s.post("image/jpeg", bytes.NewReader(jpegOf(t, picture(8, 4)))).refused(t, "not allowed", 403, "not yours")
	s.empty(t)
}

// TestUploadNotRecorded: when the log cannot be told, the client is; sending
// the file again works.
func TestUploadNotRecorded(t *testing.T) {
	s := serve(t, inFolder(t), nil)
	photo := jpegOf(t, picture(8, 4))
	s.refuse["stored"] = evidence.ErrBusy
	s.post("image/jpeg", bytes.NewReader(photo)).refused(t, "not recorded", 503, "try again")
	delete(s.refuse, "stored")
	if got := s.post("image/jpeg", bytes.NewReader(photo)); got.status != http.StatusCreated {
		t.Errorf("again: %d %s", got.status, got.body)
	}
}

// TestStorageFails: the client learns that, the operator learns why.
func TestStorageFails(t *testing.T) {
	photo := jpegOf(t, picture(8, 4))
	const told = "the evidence store is not working, try again later"
	t.Run("folder", func(t *testing.T) {
		s := serve(t, inFolder(t), nil)
		must(t, os.RemoveAll(s.folder))
		for name, got := range map[string]answer{
			"upload": s.post("image/jpeg", bytes.NewReader(photo)), "download": s.get(evidence.Path + hashOf(photo)),
		} {
			if text := strings.TrimSpace(string(got.body)); got.status != http.StatusServiceUnavailable || text != told {
				t.Errorf("%s: %d %s", name, got.status, text)
			}
		}
		if text := s.logged.String(); strings.Count(text, s.folder) != 2 || !strings.Contains(text, "no such file or directory") {
			t.Errorf("logged: %s", text)
		}
	})
	t.Run("bucket", func(t *testing.T) {
		bucket := memblob.OpenBucket(nil)
		r := &rig{spool: t.TempDir(), bucket: bucket}
		var err error
		r.Store, err = evidence.New(evidence.Config{Bucket: bucket, Spool: r.spool})
		must(t, err)
		must(t, bucket.Close())
		s := serve(t, r, nil)
		s.post("image/jpeg", bytes.NewReader(photo)).refused(t, "upload", 503, told)
		s.get(evidence.Path+hashOf(photo)).refused(t, "download", 503, told)
		if text := s.logged.String(); strings.Count(text, "Bucket has been closed") != 2 {
			t.Errorf("logged: %s", text)
		}
		if rest := r.spooled(t); len(rest) > 0 {
			t.Errorf("left in the spool: %q", rest)
		}
	})
}

// TestClientGoesAway: half an upload leaves nothing.
func TestClientGoesAway(t *testing.T) {
	s := serve(t, inFolder(t), nil)
	photo := append(jpegOf(t, picture(8, 4)), make([]byte, 100_000)...)
	for name, half := range map[string]string{
		"body": "Content-Type: image/jpeg\r\n\r\n" + string(photo),
		"form": "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n" + part(`name="file"; filename="a.jpg"`, photo),
	} {
		conn := s.dial()
		_, err := io.WriteString(conn, "POST /evidence HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n"+half)
		must(t, errors.Join(err, conn.Close()))
		<-s.ended
		if calls := s.called(); !slices.Equal(calls, []string{"may upload"}) {
			t.Errorf("%s: called %q", name, calls)
		}
		s.empty(t)
	}
}

func (s *site) dial() net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
	must(s.t, err)
	return conn
}

// TestClientSendsToTheEnd: a client that reads no answer before it has sent all
// of a refused file, as browsers do, still learns why.
func TestClientSendsToTheEnd(t *testing.T) {
	s := serve(t, inFolder(t), nil)
	conn := s.dial()
	page := append([]byte("<html>"), bytes.Repeat([]byte(" "), 30<<20)...)
	_, err := fmt.Fprintf(conn, "POST /evidence HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", len(page))
	must(t, err)
	_, err = conn.Write(page)
	must(t, err)
	told, err := io.ReadAll(conn)
	must(t, errors.Join(err, conn.Close()))
	if !strings.HasPrefix(string(told), "HTTP/1.1 415") || !strings.Contains(string(told), "found text/html") {
		t.Errorf("told: %s", told)
	}
}

// ask announces an upload and waits to be let in, as careful clients do.
func (s *site) ask(conn net.Conn, size int) *bufio.Reader {
	s.t.Helper()
	_, err := fmt.Fprintf(conn, "POST /evidence HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", size)
	must(s.t, err)
	return bufio.NewReader(conn)
}

// TestClientAsksFirst: whoever announces too much is told before sending it.
func TestClientAsksFirst(t *testing.T) {
	s := serve(t, inFolder(t), nil)
	conn := s.dial()
	told, err := io.ReadAll(s.ask(conn, evidence.MaxSize+1))
	must(t, errors.Join(err, conn.Close()))
	if !strings.HasPrefix(string(told), "HTTP/1.1 413") || !strings.Contains(string(told), "more than 50 MiB") {
		t.Errorf("told: %s", told)
	}
}

// TestClientFallsSilent: a connection on which nothing comes any more is given
// up, and told so.
func TestClientFallsSilent(t *testing.T) {
	s := serve(t, inFolder(t), func(cfg *evidence.HandlerConfig, _ *http.Server) { cfg.Silence = 20 * time.Millisecond })
	conn := s.dial()
	_, err := io.WriteString(conn, "POST /evidence HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n"+string(jpegOf(t, picture(8, 4))))
	must(t, err)
	told, err := io.ReadAll(conn)
	must(t, errors.Join(err, conn.Close()))
	if !strings.HasPrefix(string(told), "HTTP/1.1 400") || !strings.Contains(string(told), "the upload broke off, send it again") {
		t.Errorf("told: %s", told)
	}
	s.empty(t)
}

// TestSlowClients: a transfer may take longer than the server grants other
// requests, whose time is over here before the handlers begin.
func TestSlowClients(t *testing.T) {
	const short = time.Millisecond
	s := serve(t, inFolder(t), func(_ *evidence.HandlerConfig, server *http.Server) {
		server.ReadHeaderTimeout, server.IdleTimeout = time.Minute, time.Minute
		server.ReadTimeout, server.WriteTimeout = short, short
	})
	s.during["may upload"] = func() { time.Sleep(2 * short) }
	s.during["may see"] = s.during["may upload"]
	photo := append(jpegOf(t, picture(8, 4)), make([]byte, 1<<20)...)
	if got := s.post("image/jpeg", bytes.NewReader(photo)); got.status != http.StatusCreated {
		t.Errorf("upload: %d %s", got.status, got.body)
	}
	if got := s.get(evidence.Path + hashOf(photo)); !bytes.Equal(got.body, photo) {
		t.Errorf("download: %d, %d bytes", got.status, len(got.body))
	}
}

// TestBusy: as many transfers as are allowed, the next is sent away, and none
// is turned away once there is room again.
func TestBusy(t *testing.T) {
	s := serve(t, inFolder(t), func(cfg *evidence.HandlerConfig, _ *http.Server) { cfg.MaxUploads, cfg.MaxDownloads = 1, 1 })
	photo := jpegOf(t, picture(8, 4))
	conn := s.dial()
	answers := s.ask(conn, len(photo))
	if line, err := answers.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" { // the first upload is let in
		t.Fatalf("told: %q, %v", line, err)
	}
	got := s.post("image/jpeg", bytes.NewReader(photo))
	got.refused(t, "second upload", 503, "1 uploads are under way: too many transfers at once, try again")
	if got.header.Get("Retry-After") != "5" {
		t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
	}
	_, err := conn.Write(photo)
	must(t, err)
	told, err := io.ReadAll(answers)
	must(t, errors.Join(err, conn.Close()))
	if !strings.HasPrefix(string(told), "\r\nHTTP/1.1 201") {
		t.Errorf("first upload: %s", told)
	}

	inside, goOn := make(chan struct{}), make(chan struct{})
	s.during["seen"] = func() { inside <- struct{}{}; <-goOn }
	done := make(chan answer)
	go func() { done <- s.get(evidence.Path + hashOf(photo)) }()
	<-inside
	s.get(evidence.Path+hashOf(photo)).refused(t, "second download", 503, "1 downloads are under way")
	close(goOn)
	if got := <-done; got.status != http.StatusOK {
		t.Errorf("first download: %d", got.status)
	}
}

func TestHandlerConfig(t *testing.T) {
	_, err := evidence.NewHandlers(evidence.HandlerConfig{MaxUploads: -1})
	for _, part := range []string{"no store", "no MayUpload", "no MaySee", "no Stored", "no Seen", "no Refuse", "negative"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v, want %q in it", err, part)
		}
	}
}
