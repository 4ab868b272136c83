package embedded

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"strconv"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of the protocol's RecordedEvent, and of the messages around it.
const (
	fieldID, fieldStream, fieldRevision, fieldPrepare, fieldCommit = 1, 2, 3, 4, 5
	fieldMetadata, fieldCustomMetadata, fieldData                  = 6, 7, 8

	fieldStreamName               = 3    // of StreamIdentifier
	mapKey, mapValue              = 1, 2 // of a map entry
	fieldRespEvent                = 1    // of ReadResp
	fieldReadEvent, fieldReadLink = 1, 2 // of ReadEvent
	fieldReadCommit               = 3    // of ReadEvent
)

// tombstoneRevision is the revision of the event that ends a stream for ever.
const tombstoneRevision = math.MaxInt64

// record is one event as it is stored. What is known before the event has a place in the log is
// kept in the protocol's own encoding, so that serving an event is a checksum and a copy; the rest
// are columns.
type record struct {
	position int64
	stream   int64 // key in table streams
	revision int64
	created  int64 // ticks since 1970
	id       uuid.UUID
	crc      uint32
	body     []byte // fields stream, metadata, custom_metadata, data of RecordedEvent, in that order
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum covers every column. The body comes first, so that a request's own goroutine can pay
// for it before the writer knows the rest.
func (r *record) checksum(body uint32) uint32 {
	var head [48]byte
	binary.LittleEndian.PutUint64(head[0:], uint64(r.position))
	binary.LittleEndian.PutUint64(head[8:], uint64(r.stream))
	binary.LittleEndian.PutUint64(head[16:], uint64(r.revision))
	binary.LittleEndian.PutUint64(head[24:], uint64(r.created))
	copy(head[32:], r.id[:])
	return crc32.Update(body, castagnoli, head[:])
}

func (r *record) verify() error {
	if r.checksum(crc32.Checksum(r.body, castagnoli)) != r.crc {
		return &CorruptError{Fault{Position: uint64(r.position), Stream: r.streamName(), Revision: uint64(r.revision), Problem: "checksum mismatch"}}
	}
	return nil
}

// tick is the unit of an event's time.
const tick = 100 * time.Nanosecond

func ticks(t time.Time) int64 { return t.UnixNano() / int64(tick) }

// encodeBody writes the part of a RecordedEvent that does not depend on its place in the log.
func encodeBody(stream, eventType, contentType string, custom, data []byte) []byte {
	b := make([]byte, 0, len(stream)+len(eventType)+len(contentType)+len(custom)+len(data)+64)
	b = protowire.AppendTag(b, fieldStream, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(protowire.SizeTag(fieldStreamName)+protowire.SizeBytes(len(stream))))
	b = protowire.AppendTag(b, fieldStreamName, protowire.BytesType)
	b = protowire.AppendString(b, stream)
	b = appendMapEntry(b, "type", eventType)
	b = appendMapEntry(b, "content-type", contentType)
	b = protowire.AppendTag(b, fieldCustomMetadata, protowire.BytesType)
	b = protowire.AppendBytes(b, custom)
	b = protowire.AppendTag(b, fieldData, protowire.BytesType)
	return protowire.AppendBytes(b, data)
}

func appendMapEntry(b []byte, key, value string) []byte {
	b = protowire.AppendTag(b, fieldMetadata, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(2+protowire.SizeBytes(len(key))+protowire.SizeBytes(len(value))))
	b = protowire.AppendTag(b, mapKey, protowire.BytesType)
	b = protowire.AppendString(b, key)
	b = protowire.AppendTag(b, mapValue, protowire.BytesType)
	return protowire.AppendString(b, value)
}

// appendPlace writes the other part: id, place in the log and time.
func appendPlace(b []byte, r *record, stringID bool) []byte {
	b = protowire.AppendTag(b, fieldID, protowire.BytesType)
	b = appendUUID(b, r.id, stringID)
	b = protowire.AppendTag(b, fieldRevision, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(r.revision))
	b = protowire.AppendTag(b, fieldPrepare, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(r.position))
	b = protowire.AppendTag(b, fieldCommit, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(r.position))
	var created [20]byte
	return appendMapEntry(b, "created", string(strconv.AppendInt(created[:0], r.created, 10)))
}

// appendUUID writes the protocol's UUID: two integers, or text when the caller asked for it.
func appendUUID(b []byte, id uuid.UUID, asString bool) []byte {
	if asString {
		b = protowire.AppendVarint(b, 2+36)
		b = protowire.AppendTag(b, 2, protowire.BytesType)
		return protowire.AppendString(b, id.String())
	}
	most, least := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	inner := 2 + protowire.SizeVarint(most) + protowire.SizeVarint(least)
	b = protowire.AppendVarint(b, uint64(2+inner))
	b = protowire.AppendTag(b, 1, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(inner))
	b = protowire.AppendTag(b, 1, protowire.VarintType)
	b = protowire.AppendVarint(b, most)
	b = protowire.AppendTag(b, 2, protowire.VarintType)
	return protowire.AppendVarint(b, least)
}

// encodeEvent writes a whole ReadResp. event is nil for a link that points nowhere, link is nil
// for an event that was not reached through one. The position is that of the original event.
func encodeEvent(event, link *record, stringID bool) []byte {
	var scratch [2][192]byte
	places := [2][]byte{}
	original, size := event, 0
	for i, r := range [...]*record{event, link} {
		if r != nil {
			places[i] = appendPlace(scratch[i][:0], r, stringID)
			size += 1 + protowire.SizeBytes(len(places[i])+len(r.body))
			original = r
		}
	}
	size += 1 + protowire.SizeVarint(uint64(original.position))

	b := make([]byte, 0, 1+protowire.SizeBytes(size))
	b = protowire.AppendTag(b, fieldRespEvent, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	for i, r := range [...]*record{event, link} {
		if r != nil {
			b = protowire.AppendTag(b, protowire.Number(fieldReadEvent+i), protowire.BytesType)
			b = protowire.AppendVarint(b, uint64(len(places[i])+len(r.body)))
			b = append(b, places[i]...)
			b = append(b, r.body...)
		}
	}
	b = protowire.AppendTag(b, fieldReadCommit, protowire.VarintType)
	return protowire.AppendVarint(b, uint64(original.position))
}

var errBody = errors.New("stored event does not parse")

// names returns the stream and the type, without copying: filters look at every event.
func (r *record) names() (stream, eventType []byte, err error) {
	identifier, rest, _ := cutField(r.body)
	stream, _, hasStream := cutField(identifier)
	entry, _, _ := cutField(rest)
	_, value, _ := cutField(entry) // the key, "type"
	eventType, _, hasType := cutField(value)
	if !hasStream || !hasType {
		return nil, nil, errBody
	}
	return stream, eventType, nil
}

func (r *record) streamName() string {
	stream, _, err := r.names()
	if err != nil {
		return ""
	}
	return string(stream)
}

// data returns the event's payload.
func (r *record) data() (value []byte, err error) {
	rest, ok := r.body, false
	for range 5 { // stream, type, content-type, custom metadata, data
		value, rest, ok = cutField(rest)
	}
	if !ok {
		return nil, errBody
	}
	return value, nil
}

// cutField splits a length-delimited field off b. What is left of a body that does not parse is
// nothing, so that the last cut of several tells.
func cutField(b []byte) (value, rest []byte, ok bool) {
	_, kind, n := protowire.ConsumeTag(b)
	if n < 0 || kind != protowire.BytesType {
		return nil, nil, false
	}
	value, m := protowire.ConsumeBytes(b[n:])
	if m < 0 {
		return nil, nil, false
	}
	return value, b[n+m:], true
}
