package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"mingjian/api/mail"
)

func TestMailing(t *testing.T) {
	const from = "明鉴 <noreply@pg.example.cn>"
	for _, test := range []struct {
		flags mailing
		mails bool
		says  string // what is wrong
	}{
		{flags: mailing{SMTPTLS: "starttls"}},
		{flags: mailing{SMTP: "mx.example.cn:587", SMTPTLS: "starttls", MailFrom: from}, mails: true},
		{flags: mailing{SMTP: "mx.example.cn:465", SMTPTLS: "implicit", SMTPUser: "u", SMTPPassword: "p", MailFrom: from}, mails: true},
		{flags: mailing{SMTP: "127.0.0.1:25", SMTPTLS: "none", MailFrom: from}, mails: true},
		{flags: mailing{SMTP: "mx.example.cn:25", SMTPTLS: "none", MailFrom: from}, says: "clear text"},
		{flags: mailing{SMTP: "mx.example.cn:587", SMTPTLS: "starttls"}, says: "sender"},
		{flags: mailing{SMTP: "mx.example.cn:587", SMTPTLS: "starttls", SMTPUser: "u", MailFrom: from}, says: "go together"},
		{flags: mailing{MailFrom: from}, says: "without --smtp"},
		{flags: mailing{SMTPPassword: "p"}, says: "without --smtp"},
	} {
		c, err := test.flags.letters("https://pg.example.cn")
		mails := c != nil
		if mails != test.mails || (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%+v: %v, %v; want %v, %q", test.flags, mails, err, test.mails, test.says)
		}
		want := mail.SMTP{Address: test.flags.SMTP, TLS: mail.TLS(test.flags.SMTPTLS), User: test.flags.SMTPUser, Password: test.flags.SMTPPassword, From: test.flags.MailFrom}
		if mails && c.SMTP != want {
			t.Errorf("%+v became %+v", test.flags, c.SMTP)
		}
		if _, err := test.flags.letters(""); test.mails && (err == nil || !strings.Contains(err.Error(), "needs --url")) {
			t.Errorf("%+v without links: %v", test.flags, err)
		}
	}
}

// TestServeChecksMailing: a slip in the mail's settings ends the start, before
// anything is opened.
func TestServeChecksMailing(t *testing.T) {
	t.Setenv("MINGJIAN_SMTP_PASSWORD", "p")
	dir := t.TempDir() + "/new"
	err := run(context.Background(), []string{
		"serve", "--data", dir, "--smtp", "mx.example.cn:587", "--mail-from", "noreply@pg.example.cn",
		"--url", "https://pg.example.cn",
	},
		strings.NewReader(""), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "user and password go together") {
		t.Errorf("%v", err)
	}
	if there, err := exists(dir); err != nil || there {
		t.Errorf("the data folder was made: %v, %v", there, err)
	}
}
