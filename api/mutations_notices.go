package api

import (
	"context"

	"github.com/graphql-go/graphql"

	"mingjian/api/command"
)

// said is a reply, or what is shown of one.
type said struct {
	target
	number       int
	text, reason string
}

func (m *mutations) addNotices() {
	add(m, "notifyResult", "Tells a subject its approved result; from then on it can be appealed against.", onSubject(inputFields{}), readTarget,
		func(ctx context.Context, meta command.Meta, c target) (command.Receipt, error) {
			return m.commands.NotifyResult(ctx, meta, c.round, c.subject)
		})
	m.addBulkNotice()
	add(m, "fileReply", "A center's public reply to its result, in its own words.", onSubject(inputFields{
		"text": in(required(graphql.String), ""),
	}), func(in *input) said {
		return said{target: readTarget(in), text: in.text("text")}
	}, func(ctx context.Context, meta command.Meta, c said) (command.Receipt, error) {
		return m.commands.FileReply(ctx, meta, c.round, c.subject, c.text)
	})
	add(m, "redactReply", "Keeps passages of a reply from the public; what was filed stays in the trail.", onSubject(inputFields{
		"number": in(required(graphql.Int), ""),
		"text":   in(graphql.String, "What the public reads instead; nothing of it if left out."),
		"reason": in(required(graphql.String), ""),
	}), func(in *input) said {
		return said{target: readTarget(in), number: in.number("number"), text: in.text("text"), reason: in.text("reason")}
	}, func(ctx context.Context, meta command.Meta, c said) (command.Receipt, error) {
		return m.commands.RedactReply(ctx, meta, c.round, c.subject, c.number, c.text, c.reason)
	})
}

// addBulkNotice adds notices to many subjects, whose answer says what came of
// each.
func (m *mutations) addBulkNotice() {
	notified := object("Notified", "What came of notifying many subjects.", graphql.Fields{
		"receipt": field(m.receipt, "Of the newest notice; null where nobody was notified.", func(n *command.Notified) any {
			if len(n.Notified) == 0 {
				return nil
			}
			return &n.Last
		}),
		"notified": field(listOf(graphql.ID), "Who was notified.", func(n *command.Notified) any { return texts(n.Notified) }),
		"known":    field(listOf(graphql.ID), "Who was notified of the present result before.", func(n *command.Notified) any { return texts(n.Known) }),
		"waiting":  field(listOf(graphql.ID), "Whose record is not approved, or is not the viewer's to judge.", func(n *command.Notified) any { return texts(n.Waiting) }),
	})
	notify := graphql.NewInputObject(graphql.InputObjectConfig{
		Name: "NotifyResultsInput", Description: "What notifyResults takes.",
		Fields: inputFields{
			"commandId":  in(required(graphql.ID), "A UUID made by the client; sent again, it finishes what was cut short."),
			"note":       in(graphql.String, "For the trail; never public."),
			"clientTime": in(m.dateTime, "The client's clock."),
			"round":      in(required(graphql.ID), ""),
			"district":   in(graphql.ID, "Only this district and its centers."),
		},
	})
	m.fields["notifyResults"] = root(notified, "Tells their approved results to all subjects of a round, or of a district.",
		graphql.FieldConfigArgument{"input": arg(required(notify), "")}, func(r *request, args *input) (any, error) {
			in := args.child("input")
			meta := command.Meta{ID: in.text("commandId"), Note: in.text("note"), ClientTime: in.moment("clientTime"), Actor: r.viewer().Account}
			round, district := in.text("round"), in.text("district")
			if err := in.err(); err != nil {
				return nil, err
			}
			out, err := m.commands.NotifyResults(r.ctx, meta, round, district)
			if err != nil {
				return nil, err
			}
			r.reached = max(r.reached, out.Last.Position)
			return &out, nil
		})
}
