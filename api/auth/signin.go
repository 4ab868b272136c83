package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"mingjian/domain"
	"mingjian/domain/account"
	"mingjian/domain/rights"
	"mingjian/eventstore"
)

// SessionLifetime is how long a sign-in lasts: one working day.
const SessionLifetime = 12 * time.Hour

// ErrNoSession means that nobody is signed in, or not any more.
var ErrNoSession = errors.New("not signed in")

// Agent is where somebody signs in from. It is stored sealed only.
type Agent struct {
	UserAgent string `json:"userAgent"`
	Address   string `json:"address"` // the client's IP address
}

// clip bounds what a client says of itself.
func (a Agent) clip() Agent {
	const most = 300
	clip := func(text string) string { return strings.ToValidUTF8(text[:min(len(text), most)], "") }
	return Agent{UserAgent: clip(a.UserAgent), Address: clip(a.Address)}
}

// network is what sign-ins from one place share: the address, or for IPv6 the
// /64 of which each home has one to itself.
func (a Agent) network() string {
	addr, err := netip.ParseAddr(a.Address)
	if err != nil {
		return a.clip().Address
	}
	addr = addr.Unmap().WithZone("")
	if prefix, err := addr.Prefix(64); addr.Is6() && err == nil {
		return prefix.String()
	}
	return addr.String()
}

// Session is a sign-in as the cookie carries it.
type Session struct {
	Account string
	ID      string
	Expires time.Time
}

// Viewer is who asks, and in which session.
type Viewer struct {
	Actor   rights.Actor
	Session string
}

// SignIn opens a session for a login with its password and, where the account
// has TOTP, the code. All that is wrong is domain.ErrSignIn, after the same work:
// nobody learns which part it was, or whether there is such a login. Only with
// the right password is a disabled account told so. Failures slow down the
// account and the address: domain.ErrThrottled, a ThrottledError.
func (s *Accounts) SignIn(ctx context.Context, login, password, code string, agent Agent) (Session, error) {
	normal, err := NormalizeLogin(login)
	if err != nil {
		normal = login // no account has the id of what is no login
	}
	id := accountID(s.config.Key, normal)
	now := s.now()
	if err := s.byAddress.begin(agent.network(), now); err != nil {
		return Session{}, err
	}
	if err := s.byAccount.begin(id, now); err != nil {
		return Session{}, err
	}
	proof, err := s.prove(ctx, id, password, code)
	if err != nil {
		// What was not tried, such as when the log is away, counts for nothing.
		if !errors.Is(err, domain.ErrSignIn) {
			s.byAccount.forgive(id)
			s.byAddress.forgive(agent.network())
		}
		return Session{}, err
	}
	session, err := s.open(ctx, id, agent, proof)
	if errors.Is(err, domain.ErrSignIn) {
		return Session{}, err // such as a code that somebody else used meanwhile
	}
	s.byAccount.clear(id)
	s.byAddress.forgive(agent.network())
	return session, err
}

// SignInVerified opens a session for a login that somebody trusted has
// verified. A second factor is up to them.
func (s *Accounts) SignInVerified(ctx context.Context, login string, agent Agent) (Session, error) {
	id, err := s.ID(login)
	if err != nil {
		return Session{}, err
	}
	return s.open(ctx, id, agent, nil)
}

// proof is what was checked against an account's credentials. By the time the
// session is recorded they must be the same still.
type proof struct {
	password, totp account.Sealed
	step           int64
}

func (p *proof) holds(a *account.Account) error {
	if p != nil && (p.password != a.Password || p.totp != a.TOTP) {
		return fmt.Errorf("the credentials were changed meanwhile: %w", domain.ErrSignIn)
	}
	return nil
}

// prove checks a password and a code.
func (s *Accounts) prove(ctx context.Context, id, password, code string) (*proof, error) {
	found := new(proof)
	var last int64
	var usable error
	if err := s.look(ctx, id, func(a *account.Account) error {
		found.password, found.totp, last, usable = a.Password, a.TOTP, a.Step, a.Usable()
		return nil
	}); err != nil {
		return nil, err
	}
	match, err := s.matches(ctx, id, found.password, password)
	if err != nil {
		return nil, err
	}
	if !match {
		return nil, domain.ErrSignIn
	}
	if found.totp != "" {
		secret, err := s.openText(ctx, id, fieldTOTP, found.totp)
		if err != nil {
			return nil, err
		}
		if found.step = matchStep(code, secret, s.now(), last); found.step == 0 {
			return nil, domain.ErrSignIn
		}
	}
	return found, usable
}

// openText opens a credential, "" if there is none, also because its key is
// gone: that account was erased a moment ago.
func (s *Accounts) openText(ctx context.Context, id, field string, sealed account.Sealed) (string, error) {
	if sealed == "" {
		return "", nil
	}
	text, err := s.config.Keyring.Open(ctx, id, field, sealed)
	if errors.Is(err, ErrErased) {
		return "", nil
	}
	return string(text), err
}

// open records a new session. Its id is made here and now, so that nobody can
// know it who was there before the sign-in.
func (s *Accounts) open(ctx context.Context, id string, agent Agent, p *proof) (Session, error) {
	if err := s.look(ctx, id, (*account.Account).Usable); err != nil {
		return Session{}, err
	}
	sealed, err := s.sealJSON(ctx, id, fieldAgent, agent.clip())
	if err != nil {
		return Session{}, err
	}
	session := Session{Account: id, ID: strings.ToLower(rand.Text())}
	_, err = s.execute(ctx, self(id), id, func(a *account.Account, by domain.Stamp) ([]domain.Event, error) {
		if err := p.holds(a); err != nil {
			return nil, err
		}
		opened := account.SessionOpened{Stamp: by, Session: session.ID, Expires: by.At.Add(SessionLifetime), Agent: sealed}
		if p != nil {
			opened.Step = p.step
		}
		session.Expires = opened.Expires
		return a.OpenSession(opened)
	})
	if err != nil {
		return Session{}, err
	}
	return session, nil
}

// SignOut ends a session. One that has ended needs no ending.
func (s *Accounts) SignOut(ctx context.Context, id, session string) error {
	_, err := s.RevokeSessions(ctx, self(id), id, []string{session})
	return err
}

// Viewer is who has a session, with the roles that they hold at this moment.
// ErrNoSession says that the session is none, has ended or expired, or that its
// account may not act any more; any other error that this cannot be told now.
func (s *Accounts) Viewer(ctx context.Context, id, session string) (viewer Viewer, err error) {
	see := func(a *account.Account) error {
		if _, ok := a.Session(session, s.now()); !ok {
			return ErrNoSession
		}
		if err := a.Usable(); err != nil {
			return fmt.Errorf("%w: %w", ErrNoSession, err)
		}
		viewer = Viewer{Actor: a.Actor(id), Session: session}
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, viewerPatience)
	defer cancel()
	err = s.look(bounded, id, see)
	if errors.Is(err, eventstore.ErrUnavailable) && ctx.Err() == nil {
		err = s.recall(id, see, err)
	}
	if errors.Is(err, domain.ErrUnknownAccount) {
		return Viewer{}, ErrNoSession
	}
	return viewer, err
}

// viewerPatience is how long a request waits for the log before its session is
// taken from memory: people go on reading while the log is away. Commands
// still need the log.
const viewerPatience = time.Second

// recall sees an account as this server last saw it, or gives the error of
// looking.
func (s *Accounts) recall(id string, see func(*account.Account) error, looking error) error {
	s.mu.Lock()
	follower, known := s.followers.get(id)
	s.mu.Unlock()
	if !known {
		return looking
	}
	return follower.Recall(see)
}
