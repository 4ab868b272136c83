package eventstore

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var (
	// ErrUnavailable means that the log did not answer. Nothing was recorded, or
	// it is not known: sending the same command id again is safe and settles it.
	ErrUnavailable = errors.New("the event log does not answer; send the same command again")
	// ErrConflict is what every ConflictError matches.
	ErrConflict = errors.New("somebody else wrote first; read again and decide anew")
	// ErrDenied means that the log refused the credentials. Stop and mend them.
	ErrDenied = errors.New("the event log refuses the credentials")
	// ErrNoStream means that a stream does not exist.
	ErrNoStream = errors.New("no such stream")
	// ErrOtherLog means that a checkpoint was made on another log: positions do
	// not survive a move. Rebuild from the start.
	ErrOtherLog = errors.New("the checkpoint belongs to another log; rebuild")
	// ErrTooLarge means that one append is over the server's limit.
	ErrTooLarge = errors.New("too large for one append")
	// ErrFull means that the log has no room for an append. Reading goes on, and
	// so does appending once there is room again.
	ErrFull = errors.New("the event log has no room; nothing was recorded: make room and send the same command again")
)

// ConflictError says which revision a stream was expected at and which it has;
// -1 is a stream that does not exist. It matches ErrConflict.
type ConflictError struct {
	Stream           string
	Expected, Actual int64
}

// Error names the stream and both revisions.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s is at revision %d, expected %d: %s", e.Stream, e.Actual, e.Expected, ErrConflict)
}

// Is makes errors.Is(err, ErrConflict) true.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// transient reports whether the same call may succeed later, on a new client.
// Some of the client's errors are gRPC's as they are, and io.EOF is what it
// says when its server ended a call while it was still sending.
func transient(err error) bool {
	if err == nil {
		return false
	}
	var e *esdb.Error
	if !errors.As(err, &e) {
		switch status.Code(err) {
		case codes.Unavailable, codes.Aborted, codes.DeadlineExceeded:
			return true
		}
		return false
	}
	switch e.Code() {
	case esdb.ErrorUnavailable, esdb.ErrorCodeConnectionClosed, esdb.ErrorCodeNotLeader,
		esdb.ErrorAborted, esdb.ErrorCodeDeadlineExceeded:
		return true
	}
	return errors.Is(err, io.EOF)
}

// translate gives the client's errors our names. Context errors of the caller
// pass through.
func translate(what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		return fmt.Errorf("%s: %w", what, err)
	}
	if transient(err) {
		return fmt.Errorf("%s: %w (%v)", what, ErrUnavailable, err)
	}
	var e *esdb.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%s: %w", what, err)
	}
	name := map[esdb.ErrorCode]error{
		esdb.ErrorCodeUnauthenticated:  ErrDenied,
		esdb.ErrorCodeAccessDenied:     ErrDenied,
		esdb.ErrorCodeResourceNotFound: ErrNoStream,
	}[e.Code()]
	if name == nil && e.Code() == esdb.ErrorCodeUnknown && e.Err() != nil {
		err = e.Err() // the client has no words for it, such as a full disk; the server does
	}
	if name == nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w (%v)", what, name, e.Err())
}
