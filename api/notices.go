package api

import (
	"errors"

	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/projections"
)

func (s *internalSchema) newNotice() *graphql.Object {
	return object("Notice", "A result as the subject was told it.", graphql.Fields{
		"number":   field(required(graphql.Int), "", func(n *projections.NoticeView) any { return n.Notice }),
		"appealBy": field(required(s.date), "The last day for appeals.", func(n *projections.NoticeView) any { return n.AppealBy }),
		"days":     field(required(graphql.Int), "Working days from the notice to that day.", func(n *projections.NoticeView) any { return n.Days }),
		"calendar": field(required(graphql.String), "The hash of the calendar that they were counted by.", func(n *projections.NoticeView) any { return n.Calendar }),
		"by":       field(required(graphql.String), "A pseudonym, stable within the subject.", func(n *projections.NoticeView) any { return n.By }),
		"at":       field(required(s.dateTime), "", func(n *projections.NoticeView) any { return n.At }),
		"seq":      field(required(graphql.Int), "", func(n *projections.NoticeView) any { return n.Seq }),
	})
}

// replyNode is a center's reply, of a record.
type replyNode struct {
	*projections.ReplyView
	of *projections.AssessmentView
}

func repliesOf(a *assessmentNode) []*replyNode {
	out := make([]*replyNode, len(a.Replies))
	for i := range a.Replies {
		out[i] = &replyNode{&a.Replies[i], a.AssessmentView}
	}
	return out
}

func (s *internalSchema) newReply() *graphql.Object {
	redaction := object("Redaction", "What the public reads of a reply instead of its text.", graphql.Fields{
		"text":   field(graphql.String, "Null where all of it was kept from the public.", func(v *projections.RedactionView) any { return orNull(v.Text) }),
		"reason": field(required(graphql.String), "", func(v *projections.RedactionView) any { return v.Reason }),
		"by":     field(required(graphql.String), "A pseudonym.", func(v *projections.RedactionView) any { return v.By }),
		"at":     field(required(s.dateTime), "", func(v *projections.RedactionView) any { return v.At }),
	})
	return object("Reply", "A center's public reply to its result.", graphql.Fields{
		"number":   field(required(graphql.Int), "", func(v *replyNode) any { return v.Reply }),
		"text":     field(graphql.String, "What the public reads; null where all of it was kept from the public.", func(v *replyNode) any { return orNull(v.Public()) }),
		"digest":   field(required(graphql.String), "Commits to the text as it was filed.", func(v *replyNode) any { return v.Digest }),
		"redacted": field(redaction, "The newest redaction.", func(v *replyNode) any { return nullUnless(v.Redacted != nil, v.Redacted) }),
		"original": looked(graphql.String, "The text as it was filed; null for those who may not read it.", originalOf),
		"by":       field(required(graphql.String), "A pseudonym.", func(v *replyNode) any { return v.By }),
		"at":       field(required(s.dateTime), "", func(v *replyNode) any { return v.At }),
	})
}

// originalOf is the whole text of a reply, for those who may read it.
func originalOf(r *request, v *replyNode) (any, error) {
	err := r.mayRead(rights.ReadReply, v.of)
	if errors.Is(err, domain.ErrForbidden) {
		return nil, nil
	}
	return v.Text, err
}

// newCorrection is what an appeal's decision made of a deduction.
func (s *internalSchema) newCorrection() *graphql.Object {
	type correction = *assessment.DeductionCorrected
	return object("DeductionCorrection", "What an appeal's decision made of a deduction.", graphql.Fields{
		"item":   field(graphql.ID, "The item that is left; null where nothing is.", func(c correction) any { return orNull(c.Item) }),
		"appeal": field(required(graphql.ID), "", func(c correction) any { return c.Appeal }),
		"panel":  field(required(graphql.Int), "", func(c correction) any { return c.Panel }),
		"why":    field(required(graphql.String), "The panel's reasons.", func(c correction) any { return c.Why }),
		"at":     field(required(s.dateTime), "", func(c correction) any { return c.At }),
	})
}
