package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mingjian/criteria"
)

// calendarOf is a calendar file whose holidays are invented: the festivals on
// the same days of each year.
func calendarOf(from, to int) string {
	var b strings.Builder
	b.WriteString("date,kind,festival\n")
	for year := from; year <= to; year++ {
		for _, day := range []string{
			"01-01,holiday,元旦", "02-01,holiday,春节", "04-05,holiday,清明", "05-01,holiday,劳动节", "06-10,holiday,端午", "09-20,holiday,中秋", "10-01,holiday,国庆节",
		} {
			fmt.Fprintf(&b, "%d-%s\n", year, day)
		}
	}
	return b.String()
}

func TestCalendars(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	find, err := place{Calendar: []string{file("local.csv", calendarOf(2024, 2030))}}.calendars()
	if err != nil {
		t.Fatal(err)
	}
	if local, err := find("local"); err != nil || local.From != 2024 || local.To != 2030 {
		t.Errorf("local: %+v, %v", local, err)
	}
	built, err := criteria.LookupCalendar("cn")
	if err != nil {
		t.Fatal(err)
	}
	if found, err := find("cn"); err != nil || found.Hash != built.Hash {
		t.Errorf("cn beside a file: %v", err)
	}
	if _, err := find("nowhere"); err == nil {
		t.Error("a calendar that there is not was found")
	}
	find, err = place{Calendar: []string{file("cn.csv", calendarOf(built.From, built.To+1))}}.calendars()
	if err != nil {
		t.Fatal(err)
	}
	if found, err := find("cn"); err != nil || found.To != built.To+1 {
		t.Errorf("cn instead of what is built in: %+v, %v", found, err)
	}
	for name, test := range map[string]struct {
		files []string
		says  string
	}{
		"no such file":    {[]string{filepath.Join(dir, "none.csv")}, "none.csv"},
		"two of one name": {[]string{file("local.csv", calendarOf(2024, 2025)), file("other/local.csv", calendarOf(2024, 2025))}, "another file is named local"},
		"a year less":     {[]string{file("cn.csv", calendarOf(built.From+1, built.To+1))}, "it must hold those years too"},
		"half a year":     {[]string{file("half.csv", "date,kind,festival\n2027-01-01,holiday,元旦\n")}, "half.csv:2: 2027: the year is not whole"},
	} {
		if _, err := (place{Calendar: test.files}).calendars(); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}
