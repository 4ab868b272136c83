package transparency

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gowebpki/jcs"
	"golang.org/x/mod/sumdb/tlog"
)

// The formats' names, which change when a format does.
const (
	BundleFormat   = "mingjian-bundle/1"
	ManifestFormat = "mingjian-release/1"
	KeysFormat     = "mingjian-keys/1"
	SealFormat     = "mingjian-seal/1"
	ReceiptFormat  = "mingjian-receipt/1"
)

// BundleKind is what a bundle discloses.
type BundleKind string

// The kinds.
const (
	CenterBundle   BundleKind = "center"   // a center's record and the appeals about it
	DistrictBundle BundleKind = "district" // a district's own record (clause 7.3) and its appeals
	RoundBundle    BundleKind = "round"    // the round's stream
	RegistryBundle BundleKind = "registry" // who is assessed
)

// Bundle discloses every event of one home that a release rests on, each with
// what proves it.
type Bundle struct {
	Format string `json:"format"`
	Origin string `json:"origin"` // of the log
	// DataNotice marks simulated data and drafts, as on every page; "" for real
	// results.
	DataNotice string     `json:"dataNotice"`
	Round      string     `json:"round"`
	Release    int        `json:"release"`
	Kind       BundleKind `json:"kind"`
	Subject    string     `json:"subject,omitempty"` // center or district code
	// Home is the stream that the subject's record is; the appeals about it are of
	// the same home.
	Home string `json:"home"`
	// Epoch and Nonce open the tags of the home's entries up to LogSize.
	Epoch int   `json:"epoch"`
	Nonce Nonce `json:"nonce"`
	// LogSize is how many events the release rests on, TreeSize the tree that the
	// proofs are for.
	LogSize  int64 `json:"logSize"`
	TreeSize int64 `json:"treeSize"`
	// Events in the log's order.
	Events []Disclosed `json:"events"`
	// Nodes are the hashes of the tree that the proofs are made of; several proofs
	// share one.
	Nodes []Hash `json:"nodes"`
	// Reply is the text of the newest reply, unless something of it was redacted.
	Reply *ReplyText `json:"reply,omitempty"`
}

// Disclosed is one event of a bundle. An event that is withheld, such as a vote
// in a hearing that goes on, has Commitment instead of Type, Data and Salt.
type Disclosed struct {
	Index    int64  `json:"index"`
	Stream   string `json:"stream"`
	Revision uint64 `json:"revision"`
	Type     string `json:"type,omitempty"`
	// Data is the event's data as stored, a JSON text: what was committed to is
	// these bytes.
	Data       string `json:"data,omitempty"`
	Salt       *Hash  `json:"salt,omitempty"`
	Commitment *Hash  `json:"commitment,omitempty"`
	Metadata   Hash   `json:"metadata"`
	// Proof is the inclusion proof, from the leaf up, as places in Bundle.Nodes.
	Proof []int `json:"proof"`
}

// ReplyText opens the digest of a reply.
type ReplyText struct {
	Reply int    `json:"reply"`
	Text  string `json:"text"`
	Salt  string `json:"salt"` // 64 hex digits
}

// ErrFormat means that bytes are not what their format says.
var ErrFormat = errors.New("not in the format")

// Entry is the entry that a disclosed event must be in the log.
func (d *Disclosed) Entry(tag Hash) (Entry, error) {
	e := Entry{Tag: tag, Revision: d.Revision, Metadata: d.Metadata}
	switch {
	case d.Commitment != nil && d.Salt == nil && d.Type == "" && d.Data == "":
		e.Data = *d.Commitment
	case d.Commitment == nil && d.Salt != nil && d.Type != "" && d.Data != "":
		e.Data = Event{Stream: d.Stream, Revision: d.Revision, Type: d.Type, Data: []byte(d.Data)}.Commitment(*d.Salt)
	default:
		return Entry{}, fmt.Errorf("event %d: neither disclosed nor withheld: %w", d.Index, ErrFormat)
	}
	return e, nil
}

// Inclusion is the inclusion proof of an event of the bundle.
func (b *Bundle) Inclusion(d *Disclosed) (tlog.RecordProof, error) {
	proof := make(tlog.RecordProof, len(d.Proof))
	for i, place := range d.Proof {
		if place < 0 || place >= len(b.Nodes) {
			return nil, fmt.Errorf("event %d: no node %d: %w", d.Index, place, ErrFormat)
		}
		proof[i] = b.Nodes[place]
	}
	return proof, nil
}

// MarshalJSON is standard base64.
func (n Nonce) MarshalJSON() ([]byte, error) { return Hash(n).MarshalJSON() }

// UnmarshalJSON reads standard base64.
func (n *Nonce) UnmarshalJSON(b []byte) error { return (*Hash)(n).UnmarshalJSON(b) }

// Canonical is the canonical JSON (RFC 8785) of a value, without a newline.
func Canonical(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	if text, err = jcs.Transform(text); err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	return text, nil
}
