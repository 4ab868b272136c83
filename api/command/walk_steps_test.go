package command_test

import (
	"fmt"
	"slices"
	"strings"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/internal/testrig"
)

// next draws a command: one that takes the record or an appeal one step on, by
// what the walker sees of it now, or any.
func (w *walker) next() (actor string, what send) {
	subject := w.at.Code
	a, err := w.Record(w.ctx, inRound, subject)
	if err != nil {
		w.fail(err)
		return "auditor", w.observe()
	}
	if w.rng.IntN(4) == 0 {
		return w.any(a)
	}
	switch a.Status {
	case assessment.NotOpened:
		return "organizer", func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.OpenAssessment(w.ctx, m, inRound, subject)
		}
	case assessment.InWork:
		switch {
		case a.Lead == "":
			return w.assign()
		case a.Sheet.HonorsPending > 0:
			return w.honor(len(a.Honors))
		case len(a.Missing()) > 0:
			return w.assessor(a), w.record(a)
		case w.rng.IntN(4) == 0:
			return w.claim()
		}
		return w.assessor(a), func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.Submit(w.ctx, m, inRound, subject)
		}
	case assessment.InReview:
		return w.review()
	}
	if id, now := w.open(); id != "" && w.rng.IntN(4) > 0 {
		return w.hear(id, now)
	}
	switch w.rng.IntN(6) {
	case 0, 1:
		return w.notify()
	case 2:
		return w.after(w.rng.IntN(4))
	}
	return w.file(a)
}

// any draws whatever command.
func (w *walker) any(a *assessment.Assessment) (string, send) {
	switch w.rng.IntN(14) {
	case 0:
		return w.assign()
	case 1:
		return w.claim()
	case 2:
		return w.honor(1 + len(a.Honors))
	case 3:
		return w.assessor(a), w.record(a)
	case 4, 5:
		return w.assessor(a), w.revise(a)
	case 6:
		return w.assessor(a), w.observe()
	case 7, 8:
		return w.deduct(1 + w.rng.IntN(len(a.Deductions)+1))
	case 9:
		return w.review()
	case 10:
		return w.after(w.rng.IntN(6))
	case 11:
		return w.recuse()
	case 12:
		id := w.one()
		_, _, now := w.decisions(id)
		return w.hear(id, now)
	}
	return w.wrong()
}

// wrong is a command by somebody who may not.
func (w *walker) wrong() (string, send) {
	_, what := w.review()
	return []string{"auditor", "center-" + w.at.Code, "organizer", "nobody"}[w.rng.IntN(4)], what
}

// assessor draws an account of the team, mostly the lead.
func (w *walker) assessor(a *assessment.Assessment) string {
	names := []string{"assessor-1", "assessor-2", "assessor-3"}
	stream := command.AssessmentStream(inRound, w.at.Code)
	for _, name := range names {
		if a.Lead != "" && w.Commands.Pseudonym(stream, name) == a.Lead && w.rng.IntN(5) > 0 {
			return name
		}
	}
	return names[w.rng.IntN(3)]
}

func (w *walker) assign() (string, send) {
	account, subject, lead := fmt.Sprint("assessor-", 1+w.rng.IntN(3)), w.at.Code, w.rng.IntN(3) > 0
	return "organizer", func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		return c.AssignAssessor(w.ctx, m, inRound, subject, account, lead)
	}
}

func (w *walker) recuse() (string, send) {
	subject := w.at.Code
	if w.rng.IntN(3) == 0 {
		return fmt.Sprint("reviewer-", 1+w.rng.IntN(14)), func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.RecuseMyself(w.ctx, m, inRound, subject, "亲属在该中心任职")
		}
	}
	account := []string{"assessor-3", "reviewer-12", "organizer-4"}[w.rng.IntN(3)]
	return "organizer", func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		return c.RecuseAssessor(w.ctx, m, inRound, subject, account, "亲属在该中心任职", true)
	}
}

func (w *walker) record(a *assessment.Assessment) send {
	scores, subject := testrig.Findings(w.rng, w.std, w.at.Kind), w.at.Code
	scores = slices.DeleteFunc(scores, func(s assessment.Score) bool {
		_, known := a.Entries[s.Clause]
		return known || w.rng.IntN(60) == 0
	})
	return func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		return c.RecordScores(w.ctx, m, inRound, subject, scores)
	}
}

func (w *walker) revise(a *assessment.Assessment) send {
	scores, subject := testrig.Findings(w.rng, w.std, w.at.Kind), w.at.Code
	one := scores[w.rng.IntN(len(scores))]
	version := a.Entries[one.Clause].Version
	return func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		return c.ReviseScore(w.ctx, m, inRound, subject, version, one, "复核后更正")
	}
}

func (w *walker) observe() send {
	one, subject := testrig.Findings(w.rng, w.std, w.at.Kind)[0], w.at.Code
	return func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		return c.RecordObservation(w.ctx, m, inRound, subject, assessment.ObservationRecorded{
			Clause: one.Clause, Text: "建议增设指引", Method: one.Method, ObservedAt: testrig.Day,
		})
	}
}

func (w *walker) deduct(number int) (string, send) {
	item, subject, lift := []string{"8.1", "8.2"}[w.rng.IntN(2)], w.at.Code, w.rng.IntN(2) == 0
	return fmt.Sprint("organizer-", 1+w.rng.IntN(4)), func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		if lift {
			return c.LiftDeduction(w.ctx, m, inRound, subject, number, "查无实据")
		}
		return c.ImposeDeduction(w.ctx, m, inRound, subject, assessment.DeductionImposed{
			Item: item, Reason: "负面报道", Source: "媒体", OccurredOn: "2022-09-01",
		})
	}
}

func (w *walker) claim() (string, send) {
	subject := w.at.Code
	h := assessment.HonorClaimed{
		Title: []string{"文明窗口", "先进集体", "五一劳动奖状"}[w.rng.IntN(3)], Level: assessment.Municipal, Issuer: "上海市",
		AwardedOn: []string{"2022-03-01", "2021-03-01", "2019-03-01"}[w.rng.IntN(3)], Document: strings.Repeat("2c", 32),
	}
	if other := w.subjects[w.rng.IntN(len(w.subjects))]; w.rng.IntN(2) == 0 && other.Kind == domain.Center && other.Code != subject {
		h.With = []string{other.Code}
	}
	return "center-" + subject, func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		return c.ClaimHonor(w.ctx, m, inRound, subject, h)
	}
}

// honor decides a claim, or takes it back.
func (w *walker) honor(number int) (string, send) {
	subject, points := w.at.Code, domain.Points(1+w.rng.IntN(200))
	switch w.rng.IntN(3) {
	case 0:
		return "center-" + subject, func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.WithdrawHonor(w.ctx, m, inRound, subject, number, "材料有误")
		}
	case 1:
		return "reviewer-13", func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.RejectHonor(w.ctx, m, inRound, subject, number, "不在评比范围")
		}
	}
	return "reviewer-13", func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		return c.AcceptHonor(w.ctx, m, inRound, subject, number, points)
	}
}

func (w *walker) review() (string, send) {
	subject, back := w.at.Code, w.rng.IntN(4) == 0
	return []string{"reviewer-14", "reviewer-15"}[w.rng.IntN(2)], func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		if back {
			return c.ReturnAssessment(w.ctx, m, inRound, subject, "请补充", nil)
		}
		return c.Approve(w.ctx, m, inRound, subject)
	}
}

func (w *walker) notify() (string, send) {
	subject := w.at.Code
	return "organizer", func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		return c.NotifyResult(w.ctx, m, inRound, subject)
	}
}

// after is what else follows on a result, and what concerns the whole round.
func (w *walker) after(which int) (string, send) {
	subject, number := w.at.Code, 1+w.rng.IntN(2)
	switch which {
	case 0:
		return "center-" + subject, func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.FileReply(w.ctx, m, inRound, subject, "感谢评估，另作说明")
		}
	case 1:
		return fmt.Sprint("organizer-", number), func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.Deliberate(w.ctx, m, inRound, "会商一致同意")
		}
	case 2:
		return fmt.Sprint("organizer-", number), func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.Publish(w.ctx, m, inRound, "更正")
		}
	case 3:
		return "organizer", func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.RedactReply(w.ctx, m, inRound, subject, number, "……", "涉及个人信息")
		}
	case 4:
		return "organizer", func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.PinCalendar(w.ctx, m, inRound, "cn", "新一年的日历")
		}
	}
	return "organizer", func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		told, err := c.NotifyResults(w.ctx, m, inRound, "")
		return told.Last, err
	}
}

// file appeals against something that was lost, mostly.
func (w *walker) file(a *assessment.Assessment) (string, send) {
	target := assessment.Target{Deduction: 1 + w.rng.IntN(len(a.Deductions)+1)}
	if scores := testrig.Findings(w.rng, w.std, w.at.Kind); w.rng.IntN(4) > 0 {
		target = assessment.Target{}
		for range 12 {
			if target.Clause = scores[w.rng.IntN(len(scores))].Clause; a.Entries[target.Clause].Finding.Outcome == domain.Lost {
				break
			}
		}
	}
	f := command.Filing{
		Round: inRound, Subject: w.at.Code, Target: target, Statement: "与事实不符",
		Ground: []appeal.Ground{appeal.Fact, appeal.Evidence, appeal.Procedure, appeal.Interpretation}[w.rng.IntN(4)],
	}
	return testrig.Appellant(w.at.Kind, w.at.Code), func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		return c.FileAppeal(w.ctx, m, f)
	}
}

// open finds an appeal against the walker's record that may go on.
func (w *walker) open() (string, *appeal.Appeal) {
	id := w.one()
	_, _, now := w.decisions(id)
	if now.Filed.Subject != w.at.Code || !now.Open() && (now.Status != appeal.IsDecided || now.Panel == 2) {
		return "", nil
	}
	return id, now
}

// hear takes an appeal one step on, as the walker sees it.
func (w *walker) hear(id string, now *appeal.Appeal) (string, send) {
	ctx := w.ctx
	stream := command.AssessmentStream(inRound, now.Filed.Subject)
	appellant := testrig.Appellant(now.Filed.Kind, now.Filed.Subject)
	var panel []string
	for n := range 12 {
		account := fmt.Sprint("reviewer-", 1+n)
		if slices.Contains(now.Members, w.Commands.Pseudonym(stream, account)) {
			panel = append(panel, account)
		}
	}
	restored := []domain.Points{0, now.Filed.Lost, now.Filed.Lost / 2, now.Restored()}[w.rng.IntN(4)]
	onPanel := append(slices.Clone(panel), fmt.Sprint("reviewer-", 1+w.rng.IntN(12)))
	member := onPanel[w.rng.IntN(len(onPanel))]
	if w.rng.IntN(5) == 0 {
		return w.aside(id, appellant, member)
	}
	switch {
	case now.Status == appeal.IsDecided:
		return appellant, func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.EscalateAppeal(ctx, m, id, "对决定不服")
		}
	case now.Status != appeal.InHearing || len(now.Members) < now.Size:
		for first := w.rng.IntN(12); len(panel) < 3; first++ {
			if account := fmt.Sprint("reviewer-", 1+first%12); !slices.Contains(panel, account) {
				panel = append(panel, account)
			}
		}
		return "organizer", func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.NamePanel(ctx, m, id, panel)
		}
	case len(now.Votes) < now.Size:
		return member, func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.CastVote(ctx, m, id, restored, "查看了照片")
		}
	}
	return member, func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		return c.DecideAppeal(ctx, m, id, "合议认为")
	}
}

// aside is what need not happen in a hearing.
func (w *walker) aside(id, appellant, member string) (string, send) {
	ctx := w.ctx
	switch w.rng.IntN(6) {
	case 0:
		return appellant, func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.AddToAppeal(ctx, m, id, "补充说明", []string{strings.Repeat("4e", 32)})
		}
	case 1:
		return "assessor-1", func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.AnswerAppeal(ctx, m, id, "如实记录", nil)
		}
	case 2:
		return "organizer", func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.RecuseReviewer(ctx, m, id, member, "与申诉人有利害关系", true)
		}
	case 3:
		return member, func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.RecuseFromPanel(ctx, m, id, "与申诉人有利害关系")
		}
	case 4:
		return fmt.Sprint("organizer-", 1+w.rng.IntN(4)), func(c *command.Commands, m command.Meta) (command.Receipt, error) {
			return c.ExtendAppeal(ctx, m, id, 1+w.rng.IntN(5), "案情复杂")
		}
	}
	return appellant, func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		return c.WithdrawAppeal(ctx, m, id, "已沟通清楚")
	}
}
