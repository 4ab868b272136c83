package api

import (
	"errors"

	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// addRounds adds the head, the criteria and the rounds.
func (s *internalSchema) addRounds(query graphql.Fields) {
	head := object("Head", "What the response reflects.", graphql.Fields{
		"position": field(required(s.position), "", func(h *projections.Head) any { return h.Position }),
		"seq":      field(required(graphql.Int), "Events of the application up to here.", func(h *projections.Head) any { return h.Seq }),
		"logId":    field(required(graphql.ID), "Positions belong to one log.", func(h *projections.Head) any { return h.LogID }),
	})
	release := object("Release", "One immutable publication.", graphql.Fields{
		"number":      field(required(graphql.Int), "", func(r *projections.ReleaseView) any { return r.Number }),
		"kind":        field(required(graphql.String), "provisional (for the public notice), final, or correction of the one before.", func(r *projections.ReleaseView) any { return string(r.Kind) }),
		"reason":      field(required(graphql.String), "", func(r *projections.ReleaseView) any { return r.Reason }),
		"engine":      field(required(graphql.String), "The version of the arithmetic.", func(r *projections.ReleaseView) any { return r.Engine }),
		"logSize":     field(required(graphql.Int), "The events that it covers.", func(r *projections.ReleaseView) any { return r.LogSize }),
		"publishedAt": field(required(s.dateTime), "", func(r *projections.ReleaseView) any { return r.PublishedAt }),
		"position":    field(required(s.position), "", func(r *projections.ReleaseView) any { return r.Position }),
		"changes": lookedBy(required(s.centerMoves), "Which centers moved since the release before, by which events; none in the first one.", pageArgs(nil),
			func(r *request, release *projections.ReleaseView, in *input) (any, error) {
				view, err := r.view()
				if err != nil {
					return nil, err
				}
				diff, err := view.ReleaseChanges(release.Round, release.Number)
				if err != nil {
					return nil, err
				}
				return sliced(in, movesOf(&diff))
			}),
	})
	deliberated := object("Deliberation", "A joint decision on what the next release publishes.", graphql.Fields{
		"by":      field(required(graphql.String), "A pseudonym, stable within the round.", func(d *projections.DeliberationView) any { return d.By }),
		"at":      field(required(s.dateTime), "", func(d *projections.DeliberationView) any { return d.At }),
		"minutes": field(required(graphql.String), "", func(d *projections.DeliberationView) any { return d.Minutes }),
		"logSize": field(required(graphql.Int), "The events that it covers.", func(d *projections.DeliberationView) any { return d.LogSize }),
	})
	round := object("Round", "One evaluation of all centers.", graphql.Fields{
		"id":               field(required(graphql.ID), "", func(r *projections.RoundView) any { return r.ID }),
		"name":             field(required(graphql.String), "", func(r *projections.RoundView) any { return r.Name }),
		"demo":             field(required(graphql.Boolean), "Simulated data.", func(r *projections.RoundView) any { return r.Demo }),
		"closed":           field(required(graphql.Boolean), "", func(r *projections.RoundView) any { return r.Closed }),
		"assessmentPeriod": field(required(s.period), "", func(r *projections.RoundView) any { return &r.AssessmentPeriod }),
		"honorPeriod":      field(required(s.period), "", func(r *projections.RoundView) any { return &r.Honors }),
		"standardHash":     field(required(graphql.String), "The hash of the criteria as adopted.", func(r *projections.RoundView) any { return r.StandardHash }),
		"calendar":         field(graphql.ID, "By which working days are counted; null while none is pinned.", func(r *projections.RoundView) any { return orNull(r.Calendar) }),
		"calendarHash":     field(graphql.String, "The hash of the calendar as pinned.", func(r *projections.RoundView) any { return orNull(r.CalendarHash) }),
		"appealDays":       field(required(graphql.Int), "Working days for an appeal, and for asking a second panel.", func(r *projections.RoundView) any { return r.AppealDays }),
		"decisionDays":     field(required(graphql.Int), "Working days for a panel's decision.", func(r *projections.RoundView) any { return r.DecisionDays }),
		"notice":           field(required(graphql.Boolean), "The first release is provisional, for the public notice.", func(r *projections.RoundView) any { return r.Notice }),
		"deliberated":      looked(deliberated, "What the next release publishes; null where nothing waits for it, and for those who may not see what is not published.", deliberationOf),
		"releases":         field(listOf(release), "Oldest first.", func(r *projections.RoundView) any { return refs(r.Releases) }),
		"standard": looked(required(s.standard), "", func(r *request, round *projections.RoundView) (any, error) {
			return standardOf(r, round)
		}),
	})
	query["head"] = root(required(head), "What this response reflects.", s.waiting(nil), func(r *request, _ *input) (any, error) {
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		h := view.Head()
		return &h, nil
	})
	query["criteria"] = root(s.standard, "A standard that this build knows, such as \"2022\".", graphql.FieldConfigArgument{
		"id": arg(required(graphql.ID), ""),
	}, func(r *request, in *input) (any, error) { return r.cfg.criteriaOf(in.text("id")) })
	query["rounds"] = root(listOf(round), "Oldest first.", s.waiting(nil), func(r *request, _ *input) (any, error) {
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		rounds, err := view.Rounds()
		return refs(rounds), err
	})
	query["round"] = root(round, "", s.waiting(graphql.FieldConfigArgument{
		"id": arg(required(graphql.ID), ""),
	}), func(r *request, in *input) (any, error) {
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		return found(view.Round(in.text("id")))
	})
}

// deliberationOf shows what waits for its publication to those who may see
// standings that are not published.
func deliberationOf(r *request, round *projections.RoundView) (any, error) {
	err := rights.MayRead(r.viewer(), rights.ReadRanking, rights.Facts{})
	if round.Deliberated == nil || errors.Is(err, domain.ErrForbidden) {
		return nil, nil
	}
	return round.Deliberated, err
}

// waiting adds `after`, which makes the whole request wait until the read
// model reflects a position (see awaited).
func (s *internalSchema) waiting(args graphql.FieldConfigArgument) graphql.FieldConfigArgument {
	out := graphql.FieldConfigArgument{argAfter: arg(s.position, "Answer only once the read model reflects this position.")}
	for name, a := range args {
		out[name] = a
	}
	return out
}

// waitingPage is waiting for connections, where `after` is the cursor.
func (s *internalSchema) waitingPage(args graphql.FieldConfigArgument) graphql.FieldConfigArgument {
	out := pageArgs(args)
	out[argAfterPosition] = arg(s.position, "Answer only once the read model reflects this position.")
	return out
}
