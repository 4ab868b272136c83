package criteria

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"mingjian/domain"
)

// reader walks the nodes of one YAML file. It collects faults instead of
// stopping at the first, and takes nothing for granted: unknown keys, numbers
// where text belongs, tags, anchors and aliases are faults.
type reader struct {
	file   string
	faults []*Fault
	// lines tells where a node (kind and code) stands, faulty whether the reader
	// found it wrong: then a sum over it means nothing and is not reported.
	lines  map[nodeKey]int
	faulty map[nodeKey]bool
	// measures are the compiled measures by clause.
	measures map[string][]compiled
}

func newReader(file string) *reader {
	return &reader{
		file: file, lines: make(map[nodeKey]int), faulty: make(map[nodeKey]bool), measures: make(map[string][]compiled),
	}
}

type nodeKey struct{ kind, code string }

func (r *reader) fault(line int, code string, err error, format string, args ...any) {
	problem := fmt.Sprintf(format, args...)
	r.faults = append(r.faults, &Fault{File: r.file, Line: line, Code: code, Problem: problem, Err: err})
}

// row is one mapping of the file, read field by field.
type row struct {
	r      *reader
	code   string // names the row in faults: its own code, else its parent's
	line   int
	fields map[string]ast.Node
	broken bool // not a mapping at all: reported once, not again field by field
}

// row opens a mapping and refuses the keys that are not known.
func (r *reader) row(n ast.Node, parent string, keys ...string) row {
	out := row{r: r, code: parent, line: lineOf(n), fields: make(map[string]ast.Node)}
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.fault(out.line, parent, nil, "%s where keys and values belong", kindOf(n))
		out.broken = true
		return out
	}
	for i, v := range values {
		if line := lineOf(v.Key); i == 0 || line < out.line {
			out.line = line
		}
		if v.Key.String() == "code" {
			if code, ok := textOf(v.Value); ok && strings.TrimSpace(code) != "" {
				out.code = code
			}
		}
	}
	for _, v := range values {
		key, plain := v.Key.String(), false
		if name, ok := v.Key.(*ast.StringNode); ok {
			key, plain = name.Value, true
		}
		if !plain || !slices.Contains(keys, key) {
			r.fault(lineOf(v.Key), out.code, nil, "unknown key %q", key)
			continue
		}
		if _, twice := out.fields[key]; twice {
			r.fault(lineOf(v.Key), out.code, nil, "key %q used twice", key)
			continue
		}
		out.fields[key] = v.Value
	}
	return out
}

// fault reports a problem with one field of the row.
func (m row) fault(key string, err error, format string, args ...any) {
	line := m.line
	if n := m.fields[key]; n != nil && lineOf(n) > 0 {
		line = lineOf(n)
	}
	m.r.fault(line, m.code, err, format, args...)
}

// field finds a field that must be there.
func (m row) field(key string) (ast.Node, bool) {
	if m.broken {
		return nil, false
	}
	n, ok := m.fields[key]
	if _, null := n.(*ast.NullNode); !ok || null {
		m.fault(key, nil, "%s is missing", key)
		return nil, false
	}
	return n, true
}

// text reads a field that must hold text; numbers need quotes.
func (m row) text(key string) string {
	n, ok := m.field(key)
	if !ok {
		return ""
	}
	text, ok := textOf(n)
	switch {
	case !ok:
		m.fault(key, nil, "%s is %s, not text", key, kindOf(n))
	case strings.TrimSpace(text) == "":
		m.fault(key, nil, "%s is missing", key)
	case !utf8.ValidString(text):
		m.fault(key, nil, "%s is not valid UTF-8", key)
	default:
		return text
	}
	return ""
}

// day reads a date.
func (m row) day(key string) string {
	text := m.text(key)
	if _, err := time.Parse(time.DateOnly, text); text != "" && err != nil {
		m.fault(key, err, "%s %q is not a day as YYYY-MM-DD", key, text)
	}
	return text
}

// optional reads a text that may be left out, but not left empty.
func (m row) optional(key string) string {
	if _, ok := m.fields[key]; !ok {
		return ""
	}
	return m.text(key)
}

// points reads an amount above zero by its digits, never through a float.
func (m row) points(key string) (domain.Points, bool) {
	n, ok := m.field(key)
	if !ok {
		return 0, false
	}
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
	default:
		m.fault(key, domain.ErrPoints, "%s is %s, not a number", key, kindOf(n))
		return 0, false
	}
	points, err := domain.ParsePoints(n.GetToken().Value)
	if err != nil {
		m.fault(key, err, "%s: %v", key, err)
		return 0, false
	}
	if points <= 0 {
		m.fault(key, domain.ErrPoints, "%s: %s is not above zero", key, points)
		return 0, false
	}
	return points, true
}

// oneOf reads a word that must be one of those given.
func (m row) oneOf(key string, words ...string) (string, bool) {
	n, ok := m.field(key)
	if !ok {
		return "", false
	}
	text, _ := textOf(n)
	if !slices.Contains(words, text) {
		m.fault(key, nil, "%s %q is not %s", key, text, strings.Join(words, " or "))
		return "", false
	}
	return text, true
}

// flag reads true or false; false when left out.
func (m row) flag(key string) bool {
	n, ok := m.fields[key]
	if !ok {
		return false
	}
	value, ok := n.(*ast.BoolNode)
	if !ok {
		m.fault(key, nil, "%s is %s, not true or false", key, kindOf(n))
		return false
	}
	return value.Value
}

// list reads a field that must hold at least one entry.
func (m row) list(key string) []ast.Node {
	n, ok := m.field(key)
	if !ok {
		return nil
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		m.fault(key, nil, "%s is %s, not a list", key, kindOf(n))
		return nil
	}
	if len(seq.Values) == 0 {
		m.fault(key, nil, "%s is empty", key)
	}
	return seq.Values
}

// rows is list for a field that may be left out.
func (m row) rows(key string) []ast.Node {
	if _, ok := m.fields[key]; !ok {
		return nil
	}
	return m.list(key)
}

// texts reads a list of texts that may be left out.
func (m row) texts(key string) []string {
	var out []string
	for _, n := range m.rows(key) {
		text, ok := textOf(n)
		if !ok || strings.TrimSpace(text) == "" || !utf8.ValidString(text) {
			m.r.fault(lineOf(n), m.code, nil, "%s holds %s, not text", key, kindOf(n))
			continue
		}
		out = append(out, text)
	}
	return out
}

func textOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 1
	}
	return n.GetToken().Position.Line
}

// kindOf names a node for people.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.InfinityNode, *ast.NanNode:
		return "infinite or NaN"
	case *ast.BoolNode:
		return "true or false"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys and values"
	case *ast.NullNode, nil:
		return "nothing"
	}
	return "a tag, anchor or alias"
}
