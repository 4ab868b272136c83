package api

import (
	"cmp"
	"errors"

	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// appealNode is an appeal with what of it the viewer may know.
type appealNode struct {
	*projections.AppealView
	// panel says that the viewer may know who hears the appeal, and what they vote
	// before they decide.
	panel bool
}

// seatNode is a person's place on a panel.
type seatNode struct {
	*projections.PanelMember
	known bool
}

// addAppeals adds appeals, one and many.
func (s *internalSchema) addAppeals(query graphql.Fields) {
	record := s.newAppeal()
	query["appeal"] = root(record, "One appeal; null where there is none.", s.waiting(s.ofMoment(graphql.FieldConfigArgument{
		"id": arg(required(graphql.ID), ""),
	})), func(r *request, in *input) (any, error) {
		asOf, err := r.asOf(in)
		if err != nil {
			return nil, err
		}
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		a, err := found(view.Appeal(in.text("id"), asOf))
		if err != nil {
			return nil, err
		}
		if a == nil { // nothing tells whether it is there at another moment
			return nil, r.mayReadAppeal(rights.ReadAppeal, appeal.Filed{})
		}
		if err := r.mayReadAppeal(rights.ReadAppeal, a.Filed); err != nil {
			return nil, err
		}
		return r.appealNode(a)
	})
	query["appeals"] = root(required(connection[*appealNode](record, s.pageInfo)), "Appeals that the viewer may see, in the order in which they were filed.",
		s.waitingPage(s.ofMoment(graphql.FieldConfigArgument{
			"round":    arg(required(graphql.ID), ""),
			"subject":  arg(graphql.ID, "Only this center's, or this district's own."),
			"district": arg(graphql.ID, "Only of this district and its centers."),
			"status":   arg(s.enums.appealStatus, ""),
			"open":     arg(graphql.Boolean, "Only those in which a decision is due."),
			"clause":   arg(graphql.ID, "Only against this clause, or this deduction item."),
			"ground":   arg(s.enums.ground, ""),
			"mine":     arg(graphql.Boolean, "Only those that the viewer's own subjects filed, that the viewer hears, or that are about a record that the viewer is assigned to."),
		})), func(r *request, in *input) (any, error) {
			reach, err := rights.ReachOf(r.viewer(), rights.ReadAppeal)
			if err != nil {
				return nil, err
			}
			q, err := r.appealQuery(in)
			if err != nil {
				return nil, err
			}
			if !reach.All || in.flag("mine") {
				q.Within = &projections.AppealReach{
					Account: r.viewer().Account, Subjects: reach.Subjects, Assigned: reach.Assigned, Panels: reach.Panelist,
				}
			}
			view, err := r.view()
			if err != nil {
				return nil, err
			}
			page, err := view.Appeals(q)
			if err != nil {
				return nil, err
			}
			return newPage(page, q.After, func(a *projections.AppealView) *appealNode {
				node, failed := r.appealNode(a)
				err = errors.Join(err, failed)
				return node
			}), err
		})
}

func (r *request) appealQuery(in *input) (projections.AppealQuery, error) {
	asOf, err := r.asOf(in)
	first, after := in.page()
	status, _ := optional[appeal.Status](in, "status")
	ground, _ := optional[appeal.Ground](in, "ground")
	return projections.AppealQuery{
		Round: in.text("round"), Subject: in.text("subject"), District: in.text("district"), Status: status, Open: in.flag("open"),
		Clause: in.text("clause"), Ground: ground, First: first, After: after, AsOf: listAsOf(asOf),
	}, cmp.Or(err, in.err())
}

// appealShown is the id of an appeal, for those who may see it.
func appealShown(r *request, id string) (any, error) {
	if id == "" {
		return nil, nil
	}
	view, err := r.view()
	if err != nil {
		return nil, err
	}
	a, err := found(view.Appeal(id, projections.Latest))
	if a == nil || err != nil {
		return nil, err
	}
	if err := r.mayReadAppeal(rights.ReadAppeal, a.Filed); err != nil {
		if errors.Is(err, domain.ErrForbidden) {
			err = nil
		}
		return nil, err
	}
	return id, nil
}

func (r *request) appealNode(a *projections.AppealView) (*appealNode, error) {
	err := r.mayReadAppeal(rights.ReadPanel, a.Filed)
	if err != nil && !errors.Is(err, domain.ErrForbidden) {
		return nil, err
	}
	return &appealNode{AppealView: a, panel: err == nil}, nil
}

// seats lists who was named to the panels.
func (a *appealNode) seats() []*seatNode {
	out := make([]*seatNode, len(a.Members))
	for i := range a.Members {
		out[i] = &seatNode{&a.Members[i], a.panel}
	}
	return out
}

// votes lists the votes that the viewer may know: those of a panel that has
// decided.
func (a *appealNode) votes() []*projections.VoteView {
	decided := make(map[int]bool)
	for _, d := range a.Decisions {
		decided[d.Panel] = true
	}
	out := []*projections.VoteView{}
	for i, v := range a.Votes {
		if a.panel || decided[v.Panel] {
			out = append(out, &a.Votes[i])
		}
	}
	return out
}

func (s *internalSchema) newAppeal() *graphql.Object {
	filed := func(read func(appeal.Filed) any) func(*appealNode) any {
		return func(a *appealNode) any { return read(a.Filed) }
	}
	return object("Appeal", "An appeal against one score entry or deduction.", graphql.Fields{
		"id":         field(required(graphql.ID), "", filed(func(f appeal.Filed) any { return f.Appeal })),
		"round":      field(required(graphql.ID), "", filed(func(f appeal.Filed) any { return f.Round })),
		"subject":    field(required(graphql.ID), "The center or district that appeals.", filed(func(f appeal.Filed) any { return f.Subject })),
		"kind":       field(required(s.enums.kind), "", filed(func(f appeal.Filed) any { return f.Kind })),
		"district":   field(required(graphql.ID), "", filed(func(f appeal.Filed) any { return f.District })),
		"clause":     field(graphql.ID, "Whose entry it is against; null where it is against a deduction.", filed(func(f appeal.Filed) any { return orNull(f.Clause) })),
		"deduction":  field(graphql.Int, "The number of the deduction that it is against.", filed(func(f appeal.Filed) any { return orNull(f.Deduction) })),
		"version":    field(graphql.Int, "Of the entry.", filed(func(f appeal.Filed) any { return orNull(f.Version) })),
		"outcome":    field(s.enums.outcome, "Of the entry.", filed(func(f appeal.Filed) any { return orNull(f.Outcome) })),
		"item":       field(graphql.ID, "Of the deduction.", filed(func(f appeal.Filed) any { return orNull(f.Item) })),
		"points":     field(required(s.points), "The entry's or the deduction's, as notified.", filed(func(f appeal.Filed) any { return f.Points })),
		"lost":       field(required(s.points), "The most that can be restored.", filed(func(f appeal.Filed) any { return f.Lost })),
		"ground":     field(required(s.enums.ground), "", filed(func(f appeal.Filed) any { return f.Ground })),
		"statement":  field(required(graphql.String), "", filed(func(f appeal.Filed) any { return f.Statement })),
		"evidence":   field(listOf(graphql.String), "SHA-256 of each piece.", filed(func(f appeal.Filed) any { return texts(f.Evidence) })),
		"by":         field(required(graphql.String), "A pseudonym, stable within the subject.", filed(func(f appeal.Filed) any { return f.By })),
		"filedAt":    field(required(s.dateTime), "", filed(func(f appeal.Filed) any { return f.At })),
		"appealBy":   field(required(s.date), "The last day for filing it.", filed(func(f appeal.Filed) any { return f.AppealBy })),
		"decideBy":   field(required(s.date), "The last day for the decision that is due, or was.", func(a *appealNode) any { return a.DecideOn }),
		"expired":    field(required(graphql.Boolean), "It was not decided in time.", func(a *appealNode) any { return a.Expired != "" && a.Expired == a.DecideOn }),
		"status":     field(required(s.enums.appealStatus), "", func(a *appealNode) any { return a.Status }),
		"open":       field(required(graphql.Boolean), "A decision is due.", func(a *appealNode) any { return a.Open() }),
		"panel":      field(required(graphql.Int), "Before which panel it is or was: 2 after an escalation.", func(a *appealNode) any { return a.Panel }),
		"restored":   field(required(s.points), "Of what was lost, by the newest decision.", func(a *appealNode) any { return a.Restored() }),
		"members":    field(listOf(s.newSeat()), "Who was named to hear it.", func(a *appealNode) any { return a.seats() }),
		"votes":      field(listOf(s.newVote()), "Those that count. Before the decision, for the panel and those who oversee it only.", func(a *appealNode) any { return a.votes() }),
		"statements": field(listOf(s.newStatement()), "What the parties added.", func(a *appealNode) any { return refs(a.Statements) }),
		"decisions":  field(listOf(s.newDecision()), "One a panel.", func(a *appealNode) any { return refs(a.Decisions) }),
		"steps":      field(listOf(s.newStep()), "What moved its status, its panel or its deadline, oldest first.", func(a *appealNode) any { return refs(a.Steps) }),
		"seq":        field(required(graphql.Int), "Of the filing.", func(a *appealNode) any { return a.Seq }),
	})
}
