package criteria

import (
	"regexp"
	"strings"

	"github.com/expr-lang/expr/vm"
	"github.com/goccy/go-yaml/ast"

	"mingjian/domain"
)

// whole is the node of the standard itself, which has an id but no code.
var whole = nodeKey{domain.NodeStandard, ""}

// identifier is what inputs and measures are called.
var identifier = regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,39}$`)

func (r *reader) standard(n ast.Node) domain.Standard {
	m := r.row(n, "", "id", "title", "document", "issuer", "issuedOn", "points", "sections", "deductions")
	out := domain.Standard{
		ID:       m.text("id"),
		Title:    m.text("title"),
		Document: m.text("document"),
		Issuer:   m.text("issuer"),
		IssuedOn: m.day("issuedOn"),
	}
	r.lines[whole] = m.line
	var ok bool
	if out.Points, ok = m.points("points"); !ok {
		r.faulty[whole] = true
	}
	sections := m.list("sections")
	if len(sections) == 0 {
		r.faulty[whole] = true
	}
	for _, n := range sections {
		out.Sections = append(out.Sections, r.section(n))
	}
	if n, ok := m.field("deductions"); ok {
		out.Deductions = r.deductions(n)
	} else {
		r.faulty[nodeKey{domain.NodeRule, ""}] = true
	}
	return out
}

func (r *reader) section(n ast.Node) domain.Section {
	m := r.row(n, "", "code", "name", "points", "indicators")
	at := m.at(domain.NodeSection, "")
	out := domain.Section{Code: at.code, Name: m.text("name")}
	var ok bool
	if out.Points, ok = m.points("points"); !ok {
		r.faulty[at], r.faulty[whole] = true, true
	}
	indicators := m.list("indicators")
	if len(indicators) == 0 {
		r.faulty[at] = true
	}
	for _, n := range indicators {
		out.Indicators = append(out.Indicators, r.indicator(n, at))
	}
	return out
}

func (r *reader) indicator(n ast.Node, section nodeKey) domain.Indicator {
	m := r.row(n, section.code, "code", "name", "points", "basis", "subject", "honors", "clauses")
	at := m.at(domain.NodeIndicator, section.code)
	out := domain.Indicator{Code: at.code, Name: m.text("name"), Honors: m.flag("honors")}
	points, ok := m.points("points")
	if !ok {
		r.faulty[section] = true
	}
	basis, okBasis := m.oneOf("basis", string(domain.Deduct), string(domain.Award))
	subject, okSubject := m.oneOf("subject", string(domain.Center), string(domain.District))
	clauses := m.list("clauses")
	if !okBasis || !okSubject || len(clauses) == 0 {
		r.faulty[at] = true
	}
	out.Points, out.Basis, out.Subject = points, domain.Basis(basis), domain.SubjectKind(subject)
	for _, n := range clauses {
		out.Clauses = append(out.Clauses, r.clause(n, at.code))
	}
	return out
}

func (r *reader) clause(n ast.Node, indicator string) domain.Clause {
	m := r.row(n, indicator,
		"code", "name", "text", "notApplicable", "checklist", "measures", "recommendations")
	out := domain.Clause{
		Code:            m.at(domain.NodeClause, indicator).code,
		Name:            m.text("name"),
		Text:            m.text("text"),
		NotApplicable:   m.optional("notApplicable"),
		Checklist:       m.texts("checklist"),
		Recommendations: m.texts("recommendations"),
	}
	ids := make(map[nodeKey]int)
	for _, n := range m.rows("measures") {
		out.Measures = append(out.Measures, r.measure(n, m.code, ids))
	}
	return out
}

// measure reads a measure and compiles its expressions. The ids of a clause's
// measures and inputs are its own: counts are given by clause and input.
func (r *reader) measure(n ast.Node, clause string, ids map[nodeKey]int) domain.Measure {
	before := len(r.faults)
	m := r.row(n, clause, "id", "name", "unit", "inputs", "checks", "rule")
	out := domain.Measure{ID: m.id("measure", ids), Name: m.text("name"), Unit: m.text("unit"), Rule: m.text("rule")}
	for _, n := range m.list("inputs") {
		q := r.row(n, clause, "id", "name", "unit")
		out.Inputs = append(out.Inputs, domain.Quantity{ID: q.id("input", ids), Name: q.text("name"), Unit: q.text("unit")})
	}
	// Expressions over inputs that could not be read are not looked at: they
	// would be blamed for it once more.
	readable, seen := len(r.faults) == before, make(map[string]bool)
	for _, in := range out.Inputs {
		seen[in.ID] = false
	}
	var ready compiled
	for _, n := range m.rows("checks") {
		c := r.row(n, clause, "rule", "message")
		out.Checks = append(out.Checks, domain.Check{Rule: c.text("rule"), Message: c.text("message")})
		ready.checks = append(ready.checks, c.compile(seen, readable))
	}
	ready.rule = m.compile(seen, readable)
	for _, in := range out.Inputs {
		if len(r.faults) == before && !seen[in.ID] {
			m.fault("inputs", nil, "input %s is not used", in.ID)
		}
	}
	r.measures[clause] = append(r.measures[clause], ready)
	return out
}

// id reads a name for use in expressions, once in its clause.
func (m row) id(kind string, ids map[nodeKey]int) string {
	text := m.text("id")
	if text == "" {
		return ""
	}
	if !identifier.MatchString(text) || text == "min" || text == "max" {
		m.fault("id", nil, "%s id %.40q is not a lower-case letter with letters and digits, other than min and max", kind, text)
		return ""
	}
	if first, twice := ids[nodeKey{kind, text}]; twice {
		m.fault("id", nil, "%s id %s used twice, first on line %d", kind, text, first)
		return ""
	}
	ids[nodeKey{kind, text}] = m.line
	return text
}

// compile makes the row's rule ready to run; nil where it, or the measure that
// it belongs to, is at fault.
func (m row) compile(seen map[string]bool, readable bool) *vm.Program {
	n, ok := m.fields["rule"]
	if !ok || !readable {
		return nil
	}
	source, ok := textOf(n)
	if !ok || strings.TrimSpace(source) == "" {
		return nil // reported by text
	}
	program, err := compile(source, seen)
	if err != nil {
		m.fault("rule", err, "rule %.80q: %v", source, err)
	}
	return program
}

func (r *reader) deductions(n ast.Node) domain.DeductionRule {
	m := r.row(n, "", "code", "name", "text", "rule", "cap", "items")
	at := m.at(domain.NodeRule, "")
	rule, ok := m.oneOf("rule", domain.RuleLargest)
	if !ok {
		r.faulty[at] = true
	}
	out := domain.DeductionRule{Code: at.code, Name: m.text("name"), Text: m.text("text"), Rule: rule}
	limit, okCap := m.points("cap")
	out.Cap = limit
	for _, n := range m.list("items") {
		out.Items = append(out.Items, r.item(n, at.code, okCap))
	}
	return out
}

func (r *reader) item(n ast.Node, rule string, okCap bool) domain.DeductionItem {
	m := r.row(n, rule, "code", "name", "text", "points", "basis")
	at := m.at(domain.NodeItem, rule)
	points, okPoints := m.points("points")
	basis, okBasis := m.oneOf("basis", string(domain.Subtract))
	if !okCap || !okPoints || !okBasis {
		r.faulty[at] = true
	}
	return domain.DeductionItem{
		Code: at.code, Name: m.text("name"), Text: m.text("text"),
		Points: points, Basis: domain.Basis(basis),
	}
}
