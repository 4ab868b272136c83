// Package criteria holds the standards that a round can adopt, as data: the
// transcription of each print, its canonical bytes and their hash, the rules of
// its measured clauses, scoring guides, calendars of working days, and the
// roster of centers.
package criteria

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/gowebpki/jcs"

	"mingjian/domain"
)

// Criteria is a standard as adopted by a round: the tree, its canonical bytes
// and their hash. It is shared and read-only.
type Criteria struct {
	Standard *domain.Standard
	// Canonical is the standard as RFC 8785 JSON. Two files that say the same in
	// another order or layout have the same canonical bytes.
	Canonical []byte
	// Hash is the lower-case hex SHA-256 of Canonical.
	Hash string

	// measures are the compiled measures of each measured clause, in its order.
	measures map[string][]compiled
}

// ErrUnknown is wrapped by Lookup for an id that is not built in.
var ErrUnknown = errors.New("unknown criteria")

//go:embed 2022.yaml
var yaml2022 []byte

//go:embed roster/shanghai.csv
var shanghai []byte

var standard2022 = sync.OnceValues(func() (*Criteria, error) { return Parse("2022.yaml", yaml2022) })

var known = map[string]func() (*Criteria, error){"2022": standard2022}

// Standard2022 is the standard of 沪民基发〔2022〕1号, parsed once.
func Standard2022() (*Criteria, error) { return standard2022() }

// Lookup finds built-in criteria by id, such as "2022". The error for another
// id wraps ErrUnknown and lists the known ones.
func Lookup(id string) (*Criteria, error) {
	load, ok := known[id]
	if !ok {
		ids := slices.Sorted(maps.Keys(known))
		return nil, fmt.Errorf("%w %q: known are %s", ErrUnknown, id, strings.Join(ids, ", "))
	}
	return load()
}

// Roster is the list of Shanghai's centers as CSV (code, district_code,
// district, name), one per subdistrict, town and township.
func Roster() []byte { return bytes.Clone(shanghai) }

// seal makes the canonical bytes of a standard, a guide or a calendar and their
// hash.
func seal(of any) (canonical []byte, hash string, err error) {
	plain, err := json.Marshal(of)
	if err != nil {
		return nil, "", fmt.Errorf("encode: %w", err)
	}
	if canonical, err = jcs.Transform(plain); err != nil {
		return nil, "", fmt.Errorf("canonical form: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return canonical, hex.EncodeToString(sum[:]), nil
}
