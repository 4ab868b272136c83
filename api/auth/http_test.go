package auth

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"mingjian/eventstore"
)

// site is a server that people sign in to: /auth/ and a page that says who asks.
type site struct {
	*world
	server *httptest.Server
	http   *HTTP
}

func newSite(t *testing.T, change func(*HTTPConfig)) *site {
	t.Helper()
	s := &site{world: newWorld(t)}
	s.http, s.server = s.serve(s.Accounts, change)
	return s
}

// serve is one more server for the same log, over TLS if it is Secure.
func (s *site) serve(accounts *Accounts, change func(*HTTPConfig)) (*HTTP, *httptest.Server) {
	s.t.Helper()
	c := HTTPConfig{Accounts: accounts, Secure: true, Logger: quiet}
	server := httptest.NewUnstartedServer(nil)
	if change != nil {
		change(&c)
	}
	if c.OIDC != nil {
		c.OIDC.RedirectURL = "https://" + server.Listener.Addr().String() + "/auth/oidc/callback"
	}
	h, err := NewHTTP(c)
	must(s.t, err)
	mux := http.NewServeMux()
	mux.Handle("/auth/", h)
	mux.HandleFunc("/me", func(w http.ResponseWriter, r *http.Request) {
		viewer, ok := ViewerFrom(r.Context())
		fmt.Fprintf(w, "%t %s %d", ok, viewer.Actor.Account, len(viewer.Actor.Grants))
	})
	server.Config.Handler = h.Middleware(mux)
	server.Config.ErrorLog = slog.NewLogLogger(quiet.Handler(), slog.LevelDebug)
	if c.Secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	s.t.Cleanup(server.Close)
	return h, server
}

// browser keeps cookies and follows no redirects by itself.
type browser struct {
	t      testing.TB
	client *http.Client
	base   string
}

func (s *site) browser() *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	must(s.t, err)
	client := *s.server.Client()
	client.Jar = jar
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{t: s.t, client: &client, base: s.server.URL}
}

// answer is a response that was read.
type answer struct {
	*http.Response
	text string
}

func (b *browser) do(method, path, contentType, body string) answer {
	b.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = b.base + path
	}
	r, err := http.NewRequest(method, path, strings.NewReader(body))
	must(b.t, err)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	response, err := b.client.Do(r)
	must(b.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(b.t, err)
	return answer{response, string(text)}
}

func (b *browser) get(path string) answer { return b.do(http.MethodGet, path, "", "") }

func (b *browser) postJSON(path string, value any) answer {
	b.t.Helper()
	body, err := json.Marshal(value)
	must(b.t, err)
	return b.do(http.MethodPost, path, "application/json", string(body))
}

func (b *browser) postForm(path string, form url.Values) answer {
	b.t.Helper()
	return b.do(http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode())
}

func (b *browser) signIn(login, password string) answer {
	b.t.Helper()
	return b.postJSON("/auth/sign-in", map[string]string{"login": login, "password": password})
}

// me is what the server says of who asks.
func (b *browser) me() string { b.t.Helper(); return b.get("/me").text }

// cookie finds a cookie that an answer sets.
func (a answer) cookie(name string) *http.Cookie {
	for _, c := range a.Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// code of a refusal, and its Chinese sentence.
func (a answer) told(t testing.TB) (code, zh string, retry bool, wait int) {
	t.Helper()
	var body struct {
		Errors []struct {
			Message    string
			Extensions struct {
				Code, Zh string
				Retry    bool
				Wait     int
			}
		}
	}
	if err := json.Unmarshal([]byte(a.text), &body); err != nil || len(body.Errors) != 1 || body.Errors[0].Message == "" {
		t.Fatalf("status %d, %v: %.300s", a.StatusCode, err, a.text)
	}
	e := body.Errors[0].Extensions
	return e.Code, e.Zh, e.Retry, e.Wait
}

func (a answer) want(t testing.TB, what string, status int, code, zh string) {
	t.Helper()
	gotCode, gotZh, _, _ := a.told(t)
	if a.StatusCode != status || gotCode != code || !strings.Contains(gotZh, zh) {
		t.Errorf("%s: status %d, %.300s; want %d %s %s", what, a.StatusCode, a.text, status, code, zh)
	}
}

// wantPage looks at a refusal on a page.
func (a answer) wantPage(t testing.TB, what string, status int, says ...string) {
	t.Helper()
	text := html.UnescapeString(a.text)
	if a.StatusCode != status || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%s: status %d %s, want %d: %.600s", what, a.StatusCode, a.Header.Get("Content-Type"), status, text)
	}
	for _, say := range says {
		if !strings.Contains(text, say) {
			t.Errorf("%s: the page does not say %q: %s", what, say, text)
		}
	}
}

const sessionName = "__Host-mingjian"

func TestSignInAndOutOverHTTP(t *testing.T) {
	s := newSite(t, nil)
	id := s.signedUp(zhang, goodPass, organizer)
	b := s.browser()
	if me := b.me(); me != "false  0" {
		t.Errorf("before: %s", me)
	}
	got := b.signIn(zhangMail, goodPass)
	var body struct {
		Account string
		Expires time.Time
	}
	must(t, json.Unmarshal([]byte(got.text), &body))
	if got.StatusCode != 200 || body.Account != id || !body.Expires.Equal(s.now().Add(SessionLifetime)) || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, %v, %s", got.StatusCode, got.Header, got.text)
	}
	c := got.cookie(sessionName)
	if c == nil || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 12*60*60 {
		t.Errorf("cookie %+v", c)
	}
	if strings.Contains(c.Value, id) {
		t.Error("the cookie shows the account")
	}
	if me := b.me(); me != "true "+id+" 1" {
		t.Errorf("signed in: %s", me)
	}
	thief := s.browser()
	thief.client.Jar.SetCookies(mustURL(t, s.server.URL), []*http.Cookie{c})
	if me := thief.me(); me != "true "+id+" 1" {
		t.Fatalf("the copied cookie: %s", me)
	}
	out := b.postJSON("/auth/sign-out", struct{}{})
	if cleared := out.cookie(sessionName); out.StatusCode != http.StatusNoContent || cleared == nil || cleared.MaxAge >= 0 {
		t.Errorf("signed out: %d, %v", out.StatusCode, out.Header)
	}
	for what, who := range map[string]*browser{"the browser": b, "a copy of its cookie": thief} {
		if me := who.me(); me != "false  0" {
			t.Errorf("after signing out, %s: %s", what, me)
		}
	}
	if again := b.postJSON("/auth/sign-out", struct{}{}); again.StatusCode != http.StatusNoContent {
		t.Errorf("signed out again: %d %s", again.StatusCode, again.text)
	}
	if again := thief.postJSON("/auth/sign-out", struct{}{}); again.StatusCode != http.StatusNoContent {
		t.Errorf("signed out by the copy: %d %s", again.StatusCode, again.text)
	}
}

func mustURL(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	must(t, err)
	return u
}

func TestWithoutTLSTheCookieHasNoPrefix(t *testing.T) {
	s := newSite(t, func(c *HTTPConfig) { c.Secure = false })
	s.signedUp(zhang, goodPass)
	b := s.browser()
	if c := b.signIn(zhangMail, goodPass).cookie("mingjian"); c == nil || c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode {
		t.Errorf("cookie %+v", c)
	}
	if me := b.me(); !strings.HasPrefix(me, "true") {
		t.Errorf("me: %s", me)
	}
}

func TestRefusalsOverHTTP(t *testing.T) {
	s := newSite(t, nil)
	id := s.signedUp(zhang, goodPass)
	b := s.browser()
	const path, mime = "/auth/sign-in", "application/json"
	good := fmt.Sprintf(`{"login":%q,"password":%q}`, zhangMail, goodPass)
	for _, test := range []struct {
		what, method, path, mime, body string
		status                         int
		code, zh                       string
	}{
		{"a form", "POST", path, "application/x-www-form-urlencoded", "login=x", 415, "BAD_REQUEST", "application/json"},
		{"plain text", "POST", path, "text/plain", good, 415, "BAD_REQUEST", "application/json"},
		{"no type", "POST", path, "", good, 415, "BAD_REQUEST", "application/json"},
		{"no JSON", "POST", path, mime, "login", 400, "BAD_REQUEST", "JSON"},
		{"an unknown field", "POST", path, mime, `{"login":"a","admin":true}`, 400, "BAD_REQUEST", "JSON"},
		{"text for a list", "POST", path, mime, `{"login":["a"]}`, 400, "BAD_REQUEST", "JSON"},
		{"two bodies", "POST", path, mime, good + good, 400, "BAD_REQUEST", "JSON"},
		{"a large body", "POST", path, mime, `{"login":"` + strings.Repeat("a", maxBody) + `"}`, 413, "TOO_LARGE", "过大"},
		{"a large tail", "POST", path, mime, good + strings.Repeat(" ", maxBody), 413, "TOO_LARGE", "过大"},
		{"looking", "GET", path, "", "", 405, "METHOD_NOT_ALLOWED", "请求方式"},
		{"elsewhere", "GET", "/auth/other", "", "", 404, "NOT_FOUND", "地址"},
		{"OIDC, not configured", "GET", "/auth/oidc/start", "", "", 404, "NOT_FOUND", "地址"},
		{"a form to sign out", "POST", "/auth/sign-out", "application/x-www-form-urlencoded", "", 415, "BAD_REQUEST", "application/json"},
		{"a wrong password", "POST", path, mime, fmt.Sprintf(`{"login":%q,"password":"x"}`, zhangMail), 401, "SIGN_IN", "有误"},
		{"an unknown login", "POST", path, mime, `{"login":"nobody","password":"x"}`, 401, "SIGN_IN", "有误"},
	} {
		got := b.do(test.method, test.path, test.mime, test.body)
		got.want(t, test.what, test.status, test.code, test.zh)
		if got.cookie(sessionName) != nil {
			t.Errorf("%s: sets a cookie", test.what)
		}
	}
	if allow := b.get(path).Header.Get("Allow"); allow != "POST" {
		t.Errorf("Allow: %s", allow)
	}
	for range freePerAccount {
		b.signIn(zhangMail, otherPass)
	}
	got := b.signIn(zhangMail, goodPass)
	got.want(t, "too many attempts", 429, "THROTTLED", "请 1 秒后再试")
	if _, _, retry, wait := got.told(t); !retry || wait != 1 || got.Header.Get("Retry-After") != "1" {
		t.Errorf("retry %t, wait %d, %v", retry, wait, got.Header)
	}
	s.clock.advance(time.Minute)
	_, err := s.Disable(s.ctx, meta(), id, "离职")
	must(t, err)
	b.signIn(zhangMail, goodPass).want(t, "disabled", 403, "DISABLED", "停用")
}

// Nobody's own cookie is taken for a session: planted before, changed, of
// another deployment, too old, or sent twice.
func TestCookiesThatAreNotHonoured(t *testing.T) {
	s := newSite(t, nil)
	id := s.signedUp(zhang, goodPass)
	s.signedUp(Person{Login: "mallory", Name: "马洛里"}, otherPass)
	b := s.browser()
	good := b.signIn(zhangMail, goodPass).cookie(sessionName)
	foreign, err := NewHTTP(HTTPConfig{Accounts: s.world.server(func(c *Config) { c.Key[0]++ }), Secure: true})
	must(t, err)
	recorder := httptest.NewRecorder()
	must(t, foreign.sessions.put(recorder, sessionCookie{Account: id, Session: s.fold(id).Sessions[0].ID}))
	other := recorder.Result().Cookies()[0].Value
	recorder = httptest.NewRecorder()
	must(t, s.http.sessions.put(recorder, sessionCookie{Account: id, Session: "planted"}))
	unknown := recorder.Result().Cookies()[0].Value

	ask := func(cookies ...string) string {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "/me", nil)
		for _, c := range cookies {
			r.Header.Add("Cookie", c)
		}
		w := httptest.NewRecorder()
		s.server.Config.Handler.ServeHTTP(w, r)
		return w.Body.String()
	}
	if me := ask(sessionName + "=" + good.Value); !strings.HasPrefix(me, "true "+id) {
		t.Fatalf("the session's own cookie: %s", me)
	}
	for what, cookies := range map[string][]string{
		"empty":                      {sessionName + "="},
		"a session id in the open":   {sessionName + "=" + s.fold(id).Sessions[0].ID},
		"cut":                        {sessionName + "=" + good.Value[:len(good.Value)-4]},
		"changed":                    {sessionName + "=" + flip(good.Value)},
		"of another deployment":      {sessionName + "=" + other},
		"a session that nobody has":  {sessionName + "=" + unknown},
		"without the prefix":         {"mingjian=" + good.Value},
		"under OIDC's name":          {sessionName + "-oidc=" + good.Value},
		"twice, the other one first": {sessionName + "=" + unknown + "; " + sessionName + "=" + good.Value},
	} {
		if me := ask(cookies...); me != "false  0" {
			t.Errorf("%s: %s", what, me)
		}
	}
	s.clock.advance(SessionLifetime)
	if me := b.me(); me != "false  0" {
		t.Errorf("after twelve hours: %s", me)
	}
	s.clock.advance(-SessionLifetime - time.Hour)
	if me := b.me(); me != "false  0" {
		t.Errorf("issued an hour from now: %s", me)
	}
}

// flip changes one character in the middle of a cookie's ciphertext.
func flip(value string) string {
	at := len(value) / 2
	return value[:at] + map[bool]string{true: "B", false: "A"}[value[at] == 'A'] + value[at+1:]
}

// Session fixation: whoever planted a session of their own in a browser has
// nothing of it once somebody signs in there.
func TestPlantedSessionIsNotHonouredAfterSignIn(t *testing.T) {
	s := newSite(t, nil)
	victim := s.signedUp(zhang, goodPass)
	s.signedUp(Person{Login: "mallory", Name: "马洛里"}, otherPass)
	mallory, b := s.browser(), s.browser()
	planted := mallory.signIn("mallory", otherPass).cookie(sessionName)
	b.client.Jar.SetCookies(mustURL(t, s.server.URL), []*http.Cookie{planted})
	if me := b.me(); !strings.HasPrefix(me, "true") {
		t.Fatalf("planted: %s", me)
	}
	got := b.signIn(zhangMail, goodPass)
	if c := got.cookie(sessionName); c == nil || c.Value == planted.Value {
		t.Errorf("the sign-in keeps the cookie: %+v", c)
	}
	if me := b.me(); me != "true "+victim+" 0" {
		t.Errorf("the victim is %s", me)
	}
	if me := mallory.me(); me != "false  0" {
		t.Errorf("the planted session is still good: %s", me)
	}
	before := s.fold(victim).Sessions[0].ID
	b.signIn(zhangMail, goodPass)
	if a := s.fold(victim); len(a.Sessions) != 1 || a.Sessions[0].ID == before {
		t.Errorf("signing in again leaves %+v, want one new session", a.Sessions)
	}
}

// A session revoked on one server is none on another.
func TestRevocationReachesAllServers(t *testing.T) {
	s := newSite(t, nil)
	id := s.signedUp(zhang, goodPass)
	b := s.browser()
	cookie := b.signIn(zhangMail, goodPass).cookie(sessionName)
	_, second := s.serve(s.world.server(nil), nil)
	elsewhere := s.browser()
	elsewhere.base = second.URL
	elsewhere.client.Jar.SetCookies(mustURL(t, second.URL), []*http.Cookie{cookie})
	if me := elsewhere.me(); me != "true "+id+" 0" {
		t.Fatalf("on the second server: %s", me)
	}
	_, err := s.Disable(s.ctx, meta(), id, "离职")
	must(t, err)
	if me := elsewhere.me(); me != "false  0" {
		t.Errorf("disabled, and on the second server: %s", me)
	}
}

// When the log does not answer nobody is taken for signed in, or for signed out.
func TestLogAway(t *testing.T) {
	s := newSite(t, nil)
	s.signedUp(zhang, goodPass)
	b := s.browser()
	b.signIn(zhangMail, goodPass)
	away, err := eventstore.Open(s.ctx, logConfig(t.TempDir()))
	must(t, err)
	h, server := s.serve(s.world.server(func(c *Config) { c.Log = away }), nil)
	must(t, away.Close())
	cookie := b.client.Jar.Cookies(mustURL(t, s.server.URL))[0]
	r := httptest.NewRequest(http.MethodGet, "/me", nil)
	r.AddCookie(cookie)
	w := httptest.NewRecorder()
	h.Middleware(http.NotFoundHandler()).ServeHTTP(w, r)
	answer{w.Result(), w.Body.String()}.want(t, "a session", 503, "LOG_UNAVAILABLE", "暂无响应")
	b = s.browser()
	b.base = server.URL
	b.signIn(zhangMail, goodPass).want(t, "a sign-in", 503, "LOG_UNAVAILABLE", "暂无响应")
	b.get("/auth/invitation?token="+oneID+".x").wantPage(t, "an invitation", 503, "LOG_UNAVAILABLE", "暂无响应")
}

// A session that a server has seen goes on while the log is away, as it was
// last seen: people go on reading.
func TestSessionOutlivesTheLog(t *testing.T) {
	s := newSite(t, nil)
	id := s.signedUp(zhang, goodPass)
	cookie := s.browser().signIn(zhangMail, goodPass).cookie(sessionName)
	config := logConfig(s.world.dir)
	config.Attach = true
	attached, err := eventstore.Open(s.ctx, config)
	must(t, err)
	h, _ := s.serve(s.world.server(func(c *Config) { c.Log = attached }), nil)
	ask := func() (viewer Viewer, known bool) {
		r := httptest.NewRequest(http.MethodGet, "/me", nil)
		r.AddCookie(cookie)
		h.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { viewer, known = ViewerFrom(r.Context()) })).
			ServeHTTP(httptest.NewRecorder(), r)
		return viewer, known
	}
	before, known := ask()
	if !known || before.Actor.Account != id {
		t.Fatalf("signed in: %+v, %v", before, known)
	}
	must(t, attached.Close())
	if after, known := ask(); !known || !reflect.DeepEqual(after, before) {
		t.Errorf("with the log away: %+v, %v", after, known)
	}
	s.clock.advance(2 * SessionLifetime)
	if _, known := ask(); known {
		t.Error("a session outlived its time while the log was away")
	}
}

func TestInvitationPage(t *testing.T) {
	s := newSite(t, nil)
	id := s.account(Person{Login: "o'neil+<b>"[:7], Name: "<script>alert(1)</script>"})
	token := s.invite(id)
	b := s.browser()
	for range 2 { // programs that look ahead do not use the link up
		got := b.get("/auth/invitation?token=" + url.QueryEscape(token))
		got.wantPage(t, "the form", 200, `value="`+token+`"`, "设置密码", "Set your password", "o'neil+", `lang="zh-CN"`, `autocomplete="new-password"`)
		if strings.Index(got.text, "设置密码") > strings.Index(got.text, "Set your password") {
			t.Error("English comes first")
		}
		wantPrivatePage(t, got)
	}
	form := func(password, again string) url.Values {
		return url.Values{"token": {token}, "password": {password}, "again": {again}}
	}
	b.postForm("/auth/invitation", form(goodPass, otherPass)).wantPage(t, "two passwords", 422, "PASSWORDS_DIFFER", "不一致", `value="`+token+`"`)
	weak := b.postForm("/auth/invitation", form("password1234", "password1234"))
	weak.wantPage(t, "a weak password", 422, "WEAK_PASSWORD", "常见的词语", "too easy to guess", `value="`+token+`"`)
	wantPrivatePage(t, weak)
	if strings.Contains(weak.text, "password1234") {
		t.Error("the page repeats the password")
	}
	b.do(http.MethodPost, "/auth/invitation", "application/json", `{}`).wantPage(t, "JSON", 415, "BAD_REQUEST", "x-www-form-urlencoded")
	b.postForm("/auth/invitation", url.Values{"token": {token}, "password": {strings.Repeat("x", maxBody)}}).wantPage(t, "a large form", 413, "TOO_LARGE")
	b.do(http.MethodPost, "/auth/invitation?token="+token+"&password=x&again=x", "application/x-www-form-urlencoded", "").
		wantPage(t, "a form in the address", 410, "INVITATION")
	b.do(http.MethodPut, "/auth/invitation", "", "").want(t, "another method", 405, "METHOD_NOT_ALLOWED", "")

	done := b.postForm("/auth/invitation", form(goodPass, goodPass))
	done.wantPage(t, "the password", 200, "密码已设置", "The password is set")
	wantPrivatePage(t, done)
	if strings.Contains(done.text, token) || len(done.Cookies()) > 0 {
		t.Error("the page that says done still holds the token, or signs in")
	}
	for what, got := range map[string]answer{
		"used again":      b.postForm("/auth/invitation", form(otherPass, otherPass)),
		"looked at again": b.get("/auth/invitation?token=" + token),
		"unknown":         b.get("/auth/invitation?token=" + otherID + ".abc"),
		"no token":        b.get("/auth/invitation"),
		"markup":          b.get("/auth/invitation?token=" + url.QueryEscape(`"><script>alert(1)</script>`)),
	} {
		got.wantPage(t, what, 410, "INVITATION", "已使用、已过期或无效")
		if strings.Contains(got.text, "<script") || strings.Contains(got.text, "<form") {
			t.Errorf("%s: %s", what, got.text)
		}
	}
	b.signIn("o'neil+", otherPass).want(t, "the password of the second use", 401, "SIGN_IN", "")
	if got := b.signIn("o'neil+", goodPass); got.StatusCode != 200 {
		t.Errorf("sign in: %s", got.text)
	}
}

var resources = regexp.MustCompile(`(?i)(src|href|url\(|@import|<script|<img|<link|<iframe)`)

// wantPrivatePage: nothing is loaded, run, framed or kept, no form goes
// elsewhere, and no Referer tells the token, while forms keep their Origin.
func wantPrivatePage(t *testing.T, a answer) {
	t.Helper()
	want := map[string]string{
		"Referrer-Policy": "strict-origin", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; style-src 'sha256-" + styleHash() + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	}
	got := make(map[string]string)
	for name := range want {
		got[name] = a.Header.Get(name)
	}
	if !maps.Equal(got, want) {
		t.Errorf("headers %v, want %v", got, want)
	}
	if found := resources.FindString(a.text); found != "" {
		t.Errorf("the page holds %q", found)
	}
	if !strings.Contains(a.text, "<style>"+pageStyle+"</style>") {
		t.Error("the style is not the one that the policy allows")
	}
}
