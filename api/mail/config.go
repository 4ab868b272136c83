package mail

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"mingjian/eventstore"
)

// Accounts tell where letters go.
type Accounts interface {
	// Mailbox is the mail address of an account at this moment, "" where it has
	// none. An account that is not there (any more) is domain.ErrUnknownAccount,
	// one that is disabled domain.ErrDisabled: both mean that no letter is to be
	// sent. Any other error means that it is not known now.
	Mailbox(ctx context.Context, account string) (string, error)
}

// TLS is how the connection to the mail server is encrypted.
type TLS string

// The ways to connect.
const (
	// STARTTLS begins in clear text and refuses to go on without TLS.
	STARTTLS TLS = "starttls"
	// Implicit speaks TLS from the first byte.
	Implicit TLS = "implicit"
	// None stays in clear text. It is for a mail server on this machine.
	None TLS = "none"
)

// SMTP says how letters leave.
type SMTP struct {
	Address string // of the mail server, host:port
	TLS     TLS    // STARTTLS if empty
	// User and Password sign in; without a user there is no sign-in.
	User, Password string
	// From is the sender, such as 明鉴 <noreply@pg.example.cn>.
	From string
	// Roots are the certificates to trust; the system's if nil.
	Roots *x509.CertPool
}

// Validate reports all faults at once.
func (c SMTP) Validate() error {
	var faults []error
	host, port, err := net.SplitHostPort(c.Address)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || host == "" || portErr != nil || number == 0 {
		faults = append(faults, fmt.Errorf("mail: server %.80q is not host:port", c.Address))
	}
	switch c.TLS {
	case "", STARTTLS, Implicit:
	case None:
		if err == nil && !loopback(host) {
			faults = append(faults, fmt.Errorf("mail: letters and password would travel to %.80s in clear text: without TLS the mail server must be on this machine", host))
		}
	default:
		faults = append(faults, fmt.Errorf("mail: TLS %.20q is not %s, %s or %s", c.TLS, STARTTLS, Implicit, None))
	}
	if (c.User == "") != (c.Password == "") {
		faults = append(faults, errors.New("mail: user and password go together"))
	}
	if _, err := sender(c.From); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// loopback reports whether a host is this machine. Names are not looked up: a
// name server must not decide where a password goes.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// sender parses the address that letters come from. It is plain ASCII, as its
// domain ends the Message-ID; the name before it may be anything in one line.
func sender(from string) (*netmail.Address, error) {
	address, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("mail: sender %.80q: %w", from, err)
	}
	if !ascii(address.Address) || strings.ContainsFunc(address.Name, unicode.IsControl) {
		return nil, fmt.Errorf("mail: sender %.80q: an address of plain ASCII and a name without control characters are needed", from)
	}
	return address, nil
}

// Config says what a Sender works on.
type Config struct {
	Log      *eventstore.Log
	Codec    *eventstore.Codec
	Accounts Accounts
	SMTP     SMTP
	// BaseURL is the console's address as people see it; the path of a letter's
	// link follows.
	BaseURL string
	// Pseudonym names an account in the events of one stream.
	Pseudonym func(stream, account string) string
	// Lease is how long the first attempt has a letter to itself; 2 minutes if
	// zero. Each further attempt has it twice as long as the one before, up to an
	// hour. An attempt gives up after half a lease: the other half is for clocks
	// of servers that differ, and for recording how it went.
	Lease time.Duration
	// Patience is how long a mail server may put a letter off before it is
	// abandoned; 5 days if zero.
	Patience time.Duration
	Now      func() time.Time // time.Now if nil
	Logger   *slog.Logger     // slog.Default() if nil
}

// Validate reports all faults at once.
func (c Config) Validate() error {
	var faults []error
	if c.Log == nil || c.Codec == nil || c.Accounts == nil || c.Pseudonym == nil {
		faults = append(faults, errors.New("mail: log, codec, accounts and pseudonyms are needed"))
	}
	faults = append(faults, c.SMTP.Validate())
	if base, err := url.Parse(c.BaseURL); err != nil || base.Scheme != "https" && base.Scheme != "http" || base.Host == "" ||
		base.User != nil || strings.ContainsAny(c.BaseURL, "?#") || !oneWord(c.BaseURL) {
		faults = append(faults, fmt.Errorf("mail: base URL %.80q is not http(s)://host with or without a path", c.BaseURL))
	}
	if c.Lease < 0 || c.Lease > longestLease || c.Patience < 0 {
		faults = append(faults, fmt.Errorf("mail: lease %s and patience %s; a lease of at most %s and nothing negative needed", c.Lease, c.Patience, longestLease))
	}
	return errors.Join(faults...)
}

// oneWord reports whether a text holds neither blanks nor control characters.
func oneWord(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

const longestLease = time.Hour

// withDefaults checks the configuration and fills in what may be left out.
func (c Config) withDefaults() (Config, error) {
	if err := c.Validate(); err != nil {
		return c, err
	}
	if c.SMTP.TLS == "" {
		c.SMTP.TLS = STARTTLS
	}
	if c.Lease == 0 {
		c.Lease = 2 * time.Minute
	}
	if c.Patience == 0 {
		c.Patience = 5 * 24 * time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, nil
}
