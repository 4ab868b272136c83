package sheets

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// ScoreRow is a finding on one clause of one subject.
type ScoreRow struct {
	Line            int
	Subject, Clause string
	Outcome         domain.Outcome
	Points          domain.Points
	Method          assessment.Method
	ObservedAt      time.Time // UTC
	Reason          string
	// Unmet lists the clause's checklist items that are not met, from 1.
	Unmet []int
	// Counts are what was counted for the clause's measures, by input id.
	Counts map[string]int64
	// Override is why the finding differs from what the counts come to.
	Override string
	// Evidence lists the SHA-256 of each piece, lower-case hex.
	Evidence []string
}

var (
	outcomes = choices{
		{string(domain.Met), "达标", "met"},
		{string(domain.Lost), "扣分", "lost"},
		{string(domain.Awarded), "得分", "awarded"},
		{string(domain.NotApplicable), "不适用", "not applicable"},
	}
	methods = choices{
		{string(assessment.SiteVisit), "实地检查", "site visit"},
		{string(assessment.MysteryVisit), "暗访", "mystery visit"},
		{string(assessment.Documents), "查阅资料", "documents"},
		{string(assessment.Interview), "访谈", "interview"},
		{string(assessment.PhoneSampling), "电话抽查", "phone sampling"},
		{string(assessment.SystemData), "系统数据", "system data"},
	}
)

// Scores is the table of findings under a standard. A row of its template in
// which only the subject and the clause stand is not filled in, and skipped.
func Scores(std *domain.Standard) *Table[ScoreRow] {
	rules := scoreRules{std}
	return &Table[ScoreRow]{
		sheet: "评分",
		line:  func(r *ScoreRow) *int { return &r.Line },
		key:   func(r *ScoreRow) string { return r.Subject + "\x00" + r.Clause }, keyColumns: []string{"clause", "subject"},
		prefilled: []string{"subject", "clause"},
		check:     func() func(*ScoreRow, inspection) { return rules.check },
		columns: slices.Concat(rules.whatWasJudged(), []column[ScoreRow]{
			{
				key: "method", zh: "评估方式", en: "Method", required: true, choices: methods, width: 12, example: "实地检查",
				noteZh: "发现问题的方式。", noteEn: "How it was found.",
				read: func(r *ScoreRow, c cell) *message {
					method, m := methods.find(c.text)
					r.Method = assessment.Method(method)
					return m
				},
				write: func(r *ScoreRow) string { return methods.zh(string(r.Method)) },
			},
			{
				key: "observedAt", zh: "观察时间", en: "Observed at", required: true, limit: maxName, width: 20, example: "2022-06-01 09:30",
				noteZh: "看到的时间，不是录入的时间；日期或日期加时间，默认北京时间。", noteEn: "When it was seen, not typed: a date, or a date and time, in Beijing time unless it says otherwise.",
				read:  func(r *ScoreRow, c cell) (m *message) { r.ObservedAt, m = moment(c); return m },
				write: func(r *ScoreRow) string { return writeMoment(r.ObservedAt) },
			},
			{
				key: "reason", zh: "理由", en: "Reason", limit: maxReason, lines: true, width: 40, example: "外墙标识破损",
				noteZh: "扣分和不适用时必填。", noteEn: "Mandatory where points are lost or a clause is not applicable.",
				read:  func(r *ScoreRow, c cell) *message { r.Reason = c.text; return nil },
				write: func(r *ScoreRow) string { return r.Reason },
			},
			{
				key: "checklist", zh: "未达到的检查项", en: "Items not met", limit: maxReason, width: 16, example: "1；3",
				noteZh: "检查项的序号，以分号分隔；全部达到则留空。", noteEn: "Their numbers, separated by semicolons; empty where all are met.",
				read:  rules.readItems,
				write: writeItems,
			},
			{
				key: "counts", zh: "计数", en: "Counts", limit: maxReason, lines: true, width: 32, example: "综合窗口数量=8；窗口总数=10；现金、回复、机动窗口=1",
				noteZh: "名称=整数，以分号分隔。", noteEn: "name=whole number, separated by semicolons.",
				read:  rules.readCounts,
				write: rules.writeCounts,
			},
			{
				key: "override", zh: "改判理由", en: "Override", limit: maxReason, lines: true, width: 32, example: "计数当日有两个窗口在维修",
				noteZh: "结论与按计数得出的结论不同时填写。", noteEn: "Why the finding differs from what the counts come to.",
				read:  func(r *ScoreRow, c cell) *message { r.Override = c.text; return nil },
				write: func(r *ScoreRow) string { return r.Override },
			},
			{
				key: "evidence", zh: "证据", en: "Evidence", lines: true, width: 32, example: strings.Repeat("0123456789abcdef", 4),
				noteZh: "每份证据的 SHA-256（64 位十六进制），以分号分隔，最多 50 份。", noteEn: "The SHA-256 of each piece, 64 hex digits, separated by semicolons, at most 50.",
				read:  func(r *ScoreRow, c cell) (m *message) { r.Evidence, m = hashes(c.text); return m },
				write: func(r *ScoreRow) string { return strings.Join(r.Evidence, "；") },
			},
			{key: "subjectName", zh: "对象名称", en: "Subject name", width: 28, noteZh: "仅供参考，不读取。", noteEn: "For information, not read."},
			{key: "clauseText", zh: "条款内容", en: "Clause text", width: 60, noteZh: "仅供参考，不读取。", noteEn: "For information, not read."},
		}),
	}
}

func (s scoreRules) whatWasJudged() []column[ScoreRow] {
	return []column[ScoreRow]{
		{
			key: "subject", zh: "对象代码", en: "Subject", required: true, width: 14, example: "310101013",
			noteZh: "9 位受理中心代码；评估区的条款填 6 位区代码。", noteEn: "The code of the center (nine digits), or of the district (six) for clauses that judge it.",
			read:  func(r *ScoreRow, c cell) (m *message) { r.Subject, m = subject(c.text); return m },
			write: func(r *ScoreRow) string { return r.Subject },
		},
		{
			key: "clause", zh: "条款", en: "Clause", required: true, width: 8, example: "1.1.1",
			noteZh: "标准中的条款编号。", noteEn: "Its number in the standard.",
			read: func(r *ScoreRow, c cell) *message {
				code := fold(c.text)
				if _, ok := s.std.Clause(code); !ok {
					return says("标准 %s 中没有该条款。", "Standard %s has no such clause.", s.std.ID)
				}
				r.Clause = code
				return nil
			},
			write: func(r *ScoreRow) string { return r.Clause },
		},
		{
			key: "outcome", zh: "结论", en: "Outcome", required: true, choices: outcomes, width: 10, example: "扣分",
			noteZh: "得分只用于加分的条款，不适用只用于标准允许的条款。尚未评估的条款，除对象和条款外整行留空，不会读取。",
			noteEn: "Awarded is for clauses that award points, not applicable for those where the standard allows it. A row with nothing but subject and clause is not assessed yet, and skipped.",
			read: func(r *ScoreRow, c cell) *message {
				outcome, m := outcomes.find(c.text)
				r.Outcome = domain.Outcome(outcome)
				return m
			},
			write: func(r *ScoreRow) string { return outcomes.zh(string(r.Outcome)) },
		},
		{
			key: "points", zh: "分数", en: "Points", width: 8, example: "0.5",
			noteZh: "扣去或得到的分数，最多两位小数；达标和不适用时留空或填 0。", noteEn: "Points lost or awarded, at most two decimals; empty or 0 for met and not applicable.",
			read:  func(r *ScoreRow, c cell) (m *message) { r.Points, m = points(c.text); return m },
			write: writePoints,
		},
	}
}

func points(text string) (domain.Points, *message) {
	p, err := domain.ParsePoints(fold(text))
	if err != nil || p < 0 {
		return 0, says("须为不小于 0、最多两位小数的数，例如 0.5。", "It must be a number from 0 with at most two decimals, such as 0.5.")
	}
	return p, nil
}

func writePoints(r *ScoreRow) string {
	if r.Outcome != domain.Lost && r.Outcome != domain.Awarded && r.Points == 0 {
		return ""
	}
	return r.Points.String()
}

func writeItems(r *ScoreRow) string {
	out := make([]string, len(r.Unmet))
	for i, n := range r.Unmet {
		out[i] = strconv.Itoa(n)
	}
	return strings.Join(out, "；")
}

// hashes reads SHA-256 sums in hex.
func hashes(text string) ([]string, *message) {
	var out []string
	for _, each := range list(text) {
		hash := strings.ToLower(fold(each))
		switch {
		case len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "":
			return nil, says("“%s”不是 SHA-256：须为 64 位十六进制数字，几份证据以分号分隔。", "%q is no SHA-256: 64 hex digits each, pieces separated by semicolons.", cut(each))
		case slices.Contains(out, hash):
			return nil, says("“%s”写了两遍。", "%q stands twice.", cut(each))
		case len(out) == maxPieces:
			return nil, says("超过 %d 份证据。", "There are more than %d pieces of evidence.", maxPieces)
		}
		out = append(out, hash)
	}
	return out, nil
}
