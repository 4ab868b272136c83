package walk

import (
	"errors"
	"fmt"
	"strings"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// book is the checks' account of a record.
type book struct {
	subject subject
	events  []domain.Event
	sum     sum // of the events
	// People by pseudonym.
	team, recused, scorers, claimants, reviewers, speakers map[string]bool
	lead                                                   string
	notices                                                []*assessment.ResultNotified
	moved                                                  bool // since the newest notice, other than by a decision
	told                                                   map[string]int
	toldDeductions, observations, replies                  int
}

func newBook(s subject) *book {
	b := &book{subject: s, sum: recount(nil)}
	for _, set := range []*map[string]bool{&b.team, &b.recused, &b.scorers, &b.claimants, &b.reviewers, &b.speakers} {
		*set = make(map[string]bool)
	}
	return b
}

func (c *checks) book(code string) *book {
	if c.books[code] == nil {
		for _, s := range c.w.subjects {
			if s.code == code {
				c.books[code] = newBook(s)
			}
		}
	}
	return c.books[code]
}

// tookPart says that somebody had a part in what a panel would hear about.
func (b *book) tookPart(who string) bool {
	return b.team[who] || b.recused[who] || b.scorers[who] || b.claimants[who] || b.reviewers[who] || b.speakers[who]
}

func (c *checks) recordBefore(f fact) error {
	b := c.book(f.stream)
	by := stampOf(f.event)
	if err := errors.Join(c.signed(f, f.stream), c.judges(f, f.stream)); err != nil {
		return err
	}
	switch f.event.(type) {
	case *assessment.ScoreCorrected, *assessment.DeductionCorrected:
		if f.account != system {
			return fmt.Errorf("%T by %s", f.event, f.account)
		}
	default:
		if c.round.closed || c.round.opened == nil {
			return fmt.Errorf("%T in a round that is not in progress", f.event)
		}
		if b.recused[by.By] {
			return fmt.Errorf("%T by %s, who was recused", f.event, by.By)
		}
	}
	if _, opens := f.event.(*assessment.Opened); opens != (len(b.events) == 0) {
		return fmt.Errorf("%T is event %d of the record", f.event, len(b.events))
	}
	return c.holds(b, f)
}

// holds checks what an event presupposes.
func (c *checks) holds(b *book, f fact) error {
	wants := func(ok bool, format string, args ...any) error {
		if ok {
			return nil
		}
		return fmt.Errorf("%T: "+format, append([]any{f.event}, args...)...)
	}
	status := b.sum.status
	switch e := f.event.(type) {
	case *assessment.AssessorAssigned:
		return wants(!b.recused[e.Assessor], "%s was recused", e.Assessor)
	case *assessment.ScoreRecorded:
		return errors.Join(wants(status == "inWork", "while %s", status), wants(b.team[e.By], "%s is not on the team", e.By),
			wants(b.sum.versions[e.Clause] == 0, "version %d stands", b.sum.versions[e.Clause]), bounded(b.subject, e.Clause, e.Finding))
	case *assessment.ScoreRevised:
		open := c.openAgainst(b.subject.code, assessment.Target{Clause: e.Clause}, "")
		return errors.Join(wants(b.team[e.By], "%s is not on the team", e.By), wants(b.sum.versions[e.Clause] == e.Supersedes && e.Supersedes > 0,
			"supersedes %d, version %d stands", e.Supersedes, b.sum.versions[e.Clause]), bounded(b.subject, e.Clause, e.Finding),
			wants(status == "inWork" || strings.TrimSpace(e.Why) != "", "no reason while %s", status),
			wants(b.sum.decided[e.Clause] == "", "appeal %s decided on it", b.sum.decided[e.Clause]), wants(open == "", "appeal %s is open", open), c.settled(b, e.Clause))
	case *assessment.ObservationRecorded:
		return errors.Join(wants(b.team[e.By], "%s is not on the team", e.By), wants(e.Observation == b.observations+1, "number %d", e.Observation))
	case *assessment.DeductionImposed:
		return errors.Join(wants(items[e.Item] > 0 && b.subject.kind == domain.Center, "of %s", e.Item), wants(e.Deduction == len(b.sum.items)+1, "number %d", e.Deduction))
	case *assessment.DeductionLifted:
		return wants(b.sum.items[e.Deduction-1] != "", "%d does not stand", e.Deduction)
	case *assessment.HonorClaimed:
		return errors.Join(wants(status == "inWork", "while %s", status), wants(e.Honor == len(b.sum.honors)+1, "number %d", e.Honor),
			wants(e.AwardedOn >= c.round.opened.Honors.From && e.AwardedOn <= c.round.opened.Honors.To, "awarded on %s", e.AwardedOn), c.alone(b, e))
	case *assessment.HonorAccepted:
		return errors.Join(wants(b.sum.pending(e.Honor), "%d does not wait", e.Honor), wants(e.Points > 0 && e.Points <= honorLimit, "%s", e.Points),
			wants(b.sum.honors[e.Honor-1].claim.By != e.By, "by who claimed it"), c.alone(b, b.sum.honors[e.Honor-1].claim))
	case *assessment.HonorRejected:
		return errors.Join(wants(b.sum.pending(e.Honor), "%d does not wait", e.Honor), wants(b.sum.honors[e.Honor-1].claim.By != e.By, "by who claimed it"))
	case *assessment.HonorWithdrawn:
		return wants(b.sum.pending(e.Honor), "%d does not wait", e.Honor)
	case *assessment.Submitted:
		return errors.Join(wants(status == "inWork", "while %s", status), wants(e.By == b.lead, "by %s, the lead is %s", e.By, b.lead),
			wants(b.sum.complete(b.subject.kind), "not complete"))
	case *assessment.Returned:
		return errors.Join(wants(status == "submitted", "while %s", status), c.uninvolved(b, e.By))
	case *assessment.Approved:
		return errors.Join(wants(status == "submitted", "while %s", status), c.uninvolved(b, e.By), wants(b.sum.complete(b.subject.kind), "not complete"))
	case *assessment.ResultNotified:
		return errors.Join(wants(status == "approved", "while %s", status), wants(e.Notice == len(b.notices)+1, "number %d", e.Notice),
			wants(len(b.notices) == 0 || b.moved, "nothing moved"), wants(e.Days == c.round.opened.AppealDays, "%d days", e.Days),
			c.falls("appealBy", e.AppealBy, e.Calendar, dayOf(e.At), e.Days))
	case *assessment.ScoreCorrected:
		return errors.Join(wants(b.sum.versions[e.Clause] == e.Supersedes, "supersedes %d", e.Supersedes),
			c.follows(b, e.Appeal, e.Panel, assessment.Target{Clause: e.Clause}, string(e.Outcome), e.Points, "", e.Why))
	case *assessment.DeductionCorrected:
		return errors.Join(wants(b.sum.items[e.Deduction-1] != "", "%d does not stand", e.Deduction),
			c.follows(b, e.Appeal, e.Panel, assessment.Target{Deduction: e.Deduction}, "", items[e.Item], e.Item, e.Why))
	case *assessment.ReplyFiled:
		return errors.Join(wants(len(b.notices) > 0 && b.subject.kind == domain.Center, "without a result"), wants(e.Reply == b.replies+1, "number %d", e.Reply))
	case *assessment.ReplyRedacted:
		return wants(e.Reply >= 1 && e.Reply <= b.replies, "number %d", e.Reply)
	}
	return nil
}

// settled wants what panels decided on a clause to be in the record.
func (c *checks) settled(b *book, clause string) error {
	for id, h := range c.cases {
		if h.filed.Subject != b.subject.code || h.filed.Clause != clause {
			continue
		}
		for _, d := range h.decisions {
			if d.Corrected != nil && !c.carry[place{id, d.Panel}] {
				return fmt.Errorf("%s is changed before the decision on %s is carried out", clause, id)
			}
		}
	}
	return nil
}

// uninvolved refuses those who judge their own work.
func (c *checks) uninvolved(b *book, who string) error {
	if b.team[who] || b.scorers[who] || b.claimants[who] {
		return fmt.Errorf("%s judges what they had a part in", who)
	}
	return nil
}

// bounded holds a finding against the standard and the guide.
func bounded(s subject, clause string, f assessment.Finding) error {
	p, ok := poolOf(clause)
	ok = ok && p.subject == s.kind && !p.honors
	switch f.Outcome {
	case domain.Met:
		ok = ok && p.basis == domain.Deduct && f.Points == 0
	case domain.Lost:
		ok = ok && p.basis == domain.Deduct && f.Points > 0 && f.Points <= p.points && (clause != capped || f.Points <= clauseCap) &&
			strings.TrimSpace(f.Reason) != ""
	case domain.Awarded:
		ok = ok && p.basis == domain.Award && f.Points >= 0 && f.Points <= p.points
	case domain.NotApplicable:
		ok = ok && clause == omittable && f.Points == 0
	default:
		ok = false
	}
	if computed := map[bool]domain.Outcome{true: domain.Met, false: domain.Lost}[f.Counts["minutes"] <= 15]; clause == measured &&
		(f.Computed != computed || (f.Outcome != computed) != (f.Override != "")) {
		ok = false
	}
	if !ok {
		return fmt.Errorf("%s: finding %+v", clause, f)
	}
	return nil
}

// alone wants no other center to have been awarded points for the same honor,
// unless each names the other.
func (c *checks) alone(b *book, claim *assessment.HonorClaimed) error {
	same := func(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }
	for _, s := range c.w.subjects {
		if s.code == b.subject.code {
			continue
		}
		for _, h := range c.book(s.code).sum.honors {
			if h.state == "accepted" && same(h.claim.Title, claim.Title) && same(h.claim.Issuer, claim.Issuer) && h.claim.AwardedOn == claim.AwardedOn &&
				!(contains(h.claim.With, b.subject.code) && contains(claim.With, s.code)) {
				return fmt.Errorf("honor %q counts for %s too", claim.Title, s.code)
			}
		}
	}
	return nil
}

func contains(list []string, one string) bool {
	for _, s := range list {
		if s == one {
			return true
		}
	}
	return false
}

// recordAfter takes an event into account and compares the record with a
// recount of all its events.
func (c *checks) recordAfter(f fact) error {
	b := c.book(f.stream)
	was := b.sum
	b.events = append(b.events, f.event)
	b.sum = recount(b.events)
	b.remember(f.event)
	if _, corrected := correction(f.event); corrected && b.sum.status != was.status {
		return fmt.Errorf("%T moved the record from %s to %s", f.event, was.status, b.sum.status)
	}
	if key, corrected := correction(f.event); corrected {
		c.carry[key] = true
	}
	a := c.w.record(f.stream)
	if string(a.Status) != b.sum.status || a.Sheet.HonorsPending > 0 && b.sum.status != "inWork" {
		return fmt.Errorf("the record is %q with %d claims that wait, by its events %q", a.Status, a.Sheet.HonorsPending, b.sum.status)
	}
	for clause, version := range b.sum.versions {
		if a.Entries[clause].Version != version {
			return fmt.Errorf("%s has version %d, by its events %d", clause, a.Entries[clause].Version, version)
		}
	}
	for _, s := range c.w.subjects {
		if s.kind == domain.Center && (s.code == f.stream || s.district == f.stream) {
			if err := c.totals(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// totals compares a center's score with a recount.
func (c *checks) totals(s subject) error {
	total, complete := total(c.book(s.code).sum, c.book(s.district).sum)
	score := c.w.std.Score(c.w.record(s.code).Sheet, c.w.record(s.district).Sheet)
	if score.Total != total || score.Complete != complete {
		return fmt.Errorf("%s has %s (complete %t), recounted %s (%t)", s.code, score.Total, score.Complete, total, complete)
	}
	return nil
}

func correction(event domain.Event) (key place, ok bool) {
	switch e := event.(type) {
	case *assessment.ScoreCorrected:
		return place{e.Appeal, e.Panel}, true
	case *assessment.DeductionCorrected:
		return place{e.Appeal, e.Panel}, true
	}
	return key, false
}

func (b *book) remember(event domain.Event) {
	by := stampOf(event).By
	switch e := event.(type) {
	case *assessment.AssessorAssigned:
		b.team[e.Assessor] = true
		if e.Lead {
			b.lead = e.Assessor
		} else if b.lead == e.Assessor {
			b.lead = ""
		}
	case *assessment.AssessorRecused:
		b.recused[e.Assessor] = true
		if b.lead == e.Assessor {
			b.lead = ""
		}
	case *assessment.ScoreRecorded, *assessment.ScoreRevised, *assessment.DeductionImposed, *assessment.DeductionLifted,
		*assessment.HonorAccepted, *assessment.HonorRejected:
		b.scorers[by], b.moved = true, true
	case *assessment.HonorClaimed:
		b.claimants[by] = true
	case *assessment.HonorWithdrawn, *assessment.ReplyFiled:
		b.speakers[by] = true
		if _, ok := event.(*assessment.ReplyFiled); ok {
			b.replies++
		}
	case *assessment.ObservationRecorded:
		b.observations++
	case *assessment.Returned, *assessment.Approved:
		b.reviewers[by] = true
	case *assessment.ResultNotified:
		b.notices, b.moved = append(b.notices, e), false
		b.told, b.toldDeductions = b.sum.versions, len(b.sum.items)
	}
}
