package walk

import (
	"testing"
	"time"
)

// TestAlmanac: the almanac agrees with package time on every day of the
// calendar's years, and knows a year's holidays.
func TestAlmanac(t *testing.T) {
	book, _, err := readAlmanac(calendarFile, 2026)
	if err != nil {
		t.Fatal(err)
	}
	for at := time.Date(2016, 1, 1, 12, 0, 0, 0, time.UTC); at.Year() < 2028; at = at.AddDate(0, 0, 1) {
		day, year := civil(today(at))
		if day != at.Format(time.DateOnly) || year != at.Year() || numberOf(day) != today(at) {
			t.Fatalf("%s is %s of %d", at.Format(time.DateOnly), day, year)
		}
		if weekday := (today(at) + 3) % 7; weekday != int(at.Weekday()) {
			t.Fatalf("%s is day %d of the week, not %d", day, weekday, at.Weekday())
		}
	}
	for _, c := range []struct {
		from string
		n    int
		last string
	}{
		{"2022-09-30", 1, "2022-10-08"}, // a make-up Saturday
		{"2022-10-10", 5, "2022-10-17"},
		{"2022-12-30", 1, "2023-01-03"},
		{"2026-12-30", 2, ""},
	} {
		if got := book.after(c.from, c.n); got != c.last {
			t.Errorf("%d working days after %s: %q, want %q", c.n, c.from, got, c.last)
		}
	}
}
