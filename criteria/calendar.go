package criteria

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"mingjian/domain"
)

// Calendar is a calendar of working days as adopted by a round: the
// exceptions, their canonical bytes and their hash. It is shared and
// read-only.
//
// The festivals' names are no part of the canonical bytes: no deadline depends
// on them, so correcting one must not make another calendar of it.
type Calendar struct {
	*domain.Calendar
	// Canonical is the calendar as RFC 8785 JSON.
	Canonical []byte
	// Hash is the lower-case hex SHA-256 of Canonical.
	Hash string
}

// ErrUnknownCalendar is wrapped by LookupCalendar for an id that is not built in.
var ErrUnknownCalendar = errors.New("unknown calendar")

//go:embed calendar/cn.csv
var csvCN []byte

var knownCalendars = map[string]func() (*Calendar, error){
	"cn": sync.OnceValues(func() (*Calendar, error) { return ParseCalendar("calendar/cn.csv", csvCN) }),
}

// Calendars lists the ids of the calendars that are built in, in order.
func Calendars() []string { return slices.Sorted(maps.Keys(knownCalendars)) }

// LookupCalendar finds a built-in calendar by id, such as "cn". The error for
// another id wraps ErrUnknownCalendar and lists the known ones.
func LookupCalendar(id string) (*Calendar, error) {
	load, ok := knownCalendars[id]
	if !ok {
		return nil, fmt.Errorf("%w %.40q: known are %s", ErrUnknownCalendar, id, strings.Join(Calendars(), ", "))
	}
	return load()
}

var calendarHeader = []string{"date", "kind", "festival"}

// festivals are those of every year (全国年节及纪念日放假办法). One that is always
// on the same day is known by it, the others, which follow the moon and the
// sun, by name.
var festivals = []struct{ name, day string }{
	{"元旦", "01-01"},
	{"春节", ""},
	{"清明", ""},
	{"劳动节", "05-01"},
	{"端午", ""},
	{"中秋", ""},
	{"国庆节", "10-01"},
}

// ParseCalendar reads a calendar: UTF-8 CSV with the header date,kind,festival,
// a line for each holiday, also where it falls on a weekend anyway, and each
// make-up workday. The calendar is named by its file and holds the years of its
// lines. A year must be whole, with each of its festivals: half a year
// announced would be taken for a year without further holidays. All faults are
// reported at once, each a *Fault that names file, line and day.
func ParseCalendar(file string, src []byte) (*Calendar, error) {
	r := calendarReader{file: file, lines: make(map[string]int), years: make(map[string]int), off: make(map[string]int)}
	r.calendar.ID = strings.TrimSuffix(path.Base(file), ".csv")
	r.calendar.Days = make(map[string]domain.DayKind)
	if r.read(src); len(r.calendar.Days) == 0 && len(r.faults) == 0 {
		r.fault(1, "", "no days")
	}
	if len(r.calendar.Days) > 0 {
		r.calendar.Title = fmt.Sprintf("%d—%d年法定节假日与调休工作日", r.calendar.From, r.calendar.To)
		r.check()
	}
	if len(r.faults) > 0 {
		return nil, join(r.faults)
	}
	canonical, hash, err := seal(&r.calendar)
	if err != nil {
		return nil, fmt.Errorf("calendar %s: %w", r.calendar.ID, err)
	}
	return &Calendar{Calendar: &r.calendar, Canonical: canonical, Hash: hash}, nil
}

// calendarReader collects the days of one file, and its faults instead of
// stopping at the first.
type calendarReader struct {
	file     string
	faults   []*Fault
	calendar domain.Calendar
	lines    map[string]int // day → line
	years    map[string]int // year → its first line
	off      map[string]int // year and festival → days off
}

func (r *calendarReader) fault(line int, day, format string, args ...any) {
	problem := fmt.Sprintf(format, args...)
	r.faults = append(r.faults, &Fault{File: r.file, Line: line, Code: day, Problem: problem, Err: domain.ErrInvalid})
}

func (r *calendarReader) read(src []byte) {
	switch {
	case len(src) > maxSource:
		r.fault(1, "", "%d bytes, more than %d", len(src), maxSource)
		return
	case !utf8.Valid(src):
		r.fault(1, "", "not valid UTF-8")
		return
	}
	lines := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(src, []byte("\ufeff"))))
	lines.FieldsPerRecord = -1 // counted below, so that one bad line hides no other
	if header, err := lines.Read(); err != nil || !slices.Equal(header, calendarHeader) {
		r.fault(1, "", "the header is not %s", strings.Join(calendarHeader, ","))
		return
	}
	for {
		record, err := lines.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.As(err, &broken):
			r.fault(broken.StartLine, "", "%v", broken.Err)
		case err != nil: // never of bytes in memory
			r.fault(1, "", "%v", err)
			return
		default:
			line, _ := lines.FieldPos(0)
			r.row(record, line)
		}
	}
}

func (r *calendarReader) row(record []string, line int) {
	if len(record) != len(calendarHeader) {
		r.fault(line, "", "%d fields, want %d", len(record), len(calendarHeader))
		return
	}
	day, kind, festival := record[0], domain.DayKind(record[1]), record[2]
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		r.fault(line, "", "%.40q is not a day as YYYY-MM-DD", day)
		return
	}
	if first, twice := r.lines[day]; twice {
		r.fault(line, day, "stands on line %d already", first)
		return
	}
	if strings.TrimSpace(festival) == "" {
		r.fault(line, day, "the festival is missing")
	}
	if len(r.calendar.Days) == 0 {
		r.calendar.From, r.calendar.To = at.Year(), at.Year()
	}
	r.calendar.From, r.calendar.To = min(r.calendar.From, at.Year()), max(r.calendar.To, at.Year())
	r.calendar.Days[day], r.lines[day] = kind, line
	year := day[:4]
	if r.years[year] == 0 {
		r.years[year] = line
	}
	if kind == domain.Holiday {
		r.off[year+festival]++
	}
}

// check holds the whole against the rules of calendars and, once all lines
// could be read, each year against the list of festivals: before, a festival
// may only seem to be missing.
func (r *calendarReader) check() {
	if joined, ok := r.calendar.Validate().(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			if fault, ok := errors.AsType[*domain.CalendarFault](err); ok {
				r.fault(max(1, r.lines[fault.Day]), fault.Day, "%s", fault.Problem)
			}
		}
	}
	if len(r.faults) > 0 {
		return
	}
	for year, line := range r.years {
		if missing := r.missing(year); len(missing) > 0 {
			r.fault(line, year, "the year is not whole, it lacks %s", strings.Join(missing, "、"))
		}
	}
}

// missing names the festivals that a year lacks.
func (r *calendarReader) missing(year string) (names []string) {
	for _, festival := range festivals {
		found := r.off[year+festival.name] > 0
		switch {
		case festival.day != "":
			found = r.calendar.Days[year+"-"+festival.day] == domain.Holiday
		case festival.name == "中秋" && !found:
			// In some years, such as 2020, it falls on a day of the National Day.
			// Then the two make one holiday of eight days, under the latter's name.
			found = r.off[year+"国庆节"] >= 8
		}
		if !found {
			names = append(names, festival.name)
		}
	}
	return names
}
