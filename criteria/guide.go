package criteria

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml/ast"

	"mingjian/domain"
)

// Guide is a scoring guide as adopted by a round: the caps, their canonical
// bytes and their hash. It is shared and read-only.
type Guide struct {
	*domain.Guide
	// Canonical is the guide as RFC 8785 JSON.
	Canonical []byte
	// Hash is the lower-case hex SHA-256 of Canonical.
	Hash string
}

// ErrUnknownGuide is wrapped by LookupGuide for an id that is not built in.
var ErrUnknownGuide = errors.New("unknown scoring guide")

//go:embed guides/2022-demo.yaml
var yaml2022Demo []byte

var knownGuides = map[string]func() (*Guide, error){
	"2022-demo": sync.OnceValues(func() (*Guide, error) { return ParseGuide("guides/2022-demo.yaml", yaml2022Demo) }),
}

// Guides lists the ids of the scoring guides that are built in, in order.
func Guides() []string { return slices.Sorted(maps.Keys(knownGuides)) }

// LookupGuide finds a built-in scoring guide by id, such as "2022-demo". The
// error for another id wraps ErrUnknownGuide and lists the known ones.
func LookupGuide(id string) (*Guide, error) {
	load, ok := knownGuides[id]
	if !ok {
		return nil, fmt.Errorf("%w %.40q: known are %s", ErrUnknownGuide, id, strings.Join(Guides(), ", "))
	}
	return load()
}

// ParseGuide reads a scoring guide in YAML, as strictly as Parse, and holds it
// against its standard, which must be built in. All faults are reported at
// once, each a *Fault that names file, line and clause.
func ParseGuide(file string, src []byte) (*Guide, error) {
	r := newReader(file)
	root, fault := open(file, src)
	if fault != nil {
		return nil, fault
	}
	guide := r.guide(root)
	if len(r.faults) > 0 {
		return nil, join(r.faults)
	}
	canonical, hash, err := seal(guide)
	if err != nil {
		return nil, fmt.Errorf("guide %s: %w", guide.ID, err)
	}
	return &Guide{Guide: guide, Canonical: canonical, Hash: hash}, nil
}

func (r *reader) guide(n ast.Node) *domain.Guide {
	m := r.row(n, "", "id", "standard", "title", "caps")
	out := &domain.Guide{
		ID: m.text("id"), Standard: m.text("standard"), Title: m.text("title"),
		Caps: make(map[string]domain.Points),
	}
	for _, n := range m.list("caps") {
		c := r.row(n, "", "code", "cap")
		at := c.at(domain.NodeClause, "")
		if limit, ok := c.points("cap"); ok && !r.faulty[at] {
			out.Caps[at.code] = limit
		}
	}
	if out.Standard != "" {
		r.fits(m, out)
	}
	return out
}

// fits reports where a guide does not fit its standard: what could not be read
// is reported already, and so not a second time as missing.
func (r *reader) fits(m row, guide *domain.Guide) {
	adopted, err := Lookup(guide.Standard)
	if err != nil {
		m.fault("standard", err, "%v", err)
		return
	}
	joined, ok := guide.Validate(adopted.Standard).(interface{ Unwrap() []error })
	if !ok {
		return
	}
	readable := len(r.faults) == 0
	for _, err := range joined.Unwrap() {
		if fault, ok := errors.AsType[*domain.GuideFault](err); ok && (readable || fault.Clause != "") {
			r.fault(max(1, r.lines[nodeKey{domain.NodeClause, fault.Clause}]), fault.Clause, fault, "%s", fault.Problem)
		}
	}
}
