package eventstore

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/domain/account"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/mail"
	"mingjian/domain/registry"
	"mingjian/domain/rights"
	"mingjian/domain/round"
)

// samples holds one event of each type with no field left at zero, so that a
// field which the codec drops is noticed.
func samples() []domain.Event {
	stamp := domain.Stamp{By: "k3fq7m2xw5zn4abc", At: time.Date(2022, 6, 7, 8, 9, 10, 123_000_000, time.UTC)}
	hash := strings.Repeat("0123456789abcdef", 4)
	finding := assessment.Finding{
		Outcome: domain.Lost, Points: 29, Method: assessment.MysteryVisit,
		ObservedAt: time.Date(2022, 6, 6, 1, 2, 3, 0, time.UTC),
		Reason:     "标识\"缺失\" <br> & \\ \t\u2028\U0001F600",
		Evidence:   []string{hash, strings.Repeat("f", 64)},
		Counts:     map[string]int64{"total": 12, "comprehensive": 9}, Checklist: []bool{true, false},
		Computed: domain.Met, Override: "机动窗口当日停用",
	}
	const sealed = account.Sealed("tSQkGTN0N1sMmZEPCWnVQ8z6ZsMqf2Kpi+Nwd/TBGTA=")
	center := rights.Grant{Role: rights.Center, Subject: "310101002"}
	return []domain.Event{
		&account.Created{Stamp: stamp, Person: sealed},
		&account.RoleGranted{Stamp: stamp, Grant: center},
		&account.RoleRevoked{Stamp: stamp, Grant: center},
		&account.Invited{Stamp: stamp, TokenHash: hash, Expires: stamp.At.AddDate(0, 0, 7)},
		&account.CredentialSet{Stamp: stamp, Kind: account.TOTP, Sealed: sealed, Step: 55_151_671},
		&account.CredentialCleared{Stamp: stamp, Kind: account.Password},
		&account.Disabled{Stamp: stamp, Reason: "离职"},
		&account.Enabled{Stamp: stamp},
		&account.SessionOpened{
			Stamp: stamp, Session: "mzxw6ytboi4tqmrtgi2dknrxha", Expires: stamp.At.Add(12 * time.Hour), Agent: sealed, Step: 55_151_671,
		},
		&account.SessionsRevoked{Stamp: stamp, Sessions: []string{"mzxw6ytboi4tqmrtgi2dknrxha"}},
		&account.Erased{Stamp: stamp, Reason: "本人要求"},
		&access.EvidenceStored{Stamp: stamp, SHA256: hash, Type: "image/jpeg", Size: 2_345_678},
		&access.EvidenceDownloaded{Stamp: stamp, SHA256: hash, Clean: true},
		&access.Exported{Stamp: stamp, What: "scores", Scope: "2022-city/310101002", Format: "xlsx"},
		&access.TrailViewed{Stamp: stamp, Stream: "assessment-2022-city-310101002", After: "1200"},
		&assessment.Opened{
			Stamp: stamp, Round: "2022-city", Subject: "310101002", Kind: domain.Center, District: "310101",
			Standard: "2022", StandardHash: hash,
		},
		&assessment.AssessorAssigned{Stamp: stamp, Assessor: "m2xw5zn4abck3fq7", Lead: true},
		&assessment.AssessorRecused{Stamp: stamp, Assessor: "m2xw5zn4abck3fq7", Reason: "亲属在该中心任职", OnRequest: true},
		&assessment.ObservationRecorded{
			Stamp: stamp, Observation: 3, Clause: "5.1.2", Text: "建议保存不少于6个月", Method: assessment.Documents,
			ObservedAt: time.Date(2022, 6, 6, 1, 2, 3, 0, time.UTC), Evidence: []string{hash},
		},
		&assessment.ScoreRecorded{Stamp: stamp, Clause: "1.1.1", Finding: finding},
		&assessment.ScoreRevised{Stamp: stamp, Clause: "1.1.1", Supersedes: 1, Finding: finding, Why: "复看录像"},
		&assessment.DeductionImposed{
			Stamp: stamp, Deduction: 2, Item: "8.1", Reason: "负面报道", Source: "媒体", OccurredOn: "2022-05-17", Evidence: []string{hash},
		},
		&assessment.DeductionLifted{Stamp: stamp, Deduction: 2, Reason: "不属实"},
		&assessment.HonorClaimed{
			Stamp: stamp, Honor: 1, Title: "上海市文明窗口", Level: assessment.Municipal, Issuer: "上海市文明办",
			AwardedOn: "2021-04-12", Document: hash, With: []string{"310101013"},
		},
		&assessment.HonorAccepted{Stamp: stamp, Honor: 1, Points: 50},
		&assessment.HonorRejected{Stamp: stamp, Honor: 1, Reason: "个人荣誉"},
		&assessment.HonorWithdrawn{Stamp: stamp, Honor: 1, Reason: "材料有误"},
		&assessment.Submitted{Stamp: stamp},
		&assessment.Returned{Stamp: stamp, Reason: "请补充", Clauses: []assessment.ClauseReason{{Clause: "1.2.1", Reason: "缺少照片"}}},
		&assessment.Approved{Stamp: stamp},
		&assessment.ResultNotified{Stamp: stamp, Notice: 1, AppealBy: "2022-06-14", Days: 5, Calendar: hash},
		&assessment.ScoreCorrected{
			Stamp: stamp, Appeal: "2022-city-310101002-1.1.1v1-1", Panel: 2, Clause: "1.1.1", Supersedes: 1,
			Outcome: domain.Lost, Points: 25, Why: "标识完整",
		},
		&assessment.DeductionCorrected{
			Stamp: stamp, Appeal: "2022-city-310101002-d2-1", Panel: 1, Deduction: 2, Item: "8.1", Why: "情节较轻",
		},
		&assessment.ReplyFiled{Stamp: stamp, Reply: 1, Digest: hash},
		&assessment.ReplyRedacted{Stamp: stamp, Reply: 1, Text: "已整改。", Reason: "含个人信息"},
		&appeal.Filed{
			Stamp: stamp, Appeal: "2022-city-310101002-1.1.1v1-1", Round: "2022-city", Subject: "310101002", Kind: domain.Center, District: "310101",
			Target:  assessment.Target{Clause: "1.1.1", Deduction: 2},
			Version: 1, Outcome: domain.Lost, Points: 75, Item: "8.1", Lost: 75,
			Ground: appeal.Fact, Statement: "标识完整", Evidence: []string{hash},
			AppealBy: "2022-06-14", DecideBy: "2022-06-28", Calendar: hash,
		},
		&appeal.PanelNamed{Stamp: stamp, Panel: 2, Members: []string{"m2xw5zn4abck3fq7", "k3fq7m2xw5zn4abd", "xw5zn4abck3fq7m2"}},
		&appeal.ReviewerRecused{Stamp: stamp, Member: "m2xw5zn4abck3fq7", Reason: "曾在该中心任职", OnRequest: true},
		&appeal.EvidenceAdded{Stamp: stamp, Party: appeal.Assessors, Statement: "现场照片", Evidence: []string{hash}},
		&appeal.VoteCast{Stamp: stamp, Panel: 2, Outcome: appeal.PartlyUpheld, Restored: 50, Reason: "部分属实"},
		&appeal.Decided{
			Stamp: stamp, Panel: 1, Outcome: appeal.PartlyUpheld, Restored: 50, Reasons: "部分属实",
			Corrected: &appeal.Corrected{Outcome: domain.Lost, Points: 25, Item: "8.1"}, EscalateBy: "2022-06-30",
		},
		&appeal.Escalated{Stamp: stamp, Statement: "仍有异议", DecideBy: "2022-07-14", Calendar: hash},
		&appeal.Extended{Stamp: stamp, DecideBy: "2022-07-20", Reason: "补充调查"},
		&appeal.Expired{Stamp: stamp, DecideBy: "2022-06-28"},
		&appeal.Withdrawn{Stamp: stamp, Reason: "已沟通一致"},
		&mail.Claimed{Stamp: stamp, Kind: mail.AppealVote, Attempt: 2, Until: stamp.At.Add(2 * time.Minute)},
		&mail.Sent{Stamp: stamp, Attempt: 2},
		&mail.Abandoned{Stamp: stamp, Attempt: 2, Reason: mail.NoAddress},
		&round.Opened{
			Stamp: stamp, Round: "2022-city", Name: "2022年度评估", Standard: "2022", StandardHash: hash,
			Guide: "2022-demo", GuideHash: hash,
			Assessment: domain.Period{From: "2022-06-01", To: "2022-08-31"},
			Honors:     domain.Period{From: "2020-01-01", To: "2021-12-31"},
			Calendar:   "cn", CalendarHash: hash, AppealDays: 5, DecisionDays: 10, Notice: true, Demo: true,
		},
		&round.CalendarPinned{Stamp: stamp, Calendar: "cn", CalendarHash: hash, Reason: "公布了下一年度的放假安排"},
		&round.Deliberated{Stamp: stamp, LogSize: 9_007_199_254_740_993, Minutes: "一致同意"},
		&round.Published{
			Stamp: stamp, Release: 2, Kind: round.Correction, Reason: "更正", Engine: "1", LogSize: 9_007_199_254_740_993,
		},
		&round.Closed{Stamp: stamp, Reason: "评估结束"},
		&registry.DistrictRegistered{Stamp: stamp, Code: "310101", Name: "黄浦区"},
		&registry.CenterRegistered{
			Stamp: stamp, Code: "310101002", District: "310101", Name: "南京东路街道社区事务受理服务中心", Area: "南京东路街道", Demo: true,
		},
	}
}

func TestSamplesArePopulated(t *testing.T) {
	seen := make(map[string]bool)
	for _, event := range samples() {
		seen[event.EventType()] = true
		for _, field := range zeroFields(event.EventType(), reflect.ValueOf(event).Elem()) {
			t.Errorf("%s is zero in its sample", field)
		}
	}
	for name := range NewCodec().kinds {
		if !seen[name] {
			t.Errorf("%s has no sample", name)
		}
	}
}

func zeroFields(path string, v reflect.Value) (zero []string) {
	if v.IsZero() {
		return []string{path}
	}
	if v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]() {
		for i := range v.NumField() {
			zero = append(zero, zeroFields(path+"."+v.Type().Field(i).Name, v.Field(i))...)
		}
	}
	return zero
}
