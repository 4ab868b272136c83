package machines

import (
	"fmt"
	"time"

	"mingjian/domain"
	"mingjian/domain/round"
)

var day = time.Date(2022, 6, 8, 9, 0, 0, 0, time.UTC)

func by(who string) domain.Stamp { return domain.Stamp{By: who, At: day} }

// roundStatus is the last release and whether another is due.
func roundStatus(r *round.Round) string {
	switch {
	case r.Opened == nil:
		return ""
	case r.Closed:
		return "closed"
	}
	status := "open"
	if r.Last != nil {
		status = string(r.Last.Kind)
	}
	if r.Deliberated != nil {
		status += "+deliberated"
	}
	return status
}

func openRound(notice bool) func(*round.Round) ([]domain.Event, error) {
	return func(r *round.Round) ([]domain.Event, error) {
		period := domain.Period{From: "2022-06-01", To: "2022-08-31"}
		return r.Open(round.Opened{
			Stamp: by("organizer"), Round: "2022", Name: "2022年度评估", Standard: "2022", Assessment: period, Honors: period,
			Calendar: "cn", CalendarHash: "c1", AppealDays: 5, DecisionDays: 10, Notice: notice,
		})
	}
}

var rounds = machine[*round.Round]{
	name: word{"轮次", "Round"},
	about: word{
		"会商与发布须为两人；设公示阶段的轮次，首次发布为公示稿。",
		"Whoever deliberates does not publish. In a round with a public-notice stage the first release is provisional.",
	},
	fresh:  func() *round.Round { return new(round.Round) },
	status: roundStatus,
	key: func(r *round.Round) string {
		return fmt.Sprint(roundStatus(r), r.Opened != nil && r.Opened.Notice, r.CalendarHash)
	},
	statuses: []named{
		{"", word{"未开启", "not opened"}},
		{"open", word{"进行中", "in progress"}},
		{"open+deliberated", word{"已会商", "deliberated"}},
		{"provisional", word{"公示中", "provisional"}},
		{"provisional+deliberated", word{"公示中、已会商", "provisional, deliberated"}},
		{"final", word{"已发布", "final"}},
		{"final+deliberated", word{"已发布、已会商更正", "final, deliberated"}},
		{"correction", word{"已更正", "corrected"}},
		{"correction+deliberated", word{"已更正、又会商", "corrected, deliberated"}},
		{"closed", word{"已结束", "closed"}},
	},
	commands: []command[*round.Round]{
		{named{"openRound", word{"开启轮次", "open a round"}}, []func(*round.Round) ([]domain.Event, error){openRound(false), openRound(true)}},
		{named{"pinCalendar", word{"更换工作日历", "pin another calendar"}}, []func(*round.Round) ([]domain.Event, error){
			func(r *round.Round) ([]domain.Event, error) {
				return r.PinCalendar(by("organizer"), "2022", "cn", "c2", "公布了次年安排")
			},
		}},
		{named{"deliberate", word{"会商", "deliberate on the results"}}, []func(*round.Round) ([]domain.Event, error){
			func(r *round.Round) ([]domain.Event, error) {
				return r.Deliberate(by("another organizer"), "2022", "一致同意", 1, 4711)
			},
		}},
		{named{"publish", word{"发布结果", "publish a release"}}, []func(*round.Round) ([]domain.Event, error){
			func(r *round.Round) ([]domain.Event, error) { return r.Publish(by("organizer"), "2022", "更正") },
		}},
		{named{"closeRound", word{"结束轮次", "close a round"}}, []func(*round.Round) ([]domain.Event, error){
			func(r *round.Round) ([]domain.Event, error) { return r.Close(by("organizer"), "2022", "评估结束") },
		}},
	},
}
