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
	defaultMaxAppendSize    = 1 << 20
	defaultMaxSubscriptions = 1024
	defaultMaxQueued        = 1024

	// maxMessageSize is what one gRPC message may hold in either direction: the official client
	// receives up to 17 MiB, so no larger event may ever enter the log.
	maxMessageSize = 16 << 20
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

	// MaxAppendSize bounds the bytes of one append (types, data and metadata); 0 means 1 MiB.
	MaxAppendSize int
	// MaxSubscriptions bounds the subscriptions served at once; 0 means 1,024.
	MaxSubscriptions int
	// MaxQueued bounds the appends that wait for the writer; further ones wait at the door, which
	// slows their callers down instead of filling memory. 0 means 1,024.
	MaxQueued int

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
	faults = append(faults, c.validateListen(), c.validateCredentials())
	for _, limit := range []struct {
		name  string
		value int
	}{{"max append size", c.MaxAppendSize}, {"max subscriptions", c.MaxSubscriptions}, {"max queued", c.MaxQueued}} {
		if limit.value < 0 {
			faults = append(faults, fmt.Errorf("%s is %d: must not be negative", limit.name, limit.value))
		}
	}
	if c.MaxAppendSize > maxMessageSize/2 {
		faults = append(faults, fmt.Errorf("max append size is %d: at most %d fits the client", c.MaxAppendSize, maxMessageSize/2))
	}
	return errors.Join(faults...)
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

func (c Config) withDefaults() Config {
	if c.MaxAppendSize == 0 {
		c.MaxAppendSize = defaultMaxAppendSize
	}
	if c.MaxSubscriptions == 0 {
		c.MaxSubscriptions = defaultMaxSubscriptions
	}
	if c.MaxQueued == 0 {
		c.MaxQueued = defaultMaxQueued
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}
