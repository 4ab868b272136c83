package evidence

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// What can be wrong with evidence. Every error about a piece wraps one of these,
// or the context's error.
var (
	// ErrType means that the bytes are of no type that is kept.
	ErrType = errors.New("not a type of evidence")
	// ErrSize means too many bytes, or too many pixels.
	ErrSize = errors.New("too large")
	// ErrEmpty means an upload without a byte.
	ErrEmpty = errors.New("the file is empty")
	// ErrInterrupted means that an upload did not arrive in full.
	ErrInterrupted = errors.New("the upload broke off, send it again")
	// ErrRequest means a request that is not understood.
	ErrRequest = errors.New("invalid evidence request")
	// ErrBusy means that as many transfers as are allowed are under way.
	ErrBusy = errors.New("too many transfers at once, try again")
	// ErrHash means a name that is no SHA-256, so no piece can have it.
	ErrHash = errors.New("not a SHA-256 in lower-case hex")
	// ErrUnknown means that no piece has this hash.
	ErrUnknown = errors.New("no such evidence")
	// ErrDamaged means that the stored bytes are not those that were stored.
	ErrDamaged = errors.New("damaged in storage, restore it from a backup or upload the same file again")
	// ErrNoClean means that no copy without metadata can be made.
	ErrNoClean = errors.New("no clean copy of it can be made")
	// ErrUnavailable means that the disk or the bucket fails.
	ErrUnavailable = errors.New("the evidence store is not working, try again later")
)

// Status is the HTTP status that fits an error of this package, and 0 for any
// other error.
func Status(err error) int {
	for _, s := range []struct {
		is     error
		status int
	}{
		{ErrType, http.StatusUnsupportedMediaType},
		{ErrSize, http.StatusRequestEntityTooLarge},
		{ErrEmpty, http.StatusBadRequest},
		{ErrInterrupted, http.StatusBadRequest},
		{ErrRequest, http.StatusBadRequest},
		{ErrHash, http.StatusBadRequest},
		{ErrUnknown, http.StatusNotFound},
		{ErrNoClean, http.StatusUnprocessableEntity},
		{ErrBusy, http.StatusServiceUnavailable},
		{ErrUnavailable, http.StatusServiceUnavailable},
		{ErrDamaged, http.StatusInternalServerError},
	} {
		if errors.Is(err, s.is) {
			return s.status
		}
	}
	return 0
}

// failed says what the store was doing when the disk or the bucket failed, or
// that the caller gave up meanwhile. It names paths: it is for operators.
func failed(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("evidence: %s: %w", doing, ctx.Err())
	}
	return fmt.Errorf("evidence: %s: %w: %w", doing, err, ErrUnavailable)
}
