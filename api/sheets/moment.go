package sheets

import (
	"strconv"
	"time"

	"github.com/xuri/excelize/v2"
)

// beijing is the zone of times that name none: Asia/Shanghai, without daylight
// saving since 1991.
var beijing = time.FixedZone("CST", 8*60*60)

// Times that people write; a fraction may follow the seconds.
var (
	zoned = []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00"}
	local = []string{
		"2006-1-2", "2006-1-2 15:04", "2006-1-2 15:04:05", "2006-1-2T15:04", "2006-1-2T15:04:05",
		"2006/1/2", "2006/1/2 15:04", "2006/1/2 15:04:05", "2006年1月2日", "2006年1月2日 15:04", "2006年1月2日 15:04:05",
	}
)

// Days that can be meant: a bare year or a code taken for a day lies outside.
var (
	firstDay = time.Date(2000, 1, 1, 0, 0, 0, 0, beijing)
	lastDay  = time.Date(2100, 1, 1, 0, 0, 0, 0, beijing)
)

// moment reads a date or a time: text, or the number of a day in a workbook.
func moment(c cell) (time.Time, *message) {
	at, ok := serial(c)
	if !ok {
		at, ok = written(fold(c.text))
	}
	if !ok || at.Before(firstDay) || !at.Before(lastDay) {
		return time.Time{}, says("须为 2000 至 2099 年间的日期或日期加时间，例如 2022-06-01 或 2022-06-01 09:30。", "It must be a date, or a date and time, of the years 2000 to 2099, such as 2022-06-01 or 2022-06-01 09:30.")
	}
	return at.UTC(), nil
}

// serial reads days since the beginning of 1900 or 1904, to the second.
func serial(c cell) (time.Time, bool) {
	if !c.number {
		return time.Time{}, false
	}
	days, err := strconv.ParseFloat(c.text, 64)
	if err != nil || days > 1e6 {
		return time.Time{}, false
	}
	at, err := excelize.ExcelDateToTime(days, c.from1904)
	if err != nil {
		return time.Time{}, false
	}
	at = at.Round(time.Second)
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, beijing), true
}

func written(text string) (time.Time, bool) {
	for _, layout := range zoned {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	for _, layout := range local {
		if at, err := time.ParseInLocation(layout, text, beijing); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// writeMoment writes a time so that reading gives it back exactly.
func writeMoment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(beijing).Format("2006-01-02 15:04:05.999999999")
}
