package api

import (
	"fmt"

	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/projections"
)

// addAwaiting adds what awaits the viewer. Everybody may ask: whatever is in it,
// the viewer's own roles, assignments and panels put there.
func (s *internalSchema) addAwaiting(query graphql.Fields) {
	kind := enumOf("AwaitKind", "What somebody has to do, or may do while there is time.", projections.AwaitKinds()...)
	item := object("AwaitingItem", "One thing that awaits the viewer.", graphql.Fields{
		"kind":    field(required(kind), "", func(a *projections.AwaitView) any { return a.Kind }),
		"round":   field(required(graphql.ID), "", func(a *projections.AwaitView) any { return a.Round }),
		"subject": field(graphql.ID, "Null where it is about the round.", func(a *projections.AwaitView) any { return orNull(a.Subject) }),
		"appeal":  field(graphql.ID, "Null where it is about none.", func(a *projections.AwaitView) any { return orNull(a.Appeal) }),
		"records": field(required(graphql.Int), "How many records it stands for; more than 1 only where notices are due.", func(a *projections.AwaitView) any { return a.Records }),
		"since":   field(required(s.dateTime), "", func(a *projections.AwaitView) any { return a.Since }),
		"due":     field(graphql.String, "The last day, YYYY-MM-DD; null where none is set.", func(a *projections.AwaitView) any { return orNull(a.Due) }),
		"daysLeft": field(graphql.Int, "Working days from today to the last day, today not counted; null where the round's calendar does not hold them.", func(a *projections.AwaitView) any {
			return nullUnless(a.DaysLeftKnown, a.DaysLeft)
		}),
		"overdue": field(required(graphql.Boolean), "The last day has passed.", func(a *projections.AwaitView) any { return a.Overdue }),
	})
	count := object("AwaitingCount", "How many records of one kind await the viewer.", graphql.Fields{
		"kind":  field(required(kind), "", func(c *projections.AwaitCount) any { return c.Kind }),
		"count": field(required(graphql.Int), "", func(c *projections.AwaitCount) any { return c.Count }),
	})
	awaiting := object("Awaiting", "What awaits the viewer in rounds that are not closed.", graphql.Fields{
		"counts": field(listOf(count), "By kind; kinds of which nothing awaits are left out.", func(a *projections.AwaitingView) any { return refs(a.Counts) }),
		"items":  field(listOf(item), "What is due first comes first.", func(a *projections.AwaitingView) any { return refs(a.Items) }),
	})
	query["awaiting"] = root(required(awaiting), "What awaits the viewer, by the roles that they hold.", s.waiting(graphql.FieldConfigArgument{
		"each": arg(graphql.Int, "At most so many items of each kind, 1 to 100; 100 if left out."),
	}), func(r *request, in *input) (any, error) {
		each, given := optional[int](in, "each")
		if !given {
			each = maxPage
		}
		if each < 1 || each > maxPage {
			in.fault("each", fmt.Errorf("%d is not from 1 to %d: %w", each, maxPage, domain.ErrInvalid))
		}
		if err := in.err(); err != nil {
			return nil, err
		}
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		found, err := view.Awaiting(r.viewer(), domain.DayOf(r.cfg.Now()), each)
		return &found, err
	})
}
