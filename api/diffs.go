package api

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// centerMove is how a center's standing moved, between two moments or two
// releases.
type centerMove struct{ *projections.CenterDiff }

// addDiffs adds what changed between two moments, as data and in words.
func (s *internalSchema) addDiffs(query graphql.Fields) {
	change := s.newChange()
	record := object("AssessmentDiff", "What changed a record between two moments, and what that did to its total.", graphql.Fields{
		"round":       field(required(graphql.ID), "", func(d *projections.AssessmentDiff) any { return d.Round }),
		"subject":     field(required(graphql.ID), "", func(d *projections.AssessmentDiff) any { return d.Subject }),
		"from":        field(required(graphql.Int), "Not before the record was opened; for those who see it once it was notified, a state that they saw.", func(d *projections.AssessmentDiff) any { return d.From }),
		"to":          field(required(graphql.Int), "", func(d *projections.AssessmentDiff) any { return d.To }),
		"totalBefore": field(required(s.points), "", func(d *projections.AssessmentDiff) any { return d.Before.Total }),
		"totalAfter":  field(required(s.points), "", func(d *projections.AssessmentDiff) any { return d.After.Total }),
		"difference":  field(required(s.points), "The sum of the effects.", func(d *projections.AssessmentDiff) any { return d.After.Total - d.Before.Total }),
		"text":        field(required(graphql.String), "In words.", func(d *projections.AssessmentDiff) any { return zhTotals(d.Before.Total, d.After.Total) }),
		"textEn":      field(required(graphql.String), "", func(d *projections.AssessmentDiff) any { return enTotals(d.Before.Total, d.After.Total) }),
		"changes": lookedBy(required(connection[*projections.ChangeView](change, s.pageInfo)), "Oldest first.", pageArgs(nil),
			func(_ *request, d *projections.AssessmentDiff, in *input) (any, error) {
				return sliced(in, refs(d.Changes))
			}),
	})
	query["assessmentDiff"] = root(record, "What changed a record between two moments; null where none was opened.", s.waiting(span(graphql.FieldConfigArgument{
		"round":   arg(required(graphql.ID), ""),
		"subject": arg(required(graphql.ID), "The code of a center or district."),
	})), assessmentDiff)
	ranking := object("RankingDiff", "How a round's standings moved between two moments.", graphql.Fields{
		"round": field(required(graphql.ID), "", func(d *projections.RankingDiff) any { return d.Round }),
		"from":  field(required(graphql.Int), "", func(d *projections.RankingDiff) any { return d.From }),
		"to":    field(required(graphql.Int), "", func(d *projections.RankingDiff) any { return d.To }),
		"centers": lookedBy(required(s.centerMoves), "Those that moved, in their order afterwards.", pageArgs(nil),
			func(_ *request, d *projections.RankingDiff, in *input) (any, error) { return sliced(in, movesOf(d)) }),
		"districts": field(listOf(s.newDistrictDiff()), "Those that moved.", func(d *projections.RankingDiff) any { return refs(d.Districts) }),
	})
	query["rankingDiff"] = root(ranking, "How a round's standings moved between two moments; null where there is no such round.", s.waiting(span(graphql.FieldConfigArgument{
		"round": arg(required(graphql.ID), ""),
	})), func(r *request, in *input) (any, error) {
		if err := rights.MayRead(r.viewer(), rights.ReadRanking, rights.Facts{}); err != nil {
			return nil, err
		}
		from, to := in.between()
		if err := in.err(); err != nil {
			return nil, err
		}
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		return found(view.RankingDiff(in.text("round"), from, to))
	})
}

// assessmentDiff compares two states of a record that the viewer may see.
func assessmentDiff(r *request, in *input) (any, error) {
	round, subject := in.text("round"), in.text("subject")
	from, to := in.between()
	if err := in.err(); err != nil {
		return nil, err
	}
	now, to, err := r.shown(round, subject, to)
	if now == nil || err != nil {
		return nil, err
	}
	if err := r.mayRead(rights.ReadAssessment, nothing(round, subject)); err != nil {
		if !errors.Is(err, domain.ErrForbidden) {
			return nil, err
		}
		// What they did not see they are not told by comparing, either.
		then, at, err := r.shown(round, subject, from)
		if then == nil || err != nil {
			return nil, err
		}
		from = at
	}
	if err := r.districtIsSettled(now); err != nil {
		return nil, err
	}
	view, err := r.view()
	if err != nil {
		return nil, err
	}
	return found(view.AssessmentDiff(round, subject, from, to))
}

// districtIsSettled refuses to tell what a district's record did to a center's
// while that is not signed off, to those who may not look into it.
func (r *request) districtIsSettled(a *projections.AssessmentView) error {
	if a.Kind != domain.Center {
		return nil
	}
	err := r.mayRead(rights.ReadAssessment, nothing(a.Round, a.District))
	if !errors.Is(err, domain.ErrForbidden) {
		return err
	}
	view, err := r.view()
	if err != nil {
		return err
	}
	switch status, err := view.StatusOf(a.Round, a.District); {
	case err != nil:
		return err
	case status != assessment.NotOpened && status != assessment.SignedOff:
		return fmt.Errorf("the record of district %s, which counts for %s, is being changed: %w", a.District, a.Subject, domain.ErrNotApproved)
	}
	return nil
}

// sliced is a page of a list that is there as a whole. Its cursors are places.
func sliced[N any](in *input, all []N) (*pageOf[N], error) {
	first, after := in.page()
	begin := 0
	if after != "" {
		place, err := strconv.Atoi(after)
		if err != nil || place < 1 {
			return nil, fmt.Errorf("%.80q: %w", after, projections.ErrCursor)
		}
		begin = min(place, len(all))
	}
	if err := in.err(); err != nil {
		return nil, err
	}
	end := min(begin+first, len(all))
	page := projections.Page[N]{Items: all[begin:end], HasNext: end < len(all), Total: len(all)}
	for place := begin + 1; place <= end; place++ {
		page.Cursors = append(page.Cursors, strconv.Itoa(place))
	}
	return newPage(page, after, func(n *N) N { return *n }), nil
}

func movesOf(d *projections.RankingDiff) []*centerMove {
	out := make([]*centerMove, len(d.Centers))
	for i := range d.Centers {
		out[i] = &centerMove{&d.Centers[i]}
	}
	return out
}

func (s *internalSchema) newChange() *graphql.Object {
	if s.change != nil {
		return s.change
	}
	s.change = object("Change", "An event that changed a record, and what that did to a total.", graphql.Fields{
		"seq":       field(required(graphql.Int), "", func(c *projections.ChangeView) any { return c.Seq }),
		"eventId":   field(required(graphql.ID), "", func(c *projections.ChangeView) any { return c.EventID }),
		"type":      field(required(graphql.String), "The stored name.", func(c *projections.ChangeView) any { return c.Type }),
		"at":        field(required(s.dateTime), "", func(c *projections.ChangeView) any { return c.At }),
		"subject":   field(required(graphql.ID), "Whose record it changed: the center's, or its district's.", func(c *projections.ChangeView) any { return c.Subject }),
		"clause":    field(graphql.ID, "", func(c *projections.ChangeView) any { return orNull(c.Clause) }),
		"deduction": field(graphql.Int, "The number of a deduction.", func(c *projections.ChangeView) any { return orNull(c.Deduction) }),
		"honor":     field(graphql.Int, "The number of a claim.", func(c *projections.ChangeView) any { return orNull(c.Honor) }),
		"appeal":    field(graphql.ID, "By whose decision it came about.", func(c *projections.ChangeView) any { return orNull(c.Appeal) }),
		"effect":    field(required(s.points), "How it moved the total.", func(c *projections.ChangeView) any { return c.Effect }),
		"total":     field(required(s.points), "From then on.", func(c *projections.ChangeView) any { return c.Total }),
		"text":      field(required(graphql.String), "In words.", func(c *projections.ChangeView) any { return zhChange(c) }),
		"textEn":    field(required(graphql.String), "", func(c *projections.ChangeView) any { return enChange(c) }),
	})
	return s.change
}

func (s *internalSchema) newCenterDiff() *graphql.Object {
	return object("CenterDiff", "How a center's standing moved.", graphql.Fields{
		"center": field(required(s.center), "", func(m *centerMove) any { return &m.Center }),
		"totalBefore": field(s.points, "Null where it had no standing.", func(m *centerMove) any {
			return ofStanding(m.Before, func(v *projections.StandingView) any { return v.Total })
		}),
		"totalAfter": field(s.points, "", func(m *centerMove) any {
			return ofStanding(m.After, func(v *projections.StandingView) any { return v.Total })
		}),
		"rankBefore": field(graphql.Int, "In the city; null while not complete.", func(m *centerMove) any {
			return ofStanding(m.Before, func(v *projections.StandingView) any { return orNull(v.CityRank) })
		}),
		"rankAfter": field(graphql.Int, "", func(m *centerMove) any {
			return ofStanding(m.After, func(v *projections.StandingView) any { return orNull(v.CityRank) })
		}),
		"districtRankBefore": field(graphql.Int, "", func(m *centerMove) any {
			return ofStanding(m.Before, func(v *projections.StandingView) any { return orNull(v.DistrictRank) })
		}),
		"districtRankAfter": field(graphql.Int, "", func(m *centerMove) any {
			return ofStanding(m.After, func(v *projections.StandingView) any { return orNull(v.DistrictRank) })
		}),
		"changes": field(listOf(s.newChange()), "Which events moved the total; their effects add up to the difference. Empty unless there was a standing before and there is one after.", func(m *centerMove) any { return refs(m.Changes) }),
		"text":    field(required(graphql.String), "In words.", func(m *centerMove) any { return zhMove(m.CenterDiff) }),
		"textEn":  field(required(graphql.String), "", func(m *centerMove) any { return enMove(m.CenterDiff) }),
	})
}

func ofStanding(v *projections.StandingView, read func(*projections.StandingView) any) any {
	if v == nil {
		return nil
	}
	return read(v)
}

func (s *internalSchema) newDistrictDiff() *graphql.Object {
	mean := func(d *domain.DistrictStanding) any {
		if d == nil || d.Ranked == 0 {
			return nil
		}
		return d.Mean.Round()
	}
	rank := func(d *domain.DistrictStanding) any {
		if d == nil {
			return nil
		}
		return orNull(d.Rank)
	}
	return object("DistrictDiff", "How a district's standing moved.", graphql.Fields{
		"district": field(required(s.district), "", func(d *projections.DistrictDiff) any {
			return &projections.DistrictView{Code: d.District, Name: d.Name}
		}),
		"meanBefore": field(s.points, "Rounded half up; null while no center is complete.", func(d *projections.DistrictDiff) any { return mean(d.Before) }),
		"meanAfter":  field(s.points, "", func(d *projections.DistrictDiff) any { return mean(d.After) }),
		"rankBefore": field(graphql.Int, "", func(d *projections.DistrictDiff) any { return rank(d.Before) }),
		"rankAfter":  field(graphql.Int, "", func(d *projections.DistrictDiff) any { return rank(d.After) }),
		"text":       field(required(graphql.String), "In words.", func(d *projections.DistrictDiff) any { return zhDistrict(d) }),
		"textEn":     field(required(graphql.String), "", func(d *projections.DistrictDiff) any { return enDistrict(d) }),
	})
}
