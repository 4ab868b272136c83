package account

import (
	"fmt"
	"slices"
	"time"

	"mingjian/domain"
	"mingjian/domain/rights"
)

// Session is a sign-in that has not been ended.
type Session struct {
	ID      string
	Opened  time.Time
	Expires time.Time
	Agent   Sealed
}

// Account is the fold of an account's events.
type Account struct {
	Created *Created
	// Grants lists the roles in the order in which they were granted.
	Grants []rights.Grant
	// Invitation is what the newest unused link was made from; it may have
	// expired.
	Invitation *Invited
	// Password and TOTP seal the credentials; "" is none.
	Password, TOTP Sealed
	// Step is the last TOTP time step that was used.
	Step     int64
	Disabled bool
	Erased   bool
	// Sessions lists the sessions that nobody ended, oldest first. Those that
	// have expired leave with the next sign-in.
	Sessions []Session
}

// New makes an account without events.
func New() *Account { return new(Account) }

// Apply folds one event. An event that is unknown, or cannot follow what was
// folded before, is an error and must stop the reader.
func (a *Account) Apply(event domain.Event) error {
	if created, ok := event.(*Created); ok {
		if a.Created != nil {
			return fmt.Errorf("account: %w", domain.ErrExists)
		}
		a.Created = created
		return nil
	}
	if err := a.exists(); err != nil {
		return err
	}
	switch e := event.(type) {
	case *RoleGranted:
		return a.grant(e.Grant)
	case *RoleRevoked:
		return a.revoke(e.Grant)
	case *Invited:
		a.Invitation = e
	case *CredentialSet:
		return a.setCredential(e)
	case *CredentialCleared:
		return a.clearCredential(e.Kind)
	case *Disabled:
		a.Disabled, a.Sessions = true, nil
	case *Enabled:
		a.Disabled = false
	case *SessionOpened:
		a.openSession(e)
	case *SessionsRevoked:
		a.Sessions = slices.DeleteFunc(a.Sessions, func(s Session) bool {
			return len(e.Sessions) == 0 || slices.Contains(e.Sessions, s.ID)
		})
	case *Erased:
		*a = Account{Created: a.Created, Erased: true}
	default:
		return fmt.Errorf("account: %T: %w", event, domain.ErrUnknownEvent)
	}
	return nil
}

// exists refuses what must not happen to an account before it was created, or
// after it was erased.
func (a *Account) exists() error {
	switch {
	case a.Created == nil:
		return fmt.Errorf("account: %w", domain.ErrUnknownAccount)
	case a.Erased:
		return fmt.Errorf("the account was erased for good: %w", domain.ErrUnknownAccount)
	}
	return nil
}

func (a *Account) grant(g rights.Grant) error {
	if slices.Contains(a.Grants, g) {
		return fmt.Errorf("role %s %s: %w", g.Role, g.Subject, domain.ErrExists)
	}
	a.Grants = append(slices.Clip(a.Grants), g)
	return nil
}

func (a *Account) revoke(g rights.Grant) error {
	at := slices.Index(a.Grants, g)
	if at < 0 {
		return fmt.Errorf("role %.40s %.40s: %w", g.Role, g.Subject, domain.ErrNotGranted)
	}
	// Into a new slice: whoever looked before keeps what they saw.
	a.Grants = slices.Concat(a.Grants[:at], a.Grants[at+1:])
	return nil
}

func (a *Account) setCredential(e *CredentialSet) error {
	switch e.Kind {
	case Password:
		a.Password, a.Invitation, a.Sessions = e.Sealed, nil, nil
	case TOTP:
		a.TOTP, a.Step = e.Sealed, max(a.Step, e.Step)
	default:
		return fmt.Errorf("credential %.40q: %w", e.Kind, domain.ErrUnknownEvent)
	}
	return nil
}

func (a *Account) clearCredential(kind Kind) error {
	switch kind {
	case Password:
		a.Password, a.Sessions = "", nil
	case TOTP:
		a.TOTP = ""
	default:
		return fmt.Errorf("credential %.40q: %w", kind, domain.ErrUnknownEvent)
	}
	return nil
}

func (a *Account) openSession(e *SessionOpened) {
	live := a.Live(e.At)
	a.Sessions = append(live, Session{ID: e.Session, Opened: e.At, Expires: e.Expires, Agent: e.Agent})
	a.Step = max(a.Step, e.Step)
}

// Live copies the sessions that are good at a time, oldest first.
func (a *Account) Live(now time.Time) []Session {
	var live []Session
	for _, s := range a.Sessions {
		if now.Before(s.Expires) {
			live = append(live, s)
		}
	}
	return live
}

// Session finds a session that is good at a time.
func (a *Account) Session(id string, now time.Time) (Session, bool) {
	for _, s := range a.Sessions {
		if s.ID == id && now.Before(s.Expires) {
			return s, true
		}
	}
	return Session{}, false
}

// Usable refuses an account that may not act: unknown, erased or disabled.
func (a *Account) Usable() error {
	if err := a.exists(); err != nil {
		return err
	}
	if a.Disabled {
		return domain.ErrDisabled
	}
	return nil
}

// Actor is the account as the table of rights sees it.
func (a *Account) Actor(id string) rights.Actor {
	return rights.Actor{Account: id, Grants: slices.Clone(a.Grants)}
}
