package api

import (
	"github.com/graphql-go/graphql"

	"mingjian/projections"
)

// addAppealStatistics adds what came of the appeals that a release shows.
func (s *publicSchema) addAppealStatistics(release *graphql.Object) {
	release.AddFieldConfig("appealStatistics", looked(required(s.newAppealStatistics()),
		"What the appeals that the release shows had come to.", func(r *request, release *releaseNode) (any, error) {
			view, err := r.view()
			if err != nil {
				return nil, err
			}
			stats, err := view.ReleaseAppealStats(release.Round, release.Number)
			return &stats, err
		}))
}

func (t *types) newAppealStatistics() *graphql.Object {
	days := object("WorkingDays", "How long decided appeals took: from the day of the filing, which does not count, to that of the newest decision.", graphql.Fields{
		"count":  field(required(graphql.Int), "Decided appeals.", func(d *projections.WorkingDays) any { return d.Count }),
		"sum":    field(required(graphql.Int), "", func(d *projections.WorkingDays) any { return d.Sum }),
		"min":    field(graphql.Int, "", func(d *projections.WorkingDays) any { return nullUnless(d.Count > 0, d.Min) }),
		"max":    field(graphql.Int, "", func(d *projections.WorkingDays) any { return nullUnless(d.Count > 0, d.Max) }),
		"mean":   field(t.points, "Rounded half up to hundredths.", func(d *projections.WorkingDays) any { return nullUnless(d.Count > 0, d.Mean.Round()) }),
		"median": field(t.points, "", func(d *projections.WorkingDays) any { return nullUnless(d.Count > 0, d.Median.Round()) }),
	})
	tally := object("AppealTally", "Appeals, counted.", graphql.Fields{
		"filed":        field(required(graphql.Int), "Each is open, decided or withdrawn.", func(a *projections.AppealTally) any { return a.Filed }),
		"open":         field(required(graphql.Int), "", func(a *projections.AppealTally) any { return a.Open }),
		"decided":      field(required(graphql.Int), "Each is upheld, partly upheld or dismissed, by its newest decision.", func(a *projections.AppealTally) any { return a.Decided }),
		"withdrawn":    field(required(graphql.Int), "", func(a *projections.AppealTally) any { return a.Withdrawn }),
		"upheld":       field(required(graphql.Int), "", func(a *projections.AppealTally) any { return a.Upheld }),
		"partlyUpheld": field(required(graphql.Int), "", func(a *projections.AppealTally) any { return a.PartlyUpheld }),
		"dismissed":    field(required(graphql.Int), "", func(a *projections.AppealTally) any { return a.Dismissed }),
		"escalated":    field(required(graphql.Int), "Taken to a second panel, whatever became of it.", func(a *projections.AppealTally) any { return a.Escalated }),
		"expired":      field(required(graphql.Int), "Flagged because no decision came in time, whatever became of it.", func(a *projections.AppealTally) any { return a.Expired }),
		"lost":         field(required(t.points), "What was appealed against.", func(a *projections.AppealTally) any { return a.Lost }),
		"restored":     field(required(t.points), "By decisions.", func(a *projections.AppealTally) any { return a.Restored }),
		"days":         field(required(days), "", func(a *projections.AppealTally) any { return &a.Days }),
	})
	of := object("AppealTallyOf", "Appeals that have something in common, counted.", graphql.Fields{
		"code":  field(required(graphql.ID), "The clause or deduction item, the district, or the ground.", func(a *projections.TallyOf) any { return a.Code }),
		"tally": field(required(tally), "", func(a *projections.TallyOf) any { return &a.AppealTally }),
	})
	return object("AppealStatistics", "What appeals came to.", graphql.Fields{
		"total":      field(required(tally), "", func(a *projections.AppealStats) any { return &a.AppealTally }),
		"byClause":   field(listOf(of), "By clause, in printed order, then by deduction item.", func(a *projections.AppealStats) any { return refs(a.ByTarget) }),
		"byDistrict": field(listOf(of), "", func(a *projections.AppealStats) any { return refs(a.ByDistrict) }),
		"byGround":   field(listOf(of), "", func(a *projections.AppealStats) any { return refs(a.ByGround) }),
	})
}
