package api

import (
	"context"

	"github.com/graphql-go/graphql"

	"mingjian/api/command"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// pinned is a calendar that a round counts by.
type pinned struct{ round, calendar, reason string }

// because is a command on something named, with a reason.
type because struct{ on, reason string }

func (m *mutations) addRounds() {
	add(m, "openRound", "Opens a round on a standard.", inputFields{
		"round":            in(required(graphql.ID), "Lower-case letters, digits and single hyphens."),
		"name":             in(required(graphql.String), ""),
		"standard":         in(required(graphql.ID), "Such as \"2022\"."),
		"guide":            in(graphql.ID, "A scoring guide with caps per clause; no part of the standard."),
		"assessmentPeriod": in(required(m.periodInput), ""),
		"honorPeriod":      in(required(m.periodInput), "When honors must have been awarded to count."),
		"calendar":         in(graphql.ID, "The calendar that working days are counted by; \"cn\" if left out."),
		"appealDays":       in(graphql.Int, "Working days for an appeal after the notice; 5 if left out."),
		"decisionDays":     in(graphql.Int, "Working days for the decision after the filing; 10 if left out."),
		"notice":           in(graphql.Boolean, "A public-notice stage: the first release is provisional."),
		"demo":             in(graphql.Boolean, "Simulated data, marked on every page."),
	}, func(in *input) command.OpenRound {
		return command.OpenRound{
			Round: in.text("round"), Name: in.text("name"), Standard: in.text("standard"), Guide: in.text("guide"),
			Assessment: in.period("assessmentPeriod"), Honors: in.period("honorPeriod"),
			Calendar: optionally(in, "calendar", "cn"), AppealDays: optionally(in, "appealDays", 5), DecisionDays: optionally(in, "decisionDays", 10),
			Notice: in.flag("notice"), Demo: in.flag("demo"),
		}
	}, m.commands.OpenRound)

	onRound := func(reason string) inputFields {
		return inputFields{"round": in(required(graphql.ID), ""), "reason": in(graphql.String, reason)}
	}
	read := func(in *input) because { return because{on: in.text("round"), reason: in.text("reason")} }
	add(m, "closeRound", "Ends a round: nothing in it changes any more.", onRound("Mandatory."), read,
		func(ctx context.Context, meta command.Meta, c because) (command.Receipt, error) {
			return m.commands.CloseRound(ctx, meta, c.on, c.reason)
		})
	add(m, "pinCalendar", "Makes the newest version of a calendar the round's; deadlines that were set stay.", inputFields{
		"round":    in(required(graphql.ID), ""),
		"calendar": in(required(graphql.ID), "Such as \"cn\"."),
		"reason":   in(required(graphql.String), ""),
	}, func(in *input) pinned {
		return pinned{round: in.text("round"), calendar: in.text("calendar"), reason: in.text("reason")}
	}, func(ctx context.Context, meta command.Meta, c pinned) (command.Receipt, error) {
		return m.commands.PinCalendar(ctx, meta, c.round, c.calendar, c.reason)
	})
	add(m, "deliberate", "Records the joint decision that all that is approved now is fit to be published, by another person.", inputFields{
		"round":   in(required(graphql.ID), ""),
		"minutes": in(required(graphql.String), "What was discussed and decided."),
	}, func(in *input) because {
		return because{on: in.text("round"), reason: in.text("minutes")}
	}, func(ctx context.Context, meta command.Meta, c because) (command.Receipt, error) {
		return m.commands.Deliberate(ctx, meta, c.on, c.reason)
	})
	add(m, "publish", "Makes the next release of what was deliberated by somebody else.", onRound("Mandatory but for the first release."), read,
		func(ctx context.Context, meta command.Meta, c because) (command.Receipt, error) {
			return m.commands.Publish(ctx, meta, c.on, c.reason)
		})
}

// addRebuild adds what is no command: it records nothing.
func (m *mutations) addRebuild() {
	rebuilt := object("Rebuilt", "How a rebuilt read model compares with the one that it replaced.", graphql.Fields{
		"position":  field(required(m.position), "", func(r *projections.Rebuilt) any { return r.Head.Position }),
		"events":    field(required(graphql.Int), "Application events folded.", func(r *projections.Rebuilt) any { return r.Head.Seq }),
		"before":    field(required(graphql.String), "SHA-256 of every row of the old read model, in key order.", func(r *projections.Rebuilt) any { return r.Before }),
		"after":     field(required(graphql.String), "The same of the new one.", func(r *projections.Rebuilt) any { return r.After }),
		"identical": field(required(graphql.Boolean), "", func(r *projections.Rebuilt) any { return r.Identical() }),
	})
	m.fields["rebuildReadModel"] = root(rebuilt, "Folds the whole log into a new read model while the old one serves, compares them, and swaps.",
		graphql.FieldConfigArgument{}, func(r *request, _ *input) (any, error) {
			if err := rights.Allow(r.viewer(), "rebuildReadModel", ""); err != nil {
				return nil, err
			}
			// A long log outlasts a request; the rebuild goes on all the same.
			result, err := m.model.Rebuild(context.WithoutCancel(r.ctx), nil)
			if err != nil {
				return nil, err
			}
			return &result, nil
		})
}

// place is a district, or a center in one.
type place struct {
	code, district, name string
	demo                 bool
}

func (m *mutations) addRoster() {
	add(m, "registerDistrict", "Adds a district.", inputFields{
		"code": in(required(graphql.ID), "Six digits."),
		"name": in(required(graphql.String), ""),
	}, func(in *input) place {
		return place{code: in.text("code"), name: in.text("name")}
	}, func(ctx context.Context, meta command.Meta, c place) (command.Receipt, error) {
		return m.commands.RegisterDistrict(ctx, meta, c.code, c.name)
	})
	add(m, "registerCenter", "Adds a center to a district.", inputFields{
		"code":     in(required(graphql.ID), "Nine digits."),
		"district": in(required(graphql.ID), ""),
		"area":     in(required(graphql.String), "The subdistrict or town that it serves; its name follows from that."),
		"demo":     in(graphql.Boolean, ""),
	}, func(in *input) place {
		return place{code: in.text("code"), district: in.text("district"), name: in.text("area"), demo: in.flag("demo")}
	}, func(ctx context.Context, meta command.Meta, c place) (command.Receipt, error) {
		return m.commands.RegisterCenter(ctx, meta, c.code, c.district, c.name, c.demo)
	})
}
