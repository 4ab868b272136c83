package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mingjian/eventstore/embedded"
)

type nodeCmd struct {
	Data     string `default:"data" help:"Folder of the log, DATA/log.db." type:"path" env:"MINGJIAN_DATA"`
	Listen   string `default:"127.0.0.1:2113" help:"Address to listen on."`
	TLSCert  string `name:"tls-cert" placeholder:"FILE" help:"Certificate in PEM, to serve over TLS." type:"path"`
	TLSKey   string `name:"tls-key" placeholder:"FILE" help:"The certificate's key in PEM." type:"path"`
	User     string `help:"Ask clients for this user; needs TLS."`
	Password string `help:"The user's password; better given in the environment." env:"MINGJIAN_NODE_PASSWORD"`
}

// Run serves the log alone, for other tools and languages, until ctx ends.
func (c *nodeCmd) Run(ctx context.Context, io *stdio) error {
	config := embedded.Config{
		Path: filepath.Join(c.Data, "log.db"), Listen: c.Listen, Username: c.User, Password: c.Password, Logger: io.logger,
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	if c.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return fmt.Errorf("--tls-cert, --tls-key: %w", err)
		}
		config.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	node, err := embedded.Start(config)
	if err != nil {
		return err
	}
	plain := "?tls=false"
	if config.TLS != nil {
		plain = "?tls=true"
	}
	fmt.Fprintf(io.out, "%s is served at esdb://%s%s\n", config.Path, node.Address(), plain)
	<-ctx.Done()
	return node.Close()
}
