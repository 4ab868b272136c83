package demo

import (
	"context"
	"errors"
	"fmt"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/round"
	"mingjian/eventstore"
)

// notices tell all their results, one district after the other: the organizer
// does it at one desk for each.
func (p *player) notices() []*act {
	var acts []*act
	for _, code := range p.districts() {
		a := p.act(code, code)
		a.on(notice, func(ctx context.Context) error {
			_, err := a.do().NotifyResults(ctx, a.meta(organizer, a.step("notify")), Round, code)
			return err
		})
		acts = append(acts, a)
	}
	return acts
}

// centersAReply is how many there are for each that replies in a large round,
// and fewest is how many reply in any.
const centersAReply, fewest = 16, 3

// replies are those of some centers, spread over the roster; of some the
// organizer keeps a passage from the public.
func (p *player) replies() []*act {
	texts := p.script.after.Replies
	count := min(max(fewest, len(p.Roster)/centersAReply), len(p.Roster))
	var acts []*act
	for n := range count {
		row, said := p.Roster[n*len(p.Roster)/count], texts[n%len(texts)]
		a := p.act(row.Code, row.DistrictCode)
		a.clock = p.clock("reply of " + row.Code)
		day := p.days.after(replying, a.dice.IntN(8))
		a.on(day, func(ctx context.Context) error {
			_, err := a.do().FileReply(ctx, a.meta(a.account(), a.step("reply")), Round, a.subject, mark(said.Text))
			return err
		})
		if said.Redacted != "" {
			a.on(p.days.after(day, 1), func(ctx context.Context) error {
				_, err := a.do().RedactReply(ctx, a.meta(organizer, a.step("redact")), Round, a.subject, 1, mark(said.Redacted), mark(said.Reason))
				return err
			})
		}
		acts = append(acts, a)
	}
	return acts
}

// revision corrects an entry that nobody has appealed against, after the first
// release: the assessor revises it, the reviewer approves it, the center is told.
func (p *player) revision(records []record, docket []*hearing) (*act, bool) {
	r, entry, ok := p.revisable(records, docket)
	if !ok {
		return nil, false
	}
	a := p.act(r.subject, r.district)
	a.clock = p.clock("revision of " + r.subject)
	said := p.script.after.Revision
	finding := entry.Finding
	finding.Points -= finding.Points / 2 / 25 * 25
	finding.Reason, finding.Evidence = mark(said.Reason), []string{a.photos[a.assessor][0]}
	a.on(revising, func(ctx context.Context) error {
		_, err := a.do().ReviseScore(ctx, a.meta(a.assessor, a.step("correct")), Round, a.subject, entry.version,
			assessment.Score{Clause: entry.clause, Finding: finding}, mark(said.Why))
		return err
	})
	a.on(p.days.after(revising, 1), func(ctx context.Context) error {
		_, err := a.do().Approve(ctx, a.meta(a.reviewer, a.step("approve again")), Round, a.subject)
		return err
	})
	a.on(p.days.after(revising, 2), func(ctx context.Context) error {
		_, err := a.do().NotifyResult(ctx, a.meta(organizer, a.step("notify again")), Round, a.subject)
		return err
	})
	return a, true
}

// entry is one that can be revised.
type entry struct {
	assessment.Finding
	clause  string
	version int
}

// revisable finds an entry that has lost half a point or more without anything
// counted, at a center that has not appealed; if all have, at any of them.
func (p *player) revisable(records []record, docket []*hearing) (record, entry, bool) {
	appealed, under := make(map[string]bool), make(map[string]bool)
	for _, h := range docket {
		appealed[h.subject] = true
		under[h.subject+" "+h.about.Clause] = true
	}
	for _, anybody := range []bool{false, true} {
		for i := len(records) - 1; i >= 0; i-- {
			r := records[i]
			if r.Opened.Kind != domain.Center || appealed[r.subject] && !anybody {
				continue
			}
			for _, clause := range p.Criteria.Standard.Clauses() {
				found := r.Entries[clause.Code]
				counted := len(clause.Measures) > 0 || len(clause.Checklist) > 0
				if !counted && !under[r.subject+" "+clause.Code] && found.Finding.Outcome == domain.Lost && found.Finding.Points >= 50 {
					return r, entry{found.Finding, clause.Code, found.Version}, true
				}
			}
		}
	}
	return record{}, entry{}, false
}

// releases are the organizers' acts: one deliberates, the other publishes.
func (p *player) releases() []*act {
	var acts []*act
	for n, days := range [][2]string{{council, release}, {council2, release2}} {
		said := p.script.after.Releases[n]
		a := &act{player: p, clock: p.clock(fmt.Sprintf("release %d", n+1)), subject: Round}
		a.on(days[0], func(ctx context.Context) error {
			_, err := a.do().Deliberate(ctx, a.meta(deliberator, a.step(fmt.Sprintf("deliberate %d", n+1))), Round, mark(said.Minutes))
			return err
		})
		a.on(days[1], func(ctx context.Context) error {
			_, err := a.do().Publish(ctx, a.meta(organizer, publishing(n+1)), Round, said.Reason)
			return err
		})
		acts = append(acts, a)
	}
	return acts
}

// lastRelease is the release with which the story ends.
const lastRelease = 2

// publishing names the step that makes a release.
func publishing(n int) string { return fmt.Sprintf("publish %d", n) }

// Finished reports whether the story is on record to its end.
func (c Config) Finished(ctx context.Context) (bool, error) {
	p := &player{Config: c}
	last := p.id(publishing(lastRelease))
	for e, err := range c.Log.ReadStream(ctx, round.StreamPrefix+Round, 0) {
		if errors.Is(err, eventstore.ErrNoStream) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		metadata, err := eventstore.ReadMetadata(e)
		if err != nil {
			return false, err
		}
		if metadata.CommandID.String() == last {
			return true, nil
		}
	}
	return false, nil
}
