package site

import (
	"sync"
	"testing"
	"time"
)

// beforeMutex lets two renderers share a hook that counts.
func (s *Site) beforeMutex() {
	var mu sync.Mutex
	inner := s.before
	s.before = func(op, name string) error {
		mu.Lock()
		defer mu.Unlock()
		return inner(op, name)
	}
}

// withLocal makes another zone the machine's own.
func withLocal(t *testing.T, zone string) {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Skip(err)
	}
	old := time.Local
	time.Local = location
	t.Cleanup(func() { time.Local = old })
}
