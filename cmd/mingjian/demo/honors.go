package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// claim is one that waits for the jury.
type claim struct {
	number int
	level  assessment.HonorLevel
	// verdict is known where the place in the roster says so.
	verdict verdict
}

type verdict int

const (
	byDice verdict = iota
	accepted
	rejected
	withdrawn
)

// Places in each sixty of the roster that are sure to claim honors.
const (
	tooOld   = 4 // an honor from before the period, refused
	twice    = 5 // the same one again, refused
	joint    = 6 // one that names this center and the next, each claims it
	partner  = 7
	regrets  = 8  // withdraws its claim
	hopeless = 9  // has it rejected
	copycat  = 10 // claims what the joint two have, and is not named: refused
	cycle    = 60
)

// claimHonors claims what the center's place says, and else what the dice do.
// No two centers are granted the same honor on one day, unless jointly.
func (a *act) claimHonors(ctx context.Context, place int) error {
	honor := func(year int) assessment.HonorClaimed {
		said := a.script.Honors[(a.dice.IntN(len(a.script.Honors)-1)+year)%len(a.script.Honors)]
		return assessment.HonorClaimed{
			Title: said.Title, Level: said.Level, Issuer: said.Issuer,
			AwardedOn: time.Date(2019+year, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, place).Format(time.DateOnly),
		}
	}
	switch place % cycle {
	case tooOld:
		old := honor(0)
		old.AwardedOn = "2018" + old.AwardedOn[len("2018"):]
		return a.turnedDown(a.claim(ctx, old, byDice), domain.ErrHonorPeriod)
	case twice:
		again := honor(1)
		if err := a.claim(ctx, again, accepted); err != nil {
			return err
		}
		return a.turnedDown(a.claim(ctx, again, byDice), domain.ErrExists)
	case joint:
		return a.claim(ctx, a.jointHonor(place, place+1), accepted)
	case partner:
		return a.claim(ctx, a.jointHonor(place-1, place-1), accepted)
	case copycat:
		return a.turnedDown(a.claim(ctx, a.jointHonor(place-copycat+joint, place-copycat+joint), byDice), domain.ErrExists)
	case regrets:
		return a.claim(ctx, honor(1), withdrawn)
	case hopeless:
		return a.claim(ctx, honor(1), rejected)
	}
	for n := 1; a.chance(0.3) && n <= 2; n++ {
		if err := a.claim(ctx, honor(n), byDice); err != nil {
			return err
		}
	}
	return nil
}

// visits is the day of the site visit, from 2 to 11 working days after the first
// day: whoever claims what others have comes last.
func (a *act) visits(place int) string {
	n := 2 + a.dice.IntN(9)
	switch place % cycle {
	case joint, partner:
		n = 2
	case copycat:
		n = 11
	}
	return a.days.after(firstDay, n)
}

// jointHonor is one that was granted to the center at a place and to its
// neighbour; with is the place of who else is said to have it.
func (a *act) jointHonor(place, with int) assessment.HonorClaimed {
	said := a.script.after.Honors.Joint
	h := assessment.HonorClaimed{
		Title: said.Title, Level: said.Level, Issuer: said.Issuer,
		AwardedOn: time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, place).Format(time.DateOnly),
	}
	if with < len(a.Roster) {
		h.With = []string{a.Roster[with].Code}
	}
	return h
}

func (a *act) claim(ctx context.Context, h assessment.HonorClaimed, v verdict) (err error) {
	who := a.account()
	if h.Document, err = a.upload(ctx, a.do(), who, photos*assessors+a.dice.IntN(photos*assessors)); err != nil {
		return err
	}
	number := len(a.claims) + 1
	if _, err := a.do().ClaimHonor(ctx, a.meta(who, a.step(fmt.Sprintf("honor %d", number))), Round, a.subject, h); err != nil {
		return err
	}
	a.claims = append(a.claims, claim{number, h.Level, v})
	return nil
}

// turnedDown counts a command that the rules refuse, as they must. In a play
// that goes on, the record may have been submitted since.
func (a *act) turnedDown(err, rule error) error {
	if err == nil {
		return fmt.Errorf("was not refused: %w", rule)
	}
	if errors.Is(err, rule) || errors.Is(err, domain.ErrLocked) {
		a.refused.Add(1)
		return nil
	}
	return err
}

// judgeHonors has the jury decide all that was claimed.
func (a *act) judgeHonors(ctx context.Context) error {
	for _, c := range a.claims {
		if err := a.judgeHonor(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (a *act) judgeHonor(ctx context.Context, c claim) error {
	step := a.step(fmt.Sprintf("decide honor %d", c.number))
	if c.verdict == byDice && a.chance(0.3) {
		c.verdict = rejected
	}
	var err error
	switch c.verdict {
	case withdrawn:
		_, err = a.do().WithdrawHonor(ctx, a.meta(a.account(), step), Round, a.subject, c.number, mark(pick(a, a.script.after.Honors.Withdrawals)))
	case rejected:
		_, err = a.do().RejectHonor(ctx, a.meta(a.jury, step), Round, a.subject, c.number, pick(a, a.script.HonorRejections))
	default:
		worth := domain.Points(50)
		if c.level == assessment.National {
			worth = domain.Whole(1)
		}
		_, err = a.do().AcceptHonor(ctx, a.meta(a.jury, step), Round, a.subject, c.number, worth)
	}
	return err
}
