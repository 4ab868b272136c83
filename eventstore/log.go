package eventstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"mingjian/eventstore/embedded"
)

// EmbeddedScheme starts a connection string that names a file instead of a
// server: "esdb+embedded:data/log.db". The node that serves the file runs in
// this process, or, with Config.Attach, in the process that has it already.
const EmbeddedScheme = "esdb+embedded:"

// EmbeddedPath is the file that a connection string names, if it names one:
// esdb+embedded:data/log.db, or with the two slashes that other schemes have.
func EmbeddedPath(connection string) (path string, ok bool) {
	path, ok = strings.CutPrefix(connection, EmbeddedScheme)
	return strings.TrimPrefix(path, "//"), ok
}

// Config says which log to open.
type Config struct {
	// Connection is "esdb://…", "esdb+discover://…" (EventStoreDB's own
	// connection strings) or EmbeddedScheme and a path.
	Connection string
	// Attach allows to be a client of another process's embedded node.
	Attach bool
	// Timeout bounds one call with all its retries; 10 s if zero.
	Timeout time.Duration
	Logger  *slog.Logger // slog.Default() if nil
}

// Validate reports all faults at once.
func (c Config) Validate() error {
	var faults []error
	switch path, isEmbedded := EmbeddedPath(c.Connection); {
	case c.Connection == "":
		faults = append(faults, errors.New("eventstore: no connection string; try "+EmbeddedScheme+"data/log.db"))
	case isEmbedded && strings.Trim(path, "/") == "":
		faults = append(faults, fmt.Errorf("eventstore: %q names no file; try %sdata/log.db", c.Connection, EmbeddedScheme))
	case !isEmbedded:
		if _, err := esdb.ParseConnectionString(c.Connection); err != nil {
			faults = append(faults, fmt.Errorf("eventstore: connection string: %w", err))
		}
	}
	if c.Timeout < 0 {
		faults = append(faults, errors.New("eventstore: negative timeout"))
	}
	return errors.Join(faults...)
}

// Log is the event log. It is safe for concurrent use. Every call honours its
// context and retries what is safe to retry on a new client.
type Log struct {
	timeout  time.Duration
	logger   *slog.Logger
	identity string
	node     *embedded.Node // nil unless the node runs in this process
	clients  *clients
	turns    *turns

	closeOnce sync.Once
	closeErr  error
}

// Open connects to the log, or starts the embedded node, and learns the log's
// identity. The caller must Close it.
func Open(ctx context.Context, c Config) (*Log, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	l := &Log{timeout: c.Timeout, logger: c.Logger, turns: newTurns()}
	if l.timeout == 0 {
		l.timeout = 10 * time.Second
	}
	if l.logger == nil {
		l.logger = slog.Default()
	}
	settings, err := l.settings(c)
	if err != nil {
		return nil, err
	}
	l.clients = newClients(l.timeout, settings)
	if l.identity, err = l.identify(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// settings makes the client's configuration, starting the node if need be.
func (l *Log) settings(c Config) (func() (*esdb.Configuration, error), error) {
	path, isEmbedded := EmbeddedPath(c.Connection)
	if !isEmbedded {
		return func() (*esdb.Configuration, error) {
			settings, err := esdb.ParseConnectionString(c.Connection)
			if err == nil {
				l.quiet(settings)
			}
			return settings, err
		}, nil
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("eventstore: %w", err)
	}
	address := func() (string, error) { return "", nil }
	node, err := embedded.Start(embedded.Config{Path: path, Logger: l.logger})
	var used *embedded.InUseError
	switch {
	case err == nil:
		l.node = node
		address = func() (string, error) { return node.Address(), nil }
	case errors.As(err, &used) && c.Attach:
		// The holder may restart with another address, so ask each time.
		address = func() (string, error) {
			if a, ok := embedded.Running(path); ok {
				return a, nil
			}
			return "", fmt.Errorf("no process serves %s any more: %w", path, ErrUnavailable)
		}
	default:
		return nil, fmt.Errorf("eventstore: %w", err)
	}
	return func() (*esdb.Configuration, error) {
		at, err := address()
		if err != nil {
			return nil, err
		}
		// A client of an empty connection string, to get the defaults.
		settings, err := esdb.ParseConnectionString("esdb://localhost:2113?tls=false")
		if err != nil {
			return nil, err
		}
		settings.Address = at
		l.quiet(settings)
		return settings, nil
	}, nil
}

// quiet sends the client's own log lines, which repeat our errors, to debug.
func (l *Log) quiet(settings *esdb.Configuration) {
	settings.Logger = func(_ esdb.LogLevel, format string, args ...interface{}) {
		l.logger.Debug("eventstore client: " + fmt.Sprintf(format, args...))
	}
}

// Identity is the log's own id. Positions, and checkpoints, mean nothing on a
// log with another identity.
func (l *Log) Identity() string { return l.identity }

// identityStream holds one event that names the log. It is not an application
// stream: a move to another log leaves it behind.
const (
	identityStream = "mingjian-log"
	identityType   = "log.Identified"
)

// identify reads the log's identity, or gives it one. Of several processes
// that try at once, one wins and all read the winner's.
func (l *Log) identify(ctx context.Context) (string, error) {
	for {
		for event, err := range l.ReadStream(ctx, identityStream, 0) {
			if errors.Is(err, ErrNoStream) {
				break
			}
			if err != nil {
				return "", fmt.Errorf("eventstore: read the log's identity: %w", err)
			}
			return event.ID.String(), nil
		}
		_, err := l.Append(ctx, identityStream, NoStream, []Proposed{{
			ID: uuid.New(), Type: identityType, Data: []byte(`{"v":1}`), Metadata: []byte(`{}`),
		}})
		if err != nil && !errors.Is(err, ErrConflict) {
			return "", fmt.Errorf("eventstore: name the log: %w", err)
		}
	}
}

// ErrPinned means that a log was made with another value of something that all
// its servers must share.
var ErrPinned = errors.New("the log was written with another one")

// pin is a value that all servers of a log must share.
type pin struct {
	Version int    `json:"v"`
	Name    string `json:"name"`
	Value   string `json:"value"`
}

// Pin makes sure that all servers of the log agree on a value, such as a
// fingerprint of a key: the first one to ask sets it, and whoever has another
// one is told by ErrPinned.
func (l *Log) Pin(ctx context.Context, name, value string) error {
	for {
		revision := int64(0) // of the identity, which is always there
		for event, err := range l.ReadStream(ctx, identityStream, 1) {
			if err != nil {
				return fmt.Errorf("eventstore: pin %s: %w", name, err)
			}
			revision = int64(event.Revision)
			var known pin
			if err := json.Unmarshal(event.Data, &known); err != nil {
				return fmt.Errorf("eventstore: %s@%d: %w: %w", identityStream, event.Revision, err, ErrUndecodable)
			}
			if known.Name == name && known.Value != value {
				return fmt.Errorf("%s: %w", name, ErrPinned)
			}
			if known.Name == name {
				return nil
			}
		}
		data, err := json.Marshal(pin{Version: 1, Name: name, Value: value})
		if err != nil {
			return fmt.Errorf("eventstore: pin %s: %w", name, err)
		}
		_, err = l.Append(ctx, identityStream, revision, []Proposed{{
			ID: uuid.New(), Type: "log.Pinned", Data: data, Metadata: []byte(`{}`),
		}})
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
}

// CopyPins holds another log to the values that this one's servers share, such
// as a key's fingerprint: whoever serves the copy must bring the same key.
func (l *Log) CopyPins(ctx context.Context, to *Log) error {
	for event, err := range l.ReadStream(ctx, identityStream, 1) {
		if err != nil {
			return fmt.Errorf("eventstore: read pins: %w", err)
		}
		var known pin
		if err := json.Unmarshal(event.Data, &known); err != nil {
			return fmt.Errorf("eventstore: %s@%d: %w: %w", identityStream, event.Revision, err, ErrUndecodable)
		}
		if err := to.Pin(ctx, known.Name, known.Value); err != nil {
			return fmt.Errorf("the target's %w", err)
		}
	}
	return nil
}

// Close ends the connection, and the node if it runs here. It is idempotent;
// calls in flight end with an error.
func (l *Log) Close() error {
	l.closeOnce.Do(func() {
		l.clients.close()
		if l.node != nil {
			l.closeErr = l.node.Close()
		}
	})
	return l.closeErr
}
