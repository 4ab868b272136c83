package auth

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/alexedwards/argon2id"
)

// DefaultCost is what hashing one password costs: 46 MiB and one pass on one
// core, some tenth of a second. One lane, because a sign-in page serves many
// people at once: two cores check two passwords side by side, in 92 MiB.
var DefaultCost = argon2id.Params{Memory: 46 << 10, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// maxWaiting bounds the passwords that wait for their turn: some two seconds'
// work on two cores. Whoever would wait longer is asked to come back.
const maxWaiting = 32

// hasher hashes and checks passwords, as many at a time as there are cores, so
// that a flood of sign-ins takes neither all memory nor all time.
type hasher struct {
	cost    argon2id.Params
	turns   chan struct{}
	waiting atomic.Int64
	// decoy is compared with where there is no password, at the same cost.
	decoy string
}

func newHasher(cost argon2id.Params) (*hasher, error) {
	h := &hasher{cost: cost, turns: make(chan struct{}, runtime.GOMAXPROCS(0))}
	var err error
	if h.decoy, err = argon2id.CreateHash(rand.Text(), &h.cost); err != nil {
		return nil, fmt.Errorf("auth: hash a password: %w", err)
	}
	return h, nil
}

// run waits for a turn, or says that too many wait.
func (h *hasher) run(ctx context.Context, work func() error) error {
	if h.waiting.Add(1) > maxWaiting+int64(cap(h.turns)) {
		h.waiting.Add(-1)
		return &ThrottledError{Wait: 2 * time.Second}
	}
	defer h.waiting.Add(-1)
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return work()
}

func (h *hasher) hash(ctx context.Context, password string) (hash string, err error) {
	err = h.run(ctx, func() error {
		hash, err = argon2id.CreateHash(password, &h.cost)
		return err
	})
	return hash, err
}

// check compares a password with a hash, or with the decoy if there is none:
// nobody learns from the time it takes whether a login exists.
func (h *hasher) check(ctx context.Context, password, hash string) (match bool, err error) {
	against := hash
	if hash == "" {
		against = h.decoy
	}
	err = h.run(ctx, func() error {
		match, err = argon2id.ComparePasswordAndHash(password, against)
		return err
	})
	return match && hash != "", err
}
