package api

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/language/ast"

	"mingjian/domain"
	"mingjian/eventstore"
)

// parsed is what a scalar of ours makes of an input: the value, or why it is
// not one. graphql-go can only say "invalid" of a scalar, so the scalar lets
// the fault through and the field that reads the argument reports it, with the
// same code and sentence for a literal and for a variable.
type parsed[T any] struct {
	value T
	fault error
}

// scalarOf makes a scalar that is written as text and read by its text, be it
// a string, or a number that never passes through a float.
func scalarOf[T any](name, doc string, write func(T) any, read func(text string) (T, error)) *graphql.Scalar {
	fromText := func(text string) any {
		value, fault := read(text)
		return parsed[T]{value, fault}
	}
	return graphql.NewScalar(graphql.ScalarConfig{
		Name: name, Description: doc,
		Serialize: func(value any) any {
			v, ok := value.(T)
			if !ok {
				return nil // a resolver's mistake; a non-null field reports it
			}
			return write(v)
		},
		ParseValue: func(value any) any {
			switch v := value.(type) {
			case string:
				return fromText(v)
			case json.Number:
				return fromText(v.String())
			case int:
				return fromText(strconv.Itoa(v))
			}
			return nil
		},
		ParseLiteral: func(value ast.Value) any {
			switch v := value.(type) {
			case *ast.StringValue:
				return fromText(v.Value)
			case *ast.IntValue:
				return fromText(v.Value)
			case *ast.FloatValue:
				return fromText(v.Value)
			}
			return nil
		},
	})
}

// scalars are the custom scalars of one schema.
type scalars struct {
	points, position, dateTime, date *graphql.Scalar
}

func newScalars() scalars {
	return scalars{
		points: scalarOf("Points", "An exact number of points with at most two decimals: 3, 3.5 or \"3.50\".",
			func(p domain.Points) any { return p }, domain.ParsePoints),
		position: scalarOf("Position", "A place in the event log, as a decimal string.",
			func(p eventstore.Position) any { return p.String() }, parsePosition),
		dateTime: scalarOf("DateTime", "A moment as RFC 3339, shown in UTC.",
			func(t time.Time) any { return t.UTC().Format(time.RFC3339Nano) }, parseDateTime),
		date: scalarOf("Date", "A calendar day, YYYY-MM-DD.",
			func(day string) any { return day }, parseDate),
	}
}

func parsePosition(text string) (eventstore.Position, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%.40q is not a position, a decimal number: %w", text, domain.ErrInvalid)
	}
	return eventstore.Position(n), nil
}

func parseDateTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%.40q is not a moment as RFC 3339, such as 2022-06-01T09:30:00+08:00: %w", text, domain.ErrInvalid)
	}
	return t.UTC(), nil
}

func parseDate(text string) (string, error) {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "", fmt.Errorf("%.40q is not a day as YYYY-MM-DD: %w", text, domain.ErrInvalid)
	}
	return text, nil
}
