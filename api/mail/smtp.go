package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"os"
	"regexp"
	"strings"
	"unicode"

	"github.com/wneessen/go-mail/smtp"
)

// errTLS means that the mail server does not offer what it must.
var errTLS = errors.New("the mail server does not offer STARTTLS, nothing was sent")

// errSignIn means that there is no way to sign in that both sides know.
var errSignIn = errors.New("the mail server offers none of SCRAM-SHA-256, PLAIN and LOGIN")

// refusal is the mail server's answer to this letter, its recipient or its
// text, and not to all that we might send.
type refusal struct {
	code int
	text string
}

// Error is the server's answer.
func (r *refusal) Error() string { return fmt.Sprintf("the mail server answers %d %s", r.code, r.text) }

// permanent reports whether it is no use to try again. What the server forbids
// us (5.7.x, such as relaying) is not: settings can mend it.
func (r *refusal) permanent() bool {
	switch r.code {
	case 550, 551, 552, 553, 554, 556:
		return !strings.HasPrefix(r.text, "5.7.")
	}
	return false
}

// transmit hands a letter to the mail server. Without an error the server has
// taken it. With one it has not, unless the connection was lost while its
// answer was on the way. When ctx ends, the connection does.
func (c SMTP) transmit(ctx context.Context, from, to *netmail.Address, message []byte) error {
	err := c.converse(ctx, from, to, message)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("mail server %s: %w (%v)", c.Address, ctx.Err(), err)
	}
	if err != nil {
		return fmt.Errorf("mail server %s: %w", c.Address, err)
	}
	return nil
}

func (c SMTP) converse(ctx context.Context, from, to *netmail.Address, message []byte) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // ends whatever waits for the server
	client, err := c.open(conn)
	if err != nil {
		return err
	}
	// Not asked for without need: such mail goes to fewer servers.
	client.SkipSMTPUTF8(ascii(to.Address))
	if offered, _ := client.Extension("SMTPUTF8"); !offered && !ascii(to.Address) {
		return &refusal{code: 553, text: "5.6.7 nothing to this address: it does not offer SMTPUTF8"}
	}
	if err := client.Mail(bracketed(from)); err != nil {
		return fmt.Errorf("MAIL: %w", err)
	}
	if err := client.Rcpt(bracketed(to)); err != nil {
		return answer(to, err)
	}
	w, err := client.Data()
	if err != nil {
		return answer(to, err)
	}
	if _, err := w.Write(message); err != nil {
		return fmt.Errorf("DATA: %w", err)
	}
	if err := w.Close(); err != nil {
		return answer(to, err)
	}
	// It has the letter. Whether it has heard that we leave is all the same, and
	// waiting for it would widen the window in which a crash forgets.
	_, _ = client.Text.Cmd("QUIT")
	return nil
}

func ascii(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

// bracketed is an address as commands hold it, quoted where need be.
func bracketed(address *netmail.Address) string {
	return (&netmail.Address{Address: address.Address}).String()
}

// open greets the server, encrypts and signs in.
func (c SMTP) open(conn net.Conn) (*smtp.Client, error) {
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil {
		return nil, err
	}
	encrypted := &tls.Config{ServerName: host, RootCAs: c.Roots, MinVersion: tls.VersionTLS12}
	if c.TLS == Implicit {
		conn = tls.Client(conn, encrypted)
	}
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		return nil, fmt.Errorf("greeting: %w", err)
	}
	name, err := os.Hostname()
	if err != nil || name == "" {
		name = "localhost"
	}
	if err := client.Hello(name); err != nil {
		return nil, fmt.Errorf("EHLO: %w", err)
	}
	if c.TLS == STARTTLS {
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return nil, errTLS
		}
		if err := client.StartTLS(encrypted); err != nil {
			return nil, fmt.Errorf("STARTTLS: %w", err)
		}
	}
	if c.User == "" {
		return client, nil
	}
	return client, c.signIn(client, host)
}

// signIn uses the best way that the server offers. Without TLS the server is on
// this machine: Validate has seen to it.
func (c SMTP) signIn(client *smtp.Client, host string) error {
	_, offered := client.Extension("AUTH")
	for _, way := range []struct {
		name string
		auth smtp.Auth
	}{
		{"SCRAM-SHA-256", smtp.ScramSHA256Auth(c.User, c.Password)},
		{"PLAIN", smtp.PlainAuth("", c.User, c.Password, host, c.TLS == None)},
		{"LOGIN", smtp.LoginAuth(c.User, c.Password, host, c.TLS == None)},
	} {
		for mechanism := range strings.FieldsSeq(offered) {
			if !strings.EqualFold(mechanism, way.name) {
				continue
			}
			if err := client.Auth(way.auth); err != nil {
				return fmt.Errorf("AUTH %s: %w", way.name, err)
			}
			return nil
		}
	}
	return errSignIn
}

// answer tells what the server answers to a letter from what befalls the
// connection: 421 is the server's leave. Servers like to repeat the address,
// which is not for logs.
func answer(to *netmail.Address, err error) error {
	said, ok := errors.AsType[*textproto.Error](err)
	if !ok || said.Code == 421 {
		return err
	}
	address := regexp.MustCompile("(?i)" + regexp.QuoteMeta(to.Address))
	return &refusal{code: said.Code, text: address.ReplaceAllString(said.Msg, "…")}
}
