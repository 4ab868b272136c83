package auth

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"mingjian/domain/rights"
)

// issuer is an OpenID Connect provider as the standard has it: discovery, keys,
// the authorization endpoint with PKCE (S256 only), and the token endpoint with
// client authentication, one-time codes and RS256 tokens. What it claims can be
// changed, to be a provider that errs or lies.
type issuer struct {
	t      testing.TB
	server *httptest.Server
	key    *rsa.PrivateKey
	now    func() time.Time

	mu    sync.Mutex
	away  bool
	post  bool                  // the secret comes in the form, not in the header
	codes map[string]url.Values // of the authorization requests
	claim func(claims map[string]any)
	sign  *rsa.PrivateKey // another key than the published one, if not nil
}

const clientSecret = "client secret & more"

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	p := &issuer{t: t, key: key, codes: make(map[string]url.Values)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

func (p *issuer) config() *OIDCConfig {
	return &OIDCConfig{Issuer: p.server.URL, ClientID: "mingjian", ClientSecret: clientSecret}
}

// lie changes what the issuer does from now on.
func (p *issuer) lie(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.claim, p.sign = nil, nil
	change()
}

func (p *issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	methods := map[bool]string{false: "client_secret_basic", true: "client_secret_post"}
	writeJSON(w, http.StatusOK, map[string]any{
		"token_endpoint_auth_methods_supported": []string{methods[p.post]},
		"issuer":                                p.server.URL, "authorization_endpoint": p.server.URL + "/authorize", "token_endpoint": p.server.URL + "/token",
		"jwks_uri": p.server.URL + "/keys", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "code_challenge_methods_supported": []string{"S256"},
	})
}

func (p *issuer) keys(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k1", Algorithm: "RS256", Use: "sig"}}})
}

// authorize signs in whoever comes, and sends them back with a code.
func (p *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("response_type") != "code" || q.Get("client_id") != "mingjian" || !strings.Contains(q.Get("scope"), "openid") ||
		q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("state") == "" {
		http.Error(w, "bad authorization request", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = q
	p.mu.Unlock()
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func (p *issuer) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	secret, _ = url.QueryUnescape(secret)
	if p.post {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	asked, known := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case id != "mingjian" || secret != clientSecret:
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
	case !known || r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") ||
		base64.RawURLEncoding.EncodeToString(challenge[:]) != asked.Get("code_challenge"):
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
	default:
		writeJSON(w, http.StatusOK, map[string]any{
			"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 300, "id_token": p.idToken(asked.Get("nonce")),
		})
	}
}

func (p *issuer) idToken(nonce string) string {
	claims := map[string]any{
		"iss": p.server.URL, "sub": "248289761001", "aud": "mingjian", "nonce": nonce,
		"iat": p.now().Unix(), "exp": p.now().Add(5 * time.Minute).Unix(),
		"email": "Zhang.San@Example.org", "email_verified": true, "employee": "zhang-e",
	}
	if p.claim != nil {
		p.claim(claims)
	}
	key := p.key
	if p.sign != nil {
		key = p.sign
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k1"))
	must(p.t, err)
	text, err := json.Marshal(claims)
	must(p.t, err)
	signed, err := signer.Sign(text)
	must(p.t, err)
	compact, err := signed.CompactSerialize()
	must(p.t, err)
	return compact
}

// newOIDCSite is a site that takes an issuer's word.
func newOIDCSite(t *testing.T, change func(*OIDCConfig)) (*site, *issuer) {
	t.Helper()
	p := newIssuer(t)
	s := newSite(t, func(h *HTTPConfig) {
		h.OIDC = p.config()
		if change != nil {
			change(h.OIDC)
		}
	})
	p.now = s.clock.Now
	return s, p
}

// callback goes to the provider and comes back with the address to open next.
func (b *browser) callback() string {
	b.t.Helper()
	start := b.get("/auth/oidc/start")
	if start.StatusCode != http.StatusFound {
		b.t.Fatalf("start: %d %s", start.StatusCode, start.text)
	}
	return b.atIssuer(start.Header.Get("Location"))
}

func (b *browser) atIssuer(address string) string {
	b.t.Helper()
	signedIn := b.get(address)
	if signedIn.StatusCode != http.StatusFound {
		b.t.Fatalf("at the issuer: %d %s", signedIn.StatusCode, signedIn.text)
	}
	return signedIn.Header.Get("Location")
}

func TestOIDC(t *testing.T) {
	s, _ := newOIDCSite(t, nil)
	id := s.account(zhang, rights.Grant{Role: rights.Assessor}) // has no password
	b := s.browser()
	start := b.get("/auth/oidc/start")
	c := start.cookie(sessionName + "-oidc")
	if c == nil || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 600 {
		t.Errorf("cookie %+v", c)
	}
	asked := mustURL(t, start.Header.Get("Location")).Query()
	if asked.Get("nonce") == "" || asked.Get("state") == "" || asked.Get("nonce") == asked.Get("state") || asked.Get("scope") != "openid email profile" {
		t.Errorf("asked %v", asked)
	}
	address := b.atIssuer(start.Header.Get("Location"))
	got := b.get(address)
	got.wantPage(t, "back again", 200, `content="0;url=/"`, "进入系统")
	if session := got.cookie(sessionName); session == nil || session.SameSite != http.SameSiteStrictMode {
		t.Errorf("session cookie %+v", session)
	}
	if flow := got.cookie(sessionName + "-oidc"); flow == nil || flow.MaxAge >= 0 {
		t.Errorf("the flow's cookie stays: %+v", flow)
	}
	if me := b.me(); me != "true "+id+" 1" {
		t.Errorf("me: %s", me)
	}
	b.get(address).wantPage(t, "the callback again", 400, "OIDC_STATE", "不是从本浏览器开始")
	if me := b.me(); me != "true "+id+" 1" {
		t.Errorf("after that: %s", me)
	}
	if found := grep(t, s.dir, "248289761001"); len(found) > 0 {
		t.Errorf("the provider's subject is in %v", found)
	}
}

// A provider, or somebody between us and it, that errs or lies.
func TestOIDCRefuses(t *testing.T) {
	s, p := newOIDCSite(t, nil)
	id := s.account(zhang)
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	claim := func(name string, value any) func() {
		return func() { p.claim = func(claims map[string]any) { claims[name] = value } }
	}
	without := func(name string) func() {
		return func() { p.claim = func(claims map[string]any) { delete(claims, name) } }
	}
	query := func(name, value string) func(string) string {
		return func(address string) string {
			u := mustURL(t, address)
			q := u.Query()
			q.Set(name, value)
			u.RawQuery = q.Encode()
			return u.String()
		}
	}
	same := func(address string) string { return address }
	for _, test := range []struct {
		what    string
		lie     func()
		there   func(string) string // changes the address on the way to the issuer
		back    func(string) string // and on the way back
		status  int
		code    string
		message string
	}{
		{"another state", nil, same, query("state", "forged"), 400, "OIDC_STATE", "did not begin in this browser"},
		{"no state", nil, same, query("state", ""), 400, "OIDC_STATE", "did not begin in this browser"},
		{"another nonce, asked", nil, query("nonce", "forged"), same, 400, "OIDC_TOKEN", "(nonce)"},
		{"another nonce, claimed", claim("nonce", "forged"), same, same, 400, "OIDC_TOKEN", "(nonce)"},
		{"no nonce", without("nonce"), same, same, 400, "OIDC_TOKEN", "(nonce)"},
		{"a token for another client", claim("aud", "another"), same, same, 400, "OIDC_TOKEN", "audience"},
		{"a token of another issuer", claim("iss", "https://issuer.example"), same, same, 400, "OIDC_TOKEN", "different provider"},
		{"an expired token", claim("exp", s.now().Add(-time.Minute).Unix()), same, same, 400, "OIDC_TOKEN", "expired"},
		{"a token of another key", func() { p.sign = foreign }, same, same, 400, "OIDC_TOKEN", "signature"},
		{"mail that nobody verified", claim("email_verified", false), same, same, 403, "OIDC_UNVERIFIED", "not verified"},
		{"mail of unknown verification", without("email_verified"), same, same, 403, "OIDC_UNVERIFIED", "not verified"},
		{"no mail", without("email"), same, same, 403, "OIDC_CLAIM", `no claim "email"`},
		{"mail that is no text", claim("email", []string{zhangMail}), same, same, 403, "OIDC_CLAIM", `no claim "email"`},
		{"an unknown account", claim("email", "nobody@example.org"), same, same, 403, "UNKNOWN_ACCOUNT", "unknown account"},
		{"a login that is none", claim("email", "a b"), same, same, 400, "INVALID_INPUT", "login"},
		{"another challenge (PKCE)", nil, query("code_challenge", "forged"), same, 400, "OIDC_CODE", "invalid_grant"},
		{"an invented code", nil, same, query("code", "forged"), 400, "OIDC_CODE", "invalid_grant"},
		{"the issuer refuses", nil, same, query("error", "access_denied"), 403, "OIDC_REFUSED", "access_denied"},
	} {
		t.Run(test.what, func(t *testing.T) {
			p.lie(func() {
				if test.lie != nil {
					test.lie()
				}
			})
			b := s.browser()
			start := b.get("/auth/oidc/start")
			address := b.atIssuer(test.there(start.Header.Get("Location")))
			got := b.get(test.back(address))
			got.wantPage(t, test.what, test.status, test.code, test.message)
			if c := got.cookie(sessionName); c != nil {
				t.Errorf("a session: %+v", c)
			}
			if me := b.me(); me != "false  0" {
				t.Errorf("me: %s", me)
			}
			// The flow is over: the right answer comes too late.
			b.get(address).wantPage(t, "once more", 400, "OIDC_STATE")
		})
	}
	p.lie(func() {})
	if a := s.fold(id); len(a.Sessions) != 0 {
		t.Errorf("sessions %+v", a.Sessions)
	}

	// Somebody else's callback, opened in the victim's browser, signs nobody in.
	mallory, victim := s.browser(), s.browser()
	victim.get("/auth/oidc/start")
	victim.get(mallory.callback()).wantPage(t, "a callback from another browser", 400, "OIDC_STATE")
	s.browser().get(mallory.callback()).wantPage(t, "a callback without a start", 400, "OIDC_STATE")

	slow := s.browser()
	address := slow.callback()
	s.clock.advance(flowLifetime)
	slow.get(address).wantPage(t, "after ten minutes", 400, "OIDC_STATE")

	_, err = s.Disable(s.ctx, meta(), id, "离职")
	must(t, err)
	b := s.browser()
	b.get(b.callback()).wantPage(t, "a disabled account", 403, "DISABLED", "停用")
}

// A provider that names people otherwise, and wants our secret in the form.
func TestOIDCByAnotherClaim(t *testing.T) {
	s, p := newOIDCSite(t, func(c *OIDCConfig) { c.Claim, c.Scopes = "employee", []string{"profile"} })
	id := s.account(Person{Login: "ZHANG-E", Name: "张三丰"})
	p.lie(func() {
		p.post = true
		p.claim = func(claims map[string]any) { maps.DeleteFunc(claims, isMail) }
	})
	b := s.browser()
	b.get(b.callback()).wantPage(t, "back again", 200, "进入系统")
	if me := b.me(); me != "true "+id+" 0" {
		t.Errorf("me: %s", me)
	}
}

func isMail(claim string, _ any) bool { return strings.HasPrefix(claim, "email") }

// The provider may be away when the server starts, and come back.
func TestOIDCProviderAway(t *testing.T) {
	s, p := newOIDCSite(t, nil)
	s.account(zhang)
	p.lie(func() { p.away = true })
	b := s.browser()
	b.get("/auth/oidc/start").wantPage(t, "away", 503, "OIDC_UNAVAILABLE", "暂时无法使用")
	p.lie(func() { p.away = false })
	b.get(b.callback()).wantPage(t, "back again", 200, "进入系统")
}

func TestRefusalsNameNoInternals(t *testing.T) {
	s := newSite(t, nil)
	told := s.http.explain(errors.New("open /var/lib/secret: permission denied"))
	if told.status != 500 || told.code != "INTERNAL" || strings.Contains(told.message+told.zh, "secret") || !strings.Contains(told.zh, "编号") {
		t.Errorf("told %+v", told)
	}
}
