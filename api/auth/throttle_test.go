package auth

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mingjian/domain"
)

func TestThrottleDoublesUpToItsBound(t *testing.T) {
	throttle, now := newThrottle(3, 20*time.Second), day
	for i, wait := range []time.Duration{0, 0, 1, 2, 4, 8, 16, 20, 20, 20} {
		must(t, throttle.begin("x", now))
		err := throttle.begin("x", now)
		if i < 2 {
			must(t, err)
			throttle.forgive("x")
			continue
		}
		var early *ThrottledError
		if !errors.As(err, &early) || early.Wait != wait*time.Second {
			t.Fatalf("after %d failures: %v, want a wait of %d s", i+1, err, wait)
		}
		wantErr(t, "message", err, domain.ErrThrottled, fmt.Sprintf("too many attempts, wait %d seconds", wait))
		now = now.Add(wait * time.Second)
	}
	for i := range 200 { // and no bound overflows
		now = now.Add(20 * time.Second)
		if err := throttle.begin("x", now); err != nil {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	if err := throttle.begin("x", now.Add(-24*time.Hour)); err == nil || err.(*ThrottledError).Wait > 20*time.Second {
		t.Errorf("a clock set back by a day: %v", err)
	}
	now = now.Add(forgetAfter + time.Second)
	for range 2 {
		must(t, throttle.begin("x", now))
	}
	throttle.clear("x")
	for range 3 {
		must(t, throttle.begin("x", now))
	}
}

func TestThrottleForgets(t *testing.T) {
	throttle := newThrottle(2, time.Minute)
	for i := range remembered + 1000 {
		must(t, throttle.begin(fmt.Sprint(i), day))
	}
	if n := len(throttle.seen.entries); n != remembered || throttle.seen.order.Len() != remembered {
		t.Errorf("%d names remembered, want %d", n, remembered)
	}
	if _, ok := throttle.seen.get("0"); ok {
		t.Error("the oldest name is remembered")
	}
}

// However many ask at once, only as many hash as there are cores, only so many
// wait, and the rest is told to come back.
func TestHashingIsBounded(t *testing.T) {
	h, err := newHasher(cheap)
	must(t, err)
	ctx := testContext(t)
	most := cap(h.turns) + maxWaiting
	var running, worst, done atomic.Int64
	gate := make(chan struct{})
	var group sync.WaitGroup
	for range most {
		group.Go(func() {
			err := h.run(ctx, func() error {
				if now := running.Add(1); now > worst.Load() {
					worst.Store(now)
				}
				defer running.Add(-1)
				<-gate
				done.Add(1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for h.waiting.Load() < int64(most) && ctx.Err() == nil {
		runtime.Gosched()
	}
	err = h.run(ctx, func() error { return errors.New("over the bound") })
	wantErr(t, "one more", err, domain.ErrThrottled, "wait 2 seconds")
	close(gate)
	group.Wait()
	if done.Load() != int64(most) || worst.Load() > int64(cap(h.turns)) {
		t.Errorf("%d of %d were done, %d at once; at most %d", done.Load(), most, worst.Load(), cap(h.turns))
	}
	must(t, h.run(ctx, func() error { return nil }))
}

// Whoever goes away while waiting for a turn gives the place up.
func TestHashingHonoursContexts(t *testing.T) {
	h, err := newHasher(cheap)
	must(t, err)
	for range cap(h.turns) {
		h.turns <- struct{}{}
	}
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	_, err = h.hash(ctx, goodPass)
	wantErr(t, "canceled", err, context.Canceled)
	if h.waiting.Load() != 0 {
		t.Errorf("%d still wait", h.waiting.Load())
	}
}

// The cost that servers run with, once: a hash and a check take, and the decoy
// costs the same as a person's password.
func TestDefaultCost(t *testing.T) {
	h, err := newHasher(DefaultCost)
	must(t, err)
	hash, err := h.hash(testContext(t), goodPass)
	must(t, err)
	const form = "$argon2id$v=19$m=47104,t=1,p=1$"
	if hash[:len(form)] != form || h.decoy[:len(form)] != form {
		t.Errorf("hashed as %s, the decoy is %s", hash, h.decoy)
	}
	for password, want := range map[string]bool{goodPass: true, otherPass: false} {
		if match, err := h.check(testContext(t), password, hash); err != nil || match != want {
			t.Errorf("%q matches: %t, %v", password, match, err)
		}
	}
}
