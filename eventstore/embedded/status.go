package embedded

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"zombiezen.com/go/sqlite"
)

// fail is the protocol's way of failing: a status, and trailers that the client reads the case from.
func fail(ctx context.Context, code codes.Code, exception, message string, trailers ...string) error {
	// It only fails on a call that has ended, whose answer nobody reads.
	_ = grpc.SetTrailer(ctx, metadata.Pairs(append(trailers, "exception", exception)...))
	return status.Error(code, message)
}

func failDeleted(ctx context.Context, stream string) error {
	return fail(ctx, codes.FailedPrecondition, "stream-deleted",
		fmt.Sprintf("stream %q is deleted", stream), "stream-name", stream)
}

func failWrongVersion(ctx context.Context, c *change) error {
	expected, actual := strconv.FormatInt(c.expected, 10), strconv.FormatInt(c.outcome.revision, 10)
	return fail(ctx, codes.FailedPrecondition, "wrong-expected-version",
		fmt.Sprintf("stream %q: expected version %s, actual version %s", c.stream, expected, actual),
		"stream-name", c.stream, "expected-version", expected, "actual-version", actual)
}

func failTooLarge(ctx context.Context) error {
	return fail(ctx, codes.InvalidArgument, "maximum-append-size-exceeded",
		fmt.Sprintf("maximum append size of %d bytes exceeded", maxAppendSize), "maximum-append-size", strconv.Itoa(maxAppendSize))
}

func failMissingProperty(ctx context.Context) error {
	return fail(ctx, codes.InvalidArgument, "missing-required-metadata-property",
		"an event needs type and content-type", "required-metadata-properties", "type,content-type")
}

func failAccess(ctx context.Context) error {
	return fail(ctx, codes.PermissionDenied, "access-denied", "access denied")
}

func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}

var errStopping = status.Error(codes.Unavailable, "node is stopping")

// storageStatus says of a failing file whether it is worth trying again.
func storageStatus(err error) error {
	var corrupt *CorruptError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(err).Err()
	case errors.As(err, &corrupt), sqlite.ErrCode(err).ToPrimary() == sqlite.ResultCorrupt:
		return status.Error(codes.DataLoss, err.Error())
	case sqlite.ErrCode(err).ToPrimary() == sqlite.ResultFull:
		return status.Error(codes.ResourceExhausted, "disk full: nothing was appended, reading goes on: "+err.Error())
	}
	return status.Error(codes.Internal, err.Error())
}

// damaged gives an error that SQLite reports without a place the nearest one known: the position
// from which on everything could be read, 0 for none.
func damaged(err error, from int64) error {
	var corrupt *CorruptError
	if errors.As(err, &corrupt) || sqlite.ErrCode(err).ToPrimary() != sqlite.ResultCorrupt {
		return err
	}
	problem := "the file is cut short or overwritten (Check says how far it can be read): " + err.Error()
	if from > 0 {
		problem = "what comes before cannot be read: " + err.Error()
	}
	return &CorruptError{Fault{Position: uint64(from), Problem: problem}}
}
