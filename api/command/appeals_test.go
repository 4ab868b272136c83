package command_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/internal/testrig"
)

// TestFileAppealAtOnce: of many appeals against one target that come at once,
// at two servers, one is filed and the others are told so. When it has been
// withdrawn, the next one is again.
func TestFileAppealAtOnce(t *testing.T) {
	k := newCourt(t)
	servers := []*command.Commands{k.c, k.server()}
	const clients = 8
	for n, on := range []assessment.Target{onLost, onLost, onConduct, onAward} {
		before := len(k.ReadLog(t))
		all := together(clients, func(i int) []sent {
			m := testrig.Meta(k.center())
			receipt, err := servers[i%2].FileAppeal(k.ctx, m, k.filing(on))
			return []sent{{meta: m, receipt: receipt, err: err}}
		})
		filed := 0
		var id string
		for i, s := range all {
			if s.err == nil {
				filed++
				id = strings.TrimPrefix(s.receipt.Stream, appeal.StreamPrefix)
			} else if !errors.Is(s.err, domain.ErrUnderAppeal) {
				t.Errorf("%v, client %d: %v, want %v", on, i, s.err, domain.ErrUnderAppeal)
			}
		}
		if filed != 1 {
			t.Fatalf("%v: %d of %d were filed", on, filed, clients)
		}
		k.unchanged(fmt.Sprint(on), before+1)
		if want := appeal.ID(inRound, k.subject, on, 1+n%2); on == onLost && id != want {
			t.Errorf("%v: filed as %s, want %s", on, id, want)
		}
		if n == 0 {
			_, err := k.c.WithdrawAppeal(k.ctx, testrig.Meta(k.center()), id, "不再申诉")
			must(t, err)
		}
	}
}

// TestFiledIsWhatStands: an appeal takes what it is about from the record, and
// its deadlines from the notice and the calendar.
func TestFiledIsWhatStands(t *testing.T) {
	k := newCourt(t)
	for _, test := range []struct {
		on      assessment.Target
		version int
		outcome domain.Outcome
		item    string
		points  domain.Points
		lost    domain.Points
	}{
		{onLost, 1, domain.Lost, "", 200, 200},
		{onOther, 1, domain.Lost, "", 100, 100},
		{onPress, 0, "", "8.1", 500, 500},
		{onConduct, 0, "", "8.2", 1500, 1500},
	} {
		f := k.appeal(k.file(test.on)).Filed
		if f.Version != test.version || f.Outcome != test.outcome || f.Item != test.item || f.Points != test.points || f.Lost != test.lost {
			t.Errorf("%v: filed %+v, want %+v", test.on, f, test)
		}
		if f.AppealBy != "2022-10-17" || f.DecideBy != "2022-10-24" || f.District != k.district || f.Kind != domain.Center {
			t.Errorf("%v: filed %+v", test.on, f)
		}
		if want := k.c.Pseudonym(command.AssessmentStream(inRound, k.subject), k.center()); f.By != want {
			t.Errorf("%v: by %s, want the center's name in its record, %s", test.on, f.By, want)
		}
	}
	f := k.appeal(k.file(onAward)).Filed
	clause, _ := testrig.Standard(t).Clause(onAward.Clause)
	if want := clause.Indicator().Points - 100; f.Lost != want || f.Outcome != domain.Awarded {
		t.Errorf("of an award: filed %+v, want %s lost", f, want)
	}
}

// TestWhatCannotBeAppealed: each refusal, and that it leaves nothing.
func TestWhatCannotBeAppealed(t *testing.T) {
	k := newCourt(t)
	k.file(onOther)
	quiet := k.rows[1].Code
	k.assess(quiet, domain.Center) // approved, and not told
	before := len(k.ReadLog(t))
	for _, test := range []struct {
		name  string
		actor string
		edit  func(*command.Filing)
		want  error
	}{
		{"an unknown round", "", func(f *command.Filing) { f.Round = "2021" }, domain.ErrUnknownRound},
		{"an unknown center", "", func(f *command.Filing) { f.Subject = "319999999" }, domain.ErrUnknownSubject},
		{"an unknown clause", "", func(f *command.Filing) { f.Target.Clause = "9.9" }, domain.ErrUnknownClause},
		{"neither clause nor deduction", "", func(f *command.Filing) { f.Target = assessment.Target{} }, domain.ErrInvalid},
		{"both", "", func(f *command.Filing) { f.Target.Deduction = 1 }, domain.ErrInvalid},
		{"nothing lost", "", func(f *command.Filing) { f.Target = onMet }, domain.ErrNothingAtStake},
		{"a deduction that was not imposed", "", func(f *command.Filing) { f.Target = assessment.Target{Deduction: 3} }, domain.ErrUnknownItem},
		{"the district's clause", "", func(f *command.Filing) { f.Target.Clause = "7.3" }, domain.ErrWrongSubject},
		{"one that is open", "", func(f *command.Filing) { f.Target = onOther }, domain.ErrUnderAppeal},
		{"no ground", "", func(f *command.Filing) { f.Ground = "mood" }, domain.ErrInvalid},
		{"no statement", "", func(f *command.Filing) { f.Statement = " " }, domain.ErrReasonMissing},
		{"a result that was not told", "center-" + quiet, func(f *command.Filing) { f.Subject = quiet }, domain.ErrNotNotified},
		{"another center's result", "center-" + quiet, nil, domain.ErrForbidden},
		{"by its district", "district-" + k.district, nil, domain.ErrForbidden},
		{"by an organizer", "organizer", nil, domain.ErrForbidden},
	} {
		f := k.filing(onLost)
		if test.edit != nil {
			test.edit(&f)
		}
		if test.actor == "" {
			test.actor = k.center()
		}
		_, err := k.c.FileAppeal(k.ctx, testrig.Meta(test.actor), f)
		wantErr(t, test.name, err, test.want)
	}
	k.unchanged("refused appeals", before)

	// The district's office appeals against what it lost itself.
	receipt, err := k.c.FileAppeal(k.ctx, testrig.Meta("district-"+k.district), command.Filing{
		Round: inRound, Subject: k.district, Target: assessment.Target{Clause: "7.3"}, Ground: appeal.Evidence, Statement: "另有材料",
	})
	must(t, err)
	if f := k.appeal(strings.TrimPrefix(receipt.Stream, appeal.StreamPrefix)).Filed; f.Kind != domain.District || f.Lost <= 0 {
		t.Errorf("the district's appeal: %+v", f)
	}
}

// TestUnderAppeal: what a panel is to decide about nobody revises meanwhile.
func TestUnderAppeal(t *testing.T) {
	k := newCourt(t)
	id := k.file(onLost)
	before := len(k.ReadLog(t))
	wantErr(t, "filed", k.revise(onLost, 1), domain.ErrUnderAppeal)
	k.panel(id, firstPanel...)
	wantErr(t, "in hearing", k.revise(onLost, 1), domain.ErrUnderAppeal)
	k.vote(id, firstPanel, 0, 0, 100)
	k.unchanged("refused revisions", before+4)
	_, err := k.c.DecideAppeal(k.ctx, testrig.Meta("reviewer-1"), id, "照片不足以证明")
	must(t, err)

	// What was decided is escalated, not appealed against again.
	_, err = k.c.FileAppeal(k.ctx, testrig.Meta(k.center()), k.filing(onLost))
	wantErr(t, "what was decided", err, domain.ErrDecided)
	_, err = k.c.EscalateAppeal(k.ctx, testrig.Meta(k.center()), id, "仍与事实不符")
	must(t, err)
	wantErr(t, "escalated", k.revise(onLost, 1), domain.ErrUnderAppeal)
	_, err = k.c.WithdrawAppeal(k.ctx, testrig.Meta(k.center()), id, "不再申诉")
	must(t, err)

	// Nothing is heard any more, so it may be revised, and the revision appealed
	// against once it has been told.
	must(t, k.revise(onLost, 1))
	_, err = k.c.FileAppeal(k.ctx, testrig.Meta(k.center()), k.filing(onLost))
	wantErr(t, "a revision that was not told", err, domain.ErrNotNotified)
	_, err = k.c.Approve(k.ctx, testrig.Meta("reviewer"), inRound, k.subject)
	must(t, err)
	_, err = k.c.NotifyResult(k.ctx, testrig.Meta("organizer"), inRound, k.subject)
	must(t, err)
	if again := k.file(onLost); again != appeal.ID(inRound, k.subject, onLost, 2) {
		t.Errorf("filed as %s", again)
	}

	// What a panel has corrected is its own to change, for good.
	other := k.file(onOther)
	cause, decided := k.decide(other, secondPanel, 50, 50, 50)
	_, err = k.c.Correct(k.ctx, cause, decided)
	must(t, err)
	wantErr(t, "what a panel corrected", k.revise(onOther, 2), domain.ErrDecided)
}

// onSomeAppeal is every command on an appeal, as an account that its role
// allows it in general.
func onSomeAppeal(k *court) map[string]func(actor, id string) error {
	c, ctx := k.c, k.ctx
	run := func(send func(m command.Meta, id string) (command.Receipt, error)) func(actor, id string) error {
		return func(actor, id string) error {
			_, err := send(testrig.Meta(actor), id)
			return err
		}
	}
	return map[string]func(actor, id string) error{
		"withdrawAppeal": run(func(m command.Meta, id string) (command.Receipt, error) {
			return c.WithdrawAppeal(ctx, m, id, "不再申诉")
		}),
		"addToAppeal": run(func(m command.Meta, id string) (command.Receipt, error) {
			return c.AddToAppeal(ctx, m, id, "补充", nil)
		}),
		"answerAppeal": run(func(m command.Meta, id string) (command.Receipt, error) {
			return c.AnswerAppeal(ctx, m, id, "如实", nil)
		}),
		"escalateAppeal": run(func(m command.Meta, id string) (command.Receipt, error) {
			return c.EscalateAppeal(ctx, m, id, "不服")
		}),
		"namePanel": run(func(m command.Meta, id string) (command.Receipt, error) { return c.NamePanel(ctx, m, id, firstPanel) }),
		"recuseReviewer": run(func(m command.Meta, id string) (command.Receipt, error) {
			return c.RecuseReviewer(ctx, m, id, "reviewer-1", "亲属", true)
		}),
		"recuseFromPanel": run(func(m command.Meta, id string) (command.Receipt, error) {
			return c.RecuseFromPanel(ctx, m, id, "亲属")
		}),
		"castVote": run(func(m command.Meta, id string) (command.Receipt, error) {
			return c.CastVote(ctx, m, id, 0, "不支持")
		}),
		"decideAppeal": run(func(m command.Meta, id string) (command.Receipt, error) {
			return c.DecideAppeal(ctx, m, id, "不支持")
		}),
		"extendAppeal": run(func(m command.Meta, id string) (command.Receipt, error) {
			return c.ExtendAppeal(ctx, m, id, 5, "核查")
		}),
	}
}

// TestStrangersLearnOfNoAppeal: who may not act on an appeal is told the same of
// one that was filed, wherever it stands, and of one that never was. Only
// organizers, who see all of them, learn which there are.
func TestStrangersLearnOfNoAppeal(t *testing.T) {
	k := newCourt(t)
	waiting, heard, decided, withdrawn := k.file(onLost), k.file(onOther), k.file(onPress), k.file(onConduct)
	k.panel(heard, firstPanel...)
	k.decide(decided, firstPanel, 0, 0, 0)
	_, err := k.c.WithdrawAppeal(k.ctx, testrig.Meta(k.center()), withdrawn, "不再申诉")
	must(t, err)
	none := appeal.ID(inRound, k.rows[2].Code, onLost, 1)
	before, tried := len(k.ReadLog(t)), 0
	strangers := []string{
		"center-" + k.rows[1].Code, "district-" + k.district, "district-310199", "assessor-7", "reviewer-7", "auditor",
		"reviewer", // who approved the record
	}
	for _, stage := range []string{"in progress", "in a closed round"} {
		for name, send := range onSomeAppeal(k) {
			for _, actor := range strangers {
				want := send(actor, none)
				if want == nil || errors.Is(want, domain.ErrUnknownAppeal) {
					t.Errorf("%s, %s by %s on no appeal: %v", stage, name, actor, want)
					continue
				}
				for _, id := range []string{waiting, heard, decided, withdrawn} {
					got := send(actor, id)
					if got == nil || strings.ReplaceAll(got.Error(), id, none) != want.Error() {
						t.Errorf("%s, %s by %s on %s: %v,\nof none: %v", stage, name, actor, id, got, want)
					}
					tried++
				}
			}
			if err := send("organizer", none); strings.HasPrefix(name, "name") || strings.HasPrefix(name, "extend") || name == "recuseReviewer" {
				wantErr(t, name+" by an organizer", err, domain.ErrUnknownAppeal)
			}
		}
		k.unchanged(stage, before)
		if stage == "in progress" {
			_, err = k.c.WithdrawAppeal(k.ctx, testrig.Meta(k.center()), waiting, "不再申诉")
			must(t, err)
			_, err = k.c.WithdrawAppeal(k.ctx, testrig.Meta(k.center()), heard, "不再申诉")
			must(t, err)
			_, err = k.c.CloseRound(k.ctx, testrig.Meta("organizer"), inRound, "结束")
			must(t, err)
			before = len(k.ReadLog(t))
		}
	}
	if want := 2 * 10 * len(strangers) * 4; tried != want {
		t.Errorf("tried %d, want %d", tried, want)
	}
	for _, id := range []string{"", "../x", "Appeal", strings.Repeat("a", 101), "round-2022"} {
		_, err := k.c.NamePanel(k.ctx, testrig.Meta("organizer"), id, firstPanel)
		wantErr(t, fmt.Sprintf("appeal %q", id), err, domain.ErrUnknownAppeal)
	}
}

// TestAppealCommandsAgain sends each command of a whole story again when all of
// it is over, the entry corrected twice and the round closed: each gets its
// first receipt, and nothing is recorded.
func TestAppealCommandsAgain(t *testing.T) {
	k := newCourt(t)
	ctx, c := k.ctx, k.c
	type step struct {
		name    string
		send    func() (command.Receipt, error)
		receipt command.Receipt
	}
	var steps []step
	do := func(name, actor string, send func(m command.Meta) (command.Receipt, error)) command.Receipt {
		t.Helper()
		m := testrig.Meta(actor)
		s := step{name: name, send: func() (command.Receipt, error) { return send(m) }}
		var err error
		if s.receipt, err = s.send(); err != nil || s.receipt.Repeated {
			t.Fatalf("%s: %+v, %v", name, s.receipt, err)
		}
		steps = append(steps, s)
		return s.receipt
	}
	carryOut := func(id string) {
		t.Helper()
		cause, decided := k.decision(id)
		_, err := c.Correct(ctx, cause, decided)
		must(t, err)
	}
	filed := do("file", k.center(), func(m command.Meta) (command.Receipt, error) { return c.FileAppeal(ctx, m, k.filing(onLost)) })
	id := strings.TrimPrefix(filed.Stream, appeal.StreamPrefix)
	do("add", k.center(), func(m command.Meta) (command.Receipt, error) { return c.AddToAppeal(ctx, m, id, "补充", nil) })
	do("answer", "assessor-2", func(m command.Meta) (command.Receipt, error) { return c.AnswerAppeal(ctx, m, id, "如实", nil) })
	do("extend", "organizer", func(m command.Meta) (command.Receipt, error) { return c.ExtendAppeal(ctx, m, id, 5, "核查") })
	hear := func(panel []string, restored domain.Points) {
		t.Helper()
		do("name", "organizer", func(m command.Meta) (command.Receipt, error) { return c.NamePanel(ctx, m, id, panel) })
		for _, member := range panel {
			do("vote", member, func(m command.Meta) (command.Receipt, error) {
				return c.CastVote(ctx, m, id, restored, "查看了照片")
			})
		}
		do("decide", panel[0], func(m command.Meta) (command.Receipt, error) { return c.DecideAppeal(ctx, m, id, "一致同意") })
		carryOut(id)
	}
	hear(firstPanel, 100)
	do("escalate", k.center(), func(m command.Meta) (command.Receipt, error) { return c.EscalateAppeal(ctx, m, id, "不服") })
	hear(secondPanel, 200)

	other := k.file(onOther)
	k.panel(other, firstPanel...)
	do("recuse", "organizer", func(m command.Meta) (command.Receipt, error) {
		return c.RecuseReviewer(ctx, m, other, "reviewer-1", "亲属", true)
	})
	do("recuse oneself", "reviewer-2", func(m command.Meta) (command.Receipt, error) { return c.RecuseFromPanel(ctx, m, other, "亲属") })
	do("withdraw", k.center(), func(m command.Meta) (command.Receipt, error) { return c.WithdrawAppeal(ctx, m, other, "不再申诉") })
	again := do("file again", k.center(), func(m command.Meta) (command.Receipt, error) { return c.FileAppeal(ctx, m, k.filing(onOther)) })
	_, err := c.WithdrawAppeal(ctx, testrig.Meta(k.center()), strings.TrimPrefix(again.Stream, appeal.StreamPrefix), "不再申诉")
	must(t, err)
	do("reply", k.center(), func(m command.Meta) (command.Receipt, error) {
		return c.FileReply(ctx, m, inRound, k.subject, "感谢")
	})
	do("redact", "organizer", func(m command.Meta) (command.Receipt, error) {
		return c.RedactReply(ctx, m, inRound, k.subject, 1, "感…", "涉及个人信息")
	})
	if entry := k.record(k.subject).Entries[onLost.Clause]; entry.Version != 3 || entry.Finding.Outcome != domain.Met {
		t.Errorf("after both corrections the entry is %+v", entry)
	}
	_, err = c.CloseRound(ctx, testrig.Meta("organizer"), inRound, "结束")
	must(t, err)

	before := len(k.ReadLog(t))
	for _, s := range steps {
		got, err := s.send()
		if want := s.receipt; err != nil || !got.Repeated || got.Stream != want.Stream || got.Revision != want.Revision || got.Position != want.Position {
			t.Errorf("%s again: %+v, %v; first %+v", s.name, got, err, want)
		}
	}
	k.unchanged("everything sent again", before)
}
