package reactions

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

// TestCorrectionsCrash crashes at each step, in the middle of a page and at its
// end, and goes on with what is left on disk, or with nothing of it.
func TestCorrectionsCrash(t *testing.T) {
	for _, test := range []struct {
		step  step
		n     int
		loses bool // the bookmark too
	}{
		{corrected, 1, false},
		{corrected, 2, false},
		{corrected, 2, true},
		{turned, 1, false},
		{turned, 1, true},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			w := newWorld(t, 1)
			first, second, third := w.file(w.centers[0], "1.1.1"), w.file(w.centers[0], "1.2.1"), w.file(w.centers[0], "2.2")
			w.hear(first, 50)
			w.hear(second, 0)
			w.hear(third, 20)
			dir := t.TempDir()
			c := w.corrections(dir)
			c.after = at(test.step, test.n)
			page := w.page(appeal.StreamPrefix)
			if err := crashing(func() error { return c.react(w.ctx, page) }); !errors.Is(err, errCrash) {
				t.Fatalf("no crash: %v", err)
			}
			if test.loses {
				damage(t, dir, "corrections.json")
			}
			w.must(w.corrections(dir).react(w.ctx, page))
			w.wantCorrections(2)
			w.must(w.corrections(t.TempDir()).react(w.ctx, page)) // another server, from the log's beginning
			w.wantCorrections(2)
			entries := w.record().Entries
			for clause, want := range map[string]domain.Points{"1.1.1": 0, "1.2.1": 50, "2.2": 30} {
				if got := entries[clause].Finding.Points; got != want {
					t.Errorf("%s has lost %s, want %s", clause, got, want)
				}
			}
		})
	}
}

// TestCorrectionsOnManyServers runs several at once, on feeds of their own,
// while decisions come, one of which closes with its round.
func TestCorrectionsOnManyServers(t *testing.T) {
	w := newWorld(t, 3)
	for range 3 {
		w.run(w.corrections(t.TempDir()).Handler())
	}
	var together sync.WaitGroup
	for _, center := range w.centers {
		for _, clause := range []string{"1.1.1", "1.2.1"} {
			together.Go(func() {
				id, err := w.cast.File(w.ctx, w.rig.Commands, theRound, center, clause)
				if err == nil {
					err = w.cast.Hear(w.ctx, w.rig.Commands, id, 50)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	together.Wait()
	last := w.file(w.centers[0], "2.2")
	w.hear(last, 50)
	_, err := w.rig.Commands.CloseRound(w.ctx, testrig.Meta("organizer"), theRound, "结束")
	w.must(err)
	w.eventually("7 corrections", func() bool { return len(w.events("assessment.ScoreCorrected")) >= 7 })
	for range 2 { // and whoever comes later
		late := w.corrections(t.TempDir())
		stop, _ := w.run(late.Handler())
		w.eventually("the late one", w.reached(late.Checkpoint, appeal.StreamPrefix))
		stop()
	}
	w.wantCorrections(7)
	if got := w.record().Entries["2.2"].Finding.Outcome; got != domain.Met {
		t.Errorf("decided as the round was closed: 2.2 is %s", got)
	}
}

// unwilling refuses the first tries, or all of those on one appeal.
type unwilling struct {
	Corrector
	mu     sync.Mutex
	calls  int
	first  []error
	always map[string]error // by stream
}

func (u *unwilling) Correct(ctx context.Context, cause eventstore.Recorded, d *appeal.Decided) (command.Receipt, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.calls++
	if err := u.always[cause.Stream]; err != nil {
		return command.Receipt{}, err
	}
	if len(u.first) > 0 {
		err := u.first[0]
		u.first = u.first[1:]
		return command.Receipt{}, err
	}
	return u.Corrector.Correct(ctx, cause, d)
}

// TestCorrectionsFail: what passes is tried again; what does not holds up what
// follows, and says so.
func TestCorrectionsFail(t *testing.T) {
	w := newWorld(t, 2)
	first, second := w.file(w.centers[0], "1.1.1"), w.file(w.centers[1], "1.1.1")
	w.hear(first, 50)
	commands := &unwilling{Corrector: w.rig.Commands, first: []error{
		fmt.Errorf("append: %w", eventstore.ErrUnavailable), &eventstore.ConflictError{}, eventstore.ErrFull,
	}}
	dir := t.TempDir()
	c, err := NewCorrections(w.ctx, CorrectionsConfig{Dir: dir, Log: w.rig.Log, Codec: w.rig.Codec, Commands: commands, Logger: testrig.Quiet()})
	w.must(err)
	stop, runner := w.run(c.Handler())
	w.eventually("the correction", w.reached(c.Checkpoint, appeal.StreamPrefix))
	w.wantCorrections(1)
	w.eventually("health", func() bool { return runner.Status()[0].Err == nil })

	commands.mu.Lock()
	commands.always = map[string]error{appeal.StreamPrefix + second: fmt.Errorf("1.1.1: %w", domain.ErrNotRecorded)}
	commands.mu.Unlock()
	w.hear(second, 50)
	w.hear(w.file(w.centers[0], "1.2.1"), 50)
	w.eventually("it stands still", func() bool { return errors.Is(runner.Status()[0].Err, ErrStuck) })
	if got := len(w.events("assessment.ScoreCorrected")); got != 1 {
		t.Errorf("%d corrections beyond one that cannot be made", got)
	}
	stop()

	commands.mu.Lock()
	commands.always, commands.calls = nil, 0
	commands.mu.Unlock()
	c, err = NewCorrections(w.ctx, CorrectionsConfig{Dir: dir, Log: w.rig.Log, Codec: w.rig.Codec, Commands: commands, Logger: testrig.Quiet()})
	w.must(err)
	w.run(c.Handler())
	w.eventually("the others", w.reached(c.Checkpoint, appeal.StreamPrefix))
	w.wantCorrections(3)
	if commands.calls != 2 {
		t.Errorf("%d commands after a restart, want those of the 2 decisions that were left", commands.calls)
	}
}

// TestBookmarkOfAnotherPast: a log that was restored from an older copy and has
// gone on is looked at from its beginning.
func TestBookmarkOfAnotherPast(t *testing.T) {
	w := newWorld(t, 1)
	w.hear(w.file(w.centers[0], "1.1.1"), 50)
	dir := t.TempDir()
	c := w.corrections(dir)
	page := w.page(appeal.StreamPrefix)
	w.must(c.react(w.ctx, page))
	if at, _ := w.corrections(dir).Checkpoint(); at.Position != page.Last() || at.LogID != w.rig.Log.Identity() {
		t.Fatalf("it goes on at %+v, want %s", at, page.Last())
	}
	last := page.Events[len(page.Events)-1]
	for name, change := range map[string]func(*mark){
		"another log":            func(m *mark) { m.LogID = "another" },
		"another event there":    func(m *mark) { m.Event[0] ^= 1 },
		"elsewhere":              func(m *mark) { m.Position++ },
		"a stream that is short": func(m *mark) { m.Revision = last.Revision + 1 },
		"no such stream":         func(m *mark) { m.Stream = "appeal-none" },
	} {
		b := &bookmark{path: filepath.Join(dir, "corrections.json"), at: c.bookmark.at}
		change(&b.at)
		w.must(b.turn(eventstore.Page{}, nil))
		if at, _ := w.corrections(dir).Checkpoint(); at != (eventstore.Checkpoint{}) {
			t.Errorf("%s: it goes on at %+v", name, at)
		}
	}
	w.must(w.corrections(dir).react(w.ctx, page))
	w.wantCorrections(1)
}

// TestRedelivery: a feed sends a page again that was handled, and one that
// overlaps with it.
func TestRedelivery(t *testing.T) {
	w := newWorld(t, 1)
	w.hear(w.file(w.centers[0], "1.1.1"), 50)
	c := w.corrections(t.TempDir())
	page := w.page(appeal.StreamPrefix)
	w.hear(w.file(w.centers[0], "1.2.1"), 50)
	for range 3 {
		w.must(c.react(w.ctx, page))
	}
	w.must(c.react(w.ctx, w.page(appeal.StreamPrefix)))
	w.must(c.react(w.ctx, page))
	w.must(c.react(w.ctx, w.page(appeal.StreamPrefix)))
	w.wantCorrections(2)
	if _, err := NewCorrections(w.ctx, CorrectionsConfig{}); err == nil {
		t.Error("a reaction on nothing")
	}
}
