// Package mail tells people that something awaits them. It decides neither who
// gets a letter nor when: it delivers one, once, although any number of servers
// may be asked for the same one and may crash at any moment.
package mail

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"time"

	"github.com/google/uuid"

	"mingjian/api/auth"
	"mingjian/domain"
	letters "mingjian/domain/mail"
	"mingjian/eventstore"
)

// Actor is the account that the events of letters name: nobody signs in as it,
// the ids of accounts have another form.
const Actor = "mailer"

// sealedRecipient is the account of the reader among an event's sealed fields.
const sealedRecipient = "recipient"

// Sender delivers letters. It is safe for concurrent use, also by many servers
// on one log.
type Sender struct {
	config Config
	from   *netmail.Address
	// after is told of each step that is done, so that a test can crash there.
	after func(step)
}

// step is how far a delivery has come.
type step string

const (
	claimed  step = "claimed"  // the letter is ours for a while
	taken    step = "taken"    // the mail server has it
	recorded step = "recorded" // and the log knows
)

// New makes a sender.
func New(c Config) (*Sender, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	from, err := sender(c.SMTP.From)
	if err != nil {
		return nil, err
	}
	return &Sender{config: c, from: from, after: func(step) {}}, nil
}

// Deliver sends a letter, unless that was done: claim it on the log, hand it to
// the mail server, record that it was sent. It returns nil once the letter is
// sent or abandoned on the log, by whichever server; then asking again changes
// nothing. A RetryError says when to ask again, be it because another server is
// at it or because sending failed. Any other error is the log's or the caller's;
// asking again is safe at any time. Of two kinds of letters for one event and
// person, the person gets the one that is sent first.
//
// People get a letter once. On the wire it is at least once, with one window:
// when a server dies, or loses the log, after the mail server took the letter
// and before that is on record, or when the mail server's answer is lost on its
// way, the next attempt sends the letter again. It has the same Message-ID, by
// which mail servers and programs recognize it as the one that they have.
func (s *Sender) Deliver(ctx context.Context, l Letter) error {
	if err := l.check(); err != nil {
		return err
	}
	// From the claim to the last byte, no more than half of the lease passes, by
	// a clock that nobody sets: so no later attempt has begun.
	bounded, cancel := context.WithTimeout(ctx, s.config.Lease/2)
	defer cancel()
	a, err := s.claim(bounded, l)
	if a == nil || err != nil {
		return err
	}
	// From here others wait. A crash leaves the letter to whoever asks for it
	// when the claim has run out.
	s.after(claimed)
	address, err := s.config.Accounts.Mailbox(bounded, l.Account)
	switch {
	case errors.Is(err, domain.ErrUnknownAccount):
		return s.abandon(ctx, a, letters.Gone, err)
	case errors.Is(err, domain.ErrDisabled):
		return s.abandon(ctx, a, letters.Disabled, err)
	case errors.Is(err, auth.ErrErased): // by another server this moment, or the keyring is not this log's
		return a.retry(err)
	case err != nil:
		return a.general(err)
	}
	to, ok := recipient(address)
	if !ok {
		return s.abandon(ctx, a, letters.NoAddress, nil)
	}
	message, err := s.compose(a, to)
	if err != nil {
		return a.retry(err)
	}
	if err := s.config.SMTP.transmit(bounded, s.from, to, message); err != nil {
		return s.failed(ctx, a, err)
	}
	// From here the person may read the letter. A crash before the next line is
	// the window of which Deliver's comment speaks.
	s.after(taken)
	err = s.record(ctx, a, "sent", func(state *letters.Letter, by domain.Stamp) ([]domain.Event, error) {
		return state.Sent(by, a.number)
	})
	if err != nil {
		return fmt.Errorf("letter %s was taken by the mail server, which could not be recorded: %w", a.id, err)
	}
	s.after(recorded)
	return nil
}

// failed decides what becomes of a letter that the mail server did not take.
func (s *Sender) failed(ctx context.Context, a *attempt, err error) error {
	no, ofLetter := errors.AsType[*refusal](err)
	switch {
	case ofLetter && no.permanent():
		return s.abandon(ctx, a, letters.Refused, err)
	case ofLetter && s.now().Sub(a.first) >= s.config.Patience:
		return s.abandon(ctx, a, letters.Undeliverable, err)
	case !ofLetter:
		return a.general(err)
	}
	return a.retry(err)
}

// retry says that the letter can be tried again when its claim has run out:
// the lease is the back-off, for all servers.
func (a *attempt) retry(cause error) error {
	return &RetryError{Letter: a.id, At: a.until, Cause: cause}
}

// general says so of what any letter would meet.
func (a *attempt) general(cause error) error {
	return &RetryError{Letter: a.id, At: a.until, General: true, Cause: cause}
}

// lease is how long an attempt has a letter to itself.
func (s *Sender) lease(attempt int) time.Duration {
	lease := s.config.Lease
	for i := 1; i < attempt && lease < longestLease; i++ {
		lease *= 2
	}
	return min(lease, longestLease)
}

// claim takes the letter for a while; it is nil if there is nothing left to do.
func (s *Sender) claim(ctx context.Context, l Letter) (*attempt, error) {
	a := &attempt{Letter: l, id: LetterID(l.Cause, l.Account)}
	a.stream = letters.StreamPrefix + a.id.String()
	// The command id is of this call alone. Were it derived from the letter, two
	// servers' claims would be the same events, and the log, to which appending
	// them again is no conflict, would tell both that they have it.
	command, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	err = s.execute(ctx, a, command, func(state *letters.Letter, by domain.Stamp) ([]domain.Event, error) {
		a.number = state.Attempt() + 1
		a.first, a.until = by.At, by.At.Add(s.lease(a.number))
		if state.Last != nil {
			a.first = state.First.At
		}
		events, err := state.Claim(by, l.Kind, a.until.Sub(by.At))
		if errors.Is(err, letters.ErrClaimed) {
			a.until = state.Last.Until
		}
		return events, err
	})
	switch {
	case errors.Is(err, domain.ErrDecided):
		return nil, nil
	case errors.Is(err, letters.ErrClaimed):
		return nil, a.retry(err)
	case err != nil:
		return nil, fmt.Errorf("letter %s: %w", a.id, err)
	}
	return a, nil
}

// abandon ends the letter without its being sent.
func (s *Sender) abandon(ctx context.Context, a *attempt, reason letters.Reason, cause error) error {
	s.config.Logger.Warn("mail: a letter will never be sent", "letter", a.id, "kind", a.Kind, "reason", reason, "cause", cause)
	err := s.record(ctx, a, "abandoned", func(state *letters.Letter, by domain.Stamp) ([]domain.Event, error) {
		return state.Abandon(by, a.number, reason)
	})
	if err != nil {
		return fmt.Errorf("letter %s: %w", a.id, err)
	}
	s.after(recorded)
	return nil
}

// recordTime bounds recording how an attempt went.
const recordTime = 30 * time.Second

// record puts on the log how an attempt went, also for a caller who has gone
// meanwhile: what has happened has happened.
func (s *Sender) record(ctx context.Context, a *attempt, what string, decide func(*letters.Letter, domain.Stamp) ([]domain.Event, error)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	return s.execute(ctx, a, uuid.NewSHA1(a.id, fmt.Appendf(nil, "%s by attempt %d", what, a.number)), decide)
}

func (s *Sender) execute(
	ctx context.Context, a *attempt, command uuid.UUID, decide func(*letters.Letter, domain.Stamp) ([]domain.Event, error),
) error {
	correlation := a.Correlation
	if correlation == "" {
		correlation = a.Cause.String()
	}
	_, err := eventstore.Execute(ctx, s.config.Log, s.config.Codec, eventstore.Command{
		Stream: a.stream,
		Metadata: eventstore.Metadata{
			CommandID: command, Actor: Actor, Causation: a.Cause.String(), Correlation: correlation, ServerTime: s.now(),
			Sealed: map[string]string{sealedRecipient: a.Account},
		},
	}, letters.New, func(state *letters.Letter) ([]domain.Event, error) {
		return decide(state, domain.Stamp{By: s.config.Pseudonym(a.stream, Actor), At: s.now()})
	})
	return err
}

// now is the server's time as events hold it.
func (s *Sender) now() time.Time { return s.config.Now().UTC().Truncate(time.Millisecond) }
