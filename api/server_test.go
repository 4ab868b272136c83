package api

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"mingjian/eventstore"
)

func TestRequestsThatAreRefused(t *testing.T) {
	p := startPlatform(t)
	const query = `{"query":"{ head { seq } }"}`
	const publicQuery = `{"query":"{ rounds { id } }"}`
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	tests := []struct {
		name, method, path, body string
		change                   func(*http.Request)
		status                   int
		code                     string
	}{
		{"local", "POST", "/graphql", query, host("localhost:8080"), 200, ""},
		{"IPv6", "POST", "/graphql", query, host("[::1]:8080"), 200, ""},
		{"nobody", "POST", "/graphql", query, func(r *http.Request) { *r = *r.WithContext(context.Background()) }, 401, codeUnauthenticated},
		{"nobody by stream", "GET", "/graphql/stream?query={head{seq}}", "", func(r *http.Request) { *r = *r.WithContext(context.Background()) }, 401, codeUnauthenticated},
		{"a guessed token", "POST", "/graphql", query, func(r *http.Request) {
			*r = *r.WithContext(context.Background())
			r.Header.Set("Authorization", "Bearer ")
		}, 401, codeUnauthenticated},
		{"cross-site", "POST", "/graphql", query, header("Sec-Fetch-Site", "cross-site"), 403, "CROSS_ORIGIN"},
		{"other origin", "POST", "/graphql", query, header("Origin", "https://evil.example"), 403, "CROSS_ORIGIN"},
		{"form", "POST", "/graphql", "query=x", header("Content-Type", "application/x-www-form-urlencoded"), 415, codeBadRequest},
		{"text", "POST", "/graphql", query, header("Content-Type", "text/plain"), 415, codeBadRequest},
		{"GET", "GET", "/graphql?query={head{seq}}", "", func(*http.Request) {}, 405, codeMethod},
		{"too large", "POST", "/graphql", `{"query":"` + strings.Repeat("x", maxBody) + `"}`, func(*http.Request) {}, 413, "TOO_LARGE"},
		{"elsewhere", "GET", "/graphiql", "", func(*http.Request) {}, 404, "NOT_FOUND"},
		{"public from anywhere", "POST", "/public/graphql", publicQuery, host("results.example.org"), 200, ""},
		{"public cross-site", "POST", "/public/graphql", publicQuery, header("Sec-Fetch-Site", "cross-site"), 200, ""},
		{"public by GET", "GET", "/public/graphql?query=%7Brounds%7Bid%7D%7D", "", func(*http.Request) {}, 200, ""},
		{"public without query", "GET", "/public/graphql", "", func(*http.Request) {}, 400, codeBadRequest},
		{"no public mutations", "POST", "/public/graphql", `{"query":"mutation { closeRound { revision } }"}`, func(*http.Request) {}, 400, codeValidation},
		{"no public head", "POST", "/public/graphql", query, func(*http.Request) {}, 400, codeValidation},
	}
	for _, test := range tests {
		r := as(t, organizer, localRequest(test.method, test.path, test.body))
		test.change(r)
		if got := p.serve(r); got.status != test.status || got.code() != test.code {
			t.Errorf("%s: want %d %s, got %d %.300s", test.name, test.status, test.code, got.status, got.text)
		}
	}
}

// TestMutationByGet: the executor refuses it whatever route leads there.
func TestMutationByGet(t *testing.T) {
	p := startPlatform(t)
	out := p.internal.run(t.Context(), call{
		document: `mutation { registerDistrict(input: {commandId: "` + newID() + `", code: "310101", name: "x"}) { revision } }`,
		readOnly: true,
	})
	if len(out.errors) != 1 || out.errors[0].Extensions.Code != codeMethod {
		t.Errorf("%+v", out.errors)
	}
}

func TestHealth(t *testing.T) {
	p := startPlatform(t)
	p.do("registerDistrict", map[string]any{"code": "310101", "name": "黄浦区"})
	p.settle()
	probe := func(path string) reply { return p.serve(localRequest("GET", path, "")) }
	want := func(path string, status int, says ...string) {
		t.Helper()
		got := probe(path)
		if got.status != status {
			t.Errorf("%s: want %d, got %d %s", path, status, got.status, got.text)
		}
		for _, s := range says {
			if !strings.Contains(got.text, s) {
				t.Errorf("%s does not say %s: %s", path, s, got.text)
			}
		}
	}
	position := `"position":"` + p.end().String() + `"`
	item := HealthItem{Component: "readmodel", OK: true, Position: p.end()}
	p.health = func() []HealthItem { return []HealthItem{item} }
	want("/healthz", 200, position, `"status":"ok"`)
	want("/readyz", 200, position, `"status":"ready"`)
	item.CatchingUp = true
	want("/healthz", 200)
	want("/readyz", 503, `"status":"notReady"`)
	item = HealthItem{Component: "readmodel", Detail: "stopped at round-x@3: unknown event", Position: eventstore.Position(7)}
	want("/healthz", 503, `"status":"failing"`, "stopped at round-x@3", `"position":"7"`)
	want("/readyz", 503)
}
