package embedded

import "sync"

// signal wakes all who wait, and carries nothing: a subscriber reads from the file what it missed,
// so that a slow one costs neither memory nor anyone's time.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}

// next returns a channel that the next broadcast closes. Ask for it before looking at the log:
// asked after, a commit in between would be slept through.
func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) broadcast() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
