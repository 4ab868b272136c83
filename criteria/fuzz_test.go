package criteria_test

import (
	"os"
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
