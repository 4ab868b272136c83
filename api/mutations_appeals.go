package api

import (
	"context"

	"github.com/graphql-go/graphql"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
)

// onAppeal is a command on an appeal: what it says, and what it shows.
type onAppeal struct {
	appeal, text string
	evidence     []string
}

// seat is a person's place on a panel, panel who hears an appeal.
type seat struct {
	appeal, account, reason string
	onRequest               bool
}

type panel struct {
	appeal   string
	accounts []string
}

// vote is what a member would restore, longer how many days a panel gets more.
type vote struct {
	appeal   string
	restored domain.Points
	reason   string
}

type longer struct {
	appeal, reason string
	days           int
}

func (m *mutations) addAppeals() {
	evidence := func() *graphql.InputObjectFieldConfig {
		return in(graphql.NewList(required(graphql.String)), "SHA-256 of each piece, uploaded before.")
	}
	add(m, "fileAppeal", "Appeals against one entry or one deduction, as it was notified; the receipt's stream is \"appeal-\" and the appeal's id.", onSubject(inputFields{
		"clause":    in(graphql.ID, "The clause of the entry; either this or a deduction."),
		"deduction": in(graphql.Int, "The number of the deduction."),
		"ground":    in(required(m.enums.ground), ""),
		"statement": in(required(graphql.String), ""),
		"evidence":  evidence(),
	}), func(in *input) command.Filing {
		at := readTarget(in)
		return command.Filing{
			Round: at.round, Subject: at.subject,
			Target: assessment.Target{Clause: in.text("clause"), Deduction: optionally(in, "deduction", 0)},
			Ground: mandatory[appeal.Ground](in, "ground"), Statement: in.text("statement"), Evidence: in.texts("evidence"),
		}
	}, m.commands.FileAppeal)

	addOn := func(name, doc, text, textDoc string, shows bool, run func(context.Context, command.Meta, onAppeal) (command.Receipt, error)) {
		fields := inputFields{"appeal": in(required(graphql.ID), "Its id."), text: in(required(graphql.String), textDoc)}
		if shows {
			fields["evidence"] = evidence()
		}
		add(m, name, doc, fields, func(in *input) onAppeal {
			read := onAppeal{appeal: in.text("appeal"), text: in.text(text)}
			if shows {
				read.evidence = in.texts("evidence")
			}
			return read
		}, run)
	}
	addOn("addToAppeal", "Puts more of what the appellant says and shows before the panel.", "statement", "", true,
		func(ctx context.Context, meta command.Meta, c onAppeal) (command.Receipt, error) {
			return m.commands.AddToAppeal(ctx, meta, c.appeal, c.text, c.evidence)
		})
	addOn("answerAppeal", "Puts what those who made the finding say and show before the panel.", "statement", "", true,
		func(ctx context.Context, meta command.Meta, c onAppeal) (command.Receipt, error) {
			return m.commands.AnswerAppeal(ctx, meta, c.appeal, c.text, c.evidence)
		})
	addOn("withdrawAppeal", "Takes an appeal back that is not decided.", "reason", "", false,
		func(ctx context.Context, meta command.Meta, c onAppeal) (command.Receipt, error) {
			return m.commands.WithdrawAppeal(ctx, meta, c.appeal, c.text)
		})
	addOn("escalateAppeal", "Takes the first panel's decision to a second one, once.", "statement", "", false,
		func(ctx context.Context, meta command.Meta, c onAppeal) (command.Receipt, error) {
			return m.commands.EscalateAppeal(ctx, meta, c.appeal, c.text)
		})
	addOn("recuseFromPanel", "Takes the viewer off an appeal's panel.", "reason", "", false,
		func(ctx context.Context, meta command.Meta, c onAppeal) (command.Receipt, error) {
			return m.commands.RecuseFromPanel(ctx, meta, c.appeal, c.text)
		})
	addOn("decideAppeal", "Puts the panel's decision on record, once all members have voted: the middle one of their votes.", "reasons", "Written for both parties and the public.", false,
		func(ctx context.Context, meta command.Meta, c onAppeal) (command.Receipt, error) {
			return m.commands.DecideAppeal(ctx, meta, c.appeal, c.text)
		})
	m.addPanels()
}

func (m *mutations) addPanels() {
	add(m, "namePanel", "Names the reviewers who hear an appeal, an odd number from 3 to 9; named again after a recusal, they hear it anew.", inputFields{
		"appeal":   in(required(graphql.ID), ""),
		"accounts": in(listOf(graphql.ID), "Reviewers who had no part in the record."),
	}, func(in *input) panel {
		return panel{appeal: in.text("appeal"), accounts: in.texts("accounts")}
	}, func(ctx context.Context, meta command.Meta, c panel) (command.Receipt, error) {
		return m.commands.NamePanel(ctx, meta, c.appeal, c.accounts)
	})
	add(m, "recuseReviewer", "Takes a member off an appeal's panel.", inputFields{
		"appeal":    in(required(graphql.ID), ""),
		"account":   in(required(graphql.ID), ""),
		"reason":    in(required(graphql.String), ""),
		"onRequest": in(graphql.Boolean, "A party asked for it."),
	}, func(in *input) seat {
		return seat{appeal: in.text("appeal"), account: in.text("account"), reason: in.text("reason"), onRequest: in.flag("onRequest")}
	}, func(ctx context.Context, meta command.Meta, c seat) (command.Receipt, error) {
		return m.commands.RecuseReviewer(ctx, meta, c.appeal, c.account, c.reason, c.onRequest)
	})
	add(m, "castVote", "A panel member's vote, with reasons.", inputFields{
		"appeal":   in(required(graphql.ID), ""),
		"restored": in(required(m.points), "How much of what was lost to restore: 0 dismisses, all of it upholds."),
		"reason":   in(required(graphql.String), ""),
	}, func(in *input) vote {
		return vote{appeal: in.text("appeal"), restored: in.points("restored"), reason: in.text("reason")}
	}, func(ctx context.Context, meta command.Meta, c vote) (command.Receipt, error) {
		return m.commands.CastVote(ctx, meta, c.appeal, c.restored, c.reason)
	})
	add(m, "extendAppeal", "Moves the last day for the decision.", inputFields{
		"appeal": in(required(graphql.ID), ""),
		"days":   in(required(graphql.Int), "Working days more, from the last day, or from today where that has passed."),
		"reason": in(required(graphql.String), ""),
	}, func(in *input) longer {
		return longer{appeal: in.text("appeal"), days: in.number("days"), reason: in.text("reason")}
	}, func(ctx context.Context, meta command.Meta, c longer) (command.Receipt, error) {
		return m.commands.ExtendAppeal(ctx, meta, c.appeal, c.days, c.reason)
	})
}
