package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/language/ast"

	"mingjian/domain"
	"mingjian/eventstore"
)

// engine executes documents of one schema.
type engine struct {
	cfg       Config
	schema    graphql.Schema
	documents *documents
	responses *responses    // nil keeps none
	patience  time.Duration // for the read model to reach a position
}

// maxTime bounds one request. Publishing waits for the read model, so this is
// more than a query needs; maxWait bounds how long a query waits.
const (
	maxTime = 40 * time.Second
	maxWait = 5 * time.Second
)

// building lets one schema be built at a time. graphql-go's introspection
// types are shared by all schemas and fill in their fields when first used.
var building sync.Mutex

func newEngine(cfg Config, query, mutation *graphql.Object) (*engine, error) {
	return newLiveEngine(cfg, query, mutation, nil)
}

// newLiveEngine makes an engine that has subscriptions too.
func newLiveEngine(cfg Config, query, mutation, subscription *graphql.Object) (*engine, error) {
	building.Lock()
	defer building.Unlock()
	schema, err := graphql.NewSchema(graphql.SchemaConfig{Query: query, Mutation: mutation, Subscription: subscription})
	if err != nil {
		return nil, fmt.Errorf("api: schema: %w", err)
	}
	for _, t := range schema.TypeMap() {
		switch t := t.(type) {
		case *graphql.Enum: // fills its lookup tables when first used, unlocked
			t.Serialize(t.Values()[0].Value)
			t.ParseValue(t.Values()[0].Name)
		case *graphql.InputObject:
			t.Fields()
		case *graphql.Object:
			if t.Fields(); t.Error() != nil {
				return nil, fmt.Errorf("api: schema: %w", t.Error())
			}
		}
	}
	e := &engine{cfg: cfg, schema: schema, patience: maxWait}
	e.documents = newDocuments(&e.schema)
	return e, nil
}

// call is one GraphQL request.
type call struct {
	document, operation string
	variables           map[string]any
	readOnly            bool // refuse mutations: a GET
	ours                bool // from within this process: no limits
	live                bool // on an event stream, which subscriptions need
}

// response is the body of a GraphQL response.
type response struct {
	// executed is false when the request was refused before execution: then
	// there is no data entry at all, not even null.
	executed bool
	data     any
	errors   []*responseError
	position eventstore.Position
	// text is the response encoded, and tag names it, where it may be shown
	// again; see responses. Then it is shared, and nothing in it changes.
	text []byte
	tag  string
}

// encode writes errors, data and extensions, as the GraphQL specification
// orders them.
func (r *response) encode() ([]byte, error) {
	if r.text != nil {
		return r.text, nil
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	separator := byte('{')
	write := func(name string, value any) error {
		out.WriteByte(separator)
		separator = ','
		out.WriteString(`"` + name + `":`)
		err := encoder.Encode(value)
		out.Truncate(max(0, out.Len()-1)) // Encode ends with a line feed
		return err
	}
	var faults []error
	if len(r.errors) > 0 {
		faults = append(faults, write("errors", r.errors))
	}
	if r.executed {
		faults = append(faults, write("data", r.data))
	}
	faults = append(faults, write("extensions", map[string]string{"position": r.position.String()}))
	out.WriteByte('}')
	return out.Bytes(), errors.Join(faults...)
}

// run executes one call. Whatever goes wrong is in the response.
func (e *engine) run(ctx context.Context, c call) *response {
	r := &request{ctx: ctx, cfg: &e.cfg, ours: c.ours}
	p, faults := e.prepare(c)
	if len(faults) > 0 {
		return e.refused(r, faults...)
	}
	return e.perform(r, p)
}

// prepared is a call that may be performed, any number of times.
type prepared struct {
	doc       *document
	op        *ast.OperationDefinition
	text      string // of the document
	name      string
	variables map[string]any
	lasts     bool // the response may be kept
}

// prepare holds a call against the schema and the limits.
func (e *engine) prepare(c call) (*prepared, []error) {
	doc, faults := e.documents.get(c.document, c.ours)
	if len(faults) > 0 {
		return nil, faults
	}
	op, err := doc.operation(c.operation)
	if err != nil {
		return nil, []error{err}
	}
	switch k := kind(op); {
	case k == ast.OperationTypeSubscription:
		err = e.subscribable(doc, op, c)
	case k == ast.OperationTypeMutation && e.schema.MutationType() == nil:
		err = refuse(codeValidation, "此接口只能查询。", "there are no mutations here")
	case k == ast.OperationTypeMutation && c.readOnly:
		err = refuse(codeMethod, "GET 请求只能查询。", "a GET only reads; send mutations by POST")
	}
	if err != nil {
		return nil, []error{err}
	}
	variables, err := checkVariables(&e.schema, op, c.variables)
	if err != nil {
		return nil, []error{err}
	}
	return &prepared{
		doc: doc, op: op, text: c.document, name: c.operation, variables: variables,
		// What this process asks, such as the site generator, it asks once.
		lasts: !c.ours && e.responses.lasts(doc, op),
	}, nil
}

// perform executes what was prepared, of a subscription the state as it is now,
// or shows what is kept of it.
func (e *engine) perform(r *request, p *prepared) *response {
	ctx, cancel := context.WithTimeout(r.ctx, maxTime)
	defer cancel()
	r.ctx = ctx
	defer r.close()
	want, err := awaited(&e.schema, p.doc, p.op, p.variables)
	if err == nil {
		err = r.waitFor(want, e.patience)
	}
	if err != nil {
		return e.refused(r, err)
	}
	if p.lasts {
		return e.responses.answer(r, p, e.resolve)
	}
	return e.resolve(r, p)
}

// resolve runs the resolvers. graphql-go runs them in a goroutine of its own,
// and would return without it when the context ends. It gets a context without
// an end, so that the snapshot is closed only when nobody reads it any more;
// resolvers use the request's, and stop soon after it ends.
func (e *engine) resolve(r *request, p *prepared) *response {
	result := graphql.Execute(graphql.ExecuteParams{
		Schema: e.schema, Root: r, AST: p.doc.ast, OperationName: p.name,
		Args: p.variables, Context: context.WithoutCancel(r.ctx),
	})
	out := &response{executed: true, data: result.Data, position: r.position()}
	for _, fault := range result.Errors {
		out.errors = append(out.errors, explainField(e.cfg.Logger, fault))
	}
	return out
}

func (e *engine) refused(r *request, faults ...error) *response {
	out := &response{position: r.position()}
	for _, fault := range faults {
		out.errors = append(out.errors, explain(e.cfg.Logger, fault))
	}
	return out
}

// execute is run for callers within this process.
func (e *engine) execute(ctx context.Context, c call) ([]byte, error) {
	out := e.run(ctx, c)
	if len(out.errors) > 0 {
		faults := make([]error, len(out.errors))
		for i, fault := range out.errors {
			faults[i] = fault
		}
		return nil, fmt.Errorf("api: %w", errors.Join(faults...))
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(out.data); err != nil {
		return nil, fmt.Errorf("api: encode: %w", err)
	}
	return bytes.TrimSuffix(data.Bytes(), []byte("\n")), nil
}

// The names of the arguments that wait for the read model. Connections use
// `after` for their cursor, as Relay wants it, so theirs has a longer name.
const (
	argAfter         = "after"
	argAfterPosition = "afterPosition"
)

// awaited is the highest position that any root field of an operation waits
// for. All fields read one snapshot, so the request waits before it is opened.
func awaited(schema *graphql.Schema, doc *document, op *ast.OperationDefinition, variables map[string]any) (eventstore.Position, error) {
	if kind(op) != ast.OperationTypeQuery {
		return 0, nil
	}
	var highest eventstore.Position
	var walk func(set *ast.SelectionSet) error
	walk = func(set *ast.SelectionSet) error {
		for _, selection := range set.Selections {
			var err error
			switch sel := selection.(type) {
			case *ast.Field:
				var p eventstore.Position
				p, err = awaitedBy(schema, sel, variables)
				highest = max(highest, p)
			case *ast.InlineFragment:
				err = walk(sel.SelectionSet)
			case *ast.FragmentSpread:
				err = walk(doc.fragments[sel.Name.Value].SelectionSet) // validated: it exists, without circles
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	err := walk(op.SelectionSet)
	return highest, err
}

// awaitedBy reads the position that one root field waits for.
func awaitedBy(schema *graphql.Schema, f *ast.Field, variables map[string]any) (eventstore.Position, error) {
	definition := fieldOf(schema, schema.QueryType(), f.Name.Value)
	if definition == nil {
		return 0, nil
	}
	for _, given := range f.Arguments {
		name := given.Name.Value
		if name != argAfter && name != argAfterPosition {
			continue
		}
		for _, a := range definition.Args {
			scalar, ok := a.Type.(*graphql.Scalar)
			if a.Name() != name || !ok || scalar.Name() != "Position" {
				continue
			}
			return positionOf(scalar, given.Value, variables)
		}
	}
	return 0, nil
}

func positionOf(scalar *graphql.Scalar, value ast.Value, variables map[string]any) (eventstore.Position, error) {
	var raw any
	if v, ok := value.(*ast.Variable); ok {
		if raw = variables[v.Name.Value]; raw != nil {
			raw = scalar.ParseValue(raw)
		}
	} else {
		raw = scalar.ParseLiteral(value)
	}
	if raw == nil {
		return 0, nil
	}
	p, ok := raw.(parsed[eventstore.Position])
	if !ok {
		return 0, fmt.Errorf("after: %T: %w", raw, domain.ErrInvalid)
	}
	return p.value, p.fault
}
