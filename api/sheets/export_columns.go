package sheets

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// ExportColumn is a column of an export.
type ExportColumn[R any] struct {
	// Key names it in NDJSON, Title in XLSX and CSV.
	Key, Title string
	// of is what the column has of a row, of a type that cellOf knows; nil for
	// nothing.
	of    func(R) any
	width float64
	raw   bool // is in NDJSON alone
}

// Where leaves the column empty in rows that do not meet a condition.
func (c ExportColumn[R]) Where(holds func(R) bool) ExportColumn[R] {
	of := c.of
	c.of = func(r R) any {
		if !holds(r) {
			return nil
		}
		return of(r)
	}
	return c
}

// What a column can have, besides string, domain.Points, int64, bool and
// []string.
type (
	day     string // YYYY-MM-DD
	instant time.Time
	coded   struct{ value, zh string }
)

// TextColumn is text, empty where there is none. It is never a formula.
func TextColumn[R any](key, title string, width float64, of func(R) string) ExportColumn[R] {
	return ExportColumn[R]{Key: key, Title: title, width: width, of: func(r R) any { return unlessEmpty(of(r)) }}
}

// PointsColumn is points, a number with two decimals.
func PointsColumn[R any](key, title string, of func(R) domain.Points) ExportColumn[R] {
	return ExportColumn[R]{Key: key, Title: title, width: 10, of: func(r R) any { return of(r) }}
}

// CountColumn is a whole number.
func CountColumn[R any, N ~int | ~int64](key, title string, of func(R) N) ExportColumn[R] {
	return ExportColumn[R]{Key: key, Title: title, width: 10, of: func(r R) any { return int64(of(r)) }}
}

// RankColumn is a whole number from 1; 0 is none.
func RankColumn[R any](key, title string, of func(R) int) ExportColumn[R] {
	return CountColumn(key, title, of).Where(func(r R) bool { return of(r) > 0 })
}

// FlagColumn is 是 or 否.
func FlagColumn[R any](key, title string, of func(R) bool) ExportColumn[R] {
	return ExportColumn[R]{Key: key, Title: title, width: 8, of: func(r R) any { return of(r) }}
}

// DayColumn is a date, YYYY-MM-DD; "" is none.
func DayColumn[R any](key, title string, of func(R) string) ExportColumn[R] {
	return ExportColumn[R]{Key: key, Title: title, width: 12, of: func(r R) any { return unlessEmpty(day(of(r))) }}
}

// MomentColumn is a time: in NDJSON as RFC 3339 in UTC, for people in Beijing's
// time, as the title then says. The zero time is none.
func MomentColumn[R any](key, title string, of func(R) time.Time) ExportColumn[R] {
	return ExportColumn[R]{Key: key, Title: title + "（北京时间）", width: 21, of: func(r R) any {
		if at := of(r); !at.IsZero() {
			return instant(at)
		}
		return nil
	}}
}

// ChoiceColumn is one of a few values: in NDJSON as the code calls it, for people
// by its Chinese name.
func ChoiceColumn[R any, T ~string](key, title string, width float64, zh func(T) string, of func(R) T) ExportColumn[R] {
	return ExportColumn[R]{Key: key, Title: title, width: width, of: func(r R) any {
		if value := of(r); value != "" {
			return coded{string(value), zh(value)}
		}
		return nil
	}}
}

// ListColumn is several texts: an array in NDJSON, in a cell separated by line
// ends.
func ListColumn[R any](key, title string, width float64, of func(R) []string) ExportColumn[R] {
	return ExportColumn[R]{Key: key, Title: title, width: width, of: func(r R) any { return of(r) }}
}

// JSONColumn is JSON as it stands, in NDJSON alone.
func JSONColumn[R any](key string, of func(R) json.RawMessage) ExportColumn[R] {
	return ExportColumn[R]{Key: key, raw: true, of: func(r R) any {
		if text := of(r); len(text) > 0 {
			return text
		}
		return nil
	}}
}

func unlessEmpty[T ~string](text T) any {
	if text == "" {
		return nil
	}
	return text
}

// jsonOf is a value as NDJSON has it.
func jsonOf(value any) any {
	switch v := value.(type) {
	case instant:
		return time.Time(v).UTC()
	case coded:
		return v.value
	case []string:
		if v == nil {
			return []string{}
		}
	}
	return value
}

// textOf is a value as CSV has it. Text that a spreadsheet could run is quoted;
// a number is not, also below zero.
func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return quoted(v)
	case domain.Points:
		return v.String()
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return yes(v)
	case day:
		return quoted(string(v))
	case instant:
		return writeMoment(time.Time(v))
	case coded:
		return quoted(v.zh)
	case []string:
		return quoted(strings.Join(v, "\n"))
	}
	return ""
}

// ZhOutcome is a finding's outcome in Chinese.
func ZhOutcome(o domain.Outcome) string { return outcomes.zh(string(o)) }

// ZhMethod is how something was found, in Chinese.
func ZhMethod(m assessment.Method) string { return methods.zh(string(m)) }
