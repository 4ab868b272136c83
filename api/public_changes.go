package api

import (
	"fmt"
	"strconv"
	"sync"

	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/projections"
)

// addChanges adds how a release differs from the one before it.
func (s *publicSchema) addChanges(release *graphql.Object) {
	then := object("Standing", "Where a center stood in a release.", graphql.Fields{
		"total":        field(required(s.points), "", func(v *projections.StandingView) any { return v.Total }),
		"cityRank":     field(graphql.Int, "", func(v *projections.StandingView) any { return orNull(v.CityRank) }),
		"districtRank": field(graphql.Int, "", func(v *projections.StandingView) any { return orNull(v.DistrictRank) }),
	})
	effect := object("ScoreEffect", "What an event did to a center's total.", graphql.Fields{
		"seq":        field(required(graphql.Int), "The event's number among those that releases cover.", func(c *projections.ChangeView) any { return c.Seq }),
		"type":       field(required(graphql.String), "The event's name.", func(c *projections.ChangeView) any { return c.Type }),
		"recordedAt": field(required(s.dateTime), "", func(c *projections.ChangeView) any { return c.At }),
		"subject":    field(required(graphql.ID), "Whose record it is of: the center, or its district.", func(c *projections.ChangeView) any { return c.Subject }),
		"clause":     field(graphql.ID, "", func(c *projections.ChangeView) any { return orNull(c.Clause) }),
		"deduction":  field(graphql.Int, "The number of the deduction.", func(c *projections.ChangeView) any { return orNull(c.Deduction) }),
		"honor":      field(graphql.Int, "The number of the honor claim.", func(c *projections.ChangeView) any { return orNull(c.Honor) }),
		"appeal":     field(graphql.ID, "The appeal by whose decision it came about.", func(c *projections.ChangeView) any { return orNull(c.Appeal) }),
		"points":     field(required(s.points), "By how much it moved the total.", func(c *projections.ChangeView) any { return c.Effect }),
		"total":      field(required(s.points), "The total from then on.", func(c *projections.ChangeView) any { return c.Total }),
	})
	center := object("CenterChange", "A center whose result moved since the release before, is shown for the first time, or is shown no more.", graphql.Fields{
		"code":     field(required(graphql.ID), "", func(c *projections.CenterDiff) any { return c.Center.Code }),
		"name":     field(required(graphql.String), "", func(c *projections.CenterDiff) any { return c.Center.Name }),
		"district": field(required(s.district), "", func(c *projections.CenterDiff) any { return districtOf(c.Center) }),
		"before":   field(then, "Null where the release before did not show it.", func(c *projections.CenterDiff) any { return known(c.Before) }),
		"after":    field(then, "Null where this release does not show it.", func(c *projections.CenterDiff) any { return known(c.After) }),
		"difference": field(s.points, "Of the totals, which is the sum of the effects; null unless both releases show it.", func(c *projections.CenterDiff) any {
			if c.Before == nil || c.After == nil {
				return nil
			}
			return c.After.Total - c.Before.Total
		}),
		"effects": field(listOf(effect), "The events that moved the total, oldest first.", func(c *projections.CenterDiff) any { return refs(c.Changes) }),
	})
	ranked := object("DistrictFigures", "Where a district stood in a release; null while nothing was ranked.", graphql.Fields{
		"rank": field(graphql.Int, "", func(d *domain.DistrictStanding) any { return orNull(d.Rank) }),
		"mean": field(s.points, "", func(d *domain.DistrictStanding) any {
			if d.Ranked == 0 {
				return nil
			}
			return d.Mean.Round()
		}),
		"ranked": field(required(graphql.Int), "", func(d *domain.DistrictStanding) any { return d.Ranked }),
	})
	district := object("DistrictChange", "A district whose figures moved since the release before.", graphql.Fields{
		"code":   field(required(graphql.ID), "", func(d *projections.DistrictDiff) any { return d.District }),
		"name":   field(required(graphql.String), "", func(d *projections.DistrictDiff) any { return d.Name }),
		"before": field(ranked, "", func(d *projections.DistrictDiff) any { return known(d.Before) }),
		"after":  field(ranked, "", func(d *projections.DistrictDiff) any { return known(d.After) }),
	})
	release.AddFieldConfig("changes", lookedBy(required(connection[*projections.CenterDiff](center, s.pageInfo)),
		"How it differs from the release before: the centers that moved, in the order of the ranking, then those that are shown no more.", pageArgs(nil),
		func(r *request, release *releaseNode, in *input) (any, error) {
			first, after := in.page()
			diff, err := s.changes.of(r, release)
			if err != nil {
				return nil, err
			}
			page, err := placesOf(diff.Centers, first, after)
			if err := in.err(); err != nil {
				return nil, err
			}
			return newPage(page, after, func(c *projections.CenterDiff) *projections.CenterDiff { return c }), err
		}))
	release.AddFieldConfig("districtChanges", looked(listOf(district), "The districts that moved, by their means.", func(r *request, release *releaseNode) (any, error) {
		diff, err := s.changes.of(r, release)
		if err != nil {
			return nil, err
		}
		return refs(diff.Districts), nil
	}))
}

// known is null for a nil pointer, which graphql-go would ask for its fields.
func known[T any](v *T) any {
	if v == nil {
		return nil
	}
	return v
}

// placesOf is a page of a list that is at hand; its cursors are places in it.
func placesOf[T any](items []T, first int, after string) (page projections.Page[T], err error) {
	from := 0
	if after != "" {
		from, err = strconv.Atoi(after)
		if err != nil || from < 1 || from > len(items) {
			return page, fmt.Errorf("%.80q: %w", after, projections.ErrCursor)
		}
	}
	to := max(from, min(from+first, len(items)))
	page = projections.Page[T]{Items: items[from:to], Total: len(items), HasNext: to < len(items)}
	for place := from + 1; place <= to; place++ {
		page.Cursors = append(page.Cursors, strconv.Itoa(place))
	}
	return page, nil
}

// changes keeps how the release that was asked for last differs from the one
// before it, which comparing all centers tells: whoever pages through it asks
// again for each page. A release never changes, so it holds.
type changes struct {
	mu   sync.Mutex
	last releaseKey
	diff *projections.RankingDiff
}

func (c *changes) of(r *request, release *releaseNode) (*projections.RankingDiff, error) {
	view, err := r.view()
	if err != nil {
		return nil, err
	}
	key := releaseKey{logID: r.head().LogID, round: release.Round, number: release.Number}
	c.mu.Lock()
	last, diff := c.last, c.diff
	c.mu.Unlock()
	if diff != nil && last == key {
		return diff, nil
	}
	made, err := view.ReleaseChanges(release.Round, release.Number)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last, c.diff = key, &made
	return &made, nil
}
