package embedded

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

const (
	// maxMessageSize is what one gRPC message to the node may hold.
	maxMessageSize = 16 << 20
	// maxAppendSize bounds the bytes of one append's types, data and metadata, which is how
	// EventStoreDB counts.
	maxAppendSize = 1 << 20
	// maxAppendStored bounds what an append comes to with everything that is stored with each event:
	// stream name, content type, framing. The official client receives up to 17 MiB, and a link
	// together with its event is one message, so no larger event may ever enter the log.
	maxAppendStored = 8 << 20

	maxSubscriptions = 1024
	// maxQueued bounds the appends that wait for the writer. Further ones wait at the door, which
	// slows their callers down.
	maxQueued = 1024
	// maxStreams bounds the calls of one connection; a client makes further ones wait by itself.
	maxStreams = maxSubscriptions + maxQueued
)

// Config says where a node keeps its events and how it is reached. Only Path is required.
type Config struct {
	// Path is the SQLite file. It is created when missing; its folder must exist.
	Path string
	// Listen is empty for a unix socket in a fresh folder that only this user can enter, or a TCP
	// address such as "127.0.0.1:2113" or "127.0.0.1:0".
	Listen string

	// TLS, when set, is required of every connection.
	TLS *tls.Config
	// Username and Password, when set, are required of every call on streams. The official client
	// sends them over TLS only.
	Username, Password string

	// Logger receives what an operator should see; nil means slog.Default.
	Logger *slog.Logger
}

// Validate reports every fault of c at once, joined.
func (c Config) Validate() error {
	var faults []error
	if c.Path == "" {
		faults = append(faults, errors.New("path is empty"))
	} else if info, err := os.Stat(filepath.Dir(c.Path)); err != nil {
		faults = append(faults, fmt.Errorf("folder of path: %w", err))
	} else if !info.IsDir() {
		faults = append(faults, fmt.Errorf("folder of path: %s is not a folder", filepath.Dir(c.Path)))
	}
	return errors.Join(append(faults, c.validateListen(), c.validateCredentials())...)
}

func (c Config) validateListen() error {
	if c.Listen == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("listen: port %q is not a number up to 65535", port)
	}
	ip := net.ParseIP(host)
	if loopback := host == "localhost" || ip != nil && ip.IsLoopback(); !loopback && c.Username == "" {
		return fmt.Errorf("listen: %q can be reached from other machines: set TLS, username and password", host)
	}
	return nil
}

func (c Config) validateCredentials() error {
	switch {
	case c.Username == "" && c.Password == "":
		return nil
	case c.Username == "" || c.Password == "":
		return errors.New("username and password go together")
	case c.TLS == nil:
		return errors.New("username without TLS: the client would not send it")
	}
	return nil
}
