package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"mingjian/api/auth"
)

// errOpen means that the API would be reached from elsewhere in clear text.
var errOpen = errors.New("passwords and sessions would travel in clear text: " +
	"give --tls-cert and --tls-key, or --behind-proxy if a proxy speaks TLS before it, or listen on 127.0.0.1")

// listen listens for the API: beyond loopback only with TLS or behind a proxy.
func (a addresses) listen() (net.Listener, error) {
	if (a.TLSCert == "") != (a.TLSKey == "") {
		return nil, errors.New("--tls-cert and --tls-key go together")
	}
	host, port, err := net.SplitHostPort(a.API)
	if err != nil {
		return nil, fmt.Errorf("--api %q: %w", a.API, err)
	}
	if strings.EqualFold(host, "localhost") {
		host = "127.0.0.1" // not looked up: a name server must not decide who can reach us
	}
	if ip := net.ParseIP(host); (ip == nil || !ip.IsLoopback()) && a.TLSCert == "" && a.BehindProxy == "" {
		return nil, fmt.Errorf("--api %q: %w", a.API, errOpen)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("API: %w; choose another address with --api", err)
	}
	if a.TLSCert == "" {
		return listener, nil
	}
	pair, err := tls.LoadX509KeyPair(a.TLSCert, a.TLSKey)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("--tls-cert %s, --tls-key %s: %w", a.TLSCert, a.TLSKey, err), listener.Close())
	}
	return tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}), nil
}

// secure reports whether people come by TLS.
func (a addresses) secure() bool { return a.TLSCert != "" || a.BehindProxy != "" }

// url is the API's address as people see it; without --url, as this machine
// does.
func (a addresses) url(listener net.Listener) string {
	if a.URL != "" {
		return strings.TrimSuffix(a.URL, "/")
	}
	return a.local(listener)
}

// signIn makes what signs people in.
func (a addresses) signIn(r *runtime, url string, logger *slog.Logger) (*auth.HTTP, error) {
	c := auth.HTTPConfig{Accounts: r.accounts, Secure: a.secure(), Logger: logger}
	if a.BehindProxy != "" {
		c.Address = func(r *http.Request) string { return forwarded(r, a.BehindProxy) }
	}
	if a.OIDCIssuer != "" {
		c.OIDC = &auth.OIDCConfig{
			Issuer: a.OIDCIssuer, ClientID: a.OIDCClient, ClientSecret: a.OIDCSecret,
			RedirectURL: url + "/auth/oidc/callback", Claim: a.OIDCClaim,
		}
	}
	return auth.NewHTTP(c)
}

// forwarded is the client's address as the proxy says. Of a list the last
// entry is the proxy's own; those before it are whatever the client wrote.
func forwarded(r *http.Request, header string) string {
	values := strings.Split(strings.Join(r.Header.Values(header), ","), ",")
	if address := strings.TrimSpace(values[len(values)-1]); net.ParseIP(address) != nil {
		return address
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
