package sse

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"
)

// Config is what a Handler serves and within which limits.
type Config struct {
	// Execute checks an operation and returns its responses, each a GraphQL
	// response as JSON on one line: one, or for a subscription one per state. An
	// operation that cannot be executed has a Refusal instead.
	//
	// The sequence is read from a goroutine of its own, and no faster than the
	// client reads. It must end soon after ctx does, which carries the values of
	// the operation's request.
	Execute func(ctx context.Context, r Request) (iter.Seq[[]byte], *Refusal)
	// Explain makes a GraphQL response of an error.
	Explain func(error) []byte
	// Recheck is asked before each response and each keep-alive whether the
	// client may still have it. An error ends the whole stream: each operation
	// gets it as its last response. Nil allows everything.
	Recheck func(context.Context) error
	// Session names whose request it is. A token is of use to the session that
	// reserved it only, and streams are counted by session. Nil means that all
	// requests are of one session.
	Session func(*http.Request) string
	Limits
}

// Limits bound what clients can hold. Zero values take the defaults.
type Limits struct {
	// KeepAlive is how often an idle stream gets a comment, so that proxies keep
	// it open and a client that went away is noticed; 12 s.
	KeepAlive time.Duration
	// WriteTimeout is how long a client may take to accept one event; 10 s.
	WriteTimeout time.Duration
	// ReservationTime is how long a token waits for its stream; 30 s.
	ReservationTime time.Duration
	// Streams and Operations bound the whole process; 1,000 and 2,000.
	Streams, Operations int
	// StreamsPerSession counts reservations too; 20.
	StreamsPerSession int
	// OperationsPerStream bounds a single connection; 20.
	OperationsPerStream int
}

// withDefaults fills in what was left out.
func (l Limits) withDefaults() Limits {
	setIf(&l.KeepAlive, 12*time.Second)
	setIf(&l.WriteTimeout, 10*time.Second)
	setIf(&l.ReservationTime, 30*time.Second)
	setIf(&l.Streams, 1000)
	setIf(&l.Operations, 2000)
	setIf(&l.StreamsPerSession, 20)
	setIf(&l.OperationsPerStream, 20)
	return l
}

func setIf[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate reports all faults at once.
func (c Config) Validate() error {
	var faults []error
	if c.Execute == nil || c.Explain == nil {
		faults = append(faults, errors.New("sse: Execute and Explain are needed"))
	}
	if min(c.KeepAlive, c.WriteTimeout, c.ReservationTime) < 0 {
		faults = append(faults, fmt.Errorf("sse: keep-alive %s, write timeout %s, reservation time %s: none may be below zero",
			c.KeepAlive, c.WriteTimeout, c.ReservationTime))
	}
	if min(c.Streams, c.Operations, c.StreamsPerSession, c.OperationsPerStream) < 0 {
		faults = append(faults, fmt.Errorf("sse: %d streams, %d operations, %d streams a session, %d operations a stream: none may be below zero",
			c.Streams, c.Operations, c.StreamsPerSession, c.OperationsPerStream))
	}
	return errors.Join(faults...)
}
