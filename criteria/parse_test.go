package criteria_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mingjian/criteria"
	"mingjian/domain"
)

// small is a whole standard in few lines; each case below breaks it once or
// more and expects every word of the report.
const small = `id: "1"
title: small
document: none
issuer: nobody
issuedOn: "2022-02-18"
points: 10
sections:
  - code: "1"
    name: one
    points: 7
    indicators:
      - code: "1.1"
        name: halls
        points: 7
        basis: deduct
        subject: center
        clauses:
          - code: "1.1.1"
            name: signs
            text: signs are clear
          - code: "1.1.2"
            name: floors
            text: floors are clean
  - code: "2"
    name: two
    points: 3
    indicators:
      - code: "2.1"
        name: extra
        points: 3
        basis: award
        subject: district
        clauses:
          - code: "2.1"
            name: extra
            text: extra work
deductions:
  code: "3"
  name: minus
  text: at most 5
  rule: largest
  cap: 5
  items:
    - code: "3.1"
      name: press
      text: bad press
      points: 5
      basis: subtract
`

func TestParseAcceptsSmall(t *testing.T) {
	got, err := criteria.Parse("small.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	clause, ok := got.Standard.Clause("2.1")
	if !ok || clause.Indicator().Points != domain.Whole(3) || clause.Indicator().Subject != domain.District {
		t.Errorf("clause 2.1 = %+v, %t", clause, ok)
	}
}

func TestParseFaults(t *testing.T) {
	tests := []struct {
		name    string
		replace []string // old, new, old, new, …
		want    []string // the error, line by line
	}{
		{
			"unknown key",
			[]string{"            name: floors\n", "            name: floors\n            colour: red\n"},
			[]string{`small.yaml:23: 1.1.2: unknown key "colour"`},
		},
		{
			"unknown key at the top",
			[]string{"issuer: nobody", "issuer: nobody\nauthor: me"},
			[]string{`small.yaml:5: unknown key "author"`},
		},
		{
			"third decimal",
			[]string{"        points: 7", "        points: 3.555"},
			[]string{`small.yaml:14: 1.1: points: "3.555": not a number of points with at most two decimals`},
		},
		{
			"exponent",
			[]string{"  cap: 5", "  cap: 5e0"},
			[]string{`small.yaml:42: 3: cap is text, not a number`},
		},
		{
			"points as text",
			[]string{"      points: 5", `      points: "5"`},
			[]string{`small.yaml:47: 3.1: points is text, not a number`},
		},
		{
			"negative points",
			[]string{"      points: 5", `      points: -5`},
			[]string{`small.yaml:47: 3.1: points: -5.00 is not above zero`},
		},
		{
			"points not a number",
			[]string{"points: 10", "points: .nan"},
			[]string{`small.yaml:6: points is infinite or NaN, not a number`},
		},
		{
			"duplicate clause",
			[]string{`code: "1.1.2"`, `code: "1.1.1"`},
			[]string{`small.yaml:21: 1.1.1: clause code used twice, first on line 18`},
		},
		{
			"duplicate section",
			[]string{`- code: "2"`, `- code: "1"`, `code: "2.1"`, `code: "1.2"`, `code: "2.1"`, `code: "1.2"`},
			[]string{`small.yaml:24: 1: section code used twice, first on line 8`},
		},
		{
			"code outside its parent",
			[]string{`code: "1.1.2"`, `code: "1.2.2"`},
			[]string{`small.yaml:21: 1.2.2: clause code does not continue 1.1`},
		},
		{
			"code as a number",
			[]string{`  code: "3"`, `  code: 3`},
			[]string{`small.yaml:38: code is a number, not text`},
		},
		{
			"text missing",
			[]string{"            text: signs are clear\n", ""},
			[]string{`small.yaml:18: 1.1.1: text is missing`},
		},
		{
			"text empty",
			[]string{"text: signs are clear", "text:"},
			[]string{`small.yaml:20: 1.1.1: text is missing`},
		},
		{
			"text blank",
			[]string{"text: signs are clear", `text: " "`},
			[]string{`small.yaml:20: 1.1.1: text is missing`},
		},
		{
			"code missing is named by its parent",
			[]string{"- code: \"1.1.2\"\n            name", "- name"},
			[]string{`small.yaml:21: 1.1: code is missing`},
		},
		{
			"indicators off their section",
			[]string{"        points: 7", "        points: 6.5"},
			[]string{`small.yaml:8: 1: indicators add up to 6.50, printed 7.00`},
		},
		{
			"sections off the whole",
			[]string{"points: 10", "points: 100"},
			[]string{`small.yaml:1: sections add up to 10.00, printed 100.00`},
		},
		{
			"item over the cap",
			[]string{"      points: 5", "      points: 6"},
			[]string{`small.yaml:44: 3.1: 6.00 points, outside 0 to the cap of 5.00`},
		},
		{
			"bad basis",
			[]string{"basis: deduct", "basis: guess"},
			[]string{`small.yaml:15: 1.1: basis "guess" is not deduct or award`},
		},
		{
			"bad subject",
			[]string{"subject: district", "subject: city"},
			[]string{`small.yaml:32: 2.1: subject "city" is not center or district`},
		},
		{
			"bad rule",
			[]string{"rule: largest", "rule: sum"},
			[]string{`small.yaml:41: 3: rule "sum" is not largest`},
		},
		{
			"bad day",
			[]string{"2022-02-18", "2022-02-30"},
			[]string{`small.yaml:5: issuedOn "2022-02-30" is not a day as YYYY-MM-DD`},
		},
		{
			"honors on deduct",
			[]string{"        basis: deduct", "        basis: deduct\n        honors: true"},
			[]string{`small.yaml:12: 1.1: honors need basis award and a single clause`},
		},
		{
			"list where text belongs",
			[]string{"name: signs", "name: [signs]"},
			[]string{`small.yaml:19: 1.1.1: name is a list, not text`},
		},
		{
			"text where a list belongs",
			[]string{"text: extra work", "text: extra work\n            checklist: extra"},
			[]string{`small.yaml:37: 2.1: checklist is text, not a list`},
		},
		{
			"empty checklist",
			[]string{"text: extra work", "text: extra work\n            checklist: []"},
			[]string{`small.yaml:37: 2.1: checklist is empty`},
		},
		{
			"measure without rule",
			[]string{
				"text: extra work",
				"text: extra work\n            measures:\n              - {id: a, name: b, unit: c, inputs: [{id: d, name: e, unit: f}]}",
			},
			[]string{`small.yaml:38: 2.1: rule is missing`},
		},
		{
			"alias",
			[]string{"name: press", "name: &n press", "text: bad press", "text: *n"},
			[]string{
				`small.yaml:45: 3.1: name is a tag, anchor or alias, not text`,
				`small.yaml:46: 3.1: text is a tag, anchor or alias, not text`,
			},
		},
		{
			"all at once, in the file's order",
			[]string{
				"title: small\n", "", "text: signs are clear", "txt: signs are clear",
				"basis: award", "basis: gift", "  cap: 5", "  cap: 0.001",
			},
			[]string{
				`small.yaml:1: title is missing`,
				`small.yaml:17: 1.1.1: text is missing`,
				`small.yaml:19: 1.1.1: unknown key "txt"`,
				`small.yaml:30: 2.1: basis "gift" is not deduct or award`,
				`small.yaml:41: 3: cap: "0.001": not a number of points with at most two decimals`,
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := criteria.Parse("small.yaml", []byte(rewrite(t, small, test.replace...)))
			if err == nil {
				t.Fatal("accepted")
			}
			if diff := cmp.Diff(test.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefusesWhatIsNoCriteria(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"empty", "", "f.yaml:1: empty"},
		{"only a comment", "# nothing\n", "f.yaml:1: empty"},
		{"not YAML", "id: \"1\"\ntitle: [open\n", "f.yaml:2: not YAML: "},
		{"bad indentation", "id: \"1\"\n   title: x\n  issuer: y\n", "f.yaml:"},
		{"key twice", small + "id: \"2\"\n", "f.yaml:49: not YAML: "},
		{"two documents", small + "---\n" + small, "f.yaml:1: 2 documents where one belongs"},
		{"a list", "- 1\n- 2\n", "f.yaml:1: a list where keys and values belong"},
		{"a word", "criteria", "f.yaml:1: text where keys and values belong"},
		{"not UTF-8", "id: \xff", "f.yaml:1: not valid UTF-8"},
		{"too long", strings.Repeat("#", 1<<18+1), "f.yaml:1: 262145 bytes, more than 262144"},
		{"brackets without end", "id:\n" + strings.Repeat("[", 1<<17), "f.yaml:2: nested deeper than 64"},
		{"mappings without end", strings.Repeat("{a: ", 1<<15), "f.yaml:1: nested deeper than 64"},
		{"entries without end", strings.Repeat("- ", 1<<15), "f.yaml:1: nested deeper than 64"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := criteria.Parse("f.yaml", []byte(test.src))
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Fatalf("Parse: %v, want %s…", err, test.want)
			}
			if lines := strings.Count(err.Error(), "\n"); lines != 0 {
				t.Errorf("%d more lines than the one that helps:\n%v", lines, err)
			}
		})
	}
}

func TestFaultsCanBeTaken(t *testing.T) {
	_, err := criteria.Parse("small.yaml", []byte(rewrite(t, small, "        points: 7", "        points: 3.555")))
	var fault *criteria.Fault
	if !errors.As(err, &fault) || fault.Line != 14 || fault.Code != "1.1" {
		t.Errorf("fault = %+v, want line 14, code 1.1", fault)
	}
	if !errors.Is(err, domain.ErrPoints) {
		t.Errorf("%v does not wrap ErrPoints", err)
	}
	_, err = criteria.Parse("small.yaml", []byte(rewrite(t, small, "points: 10", "points: 11")))
	if !errors.Is(err, domain.ErrStandard) {
		t.Errorf("%v does not wrap ErrStandard", err)
	}
}

// rewrite replaces pairs of old and new text, each of which must occur.
func rewrite(t testing.TB, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("nothing to replace: %q", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}
