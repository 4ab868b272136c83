package criteria_test

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mingjian/domain"
)

func TestBasisAndSubject(t *testing.T) {
	for _, i := range standard2022(t).Indicators() {
		award, district, honors := strings.HasPrefix(i.Code, "7."), i.Code == "7.3", i.Code == "7.2"
		if (i.Basis == domain.Award) != award || (i.Subject == domain.District) != district || i.Honors != honors {
			t.Errorf("%s: basis %s, subject %s, honors %t", i.Code, i.Basis, i.Subject, i.Honors)
		}
	}
}

// Whatever a clause carries as data besides its text repeats words of its text.
func TestAnnotationsQuoteTheClause(t *testing.T) {
	for _, clause := range standard2022(t).Clauses() {
		quoted := slices.Concat(clause.Checklist, clause.Recommendations)
		if clause.NotApplicable != "" {
			quoted = append(quoted, clause.NotApplicable)
		}
		for _, words := range quoted {
			if !strings.Contains(clause.Text, words) {
				t.Errorf("%s: %q is not in its text", clause.Code, words)
			}
		}
	}
}

func TestAnnotatedClauses(t *testing.T) {
	checklists, measures, exempt := map[string]int{}, map[string]int{}, []string{}
	for _, clause := range standard2022(t).Clauses() {
		if n := len(clause.Checklist); n > 0 {
			checklists[clause.Code] = n
		}
		if n := len(clause.Measures); n > 0 {
			measures[clause.Code] = n
		}
		if clause.NotApplicable != "" {
			exempt = append(exempt, clause.Code)
		}
	}
	wantLists := map[string]int{"1.2.2": 5, "1.2.5": 4, "1.2.8": 6, "4.1": 3, "5.1.3": 7, "5.3.1": 8, "5.4": 3}
	if diff := cmp.Diff(wantLists, checklists); diff != "" {
		t.Errorf("checklists (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"2.1.1": 1, "2.4": 1, "2.5": 1, "5.1.2": 2}, measures); diff != "" {
		t.Errorf("measures (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"3.2.2"}, exempt); diff != "" {
		t.Errorf("not applicable (-want +got):\n%s", diff)
	}
}

// Each 建议 or 不建议 that the print uses as a verb is a recommendation; 意见建议
// (7.3) is a noun.
func TestEveryRecommendationIsMarked(t *testing.T) {
	for _, clause := range standard2022(t).Clauses() {
		verbs := strings.Count(clause.Text, "建议") - strings.Count(clause.Text, "意见建议")
		if verbs != len(clause.Recommendations) {
			t.Errorf("%s: recommends %d times, marked %d", clause.Code, verbs, len(clause.Recommendations))
		}
	}
}

// Each rule on both sides of its threshold. The rules of 2022 are constant Go
// expressions once the counts are filled in, so Go's type checker evaluates them.
func TestRulesAtTheirThreshold(t *testing.T) {
	tests := []struct {
		clause, measure, counts string
		want                    bool
	}{
		{"2.1.1", "comprehensiveShare", "comprehensive=8 total=10 excluded=0", true},
		{"2.1.1", "comprehensiveShare", "comprehensive=7 total=10 excluded=0", false},
		{"2.1.1", "comprehensiveShare", "comprehensive=4 total=6 excluded=1", true},  // 4 of 5
		{"2.1.1", "comprehensiveShare", "comprehensive=8 total=13 excluded=3", true}, // 8 of 10
		{"2.1.1", "comprehensiveShare", "comprehensive=8 total=13 excluded=2", false},
		{"2.1.1", "comprehensiveShare", "comprehensive=8 total=14 excluded=4", false}, // only 3 of the 4 count
		{"2.4", "transferResponse", "minutes=15", true},
		{"2.4", "transferResponse", "minutes=15.1", false},
		{"2.5", "onlineResponse", "hours=24", true},
		{"2.5", "onlineResponse", "hours=24.1", false},
		{"5.1.2", "windowRecordings", "windowMonths=3", true},
		{"5.1.2", "windowRecordings", "windowMonths=2.9", false},
		{"5.1.2", "hallRecordings", "hallMonths=1", true},
		{"5.1.2", "hallRecordings", "hallMonths=0.9", false},
	}
	std := standard2022(t)
	for _, test := range tests {
		clause, ok := std.Clause(test.clause)
		if !ok {
			t.Fatalf("no clause %s", test.clause)
		}
		at := slices.IndexFunc(clause.Measures, func(m domain.Measure) bool { return m.ID == test.measure })
		if at < 0 {
			t.Errorf("%s measures no %s", test.clause, test.measure)
			continue
		}
		rule := clause.Measures[at].Rule
		for count := range strings.FieldsSeq(test.counts) {
			id, value, _ := strings.Cut(count, "=")
			rule = strings.ReplaceAll(rule, id, value)
		}
		got, err := types.Eval(token.NewFileSet(), nil, token.NoPos, rule)
		if err != nil || got.Value == nil || constant.BoolVal(got.Value) != test.want {
			t.Errorf("%s with %s: %s = %v, %v; want %t", test.clause, test.counts, rule, got.Value, err, test.want)
		}
	}
}

// A rule may use its inputs and min, nothing else, and must use every input.
// The rules of 2022 are also Go expressions, so Go's parser can tell.
func TestRulesUseTheirInputs(t *testing.T) {
	for _, clause := range standard2022(t).Clauses() {
		for _, m := range clause.Measures {
			rule, err := parser.ParseExpr(m.Rule)
			if err != nil {
				t.Errorf("%s: rule %q: %v", clause.Code, m.Rule, err)
				continue
			}
			used := map[string]bool{}
			ast.Inspect(rule, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && id.Name != "min" {
					used[id.Name] = true
				}
				return true
			})
			declared := map[string]bool{}
			for _, in := range m.Inputs {
				declared[in.ID] = true
			}
			if diff := cmp.Diff(declared, used); diff != "" {
				t.Errorf("%s %s: inputs (-declared +used):\n%s", clause.Code, m.ID, diff)
			}
		}
	}
}
