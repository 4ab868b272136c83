package api

import (
	"github.com/graphql-go/graphql"

	"mingjian/domain/rights"
	"mingjian/projections"
)

// addRankings adds the newest standings; what is published is in the public
// schema.
func (s *internalSchema) addRankings(query graphql.Fields) {
	standing := object("Standing", "A center's row in a ranking.", graphql.Fields{
		"center":       field(required(s.center), "", func(v *projections.StandingView) any { return &v.Center }),
		"status":       field(s.enums.status, "", func(v *projections.StandingView) any { return v.Status }),
		"complete":     field(required(graphql.Boolean), "Every clause has a finding.", func(v *projections.StandingView) any { return v.Complete }),
		"decided":      field(required(graphql.Int), "Clauses with a finding.", func(v *projections.StandingView) any { return v.Decided }),
		"total":        field(required(s.points), "", func(v *projections.StandingView) any { return v.Total }),
		"gross":        field(required(s.points), "Before the deduction.", func(v *projections.StandingView) any { return v.Gross }),
		"deduction":    field(required(s.points), "", func(v *projections.StandingView) any { return v.Deduction }),
		"cityRank":     field(graphql.Int, "Ties share a rank (1, 2, 2, 4); null while not complete.", func(v *projections.StandingView) any { return orNull(v.CityRank) }),
		"districtRank": field(graphql.Int, "", func(v *projections.StandingView) any { return orNull(v.DistrictRank) }),
	})
	query["ranking"] = root(required(connection[*projections.StandingView](standing, s.pageInfo)),
		"Complete centers by total, highest first, equal ones by code; then the incomplete.", s.waitingPage(s.ofMoment(graphql.FieldConfigArgument{
			"round":    arg(required(graphql.ID), ""),
			"district": arg(graphql.ID, "Only this district's."),
			"search":   arg(graphql.String, "Part of the center's name or code."),
		})), func(r *request, in *input) (any, error) {
			q, err := rankingQuery(in)
			if err == nil {
				err = rights.MayRead(r.viewer(), rights.ReadRanking, rights.Facts{})
			}
			if err != nil {
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
			page, err := view.RankingAsOf(q, asOf)
			if err != nil {
				return nil, err
			}
			return newPage(page, q.After, self[projections.StandingView]), nil
		})
	query["standing"] = root(standing, "One center's row; null where it has no record.", s.waiting(s.ofMoment(graphql.FieldConfigArgument{
		"round":  arg(required(graphql.ID), ""),
		"center": arg(required(graphql.ID), ""),
	})), func(r *request, in *input) (any, error) {
		if err := rights.MayRead(r.viewer(), rights.ReadRanking, rights.Facts{}); err != nil {
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
		return found(view.StandingAsOf(in.text("round"), in.text("center"), asOf))
	})
	query["districtRanking"] = root(listOf(newDistrictStanding(s.types, s.district)), "Districts by the mean of their complete centers.",
		s.waiting(s.ofMoment(graphql.FieldConfigArgument{"round": arg(required(graphql.ID), "")})), func(r *request, in *input) (any, error) {
			if err := rights.MayRead(r.viewer(), rights.ReadRanking, rights.Facts{}); err != nil {
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
			rows, err := view.DistrictRankingAsOf(in.text("round"), asOf)
			return refs(rows), err
		})
}

func rankingQuery(in *input) (projections.RankingQuery, error) {
	first, after := in.page()
	q := projections.RankingQuery{
		Round: in.text("round"), District: in.text("district"), Search: in.text("search"), First: first, After: after,
	}
	return q, in.err()
}

func newDistrictStanding(t *types, district *graphql.Object) *graphql.Object {
	// Statistics of no centers mean nothing.
	of := func(read func(*projections.DistrictStandingView) any) func(*projections.DistrictStandingView) any {
		return func(d *projections.DistrictStandingView) any {
			if d.Ranked == 0 {
				return nil
			}
			return read(d)
		}
	}
	return object("DistrictStanding", "A district's row; figures are null while no center is complete.", graphql.Fields{
		"district": field(required(district), "", func(d *projections.DistrictStandingView) any {
			return &projections.DistrictView{Code: d.District, Name: d.Name}
		}),
		"rank":    field(graphql.Int, "", func(d *projections.DistrictStandingView) any { return orNull(d.Rank) }),
		"mean":    field(t.points, "Rounded half up; ranks compare exact means.", of(func(d *projections.DistrictStandingView) any { return d.Mean.Round() })),
		"median":  field(t.points, "", of(func(d *projections.DistrictStandingView) any { return d.Median.Round() })),
		"min":     field(t.points, "", of(func(d *projections.DistrictStandingView) any { return d.Min })),
		"max":     field(t.points, "", of(func(d *projections.DistrictStandingView) any { return d.Max })),
		"centers": field(required(graphql.Int), "", func(d *projections.DistrictStandingView) any { return d.Centers }),
		"ranked":  field(required(graphql.Int), "", func(d *projections.DistrictStandingView) any { return d.Ranked }),
	})
}
