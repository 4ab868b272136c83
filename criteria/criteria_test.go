package criteria_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/gowebpki/jcs"

	"mingjian/criteria"
	"mingjian/domain"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A round records this hash: once a round has adopted the standard, a change
// here is a new standard and not a fix.
func TestHashIsPinned(t *testing.T) {
	const golden = "testdata/2022.sha256"
	got, err := criteria.Standard2022()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.Hash+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.Hash != strings.TrimSpace(string(want)) {
		t.Errorf("hash %s, pinned %s", got.Hash, want)
	}
}

// The same standard with the keys of every mapping in reverse, without
// comments and in another layout has the same canonical bytes.
func TestCanonicalIgnoresKeyOrder(t *testing.T) {
	want, err := criteria.Standard2022()
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile("2022.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := yaml.UnmarshalWithOptions(src, &tree, yaml.UseOrderedMap()); err != nil {
		t.Fatal(err)
	}
	reversed, err := yaml.Marshal(reverseKeys(tree))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(reversed, []byte("deductions:")) {
		t.Fatalf("not reversed: %.60s", reversed)
	}
	got, err := criteria.Parse("reversed.yaml", reversed)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Canonical, want.Canonical) || got.Hash != want.Hash {
		t.Errorf("hash %s after a change of order alone, want %s", got.Hash, want.Hash)
	}
}

func reverseKeys(n any) any {
	switch n := n.(type) {
	case yaml.MapSlice:
		for i := range n {
			n[i].Value = reverseKeys(n[i].Value)
		}
		slices.Reverse(n)
	case []any:
		for i := range n {
			n[i] = reverseKeys(n[i])
		}
	}
	return n
}

func TestCanonicalIsTheWholeStandard(t *testing.T) {
	c, err := criteria.Standard2022()
	if err != nil {
		t.Fatal(err)
	}
	checkCanonical(t, c)
}

// checkCanonical proves that nothing is lost in the canonical bytes: the
// standard read back from them has the same ones.
func checkCanonical(t *testing.T, c *criteria.Criteria) {
	t.Helper()
	var back domain.Standard
	if err := json.Unmarshal(c.Canonical, &back); err != nil {
		t.Fatal(err)
	}
	std, err := domain.NewStandard(back)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := json.Marshal(std)
	if err != nil {
		t.Fatal(err)
	}
	again, err := jcs.Transform(plain)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, c.Canonical) {
		t.Errorf("canonical bytes read back differ:\n%s\n%s", c.Canonical, again)
	}
}

func TestLookup(t *testing.T) {
	first, err := criteria.Lookup("2022")
	if err != nil {
		t.Fatal(err)
	}
	second, err := criteria.Standard2022()
	if err != nil || first != second {
		t.Errorf("parsed twice: %p and %p (%v)", first, second, err)
	}
	_, err = criteria.Lookup("2019")
	if !errors.Is(err, criteria.ErrUnknown) {
		t.Fatalf("Lookup(2019): %v, want ErrUnknown", err)
	}
	if want := `unknown criteria "2019": known are 2022`; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

func TestRoster(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(criteria.Roster())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"code", "district_code", "district", "name"}; !slices.Equal(rows[0], want) {
		t.Errorf("header %v, want %v", rows[0], want)
	}
	seen, districts := map[string]bool{}, map[string]string{}
	for i, row := range rows[1:] {
		code, district, name := row[0], row[1], row[2]
		if seen[code] || len(code) != 9 || !strings.HasPrefix(code, district) || row[3] == "" {
			t.Errorf("line %d: %v: code used twice, malformed or of another district", i+2, row)
		}
		if known, ok := districts[district]; ok && known != name {
			t.Errorf("line %d: district %s is %s and %s", i+2, district, known, name)
		}
		seen[code], districts[district] = true, name
	}
	if len(seen) != 215 || len(districts) != 16 {
		t.Errorf("%d centers in %d districts, want 215 in 16", len(seen), len(districts))
	}
	criteria.Roster()[0] = 'X'
	if criteria.Roster()[0] != 'c' {
		t.Error("a caller can write to the embedded roster")
	}
}
