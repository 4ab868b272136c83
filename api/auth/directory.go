package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"mingjian/domain"
	"mingjian/domain/account"
	"mingjian/domain/rights"
	"mingjian/eventstore"
)

// Entry is an account as a list shows it.
type Entry struct {
	Account string
	Created time.Time
	// Person is nil once the account is erased, or its key is gone.
	Person           *Person
	Grants           []rights.Grant
	Disabled, Erased bool
	// Password and TOTP tell which credentials are set.
	Password, TOTP bool
	// Invited is when the open invitation expires, zero without one.
	Invited time.Time
}

// directory is the fold of all accounts. It reads the log once and from then on
// only what is new; the first list of a long log takes as long as reading it.
type directory struct {
	turn     chan struct{} // a lock that honours contexts
	position eventstore.Position
	entries  map[string]*directoryEntry
	order    []string // account ids, oldest first
}

type directoryEntry struct {
	state *account.Account
	// person is opened once and dropped with the erasure.
	person *Person
}

func newDirectory() *directory {
	return &directory{turn: make(chan struct{}, 1), entries: make(map[string]*directoryEntry)}
}

// read catches up with the log and shows the directory, for whose time nobody
// else sees it. What was read before an error stays read.
func (d *directory) read(ctx context.Context, s *Accounts, see func(*directory) error) error {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for e, err := range s.config.Log.ReadAll(ctx, d.position) {
		if err == nil {
			err = d.fold(s.config.Codec, e)
		}
		if err != nil {
			return err
		}
		d.position = e.Position
	}
	return see(d)
}

func (d *directory) fold(codec *eventstore.Codec, e eventstore.Recorded) error {
	id, ok := strings.CutPrefix(e.Stream, account.StreamPrefix)
	if !ok {
		return nil
	}
	event, err := codec.Decode(e.Type, e.Data)
	if err != nil {
		return fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
	}
	entry := d.entries[id]
	if entry == nil {
		entry = &directoryEntry{state: account.New()}
	}
	if err := entry.state.Apply(event); err != nil {
		return fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
	}
	if d.entries[id] == nil {
		d.entries[id] = entry
		d.order = append(d.order, id)
	}
	if entry.state.Erased {
		entry.person = nil
	}
	return nil
}

// List is every account, oldest first, erased ones too: their ids stay in the
// trail.
func (s *Accounts) List(ctx context.Context) (list []Entry, err error) {
	err = s.directory.read(ctx, s, func(d *directory) error {
		list, err = d.list(ctx, s, d.order)
		return err
	})
	return list, err
}

// Holders lists the accounts that hold a role at this moment, for a subject or,
// where that is "", for whichever. Accounts that are disabled or erased hold
// none.
func (s *Accounts) Holders(ctx context.Context, role rights.Role, subject string) (accounts []string, err error) {
	holds := func(g rights.Grant) bool { return g.Role == role && (subject == "" || g.Subject == subject) }
	err = s.directory.read(ctx, s, func(d *directory) error {
		for _, id := range d.order {
			if a := d.entries[id].state; a.Usable() == nil && slices.ContainsFunc(a.Grants, holds) {
				accounts = append(accounts, id)
			}
		}
		return nil
	})
	return accounts, err
}

// ListAfter is List from after an account on, or from the first one if after is
// "", at most so many; total counts all accounts. An account that is not there
// is domain.ErrUnknownAccount.
func (s *Accounts) ListAfter(ctx context.Context, after string, most int) (list []Entry, total int, err error) {
	err = s.directory.read(ctx, s, func(d *directory) error {
		from := 0
		if after != "" {
			if from = slices.Index(d.order, after) + 1; from == 0 {
				return fmt.Errorf("account %.60q: %w", after, domain.ErrUnknownAccount)
			}
		}
		total = len(d.order)
		list, err = d.list(ctx, s, d.order[from:min(from+most, total)])
		return err
	})
	return list, total, err
}

func (d *directory) list(ctx context.Context, s *Accounts, ids []string) (list []Entry, err error) {
	if err := d.open(ctx, s, ids); err != nil {
		return nil, err
	}
	for _, id := range ids {
		list = append(list, d.entries[id].entry(id))
	}
	return list, nil
}

// open opens the persons that are not known yet, some at a time: a keyring may
// be far away.
func (d *directory) open(ctx context.Context, s *Accounts, ids []string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for _, id := range ids {
		entry := d.entries[id]
		if entry.person != nil || entry.state.Erased {
			continue
		}
		group.Go(func() error {
			person := new(Person)
			err := s.openJSON(ctx, id, fieldPerson, entry.state.Created.Person, person)
			if errors.Is(err, ErrErased) {
				return nil // erased by another server since we read the log
			}
			if err == nil {
				entry.person = person
			}
			return err
		})
	}
	return group.Wait()
}

func (e *directoryEntry) entry(id string) Entry {
	a := e.state
	out := Entry{
		Account: id, Created: a.Created.At, Grants: a.Actor(id).Grants, Disabled: a.Disabled, Erased: a.Erased,
		Password: a.Password != "", TOTP: a.TOTP != "",
	}
	if e.person != nil {
		person := *e.person
		out.Person = &person
	}
	if a.Invitation != nil {
		out.Invited = a.Invitation.Expires
	}
	return out
}
