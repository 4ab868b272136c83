package api

import (
	"time"

	"mingjian/domain"
	"mingjian/projections"
)

// sheet is an assessment's score as a tree, section > indicator > clause, each
// clause with the entry that stands. Both schemas show it.
type sheet struct {
	sections []*sectionNode
	clauses  []*clauseNode // all, in printed order
}

type sectionNode struct {
	*domain.SectionScore
	indicators []*indicatorNode
}

type indicatorNode struct {
	*domain.IndicatorScore
	clauses []*clauseNode
}

type clauseNode struct {
	*domain.ClauseScore
	of         *projections.AssessmentView
	asOf       int64
	observedBy time.Time              // zero unless the record is shown by what had been seen
	entry      *projections.EntryView // nil where there is none
}

// newSheet makes the tree. A score lists sections, indicators and clauses each
// in printed order, so a node's children are the next so many.
func newSheet(a *projections.AssessmentView, asOf int64) *sheet {
	s := &sheet{clauses: make([]*clauseNode, len(a.Score.Clauses))}
	for i := range a.Score.Clauses {
		c := &clauseNode{ClauseScore: &a.Score.Clauses[i], of: a, asOf: asOf}
		if entry, ok := a.Entries[c.Clause.Code]; ok {
			c.entry = &entry
		}
		s.clauses[i] = c
	}
	indicators, clauses := a.Score.Indicators, s.clauses
	for i := range a.Score.Sections {
		section := &sectionNode{SectionScore: &a.Score.Sections[i]}
		for range section.Section.Indicators {
			node := &indicatorNode{IndicatorScore: &indicators[0]}
			n := len(node.Indicator.Clauses)
			node.clauses, clauses = clauses[:n:n], clauses[n:]
			section.indicators = append(section.indicators, node)
			indicators = indicators[1:]
		}
		s.sections = append(s.sections, section)
	}
	return s
}

// seenBy says that the record is shown by what had been seen at a time.
func (s *sheet) seenBy(t time.Time) *sheet {
	for _, c := range s.clauses {
		c.observedBy = t
	}
	return s
}

// decidedOr is a clause's outcome or points, null while it has no finding.
func (c *clauseNode) decidedOr(v any) any { return nullUnless(c.Decided, v) }

// fromEntry reads the standing entry; null where there is none.
func fromEntry(read func(*projections.EntryView) any) func(*clauseNode) any {
	return func(c *clauseNode) any {
		if c.entry == nil {
			return nil
		}
		return read(c.entry)
	}
}
