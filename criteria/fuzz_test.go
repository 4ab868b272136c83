package criteria_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"mingjian/criteria"
)

// FuzzParse: no input makes Parse panic, and what it accepts can be read back
// from its canonical bytes.
func FuzzParse(f *testing.F) {
	src, err := os.ReadFile("2022.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(src)
	f.Add([]byte(small))
	f.Add([]byte(measured(f, "a >= min(b, 3) * 80 and not (b == 1)", "a + b > 0")))
	for _, odd := range []string{
		"", "-", "? a", "a: *b", "<<: {}", "{a: 1, a: 2}", "!!str x", "&a [*a]", "--- ---", "'", "\"\\ud800\"",
		"sections: [{indicators: [{clauses: [1]}]}]", "deductions: {items: [{}]}", ": :", "[[[[", "%YAML 9",
	} {
		f.Add([]byte(odd))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := criteria.Parse("fuzz.yaml", src)
		if err == nil {
			checkCanonical(t, c)
		}
	})
}

// FuzzRule: no rule makes Parse panic, and one that is accepted can be
// evaluated on the least and the largest counts.
func FuzzRule(f *testing.F) {
	for _, odd := range []string{
		"a > b", "a >= min(b, 3) * 80 and not (b == 1)", "0 < a < b", "a ?? b > 1", "a | min(b) > 1", "let a = 1; a > b", "if a > 1 {b > 1} else {a > b}",
		"all(1..a, # > b)", "a matches b", "a not in b", "a?.b > 1", "a[1:2] > b", "`a`", "\"\\u{110000}\" > a", "0x > a + b", "1__0 > a", "a; b > 1", "$env.a > b", "a::b",
		"reduce(a..b, #acc + #) > 1", "((((((", "max(a, b, ", "99999999999999999999 > a + b", "a > b // c", "a > b /* c",
	} {
		f.Add(odd)
	}
	f.Fuzz(func(t *testing.T, rule string) {
		c, err := criteria.Parse("fuzz.yaml", []byte(measured(t, strings.ReplaceAll(rule, "'", "''"), "")))
		if err != nil {
			return
		}
		for _, counts := range []map[string]int64{{"a": 0, "b": 0}, {"a": 1_000_000_000, "b": 1_000_000_000}, {"a": 0, "b": 1_000_000_000}} {
			if _, _, err := c.Compute("2.1", counts); err != nil {
				t.Errorf("%q with %v: %v", rule, counts, err)
			}
		}
	})
}

// FuzzParseCalendar: no input makes ParseCalendar panic, and a calendar that
// is accepted can be read back from its canonical bytes and counts through all
// of its years.
func FuzzParseCalendar(f *testing.F) {
	src, err := os.ReadFile("calendar/cn.csv")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(src)
	f.Add([]byte(small2020))
	for _, odd := range []string{
		"", "\ufeff", "date", "date,kind,festival", "2020-02-30,holiday,春节", "0000-01-01,holiday,元旦", "9999-12-31,workday,元旦",
		"2020-10-02,,国庆节", ",,", "\"", "\"\n\n\",holiday,", "2021-01-01,holiday,元旦", "2020-05-09,workday,x",
	} {
		f.Add([]byte(odd))
		f.Add([]byte(small2020 + odd))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		calendar, err := criteria.ParseCalendar("fuzz.csv", src)
		if err != nil {
			return
		}
		checkCalendar(t, calendar)
		from, to := fmt.Sprintf("%04d-01-01", calendar.From), fmt.Sprintf("%04d-12-31", calendar.To)
		if _, err := calendar.Count(from, to); err != nil {
			t.Errorf("working days from %s to %s: %v", from, to, err)
		}
	})
}
