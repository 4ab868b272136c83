package auth

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mingjian/domain"
)

// Passwords that everybody tries, each of twelve characters or more.
func TestCommonPasswords(t *testing.T) {
	for _, password := range []string{
		"123456789012", "1234567890123", "987654321098", "abcdefghijkl", "aaaaaaaaaaaa", "abcabcabcabc", "123123123123",
		"qwertyuiopas", "qwertyuiop123", "1qaz2wsx3edc", "1q2w3e4r5t6y", "zaq12wsxcde3", "asdfghjkl123", "147258369147",
		"password1234", "Password2022!", "p@ssw0rd1234", "P@$$w0rd!2022", "Admin@123456", "administrator1", "letmein12345",
		"woaini1314520", "woaini5201314", "5201314520131", "WoAiNi@1314520", "nihao123456789", "shanghai2022!", "Shanghai@2024#",
		"zhangwei19870512", "liwei19901231", "wangwu870512!!", "huangpu123456", "mingjian2022!!", "pinggu123456!", "iloveyou1314",
		"          123", "!!!!!!!!!!!!", "2022-2023-2024", "20220601-20220831", "zhongguo19491001", "woaiwojia1314", "888888888888",
		"518518518518", "a123456a123456", "qwe123asd123", "xinniankuaile2023", "ＰＡＳＳＷＯＲＤ１２３４",
	} {
		normal, ok := normalizePassword(password)
		if !ok || !isCommon(normal) {
			t.Errorf("%q passes", password)
		}
	}
}

func TestUncommonPasswords(t *testing.T) {
	for _, password := range []string{
		goodPass, otherPass, "correct horse battery staple", "kT7#mQ2$wZ9x", "窗口排队十五分钟以内最好", "vexing-quilt-barn-otter",
		"浦江两岸灯火通明时回家", "8f3a0c9de17b", "Tuesday we repaired the gate", "ruby0xcafe-lantern",
	} {
		if normal, ok := normalizePassword(password); !ok || isCommon(normal) {
			t.Errorf("%q is refused", password)
		}
	}
}

// What a password manager makes is not taken for common.
func TestRandomPasswordsPass(t *testing.T) {
	const signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		password := make([]byte, MinPassword)
		for i := range password {
			password[i] = signs[random.IntN(len(signs))]
		}
		if isCommon(string(password)) {
			t.Errorf("%q is refused", password)
		}
	}
}

func TestPasswordRules(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct{ password, says, zh string }{
		{"", "0 characters, at least 12", "至少 12"},
		{"elevenchars", "11 characters", "至少 12"},
		{strings.Repeat("长文", 65), "over 128 characters", "最多 128"},
		{"\xff" + goodPass, "not UTF-8", "最多 128"},
		{"password1234", "commonly used", "常见"},
		{"my " + zhangMail + " it is", "holds the login", "不能含有"},
		{"quilt ZHANG.SAN quilt", "holds the login", "不能含有"},
		{"quilt 张三丰 lantern otter", "holds the login", "不能含有"},
		{"quilt13812345678lantern", "holds the login", "不能含有"},
	} {
		_, err := w.checkPassword(test.password, zhang)
		wantErr(t, fmt.Sprintf("%.30q", test.password), err, domain.ErrWeakPassword, test.says)
		if weak, ok := errors.AsType[*WeakPasswordError](err); !ok || !strings.Contains(weak.Zh, test.zh) {
			t.Errorf("%.30q: %+v, want %q", test.password, weak, test.zh)
		}
	}
	for _, password := range []string{strings.Repeat("窗", 11) + "x", goodPass, strings.Repeat("quilt窗lantern", 8)} {
		if _, err := w.checkPassword(password, zhang); err != nil {
			t.Errorf("%q: %v", password, err)
		}
	}
}

// The same password from any keyboard: composed or not, full-width or not.
func TestPasswordsAreNormalized(t *testing.T) {
	w := newWorld(t)
	id := w.signedUp(zhang, "caf\u00e9 ｑuilt on the roof")
	if got := w.signIn(zhangMail, "cafe\u0301 quilt on the roof"); got.Account != id {
		t.Errorf("signed in as %s", got.Account)
	}
}

func TestLeakedPasswords(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t)
	s := w.server(func(c *Config) { c.LeakedPasswords = dir })
	write := func(name, password, count string) {
		sum := fmt.Sprintf("%X", sha1.Sum([]byte(password)))
		text := "0018A45C4D1DEF81644B54AB7F969B88D65:21\r\n" + sum[5:] + ":" + count + "\r\n00D4F6E8FA6EECAD2A3AA415EEC418D38EC:2\r\n"
		must(t, os.WriteFile(filepath.Join(dir, sum[:5]+name), []byte(text), 0o600))
	}
	write("", goodPass, "3")
	write(".txt", otherPass, "0")
	_, err := s.checkPassword(goodPass, zhang)
	wantErr(t, "a leaked password", err, domain.ErrWeakPassword, "list of leaked passwords")
	if _, err := s.checkPassword(otherPass, zhang); err != nil {
		t.Errorf("a padded suffix, leaked 0 times: %v", err)
	}
	_, err = s.checkPassword("no range holds this one", zhang)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a range file is missing: %v, want it named", err)
	}
}
