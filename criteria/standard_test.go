package criteria_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"mingjian/criteria"
	"mingjian/domain"
)

func standard2022(t testing.TB) *domain.Standard {
	t.Helper()
	c, err := criteria.Standard2022()
	if err != nil {
		t.Fatal(err)
	}
	return c.Standard
}

// squeeze drops all white space: the print breaks lines inside words.
func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}

// annex is the print's table without white space and without the headings
// above it and the imprint below.
func annex(t testing.TB) string {
	t.Helper()
	print, err := os.ReadFile("print/standard-2022.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(squeeze(string(print)),
		"附件2022年社区事务受理服务中心标准化建设第三方评估标准条款一级指标二级指标评估内容")
	if !ok {
		t.Fatal("the print has no annex")
	}
	table, imprint, ok := strings.Cut(table, "----")
	if !ok || strings.Trim(imprint, "-") != "上海市民政局办公室2022年2月25日印发" {
		t.Fatalf("after the table: %q, want the imprint alone", imprint)
	}
	return table
}

func TestStandard2022AddsUp(t *testing.T) {
	std := standard2022(t)
	type node struct {
		Code   string
		Points int64
	}
	sections := make([]node, 0, 7)
	for _, s := range std.Sections {
		sections = append(sections, node{s.Code, int64(s.Points)})
		var sum domain.Points
		for _, i := range s.Indicators {
			sum += i.Points
		}
		if sum != s.Points {
			t.Errorf("section %s: indicators add up to %s, printed %s", s.Code, sum, s.Points)
		}
	}
	want := []node{{"1", 1500}, {"2", 3000}, {"3", 900}, {"4", 1000}, {"5", 2300}, {"6", 600}, {"7", 700}}
	if diff := cmp.Diff(want, sections); diff != "" {
		t.Errorf("sections (-want +got):\n%s", diff)
	}
	if got := len(std.Indicators()); got != 22 {
		t.Errorf("%d indicators, want 22", got)
	}
	if got := len(std.Clauses()); got != 47 {
		t.Errorf("%d clauses, want 47", got)
	}
	if std.Points != domain.Whole(100) {
		t.Errorf("total %s, want 100.00", std.Points)
	}
	items := make([]node, 0, 2)
	for _, item := range std.Deductions.Items {
		items = append(items, node{item.Code, int64(item.Points)})
	}
	if diff := cmp.Diff([]node{{"8.1", 500}, {"8.2", 1500}}, items); diff != "" {
		t.Errorf("deductions (-want +got):\n%s", diff)
	}
	if d := std.Deductions; d.Cap != domain.Whole(15) || d.Rule != domain.RuleLargest {
		t.Errorf("deductions: cap %s, rule %q, want 15.00, largest", d.Cap, d.Rule)
	}
}

func TestStandard2022NamesItsPrint(t *testing.T) {
	std := standard2022(t)
	print, err := os.ReadFile("print/standard-2022.txt")
	if err != nil {
		t.Fatal(err)
	}
	issued, err := time.Parse(time.DateOnly, std.IssuedOn)
	if err != nil {
		t.Fatal(err)
	}
	text := squeeze(string(print))
	for _, words := range []string{std.Document, std.Issuer + "关于印发《" + std.Title + "》", issued.Format("2006年1月2日") + "（此件主动公开）"} {
		if !strings.Contains(text, words) {
			t.Errorf("%q is not printed", words)
		}
	}
}

// TestStandard2022InPrint names the node whose words are not the print's.
func TestStandard2022InPrint(t *testing.T) {
	std, rest := standard2022(t), annex(t)
	next := func(code, text string) {
		_, after, ok := strings.Cut(rest, squeeze(text))
		if !ok {
			t.Errorf("%s: %q is not printed here", code, text)
			return
		}
		rest = after
	}
	for _, section := range std.Sections {
		next(section.Code, section.Name)
		for _, indicator := range section.Indicators {
			next(indicator.Code, indicator.Name)
			name := ""
			for _, clause := range indicator.Clauses {
				if clause.Name != name {
					next(clause.Code, clause.Name)
				}
				name = clause.Name
				next(clause.Code, clause.Text)
			}
		}
	}
	next(std.Deductions.Code, std.Deductions.Name)
	next(std.Deductions.Code, std.Deductions.Text)
	for _, item := range std.Deductions.Items {
		next(item.Code, item.Name)
		next(item.Code, item.Text)
	}
	if rest != "" {
		t.Errorf("left of the print: %q", rest)
	}
}

// TestStandard2022IsTheWholePrint sets the table again from the transcription,
// cell by cell as it is printed, and compares it with the print: not a
// character more, less or elsewhere.
func TestStandard2022IsTheWholePrint(t *testing.T) {
	got, want := typeset(standard2022(t)), annex(t)
	if got == want {
		return
	}
	g, w := []rune(got), []rune(want)
	at := 0
	for at < len(g) && at < len(w) && g[at] == w[at] {
		at++
	}
	context := func(r []rune) string { return string(r[max(0, at-10):min(len(r), at+20)]) }
	t.Errorf("differs at character %d:\nprint         …%s…\ntranscription …%s…", at, context(w), context(g))
}

// typeset knows how the print lays out the table: a section's name stands in
// its first row, and again where a page breaks before 5.2.1; a name shared by
// clauses that follow each other stands once; section 6 has half-width brackets.
func typeset(std *domain.Standard) string {
	var out strings.Builder
	for _, section := range std.Sections {
		points := func(p domain.Points) string {
			if section.Code == "6" {
				return fmt.Sprintf("(%d分)", p/100)
			}
			return fmt.Sprintf("（%d分）", p/100)
		}
		heading := section.Name + points(section.Points)
		for i, indicator := range section.Indicators {
			name := ""
			for j, clause := range indicator.Clauses {
				out.WriteString(clause.Code)
				if (i == 0 && j == 0) || clause.Code == "5.2.1" {
					out.WriteString(heading)
				}
				if j == 0 {
					out.WriteString(indicator.Name + points(indicator.Points))
				}
				if clause.Name != name {
					out.WriteString(clause.Name)
				}
				name = clause.Name
				out.WriteString(squeeze(clause.Text))
			}
		}
	}
	d := std.Deductions
	out.WriteString(d.Code + d.Name + "（" + d.Text + "）")
	for _, item := range d.Items {
		fmt.Fprintf(&out, "%s（-%d分）%s", item.Name, item.Points/100, item.Text)
	}
	return out.String()
}
