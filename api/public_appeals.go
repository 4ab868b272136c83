package api

import (
	"slices"

	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/projections"
)

// appealResult is an appeal as everybody may know it: what it is against, its
// ground, and what was decided with which reasons. What the parties said and
// showed, who hears it and how they voted is not public.
type appealResult struct {
	*projections.AppealView
	awaits bool // the correction that follows from its decision is not on record yet
}

// appealsAgainst lists the appeals against a subject's record as of a release.
// In the record that shows it, the subject's own or that of a center for which
// the district's counts, it marks as pending what a panel has decided about but
// was not corrected yet: there, too, stands what was notified.
func appealsAgainst(r *request, release *releaseNode, shown *projections.AssessmentView, subject string) ([]*appealResult, error) {
	view, err := r.view()
	if err != nil {
		return nil, err
	}
	out := []*appealResult{}
	if !appealed(shown) { // as most are not: a look at the record is cheaper than at the appeals
		return out, nil
	}
	q := projections.AppealQuery{Round: release.Round, Subject: subject, AsOf: release.LogSize}
	for {
		page, err := view.Appeals(q)
		if err != nil {
			return nil, err
		}
		for _, a := range refs(page.Items) {
			one := &appealResult{a, awaitsCorrection(shown, a)}
			if one.awaits {
				markPending(shown, a.Target)
			}
			out = append(out, one)
		}
		if !page.HasNext {
			return out, nil
		}
		q.After = page.Cursors[len(page.Cursors)-1]
	}
}

// appealed reports whether there was ever an appeal against what a record shows.
func appealed(shown *projections.AssessmentView) bool {
	for _, entry := range shown.Entries {
		if entry.Against != "" {
			return true
		}
	}
	return slices.ContainsFunc(shown.Deductions, func(d projections.DeductionView) bool { return d.Against != "" })
}

// awaitsCorrection reports whether a decision moved points that the record does
// not show as moved. Each correction makes the next version of an entry, which
// nobody else can while the appeal is open.
func awaitsCorrection(shown *projections.AssessmentView, a *projections.AppealView) bool {
	decided, last := 0, 0
	for _, d := range a.Decisions {
		if d.Corrected != nil {
			decided, last = decided+1, d.Panel
		}
	}
	switch {
	case decided == 0:
		return false
	case a.Clause != "":
		entry, ok := shown.Entries[a.Clause]
		return ok && entry.Version < a.Version+decided
	case shown.Subject != a.Subject: // a center's record shows no deduction of another's
		return false
	}
	d := shown.Deductions[a.Deduction-1]
	return !d.Lifted && (d.Corrected == nil || d.Corrected.Panel < last)
}

func markPending(shown *projections.AssessmentView, t assessment.Target) {
	if t.Clause == "" {
		shown.Deductions[t.Deduction-1].Pending = true
		return
	}
	entry := shown.Entries[t.Clause]
	entry.Pending = true
	shown.Entries[t.Clause] = entry
}

// newest is the decision that holds; nil while there is none.
func (a *appealResult) newest() *projections.DecisionView {
	if len(a.Decisions) == 0 {
		return nil
	}
	return &a.Decisions[len(a.Decisions)-1]
}

// status does not tell whether a panel was named yet.
func (a *appealResult) status() string {
	if a.Open() {
		return "open"
	}
	return string(a.Status)
}

func (s *publicSchema) newAppealResult() *graphql.Object {
	decision := object("AppealDecision", "A panel's decision.", graphql.Fields{
		"panel":     field(required(graphql.Int), "1, or 2 after an escalation.", func(d *projections.DecisionView) any { return d.Panel }),
		"outcome":   field(required(graphql.String), "upheld, partlyUpheld or dismissed.", func(d *projections.DecisionView) any { return string(d.Outcome) }),
		"restored":  field(required(s.points), "In all, of what was lost.", func(d *projections.DecisionView) any { return d.Restored }),
		"reasons":   field(required(graphql.String), "", func(d *projections.DecisionView) any { return d.Reasons }),
		"decidedOn": field(required(s.date), "", func(d *projections.DecisionView) any { return domain.DayOf(d.At) }),
	})
	ifDecided := func(read func(*projections.DecisionView) any) func(*appealResult) any {
		return func(a *appealResult) any {
			if d := a.newest(); d != nil {
				return read(d)
			}
			return nil
		}
	}
	return object("AppealResult", "An appeal as it stood when the release was made. Statements, evidence, panel and votes are not public.", graphql.Fields{
		"id":        field(required(graphql.ID), "", func(a *appealResult) any { return a.Appeal }),
		"clause":    field(graphql.ID, "The clause that it is about; null for a deduction.", func(a *appealResult) any { return orNull(a.Clause) }),
		"deduction": field(graphql.Int, "The number of the deduction that it is about.", func(a *appealResult) any { return orNull(a.Deduction) }),
		"item":      field(graphql.ID, "The item of the deduction.", func(a *appealResult) any { return orNull(a.Item) }),
		"lost":      field(required(s.points), "The points at stake.", func(a *appealResult) any { return a.Lost }),
		"ground":    field(required(graphql.String), "fact, evidence, procedure or interpretation.", func(a *appealResult) any { return string(a.Ground) }),
		"filedOn":   field(required(s.date), "", func(a *appealResult) any { return domain.DayOf(a.At) }),
		"status":    field(required(graphql.String), "open, decided or withdrawn.", func(a *appealResult) any { return a.status() }),
		"decideBy":  field(s.date, "The last day for the decision that is due; null where none is.", func(a *appealResult) any { return nullUnless(a.Open(), a.DecideOn) }),
		"expired":   field(required(graphql.Boolean), "No decision came by a day on which it was due.", func(a *appealResult) any { return a.Expired != "" }),
		"escalated": field(required(graphql.Boolean), "Taken to a second panel.", func(a *appealResult) any { return a.Panel == 2 }),
		"outcome":   field(graphql.String, "Of the newest decision.", ifDecided(func(d *projections.DecisionView) any { return string(d.Outcome) })),
		"restored":  field(s.points, "", ifDecided(func(d *projections.DecisionView) any { return d.Restored })),
		"reasons":   field(graphql.String, "", ifDecided(func(d *projections.DecisionView) any { return d.Reasons })),
		"decidedOn": field(s.date, "", ifDecided(func(d *projections.DecisionView) any { return domain.DayOf(d.At) })),
		"decisions": field(listOf(decision), "One of each panel that decided.", func(a *appealResult) any { return refs(a.Decisions) }),
		"pending":   field(required(graphql.Boolean), "What it is against still stands as it was notified: no decision, or its correction was not on record yet.", func(a *appealResult) any { return a.Open() || a.awaits }),
	})
}

// replyOf is a center's newest reply as the public reads it. What was kept from
// the public before the release was published is not in it; asked from outside,
// neither is what was kept from the public since.
func replyOf(r *request, c *centerResult) (any, error) {
	record, err := c.record(r)
	if record == nil || err != nil || len(record.Replies) == 0 {
		return nil, err
	}
	view, err := r.view()
	if err != nil {
		return nil, err
	}
	asOf := projections.Latest
	if r.ours { // what was published is made again
		if asOf, err = view.SeqOf(c.release.Position); err != nil {
			return nil, err
		}
	}
	then, err := view.Assessment(c.release.Round, c.Center.Code, asOf)
	if err != nil {
		return nil, err
	}
	reply := record.Replies[len(record.Replies)-1]
	reply.Redacted = then.Replies[reply.Reply-1].Redacted
	return &reply, nil
}

func (s *publicSchema) newReplyResult() *graphql.Object {
	ifRedacted := func(read func(*projections.RedactionView) any) func(*projections.ReplyView) any {
		return func(v *projections.ReplyView) any {
			if v.Redacted == nil {
				return nil
			}
			return read(v.Redacted)
		}
	}
	return object("ReplyResult", "The newest that a center said to its result. Nobody has verified it.", graphql.Fields{
		"number":     field(required(graphql.Int), "", func(v *projections.ReplyView) any { return v.Reply }),
		"text":       field(graphql.String, "What the public may read; null where all of it is kept from the public.", func(v *projections.ReplyView) any { return orNull(v.Public()) }),
		"filedOn":    field(required(s.date), "", func(v *projections.ReplyView) any { return domain.DayOf(v.At) }),
		"redacted":   field(required(graphql.Boolean), "Passages are kept from the public.", func(v *projections.ReplyView) any { return v.Redacted != nil }),
		"reason":     field(graphql.String, "Why.", ifRedacted(func(d *projections.RedactionView) any { return d.Reason })),
		"redactedOn": field(s.date, "", ifRedacted(func(d *projections.RedactionView) any { return domain.DayOf(d.At) })),
	})
}
