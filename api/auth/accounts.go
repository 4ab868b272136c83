package auth

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"mingjian/domain"
	"mingjian/domain/account"
	"mingjian/domain/rights"
	"mingjian/eventstore"
)

// Meta goes with every command.
type Meta struct {
	// ID is a UUID. The same ID sent again by the same actor returns the first
	// result and records nothing.
	ID string
	// Actor is the account that acts.
	Actor string
	// Unguarded lets the command leave nobody who is an organizer. It is for
	// whoever has the data folder in reach, and so can make another one.
	Unguarded bool
}

// Receipt says where a command ended in the log.
type Receipt struct {
	Account  string
	Stream   string
	Revision uint64
	Position eventstore.Position
	// Repeated is true if the command id was on record already.
	Repeated bool
}

// Config says what the accounts work on.
type Config struct {
	Log     *eventstore.Log
	Codec   *eventstore.Codec
	Keyring *Keyring
	// Key is the deployment's secret, 32 bytes, the same on all servers of the
	// log: account ids, links and cookies are made with it.
	Key []byte
	// Pseudonym names an account in the events of one stream.
	Pseudonym func(stream, account string) string
	// Issuer is the name that authenticator apps show; "Mingjian" if empty.
	Issuer string
	// LeakedPasswords is a folder of range files, each named by the first five
	// hexadecimal digits of a SHA-1 (with or without .txt); "" checks against
	// common passwords only.
	LeakedPasswords string
	// Cost is what hashing a password costs; DefaultCost if nil.
	Cost *argon2id.Params
	Now  func() time.Time // time.Now if nil
}

// Validate reports all faults at once.
func (c Config) Validate() error {
	var faults []error
	if c.Log == nil || c.Codec == nil || c.Keyring == nil || c.Pseudonym == nil {
		faults = append(faults, errors.New("auth: log, codec, keyring and pseudonyms are needed"))
	}
	if len(c.Key) != keySize {
		faults = append(faults, fmt.Errorf("auth: a deployment key of %d bytes, %d needed", len(c.Key), keySize))
	}
	return errors.Join(faults...)
}

// Accounts carries out what people do with accounts, and knows who is who. It
// decides nothing about rights: whoever calls must have asked the table of
// rights. It is safe for concurrent use, also by many servers on one log.
type Accounts struct {
	config    Config
	hasher    *hasher
	byAccount *throttle
	byAddress *throttle
	directory *directory
	// dismissing has room for one, see dismiss.
	dismissing chan struct{}

	mu        sync.Mutex
	followers *lru[*eventstore.Follower[*account.Account]]
}

// followed bounds the accounts whose folds are kept: those seen last.
const followed = 4096

// How sign-in slows down. Behind one address may sit a whole office; an account
// is one person's, and a minute's wait leaves a guesser 1,440 guesses a day.
const (
	freePerAccount, mostPerAccount = 5, time.Minute
	freePerAddress, mostPerAddress = 50, 5 * time.Minute
)

// New makes the accounts of a log.
func New(c Config) (*Accounts, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Issuer == "" {
		c.Issuer = "Mingjian"
	}
	if c.Cost == nil {
		c.Cost = &DefaultCost
	}
	hasher, err := newHasher(*c.Cost)
	if err != nil {
		return nil, err
	}
	return &Accounts{
		config: c, hasher: hasher,
		byAccount: newThrottle(freePerAccount, mostPerAccount),
		byAddress: newThrottle(freePerAddress, mostPerAddress),
		directory: newDirectory(), dismissing: make(chan struct{}, 1),
		followers: newLRU[*eventstore.Follower[*account.Account]](followed),
	}, nil
}

// now is the server's time as events hold it.
func (s *Accounts) now() time.Time { return s.config.Now().UTC().Truncate(time.Millisecond) }

// derive makes a key for one purpose from the deployment's.
func (s *Accounts) derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, s.config.Key, nil, "mingjian "+purpose, keySize)
	if err != nil {
		panic(err) // 32 bytes are never too many
	}
	return key
}

// ID is the account id of a login, whether or not it has an account.
func (s *Accounts) ID(login string) (string, error) {
	normal, err := NormalizeLogin(login)
	if err != nil {
		return "", err
	}
	return accountID(s.config.Key, normal), nil
}

func streamOf(id string) string { return account.StreamPrefix + id }

// look sees an account's newest fold, which see must neither change nor keep.
func (s *Accounts) look(ctx context.Context, id string, see func(*account.Account) error) error {
	if !idForm.MatchString(id) {
		return fmt.Errorf("account %.60q: %w", id, domain.ErrUnknownAccount)
	}
	s.mu.Lock()
	follower, known := s.followers.get(id)
	s.mu.Unlock()
	if !known {
		follower = eventstore.NewFollower(s.config.Log, s.config.Codec, streamOf(id), account.New())
	}
	return follower.Look(ctx, func(a *account.Account) error {
		if !known && a.Created != nil { // remember real accounts only
			s.mu.Lock()
			s.followers.put(id, follower)
			s.mu.Unlock()
		}
		return see(a)
	})
}

// Actor is an account with the roles that it holds at this moment, or
// domain.ErrUnknownAccount (also once erased), or domain.ErrDisabled.
func (s *Accounts) Actor(ctx context.Context, id string) (actor rights.Actor, err error) {
	err = s.look(ctx, id, func(a *account.Account) error {
		actor = a.Actor(id)
		return a.Usable()
	})
	if err != nil {
		return rights.Actor{}, fmt.Errorf("account %s: %w", id, err)
	}
	return actor, nil
}

const maxActor = 100

// execute runs a decision on an account.
func (s *Accounts) execute(
	ctx context.Context, m Meta, id string, decide func(*account.Account, domain.Stamp) ([]domain.Event, error),
) (Receipt, error) {
	if !idForm.MatchString(id) {
		return Receipt{}, fmt.Errorf("account %.60q: %w", id, domain.ErrUnknownAccount)
	}
	command, err := uuid.Parse(m.ID)
	if err != nil || command == uuid.Nil {
		return Receipt{}, fmt.Errorf("command id %.60q is not a UUID: %w", m.ID, domain.ErrInvalid)
	}
	if strings.TrimSpace(m.Actor) == "" || len(m.Actor) > maxActor {
		return Receipt{}, fmt.Errorf("actor %.60q: an account of at most %d bytes is needed: %w", m.Actor, maxActor, domain.ErrInvalid)
	}
	stream, now := streamOf(id), s.now()
	result, err := eventstore.Execute(ctx, s.config.Log, s.config.Codec, eventstore.Command{
		Stream:   stream,
		Metadata: eventstore.Metadata{CommandID: command, Actor: m.Actor, Correlation: command.String(), ServerTime: now},
	}, account.New, func(a *account.Account) ([]domain.Event, error) {
		return decide(a, domain.Stamp{By: s.config.Pseudonym(stream, m.Actor), At: now})
	})
	if err != nil {
		return Receipt{}, fmt.Errorf("account %s: %w", id, err)
	}
	return Receipt{Account: id, Stream: stream, Revision: result.Revision, Position: result.Position, Repeated: result.Repeated}, nil
}

// self is a command that an account gives on itself.
func self(id string) Meta {
	return Meta{ID: uuid.Must(uuid.NewV7()).String(), Actor: id}
}
