package criteria

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing wrong with a criteria file. Parse joins all of them.
type Fault struct {
	File string
	Line int
	// Code is that of the node at fault, or of its parent where it has none;
	// empty for the file as a whole.
	Code    string
	Problem string
	// Err is the cause, such as domain.ErrPoints; may be nil.
	Err error
}

// Error reads "2022.yaml:57: 3.2.1: text is missing".
func (f *Fault) Error() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s:%d: ", f.File, f.Line)
	if f.Code != "" {
		out.WriteString(f.Code + ": ")
	}
	out.WriteString(f.Problem)
	return out.String()
}

func (f *Fault) Unwrap() error { return f.Err }

// join puts faults in the order of the file's lines.
func join(faults []*Fault) error {
	slices.SortStableFunc(faults, func(a, b *Fault) int { return cmp.Compare(a.Line, b.Line) })
	all := make([]error, len(faults))
	for i, f := range faults {
		all[i] = f
	}
	return errors.Join(all...)
}
