package contract

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"mingjian/eventstore/embedded"
)

// server is the variable that names a store to test besides the embedded node.
const server = "MINGJIAN_TEST_ESDB"

func TestEmbedded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	node, err := embedded.Start(embedded.Config{Path: path, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	})
	Run(t, func(t *testing.T) *esdb.Client {
		return connect(t, &esdb.Configuration{
			Address: node.Address(), DisableTLS: true, MaxDiscoverAttempts: 3, DiscoveryInterval: 100, GossipTimeout: 5,
			KeepAliveInterval: 10 * time.Second, KeepAliveTimeout: 10 * time.Second,
		})
	})
	faults, err := embedded.Check(t.Context(), path)
	if err != nil || len(faults) > 0 {
		t.Fatalf("after the suite the file has faults %v, %v", faults, err)
	}
}

func TestServer(t *testing.T) {
	address := os.Getenv(server)
	if address == "" {
		t.Skipf("%s is not set: give it a connection string to run the suite against a real server", server)
	}
	Run(t, func(t *testing.T) *esdb.Client {
		configuration, err := esdb.ParseConnectionString(address)
		if err != nil {
			t.Fatalf("%s: %v", server, err)
		}
		return connect(t, configuration)
	})
}

func connect(t *testing.T, configuration *esdb.Configuration) *esdb.Client {
	t.Helper()
	configuration.Logger = func(esdb.LogLevel, string, ...any) {}
	client, err := esdb.NewClient(configuration)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}
