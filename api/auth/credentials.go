package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"

	"mingjian/domain"
	"mingjian/domain/account"
)

// InvitationLifetime is how long the link to set a password is good.
const InvitationLifetime = 7 * 24 * time.Hour

// Invite makes a one-time token by which its holder sets the account's
// password, for the first time or because it was forgotten. The log holds only
// its hash; the same command sent again makes the same token.
func (s *Accounts) Invite(ctx context.Context, m Meta, id string) (token string, expires time.Time, receipt Receipt, err error) {
	command, err := uuid.Parse(m.ID)
	if err != nil {
		return "", time.Time{}, Receipt{}, fmt.Errorf("command id %.60q is not a UUID: %w", m.ID, domain.ErrInvalid)
	}
	token = id + "." + keyed(s.derive("invitation"), id, command.String())
	expires = s.now().Add(InvitationLifetime)
	receipt, err = s.execute(ctx, m, id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		return a.Invite(by, hashOf(token), expires)
	})
	if err != nil {
		return "", time.Time{}, Receipt{}, err
	}
	return token, expires, receipt, nil
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Invitation is the login that a token sets the password of, or
// domain.ErrInvitation if the token is not good, for whatever reason.
func (s *Accounts) Invitation(ctx context.Context, token string) (login string, err error) {
	person, err := s.invited(ctx, token)
	return person.Login, err
}

func (s *Accounts) invited(ctx context.Context, token string) (Person, error) {
	id, _, _ := strings.Cut(token, ".")
	var sealed account.Sealed
	err := s.look(ctx, id, func(a *account.Account) error {
		if err := a.Invitee(hashOf(token), s.now()); err != nil {
			return err
		}
		sealed = a.Created.Person
		return nil
	})
	var person Person
	if err == nil {
		err = s.openJSON(ctx, id, fieldPerson, sealed, &person)
	}
	if errors.Is(err, domain.ErrUnknownAccount) || errors.Is(err, domain.ErrDisabled) || errors.Is(err, ErrErased) {
		// A token without its account is none. So is one of an account that must
		// not sign in.
		return Person{}, domain.ErrInvitation
	}
	return person, err
}

// AcceptInvitation sets the password of the token's account, uses the token up
// and ends all sessions.
func (s *Accounts) AcceptInvitation(ctx context.Context, token, password string) (Receipt, error) {
	person, err := s.invited(ctx, token)
	if err != nil {
		return Receipt{}, err
	}
	id, _, _ := strings.Cut(token, ".")
	sealed, err := s.sealPassword(ctx, id, password, person)
	if err != nil {
		return Receipt{}, err
	}
	receipt, err := s.execute(ctx, self(id), id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		return a.AcceptInvitation(by, hashOf(token), sealed)
	})
	if err == nil {
		s.byAccount.clear(id)
	}
	return receipt, err
}

// SetPassword replaces a password by one who knows it, and ends all sessions.
func (s *Accounts) SetPassword(ctx context.Context, m Meta, id, old, password string) (Receipt, error) {
	// All is checked in the decision: a command that is on record is not asked
	// for a password that it has replaced.
	return s.execute(ctx, m, id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		if err := s.confirm(ctx, id, a, old); err != nil {
			return nil, err
		}
		var person Person
		if err := s.openJSON(ctx, id, fieldPerson, a.Created.Person, &person); err != nil {
			return nil, err
		}
		sealed, err := s.sealPassword(ctx, id, password, person)
		if err != nil {
			return nil, err
		}
		return a.SetPassword(by, sealed)
	})
}

// confirm checks the password of somebody signed in, as slowly as a sign-in: a
// session left open must not be a place to guess at.
func (s *Accounts) confirm(ctx context.Context, id string, a *account.Account, password string) error {
	if err := a.Usable(); err != nil {
		return err
	}
	if err := s.byAccount.begin(id, s.now()); err != nil {
		return err
	}
	match, err := s.matches(ctx, id, a.Password, password)
	switch {
	case err != nil: // it was not tried
		s.byAccount.forgive(id)
		return err
	case !match:
		return domain.ErrSignIn
	}
	s.byAccount.clear(id)
	return nil
}

// matches checks a password. It hashes once, whatever there is.
func (s *Accounts) matches(ctx context.Context, id string, sealed account.Sealed, password string) (bool, error) {
	hash, err := s.openText(ctx, id, fieldPassword, sealed)
	if err != nil {
		return false, err
	}
	normal, possible := normalizePassword(password)
	match, err := s.hasher.check(ctx, normal, hash)
	return match && possible, err
}

func (s *Accounts) sealPassword(ctx context.Context, id, password string, person Person) (account.Sealed, error) {
	normal, err := s.checkPassword(password, person)
	if err != nil {
		return "", err
	}
	hash, err := s.hasher.hash(ctx, normal)
	if err != nil {
		return "", err
	}
	return s.config.Keyring.Seal(ctx, id, fieldPassword, []byte(hash))
}

// Enrollment is a TOTP secret that is not in force before a code confirms it.
type Enrollment struct {
	Secret string // base32, to type into an app
	URL    string // otpauth://…, to show as a QR code
	// Ticket goes back with the code. Any server of the log understands it.
	Ticket string
}

// enrollmentTime is how long one may take to confirm a secret.
const enrollmentTime = 15 * time.Minute

// ticket is what an Enrollment's ticket seals.
type ticket struct {
	Secret  string    `json:"secret"`
	Expires time.Time `json:"expires"`
}

const fieldTicket = "enrollment"

// EnrollTOTP makes a TOTP secret for one who knows the password. Nothing is
// recorded before ConfirmTOTP.
func (s *Accounts) EnrollTOTP(ctx context.Context, id, password string) (Enrollment, error) {
	var held account.Account
	if err := s.look(ctx, id, func(a *account.Account) error {
		held = account.Account{Created: a.Created, Password: a.Password, Disabled: a.Disabled, Erased: a.Erased}
		return nil
	}); err != nil {
		return Enrollment{}, err
	}
	if err := s.confirm(ctx, id, &held, password); err != nil {
		return Enrollment{}, fmt.Errorf("account %s: %w", id, err)
	}
	var person Person
	if err := s.openJSON(ctx, id, fieldPerson, held.Created.Person, &person); err != nil {
		return Enrollment{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: s.config.Issuer, AccountName: person.Login})
	if err != nil {
		return Enrollment{}, fmt.Errorf("auth: make a TOTP secret: %w", err)
	}
	sealed, err := s.sealJSON(ctx, id, fieldTicket, ticket{Secret: key.Secret(), Expires: s.now().Add(enrollmentTime)})
	if err != nil {
		return Enrollment{}, err
	}
	return Enrollment{Secret: key.Secret(), URL: key.URL(), Ticket: string(sealed)}, nil
}

// ConfirmTOTP puts the secret of an enrollment in force: the code shows that the
// app has it. The same code does not sign in afterwards.
func (s *Accounts) ConfirmTOTP(ctx context.Context, m Meta, id, enrollment, code string) (Receipt, error) {
	return s.execute(ctx, m, id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		if err := a.Usable(); err != nil {
			return nil, err
		}
		var t ticket
		err := s.openJSON(ctx, id, fieldTicket, account.Sealed(enrollment), &t)
		if errors.Is(err, ErrSealed) || err == nil && !by.At.Before(t.Expires) {
			return nil, fmt.Errorf("the enrollment is over, begin again: %w", domain.ErrInvitation)
		}
		if err != nil {
			return nil, err
		}
		step := matchStep(code, t.Secret, by.At, a.Step)
		if step == 0 {
			return nil, domain.ErrSignIn
		}
		secret, err := s.config.Keyring.Seal(ctx, id, fieldTOTP, []byte(t.Secret))
		if err != nil {
			return nil, err
		}
		return a.SetTOTP(by, secret, step)
	})
}

// ClearTOTP lets an account sign in by password alone, as for somebody who lost
// the app. Nothing is asked here: it is for an organizer, not for its owner.
func (s *Accounts) ClearTOTP(ctx context.Context, m Meta, id string) (Receipt, error) {
	return s.execute(ctx, m, id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		return a.ClearCredential(by, account.TOTP)
	})
}

// totpPeriod is the seconds of a time step, as all authenticator apps have it.
const totpPeriod = 30

// matchStep finds the time step that a code is of: the present one, or one
// before or after, as clocks differ, but later than the last one used. It is 0
// if there is none.
func matchStep(code, secret string, now time.Time, last int64) int64 {
	present := now.Unix() / totpPeriod
	for step := max(present-1, last+1); step <= present+1; step++ {
		want, err := totp.GenerateCode(secret, time.Unix(step*totpPeriod, 0))
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(strings.ReplaceAll(code, " ", ""))) == 1 {
			return step
		}
	}
	return 0
}
