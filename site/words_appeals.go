package site

import (
	"fmt"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
)

func groundWord(ground string) string {
	switch appeal.Ground(ground) {
	case appeal.Fact:
		return "事实认定"
	case appeal.Evidence:
		return "证据"
	case appeal.Procedure:
		return "评估程序"
	case appeal.Interpretation:
		return "标准适用"
	}
	return ground
}

func decisionWord(outcome string) string {
	switch appeal.Outcome(outcome) {
	case appeal.Upheld:
		return "支持"
	case appeal.PartlyUpheld:
		return "部分支持"
	case appeal.Dismissed:
		return "不予支持"
	}
	return outcome
}

// decided says what a panel decided; the second one's dismissal leaves what the
// first one restored.
func (d decision) decided() string {
	word := decisionWord(d.Outcome)
	if d.Panel == 2 && d.Outcome == string(appeal.Dismissed) && d.Restored > 0 {
		word += "，维持第一次的决定"
	}
	return word + "，共恢复 " + d.Restored.String() + " 分。"
}

// panelWord names a panel's decision.
func panelWord(panel int) string {
	if panel == 1 {
		return "复核决定"
	}
	return "第二次复核决定"
}

// stateWord says where an appeal stands.
func (a *appealResult) stateWord() string {
	switch {
	case a.Status == "open" && a.Escalated:
		return "第二次复核中"
	case a.Status == "open":
		return "申诉中"
	case a.Status == "withdrawn":
		return "已撤回"
	case len(a.Decisions) > 0:
		return decisionWord(a.Decisions[len(a.Decisions)-1].Outcome)
	}
	return a.Status
}

// stateClass names the style of a state.
func (a *appealResult) stateClass() string {
	switch {
	case a.Status == "open":
		return "pending"
	case a.Status == "decided" && a.restored() > 0:
		return "awarded"
	}
	return "left"
}

func (a *appealResult) restored() domain.Points {
	if len(a.Decisions) == 0 {
		return 0
	}
	return a.Decisions[len(a.Decisions)-1].Restored
}

// dueWords says of an open appeal when its decision is due.
func (a *appealResult) dueWords() string {
	words := "尚未决定"
	if a.Escalated {
		words = "已提请第二次复核，尚未决定"
	}
	if a.DecideBy != nil {
		words += "，最迟应于" + day(*a.DecideBy) + "决定"
	}
	words += "。"
	if a.Expired {
		words += "曾到期未作决定，申诉仍然有效。"
	}
	return words
}

func (r *reply) redactedWord() string {
	if r.Text == nil {
		return "全文未公开"
	}
	return "有内容未公开"
}

// redactedWords says who kept something from the public, when and why.
func (r *reply) redactedWords() string {
	words := "组织者"
	if r.RedactedOn != nil {
		words += "于" + day(*r.RedactedOn)
	}
	return words + "隐去，理由：" + text(r.Reason)
}

// eventWord says what an event did that moved a total; ofDistrict that it did
// so to the district's record.
func eventWord(e effect, ofDistrict bool) string {
	clause, n, honor := text(e.Clause), number(e.Deduction), number(e.Honor)
	word := e.Type // a newer event than this program: shown by its name
	switch e.Type {
	case assessment.ScoreRecorded{}.EventType():
		word = "评估记录：条款 " + clause
	case assessment.ScoreRevised{}.EventType():
		word = "修订评估记录：条款 " + clause
	case assessment.ScoreCorrected{}.EventType():
		word = "申诉决定后的更正：条款 " + clause
	case assessment.DeductionImposed{}.EventType():
		word = "作出扣分：第 " + n + " 项"
	case assessment.DeductionLifted{}.EventType():
		word = "撤销扣分：第 " + n + " 项"
	case assessment.DeductionCorrected{}.EventType():
		word = "申诉决定后的更正：第 " + n + " 项扣分"
	case assessment.HonorAccepted{}.EventType():
		word = "认定荣誉：第 " + honor + " 项"
	case assessment.Approved{}.EventType():
		word = "复核通过，开始计入"
	case assessment.Returned{}.EventType():
		word = "退回，不再计入"
	}
	if ofDistrict {
		return "对区的评估，" + word
	}
	return word
}

// signed is a number of points with its sign, or a plain zero.
func signed(p domain.Points) string {
	switch {
	case p < 0:
		return "−" + (-p).String()
	case p > 0:
		return "+" + p.String()
	}
	return p.String()
}

// signedDifference is signed where there are two totals.
func signedDifference(p *domain.Points) string {
	if p == nil {
		return none
	}
	return signed(*p)
}

// pendingWords counts what is under appeal.
func pendingWords(clauses, deductions int) string {
	switch {
	case deductions == 0:
		return fmt.Sprintf("含申诉中的条款 %d 条，分值为告知时的分值", clauses)
	case clauses == 0:
		return fmt.Sprintf("含申诉中的扣分项 %d 项，分值为告知时的分值", deductions)
	}
	return fmt.Sprintf("含申诉中的条款 %d 条、扣分项 %d 项，分值为告知时的分值", clauses, deductions)
}
