package api

import (
	"context"
	"errors"
	"fmt"

	"github.com/graphql-go/graphql"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/eventstore"
)

// inputFields are the fields of a command's input object.
type inputFields = graphql.InputObjectConfigFieldMap

// in describes an input field.
func in(t graphql.Input, doc string) *graphql.InputObjectFieldConfig {
	return &graphql.InputObjectFieldConfig{Type: t, Description: doc}
}

// mutations is every command, by area.
func (s *internalSchema) mutations() graphql.Fields {
	m := &mutations{internalSchema: s, fields: graphql.Fields{}}
	m.receipt = object("Receipt", "Where a command ended in the log.", graphql.Fields{
		"position": field(required(s.position), "Pass it as `after` to read what the command did.", func(r *command.Receipt) any { return r.Position }),
		"revision": field(required(graphql.Int), "The stream's revision after the command.", func(r *command.Receipt) any { return r.Revision }),
		"stream":   field(required(graphql.ID), "", func(r *command.Receipt) any { return r.Stream }),
		"repeated": field(required(graphql.Boolean), "The command id was on record already: this is the first result.", func(r *command.Receipt) any { return r.Repeated }),
	})
	m.periodInput = graphql.NewInputObject(graphql.InputObjectConfig{
		Name: "PeriodInput", Description: "A span of days, both ends included.",
		Fields: inputFields{"from": in(required(s.date), ""), "to": in(required(s.date), "")},
	})
	m.addRounds()
	m.addRebuild()
	m.addRoster()
	m.addAccounts()
	m.addTeam()
	m.addScores()
	m.addDeductions()
	m.addHonors()
	m.addReview()
	m.addNotices()
	m.addAppeals()
	return m.fields
}

// mutations collects the fields of Mutation.
type mutations struct {
	*internalSchema
	receipt     *graphql.Object
	periodInput *graphql.InputObject
	fields      graphql.Fields
}

// inputName is the name of a command's input type: openRound has
// OpenRoundInput.
func inputName(mutation string) string {
	return string(mutation[0]-'a'+'A') + mutation[1:] + "Input"
}

// add makes the field of one command: read turns its input into what run
// takes. Its result may be null, so that a second command's failure does not
// hide the first one's receipt.
func add[C any](m *mutations, name, doc string, fields inputFields, read func(*input) C, run func(context.Context, command.Meta, C) (command.Receipt, error)) {
	fields["commandId"] = in(required(graphql.ID), "A UUID made by the client, version 7 for choice. Sent again, it returns the first result.")
	fields["expectedRevision"] = in(graphql.Int, "The stream's revision that the caller saw; refused as STALE_REVISION if it is not the newest.")
	fields["note"] = in(graphql.String, "For the trail; never public.")
	fields["clientTime"] = in(m.dateTime, "The client's clock.")
	inputType := graphql.NewInputObject(graphql.InputObjectConfig{Name: inputName(name), Description: "What " + name + " takes.", Fields: fields})
	m.fields[name] = root(m.receipt, doc, graphql.FieldConfigArgument{"input": arg(required(inputType), "")}, func(r *request, args *input) (any, error) {
		in := args.child("input")
		meta := readMeta(in)
		meta.Actor = r.viewer().Account
		c := read(in)
		if err := in.err(); err != nil {
			return nil, err
		}
		receipt, err := run(r.ctx, meta, c)
		if err != nil {
			if errors.Is(err, eventstore.ErrConflict) && meta.Expected == nil {
				err = fmt.Errorf("%w: %w", errLostRace, err)
			}
			return nil, err
		}
		r.reached = max(r.reached, receipt.Position)
		return &receipt, nil
	})
}

// readMeta reads what every command carries.
func readMeta(in *input) command.Meta {
	m := command.Meta{ID: in.text("commandId"), Note: in.text("note"), ClientTime: in.moment("clientTime")}
	if seen, given := optional[int](in, "expectedRevision"); given {
		if seen < 0 {
			in.fault("expectedRevision", fmt.Errorf("%d is not a revision: %w", seen, domain.ErrInvalid))
			return m
		}
		revision := uint64(seen)
		m.Expected = &revision
	}
	return m
}

// target names a subject's record in a round.
type target struct{ round, subject string }

func readTarget(in *input) target {
	return target{round: in.text("round"), subject: in.text("subject")}
}

// onSubject adds the fields that name a subject's record.
func onSubject(fields inputFields) inputFields {
	fields["round"] = in(required(graphql.ID), "")
	fields["subject"] = in(required(graphql.ID), "The code of a center or district.")
	return fields
}
