// Package account is one person's access: roles, credentials and sessions.
// What says who the person is, and all that proves it, is sealed under a key
// that is kept outside the log: without the key the stream still folds.
package account

import (
	"time"

	"mingjian/domain"
	"mingjian/domain/rights"
)

// StreamPrefix starts the name of an account's stream; the account's id follows.
const StreamPrefix = "account-"

// Sealed is text that only the account's key opens: base64 of a nonce and an
// AES-256-GCM ciphertext. It is bound to its stream and field.
type Sealed string

// Kind is what a credential is.
type Kind string

// The credentials that an account keeps itself.
const (
	Password Kind = "password"
	TOTP     Kind = "totp"
)

// Created starts an account.
type Created struct {
	domain.Stamp
	// Person seals login, name, mail address and phone number.
	Person Sealed `json:"person"`
}

// RoleGranted adds a role.
type RoleGranted struct {
	domain.Stamp
	rights.Grant
}

// RoleRevoked takes a role away.
type RoleRevoked struct {
	domain.Stamp
	rights.Grant
}

// Invited lets whoever holds a one-time token set the password. A later
// invitation replaces an earlier one.
type Invited struct {
	domain.Stamp
	TokenHash string    `json:"tokenHash"` // SHA-256 of the token, lower-case hex
	Expires   time.Time `json:"expires"`
}

// CredentialSet sets or replaces a credential. A new password ends all
// sessions and uses up the invitation.
type CredentialSet struct {
	domain.Stamp
	Kind   Kind   `json:"kind"`
	Sealed Sealed `json:"sealed"`
	// Step is the time step of the code that confirmed a TOTP secret. No code of
	// this or an earlier step is accepted again.
	Step int64 `json:"step,omitempty"`
}

// CredentialCleared removes a credential.
type CredentialCleared struct {
	domain.Stamp
	Kind Kind `json:"kind"`
}

// Disabled keeps an account out until it is enabled, and ends its sessions.
type Disabled struct {
	domain.Stamp
	Reason string `json:"reason"`
}

// Enabled lets a disabled account in again.
type Enabled struct {
	domain.Stamp
}

// SessionOpened is a sign-in.
type SessionOpened struct {
	domain.Stamp
	Session string    `json:"session"`
	Expires time.Time `json:"expires"`
	Agent   Sealed    `json:"agent"` // seals browser and address
	// Step is the time step of the TOTP code used, 0 without one.
	Step int64 `json:"step,omitempty"`
}

// SessionsRevoked ends sessions before their time.
type SessionsRevoked struct {
	domain.Stamp
	// Sessions names them; none named means all.
	Sessions []string `json:"sessions,omitempty"`
}

// Erased ends an account for good. Its key is destroyed next, after which
// nobody can tell who the person was.
type Erased struct {
	domain.Stamp
	Reason string `json:"reason"`
}

// EventType is the stored name.
func (Created) EventType() string { return "account.Created" }

// EventType is the stored name.
func (RoleGranted) EventType() string { return "account.RoleGranted" }

// EventType is the stored name.
func (RoleRevoked) EventType() string { return "account.RoleRevoked" }

// EventType is the stored name.
func (Invited) EventType() string { return "account.Invited" }

// EventType is the stored name.
func (CredentialSet) EventType() string { return "account.CredentialSet" }

// EventType is the stored name.
func (CredentialCleared) EventType() string { return "account.CredentialCleared" }

// EventType is the stored name.
func (Disabled) EventType() string { return "account.Disabled" }

// EventType is the stored name.
func (Enabled) EventType() string { return "account.Enabled" }

// EventType is the stored name.
func (SessionOpened) EventType() string { return "account.SessionOpened" }

// EventType is the stored name.
func (SessionsRevoked) EventType() string { return "account.SessionsRevoked" }

// EventType is the stored name.
func (Erased) EventType() string { return "account.Erased" }
