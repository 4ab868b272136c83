package testrig

import (
	"context"
	"fmt"
	"slices"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
)

// Cast is who does what in an evaluation, by account, for tests of what follows
// a result. It acts through the commands, with whatever accounts they know.
type Cast struct {
	Organizer, Deliberator, Assessor, Reviewer string
	Panel                                      []string
	// Center is the account of a center.
	Center func(subject string) string
}

// Names are the accounts that People knows.
func Names() Cast {
	return Cast{
		Organizer: "organizer", Deliberator: "organizer-2", Assessor: "assessor", Reviewer: "reviewer",
		Panel: []string{"reviewer-3", "reviewer-4", "reviewer-5"}, Center: func(s string) string { return "center-" + s },
	}
}

// Findings is one for each clause of a center: half a point is lost on each of
// the clauses, and nothing else.
func (who Cast) Findings(std *domain.Standard, lost ...string) (scores []assessment.Score) {
	for _, clause := range std.Clauses() {
		indicator := clause.Indicator()
		if indicator.Subject != domain.Center || indicator.Honors {
			continue
		}
		f := assessment.Finding{Outcome: domain.Met, Method: assessment.SiteVisit, ObservedAt: Day}
		switch {
		case indicator.Basis == domain.Award:
			f.Outcome = domain.Awarded
		case slices.Contains(lost, clause.Code):
			f.Outcome, f.Points, f.Reason = domain.Lost, 50, "现场发现不符合"
		}
		Count(clause, &f)
		scores = append(scores, assessment.Score{Clause: clause.Code, Finding: f})
	}
	return scores
}

// Assess takes a center's record with such findings from its opening to its
// notice.
func (who Cast) Assess(ctx context.Context, c *command.Commands, std *domain.Standard, round, subject string, lost ...string) error {
	scores := who.Findings(std, lost...)
	return inTurn(
		func() (command.Receipt, error) { return c.OpenAssessment(ctx, Meta(who.Organizer), round, subject) },
		func() (command.Receipt, error) {
			return c.AssignAssessor(ctx, Meta(who.Organizer), round, subject, who.Assessor, true)
		},
		func() (command.Receipt, error) {
			return c.RecordScores(ctx, Meta(who.Assessor), round, subject, scores)
		},
		func() (command.Receipt, error) { return c.Submit(ctx, Meta(who.Assessor), round, subject) },
		func() (command.Receipt, error) { return c.Approve(ctx, Meta(who.Reviewer), round, subject) },
		func() (command.Receipt, error) { return c.NotifyResult(ctx, Meta(who.Organizer), round, subject) },
	)
}

// File files the first appeal against a clause, and gives its id.
func (who Cast) File(ctx context.Context, c *command.Commands, round, subject, clause string) (id string, err error) {
	target := assessment.Target{Clause: clause}
	_, err = c.FileAppeal(ctx, Meta(who.Center(subject)), command.Filing{
		Round: round, Subject: subject, Target: target, Ground: appeal.Fact, Statement: "与事实不符",
	})
	return appeal.ID(round, subject, target, 1), err
}

// Hear takes an appeal from its filing to a decision that restores so much.
func (who Cast) Hear(ctx context.Context, c *command.Commands, id string, restored domain.Points) error {
	steps := []func() (command.Receipt, error){
		func() (command.Receipt, error) { return c.NamePanel(ctx, Meta(who.Organizer), id, who.Panel) },
	}
	for _, member := range who.Panel {
		steps = append(steps, func() (command.Receipt, error) { return c.CastVote(ctx, Meta(member), id, restored, "证据充分") })
	}
	return inTurn(append(steps, func() (command.Receipt, error) { return c.DecideAppeal(ctx, Meta(who.Panel[0]), id, "合议认为") })...)
}

func inTurn(steps ...func() (command.Receipt, error)) error {
	for i, step := range steps {
		if _, err := step(); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}
