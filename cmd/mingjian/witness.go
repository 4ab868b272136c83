package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/eventstore"
)

// witness puts on record that the operator takes events out of the log. What
// cannot be recorded is not to be handed out: the caller asks first.
func (p place) witness(ctx context.Context, log *eventstore.Log, event func(domain.Stamp) domain.Event) error {
	key, err := p.presentKey(ctx, log)
	if err == nil {
		err = command.Witness(ctx, log, eventstore.NewCodec(), key, time.Now(), command.Operator, event)
	}
	if errors.Is(err, eventstore.ErrFull) {
		return fmt.Errorf("nothing is handed out, as it could not be put on record; mingjian backup copies an embedded log without writing to it: %w", err)
	}
	if err != nil {
		return fmt.Errorf("nothing is handed out, as it could not be put on record: %w", err)
	}
	return nil
}

// presentKey is the deployment's key for a command that only looks. It makes
// none: a copied log whose key has not been brought yet would be bound to it.
func (p place) presentKey(ctx context.Context, log *eventstore.Log) ([]byte, error) {
	path := filepath.Join(p.Data, keyFile)
	if there, err := exists(path); err != nil {
		return nil, err
	} else if !there {
		return nil, fmt.Errorf("%s is missing: restore it from a backup, or copy it from another server of the log", path)
	}
	return pseudonymKey(ctx, p.Data, log)
}
