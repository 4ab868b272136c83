package machines

import (
	"fmt"
	"slices"
	"time"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
)

// lastDay is the last one for filing, for deciding and for escalating, dueAgain
// for the second decision.
const lastDay, dueAgain = "2022-06-30", "2022-07-15"

// late is after each of them.
func late(who string) domain.Stamp {
	return domain.Stamp{By: who, At: time.Date(2022, 12, 1, 9, 0, 0, 0, time.UTC)}
}

var stake = assessment.Stake{
	Target: assessment.Target{Clause: "1.1"}, Version: 1, Outcome: domain.Lost, Points: 75, Lost: 75, AppealBy: lastDay,
}

// noItems: the sample appeals are against an entry.
func noItems(domain.Points) (string, bool) { return "", false }

// appealStatus is the appeal's own, and before which panel it is.
func appealStatus(a *appeal.Appeal) string {
	switch a.Status {
	case appeal.InHearing, appeal.IsDecided:
		return fmt.Sprint(a.Status, a.Panel)
	}
	return string(a.Status)
}

func appealKey(a *appeal.Appeal) string {
	var votes []domain.Points
	for _, vote := range a.Votes {
		votes = append(votes, vote.Restored)
	}
	slices.Sort(votes)
	return fmt.Sprint(appealStatus(a), a.Panel, len(a.Members), a.Size, votes, a.Restored(), a.Expired == a.DecideBy)
}

type disputed = *appeal.Appeal

func file(by domain.Stamp) func(disputed) ([]domain.Event, error) {
	return func(a disputed) ([]domain.Event, error) {
		return a.File(by, appeal.Filed{
			Appeal: "a1", Round: "2022", Subject: "310101002", Kind: domain.Center, District: "310101",
			Ground: appeal.Fact, Statement: "标识完整", DecideBy: lastDay, Calendar: hash,
		}, stake)
	}
}

// namePanel keeps those who are left and adds people who never heard it.
func namePanel(a disputed) ([]domain.Event, error) {
	members := slices.Clone(a.Members)
	for i := 1; len(members) < 3; i++ {
		if who := fmt.Sprint("m", i); !a.Former[who] && !a.Recused[who] && !slices.Contains(members, who) {
			members = append(members, who)
		}
	}
	return a.NamePanel(by("organizer"), members, nil)
}

// next is a member who has not voted, or else anybody of the panel.
func next(a disputed) string {
	for _, member := range a.Members {
		if !slices.ContainsFunc(a.Votes, func(v appeal.VoteCast) bool { return v.By == member }) {
			return member
		}
	}
	return chair(a)
}

func chair(a disputed) string {
	if len(a.Members) == 0 {
		return "m1"
	}
	return a.Members[0]
}

func vote(restored domain.Points) func(disputed) ([]domain.Event, error) {
	return func(a disputed) ([]domain.Event, error) {
		return a.Vote(by(next(a)), restored, "照片可证", nil, noItems)
	}
}

func say(party appeal.Party, who string) func(disputed) ([]domain.Event, error) {
	return func(a disputed) ([]domain.Event, error) {
		return a.Add(by(who), appeal.EvidenceAdded{Party: party, Statement: "现场照片"})
	}
}

func escalate(by domain.Stamp) func(disputed) ([]domain.Event, error) {
	return func(a disputed) ([]domain.Event, error) { return a.Escalate(by, "仍有异议", dueAgain, hash) }
}

func expire(by domain.Stamp) func(disputed) ([]domain.Event, error) {
	return func(a disputed) ([]domain.Event, error) { return a.Expire(by) }
}

func appeals() machine[disputed] {
	type samples = []func(disputed) ([]domain.Event, error)
	return machine[disputed]{
		name: word{"申诉", "Appeal"},
		about: word{
			"申诉须在期限内提出，对决定不服可申请再次复核一次。超期（`expireAppeal`，由系统标记）不作任何决定，申诉仍待审理。成员回避后须重新组成复核小组，留任的成员仍在其中，此前的表决作废；再次复核期间撤回的，首次决定仍然有效。",
			"An appeal is filed in time and can be escalated once. Expiry is flagged by the system and decides nothing. After a recusal the panel is named again, with all who are left, and votes that were cast before do not count. Withdrawn before the second panel, what the first one decided stands.",
		},
		fresh: appeal.New, status: appealStatus, key: appealKey,
		statuses: []named{
			{string(appeal.NotFiled), word{"未提出", "not filed"}},
			{string(appeal.Waiting), word{"待组成小组", "waits for its panel"}},
			{"hearing1", word{"首次审理", "first hearing"}},
			{"decided1", word{"首次决定", "decided"}},
			{string(appeal.IsEscalated), word{"待再次复核", "escalated"}},
			{"hearing2", word{"再次审理", "second hearing"}},
			{"decided2", word{"最终决定", "decided for good"}},
			{string(appeal.IsWithdrawn), word{"已撤回", "withdrawn"}},
		},
		commands: []command[disputed]{
			{named{"fileAppeal", word{"提出申诉", "file an appeal"}}, samples{file(by("center")), file(late("center"))}},
			{named{"addToAppeal", word{"补充陈述和证据", "add a statement and evidence"}}, samples{say(appeal.Appellant, "center")}},
			{named{"answerAppeal", word{"答辩", "answer for those who made the finding"}}, samples{say(appeal.Assessors, "assessor")}},
			{named{"namePanel", word{"组成复核小组", "name the panel"}}, samples{namePanel}},
			{named{"recuseReviewer", word{"令小组成员回避", "recuse a member of the panel"}}, samples{func(a disputed) ([]domain.Event, error) {
				return a.Recuse(by("organizer"), chair(a), "曾在该中心任职", false)
			}}},
			{named{"castVote", word{"表决", "vote"}}, samples{vote(0), vote(50), vote(75)}},
			{named{"decideAppeal", word{"作出决定", "put the decision on record"}}, samples{func(a disputed) ([]domain.Event, error) {
				return a.Decide(by(chair(a)), "合议意见", lastDay, nil, noItems)
			}}},
			{named{"escalateAppeal", word{"申请再次复核", "ask for a second panel"}}, samples{escalate(by("center")), escalate(late("center"))}},
			{named{"extendAppeal", word{"延长审理期限", "extend the time for the decision"}}, samples{func(a disputed) ([]domain.Event, error) {
				until, _ := time.Parse(time.DateOnly, a.DecideBy) // not filed, there is none
				return a.Extend(by("organizer"), until.AddDate(0, 0, 15).Format(time.DateOnly), "补充调查")
			}}},
			{named{"expireAppeal", word{"标记超期", "flag as overdue"}}, samples{expire(by("system")), expire(late("system"))}},
			{named{"withdrawAppeal", word{"撤回申诉", "withdraw an appeal"}}, samples{func(a disputed) ([]domain.Event, error) {
				return a.Withdraw(by("center"), "已沟通一致")
			}}},
		},
	}
}
