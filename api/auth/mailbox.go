package auth

import (
	"context"
	"fmt"

	"mingjian/domain/account"
)

// Mailbox is where mail for an account goes, "" where the person gave no
// address. An account that is unknown or was erased is
// domain.ErrUnknownAccount, one that is disabled domain.ErrDisabled; neither
// gets mail.
func (s *Accounts) Mailbox(ctx context.Context, id string) (address string, err error) {
	var sealed account.Sealed
	err = s.look(ctx, id, func(a *account.Account) error {
		if err := a.Usable(); err != nil {
			return err
		}
		sealed = a.Created.Person
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("account %s: %w", id, err)
	}
	var person Person
	// A key that is gone while the log knows of no erasure is ErrErased: either
	// the log says so at the next look, or the keyring is not this log's.
	if err := s.openJSON(ctx, id, fieldPerson, sealed, &person); err != nil {
		return "", err
	}
	return person.Mail, nil
}
