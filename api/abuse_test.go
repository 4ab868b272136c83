package api

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/domain/rights"
	"mingjian/internal/testrig"
)

// TestBombs: documents and variables that cost more to answer than to send.
func TestBombs(t *testing.T) {
	f := startFortress(t)
	nested := func(open, inside, end string, n int) string {
		return strings.Repeat(open, n) + inside + strings.Repeat(end, n)
	}
	var doubling strings.Builder
	for i := range 30 {
		fmt.Fprintf(&doubling, "fragment F%d on Query { ...F%d ...F%d }\n", i, i+1, i+1)
	}
	register := mutationDocument("registerDistrict")
	f.refuses("organizer", 400, codeTooComplex, []attack{
		{name: "depth", query: "{ __schema { types " + nested("{ ofType ", "{ name }", "}", maxDepth) + "}}", says: "the query is 19 levels deep, at most 16"},
		{name: "brackets", query: nested("{a", "", "}", 1000), says: "more than 64 brackets are open at once"},
		{name: "lists", query: "{ round(id: " + nested("[", "", "]", 2000) + ") { id } }", says: "more than 64 brackets are open at once"},
		{name: "cost", query: "{" + many(90, "r%d: ranking(round: \"r\") { edges { node { center { code name area district { name } } status total gross deduction complete } } }\n") + "}", says: "the query may resolve 117090 fields, at most 100000; ask for smaller pages"},
		{name: "alias words", query: "{" + aliases(1000) + "}", says: "the document has more than 4000 words and signs"},
		{name: "aliases in fragments", query: "{ ...A ...B } fragment A on Query {" + many(600, "a%d:__typename\n") + "} fragment B on Query { ...A a:__typename ...A b:__typename ...A c:__typename ...A }", says: "the query selects 3003 fields, at most 2000"},
		{name: "duplicate fields", query: "{ head { " + strings.Repeat("seq\n", maxNodes) + "} }", says: "the query selects 2001 fields, at most 2000"},
		{name: "fragments that double", query: "{ ...F0 } " + doubling.String() + "fragment F30 on Query { head { seq } }", says: "the query selects 4294967294 fields, at most 2000"},
		{name: "large document", query: "{ head { seq } }" + strings.Repeat("\n#", maxDocument), says: "the document has 32784 bytes, at most 16384"},
		{name: "long line", query: "{ head { seq } } #" + strings.Repeat("x", maxLine), says: "a line has more than 4096 bytes; break it"},
		{name: "arguments", query: "{ head(" + many(maxNames+1, "a%d: 1\n") + ") { seq } }", says: "51 arguments or variables in one place, at most 50"},
		{name: "variables", query: "query(" + many(maxNames+1, "$a%d: Int\n") + ") { head { seq } }", says: "51 arguments or variables in one place, at most 50"},
	})
	f.refuses("organizer", 400, codeValidation, []attack{
		{name: "a circle of fragments", query: "{ ...A } fragment A on Query { ...B } fragment B on Query { head { seq } ...A }", says: `fragment "A" leads back to itself`},
		{name: "a circle nobody spreads", query: "{ head { seq } } fragment A on Query { ...A }", says: `fragment "A" leads back to itself`},
		{name: "a fragment twice", query: "{ ...A } fragment A on Query { head { seq } } fragment A on Query { head { seq } }", says: `two fragments are named "A"`},
		{name: "a huge integer in the document", query: "{ centers(first: 99999999999999999999) { totalCount } }", says: "Argument \"first\" has invalid value 99999999999999999999.\nExpected type \"Int\", found 99999999999999999999."},
	})
	f.refuses("organizer", 400, codeBadRequest, []attack{
		{name: "batch", body: `[{"query":"{ head { seq } }"},{"query":"{ head { seq } }"}]`, says: "one operation a request; batches are not accepted"},
		{name: "batch behind blanks", body: "\r\n\t [" + `{"query":"{ head { seq } }"}]`, says: "one operation a request; batches are not accepted"},
		{name: "variables nested deep", query: "query($a: ID!) { round(id: $a) { id } }", variables: `{"a":` + nested(`{"a":`, "1", "}", 20_000) + "}", says: "the body is not a GraphQL request in JSON: invalid character '{' exceeded max depth"},
	})
	f.refuses("", 400, codeBadRequest, []attack{
		{name: "batch for the public", path: "/public/graphql", body: `[{"query":"{ rounds { id } }"}]`, says: "one operation a request; batches are not accepted"},
	})
	f.refuses("organizer", 413, "TOO_LARGE", []attack{
		{name: "10 MB of variables", query: "{ head { seq } }", variables: `{"a":"` + strings.Repeat("x", 10<<20) + `"}`, says: "the body is over 1048576 bytes"},
	})
	f.refuses("", 401, codeUnauthenticated, []attack{
		{name: "10 MB from nobody", query: "{ head { seq } }", variables: `{"a":"` + strings.Repeat("x", 10<<20) + `"}`, says: "sign in first: POST /auth/sign-in"},
	})
	f.refuses("", 413, "TOO_LARGE", []attack{
		{name: "10 MB for the public", path: "/public/graphql", query: "{ rounds { id } }", variables: `{"a":"` + strings.Repeat("x", 10<<20) + `"}`, says: "the body is over 1048576 bytes"},
	})
	f.refuses("organizer", 400, codeVariables, []attack{
		{name: "variables nested less deep", query: "query($a: ID!) { round(id: $a) { id } }", variables: `{"a":` + nested("[", "1", "]", 9_000) + "}", says: "$a is [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[…, which is no ID"},
		{name: "an input nested deep", query: register, variables: `{"input":` + nested(`{"input":`, "{}", "}", 5_000) + "}", says: `$input has no field "input" (RegisterDistrictInput)`},
		{name: "a huge integer", query: "query($n: Int) { centers(first: $n) { totalCount } }", variables: `{"n":` + strings.Repeat("9", 900_000) + "}", says: "$n is 999999999999999999999999999999999999999999999999999999999999…, which is no Int"},
		{name: "an integer of 33 bits", query: "query($n: Int) { centers(first: $n) { totalCount } }", variables: `{"n":4294967296}`, says: "$n is 4294967296, which is no Int"},
		{name: "a float for an integer", query: "query($n: Int) { centers(first: $n) { totalCount } }", variables: `{"n":1e2}`, says: "$n is 1e2, which is no Int"},
	})
	f.refuses("organizer", 200, "INVALID_INPUT", []attack{
		{name: "a huge string", query: register, variables: `{"input":{"commandId":"` + newID() + `","code":"310101","name":"` + strings.Repeat("区", 300_000) + `"}}`, says: "310101 needs a name of at most 100 characters: invalid input"},
		{name: "a huge id", query: register, variables: `{"input":{"commandId":"` + strings.Repeat("a", 900_000) + `","code":"310101","name":"黄浦区"}}`, says: `command id "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" is not a UUID: invalid input`},
		{name: "a page too large", query: "{ centers(first: 101) { totalCount } }", says: "first: 101 is not a page size of 1 to 100: invalid input"},
		{name: "a page below zero", query: "{ centers(first: -1) { totalCount } }", says: "first: -1 is not a page size of 1 to 100: invalid input"},
	})
	f.refuses("organizer", 200, "BAD_CURSOR", []attack{
		{name: "a huge cursor", query: "query($a: String) { ranking(round: \"r\", after: $a) { totalCount } }", variables: `{"a":"` + strings.Repeat("A", 900_000) + `"}`, says: `"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA": not a cursor of this list`},
	})
	f.refuses("organizer", 400, "INVALID_INPUT", []attack{
		{name: "a huge exponent", query: "query($p: Position) { head(after: $p) { seq } }", variables: `{"p":1e999999999}`, says: `"1e999999999" is not a position, a decimal number: invalid input`},
	})
	// What is just within the limits is answered.
	b := f.signedIn("organizer")
	for name, a := range map[string]attack{
		"duplicate fields": {query: "{ head { " + strings.Repeat("seq\n", maxNodes-1) + "} }"},
		"aliases":          {query: "{" + many(900, "a%d:__typename\n") + "}"},
		"unused variables": {query: "{ head { seq } }", variables: `{"a":"` + strings.Repeat("x", 1_000_000) + `"}`},
	} {
		if got := f.send(b, a); got.status != http.StatusOK || got.code() != "" {
			t.Errorf("%s: %d %.300s", name, got.status, got.text)
		}
	}
}

// TestMalformedRequests: what could be read in two ways is not read at all, and
// tricks with methods and headers lead nowhere.
func TestMalformedRequests(t *testing.T) {
	f := startFortress(t)
	query := "/public/graphql?query=" + url.QueryEscape("{ rounds { id } }")
	f.refuses("organizer", 400, codeBadRequest, []attack{
		{name: "two queries", body: `{"query":"{ head { seq } }","query":"mutation { closeRound { revision } }"}`, says: `the body is not a GraphQL request in JSON: the name "query" stands twice in one object`},
		{name: "two queries by case", body: `{"query":"{ head { seq } }","QUERY":"mutation { closeRound { revision } }"}`, says: `the body is not a GraphQL request in JSON: the name "QUERY" stands twice in one object`},
		{name: "two queries by escapes", body: `{"query":"{ head { seq } }","\u0071uery":"{ head { logId } }"}`, says: `the body is not a GraphQL request in JSON: the name "query" stands twice in one object`},
		{name: "two values of an input", query: mutationDocument("registerDistrict"), variables: `{"input":{"code":"310101","name":"黄浦区","code":"310104"}}`, says: `the body is not a GraphQL request in JSON: the name "code" stands twice in one object`},
		{name: "two queries on a stream", path: "/graphql/stream", header: []string{"Accept", "text/event-stream"}, body: `{"query":"{ head { seq } }","query":"{ head { logId } }"}`, says: `the body is not a GraphQL request in JSON: the name "query" stands twice in one object`},
		{name: "two requests", body: `{"query":"{ head { seq } }"}{"query":"{ head { seq } }"}`, says: "the body is not a GraphQL request in JSON: it goes on after its end"},
		{name: "cut short", body: `{"query":"{ head { seq } }"`, says: "the body is not a GraphQL request in JSON: unexpected EOF"},
		{name: "no JSON", body: `query={head{seq}}`, says: "the body is not a GraphQL request in JSON: invalid character 'q' looking for beginning of value"},
		{name: "other types", body: `{"query":["{ head { seq } }"]}`, says: "the body is not a GraphQL request in JSON: query cannot be array"},
		{name: "variables in a list", body: `{"query":"{ head { seq } }","variables":[1]}`, says: "the body is not a GraphQL request in JSON: variables cannot be array"},
		{name: "UTF-16", body: "\xff\xfe{\x00}\x00", says: "the body is not a GraphQL request in JSON: invalid character 'ÿ' looking for beginning of value"},
		{name: "no query", body: `{}`, says: "the body has no query"},
	})
	f.refuses("", 400, codeBadRequest, []attack{
		{name: "two variables by GET", method: "GET", path: query + `&variables={"a":1,"a":2}`, says: `variables: the name "a" stands twice in one object`},
	})
	f.refuses("organizer", 400, codeValidation, []attack{
		{name: "two values in a literal", query: `mutation { registerDistrict(input: {commandId: "a", code: "310101", code: "310104", name: "x"}) { revision } }`, says: `There can be only one input field named "code".`},
		{name: "two arguments", query: `{ round(id: "a", id: "b") { id } }`, says: `There can be only one argument named "id".`},
	})
	f.refuses("organizer", 405, codeMethod, []attack{
		{name: "a query by GET", method: "GET", path: "/graphql?query={head{seq}}", says: "GET is not allowed here"},
		{name: "override", method: "GET", path: "/graphql?query={head{seq}}", header: []string{"X-HTTP-Method-Override", "POST"}, says: "GET is not allowed here"},
		{name: "override by the address", method: "GET", path: "/graphql?_method=POST", says: "GET is not allowed here"},
		{name: "PUT", method: "PUT", body: `{"query":"{ head { seq } }"}`, says: "PUT is not allowed here"},
		{name: "TRACE", method: "TRACE", header: []string{"X-Secret", "shown back?"}, says: "TRACE is not allowed here"},
		{name: "a made-up method", method: "MUTATE", body: `{"query":"{ head { seq } }"}`, says: "MUTATE is not allowed here"},
		{name: "a method in lower case", method: "post", body: `{"query":"{ head { seq } }"}`, says: "post is not allowed here"},
		{name: "DELETE of evidence", method: "DELETE", path: "/evidence/" + strings.Repeat("0a", 32), says: "DELETE is not allowed here"},
	})
	f.refuses("", 400, codeValidation, []attack{
		{name: "a command by GET", method: "GET", path: "/public/graphql?query=" + url.QueryEscape(`mutation { closeRound { revision } }`), says: "there are no mutations here"},
	})
	f.refuses("", 405, codeMethod, []attack{
		{name: "sign-in by GET", method: "GET", path: "/auth/sign-in?login=organizer&password=x", says: "GET is not allowed here"},
	})
	f.refuses("organizer", 415, codeBadRequest, []attack{
		{name: "a form", body: "query=x", header: []string{"Content-Type", "application/x-www-form-urlencoded"}, says: "the content type must be application/json"},
		{name: "text", body: `{"query":"{ head { seq } }"}`, header: []string{"Content-Type", "text/plain"}, says: "the content type must be application/json"},
		{name: "a form's file", body: `{"query":"{ head { seq } }"}`, header: []string{"Content-Type", "multipart/form-data; boundary=x"}, says: "the content type must be application/json"},
		{name: "no type", body: `{"query":"{ head { seq } }"}`, header: []string{"Content-Type", ""}, says: "the content type must be application/json"},
	})
	f.refuses("", 401, codeUnauthenticated, []attack{
		{name: "a long cookie", query: "{ head { seq } }", header: []string{"Cookie", "__Host-mingjian=" + strings.Repeat("A", 200_000)}, says: "sign in first: POST /auth/sign-in"},
		{name: "many cookies", query: "{ head { seq } }", header: []string{"Cookie", strings.Repeat("__Host-mingjian=A; ", 5_000)}, says: "sign in first: POST /auth/sign-in"},
		{name: "a long token", query: "{ head { seq } }", header: []string{"Authorization", "Bearer " + strings.Repeat("a-token-of-the-owner", 20_000)}, says: "sign in first: POST /auth/sign-in"},
		{name: "half a token", query: "{ head { seq } }", header: []string{"Authorization", "Bearer a-token-of-the-owner"}, says: "sign in first: POST /auth/sign-in"},
		{name: "a token in another scheme", query: "{ head { seq } }", header: []string{"Authorization", "Basic a-token-of-the-owner-of-the-data-folder"}, says: "sign in first: POST /auth/sign-in"},
		{name: "a token in the address", path: "/graphql?access_token=a-token-of-the-owner-of-the-data-folder", query: "{ head { seq } }", says: "sign in first: POST /auth/sign-in"},
		{name: "who I say I am", query: "{ head { seq } }", header: []string{"X-Forwarded-User", "organizer"}, says: "sign in first: POST /auth/sign-in"},
	})
}

// TestOutsiders: who is not signed in learns nothing of the internal schema.
// The public schema says what it has to whoever asks, as its data are public.
func TestOutsiders(t *testing.T) {
	f := startFortress(t)
	body, err := json.Marshal(map[string]string{"query": introspection})
	must(t, err)
	f.refuses("", 401, codeUnauthenticated, []attack{
		{name: "introspection", body: string(body), says: "sign in first: POST /auth/sign-in"},
		{name: "introspection by stream", path: "/graphql/stream", header: []string{"Accept", "text/event-stream"}, body: string(body), says: "sign in first: POST /auth/sign-in"},
		{name: "a type's name", query: `{ __typename }`, says: "sign in first: POST /auth/sign-in"},
		{name: "a guess at a field", query: `{ acount { id } }`, says: "sign in first: POST /auth/sign-in"},
		{name: "a command", query: mutationDocument("closeRound"), variables: "{}", says: "sign in first: POST /auth/sign-in"},
		{name: "an upload", path: "/evidence", body: "x", says: "sign in first: POST /auth/sign-in"},
		{name: "a download", method: "GET", path: "/evidence/" + strings.Repeat("0a", 32), says: "sign in first: POST /auth/sign-in"},
		{name: "an import", path: "/imports/roster", body: "x", says: "sign in first: POST /auth/sign-in"},
		{name: "a template", method: "GET", path: "/templates/roster.xlsx", says: "sign in first: POST /auth/sign-in"},
		{name: "a stream", method: "PUT", path: "/graphql/stream", says: "sign in first: POST /auth/sign-in"},
	})
	f.refuses("", 400, codeValidation, []attack{
		{name: "a guess at a public field", path: "/public/graphql", query: `{ accounts { id } }`, says: `Cannot query field "accounts" on type "Query". Did you mean "rounds"?`},
	})
	got := f.send(f.browser(), attack{path: "/public/graphql", body: string(body)})
	if got.status != http.StatusOK || !strings.Contains(got.text, `"ClauseResult"`) {
		t.Errorf("public introspection: %d %.300s", got.status, got.text)
	}
	for _, internal := range []string{"Mutation", "Account", "Session", "pseudonym", "Event", "Member"} {
		if strings.Contains(got.text, `"`+internal+`"`) {
			t.Errorf("the public schema knows %s", internal)
		}
	}
}

// TestOtherOrigins: a page of another origin sends no command with a visitor's
// cookie, and reads nothing that is not public.
func TestOtherOrigins(t *testing.T) {
	f := startFortress(t)
	const says = "a request from another origin"
	register := attack{
		query:     mutationDocument("registerDistrict"),
		variables: `{"input":{"commandId":"` + newID() + `","code":"310101","name":"黄浦区"}}`,
	}
	for _, header := range [][]string{
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
		{"Origin", theOrigin + ":444"},
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Sec-Fetch-Site", "cross-site", "Origin", theOrigin},
	} {
		attacks := []attack{
			register,
			{path: "/evidence", body: "%PDF-1.4"},
			{path: "/imports/roster", body: "code"},
			{path: "/auth/sign-in", body: `{"login":"organizer","password":"` + thePassword + `"}`},
			{path: "/auth/sign-out", body: "{}"},
			{path: "/auth/invitation", body: "token=x"},
			{path: "/graphql/stream", body: `{"query":"{ head { seq } }"}`},
			{path: "/graphql/stream", method: "PUT"},
			{path: "/graphql/stream?operationId=a", method: "DELETE"},
		}
		for i := range attacks {
			a := &attacks[i]
			a.name, a.header, a.says = fmt.Sprint(header, " ", a.path), header, says
		}
		f.refuses("organizer", 403, "CROSS_ORIGIN", attacks)
	}
	// A browser of old says nothing of origins, and sends forms and text only.
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		a := register
		a.name, a.header, a.says = kind, []string{"Content-Type", kind}, "the content type must be application/json"
		f.refuses("organizer", 415, codeBadRequest, []attack{a})
	}

	// No other origin is told that it may ask, or may read.
	b := f.signedIn("organizer")
	for _, path := range []string{"/graphql", "/graphql/stream", "/evidence", "/auth/sign-in"} {
		for _, method := range []string{http.MethodOptions, http.MethodPost} {
			r, err := http.NewRequestWithContext(t.Context(), method, theOrigin+path, http.NoBody)
			must(t, err)
			for name, value := range map[string]string{
				"Origin": "https://evil.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type",
			} {
				r.Header.Set(name, value)
			}
			response, err := b.Do(r)
			must(t, err)
			must(t, response.Body.Close())
			if allowed := response.Header.Get("Access-Control-Allow-Origin"); allowed != "" || response.StatusCode < 400 {
				t.Errorf("%s %s: %d, allowed %q", method, path, response.StatusCode, allowed)
			}
		}
	}
	// The cookie itself is for this origin alone.
	response, err := f.browser().Post(theOrigin+"/auth/sign-in", "application/json", strings.NewReader(`{"login":"organizer","password":"`+thePassword+`"}`))
	must(t, err)
	must(t, response.Body.Close())
	cookie := response.Cookies()[0]
	if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteStrictMode || cookie.Domain != "" || cookie.Path != "/" || !strings.HasPrefix(cookie.Name, "__Host-") {
		t.Errorf("the cookie is %s", cookie)
	}
}

// whoAmI is the account that a browser is signed in to.
func (f *fortress) whoAmI(b *http.Client) string {
	f.t.Helper()
	var who struct{ Account string }
	if got := f.send(b, attack{query: "{ me { account } }"}); got.code() == "" {
		must(f.t, json.Unmarshal(got.Data["me"], &who))
	} else if got.code() != codeUnauthenticated {
		f.t.Errorf("%s", got.text)
	}
	return who.Account
}

// TestSessionFixation: a session that somebody planted in a browser before its
// owner signed in is worth nothing to them afterwards.
func TestSessionFixation(t *testing.T) {
	f := startFortress(t)
	address, err := url.Parse(theOrigin)
	must(t, err)
	attacker, victim := f.signedIn("assessor"), f.browser()
	planted := attacker.Jar.Cookies(address)
	victim.Jar.SetCookies(address, []*http.Cookie{{Name: planted[0].Name, Value: planted[0].Value, Path: "/", Secure: true}})
	if f.whoAmI(victim) != f.ids["assessor"] {
		t.Fatal("the cookie was not planted")
	}
	if got := f.signIn(victim, "organizer", thePassword); got.status != http.StatusOK {
		t.Fatal(got.text)
	}
	if now := victim.Jar.Cookies(address); len(now) != 1 || now[0].Value == planted[0].Value || f.whoAmI(victim) != f.ids["organizer"] {
		t.Errorf("the victim goes on with %v", now)
	}
	if who := f.whoAmI(attacker); who != "" {
		t.Errorf("the planted session is %s still", who)
	}

	// A cookie that is changed, made up, or there twice is none.
	good := victim.Jar.Cookies(address)[0]
	for name, value := range map[string]string{
		"changed": good.Name + "=" + good.Value[:20] + "x" + good.Value[21:], "made up": good.Name + "=organizer",
		"twice": good.Name + "=" + good.Value + "; " + planted[0].Name + "=" + planted[0].Value, "of another name": "mingjian=" + good.Value,
	} {
		got := f.send(f.browser(), attack{query: "{ me { account } }", header: []string{"Cookie", value}})
		if got.status != http.StatusUnauthorized || got.code() != codeUnauthenticated {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	// Signed out means signed out, also for whoever kept a copy of the cookie.
	f.send(victim, attack{path: "/auth/sign-out", body: "{}"})
	if got := f.send(f.browser(), attack{query: "{ me { account } }", header: []string{"Cookie", good.Name + "=" + good.Value}}); got.code() != codeUnauthenticated {
		t.Errorf("a copy after signing out: %s", got.text)
	}
}

// TestRevokedRole: who loses a role or the account sees nothing any more that
// they were shown a moment ago.
func TestRevokedRole(t *testing.T) {
	f := startFortress(t)
	b := f.signedIn("auditor")
	ask := attack{query: `{ ranking(round: "spring-2022") { totalCount } roundProgress(round: "spring-2022") { closed } }`}
	meta := func() auth.Meta { return auth.Meta{ID: newID(), Actor: command.Operator} }
	grant := rights.Grant{Role: rights.Auditor}
	for range 3 {
		for range 2 {
			if got := f.send(b, ask); got.code() != "" {
				t.Fatal(got.text)
			}
		}
		_, err := f.accounts.RevokeRole(t.Context(), meta(), f.ids["auditor"], grant)
		must(t, err)
		if got := f.send(b, ask); got.code() != "FORBIDDEN" {
			t.Errorf("without the role: %s", got.text)
		}
		_, err = f.accounts.Grant(t.Context(), meta(), f.ids["auditor"], grant)
		must(t, err)
	}
	_, err := f.accounts.Disable(t.Context(), meta(), f.ids["auditor"], "离职")
	must(t, err)
	if got := f.send(b, ask); got.code() != codeUnauthenticated {
		t.Errorf("disabled: %s", got.text)
	}
}

// TestLoginFlood: some guesses are tried, then all are sent away with how long
// to wait, whoever guesses; others are not held up.
func TestLoginFlood(t *testing.T) {
	f := startFortress(t)
	tried, refused := 0, 0
	for i := range 30 {
		switch got := f.signIn(f.browser(), "organizer", fmt.Sprint("guess number ", i)); {
		case got.status == http.StatusUnauthorized && got.code() == "SIGN_IN" && got.Errors[0].Message == "name, password or code is wrong" && got.Errors[0].Extensions.Zh == "登录名、密码或验证码有误。":
			tried++
		case got.status == http.StatusTooManyRequests && got.code() == "THROTTLED" && got.Errors[0].Message == "too many attempts, wait 1 seconds" && got.Errors[0].Extensions.Zh == "尝试次数过多，请 1 秒后再试。":
			refused++
		default:
			t.Fatalf("guess %d: %d %s", i, got.status, got.text)
		}
	}
	if tried != 5 || refused != 25 {
		t.Errorf("%d guesses were tried, %d refused", tried, refused)
	}
	if got := f.signIn(f.browser(), "organizer", thePassword); got.status != http.StatusTooManyRequests {
		t.Errorf("the right password among guesses: %d %s", got.status, got.text)
	}
	f.signedIn("assessor")
	unknown := f.signIn(f.browser(), "nobody@example.org", "whatever it is")
	if known := f.signIn(f.browser(), "auditor", "whatever it is"); unknown.text != known.text || unknown.status != known.status {
		t.Errorf("an unknown login is told apart:\n%s\n%s", unknown.text, known.text)
	}
	f.refuses("", 413, "TOO_LARGE", []attack{
		{name: "large", path: "/auth/sign-in", body: `{"login":"` + strings.Repeat("a", 20<<10) + `"}`, says: "the body is over 16384 bytes"},
	})
	f.refuses("", 400, codeBadRequest, []attack{
		{name: "other fields", path: "/auth/sign-in", body: `{"login":"a","role":"organizer"}`, says: `the body cannot be read: json: unknown field "role"`},
	})
	f.refuses("", 415, codeBadRequest, []attack{
		{name: "a form", path: "/auth/sign-in", body: `login=a`, header: []string{"Content-Type", "application/x-www-form-urlencoded"}, says: "the content type must be application/json"},
	})
	throttled := 0
	for i := range 80 { // many accounts from one address
		if got := f.signIn(f.browser(), fmt.Sprintf("user%d@example.org", i), "a guess at many"); got.code() == "THROTTLED" {
			throttled++
		}
	}
	if throttled == 0 {
		t.Error("80 guesses from one address were all tried")
	}
}

// TestFileTricks: names lead nowhere, and a file is what its bytes are.
func TestFileTricks(t *testing.T) {
	f := startFortress(t)
	pixel := "\x89PNG\r\n\x1a\n"
	page := "<!DOCTYPE html><script>alert(1)</script>"
	hash := strings.Repeat("0a", 32)
	form := func(name string) string {
		return "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\nContent-Type: image/png\r\n\r\n" + page + "\r\n--x--\r\n"
	}
	multipart := []string{"Content-Type", "multipart/form-data; boundary=x"}
	png := []string{"Content-Type", "image/png"}
	const types = ", allowed are JPEG, PNG, HEIC, HEIF, WebP, PDF, MP3, M4A, AAC, WAV, AMR, Ogg audio, MP4, MOV, WebM, 3GP: not a type of evidence"
	f.refuses("assessor", 415, "EVIDENCE_TYPE", []attack{
		{name: "HTML as PNG", path: "/evidence", body: page, header: png, says: "found text/html" + types},
		{name: "HTML behind blanks", path: "/evidence", body: "\n\n\n   " + page, header: png, says: "found text/html" + types},
		{name: "HTML behind PNG's first bytes", path: "/evidence", body: pixel + page, header: png, says: "starts like image/png but does not decode (unexpected EOF): not a type of evidence"},
		{name: "SVG", path: "/evidence", body: `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, header: []string{"Content-Type", "image/svg+xml"}, says: "found image/svg+xml" + types},
		{name: "a script", path: "/evidence", body: "#!/bin/sh\nrm -rf /\n", header: png, says: "found text/x-shellscript" + types},
		{name: "HTML in a form", path: "/evidence", body: form("a.png"), header: multipart, says: "found text/html" + types},
		{name: "a form with paths", path: "/evidence", body: form(`../../../../etc/cron.d/a\x00.png`), header: multipart, says: "found text/html" + types},
	})
	f.refuses("assessor", 400, "EVIDENCE_EMPTY", []attack{{name: "nothing", path: "/evidence", header: png, says: "the file is empty"}})
	f.refuses("auditor", 403, "FORBIDDEN", []attack{
		{name: "an upload without the role", path: "/evidence", body: page, header: png, says: "uploadEvidence is for assessor, center, organizer: not allowed for this account"},
	})
	f.refuses("center-310101002", 403, "FORBIDDEN", []attack{{
		name: "another's piece", method: "GET", path: "/evidence/" + hash,
		says: "reading evidence is for organizer, reviewer, auditor, assessor (assigned), center (ownNotified), district (inOwnDistrictNotified): not allowed for this account",
	}})
	f.refuses("organizer", 400, "EVIDENCE_REQUEST", []attack{
		{name: "a copy of another kind", method: "GET", path: "/evidence/" + hash + "?copy=../original", says: `copy="../original", there is only copy=clean: invalid evidence request`},
	})

	for _, name := range []string{
		"..%5c..%5ckeyring", "%00", hash + "%00.png", "incoming", strings.ToUpper(hash), hash[1:], hash + "0",
		strings.Repeat("a", 60_000), "%ff%fe", "con", "%2e", hash + ";a", "*",
	} {
		plain, err := url.PathUnescape(name)
		must(t, err)
		noKind := fmt.Sprintf("%.40q is no kind of file: roster, accounts, assignments and scores are", plain)
		f.refuses("assessor", 400, "EVIDENCE_HASH", []attack{
			{name: "evidence " + name, method: "GET", path: "/evidence/" + name, says: fmt.Sprintf("%.80q: not a SHA-256 in lower-case hex", plain)},
		})
		f.refuses("organizer", 404, "NOT_FOUND", []attack{
			{name: "template " + name, method: "GET", path: "/templates/" + name + ".xlsx", says: noKind},
			{name: "import " + name, path: "/imports/" + name + "?commandId=" + newID(), says: noKind},
		})
	}
	// A slash in a name, however it is written, makes another address.
	for _, path := range []string{
		"/evidence/..%2f..%2fkeyring", "/evidence/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/evidence/" + hash + "%2f..", "/evidence/../keyring",
		"/evidence/../../etc/passwd", "/evidence/%2e%2e/keyring", "/evidence/" + hash + "/../../keyring", "//etc/passwd",
		"/templates/..%2f..%2fetc%2fpasswd.xlsx", "/templates/../keyring",
	} {
		f.refuses("organizer", 404, "NOT_FOUND", []attack{{name: path, method: "GET", path: path, says: "nothing here; see /"}})
	}
}

// TestFormulasStayText: what people named like a formula is text in a workbook
// that others open, never a formula.
func TestFormulasStayText(t *testing.T) {
	f := startFortress(t)
	f.do("registerDistrict", map[string]any{"code": "310101", "name": "黄浦区"})
	names := []string{`=cmd|' /C calc'!A0`, `=HYPERLINK("https://evil.example")`, `@SUM(1+1)`, `+1+cmd`, `-2+3`, `＝1+1`}
	for i, name := range names {
		code := fmt.Sprintf("31010190%d", i)
		f.do("registerCenter", map[string]any{"code": code, "district": "310101", "area": name, "demo": true})
	}
	f.do("openRound", openRoundInput)
	for i := range names {
		f.openAssessment(fmt.Sprintf("31010190%d", i))
	}
	f.settle()
	got := f.send(f.signedIn("organizer"), attack{method: "GET", path: "/templates/scores.xlsx?round=" + theRound})
	if got.status != http.StatusOK {
		t.Fatalf("%d %.300s", got.status, got.text)
	}
	workbook, err := zip.NewReader(strings.NewReader(got.text), int64(len(got.text)))
	must(t, err)
	var all strings.Builder
	for _, part := range workbook.File {
		content, err := part.Open()
		must(t, err)
		text, err := io.ReadAll(content)
		must(t, err)
		if strings.Contains(part.Name, "/worksheets/") && (strings.Contains(string(text), "<f>") || strings.Contains(string(text), "<f ")) {
			t.Errorf("%s has a formula", part.Name)
		}
		all.WriteString(html.UnescapeString(string(text)))
	}
	for _, name := range names {
		if !strings.Contains(all.String(), name) {
			t.Errorf("%s is not in the workbook", name)
		}
	}
}

// TestHeaderBombs are stopped by the server before any of ours runs.
func TestHeaderBombs(t *testing.T) {
	f := startFortress(t)
	server := httptest.NewServer(f.handler)
	t.Cleanup(server.Close)
	address := server.Listener.Addr().String()
	const body = `{"query":"{ __typename }"}`
	for name, test := range map[string]struct{ head, want string }{
		"a header of 2 MB":  {"X-Bomb: " + strings.Repeat("x", 2<<20) + "\r\n", "431"},
		"100,000 headers":   {many(100_000, "X-Bomb-%d: x\r\n"), "431"},
		"two lengths":       {"Content-Length: 3\r\n", "400"},
		"length and parts":  {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "501"},
		"a blank in a name": {"X-Bomb : x\r\n", "400"},
		"a NUL":             {"X-Bomb: a\x00b\r\n", "400"},
		"two hosts":         {"Host: evil.example\r\n", "400"},
	} {
		connection, err := net.Dial("tcp", address)
		must(t, err)
		must(t, connection.SetDeadline(time.Now().Add(testrig.Patience)))
		go func() { // the server may stop reading before all is sent
			fmt.Fprintf(connection, "POST /public/graphql HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s",
				address, len(body), test.head, body)
		}()
		status := make([]byte, len("HTTP/1.1 431"))
		_, err = io.ReadFull(connection, status)
		must(t, err)
		must(t, connection.Close())
		if got := string(status[len("HTTP/1.1 "):]); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
