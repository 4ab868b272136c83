package walk

import (
	"fmt"
	"os"
	"strings"
	"time"

	"mingjian/domain"
)

// almanac tells working days in another way than the domain's calendar does: by
// day numbers, without package time.
type almanac struct {
	kinds       map[int]string // by day number
	first, last int            // years
}

// readAlmanac reads the lines of a calendar file, up to a year.
func readAlmanac(file string, last int) (almanac, *domain.Calendar, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return almanac{}, nil, err
	}
	out := almanac{kinds: make(map[int]string), first: 9999, last: last}
	cal := &domain.Calendar{ID: "cn", Title: fmt.Sprint("到", last, "年"), To: last, Days: make(map[string]domain.DayKind)}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		fields := strings.Split(strings.TrimSpace(line), ",")
		var y, m, d int
		if _, err := fmt.Sscanf(fields[0], "%d-%d-%d", &y, &m, &d); err != nil {
			return almanac{}, nil, fmt.Errorf("%s: %w", line, err)
		}
		if y > last {
			continue
		}
		out.first = min(out.first, y)
		out.kinds[dayNumber(y, m, d)] = fields[1]
		cal.Days[fields[0]] = domain.DayKind(fields[1])
	}
	cal.From = out.first
	return out, cal, cal.Validate()
}

// dayNumber counts days since the first of March of the year 0, by the rule of
// 400 years: a year that begins in March ends with its leap day.
func dayNumber(y, m, d int) int {
	if m < 3 {
		y, m = y-1, m+12
	}
	return 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 1
}

// civil is the day of a number, and its year.
func civil(n int) (day string, year int) {
	y := n * 400 / 146097
	for dayNumber(y+1, 3, 1) <= n {
		y++
	}
	for dayNumber(y, 3, 1) > n {
		y--
	}
	m := 3
	for m < 14 && monthStart(y, m+1) <= n {
		m++
	}
	d := n - monthStart(y, m) + 1
	if m > 12 {
		y, m = y+1, m-12
	}
	return fmt.Sprintf("%04d-%02d-%02d", y, m, d), y
}

func monthStart(y, m int) int { return dayNumber(y, 3, 1) + (153*(m-3)+2)/5 }

// today is the number of the day in China at a moment: midnight there is 16:00
// in UTC.
func today(at time.Time) int {
	const epoch = 719468 // 1970-01-01
	return epoch + int((at.UnixMilli()+8*60*60*1000)/(24*60*60*1000))
}

func dayOf(at time.Time) string { day, _ := civil(today(at)); return day }

// numberOf is the number of a day as YYYY-MM-DD.
func numberOf(day string) int {
	var y, m, d int
	if _, err := fmt.Sscanf(day, "%d-%d-%d", &y, &m, &d); err != nil {
		return -1
	}
	return dayNumber(y, m, d)
}

// after is the n-th working day after a day, "" where the almanac ends before.
func (a almanac) after(day string, n int) string {
	at := numberOf(day)
	for n > 0 {
		at++
		// The first of March of the year 0 was a Wednesday.
		weekend := (at+3)%7 == 6 || (at+3)%7 == 0
		if a.kinds[at] == "workday" || a.kinds[at] != "holiday" && !weekend {
			n--
		}
	}
	last, year := civil(at)
	if year > a.last {
		return ""
	}
	return last
}
