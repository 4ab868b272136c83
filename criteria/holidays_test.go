package criteria_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"mingjian/domain"
)

// notices are what the General Office of the State Council announced for each
// year (国务院办公厅关于…年部分节假日安排的通知), read from the notices and not
// from the file: holidays as spans, weekends in them included, and the
// weekends that are worked instead.
var notices = []struct {
	year          int
	off, worked   string
	public, extra int // statutory days off; days off beyond them that nobody works for
}{
	{
		year: 2017, public: 11, // 国办发明电〔2016〕17号
		off:    "01-01..01-02 01-27..02-02 04-02..04-04 05-01 05-28..05-30 10-01..10-08",
		worked: "01-22 02-04 04-01 05-27 09-30",
	},
	{
		year: 2018, public: 11, // 国办发明电〔2017〕12号; the last days by 〔2018〕15号
		off:    "01-01 02-15..02-21 04-05..04-07 04-29..05-01 06-18 09-24 10-01..10-07 12-30..12-31",
		worked: "02-11 02-24 04-08 04-28 09-29 09-30 12-29",
	},
	{
		year: 2019, public: 11, // 国办发明电〔2018〕15号, Labour Day by 〔2019〕3号
		off:    "01-01 02-04..02-10 04-05..04-07 05-01..05-04 06-07..06-09 09-13..09-15 10-01..10-07",
		worked: "02-02 02-03 04-28 05-05 09-29 10-12",
	},
	{
		year: 2020, public: 11, extra: 2, // 国办发明电〔2019〕16号, the Spring Festival made longer by 〔2020〕1号
		off:    "01-01 01-24..02-02 04-04..04-06 05-01..05-05 06-25..06-27 10-01..10-08",
		worked: "01-19 04-26 05-09 06-28 09-27 10-10",
	},
	{
		year: 2021, public: 11, // 国办发明电〔2020〕27号
		off:    "01-01..01-03 02-11..02-17 04-03..04-05 05-01..05-05 06-12..06-14 09-19..09-21 10-01..10-07",
		worked: "02-07 02-20 04-25 05-08 09-18 09-26 10-09",
	},
	{
		year: 2022, public: 11, // 国办发明电〔2021〕11号; the last day by 〔2022〕16号
		off:    "01-01..01-03 01-31..02-06 04-03..04-05 04-30..05-04 06-03..06-05 09-10..09-12 10-01..10-07 12-31",
		worked: "01-29 01-30 04-02 04-24 05-07 10-08 10-09",
	},
	{
		year: 2023, public: 11, // 国办发明电〔2022〕16号
		off:    "01-01..01-02 01-21..01-27 04-05 04-29..05-03 06-22..06-24 09-29..10-06",
		worked: "01-28 01-29 04-23 05-06 06-25 10-07 10-08",
	},
	{
		year: 2024, public: 11, // 国办发明电〔2023〕7号
		off:    "01-01 02-10..02-17 04-04..04-06 05-01..05-05 06-10 09-15..09-17 10-01..10-07",
		worked: "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
	},
	{
		year: 2025, public: 13, // 国办发明电〔2024〕12号; the eve of the Spring Festival and 2 May are new
		off:    "01-01 01-28..02-04 04-04..04-06 05-01..05-05 05-31..06-02 10-01..10-08",
		worked: "01-26 02-08 04-27 09-28 10-11",
	},
	{
		year: 2026, public: 13, // 国办发明电〔2025〕7号
		off:    "01-01..01-03 02-15..02-23 04-04..04-06 05-01..05-05 06-19..06-21 09-25..09-27 10-01..10-07",
		worked: "01-04 02-14 02-28 05-09 09-20 10-10",
	},
}

// Every day of every year is worked or off as announced.
func TestEveryDayAsAnnounced(t *testing.T) {
	calendar := calendarCN(t)
	days := 0
	for i, notice := range notices {
		if notice.year != calendar.From+i {
			t.Fatalf("the notice of %d is missing", calendar.From+i)
		}
		start := time.Date(notice.year, 1, 1, 0, 0, 0, 0, time.UTC)
		for at := start; at.Year() == notice.year; at = at.AddDate(0, 0, 1) {
			day := at.Format(time.DateOnly)
			want := at.Weekday() != time.Saturday && at.Weekday() != time.Sunday
			if slices.Contains(strings.Fields(notice.worked), day[5:]) {
				want = true
			}
			for _, span := range strings.Fields(notice.off) {
				first, last, more := strings.Cut(span, "..")
				if !more {
					last = first
				}
				if first <= day[5:] && day[5:] <= last {
					want = false
				}
			}
			if got, err := calendar.Working(day); err != nil || got != want {
				t.Errorf("%s is worked: %t (%v), announced: %t", day, got, err, want)
			}
			days++
		}
	}
	if last := notices[len(notices)-1].year; last != calendar.To || days != 3652 {
		t.Errorf("%d days up to %d, the calendar goes to %d", days, last, calendar.To)
	}
}

// Each statutory holiday takes away one working day a year, and a day moved
// for a longer holiday is worked elsewhere in the year: a slip of a day anywhere breaks the sum.
func TestWorkingDaysOfAYear(t *testing.T) {
	calendar := calendarCN(t)
	for _, notice := range notices {
		want := -notice.public - notice.extra
		start := time.Date(notice.year, 1, 1, 0, 0, 0, 0, time.UTC)
		for at := start; at.Year() == notice.year; at = at.AddDate(0, 0, 1) {
			if at.Weekday() != time.Saturday && at.Weekday() != time.Sunday {
				want++
			}
		}
		// 1 January is never worked, so that it does not matter that Count leaves it out.
		from, to := start.Format(time.DateOnly), start.AddDate(1, 0, -1).Format(time.DateOnly)
		if got, err := calendar.Count(from, to); err != nil || got != want {
			t.Errorf("%d has %d working days (%v), want %d", notice.year, got, err, want)
		}
	}
}

// Deadlines as people would count them on a wall calendar.
func TestDeadlines(t *testing.T) {
	calendar := calendarCN(t)
	for _, test := range []struct {
		name, from string
		n          int
		want       string
	}{
		{"over New Year 2022", "2021-12-30", 1, "2021-12-31"},
		{"over New Year 2022", "2021-12-30", 2, "2022-01-04"},
		{"over New Year 2022", "2021-12-30", 10, "2022-01-14"},
		{"over New Year 2019, a Saturday worked for it", "2018-12-28", 1, "2018-12-29"},
		{"over New Year 2019, a Saturday worked for it", "2018-12-28", 2, "2019-01-02"},
		{"over New Year 2023", "2022-12-30", 1, "2023-01-03"},
		{"over New Year 2026, a Sunday worked for it", "2025-12-31", 2, "2026-01-05"},
		{"Spring Festival 2020, the Sunday before worked", "2020-01-17", 1, "2020-01-19"},
		{"Spring Festival 2020, as made longer", "2020-01-23", 1, "2020-02-03"},
		{"Spring Festival 2022, a whole weekend worked before", "2022-01-28", 2, "2022-01-30"},
		{"Spring Festival 2022, a whole weekend worked before", "2022-01-28", 3, "2022-02-07"},
		{"Spring Festival 2026, the longest", "2026-02-13", 2, "2026-02-24"},
		{"Spring Festival 2026, the longest", "2026-02-13", 6, "2026-02-28"},
		{"Labour Day 2019, the Sunday after worked", "2019-04-30", 1, "2019-05-05"},
		{"National Day 2018, the weekend before worked", "2018-09-28", 2, "2018-09-30"},
		{"National Day 2018, the weekend before worked", "2018-09-28", 3, "2018-10-08"},
		{"National Day 2020 with Mid-Autumn, Saturday worked after", "2020-09-30", 2, "2020-10-10"},
		{"National Day 2021, Saturday worked after", "2021-09-30", 2, "2021-10-09"},
		{"National Day 2022, the weekend after worked", "2022-09-30", 1, "2022-10-08"},
		{"National Day 2022, the weekend after worked", "2022-09-30", 5, "2022-10-12"},
		{"National Day 2025 with Mid-Autumn", "2025-09-30", 3, "2025-10-11"},
		{"an ordinary week", "2022-03-04", 5, "2022-03-11"},
	} {
		got, err := calendar.After(test.from, test.n)
		if err != nil || got != test.want {
			t.Errorf("%s: %d working days after %s: %s (%v), want %s", test.name, test.n, test.from, got, err, test.want)
		}
		if n, err := calendar.Count(test.from, test.want); err != nil || n != test.n {
			t.Errorf("%s: working days from %s to %s: %d (%v), want %d", test.name, test.from, test.want, n, err, test.n)
		}
	}
}

// Neither end of a span may lie in a year that the file does not hold.
func TestYearsNotAnnounced(t *testing.T) {
	calendar := calendarCN(t)
	for _, test := range []struct {
		from string
		n    int
	}{
		{"2016-12-30", 1}, {"2016-12-30", 5}, {"2016-12-31", 1}, {"2026-12-31", 1}, {"2026-12-25", 5}, {"2026-12-01", 30}, {"2027-01-01", 1},
	} {
		if got, err := calendar.After(test.from, test.n); !errors.Is(err, domain.ErrCalendarYear) || got != "" {
			t.Errorf("%d working days after %s: %s, %v", test.n, test.from, got, err)
		}
	}
	for _, test := range [][2]string{{"2016-12-30", "2017-01-06"}, {"2026-12-30", "2027-01-06"}, {"2016-12-30", "2027-01-06"}} {
		if got, err := calendar.Count(test[0], test[1]); !errors.Is(err, domain.ErrCalendarYear) || got != 0 {
			t.Errorf("working days from %s to %s: %d, %v", test[0], test[1], got, err)
		}
	}
	if got, err := calendar.After("2026-12-25", 4); err != nil || got != "2026-12-31" {
		t.Errorf("up to the last day that is held: %s, %v", got, err)
	}
}
