package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"mingjian/domain"
	"mingjian/domain/account"
	"mingjian/domain/rights"
	"mingjian/eventstore"
)

// The fields that are sealed, by event and name: sealed text opens only where
// it was put.
const (
	fieldPerson   = "account.Created person"
	fieldPassword = "account.CredentialSet password"
	fieldTOTP     = "account.CredentialSet totp"
	fieldAgent    = "account.SessionOpened agent"
)

// Create makes the account of a login that has none, with its first roles. It
// has no password yet: Invite makes the link to set one.
func (s *Accounts) Create(ctx context.Context, m Meta, p Person, grants []rights.Grant) (Receipt, error) {
	p, err := p.check()
	if err != nil {
		return Receipt{}, err
	}
	id := accountID(s.config.Key, p.Login)
	exists := false
	if err := s.look(ctx, id, func(a *account.Account) error {
		exists = a.Created != nil
		return nil
	}); err != nil {
		return Receipt{}, err
	}
	var person account.Sealed
	if !exists { // or one that was erased would get a new key
		// A crash after this leaves a key that seals nothing, for the next attempt
		// to use. The other way round it would leave a person nobody can read.
		if err := s.config.Keyring.Create(ctx, id); err != nil {
			return Receipt{}, err
		}
		if person, err = s.sealJSON(ctx, id, fieldPerson, p); err != nil {
			return Receipt{}, err
		}
	}
	return s.execute(ctx, m, id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		return a.Create(by, person, grants)
	})
}

// Grant adds a role.
func (s *Accounts) Grant(ctx context.Context, m Meta, id string, g rights.Grant) (Receipt, error) {
	return s.execute(ctx, m, id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		return a.GrantRole(by, g)
	})
}

// RevokeRole takes a role away, from the next request on. The last organizer
// who may act keeps theirs: domain.ErrLastOrganizer.
func (s *Accounts) RevokeRole(ctx context.Context, m Meta, id string, g rights.Grant) (Receipt, error) {
	run := s.execute
	if g.Role == rights.Organizer {
		run = s.dismiss
	}
	return run(ctx, m, id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		return a.RevokeRole(by, g)
	})
}

// Disable keeps an account out and ends its sessions; not the last organizer's.
func (s *Accounts) Disable(ctx context.Context, m Meta, id, reason string) (Receipt, error) {
	return s.dismiss(ctx, m, id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		return a.Disable(by, reason)
	})
}

// Enable lets a disabled account in again.
func (s *Accounts) Enable(ctx context.Context, m Meta, id string) (Receipt, error) {
	return s.execute(ctx, m, id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		return a.Enable(by)
	})
}

// Erase ends an account for good and destroys its key: who it was, and how it
// signed in, cannot be read again from the log or any copy of it. Sending it
// again finishes what was cut short. The last organizer stays.
func (s *Accounts) Erase(ctx context.Context, m Meta, id, reason string) (Receipt, error) {
	receipt, err := s.dismiss(ctx, m, id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		return a.Erase(by, reason)
	})
	if err != nil {
		return Receipt{}, err
	}
	// From here the account is gone for all servers. A crash before the key is
	// destroyed leaves the person readable to whoever has the keyring, until
	// Erase is sent again or FinishErasures has run.
	return receipt, s.config.Keyring.Destroy(ctx, id)
}

// FinishErasures destroys the keys of all erased accounts, in case a crash came
// between an erasure and the end of its key. A server runs it when it starts.
func (s *Accounts) FinishErasures(ctx context.Context) error {
	var erased []string
	err := s.directory.read(ctx, s, func(d *directory) error {
		for _, id := range d.order {
			if d.entries[id].state.Erased {
				erased = append(erased, id)
			}
		}
		return nil
	})
	for _, id := range erased {
		if err := s.config.Keyring.Destroy(ctx, id); err != nil {
			return err
		}
	}
	return err
}

// Sessions lists an account's sessions that are good now, oldest first.
func (s *Accounts) Sessions(ctx context.Context, id string) ([]SessionInfo, error) {
	var live []account.Session
	err := s.look(ctx, id, func(a *account.Account) error {
		live = a.Live(s.now())
		return a.Usable()
	})
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", id, err)
	}
	infos := make([]SessionInfo, len(live))
	for i, session := range live {
		infos[i] = SessionInfo{ID: session.ID, Opened: session.Opened, Expires: session.Expires}
		if err := s.openJSON(ctx, id, fieldAgent, session.Agent, &infos[i].Agent); err != nil {
			return nil, err
		}
	}
	return infos, nil
}

// SessionInfo is a session as its owner sees it.
type SessionInfo struct {
	ID              string
	Opened, Expires time.Time
	Agent           Agent
}

// RevokeSessions ends sessions of an account, all if none is named.
func (s *Accounts) RevokeSessions(ctx context.Context, m Meta, id string, sessions []string) (Receipt, error) {
	return s.execute(ctx, m, id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		return a.RevokeSessions(by, sessions)
	})
}

// First reports whether any organizer exists who may act. It reads the log up
// to the first one, which a deployment creates before all else.
func (s *Accounts) First(ctx context.Context) (bool, error) {
	for e, err := range s.config.Log.ReadAll(ctx, 0) {
		if err != nil {
			return false, err
		}
		if e.Type != (account.RoleGranted{}).EventType() {
			continue
		}
		found, err := s.isOrganizer(ctx, e)
		if err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// isOrganizer reports whether a grant made an organizer who is one still.
func (s *Accounts) isOrganizer(ctx context.Context, e eventstore.Recorded) (bool, error) {
	event, err := s.config.Codec.Decode(e.Type, e.Data)
	if err != nil {
		return false, fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
	}
	if event.(*account.RoleGranted).Role != rights.Organizer {
		return false, nil
	}
	found := false
	err = s.look(ctx, e.Stream[len(account.StreamPrefix):], func(a *account.Account) error {
		found = organizes(a)
		return nil
	})
	return found, err
}

func (s *Accounts) sealJSON(ctx context.Context, id, field string, value any) (account.Sealed, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("auth: seal %s: %w", field, err)
	}
	return s.config.Keyring.Seal(ctx, id, field, text)
}

func (s *Accounts) openJSON(ctx context.Context, id, field string, sealed account.Sealed, into any) error {
	text, err := s.config.Keyring.Open(ctx, id, field, sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("auth: account %s, %s: %w", id, field, err)
	}
	return nil
}
