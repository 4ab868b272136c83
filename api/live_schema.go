package api

import (
	"fmt"

	"github.com/graphql-go/graphql"

	"mingjian/domain/rights"
	"mingjian/projections"
)

// addProgress adds how far a round has come.
func (s *internalSchema) addProgress(query graphql.Fields) {
	tally := object("Tally", "Subjects of one kind, counted by where their records stand.", graphql.Fields{
		"all":       field(required(graphql.Int), "Registered.", func(t *projections.Tally) any { return t.All }),
		"notOpened": field(required(graphql.Int), "", func(t *projections.Tally) any { return t.NotOpened }),
		"inWork":    field(required(graphql.Int), "", func(t *projections.Tally) any { return t.InWork }),
		"submitted": field(required(graphql.Int), "", func(t *projections.Tally) any { return t.Submitted }),
		"approved":  field(required(graphql.Int), "", func(t *projections.Tally) any { return t.Approved }),
		"complete":  field(required(graphql.Int), "Every clause has a finding.", func(t *projections.Tally) any { return t.Complete }),
		"decided":   field(required(graphql.Int), "Clauses with a finding; a center's include the one that judges its district.", func(t *projections.Tally) any { return t.Decided }),
		"clauses":   field(required(graphql.Int), "Of all subjects together.", func(t *projections.Tally) any { return t.Clauses }),
	})
	progress := object("RoundProgress", "How far a round has come.", graphql.Fields{
		"round":     field(required(graphql.ID), "", func(p *projections.ProgressView) any { return p.Round }),
		"closed":    field(required(graphql.Boolean), "", func(p *projections.ProgressView) any { return p.Closed }),
		"centers":   field(required(tally), "", func(p *projections.ProgressView) any { return &p.Centers }),
		"districts": field(required(tally), "", func(p *projections.ProgressView) any { return &p.Districts }),
	})
	query["roundProgress"] = root(progress, "How far a round has come; null where there is none.", s.waiting(graphql.FieldConfigArgument{
		"round": arg(required(graphql.ID), ""),
	}), func(r *request, in *input) (any, error) {
		if err := rights.MayRead(r.viewer(), rights.ReadProgress, rights.Facts{}); err != nil {
			return nil, err
		}
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		return found(view.Progress(in.text("round")))
	})
}

// subscriptions are fields of Query that are shown again when they change: what
// may be asked for once may be watched, by whom and how deep decide the same
// resolvers.
func (s *internalSchema) subscriptions(query graphql.Fields) graphql.Fields {
	return graphql.Fields{
		"assessmentChanged": live(query["assessment"], "One subject's record; null until it is opened.", []string{"round", "subject"},
			func(v *projections.View, in *input) (any, error) {
				return v.AssessmentStamp(in.text("round"), in.text("subject"))
			}),
		// Everything may put something there, so every commit is looked at. At
		// midnight nothing is: what is left of a deadline shows with the next commit.
		"awaiting": live(query["awaiting"], "What awaits the viewer, by the roles that they hold.", []string{"each"},
			func(v *projections.View, _ *input) (any, error) { return v.Head().Seq, nil }),
		"roundProgress": live(query["roundProgress"], "How far a round has come; null until it is opened.", []string{"round"},
			func(v *projections.View, in *input) (any, error) {
				progress, err := found(v.Progress(in.text("round")))
				if progress == nil {
					return nil, err
				}
				return *progress, err
			}),
	}
}

// live makes a subscription of a field of Query, with those of its arguments
// that say what to watch. The stamp must move with everything that the field
// shows: a change that leaves it alone is not looked at.
func live(of *graphql.Field, doc string, args []string, stamp func(*projections.View, *input) (any, error)) *graphql.Field {
	taken := graphql.FieldConfigArgument{}
	for _, name := range args {
		taken[name] = of.Args[name]
	}
	return &graphql.Field{Type: of.Type, Description: doc, Args: taken, Resolve: func(p graphql.ResolveParams) (out any, err error) {
		defer guard(&out, &err)
		r, ok := p.Info.RootValue.(*request)
		if !ok {
			return nil, fmt.Errorf("field %s: no request", p.Info.FieldName)
		}
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		w := &watch{stamp: func(v *projections.View) (any, error) { return stamp(v, inputOf(p.Args)) }}
		if w.was, err = w.stamp(view); err != nil {
			return nil, err
		}
		r.watched = w
		return of.Resolve(p)
	}}
}
