package eventstore

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// TestHazardFromErrorWrapped is the half of TestHazardFromError that no server
// brings about at will: an error that only the client's own code names, wrapped.
func TestHazardFromErrorWrapped(t *testing.T) {
	client, err := esdb.NewClient(&esdb.Configuration{Address: "127.0.0.1:1", DisableTLS: true, MaxDiscoverAttempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	_, closed := client.AppendToStream(context.Background(), "round-a", esdb.AppendToStreamOptions{})
	wrapped := fmt.Errorf("could not construct append operation. Reason: %w", closed)
	if e, ok := esdb.FromError(wrapped); ok || e.Code() != esdb.ErrorCodeUnknown {
		t.Errorf("the hazard is not there: %v, %v", e, ok)
	}
	if !transient(wrapped) || !fatal(context.Background(), wrapped) {
		t.Errorf("%v is not seen to speak against its client", wrapped)
	}
	if got := translate("append", wrapped); !errors.Is(got, ErrUnavailable) {
		t.Errorf("%v, want %v", got, ErrUnavailable)
	}
	if transient(nil) || translate("append", nil) != nil {
		t.Error("no error has become one")
	}
}
