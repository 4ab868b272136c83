package eventstore_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"mingjian/eventstore"
	"mingjian/eventstore/embedded"
	"mingjian/internal/testrig"
)

// door stands between a client and a node, at one address for ever. Shut, it
// hangs up on everybody; held, it lets requests in and no answers out.
type door struct {
	listener net.Listener
	node     string
	refused  chan struct{} // a token for each connection turned away, up to its capacity
	running  sync.WaitGroup

	mu     sync.Mutex
	change *sync.Cond
	isShut bool
	isHeld bool
	inside map[net.Conn]bool
}

func newDoor(t *testing.T) *door {
	t.Helper()
	node, err := embedded.Start(embedded.Config{
		Path: filepath.Join(t.TempDir(), "log.db"), Listen: "127.0.0.1:0", Logger: testrig.Quiet(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{listener: listener, node: node.Address(), refused: make(chan struct{}, 1000), inside: make(map[net.Conn]bool)}
	d.change = sync.NewCond(&d.mu)
	d.running.Go(d.serve)
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		d.shut()
		d.running.Wait()
	})
	return d
}

func (d *door) serve() {
	for {
		guest, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.running.Go(func() { d.pass(guest) })
	}
}

// pass carries one connection until either end or the door closes it.
func (d *door) pass(guest net.Conn) {
	defer guest.Close()
	host, err := net.Dial("tcp", d.node)
	if err != nil {
		return
	}
	defer host.Close()
	if !d.enter(guest, host) {
		select {
		case d.refused <- struct{}{}:
		default:
		}
		return
	}
	d.running.Go(func() {
		_, _ = io.Copy(host, guest)
		_ = host.Close()
	})
	_, _ = io.Copy(answers{guest, d}, host)
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.inside, guest)
	delete(d.inside, host)
}

func (d *door) enter(conns ...net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range conns {
		if !d.isShut {
			d.inside[c] = true
		}
	}
	return !d.isShut
}

// answers is the way out.
type answers struct {
	to   io.Writer
	door *door
}

func (a answers) Write(b []byte) (int, error) {
	a.door.mu.Lock()
	for a.door.isHeld && !a.door.isShut {
		a.door.change.Wait()
	}
	a.door.mu.Unlock()
	return a.to.Write(b)
}

func (d *door) set(isShut, isHeld bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.isShut, d.isHeld = isShut, isHeld
	if isShut {
		for c := range d.inside {
			_ = c.Close()
		}
	}
	d.change.Broadcast()
}

func (d *door) shut() { d.set(true, false) }
func (d *door) hold() { d.set(false, true) }
func (d *door) open() { d.set(false, false) }

// turnAway waits until n more connections were refused.
func (d *door) turnAway(t *testing.T, n int) {
	t.Helper()
	ctx := testrig.Context(t)
	for range n {
		wait(ctx, t, "refused connection", d.refused)
	}
}

// wait fails the test when nothing comes in the patience that it has.
func wait[T any](ctx context.Context, t *testing.T, what string, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-ctx.Done():
		t.Fatalf("no %s: %v", what, context.Cause(ctx))
	}
	return got
}

// connection makes clients that give up soon.
func (d *door) connection() string {
	return "esdb://" + d.listener.Addr().String() + "?tls=false&maxDiscoverAttempts=1&discoveryInterval=1"
}

// raw is the official client. The caller closes it where that is not what the
// test is about.
func (d *door) raw(t *testing.T, log esdb.LoggingFunc) *esdb.Client {
	t.Helper()
	settings, err := esdb.ParseConnectionString(d.connection())
	if err != nil {
		t.Fatal(err)
	}
	settings.Logger = log
	client, err := esdb.NewClient(settings)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func silent(esdb.LogLevel, string, ...any) {}

// wrapped is our client of the same server.
func (d *door) wrapped(t *testing.T) *eventstore.Log {
	t.Helper()
	l, err := eventstore.Open(testrig.Context(t), eventstore.Config{Connection: d.connection(), Timeout: testrig.Patience, Logger: testrig.Quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func rawAppend(ctx context.Context, client *esdb.Client, stream string) error {
	_, err := client.AppendToStream(ctx, stream, esdb.AppendToStreamOptions{}, esdb.EventData{
		EventID: uuid.New(), EventType: "test.Happened", ContentType: esdb.ContentTypeJson, Data: []byte(`{}`),
	})
	return err
}

// code is the client's error code wherever it is wrapped.
func code(err error) esdb.ErrorCode {
	var e *esdb.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return -1
}

// hazardChild names the test that runs in a child of this process, where a
// client can hang or panic without taking the suite along.
const hazardChild = "MINGJIAN_TEST_HAZARD_CHILD"

func inChild(t *testing.T) bool { return os.Getenv(hazardChild) == t.Name() }

// child runs the same test again with inChild true.
func child(t *testing.T) (output []byte, err error) {
	t.Helper()
	parts := strings.Split(t.Name(), "/")
	for i := range parts {
		parts[i] = "^" + parts[i] + "$"
	}
	cmd := exec.CommandContext(testrig.Context(t), os.Args[0], "-test.v", "-test.run="+strings.Join(parts, "/"))
	cmd.Env = append(os.Environ(), hazardChild+"="+t.Name())
	return cmd.CombinedOutput()
}

// connecting counts the goroutines that ask the client for its connection and
// stand in the given state.
func connecting(state string) (count int) {
	stacks := make([]byte, 4<<20)
	for _, stack := range bytes.Split(stacks[:runtime.Stack(stacks, true)], []byte("\n\n")) {
		head, _, _ := bytes.Cut(stack, []byte("\n"))
		if bytes.Contains(head, []byte("["+state)) && bytes.Contains(stack, []byte("getConnectionHandle(")) {
			count++
		}
	}
	return count
}
