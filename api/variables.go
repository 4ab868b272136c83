package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/language/ast"
)

// checkVariables holds a request's variables against the operation and returns
// them as graphql-go wants them. graphql-go itself is too lenient: it takes
// {"a":1} for a String and "yes" for a Boolean, and it knows no json.Number,
// which numbers are decoded to so that none ever passes through a float.
func checkVariables(schema *graphql.Schema, op *ast.OperationDefinition, given map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(op.VariableDefinitions))
	for _, definition := range op.VariableDefinitions {
		name := definition.Variable.Name.Value
		value, ok := given[name]
		if !ok && definition.DefaultValue != nil {
			continue
		}
		t := typeOf(schema, definition.Type)
		if t == nil {
			return nil, badVariable("$"+name, "has an unknown type")
		}
		checked, err := checkValue("$"+name, t, value)
		if err != nil {
			return nil, err
		}
		if ok {
			out[name] = checked
		}
	}
	return out, nil
}

func badVariable(path, format string, args ...any) error {
	return refuse(codeVariables, "请求的变量有误。", "%s %s", path, fmt.Sprintf(format, args...))
}

// typeOf resolves a type as written in a variable definition.
func typeOf(schema *graphql.Schema, written ast.Type) graphql.Type {
	switch w := written.(type) {
	case *ast.NonNull:
		if inner := typeOf(schema, w.Type); inner != nil {
			return graphql.NewNonNull(inner)
		}
	case *ast.List:
		if inner := typeOf(schema, w.Type); inner != nil {
			return graphql.NewList(inner)
		}
	case *ast.Named:
		if t := schema.Type(w.Name.Value); t != nil {
			return t
		}
	}
	return nil
}

func checkValue(path string, t graphql.Type, value any) (any, error) {
	if wrapper, ok := t.(*graphql.NonNull); ok {
		if value == nil {
			return nil, badVariable(path, "is missing")
		}
		return checkValue(path, wrapper.OfType, value)
	}
	if value == nil {
		return nil, nil
	}
	switch t := t.(type) {
	case *graphql.List:
		items, ok := value.([]any)
		if !ok { // GraphQL takes one value for a list of it
			items = []any{value}
		}
		out := make([]any, len(items))
		for i, item := range items {
			checked, err := checkValue(fmt.Sprintf("%s[%d]", path, i), t.OfType, item)
			if err != nil {
				return nil, err
			}
			out[i] = checked
		}
		return out, nil
	case *graphql.InputObject:
		return checkObject(path, t, value)
	case *graphql.Scalar:
		return checkScalar(path, t, value)
	case *graphql.Enum:
		if t.ParseValue(value) == nil {
			return nil, badVariable(path, "is %s, which is no %s", shown(value), t.Name())
		}
	}
	return value, nil
}

func checkObject(path string, t *graphql.InputObject, value any) (any, error) {
	given, ok := value.(map[string]any)
	if !ok {
		return nil, badVariable(path, "is %s, not an object (%s)", shown(value), t.Name())
	}
	fields := t.Fields()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if fields[name] == nil {
			return nil, badVariable(path, "has no field %.40q (%s)", name, t.Name())
		}
	}
	out := make(map[string]any, len(given))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f := fields[name]
		item, present := given[name]
		checked, err := checkValue(path+"."+name, f.Type, item)
		if err != nil {
			return nil, err
		}
		if present {
			out[name] = checked
		}
	}
	return out, nil
}

func checkScalar(path string, t *graphql.Scalar, value any) (any, error) {
	number, isNumber := value.(json.Number)
	text, isText := value.(string)
	whole, isWhole := value.(int) // from callers in this process
	if isNumber {
		if n, err := strconv.ParseInt(number.String(), 10, 32); err == nil {
			whole, isWhole = int(n), true
		}
	}
	switch t.Name() {
	case graphql.Int.Name():
		if isWhole {
			return whole, nil
		}
	case graphql.ID.Name():
		if isText {
			return text, nil
		}
		if isWhole {
			return strconv.Itoa(whole), nil
		}
	case graphql.String.Name():
		if isText {
			return text, nil
		}
	case graphql.Boolean.Name():
		if flag, ok := value.(bool); ok {
			return flag, nil
		}
	default: // our own scalars read numbers by their text
		if t.ParseValue(value) != nil {
			return value, nil
		}
	}
	return nil, badVariable(path, "is %s, which is no %s", shown(value), t.Name())
}

// shown is a value as a message quotes it, in short.
func shown(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%T", value)
	}
	const most = 60
	if r := []rune(string(text)); len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(text)
}
