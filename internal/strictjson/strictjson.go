// Package strictjson reads JSON that others send, where it can be read in one
// way only.
package strictjson

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Decode reads the one value that the text holds. Numbers that go into an any
// become json.Number, so that none passes through a float. A name that stands
// twice in an object is refused: of two values encoding/json takes the last,
// others take the first, and a proxy or a log would show what was not done.
// Into a struct, the names of the outermost object are the same whatever their
// case, as encoding/json takes Query for query.
func Decode(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(into) // it refuses what nests too deep, too
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s cannot be %s", cmp.Or(wrong.Field, "it"), wrong.Value) // its own words name Go's types
	}
	if err != nil {
		return err
	}
	_, exact := into.(*map[string]any)
	return checkNames(text, exact)
}

// level is an object or a list that is open.
type level struct {
	names map[string]bool // nil for a list
	value bool            // a name was read, its value comes
}

func checkNames(text []byte, exact bool) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var open []level
	for begun := false; ; begun = true {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if begun && len(open) == 0 {
			return errors.New("it goes on after its end")
		}
		if err != nil {
			return err
		}
		if len(open) > 0 {
			in := &open[len(open)-1]
			if name, ok := token.(string); ok && in.names != nil && !in.value {
				key := name
				if len(open) == 1 && !exact {
					key = strings.ToLower(strings.ToUpper(name)) // both, for letters such as ſ
				}
				if in.names[key] {
					return fmt.Errorf("the name %.40q stands twice in one object", name)
				}
				in.names[key], in.value = true, true
				continue
			}
			in.value = false // this token is a value, begins one, or ends the object
		}
		switch token {
		case json.Delim('{'):
			open = append(open, level{names: map[string]bool{}})
		case json.Delim('['):
			open = append(open, level{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
	}
}
