package eventstore_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

func witness(ctx context.Context, l *eventstore.Log, stream string) (eventstore.Result, error) {
	return eventstore.Witness(ctx, l, eventstore.NewCodec(), newCommand(stream), &access.TrailViewed{
		Stamp: domain.Stamp{By: "somebody", At: time.UnixMilli(0).UTC()},
	})
}

// TestWitness: many people on two servers take data out at once, and each is
// on record once, whoever loses a race.
func TestWitness(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	servers := []*eventstore.Log{openAt(t, path, false), openAt(t, path, true)}
	const stream, people = "access-2022-06-07", 24
	var wait sync.WaitGroup
	for i := range people {
		wait.Go(func() {
			if _, err := witness(testrig.Context(t), servers[i%len(servers)], stream); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wait.Wait()
	if n := len(mustRead(t, servers[0], stream)); n != people {
		t.Errorf("%d events, want %d", n, people)
	}
}

// TestWitnessFails: what could not be recorded is an error, so that nothing is
// handed out.
func TestWitnessFails(t *testing.T) {
	l := openLog(t)
	ctx, cancel := context.WithCancel(testrig.Context(t))
	cancel()
	if _, err := witness(ctx, l, "access-2022-06-07"); err == nil {
		t.Error("recorded by a request that was given up")
	}
	if _, err := witness(testrig.Context(t), l, ""); err == nil {
		t.Error("recorded in a stream without a name")
	}
}
