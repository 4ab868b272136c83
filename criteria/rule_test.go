package criteria_test

import (
	"errors"
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mingjian/criteria"
	"mingjian/domain"
)

// counts reads "total=10 excluded=2".
func counts(t testing.TB, text string) map[string]int64 {
	t.Helper()
	out := make(map[string]int64)
	for field := range strings.FieldsSeq(text) {
		id, number, _ := strings.Cut(field, "=")
		var n int64
		if _, err := fmt.Sscan(number, &n); err != nil {
			t.Fatalf("%s: %v", field, err)
		}
		out[id] = n
	}
	return out
}

// Each rule of 2022 on both sides of its threshold.
func TestComputeAtTheThreshold(t *testing.T) {
	tests := []struct {
		clause, counts string
		failed         []string
	}{
		{"2.1.1", "comprehensive=8 total=10 excluded=0", nil}, // exactly 80%
		{"2.1.1", "comprehensive=7 total=10 excluded=0", []string{"comprehensiveShare"}},
		{"2.1.1", "comprehensive=4 total=6 excluded=1", nil},  // 4 of 5
		{"2.1.1", "comprehensive=8 total=13 excluded=3", nil}, // 8 of 10
		{"2.1.1", "comprehensive=8 total=13 excluded=2", []string{"comprehensiveShare"}},
		{"2.1.1", "comprehensive=8 total=14 excluded=4", []string{"comprehensiveShare"}}, // only 3 of the 4 are left out
		{"2.1.1", "comprehensive=9 total=14 excluded=5", nil},                            // 9 of 11
		{"2.1.1", "comprehensive=0 total=1 excluded=0", []string{"comprehensiveShare"}},
		{"2.1.1", "comprehensive=1 total=1 excluded=0", nil},
		{"2.1.1", "comprehensive=800000000 total=1000000000 excluded=0", nil},
		{"2.1.1", "comprehensive=799999999 total=1000000000 excluded=0", []string{"comprehensiveShare"}},
		{"2.4", "minutes=0", nil},
		{"2.4", "minutes=15", nil},
		{"2.4", "minutes=16", []string{"transferResponse"}},
		{"2.5", "hours=24", nil},
		{"2.5", "hours=25", []string{"onlineResponse"}},
		{"5.1.2", "windowMonths=3 hallMonths=1", nil},
		{"5.1.2", "windowMonths=2 hallMonths=1", []string{"windowRecordings"}},
		{"5.1.2", "windowMonths=3 hallMonths=0", []string{"hallRecordings"}},
		{"5.1.2", "windowMonths=2 hallMonths=0", []string{"windowRecordings", "hallRecordings"}},
	}
	c, err := criteria.Standard2022()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		met, failed, err := c.Compute(test.clause, counts(t, test.counts))
		if err != nil || met != (test.failed == nil) || !cmp.Equal(failed, test.failed) {
			t.Errorf("%s with %s: met %t, failed %v, %v; want failed %v", test.clause, test.counts, met, failed, err, test.failed)
		}
	}
}

func TestComputeRefuses(t *testing.T) {
	tests := []struct {
		name, clause, counts string
		is                   error
		want                 string
	}{
		{"an unknown clause", "9.9", "minutes=1", domain.ErrUnknownClause, `"9.9" is not a clause of standard 2022: unknown clause`},
		{"an indicator", "5.1", "", domain.ErrUnknownClause, `"5.1" is not a clause of standard 2022: unknown clause`},
		{
			"a clause without threshold", "1.1.1", "", domain.ErrInvalid,
			"1.1.1 受理中心标识 sets no threshold (该条款无计量要求), nothing is counted: invalid input",
		},
		{
			"a count missing", "2.4", "", domain.ErrInvalid,
			"2.4 收受分离: count minutes (响应接单时间) is missing: invalid input",
		},
		{
			"a count below zero", "2.5", "hours=-1", domain.ErrInvalid,
			"2.5 一网通办: count hours (响应接单时间) is -1, outside 0 to 1000000000: invalid input",
		},
		{
			"a count over the bound", "2.5", "hours=1000000001", domain.ErrInvalid,
			"2.5 一网通办: count hours (响应接单时间) is 1000000001, outside 0 to 1000000000: invalid input",
		},
		{
			"a count far over the bound", "2.5", "hours=9223372036854775807", domain.ErrInvalid,
			"2.5 一网通办: count hours (响应接单时间) is 9223372036854775807, outside 0 to 1000000000: invalid input",
		},
		{
			"a count of another clause", "2.5", "hours=1 minutes=1", domain.ErrInvalid,
			`2.5 一网通办: count "minutes" is not asked for: invalid input`,
		},
		{
			"all that is wrong at once", "2.1.1", "total=-5 excluded=1 windows=9 Total=3", domain.ErrInvalid,
			`2.1.1 综合窗口数量: count comprehensive (综合窗口数量) is missing; count total (窗口总数) is -5, outside 0 to 1000000000; ` +
				`count "Total" is not asked for; count "windows" is not asked for: invalid input`,
		},
		{
			"no windows", "2.1.1", "comprehensive=0 total=0 excluded=0", domain.ErrInvalid,
			`2.1.1 综合窗口数量: comprehensive 0, total 0, excluded 0 cannot be, "total >= 1" does not hold: 窗口总数至少为1个，请重新清点。: invalid input`,
		},
		{
			"more windows left out than there are", "2.1.1", "comprehensive=0 total=2 excluded=3", domain.ErrInvalid,
			`2.1.1 综合窗口数量: comprehensive 0, total 2, excluded 3 cannot be, "excluded <= total" does not hold: 现金、回复、机动窗口多于窗口总数，请重新清点。: invalid input`,
		},
		{
			"a window of two kinds", "2.1.1", "comprehensive=8 total=10 excluded=3", domain.ErrInvalid,
			`2.1.1 综合窗口数量: comprehensive 8, total 10, excluded 3 cannot be, "comprehensive + excluded <= total" does not hold: 综合窗口与现金、回复、机动窗口之和多于窗口总数；每个窗口只计入一类，请重新清点。: invalid input`,
		},
		{
			"nothing to take a share of", "2.1.1", "comprehensive=0 total=3 excluded=3", domain.ErrInvalid,
			`2.1.1 综合窗口数量: comprehensive 0, total 3, excluded 3 cannot be, "total > min(excluded, 3)" does not hold: 除去现金、回复、机动窗口后没有窗口，无从计算比例，请重新清点。: invalid input`,
		},
	}
	c, err := criteria.Standard2022()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			met, failed, err := c.Compute(test.clause, counts(t, test.counts))
			if met || failed != nil || !errors.Is(err, test.is) {
				t.Fatalf("met %t, failed %v, %v; want %v", met, failed, err, test.is)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// 2.1.1 for any counts against the sentence of the print worked out in
// fractions: of the windows without at most three cash, reply and floating
// ones, at least 80% are comprehensive.
func TestComprehensiveShare(t *testing.T) {
	c, err := criteria.Standard2022()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int64{6, 40, 1_000_000_000}).Draw(t, "size")
		total := rapid.Int64Range(0, size).Draw(t, "total")
		excluded := rapid.Int64Range(0, min(size, 8)).Draw(t, "excluded")
		base := total - min(excluded, 3)
		// Half of the time right at the threshold, which chance would miss.
		comprehensive := rapid.Int64Range(0, size).Draw(t, "comprehensive")
		if rapid.Bool().Draw(t, "near") {
			comprehensive = min(max(0, base*4/5+rapid.Int64Range(-1, 1).Draw(t, "off")), 1_000_000_000)
		}
		met, failed, err := c.Compute("2.1.1", map[string]int64{"total": total, "excluded": excluded, "comprehensive": comprehensive})
		other := total - comprehensive - excluded // windows of no kind asked for
		if other < 0 || base <= 0 {
			if !errors.Is(err, domain.ErrInvalid) {
				t.Fatalf("%d comprehensive, %d excluded of %d: met %t, %v; want ErrInvalid", comprehensive, excluded, total, met, err)
			}
			return
		}
		want := big.NewRat(comprehensive, base).Cmp(big.NewRat(80, 100)) >= 0
		if err != nil || met != want || (len(failed) == 0) != want {
			t.Fatalf("%d comprehensive, %d excluded of %d: met %t, failed %v, %v; want met %t", comprehensive, excluded, total, met, failed, err, want)
		}
	})
}

func TestComputeByMany(t *testing.T) {
	c, err := criteria.Standard2022()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range int64(16) {
		all.Go(func() {
			for range 50 {
				met, _, err := c.Compute("2.1.1", map[string]int64{"total": 10, "excluded": 0, "comprehensive": min(n, 10)})
				if err != nil || met != (n >= 8) {
					t.Errorf("%d of 10: met %t, %v", n, met, err)
				}
			}
		})
	}
	all.Wait()
}

// measured is small with a measure of the inputs a and b on clause 2.1.
func measured(t testing.TB, rule, check string) string {
	t.Helper()
	measure := "text: extra work\n            measures:\n" +
		"              - id: m\n                name: m\n                unit: 个\n" +
		"                inputs:\n                  - {id: a, name: 甲, unit: 个}\n                  - {id: b, name: 乙, unit: 个}\n"
	if check != "" {
		measure += "                checks:\n                  - rule: '" + check + "'\n                    message: 不可能\n"
	}
	return rewrite(t, small, "text: extra work\n", measure+"                rule: '"+rule+"'\n")
}

func TestBadRulesAreFaults(t *testing.T) {
	const allowed = "only inputs, whole numbers, + - *, min, max, comparisons, and, or, not"
	tests := []struct{ name, rule, want string }{
		{"unknown input", "a > b + c", "unknown name c at character 9"},
		{"not closed", "min(a, b > 1", "unexpected token EOF at character 12"},
		{"a number", "a + b", "expected bool, but got int"},
		{"empty call", "min() > a + b", "not enough arguments to call min at character 1"},
		{"another builtin", "abs(a) > b", "unknown name abs at character 1"},
		{"a loop", "all(1..a, b > #)", "all(1..a, b > #) is not allowed: " + allowed},
		{"a loop that counts", "count(1..a, # > b) > 1", "count(1..a, # > b) is not allowed: " + allowed},
		{"a loop in a call", "min(sum([a, b]), 1) > 1", "sum([a, b]) is not allowed: " + allowed},
		{"true", "true", "true is not allowed: " + allowed},
		{"a float", "a * 0.8 > b", "0.8 is not allowed: " + allowed},
		{"a division", "a / b > 0", "a / b is not allowed: " + allowed},
		{"a remainder", "a % b > 0", "a % b is not allowed: " + allowed},
		{"a power", "a ** b > 0", "a ** b is not allowed: " + allowed},
		{"a range", "a in 1..b", "a in 1..b is not allowed: " + allowed},
		{"a choice", "a > 1 ? b > 1 : b > 2", "a > 1 ? b > 1 : b > 2 is not allowed: " + allowed},
		{"a variable", "let c = a; c > b", "let c = a; c > b is not allowed: " + allowed},
		{"a list", "max([a, b]) > 1", "[a, b] is not allowed: " + allowed},
		{"truths compared", "(a > 1) == (b > 1)", "a > 1 is not allowed: " + allowed},
		{"the environment", `$env["a"] > b`, "$env.a is not allowed: " + allowed},
		{"the environment as a number", "min(a, $env) > b", "$env is not allowed: " + allowed},
		{"an overflow", "a * b * 2 > 0", "a * b can be over 9007199254740992 with counts up to 1000000000"},
		{"a number too large", "a + b < 9007199254740993", "9007199254740993 can be over 9007199254740992 with counts up to 1000000000"},
		{"an overflow in a call", "max(a, b) * 10000000 > 0", "max(a, b) * 10000000 can be over 9007199254740992 with counts up to 1000000000"},
		{"an overflow after not", "not (1 > -(a * b))", "a * b can be over 9007199254740992 with counts up to 1000000000"},
		{"too many nodes", "a > " + strings.Repeat("b+", 99) + "b", "compilation failed: expression exceeds maximum allowed nodes at character 106"},
		{"too long", "a > b" + strings.Repeat(" ", 500), "505 bytes, more than 500"},
		{"too deep", "a > " + strings.Repeat("(", 250) + "b" + strings.Repeat(")", 250), "505 bytes, more than 500"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			prefix := fmt.Sprintf("small.yaml:44: 2.1: rule %.80q: ", test.rule)
			if _, err := criteria.Parse("small.yaml", []byte(measured(t, test.rule, ""))); err == nil || err.Error() != prefix+test.want {
				t.Errorf("as a rule: %v\nwant %s%s", err, prefix, test.want)
			}
			if _, err := criteria.Parse("small.yaml", []byte(measured(t, "a > b", test.rule))); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("as a check: %v\nwant …%s", err, test.want)
			}
		})
	}
}

func TestBadMeasuresAreFaults(t *testing.T) {
	tests := []struct {
		name, old, new string
		want           []string
	}{
		{"an input not used", "rule: 'a > b'", "rule: 'a > 1'", []string{"small.yaml:42: 2.1: input b is not used"}},
		{
			"an input of a reserved name", "id: b", "id: min",
			[]string{`small.yaml:43: 2.1: input id "min" is not a lower-case letter with letters and digits, other than min and max`},
		},
		{
			"an input that is no name", "id: b", `id: "b c"`,
			[]string{`small.yaml:43: 2.1: input id "b c" is not a lower-case letter with letters and digits, other than min and max`},
		},
		{"an input twice", "id: b", "id: a", []string{"small.yaml:43: 2.1: input id a used twice, first on line 42"}},
		{
			"a measure twice", "                rule: 'a > b'\n",
			"                rule: 'a > b'\n              - {id: m, name: n, unit: u, inputs: [{id: c, name: d, unit: e}], rule: c > 1}\n",
			[]string{"small.yaml:45: 2.1: measure id m used twice, first on line 38"},
		},
		{
			"an input of two measures", "                rule: 'a > b'\n",
			"                rule: 'a > b'\n              - {id: n, name: n, unit: u, inputs: [{id: a, name: d, unit: e}], rule: a > 1}\n",
			[]string{"small.yaml:45: 2.1: input id a used twice, first on line 42"},
		},
		{
			"an input of the other measure", "                rule: 'a > b'\n",
			"                rule: 'a > b'\n              - {id: n, name: n, unit: u, inputs: [{id: c, name: d, unit: e}], rule: c > a}\n",
			[]string{`small.yaml:45: 2.1: rule "c > a": unknown name a at character 5`},
		},
		{
			"checks without message", "                rule: 'a > b'\n", "                checks: [{rule: a > 1}]\n                rule: 'a > b'\n",
			[]string{"small.yaml:44: 2.1: message is missing"},
		},
		{
			"no checks in the list", "                rule: 'a > b'\n", "                checks: []\n                rule: 'a > b'\n",
			[]string{"small.yaml:44: 2.1: checks is empty"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := criteria.Parse("small.yaml", []byte(rewrite(t, measured(t, "a > b", ""), test.old, test.new)))
			if err == nil {
				t.Fatal("accepted")
			}
			if diff := cmp.Diff(test.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// Any rule that is accepted gives what Go's constants, which have no bounds,
// give for it: no rule overflows or rounds.
func TestRulesAreExact(t *testing.T) {
	evaluated := 0
	rapid.Check(t, func(r *rapid.T) {
		rule := fmt.Sprintf("(a >= 0) && (b >= 0) && %s", truth(r, 3))
		c, err := criteria.Parse("small.yaml", []byte(measured(t, rule, "")))
		if err != nil {
			if !strings.Contains(err.Error(), " can be over ") && !strings.Contains(err.Error(), " more than ") && !strings.Contains(err.Error(), "maximum allowed nodes") {
				r.Fatalf("%s: %v", rule, err)
			}
			return
		}
		given := map[string]int64{"a": count(r, "a"), "b": count(r, "b")}
		// "max" is replaced by itself, lest its a be taken for the input.
		filled := strings.NewReplacer("a", fmt.Sprint(given["a"]), "b", fmt.Sprint(given["b"]), "max", "max").Replace(rule)
		want, err := types.Eval(token.NewFileSet(), nil, token.NoPos, filled)
		if err != nil {
			r.Fatalf("%s: %v", filled, err)
		}
		met, _, err := c.Compute("2.1", given)
		if err != nil || met != constant.BoolVal(want.Value) {
			r.Fatalf("%s with %v: %t, %v; want %v", rule, given, met, err, want.Value)
		}
		evaluated++
	})
	if evaluated == 0 {
		t.Error("no rule was accepted")
	}
	t.Logf("%d rules were accepted and evaluated", evaluated)
}

func count(t *rapid.T, name string) int64 {
	return rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64Range(0, 1_000_000_000), rapid.Just[int64](1_000_000_000)).Draw(t, name)
}

// truth draws an expression that is true or false, number one that is a number.
func truth(t *rapid.T, depth int) string {
	if depth > 0 && rapid.Bool().Draw(t, "join") {
		if rapid.Bool().Draw(t, "negate") {
			return "!(" + truth(t, depth-1) + ")"
		}
		return "(" + truth(t, depth-1) + rapid.SampledFrom([]string{" && ", " || "}).Draw(t, "junction") + truth(t, depth-1) + ")"
	}
	comparison := rapid.SampledFrom([]string{" < ", " <= ", " == ", " != ", " >= ", " > "}).Draw(t, "comparison")
	return "(" + number(t, depth) + comparison + number(t, depth) + ")"
}

func number(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 {
		kind %= 2
	}
	switch kind {
	case 0:
		return rapid.SampledFrom([]string{"a", "b"}).Draw(t, "input")
	case 1:
		return fmt.Sprint(count(t, "number"))
	case 2:
		return "(-" + number(t, depth-1) + ")"
	case 3:
		return rapid.SampledFrom([]string{"min", "max"}).Draw(t, "call") + "(" + number(t, depth-1) + ", " + number(t, depth-1) + ")"
	}
	return "(" + number(t, depth-1) + rapid.SampledFrom([]string{" + ", " - ", " * "}).Draw(t, "operator") + number(t, depth-1) + ")"
}
