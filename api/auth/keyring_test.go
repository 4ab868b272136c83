package auth

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gocloud.dev/blob/memblob"

	"mingjian/domain/account"
)

const (
	oneID   = "aaaaaaaaaaaaaaaaaaaaaaaaa2"
	otherID = "bbbbbbbbbbbbbbbbbbbbbbbbb3"
)

// rings are keyrings of each kind, two of one place each.
func rings(t *testing.T, run func(t *testing.T, one, two *Keyring)) {
	t.Run("folder", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "keys")
		open := func() *Keyring {
			k, err := OpenKeyring(dir)
			must(t, err)
			t.Cleanup(func() { must(t, k.Close()) })
			return k
		}
		run(t, open(), open())
	})
	t.Run("bucket", func(t *testing.T) {
		k := NewKeyring(memblob.OpenBucket(nil))
		t.Cleanup(func() { must(t, k.Close()) })
		run(t, k, k)
	})
}

func TestKeyring(t *testing.T) {
	rings(t, func(t *testing.T, one, two *Keyring) {
		ctx := testContext(t)
		_, err := one.Seal(ctx, oneID, "field", []byte("text"))
		wantErr(t, "seal without a key", err, ErrErased, oneID)
		must(t, one.Create(ctx, oneID))
		sealed, err := one.Seal(ctx, oneID, "field", []byte("张三"))
		must(t, err)
		again, err := one.Seal(ctx, oneID, "field", []byte("张三"))
		must(t, err)
		if sealed == again || strings.Contains(string(sealed), "张三") {
			t.Errorf("sealed as %s and %s", sealed, again)
		}
		must(t, two.Create(ctx, oneID)) // does not replace the key
		text, err := two.Open(ctx, oneID, "field", sealed)
		must(t, err)
		if string(text) != "张三" {
			t.Errorf("opened as %q", text)
		}
		must(t, one.Create(ctx, otherID))
		_, err = one.Open(ctx, oneID, "other", sealed)
		wantErr(t, "opened as another field", err, ErrSealed, "other")
		_, err = one.Open(ctx, otherID, "field", sealed)
		wantErr(t, "opened as another account's", err, ErrSealed, otherID)
		for _, bad := range []string{"", "!", string(sealed[:8]), strings.Replace(string(sealed), string(sealed[9]), "_", 1), "AAAA" + string(sealed[4:])} {
			_, err = one.Open(ctx, oneID, "field", account.Sealed(bad))
			wantErr(t, "opened what was changed", err, ErrSealed)
		}
		must(t, two.Destroy(ctx, oneID))
		_, err = one.Open(ctx, oneID, "field", sealed)
		wantErr(t, "opened without its key", err, ErrErased)
		must(t, one.Destroy(ctx, oneID))
		must(t, one.Create(ctx, oneID))
		_, err = one.Open(ctx, oneID, "field", sealed)
		wantErr(t, "opened with a new key", err, ErrSealed)
		for _, id := range []string{"", "..", "../" + oneID[3:], strings.ToUpper(oneID), oneID + "a"} {
			if one.Create(ctx, id) == nil || one.Destroy(ctx, id) == nil {
				t.Errorf("%q names a key", id)
			}
		}
	})
}

// Of many that create a key at once, all seal with the one that came first.
func TestKeyringCreatedByManyAtOnce(t *testing.T) {
	rings(t, func(t *testing.T, one, two *Keyring) {
		ctx := testContext(t)
		var group sync.WaitGroup
		sealed := make([]string, 16)
		for i := range sealed {
			group.Go(func() {
				ring := []*Keyring{one, two}[i%2]
				err := ring.Create(ctx, oneID)
				if err == nil {
					text, sealErr := ring.Seal(ctx, oneID, "field", []byte("text"))
					sealed[i], err = string(text), sealErr
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for _, text := range sealed {
			if _, err := one.Open(ctx, oneID, "field", account.Sealed(text)); err != nil {
				t.Errorf("sealed under a key that was replaced: %v", err)
			}
		}
	})
}

func TestKeyringFolderIsPrivate(t *testing.T) {
	ctx, dir := testContext(t), filepath.Join(t.TempDir(), "keys")
	k, err := OpenKeyring(dir)
	must(t, err)
	must(t, k.Create(ctx, oneID))
	must(t, k.Close())
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, oneID): 0o600} {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), want)
		}
	}
	must(t, os.Chmod(dir, 0o750))
	if _, err := OpenKeyring(dir); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Errorf("a folder that others may read opens: %v", err)
	}
}

// A crash while a key was made may leave the aside file, which holds the key.
// It must go with the key, or the person would come back.
func TestDestroyFindsWhatACrashLeft(t *testing.T) {
	ctx, dir := testContext(t), filepath.Join(t.TempDir(), "keys")
	k, err := OpenKeyring(dir)
	must(t, err)
	defer k.Close()
	must(t, k.Create(ctx, oneID))
	must(t, k.Create(ctx, otherID))
	key, err := os.ReadFile(filepath.Join(dir, oneID))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "."+oneID+".123"), key, 0o600))
	must(t, k.Destroy(ctx, oneID))
	if left := grep(t, dir, string(key)); len(left) > 0 {
		t.Errorf("the key is still in %v", left)
	}
	if left := grep(t, dir, ""); len(left) != 1 {
		t.Errorf("files left: %v, want the other key only", left)
	}
}

func TestDamagedKeyIsNamed(t *testing.T) {
	ctx, dir := testContext(t), filepath.Join(t.TempDir(), "keys")
	k, err := OpenKeyring(dir)
	must(t, err)
	defer k.Close()
	must(t, os.WriteFile(filepath.Join(dir, oneID), bytes.Repeat([]byte{1}, 31), 0o600))
	if _, err := k.Seal(ctx, oneID, "field", nil); err == nil || !strings.Contains(err.Error(), "31 bytes, want 32") {
		t.Errorf("a key of 31 bytes seals: %v", err)
	}
}
