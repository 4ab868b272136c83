package auth

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mingjian/domain"
)

// Many addresses guess at one account: they get a few guesses, then one a
// minute, while the owner gets in as soon as the wait is over.
func TestFloodOnOneAccount(t *testing.T) {
	w := newWorld(t)
	w.signedUp(zhang, goodPass)
	from := func(i int) Agent { return Agent{Address: fmt.Sprintf("198.51.%d.%d", i/250, i%250)} }
	tried, refused := 0, 0
	for i := range 500 {
		_, err := w.SignIn(w.ctx, zhangMail, otherPass, "", from(i))
		switch {
		case errors.Is(err, domain.ErrThrottled):
			refused++
		case errors.Is(err, errSignIn):
			tried++
		default:
			t.Fatal(err)
		}
	}
	if tried != freePerAccount || refused != 500-freePerAccount {
		t.Errorf("%d guesses were tried, want %d", tried, freePerAccount)
	}
	_, err := w.SignIn(w.ctx, zhangMail, goodPass, "", desk)
	wantErr(t, "the owner, at once", err, domain.ErrThrottled, "wait 1 seconds")
	w.clock.advance(time.Second)
	w.signIn(zhangMail, goodPass)

	guesses := 0
	for range 24 * 60 * 2 { // a day, a guess every half minute
		w.clock.advance(30 * time.Second)
		if _, err := w.SignIn(w.ctx, zhangMail, otherPass, "", from(guesses)); errors.Is(err, errSignIn) {
			guesses++
		}
	}
	if guesses > 24*60+20 {
		t.Errorf("%d guesses in a day, want one a minute at most", guesses)
	}
	w.clock.advance(mostPerAccount)
	w.signIn(zhangMail, goodPass) // never shut out for good
}

// One address guesses at many accounts, known and not: it gets a few dozen
// guesses, others are not held up.
func TestFloodFromOneAddress(t *testing.T) {
	w := newWorld(t)
	w.signedUp(zhang, goodPass)
	attacker := Agent{Address: "2001:db8::666"}
	tried := 0
	for i := range 1000 {
		attacker.Address = fmt.Sprintf("2001:db8::%x", i) // all of one home
		_, err := w.SignIn(w.ctx, fmt.Sprintf("user%d@example.org", i), otherPass, "", attacker)
		switch {
		case errors.Is(err, errSignIn):
			tried++
		case !errors.Is(err, domain.ErrThrottled):
			t.Fatal(err)
		}
	}
	if tried != freePerAddress {
		t.Errorf("%d guesses were tried, want %d", tried, freePerAddress)
	}
	_, err := w.SignIn(w.ctx, zhangMail, goodPass, "", attacker)
	var early *ThrottledError
	if !errors.As(err, &early) || early.Seconds() != 1 {
		t.Errorf("from there, with the right password: %v", err)
	}
	w.signIn(zhangMail, goodPass)
}

// Guesses that all arrive at once are counted before they are tried.
func TestFloodAtOnce(t *testing.T) {
	w := newWorld(t)
	w.signedUp(zhang, goodPass)
	var tried, refused atomic.Int64
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			_, err := w.SignIn(w.ctx, zhangMail, otherPass, "", Agent{Address: fmt.Sprintf("198.51.100.%d", i)})
			switch {
			case errors.Is(err, errSignIn):
				tried.Add(1)
			case errors.Is(err, domain.ErrThrottled):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if tried.Load() > freePerAccount || tried.Load()+refused.Load() != 64 {
		t.Errorf("%d guesses were tried, %d refused; at most %d of 64 may be", tried.Load(), refused.Load(), freePerAccount)
	}
}

// A whole office behind one address signs in at nine without being slowed down.
func TestManyPeopleBehindOneAddress(t *testing.T) {
	w := newWorld(t)
	for i := range 2 * freePerAddress {
		login := fmt.Sprintf("clerk%d", i)
		if i < 3 {
			w.signedUp(Person{Login: login, Name: "窗口"}, goodPass)
		}
		w.signIn(fmt.Sprintf("clerk%d", i%3), goodPass)
	}
}
