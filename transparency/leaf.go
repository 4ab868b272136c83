// Package transparency makes results verifiable: every application event is a
// leaf of a Merkle log that anyone can read, and each release discloses what its
// scores follow from. docs/verification.md specifies the formats, precisely
// enough for a second verifier to be written.
package transparency

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a SHA-256 or another value of 32 bytes. In JSON it is standard
// base64.
type Hash = tlog.Hash

// Entry is what the log holds of one event: enough to be bound by, nothing to
// be learnt from.
type Entry struct {
	Tag      Hash   // of the event's home, see Tag
	Revision uint64 // of the event in its own stream
	Data     Hash   // commitment to the event's data, see Event.Commitment
	Metadata Hash   // commitment to the event's id and metadata
}

// EntrySize is how many bytes an entry has.
const EntrySize = 1 + 32 + 8 + 32 + 32

const entryVersion = 1

// ErrEntry means that bytes are not an entry.
var ErrEntry = errors.New("not an entry of the log")

// Marshal gives the entry's bytes. The leaf of the Merkle tree is their hash by
// RFC 6962 (tlog.RecordHash).
func (e Entry) Marshal() []byte {
	b := append(make([]byte, 0, EntrySize), entryVersion)
	b = append(b, e.Tag[:]...)
	b = binary.BigEndian.AppendUint64(b, e.Revision)
	b = append(b, e.Data[:]...)
	return append(b, e.Metadata[:]...)
}

// ParseEntry reads what Marshal wrote.
func ParseEntry(b []byte) (e Entry, err error) {
	if len(b) != EntrySize || b[0] != entryVersion {
		return Entry{}, fmt.Errorf("%d bytes: %w", len(b), ErrEntry)
	}
	copy(e.Tag[:], b[1:])
	e.Revision = binary.BigEndian.Uint64(b[33:])
	copy(e.Data[:], b[41:])
	copy(e.Metadata[:], b[73:])
	return e, nil
}

// The first bytes of everything that is hashed say what it is, so that nothing
// can be passed off as something else.
const (
	dataDomain     = "mingjian/1 data\x00"
	metadataDomain = "mingjian/1 metadata\x00"
	nonceDomain    = "mingjian/1 nonce\x00"
	epochDomain    = "mingjian/1 epoch\x00"
	tagDomain      = "mingjian/1 tag\x00"
)

// Event is an event as it is committed to, and as it is disclosed.
type Event struct {
	Stream   string
	Revision uint64
	Type     string // stored name
	Data     []byte // as stored, to the byte
}

// Commitment binds to the event and tells nothing of it to who lacks the salt.
func (e Event) Commitment(salt Hash) Hash {
	h := sha256.New()
	h.Write([]byte(dataDomain))
	h.Write(salt[:])
	b := appendField(make([]byte, 0, 32+len(e.Stream)+len(e.Type)+len(e.Data)), e.Stream)
	b = binary.BigEndian.AppendUint64(b, e.Revision)
	b = appendField(b, e.Type)
	h.Write(appendField(b, e.Data))
	return Hash(h.Sum(nil))
}

// metadataCommitment binds to what never becomes public.
func metadataCommitment(salt Hash, id [16]byte, metadata []byte) Hash {
	h := sha256.New()
	h.Write([]byte(metadataDomain))
	h.Write(salt[:])
	h.Write(id[:])
	h.Write(appendField(nil, metadata))
	return Hash(h.Sum(nil))
}

func appendField[T string | []byte](b []byte, field T) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(field))), field...)
}

// MaxEpoch is the last epoch of a home: what is recorded later stays in it.
const MaxEpoch = 255

// Nonce is a home's secret of an epoch. From the nonce of an epoch those of all
// earlier ones follow, and none of a later one: disclosing it shows which
// entries are of the home up to there.
type Nonce Hash

// At is the nonce of an earlier epoch.
func (n Nonce) At(own, epoch int) (Nonce, error) {
	if epoch < 0 || epoch > own || own > MaxEpoch {
		return Nonce{}, fmt.Errorf("epoch %d does not follow from the nonce of epoch %d", epoch, own)
	}
	for ; own > epoch; own-- {
		n = Nonce(sha256.Sum256(append([]byte(epochDomain), n[:]...)))
	}
	return n, nil
}

// Tag marks the entries of a home in an epoch.
func (n Nonce) Tag(home string) Hash {
	b := append([]byte(tagDomain), n[:]...)
	return sha256.Sum256(append(b, home...))
}

// Secrets makes salts and nonces out of the deployment's salt key, so that a
// log that is built again is the same.
type Secrets struct{ key []byte }

// SaltKeySize is how many bytes a salt key has.
const SaltKeySize = 32

// NewSecrets takes the salt key.
func NewSecrets(key []byte) (*Secrets, error) {
	if len(key) != SaltKeySize {
		return nil, fmt.Errorf("the salt key has %d bytes, %d are needed", len(key), SaltKeySize)
	}
	return &Secrets{bytes.Clone(key)}, nil
}

func (s *Secrets) derive(domain, name string, more []byte) Hash {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(domain))
	mac.Write(appendField(nil, name))
	mac.Write(more)
	return Hash(mac.Sum(nil))
}

// Nonce is a home's nonce of an epoch.
func (s *Secrets) Nonce(home string, epoch int) Nonce {
	last := Nonce(s.derive(nonceDomain, home, nil))
	n, err := last.At(MaxEpoch, min(epoch, MaxEpoch))
	if err != nil {
		panic(err) // an epoch below zero
	}
	return n
}

// Salt is the salt of the commitment to an event's data.
func (s *Secrets) Salt(stream string, revision uint64) Hash {
	return s.derive(dataDomain, stream, binary.BigEndian.AppendUint64(nil, revision))
}

// Entry makes an event's entry. tag is that of its home.
func (s *Secrets) Entry(tag Hash, e Event, id [16]byte, metadata []byte) Entry {
	hidden := s.derive(metadataDomain, e.Stream, binary.BigEndian.AppendUint64(nil, e.Revision))
	return Entry{
		Tag: tag, Revision: e.Revision,
		Data: e.Commitment(s.Salt(e.Stream, e.Revision)), Metadata: metadataCommitment(hidden, id, metadata),
	}
}
