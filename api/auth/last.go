package auth

import (
	"context"

	"mingjian/domain"
	"mingjian/domain/account"
	"mingjian/domain/rights"
)

// dismiss runs a decision that may end what an account is. It refuses to leave
// nobody who is an organizer, or nobody could let anybody in any more. One at a
// time: two organizers who send each other away would both see the other stay.
// On two servers at the very same moment they still would, as each account has
// a stream of its own; the command line of the machine makes another organizer.
func (s *Accounts) dismiss(
	ctx context.Context, m Meta, id string, decide func(*account.Account, domain.Stamp) ([]domain.Event, error),
) (Receipt, error) {
	if m.Unguarded {
		return s.execute(ctx, m, id, decide)
	}
	select {
	case s.dismissing <- struct{}{}:
		defer func() { <-s.dismissing }()
	case <-ctx.Done():
		return Receipt{}, ctx.Err()
	}
	return s.execute(ctx, m, id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		events, err := decide(a, by)
		if err != nil || !organizes(a) {
			return events, err
		}
		others, err := s.otherOrganizer(ctx, id)
		if err == nil && !others {
			err = domain.ErrLastOrganizer
		}
		return events, err
	})
}

// organizes reports whether an account is an organizer who may act.
func organizes(a *account.Account) bool {
	return a.Usable() == nil && a.Actor("").Has(rights.Organizer)
}

func (s *Accounts) otherOrganizer(ctx context.Context, id string) (found bool, err error) {
	err = s.directory.read(ctx, s, func(d *directory) error {
		for other, entry := range d.entries {
			found = found || other != id && organizes(entry.state)
		}
		return nil
	})
	return found, err
}
