package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"mingjian/domain/rights"
)

// trial is an appeal that people try to look at.
type trial struct {
	subject, id string
	stage       rights.Stage
}

// sees is whether the table lets somebody look at an appeal, or at what belongs
// to it.
func (c *court) sees(read rights.Read, as casting, who *player, of trial) bool {
	seated := who == c.panelist && !slices.Contains([]rights.Stage{rights.Unfiled, rights.Filed, rights.Escalated}, of.stage)
	return slices.ContainsFunc(rights.ReadTable, func(r rights.ReadRule) bool {
		if r.Read != read || r.Role != as.role {
			return false
		}
		switch filed := of.stage != rights.Unfiled; r.Condition {
		case rights.Always:
			return true
		case rights.Own:
			return filed && as.own(of.subject)
		case rights.Assigned:
			return filed && who.assigned && !who.recused
		case rights.Panelist:
			return seated
		}
		return false
	})
}

// TestReadingAppeals tries every read of appeals as every kind of person in
// every role, in every stage of an appeal and of one that nobody filed, and
// compares with the table. The list shows exactly those that may be seen.
func TestReadingAppeals(t *testing.T) {
	t.Parallel()
	c := newBench(t)
	l := &looker{stage: c.stage, refusals: make(map[string]string)}
	var trials []trial
	for _, stage := range stages {
		subject := c.take()
		c.told(openRound, subject, rights.Approved)
		trials = append(trials, trial{subject, c.bring(openRound, subject, stage, stage == rights.Hearing), stage})
	}
	c.settle()
	const document = `query($id: ID!) { appeal(id: $id) { status members { pseudonym account } votes { outcome } } }`
	for _, as := range castings {
		rules := slices.ContainsFunc(rights.ReadTable, func(r rights.ReadRule) bool { return r.Read == rights.ReadAppeal && r.Role == as.role })
		for _, who := range c.bench {
			for _, of := range trials {
				c.cast(who, as.grants(of.subject)...)
				before := c.end()
				c.settle()
				what := fmt.Sprintf("an appeal %q (%s)", of.stage, who.name)
				seen, filed := c.sees(rights.ReadAppeal, as, who, of), of.stage != rights.Unfiled
				got := c.send(who, document, map[string]any{"id": of.id})
				l.look(what, rights.ReadAppeal, as, seen, got)
				if shown := !got.null("appeal"); shown != (seen && filed) {
					t.Errorf("%s by %s shows %s", what, as.name, got.text)
				}
				if seen && filed {
					c.panelShown(what+" by "+as.name, got, of, c.sees(rights.ReadPanel, as, who, of))
				}
				list := c.send(who, `query($r: ID!) { appeals(round: $r) { totalCount edges { node { id } } } }`, map[string]any{"r": openRound})
				l.look("the list with "+what, rights.ReadAppeal, as, rules, list)
				if rules {
					// The other trials have other subjects, so a center sees this one only.
					c.listed(what+" by "+as.name, list, func(other trial) bool {
						if as.holds != nil && other.subject != of.subject {
							return false
						}
						return other.stage != rights.Unfiled && c.sees(rights.ReadAppeal, as, who, other)
					}, trials)
				}
				c.moved(what+" by "+as.name, before, false)
			}
		}
		stranger := c.person("stranger")
		c.cast(stranger, as.grants(trials[0].subject)...)
		for _, round := range []string{openRound, unknownRound} {
			figures := c.send(stranger, `query($r: ID!) { appealStatistics(round: $r) { total { filed } } }`, map[string]any{"r": round})
			l.look("figures of "+round, rights.ReadStatistics, as, always(rights.ReadStatistics, as), figures)
		}
	}
	if want := len(castings) * (len(c.bench)*len(trials)*2 + 2); l.tried != want {
		t.Errorf("tried %d reads, there are %d", l.tried, want)
	}
	t.Logf("%d reads of appeals tried; %d refused", l.tried, l.refused)
}

// panelShown checks that accounts, and votes before the decision, are shown to
// those who may know them, and to nobody else.
func (c *court) panelShown(what string, got reply, of trial, known bool) {
	c.t.Helper()
	var shown struct {
		Members []struct{ Account *string }
		Votes   []struct{ Outcome string }
	}
	must(c.t, json.Unmarshal(got.Data["appeal"], &shown))
	for _, m := range shown.Members {
		if (m.Account != nil) != known {
			c.t.Errorf("%s shows the panel: %s", what, got.text)
		}
	}
	votes := map[rights.Stage]int{rights.Decided: 3, rights.Escalated: 3}[of.stage]
	if known && of.stage == rights.Hearing {
		votes = 3
	}
	if len(shown.Votes) != votes || (len(shown.Members) > 0) != (of.stage != rights.Filed) {
		c.t.Errorf("%s shows %d votes, want %d: %s", what, len(shown.Votes), votes, got.text)
	}
}

func (c *court) listed(what string, got reply, seen func(trial) bool, trials []trial) {
	c.t.Helper()
	var shown struct {
		TotalCount int
		Edges      []struct{ Node struct{ ID string } }
	}
	must(c.t, json.Unmarshal(got.Data["appeals"], &shown))
	var ids, want []string
	for _, e := range shown.Edges {
		ids = append(ids, e.Node.ID)
	}
	for _, of := range trials {
		if seen(of) {
			want = append(want, of.id)
		}
	}
	if !slices.Equal(ids, want) || shown.TotalCount != len(want) {
		c.t.Errorf("%s lists %v of %d, want %v", what, ids, shown.TotalCount, want)
	}
}
