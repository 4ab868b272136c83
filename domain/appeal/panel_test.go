package appeal_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
)

func name(who string, members ...string) decision {
	return func(a *appeal.Appeal) ([]domain.Event, error) { return a.NamePanel(by(who), members, parts) }
}

func TestNamePanel(t *testing.T) {
	three := name("organizer", "m1", "m2", "m3")
	nine := []string{"m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"}
	refuse := func(given []domain.Event, refused error, says string, members ...string) scenario {
		return scenario{
			name: fmt.Sprint(says, ": ", members), given: given, when: name("organizer", members...), refused: refused, says: says,
		}
	}
	run(t, []scenario{
		{name: "three", given: waiting(), when: three, then: events(named(1, "m1", "m2", "m3"))},
		{name: "nine", given: waiting(), when: name("organizer", nine...), then: events(named(1, nine...))},
		{name: "after it expired", given: waiting(expired), when: three, then: events(named(1, "m1", "m2", "m3"))},
		{name: "again after a recusal", given: hearing(recused("m2")), when: name("organizer", "m1", "m3", "m4"), then: events(named(1, "m1", "m3", "m4"))},
		{name: "larger after a recusal", given: hearing(recused("m2")), when: name("organizer", "m3", "m4", "m1", "m5", "m6"), then: events(named(1, "m3", "m4", "m1", "m5", "m6"))},
		{name: "others after all are recused", given: hearing(recused("m1"), recused("m2"), recused("m3")), when: name("organizer", "m4", "m5", "m6"), then: events(named(1, "m4", "m5", "m6"))},
		{name: "a second panel", given: partly(escalated()), when: name("organizer", "m4", "m5", "m6"), then: events(named(2, "m4", "m5", "m6"))},
		refuse(waiting(), domain.ErrPanel, "a panel of 0: an odd number from 3 to 9"),
		refuse(waiting(), domain.ErrPanel, "a panel of 1", "m1"),
		refuse(waiting(), domain.ErrPanel, "a panel of 2", "m1", "m2"),
		refuse(waiting(), domain.ErrPanel, "a panel of 4", "m1", "m2", "m3", "m4"),
		refuse(waiting(), domain.ErrPanel, "a panel of 11", append(nine, "m10", "m11")...),
		refuse(waiting(), domain.ErrPanel, "member 3 is named twice", "m1", "m2", "m1"),
		refuse(waiting(), domain.ErrFourEyes, "member 2: had a part in what appeal 2022-310101002-1.1.1-1 is about", "m1", "assessor", "m2"),
		refuse(waiting(), domain.ErrFourEyes, "member 3: had a part", "m1", "m2", "reviewer"),
		refuse(waiting(), domain.ErrFourEyes, "member 1: had a part", "center", "m1", "m2"),
		refuse(waiting(said(appeal.Appellant, "deputy")), domain.ErrFourEyes, "member 1: had a part", "deputy", "m1", "m2"),
		refuse(partly(&appeal.Escalated{Stamp: by("deputy"), Statement: "仍有异议", DecideBy: dueAgain}), domain.ErrFourEyes, "member 2: had a part", "m4", "deputy", "m5"),
		refuse(hearing(recused("m2")), domain.ErrRecused, "member 2: appeal 2022-310101002-1.1.1-1: recused", "m1", "m2", "m3"),
		refuse(partly(escalated()), domain.ErrFourEyes, "member 3: was on the first panel of appeal", "m4", "m5", "m3"),
		refuse(dismissed(escalated()), domain.ErrFourEyes, "member 1: was on the first panel of appeal", "m1", "m5", "m6"),
		refuse(hearing(recused("m1"), named(1, "m2", "m3", "m4"), voted(1, "m2", appeal.Dismissed, 0), voted(1, "m3", appeal.Dismissed, 0), voted(1, "m4", appeal.Dismissed, 0), &appeal.Decided{Stamp: by("m2"), Panel: 1, Outcome: appeal.Dismissed, EscalateBy: ask}, escalated()), domain.ErrRecused, "member 1", "m1", "m5", "m6"),
		refuse(hearing(), domain.ErrExists, "has its panel of 3, a member is recused before it is named again", "m4", "m5", "m6"),
		refuse(hearing(voted(1, "m1", appeal.Upheld, 75)), domain.ErrExists, "has its panel of 3", "m1", "m2", "m3"),
		refuse(hearing(recused("m2")), domain.ErrPanel, "member 1 of the 2 left is not named again", "m3", "m4", "m5"),
		{name: "rule 3, by who was taken off the panel", given: hearing(recused("m2")), when: name("m2", "m1", "m3", "m4"), refused: domain.ErrRecused, says: "appeal 2022-310101002-1.1.1-1: recused"},
		{name: "rule 3, naming oneself", given: waiting(), when: name("m2", "m1", "m2", "m3"), refused: domain.ErrPanel, says: "naming oneself: not a panel"},
		{name: "before it is filed", when: three, refused: domain.ErrUnknownAppeal, says: "unknown appeal"},
		{name: "once decided", given: dismissed(), when: three, refused: domain.ErrDecided, says: "decided already"},
		{name: "once withdrawn", given: waiting(withdrawn), when: three, refused: domain.ErrNotOpen, says: "is withdrawn"},
	})
}

func recuse(who, reason string, onRequest bool) decision {
	return func(a *appeal.Appeal) ([]domain.Event, error) {
		return a.Recuse(by("organizer"), who, reason, onRequest)
	}
}

func TestRecuse(t *testing.T) {
	onRequest := recused("m2")
	onRequest.OnRequest = true
	asUsual := recuse("m2", "曾在该中心任职", false)
	run(t, []scenario{
		{name: "a member", given: hearing(), when: asUsual, then: events(recused("m2"))},
		{name: "at a party's request", given: hearing(), when: recuse("m2", "曾在该中心任职", true), then: events(onRequest)},
		{name: "who has voted", given: hearing(voted(1, "m2", appeal.Upheld, 75)), when: asUsual, then: events(recused("m2"))},
		{name: "of the second panel", given: again(), when: recuse("m5", "曾在该中心任职", false), then: events(recused("m5"))},
		{name: "twice", given: hearing(recused("m2")), when: asUsual, refused: domain.ErrRecused, says: "1.1.1-1: recused"},
		{name: "rule 3, by another member of the panel", given: hearing(), when: func(a *appeal.Appeal) ([]domain.Event, error) {
			return a.Recuse(by("m1"), "m2", "x", false)
		}, refused: domain.ErrFourEyes, says: "a member of the panel of appeal 2022-310101002-1.1.1-1"},
		{name: "rule 3, by who was taken off the panel", given: hearing(recused("m1")), when: func(a *appeal.Appeal) ([]domain.Event, error) {
			return a.Recuse(by("m1"), "m2", "x", false)
		}, refused: domain.ErrRecused, says: "1.1.1-1: recused"},
		{name: "somebody else", given: hearing(), when: recuse("m4", "x", false), refused: domain.ErrNotOnPanel, says: "1.1.1-1: not on the panel"},
		{name: "one of the first panel, before the second", given: again(), when: recuse("m1", "x", false), refused: domain.ErrNotOnPanel, says: "not on the panel"},
		{name: "before a panel is named", given: waiting(), when: asUsual, refused: domain.ErrNotOnPanel, says: "not on the panel"},
		{name: "without a reason", given: hearing(), when: recuse("m2", "", false), refused: domain.ErrReasonMissing, says: "recusing a member"},
		{name: "with a reason that is not UTF-8", given: hearing(), when: recuse("m2", "\xff", false), refused: domain.ErrInvalid, says: "reason is not valid UTF-8"},
		{name: "before it is filed", when: asUsual, refused: domain.ErrUnknownAppeal, says: "unknown appeal"},
		{name: "once decided", given: dismissed(), when: asUsual, refused: domain.ErrDecided, says: "decided already"},
		{name: "once withdrawn", given: hearing(withdrawn), when: asUsual, refused: domain.ErrNotOpen, says: "is withdrawn"},
	})
}

func cast(who string, restored domain.Points, reason string) decision {
	return func(a *appeal.Appeal) ([]domain.Event, error) { return a.Vote(by(who), restored, reason, parts, items) }
}

// vote is a vote with reasons.
func vote(who string, restored domain.Points) decision { return cast(who, restored, "照片可证") }

// before has a panel hear an appeal against a stake.
func before(s assessment.Stake, more ...domain.Event) []domain.Event {
	return append(events(filed(s), named(1, "m1", "m2", "m3")), more...)
}

func TestVote(t *testing.T) {
	joined := func(a *appeal.Appeal) ([]domain.Event, error) {
		return a.Vote(by("m1"), 75, "x", map[string]bool{"m1": true}, items)
	}
	cast3 := hearing(voted(1, "m1", appeal.Upheld, 75), voted(1, "m2", appeal.Upheld, 75), voted(1, "m3", appeal.Upheld, 75))
	run(t, []scenario{
		{name: "to restore all", given: hearing(), when: vote("m1", 75), then: events(voted(1, "m1", appeal.Upheld, 75))},
		{name: "to restore some", given: hearing(), when: vote("m2", 1), then: events(voted(1, "m2", appeal.PartlyUpheld, 1))},
		{name: "to restore nothing", given: hearing(), when: vote("m3", 0), then: events(voted(1, "m3", appeal.Dismissed, 0))},
		{name: "of an award: what 3 has over 2", given: before(award), when: vote("m1", 100), then: events(voted(1, "m1", appeal.Upheld, 100))},
		{name: "of a deduction: all 15", given: before(misconduct), when: vote("m1", 1500), then: events(voted(1, "m1", appeal.Upheld, 1500))},
		{name: "of a deduction: 10, which leaves item 8.1", given: before(misconduct), when: vote("m1", 1000), then: events(voted(1, "m1", appeal.PartlyUpheld, 1000))},
		{name: "of a deduction: nothing", given: before(misconduct), when: vote("m1", 0), then: events(voted(1, "m1", appeal.Dismissed, 0))},
		{name: "after the last day", given: hearing(expired), when: vote("m1", 75), then: events(voted(1, "m1", appeal.Upheld, 75))},
		{name: "after the panel is whole again", given: hearing(voted(1, "m1", appeal.Upheld, 75), recused("m2"), named(1, "m1", "m3", "m4")), when: vote("m1", 0), then: events(voted(1, "m1", appeal.Dismissed, 0))},
		{name: "second panel: nothing more", given: again(), when: vote("m4", 50), then: events(voted(2, "m4", appeal.Dismissed, 50))},
		{name: "second panel: more", given: again(), when: vote("m4", 60), then: events(voted(2, "m4", appeal.PartlyUpheld, 60))},
		{name: "second panel: all", given: again(), when: vote("m4", 75), then: events(voted(2, "m4", appeal.Upheld, 75))},
		{name: "second panel: less", given: again(), when: vote("m4", 49), refused: domain.ErrNotWorse, says: "restore 0.49, the first panel restored 0.50: a second panel cannot take back"},
		{name: "more than was lost", given: hearing(), when: vote("m1", 76), refused: domain.ErrInvalid, says: "restore 0.76 of 0.75 lost"},
		{name: "less than nothing", given: hearing(), when: vote("m1", -1), refused: domain.ErrInvalid, says: "restore -0.01 of 0.75 lost"},
		{name: "of an award: more than the indicator has", given: before(award), when: vote("m1", 101), refused: domain.ErrInvalid, says: "restore 1.01 of 1.00 lost"},
		{name: "of a deduction: 5, which leaves 10", given: before(misconduct), when: vote("m1", 500), refused: domain.ErrInvalid, says: "restore 5.00 of deduction 8.2: no item of the standard subtracts 10.00"},
		{name: "without reasons", given: hearing(), when: cast("m1", 75, "　"), refused: domain.ErrReasonMissing, says: "voting: a reason is mandatory"},
		{name: "twice", given: hearing(voted(1, "m1", appeal.Upheld, 75)), when: vote("m1", 0), refused: domain.ErrDecided, says: "voting on appeal 2022-310101002-1.1.1-1 again"},
		{name: "when all have", given: cast3, when: vote("m2", 75), refused: domain.ErrDecided, says: "again"},
		{name: "by somebody else", given: hearing(), when: vote("organizer", 75), refused: domain.ErrNotOnPanel, says: "not on the panel"},
		{name: "before a panel is named", given: waiting(), when: vote("m1", 75), refused: domain.ErrNotOnPanel, says: "not on the panel"},
		{name: "by the first panel, before the second", given: again(), when: vote("m1", 75), refused: domain.ErrNotOnPanel, says: "not on the panel"},
		{name: "rule 3, by who was recused", given: hearing(recused("m2")), when: vote("m2", 75), refused: domain.ErrRecused, says: "recused"},
		{name: "rule 3, by who has come to have a part in the record", given: hearing(), when: joined, refused: domain.ErrFourEyes, says: "had a part in what appeal"},
		{name: "while the panel has two left", given: hearing(recused("m3")), when: vote("m1", 75), refused: domain.ErrPanel, says: "has 2 of 3 members left, the panel must be named again"},
		{name: "while the panel has one left", given: hearing(recused("m2"), recused("m3")), when: vote("m1", 75), refused: domain.ErrPanel, says: "has 1 of 3 members left"},
		{name: "before it is filed", when: vote("m1", 75), refused: domain.ErrUnknownAppeal, says: "unknown appeal"},
		{name: "once decided", given: dismissed(), when: vote("m1", 75), refused: domain.ErrDecided, says: "decided already"},
		{name: "once withdrawn", given: hearing(withdrawn), when: vote("m1", 75), refused: domain.ErrNotOpen, says: "is withdrawn"},
	})
}

func decide(who, reasons, escalateBy string) decision {
	return func(a *appeal.Appeal) ([]domain.Event, error) {
		return a.Decide(by(who), reasons, escalateBy, parts, items)
	}
}

// ballot is what m1, m2 and m3 vote; the outcomes do not matter.
func ballot(restored ...domain.Points) []domain.Event {
	var votes []domain.Event
	for i, r := range restored {
		votes = append(votes, voted(1, fmt.Sprintf("m%d", i+1), appeal.PartlyUpheld, r))
	}
	return votes
}

func TestDecide(t *testing.T) {
	write, last := decide("m1", "合议意见", ask), decide("m4", "合议意见", "")
	corrected := func(outcome domain.Outcome, points domain.Points, item string) *appeal.Corrected {
		return &appeal.Corrected{Outcome: outcome, Points: points, Item: item}
	}
	// second is before a second panel, which votes three times the same.
	second := func(s assessment.Stake, first, restored domain.Points, becomes *appeal.Corrected) []domain.Event {
		outcome := appeal.PartlyUpheld
		if first == 0 {
			outcome = appeal.Dismissed
		}
		history := before(s, ballot(first, first, first)...)
		history = append(history, decided(1, outcome, first, becomes, ask), escalated(), named(2, "m4", "m5", "m6"))
		for _, who := range []string{"m4", "m5", "m6"} {
			history = append(history, voted(2, who, appeal.PartlyUpheld, restored))
		}
		return history
	}
	run(t, []scenario{
		{name: "0, 0.50, 0.75: two of three would restore 0.50", given: before(lost, ballot(75, 0, 50)...), when: write, then: events(decided(1, appeal.PartlyUpheld, 50, corrected(domain.Lost, 25, ""), ask))},
		{name: "0, 0, 0.75: one of three would restore anything", given: before(lost, ballot(0, 0, 75)...), when: write, then: events(decided(1, appeal.Dismissed, 0, nil, ask))},
		{name: "0, 0.75, 0.75", given: before(lost, ballot(0, 75, 75)...), when: decide("m1", "合议意见", ""), then: events(decided(1, appeal.Upheld, 75, corrected(domain.Met, 0, ""), ""))},
		{name: "0.10, 0.20, 0.30", given: before(lost, ballot(10, 30, 20)...), when: write, then: events(decided(1, appeal.PartlyUpheld, 20, corrected(domain.Lost, 55, ""), ask))},
		{name: "an award of 2 becomes 2.60", given: before(award, ballot(60, 60, 100)...), when: write, then: events(decided(1, appeal.PartlyUpheld, 60, corrected(domain.Awarded, 260, ""), ask))},
		{name: "an award of 2 becomes 3", given: before(award, ballot(100, 60, 100)...), when: write, then: events(decided(1, appeal.Upheld, 100, corrected(domain.Awarded, 300, ""), ""))},
		{name: "a deduction of 15 becomes 5", given: before(misconduct, ballot(1000, 0, 1500)...), when: write, then: events(decided(1, appeal.PartlyUpheld, 1000, corrected("", 500, "8.1"), ask))},
		{name: "a deduction of 15 becomes none", given: before(misconduct, ballot(1500, 0, 1500)...), when: write, then: events(decided(1, appeal.Upheld, 1500, corrected("", 0, ""), ""))},
		{name: "a deduction of 15 stays", given: before(misconduct, ballot(0, 0, 1000)...), when: write, then: events(decided(1, appeal.Dismissed, 0, nil, ask))},
		{
			name: "nine: five of them would restore 0.40", given: append(events(filed(lost), named(1, "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9")),
				ballot(0, 75, 10, 40, 20, 75, 50, 60, 0)...),
			when: write, then: events(decided(1, appeal.PartlyUpheld, 40, corrected(domain.Lost, 35, ""), ask)),
		},
		{name: "second panel: 0.50 stays", given: second(lost, 50, 50, corrected(domain.Lost, 25, "")), when: last, then: events(decided(2, appeal.Dismissed, 50, nil, ""))},
		{name: "second panel: 0.50 becomes 0.60", given: second(lost, 50, 60, corrected(domain.Lost, 25, "")), when: last, then: events(decided(2, appeal.PartlyUpheld, 60, corrected(domain.Lost, 15, ""), ""))},
		{name: "second panel: 0.50 becomes all", given: second(lost, 50, 75, corrected(domain.Lost, 25, "")), when: last, then: events(decided(2, appeal.Upheld, 75, corrected(domain.Met, 0, ""), ""))},
		{name: "second panel: nothing stays nothing", given: second(lost, 0, 0, nil), when: last, then: events(decided(2, appeal.Dismissed, 0, nil, ""))},
		{name: "second panel: an award of 2.60 becomes 3", given: second(award, 60, 100, corrected(domain.Awarded, 260, "")), when: last, then: events(decided(2, appeal.Upheld, 100, corrected(domain.Awarded, 300, ""), ""))},
		{name: "second panel: a deduction of 5, of 15 before, becomes none", given: second(misconduct, 1000, 1500, corrected("", 500, "8.1")), when: last, then: events(decided(2, appeal.Upheld, 1500, corrected("", 0, ""), ""))},
		{name: "second panel: a deduction of 5 stays", given: second(misconduct, 1000, 1000, corrected("", 500, "8.1")), when: last, then: events(decided(2, appeal.Dismissed, 1000, nil, ""))},
		{name: "no more escalation after the second panel", given: second(lost, 0, 0, nil), when: decide("m4", "合议意见", ask), then: events(decided(2, appeal.Dismissed, 0, nil, ""))},

		{name: "before a vote", given: hearing(), when: write, refused: domain.ErrVotesMissing, says: "3 of 3 members on appeal 2022-310101002-1.1.1-1: members of the panel have not voted yet"},
		{name: "before the last vote", given: before(lost, ballot(75, 75)...), when: write, refused: domain.ErrVotesMissing, says: "1 of 3 members"},
		{name: "by somebody else", given: before(lost, ballot(75, 75, 75)...), when: decide("organizer", "x", ask), refused: domain.ErrNotOnPanel, says: "not on the panel"},
		{name: "rule 3, the vote of a recused member is not missed, it is nobody's", given: before(lost, append(ballot(75, 75, 75), recused("m3"))...), when: write, refused: domain.ErrPanel, says: "has 2 of 3 members left"},
		{name: "one is left, and has voted", given: before(lost, append(ballot(75, 75, 75), recused("m2"), recused("m3"))...), when: write, refused: domain.ErrPanel, says: "has 1 of 3 members left"},
		{name: "rule 3, by a recused member", given: before(lost, append(ballot(75, 75, 75), recused("m1"))...), when: write, refused: domain.ErrRecused, says: "recused"},
		{name: "votes before the panel was named again", given: before(lost, append(ballot(75, 75, 75), recused("m3"), named(1, "m1", "m2", "m4"))...), when: write, refused: domain.ErrVotesMissing, says: "3 of 3 members"},
		{
			name: "rule 3, a member has come to have a part in the record since the vote", given: before(lost, ballot(75, 75, 75)...), when: func(a *appeal.Appeal) ([]domain.Event, error) {
				return a.Decide(by("m1"), "x", ask, map[string]bool{"m3": true}, items)
			}, refused: domain.ErrFourEyes, says: "member 3: had a part in what appeal",
		},
		{name: "without reasons", given: before(lost, ballot(75, 75, 75)...), when: decide("m1", " ", ask), refused: domain.ErrReasonMissing, says: "deciding: a reason is mandatory"},
		{name: "without a day for the escalation", given: before(lost, ballot(0, 0, 0)...), when: decide("m1", "x", ""), refused: domain.ErrInvalid, says: `escalateBy "" is not a day`},
		{name: "with a day for the escalation that is over", given: before(lost, ballot(0, 0, 0)...), when: decide("m1", "x", "2022-06-07"), refused: domain.ErrInvalid, says: "2022-06-08 or later"},
		{name: "before it is filed", when: write, refused: domain.ErrUnknownAppeal, says: "unknown appeal"},
		{name: "while it waits", given: waiting(), when: write, refused: domain.ErrNotOnPanel, says: "not on the panel"},
		{name: "twice", given: dismissed(), when: write, refused: domain.ErrDecided, says: "decided already"},
		{name: "once withdrawn", given: hearing(withdrawn), when: write, refused: domain.ErrNotOpen, says: "is withdrawn"},
	})
}

func extend(at time.Time, decideBy, reason string) decision {
	return func(a *appeal.Appeal) ([]domain.Event, error) {
		return a.Extend(domain.Stamp{By: "organizer", At: at}, decideBy, reason)
	}
}

func TestExtend(t *testing.T) {
	now := by("organizer").At
	late := *extended
	late.At = on("2022-06-30")
	further := *extended
	further.DecideBy = "2022-07-01"
	run(t, []scenario{
		{name: "while it waits", given: waiting(), when: extend(now, "2022-06-30", "补充调查"), then: events(extended)},
		{name: "in the hearing", given: hearing(), when: extend(now, "2022-06-30", "补充调查"), then: events(extended)},
		{name: "once more", given: hearing(extended), when: extend(now, "2022-07-01", "补充调查"), then: events(&further)},
		{name: "after it expired, up to today", given: hearing(expired), when: extend(late.At, "2022-06-30", "补充调查"), then: events(&late)},
		{name: "rule 3, by a member of the panel", given: hearing(), when: func(a *appeal.Appeal) ([]domain.Event, error) {
			return a.Extend(by("m1"), "2022-06-30", "x")
		}, refused: domain.ErrFourEyes, says: "a member of the panel of appeal 2022-310101002-1.1.1-1"},
		{name: "to the same day", given: waiting(), when: extend(now, due, "x"), refused: domain.ErrInvalid, says: "extend from 2022-06-22 to 2022-06-22, which is no later"},
		{name: "to an earlier day", given: waiting(), when: extend(now, "2022-06-21", "x"), refused: domain.ErrInvalid, says: "extend from 2022-06-22 to 2022-06-21"},
		{name: "to a day that is over", given: waiting(), when: extend(on("2022-07-01"), "2022-06-30", "x"), refused: domain.ErrInvalid, says: `decideBy "2022-06-30" is not a day as YYYY-MM-DD, 2022-07-01 or later`},
		{name: "to no such day", given: waiting(), when: extend(now, "2022-06-31", "x"), refused: domain.ErrInvalid, says: `decideBy "2022-06-31"`},
		{name: "without a reason", given: waiting(), when: extend(now, "2022-06-30", ""), refused: domain.ErrReasonMissing, says: "extending: a reason is mandatory"},
		{name: "before it is filed", when: extend(now, "2022-06-30", "x"), refused: domain.ErrUnknownAppeal, says: "unknown appeal"},
		{name: "once decided", given: dismissed(), when: extend(now, "2022-06-30", "x"), refused: domain.ErrDecided, says: "decided already"},
		{name: "once withdrawn", given: waiting(withdrawn), when: extend(now, "2022-06-30", "x"), refused: domain.ErrNotOpen, says: "is withdrawn"},
	})
}

func expire(at time.Time) decision {
	return func(a *appeal.Appeal) ([]domain.Event, error) {
		return a.Expire(domain.Stamp{By: "system", At: at})
	}
}

// An appeal that is not decided in time is flagged and stays as it is.
func TestExpire(t *testing.T) {
	midnight := *expired
	midnight.At = time.Date(2022, 6, 22, 16, 0, 0, 0, time.UTC)
	later := expire(on("2022-06-23"))
	anew, second := *expired, *expired
	anew.At, anew.DecideBy = on("2022-07-04"), "2022-06-30"
	second.At, second.DecideBy = on("2022-07-07"), dueAgain
	run(t, []scenario{
		{name: "at midnight in China", given: waiting(), when: expire(midnight.At), then: events(&midnight)},
		{name: "in the hearing", given: hearing(voted(1, "m1", appeal.Upheld, 75)), when: later, then: events(expired)},
		{name: "after an extension", given: hearing(expired, extended), when: expire(on("2022-07-04")), then: events(&anew)},
		{name: "before the second panel", given: partly(escalated()), when: expire(on("2022-07-07")), then: events(&second)},
		{name: "flagged already", given: waiting(expired), when: later},
		{name: "decided", given: dismissed(), when: later},
		{name: "withdrawn", given: waiting(withdrawn), when: later},
		{name: "a moment before midnight", given: waiting(), when: expire(midnight.At.Add(-1)), refused: domain.ErrTooEarly, says: "is due on 2022-06-22: the deadline has not passed"},
		{name: "extended meanwhile", given: waiting(extended), when: later, refused: domain.ErrTooEarly, says: "is due on 2022-06-30"},
		{name: "before it is filed", when: later, refused: domain.ErrUnknownAppeal, says: "unknown appeal"},
	})
	for name, history := range map[string][]domain.Event{"filed": waiting(expired), "hearing": hearing(expired), "escalated": partly(escalated(), &second)} {
		if a := fold(t, history); string(a.Status) != name || !a.Open() {
			t.Errorf("expired, an appeal that was %s is %s, open %t", name, a.Status, a.Open())
		}
	}
}

func TestReasonsHaveALimit(t *testing.T) {
	long := strings.Repeat("长", 4001)
	for name, s := range map[string]struct {
		given []domain.Event
		when  decision
	}{
		"recuse": {hearing(), recuse("m1", long, false)}, "vote": {hearing(), cast("m1", 75, long)},
		"decide": {before(lost, ballot(0, 0, 0)...), decide("m1", long, ask)},
		"extend": {waiting(), extend(by("").At, "2022-06-30", long)}, "escalate": {partly(), escalate("center", by("").At, long, dueAgain)},
	} {
		run(t, []scenario{{name: name, given: s.given, when: s.when, refused: domain.ErrInvalid, says: "has 4001 characters, at most 4000"}})
	}
}
