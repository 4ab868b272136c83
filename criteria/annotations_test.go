package criteria_test

import (
	"fmt"
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
	wantLists := map[string]int{
		"1.2.2": 5, "1.2.5": 4, "1.2.6": 4, "1.2.7": 2, "1.2.8": 6, "4.1": 3,
		"5.1.3": 7, "5.1.4": 3, "5.2.2": 4, "5.3.1": 8, "5.4": 3,
	}
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

// Where the print sets out a plain list, the checklist is all of it: its items
// between the words before the list and those after it.
func TestChecklistsAreWhole(t *testing.T) {
	tests := []struct{ clause, before, between, after string }{
		{"1.2.2", "在显著位置处设置", "、", "。"},
		{"1.2.5", "应配备可正常使用的", "、", "。"},
		{"1.2.7", "应提供", "和", "。"},
		{"1.2.8", "包括但不限于", "、", "。"},
		{"4.1", "公开的信息应包括", "、", "。"},
		{"5.1.4", "配置要求：", "、", "应至少各配备1组消防设备"},
		{"5.3.1", "档案室应做好", "、", "的设施配置和日常管理"},
		{"5.4", "应建立", "、", "，并有效执行"},
	}
	std := standard2022(t)
	for _, test := range tests {
		clause, ok := std.Clause(test.clause)
		if !ok {
			t.Fatalf("no clause %s", test.clause)
		}
		list := test.before + strings.Join(clause.Checklist, test.between) + test.after
		if !strings.Contains(clause.Text, list) {
			t.Errorf("%s: %q is not in its text", test.clause, list)
		}
	}
	covid, _ := std.Clause("5.1.3")
	var list strings.Builder
	for i, item := range covid.Checklist {
		fmt.Fprintf(&list, "\n%d、%s；", i+1, item)
	}
	if want := strings.TrimSuffix(list.String(), "；") + "。"; !strings.HasSuffix(covid.Text, want) {
		t.Errorf("5.1.3 does not end with %q", want)
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
