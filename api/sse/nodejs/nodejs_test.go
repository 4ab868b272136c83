// Package nodejs_test runs the reference client of GraphQL over server-sent
// events against the API. It is a second reading of the protocol.
package nodejs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mingjian/api"
	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
	"mingjian/internal/testrig"
)

const (
	// skip is the variable that leaves the test out, and holds the reason.
	skip = "MINGJIAN_SKIP_NODEJS"
	// address and control are the variables that tell suite where to connect.
	address = "MINGJIAN_SSE_URL"
	control = "MINGJIAN_SSE_CONTROL"

	suite       = "client.test.mjs"
	oldestMajor = 20

	remedy = "install Node.js 20 or newer with npm (https://nodejs.org/en/download, or your system's packages nodejs and npm); " +
		"where that cannot be, set " + skip + " to the reason and this test is skipped"
)

// patience is how long a command may take. It is a guard against hanging:
// nothing passes or fails by how fast it is.
const patience = 4 * time.Minute

func TestClient(t *testing.T) {
	if reason := os.Getenv(skip); reason != "" {
		t.Skipf("the reference client is not tested: %s=%s", skip, reason)
	}
	node, npm := tools(t)
	installPackages(t, npm)
	p := startPlatform(t)
	controls := httptest.NewServer(p.controls())
	t.Cleanup(controls.Close)
	runSuite(t, node, "http://"+p.address+"/graphql/stream", controls.URL)
}

// platform is the API on one address, with everything behind it.
type platform struct {
	t       *testing.T
	address string
	rows    []registry.Row

	mu     sync.Mutex // one change at a time
	rig    *testrig.Rig
	server *http.Server
	served chan error
	opened int // of rows
	// versions counts the entries that change has made on each subject's clause.
	versions map[string]int
}

const round = "r"

func startPlatform(t *testing.T) *platform {
	t.Helper()
	p := &platform{t: t, address: "127.0.0.1:0", rig: testrig.Start(t), versions: map[string]int{}}
	p.rows = p.rig.Register(t, 100)
	p.rig.OpenRound(t, round)
	p.rig.Wait(t)
	if err := p.serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// serve listens where clients have connected before.
func (p *platform) serve() error {
	handler, err := api.NewHandler(api.Config{Model: p.rig.Model, Commands: p.rig.Commands, Logger: testrig.Quiet()})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		return err
	}
	p.address = listener.Addr().String()
	// The timeouts that the program gives its servers, only shorter.
	p.server = &http.Server{Handler: asNamed(handler), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute}
	p.served = make(chan error, 1)
	go func(s *http.Server, listener net.Listener, served chan<- error) { served <- s.Serve(listener) }(p.server, listener, p.served)
	return nil
}

// asNamed takes the client's word for who it is: signing in is another test's.
func asNamed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, err := testrig.People{}.Actor(r.Context(), r.Header.Get("X-Account"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(auth.WithViewer(r.Context(), auth.Viewer{Actor: actor})))
	})
}

// stop shuts the server down, which must not wait for streams, and then what is
// behind it.
func (p *platform) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := p.server.Shutdown(ctx)
	if served := <-p.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(err, p.rig.Close())
}

// controls is what the suite can have happen.
func (p *platform) controls() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, do func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			p.mu.Lock()
			defer p.mu.Unlock()
			answer, err := do(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_ = json.NewEncoder(w).Encode(answer) // the suite has gone: its test says so
		})
	}
	handle("POST /open", p.open)
	handle("POST /change", p.change)
	handle("POST /restart", p.restart)
	return mux
}

// now is an assessment's state.
type now struct {
	Subject  string `json:"subject"`
	Revision uint64 `json:"revision"`
}

// open opens the next center's assessment.
func (p *platform) open(r *http.Request) (any, error) {
	if p.opened == len(p.rows) {
		return nil, fmt.Errorf("all %d assessments are opened", len(p.rows))
	}
	subject := p.rows[p.opened].Code
	p.opened++
	receipt, err := p.rig.Commands.OpenAssessment(r.Context(), testrig.Meta("organizer"), round, subject)
	if err == nil {
		receipt, err = p.rig.Commands.AssignAssessor(r.Context(), testrig.Meta("organizer"), round, subject, "assessor", true)
	}
	return p.settled(r.Context(), subject, receipt, err)
}

// change puts one more event on an assessment.
func (p *platform) change(r *http.Request) (any, error) {
	subject := r.URL.Query().Get("subject")
	score := assessment.Score{Clause: "1.1.2", Finding: assessment.Finding{Outcome: domain.Met, Method: assessment.SiteVisit, ObservedAt: testrig.Day}}
	version := p.versions[subject]
	var receipt command.Receipt
	var err error
	if version == 0 {
		receipt, err = p.rig.Commands.RecordScores(r.Context(), testrig.Meta("assessor"), round, subject, []assessment.Score{score})
	} else {
		receipt, err = p.rig.Commands.ReviseScore(r.Context(), testrig.Meta("assessor"), round, subject, version, score, "再次查看")
	}
	p.versions[subject] = version + 1
	return p.settled(r.Context(), subject, receipt, err)
}

func (p *platform) settled(ctx context.Context, subject string, receipt command.Receipt, err error) (any, error) {
	if err == nil {
		err = p.rig.Model.WaitFor(ctx, receipt.Position)
	}
	return now{Subject: subject, Revision: receipt.Revision}, err
}

// restart stops everything and starts it again from what is on disk.
func (p *platform) restart(r *http.Request) (any, error) {
	dir := p.rig.Dir
	if err := p.stop(); err != nil {
		return nil, err
	}
	// The new rig outlives the request that asked for it.
	rig, err := testrig.Open(context.WithoutCancel(r.Context()), dir)
	if err != nil {
		return nil, err
	}
	p.rig = rig
	return "restarted", p.serve()
}

// tools finds node and npm. A machine without them fails: a test that passes by
// not running would say that the client works.
func tools(t *testing.T) (node, npm string) {
	t.Helper()
	node, nodeErr := exec.LookPath("node")
	npm, npmErr := exec.LookPath("npm")
	if err := errors.Join(nodeErr, npmErr); err != nil {
		t.Fatalf("%v\n%s", err, remedy)
	}
	version := strings.TrimSpace(string(run(t, exec.CommandContext(within(t), node, "--version"))))
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldestMajor {
		t.Fatalf("node is %s\n%s", version, remedy)
	}
	return node, npm
}

// installPackages makes node_modules what the lock says. The mark is written
// last, so that an installation that broke off is done again.
func installPackages(t *testing.T, npm string) {
	t.Helper()
	var want []byte
	for _, name := range []string{"package.json", "package-lock.json"} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, content...)
	}
	mark := filepath.Join("node_modules", ".installed")
	got, err := os.ReadFile(mark)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	run(t, exec.CommandContext(within(t), npm, "ci"))
	if err := os.WriteFile(mark, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

func runSuite(t *testing.T, node, url, controls string) {
	t.Helper()
	// go test knows of files that the test itself looks at: without this it would
	// repeat an old result after a change of the suite.
	if _, err := os.ReadFile(suite); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(within(t), node, "--test", "--test-reporter=spec", suite)
	cmd.Env = append(os.Environ(), address+"="+url, control+"="+controls)
	t.Logf("%s", run(t, cmd))
}

// run returns what a command printed, or fails with it.
func run(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	// An interrupt, unlike a kill, lets node and npm end the processes that they
	// started.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, output)
	}
	return output
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}
