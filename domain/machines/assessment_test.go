package machines

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

var hash = strings.Repeat("0123456789abcdef", 4)

// newStandard has one clause that deducts, the honors and two deductions.
func newStandard(t *testing.T) *domain.Standard {
	t.Helper()
	indicator := func(code string, points int64, basis domain.Basis) domain.Indicator {
		return domain.Indicator{
			Code: code, Points: domain.Whole(points), Basis: basis, Subject: domain.Center,
			Clauses: []domain.Clause{{Code: code, Name: code, Text: code}},
		}
	}
	honors := indicator("7.2", 4, domain.Award)
	honors.Honors = true
	std, err := domain.NewStandard(domain.Standard{
		ID: "fixture", Points: domain.Whole(100),
		Sections: []domain.Section{
			{Code: "1", Points: domain.Whole(96), Indicators: []domain.Indicator{indicator("1.1", 96, domain.Deduct)}},
			{Code: "7", Points: domain.Whole(4), Indicators: []domain.Indicator{honors}},
		},
		Deductions: domain.DeductionRule{
			Code: "8", Rule: domain.RuleLargest, Cap: domain.Whole(15),
			Items: []domain.DeductionItem{
				{Code: "8.1", Points: domain.Whole(5), Basis: domain.Subtract},
				{Code: "8.2", Points: domain.Whole(15), Basis: domain.Subtract},
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return std
}

func loss() assessment.Finding {
	return assessment.Finding{Outcome: domain.Lost, Points: 75, Method: assessment.SiteVisit, ObservedAt: day.Add(-time.Hour), Reason: "标识缺失"}
}

func notify(a *assessment.Assessment) ([]domain.Event, error) {
	return a.Notify(by("organizer"), assessment.ResultNotified{AppealBy: "2022-06-15", Days: 5, Calendar: hash})
}

// assessmentStatus is the record's own, and whether what is approved was told.
func assessmentStatus(a *assessment.Assessment) string {
	if _, err := notify(a); a.Status == assessment.SignedOff && errors.Is(err, domain.ErrExists) {
		return "notified"
	}
	return string(a.Status)
}

// assessmentKey is what decides about the samples' fate: the entry, the newest
// claim, the newest deduction, whether there is a notice and a reply, and who
// is on the team.
func assessmentKey(a *assessment.Assessment) string {
	entry := a.Entries["1.1"]
	claim, deduction := "none", "none"
	if n := len(a.Honors); n > 0 {
		h := a.Honors[n-1]
		claim = fmt.Sprint(h.Accepted != nil, h.Rejected != nil, h.Withdrawn != nil)
	}
	if n := len(a.Deductions); n > 0 {
		d := a.Deductions[n-1]
		deduction = fmt.Sprint(a.Standing[n-1], d.Lifted != nil, d.Corrected != nil)
	}
	return fmt.Sprint(assessmentStatus(a), entry.Version > 0, entry.Appeal, claim, deduction, len(a.Notices) > 0, len(a.Replies) > 0, a.Team, a.Lead, a.Recused)
}

type record = *assessment.Assessment

func assessments(t *testing.T) machine[record] {
	std := newStandard(t)
	one := func(id, zh, en string, sample func(record) ([]domain.Event, error)) command[record] {
		return command[record]{named{id, word{zh, en}}, []func(record) ([]domain.Event, error){sample}}
	}
	return machine[record]{
		name: word{"评估", "Assessment"},
		about: word{
			"“已告知”指现有结果已告知该对象；结果再有变动，须重新复核、重新告知。更正（`correctScore`、`correctDeduction`）由申诉决定引起，由系统执行，不影响复核结论。",
			"Notified means that the subject was told the result as it stands; once it moves, it is approved and notified again. Corrections follow from a decided appeal, are made by the system, and keep the sign-off.",
		},
		fresh:  func() record { return assessment.New(std) },
		status: assessmentStatus,
		key:    assessmentKey,
		statuses: []named{
			{string(assessment.NotOpened), word{"未开始", "not opened"}},
			{string(assessment.InWork), word{"评估中", "in work"}},
			{string(assessment.InReview), word{"已提交", "submitted"}},
			{string(assessment.SignedOff), word{"已通过", "approved"}},
			{"notified", word{"已告知", "notified"}},
		},
		commands: append([]command[record]{
			one("openAssessment", "开始评估", "open a record", func(a record) ([]domain.Event, error) {
				return a.Open(assessment.Opened{Stamp: by("organizer"), Round: "2022", Subject: "310101002", Kind: domain.Center, District: "310101"})
			}),
			one("assignAssessor", "分派评估员", "assign an assessor", func(a record) ([]domain.Event, error) {
				return a.Assign(by("organizer"), "assessor", true)
			}),
			one("recuseAssessor", "令其回避", "recuse somebody", func(a record) ([]domain.Event, error) {
				return a.Recuse(by("organizer"), "somebody", "亲属在该中心任职", false)
			}),
			one("recordScores", "录入评估记录", "record findings", func(a record) ([]domain.Event, error) {
				return a.RecordScores(by("assessor"), []assessment.Score{{Clause: "1.1", Finding: loss()}})
			}),
			one("reviseScore", "修订评估记录", "revise a finding", func(a record) ([]domain.Event, error) {
				return a.ReviseScore(by("assessor"), a.Entries["1.1"].Version, assessment.Score{Clause: "1.1", Finding: loss()}, "复看录像")
			}),
			one("recordObservation", "记录建议", "record an observation", func(a record) ([]domain.Event, error) {
				return a.Observe(by("assessor"), assessment.ObservationRecorded{
					Clause: "1.1", Text: "建议增设指引", Method: assessment.SiteVisit, ObservedAt: day.Add(-time.Hour),
				})
			}),
			one("imposeDeduction", "施加扣分项", "impose a deduction", func(a record) ([]domain.Event, error) {
				return a.ImposeDeduction(by("organizer"), assessment.DeductionImposed{Item: "8.2", Reason: "负面报道", Source: "媒体", OccurredOn: "2022-05-17"})
			}),
			one("liftDeduction", "撤销扣分项", "lift a deduction", func(a record) ([]domain.Event, error) {
				return a.LiftDeduction(by("organizer"), len(a.Deductions), "不属实")
			}),
		}, append(honorsAndReview(one), outcomes(one)...)...),
	}
}

type sampled func(id, zh, en string, sample func(record) ([]domain.Event, error)) command[record]

func honorsAndReview(one sampled) []command[record] {
	return []command[record]{
		one("claimHonor", "申报荣誉", "claim an honor", func(a record) ([]domain.Event, error) {
			return a.ClaimHonor(by("center"), assessment.HonorClaimed{
				Title: "上海市文明窗口", Level: assessment.Municipal, Issuer: "上海市文明办", AwardedOn: "2021-04-12", Document: hash,
			}, domain.Period{From: "2020-01-01", To: "2021-12-31"})
		}),
		one("withdrawHonor", "撤回申报", "withdraw a claim", func(a record) ([]domain.Event, error) {
			return a.WithdrawHonor(by("center"), len(a.Honors), "材料有误")
		}),
		one("acceptHonor", "认定荣誉", "accept a claim", func(a record) ([]domain.Event, error) {
			return a.AcceptHonor(by("jury"), len(a.Honors), 50)
		}),
		one("rejectHonor", "不予认定", "reject a claim", func(a record) ([]domain.Event, error) {
			return a.RejectHonor(by("jury"), len(a.Honors), "个人荣誉")
		}),
		one("submitAssessment", "提交复核", "submit to review", func(a record) ([]domain.Event, error) { return a.Submit(by("assessor")) }),
		one("returnAssessment", "退回", "return to the assessors", func(a record) ([]domain.Event, error) {
			return a.Return(by("reviewer"), "请补充", nil)
		}),
		one("approveAssessment", "复核通过", "approve", func(a record) ([]domain.Event, error) { return a.Approve(by("reviewer")) }),
	}
}

// outcomes is what follows on an approved result.
func outcomes(one sampled) []command[record] {
	return []command[record]{
		one("notifyResult", "告知结果", "tell a subject its result", notify),
		one("correctScore", "更正评估记录", "correct a finding", func(a record) ([]domain.Event, error) {
			return a.CorrectScore(by("system"), assessment.ScoreCorrected{Appeal: "a1", Panel: 1, Clause: "1.1", Outcome: domain.Lost, Points: 25, Why: "照片可证"})
		}),
		one("correctDeduction", "更正扣分项", "correct a deduction", func(a record) ([]domain.Event, error) {
			return a.CorrectDeduction(by("system"), assessment.DeductionCorrected{
				Appeal: fmt.Sprint("a2 on ", len(a.Deductions)), Panel: 1, Deduction: len(a.Deductions), Item: "8.1", Why: "情节较轻",
			})
		}),
		one("fileReply", "公开答复", "reply to the result, in public", func(a record) ([]domain.Event, error) { return a.FileReply(by("center"), hash, "已整改") }),
		one("redactReply", "隐去答复中的内容", "keep passages of a reply from the public", func(a record) ([]domain.Event, error) {
			return a.RedactReply(by("organizer"), len(a.Replies), "", "含个人信息")
		}),
	}
}
