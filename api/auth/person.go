package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"mingjian/domain"
)

// Person is who an account belongs to. It is stored sealed only.
type Person struct {
	// Login is the name or mail address to sign in with, normalized. It cannot
	// change: the account's id is made from it.
	Login string `json:"login"`
	Name  string `json:"name"`
	Mail  string `json:"mail,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// NormalizeLogin gives all ways to write a login one form: compatibility forms
// such as full-width letters become plain, capitals small.
func NormalizeLogin(login string) (string, error) {
	if len(login) > 400 || !utf8.ValidString(login) {
		return "", fmt.Errorf("a login of %d bytes, 3 to 100 characters of UTF-8 needed: %w", len(login), domain.ErrInvalid)
	}
	normal := norm.NFKC.String(strings.ToLower(norm.NFKC.String(login)))
	if n := utf8.RuneCountInString(normal); n < 3 || n > 100 {
		return "", fmt.Errorf("login %.60q has %d characters, 3 to 100 needed: %w", login, n, domain.ErrInvalid)
	}
	for _, r := range normal {
		if !unicode.In(r, unicode.L, unicode.M, unicode.Nd) && !strings.ContainsRune("@.-_+'", r) {
			return "", fmt.Errorf("login %.60q holds %q; letters, digits and @ . - _ + ' only: %w", login, r, domain.ErrInvalid)
		}
	}
	return normal, nil
}

// accountID makes one id of one login, so that one login is one stream and the
// log itself sees to it that no two accounts have it, whichever server creates
// them. Without the deployment's key nobody can tell the login from the id.
func accountID(key []byte, normalized string) string {
	return keyed(key, "login", normalized)[:26]
}

// keyed is a keyed hash as lower-case letters and digits.
func keyed(key []byte, parts ...string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(strings.Join(parts, "\x00")))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)))
}

// check normalizes the login and reports all faults at once.
func (p Person) check() (Person, error) {
	var faults []error
	login, err := NormalizeLogin(p.Login)
	if err != nil {
		faults = append(faults, err)
	}
	p.Login = login
	for field, text := range map[string]string{"name": p.Name, "mail": p.Mail, "phone": p.Phone} {
		switch {
		case !utf8.ValidString(text) || utf8.RuneCountInString(text) > 200:
			faults = append(faults, fmt.Errorf("%s is not UTF-8 of at most 200 characters: %w", field, domain.ErrInvalid))
		case strings.TrimSpace(text) != text || strings.ContainsFunc(text, unicode.IsControl):
			faults = append(faults, fmt.Errorf("%s begins or ends with a blank, or holds a control character: %w", field, domain.ErrInvalid))
		}
	}
	if p.Name == "" {
		faults = append(faults, fmt.Errorf("name: missing: %w", domain.ErrInvalid))
	}
	if parsed, err := mail.ParseAddress(p.Mail); p.Mail != "" && (err != nil || parsed.Address != p.Mail) {
		faults = append(faults, fmt.Errorf("mail %.60q is not an address: %w", p.Mail, domain.ErrInvalid))
	}
	return p, errors.Join(faults...)
}
