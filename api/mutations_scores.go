package api

import (
	"context"
	"fmt"

	"github.com/graphql-go/graphql"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/assessment"
)

// findings are first findings on several clauses.
type findings struct {
	target
	scores []assessment.Score
}

// revision supersedes the entry on a clause.
type revision struct {
	target
	supersedes int
	score      assessment.Score
	why        string
}

// giveBack returns a record to its assessors.
type giveBack struct {
	target
	reason  string
	clauses []assessment.ClauseReason
}

func (m *mutations) addScores() {
	count := graphql.NewInputObject(graphql.InputObjectConfig{
		Name: "CountInput", Description: "One number that was counted.",
		Fields: inputFields{"input": in(required(graphql.ID), "Such as \"minutes\"."), "value": in(required(graphql.Int), "")},
	})
	score := graphql.NewInputObject(graphql.InputObjectConfig{
		Name: "ScoreInput", Description: "A finding on one clause.",
		Fields: inputFields{
			"clause":     in(required(graphql.ID), ""),
			"outcome":    in(required(m.enums.outcome), ""),
			"points":     in(m.points, "Lost or awarded; 0 if left out."),
			"method":     in(required(m.enums.method), ""),
			"observedAt": in(required(m.dateTime), "When it was seen."),
			"reason":     in(graphql.String, "Mandatory where points are lost or a clause is not applicable."),
			"evidence":   in(graphql.NewList(required(graphql.String)), "SHA-256 of each piece, uploaded before."),
			"counts":     in(graphql.NewList(required(count)), "What was counted, for each input of a measured clause."),
			"checklist":  in(graphql.NewList(required(graphql.Boolean)), "Whether each item of the clause's checklist is there, in its order."),
			"override":   in(graphql.String, "Why the outcome is otherwise than counts and checklist come to."),
		},
	})
	add(m, "openAssessment", "Starts the record of a center or district in a round.", onSubject(inputFields{}), readTarget,
		func(ctx context.Context, meta command.Meta, c target) (command.Receipt, error) {
			return m.commands.OpenAssessment(ctx, meta, c.round, c.subject)
		})
	add(m, "recordScores", "Puts first findings on record, all of them or none.", onSubject(inputFields{
		"scores": in(listOf(score), ""),
	}), func(in *input) findings {
		c := findings{target: readTarget(in)}
		for _, each := range in.children("scores") {
			c.scores = append(c.scores, readScore(each))
		}
		return c
	}, func(ctx context.Context, meta command.Meta, c findings) (command.Receipt, error) {
		return m.commands.RecordScores(ctx, meta, c.round, c.subject, c.scores)
	})
	add(m, "reviseScore", "Supersedes the standing entry on a clause; voids a sign-off.", onSubject(inputFields{
		"supersedes": in(required(graphql.Int), "The version that the caller saw."),
		"score":      in(required(score), ""),
		"why":        in(graphql.String, "Mandatory after submission."),
	}), func(in *input) revision {
		return revision{target: readTarget(in), supersedes: in.number("supersedes"), score: readScore(in.child("score")), why: in.text("why")}
	}, func(ctx context.Context, meta command.Meta, c revision) (command.Receipt, error) {
		return m.commands.ReviseScore(ctx, meta, c.round, c.subject, c.supersedes, c.score, c.why)
	})
}

func readScore(in *input) assessment.Score {
	return assessment.Score{Clause: in.text("clause"), Finding: assessment.Finding{
		Outcome: mandatory[domain.Outcome](in, "outcome"), Points: in.points("points"),
		Method: mandatory[assessment.Method](in, "method"), ObservedAt: in.moment("observedAt"),
		Reason: in.text("reason"), Evidence: in.texts("evidence"),
		Counts: readCounts(in), Checklist: in.flags("checklist"), Override: in.text("override"),
	}}
}

func readCounts(in *input) map[string]int64 {
	if in.values["counts"] == nil {
		return nil
	}
	counts := make(map[string]int64)
	for _, each := range in.children("counts") {
		name := each.text("input")
		if _, twice := counts[name]; twice {
			each.fault("input", fmt.Errorf("%.40q is given twice: %w", name, domain.ErrInvalid))
		}
		counts[name] = int64(each.number("value"))
	}
	return counts
}

func (m *mutations) addReview() {
	add(m, "submitAssessment", "Hands a complete record to review.", onSubject(inputFields{}), readTarget,
		func(ctx context.Context, meta command.Meta, c target) (command.Receipt, error) {
			return m.commands.Submit(ctx, meta, c.round, c.subject)
		})
	reason := graphql.NewInputObject(graphql.InputObjectConfig{
		Name: "ClauseReasonInput", Description: "What is wrong with the finding on a clause.",
		Fields: inputFields{"clause": in(required(graphql.ID), ""), "reason": in(required(graphql.String), "")},
	})
	add(m, "returnAssessment", "Hands a submitted record back to its assessors; whoever worked on it cannot.", onSubject(inputFields{
		"reason":  in(graphql.String, "For the record as a whole; this or reasons for clauses are mandatory."),
		"clauses": in(graphql.NewList(required(reason)), ""),
	}), func(in *input) giveBack {
		c := giveBack{target: readTarget(in), reason: in.text("reason")}
		if in.values["clauses"] != nil {
			for _, each := range in.children("clauses") {
				c.clauses = append(c.clauses, assessment.ClauseReason{Clause: each.text("clause"), Reason: each.text("reason")})
			}
		}
		return c
	}, func(ctx context.Context, meta command.Meta, c giveBack) (command.Receipt, error) {
		return m.commands.ReturnAssessment(ctx, meta, c.round, c.subject, c.reason, c.clauses)
	})
	add(m, "approveAssessment", "Signs a submitted record off; whoever worked on it cannot.", onSubject(inputFields{}), readTarget,
		func(ctx context.Context, meta command.Meta, c target) (command.Receipt, error) {
			return m.commands.Approve(ctx, meta, c.round, c.subject)
		})
}
