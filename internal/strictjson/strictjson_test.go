package strictjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mingjian/internal/strictjson"
)

type body struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
}

func TestDecode(t *testing.T) {
	for text, says := range map[string]string{
		`{"query":"a","variables":{"a":1.50,"A":[{"a":1},{"a":2}]}} `: "",
		`{"query":"query","variables":{"query":"query"}}`:             "",
		`{"query":"a","extensions":{"query":{}}}`:                     "",
		`{}`:                                   "",
		`{"query":"a","query":"b"}`:            `the name "query" stands twice in one object`,
		`{"query":"a","Query":"b"}`:            `the name "Query" stands twice in one object`,
		`{"query":1}`:                          "query cannot be number",
		`{"query":"a","\u0071uery":"b"}`:       `the name "query" stands twice in one object`,
		`{"variables":{},"variable\u017f":{}}`: `the name "variableſ" stands twice in one object`,
		`{"variables":{"input":{"points":1,"points":2}}}`: `the name "points" stands twice in one object`,
		`{"variables":{"a":[[{"b":{"c":{}},"b":null}]]}}`: `the name "b" stands twice in one object`,
		`{"x":{"a":{},"b":[],"a":{}}}`:                    `the name "a" stands twice in one object`,
		`{"query":"a"}{}`:                                 "it goes on after its end",
		`{"query":"a"} x`:                                 "it goes on after its end",
		`{"query":"a"`:                                    "unexpected EOF",
		``:                                                "EOF",
		`[]`:                                              "it cannot be array",
		strings.Repeat(`{"x":`, 20_000) + strings.Repeat("}", 20_000): "exceeded max depth",
	} {
		var got body
		err := strictjson.Decode([]byte(text), &got)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%.60s: %v, want %q", text, err, says)
		}
	}
}

// TestNumbersAndCase: variables are a map of their own, whose names differ by
// their case.
func TestNumbersAndCase(t *testing.T) {
	var got map[string]any
	if err := strictjson.Decode([]byte(`{"a":1.50,"A":9007199254740993}`), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"a": json.Number("1.50"), "A": json.Number("9007199254740993")}, got); diff != "" {
		t.Error(diff)
	}
	if err := strictjson.Decode([]byte(`{"a":1,"a":1}`), &got); err == nil {
		t.Error("a name twice in a map")
	}
}

// FuzzDecode: what is accepted means the same to a reader that takes the first
// of two values as to one that takes the last.
func FuzzDecode(f *testing.F) {
	f.Add(`{"a":{"b":[1,{"c":null}]},"A":"\u0061"}`)
	f.Add(`{"a":1,"a":2}`)
	f.Fuzz(func(t *testing.T, text string) {
		var last map[string]any
		if strictjson.Decode([]byte(text), &last) != nil {
			return
		}
		again, err := json.Marshal(last)
		if err != nil {
			t.Fatal(err)
		}
		names := func(text string) (n int) {
			decoder := json.NewDecoder(strings.NewReader(text))
			decoder.UseNumber()
			for {
				if _, err := decoder.Token(); err != nil {
					return n
				}
				n++
			}
		}
		if names(text) != names(string(again)) {
			t.Errorf("%q lost something on the way: %s", text, again)
		}
	})
}
