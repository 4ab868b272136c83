package api

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/language/ast"
)

// Limits on what one request may ask for. They are far above what a console or
// an introspection query needs, and far below what would hurt.
const (
	maxDepth = 16      // nested selections
	maxNodes = 2_000   // fields selected, fragments spread out, aliases counted
	maxCost  = 100_000 // fields resolved, as estimated below
	maxNames = 50      // arguments of one field, variables of one operation
)

// guessedList is how long a list is taken to be that has no page size. Trees
// such as section > indicator > clause multiply it.
const guessedList = 10

// weight is how much a selection asks for.
type weight struct{ depth, nodes, cost int }

// ceiling keeps sums and products of hostile documents from overflowing.
const ceiling = 1 << 40

func (w *weight) add(child weight) {
	w.depth = max(w.depth, child.depth)
	w.nodes = min(ceiling, w.nodes+child.nodes)
	w.cost = min(ceiling, w.cost+child.cost)
}

// scale weighs documents of one schema. The weight of a fragment is computed
// once, so weighing takes time linear in the text, however it is nested.
type scale struct {
	schema *graphql.Schema
	doc    *document
	known  map[string]weight
	open   map[string]bool // fragments being weighed
	circle string          // a fragment that leads back to itself
	names  int             // the most arguments or variables in one place
}

// weigh holds a document against the limits. It runs before validation, so it
// meets fields and types that do not exist and counts them as leaves.
// Fragments that go in a circle are a fault here: graphql-go's validation
// follows them until the process runs out of stack, which nothing can recover.
func weigh(schema *graphql.Schema, doc *document) (heavy, fault error) {
	s := &scale{schema: schema, doc: doc, known: map[string]weight{}, open: map[string]bool{}}
	unused := 0
	for _, name := range slices.Sorted(maps.Keys(doc.fragments)) { // in order: the same document gets the same refusal
		unused += s.fragment(name).nodes // validation walks those that nobody spreads too
	}
	if s.circle != "" {
		return nil, refuse(codeValidation, "查询与接口定义不符。", "fragment %.80q leads back to itself", s.circle)
	}
	var total weight
	for _, op := range doc.operations {
		parent := schema.QueryType()
		switch kind(op) {
		case ast.OperationTypeMutation:
			parent = schema.MutationType()
		case ast.OperationTypeSubscription:
			parent = schema.SubscriptionType()
		}
		total.add(s.selections(op.SelectionSet, parent, guessedList))
		s.names = max(s.names, len(op.VariableDefinitions))
	}
	if s.names > maxNames { // each that is wrong costs validation a millisecond
		return nil, refuse(codeTooComplex, "参数过多。", "%d arguments or variables in one place, at most %d", s.names, maxNames)
	}
	total.nodes = max(total.nodes, unused)
	switch {
	case total.depth > maxDepth:
		return refuse(codeTooComplex, "查询嵌套过深。", "the query is %d levels deep, at most %d", total.depth, maxDepth), nil
	case total.nodes > maxNodes:
		return refuse(codeTooComplex, "查询字段过多。", "the query selects %d fields, at most %d", total.nodes, maxNodes), nil
	case total.cost > maxCost:
		return refuse(codeTooComplex, "查询数据量过大，请缩小分页。", "the query may resolve %d fields, at most %d; ask for smaller pages", total.cost, maxCost), nil
	}
	return nil, nil
}

// selections weighs a selection set; edges is the page size that its parent
// field asked for, which is how often the field edges repeats.
func (s *scale) selections(set *ast.SelectionSet, parent *graphql.Object, edges int) (total weight) {
	if set == nil {
		return total
	}
	for _, selection := range set.Selections {
		switch sel := selection.(type) {
		case *ast.Field:
			total.add(s.field(sel, parent, edges))
		case *ast.InlineFragment:
			on := parent
			if sel.TypeCondition != nil {
				on = s.object(sel.TypeCondition.Name.Value)
			}
			total.add(s.selections(sel.SelectionSet, on, edges))
		case *ast.FragmentSpread:
			total.add(s.fragment(sel.Name.Value))
		}
	}
	return total
}

func (s *scale) field(f *ast.Field, parent *graphql.Object, edges int) weight {
	definition := fieldOf(s.schema, parent, f.Name.Value)
	s.names = max(s.names, len(f.Arguments))
	var child *graphql.Object
	times, page := 1, guessedList
	if definition != nil {
		child, times = unwrap(definition.Type)
		if times > 1 && f.Name.Value == "edges" {
			times = edges
		}
		if isConnection(child) {
			page = pageSize(f)
		}
	}
	w := s.selections(f.SelectionSet, child, page)
	return weight{depth: w.depth + 1, nodes: w.nodes + 1, cost: min(ceiling, times*(w.cost+1))}
}

// fragment weighs a fragment as if pages within it were as large as can be,
// since the page size that applies depends on where it is spread.
func (s *scale) fragment(name string) weight {
	if w, ok := s.known[name]; ok {
		return w
	}
	definition, ok := s.doc.fragments[name]
	if s.open[name] {
		s.circle = name
	}
	if !ok || s.open[name] {
		return weight{nodes: 1, cost: 1} // validation names what is unknown
	}
	s.open[name] = true
	w := s.selections(definition.SelectionSet, s.object(definition.TypeCondition.Name.Value), maxPage)
	delete(s.open, name)
	s.known[name] = w
	return w
}

func (s *scale) object(name string) *graphql.Object {
	o, _ := s.schema.Type(name).(*graphql.Object)
	return o
}

// fieldOf looks a field up, the introspection entries included.
func fieldOf(schema *graphql.Schema, parent *graphql.Object, name string) *graphql.FieldDefinition {
	switch {
	case parent == nil:
		return nil
	case parent == schema.QueryType() && name == graphql.SchemaMetaFieldDef.Name:
		return graphql.SchemaMetaFieldDef
	case parent == schema.QueryType() && name == graphql.TypeMetaFieldDef.Name:
		return graphql.TypeMetaFieldDef
	}
	return parent.Fields()[name]
}

// unwrap finds the object type inside lists and non-nulls, if it is one, and
// how often a value of the type repeats.
func unwrap(t graphql.Type) (o *graphql.Object, times int) {
	times = 1
	for {
		switch wrapper := t.(type) {
		case *graphql.NonNull:
			t = wrapper.OfType
		case *graphql.List:
			t, times = wrapper.OfType, times*guessedList
		default:
			o, _ = t.(*graphql.Object)
			return o, times
		}
	}
}

func isConnection(o *graphql.Object) bool {
	return o != nil && strings.HasSuffix(o.Name(), "Connection")
}

// pageSize is the `first` of a field if it is a literal. A variable counts as
// the largest page, so that the weight belongs to the document alone.
func pageSize(f *ast.Field) int {
	for _, a := range f.Arguments {
		if literal, ok := a.Value.(*ast.IntValue); ok && a.Name.Value == "first" {
			if n, err := strconv.Atoi(literal.Value); err == nil {
				return min(maxPage, max(1, n))
			}
		}
	}
	return maxPage
}
