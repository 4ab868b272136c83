package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"google.golang.org/grpc/mem"
)

// quiet keeps expected errors out of the test log.
var quiet = slog.New(slog.DiscardHandler)

func startNode(t testing.TB, cfg Config) *Node { return startHooked(t, cfg, hooks{now: time.Now}) }

func startHooked(t testing.TB, cfg Config, h hooks) *Node {
	t.Helper()
	if cfg.Path == "" {
		cfg.Path = filepath.Join(t.TempDir(), "log.db")
	}
	cfg.Logger = quiet
	n, err := start(cfg, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return n
}

func connect(t testing.TB, address string) *esdb.Client {
	t.Helper()
	client, err := esdb.NewClient(&esdb.Configuration{
		Address: address, DisableTLS: true, MaxDiscoverAttempts: 3, DiscoveryInterval: 10, GossipTimeout: 5,
		KeepAliveInterval: 10 * time.Second, KeepAliveTimeout: 10 * time.Second,
		Logger: func(esdb.LogLevel, string, ...any) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func events(n, size int) []esdb.EventData {
	list := make([]esdb.EventData, n)
	for i := range list {
		list[i] = esdb.EventData{EventID: uuid.New(), EventType: "test.Happened", Data: make([]byte, size)}
	}
	return list
}

// fill appends count events of size bytes, batch by batch, and fails the test on an error.
func fill(t testing.TB, client *esdb.Client, name string, count, batch, size int) {
	t.Helper()
	for count > 0 {
		if _, err := client.AppendToStream(context.Background(), name, esdb.AppendToStreamOptions{}, events(min(batch, count), size)...); err != nil {
			t.Fatal(err)
		}
		count -= batch
	}
}

// drain counts what a read returns until its end.
func drain(read *esdb.ReadStream) (count int, err error) {
	defer read.Close()
	for {
		if _, err := read.Recv(); errors.Is(err, io.EOF) {
			return count, nil
		} else if err != nil {
			return count, fmt.Errorf("after %d events: %w", count, err)
		}
		count++
	}
}

func mustMarshal(t *testing.T, message any) mem.BufferSlice {
	t.Helper()
	slice, err := newCodec().Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	return slice
}
