// Package embedded is an event store in one process and one file: a server that speaks the
// EventStoreDB gRPC protocol (with the semantics of server 24.6) to the official client, durable on
// SQLite. It is what Mingjian runs on when no cluster is configured, and what its tests run on.
//
// An append is acknowledged after its transaction is on disk. One goroutine writes; everything else
// reads. Streams, $all, subscriptions with filters, metadata, deletion and tombstones are served;
// BatchAppend, persistent subscriptions, projections, users and access control lists are not.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
)

// closeTimeout is how long Close waits for calls that are under way: appends take milliseconds, and
// what takes longer is a client that does not read.
const closeTimeout = time.Second

// maxSocketParent leaves room in the 104 to 108 bytes that systems allow for a socket's path.
const maxSocketParent = 64

// Node is a running server. Its file is its own until Close.
type Node struct {
	cfg     Config
	lock    *lock
	writer  *writer
	readers *readers
	server  *grpc.Server
	serving sync.WaitGroup
	address string

	subscriptions atomic.Int64
	closing       context.Context // ends subscriptions, and appends that are not yet queued
	cancel        context.CancelFunc
	closeOnce     sync.Once
	closeErr      error
}

// Start opens or creates the file, takes its lock, verifies the end of the log, and serves. It
// fails with InUseError when the file is served already, and with CorruptError when the log's end
// is damaged.
func Start(cfg Config) (*Node, error) { return start(cfg, hooks{now: time.Now}) }

func start(cfg Config, h hooks) (_ *Node, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("event store: %w", err)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Path, err = filepath.Abs(cfg.Path); err != nil {
		return nil, fmt.Errorf("event store: %w", err)
	}
	n := &Node{cfg: cfg}
	n.closing, n.cancel = context.WithCancel(context.Background())
	if n.lock, err = acquire(cfg.Path); err != nil {
		return nil, err // an InUseError as it is
	}
	if err := n.open(h); err != nil {
		return nil, errors.Join(fmt.Errorf("event store %s: %w", cfg.Path, damaged(err, 0)), n.Close())
	}
	return n, nil
}

// open does what Close undoes, also when it stops half-way.
func (n *Node) open(h hooks) error {
	var err error
	if n.writer, err = openWriter(n.cfg.Path, n.cfg.Logger, h); err != nil {
		return err
	}
	if n.readers, err = openReaders(n.cfg.Path); err != nil {
		return err
	}
	listener, err := n.listen()
	if err != nil {
		return err
	}
	if err := n.lock.publish(n.address); err != nil {
		return errors.Join(err, listener.Close())
	}
	n.server = n.newServer()
	n.serving.Go(func() {
		// It says that it was stopped only when Close came before it.
		if err := n.server.Serve(listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			n.cfg.Logger.Error("event store stopped serving", "error", err)
		}
	})
	return nil
}

func (n *Node) listen() (net.Listener, error) {
	if n.cfg.Listen != "" {
		listener, err := net.Listen("tcp", n.cfg.Listen)
		if err != nil {
			return nil, err
		}
		n.address = listener.Addr().String()
		return listener, nil
	}
	// The folder keeps other users out (MkdirTemp makes it 0700), so that the socket needs no password.
	parent := os.TempDir()
	if len(parent) > maxSocketParent {
		parent = "/tmp"
	}
	folder, err := os.MkdirTemp(parent, socketFolder)
	if err != nil {
		return nil, err
	}
	n.address = "unix://" + filepath.Join(folder, socketName)
	listener, err := net.Listen("unix", filepath.Join(folder, socketName))
	if err != nil {
		removeSocket(n.address)
	}
	return listener, err
}

// Address is where the node serves. It goes verbatim into the official client's
// Configuration.Address; a TCP address also into a connection string.
func (n *Node) Address() string { return n.address }

// Close ends subscriptions, lets other calls finish, writes what is queued and lets go of the file.
// Further calls return the same result.
func (n *Node) Close() error {
	n.closeOnce.Do(func() {
		n.cancel()
		if n.server != nil {
			n.stopServer()
		}
		var errs []error
		if n.readers != nil {
			errs = append(errs, n.readers.close())
		}
		if n.writer != nil {
			errs = append(errs, n.writer.close())
		}
		removeSocket(n.address)
		n.closeErr = errors.Join(append(errs, n.lock.release())...)
	})
	return n.closeErr
}

// stopServer gives calls a while. A client that does not read its answer must not keep the node.
// When it returns, no call is left and the address is free.
func (n *Node) stopServer() {
	stopped := make(chan struct{})
	go func() { n.server.GracefulStop(); close(stopped) }()
	select {
	case <-stopped:
	case <-time.After(closeTimeout):
		n.server.Stop()
		<-stopped
	}
	n.serving.Wait()
}

// submit queues a change and waits for its outcome. Once queued it is awaited even if the caller
// gives up: it will be written, and the answer should say so to whoever still listens.
func (n *Node) submit(ctx context.Context, c *change) error {
	select {
	case n.writer.queue <- c:
	case <-ctx.Done():
		return storageStatus(ctx.Err())
	case <-n.closing.Done():
		return errStopping
	}
	<-c.done // the writer ends after the last call has
	if c.outcome.err != nil {
		return storageStatus(c.outcome.err)
	}
	return nil
}
