package domain

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Guide (评分细则) is a scoring guide that a round may adopt: how much may be
// lost on one clause. The standard prints points for indicators only, so a
// guide is never part of it.
type Guide struct {
	ID       string `json:"id"`
	Standard string `json:"standard"` // the id of the standard that it is for
	Title    string `json:"title"`
	// Caps holds, by clause code, the most that may be lost there. A clause that
	// is not in it may lose its whole indicator.
	Caps map[string]Points `json:"caps"`
}

// ErrGuide is wrapped by every fault that Guide.Validate reports.
var ErrGuide = errors.New("the scoring guide does not fit the standard")

// GuideFault is one thing wrong with a scoring guide. It names its clause, so
// that a loader can tell the line.
type GuideFault struct {
	Clause  string // empty for the guide as a whole
	Problem string
}

func (f *GuideFault) Error() string {
	if f.Clause == "" {
		return fmt.Sprintf("%s: %v", f.Problem, ErrGuide)
	}
	return fmt.Sprintf("clause %s: %s: %v", f.Clause, f.Problem, ErrGuide)
}

// Unwrap returns ErrGuide.
func (f *GuideFault) Unwrap() error { return ErrGuide }

// Cap is the most that may be lost on a clause; ok is false where the guide
// sets no limit. No guide at all, a nil one, sets none.
func (g *Guide) Cap(clause string) (limit Points, ok bool) {
	if g == nil {
		return 0, false
	}
	limit, ok = g.Caps[clause]
	return limit, ok
}

// Validate holds a guide against its standard: every capped clause exists,
// loses points, and loses at most its indicator's. All faults are reported at
// once, each a *GuideFault, in the order of the clauses' codes.
func (g *Guide) Validate(std *Standard) error {
	var faults []error
	fault := func(clause, format string, args ...any) {
		faults = append(faults, &GuideFault{Clause: clause, Problem: fmt.Sprintf(format, args...)})
	}
	if strings.TrimSpace(g.ID) == "" || strings.TrimSpace(g.Title) == "" {
		fault("", "it needs an id and a title")
	}
	if g.Standard != std.ID {
		fault("", "made for standard %q, held against %q", g.Standard, std.ID)
	}
	if len(g.Caps) == 0 {
		fault("", "it caps no clause")
	}
	for _, code := range slices.Sorted(maps.Keys(g.Caps)) {
		limit := g.Caps[code]
		clause, ok := std.Clause(code)
		if !ok {
			fault(code, "not a clause of standard %s", std.ID)
			continue
		}
		switch pool := clause.Indicator(); {
		case pool.Basis != Deduct:
			fault(code, "its points are awarded, so there is no loss to cap")
		case limit <= 0 || limit > pool.Points:
			fault(code, "cap of %s is not above zero and at most %s, the points of indicator %s", limit, pool.Points, pool.Code)
		}
	}
	return errors.Join(faults...)
}
