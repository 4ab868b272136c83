package api

import (
	"github.com/graphql-go/graphql"

	"mingjian/domain/rights"
	"mingjian/projections"
)

// addAppealStatistics adds what the appeals of a round came to.
func (s *internalSchema) addAppealStatistics(query graphql.Fields) {
	days := object("WorkingDays", "How long decided appeals took: from the day of the filing, which does not count, to that of the newest decision.", graphql.Fields{
		"count":  field(required(graphql.Int), "Decided appeals.", func(d *projections.WorkingDays) any { return d.Count }),
		"sum":    field(required(graphql.Int), "", func(d *projections.WorkingDays) any { return d.Sum }),
		"min":    field(graphql.Int, "", func(d *projections.WorkingDays) any { return nullUnless(d.Count > 0, d.Min) }),
		"max":    field(graphql.Int, "", func(d *projections.WorkingDays) any { return nullUnless(d.Count > 0, d.Max) }),
		"mean":   field(s.points, "Rounded half up to hundredths.", func(d *projections.WorkingDays) any { return nullUnless(d.Count > 0, d.Mean.Round()) }),
		"median": field(s.points, "", func(d *projections.WorkingDays) any { return nullUnless(d.Count > 0, d.Median.Round()) }),
	})
	fields := func() graphql.Fields {
		return graphql.Fields{
			"filed":        field(required(graphql.Int), "Each is open, decided or withdrawn.", func(t *projections.AppealTally) any { return t.Filed }),
			"open":         field(required(graphql.Int), "", func(t *projections.AppealTally) any { return t.Open }),
			"decided":      field(required(graphql.Int), "Each is upheld, partly upheld or dismissed, by what is restored all in all.", func(t *projections.AppealTally) any { return t.Decided }),
			"withdrawn":    field(required(graphql.Int), "", func(t *projections.AppealTally) any { return t.Withdrawn }),
			"upheld":       field(required(graphql.Int), "", func(t *projections.AppealTally) any { return t.Upheld }),
			"partlyUpheld": field(required(graphql.Int), "", func(t *projections.AppealTally) any { return t.PartlyUpheld }),
			"dismissed":    field(required(graphql.Int), "", func(t *projections.AppealTally) any { return t.Dismissed }),
			"escalated":    field(required(graphql.Int), "Taken to a second panel, whatever became of it.", func(t *projections.AppealTally) any { return t.Escalated }),
			"expired":      field(required(graphql.Int), "Flagged because no decision came in time, whatever became of it.", func(t *projections.AppealTally) any { return t.Expired }),
			"lost":         field(required(s.points), "What was appealed against.", func(t *projections.AppealTally) any { return t.Lost }),
			"restored":     field(required(s.points), "By decisions.", func(t *projections.AppealTally) any { return t.Restored }),
			"days":         field(required(days), "", func(t *projections.AppealTally) any { return &t.Days }),
		}
	}
	tally := object("AppealTally", "Appeals, counted.", fields())
	of := object("AppealTallyOf", "Appeals that have something in common, counted.", graphql.Fields{
		"code":  field(required(graphql.ID), "The clause or deduction item, the district, or the ground.", func(t *projections.TallyOf) any { return t.Code }),
		"tally": field(required(tally), "", func(t *projections.TallyOf) any { return &t.AppealTally }),
	})
	statistics := object("AppealStatistics", "What the appeals of a round came to.", graphql.Fields{
		"total":      field(required(tally), "", func(a *projections.AppealStats) any { return &a.AppealTally }),
		"byClause":   field(listOf(of), "By clause, in printed order, then by deduction item.", func(a *projections.AppealStats) any { return refs(a.ByTarget) }),
		"byDistrict": field(listOf(of), "", func(a *projections.AppealStats) any { return refs(a.ByDistrict) }),
		"byGround":   field(listOf(of), "", func(a *projections.AppealStats) any { return refs(a.ByGround) }),
	})
	query["appealStatistics"] = root(statistics, "What the appeals of a round came to; null where there is none.", s.waiting(s.ofMoment(graphql.FieldConfigArgument{
		"round": arg(required(graphql.ID), ""),
	})), func(r *request, in *input) (any, error) {
		if err := rights.MayRead(r.viewer(), rights.ReadStatistics, rights.Facts{}); err != nil {
			return nil, err
		}
		asOf, err := r.asOf(in)
		if err != nil {
			return nil, err
		}
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		return found(view.AppealStats(in.text("round"), asOf))
	})
}
