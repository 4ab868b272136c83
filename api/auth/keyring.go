package auth

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/gcerrors"

	"mingjian/domain/account"
)

var (
	// ErrErased means that an account has no key: it was destroyed, or another
	// keyring is in use. What the key sealed cannot be read any more.
	ErrErased = errors.New("the account's key is gone, what it sealed cannot be read")
	// ErrSealed means that sealed text was changed, or belongs to another account
	// or field.
	ErrSealed = errors.New("sealed text that this key does not open")
)

const keySize = 32

// Keyring keeps a key per account outside the log, so that destroying the key
// erases the person while the log stays as it is. Several servers share one
// keyring. It is safe for concurrent use.
//
// Destroying a key is as good as the place where it was kept: a bucket that
// keeps versions, and copies of the keyring, must forget it too.
type Keyring struct {
	bucket *blob.Bucket
	dir    string // of a keyring in a folder
}

// NewKeyring keeps keys in a bucket, which must know conditional writes. The
// caller must Close the keyring, which closes the bucket.
func NewKeyring(bucket *blob.Bucket) *Keyring { return &Keyring{bucket: bucket} }

// OpenKeyring keeps keys in a folder of its own, which it makes if need be.
func OpenKeyring(dir string) (*Keyring, error) {
	bucket, err := fileblob.OpenBucket(dir, &fileblob.Options{
		CreateDir: true, DirFileMode: 0o700, NoTempDir: true, Metadata: fileblob.MetadataDontWrite,
	})
	if err != nil {
		return nil, fmt.Errorf("auth: keyring: %w", err)
	}
	info, err := os.Stat(dir)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = fmt.Errorf("others may read folder %s (mode %04o); run chmod 700 on it", dir, info.Mode().Perm())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("auth: keyring: %w", err), bucket.Close())
	}
	return &Keyring{bucket: bucket, dir: dir}, nil
}

// Close closes the bucket.
func (k *Keyring) Close() error { return k.bucket.Close() }

var idForm = regexp.MustCompile(`^[a-z2-7]{26}$`)

func checkID(id string) error {
	if !idForm.MatchString(id) {
		return fmt.Errorf("auth: %.60q is not the id of an account", id)
	}
	return nil
}

// Create makes an account's key, durable on return. A key that exists stays:
// of several servers that create at once, all use the one that came first.
func (k *Keyring) Create(ctx context.Context, id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	var err error
	if k.dir != "" {
		err = k.createFile(id, key)
	} else {
		err = k.bucket.WriteAll(ctx, id, key, &blob.WriterOptions{ContentType: "application/octet-stream", IfNotExist: true})
		if gcerrors.Code(err) == gcerrors.FailedPrecondition {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("auth: create the key of account %s: %w", id, err)
	}
	return nil
}

// createFile does what a bucket in a folder does not: its conditional write
// races with other processes, and nothing there is synced. A crash may leave
// the aside file, which destroy finds by its name.
func (k *Keyring) createFile(id string, key []byte) error {
	aside, err := os.CreateTemp(k.dir, asidePattern(id))
	if err != nil {
		return err
	}
	_, err = aside.Write(key)
	err = errors.Join(err, aside.Sync(), aside.Close())
	if err == nil {
		err = os.Link(aside.Name(), filepath.Join(k.dir, id))
	}
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return errors.Join(err, os.Remove(aside.Name()), k.syncDir())
}

func asidePattern(id string) string { return "." + id + ".*" }

// Destroy removes an account's key for good. A key that is gone stays gone.
func (k *Keyring) Destroy(ctx context.Context, id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	err := k.bucket.Delete(ctx, id)
	if gcerrors.Code(err) == gcerrors.NotFound {
		err = nil
	}
	if err == nil && k.dir != "" {
		err = errors.Join(k.removeAside(id), k.syncDir())
	}
	if err != nil {
		return fmt.Errorf("auth: destroy the key of account %s: %w", id, err)
	}
	return nil
}

func (k *Keyring) removeAside(id string) error {
	left, err := filepath.Glob(filepath.Join(k.dir, asidePattern(id)))
	for _, path := range left {
		if e := os.Remove(path); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

func (k *Keyring) syncDir() error {
	dir, err := os.Open(k.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Seal encrypts text under an account's key, bound to a field: its stream,
// event and name. Sealed text that is moved elsewhere does not open there.
func (k *Keyring) Seal(ctx context.Context, id, field string, text []byte) (account.Sealed, error) {
	aead, err := k.aead(ctx, id)
	if err != nil {
		return "", err
	}
	return account.Sealed(base64.StdEncoding.EncodeToString(aead.Seal(nil, nil, text, bound(id, field)))), nil
}

// Open decrypts what Seal made: ErrErased without the key, ErrSealed if the
// text is not what was sealed here.
func (k *Keyring) Open(ctx context.Context, id, field string, sealed account.Sealed) ([]byte, error) {
	aead, err := k.aead(ctx, id)
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(string(sealed))
	if err == nil {
		raw, err = aead.Open(nil, nil, raw, bound(id, field))
	}
	if err != nil {
		return nil, fmt.Errorf("account %s, %s: %w", id, field, ErrSealed)
	}
	return raw, nil
}

func bound(id, field string) []byte { return []byte(account.StreamPrefix + id + "\x00" + field) }

// aead reads the key anew each time: one that was destroyed, perhaps by another
// server, opens nothing from then on.
func (k *Keyring) aead(ctx context.Context, id string) (cipher.AEAD, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	key, err := k.bucket.ReadAll(ctx, id)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, fmt.Errorf("account %s: %w", id, ErrErased)
	}
	if err != nil {
		return nil, fmt.Errorf("auth: read the key of account %s: %w", id, err)
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("auth: the key of account %s has %d bytes, want %d: restore the keyring", id, len(key), keySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}
