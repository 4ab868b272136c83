package api

import (
	"errors"
	"fmt"
	"time"

	"mingjian/domain"
)

// input reads the arguments of a field, or an input object among them. It
// keeps every fault with its place and reports them together: check err before
// you use what was read. graphql-go has held the arguments against the schema,
// so a value of another type is a mistake of ours and says so.
type input struct {
	at     string
	values map[string]any
	faults *[]error
}

func inputOf(args map[string]any) *input { return &input{values: args, faults: new([]error)} }

// err is all faults so far, in the order of reading.
func (in *input) err() error { return errors.Join(*in.faults...) }

func (in *input) fault(name string, err error) {
	*in.faults = append(*in.faults, fmt.Errorf("%s%s: %w", in.at, name, err))
}

var errArgumentType = errors.New("the argument has another type than the schema says")

// optional reads a value of type T, and whether it was given.
func optional[T any](in *input, name string) (T, bool) {
	var none T
	raw, given := in.values[name]
	if !given || raw == nil {
		return none, false
	}
	value, ok := raw.(T)
	if !ok {
		in.fault(name, fmt.Errorf("%T: %w", raw, errArgumentType))
	}
	return value, ok
}

// optionally reads an argument that may be left out, for which there is a rule.
func optionally[T any](in *input, name string, rule T) T {
	if value, given := optional[T](in, name); given {
		return value
	}
	return rule
}

// mandatory reads a value that the schema says is there.
func mandatory[T any](in *input, name string) T {
	if in.values[name] == nil {
		in.fault(name, fmt.Errorf("missing: %w", domain.ErrInvalid))
	}
	value, _ := optional[T](in, name) // a missing one is a fault already
	return value
}

// scalar reads one of our own scalars, or reports what its text got wrong.
func scalar[T any](in *input, name string) (T, bool) {
	p, given := optional[parsed[T]](in, name)
	if p.fault != nil {
		in.fault(name, p.fault)
	}
	return p.value, given && p.fault == nil
}

// text reads a string or an enum value kept as text; "" if it was not given.
func (in *input) text(name string) string { v, _ := optional[string](in, name); return v }

func (in *input) flag(name string) bool { v, _ := optional[bool](in, name); return v }

func (in *input) number(name string) int { return mandatory[int](in, name) }

func (in *input) points(name string) domain.Points { v, _ := scalar[domain.Points](in, name); return v }

func (in *input) day(name string) string { v, _ := scalar[string](in, name); return v }

func (in *input) moment(name string) time.Time { v, _ := scalar[time.Time](in, name); return v }

func (in *input) period(name string) domain.Period {
	p := in.child(name)
	return domain.Period{From: p.day("from"), To: p.day("to")}
}

// texts reads a list of strings.
func (in *input) texts(name string) []string {
	list, _ := optional[[]any](in, name)
	out := make([]string, 0, len(list))
	for i, raw := range list {
		text, ok := raw.(string)
		if !ok {
			in.fault(fmt.Sprintf("%s[%d]", name, i), errArgumentType)
		}
		out = append(out, text)
	}
	return out
}

// flags reads a list of booleans; nil if it was not given.
func (in *input) flags(name string) []bool {
	list, _ := optional[[]any](in, name)
	var out []bool
	for i, raw := range list {
		flag, ok := raw.(bool)
		if !ok {
			in.fault(fmt.Sprintf("%s[%d]", name, i), errArgumentType)
		}
		out = append(out, flag)
	}
	return out
}

// child reads an input object.
func (in *input) child(name string) *input {
	return &input{at: in.at + name + ".", values: mandatory[map[string]any](in, name), faults: in.faults}
}

// children reads a list of input objects.
func (in *input) children(name string) []*input {
	list := mandatory[[]any](in, name)
	out := make([]*input, 0, len(list))
	for i, raw := range list {
		at := fmt.Sprintf("%s[%d]", name, i)
		values, ok := raw.(map[string]any)
		if !ok {
			in.fault(at, errArgumentType)
		}
		out = append(out, &input{at: in.at + at + ".", values: values, faults: in.faults})
	}
	return out
}
