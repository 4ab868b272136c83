package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file:///…
	_ "gocloud.dev/blob/s3blob"   // s3://…

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/api/evidence"
	"mingjian/eventstore"
)

// Folders of the data folder, unless buckets take their place.
const (
	keyringFolder  = "keyring"
	evidenceFolder = "evidence"
)

// openAccounts opens the accounts of a log, with the keyring that makes its
// persons readable. The caller closes the keyring.
func (p place) openAccounts(ctx context.Context, log *eventstore.Log, codec *eventstore.Codec, key []byte) (*auth.Keyring, *auth.Accounts, error) {
	keyring, err := p.openKeyring(ctx)
	if err != nil {
		return nil, nil, err
	}
	accounts, err := auth.New(auth.Config{
		Log: log, Codec: codec, Keyring: keyring, Key: key, LeakedPasswords: p.LeakedPasswords,
		Pseudonym: func(stream, account string) string { return command.Pseudonym(key, stream, account) },
	})
	if err != nil {
		return nil, nil, errors.Join(err, keyring.Close())
	}
	return keyring, accounts, nil
}

func (p place) openKeyring(ctx context.Context) (*auth.Keyring, error) {
	if p.Keyring == "" {
		return auth.OpenKeyring(filepath.Join(p.Data, keyringFolder))
	}
	bucket, err := blob.OpenBucket(ctx, p.Keyring)
	if err != nil {
		return nil, fmt.Errorf("keyring %s: %w", p.Keyring, err)
	}
	return auth.NewKeyring(bucket), nil
}

func (p place) openEvidence(ctx context.Context) (*evidence.Store, error) {
	if p.Evidence == "" {
		return evidence.New(evidence.Config{Folder: filepath.Join(p.Data, evidenceFolder)})
	}
	bucket, err := blob.OpenBucket(ctx, p.Evidence)
	if err != nil {
		return nil, fmt.Errorf("evidence %s: %w", p.Evidence, err)
	}
	return evidence.New(evidence.Config{Bucket: bucket, Spool: filepath.Join(p.Data, "spool")})
}
