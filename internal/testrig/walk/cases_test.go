package walk

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
)

// hearing is the checks' account of an appeal.
type hearing struct {
	filed                    *appeal.Filed
	status                   string
	panel, size              int
	members                  []string
	votes                    map[string]domain.Points
	former, recused, parties map[string]bool
	decisions                []*appeal.Decided
	decideBy, flagged        string
}

func (h *hearing) open() bool {
	return h.status == "filed" || h.status == "hearing" || h.status == "escalated"
}

func (h *hearing) restored() domain.Points {
	if len(h.decisions) == 0 {
		return 0
	}
	return h.decisions[len(h.decisions)-1].Restored
}

// openAgainst names an open appeal against a target, other than one.
func (c *checks) openAgainst(subject string, t assessment.Target, but string) string {
	for id, h := range c.cases {
		if h.open() && id != but && h.filed.Subject == subject && h.filed.Target == t {
			return id
		}
	}
	return ""
}

func (c *checks) hearingBefore(f fact) error {
	id := strings.TrimPrefix(f.stream, appeal.StreamPrefix)
	h := c.cases[id]
	filed, files := f.event.(*appeal.Filed)
	if files != (h == nil) {
		return fmt.Errorf("%T in an appeal that is %+v", f.event, h)
	}
	if files {
		h = &hearing{filed: filed}
	}
	b := c.book(h.filed.Subject)
	by := stampOf(f.event)
	if err := errors.Join(c.signed(f, b.subject.code), c.judges(f, b.subject.code)); err != nil {
		return err
	}
	leaves, recuses := f.event.(*appeal.ReviewerRecused)
	switch _, flags := f.event.(*appeal.Expired); {
	case c.round.closed:
		return fmt.Errorf("%T in a round that was closed", f.event)
	case flags != (f.account == system):
		return fmt.Errorf("%T by %s", f.event, f.account)
	case b.recused[by.By] && !(recuses && leaves.Member == by.By):
		return fmt.Errorf("%T by %s, who was recused from the record", f.event, by.By)
	case h.recused[by.By]:
		return fmt.Errorf("%T by %s, who was recused from the panel", f.event, by.By)
	}
	if files {
		return c.filing(b, filed)
	}
	if _, escalates := f.event.(*appeal.Escalated); !escalates && !h.open() {
		return fmt.Errorf("%T in an appeal that is %s", f.event, h.status)
	}
	return c.hears(b, h, f)
}

// filing holds an appeal against what the subject was told.
func (c *checks) filing(b *book, e *appeal.Filed) error {
	if len(b.notices) == 0 {
		return errors.New("filed before any notice")
	}
	notice := b.notices[len(b.notices)-1]
	if other := c.openAgainst(b.subject.code, e.Target, ""); other != "" {
		return fmt.Errorf("filed while %s is open", other)
	}
	if dayOf(e.At) > notice.AppealBy || e.AppealBy != notice.AppealBy {
		return fmt.Errorf("filed on %s, by %s; the notice said %s", dayOf(e.At), e.AppealBy, notice.AppealBy)
	}
	for id, h := range c.cases {
		if h.filed.Subject == e.Subject && h.filed.Target == e.Target && len(h.decisions) > 0 && h.filed.Version == e.Version {
			return fmt.Errorf("a panel decided this in %s", id)
		}
	}
	want := appeal.Filed{Target: e.Target}
	if e.Clause != "" {
		p, _ := poolOf(e.Clause)
		finding := b.sum.findings[e.Clause]
		want.Version, want.Outcome, want.Points = b.told[e.Clause], finding.Outcome, finding.Points
		if want.Lost = want.Points; want.Outcome == domain.Awarded {
			want.Lost = p.points - want.Points
		}
		if b.sum.versions[e.Clause] != want.Version || b.sum.decided[e.Clause] != "" || want.Outcome != domain.Lost && want.Outcome != domain.Awarded {
			return fmt.Errorf("%s stands with version %d, %s, by %q", e.Clause, b.sum.versions[e.Clause], want.Outcome, b.sum.decided[e.Clause])
		}
	} else {
		if e.Deduction > b.toldDeductions {
			return fmt.Errorf("deduction %d, %d were told", e.Deduction, b.toldDeductions)
		}
		want.Item = b.sum.items[e.Deduction-1]
		want.Points, want.Lost = items[want.Item], items[want.Item]
	}
	if e.Lost <= 0 || e.Version != want.Version || e.Outcome != want.Outcome || e.Points != want.Points || e.Item != want.Item || e.Lost != want.Lost {
		return fmt.Errorf("filed against %+v, at stake is %+v", e, want)
	}
	return c.falls("decideBy", e.DecideBy, e.Calendar, dayOf(e.At), c.round.opened.DecisionDays)
}

// hears checks what the events of a hearing presuppose.
func (c *checks) hears(b *book, h *hearing, f fact) error {
	switch e := f.event.(type) {
	case *appeal.PanelNamed:
		return h.seated(b, e)
	case *appeal.ReviewerRecused:
		if !slices.Contains(h.members, e.Member) || e.By != e.Member && slices.Contains(h.members, e.By) {
			return fmt.Errorf("%s takes %s off the panel of %v", e.By, e.Member, h.members)
		}
	case *appeal.EvidenceAdded:
		return h.speaks(e.By)
	case *appeal.Withdrawn:
		return h.speaks(e.By)
	case *appeal.VoteCast:
		_, voted := h.votes[e.By]
		if !slices.Contains(h.members, e.By) || len(h.members) != h.size || voted || b.tookPart(e.By) || e.Panel != h.panel ||
			e.Restored < h.restored() || e.Restored > h.filed.Lost {
			return fmt.Errorf("vote %+v by one of %v of %d, %v have voted", e, h.members, h.size, h.votes)
		}
	case *appeal.Decided:
		return c.decides(b, h, e)
	case *appeal.Escalated:
		return c.escalates(b, h, e)
	case *appeal.Extended:
		if e.DecideBy <= h.decideBy || slices.Contains(h.members, e.By) || strings.TrimSpace(e.Reason) == "" {
			return fmt.Errorf("extended from %s to %s: %q", h.decideBy, e.DecideBy, e.Reason)
		}
	case *appeal.Expired:
		if e.DecideBy != h.decideBy || h.flagged == h.decideBy || dayOf(e.At) <= e.DecideBy {
			return fmt.Errorf("flagged on %s as due on %s, which is %s, flagged for %q", dayOf(e.At), e.DecideBy, h.decideBy, h.flagged)
		}
	}
	return nil
}

func (h *hearing) speaks(who string) error {
	if h.former[who] || slices.Contains(h.members, who) {
		return fmt.Errorf("%s is on the panel and speaks for a party", who)
	}
	return nil
}

// seated wants a panel of an odd number of strangers to the matter.
func (h *hearing) seated(b *book, e *appeal.PanelNamed) error {
	n := len(e.Members)
	if n < 3 || n%2 == 0 || e.Panel != h.panel || h.size > 0 && len(h.members) == h.size {
		return fmt.Errorf("panel %d of %d is named, panel %d has %d of %d", e.Panel, n, h.panel, len(h.members), h.size)
	}
	for i, m := range e.Members {
		if slices.Contains(e.Members[:i], m) || b.tookPart(m) || h.parties[m] || h.recused[m] || h.panel == 2 && h.former[m] || m == e.By {
			return fmt.Errorf("%s hears what they had a part in", m)
		}
	}
	for _, m := range h.members {
		if !slices.Contains(e.Members, m) {
			return fmt.Errorf("%s was left and is not named again", m)
		}
	}
	return nil
}

// decides wants the middle of all votes, by strangers to the matter, and what
// follows from it.
func (c *checks) decides(b *book, h *hearing, e *appeal.Decided) error {
	if !slices.Contains(h.members, e.By) || len(h.votes) != h.size || len(h.members) != h.size {
		return fmt.Errorf("decided by %s, %d of %d have voted", e.By, len(h.votes), h.size)
	}
	more, less := 0, 0
	for _, m := range h.members {
		if b.tookPart(m) || h.parties[m] {
			return fmt.Errorf("%s decides what they had a part in", m)
		}
		if h.votes[m] >= e.Restored {
			more++
		}
		if h.votes[m] <= e.Restored {
			less++
		}
	}
	left := h.filed.Lost - e.Restored
	outcome := appeal.PartlyUpheld
	switch {
	case left == 0:
		outcome = appeal.Upheld
	case e.Restored == h.restored():
		outcome = appeal.Dismissed
	}
	switch {
	case 2*more <= h.size || 2*less <= h.size:
		return fmt.Errorf("restores %s, votes %v", e.Restored, h.votes)
	case e.Panel != h.panel || e.Outcome != outcome || left < 0 || e.Restored < h.restored():
		return fmt.Errorf("panel %d of %d, %s, want %s", e.Panel, h.panel, e.Outcome, outcome)
	case (e.Corrected != nil) != (e.Restored != h.restored()):
		return fmt.Errorf("from %s to %s restored, corrected %+v", h.restored(), e.Restored, e.Corrected)
	case (e.EscalateBy == "") != (h.panel == 2 || left == 0):
		return fmt.Errorf("panel %d left %s, to be escalated by %q", h.panel, left, e.EscalateBy)
	}
	if e.Corrected != nil {
		want := left
		if p, _ := poolOf(h.filed.Clause); p.basis == domain.Award {
			want = p.points - left
		}
		if e.Corrected.Points != want || items[e.Corrected.Item] != want && h.filed.Deduction > 0 {
			return fmt.Errorf("corrected to %+v, %s of %s is left", e.Corrected, left, h.filed.Lost)
		}
	}
	if e.EscalateBy == "" {
		return nil
	}
	return c.falls("escalateBy", e.EscalateBy, c.round.calendar, dayOf(e.At), c.round.opened.AppealDays)
}

// escalates wants something left to restore of what the first panel spoke of.
func (c *checks) escalates(b *book, h *hearing, e *appeal.Escalated) error {
	if h.status != "decided" || h.panel != 1 || h.restored() == h.filed.Lost || dayOf(e.At) > h.decisions[0].EscalateBy {
		return fmt.Errorf("escalated on %s, the appeal is %s by panel %d, %+v", dayOf(e.At), h.status, h.panel, h.decisions)
	}
	if other := c.openAgainst(b.subject.code, h.filed.Target, h.filed.Appeal); other != "" {
		return fmt.Errorf("escalated while %s is open", other)
	}
	if clause := h.filed.Clause; clause != "" && b.sum.versions[clause] != h.filed.Version && b.sum.decided[clause] != h.filed.Appeal {
		return fmt.Errorf("escalated, and %s has version %d, filed against %d", clause, b.sum.versions[clause], h.filed.Version)
	}
	if d := h.filed.Deduction; d > 0 && b.sum.items[d-1] == "" {
		return fmt.Errorf("escalated, and nothing is left of deduction %d", d)
	}
	return errors.Join(h.speaks(e.By), c.falls("decideBy", e.DecideBy, e.Calendar, dayOf(e.At), c.round.opened.DecisionDays))
}

// follows wants a correction to be its decision's, and the first.
func (c *checks) follows(b *book, id string, panel int, t assessment.Target, outcome string, points domain.Points, item, why string) error {
	h := c.cases[id]
	if h == nil || h.filed.Subject != b.subject.code || h.filed.Target != t || c.carry[place{id, panel}] {
		return fmt.Errorf("corrected by appeal %s, panel %d, again or of something else", id, panel)
	}
	for _, d := range h.decisions {
		if d.Panel == panel && d.Corrected != nil && *d.Corrected == (appeal.Corrected{Outcome: domain.Outcome(outcome), Points: points, Item: item}) && d.Reasons == why {
			return nil
		}
	}
	return fmt.Errorf("corrected to %s %s %s, panel %d of %s decided otherwise", outcome, points, item, panel, id)
}

// corrected reports whether a decision has been carried out.
func (c *checks) corrected(d decision) bool { return c.carry[place{d.appeal, d.decided.Panel}] }

// carriedOut wants a decision's one correction to be made by now, unless
// nothing was left to correct.
func (c *checks) carriedOut(d decision) error {
	f := c.cases[d.appeal].filed
	if b := c.book(f.Subject); c.corrected(d) || f.Deduction > 0 && b.sum.items[f.Deduction-1] == "" {
		return nil
	}
	return fmt.Errorf("decision of panel %d on %s was not carried out", d.decided.Panel, d.appeal)
}

// hearingAfter takes an event into account.
func (c *checks) hearingAfter(f fact) error {
	id := strings.TrimPrefix(f.stream, appeal.StreamPrefix)
	h := c.cases[id]
	switch e := f.event.(type) {
	case *appeal.Filed:
		h = &hearing{
			filed: e, status: "filed", panel: 1, decideBy: e.DecideBy, votes: make(map[string]domain.Points),
			former: make(map[string]bool), recused: make(map[string]bool), parties: map[string]bool{e.By: true},
		}
		c.cases[id] = h
	case *appeal.PanelNamed:
		h.status, h.members, h.size, h.votes = "hearing", slices.Clone(e.Members), len(e.Members), make(map[string]domain.Points)
		for _, m := range e.Members {
			h.former[m] = h.former[m] || h.panel == 1
		}
	case *appeal.ReviewerRecused:
		h.recused[e.Member] = true
		h.members = slices.DeleteFunc(h.members, func(m string) bool { return m == e.Member })
		delete(h.votes, e.Member)
	case *appeal.EvidenceAdded:
		h.parties[e.By] = true
	case *appeal.VoteCast:
		h.votes[e.By] = e.Restored
	case *appeal.Decided:
		h.status, h.decisions = "decided", append(h.decisions, e)
		c.w.tally.outcomes[fmt.Sprintf("panel %d: %s", e.Panel, e.Outcome)]++
	case *appeal.Escalated:
		h.status, h.panel, h.size, h.members, h.votes, h.decideBy = "escalated", 2, 0, nil, make(map[string]domain.Points), e.DecideBy
		h.parties[e.By] = true
	case *appeal.Extended:
		h.decideBy = e.DecideBy
	case *appeal.Expired:
		h.flagged = e.DecideBy
	case *appeal.Withdrawn:
		h.status = "withdrawn"
		c.w.tally.outcomes[fmt.Sprintf("withdrawn from panel %d", h.panel)]++
	}
	if a := c.w.appeal(id).seen; string(a.Status) != h.status || a.Open() != h.open() || a.Panel != h.panel || a.Restored() != h.restored() ||
		!slices.Equal(a.Members, h.members) || h.open() && len(a.Votes) != len(h.votes) {
		return fmt.Errorf("the appeal is %s before panel %d %v, %d voted; by its events %+v", a.Status, a.Panel, a.Members, len(a.Votes), h)
	}
	return nil
}
