package reactions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"mingjian/api/mail"
	"mingjian/eventstore"
)

// trouble is why no letter leaves at the moment.
type trouble struct {
	mu    sync.Mutex
	cause error
	quiet time.Time // no letter is tried before
}

func (t *trouble) set(cause error, quiet time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cause, t.quiet = cause, quiet
}

func (t *trouble) get() (quiet time.Time, cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.quiet, t.cause
}

// Waiting counts the letters that are not delivered yet, and tells what keeps
// all of them from leaving, if something does. It is no fault of this server's:
// the letters wait.
func (l *Letters) Waiting() (letters int, cause error) {
	l.bookmark.mu.Lock()
	letters = len(l.bookmark.at.Waiting)
	l.bookmark.mu.Unlock()
	_, cause = l.trouble.get()
	return letters, cause
}

// longestWait bounds how far ahead a letter's next attempt can lie. One that
// lies further was set before the clock went back.
const longestWait = time.Hour

// batch is how many letters are delivered before the file is told.
const batch = 64

// post delivers what is written down and due, those that have waited longest
// first. A crash leaves letters in the file that are delivered: asking for them
// again changes nothing.
func (l *Letters) post(ctx context.Context, _ eventstore.Page) error {
	quiet, _ := l.trouble.get()
	if l.ahead(quiet) {
		return nil
	}
	due := l.due()
	for len(due) > 0 {
		some := due[:min(batch, len(due))]
		due = due[len(some):]
		done, faults := l.deliver(ctx, some)
		if err := l.settle(done); err != nil {
			return err
		}
		if quiet, _ := l.trouble.get(); l.ahead(quiet) || len(faults) > 0 {
			return errors.Join(faults...)
		}
	}
	return nil
}

// ahead reports whether a moment is still to come.
func (l *Letters) ahead(at time.Time) bool {
	wait := at.Sub(l.config.Now())
	return wait > 0 && wait <= longestWait
}

func (l *Letters) due() (due []waiting) {
	l.bookmark.mu.Lock()
	defer l.bookmark.mu.Unlock()
	for _, w := range l.bookmark.at.Waiting {
		if !l.ahead(w.At) {
			due = append(due, w)
		}
	}
	slices.SortStableFunc(due, func(a, b waiting) int { return a.At.Compare(b.At) })
	return due
}

// deliver tries letters one by one. done has those that need nothing more, with
// a zero time, and those to be tried again, with when.
func (l *Letters) deliver(ctx context.Context, some []waiting) (done []waiting, faults []error) {
	for _, w := range some {
		err := l.config.Mail.Deliver(ctx, w.letter())
		l.after(delivered)
		w.At = time.Time{}
		retry, later := errors.AsType[*mail.RetryError](err)
		switch {
		case later:
			w.At = retry.At
			done = append(done, w)
			if retry.General {
				l.config.Logger.Warn("letters: none leaves", "until", retry.At, "error", retry.Cause)
				l.trouble.set(retry.Cause, retry.At)
				return done, faults
			}
		case errors.Is(err, eventstore.ErrUnavailable), ctx.Err() != nil:
			return done, append(faults, err)
		case err != nil:
			faults = append(faults, fmt.Errorf("letter of event %s to account %s: %w", w.Cause, w.Account, hopeless(err)))
		default:
			l.trouble.set(nil, time.Time{})
			done = append(done, w)
		}
	}
	return done, faults
}

// settle takes letters that are delivered out of the file, and notes when to try
// the others again.
func (l *Letters) settle(done []waiting) error {
	if len(done) == 0 {
		return nil
	}
	return l.bookmark.turn(eventstore.Page{}, func(before []waiting) (left []waiting) {
		for _, w := range before {
			i := slices.IndexFunc(done, w.same)
			switch {
			case i < 0:
				left = append(left, w)
			case !done[i].At.IsZero():
				left = append(left, done[i])
			}
		}
		return left
	})
}
