package api

import (
	"github.com/graphql-go/graphql"

	"mingjian/projections"
)

// addRoster adds the districts and centers.
func (s *internalSchema) addRoster(query graphql.Fields) {
	s.district = object("District", "A district of the city.", graphql.Fields{
		"code": field(required(graphql.ID), "", func(d *projections.DistrictView) any { return d.Code }),
		"name": field(required(graphql.String), "", func(d *projections.DistrictView) any { return d.Name }),
	})
	s.center = object("Center", "A community affairs service center.", graphql.Fields{
		"code": field(required(graphql.ID), "", func(c *projections.CenterView) any { return c.Code }),
		"name": field(required(graphql.String), "", func(c *projections.CenterView) any { return c.Name }),
		"area": field(required(graphql.String), "The subdistrict or town that it serves.", func(c *projections.CenterView) any { return c.Area }),
		"demo": field(required(graphql.Boolean), "", func(c *projections.CenterView) any { return c.Demo }),
		"district": field(required(s.district), "", func(c *projections.CenterView) any {
			return &projections.DistrictView{Code: c.District, Name: c.DistrictName}
		}),
	})
	query["districts"] = root(listOf(s.district), "By code.", s.waiting(nil), func(r *request, _ *input) (any, error) {
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		districts, err := view.Districts()
		return refs(districts), err
	})
	query["center"] = root(s.center, "", s.waiting(graphql.FieldConfigArgument{
		"code": arg(required(graphql.ID), ""),
	}), func(r *request, in *input) (any, error) {
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		return found(view.Center(in.text("code")))
	})
	query["centers"] = root(required(connection[*projections.CenterView](s.center, s.pageInfo)), "By code.", s.waitingPage(graphql.FieldConfigArgument{
		"search":   arg(graphql.String, "Part of the name or code."),
		"district": arg(graphql.ID, "Only this district's."),
	}), func(r *request, in *input) (any, error) {
		first, after := in.page()
		q := projections.CenterQuery{Search: in.text("search"), District: in.text("district"), First: first, After: after}
		if err := in.err(); err != nil {
			return nil, err
		}
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		page, err := view.Centers(q)
		if err != nil {
			return nil, err
		}
		return newPage(page, after, self[projections.CenterView]), nil
	})
}

// self is for pages whose items are the nodes.
func self[T any](item *T) *T { return item }
