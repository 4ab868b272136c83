package criteria_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gowebpki/jcs"

	"mingjian/criteria"
	"mingjian/domain"
)

func calendarCN(t *testing.T) *criteria.Calendar {
	t.Helper()
	calendar, err := criteria.LookupCalendar("cn")
	if err != nil {
		t.Fatal(err)
	}
	return calendar
}

func TestCalendars(t *testing.T) {
	files, err := filepath.Glob("calendar/*")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, file := range files {
		ids = append(ids, strings.TrimSuffix(filepath.Base(file), ".csv"))
	}
	if diff := cmp.Diff(ids, criteria.Calendars()); diff != "" {
		t.Errorf("built in (-files +listed):\n%s", diff)
	}
	for _, id := range criteria.Calendars() {
		calendar, err := criteria.LookupCalendar(id)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := criteria.LookupCalendar(id); err != nil || again != calendar {
			t.Errorf("%s parsed twice: %p and %p (%v)", id, calendar, again, err)
		}
		if calendar.ID != id {
			t.Errorf("calendar %s calls itself %s", id, calendar.ID)
		}
	}
	_, err = criteria.LookupCalendar("../cn")
	if !errors.Is(err, criteria.ErrUnknownCalendar) || err.Error() != `unknown calendar "../cn": known are cn` {
		t.Errorf("LookupCalendar(../cn): %v", err)
	}
	calendar := calendarCN(t)
	if calendar.From != 2017 || calendar.To != 2026 || calendar.Title != "2017—2026年法定节假日与调休工作日" {
		t.Errorf("%q holds %d to %d", calendar.Title, calendar.From, calendar.To)
	}
	criteria.Calendars()[0] = "other"
	if criteria.Calendars()[0] != "cn" {
		t.Error("a caller can change the list of calendars")
	}
}

// A round records this hash: a calendar with another year, or a day announced
// differently, is another calendar.
func TestCalendarHashIsPinned(t *testing.T) {
	const golden = "testdata/cn.sha256"
	calendar := calendarCN(t)
	if *update {
		if err := os.WriteFile(golden, []byte(calendar.Hash+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if calendar.Hash != strings.TrimSpace(string(want)) {
		t.Errorf("hash %s, pinned %s", calendar.Hash, want)
	}
	checkCalendar(t, calendar)
}

// checkCalendar proves that nothing is lost in the canonical bytes, and that
// the calendar answers for each of its years.
func checkCalendar(t *testing.T, calendar *criteria.Calendar) {
	t.Helper()
	var back domain.Calendar
	if err := json.Unmarshal(calendar.Canonical, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*calendar.Calendar, back); diff != "" {
		t.Errorf("read back from the canonical bytes (-want +got):\n%s", diff)
	}
	if again, err := jcs.Transform(calendar.Canonical); err != nil || string(again) != string(calendar.Canonical) {
		t.Errorf("the canonical bytes are not canonical: %v", err)
	}
	if err := calendar.Validate(); err != nil {
		t.Error(err)
	}
	for day := range calendar.Days {
		if _, err := calendar.Working(day); err != nil {
			t.Error(err)
		}
	}
}

// small2020 is 2020 with a line for each festival, no longer than it must be.
const small2020 = `date,kind,festival
2020-01-01,holiday,元旦
2020-01-24,holiday,春节
2020-04-06,holiday,清明
2020-05-01,holiday,劳动节
2020-05-09,workday,劳动节
2020-06-25,holiday,端午
2020-09-30,holiday,中秋
2020-10-01,holiday,国庆节
`

func parseCalendar(t *testing.T, src string) *criteria.Calendar {
	t.Helper()
	calendar, err := criteria.ParseCalendar("some/small.csv", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	checkCalendar(t, calendar)
	return calendar
}

// The order of the lines, their endings and the festivals' names do not change
// the hash; a day does, whether it is added, moved or of another kind.
func TestCalendarHash(t *testing.T) {
	first := parseCalendar(t, small2020)
	if first.ID != "small" || first.From != 2020 || first.To != 2020 || len(first.Days) != 8 {
		t.Errorf("%+v", first.Calendar)
	}
	may := "2020-05-01,holiday,劳动节\n2020-05-09,workday,劳动节\n"
	for name, src := range map[string]string{
		"reordered":      rewrite(t, small2020, may, "2020-05-09,workday,劳动节\n2020-05-01,holiday,劳动节\n"),
		"as Excel would": "\ufeff" + strings.ReplaceAll(small2020, "\n", "\r\n"),
		"renamed":        rewrite(t, small2020, "05-09,workday,劳动节", "05-09,workday,五一"),
	} {
		if got := parseCalendar(t, src); got.Hash != first.Hash {
			t.Errorf("%s: hash %s, want %s", name, got.Hash, first.Hash)
		}
	}
	seen := map[string]string{first.Hash: "the original"}
	for name, src := range map[string]string{
		"moved":           rewrite(t, small2020, "2020-05-09", "2020-05-10"),
		"added":           small2020 + "2020-10-02,holiday,国庆节\n",
		"added on Sunday": small2020 + "2020-10-04,holiday,国庆节\n",
		"dropped":         rewrite(t, small2020, "2020-05-09,workday,劳动节\n", ""),
		"of another kind": rewrite(t, small2020, "05-09,workday", "05-09,holiday"),
	} {
		got := parseCalendar(t, src)
		if other, twice := seen[got.Hash]; twice {
			t.Errorf("a day %s has the hash of %s", name, other)
		}
		seen[got.Hash] = name
	}
}

func TestParseCalendarFaults(t *testing.T) {
	national := "2020-10-01,holiday,国庆节\n"
	var week strings.Builder
	for _, day := range []string{"1", "2", "3", "4", "5", "6", "7"} {
		week.WriteString("2020-10-0" + day + ",holiday,国庆节\n")
	}
	tests := []struct {
		name    string
		replace []string
		want    []string // nil where the calendar is in order
	}{
		{"not a day", []string{"2020-04-06", "2020-4-6"}, []string{`small.csv:4: "2020-4-6" is not a day as YYYY-MM-DD`}},
		{"no such day", []string{"2020-04-06", "2020-04-31"}, []string{`small.csv:4: "2020-04-31" is not a day as YYYY-MM-DD`}},
		{"unknown kind", []string{"04-06,holiday", "04-06,Holiday"}, []string{`small.csv:4: 2020-04-06: kind "Holiday" is not holiday or workday`}},
		{
			"worked anyway",
			[]string{"2020-05-09", "2020-05-08"},
			[]string{"small.csv:6: 2020-05-08: a Friday is worked anyway, so it is no make-up workday"},
		},
		{"twice", []string{"2020-05-09,workday", "2020-05-01,holiday"}, []string{"small.csv:6: 2020-05-01: stands on line 5 already"}},
		{"a field too few", []string{"04-06,holiday,", "04-06,holiday"}, []string{"small.csv:4: 2 fields, want 3"}},
		{"a field too many", []string{"清明", "清明,"}, []string{"small.csv:4: 4 fields, want 3"}},
		{"no festival", []string{"清明", " "}, []string{"small.csv:4: 2020-04-06: the festival is missing"}},
		{"a quote", []string{"清明", `清"明`}, []string{`small.csv:4: bare " in non-quoted-field`}},
		{"not UTF-8", []string{"清明", "\xc7\xe5\xc3\xf7"}, []string{"small.csv:1: not valid UTF-8"}},
		{"too large", []string{"清明", strings.Repeat("清明", 50_000)}, []string{"small.csv:1: 300230 bytes, more than 262144"}},
		{"another header", []string{"date,", "day,"}, []string{"small.csv:1: the header is not date,kind,festival"}},
		{
			"year zero",
			[]string{"2020-05-09", "0000-01-01"},
			[]string{"small.csv:1: its years 0 to 2020 are not in order, of four digits, and at most 100"},
		},
		{
			"half a year",
			[]string{"2020-06-25,holiday,端午\n2020-09-30,holiday,中秋\n", "", "2020-10-01", "2020-10-02"},
			[]string{"small.csv:2: 2020: the year is not whole, it lacks 端午、中秋、国庆节"},
		},
		{"a festival that is worked", []string{"2020-01-24,holiday", "2020-01-19,workday"}, []string{"small.csv:2: 2020: the year is not whole, it lacks 春节"}},
		{"New Year's Day itself", []string{"2020-01-01", "2020-12-31"}, []string{"small.csv:2: 2020: the year is not whole, it lacks 元旦"}},
		{
			"the next year's first days alone",
			[]string{national, national + "2021-01-01,holiday,元旦\n"},
			[]string{"small.csv:10: 2021: the year is not whole, it lacks 春节、清明、劳动节、端午、中秋、国庆节"},
		},
		{"the last year's last day alone", []string{"2020-01-01,", "2019-12-31,holiday,元旦\n2020-01-01,"}, []string{
			"small.csv:2: 2019: the year is not whole, it lacks 元旦、春节、清明、劳动节、端午、中秋、国庆节",
		}},
		{"a year between", []string{"2020-05-09", "2018-05-06"}, []string{"small.csv:1: no exceptions in 2019, so its holidays are not known"}},
		{"Mid-Autumn in the National Day's week", []string{"2020-09-30,holiday,中秋\n", "", national, week.String()}, []string{
			"small.csv:2: 2020: the year is not whole, it lacks 中秋",
		}},
		{"Mid-Autumn in the National Day's eight days", []string{
			"2020-09-30,holiday,中秋\n", "", national, week.String() + "2020-10-08,holiday,国庆节\n",
		}, nil},
		{
			"all at once, in the file's order",
			[]string{"2020-05-09", "2020-05-08", "01-24,holiday", "01-24,none", "2020-06-25", "25 June"},
			[]string{
				`small.csv:3: 2020-01-24: kind "none" is not holiday or workday`,
				"small.csv:6: 2020-05-08: a Friday is worked anyway, so it is no make-up workday",
				`small.csv:7: "25 June" is not a day as YYYY-MM-DD`,
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := criteria.ParseCalendar("small.csv", []byte(rewrite(t, small2020, test.replace...)))
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
	for src, want := range map[string]string{
		"": "small.csv:1: the header is not date,kind,festival", "date,kind,festival\n": "small.csv:1: no days",
	} {
		if _, err := criteria.ParseCalendar("small.csv", []byte(src)); err == nil || err.Error() != want {
			t.Errorf("ParseCalendar(%q): %v, want %s", src, err, want)
		}
	}
	_, err := criteria.ParseCalendar("small.csv", []byte(rewrite(t, small2020, "2020-05-09", "2020-05-08")))
	var fault *criteria.Fault
	if !errors.As(err, &fault) || fault.Code != "2020-05-08" || fault.Line != 6 || !errors.Is(err, domain.ErrInvalid) {
		t.Errorf("%v is not a fault that wraps ErrInvalid", err)
	}
}
