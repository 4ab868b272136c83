package reactions

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"mingjian/domain/appeal"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

// flags counts what was flagged, by appeal and day.
func (w *world) flags() map[string]int {
	w.Helper()
	got := make(map[string]int)
	for _, e := range w.events("appeal.Expired") {
		event, err := w.rig.Codec.Decode(e.Type, e.Data)
		w.must(err)
		got[e.Stream[len(appeal.StreamPrefix):]+" "+event.(*appeal.Expired).DecideBy]++
	}
	return got
}

func (w *world) wantFlags(want ...string) {
	w.Helper()
	got := w.flags()
	for _, flag := range want {
		if got[flag] != 1 {
			w.Errorf("%s was flagged %d times", flag, got[flag])
		}
	}
	if len(got) != len(want) {
		w.Errorf("flagged: %v, want %v", got, want)
	}
}

// TestDeadlines: an appeal is flagged once its last day has passed, once for
// each day that is set, by whichever servers look, whatever their clocks do.
func TestDeadlines(t *testing.T) {
	w := newWorld(t, 3)
	var ids []string
	for _, center := range w.centers {
		ids = append(ids, w.file(center, "1.1.1"))
	}
	decided := w.file(w.centers[0], "1.2.1")
	w.hear(decided, 50)
	look := func(d *Deadlines) {
		t.Helper()
		w.must(d.look(w.ctx, eventstore.Page{}))
	}
	one, two := w.deadlines(w.rig.Now), w.deadlines(w.rig.Now)
	look(one)
	w.wantFlags() // due on the 24th, it is the 10th
	w.rig.Pass(14)
	look(one)
	w.wantFlags() // the last day belongs to the deadline
	w.rig.Pass(1)

	one.after = at(flagged, 2)
	if err := crashing(func() error { return one.look(w.ctx, eventstore.Page{}) }); !errors.Is(err, errCrash) {
		t.Fatalf("no crash: %v", err)
	}
	if got := len(w.flags()); got != 2 {
		t.Fatalf("%d flags before the crash, want 2", got)
	}
	one.after = func(step) {}
	var together sync.WaitGroup
	for range 4 {
		for _, d := range []*Deadlines{one, two} {
			together.Go(func() {
				if err := d.look(w.ctx, eventstore.Page{}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	together.Wait()
	const day = " 2022-10-24"
	w.wantFlags(ids[0]+day, ids[1]+day, ids[2]+day)

	// A clock that goes back flags nothing, and takes nothing back.
	w.rig.Pass(-10)
	look(one)
	// One that is ahead of the commands' finds what they do not call late.
	early := w.deadlines(func() time.Time { return w.rig.Now().AddDate(0, 1, 0) })
	_, err := w.rig.Commands.ExtendAppeal(w.ctx, testrig.Meta("organizer"), ids[0], 5, "补充调查")
	w.must(err)
	look(early)
	w.wantFlags(ids[0]+day, ids[1]+day, ids[2]+day)
	w.rig.Pass(30)
	look(one)
	look(two)
	w.wantFlags(ids[0]+day, ids[1]+day, ids[2]+day, ids[0]+" 2022-10-31")
	if _, err := NewDeadlines(DeadlinesConfig{Every: -1}); err == nil {
		t.Error("deadlines on nothing")
	}
}

// TestDeadlinesWaitForTheReadModel: while it is behind, nothing is asked for.
func TestDeadlinesWaitForTheReadModel(t *testing.T) {
	w := newWorld(t, 1)
	id := w.file(w.centers[0], "1.1.1")
	w.rig.Wait(t)
	w.must(w.rig.Runner.Close())
	w.rig.Runner = nil
	_, err := w.rig.Commands.WithdrawAppeal(w.ctx, testrig.Meta("center-"+w.centers[0]), id, "已沟通")
	w.must(err)
	w.rig.Pass(60)
	asked := make(chan time.Duration)
	d, err := NewDeadlines(DeadlinesConfig{
		Log: w.rig.Log, Model: w.rig.Model, Commands: w.rig.Commands, Now: w.rig.Now,
		After: func(d time.Duration) <-chan time.Time { asked <- d; return nil },
	})
	w.must(err)
	w.run(d.Handler())
	select {
	case <-asked:
		t.Fatal("it went on without the read model")
	case <-time.After(200 * time.Millisecond):
	}
	_, w.rig.Runner = w.run(w.rig.Handler())
	if every := <-asked; every != 5*time.Minute {
		t.Errorf("it looks again after %s", every)
	}
	w.wantFlags()
}

// TestTicks: at once, when it is time, when woken, and again after a pause that
// grows where nobody could do what there was to do.
func TestTicks(t *testing.T) {
	w := &world{T: t, ctx: testrig.Context(t)}
	var mu sync.Mutex
	var pauses []time.Duration
	fire := make(chan time.Time)
	wake := make(chan struct{})
	ticks := NewTicks(TicksConfig{Every: 5 * time.Minute, Wake: wake, After: func(d time.Duration) <-chan time.Time {
		mu.Lock()
		defer mu.Unlock()
		pauses = append(pauses, d)
		return fire
	}})
	out, err := ticks.Subscribe(w.ctx, "test")
	w.must(err)
	next := func() *message.Message {
		t.Helper()
		select {
		case m := <-out:
			if page, err := eventstore.UnmarshalPage(m.Payload); err != nil || len(page.Events) > 0 {
				t.Errorf("a tick says %+v, %v", page, err)
			}
			return m
		case <-w.ctx.Done():
			t.Fatal("no tick")
			return nil
		}
	}
	first := next()
	select {
	case <-out:
		t.Fatal("a tick before the ack")
	case <-time.After(50 * time.Millisecond):
	}
	first.Ack()
	fire <- time.Now()
	for range 9 {
		next().Nack()
		fire <- time.Now()
	}
	next().Ack()
	wake <- struct{}{}
	next().Ack()
	w.eventually("the last pause", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(pauses) == 12
	})
	w.must(ticks.Close())
	if _, open := <-out; open {
		t.Error("a tick after the end")
	}
	if _, err := ticks.Subscribe(w.ctx, "test"); err == nil || ticks.Err() != nil {
		t.Errorf("subscribed after the end: %v; the end was %v", err, ticks.Err())
	}
	mu.Lock()
	defer mu.Unlock()
	if got, want := fmt.Sprint(pauses), "[5m0s 1s 2s 4s 8s 16s 32s 1m0s 1m0s 1m0s 5m0s 5m0s]"; got != want {
		t.Errorf("pauses %s, want %s", got, want)
	}
}
