package auth

import (
	"fmt"
	"math"
	"sync"
	"time"

	"mingjian/domain"
)

// ThrottledError says how long to wait. It matches domain.ErrThrottled.
type ThrottledError struct{ Wait time.Duration }

// Error names the seconds to wait.
func (e *ThrottledError) Error() string {
	return fmt.Sprintf("%s, wait %d seconds", domain.ErrThrottled, e.Seconds())
}

// Seconds is the time to wait in whole seconds, at least one.
func (e *ThrottledError) Seconds() int { return max(1, int(math.Ceil(e.Wait.Seconds()))) }

// Is makes errors.Is(err, domain.ErrThrottled) true.
func (e *ThrottledError) Is(target error) bool { return target == domain.ErrThrottled }

// throttle slows down whoever keeps failing: after some free attempts each
// failure doubles the wait, up to a bound. It never shuts anybody out for good,
// or strangers could shut out whom they like. Refused attempts do not count.
type throttle struct {
	free int           // attempts without a wait
	most time.Duration // longest wait

	mu   sync.Mutex
	seen *lru[attempts]
}

type attempts struct {
	failures    int
	last, until time.Time
}

const (
	firstWait = time.Second
	// forgetAfter is how long after the last attempt all is forgotten.
	forgetAfter = time.Hour
	// remembered bounds the accounts and the addresses that are remembered.
	remembered = 1 << 16
)

func newThrottle(free int, most time.Duration) *throttle {
	return &throttle{free: free, most: most, seen: newLRU[attempts](remembered)}
}

// begin counts an attempt as failed before it is made: many at once must not
// all slip in while none of them has failed yet.
func (t *throttle) begin(key string, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, _ := t.seen.get(key)
	if wait := a.until.Sub(now); wait > 0 {
		// A clock that was set back must not keep anybody out for longer.
		return &ThrottledError{Wait: min(wait, t.most)}
	}
	if now.Sub(a.last) > forgetAfter {
		a.failures = 0
	}
	a.failures++
	a.last = now
	if over := a.failures - t.free; over >= 0 {
		// 62 doublings are more than any bound, and would overflow soon.
		a.until = now.Add(min(t.most, firstWait<<min(over, 30)))
	}
	t.seen.put(key, a)
	return nil
}

// forgive takes one attempt back, because it succeeded or was not made.
func (t *throttle) forgive(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a, ok := t.seen.get(key); ok {
		a.failures, a.until = max(0, a.failures-1), time.Time{}
		t.seen.put(key, a)
	}
}

// clear forgets all attempts.
func (t *throttle) clear(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen.remove(key)
}
