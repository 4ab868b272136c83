package main

import (
	"errors"

	"mingjian/api/mail"
)

// mailing says how letters leave.
type mailing struct {
	SMTP         string `name:"smtp" placeholder:"HOST:PORT" help:"Mail server by which people are told that something awaits them; without it nobody gets mail." env:"MINGJIAN_SMTP"`
	SMTPTLS      string `name:"smtp-tls" default:"starttls" enum:"starttls,implicit,none" help:"How to encrypt: starttls (mostly port 587), implicit (mostly 465), or none, to a mail server on this machine only." env:"MINGJIAN_SMTP_TLS"`
	SMTPUser     string `name:"smtp-user" placeholder:"USER" help:"Our user there, if it asks for one." env:"MINGJIAN_SMTP_USER"`
	SMTPPassword string `name:"smtp-password" placeholder:"PASSWORD" help:"Our password there; give it by the environment." env:"MINGJIAN_SMTP_PASSWORD"`
	MailFrom     string `name:"mail-from" placeholder:"ADDRESS" help:"Sender of the letters, such as '明鉴 <noreply@pg.example.cn>'." env:"MINGJIAN_MAIL_FROM"`
}

// letters is the part of a sender's configuration that the flags say, checked;
// nil without a mail server. url is what the links of letters begin with.
func (m mailing) letters(url string) (*mail.Config, error) {
	if m.SMTP == "" {
		if m.SMTPUser != "" || m.SMTPPassword != "" || m.MailFrom != "" {
			return nil, errors.New("--smtp-user, --smtp-password and --mail-from say nothing without --smtp")
		}
		return nil, nil
	}
	if url == "" {
		return nil, errors.New("--smtp needs --url: letters hold a link, which must work where they are read")
	}
	c := mail.Config{BaseURL: url, SMTP: mail.SMTP{
		Address: m.SMTP, TLS: mail.TLS(m.SMTPTLS), User: m.SMTPUser, Password: m.SMTPPassword, From: m.MailFrom,
	}}
	if err := c.SMTP.Validate(); err != nil {
		return nil, err
	}
	return &c, nil
}
