package criteria

import (
	"github.com/goccy/go-yaml/ast"

	"mingjian/domain"
)

// whole is the node of the standard itself, which has an id but no code.
var whole = nodeKey{domain.NodeStandard, ""}

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
	for _, n := range m.rows("measures") {
		out.Measures = append(out.Measures, r.measure(n, m.code))
	}
	return out
}

func (r *reader) measure(n ast.Node, clause string) domain.Measure {
	m := r.row(n, clause, "id", "name", "unit", "inputs", "rule")
	out := domain.Measure{ID: m.text("id"), Name: m.text("name"), Unit: m.text("unit"), Rule: m.text("rule")}
	for _, n := range m.list("inputs") {
		q := r.row(n, clause, "id", "name", "unit")
		out.Inputs = append(out.Inputs, domain.Quantity{ID: q.text("id"), Name: q.text("name"), Unit: q.text("unit")})
	}
	return out
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
