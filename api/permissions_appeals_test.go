package api

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"mingjian/api/command"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
)

// stages are those of an appeal; a hearing has its whole panel, or lost a member.
var stages = []rights.Stage{rights.Unfiled, rights.Filed, rights.Hearing, short, rights.Decided, rights.Escalated, rights.Withdrawn}

// short is a hearing whose panel lost a member.
const short rights.Stage = "hearing, a member recused"

// named is the stage as the table has it.
func named(stage rights.Stage) rights.Stage {
	if stage == short {
		return rights.Hearing
	}
	return stage
}

// onHearing is a command on an appeal.
type onHearing struct {
	command rights.Command
	input   func(*court, rights.Stage) map[string]any
	// voted wants a panel all of whose members have voted.
	voted bool
	// wrong is the refusal in each stage in which the command does not work.
	wrong map[rights.Stage]string
}

var (
	undecidedOnly = map[rights.Stage]string{rights.Decided: "DECIDED", rights.Withdrawn: "NOT_OPEN"}
	inHearing     = map[rights.Stage]string{rights.Filed: "NOT_ON_PANEL", rights.Decided: "DECIDED", rights.Escalated: "NOT_ON_PANEL", rights.Withdrawn: "NOT_OPEN"}
)

func says(input map[string]any) func(*court, rights.Stage) map[string]any {
	return func(*court, rights.Stage) map[string]any { return input }
}

// hearings has every command on an appeal.
var hearings = []onHearing{
	{"fileAppeal", says(map[string]any{"ground": "fact", "statement": "当日已整改"}), false, map[rights.Stage]string{
		rights.Filed: "UNDER_APPEAL", rights.Hearing: "UNDER_APPEAL", rights.Decided: "DECIDED", rights.Escalated: "UNDER_APPEAL",
	}},
	{"addToAppeal", says(map[string]any{"statement": "补充照片"}), false, undecidedOnly},
	{"answerAppeal", says(map[string]any{"statement": "当日所见如实"}), false, undecidedOnly},
	{"withdrawAppeal", says(map[string]any{"reason": "不再申诉"}), false, undecidedOnly},
	{"escalateAppeal", says(map[string]any{"statement": "另有录像"}), false, map[rights.Stage]string{
		rights.Filed: "UNDER_APPEAL", rights.Hearing: "UNDER_APPEAL", rights.Escalated: "UNDER_APPEAL", rights.Withdrawn: "NOT_OPEN",
	}},
	{"namePanel", func(c *court, stage rights.Stage) map[string]any {
		switch stage {
		case rights.Escalated:
			return map[string]any{"accounts": c.judges[2:5]}
		case short:
			return map[string]any{"accounts": []string{c.panelist.account, c.judges[0], c.judges[2]}}
		}
		return map[string]any{"accounts": c.judges[:3]}
	}, false, undecidedOnly},
	{"recuseReviewer", func(c *court, _ rights.Stage) map[string]any {
		return map[string]any{"account": c.judges[0], "reason": "应中心请求", "onRequest": true}
	}, false, inHearing},
	{"extendAppeal", says(map[string]any{"days": 5, "reason": "核查需要"}), false, undecidedOnly},
	{"recuseFromPanel", says(map[string]any{"reason": "亲属在该中心任职"}), false, inHearing},
	{"castVote", says(map[string]any{"restored": "0", "reason": "证据不足"}), false, inHearing},
	{"decideAppeal", says(map[string]any{"reasons": "证据不足以证明当日已整改"}), true, inHearing},
}

// court is a stage with people who have to do with appeals.
type court struct {
	*stage
	judges []string // reviewers who have to do with nothing else
	// panelist is on each panel, but the second; unseated was recused from the
	// first one. returner handed the record back once, filer appeals.
	panelist, unseated, returner, filer *player
	bench                               []*player
	districts                           int
}

func newBench(t testing.TB) *court {
	t.Helper()
	s := newStage(t)
	c := &court{
		stage: s, panelist: &player{name: "panelist"}, unseated: &player{name: "unseated"},
		returner: &player{name: "returner"}, filer: &player{name: "filer"},
	}
	for i := range 5 {
		judge := &player{name: fmt.Sprint("judge-", i)}
		judge.account = s.create(judge.name)
		s.cast(judge, rights.Grant{Role: rights.Reviewer})
		c.judges = append(c.judges, judge.account)
	}
	for _, who := range []*player{c.panelist, c.unseated, c.returner, c.filer} {
		who.account = s.create(who.name)
		s.cast(who, rights.Grant{Role: rights.Reviewer})
	}
	c.bench = []*player{
		s.person("stranger"), s.person("member"), s.person("former"), s.person("outsider"), c.returner, c.panelist, c.unseated, c.filer,
	}
	return c
}

// against is what appeals of a subject are about.
func against(subject string) assessment.Target {
	if len(subject) == 6 {
		return assessment.Target{Clause: "7.3"}
	}
	return assessment.Target{Deduction: 1}
}

// told brings a center's record to its notice and then to a state, with
// everybody in their place.
func (c *court) told(round, subject string, state rights.State) {
	c.t.Helper()
	ctx := c.t.Context()
	c.open(round, subject, rights.Submitted, plain)
	_, err := c.setup.ReturnAssessment(ctx, c.by(c.returner.account), round, subject, "请补充照片", nil)
	must(c.t, err)
	_, err = c.setup.Submit(ctx, c.by(c.person("lead").account), round, subject)
	must(c.t, err)
	_, err = c.setup.Approve(ctx, c.by(setter), round, subject)
	must(c.t, err)
	_, err = c.setup.NotifyResult(ctx, c.by(setter), round, subject)
	must(c.t, err)
	c.reopen(round, subject, state)
}

// toldDistrict is a new district that was told its result.
func (c *court) toldDistrict() string {
	c.t.Helper()
	c.districts++
	code := fmt.Sprintf("3300%02d", c.districts)
	ctx := c.t.Context()
	_, err := c.setup.RegisterDistrict(ctx, c.by(setter), code, fmt.Sprintf("新%d区", c.districts))
	must(c.t, err)
	_, err = c.setup.OpenAssessment(ctx, c.by(setter), openRound, code)
	must(c.t, err)
	c.finishDistrict(openRound, code, rights.Approved, c.newcomer)
	_, err = c.setup.NotifyResult(ctx, c.by(setter), openRound, code)
	must(c.t, err)
	return code
}

// bring brings an appeal of a subject to a stage and gives its id, also where
// nobody has filed it.
func (c *court) bring(round, subject string, stage rights.Stage, voted bool) string {
	c.t.Helper()
	ctx, s := c.t.Context(), c.setup
	id := appeal.ID(round, subject, against(subject), 1)
	do := func(_ command.Receipt, err error) { c.t.Helper(); must(c.t, err) }
	// as the center's or the district's person: nobody else files or withdraws
	appellant := func(run func(m command.Meta) (command.Receipt, error)) {
		c.t.Helper()
		c.hands.center, c.hands.claimant = subject, c.filer.account
		do(run(c.by(c.filer.account)))
		c.hands.claimant = ""
	}
	if stage == rights.Unfiled {
		return id
	}
	appellant(func(m command.Meta) (command.Receipt, error) {
		return s.FileAppeal(ctx, m, command.Filing{
			Round: round, Subject: subject, Target: against(subject), Ground: appeal.Evidence, Statement: "未见证据",
		})
	})
	if stage == rights.Filed {
		return id
	}
	do(s.NamePanel(ctx, c.by(setter), id, []string{c.unseated.account, c.judges[0], c.judges[1]}))
	do(s.RecuseFromPanel(ctx, c.by(c.unseated.account), id, "亲属在该中心任职"))
	panel := []string{c.panelist.account, c.judges[0], c.judges[1]}
	do(s.NamePanel(ctx, c.by(setter), id, panel))
	if stage == short {
		do(s.RecuseReviewer(ctx, c.by(setter), id, c.judges[1], "应中心请求", true))
	}
	if voted || stage == rights.Decided || stage == rights.Escalated {
		for _, member := range panel {
			do(s.CastVote(ctx, c.by(member), id, 0, "证据充分"))
		}
	}
	switch stage {
	case rights.Withdrawn:
		appellant(func(m command.Meta) (command.Receipt, error) { return s.WithdrawAppeal(ctx, m, id, "不再申诉") })
	case rights.Decided, rights.Escalated:
		do(s.DecideAppeal(ctx, c.by(panel[0]), id, "证据充分"))
	}
	if stage == rights.Escalated {
		appellant(func(m command.Meta) (command.Receipt, error) { return s.EscalateAppeal(ctx, m, id, "不服") })
	}
	return id
}

// expected is what the table says of a command on an appeal: the code of the
// refusal, or "". It runs none of the code that it is compared with.
func (c *court) expected(h onHearing, as casting, who *player, round, subject string, stage rights.Stage) string {
	at := slices.IndexFunc(rights.Table, func(r rights.Rule) bool {
		return r.Command == h.command && r.Role == as.role && (r.Condition != rights.Own || as.own(subject))
	})
	if at < 0 {
		return "FORBIDDEN"
	}
	rule, filing := rights.Table[at], h.command == "fileAppeal"
	district := len(subject) == 6 // nobody has a place in its record
	seated := who == c.panelist && stage != rights.Unfiled && stage != rights.Filed && stage != rights.Escalated
	gone := who == c.unseated && stage != rights.Unfiled && stage != rights.Filed
	if stage == rights.Unfiled && !filing { // nobody learns that there is no such appeal but who may act on any
		switch {
		case rule.Condition == rights.Own:
			return "FORBIDDEN"
		case rule.Condition == rights.Panelist:
			return "NOT_ON_PANEL"
		case rule.Condition == rights.Assigned:
			return "NOT_ASSIGNED"
		}
		return "UNKNOWN_APPEAL"
	}
	if filing && round == closedRound {
		return "ROUND_CLOSED"
	}
	var place string
	switch rule.Condition {
	case rights.Panelist:
		place = first(gone, "RECUSED", !seated, "NOT_ON_PANEL")
	case rights.Assigned:
		place = first(who.recused && !district, "RECUSED", !who.assigned || district, "NOT_ASSIGNED")
	default:
		place = first(who.recused && !district, "RECUSED")
	}
	switch {
	case place != "":
		return place
	case round == closedRound:
		return "ROUND_CLOSED"
	case h.command == "recuseReviewer" && gone && named(stage) == rights.Escalated:
		return "RECUSED" // before it is asked who is on a panel that there is not yet
	case !slices.Contains(rule.Appeals, named(stage)):
		return h.wrong[named(stage)]
	}
	// What a party may say, or a panel do, is a matter of who is or was on it.
	spoke := who == c.panelist || who == c.unseated
	switch h.command {
	case "addToAppeal", "withdrawAppeal", "escalateAppeal":
		return first(spoke && stage != rights.Filed, "FOUR_EYES")
	case "recuseReviewer", "extendAppeal":
		return first(gone, "RECUSED", seated, "FOUR_EYES")
	case "namePanel":
		return first(gone, "RECUSED", stage == short && who == c.panelist, "INVALID_PANEL", seated, "FOUR_EYES", stage == rights.Hearing, "EXISTS")
	case "castVote", "decideAppeal":
		return first(stage == short, "INVALID_PANEL")
	}
	return ""
}

// try sends a command on an appeal as a person in a role.
func (c *court) try(n *tally, h onHearing, as casting, who *player, round, subject, id string, stage rights.Stage) {
	c.t.Helper()
	if h.command == "namePanel" && who != c.panelist {
		c.cast(c.panelist, rights.Grant{Role: rights.Reviewer}) // whom it may name
	}
	c.cast(who, as.grants(subject)...)
	input := map[string]any{"commandId": newID()}
	if h.command == "fileAppeal" {
		input["round"], input["subject"] = round, subject
		if on := against(subject); on.Clause != "" {
			input["clause"] = on.Clause
		} else {
			input["deduction"] = on.Deduction
		}
	} else {
		input["appeal"] = id
	}
	maps.Copy(input, h.input(c, stage))
	got := c.send(who, mutationDocument(string(h.command)), map[string]any{"input": input})
	what := fmt.Sprintf("%s by %s (%s) on an appeal %q of %s in %s", h.command, as.name, who.name, stage, subject, round)
	c.judge(n, what, c.expected(h, as, who, round, subject, stage), got.code())
}

// onAppeal tries every command in every role as some people: what is to be
// refused on one appeal, and the rest each on a new one.
func (c *court) onAppeal(n *tally, round string, stage rights.Stage, people []*player, roles []casting, fresh func() string) {
	c.t.Helper()
	subject := fresh()
	c.onAppealOf(n, round, subject, c.bring(round, subject, stage, false), stage, people, roles, fresh)
}

// those are the people who try what is open to a role: whoever it is, the table
// gives nothing to some, of whom two are enough.
func (c *court) those(people []*player, as casting) []*player {
	if as.role == rights.Assessor || as.role == rights.Reviewer || as.role == rights.Organizer || as.name == "its center" {
		return people
	}
	return c.few()
}

func (c *court) few() []*player { return []*player{c.person("stranger"), c.panelist} }

func (c *court) onAppealOf(n *tally, round, subject, id string, stage rights.Stage, people []*player, roles []casting, fresh func() string) {
	c.t.Helper()
	for _, as := range roles {
		for _, who := range c.those(people, as) {
			c.cast(c.panelist, rights.Grant{Role: rights.Reviewer})
			c.cast(who, as.grants(subject)...)
			before := c.end()
			var allowed []onHearing
			for _, h := range hearings {
				if c.expected(h, as, who, round, subject, stage) == "" {
					allowed = append(allowed, h)
					continue
				}
				c.try(n, h, as, who, round, subject, id, stage)
			}
			c.moved(fmt.Sprintf("refusals of %s (%s) on an appeal %q", as.name, who.name, stage), before, false)
			for _, h := range allowed {
				on := fresh()
				another := c.bring(round, on, stage, h.voted)
				c.cast(who, as.grants(on)...)
				before := c.end()
				c.try(n, h, as, who, round, on, another, stage)
				c.moved(fmt.Sprintf("%s by %s (%s)", h.command, as.name, who.name), before, true)
			}
		}
	}
}

// TestPermissionsOnAppeals tries every pair of role and command on appeals: in
// every stage, of records in every state, in rounds in progress and closed, as
// every kind of person, on the panel or not, and of a district's own record.
func TestPermissionsOnAppeals(t *testing.T) {
	t.Parallel() // with the other matrices
	c := newBench(t)
	n := new(tally)
	few := c.few()
	want := 0
	count := func(people []*player, roles []casting) {
		for _, as := range roles {
			want += len(c.those(people, as)) * len(hearings)
		}
	}
	for _, state := range []rights.State{rights.Approved, rights.Submitted, rights.InWork} {
		for _, stage := range stages {
			people := c.bench
			if state != rights.Approved || stage == rights.Unfiled {
				people = few
			}
			c.onAppeal(n, openRound, stage, people, castings, func() string {
				subject := c.take()
				c.told(openRound, subject, state)
				return subject
			})
			count(people, castings)
		}
	}
	var offices []casting
	for _, as := range castings {
		if as.role == rights.District {
			offices = append(offices, as)
		}
	}
	for _, stage := range stages {
		c.onAppeal(n, openRound, stage, few, offices, c.toldDistrict)
		count(few, offices)
	}
	// A round is closed once all of its appeals are.
	closed := make(map[rights.Stage]string)
	for _, stage := range []rights.Stage{rights.Unfiled, rights.Decided, rights.Withdrawn} {
		closed[stage] = c.take()
		c.told(closedRound, closed[stage], rights.Approved)
		c.bring(closedRound, closed[stage], stage, false)
	}
	_, err := c.setup.CloseRound(t.Context(), c.by(setter), closedRound, "评估结束")
	must(t, err)
	for stage, subject := range closed {
		id := appeal.ID(closedRound, subject, against(subject), 1)
		c.onAppealOf(n, closedRound, subject, id, stage, few, castings, nil)
		count(few, castings)
	}
	if n.tried != want {
		t.Errorf("tried %d pairs, there are %d", n.tried, want)
	}
	t.Logf("%d pairs tried on appeals; %d allowed, %d refused", n.tried, n.allowed, n.refused)
}
