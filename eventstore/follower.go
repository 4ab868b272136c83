package eventstore

import (
	"context"
	"errors"
	"sync"
)

// Follower keeps the fold of one stream that many commands look at, such as
// the registry, and reads only what is new at each look. It is safe for
// concurrent use.
type Follower[S State] struct {
	log    *Log
	codec  *Codec
	stream string

	mu    sync.RWMutex
	state S
	next  uint64 // revision to read from
}

// NewFollower follows a stream with a state that starts empty.
func NewFollower[S State](l *Log, codec *Codec, stream string, empty S) *Follower[S] {
	return &Follower[S]{log: l, codec: codec, stream: stream, state: empty}
}

// Look catches up with the log and calls see with the state, which see must
// neither change nor keep.
func (f *Follower[S]) Look(ctx context.Context, see func(S) error) error {
	if err := f.catchUp(ctx); err != nil {
		return err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return see(f.state)
}

// Recall calls see with the state as the last look left it, for when the log
// does not answer and something old is better than nothing.
func (f *Follower[S]) Recall(see func(S) error) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return see(f.state)
}

// catchUp reads outside the lock, so that one slow read holds nobody up, and
// folds under it, passing over what another look has folded meanwhile.
func (f *Follower[S]) catchUp(ctx context.Context) error {
	f.mu.RLock()
	from := f.next
	f.mu.RUnlock()
	var events []Recorded
	for e, err := range f.log.ReadStream(ctx, f.stream, from) {
		if errors.Is(err, ErrNoStream) {
			break
		}
		if err != nil {
			return err
		}
		events = append(events, e)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range events {
		if e.Revision < f.next {
			continue
		}
		if err := fold(f.codec, e, f.state); err != nil {
			return err
		}
		f.next = e.Revision + 1
	}
	return nil
}
