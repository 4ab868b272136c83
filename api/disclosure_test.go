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
	p.notify(center)
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

	// What was approved and is not any more they do not see by going back, either.
	back := func(when, account string, seq int64, versions int) {
		t.Helper()
		c := p.sheetOf(account, fmt.Sprintf(", asOf: %d", seq)).Assessment.Clause
		if shown := c.Entry != nil; shown != (versions > 0) || len(c.History) != versions || shown && c.History[versions-1].Replaced != nil {
			t.Errorf("%s: %s sees of 7.3 %+v, want %d versions", when, account, c, versions)
		}
	}
	back("as of an approval that is void", organizer, approved, 1)
	back("before the approval", organizer, approved-1, 0)
	for _, account := range outsiders {
		back("as of an approval that is void", account, approved, 0)
	}
	p.do("approveAssessment", on(district, nil))
	p.settle()
	check("approved again", 2)
	for _, account := range outsiders {
		back("as of the first approval", account, approved, 1)
		back("between the approvals", account, approved+1, 0)
	}
}

// TestSeenFromTheNoticeOn: a center and its district's office see a result from
// its notice on: as it stands while it is approved, and while it is being changed
// as it was at the newest notice. A look back shows what could be seen then, byte
// for byte, and before the notice nothing.
func TestSeenFromTheNoticeOn(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	center, district := theCenters[0], theCenters[0][:6]
	ask := func(account, subject string, seq int64) reply {
		asOf := ""
		if seq > 0 {
			asOf = fmt.Sprintf(", asOf: %d", seq)
		}
		return p.postAs(account, "/graphql", fmt.Sprintf(`{ assessment(round: %q, subject: %q%s) {
			total status revision deduction clauses { code outcome points entry { version why } history { version replaced } } notices { number } deductions { item } } }`,
			theRound, subject, asOf), nil)
	}
	outsiders := map[string][]string{center: {"center-" + center, "district-" + district}, district: {"district-" + district}}
	type look struct{ account, subject string }
	shown := make(map[look]map[int64]string) // what was shown when, "" for a refusal
	note := func(when string, want string, revisions map[string]string) {
		t.Helper()
		p.settle()
		seq := p.model.Head().Seq
		for subject, accounts := range outsiders {
			for _, account := range accounts {
				got := ask(account, subject, 0)
				if got.code() != want {
					t.Errorf("%s: %s of %s: %s, want %q", when, account, subject, got.text, want)
				}
				one := look{account, subject}
				if shown[one] == nil {
					shown[one] = make(map[int64]string)
				}
				shown[one][seq] = string(got.Data["assessment"])
				if revision := revisions[subject]; revision != "" && !strings.Contains(got.text, revision) {
					t.Errorf("%s: %s of %s: %.200s, want %s", when, account, subject, got.text, revision)
				}
			}
			for _, account := range []string{organizer, reviewer, assessor, "auditor"} {
				if got := ask(account, subject, 0); got.code() != "" {
					t.Errorf("%s: %s of %s: %s", when, account, subject, got.text)
				}
			}
		}
	}
	note("opened", "FORBIDDEN", nil)
	p.finish(district, domain.District, nil)
	p.finish(center, domain.Center, map[string]any{"2.3": 1})
	note("approved", "FORBIDDEN", nil)
	p.notify(center, district)
	note("notified", "", map[string]string{center: `"status":"approved"`, district: `"status":"approved"`})
	p.do("imposeDeduction", on(center, map[string]any{"item": "8.1", "reason": "媒体曝光", "source": "市级媒体", "occurredOn": "2022-05-05"}))
	p.do("reviseScore", on(center, map[string]any{"supersedes": 1, "why": "复看照片", "score": score("2.3", "lost", 2)}))
	note("being changed", "", map[string]string{center: `"deductions":[]`})
	if got := ask("center-"+center, center, 0); strings.Contains(got.text, "复看照片") || !strings.Contains(got.text, `"status":"approved"`) {
		t.Errorf("a change that nobody has approved is shown: %s", got.text)
	}
	p.do("approveAssessment", on(center, map[string]any{"actor": reviewer}))
	note("approved again", "", map[string]string{center: "复看照片"})
	p.notify(center)
	note("notified again", "", map[string]string{center: `"number":2`})

	steps := 0
	for one, moments := range shown {
		for seq, want := range moments {
			got := ask(one.account, one.subject, seq)
			if string(got.Data["assessment"]) != want || (want == "null") != (got.code() == "FORBIDDEN") {
				t.Errorf("%s of %s as of %d:\n%s\nit was\n%s", one.account, one.subject, seq, got.text, want)
			}
			steps++
		}
	}
	if steps != 3*6 {
		t.Errorf("looked back %d times, want 18", steps)
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
