package api

import (
	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/projections"
)

// centerResult is a center in a release. What it shows beyond its name was
// approved when the release was made, or is not shown.
type centerResult struct {
	*projections.StandingView
	release *releaseNode
	loaded  *loadedRecord // by the first field that needs it
}

type loadedRecord struct {
	*projections.AssessmentView
	*sheet
	standard *domain.Standard
	appeals  []*appealResult // the center's own
}

func (c *centerResult) published() bool { return c.Status == assessment.SignedOff }

// record reads the center's record as it was when the release was made; nil
// where it was not approved then.
func (c *centerResult) record(r *request) (*loadedRecord, error) {
	if c.loaded != nil || !c.published() {
		return c.loaded, nil
	}
	view, err := r.view()
	if err != nil {
		return nil, err
	}
	adopted, err := standardOf(r, c.release.round)
	if err != nil {
		return nil, err
	}
	a, err := view.Assessment(c.release.Round, c.Center.Code, c.release.LogSize)
	if err != nil {
		return nil, err
	}
	appeals, err := appealsAgainst(r, c.release, &a, c.Center.Code)
	if err == nil {
		_, err = appealsAgainst(r, c.release, &a, c.Center.District) // marks what of the district's counts here
	}
	if err != nil {
		return nil, err
	}
	c.loaded = &loadedRecord{AssessmentView: &a, sheet: newSheet(&a, c.release.LogSize), standard: adopted.Standard, appeals: appeals}
	return c.loaded, nil
}

// ofRecord is a list read from a published center's record, else empty.
func ofRecord[T any](read func(*loadedRecord) []T) func(*request, *centerResult) (any, error) {
	return func(r *request, c *centerResult) (any, error) {
		record, err := c.record(r)
		if record == nil || err != nil {
			return []T{}, err
		}
		return read(record), nil
	}
}

func (s *publicSchema) newCenterResult() *graphql.Object {
	return object("CenterResult", "A center in a release.", graphql.Fields{
		"code":         field(required(graphql.ID), "", func(c *centerResult) any { return c.Center.Code }),
		"name":         field(required(graphql.String), "", func(c *centerResult) any { return c.Center.Name }),
		"area":         field(required(graphql.String), "", func(c *centerResult) any { return c.Center.Area }),
		"demo":         field(required(graphql.Boolean), "", func(c *centerResult) any { return c.Center.Demo }),
		"district":     field(required(s.district), "", func(c *centerResult) any { return districtOf(c.Center) }),
		"published":    field(required(graphql.Boolean), "False: not approved when the release was made, and nothing more is shown.", func(c *centerResult) any { return c.published() }),
		"total":        field(s.points, "", func(c *centerResult) any { return nullUnless(c.published(), c.Total) }),
		"gross":        field(s.points, "Before the deduction.", func(c *centerResult) any { return nullUnless(c.published(), c.Gross) }),
		"deduction":    field(s.points, "", func(c *centerResult) any { return nullUnless(c.published(), c.Deduction) }),
		"cityRank":     field(graphql.Int, "Ties share a rank (1, 2, 2, 4).", func(c *centerResult) any { return orNull(c.CityRank) }),
		"districtRank": field(graphql.Int, "", func(c *centerResult) any { return orNull(c.DistrictRank) }),
		"sections":     looked(listOf(s.newSectionResult()), "", ofRecord(func(r *loadedRecord) []*sectionNode { return r.sections })),
		"clauses":      looked(listOf(s.result), "All clauses in printed order.", ofRecord(func(r *loadedRecord) []*clauseNode { return r.clauses })),
		"deductions":   looked(listOf(s.newDeductionResult()), "Those that stand.", ofRecord(standingDeductions)),
		"honors":       looked(listOf(s.newHonorResult()), "", ofRecord(func(r *loadedRecord) []*projections.HonorView { return refs(r.Honors) })),
		"appeals":      looked(listOf(s.appeal), "Of the center, filed before the release was made, oldest first.", ofRecord(func(r *loadedRecord) []*appealResult { return r.appeals })),
		"reply":        looked(s.newReplyResult(), "What the center says to its result, in its own words; null where it says nothing.", replyOf),
	})
}

func (s *publicSchema) newDistrictRef() *graphql.Object {
	return object("DistrictRef", "The district that a center lies in.", graphql.Fields{
		"code": field(required(graphql.ID), "", func(d *projections.DistrictView) any { return d.Code }),
		"name": field(required(graphql.String), "", func(d *projections.DistrictView) any { return d.Name }),
	})
}

func districtOf(c projections.CenterView) *projections.DistrictView {
	return &projections.DistrictView{Code: c.District, Name: c.DistrictName}
}

func (s *publicSchema) newSectionResult() *graphql.Object {
	indicator := object("IndicatorResult", "", graphql.Fields{
		"code":    field(required(graphql.ID), "", func(i *indicatorNode) any { return i.Indicator.Code }),
		"name":    field(required(graphql.String), "", func(i *indicatorNode) any { return i.Indicator.Name }),
		"points":  field(required(s.points), "", func(i *indicatorNode) any { return i.Indicator.Points }),
		"score":   field(required(s.points), "", func(i *indicatorNode) any { return i.Score }),
		"basis":   field(required(graphql.String), "", func(i *indicatorNode) any { return string(i.Indicator.Basis) }),
		"clauses": field(listOf(s.result), "", func(i *indicatorNode) any { return i.clauses }),
	})
	return object("SectionResult", "", graphql.Fields{
		"code":       field(required(graphql.ID), "", func(n *sectionNode) any { return n.Section.Code }),
		"name":       field(required(graphql.String), "", func(n *sectionNode) any { return n.Section.Name }),
		"points":     field(required(s.points), "", func(n *sectionNode) any { return n.Section.Points }),
		"score":      field(required(s.points), "", func(n *sectionNode) any { return n.Score }),
		"indicators": field(listOf(indicator), "", func(n *sectionNode) any { return n.indicators }),
	})
}

func (s *publicSchema) newClauseResult() *graphql.Object {
	return object("ClauseResult", "What was found on a clause; null where nothing was.", graphql.Fields{
		"code":       field(required(graphql.ID), "", func(c *clauseNode) any { return c.Clause.Code }),
		"name":       field(required(graphql.String), "", func(c *clauseNode) any { return c.Clause.Name }),
		"text":       field(required(graphql.String), "", func(c *clauseNode) any { return c.Clause.Text }),
		"outcome":    field(graphql.String, "met, lost, awarded or notApplicable.", func(c *clauseNode) any { return c.decidedOr(string(c.Outcome)) }),
		"points":     field(s.points, "Lost or awarded.", func(c *clauseNode) any { return c.decidedOr(c.Points) }),
		"method":     field(graphql.String, "", fromEntry(func(e *projections.EntryView) any { return string(e.Method) })),
		"observedAt": field(s.dateTime, "When it was seen.", fromEntry(func(e *projections.EntryView) any { return e.ObservedAt })),
		"reason":     field(graphql.String, "", fromEntry(func(e *projections.EntryView) any { return orNull(e.Reason) })),
		"version":    field(graphql.Int, "", fromEntry(func(e *projections.EntryView) any { return e.Version })),
		"by":         field(graphql.String, "A pseudonym, stable within the subject.", fromEntry(func(e *projections.EntryView) any { return e.By })),
		"recordedAt": field(s.dateTime, "", fromEntry(func(e *projections.EntryView) any { return e.At })),
		"pending":    field(required(graphql.Boolean), "Under appeal when the release was made: the points are those that were notified.", func(c *clauseNode) any { return c.entry != nil && c.entry.Pending }),
		"appeal":     field(graphql.ID, "The newest appeal against it.", fromEntry(func(e *projections.EntryView) any { return orNull(e.Against) })),
		"corrected":  field(required(graphql.Boolean), "By the decision on an appeal.", func(c *clauseNode) any { return c.entry != nil && c.entry.Appeal != "" }),
		"evidence": field(required(graphql.Int), "How many pieces.", func(c *clauseNode) any {
			if c.entry == nil {
				return 0
			}
			return len(c.entry.Evidence)
		}),
	})
}

// deductionNode is a deduction that stands, with the printed item.
type deductionNode struct {
	*projections.DeductionView
	stands, imposed domain.DeductionItem
}

func standingDeductions(r *loadedRecord) []*deductionNode {
	out := []*deductionNode{}
	for _, d := range refs(r.Deductions) {
		if d.Standing() == "" {
			continue
		}
		node := &deductionNode{DeductionView: d}
		if item, ok := r.standard.DeductionItem(d.Standing()); ok {
			node.stands = *item
		}
		if item, ok := r.standard.DeductionItem(d.Item); ok {
			node.imposed = *item
		}
		out = append(out, node)
	}
	return out
}

func (s *publicSchema) newDeductionResult() *graphql.Object {
	return object("DeductionResult", "A deduction that stands; only the largest counts.", graphql.Fields{
		"number":        field(required(graphql.Int), "", func(d *deductionNode) any { return d.Deduction }),
		"item":          field(required(graphql.ID), "The item that stands.", func(d *deductionNode) any { return d.Standing() }),
		"name":          field(required(graphql.String), "", func(d *deductionNode) any { return d.stands.Name }),
		"points":        field(required(s.points), "", func(d *deductionNode) any { return d.stands.Points }),
		"reason":        field(required(graphql.String), "", func(d *deductionNode) any { return d.Reason }),
		"source":        field(required(graphql.String), "", func(d *deductionNode) any { return d.Source }),
		"occurredOn":    field(required(s.date), "", func(d *deductionNode) any { return d.OccurredOn }),
		"pending":       field(required(graphql.Boolean), "Under appeal when the release was made: it stands as it was notified.", func(d *deductionNode) any { return d.Pending }),
		"appeal":        field(graphql.ID, "The newest appeal against it.", func(d *deductionNode) any { return orNull(d.Against) }),
		"corrected":     field(required(graphql.Boolean), "By the decision on an appeal.", func(d *deductionNode) any { return d.Corrected != nil }),
		"imposed":       field(required(graphql.ID), "The item that was imposed, which a correction replaces.", func(d *deductionNode) any { return d.Item }),
		"imposedPoints": field(required(s.points), "", func(d *deductionNode) any { return d.imposed.Points }),
	})
}

func (s *publicSchema) newHonorResult() *graphql.Object {
	return object("HonorResult", "An honor claim and its decision.", graphql.Fields{
		"number":    field(required(graphql.Int), "", func(h *projections.HonorView) any { return h.Honor }),
		"title":     field(required(graphql.String), "", func(h *projections.HonorView) any { return h.Title }),
		"level":     field(required(graphql.String), "national or municipal.", func(h *projections.HonorView) any { return string(h.Level) }),
		"issuer":    field(required(graphql.String), "", func(h *projections.HonorView) any { return h.Issuer }),
		"awardedOn": field(required(s.date), "", func(h *projections.HonorView) any { return h.AwardedOn }),
		"state":     field(required(graphql.String), "pending, accepted or rejected.", func(h *projections.HonorView) any { return string(h.State) }),
		"points":    field(s.points, "When accepted.", func(h *projections.HonorView) any { return nullUnless(h.State == projections.HonorAccepted, h.Points) }),
		"reason":    field(graphql.String, "When rejected.", func(h *projections.HonorView) any { return orNull(h.Reason) }),
	})
}
