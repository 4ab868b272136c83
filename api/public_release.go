package api

import (
	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/projections"
)

// districtResult is a district in a release.
type districtResult struct {
	*projections.DistrictStandingView
	release *releaseNode
}

func (s *publicSchema) newRelease(round *graphql.Object) *graphql.Object {
	center := s.newCenterResult()
	district := s.newDistrictResult()
	release := object("Release", "One immutable publication.", graphql.Fields{
		"round":       field(required(round), "", func(r *releaseNode) any { return r.round }),
		"number":      field(required(graphql.Int), "", func(r *releaseNode) any { return r.Number }),
		"kind":        field(required(graphql.String), "provisional (shown for public notice, not final yet), final, or correction of the one before.", func(r *releaseNode) any { return string(r.Kind) }),
		"reason":      field(required(graphql.String), "", func(r *releaseNode) any { return r.Reason }),
		"previous":    field(graphql.Int, "The release that it replaces; null for the first.", func(r *releaseNode) any { return orNull(r.Number - 1) }),
		"engine":      field(required(graphql.String), "The version of the arithmetic.", func(r *releaseNode) any { return r.Engine }),
		"logSize":     field(required(graphql.Int), "The events that it covers.", func(r *releaseNode) any { return r.LogSize }),
		"position":    field(required(s.position), "", func(r *releaseNode) any { return r.Position }),
		"publishedAt": field(required(s.dateTime), "", func(r *releaseNode) any { return r.PublishedAt }),
		"summary": looked(required(s.newSummary()), "", func(r *request, release *releaseNode) (any, error) {
			districts, err := districtsOf(r, release)
			return newSummaryOf(release, districts), err
		}),
		"districts": looked(listOf(district), "By the mean of their ranked centers.", func(r *request, release *releaseNode) (any, error) {
			districts, err := districtsOf(r, release)
			out := make([]*districtResult, len(districts))
			for i := range districts {
				out[i] = &districtResult{&districts[i], release}
			}
			return out, err
		}),
		"district": lookedBy(district, "", graphql.FieldConfigArgument{
			"code": arg(required(graphql.ID), ""),
		}, func(r *request, release *releaseNode, in *input) (any, error) {
			code := in.text("code")
			districts, err := districtsOf(r, release)
			for i := range districts {
				if districts[i].District == code {
					return &districtResult{&districts[i], release}, nil
				}
			}
			return nil, err
		}),
		"center": lookedBy(center, "", graphql.FieldConfigArgument{
			"code": arg(required(graphql.ID), ""),
		}, func(r *request, release *releaseNode, in *input) (any, error) {
			view, err := r.view()
			if err != nil {
				return nil, err
			}
			standing, err := found(view.ReleaseStanding(release.Round, release.Number, in.text("code")))
			if standing == nil || err != nil {
				return nil, err
			}
			return &centerResult{StandingView: standing, release: release}, nil
		}),
		"centers": lookedBy(required(connection[*centerResult](center, s.pageInfo)), "In the order of the ranking.", pageArgs(graphql.FieldConfigArgument{
			"district": arg(graphql.ID, "Only this district's."),
			"search":   arg(graphql.String, "Part of the center's name or code."),
		}), func(r *request, release *releaseNode, in *input) (any, error) {
			q, err := rankingQuery(in)
			if err != nil {
				return nil, err
			}
			view, err := r.view()
			if err != nil {
				return nil, err
			}
			page, err := view.ReleaseRanking(release.Round, release.Number, q)
			if err != nil {
				return nil, err
			}
			return newPage(page, q.After, func(v *projections.StandingView) *centerResult {
				return &centerResult{StandingView: v, release: release}
			}), nil
		}),
	})
	s.addChanges(release)
	s.addAppealStatistics(release)
	return release
}

func districtsOf(r *request, release *releaseNode) ([]projections.DistrictStandingView, error) {
	view, err := r.view()
	if err != nil {
		return nil, err
	}
	return view.ReleaseDistricts(release.Round, release.Number)
}

func (s *publicSchema) newDistrictResult() *graphql.Object {
	ifRanked := func(read func(*districtResult) any) func(*districtResult) any {
		return func(d *districtResult) any {
			if d.Ranked == 0 {
				return nil
			}
			return read(d)
		}
	}
	return object("DistrictResult", "A district in a release; figures are null while nothing is ranked.", graphql.Fields{
		"code":    field(required(graphql.ID), "", func(d *districtResult) any { return d.District }),
		"name":    field(required(graphql.String), "", func(d *districtResult) any { return d.Name }),
		"rank":    field(graphql.Int, "", func(d *districtResult) any { return orNull(d.Rank) }),
		"mean":    field(s.points, "", ifRanked(func(d *districtResult) any { return d.Mean.Round() })),
		"median":  field(s.points, "", ifRanked(func(d *districtResult) any { return d.Median.Round() })),
		"min":     field(s.points, "", ifRanked(func(d *districtResult) any { return d.Min })),
		"max":     field(s.points, "", ifRanked(func(d *districtResult) any { return d.Max })),
		"centers": field(required(graphql.Int), "", func(d *districtResult) any { return d.Centers }),
		"ranked":  field(required(graphql.Int), "", func(d *districtResult) any { return d.Ranked }),
		"clauses": looked(listOf(s.result), "Those that judge the district.", clausesOfDistrict),
		"appeals": looked(listOf(s.appeal), "Of the district's office, filed before the release was made, oldest first.", appealsOfDistrict),
	})
}

// record reads a district's record as it was when the release was made; nil
// where it was not approved then, and counts for nothing.
func (d *districtResult) record(r *request) (*projections.AssessmentView, []*appealResult, error) {
	view, err := r.view()
	if err != nil {
		return nil, nil, err
	}
	record, err := found(view.Assessment(d.release.Round, d.District, d.release.LogSize))
	if record == nil || err != nil || record.Status != assessment.SignedOff {
		return nil, nil, err
	}
	appeals, err := appealsAgainst(r, d.release, record, d.District)
	return record, appeals, err
}

func appealsOfDistrict(r *request, d *districtResult) (any, error) {
	_, appeals, err := d.record(r)
	if appeals == nil {
		appeals = []*appealResult{}
	}
	return appeals, err
}

// clausesOfDistrict shows the findings on a district. Where nothing was
// approved its clauses are listed without findings.
func clausesOfDistrict(r *request, d *districtResult) (any, error) {
	adopted, err := standardOf(r, d.release.round)
	if err != nil {
		return nil, err
	}
	record, _, err := d.record(r)
	if err != nil {
		return nil, err
	}
	if record == nil {
		nothing := domain.NewSheet(adopted.Standard)
		record = &projections.AssessmentView{Score: adopted.Standard.Score(nothing, nothing)}
	}
	out := []*clauseNode{}
	for _, c := range newSheet(record, d.release.LogSize).clauses {
		if c.Clause.Indicator().Subject == domain.District {
			out = append(out, c)
		}
	}
	return out, nil
}
