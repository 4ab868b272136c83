package reactions

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mingjian/api/mail"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

var prefixes = []string{"assessment-", "appeal-", "round-"}

// story plays everything that people are told of, in one center's record.
func (w *world) story() (appeal string) {
	w.Helper()
	c, center := w.rig.Commands, w.centers[0]
	must := func(_ any, err error) {
		w.Helper()
		w.must(err)
	}
	must(c.FileReply(w.ctx, testrig.Meta("center-"+center), theRound, center, "已整改"))
	id := w.file(center, "1.1.1")
	must(c.NamePanel(w.ctx, testrig.Meta("organizer"), id, []string{"reviewer-3", "reviewer-4", "reviewer-6"}))
	must(c.RecuseReviewer(w.ctx, testrig.Meta("organizer"), id, "reviewer-6", "亲属在该中心任职", true))
	w.hear(id, 0)
	must(c.EscalateAppeal(w.ctx, testrig.Meta("center-"+center), id, "仍有异议"))
	must(c.NamePanel(w.ctx, testrig.Meta("organizer-2"), id, []string{"reviewer-7", "reviewer-8", "reviewer-9"}))
	w.rig.Pass(30)
	w.must(w.deadlines(w.rig.Now).look(w.ctx, eventstore.Page{}))
	must(testrig.Publish(w.ctx, c, theRound, "发布"))
	return id
}

// TestWhoIsTold plays a story and wants each letter of it, and no other.
func TestWhoIsTold(t *testing.T) {
	w := newWorld(t, 2)
	center := w.centers[0]
	id := w.story()
	post := new(outbox)
	l := w.letters(t.TempDir(), post, w.rig.Now)
	l.config.Youth = 60 * 24 * time.Hour
	w.must(l.write(w.ctx, w.page(prefixes...)))
	w.must(l.post(w.ctx, eventstore.Page{}))
	record, theAppeal := "/rounds/real/subjects/", "/appeals/"+id
	want := []string{
		"appealDecided center-" + center + " " + theAppeal,
		"appealFiled organizer " + theAppeal, "appealFiled organizer-2 " + theAppeal,
		"appealOverdue organizer " + theAppeal, "appealOverdue organizer-2 " + theAppeal,
		"appealOverdue reviewer-7 " + theAppeal, "appealOverdue reviewer-8 " + theAppeal, "appealOverdue reviewer-9 " + theAppeal,
		"appealVote reviewer-3 " + theAppeal, "appealVote reviewer-4 " + theAppeal, "appealVote reviewer-5 " + theAppeal, "appealVote reviewer-6 " + theAppeal,
		"appealVote reviewer-7 " + theAppeal, "appealVote reviewer-8 " + theAppeal, "appealVote reviewer-9 " + theAppeal,
		"panelWanted organizer " + theAppeal, "panelWanted organizer-2 " + theAppeal, // of the escalation; of the recusal only the other one
		"published center-" + w.centers[0] + " /rounds/real", "published center-" + w.centers[1] + " /rounds/real",
		"recordAssigned assessor " + record + w.centers[0], "recordAssigned assessor " + record + w.centers[1],
		"replyFiled organizer " + record + center, "replyFiled organizer-2 " + record + center,
		"resultNotified center-" + w.centers[0] + " " + record + w.centers[0], "resultNotified center-" + w.centers[1] + " " + record + w.centers[1],
	}
	if diff := cmp.Diff(want, post.letters()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n, cause := l.Waiting(); n != 0 || cause != nil {
		t.Errorf("%d wait, for %v", n, cause)
	}
	// Of three namings and one recusal come more letters than kinds: each event
	// has its own.
	if post.tries != len(want)+3 {
		t.Errorf("%d letters, want %d", post.tries, len(want)+3)
	}
}

// TestTheLeadIsTold of a record that came back, or the team where nobody leads.
func TestTheLeadIsTold(t *testing.T) {
	w := newWorld(t, 1)
	c, center := w.rig.Commands, w.centers[0]
	must := func(_ any, err error) {
		t.Helper()
		w.must(err)
	}
	assign := func(who string, lead bool) {
		t.Helper()
		must(c.AssignAssessor(w.ctx, testrig.Meta("organizer"), theRound, center, who, lead))
	}
	giveBack := func() {
		t.Helper()
		must(c.ReturnAssessment(w.ctx, testrig.Meta("reviewer"), theRound, center, "请补充", nil))
	}
	assign("assessor-2", false)
	assign("assessor-3", false)
	must(c.RecuseAssessor(w.ctx, testrig.Meta("organizer"), theRound, center, "assessor-3", "亲属", false))
	finding := w.record().Entries["2.2"].Finding
	finding.Reason = "复查"
	must(c.ReviseScore(w.ctx, testrig.Meta("assessor"), theRound, center, 1, assessment.Score{Clause: "2.2", Finding: finding}, "复查"))
	giveBack()
	must(c.Submit(w.ctx, testrig.Meta("assessor"), theRound, center))
	assign("assessor", false)
	giveBack()
	var told []string
	l := w.letters(t.TempDir(), new(outbox), w.rig.Now)
	for _, e := range w.events("assessment.Returned") {
		some, err := l.lettersOf(w.ctx, e)
		w.must(err)
		for _, letter := range some {
			told = append(told, letter.Account)
		}
	}
	if diff := cmp.Diff([]string{"assessor", "assessor-2", "assessor"}, told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNobodyIsWrittenToAboutThePast, nor about simulated rounds.
func TestNobodyIsWrittenToAboutThePast(t *testing.T) {
	w := newWorld(t, 1)
	demo := testrig.Round("demo")
	_, err := w.rig.Commands.OpenRound(w.ctx, testrig.Meta("organizer"), demo)
	w.must(err)
	w.must(w.cast.Assess(w.ctx, w.rig.Commands, testrig.Standard(t), "demo", w.centers[0], "1.1.1"))
	demoAppeal, err := w.cast.File(w.ctx, w.rig.Commands, "demo", w.centers[0], "1.1.1")
	w.must(err)
	w.hear(demoAppeal, 50)
	w.rig.Pass(1)
	count := func(now func() time.Time) int {
		t.Helper()
		l := w.letters(t.TempDir(), new(outbox), now)
		w.must(l.write(w.ctx, w.page(prefixes...)))
		n, _ := l.Waiting()
		return n
	}
	if got := count(w.rig.Now); got != 2 { // the assignment and the notice of the real round
		t.Errorf("%d letters of yesterday, want 2", got)
	}
	if got := count(func() time.Time { return testrig.Day.AddDate(0, 0, -30) }); got != 2 {
		t.Errorf("%d letters by a clock that went back, want 2", got)
	}
	w.rig.Pass(3)
	if got := count(w.rig.Now); got != 0 {
		t.Errorf("%d letters of four days ago", got)
	}
}

// TestLettersCrash crashes at each step and goes on with what is on disk.
func TestLettersCrash(t *testing.T) {
	w := newWorld(t, 2)
	w.story()
	page := w.page(prefixes...)
	whole := new(outbox)
	{
		l := w.letters(t.TempDir(), whole, w.rig.Now)
		l.config.Youth = 60 * 24 * time.Hour
		w.must(l.write(w.ctx, page))
		w.must(l.post(w.ctx, eventstore.Page{}))
	}
	for _, test := range []struct {
		step  step
		n     int
		loses bool
	}{{found, 1, false}, {turned, 1, false}, {turned, 1, true}, {delivered, 1, false}, {delivered, 7, false}, {delivered, 7, true}} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			post, dir := new(outbox), t.TempDir()
			run := func(after func(step)) error {
				l := w.letters(dir, post, w.rig.Now)
				l.config.Youth, l.after = 60*24*time.Hour, after
				return crashing(func() error {
					if err := l.write(w.ctx, page); err != nil {
						return err
					}
					return l.post(w.ctx, eventstore.Page{})
				})
			}
			if err := run(at(test.step, test.n)); !errors.Is(err, errCrash) {
				t.Fatalf("no crash: %v", err)
			}
			if test.loses {
				damage(t, dir, "letters.json")
			}
			w.must(run(func(step) {}))
			if diff := cmp.Diff(whole.letters(), post.letters()); diff != "" {
				t.Errorf("(-without a crash +with one):\n%s", diff)
			}
		})
	}
}

// TestLettersWait: a letter that is put off holds up no other; where none can
// leave, only one is tried at a time, and the reading goes on.
func TestLettersWait(t *testing.T) {
	w := newWorld(t, 2) // 4 letters
	now := w.rig.Now()
	clock := func() time.Time { return now }
	full := func(general bool, after time.Duration) error {
		return &mail.RetryError{At: now.Add(after), General: general, Cause: errors.New("452 mailbox full")}
	}
	post := &outbox{next: []error{full(false, 2*time.Minute)}}
	dir := t.TempDir()
	l := w.letters(dir, post, clock)
	w.must(l.write(w.ctx, w.page(prefixes...)))
	again := func(tries, wait int) {
		t.Helper()
		w.must(l.post(w.ctx, eventstore.Page{}))
		if n, _ := l.Waiting(); post.tries != tries || n != wait {
			t.Errorf("%d tries, %d letters wait; want %d and %d", post.tries, n, tries, wait)
		}
	}
	again(4, 1)
	again(4, 1)
	l = w.letters(dir, post, clock) // a restart forgets neither the letter nor its time
	again(4, 1)
	now = now.Add(3 * time.Minute)
	again(5, 0)

	post = &outbox{next: []error{full(true, 2*time.Minute)}}
	l = w.letters(t.TempDir(), post, clock)
	w.must(l.write(w.ctx, w.page(prefixes...)))
	again(1, 4)
	again(1, 4)
	if _, cause := l.Waiting(); cause == nil {
		t.Error("nothing keeps the letters from leaving")
	}
	now = now.Add(2 * time.Minute)
	first := l.due()[0]
	post.next = []error{full(true, 2*time.Minute)}
	again(2, 4)
	if w := l.due(); len(w) != 3 || w[0].same(first) {
		t.Errorf("after %v failed too, %v are next", first, w)
	}
	now = now.AddDate(0, 0, -1) // a clock that goes back keeps nothing waiting
	again(6, 0)
	if _, cause := l.Waiting(); cause != nil {
		t.Errorf("letters are kept from leaving: %v", cause)
	}
}

// TestLettersFail: while the log is away, letters wait; one that can never be
// delivered says so, and the others leave.
func TestLettersFail(t *testing.T) {
	w := newWorld(t, 2)
	post := &outbox{next: []error{nil, fmt.Errorf("claim: %w", eventstore.ErrUnavailable), domain.ErrInvalid}}
	l := w.letters(t.TempDir(), post, w.rig.Now)
	w.must(l.write(w.ctx, w.page(prefixes...)))
	if err := l.post(w.ctx, eventstore.Page{}); !errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, ErrStuck) {
		t.Errorf("the log is away: %v", err)
	}
	if n, _ := l.Waiting(); n != 3 {
		t.Errorf("%d letters wait, want 3", n)
	}
	if err := l.post(w.ctx, eventstore.Page{}); !errors.Is(err, ErrStuck) {
		t.Errorf("a letter that cannot be: %v", err)
	}
	if n, _ := l.Waiting(); n != 1 {
		t.Errorf("%d letters wait, want the one", n)
	}
	if _, err := NewLetters(w.ctx, LettersConfig{Youth: -1}); err == nil {
		t.Error("letters on nothing")
	}
}

// TestLettersRun: both handlers together, as a server runs them.
func TestLettersRun(t *testing.T) {
	w := newWorld(t, 1)
	post := new(outbox)
	l := w.letters(t.TempDir(), post, w.rig.Now)
	w.run(l.Handlers()...)
	w.eventually("the notice", func() bool { return len(post.letters()) == 2 })
	w.file(w.centers[0], "1.1.1")
	w.eventually("a new letter, at once", func() bool { return len(post.letters()) == 4 })
}

// TestTableIsInTheManual holds docs/operations.md to the rules.
func TestTableIsInTheManual(t *testing.T) {
	manual, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(manual), Table()) {
		t.Errorf("docs/operations.md does not show who is told of what; this is it:\n%s", Table())
	}
}
