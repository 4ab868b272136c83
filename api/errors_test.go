package api

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/eventstore"
)

// TestRulingsCoverTheRules reads domain/rules.go: each rule there needs a code.
// The source is the list, so a rule that is added cannot be forgotten here.
func TestRulingsCoverTheRules(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../domain/rules.go", nil, 0)
	must(t, err)
	ruled := map[string]bool{}
	for _, r := range rulings {
		ruled[r.is.Error()] = true
	}
	seen := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Err") {
			return true
		}
		seen++
		call, ok := spec.Values[0].(*ast.CallExpr)
		if !ok {
			t.Errorf("%s is not errors.New(…)", spec.Names[0].Name)
			return true
		}
		text := strings.Trim(call.Args[0].(*ast.BasicLit).Value, `"`)
		if !ruled[text] {
			t.Errorf("domain.%s (%q) has no code in errors.go", spec.Names[0].Name, text)
		}
		return true
	})
	if seen < 20 {
		t.Errorf("only %d rules found in domain/rules.go", seen)
	}
}

func TestRulingsAreWhole(t *testing.T) {
	form := regexp.MustCompile(`^[A-Z]+(_[A-Z]+)*$`)
	for _, r := range rulings {
		if !form.MatchString(r.code) || !strings.HasSuffix(r.zh, "。") {
			t.Errorf("%v: code %q, sentence %q", r.is, r.code, r.zh)
		}
		shown := explain(nil, fmt.Errorf("with the numbers: %w", r.is))
		if shown.Extensions.Code != r.code || !strings.HasPrefix(shown.Message, "with the numbers") {
			t.Errorf("%v is shown as %+v", r.is, shown)
		}
	}
}

func TestConflictCodes(t *testing.T) {
	stale := &eventstore.ConflictError{Stream: "round-x", Expected: 1, Actual: 2}
	if got := explain(nil, stale).Extensions; got.Code != "STALE_REVISION" || got.Retry {
		t.Errorf("stale: %+v", got)
	}
	if got := explain(nil, fmt.Errorf("%w: %w", errLostRace, stale)).Extensions; got.Code != "LOST_RACE" || !got.Retry {
		t.Errorf("lost race: %+v", got)
	}
}

// TestLogCodes: what the log answers is no mistake of ours, and says whether
// the same command may be sent again.
func TestLogCodes(t *testing.T) {
	for _, c := range []struct {
		err   error
		code  string
		retry bool
	}{
		{eventstore.ErrFull, "LOG_FULL", true},
		{eventstore.ErrUnavailable, "LOG_UNAVAILABLE", true},
		{eventstore.ErrDenied, "LOG_DENIED", false},
		{eventstore.ErrTooLarge, "TOO_LARGE", false},
	} {
		shown := explain(nil, fmt.Errorf("append to round-x: %w", c.err))
		if shown.Extensions.Code != c.code || shown.Extensions.Retry != c.retry || !strings.Contains(shown.Message, "round-x") {
			t.Errorf("%v is shown as %+v", c.err, shown)
		}
	}
}

// TestInternalErrorsLeakNothing: an unexpected error, a panic of any kind and
// a null where none may be all show a reference to the log and nothing else.
func TestInternalErrorsLeakNothing(t *testing.T) {
	p := startPlatform(t)
	var logged strings.Builder
	cfg := p.internal.cfg
	cfg.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	const secret = "/var/lib/secret-path"
	bad := map[string]func(*request, *input) (any, error){
		"fails":  func(*request, *input) (any, error) { return nil, errors.New(secret) },
		"panics": func(*request, *input) (any, error) { panic(secret) },
		"breaks": func(*request, *input) (any, error) { panic(fmt.Errorf("%s: %w", secret, domain.ErrExists)) },
		"number": func(*request, *input) (any, error) { panic(7) },
		"null":   func(*request, *input) (any, error) { return nil, nil },
		"source": func(*request, *input) (any, error) { return 5, nil },
	}
	fields := graphql.Fields{}
	for name, resolve := range bad {
		fields[name] = root(graphql.String, "", nil, resolve)
	}
	fields["null"].Type = required(graphql.String)
	fields["source"].Type = object("Thing", "", graphql.Fields{"x": field(graphql.String, "", func(s *string) any { return *s })})
	e, err := newEngine(cfg, object("Query", "", fields), nil)
	must(t, err)
	for name := range bad {
		logged.Reset()
		document := "{" + name + "}"
		if name == "source" {
			document = "{source{x}}"
		}
		out := e.run(t.Context(), call{document: document})
		if len(out.errors) != 1 {
			t.Errorf("%s: %v", name, out.errors)
			continue
		}
		text, err := out.encode()
		must(t, err)
		_, reference, ok := strings.Cut(out.errors[0].Message, "internal error, reference ")
		if out.errors[0].Extensions.Code != codeInternal || !ok || strings.Contains(string(text), secret) {
			t.Errorf("%s: %s", name, text)
		}
		if !strings.Contains(logged.String(), reference) {
			t.Errorf("%s: reference %s is not in the log: %s", name, reference, &logged)
		}
	}
}

// TestMalformed: requests that are not GraphQL, or not for this schema.
func TestMalformed(t *testing.T) {
	p := startPlatform(t)
	before := p.end()
	tests := []struct{ name, body, code string }{
		{"syntax", `{"query":"{ rounds { id "}`, codeParse},
		{"unknown field", `{"query":"{ rounds { secret } }"}`, codeValidation},
		{"unknown argument", `{"query":"{ rounds(x: 1) { id } }"}`, codeValidation},
		{"subscription", `{"query":"subscription { head { seq } }"}`, codeValidation},
		{"only a fragment", `{"query":"fragment F on Query { head { seq } }"}`, codeValidation},
		{"fragments in a circle", `{"query":"{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"}`, codeValidation},
		{"two operations", `{"query":"query A { head { seq } } query B { head { seq } }"}`, codeBadRequest},
		{"no such operation", `{"query":"query A { head { seq } }","operationName":"B"}`, codeBadRequest},
		{"missing variable", `{"query":"query($id: ID!) { round(id: $id) { id } }"}`, codeVariables},
		{"object for an ID", `{"query":"query($id: ID!) { round(id: $id) { id } }","variables":{"id":{"a":1}}}`, codeVariables},
		{"float for an Int", `{"query":"query($n: Int) { centers(first: $n) { totalCount } }","variables":{"n":1.5}}`, codeVariables},
		{"text for an Int", `{"query":"query($n: Int) { centers(first: $n) { totalCount } }","variables":{"n":"5"}}`, codeVariables},
		{"page of 0", `{"query":"{ centers(first: 0) { totalCount } }"}`, "INVALID_INPUT"},
		{"page of 101", `{"query":"{ centers(first: 101) { totalCount } }"}`, "INVALID_INPUT"},
		{"cursor", `{"query":"{ centers(after: \"x\") { totalCount } }"}`, "BAD_CURSOR"},
		{"position", `{"query":"{ head(after: \"-1\") { seq } }"}`, "INVALID_INPUT"},
		{"no JSON", `{"query":`, codeBadRequest},
		{"more JSON", `{"query":"{ head { seq } }"} {}`, codeBadRequest},
		{"batch", `[{"query":"{ head { seq } }"}]`, codeBadRequest},
		{"no query", `{}`, codeBadRequest},
		{"empty", ``, codeBadRequest},
	}
	for _, test := range tests {
		got := p.send("/graphql", test.body)
		if got.code() != test.code || got.Errors[0].Extensions.Zh == "" {
			t.Errorf("%s: want %s, got %d %s", test.name, test.code, got.status, got.text)
		}
	}
	if got := p.send("/graphql", tests[0].body); len(got.Errors[0].Locations) == 0 || got.status != http.StatusBadRequest || got.Data != nil {
		t.Errorf("a syntax error has a place and no data: %s", got.text)
	}
	if p.end() != before {
		t.Error("the log moved")
	}
}
