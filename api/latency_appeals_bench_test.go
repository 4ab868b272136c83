package api

import (
	"fmt"
	"strings"

	"mingjian/domain/registry"
)

// Who hears appeals: the first panel, the second, and who takes a place in it
// that has become free.
var (
	firstPanel  = []string{"reviewer-3", "reviewer-4", "reviewer-5"}
	secondPanel = []string{"reviewer-6", "reviewer-7", "reviewer-8"}
	spares      = []string{"reviewer-9"}
)

// secondOrganizer deliberates what the organizer publishes.
const secondOrganizer = "organizer-2"

// disputed is the clause that every center appeals against.
const disputed = "2.3"

// moreLogins are the people that only appeals and releases need.
func moreLogins() []string {
	logins := []string{secondOrganizer}
	for _, panel := range [][]string{firstPanel, secondPanel, spares} {
		logins = append(logins, panel...)
	}
	return logins
}

func appealOf(row registry.Row) string {
	return fmt.Sprintf("%s-%s-%s-1", theRound, row.Code, disputed)
}

// dispute takes an appeal of each of the last centers through two panels.
func (c *metropolis) dispute() {
	c.t.Helper()
	c.onEach("notifyResult", theOrganizer, same(nil))
	c.settle()
	for range timedReleases { // by now they know: what is left is to find that out
		c.timed("notifyResults", organizer, `mutation($input: NotifyResultsInput!) { notifyResults(input: $input) { known waiting } }`,
			withID(map[string]any{"round": theRound, "district": c.last[0].DistrictCode}))
	}
	c.onEach("fileAppeal", centerOf, same(map[string]any{"clause": disputed, "ground": "fact", "statement": "当日已整改，照片可证。"}))
	said := func(key, text string) func(registry.Row) map[string]any {
		return func(registry.Row) map[string]any { return map[string]any{key: text} }
	}
	c.onAppeals("addToAppeal", centerOf, said("statement", "补充现场照片。"))
	c.onAppeals("answerAppeal", c.assessorOf, said("statement", "检查时尚未整改。"))
	c.onAppeals("extendAppeal", theOrganizer, same(map[string]any{"days": 3, "reason": "补充调查"}))
	c.onAppeals("namePanel", theOrganizer, c.panel(firstPanel))
	for _, member := range firstPanel {
		c.onAppeals("castVote", whoever(member), same(map[string]any{"restored": "0.25", "reason": "部分属实"}))
	}
	c.onAppeals("decideAppeal", whoever(firstPanel[0]), said("reasons", "部分属实，恢复部分分值。"))
	c.onAppeals("escalateAppeal", centerOf, said("statement", "仍有异议。"))
	c.onAppeals("namePanel", theOrganizer, c.panel(secondPanel))
	c.onAppeals("recuseFromPanel", whoever(secondPanel[0]), said("reason", "曾在该中心任职"))
	c.onAppeals("namePanel", theOrganizer, c.panel([]string{secondPanel[1], secondPanel[2], spares[0]}))
	c.onAppeals("recuseReviewer", theOrganizer, same(map[string]any{"account": c.id(secondPanel[1]), "reason": "应中心请求", "onRequest": true}))
	c.onAppeals("withdrawAppeal", centerOf, said("reason", "已沟通一致"))
	c.onEach("fileReply", centerOf, same(map[string]any{"text": "感谢评估，已整改。"}))
	c.onEach("redactReply", theOrganizer, same(map[string]any{"number": 1, "text": "已整改。", "reason": "无关内容"}))
}

// onAppeals times a mutation on the appeals of the last centers.
func (c *metropolis) onAppeals(name string, who func(registry.Row) string, more func(registry.Row) map[string]any) {
	c.t.Helper()
	c.settle()
	for _, row := range c.last {
		input := map[string]any{"appeal": appealOf(row)}
		for key, value := range more(row) {
			input[key] = value
		}
		c.do(who(row), name, input)
	}
}

func whoever(login string) func(registry.Row) string {
	return func(registry.Row) string { return login }
}

func (c *metropolis) panel(logins []string) func(registry.Row) map[string]any {
	accounts := make([]any, len(logins))
	for i, login := range logins {
		accounts[i] = c.id(login)
	}
	return same(map[string]any{"accounts": accounts})
}

// timedMoments look at appeals, at earlier moments, and at what moved between
// two. Their variables are those of timedQueries, the id of an appeal, and an
// earlier moment, another one in each call: a ranking that was asked for is kept.
var timedMoments = []struct{ name, document string }{
	{"appeal", `query($seen: Position, $appeal: ID!) { appeal(id: $appeal, after: $seen) { status ground statement lost restored filedAt decideBy expired
		members { pseudonym account recused } votes { by outcome restored reason } statements { party statement }
		decisions { outcome restored reasons escalateBy } steps { event at status } } }`},
	{"appeals", `query($seen: Position) { appeals(round: "spring-2022", afterPosition: $seen) { totalCount pageInfo { hasNextPage endCursor }
		edges { cursor node { id subject clause deduction ground status filedAt decideBy lost restored } } } }`},
	{"awaiting", `query($seen: Position) { awaiting(after: $seen) { counts { kind count } items { kind round subject appeal since due daysLeft overdue } } }`},
	{"appealStatistics", `query($seen: Position) { appealStatistics(round: "spring-2022", after: $seen) {
		total { ...tally } byClause { code tally { ...tally } } byDistrict { code tally { ...tally } } byGround { code tally { ...tally } } } }
		fragment tally on AppealTally { filed decided upheld partlyUpheld dismissed withdrawn open expired escalated lost restored }`},
	{"assessmentDiff", `query($center: ID!, $moment: Int!) { assessmentDiff(round: "spring-2022", subject: $center, from: $moment) {
		totalBefore totalAfter difference text changes { edges { node { seq clause effect text } } } } }`},
	{"rankingDiff", `query($moment: Int!) { rankingDiff(round: "spring-2022", from: $moment) { centers { totalCount edges { cursor } } districts { text } } }`},
	{"assessment asOf", `query($center: ID!, $moment: Int!) { assessment(round: "spring-2022", subject: $center, asOf: $moment) {
		status total gross deduction clauses { code outcome points entry { version reason } } } }`},
	{"ranking asOf", `query($moment: Int!) { ranking(round: "spring-2022", asOf: $moment) { totalCount
		edges { node { center { code name } total cityRank districtRank } } } }`},
	{"districtRanking asOf", `query($moment: Int!) { districtRanking(round: "spring-2022", asOf: $moment) { district { code } rank mean } }`},
	{"appeals asOf", `query($moment: Int!) { appeals(round: "spring-2022", asOf: $moment) { totalCount edges { node { id status } } } }`},
}

// lookBack times the queries that look at appeals and at earlier moments.
func (c *metropolis) lookBack() {
	c.t.Helper()
	c.settle()
	seq := int(c.model.Head().Seq)
	for n, q := range timedMoments {
		for i, row := range c.last {
			variables := map[string]any{}
			for name, value := range map[string]any{
				"seen": fmt.Sprint(i + 1), "center": row.Code, "appeal": appealOf(row), "moment": seq - 1 - i - n*len(c.last),
			} {
				if strings.Contains(q.document, "$"+name) {
					variables[name] = value
				}
			}
			c.timed(q.name, organizer, q.document, variables)
		}
	}
}
