package assessment_test

import (
	"errors"
	"testing"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// TestAlone: an honor counts once, unless each center says that the award names
// the other.
func TestAlone(t *testing.T) {
	const a, b, c = "310101002", "310101013", "310104003"
	for _, test := range []struct {
		name  string
		with  []string
		twins []assessment.Twin
		ok    bool
	}{
		{"nobody else", nil, nil, true},
		{"named, and nobody else claims", []string{b}, nil, true},
		{"another center", nil, []assessment.Twin{{Subject: b}}, false},
		{"only this one names the other", []string{b}, []assessment.Twin{{Subject: b}}, false},
		{"only the other names this one", nil, []assessment.Twin{{Subject: b, With: []string{a}}}, false},
		{"each names the other", []string{b}, []assessment.Twin{{Subject: b, With: []string{a}, Accepted: true}}, true},
		{"a third one", []string{b}, []assessment.Twin{{Subject: b, With: []string{a}}, {Subject: c, With: []string{b}}}, false},
		{"three that name each other", []string{b, c}, []assessment.Twin{{Subject: b, With: []string{a, c}}, {Subject: c, With: []string{b, a}}}, true},
	} {
		err := assessment.Alone(a, test.with, test.twins)
		if (err == nil) != test.ok || err != nil && !errors.Is(err, domain.ErrExists) {
			t.Errorf("%s: %v, want it allowed: %t", test.name, err, test.ok)
		}
	}
}
