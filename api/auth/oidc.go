package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// OIDCConfig is a provider of OpenID Connect whose word for who somebody is we
// take. It opens accounts that exist, it makes none; a second factor is up to
// the provider.
type OIDCConfig struct {
	// Issuer is the provider's address; /.well-known/openid-configuration is
	// read below it when somebody first signs in.
	Issuer       string
	ClientID     string
	ClientSecret string
	// RedirectURL is this server's /auth/oidc/callback as browsers reach it.
	RedirectURL string
	// Claim is what names the login; "email" if empty. A mail address counts only
	// if the provider says that it has verified it.
	Claim string
	// Scopes are asked for beside openid; "email" and "profile" if nil.
	Scopes []string
	// Client calls the provider; one with a timeout of 10 s if nil.
	Client *http.Client
}

func (c OIDCConfig) validate() error {
	var faults []error
	for name, text := range map[string]string{"issuer": c.Issuer, "redirect URL": c.RedirectURL} {
		if u, err := url.Parse(text); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			faults = append(faults, fmt.Errorf("auth: OIDC %s %q is not an http(s) address", name, text))
		}
	}
	if c.ClientID == "" {
		faults = append(faults, errors.New("auth: OIDC needs the client id that the provider gave"))
	}
	return errors.Join(faults...)
}

// oidcClient signs in by a provider. The provider may be away when the server
// starts: it is asked for its addresses at the first sign-in.
type oidcClient struct {
	config OIDCConfig
	flows  *jar

	mu       sync.Mutex
	provider *oidc.Provider
}

// flowLifetime is how long one may take at the provider.
const flowLifetime = 10 * time.Minute

// flow is what the browser keeps, sealed, while it is at the provider. It ties
// the answer to the browser that asked (state), the identity to the question
// (nonce), and the code to us (verifier, PKCE).
type flow struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
}

func newOIDCClient(c OIDCConfig, s *Accounts, secure bool) *oidcClient {
	if c.Claim == "" {
		c.Claim = "email"
	}
	if c.Scopes == nil {
		c.Scopes = []string{"email", "profile"}
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 10 * time.Second}
	}
	// Lax, unlike the session's: the provider sends the browser back to us, and a
	// strict cookie stays behind when another site starts a request.
	return &oidcClient{config: c, flows: newJar(s, "oidc", cookieName+"-oidc", flowLifetime, http.SameSiteLaxMode, secure)}
}

// discover reads the provider's addresses once.
func (c *oidcClient) discover(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.provider == nil {
		provider, err := oidc.NewProvider(ctx, c.config.Issuer)
		if err != nil {
			return nil, nil, refuseOIDC("OIDC_UNAVAILABLE", "统一身份认证暂时无法使用，请稍后再试。", http.StatusServiceUnavailable, err)
		}
		c.provider = provider
	}
	endpoint := c.provider.Endpoint()
	endpoint.AuthStyle = c.authStyle(c.provider)
	return c.provider, &oauth2.Config{
		ClientID: c.config.ClientID, ClientSecret: c.config.ClientSecret, Endpoint: endpoint,
		RedirectURL: c.config.RedirectURL, Scopes: append([]string{oidc.ScopeOpenID}, c.config.Scopes...),
	}, nil
}

// authStyle is how we show the provider our secret. Basic is what the standard
// has providers accept that do not say. To try both ways, as oauth2 would, sends
// a bad code twice and tells the wrong error.
func (c *oidcClient) authStyle(provider *oidc.Provider) oauth2.AuthStyle {
	var says struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	_ = provider.Claims(&says) // what cannot be read is not said
	if c.config.ClientSecret == "" ||
		slices.Contains(says.Methods, "client_secret_post") && !slices.Contains(says.Methods, "client_secret_basic") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

func refuseOIDC(code, zh string, status int, err error) *refusal {
	told := refuse(status, code, zh, "%v", err)
	told.retry = status == http.StatusServiceUnavailable
	return told
}

// startOIDC sends the browser to the provider.
func (h *HTTP) startOIDC(w http.ResponseWriter, r *http.Request) {
	_, asked, err := h.oidc.discover(oidc.ClientContext(r.Context(), h.oidc.config.Client))
	if err != nil {
		h.showRefusal(w, oidcPage, err)
		return
	}
	f := flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	if err := h.oidc.flows.put(w, f); err != nil {
		h.showRefusal(w, oidcPage, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, asked.AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), http.StatusFound)
}

var oidcPage = page{Title: "登录", TitleEn: "Sign in"}

// finishOIDC takes the browser back from the provider. It answers with a page
// that goes on by itself, not with a redirect: browsers keep back our strict
// session cookie while they follow redirects that another site started.
func (h *HTTP) finishOIDC(w http.ResponseWriter, r *http.Request) {
	var f flow
	started := h.oidc.flows.take(r, &f)
	h.oidc.flows.clear(w) // whatever comes, this flow is over
	session, err := h.verified(r, f, started)
	if err == nil {
		err = h.begin(w, r, session)
	}
	if err != nil {
		h.showRefusal(w, oidcPage, err)
		return
	}
	done := oidcPage
	done.GoOn = true
	h.show(w, http.StatusOK, done)
}

func (h *HTTP) verified(r *http.Request, f flow, started bool) (Session, error) {
	answer := r.URL.Query()
	if !started || subtle.ConstantTimeCompare([]byte(f.State), []byte(answer.Get("state"))) != 1 {
		return Session{}, refuse(http.StatusBadRequest, "OIDC_STATE", "这次登录不是从本浏览器开始的，或已过期，请重新登录。",
			"the sign-in did not begin in this browser, or too long ago; begin again")
	}
	if told := answer.Get("error"); told != "" {
		return Session{}, refuse(http.StatusForbidden, "OIDC_REFUSED", "统一身份认证没有通过。", "the identity provider refused: %.100q", told)
	}
	ctx := oidc.ClientContext(r.Context(), h.oidc.config.Client)
	login, err := h.oidc.identify(ctx, f, answer.Get("code"))
	if err != nil {
		return Session{}, err
	}
	return h.config.Accounts.SignInVerified(r.Context(), login, h.agent(r))
}

// identify trades the code for the identity that it stands for: a token signed
// by the issuer, for us, in time, and in answer to this flow.
func (c *oidcClient) identify(ctx context.Context, f flow, code string) (login string, err error) {
	provider, asked, err := c.discover(ctx)
	if err != nil {
		return "", err
	}
	const zh = "统一身份认证的答复无效，请重新登录。"
	tokens, err := asked.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return "", refuseOIDC("OIDC_CODE", zh, http.StatusBadRequest, err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return "", refuse(http.StatusBadRequest, "OIDC_TOKEN", zh, "the identity provider sent no id_token")
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: c.config.ClientID, Now: c.flows.now})
	token, err := verifier.Verify(ctx, raw)
	if err != nil {
		return "", refuseOIDC("OIDC_TOKEN", zh, http.StatusBadRequest, err)
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(f.Nonce)) != 1 {
		return "", refuse(http.StatusBadRequest, "OIDC_TOKEN", zh, "the identity answers another sign-in (nonce)")
	}
	return c.claimed(token)
}

// claimed reads the login off a token.
func (c *oidcClient) claimed(token *oidc.IDToken) (string, error) {
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return "", refuseOIDC("OIDC_TOKEN", "统一身份认证的答复无效，请重新登录。", http.StatusBadRequest, err)
	}
	login, ok := claims[c.config.Claim].(string)
	if !ok || login == "" {
		return "", refuse(http.StatusForbidden, "OIDC_CLAIM", "统一身份认证没有给出登录名。", "the identity has no claim %q", c.config.Claim)
	}
	// Some providers write the truth as text.
	if verified := claims["email_verified"]; c.config.Claim == "email" && verified != true && verified != "true" {
		return "", refuse(http.StatusForbidden, "OIDC_UNVERIFIED", "统一身份认证尚未核实该邮箱。", "the identity provider has not verified the mail address")
	}
	return login, nil
}
