package command_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"mingjian/api/command"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/rights"
	"mingjian/internal/testrig"
)

// both gives an account a role more.
type both struct {
	command.Actors
	account, also string
}

func (b both) Actor(ctx context.Context, account string) (rights.Actor, error) {
	actor, err := b.Actors.Actor(ctx, account)
	if err != nil || account != b.account {
		return actor, err
	}
	more, err := b.Actors.Actor(ctx, b.also)
	actor.Grants = append(actor.Grants, more.Grants...)
	return actor, err
}

// TestEdgesOfDays: a deadline ends with its day in China, to the millisecond.
func TestEdgesOfDays(t *testing.T) {
	k := newCourt(t)
	file := func() error {
		_, err := k.c.FileAppeal(k.ctx, testrig.Meta(k.center()), k.filing(onOther))
		return err
	}
	late := k.file(onLost)
	k.set("2022-10-18 00:00:00")
	wantErr(t, "filed after midnight", file(), domain.ErrTooLate)
	k.set("2022-10-17 23:59:59.999")
	must(t, file())

	// The decision is due ten working days after the filing: by the 24th, which it
	// was filed on the 10th for. Until then nothing is flagged.
	expire := func(by string) error {
		_, err := k.c.Expire(k.ctx, late, by)
		return err
	}
	k.set("2022-10-24 23:59:59.999")
	wantErr(t, "flagged on the last day", expire("2022-10-24"), domain.ErrTooEarly)
	k.set("2022-10-25 00:00:00")
	before := len(k.ReadLog(t))
	must(t, expire("2022-10-23")) // was extended meanwhile, as far as this server knew
	k.unchanged("another deadline", before)
	for range 2 {
		must(t, expire("2022-10-24"))
	}
	k.unchanged("flagged once", before+1)
	if a := k.appeal(late); !a.Open() || a.Expired != "2022-10-24" {
		t.Errorf("after the flag: %+v", a)
	}

	// Extended on the 25th, from that day, since the old one has passed.
	extend := func(days int, reason string) error {
		_, err := k.c.ExtendAppeal(k.ctx, testrig.Meta("organizer"), late, days, reason)
		return err
	}
	wantErr(t, "without a reason", extend(3, ""), domain.ErrReasonMissing)
	wantErr(t, "by nothing", extend(0, "核查需要"), domain.ErrInvalid)
	must(t, extend(3, "核查需要"))
	if a := k.appeal(late); a.DecideBy != "2022-10-28" || a.Expired == a.DecideBy {
		t.Errorf("extended to %s", a.DecideBy)
	}
	must(t, extend(1, "再核查一天")) // from the new one, over the weekend
	if a := k.appeal(late); a.DecideBy != "2022-10-31" {
		t.Errorf("extended again to %s", a.DecideBy)
	}

	// Five working days for asking a second panel.
	k.set("2022-10-31 23:59:59.999")
	_, d := k.decide(late, firstPanel, 0, 0, 0)
	if d.EscalateBy != "2022-11-07" {
		t.Errorf("to be escalated by %s", d.EscalateBy)
	}
	escalate := func() error {
		_, err := k.c.EscalateAppeal(k.ctx, testrig.Meta(k.center()), late, "不服")
		return err
	}
	k.set("2022-11-08 00:00:00")
	wantErr(t, "escalated after midnight", escalate(), domain.ErrTooLate)
	k.set("2022-11-07 23:59:59.999")
	must(t, escalate())
	if a := k.appeal(late); a.DecideBy != "2022-11-21" {
		t.Errorf("the second panel decides by %s", a.DecideBy)
	}
}

// TestCalendarPin: days are counted by the calendar that the round pinned, and by
// no other version of it. Pinning anew leaves the deadlines that were set.
func TestCalendarPin(t *testing.T) {
	k := newCourt(t)
	id := k.file(onLost)
	k.panel(id, firstPanel...)
	k.vote(id, firstPanel, 0, 0, 0)
	quiet := k.rows[1].Code
	k.assess(quiet, domain.Center)
	k.config.Calendars = otherCalendar
	newer := k.server()
	sends := map[string]func(c *command.Commands) error{
		"notify": func(c *command.Commands) error {
			_, err := c.NotifyResult(k.ctx, testrig.Meta("organizer"), inRound, quiet)
			return err
		},
		"file": func(c *command.Commands) error {
			_, err := c.FileAppeal(k.ctx, testrig.Meta(k.center()), k.filing(onOther))
			return err
		},
		"extend": func(c *command.Commands) error {
			_, err := c.ExtendAppeal(k.ctx, testrig.Meta("organizer"), id, 3, "核查需要")
			return err
		},
		"decide": func(c *command.Commands) error {
			_, err := c.DecideAppeal(k.ctx, testrig.Meta("reviewer-1"), id, "合议认为")
			return err
		},
	}
	before := len(k.ReadLog(t))
	for name, send := range sends {
		wantErr(t, name+" by another calendar", send(newer), domain.ErrNoCalendar)
	}
	k.unchanged("another calendar", before)
	pin := func(c *command.Commands) error {
		_, err := c.PinCalendar(k.ctx, testrig.Meta("organizer"), inRound, "cn", "放假安排有调整")
		return err
	}
	wantErr(t, "the one that it has", pin(k.c), domain.ErrExists)
	must(t, pin(newer))
	for _, name := range []string{"notify", "file", "extend", "decide"} {
		wantErr(t, name+" by the old calendar", sends[name](k.c), domain.ErrNoCalendar)
		must(t, sends[name](newer))
	}
	if n := k.record(k.subject).Notices[0]; n.AppealBy != "2022-10-17" || k.appeal(id).Filed.DecideBy != "2022-10-24" {
		t.Errorf("deadlines that were set have moved: %+v", n)
	}
	other, err := otherCalendar("cn")
	must(t, err)
	if n := k.record(quiet).Notices[0]; n.Calendar != other.Hash {
		t.Errorf("the notice was counted by %s", n.Calendar)
	}
}

// TestYearWithoutCalendar: a deadline in a year whose holidays are not known is
// refused, never guessed.
func TestYearWithoutCalendar(t *testing.T) {
	k := newCourt(t)
	calendar, err := criteria.LookupCalendar("cn")
	must(t, err)
	quiet := k.rows[1].Code
	k.assess(quiet, domain.Center)
	k.set(fmt.Sprintf("%d-12-29 10:00:00", calendar.To))
	_, err = k.c.NotifyResult(k.ctx, testrig.Meta("organizer"), inRound, quiet)
	wantErr(t, "a notice over the end of the calendar", err, domain.ErrCalendarYear)
}

// flaky loses its accounts after some were looked up.
type flaky struct {
	command.Actors
	left int
}

var errAway = errors.New("the log is away")

func (f *flaky) Actor(ctx context.Context, account string) (rights.Actor, error) {
	if f.left--; f.left < 0 {
		return rights.Actor{}, errAway
	}
	return f.Actors.Actor(ctx, account)
}

// TestBulkNotice: results are told to all who have one; cut short, the same
// command finishes what is left and tells nobody twice.
func TestBulkNotice(t *testing.T) {
	k := newCourt(t)
	for _, row := range k.rows[1:3] {
		k.assess(row.Code, domain.Center)
	}
	// The fourth center has no record; the first one and its district were told.
	m := testrig.Meta("organizer-2")
	before := len(k.ReadLog(t))
	k.config.Actors = &flaky{testrig.People{}, 3} // the command, and two subjects
	cut, err := k.server().NotifyResults(k.ctx, m, inRound, "")
	if !errors.Is(err, errAway) {
		t.Fatalf("%+v, %v", cut, err)
	}
	k.config.Actors = testrig.People{}
	k.clock.Add(int64(24 * time.Hour / time.Millisecond))
	out, err := k.server().NotifyResults(k.ctx, m, inRound, "")
	must(t, err)
	want := []string{k.rows[1].Code, k.rows[2].Code}
	if !slices.Equal(out.Notified, want) || !slices.Contains(out.Known, k.subject) || !slices.Contains(out.Known, k.district) ||
		!slices.Contains(out.Waiting, k.rows[3].Code) || len(out.Notified)+len(out.Known)+len(out.Waiting) != 4+districts(k) {
		t.Errorf("%+v, want %v told", out, want)
	}
	k.unchanged("told", before+2)
	again, err := k.server().NotifyResults(k.ctx, m, inRound, "")
	must(t, err)
	if !slices.Equal(again.Notified, want) || again.Last.Position != out.Last.Position {
		t.Errorf("again: %+v, first %+v", again, out)
	}
	k.unchanged("sent again", before+2)
	fresh, err := k.c.NotifyResults(k.ctx, testrig.Meta("organizer-2"), inRound, k.district)
	must(t, err)
	if len(fresh.Notified) != 0 {
		t.Errorf("a new command told %v again", fresh.Notified)
	}
	for name, m := range map[string]command.Meta{"no UUID": {ID: "x", Actor: "organizer"}, "not an organizer": {ID: uuid.NewString(), Actor: "reviewer"}} {
		_, err := k.c.NotifyResults(k.ctx, m, inRound, "")
		if !errors.Is(err, domain.ErrInvalid) && !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = k.c.NotifyResults(k.ctx, testrig.Meta("organizer"), inRound, "319999")
	wantErr(t, "an unknown district", err, domain.ErrUnknownSubject)
	k.unchanged("refused", before+2)
}

func districts(k *court) int {
	codes := make(map[string]bool)
	for _, row := range k.rows {
		codes[row.DistrictCode] = true
	}
	return len(codes)
}
