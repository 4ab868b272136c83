package site_test

import (
	"encoding/json"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
	"mingjian/site"
)

// dispute takes the published round on: two centers and a district's office are
// notified, appeal and are heard, one of them in vain, one replies; the third
// center is approved; a fourth has an appeal and is being revised.
func (p *platform) dispute(t testing.TB) {
	t.Helper()
	ctx, c := t.Context(), p.commands
	did := func(_ command.Receipt, err error) { t.Helper(); must(t, err) }
	did(c.RegisterCenter(ctx, meta(organizer), "310104011", "310104", "丁街道", true))
	p.assess(t, "310104011")
	did(c.Submit(ctx, meta(assessor), theRound, "310104011"))
	did(c.Approve(ctx, meta(reviewer), theRound, "310104011"))
	did(c.Approve(ctx, meta(reviewer), theRound, "310104003"))
	for _, subject := range []string{"310101", "310101002", "310101013", "310104011"} {
		did(c.NotifyResult(ctx, meta(organizer), theRound, subject))
	}
	file := func(subject string, on assessment.Target, ground appeal.Ground) {
		t.Helper()
		did(c.FileAppeal(ctx, meta(appellant(subject)), command.Filing{
			Round: theRound, Subject: subject, Target: on, Ground: ground,
			Statement: "陈述甲：门牌当日已报修", Evidence: []string{strings.Repeat("e1", 32)},
		}))
	}
	// Restored in part, and corrected.
	file("310101002", assessment.Target{Clause: "1.1.1"}, appeal.Fact)
	did(c.AddToAppeal(ctx, meta(appellant("310101002")), firstAppeal, "陈述乙：有报修单", nil))
	did(c.AnswerAppeal(ctx, meta(assessor), firstAppeal, "答辩：报修单是事后的", nil))
	p.hear(t, firstAppeal, 50, 50, 75)
	// Taken back.
	file("310101002", assessment.Target{Clause: "7.1"}, appeal.Procedure)
	did(c.WithdrawAppeal(ctx, meta(appellant("310101002")), theRound+"-310101002-7.1-1", "撤回理由：已沟通"))
	// Open, before a panel that has begun to vote.
	file("310101013", assessment.Target{Deduction: 1}, appeal.Evidence)
	did(c.NamePanel(ctx, meta(organizer), theRound+"-310101013-deduction1-1", panel))
	did(c.CastVote(ctx, meta(panel[0]), theRound+"-310101013-deduction1-1", 500, "投票理由：不实"))
	// Dismissed, and taken to a second panel.
	file("310101", assessment.Target{Clause: "7.3"}, appeal.Interpretation)
	p.hear(t, theRound+"-310101-7.3-1", 0, 0, 0)
	did(c.EscalateAppeal(ctx, meta(appellant("310101")), theRound+"-310101-7.3-1", "升级陈述：仍有异议"))
	// Against a result that is not published.
	file("310104011", assessment.Target{Clause: "7.1"}, appeal.Fact)
	score := findings(t, "310104011")[0]
	score.Finding.Reason = "复查"
	did(c.ReviseScore(ctx, meta(assessor), theRound, "310104011", 1, score, "复查"))

	did(c.FileReply(ctx, meta(appellant("310101002")), theRound, "310101002", "门牌已更换，经办人张三丰签收。"))
	did(c.RedactReply(ctx, meta(organizer), theRound, "310101002", 1, "门牌已更换，〔隐去〕签收。", "涉及个人姓名"))
	did(c.FileReply(ctx, meta(appellant("310101013")), theRound, "310101013", "媒体报道的李四光不是本中心人员。"))
	p.settle(t)
}

var panel = []string{"reviewer-7", "reviewer-8", "reviewer-9"}

const firstAppeal = theRound + "-310101002-1.1.1-1"

func appellant(subject string) string {
	if len(subject) == 6 {
		return "district-" + subject
	}
	return "center-" + subject
}

// hear has the panel vote and decide, and the correction follow.
func (p *platform) hear(t testing.TB, id string, votes ...domain.Points) {
	t.Helper()
	ctx, c := t.Context(), p.commands
	did := func(_ command.Receipt, err error) { t.Helper(); must(t, err) }
	did(c.NamePanel(ctx, meta(organizer), id, panel))
	for i, restored := range votes {
		did(c.CastVote(ctx, meta(panel[i]), id, restored, "投票理由：证据如此"))
	}
	did(c.DecideAppeal(ctx, meta(panel[0]), id, "复核组认为："+id[len(theRound):]))
	for e, err := range p.log.ReadAll(ctx, eventstore.Position(0)) {
		must(t, err)
		if e.Stream != command.AppealStream(id) || e.Type != (appeal.Decided{}).EventType() {
			continue
		}
		decided, err := p.codec.Decode(e.Type, e.Data)
		must(t, err)
		did(c.Correct(ctx, e, decided.(*appeal.Decided)))
	}
}

func (p *platform) publish(t testing.TB, reason string) {
	t.Helper()
	_, err := p.commands.Publish(t.Context(), meta(organizer), theRound, reason)
	must(t, err)
	p.settle(t)
}

func (p *platform) deliberate(t testing.TB) {
	t.Helper()
	p.settle(t)
	_, err := p.commands.Deliberate(t.Context(), meta("organizer-2"), theRound, "会商纪要：一致同意")
	must(t, err)
}

func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := make(map[string]string)
	must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(name)] = string(text)
		return err
	}))
	return out
}

// never are words that no release may hold: what parties said, who they and the
// panel are and how it votes, what was deliberated, and what was redacted.
func (p *platform) never() []string {
	words := []string{
		"陈述", "答辩", "撤回理由", "投票理由", "升级陈述", "会商纪要", "张三丰", strings.Repeat("e1", 32),
		"organizer", "assessor", "reviewer", "center-3101", "district-3101", "spring-2022-310104011",
	}
	for _, subject := range []string{"310101", "310101002", "310101013", "310104011"} {
		for _, account := range append([]string{appellant(subject)}, panel...) {
			words = append(words, p.commands.Pseudonym(command.AssessmentStream(theRound, subject), account))
		}
	}
	return words
}

// TestFromResultToRelease publishes a provisional release and, after appeals, a
// final one; the numbers are worked out by hand.
func TestFromResultToRelease(t *testing.T) {
	p := startPlatform(t)
	p.evaluate(t, true)
	dir := t.TempDir()
	s, err := site.New(site.Config{Dir: dir, Source: p.public, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	build := func(number int) map[string]string {
		t.Helper()
		result, err := s.Build(t.Context(), theRound, number)
		must(t, err)
		return tree(t, result.Dir)
	}
	first := build(1)
	p.dispute(t)
	p.deliberate(t)
	p.publish(t, "公示期满，执行申诉决定")
	second := build(2)

	for name, wants := range map[string][]string{
		"index.html":   {"公示稿（尚非最终结果）", "【公示稿】"},
		"changes.html": {"这是本轮评估的第一次发布", "公示稿（尚非最终结果）"},
		"appeals.html": {"没有针对已公布结果的申诉"},
		"data/changes-demo-provisional.json": {
			`"dataNotice": "演示数据，非真实评估结果 / demo data; 公示稿（尚非最终结果） / provisional, not final"`, `"previous": null`, `"centers": []`,
		},
	} {
		contains(t, "release 1: "+name, first[name], wants...)
	}
	for name, wants := range map[string][]string{
		// 0.50 of the 0.75 lost is restored: 95.25 + 0.50. The third center is new
		// with 100 − 1.50 of 7.1 − 1.00 of 7.2 − 1.50 of 7.3.
		"centers/310101002.html": {
			"95.75", "扣 0.25 分", "经申诉更正", "部分支持，共恢复 0.50 分", "复核组认为：-310101002-1.1.1-1", "已撤回",
			"门牌已更换，〔隐去〕签收。", "涉及个人姓名", "未经核实", "含申诉中的条款 1 条，分值为告知时的分值", `href="../districts/310101.html#a-spring-2022-310101-7.3-1"`,
		},
		"centers/310101013.html": {"91.00", "含申诉中的条款 1 条、扣分项 1 项", "申诉中", "媒体报道的李四光不是本中心人员。"},
		"centers/310104003.html": {"96.00", "全市第 <strong>1</strong> 名"},
		"centers/310104011.html": {"未公布（复核中）"},
		"districts/310101.html":  {"第二次复核中", "不予支持，共恢复 0.00 分", `id="a-spring-2022-310101-7.3-1"`, "申诉中"},
		"changes.html": {
			"公示期满，执行申诉决定", "95.25", "<strong>95.75</strong>", "+0.50", "申诉决定后的更正：条款 1.1.1",
			`href="./centers/310101002.html#a-spring-2022-310101002-1.1.1-1"`, "新公布的中心", "名次随之变动的中心",
		},
		"appeals.html": {"<dt>提出</dt><dd>4<small>", "<dt>已决定</dt><dd>1</dd>", "<dt>申诉中</dt><dd>2</dd>", "<dt>已撤回</dt><dd>1</dd>"},
		"index.html":   {"第 2 次发布", "正式发布", "代替第 1 次发布"},
	} {
		contains(t, "release 2: "+name, second[name], wants...)
	}
	for name, text := range second {
		if strings.Contains(text, "公示稿") && !strings.HasPrefix(name, "data/") && name != "data.html" {
			t.Errorf("release 2: %s says it is provisional", name)
		}
	}
	for release, files := range []map[string]string{first, second} {
		for name, text := range files {
			for _, word := range p.never() {
				// In these words it says that they are not public.
				text := strings.ReplaceAll(text, "申诉人的陈述和证据", "")
				if strings.Contains(text, word) {
					t.Errorf("release %d: %s holds %s", release+1, name, word)
				}
			}
		}
	}
	addUp(t, second["data/changes-demo.json"])

	// A reply that is redacted after its release stays in that one, and is in none
	// that is published from then on, also if it was deliberated before.
	p.deliberate(t)
	_, err = p.commands.RedactReply(t.Context(), meta(organizer), theRound, "310101013", 1, "", "涉及个人姓名")
	must(t, err)
	p.publish(t, "隐去个人姓名")
	third := build(3)
	contains(t, "release 3", third["centers/310101013.html"], "全文未公开", "涉及个人姓名")
	for name, text := range third {
		if strings.Contains(text, "李四光") {
			t.Errorf("release 3: %s holds what was redacted", name)
		}
	}
	for number, published := range map[int]map[string]string{1: first, 2: second, 3: third} {
		if _, err := s.Reproduce(t.Context(), theRound, number, s.ReleaseDir(theRound, number)); err != nil {
			t.Errorf("release %d is not reproduced: %v", number, err)
		}
		aside := filepath.Join(t.TempDir(), "aside")
		if _, err := s.Reproduce(t.Context(), theRound, number, aside); err != nil || !maps.Equal(tree(t, aside), published) {
			t.Errorf("release %d written again: %v", number, err)
		}
	}
}

func contains(t testing.TB, where, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %s", where, want)
		}
	}
}

// addUp holds the effects of a release's changes against the differences.
func addUp(t testing.TB, text string) {
	t.Helper()
	var changes struct {
		Centers []struct {
			Code       string
			Before     *struct{ Total domain.Points }
			After      *struct{ Total domain.Points }
			Difference *domain.Points
			Effects    []struct{ Points domain.Points }
		}
	}
	must(t, json.Unmarshal([]byte(text), &changes))
	moved := 0
	for _, c := range changes.Centers {
		if c.Before == nil || c.After == nil {
			continue
		}
		var sum domain.Points
		for _, e := range c.Effects {
			sum += e.Points
		}
		if sum != 0 {
			moved++
		}
		if sum != *c.Difference || sum != c.After.Total-c.Before.Total {
			t.Errorf("%s moved by %s, its events by %s", c.Code, *c.Difference, sum)
		}
	}
	if moved != 1 || len(changes.Centers) != 3 {
		t.Errorf("%d of %d centers moved, want 1 of 3", moved, len(changes.Centers))
	}
}
