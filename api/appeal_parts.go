package api

import (
	"github.com/graphql-go/graphql"

	"mingjian/domain/appeal"
	"mingjian/projections"
)

func (s *internalSchema) newSeat() *graphql.Object {
	return object("PanelMember", "A person's place on a panel.", graphql.Fields{
		"panel":     field(required(graphql.Int), "1, or 2 after an escalation.", func(m *seatNode) any { return m.Panel }),
		"pseudonym": field(required(graphql.String), "The person's name in the events of the record and of the appeal.", func(m *seatNode) any { return m.Pseudonym }),
		"account":   field(graphql.ID, "Null for those who may not know.", func(m *seatNode) any { return nullUnless(m.known, m.Account) }),
		"present":   field(required(graphql.Boolean), "False for who was recused, or made way when the panel was named anew.", func(m *seatNode) any { return m.Gone == 0 }),
		"recused":   field(required(graphql.Boolean), "", func(m *seatNode) any { return m.Recused }),
		"reason":    field(graphql.String, "Of the recusal.", func(m *seatNode) any { return orNull(m.Reason) }),
		"onRequest": field(required(graphql.Boolean), "A party asked for the recusal.", func(m *seatNode) any { return m.OnRequest }),
	})
}

func (s *internalSchema) newVote() *graphql.Object {
	return object("Vote", "A member's vote.", graphql.Fields{
		"panel":    field(required(graphql.Int), "", func(v *projections.VoteView) any { return v.Panel }),
		"outcome":  field(required(s.enums.ruling), "", func(v *projections.VoteView) any { return v.Outcome }),
		"restored": field(required(s.points), "Of what was lost, all in all.", func(v *projections.VoteView) any { return v.Restored }),
		"reason":   field(required(graphql.String), "", func(v *projections.VoteView) any { return v.Reason }),
		"by":       field(required(graphql.String), "A pseudonym.", func(v *projections.VoteView) any { return v.By }),
		"at":       field(required(s.dateTime), "", func(v *projections.VoteView) any { return v.At }),
	})
}

func (s *internalSchema) newStatement() *graphql.Object {
	return object("Statement", "What a party said and showed.", graphql.Fields{
		"party":     field(required(s.enums.party), "", func(v *projections.StatementView) any { return v.Party }),
		"statement": field(required(graphql.String), "", func(v *projections.StatementView) any { return v.Statement }),
		"evidence":  field(listOf(graphql.String), "SHA-256 of each piece.", func(v *projections.StatementView) any { return texts(v.Evidence) }),
		"by":        field(required(graphql.String), "A pseudonym.", func(v *projections.StatementView) any { return v.By }),
		"at":        field(required(s.dateTime), "", func(v *projections.StatementView) any { return v.At }),
	})
}

func (s *internalSchema) newDecision() *graphql.Object {
	corrected := object("Corrected", "What a decision makes of the entry or the deduction.", graphql.Fields{
		"outcome": field(s.enums.outcome, "Of an entry.", func(c *appeal.Corrected) any { return orNull(c.Outcome) }),
		"points":  field(required(s.points), "Of an entry, or of what is left of the deduction.", func(c *appeal.Corrected) any { return c.Points }),
		"item":    field(graphql.ID, "Of a deduction; null where nothing is left of it.", func(c *appeal.Corrected) any { return orNull(c.Item) }),
	})
	return object("Decision", "A panel's decision: the most that more than half of its members would restore.", graphql.Fields{
		"panel":    field(required(graphql.Int), "", func(d *projections.DecisionView) any { return d.Panel }),
		"outcome":  field(required(s.enums.ruling), "", func(d *projections.DecisionView) any { return d.Outcome }),
		"restored": field(required(s.points), "Of what was lost, all in all.", func(d *projections.DecisionView) any { return d.Restored }),
		"reasons":  field(required(graphql.String), "", func(d *projections.DecisionView) any { return d.Reasons }),
		"corrected": field(corrected, "Null where the decision changes nothing.", func(d *projections.DecisionView) any {
			return nullUnless(d.Corrected != nil, d.Corrected)
		}),
		"escalateBy": field(s.date, "The last day for asking a second panel; null where none can be asked.", func(d *projections.DecisionView) any { return orNull(d.EscalateBy) }),
		"by":         field(required(graphql.String), "A pseudonym.", func(d *projections.DecisionView) any { return d.By }),
		"at":         field(required(s.dateTime), "", func(d *projections.DecisionView) any { return d.At }),
		"seq":        field(required(graphql.Int), "", func(d *projections.DecisionView) any { return d.Seq }),
	})
}

func (s *internalSchema) newStep() *graphql.Object {
	return object("AppealStep", "An event that moved an appeal, and where it stood from then on.", graphql.Fields{
		"event":    field(required(graphql.String), "The stored name.", func(v *projections.StepView) any { return v.Event }),
		"text":     field(graphql.String, "The escalation's statement, or the reason of an extension or a withdrawal.", func(v *projections.StepView) any { return orNull(v.Text) }),
		"status":   field(required(s.enums.appealStatus), "", func(v *projections.StepView) any { return v.Status }),
		"panel":    field(required(graphql.Int), "", func(v *projections.StepView) any { return v.Panel }),
		"decideBy": field(required(s.date), "", func(v *projections.StepView) any { return v.DecideBy }),
		"by":       field(required(graphql.String), "A pseudonym.", func(v *projections.StepView) any { return v.By }),
		"at":       field(required(s.dateTime), "", func(v *projections.StepView) any { return v.At }),
		"seq":      field(required(graphql.Int), "", func(v *projections.StepView) any { return v.Seq }),
	})
}
