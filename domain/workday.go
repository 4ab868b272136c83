package domain

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Calendar (工作日历) tells working days, by which deadlines are counted.
// Saturdays and Sundays are off and other days are worked, except for Days. It
// holds the years From to To, both included, and answers for no other: what a
// year's holidays will be is not known before they are announced.
type Calendar struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	From  int    `json:"from"`
	To    int    `json:"to"`
	// Days holds the exceptions by day, as YYYY-MM-DD.
	Days map[string]DayKind `json:"days"`
}

// DayKind says what an exception makes of its day.
type DayKind string

// The kinds of exceptions. A holiday may lie on a weekend, where it changes
// nothing: holidays are announced as spans, weekends in them included.
const (
	Holiday DayKind = "holiday" // 放假
	Workday DayKind = "workday" // 调休上班: a Saturday or Sunday that is worked
)

// ErrCalendarYear is wrapped when a day lies in a year that the calendar does
// not hold. Trying again helps once a calendar that holds it is adopted.
var ErrCalendarYear = errors.New("the calendar does not hold this year")

const (
	// maxWorkdays bounds a deadline: well over a year, far more than any has.
	maxWorkdays = 400
	// maxCalendarYears bounds what a calendar holds, and so each count.
	maxCalendarYears = 100
)

// china is the zone of the evaluation: UTC+8 without daylight saving. It is
// built in code: the same days on a machine without a time zone database.
var china = time.FixedZone("UTC+8", 8*60*60)

// DayOf is the civil day in China at a moment, as YYYY-MM-DD.
func DayOf(t time.Time) string { return t.In(china).Format(time.DateOnly) }

// Late reports whether a moment comes after the last day of a deadline, all of
// which belongs to it: until midnight in China. What is not a day as
// YYYY-MM-DD is no deadline that can be kept, and everything is late.
func Late(t time.Time, last string) bool {
	day, err := time.ParseInLocation(time.DateOnly, last, china)
	return err != nil || !t.Before(day.AddDate(0, 0, 1))
}

// Working reports whether a day is a working day.
func (c *Calendar) Working(day string) (bool, error) {
	at, err := c.held(day)
	return err == nil && c.working(at), err
}

// After is the n-th working day after a day, which itself never counts,
// whether it is worked or not. The whole way there must lie in years that the
// calendar holds. n is from 1 to 400.
func (c *Calendar) After(day string, n int) (string, error) {
	if n < 1 || n > maxWorkdays {
		return "", fmt.Errorf("%d working days is not from 1 to %d: %w", n, maxWorkdays, ErrInvalid)
	}
	at, err := c.held(day)
	if err != nil {
		return "", err
	}
	for left := n; left > 0; {
		at = at.AddDate(0, 0, 1)
		if err := c.holds(at); err != nil {
			return "", fmt.Errorf("%d working days after %s: %w", n, day, err)
		}
		if c.working(at) {
			left--
		}
	}
	return at.Format(time.DateOnly), nil
}

// Count is the number of working days after from, up to and including to; 0 if
// to is not after from. Both days must lie in years that the calendar holds.
func (c *Calendar) Count(from, to string) (int, error) {
	at, err := c.held(from)
	if err != nil {
		return 0, err
	}
	last, err := c.held(to)
	if err != nil {
		return 0, err
	}
	count := 0
	for at.Before(last) {
		at = at.AddDate(0, 0, 1)
		if c.working(at) {
			count++
		}
	}
	return count, nil
}

// held reads a day that must lie in the calendar.
func (c *Calendar) held(day string) (time.Time, error) {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Time{}, fmt.Errorf("%.40q is not a day as YYYY-MM-DD: %w", day, ErrInvalid)
	}
	return at, c.holds(at)
}

func (c *Calendar) holds(day time.Time) error {
	if year := day.Year(); year < c.From || year > c.To {
		return fmt.Errorf("%d, calendar %s holds %d to %d: %w", year, c.ID, c.From, c.To, ErrCalendarYear)
	}
	return nil
}

// working is asked for days that are held only.
func (c *Calendar) working(day time.Time) bool {
	switch c.Days[day.Format(time.DateOnly)] {
	case Holiday:
		return false
	case Workday:
		return true
	}
	return !weekend(day)
}

func weekend(day time.Time) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
}

// CalendarFault is one thing wrong with a calendar. It names its day, so that
// a loader can tell the line.
type CalendarFault struct {
	Day     string // empty for the calendar as a whole
	Problem string
}

func (f *CalendarFault) Error() string {
	if f.Day == "" {
		return fmt.Sprintf("calendar: %s: %v", f.Problem, ErrInvalid)
	}
	return fmt.Sprintf("calendar: %.40q: %s: %v", f.Day, f.Problem, ErrInvalid)
}

// Unwrap returns ErrInvalid.
func (f *CalendarFault) Unwrap() error { return ErrInvalid }

// Validate checks a calendar: each exception is a day of a year that it holds,
// of a known kind, and a make-up workday lies on a weekend; each year has
// exceptions, as without any its holidays are not known. All faults are
// reported at once, each a *CalendarFault, in the order of the days.
func (c *Calendar) Validate() error {
	var faults []error
	fault := func(day, format string, args ...any) {
		faults = append(faults, &CalendarFault{Day: day, Problem: fmt.Sprintf(format, args...)})
	}
	if strings.TrimSpace(c.ID) == "" || strings.TrimSpace(c.Title) == "" {
		fault("", "it needs an id and a title")
	}
	bounded := c.From >= 1 && c.From <= c.To && c.To <= 9999 && c.To-c.From < maxCalendarYears
	if !bounded {
		fault("", "its years %d to %d are not in order, of four digits, and at most %d", c.From, c.To, maxCalendarYears)
	}
	years := make(map[int]bool)
	for _, day := range slices.Sorted(maps.Keys(c.Days)) {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			fault(day, "not a day as YYYY-MM-DD")
			continue
		}
		years[at.Year()] = true
		if bounded && c.holds(at) != nil {
			fault(day, "outside of its years, %d to %d", c.From, c.To)
		}
		switch kind := c.Days[day]; {
		case kind != Holiday && kind != Workday:
			fault(day, "kind %.40q is not %s or %s", kind, Holiday, Workday)
		case kind == Workday && !weekend(at):
			fault(day, "a %s is worked anyway, so it is no make-up workday", at.Weekday())
		}
	}
	for year := c.From; bounded && year <= c.To; year++ {
		if !years[year] {
			fault("", "no exceptions in %d, so its holidays are not known", year)
		}
	}
	return errors.Join(faults...)
}
