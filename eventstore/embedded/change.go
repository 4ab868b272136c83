package embedded

import (
	"hash/crc32"

	"github.com/google/uuid"
)

// Expected states of a stream besides a revision, with the numbers that the protocol's trailers use.
const (
	expectNoStream     = -1
	expectAny          = -2
	expectStreamExists = -4
)

type changeKind int

const (
	appendEvents changeKind = iota
	softDelete
	tombstone
)

// event is one that was proposed: encoded and summed by the request's goroutine.
type event struct {
	id   uuid.UUID
	body []byte
	crc  uint32
}

// change is one request to the writer.
type change struct {
	kind     changeKind
	stream   string
	expected int64
	events   []event
	size     int
	metadata []byte // the data of the last event, when stream is a metastream

	outcome outcome
	done    chan struct{} // buffered: the writer never waits for a requester
}

func newChange(kind changeKind, stream string, expected int64) *change {
	return &change{kind: kind, stream: stream, expected: expected, done: make(chan struct{}, 1)}
}

func (c *change) add(id uuid.UUID, eventType, contentType string, custom, data []byte) {
	body := encodeBody(c.stream, eventType, contentType, custom, data)
	c.events = append(c.events, event{id: id, body: body, crc: crc32.Checksum(body, castagnoli)})
	c.size += len(body)
	if _, isMeta := originOf(c.stream); isMeta {
		c.metadata = data
	}
}

type verdict int

const (
	accepted      verdict = iota // written, now or by an earlier request with the same event ids
	wrongVersion                 // the stream is not in the expected state
	streamDeleted                // tombstoned, or soft-deleted where the stream had to exist
)

// outcome is the answer to a change. err, when set, says that nothing of it was decided: what it
// says about the log is unknown, and the requester may send the same event ids again.
type outcome struct {
	verdict  verdict
	revision int64 // of the last event, or the stream's current one after wrongVersion
	position int64 // 0 when nothing was written
	err      error
}
