package api

import (
	"fmt"
	"runtime/debug"

	"github.com/graphql-go/graphql"
)

// required is T!, listOf is [T!]!.
func required(t graphql.Type) *graphql.NonNull { return graphql.NewNonNull(t) }

func listOf(t graphql.Type) *graphql.NonNull {
	return graphql.NewNonNull(graphql.NewList(graphql.NewNonNull(t)))
}

// field reads a value off its typed source.
func field[S any](t graphql.Output, doc string, read func(S) any) *graphql.Field {
	return &graphql.Field{Type: t, Description: doc, Resolve: func(p graphql.ResolveParams) (any, error) {
		source, ok := p.Source.(S)
		if !ok {
			return nil, fmt.Errorf("field %s wants a %T, got %T", p.Info.FieldName, source, p.Source)
		}
		return read(source), nil
	}}
}

// looked is a field that asks the read model for more about its source.
func looked[S any](t graphql.Output, doc string, look func(*request, S) (any, error)) *graphql.Field {
	return lookedBy(t, doc, nil, func(r *request, source S, _ *input) (any, error) { return look(r, source) })
}

// lookedBy is a looked-up field with arguments.
func lookedBy[S any](t graphql.Output, doc string, args graphql.FieldConfigArgument, look func(*request, S, *input) (any, error)) *graphql.Field {
	return &graphql.Field{Type: t, Description: doc, Args: args, Resolve: func(p graphql.ResolveParams) (out any, err error) {
		defer guard(&out, &err)
		source, ok := p.Source.(S)
		if !ok {
			return nil, fmt.Errorf("field %s wants a %T, got %T", p.Info.FieldName, source, p.Source)
		}
		r, ok := p.Info.RootValue.(*request)
		if !ok {
			return nil, fmt.Errorf("field %s: no request", p.Info.FieldName)
		}
		return look(r, source, inputOf(p.Args))
	}}
}

// root is a field of Query or Mutation: its source is the request itself.
func root(t graphql.Output, doc string, args graphql.FieldConfigArgument, look func(*request, *input) (any, error)) *graphql.Field {
	return lookedBy(t, doc, args, func(r *request, _ *request, in *input) (any, error) { return look(r, in) })
}

// crash is a panic of a resolver, kept for the log.
type crash struct {
	value any
	stack []byte
}

// Error is for the log; users see a reference to it.
func (c *crash) Error() string { return fmt.Sprintf("panic: %v\n%s", c.value, c.stack) }

// guard turns a panic into an error. Without it graphql-go would show the
// panic's text to the user.
func guard(out *any, err *error) {
	if p := recover(); p != nil {
		*out, *err = nil, &crash{p, debug.Stack()}
	}
}

// object makes an output type.
func object(name, doc string, fields graphql.Fields) *graphql.Object {
	return graphql.NewObject(graphql.ObjectConfig{Name: name, Description: doc, Fields: fields})
}

// arg describes an argument.
func arg(t graphql.Input, doc string) *graphql.ArgumentConfig {
	return &graphql.ArgumentConfig{Type: t, Description: doc}
}

// orNull is null for a zero value: a rank that was not given, an empty reason.
func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// nullUnless is null where the value means nothing.
func nullUnless(known bool, v any) any {
	if !known {
		return nil
	}
	return v
}

// refs points at each item, so that resolvers pass pointers instead of copies.
func refs[T any](items []T) []*T {
	out := make([]*T, len(items))
	for i := range items {
		out[i] = &items[i]
	}
	return out
}
