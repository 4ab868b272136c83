package api

import (
	"github.com/graphql-go/graphql"

	"mingjian/projections"
)

// addTrail adds the events as they were recorded.
func (s *internalSchema) addTrail(query graphql.Fields) {
	event := object("Event", "One event of the log, with who caused it.", graphql.Fields{
		"seq":       field(required(graphql.Int), "Its number among the application's events.", func(e *projections.TrailView) any { return e.Seq }),
		"position":  field(required(s.position), "", func(e *projections.TrailView) any { return e.Position }),
		"stream":    field(required(graphql.ID), "", func(e *projections.TrailView) any { return e.Stream }),
		"revision":  field(required(graphql.Int), "", func(e *projections.TrailView) any { return e.Revision }),
		"eventId":   field(required(graphql.ID), "", func(e *projections.TrailView) any { return e.EventID }),
		"type":      field(required(graphql.String), "The stored name.", func(e *projections.TrailView) any { return e.Type }),
		"actor":     field(required(graphql.ID), "The account; never public.", func(e *projections.TrailView) any { return e.Actor }),
		"commandId": field(required(graphql.ID), "", func(e *projections.TrailView) any { return e.CommandID }),
		"at":        field(required(s.dateTime), "", func(e *projections.TrailView) any { return e.At }),
	})
	query["events"] = root(required(connection[*projections.TrailView](event, s.pageInfo)), "In the log's order. That an account looks is put on record.", s.waitingPage(s.ofMoment(graphql.FieldConfigArgument{
		"stream": arg(graphql.ID, "Only this stream's, such as \"round-2022\"; all of them if left out."),
	})), func(r *request, in *input) (any, error) {
		first, after := in.page()
		q := projections.TrailQuery{Stream: in.text("stream"), First: first, After: after}
		if err := in.err(); err != nil {
			return nil, err
		}
		if err := r.lookAtTrail(q.Stream, q.After); err != nil {
			return nil, err
		}
		asOf, err := r.asOf(in)
		if err != nil {
			return nil, err
		}
		q.AsOf = listAsOf(asOf)
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		page, err := view.Trail(q)
		if err != nil {
			return nil, err
		}
		return newPage(page, after, self[projections.TrailView]), nil
	})
}
