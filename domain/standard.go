package domain

import (
	"errors"
	"fmt"
)

// Basis says how an indicator or a deduction item moves the total.
type Basis string

// The three bases of the 2022 standard: sections 1–6 deduct from a full pool,
// section 7 awards from zero, section 8 subtracts from the total.
const (
	Deduct   Basis = "deduct"
	Award    Basis = "award"
	Subtract Basis = "subtract"
)

// SubjectKind says who is judged by an indicator.
type SubjectKind string

// Centers are judged by all indicators but 7.3, which judges the district.
const (
	Center   SubjectKind = "center"
	District SubjectKind = "district"
)

// Standard is the criteria tree, section > indicator > clause, with the
// deduction items. It is read-only once NewStandard has accepted it.
type Standard struct {
	ID         string        `json:"id"`
	Title      string        `json:"title"`
	Document   string        `json:"document"` // the issuing body's document number
	Issuer     string        `json:"issuer"`
	IssuedOn   string        `json:"issuedOn"` // YYYY-MM-DD
	Points     Points        `json:"points"`
	Sections   []Section     `json:"sections"`
	Deductions DeductionRule `json:"deductions"`

	clauses    []*Clause
	indicators []*Indicator
	byClause   map[string]*Clause
	items      map[string]*DeductionItem
}

// Section is a first-level indicator (一级指标).
type Section struct {
	Code       string      `json:"code"`
	Name       string      `json:"name"`
	Points     Points      `json:"points"`
	Indicators []Indicator `json:"indicators"`
}

// Indicator is a second-level indicator (二级指标): the pool of points that its
// clauses draw on. Only indicators have printed points.
type Indicator struct {
	Code    string      `json:"code"`
	Name    string      `json:"name"`
	Points  Points      `json:"points"`
	Basis   Basis       `json:"basis"`
	Subject SubjectKind `json:"subject"`
	// Honors is true where points come from accepted honor claims alone (7.2).
	Honors  bool     `json:"honors,omitempty"`
	Clauses []Clause `json:"clauses"`

	index   int // place among all indicators
	section int // place of its section
}

// Clause (条款) is what an assessor makes a finding on. An indicator without
// printed sub-clauses is its own single clause and shares its code.
type Clause struct {
	Code string `json:"code"`
	// Name is the third-level name as printed; several clauses may share one.
	Name string `json:"name"`
	Text string `json:"text"`
	// NotApplicable is the printed condition under which the clause may be left
	// out (3.2.2); empty where the standard allows none.
	NotApplicable   string    `json:"notApplicable,omitempty"`
	Checklist       []string  `json:"checklist,omitempty"`
	Measures        []Measure `json:"measures,omitempty"`
	Recommendations []string  `json:"recommendations,omitempty"`

	index     int // place among all clauses
	indicator *Indicator
}

// Measure is a quantity that the standard sets a threshold for: what is
// counted, and the rule as an expression over the counts.
type Measure struct {
	ID     string     `json:"id"`
	Name   string     `json:"name"`
	Unit   string     `json:"unit"`
	Inputs []Quantity `json:"inputs"`
	// Checks refuse counts that cannot be, such as more windows of a kind than
	// windows; the rule is asked only when all of them hold.
	Checks []Check `json:"checks,omitempty"`
	Rule   string  `json:"rule"`
}

// Check is something that is true of every honest count, as an expression like
// a measure's rule, and what to tell the assessor, in Chinese, where it is not.
type Check struct {
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// Quantity is one number that an assessor counts or measures.
type Quantity struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Unit string `json:"unit"`
}

// DeductionRule is section 8 (扣分项): items that are subtracted from the total.
type DeductionRule struct {
	Code string `json:"code"`
	Name string `json:"name"`
	Text string `json:"text"`
	// Rule is "largest": of several items imposed only the largest counts.
	Rule  string          `json:"rule"`
	Cap   Points          `json:"cap"`
	Items []DeductionItem `json:"items"`
}

// DeductionItem is one ground for subtracting points from the total.
type DeductionItem struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Text   string `json:"text"`
	Points Points `json:"points"`
	Basis  Basis  `json:"basis"`
}

// RuleLargest is the one deduction rule known: "不累计扣分".
const RuleLargest = "largest"

// ErrStandard is wrapped by every fault that NewStandard reports.
var ErrStandard = errors.New("the standard does not add up")

// The kinds of node that a Fault can name.
const (
	NodeStandard  = "standard"
	NodeSection   = "section"
	NodeIndicator = "indicator"
	NodeClause    = "clause"
	NodeRule      = "deductions"
	NodeItem      = "deduction"
)

// Fault is one thing wrong with a criteria tree. It names its node, so that a
// loader can tell the line.
type Fault struct {
	Node    string // one of the Node constants
	Code    string // the node's code; empty for the standard as a whole
	Problem string
}

func (f *Fault) Error() string {
	if f.Code == "" {
		return fmt.Sprintf("%s: %v", f.Problem, ErrStandard)
	}
	return fmt.Sprintf("%s %s: %s: %v", f.Node, f.Code, f.Problem, ErrStandard)
}

// Unwrap returns ErrStandard.
func (f *Fault) Unwrap() error { return ErrStandard }

// NewStandard checks a criteria tree and indexes it: codes are unique, every
// indicator has clauses, indicators add up to their section and sections to
// the whole. All faults are reported at once, each a *Fault, joined.
func NewStandard(s Standard) (*Standard, error) {
	std := &s
	// A standard that was indexed before brings its old index along.
	std.clauses, std.indicators = nil, nil
	std.byClause = make(map[string]*Clause)
	std.items = make(map[string]*DeductionItem)
	var faults []error
	fault := func(node, code, format string, args ...any) {
		faults = append(faults, &Fault{Node: node, Code: code, Problem: fmt.Sprintf(format, args...)})
	}
	var total Points
	for si := range std.Sections {
		section := &std.Sections[si]
		var sum Points
		for ii := range section.Indicators {
			indicator := &section.Indicators[ii]
			indicator.index, indicator.section = len(std.indicators), si
			std.indicators = append(std.indicators, indicator)
			sum += indicator.Points
			if indicator.Basis != Deduct && indicator.Basis != Award {
				fault(NodeIndicator, indicator.Code, "basis %q is neither deduct nor award", indicator.Basis)
			}
			if indicator.Subject != Center && indicator.Subject != District {
				fault(NodeIndicator, indicator.Code, "subject %q is neither center nor district", indicator.Subject)
			}
			if len(indicator.Clauses) == 0 {
				fault(NodeIndicator, indicator.Code, "no clauses")
			}
			if indicator.Honors && (indicator.Basis != Award || len(indicator.Clauses) != 1) {
				fault(NodeIndicator, indicator.Code, "honors need basis award and a single clause")
			}
			for ci := range indicator.Clauses {
				clause := &indicator.Clauses[ci]
				clause.index, clause.indicator = len(std.clauses), indicator
				if _, twice := std.byClause[clause.Code]; twice {
					fault(NodeClause, clause.Code, "clause code used twice")
				}
				std.clauses = append(std.clauses, clause)
				std.byClause[clause.Code] = clause
			}
		}
		if sum != section.Points {
			fault(NodeSection, section.Code, "indicators add up to %s, printed %s", sum, section.Points)
		}
		total += section.Points
	}
	if total != std.Points {
		fault(NodeStandard, "", "sections add up to %s, printed %s", total, std.Points)
	}
	std.checkDeductions(fault)
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return std, nil
}

func (s *Standard) checkDeductions(fault func(node, code, format string, args ...any)) {
	if s.Deductions.Rule != RuleLargest {
		fault(NodeRule, s.Deductions.Code, "rule %q is not %q", s.Deductions.Rule, RuleLargest)
	}
	for i := range s.Deductions.Items {
		item := &s.Deductions.Items[i]
		if _, twice := s.items[item.Code]; twice {
			fault(NodeItem, item.Code, "deduction code used twice")
		}
		if item.Points <= 0 || item.Points > s.Deductions.Cap {
			fault(NodeItem, item.Code, "%s points, outside 0 to the cap of %s", item.Points, s.Deductions.Cap)
		}
		if item.Basis != Subtract {
			fault(NodeItem, item.Code, "basis %q is not subtract", item.Basis)
		}
		s.items[item.Code] = item
	}
}

// Clauses lists all clauses in printed order; do not modify them.
func (s *Standard) Clauses() []*Clause { return s.clauses }

// Indicators lists all indicators in printed order; do not modify them.
func (s *Standard) Indicators() []*Indicator { return s.indicators }

// Clause finds a clause by its code.
func (s *Standard) Clause(code string) (*Clause, bool) {
	c, ok := s.byClause[code]
	return c, ok
}

// DeductionItem finds a deduction item by its code.
func (s *Standard) DeductionItem(code string) (*DeductionItem, bool) {
	item, ok := s.items[code]
	return item, ok
}

// Indicator is the pool that the clause draws on.
func (c *Clause) Indicator() *Indicator { return c.indicator }

// Index is the clause's place in Standard.Clauses.
func (c *Clause) Index() int { return c.index }
