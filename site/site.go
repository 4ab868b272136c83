// Package site publishes a release as a folder of static pages and downloads,
// generated from the public GraphQL schema in process: it can show nothing that
// the public schema does not answer.
package site

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// Source answers public GraphQL documents: the response's data object as JSON,
// or an error if the response holds any. Calls come from several goroutines.
type Source interface {
	Execute(ctx context.Context, document, operation string, variables map[string]any) ([]byte, error)
}

// Config says where the site lies and where its contents come from.
type Config struct {
	// Dir holds releases/<round>-<n>/ and current, a relative symbolic link to
	// one of them. One process builds in it at a time.
	Dir    string
	Source Source
	Logger *slog.Logger // slog.Default if nil
}

// Validate reports all faults at once.
func (c Config) Validate() error {
	var faults []error
	if c.Dir == "" {
		faults = append(faults, errors.New("site: no folder to publish to"))
	}
	if c.Source == nil {
		faults = append(faults, errors.New("site: no source of published data"))
	}
	return errors.Join(faults...)
}

// Site is the published folder. Its methods may be called concurrently.
type Site struct {
	dir    string
	source Source
	log    *slog.Logger
	style  asset
	seal   asset
	filter asset

	building sync.Mutex // one build at a time
	// before is asked ahead of each change on disk; tests break off there.
	before func(op, name string) error
}

// New prepares the folder; it builds nothing yet.
func New(cfg Config) (*Site, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if err := os.MkdirAll(filepath.Join(cfg.Dir, releasesDir), 0o755); err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	return &Site{
		dir: cfg.Dir, source: cfg.Source, log: cfg.Logger,
		style: loadAsset("site.css"), seal: loadAsset("seal.svg"), filter: loadAsset("filter.js"),
		before: func(string, string) error { return nil },
	}, nil
}
