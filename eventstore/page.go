package eventstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Page is a run of consecutive application events, as one Watermill message
// carries it: a single event when live, many while catching up.
type Page struct {
	LogID string
	// Prev is the position of the event before the first, 0 at the log's start.
	// A consumer that is not at Prev has missed something and must refuse.
	Prev   Position
	Events []Recorded
}

// Last is the position that a consumer has reached after the page.
func (p Page) Last() Position {
	if len(p.Events) == 0 {
		return p.Prev
	}
	return p.Events[len(p.Events)-1].Position
}

// After is the part of the page that follows a position, for a consumer that
// has seen its beginning. It is false where the position is neither the one
// before the page nor one of its events': then something is missing.
func (p Page) After(position Position) (Page, bool) {
	if p.Prev == position {
		return p, true
	}
	for i := range p.Events {
		if p.Events[i].Position == position {
			return Page{LogID: p.LogID, Prev: position, Events: p.Events[i+1:]}, true
		}
	}
	return p, false
}

// ErrPage means that bytes are not a page.
var ErrPage = errors.New("not a page of events")

const pageVersion = 1

// Marshal writes the page as a Watermill payload: length-prefixed fields, so
// that reading it costs no parsing.
func (p Page) Marshal() []byte {
	size := 64
	for i := range p.Events {
		size += 96 + len(p.Events[i].Stream) + len(p.Events[i].Type) + len(p.Events[i].Data) + len(p.Events[i].Metadata)
	}
	b := append(make([]byte, 0, size), pageVersion)
	b = appendText(b, p.LogID)
	b = binary.AppendUvarint(b, uint64(p.Prev))
	b = binary.AppendUvarint(b, uint64(len(p.Events)))
	for i := range p.Events {
		e := &p.Events[i]
		b = appendText(b, e.Stream)
		b = binary.AppendUvarint(b, e.Revision)
		b = binary.AppendUvarint(b, uint64(e.Position))
		b = append(b, e.ID[:]...)
		b = appendText(b, e.Type)
		b = appendText(b, e.Data)
		b = appendText(b, e.Metadata)
		b = binary.AppendVarint(b, e.Created.UnixNano())
	}
	return b
}

func appendText[T string | []byte](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// UnmarshalPage reads what Marshal wrote. The events share b's memory.
func UnmarshalPage(b []byte) (Page, error) {
	r := pageReader{rest: b}
	if r.byte() != pageVersion {
		return Page{}, fmt.Errorf("version: %w", ErrPage)
	}
	p := Page{LogID: string(r.text()), Prev: Position(r.uvarint())}
	count := r.uvarint()
	const least = 22 // bytes of the smallest event: a lie about count allocates nothing
	if r.failed || count > uint64(len(r.rest)/least) {
		return Page{}, fmt.Errorf("%d events in %d bytes: %w", count, len(b), ErrPage)
	}
	p.Events = make([]Recorded, count)
	for i := range p.Events {
		e := &p.Events[i]
		e.Stream = string(r.text())
		e.Revision = r.uvarint()
		e.Position = Position(r.uvarint())
		e.ID = r.id()
		e.Type = string(r.text())
		e.Data = r.text()
		e.Metadata = r.text()
		e.Created = time.Unix(0, r.varint()).UTC()
	}
	if r.failed || len(r.rest) > 0 {
		return Page{}, fmt.Errorf("cut or followed by other bytes: %w", ErrPage)
	}
	return p, nil
}

// pageReader reads fields off the front and remembers a failure.
type pageReader struct {
	rest   []byte
	failed bool
}

func (r *pageReader) take(n uint64) []byte {
	if r.failed || n > uint64(len(r.rest)) {
		r.failed = true
		return nil
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

func (r *pageReader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *pageReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.failed = true
		return 0
	}
	r.take(uint64(n))
	return v
}

func (r *pageReader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.failed = true
		return 0
	}
	r.take(uint64(n))
	return v
}

func (r *pageReader) text() []byte { return r.take(r.uvarint()) }

func (r *pageReader) id() (id uuid.UUID) {
	copy(id[:], r.take(uint64(len(id))))
	return id
}
