package mail

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"mingjian/domain"
	letters "mingjian/domain/mail"
)

// Letter is what is to be delivered: one for each event and person.
type Letter struct {
	// Cause is the id of the event that made something await the person.
	Cause uuid.UUID
	// Correlation is that event's own; its id if empty.
	Correlation string
	// Account is the person's.
	Account string
	Kind    letters.Kind
	// Path is where in the console it awaits, such as /appeals/7; it may have a
	// query and a fragment.
	Path string
}

// LetterID makes one id of a cause and an account, whichever server asks.
func LetterID(cause uuid.UUID, account string) uuid.UUID {
	return uuid.NewSHA1(cause, []byte("letter to "+account))
}

// limits of a letter's fields, in bytes.
const (
	maxAccount = 100
	maxPath    = 500
)

func (l Letter) check() error {
	if l.Cause == uuid.Nil || l.Account == "" || len(l.Account) > maxAccount {
		return fmt.Errorf("letter for event %s to account %.60q: both are needed: %w", l.Cause, l.Account, domain.ErrInvalid)
	}
	if _, known := texts[l.Kind]; !known {
		return fmt.Errorf("letter of kind %.40q: %w", l.Kind, domain.ErrInvalid)
	}
	_, err := url.Parse(l.Path)
	if err != nil || !strings.HasPrefix(l.Path, "/") || len(l.Path) > maxPath || !oneWord(l.Path) {
		return fmt.Errorf("letter's link %.60q is not a path of at most %d bytes: %w", l.Path, maxPath, domain.ErrInvalid)
	}
	return nil
}

// attempt is one claim on a letter.
type attempt struct {
	Letter
	id     uuid.UUID // the letter's
	stream string
	number int
	first  time.Time // when the first attempt began
	until  time.Time
}

// RetryError means that a letter is not sent yet, and from when on it makes
// sense to deliver it again. Nothing is forgotten meanwhile: the claim is on
// the log.
type RetryError struct {
	Letter uuid.UUID
	At     time.Time
	// General means that it has nothing to do with this letter, as when the mail
	// server is away: others would fare the same.
	General bool
	// Cause is what went wrong; mail.ErrClaimed of the domain if another server
	// is at it.
	Cause error
}

// Error names the letter and the time.
func (e *RetryError) Error() string {
	return fmt.Sprintf("letter %s: try again at %s: %v", e.Letter, e.At.Format(time.RFC3339), e.Cause)
}

// Unwrap gives the cause.
func (e *RetryError) Unwrap() error { return e.Cause }
