package api

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// assessmentNode is one subject's record as of a moment.
type assessmentNode struct {
	*projections.AssessmentView
	*sheet
}

// addAssessment adds one subject's record with clause detail and history.
func (s *internalSchema) addAssessment(query graphql.Fields) {
	s.honor = s.newHonor()
	clause := s.newClauseScore()
	indicator := object("IndicatorScore", "", graphql.Fields{
		"code":    field(required(graphql.ID), "", func(i *indicatorNode) any { return i.Indicator.Code }),
		"name":    field(required(graphql.String), "", func(i *indicatorNode) any { return i.Indicator.Name }),
		"points":  field(required(s.points), "", func(i *indicatorNode) any { return i.Indicator.Points }),
		"score":   field(required(s.points), "", func(i *indicatorNode) any { return i.Score }),
		"decided": field(required(graphql.Boolean), "", func(i *indicatorNode) any { return i.Decided }),
		"clauses": field(listOf(clause), "", func(i *indicatorNode) any { return i.clauses }),
	})
	section := object("SectionScore", "", graphql.Fields{
		"code":       field(required(graphql.ID), "", func(n *sectionNode) any { return n.Section.Code }),
		"name":       field(required(graphql.String), "", func(n *sectionNode) any { return n.Section.Name }),
		"points":     field(required(s.points), "", func(n *sectionNode) any { return n.Section.Points }),
		"score":      field(required(s.points), "", func(n *sectionNode) any { return n.Score }),
		"decided":    field(required(graphql.Boolean), "", func(n *sectionNode) any { return n.Decided }),
		"indicators": field(listOf(indicator), "", func(n *sectionNode) any { return n.indicators }),
	})
	record := object("Assessment", "One subject's record in a round.", graphql.Fields{
		"round":        field(required(graphql.ID), "", func(a *assessmentNode) any { return a.Round }),
		"subject":      field(required(graphql.ID), "The code of the center or district.", func(a *assessmentNode) any { return a.Subject }),
		"kind":         field(required(s.enums.kind), "", func(a *assessmentNode) any { return a.Kind }),
		"district":     field(required(graphql.ID), "", func(a *assessmentNode) any { return a.District }),
		"status":       field(required(s.enums.status), "", func(a *assessmentNode) any { return a.Status }),
		"revision":     field(required(graphql.Int), "Of the newest event; pass it as expectedRevision.", func(a *assessmentNode) any { return a.Revision }),
		"openedAt":     field(required(s.dateTime), "", func(a *assessmentNode) any { return a.OpenedAt }),
		"complete":     field(required(graphql.Boolean), "", func(a *assessmentNode) any { return a.Score.Complete }),
		"decided":      field(required(graphql.Int), "Clauses with a finding.", func(a *assessmentNode) any { return a.Score.Decided }),
		"total":        field(required(s.points), "", func(a *assessmentNode) any { return a.Score.Total }),
		"gross":        field(required(s.points), "", func(a *assessmentNode) any { return a.Score.Gross }),
		"deduction":    field(required(s.points), "The largest item imposed.", func(a *assessmentNode) any { return a.Score.Deduction }),
		"sections":     field(listOf(section), "", func(a *assessmentNode) any { return a.sections }),
		"clauses":      field(listOf(clause), "All clauses in printed order.", func(a *assessmentNode) any { return a.clauses }),
		"clause":       s.clauseByCode(clause),
		"deductions":   field(listOf(s.newDeduction()), "", func(a *assessmentNode) any { return refs(a.Deductions) }),
		"honors":       field(listOf(s.honor), "", func(a *assessmentNode) any { return refs(a.Honors) }),
		"observations": field(listOf(s.newObservation()), "What was seen and recommended; it moves no point.", func(a *assessmentNode) any { return refs(a.Observations) }),
		"returns":      field(listOf(s.newReturn()), "Returns to the assessors, oldest first.", func(a *assessmentNode) any { return refs(a.Returns) }),
		"missing":      field(listOf(graphql.ID), "Clauses of this subject that have no finding yet; submitting needs none.", func(a *assessmentNode) any { return texts(a.missing()) }),
		"notices":      field(listOf(s.newNotice()), "When the subject was told its result, oldest first.", func(a *assessmentNode) any { return refs(a.Notices) }),
		"replies":      field(listOf(s.newReply()), "The center's public replies, oldest first.", func(a *assessmentNode) any { return repliesOf(a) }),
		"team":         looked(graphql.NewList(required(s.newMember())), "Who is assigned or recused; null for those who may not know.", teamOf),
	})
	query["assessment"] = root(record, "One subject's record; null where none was opened.", s.waiting(s.ofMoment(graphql.FieldConfigArgument{
		"round":      arg(required(graphql.ID), ""),
		"subject":    arg(required(graphql.ID), "The code of a center or district."),
		"observedBy": arg(s.dateTime, "By what had been seen at a time, whenever it was recorded: each clause shows the newest version of its entry that was seen by then."),
	})), func(r *request, in *input) (any, error) {
		round, subject := in.text("round"), in.text("subject")
		asOf, err := r.asOf(in)
		observedBy := in.moment("observedBy")
		if err = cmp.Or(err, in.err()); err != nil {
			return nil, err
		}
		a, asOf, err := r.shown(round, subject, asOf)
		if a == nil || err != nil {
			return nil, err
		}
		if !observedBy.IsZero() {
			if a, err = r.observed(a, asOf, observedBy); err != nil {
				return nil, err
			}
		}
		return &assessmentNode{AssessmentView: a, sheet: newSheet(a, asOf).seenBy(observedBy)}, nil
	})
}

func (s *internalSchema) clauseByCode(clause *graphql.Object) *graphql.Field {
	args := graphql.FieldConfigArgument{"code": arg(required(graphql.ID), "")}
	return lookedBy(clause, "One clause.", args, func(_ *request, a *assessmentNode, in *input) (any, error) {
		code := in.text("code")
		for _, c := range a.clauses {
			if c.Clause.Code == code {
				return c, nil
			}
		}
		return nil, fmt.Errorf("%.40q: %w", code, domain.ErrUnknownClause)
	})
}

func (s *internalSchema) newClauseScore() *graphql.Object {
	entry := s.newEntry()
	return object("ClauseScore", "One clause's part in a score.", graphql.Fields{
		"code":    field(required(graphql.ID), "", func(c *clauseNode) any { return c.Clause.Code }),
		"clause":  field(required(s.clause), "As printed.", func(c *clauseNode) any { return c.Clause }),
		"decided": field(required(graphql.Boolean), "", func(c *clauseNode) any { return c.Decided }),
		"outcome": field(s.enums.outcome, "Null while not assessed.", func(c *clauseNode) any { return c.decidedOr(c.Outcome) }),
		"points":  field(s.points, "Lost or awarded.", func(c *clauseNode) any { return c.decidedOr(c.Points) }),
		"entry":   field(entry, "The entry that stands; of the district where the clause judges it.", func(c *clauseNode) any { return c.entry }),
		"history": looked(listOf(entry), "All versions up to the moment shown, oldest first.", historyOf),
	})
}

// settled takes the district's finding off a center's record while it is not
// signed off, for those who may not look into the district's record.
func (r *request) settled(a *projections.AssessmentView, asOf int64) (*projections.AssessmentView, error) {
	if a.Kind != domain.Center {
		return a, nil
	}
	err := r.mayRead(rights.ReadAssessment, nothing(a.Round, a.District))
	if !errors.Is(err, domain.ErrForbidden) {
		return a, err
	}
	view, err := r.view()
	if err != nil {
		return nil, err
	}
	return found(view.SettledAssessment(a.Round, a.Subject, asOf))
}

// observed is a record that the viewer sees, by what had been seen at a time.
func (r *request) observed(a *projections.AssessmentView, asOf int64, by time.Time) (*projections.AssessmentView, error) {
	view, err := r.view()
	if err != nil {
		return nil, err
	}
	look := view.AssessmentObserved
	if err := r.mayRead(rights.ReadAssessment, nothing(a.Round, a.District)); errors.Is(err, domain.ErrForbidden) {
		look = view.SettledObserved
	} else if err != nil {
		return nil, err
	}
	return found(look(a.Round, a.Subject, asOf, by))
}

// historyOf reads a clause's versions, of the district where the clause judges
// it. Where no entry is shown there is no history either.
func historyOf(r *request, c *clauseNode) (any, error) {
	if c.entry == nil {
		return refs([]projections.EntryView(nil)), nil
	}
	view, err := r.view()
	if err != nil {
		return nil, err
	}
	subject := c.of.Subject
	if c.Clause.Indicator().Subject == domain.District {
		subject = c.of.District
	}
	all, err := view.EntryHistory(c.of.Round, subject, c.Clause.Code)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(e projections.EntryView) bool {
		return e.Seq > c.asOf || !c.observedBy.IsZero() && e.ObservedAt.After(c.observedBy)
	})
	all[len(all)-1].Replaced = 0 // the entry that stands, whatever came after
	return refs(all), nil
}

func (s *internalSchema) newEntry() *graphql.Object {
	count := object("Count", "One number that was counted.", graphql.Fields{
		"input": field(required(graphql.ID), "", func(c *counted) any { return c.input }),
		"value": field(required(graphql.Int), "", func(c *counted) any { return c.value }),
	})
	return object("Entry", "One version of a score entry.", graphql.Fields{
		"version":    field(required(graphql.Int), "", func(e *projections.EntryView) any { return e.Version }),
		"outcome":    field(required(s.enums.outcome), "", func(e *projections.EntryView) any { return e.Outcome }),
		"points":     field(required(s.points), "", func(e *projections.EntryView) any { return e.Points }),
		"method":     field(required(s.enums.method), "", func(e *projections.EntryView) any { return e.Method }),
		"observedAt": field(required(s.dateTime), "When it was seen, not when it was typed.", func(e *projections.EntryView) any { return e.ObservedAt }),
		"reason":     field(graphql.String, "", func(e *projections.EntryView) any { return orNull(e.Reason) }),
		"evidence":   field(listOf(graphql.String), "SHA-256 of each piece.", func(e *projections.EntryView) any { return texts(e.Evidence) }),
		"why":        field(graphql.String, "Why it superseded the version before.", func(e *projections.EntryView) any { return orNull(e.Why) }),
		"by":         field(required(graphql.String), "A pseudonym, stable within the subject.", func(e *projections.EntryView) any { return e.By }),
		"at":         field(required(s.dateTime), "", func(e *projections.EntryView) any { return e.At }),
		"counts":     field(listOf(count), "What was counted on a measured clause.", func(e *projections.EntryView) any { return countsOf(e.Counts) }),
		"checklist":  field(listOf(graphql.Boolean), "Whether each item of the clause's checklist was there.", func(e *projections.EntryView) any { return flags(e.Checklist) }),
		"computed":   field(s.enums.outcome, "What counts and checklist come to; null where there is neither.", func(e *projections.EntryView) any { return orNull(e.Computed) }),
		"override":   field(graphql.String, "Why the outcome is otherwise than computed.", func(e *projections.EntryView) any { return orNull(e.Override) }),
		"seq":        field(required(graphql.Int), "", func(e *projections.EntryView) any { return e.Seq }),
		"replaced":   field(graphql.Int, "The seq of what superseded it; null while it stands.", func(e *projections.EntryView) any { return orNull(e.Replaced) }),
		"pending":    field(required(graphql.Boolean), "An appeal against it waits for its decision.", func(e *projections.EntryView) any { return e.Pending }),
		"corrected":  field(required(graphql.Boolean), "An appeal's decision made it.", func(e *projections.EntryView) any { return e.Appeal != "" }),
		"appeal": looked(graphql.ID, "The newest appeal against it, or the one that made it; null for those who may not see that.", func(r *request, e *projections.EntryView) (any, error) {
			return appealShown(r, cmp.Or(e.Against, e.Appeal))
		}),
	})
}

func (s *internalSchema) newDeduction() *graphql.Object {
	return object("Deduction", "A section 8 item that was imposed.", graphql.Fields{
		"number":       field(required(graphql.Int), "", func(d *projections.DeductionView) any { return d.Deduction }),
		"item":         field(required(graphql.ID), "", func(d *projections.DeductionView) any { return d.Item }),
		"reason":       field(required(graphql.String), "", func(d *projections.DeductionView) any { return d.Reason }),
		"source":       field(required(graphql.String), "", func(d *projections.DeductionView) any { return d.Source }),
		"occurredOn":   field(required(s.date), "", func(d *projections.DeductionView) any { return d.OccurredOn }),
		"evidence":     field(listOf(graphql.String), "", func(d *projections.DeductionView) any { return texts(d.Evidence) }),
		"by":           field(required(graphql.String), "", func(d *projections.DeductionView) any { return d.By }),
		"at":           field(required(s.dateTime), "", func(d *projections.DeductionView) any { return d.At }),
		"lifted":       field(required(graphql.Boolean), "", func(d *projections.DeductionView) any { return d.Lifted }),
		"liftedReason": field(graphql.String, "", func(d *projections.DeductionView) any { return orNull(d.LiftedReason) }),
		"liftedAt":     field(s.dateTime, "", func(d *projections.DeductionView) any { return nullUnless(d.Lifted, d.LiftedAt) }),
		"standing":     field(graphql.ID, "The item that stands of it; null where nothing does.", func(d *projections.DeductionView) any { return orNull(d.Standing()) }),
		"corrected":    field(s.newCorrection(), "By the newest decision on an appeal.", func(d *projections.DeductionView) any { return nullUnless(d.Corrected != nil, d.Corrected) }),
		"pending":      field(required(graphql.Boolean), "An appeal against it waits for its decision.", func(d *projections.DeductionView) any { return d.Pending }),
		"appeal": looked(graphql.ID, "The newest appeal against it; null for those who may not see that.", func(r *request, d *projections.DeductionView) (any, error) {
			return appealShown(r, d.Against)
		}),
	})
}

func (s *internalSchema) newHonor() *graphql.Object {
	return object("Honor", "An honor claim and its decision.", graphql.Fields{
		"number":    field(required(graphql.Int), "", func(h *projections.HonorView) any { return h.Honor }),
		"title":     field(required(graphql.String), "", func(h *projections.HonorView) any { return h.Title }),
		"level":     field(required(s.enums.honorLevel), "", func(h *projections.HonorView) any { return h.Level }),
		"issuer":    field(required(graphql.String), "", func(h *projections.HonorView) any { return h.Issuer }),
		"awardedOn": field(required(s.date), "", func(h *projections.HonorView) any { return h.AwardedOn }),
		"with":      field(listOf(graphql.ID), "The other centers that the award names.", func(h *projections.HonorView) any { return texts(h.With) }),
		"document":  field(required(graphql.String), "SHA-256 of the certificate.", func(h *projections.HonorView) any { return h.Document }),
		"by":        field(required(graphql.String), "", func(h *projections.HonorView) any { return h.By }),
		"at":        field(required(s.dateTime), "", func(h *projections.HonorView) any { return h.At }),
		"state":     field(required(s.enums.honorState), "", func(h *projections.HonorView) any { return h.State }),
		"points":    field(s.points, "When accepted.", func(h *projections.HonorView) any { return nullUnless(h.State == projections.HonorAccepted, h.Points) }),
		"reason":    field(graphql.String, "When rejected or withdrawn.", func(h *projections.HonorView) any { return orNull(h.Reason) }),
	})
}
