package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"mingjian/domain"
	"mingjian/eventstore"
)

// sheetOf is what somebody sees of a center's record and of its district's
// finding on it.
type sheetOf struct {
	Assessment struct {
		Total  json.Number
		Clause struct {
			Decided bool
			Entry   *struct{ Version int }
			History []struct {
				Version  int
				Replaced *int
			}
		}
	}
}

func (p *platform) sheetOf(account, asOf string) sheetOf {
	p.t.Helper()
	got := p.postAs(account, "/graphql", fmt.Sprintf(`{ assessment(round: %q, subject: %q%s) {
		total clause(code: "7.3") { decided entry { version } history { version replaced } } } }`, theRound, theCenters[0], asOf), nil)
	var out sheetOf
	data, err := json.Marshal(got.Data)
	must(p.t, err)
	must(p.t, json.Unmarshal(data, &out))
	if got.code() != "" {
		p.t.Fatalf("%s: %s", account, got.text)
	}
	return out
}

// TestDistrictsFindingIsDisclosedWhenSignedOff: neither a center nor its
// district's office sees what is found of the district before somebody signed
// it off, not even by the way of a center's record that is approved.
func TestDistrictsFindingIsDisclosedWhenSignedOff(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	center, district := theCenters[0], theCenters[0][:6]
	p.finish(center, domain.Center, nil)
	p.do("recordScores", on(district, map[string]any{"scores": scoresOf(domain.District, nil)}))
	p.settle()

	outsiders := []string{"center-" + center, "district-" + district}
	check := func(when string, versions int) {
		t.Helper()
		all := p.sheetOf(organizer, "")
		for _, account := range outsiders {
			got := p.sheetOf(account, "")
			c := got.Assessment.Clause
			if shown := c.Entry != nil; shown != (versions > 0) || c.Decided != shown || len(c.History) != versions {
				t.Errorf("%s: %s sees of 7.3 %+v, want %d versions", when, account, c, versions)
			}
			if same := got.Assessment.Total == all.Assessment.Total; same != (versions > 0) {
				t.Errorf("%s: %s sees the total %s, the organizer %s", when, account, got.Assessment.Total, all.Assessment.Total)
			}
		}
		if all.Assessment.Clause.Entry == nil {
			t.Errorf("%s: the organizer does not see 7.3", when)
		}
	}
	check("in work", 0)
	p.do("submitAssessment", on(district, nil))
	p.settle()
	check("submitted", 0)
	p.do("approveAssessment", on(district, nil))
	p.settle()
	check("approved", 1)
	approved := p.model.Head().Seq

	p.do("reviseScore", on(district, map[string]any{"supersedes": 1, "why": "复核", "score": score("7.3", "awarded", 0.5)}))
	p.settle()
	check("revised", 0)

	// What they saw when it was approved they may see again, as it was then.
	then := p.sheetOf(outsiders[0], fmt.Sprintf(", asOf: %d", approved))
	if c := then.Assessment.Clause; len(c.History) != 1 || c.History[0].Replaced != nil {
		t.Errorf("as of the approval: %+v, want one version that stands", c)
	}
	before := p.sheetOf(organizer, fmt.Sprintf(", asOf: %d", approved-1))
	if c := before.Assessment.Clause; c.Entry != nil || len(c.History) != 0 {
		t.Errorf("before the approval: %+v, want nothing as in a release", c)
	}
}

// TestStaleRevisionTellsNothing: whoever may not write to a record does not
// learn from a revision that they expect where it stands.
func TestStaleRevisionTellsNothing(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	for account, want := range map[string]string{"center-" + theCenters[1]: "FORBIDDEN", "assessor-9": "NOT_ASSIGNED"} {
		name, input := "claimHonor", map[string]any{
			"title": "文明单位", "level": "municipal", "issuer": "市文明办", "awardedOn": "2021-05-01", "document": strings.Repeat("ab", 32),
		}
		if want == "NOT_ASSIGNED" {
			name, input = "recordScores", map[string]any{"scores": []any{score("1.1.1", "met", nil)}}
		}
		input["actor"], input["expectedRevision"] = account, 700
		if _, got := p.command(name, on(theCenters[0], input)); got.code() != want {
			t.Errorf("%s by %s: %s, want %s", name, account, got.text, want)
		}
	}
	_, got := p.command("recordScores", on(theCenters[0], map[string]any{
		"scores": []any{score("1.1.1", "met", nil)}, "expectedRevision": 700,
	}))
	if got.code() != "STALE_REVISION" {
		t.Errorf("by the lead: %s, want STALE_REVISION", got.text)
	}
}

// TestNothingIsShownThatIsNotRecorded: while the log is away the trail is not
// shown, though the read model has it.
func TestNothingIsShownThatIsNotRecorded(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	p.settle()
	const trail = `{ events(first: 1) { edges { node { actor } } } }`
	ctx, cancel := context.WithCancel(signedIn(t, t.Context(), "auditor"))
	cancel() // no call to the log gets through
	r := &request{ctx: ctx, cfg: &p.internal.cfg}
	if err := r.lookAtTrail("", ""); err == nil {
		t.Error("looked without a record of it")
	}
	before := p.end()
	for range 2 { // paging on is the same look
		if got := p.postAs("auditor", "/graphql", trail, nil); got.code() != "" {
			t.Fatal(got.text)
		}
	}
	if n := p.count("access.TrailViewed", before); n != 1 {
		t.Errorf("%d looks on record, want 1", n)
	}
	before = p.end()
	if got := p.postAs("reviewer-1", "/graphql", trail, nil); got.code() != "FORBIDDEN" || p.end() != before {
		t.Errorf("by a reviewer: %s", got.text)
	}
}

// count counts the events of a type after a position.
func (p *platform) count(name string, after eventstore.Position) (n int) {
	p.t.Helper()
	for e, err := range p.log.ReadAll(p.t.Context(), after) {
		must(p.t, err)
		if e.Type == name {
			n++
		}
	}
	return n
}
