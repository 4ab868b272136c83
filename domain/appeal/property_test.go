package appeal_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
)

// history plays commands, allowed or not, on one appeal, and keeps its own
// account of what must hold.
type history struct {
	a, same *appeal.Appeal
	stake   assessment.Stake
	// parts grows as people come to have a part in the record.
	parts    map[string]bool
	recused  map[string]bool
	restored domain.Points
	decided  map[int]int // decisions by panel
}

var pool = []string{"m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "assessor", "center"}

// command is a decision and what it is called.
type command struct {
	name string
	do   decision
}

// anyCommand draws one: a few are drawn so that they get far.
func (h *history) anyCommand(t *rapid.T) command {
	who := by(rapid.SampledFrom(pool).Draw(t, "who"))
	who.At = on(rapid.SampledFrom([]string{"2022-06-08", "2022-06-23", "2022-07-20"}).Draw(t, "day"))
	reason := rapid.SampledFrom([]string{"有据可查", "有据可查", ""}).Draw(t, "reason")
	restored := h.anyAmount(t)
	day := rapid.SampledFrom([]string{"2022-06-22", "2022-06-30", "2022-07-30", ""}).Draw(t, "until")
	commands := []command{
		{"file", func(a *appeal.Appeal) ([]domain.Event, error) { return a.File(who, filing(), h.stake) }},
		{"add", func(a *appeal.Appeal) ([]domain.Event, error) {
			return a.Add(who, appeal.EvidenceAdded{Party: appeal.Appellant, Statement: reason})
		}},
		{"recuse", func(a *appeal.Appeal) ([]domain.Event, error) {
			return a.Recuse(by("organizer"), who.By, reason, false)
		}},
		{"extend", func(a *appeal.Appeal) ([]domain.Event, error) { return a.Extend(who, day, reason) }},
		{"expire", func(a *appeal.Appeal) ([]domain.Event, error) { return a.Expire(who) }},
		{"escalate", func(a *appeal.Appeal) ([]domain.Event, error) { return a.Escalate(who, reason, day, hash) }},
	}
	vote := command{"vote", func(a *appeal.Appeal) ([]domain.Event, error) { return a.Vote(who, restored, reason, h.parts, items) }}
	decide := command{"decide", func(a *appeal.Appeal) ([]domain.Event, error) { return a.Decide(who, reason, day, h.parts, items) }}
	commands = append(commands, h.anyPanel(t), vote, vote, vote, vote, vote, decide, decide, decide)
	if rapid.IntRange(0, 9).Draw(t, "withdraw") == 0 {
		commands = append(commands, command{"withdraw", func(a *appeal.Appeal) ([]domain.Event, error) { return a.Withdraw(who, reason) }})
	}
	return rapid.SampledFrom(commands).Draw(t, "command")
}

func (h *history) anyAmount(t *rapid.T) domain.Points {
	if h.stake.Item != "" {
		return rapid.SampledFrom([]domain.Points{0, 1000, 1500, 500}).Draw(t, "restored")
	}
	return domain.Points(rapid.Int64Range(-1, int64(h.stake.Lost)+1).Draw(t, "restored"))
}

func (h *history) anyPanel(t *rapid.T) command {
	size := rapid.SampledFrom([]int{3, 3, 3, 5, 2}).Draw(t, "size")
	members := rapid.SliceOfNDistinct(rapid.SampledFrom(pool), size, size, rapid.ID).Draw(t, "members")
	for i, left := range h.a.Members { // those who are left, as the rule wants
		if i < len(members) && !slices.Contains(members, left) {
			members[i] = left
		}
	}
	return command{"name", func(a *appeal.Appeal) ([]domain.Event, error) {
		return a.NamePanel(by("organizer"), slices.Clone(members), h.parts)
	}}
}

// anyBeginning gets a history so far along that more than refusals follow.
func (h *history) anyBeginning(t *rapid.T) []command {
	commands := []command{
		{"file", file(h.stake, asIs)},
		{"name", name("organizer", "m1", "m2", "m3")},
	}
	for _, who := range []string{"m1", "m2", "m3"} {
		commands = append(commands, command{"vote", vote(who, h.anyAmount(t))})
	}
	commands = append(commands, command{"decide", decide("m1", "合议意见", ask)},
		command{"escalate", escalate("center", by("center").At, "仍有异议", dueAgain)},
		command{"name", name("organizer", "m4", "m5", "m6")})
	return commands[:rapid.IntRange(0, len(commands)).Draw(t, "beginning")]
}

// Whatever is commanded, in whatever order: no decision changes what it decides
// on, all that it returns can be applied, nobody hears what they had a part in,
// each panel decides at most once, by the middle of all its votes, and what is
// restored grows up to what was lost.
func TestAnyHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{
			a: appeal.New(), same: appeal.New(), stake: rapid.SampledFrom([]assessment.Stake{lost, award, misconduct}).Draw(t, "stake"),
			parts: map[string]bool{"assessor": true}, recused: make(map[string]bool), decided: make(map[int]int),
		}
		for _, c := range h.anyBeginning(t) {
			h.play(t, c)
		}
		for range rapid.IntRange(1, 40).Draw(t, "commands") {
			if rapid.IntRange(0, 19).Draw(t, "joins") == 0 {
				h.parts[rapid.SampledFrom(pool).Draw(t, "who joins")] = true
			}
			h.play(t, h.anyCommand(t))
		}
	})
}

func (h *history) play(t *rapid.T, c command) {
	events, err := c.do(h.a)
	if !reflect.DeepEqual(h.a, h.same) {
		t.Fatalf("%s changed the state that it decided on", c.name)
	}
	if (err == nil) != (len(events) == 1) && c.name != "expire" {
		t.Fatalf("%s: %d events and error %v", c.name, len(events), err)
	}
	for _, event := range events {
		h.check(t, event)
		for _, fold := range []*appeal.Appeal{h.a, h.same} {
			if err := fold.Apply(event); err != nil {
				t.Fatalf("%s returned %T: %v", c.name, event, err)
			}
		}
	}
	for _, member := range h.a.Members {
		if h.recused[member] || h.a.Panel == 2 && h.a.Former[member] || h.a.Parties[member] {
			t.Fatalf("%s hears the appeal after %s", member, c.name)
		}
	}
	for _, vote := range h.a.Votes {
		if !slices.Contains(h.a.Members, vote.By) && h.a.Open() {
			t.Fatalf("the vote of %s counts, the panel is %v", vote.By, h.a.Members)
		}
	}
}

// check holds an event against the appeal as it was before.
func (h *history) check(t *rapid.T, event domain.Event) {
	switch e := event.(type) {
	case *appeal.PanelNamed:
		if len(e.Members)%2 == 0 {
			t.Fatalf("a panel of %d", len(e.Members))
		}
		h.impartial(t, e.Members)
	case *appeal.ReviewerRecused:
		h.recused[e.Member] = true
	case *appeal.Decided:
		h.impartial(t, h.a.Members)
		h.checkDecision(t, e)
	}
}

func (h *history) impartial(t *rapid.T, members []string) {
	for _, member := range members {
		if h.parts[member] {
			t.Fatalf("%s has a part in the record and is on the panel", member)
		}
	}
}

func (h *history) checkDecision(t *rapid.T, e *appeal.Decided) {
	asMuch, asLittle := 0, 0
	for _, vote := range h.a.Votes {
		if vote.Restored >= e.Restored {
			asMuch++
		}
		if vote.Restored <= e.Restored {
			asLittle++
		}
	}
	if half := h.a.Size / 2; len(h.a.Votes) != h.a.Size || asMuch <= half || asLittle <= half {
		t.Fatalf("decided %s, of %d members %d would restore as much and %d as little", e.Restored, h.a.Size, asMuch, asLittle)
	}
	if h.decided[e.Panel]++; h.decided[e.Panel] > 1 || e.Panel == 2 && h.decided[1] == 0 {
		t.Fatalf("panel %d decided %d times, the first one %d times", e.Panel, h.decided[e.Panel], h.decided[1])
	}
	if e.Restored < h.restored || e.Restored > h.stake.Lost {
		t.Fatalf("panel %d restores %s of %s after %s", e.Panel, e.Restored, h.stake.Lost, h.restored)
	}
	if (e.Corrected != nil) != (e.Restored != h.restored) {
		t.Fatalf("from %s to %s restored, corrected %+v", h.restored, e.Restored, e.Corrected)
	}
	want := appeal.PartlyUpheld
	switch e.Restored {
	case h.stake.Lost:
		want = appeal.Upheld
	case h.restored:
		want = appeal.Dismissed
	}
	if e.Outcome != want {
		t.Fatalf("from %s to %s of %s restored is %s, want %s", h.restored, e.Restored, h.stake.Lost, e.Outcome, want)
	}
	if (e.EscalateBy != "") != (e.Panel == 1 && e.Outcome != appeal.Upheld) {
		t.Fatalf("panel %d: %s, to be escalated by %q", e.Panel, e.Outcome, e.EscalateBy)
	}
	if e.Corrected != nil {
		h.checkCorrected(t, e)
	}
	h.restored = e.Restored
}

// checkCorrected: what the target becomes is what was lost less what is
// restored.
func (h *history) checkCorrected(t *rapid.T, e *appeal.Decided) {
	left := h.stake.Lost - e.Restored
	want := appeal.Corrected{Points: left}
	switch {
	case h.stake.Outcome == domain.Awarded:
		want = appeal.Corrected{Outcome: domain.Awarded, Points: 300 - left}
	case h.stake.Item != "" && left > 0:
		want.Item, _ = items(left)
	case h.stake.Item == "":
		want.Outcome = map[bool]domain.Outcome{true: domain.Lost, false: domain.Met}[left > 0]
	}
	if *e.Corrected != want {
		t.Fatalf("%s of %s restored: corrected %+v, want %+v", e.Restored, h.stake.Lost, *e.Corrected, want)
	}
}

// However a panel's votes are ordered, its decision is the same.
func TestOrderOfVotesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{3, 5, 7, 9}).Draw(t, "members")
		var members []string
		votes := make(map[string]domain.Points)
		for i := range size {
			who := fmt.Sprintf("m%d", i+1)
			members = append(members, who)
			votes[who] = domain.Points(rapid.Int64Range(0, 75).Draw(t, who))
		}
		decideIn := func(order []string) domain.Event {
			a := appeal.New()
			for _, event := range waiting(named(1, members...)) {
				if err := a.Apply(event); err != nil {
					t.Fatal(err)
				}
			}
			for _, who := range order {
				cast, err := vote(who, votes[who])(a)
				if err != nil || a.Apply(cast[0]) != nil {
					t.Fatal(err)
				}
			}
			events, err := decide("m1", "合议意见", ask)(a)
			if err != nil {
				t.Fatal(err)
			}
			return events[0]
		}
		one, other := decideIn(members), decideIn(rapid.Permutation(members).Draw(t, "order"))
		if !reflect.DeepEqual(one, other) {
			t.Fatalf("%+v\n%+v", one, other)
		}
	})
}
