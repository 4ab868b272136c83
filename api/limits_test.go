package api

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestLimits(t *testing.T) {
	p := startPlatform(t)
	var fragments strings.Builder
	for i := range 30 { // each level doubles: 2^30 fields from a kilobyte
		fmt.Fprintf(&fragments, "fragment F%d on Query { ...F%d ...F%d } ", i, i+1, i+1)
	}
	bombs := map[string]string{
		"deep":      "{ __schema { types " + strings.Repeat("{ ofType ", maxDepth) + "{ name }" + strings.Repeat("}", maxDepth) + "}}",
		"aliases":   "{" + aliases(maxNodes/2+1) + "}",
		"fragments": "{ ...F0 } " + fragments.String() + "fragment F30 on Query { head { seq } }",
		"unused":    "{ head { seq } } fragment A on Query { " + aliases(maxNodes/2) + "}",
		"wide":      "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }",
		"rankings":  "{" + many(90, "r%d: ranking(round: \"r\") { edges { node { center { code name area district { name } } status total gross deduction complete decided } } }\n") + "}",
		"large":     "{ head { seq } }\n" + strings.Repeat("#\n", maxDocument/2),
		"line":      "{ head { seq } } #" + strings.Repeat("x", maxLine) + "\n",
		"brackets":  "{ round(id: " + strings.Repeat("[", 4000) + strings.Repeat("]", 4000) + ") { id } }",
		"open":      strings.Repeat("{a", 4000),
		"words":     "{" + strings.Repeat("a\n", maxTokens) + "}",
		"arguments": "{ head(" + many(maxNames+1, "a%d: 1 ") + ") { seq } }",
		"variables": "query(" + many(maxNames+1, "$a%d: Int ") + ") { head { seq } }",
	}
	for name, document := range bombs {
		start := time.Now()
		got := p.post("/graphql", document, nil)
		if got.code() != codeTooComplex {
			t.Errorf("%s: want %s, got %.300s", name, codeTooComplex, got.text)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s took %s to refuse", name, took)
		}
	}
	if n := p.internal.documents.recent.Len(); n > 0 {
		t.Errorf("%d bombs are cached", n)
	}
}

func aliases(n int) string { return many(n, "a%d:head{seq}\n") }

func many(n int, format string) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, format, i)
	}
	return out.String()
}

// TestTextScan: brackets in strings and comments are not nesting, and what ends
// a string for the parser ends it here.
func TestTextScan(t *testing.T) {
	many := strings.Repeat("{", maxBrackets+1)
	for text, ok := range map[string]bool{
		`{ a(b: "` + many + `") }`:                                true,
		`{ a(b: "\"` + many + `") }`:                              true,
		`{ a(b: "\\"` + many + `) }`:                              false,
		"{ a(b: \"x\n" + many:                                     false,
		"{ a(b: \"\"\"" + many + "\n\\\"\"\"" + many + "\"\"\")}": true,
		`{ a(b: """x"""` + many:                                   false,
		`{ a(b: ""` + many:                                        false,
		"# " + many + "\n{ a }":                                   true,
		"# \r" + many:                                             false,
	} {
		if err := scanText(text); (err == nil) != ok {
			t.Errorf("%.60q: %v", text, err)
		}
	}
}

// TestLimitsLetWorkThrough: what clients really ask for is within the limits.
func TestLimitsLetWorkThrough(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	p.settle()
	for name, document := range map[string]string{
		"introspection": introspection,
		"a full page":   `{ ranking(round: "spring-2022", first: 100) { edges { node { center { code name area district { code name } } status total cityRank districtRank } } pageInfo { endCursor hasNextPage } } }`,
		"all detail":    `{ assessment(round: "spring-2022", subject: "310101002") { sections { indicators { clauses { code clause { text } outcome points entry { version by at } history { version outcome points why by at } } } } } }`,
	} {
		if got := p.post("/graphql", document, nil); got.code() != "" {
			t.Errorf("%s: %.300s", name, got.text)
		}
	}
}

// introspection is what GraphiQL and code generators send.
const introspection = `query IntrospectionQuery { __schema { queryType { name } mutationType { name } types { ...FullType }
	directives { name description locations args { ...InputValue } } } }
fragment FullType on __Type { kind name description fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef }
	isDeprecated deprecationReason } inputFields { ...InputValue } interfaces { ...TypeRef }
	enumValues(includeDeprecated: true) { name description } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
	ofType { kind name ofType { kind name } } } } } } } }`

// TestDocumentsAreBounded: the cache holds what was asked last, and not more
// than it may.
func TestDocumentsAreBounded(t *testing.T) {
	p := startPlatform(t)
	d := p.internal.documents
	for i := range 2 * cachedDocuments {
		if _, faults := d.get(fmt.Sprintf("{ a%d: head { seq } }", i), false); len(faults) > 0 {
			t.Fatal(faults)
		}
	}
	if len(d.byText) != cachedDocuments || d.recent.Len() != cachedDocuments {
		t.Errorf("%d and %d documents", len(d.byText), d.recent.Len())
	}
	last := fmt.Sprintf("{ a%d: head { seq } }", 2*cachedDocuments-1)
	one, _ := d.get(last, false)
	if two, _ := d.get(last, false); one != two {
		t.Error("the newest document was parsed again")
	}
}

// FuzzDocument: no text brings the parser, the scale or the validation down, or
// keeps them busy.
func FuzzDocument(f *testing.F) {
	f.Add("{ head { seq } }")
	f.Add(introspection)
	f.Add("query($a: [ID!]! = [1]) { ...F } fragment F on Query { round(id: $a) @skip(if: true) { id } }")
	f.Add("{ a(b: {c: [1, \"\\u0000\", $d]}) }")
	s := &publicSchema{types: newTypes(false)}
	e, err := newEngine(Config{}, object("Query", "", s.query()), nil)
	must(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		slow := time.AfterFunc(5*time.Second, func() { panic(fmt.Sprintf("still busy with %q", text)) })
		defer slow.Stop()
		doc, faults := newDocument(&e.schema, text, false)
		if doc == nil && len(faults) == 0 {
			t.Errorf("neither a document nor a fault for %q", text)
		}
	})
}
