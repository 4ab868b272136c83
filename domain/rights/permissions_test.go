package rights

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/permissions.md")

// page is where the tables are shown to people.
const page = "../../docs/permissions.md"

// TestPage holds docs/permissions.md to the tables.
func TestPage(t *testing.T) {
	want := render(t)
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/permissions.md differs from the tables; go test ./domain/rights -run TestPage -update rewrites it")
	}
}

// word is a name in both languages.
type word struct{ zh, en string }

var roleNames = map[Role]word{
	Assessor: {"评估员", "assessor"}, Reviewer: {"复核员", "reviewer"}, Center: {"受理中心", "center"},
	District: {"区级部门", "district"}, Organizer: {"市级组织者", "organizer"}, Auditor: {"审计员", "auditor"},
}

var stateNames = map[State]word{
	Unopened: {"未开始", "not opened"}, InWork: {"评估中", "in work"}, Submitted: {"已提交", "submitted"}, Approved: {"已通过", "approved"},
}

var stageNames = map[Stage]word{
	Unfiled: {"未提出", "not filed"}, Filed: {"待组成小组", "filed"}, Hearing: {"审理中", "hearing"}, Decided: {"已决定", "decided"},
	Escalated: {"再次复核", "escalated"}, Withdrawn: {"已撤回", "withdrawn"},
}

// conditionNames has what a cell of the tables says, conditionTexts what it
// means.
var conditionNames = map[Condition]word{
	Own: {"本单位", "own"}, Assigned: {"已分派", "assigned"}, Lead: {"组长", "lead"}, Present: {"未回避", "not recused"}, Aside: {"未回避、不在小组", "not recused, not of the panel"},
	Impartial: {"非申报人", "not the claimant"}, Uninvolved: {"未参与", "uninvolved"},
	Panelist: {"小组成员", "on the panel"}, OwnNotified: {"本单位、已告知", "own, notified"}, InOwnDistrict: {"本区、已告知", "own district, notified"},
}

var conditionTexts = []struct {
	Condition
	word
}{
	{Own, word{"账号就是为该受理中心或该区持有这一角色；进行操作时还须未回避该对象", "the role is held for this very center or district; to act, one must not be recused from it either"}},
	{Assigned, word{"已被分派到该对象，且未回避", "assigned to the subject, and not recused from it"}},
	{Lead, word{"已被分派为该对象的评估组长，且未回避", "assigned to the subject as lead of its team, and not recused from it"}},
	{Present, word{"未回避该对象", "not recused from the subject"}},
	{Aside, word{"未回避该对象，且不是、也不曾因回避退出该申诉的复核小组", "not recused from the subject, and neither on the appeal's panel nor recused from it"}},
	{Impartial, word{"该荣誉不是本人申报的，且未回避该对象", "did not make the claim, and is not recused from the subject"}},
	{Uninvolved, word{
		"从未被分派到该对象，没有动过它的分数（评估记录、扣分项），没有申报或审定过它的荣誉，不是提交人，且未回避",
		"was never assigned to the subject, moved no point of it (findings, deductions), made or decided none of its claims, did not submit it, and is not recused from it",
	}},
	{Panelist, word{"在该申诉现在的复核小组中，且未回避", "on the appeal's present panel, and not recused from it"}},
	{OwnNotified, word{"账号为该受理中心持有这一角色，且其结果已经告知", "the role is held for this center, and it was told its result"}},
	{InOwnDistrict, word{
		"账号为该区持有这一角色，对象是该区的受理中心或该区本身，且其结果已经告知",
		"the role is held for the district that the center lies in, or that the subject is, and the subject was told its result",
	}},
}

// named is a row of a table.
type named[T ~string] struct {
	id   T
	name word
}

var areas = []struct {
	name     word
	commands []named[Command]
}{
	{word{"名册", "Roster"}, []named[Command]{
		{"registerDistrict", word{"登记区", "add a district"}},
		{"registerCenter", word{"登记受理中心", "add a center"}},
		{"registerRoster", word{"批量登记名册", "add a whole roster"}},
	}},
	{word{"轮次", "Rounds"}, []named[Command]{
		{"openRound", word{"开启轮次", "open a round"}},
		{"pinCalendar", word{"更换工作日历", "pin another calendar"}},
		{"deliberate", word{"会商", "deliberate on the results"}},
		{"publish", word{"发布结果", "publish a release"}},
		{"closeRound", word{"结束轮次", "close a round"}},
	}},
	{word{"分派与回避", "Assignment and recusal"}, []named[Command]{
		{"openAssessment", word{"开始评估", "open a record"}},
		{"assignAssessor", word{"分派评估员", "assign an assessor"}},
		{"recuseAssessor", word{"令其回避", "recuse somebody"}},
		{"recuseMyself", word{"本人回避", "recuse oneself"}},
	}},
	{word{"评估记录", "Findings"}, []named[Command]{
		{"recordScores", word{"录入评估记录", "record findings"}},
		{"reviseScore", word{"修订评估记录", "revise a finding"}},
		{"recordObservation", word{"记录建议", "record an observation"}},
		{"submitAssessment", word{"提交复核", "submit to review"}},
	}},
	{word{"扣分项", "Deductions"}, []named[Command]{
		{"imposeDeduction", word{"施加扣分项", "impose a deduction"}},
		{"liftDeduction", word{"撤销扣分项", "lift a deduction"}},
	}},
	{word{"所获荣誉", "Honors"}, []named[Command]{
		{"claimHonor", word{"申报荣誉", "claim an honor"}},
		{"withdrawHonor", word{"撤回申报", "withdraw a claim"}},
		{"acceptHonor", word{"认定荣誉", "accept a claim"}},
		{"rejectHonor", word{"不予认定", "reject a claim"}},
	}},
	{word{"复核", "Review"}, []named[Command]{
		{"returnAssessment", word{"退回", "return to the assessors"}},
		{"approveAssessment", word{"复核通过", "approve"}},
	}},
	{word{"结果告知与答复", "Notices and replies"}, []named[Command]{
		{"notifyResult", word{"告知结果", "tell a subject its result"}},
		{"notifyResults", word{"批量告知结果", "tell all of a round or a district"}},
		{"fileReply", word{"公开答复", "reply to the result, in public"}},
		{"redactReply", word{"隐去答复中的内容", "keep passages of a reply from the public"}},
	}},
	{word{"申诉", "Appeals"}, []named[Command]{
		{"fileAppeal", word{"提出申诉", "file an appeal"}},
		{"addToAppeal", word{"补充陈述和证据", "add a statement and evidence"}},
		{"answerAppeal", word{"答辩", "answer for those who made the finding"}},
		{"withdrawAppeal", word{"撤回申诉", "withdraw an appeal"}},
		{"escalateAppeal", word{"申请再次复核", "ask for a second panel"}},
		{"namePanel", word{"组成复核小组", "name the panel"}},
		{"recuseReviewer", word{"令小组成员回避", "recuse a member of the panel"}},
		{"extendAppeal", word{"延长审理期限", "extend the time for the decision"}},
		{"recuseFromPanel", word{"本人退出小组", "recuse oneself from the panel"}},
		{"castVote", word{"表决", "vote"}},
		{"decideAppeal", word{"作出决定", "put the decision on record"}},
	}},
	{word{"账号", "Accounts"}, []named[Command]{
		{"createAccount", word{"新建账号", "create an account"}},
		{"grantRole", word{"授予角色", "grant a role"}},
		{"revokeRole", word{"收回角色", "revoke a role"}},
		{"inviteAccount", word{"发出设置密码的链接", "make the link to set a password"}},
		{"disableAccount", word{"停用账号", "disable an account"}},
		{"enableAccount", word{"启用账号", "enable an account"}},
		{"eraseAccount", word{"抹除个人信息", "erase a person"}},
		{"clearTotp", word{"清除动态验证码", "clear the one-time code"}},
		{"revokeSessions", word{"结束他人的登录", "end somebody's sessions"}},
	}},
	{word{"导入、证据与运维", "Imports, evidence, operation"}, []named[Command]{
		{"importFile", word{"导入表格", "import a sheet"}},
		{"uploadEvidence", word{"上传证据", "upload evidence"}},
		{"rebuildReadModel", word{"重建读模型", "rebuild the read model"}},
	}},
}

var readNames = []named[Read]{
	{ReadAssessment, word{"评估记录及其荣誉、扣分项、建议", "a record with its findings, honors, deductions and observations"}},
	{ReadHonors, word{"荣誉申报（含未通过复核的）", "honor claims, of a record not yet approved too"}},
	{ReadTeam, word{"评估组成员的账号", "who is on a record's team, by account"}},
	{ReadProgress, word{"轮次进度", "how far a round has come"}},
	{ReadRanking, word{"未发布的排名", "standings that are not published"}},
	{ReadTrail, word{"事件全记录（每次查看均留痕）", "every event with its account; each look is recorded"}},
	{ReadAccounts, word{"账号名单", "persons and their roles"}},
	{ReadEvidence, word{"证据材料（每次下载均留痕）", "evidence; each download is recorded"}},
	{ReadReply, word{"公开答复的原文（含隐去的内容）", "a reply as it was filed, what was redacted included"}},
	{ReadAppeal, word{"申诉及其陈述、决定", "an appeal with its statements and decisions"}},
	{ReadPanel, word{"复核小组成员的账号，以及决定作出前的表决", "who is on a panel, by account, and votes before the decision"}},
	{ReadStatistics, word{"申诉统计", "figures on appeals"}},
}

func render(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(preamble)
	for _, c := range conditionTexts {
		name := conditionNames[c.Condition]
		fmt.Fprintf(&b, "| %s | %s | %s。<br>%s. |\n", name.zh, name.en, c.zh, c.en)
	}
	b.WriteString(doing)
	for _, area := range areas {
		columns := []string{"命令 · command", "评估状态 · state of the record"}
		appeals := slices.ContainsFunc(Table, func(r Rule) bool { return r.Command == area.commands[0].id && len(r.Appeals) > 0 })
		if appeals {
			columns = append(columns, "申诉阶段 · stage of the appeal")
		}
		fmt.Fprintf(&b, "\n### %s · %s\n\n%s", area.name.zh, area.name.en, head(columns...))
		for _, row := range area.commands {
			rule := ruleOf(t, row.id)
			fmt.Fprintf(&b, "| %s<br>`%s`: %s | %s |", row.name.zh, row.id, row.name.en, listed(rule.States, stateNames))
			if (len(rule.Appeals) > 0) != appeals {
				t.Fatalf("%s stands in the wrong area: the stage of an appeal has its column for all of an area or for none", row.id)
			}
			if appeals {
				fmt.Fprintf(&b, " %s |", listed(rule.Appeals, stageNames))
			}
			for _, role := range Roles {
				fmt.Fprintf(&b, " %s |", cell(t, conditionsOf(row.id, role)))
			}
			b.WriteByte('\n')
		}
	}
	b.WriteString(own)
	for _, c := range Judging {
		name := nameOf(t, c)
		fmt.Fprintf(&b, "- %s `%s`: %s\n", name.zh, c, name.en)
	}
	fmt.Fprintf(&b, "%s%s", reading, head("内容 · what"))
	for _, row := range readNames {
		fmt.Fprintf(&b, "| %s<br>`%s`: %s |", row.name.zh, row.id, row.name.en)
		for _, role := range Roles {
			fmt.Fprintf(&b, " %s |", cell(t, readConditionsOf(row.id, role)))
		}
		b.WriteByte('\n')
	}
	b.WriteString(enforcement)
	return b.String()
}

// head is a table's head: some columns, then one a role.
func head(columns ...string) string {
	for _, role := range Roles {
		columns = append(columns, roleNames[role].zh+"<br>"+roleNames[role].en)
	}
	return "| " + strings.Join(columns, " | ") + " |\n|" + strings.Repeat("---|", len(columns)) + "\n"
}

func nameOf(t *testing.T, c Command) word {
	t.Helper()
	for _, area := range areas {
		for _, row := range area.commands {
			if row.id == c {
				return row.name
			}
		}
	}
	t.Fatalf("%s has no name here", c)
	return word{}
}

func ruleOf(t *testing.T, c Command) Rule {
	t.Helper()
	at := slices.IndexFunc(Table, func(r Rule) bool { return r.Command == c })
	if at < 0 {
		t.Fatalf("%s is described here and not in the table", c)
	}
	return Table[at]
}

// listed names states or stages in both languages.
func listed[T comparable](all []T, names map[T]word) string {
	if len(all) == 0 {
		return "—"
	}
	var zh, en []string
	for _, one := range all {
		zh, en = append(zh, names[one].zh), append(en, names[one].en)
	}
	return strings.Join(zh, "、") + "<br>" + strings.Join(en, ", ")
}

func conditionsOf(c Command, role Role) (conditions []Condition) {
	for _, r := range Table {
		if r.Command == c && r.Role == role {
			conditions = append(conditions, r.Condition)
		}
	}
	return conditions
}

func readConditionsOf(read Read, role Role) (conditions []Condition) {
	for _, r := range ReadTable {
		if r.Read == read && r.Role == role {
			conditions = append(conditions, r.Condition)
		}
	}
	return conditions
}

// cell shows what a role needs: a tick, with the condition if there is one.
func cell(t *testing.T, conditions []Condition) string {
	t.Helper()
	switch {
	case len(conditions) == 0:
		return "—"
	case len(conditions) > 1:
		t.Fatalf("%v: a role has one condition, or the narrower one says nothing", conditions)
	case conditions[0] == Always:
		return "✓"
	}
	name, ok := conditionNames[conditions[0]]
	if !ok {
		t.Fatalf("condition %q has no name here", conditions[0])
	}
	return "✓ " + name.zh + "<br>" + name.en
}

const preamble = `<!-- Made from domain/rights by "go test ./domain/rights -run TestPage -update"; edits here are lost. -->

# 权限 · Permissions

谁可以做什么、看什么，由 ` + "`domain/rights`" + ` 中的两张表规定，表中没有的一律拒绝。本页由这两张表生成；测试对每一种
角色与命令的组合，在评估、轮次和申诉的每一种状态下逐一尝试，并与表对照。

Who may do and see what stands in the two tables of ` + "`domain/rights`" + `; whatever is not in them is refused. This page is
made from the tables, and a test tries each pair of role and command in every state of a record, of a round and of an
appeal, and compares.

## 条件 · Conditions

✓ 表示持有该角色即可；后面写有条件的，还须满足条件。— 表示不可以。一个账号可以有几个角色，有一个角色允许即可；但条件是对
人而不是对角色的：例如参与过评估的人，即使另有复核员角色，也不能复核。

✓ means that holding the role is enough; where a condition follows, it must be met too. — means no. An account may hold
several roles, and one that allows is enough. Conditions are about the person, not the role: whoever worked on a record
cannot approve it, reviewer or not.

| 条件 | condition | 含义 · meaning |
|---|---|---|
`

const doing = `
## 可以做什么 · What may be done

与评估有关的命令，只在进行中的轮次里可用；除开启轮次外，与轮次有关的命令也是如此。“评估状态”一列是命令可用时评估所处的状态，
“申诉阶段”一列是命令可用时该申诉所处的阶段。属于该受理中心或该区的账号，即使另有其他角色，也不能评判它。

Commands on a record work in a round in progress only, and so do commands on a round, but for opening one. The second
column has the states of the record in which a command works, the third one the stages of the appeal. An account that is
of the center or district itself does not judge it, whatever other roles it has.
`

const own = `
## 不评自己的单位 · Nobody judges their own

为受理中心或区持有角色的账号属于该受理中心或该区，不能评它：无论账号另有什么角色，下列命令用于该对象本身时，在评估和轮次的
任何状态下都答复 ` + "`FOUR_EYES`" + `；这样的账号也不能被分派到该对象。对其他对象不受此限。

An account that holds a role for a center or a district is of it, and does not judge it: whatever other roles it has,
these commands on that very subject are answered ` + "`FOUR_EYES`" + ` in every state of the record and of the round, and nobody
can assign such an account to it. On other subjects nothing changes.

`

const reading = `
## 可以看什么 · What may be seen

登录的人都可以看名册、标准、轮次、本人的任务和账号。其余如下。以“已告知”为条件的，所见为已通过复核的最新状态；记录正在修改、
尚未再次通过复核时，为最近一次告知时的状态。回看某一时刻，所见即当时所见。

Everybody who is signed in sees the roster, the standard, the rounds, and their own tasks and account. The rest is below.
Who sees a record once it was notified sees it as it stands while it is approved, and while it is being changed as it was
at the newest notice. Looking back at a moment shows what could be seen at that moment.

`

const enforcement = `
本人上传的证据材料，本人始终可以下载。

Whoever uploaded a piece of evidence can always download it.

## 如何执行 · How it is enforced

- **账号的角色**（“✓”与“本单位”）：每条命令都按事件日志中该账号当时的角色判断，收回的角色立即失效。不符时答复 ` + "`FORBIDDEN`" + `。
- **对人的条件**（“已分派”“组长”“未回避”“非申报人”“未参与”“小组成员”）：由该评估记录或申诉自身的事件推演得出，以化名判断，
  因此任何人事后都能核对。不符时答复 ` + "`NOT_ASSIGNED`、`NOT_LEAD`、`RECUSED`、`FOUR_EYES` 或 `NOT_ON_PANEL`" + `。
- **别人的申诉**：不许操作的，不论该申诉是否存在，答复都是 ` + "`FORBIDDEN`" + `。
- **状态**：由同一推演得出。轮次不存在或已结束时答复 ` + "`UNKNOWN_ROUND` 或 `ROUND_CLOSED`" + `。
- **查看**：不许看的，不论是否存在，答复都一样。
- **本人的账号**：修改密码、设置动态验证码（` + "`changePassword`、`enrollTotp`、`confirmTotp`" + `）和结束本人的登录，登录的人都可以做，
  不在表中。
- 被拒绝的命令不留下任何记录；已记录的命令重复发送，得到第一次的结果，与其后角色的变动无关。

What this says in English:

- **The account's roles** (“✓” and “own”) are taken from the event log for each command, so that a role that was revoked
  is void at once. Otherwise the answer is ` + "`FORBIDDEN`" + `.
- **Conditions about the person** (assigned, lead, not recused, not the claimant, uninvolved, on the panel) follow from the
  events of the record or the appeal itself and are checked by pseudonym, so that anyone can check afterwards that they
  were kept. Otherwise the answer is ` + "`NOT_ASSIGNED`, `NOT_LEAD`, `RECUSED`, `FOUR_EYES` or `NOT_ON_PANEL`" + `.
- **Appeals of others**: whoever may not act on an appeal is answered ` + "`FORBIDDEN`" + `, whether or not there is such an appeal.
- **States** follow from the same events. In a round that does not exist or is closed the answer is ` + "`UNKNOWN_ROUND` or\n  `ROUND_CLOSED`" + `.
- **Reading**: a refusal is the same whether or not there is something to see.
- **One's own account**: changing the password, setting up one-time codes (` + "`changePassword`, `enrollTotp`, `confirmTotp`" + `)
  and ending one's own sessions is for everybody who is signed in, and not in the table.
- A refused command leaves nothing on record. A command that is on record, sent again, gets its first result, whatever has
  become of the sender's roles.
`
