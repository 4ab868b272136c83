package account

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mingjian/domain"
	"mingjian/domain/rights"
)

// Limits of one account.
const (
	maxGrants   = 100
	maxSessions = 50
	maxReason   = 4000     // characters
	maxSealed   = 16 << 10 // bytes
)

// Create starts the account with its first roles.
func (a *Account) Create(by domain.Stamp, person Sealed, grants []rights.Grant) ([]domain.Event, error) {
	if a.Erased {
		return nil, fmt.Errorf("the account was erased, its login is not used again: %w", domain.ErrExists)
	}
	if a.Created != nil {
		return nil, fmt.Errorf("an account with this login: %w", domain.ErrExists)
	}
	if err := checkSealed("person", person); err != nil {
		return nil, err
	}
	events := []domain.Event{&Created{Stamp: by, Person: person}}
	grown := Account{Created: &Created{}}
	for _, g := range grants {
		more, err := grown.GrantRole(by, g)
		if err != nil {
			return nil, err
		}
		grown.Grants = append(grown.Grants, g)
		events = append(events, more...)
	}
	return events, nil
}

// GrantRole adds a role.
func (a *Account) GrantRole(by domain.Stamp, g rights.Grant) ([]domain.Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if err := g.Validate(); err != nil {
		return nil, err
	}
	if len(g.Subject) > 40 || !utf8.ValidString(g.Subject) {
		return nil, fmt.Errorf("subject %.60q of role %s is not a code of at most 40 bytes: %w", g.Subject, g.Role, domain.ErrInvalid)
	}
	if slices.Contains(a.Grants, g) {
		return nil, fmt.Errorf("role %s %s is granted: %w", g.Role, g.Subject, domain.ErrExists)
	}
	if len(a.Grants) >= maxGrants {
		return nil, fmt.Errorf("the account has %d roles, at most %d: %w", len(a.Grants), maxGrants, domain.ErrInvalid)
	}
	return []domain.Event{&RoleGranted{Stamp: by, Grant: g}}, nil
}

// RevokeRole takes a role away.
func (a *Account) RevokeRole(by domain.Stamp, g rights.Grant) ([]domain.Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if !slices.Contains(a.Grants, g) {
		return nil, fmt.Errorf("role %.40s %.40s: %w", g.Role, g.Subject, domain.ErrNotGranted)
	}
	return []domain.Event{&RoleRevoked{Stamp: by, Grant: g}}, nil
}

// Invite lets the holder of a token, known here by its hash, set the password.
func (a *Account) Invite(by domain.Stamp, tokenHash string, expires time.Time) ([]domain.Event, error) {
	if err := a.Usable(); err != nil {
		return nil, err
	}
	if raw, err := hex.DecodeString(tokenHash); err != nil || len(raw) != 32 || strings.ToLower(tokenHash) != tokenHash {
		return nil, fmt.Errorf("token hash %.80q is not a SHA-256 in lower-case hex: %w", tokenHash, domain.ErrInvalid)
	}
	if !expires.After(by.At) {
		return nil, fmt.Errorf("the invitation expires at %s, before it is made: %w", expires, domain.ErrInvalid)
	}
	return []domain.Event{&Invited{Stamp: by, TokenHash: tokenHash, Expires: expires}}, nil
}

// Invitee refuses a token that is not the one of a good invitation.
func (a *Account) Invitee(tokenHash string, now time.Time) error {
	if err := a.Usable(); err != nil {
		return err
	}
	if a.Invitation == nil || a.Invitation.TokenHash != tokenHash || !now.Before(a.Invitation.Expires) {
		return domain.ErrInvitation
	}
	return nil
}

// AcceptInvitation sets the password of whoever holds the token, and uses the
// token up.
func (a *Account) AcceptInvitation(by domain.Stamp, tokenHash string, password Sealed) ([]domain.Event, error) {
	if err := a.Invitee(tokenHash, by.At); err != nil {
		return nil, err
	}
	return a.SetPassword(by, password)
}

// SetPassword sets or replaces the password. All sessions end, and so does an
// open invitation: its link may be in the hands that the change is to shut out.
func (a *Account) SetPassword(by domain.Stamp, password Sealed) ([]domain.Event, error) {
	return a.credential(&CredentialSet{Stamp: by, Kind: Password, Sealed: password})
}

// SetTOTP sets or replaces the TOTP secret, which a code of a step has confirmed.
func (a *Account) SetTOTP(by domain.Stamp, secret Sealed, step int64) ([]domain.Event, error) {
	if err := a.fresh(step); err != nil {
		return nil, err
	}
	return a.credential(&CredentialSet{Stamp: by, Kind: TOTP, Sealed: secret, Step: step})
}

func (a *Account) credential(set *CredentialSet) ([]domain.Event, error) {
	if err := a.Usable(); err != nil {
		return nil, err
	}
	if err := checkSealed(string(set.Kind), set.Sealed); err != nil {
		return nil, err
	}
	return []domain.Event{set}, nil
}

// fresh refuses a code whose time step, or a later one, was used.
func (a *Account) fresh(step int64) error {
	if step <= a.Step {
		return fmt.Errorf("the code of step %d was used, wait for the next one: %w", step, domain.ErrSignIn)
	}
	return nil
}

// ClearCredential removes a credential. One that is not set changes nothing.
func (a *Account) ClearCredential(by domain.Stamp, kind Kind) ([]domain.Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	set, known := map[Kind]Sealed{Password: a.Password, TOTP: a.TOTP}[kind]
	if !known {
		return nil, fmt.Errorf("credential %.40q is neither %s nor %s: %w", kind, Password, TOTP, domain.ErrInvalid)
	}
	if set == "" {
		return nil, nil
	}
	return []domain.Event{&CredentialCleared{Stamp: by, Kind: kind}}, nil
}

// Disable keeps the account out and ends its sessions. A disabled one stays so.
func (a *Account) Disable(by domain.Stamp, reason string) ([]domain.Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if err := checkReason("disabling the account", reason); err != nil {
		return nil, err
	}
	if a.Disabled {
		return nil, nil
	}
	return []domain.Event{&Disabled{Stamp: by, Reason: reason}}, nil
}

// Enable lets the account in again. One that is not disabled stays so.
func (a *Account) Enable(by domain.Stamp) ([]domain.Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if !a.Disabled {
		return nil, nil
	}
	return []domain.Event{&Enabled{Stamp: by}}, nil
}

// OpenSession signs in; who it is has been proven. The oldest session makes
// room where there would be more than an account may have.
func (a *Account) OpenSession(o SessionOpened) ([]domain.Event, error) {
	if err := a.Usable(); err != nil {
		return nil, err
	}
	if o.Session == "" || len(o.Session) > 100 || !o.Expires.After(o.At) {
		return nil, fmt.Errorf("session %.100q from %s to %s: %w", o.Session, o.At, o.Expires, domain.ErrInvalid)
	}
	if slices.ContainsFunc(a.Sessions, func(s Session) bool { return s.ID == o.Session }) {
		return nil, fmt.Errorf("session: %w", domain.ErrExists)
	}
	if err := checkSealed("agent", o.Agent); err != nil {
		return nil, err
	}
	if o.Step != 0 {
		if err := a.fresh(o.Step); err != nil {
			return nil, err
		}
	}
	var events []domain.Event
	if live := a.Live(o.At); len(live) >= maxSessions {
		revoked := &SessionsRevoked{Stamp: o.Stamp}
		for _, s := range live[:len(live)-maxSessions+1] {
			revoked.Sessions = append(revoked.Sessions, s.ID)
		}
		events = append(events, revoked)
	}
	return append(events, &o), nil
}

// RevokeSessions ends sessions, all if none is named. What is no session any
// more needs no ending.
func (a *Account) RevokeSessions(by domain.Stamp, ids []string) ([]domain.Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if len(a.Sessions) == 0 {
		return nil, nil
	}
	revoked := &SessionsRevoked{Stamp: by}
	if len(ids) == 0 {
		return []domain.Event{revoked}, nil
	}
	for _, s := range a.Sessions {
		if slices.Contains(ids, s.ID) {
			revoked.Sessions = append(revoked.Sessions, s.ID)
		}
	}
	if len(revoked.Sessions) == 0 {
		return nil, nil // an event that names none would end all
	}
	return []domain.Event{revoked}, nil
}

// Erase ends the account for good. One that was erased stays so.
func (a *Account) Erase(by domain.Stamp, reason string) ([]domain.Event, error) {
	if a.Erased {
		return nil, nil
	}
	if err := a.exists(); err != nil {
		return nil, err
	}
	if err := checkReason("erasing the account", reason); err != nil {
		return nil, err
	}
	return []domain.Event{&Erased{Stamp: by, Reason: reason}}, nil
}

func checkReason(what, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fmt.Errorf("%s: %w", what, domain.ErrReasonMissing)
	}
	if !utf8.ValidString(reason) || utf8.RuneCountInString(reason) > maxReason {
		return fmt.Errorf("%s: the reason is not UTF-8 of at most %d characters: %w", what, maxReason, domain.ErrInvalid)
	}
	return nil
}

func checkSealed(field string, text Sealed) error {
	if text == "" || len(text) > maxSealed {
		return fmt.Errorf("%s: %d sealed bytes, 1 to %d needed: %w", field, len(text), maxSealed, domain.ErrInvalid)
	}
	return nil
}
