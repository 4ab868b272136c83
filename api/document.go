package api

import (
	"container/list"
	"sync"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/gqlerrors"
	"github.com/graphql-go/graphql/language/ast"
	"github.com/graphql-go/graphql/language/parser"
	"github.com/graphql-go/graphql/language/source"
)

// document is a GraphQL document that was parsed, weighed and validated once.
// It is shared by all requests that send the same text, and read-only.
type document struct {
	ast        *ast.Document
	operations []*ast.OperationDefinition
	fragments  map[string]*ast.FragmentDefinition
	heavy      error // over the limits for requests from outside
}

// newDocument parses and validates. Limits come before validation, which takes
// quadratic time in the number of fields; documents of our own may ask for as
// much as they like.
func newDocument(schema *graphql.Schema, text string, ours bool) (doc *document, faults []error) {
	defer func() {
		if p := recover(); p != nil {
			doc, faults = nil, []error{refuse(codeParse, "查询语句有误。", "the document cannot be read")}
		}
	}()
	if err := scanText(text); err != nil {
		return nil, []error{err}
	}
	parsedAST, err := parser.Parse(parser.ParseParams{Source: source.NewSource(&source.Source{Body: []byte(text), Name: "request"})})
	if err != nil {
		return nil, []error{located(codeParse, "查询语句有语法错误。", gqlerrors.FormatError(err))}
	}
	doc = &document{ast: parsedAST, fragments: map[string]*ast.FragmentDefinition{}}
	for _, definition := range parsedAST.Definitions {
		switch d := definition.(type) {
		case *ast.OperationDefinition:
			doc.operations = append(doc.operations, d)
		case *ast.FragmentDefinition:
			if _, twice := doc.fragments[d.Name.Value]; twice {
				return nil, []error{refuse(codeValidation, "查询与接口定义不符。", "two fragments are named %.80q", d.Name.Value)}
			}
			doc.fragments[d.Name.Value] = d
		}
	}
	heavy, fault := weigh(schema, doc)
	if fault != nil {
		return nil, []error{fault}
	}
	if doc.heavy = heavy; heavy != nil && !ours {
		return nil, []error{heavy}
	}
	if len(doc.operations) == 0 {
		return nil, []error{refuse(codeValidation, "查询中没有操作。", "the document has no operation")}
	}
	return doc, doc.validate(schema)
}

// maxFaults bounds how many faults of one document are told.
const maxFaults = 10

func (d *document) validate(schema *graphql.Schema) (faults []error) {
	for i, fault := range graphql.ValidateDocument(schema, d.ast, nil).Errors {
		if i == maxFaults {
			break
		}
		faults = append(faults, located(codeValidation, "查询与接口定义不符。", fault))
	}
	return faults
}

func located(code, zh string, fault gqlerrors.FormattedError) *refusal {
	return &refusal{code: code, zh: zh, message: fault.Message, locations: fault.Locations}
}

// operation finds the one to execute.
func (d *document) operation(name string) (*ast.OperationDefinition, error) {
	if name == "" && len(d.operations) == 1 {
		return d.operations[0], nil
	}
	if name == "" {
		return nil, refuse(codeBadRequest, "请指明要执行的操作。", "the document has %d operations: name one as operationName", len(d.operations))
	}
	for _, op := range d.operations {
		if op.Name != nil && op.Name.Value == name {
			return op, nil
		}
	}
	return nil, refuse(codeBadRequest, "没有这个操作。", "the document has no operation %.80q", name)
}

// documents caches documents by their text, the least recently used goes. What
// does not validate is not kept: it would let one client push all others out.
type documents struct {
	schema *graphql.Schema
	mu     sync.Mutex
	byText map[string]*list.Element
	recent *list.List // of *cached, newest first
}

type cached struct {
	text string
	doc  *document
}

// The cache holds at most cachedDocuments of at most cachedText bytes each: a
// syntax tree takes some fifty times its text, so this stays below 100 MiB.
const (
	cachedDocuments = 200
	cachedText      = 8 << 10
)

func newDocuments(schema *graphql.Schema) *documents {
	return &documents{schema: schema, byText: map[string]*list.Element{}, recent: list.New()}
}

// get returns the document of a text, or why it is none. Limits do not hold
// for documents that are ours, such as the site generator's.
func (d *documents) get(text string, ours bool) (*document, []error) {
	if doc := d.lookup(text); doc != nil {
		if doc.heavy != nil && !ours {
			return nil, []error{doc.heavy}
		}
		return doc, nil
	}
	doc, faults := newDocument(d.schema, text, ours)
	if len(faults) > 0 {
		return nil, faults
	}
	if len(text) <= cachedText {
		d.keep(text, doc)
	}
	return doc, nil
}

func (d *documents) lookup(text string) *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	element, ok := d.byText[text]
	if !ok {
		return nil
	}
	d.recent.MoveToFront(element)
	return element.Value.(*cached).doc
}

func (d *documents) keep(text string, doc *document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, twice := d.byText[text]; twice {
		return
	}
	d.byText[text] = d.recent.PushFront(&cached{text, doc})
	if d.recent.Len() > cachedDocuments {
		oldest := d.recent.Back()
		delete(d.byText, d.recent.Remove(oldest).(*cached).text)
	}
}

// kind names what an operation does.
func kind(op *ast.OperationDefinition) string {
	if op.Operation == "" {
		return ast.OperationTypeQuery
	}
	return op.Operation
}
