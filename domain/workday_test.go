package domain_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mingjian/domain"
)

// turnOfYear holds what was announced for the weeks around New Year 2022, and
// no more: 1 January is a Saturday, Monday the 3rd is off in its place, and
// the Saturday and Sunday before the Spring Festival are worked.
func turnOfYear() *domain.Calendar {
	days := map[string]domain.DayKind{"2021-12-25": domain.Holiday}
	for _, day := range []string{"01-01", "01-02", "01-03", "01-31", "02-01", "02-02", "02-03", "02-04", "02-05", "02-06"} {
		days["2022-"+day] = domain.Holiday
	}
	days["2022-01-29"], days["2022-01-30"] = domain.Workday, domain.Workday
	return &domain.Calendar{ID: "test", Title: "岁末年初", From: 2021, To: 2022, Days: days}
}

func TestWorking(t *testing.T) {
	calendar := turnOfYear()
	if err := calendar.Validate(); err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]bool{
		"2021-12-24": true,  // Friday
		"2021-12-25": false, // a holiday on a Saturday, where it changes nothing
		"2021-12-26": false, // Sunday
		"2021-12-31": true,
		"2022-01-03": false, // a holiday on a Monday
		"2022-01-04": true,
		"2022-01-28": true,
		"2022-01-29": true, // a Saturday that is worked
		"2022-01-30": true, // a Sunday that is worked
		"2022-02-04": false,
		"2022-02-07": true,
	} {
		if got, err := calendar.Working(day); err != nil || got != want {
			t.Errorf("%s is worked: %t (%v), want %t", day, got, err, want)
		}
	}
}

func TestAfterAndCount(t *testing.T) {
	calendar := turnOfYear()
	tests := []struct {
		from string
		n    int
		want string
	}{
		{"2021-12-20", 1, "2021-12-21"},
		{"2021-12-20", 5, "2021-12-27"},
		{"2021-12-24", 1, "2021-12-27"}, // from a Friday
		{"2021-12-25", 1, "2021-12-27"}, // from a day off
		{"2021-12-30", 1, "2021-12-31"},
		{"2021-12-30", 2, "2022-01-04"}, // over New Year
		{"2021-12-31", 1, "2022-01-04"},
		{"2022-01-03", 1, "2022-01-04"}, // from a holiday
		{"2022-01-28", 1, "2022-01-29"}, // onto a make-up Saturday
		{"2022-01-28", 3, "2022-02-07"}, // over it, the Sunday and the Spring Festival
		{"2022-01-29", 1, "2022-01-30"}, // from a make-up Saturday
		{"2022-01-31", 5, "2022-02-11"},
	}
	for _, test := range tests {
		if got, err := calendar.After(test.from, test.n); err != nil || got != test.want {
			t.Errorf("%d working days after %s: %s (%v), want %s", test.n, test.from, got, err, test.want)
		}
		if got, err := calendar.Count(test.from, test.want); err != nil || got != test.n {
			t.Errorf("working days from %s to %s: %d (%v), want %d", test.from, test.want, got, err, test.n)
		}
	}
	for _, test := range []struct {
		from, to string
		want     int
	}{
		{"2022-01-04", "2022-01-04", 0},
		{"2022-01-05", "2022-01-04", 0},
		{"2022-12-31", "2021-01-01", 0},
		{"2021-12-31", "2022-01-03", 0},
		{"2022-01-30", "2022-02-06", 0},
	} {
		if got, err := calendar.Count(test.from, test.to); err != nil || got != test.want {
			t.Errorf("working days from %s to %s: %d (%v), want %d", test.from, test.to, got, err, test.want)
		}
	}
}

// A year that is not held is refused by name, whichever end of a span lies in
// it, and never counted as if it had no holidays.
func TestCalendarYears(t *testing.T) {
	calendar := turnOfYear()
	after := func(day string, n int) error {
		got, err := calendar.After(day, n)
		if got != "" {
			t.Errorf("%d working days after %s: %s", n, day, got)
		}
		return err
	}
	count := func(from, to string) error {
		got, err := calendar.Count(from, to)
		if got != 0 {
			t.Errorf("working days from %s to %s: %d", from, to, got)
		}
		return err
	}
	working := func(day string) error {
		got, err := calendar.Working(day)
		if got {
			t.Errorf("%s is worked", day)
		}
		return err
	}
	const held = "calendar test holds 2021 to 2022: the calendar does not hold this year"
	for _, test := range []struct {
		err  error
		want string
	}{
		{working("2020-12-31"), "2020, " + held},
		{working("2023-01-02"), "2023, " + held},
		{after("2020-12-30", 1), "2020, " + held},
		{after("2020-12-31", 400), "2020, " + held},
		{after("2022-12-30", 1), "1 working days after 2022-12-30: 2023, " + held},
		{after("2022-12-01", 400), "400 working days after 2022-12-01: 2023, " + held},
		{after("2023-01-01", 1), "2023, " + held},
		{count("2020-12-31", "2021-01-04"), "2020, " + held},
		{count("2022-12-30", "2023-01-01"), "2023, " + held},
		{count("2020-12-31", "2023-01-01"), "2020, " + held},
		{count("2023-01-01", "2021-01-04"), "2023, " + held},
		{count("2021-01-04", "2020-12-31"), "2020, " + held},
	} {
		if !errors.Is(test.err, domain.ErrCalendarYear) || test.err.Error() != test.want {
			t.Errorf("%v, want %s", test.err, test.want)
		}
	}
	if last, err := calendar.After("2022-12-29", 1); err != nil || last != "2022-12-30" {
		t.Errorf("the last working day that is held: %s, %v", last, err)
	}
}

func TestCalendarRefuses(t *testing.T) {
	calendar := turnOfYear()
	for _, day := range []string{
		"", "today", "2022-1-4", "2022-02-29", "2022-13-01", "2022-01-04 ", " 2022-01-04", "22-01-04", "2022/01/04",
		"2022-01-04T00:00:00Z", "-2022-01-04", "02022-01-04", "２０２２-01-04", strings.Repeat("2022", 1000),
	} {
		_, working := calendar.Working(day)
		_, after := calendar.After(day, 1)
		_, from := calendar.Count(day, "2022-01-04")
		_, to := calendar.Count("2022-01-04", day)
		for _, err := range []error{working, after, from, to} {
			if !errors.Is(err, domain.ErrInvalid) || len(err.Error()) > 120 {
				t.Errorf("day %.40q: %v", day, err)
			}
		}
	}
	for _, n := range []int{-1, 0, 401, 1 << 62, -1 << 63} {
		if day, err := calendar.After("2022-01-04", n); !errors.Is(err, domain.ErrInvalid) || day != "" {
			t.Errorf("%d working days: %s, %v", n, day, err)
		}
	}
}

func TestCalendarValidate(t *testing.T) {
	calendar := domain.Calendar{From: 2017, To: 2020, Days: map[string]domain.DayKind{
		"2016-12-31": domain.Holiday,
		"2017-02-29": domain.Holiday,
		"2017-5-1":   domain.Holiday,
		"2018-02-11": domain.Workday,
		"2018-02-12": domain.Workday,
		"2018-02-17": domain.Holiday,
		"2019-05-01": "vacation",
		"2021-01-01": "",
	}}
	want := []string{
		`calendar: it needs an id and a title: invalid input`,
		`calendar: "2016-12-31": outside of its years, 2017 to 2020: invalid input`,
		`calendar: "2017-02-29": not a day as YYYY-MM-DD: invalid input`,
		`calendar: "2017-5-1": not a day as YYYY-MM-DD: invalid input`,
		`calendar: "2018-02-12": a Monday is worked anyway, so it is no make-up workday: invalid input`,
		`calendar: "2019-05-01": kind "vacation" is not holiday or workday: invalid input`,
		`calendar: "2021-01-01": outside of its years, 2017 to 2020: invalid input`,
		`calendar: "2021-01-01": kind "" is not holiday or workday: invalid input`,
		`calendar: no exceptions in 2017, so its holidays are not known: invalid input`,
		`calendar: no exceptions in 2020, so its holidays are not known: invalid input`,
	}
	err := calendar.Validate()
	if !errors.Is(err, domain.ErrInvalid) {
		t.Fatalf("%v", err)
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	for _, years := range [][2]int{{0, 0}, {2018, 2017}, {-1, 1}, {2017, 2117}, {9999, 10000}, {-1 << 63, 1<<63 - 1}} {
		broken := turnOfYear()
		broken.From, broken.To = years[0], years[1]
		want := fmt.Sprintf("calendar: its years %d to %d are not in order, of four digits, and at most 100: invalid input", years[0], years[1])
		if err := broken.Validate(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Midnight in China parts the days, wherever the server stands.
func TestDayOf(t *testing.T) {
	newYork := time.FixedZone("UTC-5", -5*60*60)
	for _, test := range []struct {
		at   time.Time
		want string
	}{
		{time.Date(2021, 12, 31, 15, 59, 59, 999_999_999, time.UTC), "2021-12-31"},
		{time.Date(2021, 12, 31, 16, 0, 0, 0, time.UTC), "2022-01-01"},
		{time.Date(2021, 12, 31, 10, 59, 59, 0, newYork), "2021-12-31"},
		{time.Date(2021, 12, 31, 11, 0, 0, 0, newYork), "2022-01-01"},
		{time.Date(2022, 7, 1, 15, 59, 0, 0, time.UTC), "2022-07-01"}, // no daylight saving
		{time.Date(2022, 7, 1, 16, 0, 0, 0, time.UTC), "2022-07-02"},
	} {
		if got := domain.DayOf(test.at); got != test.want {
			t.Errorf("%s is on %s, want %s", test.at, got, test.want)
		}
	}
}

// The whole of the last day belongs to the deadline.
func TestLate(t *testing.T) {
	for _, test := range []struct {
		at   time.Time
		last string
		want bool
	}{
		{time.Date(2022, 1, 3, 16, 0, 0, 0, time.UTC), "2022-01-04", false},
		{time.Date(2022, 1, 4, 15, 59, 59, 999_999_999, time.UTC), "2022-01-04", false},
		{time.Date(2022, 1, 4, 16, 0, 0, 0, time.UTC), "2022-01-04", true},
		{time.Date(2022, 1, 4, 23, 0, 0, 0, time.FixedZone("UTC+9", 9*60*60)), "2022-01-04", false},
		{time.Date(2021, 12, 31, 16, 0, 0, 0, time.UTC), "2021-12-31", true},
		{time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), "2022-01-04", true}, // later, not in the order of text
		{time.Date(2022, 1, 4, 0, 0, 0, 0, time.UTC), "", true},
		{time.Date(2022, 1, 4, 0, 0, 0, 0, time.UTC), "some day", true},
	} {
		if got := domain.Late(test.at, test.last); got != test.want {
			t.Errorf("%s is late for %q: %t", test.at, test.last, got)
		}
	}
}

// drawCalendar draws three years with exceptions anywhere.
func drawCalendar(t *rapid.T) *domain.Calendar {
	from := rapid.IntRange(1, 9997).Draw(t, "from")
	calendar := &domain.Calendar{ID: "drawn", Title: "drawn", From: from, To: from + 2, Days: map[string]domain.DayKind{}}
	for year := from; year <= from+2; year++ {
		start := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		calendar.Days[start.Format(time.DateOnly)] = domain.Holiday
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 364), 0, 60).Draw(t, "exceptions") {
			day := start.AddDate(0, 0, n)
			kind := domain.Holiday
			if (day.Weekday() == time.Saturday || day.Weekday() == time.Sunday) && n%2 == 0 {
				kind = domain.Workday
			}
			calendar.Days[day.Format(time.DateOnly)] = kind
		}
	}
	return calendar
}

// Over any calendar: After leads to a working day, n of them away by Count, in
// the order of days and of n, and n steps of one lead where one of n does.
func TestAfterProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		calendar := drawCalendar(t)
		if err := calendar.Validate(); err != nil {
			t.Fatal(err)
		}
		start := time.Date(calendar.From, 1, 1, 0, 0, 0, 0, time.UTC)
		offset := rapid.IntRange(0, 360).Draw(t, "day")
		n := rapid.IntRange(1, 200).Draw(t, "n")
		on := func(offset int) string { return start.AddDate(0, 0, offset).Format(time.DateOnly) }
		after := func(day string, n int) string {
			got, err := calendar.After(day, n)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		day := on(offset)
		last := after(day, n)
		if worked, err := calendar.Working(last); err != nil || !worked || last <= day {
			t.Fatalf("%d working days after %s is %s, worked %t (%v)", n, day, last, worked, err)
		}
		if count, err := calendar.Count(day, last); err != nil || count != n {
			t.Fatalf("%d working days after %s is %s, %d of them counted (%v)", n, day, last, count, err)
		}
		if next := after(day, n+1); next <= last || next != after(last, 1) {
			t.Fatalf("%d working days after %s is %s, one more %s", n, day, last, next)
		}
		if tomorrow := after(on(offset+1), n); tomorrow < last {
			t.Fatalf("%d working days after %s is %s, after the next day %s", n, day, last, tomorrow)
		}
		before, _ := calendar.Count(on(0), day)
		whole, err := calendar.Count(on(0), last)
		if err != nil || before+n != whole {
			t.Fatalf("counts of %d and %d up to %s add up to %d (%v)", before, n, last, whole, err)
		}
	})
}
