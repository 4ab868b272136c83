package reactions

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mingjian/api/mail"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

const theRound = "real"

// world is a platform with a round that is no demo, and appeals in it.
type world struct {
	*testing.T
	ctx     context.Context
	rig     *testrig.Rig
	cast    testrig.Cast
	centers []string
}

func newWorld(t *testing.T, centers int) *world {
	t.Helper()
	w := &world{T: t, ctx: testrig.Context(t), rig: testrig.Start(t), cast: testrig.Names()}
	for _, row := range w.rig.Register(t, centers) {
		w.centers = append(w.centers, row.Code)
	}
	plan := testrig.Round(theRound)
	plan.Demo = false
	_, err := w.rig.Commands.OpenRound(w.ctx, testrig.Meta("organizer"), plan)
	w.must(err)
	for _, center := range w.centers {
		w.must(w.cast.Assess(w.ctx, w.rig.Commands, testrig.Standard(t), theRound, center, "1.1.1", "1.2.1", "2.2"))
	}
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) file(center, clause string) string {
	w.Helper()
	id, err := w.cast.File(w.ctx, w.rig.Commands, theRound, center, clause)
	w.must(err)
	return id
}

func (w *world) hear(id string, restored domain.Points) {
	w.Helper()
	w.must(w.cast.Hear(w.ctx, w.rig.Commands, id, restored))
}

// events lists what is on record under a stored name.
func (w *world) events(name string) (events []eventstore.Recorded) {
	w.Helper()
	for e, err := range w.rig.Log.ReadAll(w.ctx, 0) {
		w.must(err)
		if e.Type == name {
			events = append(events, e)
		}
	}
	return events
}

// wantCorrections wants exactly one correction for each decision that says one.
func (w *world) wantCorrections(decisions int) {
	w.Helper()
	got := make(map[string]int)
	for _, e := range append(w.events("assessment.ScoreCorrected"), w.events("assessment.DeductionCorrected")...) {
		m, err := eventstore.ReadMetadata(e)
		w.must(err)
		got[m.Causation]++
	}
	asked := 0
	for _, e := range w.events("appeal.Decided") {
		event, err := w.rig.Codec.Decode(e.Type, e.Data)
		w.must(err)
		if event.(*appeal.Decided).Corrected == nil {
			continue
		}
		asked++
		if n := got[e.ID.String()]; n != 1 {
			w.Errorf("the decision in %s was carried out %d times", e.Stream, n)
		}
	}
	if asked != decisions || len(got) != decisions {
		w.Errorf("%d decisions to carry out, %d carried out; want %d", asked, len(got), decisions)
	}
}

// record is the first center's as it is on the log.
func (w *world) record() *assessment.Assessment {
	w.Helper()
	record, err := w.rig.Record(w.ctx, theRound, w.centers[0])
	w.must(err)
	return record
}

func (w *world) corrections(dir string) *Corrections {
	w.Helper()
	c, err := NewCorrections(w.ctx, CorrectionsConfig{Dir: dir, Log: w.rig.Log, Codec: w.rig.Codec, Commands: w.rig.Commands, Logger: testrig.Quiet()})
	w.must(err)
	return c
}

func (w *world) deadlines(now func() time.Time) *Deadlines {
	w.Helper()
	d, err := NewDeadlines(DeadlinesConfig{Log: w.rig.Log, Model: w.rig.Model, Commands: w.rig.Commands, Now: now})
	w.must(err)
	return d
}

func (w *world) letters(dir string, post Deliverer, now func() time.Time) *Letters {
	w.Helper()
	l, err := NewLetters(w.ctx, LettersConfig{
		Dir: dir, Log: w.rig.Log, Codec: w.rig.Codec, Accounts: town(w.centers), Mail: post, Now: now, Logger: testrig.Quiet(),
	})
	w.must(err)
	return l
}

// run runs handlers until the test ends or the returned function is called.
func (w *world) run(handlers ...projections.Handler) (stop func(), runner *projections.Runner) {
	w.Helper()
	runner, err := projections.Run(context.Background(), testrig.Quiet(), handlers...)
	w.must(err)
	stop = sync.OnceFunc(func() {
		if err := runner.Close(); err != nil {
			w.Error(err)
		}
	})
	w.Cleanup(stop)
	return stop, runner
}

// eventually waits for what must come.
func (w *world) eventually(what string, holds func() bool) {
	w.Helper()
	for !holds() {
		select {
		case <-w.ctx.Done():
			w.Fatalf("%s: never", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// reached reports whether a reaction has read what there is of its streams.
func (w *world) reached(at func() (eventstore.Checkpoint, error), prefixes ...string) func() bool {
	w.Helper()
	var last eventstore.Position
	for e, err := range w.rig.Log.ReadAll(w.ctx, 0) {
		w.must(err)
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(e.Stream, p) }) {
			last = e.Position
		}
	}
	return func() bool {
		now, _ := at() // never fails
		return now.Position >= last
	}
}

// town is who lives where the testrig's people do, each once.
type town []string

func (c town) Holders(_ context.Context, role rights.Role, subject string) ([]string, error) {
	switch {
	case role == rights.Organizer:
		return []string{"organizer", "organizer-2"}, nil
	case role == rights.Center && subject == "":
		var all []string
		for _, center := range c {
			all = append(all, "center-"+center)
		}
		return all, nil
	case subject != "":
		return []string{string(role) + "-" + subject}, nil
	}
	return nil, nil
}

// errCrash is what a crash at a step is: everything of the process is gone.
var errCrash = errors.New("crash")

// crashing runs what may crash at a step.
func crashing(run func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if p != any(errCrash) {
				panic(p)
			}
			err = errCrash
		}
	}()
	return run()
}

// at crashes when a step is reached the n-th time.
func at(which step, n int) func(step) {
	return func(s step) {
		if s == which {
			if n--; n == 0 {
				panic(errCrash)
			}
		}
	}
}

// page is all events of some streams as one page, as a feed may deliver them.
func (w *world) page(prefixes ...string) eventstore.Page {
	w.Helper()
	page := eventstore.Page{LogID: w.rig.Log.Identity()}
	for e, err := range w.rig.Log.ReadAll(w.ctx, 0) {
		w.must(err)
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(e.Stream, p) }) {
			page.Events = append(page.Events, e)
		}
	}
	return page
}

// outbox takes letters, as the mail's sender does, and misbehaves as told.
type outbox struct {
	mu    sync.Mutex
	taken map[string]int // by event and account
	tries int
	// next says how the next tries end; nil takes the letter.
	next []error
}

func (o *outbox) Deliver(_ context.Context, l mail.Letter) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tries++
	if len(o.next) > 0 {
		err := o.next[0]
		o.next = o.next[1:]
		if err != nil {
			return err
		}
	}
	if o.taken == nil {
		o.taken = make(map[string]int)
	}
	o.taken[fmt.Sprint(l.Kind, " ", l.Account, " ", l.Path)] = 1
	return nil
}

func (o *outbox) letters() (out []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for letter := range o.taken {
		out = append(out, letter)
	}
	slices.Sort(out)
	return out
}

func damage(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
}
