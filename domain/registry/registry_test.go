package registry_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mingjian/domain"
	"mingjian/domain/registry"
)

var by = domain.Stamp{By: "organizer", At: time.Date(2022, 6, 1, 9, 0, 0, 0, time.UTC)}

func district(code, name string) *registry.DistrictRegistered {
	return &registry.DistrictRegistered{Stamp: by, Code: code, Name: name}
}

func center(code, area string) *registry.CenterRegistered {
	return &registry.CenterRegistered{
		Stamp: by, Code: code, District: code[:6], Name: area + "社区事务受理服务中心", Area: area,
	}
}

type decision func(*registry.Registry) ([]domain.Event, error)

func registerDistrict(code, name string) decision {
	return func(r *registry.Registry) ([]domain.Event, error) { return r.RegisterDistrict(by, code, name) }
}

func registerCenter(code, district, area string) decision {
	return func(r *registry.Registry) ([]domain.Event, error) {
		return r.RegisterCenter(by, code, district, area, false)
	}
}

func register(rows ...registry.Row) decision {
	return func(r *registry.Registry) ([]domain.Event, error) { return r.Register(by, rows, false) }
}

func row(line int, code, name, area string) registry.Row {
	return registry.Row{Line: line, Code: code, DistrictCode: code[:6], DistrictName: name, Area: area}
}

func fold(t testing.TB, history []domain.Event) *registry.Registry {
	t.Helper()
	r := registry.New()
	for _, event := range history {
		if err := r.Apply(event); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestDecisions(t *testing.T) {
	huangpu := []domain.Event{district("310101", "黄浦区")}
	bund := append(huangpu[:1:1], center("310101013", "外滩街道"))
	long := strings.Repeat("长", 101)
	for _, s := range []struct {
		name    string
		given   []domain.Event
		when    decision
		then    []domain.Event
		refused error
		says    string
	}{
		{name: "a district", when: registerDistrict("310101", "黄浦区"), then: huangpu},
		{name: "the same district again", given: huangpu, when: registerDistrict("310101", "黄浦区")},
		{name: "a district under another name", given: huangpu, when: registerDistrict("310101", "徐汇区"), refused: domain.ErrExists, says: "district 310101 is registered as 黄浦区, not 徐汇区"},
		{name: "a district code of five digits", when: registerDistrict("31010", "黄浦区"), refused: domain.ErrInvalid, says: `district code "31010" is not 6 digits`},
		{name: "a district code with a letter", when: registerDistrict("3101o1", "黄浦区"), refused: domain.ErrInvalid, says: `district code "3101o1"`},
		{name: "a district code in full-width digits", when: registerDistrict("３１", "黄浦区"), refused: domain.ErrInvalid, says: "is not 6 digits"},
		{name: "a district without a name", when: registerDistrict("310101", "　"), refused: domain.ErrInvalid, says: "310101 needs a name of at most 100 characters"},
		{name: "a district with a long name", when: registerDistrict("310101", long), refused: domain.ErrInvalid, says: "310101 needs a name"},
		{name: "a district with a name that is not UTF-8", when: registerDistrict("310101", "\xbb\xc6"), refused: domain.ErrInvalid, says: "the name of 310101 is not valid UTF-8"},

		{name: "a center", given: huangpu, when: registerCenter("310101013", "310101", "外滩街道"), then: bund[1:]},
		{name: "the same center again", given: bund, when: registerCenter("310101013", "310101", "外滩街道")},
		{name: "a center of an unknown district", when: registerCenter("310101013", "310101", "外滩街道"), refused: domain.ErrUnknownSubject, says: `district "310101" of center 310101013`},
		{name: "a center under another name", given: bund, when: registerCenter("310101013", "310101", "豫园街道"), refused: domain.ErrExists, says: "center 310101013 is registered as 外滩街道社区事务受理服务中心 in 310101"},
		{name: "a center in another district", given: append(bund[:2:2], district("310104", "徐汇区")), when: registerCenter("310101013", "310104", "外滩街道"), refused: domain.ErrExists, says: "in 310101"},
		{name: "a center that was no demo as a demo", given: bund, when: func(r *registry.Registry) ([]domain.Event, error) {
			return r.RegisterCenter(by, "310101013", "310101", "外滩街道", true)
		}, refused: domain.ErrExists, says: "310101013"},
		{name: "a center code of ten digits", given: huangpu, when: registerCenter("3101010130", "310101", "外滩街道"), refused: domain.ErrInvalid, says: `center code "3101010130" is not 9 digits`},
		{name: "a center without a name", given: huangpu, when: registerCenter("310101013", "310101", ""), refused: domain.ErrInvalid, says: "310101013 needs a name"},
		{name: "a center with a long name", given: huangpu, when: registerCenter("310101013", "310101", long), refused: domain.ErrInvalid, says: "310101013 needs a name"},

		{
			name: "a roster", when: register(row(2, "310101013", "黄浦区", "外滩街道"), row(3, "310101002", "黄浦区", "南京东路街道")),
			then: append(bund[:2:2], center("310101002", "南京东路街道")),
		},
		{name: "what is new of a roster", given: bund, when: register(row(2, "310101013", "黄浦区", "外滩街道"), row(3, "310101002", "黄浦区", "南京东路街道")), then: []domain.Event{center("310101002", "南京东路街道")}},
		{name: "no roster", when: register()},
		{name: "a roster with a bad line", when: register(row(2, "310101013", "黄浦区", "外滩街道"), row(9, "310101002", "徐汇区", "南京东路街道")), refused: domain.ErrExists, says: "line 9: district 310101"},
		{name: "a roster with a bad center", when: register(row(2, "3101010131", "黄浦区", "外滩街道")), refused: domain.ErrInvalid, says: "line 2: center code"},
	} {
		t.Run(s.name, func(t *testing.T) {
			state, untouched := fold(t, s.given), fold(t, s.given)
			got, err := s.when(state)
			if !reflect.DeepEqual(state, untouched) {
				t.Error("the decision changed the state that it decided on")
			}
			if s.refused != nil {
				if !errors.Is(err, s.refused) || got != nil || !strings.Contains(err.Error(), s.says) {
					t.Fatalf("%d events, error %v; want %v that says %q", len(got), err, s.refused, s.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s.then, got); diff != "" {
				t.Fatal(diff)
			}
			for _, event := range got {
				if err := state.Apply(event); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestDemoCenterSaysSo(t *testing.T) {
	r := fold(t, []domain.Event{district("310101", "黄浦区")})
	events, err := r.RegisterCenter(by, "310101013", "310101", "外滩街道", true)
	if err != nil {
		t.Fatal(err)
	}
	want := center("310101013", "外滩街道")
	want.Name, want.Demo = "外滩街道社区事务受理服务中心（演示）", true
	if diff := cmp.Diff([]domain.Event{want}, events); diff != "" {
		t.Error(diff)
	}
}

func TestLookup(t *testing.T) {
	r := fold(t, []domain.Event{district("310101", "黄浦区"), center("310101013", "外滩街道")})
	for code, want := range map[string]domain.SubjectKind{"310101": domain.District, "310101013": domain.Center} {
		kind, in, err := r.Lookup(code)
		if kind != want || in != "310101" || err != nil {
			t.Errorf("%s is a %s in %s, %v; want a %s in 310101", code, kind, in, err, want)
		}
	}
	for _, code := range []string{"", "310104", "310101014", "3101010130"} {
		if kind, in, err := r.Lookup(code); !errors.Is(err, domain.ErrUnknownSubject) || kind != "" || in != "" {
			t.Errorf("%q is a %s in %s, %v; want ErrUnknownSubject", code, kind, in, err)
		}
	}
}

type unheardOf struct{}

func (unheardOf) EventType() string { return "registry.UnheardOf" }

func TestApplyRefuses(t *testing.T) {
	given := []domain.Event{district("310101", "黄浦区"), center("310101013", "外滩街道")}
	for _, test := range []struct {
		name  string
		event domain.Event
		want  error
	}{
		{"an unknown event", unheardOf{}, domain.ErrUnknownEvent},
		{"an event by value", *district("310104", "徐汇区"), domain.ErrUnknownEvent},
		{"no event", nil, domain.ErrUnknownEvent},
		{"a district twice", given[0], domain.ErrExists},
		{"a center twice", given[1], domain.ErrExists},
	} {
		r := fold(t, given)
		if err := r.Apply(test.event); !errors.Is(err, test.want) || !reflect.DeepEqual(r, fold(t, given)) {
			t.Errorf("%s: %v, want %v and nothing folded", test.name, err, test.want)
		}
	}
}

// Rows in any order and in any portions make the same roster, its codes in
// order; registering it again changes nothing.
func TestRegisterAnyRoster(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfNDistinct(rapid.IntRange(0, 4999), 1, 30, rapid.ID[int]).Draw(t, "centers")
		var rows []registry.Row
		for i, n := range numbers {
			code := fmt.Sprintf("31010%d%03d", n/1000, n%1000)
			rows = append(rows, row(i+2, code, "区"+code[5:6], fmt.Sprint("街道", n)))
		}
		build := func(portions ...[]registry.Row) *registry.Registry {
			r := registry.New()
			for _, portion := range portions {
				events, err := r.Register(by, portion, false)
				if err != nil {
					t.Fatal(err)
				}
				for _, event := range events {
					if err := r.Apply(event); err != nil {
						t.Fatal(err)
					}
				}
			}
			return r
		}
		whole := build(rows)
		cut := rapid.IntRange(0, len(rows)).Draw(t, "cut")
		for _, other := range []*registry.Registry{
			build(rows[:cut], rows[cut:]), build(rows, rows[:cut]), build(rapid.Permutation(rows).Draw(t, "order")),
		} {
			if !reflect.DeepEqual(whole, other) {
				t.Fatalf("%+v\n%+v", whole, other)
			}
		}
		if !slices.IsSorted(whole.CenterCodes) || len(whole.CenterCodes) != len(rows) || len(whole.Centers) != len(rows) {
			t.Fatalf("%d rows made codes %v", len(rows), whole.CenterCodes)
		}
	})
}
