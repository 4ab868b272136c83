package eventstore

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

var (
	errNotUTF8 = errors.New("not UTF-8")
	errNull    = errors.New("null stands for no value of an event")
)

// unambiguous refuses what JSON readers let pass in different ways: bytes that
// are not UTF-8, a key that stands twice in one object, a key with escapes, and
// null. Whoever reads a disclosed event with other tools must see what was
// scored. The data must be well formed, which a decoder has checked.
func unambiguous(data []byte) error {
	if !utf8.Valid(data) {
		return errNotUTF8
	}
	var keyRoom [24][]byte
	var objectRoom [4]int
	keys, objects := keyRoom[:0], objectRoom[:0] // objects: where the keys of each open one start
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{':
			objects = append(objects, len(keys))
		case '}':
			keys = keys[:objects[len(objects)-1]]
			objects = objects[:len(objects)-1]
		case 'n':
			return errNull
		case '"':
			text, escaped := quoted(data[i:])
			i += len(text) - 1
			if !isKey(data[i+1:]) {
				continue
			}
			for _, other := range keys[objects[len(objects)-1]:] {
				if bytes.Equal(text, other) {
					return fmt.Errorf("key %.40s stands twice", text)
				}
			}
			if escaped {
				return fmt.Errorf("key %.40s has escapes", text)
			}
			keys = append(keys, text)
		}
	}
	return nil
}

// quoted is the string at the front of data, quotes included.
func quoted(data []byte) (text []byte, escaped bool) {
	for end := 1; ; {
		quote := bytes.IndexByte(data[end:], '"')
		backslash := bytes.IndexByte(data[end:end+quote], '\\')
		if backslash < 0 {
			return data[:end+quote+1], escaped
		}
		escaped = true
		end += backslash + 2 // also over an escaped quote
	}
}

// isKey reports whether a colon follows.
func isKey(rest []byte) bool {
	for _, c := range rest {
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			return c == ':'
		}
	}
	return false
}
