package criteria

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"mingjian/domain"
)

// Bounds of a criteria file. The standard of 2022 has 23 kB and opens one
// bracket at a time; the YAML parser takes time by the square of the nesting.
const (
	maxSource = 1 << 18
	maxDepth  = 64
)

// Parse reads a criteria file in YAML. It is strict: an unknown key, text
// without quotes that YAML takes for a number, a sum that differs from the
// print, or a rule that cannot be evaluated is a fault. All faults are reported at once, each a *Fault that names
// file, line and code.
func Parse(file string, src []byte) (*Criteria, error) {
	r := newReader(file)
	root, fault := open(file, src)
	if fault != nil {
		return nil, fault
	}
	tree := r.standard(root)
	std, err := domain.NewStandard(tree)
	r.addUp(err)
	if len(r.faults) > 0 {
		return nil, join(r.faults)
	}
	canonical, hash, err := seal(std)
	if err != nil {
		return nil, fmt.Errorf("standard %s: %w", std.ID, err)
	}
	return &Criteria{Standard: std, Canonical: canonical, Hash: hash, measures: r.measures}, nil
}

// open turns bytes into the one document's root node.
func open(file string, src []byte) (root ast.Node, fault *Fault) {
	at := func(line int, err error, format string, args ...any) *Fault {
		return &Fault{File: file, Line: line, Problem: fmt.Sprintf(format, args...), Err: err}
	}
	if len(src) > maxSource {
		return nil, at(1, nil, "%d bytes, more than %d", len(src), maxSource)
	}
	if !utf8.Valid(src) {
		return nil, at(1, nil, "not valid UTF-8")
	}
	if line := tooDeep(src); line > 0 {
		return nil, at(line, nil, "nested deeper than %d", maxDepth)
	}
	// The YAML library can panic on malformed input, and a criteria file may
	// come from anybody.
	defer func() {
		if p := recover(); p != nil {
			root, fault = nil, at(1, nil, "not YAML: the parser gave up: %v", p)
		}
	}()
	parsed, err := parser.ParseBytes(src, 0)
	var located yaml.Error
	switch {
	case errors.As(err, &located) && located.GetToken() != nil:
		line := located.GetToken().Position.Line
		return nil, at(line, err, "not YAML: %s", located.GetMessage())
	case err != nil:
		return nil, at(1, err, "not YAML: %v", err)
	case len(parsed.Docs) > 1:
		return nil, at(1, nil, "%d documents where one belongs", len(parsed.Docs))
	case len(parsed.Docs) == 0 || parsed.Docs[0].Body == nil:
		return nil, at(1, nil, "empty")
	}
	return parsed.Docs[0].Body, nil
}

// tooDeep returns the first line where more brackets are open, or more list
// entries begin, than any standard needs; 0 if none. Brackets in texts count
// too, which is harmless: they come in pairs, and few at a time.
func tooDeep(src []byte) int {
	line, open, entries := 1, 0, 0
	for i, c := range src {
		switch c {
		case '\n':
			line, entries = line+1, 0
		case '[', '{':
			open++
		case ']', '}':
			open = max(0, open-1)
		case '-', '?':
			if i+1 < len(src) && (src[i+1] == ' ' || src[i+1] == '\t') {
				entries++
			}
		}
		if open > maxDepth || entries > maxDepth {
			return line
		}
	}
	return 0
}

// addUp takes over what the domain finds wrong with the tree as a whole,
// except for nodes that could not be read in the first place.
func (r *reader) addUp(err error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return
	}
	for _, err := range joined.Unwrap() {
		var fault *domain.Fault
		if !errors.As(err, &fault) {
			r.fault(1, "", err, "%v", err)
			continue
		}
		at := nodeKey{fault.Node, fault.Code}
		if !r.faulty[at] {
			r.fault(max(1, r.lines[at]), fault.Code, fault, "%s", fault.Problem)
		}
	}
}

// at remembers where a node stands and refuses a code that was used before or
// lies outside its parent's.
func (m row) at(kind, parent string) nodeKey {
	key := nodeKey{kind, m.text("code")}
	if key.code == "" {
		m.r.faulty[key] = true
		return key
	}
	if first, twice := m.r.lines[key]; twice {
		m.fault("code", domain.ErrStandard, "%s code used twice, first on line %d", kind, first)
		m.r.faulty[key] = true
		return key
	}
	m.r.lines[key] = m.line
	if parent != "" && !strings.HasPrefix(key.code, parent+".") && (kind != domain.NodeClause || key.code != parent) {
		m.fault("code", domain.ErrStandard, "%s code does not continue %s", kind, parent)
	}
	return key
}
