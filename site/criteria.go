package site

import (
	"strings"

	"mingjian/domain"
)

// criteriaPage is criteria.html: the whole standard.
type criteriaPage struct {
	frame
	Clauses int
}

func newCriteriaPage(b *book, f frame) criteriaPage {
	p := criteriaPage{frame: f}
	for _, section := range b.standard.Sections {
		for _, indicator := range section.Indicators {
			p.Clauses += len(indicator.Clauses)
		}
	}
	return p
}

// basisWord says in plain words how an indicator's points come about.
func basisWord(i standardIndicator) string {
	word := "从满分起，逐处扣分"
	if i.Basis == domain.Award {
		word = "从 0 分起，符合才得分"
	}
	if i.Subject == domain.District {
		word += "；评区级部门，计入辖区每家中心"
	}
	return word
}

func (c standardClause) recommended() string { return strings.Join(c.Recommendations, "；") }
