package criteria_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gowebpki/jcs"

	"mingjian/criteria"
	"mingjian/domain"
)

func demoGuide(t *testing.T) *criteria.Guide {
	t.Helper()
	guide, err := criteria.LookupGuide("2022-demo")
	if err != nil {
		t.Fatal(err)
	}
	return guide
}

func TestGuides(t *testing.T) {
	files, err := filepath.Glob("guides/*")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, file := range files {
		ids = append(ids, strings.TrimSuffix(filepath.Base(file), ".yaml"))
	}
	if diff := cmp.Diff(ids, criteria.Guides()); diff != "" {
		t.Errorf("built in (-files +listed):\n%s", diff)
	}
	for _, id := range criteria.Guides() {
		guide, err := criteria.LookupGuide(id)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := criteria.LookupGuide(id); err != nil || again != guide {
			t.Errorf("%s parsed twice: %p and %p (%v)", id, guide, again, err)
		}
		if guide.ID != id {
			t.Errorf("guide %s calls itself %s", id, guide.ID)
		}
	}
	_, err = criteria.LookupGuide("../2022")
	if !errors.Is(err, criteria.ErrUnknownGuide) || err.Error() != `unknown scoring guide "../2022": known are 2022-demo` {
		t.Errorf("LookupGuide(../2022): %v", err)
	}
}

// Nobody takes the demo's caps for the standard's: file and title say so, in
// Chinese and first.
func TestDemoGuideSaysWhatItIsNot(t *testing.T) {
	src, err := os.ReadFile("guides/2022-demo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(src), "\n")
	for _, text := range []string{head, demoGuide(t).Title} {
		if !strings.Contains(text, "演示") || !strings.Contains(text, "非标准内容") {
			t.Errorf("%q does not say 演示 and 非标准内容", text)
		}
	}
	if !strings.Contains(string(src), "NOT part of the standard") {
		t.Error("the file does not say so in English")
	}
}

// Every clause that can lose points is capped, and no other, by the
// arithmetic that the file states: an equal share, rounded up to 0.5. Losing
// all of them still loses the whole indicator.
func TestDemoGuideCapsEveryLoss(t *testing.T) {
	std, guide := standard2022(t), demoGuide(t)
	capped := 0
	for _, indicator := range std.Indicators() {
		var sum domain.Points
		for _, clause := range indicator.Clauses {
			limit, ok := guide.Cap(clause.Code)
			if ok != (indicator.Basis == domain.Deduct) {
				t.Errorf("%s is capped: %t, and %ss", clause.Code, ok, indicator.Basis)
			}
			if !ok {
				continue
			}
			capped++
			sum += limit
			share := domain.Points(len(indicator.Clauses))
			if limit%50 != 0 || limit*share < indicator.Points || (limit-50)*share >= indicator.Points {
				t.Errorf("%s: cap %s is not %s / %d rounded up to 0.5", clause.Code, limit, indicator.Points, share)
			}
		}
		if indicator.Basis == domain.Deduct && sum < indicator.Points {
			t.Errorf("%s: caps add up to %s, less than the %s that can be lost", indicator.Code, sum, indicator.Points)
		}
	}
	if capped != 44 || len(guide.Caps) != 44 {
		t.Errorf("%d clauses capped, %d caps; 44 of the 47 clauses deduct", capped, len(guide.Caps))
	}
}

// A round records this hash, as it does the standard's.
func TestGuideHashIsPinned(t *testing.T) {
	const golden = "testdata/2022-demo.sha256"
	guide := demoGuide(t)
	if *update {
		if err := os.WriteFile(golden, []byte(guide.Hash+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if guide.Hash != strings.TrimSpace(string(want)) {
		t.Errorf("hash %s, pinned %s", guide.Hash, want)
	}
	var back domain.Guide
	if err := json.Unmarshal(guide.Canonical, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*guide.Guide, back); diff != "" {
		t.Errorf("read back from the canonical bytes (-want +got):\n%s", diff)
	}
	if again, err := jcs.Transform(guide.Canonical); err != nil || string(again) != string(guide.Canonical) {
		t.Errorf("the canonical bytes are not canonical: %v", err)
	}
}

const smallGuide = `id: g
standard: "2022"
title: a guide
caps:
  - {code: "1.1.1", cap: 1.5}
  - {code: "2.2", cap: 2}
`

// The order of keys and caps and the layout do not change the hash; a cap does.
func TestGuideHash(t *testing.T) {
	parse := func(src string) *criteria.Guide {
		guide, err := criteria.ParseGuide("g.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		return guide
	}
	first := parse(smallGuide)
	same := parse("caps:\n- cap: 2.00\n  code: \"2.2\"\n- cap: 1.50\n  code: \"1.1.1\"\ntitle: a guide\nid: g\nstandard: '2022'\n")
	other := parse(rewrite(t, smallGuide, "1.5", "1.51"))
	if first.Hash != same.Hash || first.Hash == other.Hash {
		t.Errorf("hash %s, reordered %s, with another cap %s", first.Hash, same.Hash, other.Hash)
	}
}

func TestParseGuideFaults(t *testing.T) {
	tests := []struct {
		name    string
		replace []string
		want    []string
	}{
		{"unknown clause", []string{"1.1.1", "1.1.9"}, []string{"g.yaml:5: 1.1.9: not a clause of standard 2022"}},
		{"an awarded clause", []string{`"2.2"`, `"7.1"`}, []string{"g.yaml:6: 7.1: its points are awarded, so there is no loss to cap"}},
		{
			"over the indicator",
			[]string{"cap: 2", "cap: 2.01"},
			[]string{"g.yaml:6: 2.2: cap of 2.01 is not above zero and at most 2.00, the points of indicator 2.2"},
		},
		{"nothing", []string{"cap: 2", "cap: 0"}, []string{"g.yaml:6: 2.2: cap: 0.00 is not above zero"}},
		{
			"third decimal",
			[]string{"cap: 2", "cap: 1.999"},
			[]string{`g.yaml:6: 2.2: cap: "1.999": not a number of points with at most two decimals`},
		},
		{"capped twice", []string{"2.2", "1.1.1"}, []string{"g.yaml:6: 1.1.1: clause code used twice, first on line 5"}},
		{"unknown standard", []string{`"2022"`, `"2019"`}, []string{`g.yaml:2: unknown criteria "2019": known are 2022`}},
		{"unknown key", []string{"title: a guide", "title: a guide\nauthor: me"}, []string{`g.yaml:4: unknown key "author"`}},
		{"title missing", []string{"title: a guide\n", ""}, []string{"g.yaml:1: title is missing"}},
		{
			"all at once, in the file's order",
			[]string{"id: g\n", "", "1.1.1", "1.1.9", "cap: 2", "cap: none"},
			[]string{
				"g.yaml:1: id is missing",
				"g.yaml:4: 1.1.9: not a clause of standard 2022",
				"g.yaml:5: 2.2: cap is text, not a number",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := criteria.ParseGuide("g.yaml", []byte(rewrite(t, smallGuide, test.replace...)))
			if err == nil {
				t.Fatal("accepted")
			}
			if diff := cmp.Diff(test.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
	for src, want := range map[string]string{
		"": "g.yaml:1: empty", "- 1\n": "g.yaml:1: a list where keys and values belong",
		strings.Replace(smallGuide, smallGuide[strings.Index(smallGuide, "caps"):], "caps: []\n", 1): "g.yaml:4: caps is empty",
	} {
		if _, err := criteria.ParseGuide("g.yaml", []byte(src)); err == nil || err.Error() != want {
			t.Errorf("ParseGuide(%q): %v, want %s", src, err, want)
		}
	}
	_, err := criteria.ParseGuide("g.yaml", []byte(rewrite(t, smallGuide, "1.1.1", "7.2")))
	var fault *criteria.Fault
	if !errors.As(err, &fault) || fault.Code != "7.2" || fault.Line != 5 || !errors.Is(err, domain.ErrGuide) {
		t.Errorf("%v is not a fault that wraps ErrGuide", err)
	}
}

// What Guides returns belongs to the caller.
func TestGuidesCannotBeChanged(t *testing.T) {
	criteria.Guides()[0] = "other"
	if !slices.Contains(criteria.Guides(), "2022-demo") {
		t.Error("a caller can change the list of guides")
	}
}
