package domain_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mingjian/domain"
)

func guide(caps map[string]domain.Points) *domain.Guide {
	return &domain.Guide{ID: "g", Standard: "fixture", Title: "a guide", Caps: caps}
}

func TestGuideAtItsLimits(t *testing.T) {
	// 1.1.1 draws on a pool of 3 points, 1.2 on one of 90.
	g := guide(map[string]domain.Points{"1.1.1": 1, "1.1.2": domain.Whole(3), "1.2": domain.Whole(90)})
	if err := g.Validate(newStandard(t)); err != nil {
		t.Error(err)
	}
}

func TestGuideFaults(t *testing.T) {
	tests := []struct {
		name  string
		guide *domain.Guide
		want  []string
	}{
		{
			"a cap of nothing", guide(map[string]domain.Points{"1.1.1": 0}),
			[]string{"clause 1.1.1: cap of 0.00 is not above zero and at most 3.00, the points of indicator 1.1"},
		},
		{
			"a cap below zero", guide(map[string]domain.Points{"1.2": -1}),
			[]string{"clause 1.2: cap of -0.01 is not above zero and at most 90.00, the points of indicator 1.2"},
		},
		{
			"a cap over the indicator", guide(map[string]domain.Points{"1.1.2": 301}),
			[]string{"clause 1.1.2: cap of 3.01 is not above zero and at most 3.00, the points of indicator 1.1"},
		},
		{
			"an awarded clause", guide(map[string]domain.Points{"7.1": 100}),
			[]string{"clause 7.1: its points are awarded, so there is no loss to cap"},
		},
		{
			"an indicator with clauses of its own is no clause", guide(map[string]domain.Points{"1.1": 100}),
			[]string{"clause 1.1: not a clause of standard fixture"},
		},
		{"no caps", guide(nil), []string{"it caps no clause"}},
		{
			"all at once, by code",
			&domain.Guide{ID: " ", Standard: "2022", Caps: map[string]domain.Points{"9.9": 1, "7.2": 1, "1.2": 0}},
			[]string{
				"it needs an id and a title",
				`made for standard "2022", held against "fixture"`,
				"clause 1.2: cap of 0.00 is not above zero and at most 90.00, the points of indicator 1.2",
				"clause 7.2: its points are awarded, so there is no loss to cap",
				"clause 9.9: not a clause of standard fixture",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.guide.Validate(newStandard(t))
			if !errors.Is(err, domain.ErrGuide) {
				t.Fatalf("Validate = %v, want ErrGuide", err)
			}
			want := make([]string, len(test.want))
			for i, fault := range test.want {
				want[i] = fault + ": the scoring guide does not fit the standard"
			}
			if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			var fault *domain.GuideFault
			if !errors.As(err, &fault) || !strings.Contains(test.want[0], fault.Clause) {
				t.Errorf("first fault %+v does not name its clause", fault)
			}
		})
	}
}

func TestGuideCap(t *testing.T) {
	g := guide(map[string]domain.Points{"1.1.1": 150})
	if limit, ok := g.Cap("1.1.1"); !ok || limit != 150 {
		t.Errorf("cap of 1.1.1 = %s, %t; want 1.50", limit, ok)
	}
	if limit, ok := g.Cap("1.1.2"); ok {
		t.Errorf("cap of 1.1.2 = %s, want none", limit)
	}
	var none *domain.Guide
	if limit, ok := none.Cap("1.1.1"); ok {
		t.Errorf("without a guide 1.1.1 is capped at %s", limit)
	}
}

// A guide's JSON is what its hash is taken of: the names never change.
func TestGuideJSON(t *testing.T) {
	got, err := json.Marshal(guide(map[string]domain.Points{"1.2": 250, "1.1.1": 50}))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"g","standard":"fixture","title":"a guide","caps":{"1.1.1":0.5,"1.2":2.5}}`
	if string(got) != want {
		t.Errorf("JSON %s\nwant %s", got, want)
	}
}
