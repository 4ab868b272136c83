package auth

import (
	"bufio"
	"crypto/sha1"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"mingjian/domain"
)

// Limits of a password, in characters.
const (
	MinPassword = 12
	MaxPassword = 128
)

// WeakPasswordError says why a password is refused. It matches
// domain.ErrWeakPassword.
type WeakPasswordError struct {
	Reason string
	Zh     string // the reason as a Chinese sentence
}

// Error names the reason.
func (e *WeakPasswordError) Error() string { return e.Reason + ": " + domain.ErrWeakPassword.Error() }

// Is makes errors.Is(err, domain.ErrWeakPassword) true.
func (e *WeakPasswordError) Is(target error) bool { return target == domain.ErrWeakPassword }

// normalizePassword gives all ways to type a password one form, so that it is
// the same from every keyboard. It is false for what nobody's password can be,
// which costs no long hashing then.
func normalizePassword(password string) (string, bool) {
	if len(password) > 16*MaxPassword || !utf8.ValidString(password) {
		return "", false
	}
	normal := norm.NFKC.String(password)
	return normal, utf8.RuneCountInString(normal) <= MaxPassword
}

// checkPassword gives the normal form of a password that a person may have.
func (s *Accounts) checkPassword(password string, person Person) (string, error) {
	normal, ok := normalizePassword(password)
	if !ok {
		return "", &WeakPasswordError{fmt.Sprintf("over %d characters, or not UTF-8", MaxPassword), fmt.Sprintf("密码最多 %d 个字符。", MaxPassword)}
	}
	if n := utf8.RuneCountInString(normal); n < MinPassword {
		return "", &WeakPasswordError{fmt.Sprintf("%d characters, at least %d needed", n, MinPassword), fmt.Sprintf("密码至少 %d 个字符。", MinPassword)}
	}
	if holdsPerson(normal, person) {
		return "", &WeakPasswordError{"it holds the login, name, mail address or phone number", "密码中不能含有登录名、姓名、邮箱或电话。"}
	}
	if isCommon(normal) {
		return "", &WeakPasswordError{"it is made of what is commonly used", "密码由常见的词语或数字组成，请换一个。"}
	}
	leaked, err := isLeaked(s.config.LeakedPasswords, normal)
	if err != nil {
		return "", err
	}
	if leaked {
		return "", &WeakPasswordError{"it is on the list of leaked passwords", "密码曾经泄露过，请换一个。"}
	}
	return normal, nil
}

func holdsPerson(password string, p Person) bool {
	fold := func(text string) string { return strings.ToLower(norm.NFKC.String(text)) }
	password = fold(password)
	for _, text := range []string{p.Login, p.Name, p.Mail, p.Phone} {
		local, _, _ := strings.Cut(fold(text), "@")
		// Two Chinese characters are a name; two letters are in every other word.
		if len(local) >= 4 && strings.Contains(password, local) {
			return true
		}
	}
	return false
}

// isLeaked looks a password up in a folder of range files: one file per first
// five hexadecimal digits of the SHA-1, with a line SUFFIX:COUNT for each leaked
// password. Without a folder nothing is leaked. A file that is missing is an
// error: all 2^20 of them exist, so the folder is not complete.
func isLeaked(dir, password string) (bool, error) {
	if dir == "" {
		return false, nil
	}
	sum := fmt.Sprintf("%X", sha1.Sum([]byte(password)))
	file, err := os.Open(filepath.Join(dir, sum[:5]))
	if errors.Is(err, fs.ErrNotExist) {
		file, err = os.Open(filepath.Join(dir, sum[:5]+".txt"))
	}
	if err != nil {
		return false, fmt.Errorf("auth: leaked passwords: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		suffix, count, _ := strings.Cut(lines.Text(), ":")
		// The ranges are padded with suffixes that nobody leaked: count 0.
		if strings.EqualFold(suffix, sum[5:]) {
			return strings.TrimSpace(count) != "0", nil
		}
	}
	if err := lines.Err(); err != nil {
		return false, fmt.Errorf("auth: leaked passwords: %w", err)
	}
	return false, nil
}
