package api

import (
	"context"

	"github.com/graphql-go/graphql"

	"mingjian/projections"
)

// Public is the schema for everybody: read-only, and published data only. It
// knows rounds that have a release, and of those what the release fixed.
type Public struct{ *engine }

// NewPublic builds the public schema.
func NewPublic(cfg Config) (*Public, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &publicSchema{types: newTypes(false)}
	e, err := newEngine(cfg, object("Query", "Published data; all fields of one request read one snapshot.", s.query()), nil)
	if err != nil {
		return nil, err
	}
	// Nothing here asks who the viewer is, so all of them share.
	e.responses = newResponses(cfg.Model, publicFields, false)
	return &Public{e}, nil
}

// SDL prints the schema.
func (p *Public) SDL() string { return printSchema(&p.schema) }

// Execute runs one operation for a caller within this process, such as the
// site generator, and returns the data entry of the response as JSON, or its
// errors. Limits on size and cost do not apply.
func (p *Public) Execute(ctx context.Context, document, operation string, variables map[string]any) ([]byte, error) {
	return p.execute(ctx, call{document: document, operation: operation, variables: variables, ours: true})
}

// publicSchema builds the public schema, one method an area.
type publicSchema struct {
	*types
	result, district, appeal *graphql.Object // ClauseResult, DistrictRef, AppealResult
	medians                  medians
	changes                  changes
}

// releaseNode is a release with the round that it belongs to.
type releaseNode struct {
	*projections.ReleaseView
	round *projections.RoundView
}

func (s *publicSchema) query() graphql.Fields {
	s.result, s.district, s.appeal = s.newClauseResult(), s.newDistrictRef(), s.newAppealResult()
	round := object("Round", "One evaluation of all centers.", graphql.Fields{
		"id":               field(required(graphql.ID), "", func(r *projections.RoundView) any { return r.ID }),
		"name":             field(required(graphql.String), "", func(r *projections.RoundView) any { return r.Name }),
		"demo":             field(required(graphql.Boolean), "Simulated data.", func(r *projections.RoundView) any { return r.Demo }),
		"closed":           field(required(graphql.Boolean), "", func(r *projections.RoundView) any { return r.Closed }),
		"assessmentPeriod": field(required(s.period), "", func(r *projections.RoundView) any { return &r.AssessmentPeriod }),
		"honorPeriod":      field(required(s.period), "", func(r *projections.RoundView) any { return &r.Honors }),
		"standard": looked(required(s.standard), "", func(r *request, round *projections.RoundView) (any, error) {
			return standardOf(r, round)
		}),
	})
	release := s.newRelease(round)
	round.AddFieldConfig("releases", field(listOf(release), "Oldest first.", func(r *projections.RoundView) any { return releasesOf(r) }))
	return graphql.Fields{
		"rounds": root(listOf(round), "Rounds with a release, oldest first.", nil, func(r *request, _ *input) (any, error) {
			view, err := r.view()
			if err != nil {
				return nil, err
			}
			rounds, err := view.Rounds()
			published := []*projections.RoundView{}
			for _, round := range refs(rounds) {
				if len(round.Releases) > 0 {
					published = append(published, round)
				}
			}
			return published, err
		}),
		"round": root(round, "Null while it has no release.", graphql.FieldConfigArgument{
			"id": arg(required(graphql.ID), ""),
		}, func(r *request, in *input) (any, error) { return publishedRound(r, in.text("id")) }),
		"standard": root(s.standard, "", graphql.FieldConfigArgument{
			"id": arg(required(graphql.ID), ""),
		}, func(r *request, in *input) (any, error) { return r.cfg.criteriaOf(in.text("id")) }),
		"release": root(release, "", graphql.FieldConfigArgument{
			"round":  arg(required(graphql.ID), ""),
			"number": arg(graphql.Int, "The latest if left out."),
		}, func(r *request, in *input) (any, error) {
			number, given := optional[int](in, "number")
			id := in.text("round")
			if err := in.err(); err != nil {
				return nil, err
			}
			round, err := publishedRound(r, id)
			if round == nil || err != nil {
				return nil, err
			}
			all := releasesOf(round)
			if !given {
				return all[len(all)-1], nil
			}
			for _, one := range all {
				if one.Number == number {
					return one, nil
				}
			}
			return nil, nil
		}),
	}
}

// publishedRound finds a round that has a release; others do not exist here.
func publishedRound(r *request, id string) (*projections.RoundView, error) {
	view, err := r.view()
	if err != nil {
		return nil, err
	}
	round, err := found(view.Round(id))
	if round == nil || err != nil || len(round.Releases) == 0 {
		return nil, err
	}
	return round, nil
}

func releasesOf(r *projections.RoundView) []*releaseNode {
	out := make([]*releaseNode, len(r.Releases))
	for i := range r.Releases {
		out[i] = &releaseNode{ReleaseView: &r.Releases[i], round: r}
	}
	return out
}
