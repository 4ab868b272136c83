package api

import (
	"context"

	"github.com/graphql-go/graphql"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/assessment"
)

// numbered is a command on a deduction or honor claim of a record.
type numbered struct {
	target
	number int
	reason string
	points domain.Points
}

func readNumbered(in *input) numbered {
	return numbered{target: readTarget(in), number: in.number("number"), reason: in.text("reason"), points: in.points("points")}
}

// imposed and claimed are a new deduction and a new honor claim.
type imposed struct {
	target
	deduction assessment.DeductionImposed
}

type claimed struct {
	target
	honor assessment.HonorClaimed
}

func (m *mutations) addDeductions() {
	add(m, "imposeDeduction", "Subtracts a section 8 item from a center's total; voids a sign-off.", onSubject(inputFields{
		"item":       in(required(graphql.ID), "The code of the item."),
		"reason":     in(required(graphql.String), ""),
		"source":     in(required(graphql.String), "Where it became known."),
		"occurredOn": in(required(m.date), ""),
		"evidence":   in(graphql.NewList(required(graphql.String)), "SHA-256 of each piece."),
	}), func(in *input) imposed {
		return imposed{target: readTarget(in), deduction: assessment.DeductionImposed{
			Item: in.text("item"), Reason: in.text("reason"), Source: in.text("source"),
			OccurredOn: in.day("occurredOn"), Evidence: in.texts("evidence"),
		}}
	}, func(ctx context.Context, meta command.Meta, c imposed) (command.Receipt, error) {
		return m.commands.ImposeDeduction(ctx, meta, c.round, c.subject, c.deduction)
	})
	add(m, "liftDeduction", "Ends a deduction.", onSubject(inputFields{
		"number": in(required(graphql.Int), ""),
		"reason": in(required(graphql.String), ""),
	}), readNumbered, func(ctx context.Context, meta command.Meta, c numbered) (command.Receipt, error) {
		return m.commands.LiftDeduction(ctx, meta, c.round, c.subject, c.number, c.reason)
	})
}

func (m *mutations) addHonors() {
	add(m, "claimHonor", "Asks for points under the honor indicator.", onSubject(inputFields{
		"title":     in(required(graphql.String), ""),
		"level":     in(required(m.enums.honorLevel), ""),
		"issuer":    in(required(graphql.String), ""),
		"awardedOn": in(required(m.date), "Must lie in the round's honor period."),
		"document":  in(required(graphql.String), "SHA-256 of the certificate."),
		"with":      in(graphql.NewList(required(graphql.ID)), "The other centers that the award names; each claims for itself and names the others."),
	}), func(in *input) claimed {
		return claimed{target: readTarget(in), honor: assessment.HonorClaimed{
			Title: in.text("title"), Level: mandatory[assessment.HonorLevel](in, "level"), Issuer: in.text("issuer"),
			AwardedOn: in.day("awardedOn"), Document: in.text("document"), With: in.texts("with"),
		}}
	}, func(ctx context.Context, meta command.Meta, c claimed) (command.Receipt, error) {
		return m.commands.ClaimHonor(ctx, meta, c.round, c.subject, c.honor)
	})
	add(m, "acceptHonor", "Awards points for a claim.", onSubject(inputFields{
		"number": in(required(graphql.Int), ""),
		"points": in(required(m.points), ""),
	}), readNumbered, func(ctx context.Context, meta command.Meta, c numbered) (command.Receipt, error) {
		return m.commands.AcceptHonor(ctx, meta, c.round, c.subject, c.number, c.points)
	})
	add(m, "rejectHonor", "Turns a claim down.", onSubject(inputFields{
		"number": in(required(graphql.Int), ""),
		"reason": in(required(graphql.String), ""),
	}), readNumbered, func(ctx context.Context, meta command.Meta, c numbered) (command.Receipt, error) {
		return m.commands.RejectHonor(ctx, meta, c.round, c.subject, c.number, c.reason)
	})
	add(m, "withdrawHonor", "Takes back a claim that waits for a decision.", onSubject(inputFields{
		"number": in(required(graphql.Int), ""),
		"reason": in(required(graphql.String), ""),
	}), readNumbered, func(ctx context.Context, meta command.Meta, c numbered) (command.Receipt, error) {
		return m.commands.WithdrawHonor(ctx, meta, c.round, c.subject, c.number, c.reason)
	})
}
