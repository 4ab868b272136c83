package criteria

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"mingjian/domain"
)

// Bounds of an expression: the longest of 2022 has 56 characters and 9 nodes,
// and allocates no lists. maxCount is the largest count; maxValue the largest
// result of any step, which JavaScript's numbers still hold exactly.
const (
	maxRule   = 500
	maxNodes  = 100
	maxMemory = 1000
	maxCount  = 1_000_000_000
	maxValue  = min(1<<53, math.MaxInt-1)
)

// errRule is what an expression may hold.
var errRule = errors.New("only inputs, whole numbers, + - *, min, max, comparisons, and, or, not")

// compiled is a measure with its expressions ready to run.
type compiled struct {
	checks []*vm.Program
	rule   *vm.Program
}

// compile makes the program of an expression that says yes or no, over the
// inputs that are seen's keys, and marks those that it looks at.
func compile(source string, seen map[string]bool) (*vm.Program, error) {
	if len(source) > maxRule {
		return nil, fmt.Errorf("%d bytes, more than %d", len(source), maxRule)
	}
	env := make(map[string]any, len(seen))
	for input := range seen {
		env[input] = 0
	}
	// Not optimized: the tree that is looked at is the one that was written.
	program, err := expr.Compile(source, expr.Env(env), expr.AsBool(), expr.Optimize(false), expr.MaxNodes(maxNodes),
		expr.DisableAllBuiltins(), expr.EnableBuiltin("min"), expr.EnableBuiltin("max"))
	if located, ok := errors.AsType[*file.Error](err); ok {
		return nil, fmt.Errorf("%s at character %d", located.Message, located.From+1) // its own text is three lines
	}
	if err != nil {
		return nil, err
	}
	if err := checkTruth(program.Node(), seen); err != nil {
		return nil, err
	}
	return program, nil
}

// checkTruth walks what must be true or false. The language knows much more
// than a threshold needs, such as floats, texts and loops, which stay when all
// builtins are disabled: what is not named here is refused.
func checkTruth(n ast.Node, seen map[string]bool) error {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return checkTruth(n.Node, seen)
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&", "or", "||":
			if err := checkTruth(n.Left, seen); err != nil {
				return err
			}
			return checkTruth(n.Right, seen)
		case "<", "<=", "==", "!=", ">=", ">":
			if _, err := bound(n.Left, seen); err != nil {
				return err
			}
			_, err := bound(n.Right, seen)
			return err
		}
	}
	return refusal(n)
}

// bound walks what must be a whole number and returns how far from zero it can
// be, at most maxValue: no count makes an accepted expression overflow.
func bound(n ast.Node, seen map[string]bool) (int64, error) {
	var most int64
	switch n := n.(type) {
	case *ast.IntegerNode: // never negative: the sign is a node of its own
		most = int64(n.Value)
	case *ast.IdentifierNode:
		if _, input := seen[n.Value]; !input {
			return 0, refusal(n)
		}
		seen[n.Value], most = true, maxCount
	case *ast.UnaryNode:
		if n.Operator != "-" && n.Operator != "+" {
			return 0, refusal(n)
		}
		return bound(n.Node, seen)
	case *ast.BinaryNode:
		left, err := bound(n.Left, seen)
		if err != nil {
			return 0, err
		}
		right, err := bound(n.Right, seen)
		if err != nil {
			return 0, err
		}
		switch n.Operator {
		case "+", "-":
			most = left + right // at most twice maxValue
		case "*":
			if most = maxValue + 1; left == 0 || right <= maxValue/left {
				most = left * right
			}
		default:
			return 0, refusal(n)
		}
	case *ast.BuiltinNode:
		if n.Name != "min" && n.Name != "max" {
			return 0, refusal(n)
		}
		for _, argument := range n.Arguments {
			one, err := bound(argument, seen)
			if err != nil {
				return 0, err
			}
			most = max(most, one)
		}
	default:
		return 0, refusal(n)
	}
	if most > maxValue {
		return 0, fmt.Errorf("%.80s can be over %d with counts up to %d", n, int64(maxValue), maxCount)
	}
	return most, nil
}

func refusal(n ast.Node) error { return fmt.Errorf("%.80s is not allowed: %w", n, errRule) }

// Compute says whether the counts of a measured clause, by input id, meet the
// standard, and which measures do not. Counts that are missing, not asked for,
// out of range or contradict each other are refused with domain.ErrInvalid:
// nothing is guessed. It may be called by many at once.
func (c *Criteria) Compute(code string, counts map[string]int64) (met bool, failed []string, err error) {
	clause, ok := c.Standard.Clause(code)
	if !ok {
		return false, nil, fmt.Errorf("%.40q is not a clause of standard %s: %w", code, c.Standard.ID, domain.ErrUnknownClause)
	}
	env, err := environment(clause, counts)
	if err != nil {
		return false, nil, err
	}
	for i, m := range clause.Measures {
		ready := c.measures[code][i]
		for j, check := range m.Checks {
			holds, err := run(ready.checks[j], env)
			if err != nil {
				return false, nil, err
			}
			if !holds {
				return false, nil, fmt.Errorf("%s %s: %s cannot be, %q does not hold: %s: %w",
					code, clause.Name, listed(m.Inputs, counts), check.Rule, check.Message, domain.ErrInvalid)
			}
		}
		holds, err := run(ready.rule, env)
		if err != nil {
			return false, nil, err
		}
		if !holds {
			failed = append(failed, m.ID)
		}
	}
	return len(failed) == 0, failed, nil
}

// environment is what a clause's expressions are evaluated on. It names every
// count that is wrong, not the first alone.
func environment(clause *domain.Clause, counts map[string]int64) (map[string]any, error) {
	if len(clause.Measures) == 0 {
		return nil, fmt.Errorf("%s %s sets no threshold (该条款无计量要求), nothing is counted: %w", clause.Code, clause.Name, domain.ErrInvalid)
	}
	env := make(map[string]any)
	var wrong []string
	for _, m := range clause.Measures {
		for _, in := range m.Inputs {
			n, ok := counts[in.ID]
			switch {
			case !ok:
				wrong = append(wrong, fmt.Sprintf("count %s (%s) is missing", in.ID, in.Name))
			case n < 0 || n > maxCount:
				wrong = append(wrong, fmt.Sprintf("count %s (%s) is %d, outside 0 to %d", in.ID, in.Name, n, maxCount))
			}
			env[in.ID] = int(n)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		if _, ok := env[id]; !ok {
			wrong = append(wrong, fmt.Sprintf("count %.40q is not asked for", id))
		}
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("%s %s: %s: %w", clause.Code, clause.Name, strings.Join(wrong, "; "), domain.ErrInvalid)
	}
	return env, nil
}

func listed(inputs []domain.Quantity, counts map[string]int64) string {
	out := make([]string, len(inputs))
	for i, in := range inputs {
		out[i] = fmt.Sprintf("%s %d", in.ID, counts[in.ID])
	}
	return strings.Join(out, ", ")
}

// run evaluates one expression. An error is a mistake of ours: what compile
// accepted can be evaluated on all counts in range.
func run(program *vm.Program, env map[string]any) (bool, error) {
	machine := vm.VM{MemoryBudget: maxMemory}
	result, err := machine.Run(program, env)
	if err != nil {
		return false, fmt.Errorf("evaluate %q: %w", program.Source(), err)
	}
	truth, ok := result.(bool)
	if !ok {
		return false, fmt.Errorf("evaluate %q: %v is neither true nor false", program.Source(), result)
	}
	return truth, nil
}
