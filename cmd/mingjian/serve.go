package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"mingjian/api"
	"mingjian/criteria"
	"mingjian/internal/atomicfile"
	"mingjian/projections"
)

// addresses says where to listen.
type addresses struct {
	API  string `name:"api" default:"127.0.0.1:8080" help:"Address of the API. Beyond loopback it wants --tls-cert and --tls-key, or --behind-proxy." env:"MINGJIAN_API"`
	Site string `default:"127.0.0.1:8081" help:"Address of the public site." env:"MINGJIAN_SITE"`

	TLSCert     string `name:"tls-cert" placeholder:"FILE" help:"Certificate chain of the API, PEM." type:"existingfile" env:"MINGJIAN_TLS_CERT"`
	TLSKey      string `name:"tls-key" placeholder:"FILE" help:"Its key, PEM." type:"existingfile" env:"MINGJIAN_TLS_KEY"`
	BehindProxy string `placeholder:"HEADER" help:"A proxy that speaks TLS to people stands before the API and sets this header to the client's address, such as X-Real-IP." env:"MINGJIAN_BEHIND_PROXY"`
	URL         string `name:"url" placeholder:"URL" help:"The API's address as people see it, such as https://pg.example.cn; for the links that it prints and for OIDC." env:"MINGJIAN_URL"`

	OIDCIssuer string `name:"oidc-issuer" placeholder:"URL" help:"OpenID Connect provider whose users may sign in, if they have an account." env:"MINGJIAN_OIDC_ISSUER"`
	OIDCClient string `name:"oidc-client" placeholder:"ID" help:"Our client id there." env:"MINGJIAN_OIDC_CLIENT"`
	OIDCSecret string `name:"oidc-secret" placeholder:"SECRET" help:"Our client secret there; give it by the environment." env:"MINGJIAN_OIDC_SECRET"`
	OIDCClaim  string `name:"oidc-claim" default:"email" help:"The claim that is the login of the account." env:"MINGJIAN_OIDC_CLAIM"`
}

type serveCmd struct {
	place
	addresses
	mailing
}

// Run serves until the context ends.
func (c *serveCmd) Run(ctx context.Context, io *stdio) error {
	letters, err := c.letters(c.URL)
	if err != nil {
		return err
	}
	r, err := start(ctx, c.place, io.logger)
	if err != nil {
		return err
	}
	err = r.react(ctx, reactConfig{dir: c.Data, mail: letters})
	if err == nil {
		err = serve(ctx, r, c.place, c.addresses, io)
	}
	return errors.Join(err, r.Close())
}

// running is what other commands of the same user find out about a server on a
// data folder.
type running struct {
	PID  int    `json:"pid"`
	API  string `json:"api"`
	Site string `json:"site"`
	// Token lets the reader act as the operator; the file is its owner's alone.
	Token string `json:"token"`
	// LogID is the log's identity.
	LogID string `json:"logId"`
}

const runningFile = "running.json"

// serve listens on both addresses, says so, and serves until ctx ends. Whoever
// has more to say about the addresses says it in greet.
func serve(ctx context.Context, r *runtime, p place, at addresses, io *stdio, greet ...func(running) error) error {
	apiListener, err := at.listen()
	if err != nil {
		return err
	}
	address := at.url(apiListener)
	signIn, err := at.signIn(r, address, r.logger)
	if err != nil {
		return errors.Join(err, apiListener.Close())
	}
	token := operatorToken()
	handler, err := api.NewHandler(api.Config{
		Model: r.model, Commands: r.commands, Auth: signIn, Accounts: r.accounts, Evidence: r.evidence, OperatorToken: token,
		Criteria: criteria.Lookup, Health: r.health, Logger: r.logger,
	})
	if err != nil {
		return errors.Join(err, apiListener.Close())
	}
	siteListener, err := net.Listen("tcp", at.Site)
	if err != nil {
		return errors.Join(fmt.Errorf("public site: %w; choose another address with --site", err), apiListener.Close())
	}
	now := running{PID: os.Getpid(), API: at.local(apiListener), Token: token, Site: "http://" + siteListener.Addr().String(), LogID: r.log.Identity()}
	path := filepath.Join(p.Data, runningFile)
	text, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(path, text); err != nil {
		return err
	}
	defer func() { _ = os.Remove(path) }() // what is left of it is not believed: see findRunning
	fmt.Fprintf(io.out, "内部接口 API          %s\n公开网站 public site  %s\n", address, now.Site)
	for _, say := range greet {
		if err := say(now); err != nil {
			return err
		}
	}
	if err := inviteFirst(ctx, r, address, io); err != nil {
		return err
	}
	return serveHTTP(ctx, map[net.Listener]http.Handler{apiListener: handler, siteListener: r.site.Handler()})
}

// serveHTTP serves until ctx ends or a server fails, then lets requests finish.
func serveHTTP(ctx context.Context, handlers map[net.Listener]http.Handler) error {
	failed := make(chan error, len(handlers))
	var servers []*http.Server
	for listener, handler := range handlers {
		server := &http.Server{
			Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute,
			WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		}
		servers = append(servers, server)
		go func() { failed <- server.Serve(listener) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for _, server := range servers {
		if stopErr := server.Shutdown(grace); stopErr != nil {
			err = errors.Join(err, stopErr, server.Close())
		}
	}
	return err
}

// findRunning finds the server that runs on a data folder, if one does. A file
// that a killed server left is told by the read model, which nobody holds then:
// its address may be another folder's server's by now.
func findRunning(ctx context.Context, p place) (running, bool) {
	var found running
	if !projections.InUse(filepath.Join(p.Data, "readmodel")) {
		return running{}, false
	}
	text, err := os.ReadFile(filepath.Join(p.Data, runningFile))
	if err != nil || json.Unmarshal(text, &found) != nil {
		return running{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, found.API+"/readyz", http.NoBody)
	if err != nil {
		return running{}, false
	}
	response, err := localClient.Do(request)
	if err != nil {
		return running{}, false // a file left by a process that was killed
	}
	return found, response.Body.Close() == nil
}
