package api

import (
	"github.com/graphql-go/graphql"

	"mingjian/criteria"
	"mingjian/domain"
)

// types are the named types that areas of a schema share. Each schema makes
// its own: graphql-go changes types when a schema takes them in.
type types struct {
	scalars
	pageInfo, period, standard, clause *graphql.Object
}

// newTypes makes the shared types. The internal schema shows the measured
// quantities of a clause too.
func newTypes(internal bool) *types {
	t := &types{scalars: newScalars(), pageInfo: newPageInfo()}
	t.period = object("Period", "A span of days, both ends included.", graphql.Fields{
		"from": field(required(t.date), "", func(p *domain.Period) any { return p.From }),
		"to":   field(required(t.date), "", func(p *domain.Period) any { return p.To }),
	})
	t.clause = t.newClause(internal)
	t.standard = t.newStandard()
	return t
}

func (t *types) newStandard() *graphql.Object {
	indicator := object("StandardIndicator", "A second-level indicator: the pool of points that its clauses draw on.", graphql.Fields{
		"code":    field(required(graphql.ID), "", func(i *domain.Indicator) any { return i.Code }),
		"name":    field(required(graphql.String), "", func(i *domain.Indicator) any { return i.Name }),
		"points":  field(required(t.points), "", func(i *domain.Indicator) any { return i.Points }),
		"basis":   field(required(graphql.String), "deduct (from the full pool) or award (from zero).", func(i *domain.Indicator) any { return string(i.Basis) }),
		"subject": field(required(graphql.String), "center or district: who is judged.", func(i *domain.Indicator) any { return string(i.Subject) }),
		"clauses": field(listOf(t.clause), "", func(i *domain.Indicator) any { return refs(i.Clauses) }),
	})
	section := object("StandardSection", "A first-level indicator.", graphql.Fields{
		"code":       field(required(graphql.ID), "", func(s *domain.Section) any { return s.Code }),
		"name":       field(required(graphql.String), "", func(s *domain.Section) any { return s.Name }),
		"points":     field(required(t.points), "", func(s *domain.Section) any { return s.Points }),
		"indicators": field(listOf(indicator), "", func(s *domain.Section) any { return refs(s.Indicators) }),
	})
	item := object("DeductionItem", "A ground for subtracting points from the total.", graphql.Fields{
		"code":   field(required(graphql.ID), "", func(i *domain.DeductionItem) any { return i.Code }),
		"name":   field(required(graphql.String), "", func(i *domain.DeductionItem) any { return i.Name }),
		"text":   field(required(graphql.String), "", func(i *domain.DeductionItem) any { return i.Text }),
		"points": field(required(t.points), "", func(i *domain.DeductionItem) any { return i.Points }),
	})
	rule := object("DeductionRule", "What is subtracted from the total: the largest item imposed, never a sum.", graphql.Fields{
		"code":  field(required(graphql.ID), "", func(r *domain.DeductionRule) any { return r.Code }),
		"name":  field(required(graphql.String), "", func(r *domain.DeductionRule) any { return r.Name }),
		"text":  field(required(graphql.String), "", func(r *domain.DeductionRule) any { return r.Text }),
		"cap":   field(required(t.points), "", func(r *domain.DeductionRule) any { return r.Cap }),
		"items": field(listOf(item), "", func(r *domain.DeductionRule) any { return refs(r.Items) }),
	})
	return object("Standard", "The criteria of an evaluation, as printed.", graphql.Fields{
		"id":         field(required(graphql.ID), "", func(c *criteria.Criteria) any { return c.Standard.ID }),
		"title":      field(required(graphql.String), "", func(c *criteria.Criteria) any { return c.Standard.Title }),
		"document":   field(required(graphql.String), "The issuing body's document number.", func(c *criteria.Criteria) any { return c.Standard.Document }),
		"issuer":     field(required(graphql.String), "", func(c *criteria.Criteria) any { return c.Standard.Issuer }),
		"issuedOn":   field(required(t.date), "", func(c *criteria.Criteria) any { return c.Standard.IssuedOn }),
		"hash":       field(required(graphql.String), "SHA-256 of the canonical bytes.", func(c *criteria.Criteria) any { return c.Hash }),
		"points":     field(required(t.points), "", func(c *criteria.Criteria) any { return c.Standard.Points }),
		"sections":   field(listOf(section), "", func(c *criteria.Criteria) any { return refs(c.Standard.Sections) }),
		"deductions": field(required(rule), "", func(c *criteria.Criteria) any { return &c.Standard.Deductions }),
	})
}

func (t *types) newClause(measures bool) *graphql.Object {
	fields := graphql.Fields{
		"code":            field(required(graphql.ID), "", func(c *domain.Clause) any { return c.Code }),
		"name":            field(required(graphql.String), "", func(c *domain.Clause) any { return c.Name }),
		"text":            field(required(graphql.String), "", func(c *domain.Clause) any { return c.Text }),
		"notApplicable":   field(required(graphql.String), "When the clause may be left out; empty if never.", func(c *domain.Clause) any { return c.NotApplicable }),
		"checklist":       field(listOf(graphql.String), "", func(c *domain.Clause) any { return texts(c.Checklist) }),
		"recommendations": field(listOf(graphql.String), "", func(c *domain.Clause) any { return texts(c.Recommendations) }),
	}
	if measures {
		fields["measures"] = field(listOf(newMeasure()), "", func(c *domain.Clause) any { return refs(c.Measures) })
	}
	return object("StandardClause", "What an assessor makes a finding on.", fields)
}

func newMeasure() *graphql.Object {
	quantity := object("Quantity", "A number that an assessor counts or measures.", graphql.Fields{
		"id":   field(required(graphql.ID), "", func(q *domain.Quantity) any { return q.ID }),
		"name": field(required(graphql.String), "", func(q *domain.Quantity) any { return q.Name }),
		"unit": field(required(graphql.String), "", func(q *domain.Quantity) any { return q.Unit }),
	})
	return object("Measure", "A quantity that the standard sets a threshold for.", graphql.Fields{
		"id":     field(required(graphql.ID), "", func(m *domain.Measure) any { return m.ID }),
		"name":   field(required(graphql.String), "", func(m *domain.Measure) any { return m.Name }),
		"unit":   field(required(graphql.String), "", func(m *domain.Measure) any { return m.Unit }),
		"inputs": field(listOf(quantity), "", func(m *domain.Measure) any { return refs(m.Inputs) }),
		"rule":   field(required(graphql.String), "An expression over the inputs (expr-lang).", func(m *domain.Measure) any { return m.Rule }),
	})
}

// texts is never nil, which graphql-go would take for null.
func texts(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
