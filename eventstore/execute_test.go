package eventstore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"mingjian/domain"
	"mingjian/domain/registry"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

func TestExecuteDecidesAnewAfterALostRace(t *testing.T) {
	l := openLog(t)
	ctx := testrig.Context(t)
	codec := eventstore.NewCodec()
	var seen []int // districts on record at each decision
	result, err := eventstore.Execute(ctx, l, codec, newCommand("registry"), registry.New, func(r *registry.Registry) ([]domain.Event, error) {
		seen = append(seen, len(r.Districts))
		if len(seen) == 1 { // somebody else writes first
			if _, err := register(ctx, l, newCommand("registry"), "310101"); err != nil {
				return nil, err
			}
		}
		return r.RegisterDistrict(domain.Stamp{}, "310104", "徐汇区")
	})
	if err != nil || result.Revision != 1 || result.Repeated {
		t.Fatalf("%+v, %v", result, err)
	}
	if fmt.Sprint(seen) != "[0 1]" {
		t.Errorf("decided with %v districts on record, want 0 and then 1", seen)
	}
}

func TestExecuteHonoursExpected(t *testing.T) {
	l := openLog(t)
	ctx := testrig.Context(t)
	if _, err := register(ctx, l, newCommand("registry"), "310101"); err != nil {
		t.Fatal(err)
	}
	expected := func(revision uint64) eventstore.Command {
		cmd := newCommand("registry")
		cmd.Expected = &revision
		return cmd
	}
	if _, err := register(ctx, l, expected(0), "310104"); err != nil {
		t.Errorf("the newest revision: %v", err)
	}
	_, err := register(ctx, l, expected(0), "310105")
	wantErr(t, "an old revision", err, eventstore.ErrConflict)
	_, err = register(ctx, l, expected(9), "310105")
	wantErr(t, "a revision to come", err, eventstore.ErrConflict)

	// Also when the race is lost between reading and writing.
	decisions := 0
	_, err = eventstore.Execute(ctx, l, eventstore.NewCodec(), expected(1), registry.New, func(r *registry.Registry) ([]domain.Event, error) {
		decisions++
		if _, err := register(ctx, l, newCommand("registry"), "310106"); err != nil {
			return nil, err
		}
		return r.RegisterDistrict(domain.Stamp{}, "310107", "普陀区")
	})
	wantErr(t, "a lost race", err, eventstore.ErrConflict)
	if n := len(mustRead(t, l, "registry")); decisions != 1 || n != 3 {
		t.Errorf("%d decisions and %d events, want 1 and 3", decisions, n)
	}
}

func TestExecuteRepeated(t *testing.T) {
	l := openLog(t)
	ctx := testrig.Context(t)
	cmd := newCommand("registry")
	first, err := register(ctx, l, cmd, "310101")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := register(ctx, l, newCommand("registry"), "310104"); err != nil {
		t.Fatal(err)
	}
	// The same id is the same command, whatever it says now and expects.
	stale := uint64(7)
	cmd.Expected = &stale
	again, err := register(ctx, l, cmd, "310999")
	if err != nil || !again.Repeated || again.Revision != first.Revision || again.Position != first.Position {
		t.Errorf("sent again: %+v, %v; first %+v", again, err, first)
	}
	if n := len(mustRead(t, l, "registry")); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

func TestExecuteOfNothingAndOfAFault(t *testing.T) {
	l := openLog(t)
	ctx := testrig.Context(t)
	first, err := register(ctx, l, newCommand("registry"), "310101")
	if err != nil {
		t.Fatal(err)
	}
	nothing, err := register(ctx, l, newCommand("registry"), "310101") // the same district again
	if err != nil || nothing.Revision != first.Revision || nothing.Position != first.Position {
		t.Errorf("a decision of no events: %+v, %v; want the stream's end %+v", nothing, err, first)
	}
	_, err = register(ctx, l, newCommand("registry"), "31")
	wantErr(t, "a refused decision", err, domain.ErrInvalid)
	if n := len(mustRead(t, l, "registry")); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

func TestExecuteSameCommandAtOnce(t *testing.T) {
	l := openLog(t)
	ctx := testrig.Context(t)
	cmd := newCommand("registry")
	results := make([]eventstore.Result, 8)
	var senders sync.WaitGroup
	for i := range results {
		senders.Go(func() {
			var err error
			if results[i], err = register(ctx, l, cmd, "310101"); err != nil {
				t.Error(err)
			}
		})
	}
	senders.Wait()
	for _, r := range results {
		r.Repeated = results[0].Repeated
		if r != results[0] {
			t.Errorf("one sender got %+v, another %+v", r, results[0])
		}
	}
	if n := len(mustRead(t, l, "registry")); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

func TestExecuteManyOnOneStream(t *testing.T) {
	l := openLog(t)
	ctx := testrig.Context(t)
	const writers, each = 16, 8
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() {
			for i := range each {
				if _, err := register(ctx, l, newCommand("registry"), fmt.Sprintf("31%02d%02d", w, i)); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	running.Wait()
	events := mustRead(t, l, "registry")
	commands := make(map[uuid.UUID]bool)
	for _, e := range events {
		m, err := eventstore.ReadMetadata(e)
		if err != nil {
			t.Fatal(err)
		}
		commands[m.CommandID] = true
	}
	if len(events) != writers*each || len(commands) != len(events) {
		t.Errorf("%d events of %d commands, want %d", len(events), len(commands), writers*each)
	}
}

func TestExecuteStopsAtWhatItCannotRead(t *testing.T) {
	l := openLog(t)
	ctx := testrig.Context(t)
	mustAppend(t, l, "registry", eventstore.NoStream, proposed(1))
	_, err := register(ctx, l, newCommand("registry"), "310101")
	wantErr(t, "execute", err, eventstore.ErrUndecodable)
	follower := eventstore.NewFollower(l, eventstore.NewCodec(), "registry", registry.New())
	for range 2 { // it does not get used to it
		err = follower.Look(ctx, func(*registry.Registry) error { return errors.New("looked") })
		wantErr(t, "follower", err, eventstore.ErrUndecodable)
	}
}

func TestFollower(t *testing.T) {
	l := openLog(t)
	ctx := testrig.Context(t)
	follower := eventstore.NewFollower(l, eventstore.NewCodec(), "registry", registry.New())
	districts := func() (n int) {
		if err := follower.Look(ctx, func(r *registry.Registry) error {
			n = len(r.Districts)
			return nil
		}); err != nil {
			t.Error(err)
		}
		return n
	}
	if n := districts(); n != 0 {
		t.Errorf("%d districts in an empty log", n)
	}
	var running sync.WaitGroup
	for w := range 4 {
		running.Go(func() {
			for i := range 8 {
				if _, err := register(ctx, l, newCommand("registry"), fmt.Sprintf("31%02d%02d", w, i)); err != nil {
					t.Error(err)
				}
				if n := districts(); n <= i { // its own writes at least
					t.Errorf("%d districts after %d of its own", n, i+1)
				}
			}
		})
	}
	running.Wait()
	if n := districts(); n != 32 {
		t.Errorf("%d districts, want 32", n)
	}
}
