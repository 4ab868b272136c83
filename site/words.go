package site

import (
	"strconv"
	"strings"
	"time"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// beijing is built in code: the same bytes on a machine without a time zone
// database, whatever its own zone.
var beijing = time.FixedZone("UTC+8", 8*60*60)

// none stands where there is no number.
const none = "—"

func points(p *domain.Points) string {
	if p == nil {
		return none
	}
	return p.String()
}

// moment shows a time to the minute; pages say once that it is Beijing time.
func moment(t time.Time) string { return t.In(beijing).Format("2006年1月2日 15:04") }

// stampedDay shows the day of a time in Beijing.
func stampedDay(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.In(beijing).Format("2006年1月2日")
}

// machineDay is stampedDay for a time element's datetime attribute.
func machineDay(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.In(beijing).Format(time.DateOnly)
}

// day shows a date, YYYY-MM-DD, and leaves anything else as it came.
func day(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Format("2006年1月2日")
}

func span(p domain.Period) string { return day(p.From) + "至" + day(p.To) }

func rank(n *int) string {
	if n == nil {
		return none
	}
	return strconv.Itoa(*n)
}

func count(n int) string { return strconv.Itoa(n) }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// numberOr is none where there is no number.
func numberOr(n *int) string {
	if n == nil {
		return none
	}
	return strconv.Itoa(*n)
}

func number(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// outcomeWord says what was found on a clause.
func outcomeWord(f finding) string {
	if f.Outcome == nil {
		return "未评"
	}
	switch *f.Outcome {
	case domain.Met:
		return "符合"
	case domain.Lost:
		return "扣 " + points(f.Points) + " 分"
	case domain.Awarded:
		return "得 " + points(f.Points) + " 分"
	case domain.NotApplicable:
		return "不适用"
	case domain.NotAssessed:
		return "未评"
	}
	return string(*f.Outcome) // a newer word than this program: shown as it is
}

// outcomeClass names the style of a finding.
func outcomeClass(f finding) string {
	if f.Outcome == nil {
		return "open"
	}
	switch *f.Outcome {
	case domain.Met:
		return "met"
	case domain.Lost:
		return "lost"
	case domain.Awarded:
		return "awarded"
	case domain.NotApplicable:
		return "left"
	case domain.NotAssessed:
	}
	return "open"
}

// reasonWord names a reason: why points were lost, or what points were given for.
func reasonWord(f finding) string {
	if f.Outcome != nil && *f.Outcome == domain.Lost {
		return "扣分原因"
	}
	return "说明"
}

func methodWord(method *string) string {
	if method == nil {
		return ""
	}
	switch assessment.Method(*method) {
	case assessment.SiteVisit:
		return "现场查看"
	case assessment.MysteryVisit:
		return "暗访"
	case assessment.Documents:
		return "查阅资料"
	case assessment.Interview:
		return "访谈"
	case assessment.PhoneSampling:
		return "电话抽查"
	case assessment.SystemData:
		return "系统数据"
	}
	return *method
}

func levelWord(level string) string {
	switch assessment.HonorLevel(level) {
	case assessment.National:
		return "国家级"
	case assessment.Municipal:
		return "市级"
	}
	return level
}

func honorWord(h honor) string {
	switch h.State {
	case "accepted":
		return "得 " + points(h.Points) + " 分"
	case "rejected":
		return "未采纳"
	case "pending":
		return "待审"
	}
	return h.State
}

func kindWord(kind string) string {
	switch kind {
	case "provisional":
		return "公示稿"
	case "final":
		return "正式发布"
	case "correction":
		return "更正发布"
	}
	return kind
}

// shortHash shows enough of a hash to compare by eye.
func shortHash(hash string) string {
	if len(hash) <= 16 {
		return hash
	}
	return hash[:16] + "…"
}

// percent is part of whole in exact hundredths of a percent, for bars that
// start at zero.
func percent(part, whole domain.Points) string {
	if whole <= 0 || part <= 0 {
		return "0"
	}
	return strings.TrimSuffix(domain.Points(min(part, whole)*10_000/whole).String(), ".00")
}
