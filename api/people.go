package api

import (
	"context"
	"slices"
	"strings"

	"github.com/graphql-go/graphql"

	"mingjian/api/command"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// addPeople adds what concerns the viewer, and honor claims, which a center
// sees before its record is approved.
func (s *internalSchema) addPeople(query graphql.Fields) {
	s.grant = object("Grant", "A role that an account holds.", graphql.Fields{
		"role":    field(required(s.enums.role), "", func(g *rights.Grant) any { return g.Role }),
		"subject": field(graphql.ID, "The center or district that it is held for.", func(g *rights.Grant) any { return orNull(g.Subject) }),
	})
	me := object("Viewer", "Who is signed in.", graphql.Fields{
		"account": field(required(graphql.ID), "", func(a *rights.Actor) any { return a.Account }),
		"grants":  field(listOf(s.grant), "", func(a *rights.Actor) any { return refs(a.Grants) }),
	})
	query["me"] = root(required(me), "Who is signed in.", graphql.FieldConfigArgument{}, func(r *request, _ *input) (any, error) {
		actor := r.viewer()
		return &actor, nil
	})
	task := object("Task", "A record that the viewer is assigned to.", graphql.Fields{
		"subject":  field(required(graphql.ID), "", func(t *projections.Task) any { return t.Subject }),
		"kind":     field(required(s.enums.kind), "", func(t *projections.Task) any { return t.Kind }),
		"district": field(required(graphql.ID), "", func(t *projections.Task) any { return t.District }),
		"status":   field(required(s.enums.status), "", func(t *projections.Task) any { return t.Status }),
		"lead":     field(required(graphql.Boolean), "The viewer submits it.", func(t *projections.Task) any { return t.Lead }),
	})
	query["tasks"] = root(listOf(task), "What the viewer is assigned to, by code.", s.waiting(graphql.FieldConfigArgument{
		"round": arg(required(graphql.ID), ""),
	}), func(r *request, in *input) (any, error) {
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		tasks, err := view.Tasks(in.text("round"), r.viewer().Account)
		return refs(tasks), err
	})
	query["honorClaims"] = root(listOf(s.honor), "A center's honor claims, which it sees before its record is approved.", s.waiting(graphql.FieldConfigArgument{
		"round":   arg(required(graphql.ID), ""),
		"subject": arg(required(graphql.ID), "The code of a center."),
	}), func(r *request, in *input) (any, error) {
		round, subject := in.text("round"), in.text("subject")
		if err := r.mayRead(rights.ReadHonors, nothing(round, subject)); err != nil {
			return nil, err
		}
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		a, err := found(view.Assessment(round, subject, projections.Latest))
		if a == nil {
			a = nothing(round, subject)
		}
		return refs(a.Honors), err
	})
}

func (s *internalSchema) newMember() *graphql.Object {
	return object("Member", "A person's place in a record's team.", graphql.Fields{
		"account":   field(required(graphql.ID), "", func(m *projections.MemberView) any { return m.Account }),
		"pseudonym": field(required(graphql.String), "The person's name in this record's events.", func(m *projections.MemberView) any { return m.Pseudonym }),
		"assigned":  field(required(graphql.Boolean), "False for who was recused without being assigned.", func(m *projections.MemberView) any { return m.Assigned }),
		"lead":      field(required(graphql.Boolean), "Submits the record.", func(m *projections.MemberView) any { return m.Lead }),
		"recused":   field(required(graphql.Boolean), "", func(m *projections.MemberView) any { return m.Recused }),
		"reason":    field(graphql.String, "Of the recusal.", func(m *projections.MemberView) any { return orNull(m.Reason) }),
		"onRequest": field(required(graphql.Boolean), "The center asked for the recusal.", func(m *projections.MemberView) any { return m.OnRequest }),
	})
}

func teamOf(r *request, a *assessmentNode) (any, error) {
	if err := r.mayRead(rights.ReadTeam, a.AssessmentView); err != nil {
		return nil, err
	}
	view, err := r.view()
	if err != nil {
		return nil, err
	}
	team, err := view.Team(a.Round, a.Subject)
	return refs(team), err
}

func (s *internalSchema) newObservation() *graphql.Object {
	type observation = *assessment.ObservationRecorded
	return object("Observation", "What was seen and is recommended; it moves no point.", graphql.Fields{
		"number":     field(required(graphql.Int), "", func(o observation) any { return o.Observation }),
		"clause":     field(required(graphql.ID), "", func(o observation) any { return o.Clause }),
		"text":       field(required(graphql.String), "", func(o observation) any { return o.Text }),
		"method":     field(required(s.enums.method), "", func(o observation) any { return o.Method }),
		"observedAt": field(required(s.dateTime), "", func(o observation) any { return o.ObservedAt }),
		"evidence":   field(listOf(graphql.String), "SHA-256 of each piece.", func(o observation) any { return texts(o.Evidence) }),
		"by":         field(required(graphql.String), "A pseudonym, stable within the subject.", func(o observation) any { return o.By }),
		"at":         field(required(s.dateTime), "", func(o observation) any { return o.At }),
	})
}

func (s *internalSchema) newReturn() *graphql.Object {
	reason := object("ClauseReason", "What is wrong with the finding on a clause.", graphql.Fields{
		"clause": field(required(graphql.ID), "", func(c *assessment.ClauseReason) any { return c.Clause }),
		"reason": field(required(graphql.String), "", func(c *assessment.ClauseReason) any { return c.Reason }),
	})
	return object("Return", "A submitted record handed back to its assessors.", graphql.Fields{
		"reason":  field(graphql.String, "For the record as a whole.", func(v *projections.ReturnView) any { return orNull(v.Reason) }),
		"clauses": field(listOf(reason), "", func(v *projections.ReturnView) any { return refs(v.Clauses) }),
		"by":      field(required(graphql.String), "", func(v *projections.ReturnView) any { return v.By }),
		"at":      field(required(s.dateTime), "", func(v *projections.ReturnView) any { return v.At }),
	})
}

// missing lists the clauses that keep a record from being submitted.
func (a *assessmentNode) missing() (codes []string) {
	for _, c := range a.clauses {
		indicator := c.Clause.Indicator()
		waits := slices.ContainsFunc(a.Honors, func(h projections.HonorView) bool { return h.State == projections.HonorPending })
		if indicator.Subject == a.Kind && (!indicator.Honors && !c.Decided || indicator.Honors && waits) {
			codes = append(codes, c.Clause.Code)
		}
	}
	return codes
}

// counted is one number of an entry.
type counted struct {
	input string
	value int64
}

func countsOf(counts map[string]int64) []*counted {
	out := make([]*counted, 0, len(counts))
	for input, value := range counts {
		out = append(out, &counted{input, value})
	}
	slices.SortFunc(out, func(a, b *counted) int { return strings.Compare(a.input, b.input) })
	return out
}

// flags is never nil, which graphql-go would take for null.
func flags(list []bool) []bool {
	if list == nil {
		return []bool{}
	}
	return list
}

// assignment gives an account a place in a record's team, recusal ends it.
type assignment struct {
	target
	account string
	lead    bool
}

type recusal struct {
	target
	account, reason string
	onRequest       bool
}

// observation is what an assessor saw.
type observation struct {
	target
	assessment.ObservationRecorded
}

func (m *mutations) addTeam() {
	add(m, "assignAssessor", "Lets an assessor record findings on a subject; the lead also submits.", onSubject(inputFields{
		"account": in(required(graphql.ID), ""),
		"lead":    in(graphql.Boolean, "Makes the former lead a member."),
	}), func(in *input) assignment {
		return assignment{target: readTarget(in), account: in.text("account"), lead: in.flag("lead")}
	}, func(ctx context.Context, meta command.Meta, c assignment) (command.Receipt, error) {
		return m.commands.AssignAssessor(ctx, meta, c.round, c.subject, c.account, c.lead)
	})
	add(m, "recuseAssessor", "Ends all that a person may do on a subject.", onSubject(inputFields{
		"account":   in(required(graphql.ID), ""),
		"reason":    in(required(graphql.String), ""),
		"onRequest": in(graphql.Boolean, "The center asked for it."),
	}), func(in *input) recusal {
		return recusal{target: readTarget(in), account: in.text("account"), reason: in.text("reason"), onRequest: in.flag("onRequest")}
	}, func(ctx context.Context, meta command.Meta, c recusal) (command.Receipt, error) {
		return m.commands.RecuseAssessor(ctx, meta, c.round, c.subject, c.account, c.reason, c.onRequest)
	})
	add(m, "recuseMyself", "Ends all that the viewer may do on a subject.", onSubject(inputFields{
		"reason": in(required(graphql.String), ""),
	}), func(in *input) recusal {
		return recusal{target: readTarget(in), reason: in.text("reason")}
	}, func(ctx context.Context, meta command.Meta, c recusal) (command.Receipt, error) {
		return m.commands.RecuseMyself(ctx, meta, c.round, c.subject, c.reason)
	})
	add(m, "recordObservation", "Notes what was seen and is recommended; it moves no point.", onSubject(inputFields{
		"clause":     in(required(graphql.ID), ""),
		"text":       in(required(graphql.String), ""),
		"method":     in(required(m.enums.method), ""),
		"observedAt": in(required(m.dateTime), "When it was seen."),
		"evidence":   in(graphql.NewList(required(graphql.String)), "SHA-256 of each piece, uploaded before."),
	}), func(in *input) observation {
		return observation{target: readTarget(in), ObservationRecorded: assessment.ObservationRecorded{
			Clause: in.text("clause"), Text: in.text("text"), Method: mandatory[assessment.Method](in, "method"),
			ObservedAt: in.moment("observedAt"), Evidence: in.texts("evidence"),
		}}
	}, func(ctx context.Context, meta command.Meta, c observation) (command.Receipt, error) {
		return m.commands.RecordObservation(ctx, meta, c.round, c.subject, c.ObservationRecorded)
	})
}
