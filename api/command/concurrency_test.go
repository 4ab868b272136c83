package command_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

const clients = 16

// sent is a command of a client, and what came of it.
type sent struct {
	meta    command.Meta
	clause  string
	version int // of the entry that it makes, 0 for an observation
	text    string
	receipt command.Receipt
	err     error
}

// desk is one record that many edit.
type desk struct {
	*testrig.Rig
	ctx     context.Context
	subject string
	scores  []assessment.Score // one valid finding for each clause
	before  int                // events on the log when it was made
}

// newDesk opens a center's record, assigns every client to it, and records
// every other clause, which clients can revise; the others they can record.
func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Rig: testrig.Start(t), ctx: testrig.Context(t)}
	d.subject = d.Register(t, 1)[0].Code
	d.OpenRound(t, "2022")
	_, err := d.Commands.OpenAssessment(d.ctx, testrig.Meta("organizer"), "2022", d.subject)
	must(t, err)
	for i := range clients {
		_, err := d.Commands.AssignAssessor(d.ctx, testrig.Meta("organizer"), "2022", d.subject, client(i), i == 0)
		must(t, err)
	}
	d.scores = testrig.Findings(rand.New(rand.NewPCG(1, 16)), testrig.Standard(t), domain.Center)
	var half []assessment.Score
	for i, s := range d.scores {
		if recordable(i) {
			continue
		}
		half = append(half, s)
	}
	_, err = d.Commands.RecordScores(d.ctx, testrig.Meta(client(0)), "2022", d.subject, half)
	must(t, err)
	d.before = len(d.ReadLog(t))
	return d
}

func client(i int) string { return fmt.Sprintf("assessor-%d", i+1) }

// recordable clauses have no finding when the clients begin.
func recordable(i int) bool { return i%2 == 1 }

// record, revise and observe send one command; text marks what it records.
func (d *desk) record(m command.Meta, i int, text string) sent {
	s := d.scores[i]
	s.Reason = text
	receipt, err := d.Commands.RecordScores(d.ctx, m, "2022", d.subject, []assessment.Score{s})
	return sent{m, s.Clause, 1, text, receipt, err}
}

func (d *desk) revise(m command.Meta, i, supersedes int, text string) sent {
	receipt, err := d.Commands.ReviseScore(d.ctx, m, "2022", d.subject, supersedes, d.scores[i], text)
	return sent{m, d.scores[i].Clause, supersedes + 1, text, receipt, err}
}

func (d *desk) observe(m command.Meta, i int, text string) sent {
	s := d.scores[i]
	receipt, err := d.Commands.RecordObservation(d.ctx, m, "2022", d.subject, assessment.ObservationRecorded{
		Clause: s.Clause, Text: text, Method: s.Method, ObservedAt: s.ObservedAt,
	})
	return sent{m, s.Clause, 0, text, receipt, err}
}

// together runs all clients at once and gathers what they sent.
func together(n int, run func(i int) []sent) (all []sent) {
	var begin, end sync.WaitGroup
	begin.Add(n)
	out := make([][]sent, n)
	for i := range n {
		end.Go(func() {
			begin.Done()
			begin.Wait()
			out[i] = run(i)
		})
	}
	end.Wait()
	for _, list := range out {
		all = append(all, list...)
	}
	return all
}

// kept checks that each command that succeeded is on the log exactly once,
// where its receipt says, and in the read model with its text, that each that
// failed did so by a typed conflict and left nothing, and that there is nothing
// else. It returns how many succeeded.
func (d *desk) kept(t *testing.T, all []sent) (done int) {
	t.Helper()
	at := make(map[string][]uint64)
	events := d.ReadLog(t)
	for _, e := range events {
		m, err := eventstore.ReadMetadata(e)
		must(t, err)
		at[m.CommandID.String()] = append(at[m.CommandID.String()], e.Revision)
	}
	d.Wait(t)
	d.Look(t, func(v *projections.View) {
		a, err := v.Assessment("2022", d.subject, projections.Latest)
		must(t, err)
		observed := make(map[string]int)
		for _, o := range a.Observations {
			observed[o.Text]++
		}
		for _, s := range all {
			revisions := at[s.meta.ID]
			if s.err != nil {
				if !errors.Is(s.err, domain.ErrSuperseded) && !errors.Is(s.err, domain.ErrAlreadyRecorded) && !errors.Is(s.err, eventstore.ErrConflict) {
					t.Errorf("%s failed by no conflict: %v", s.text, s.err)
				}
				if len(revisions) != 0 || observed[s.text] != 0 {
					t.Errorf("%s failed (%v) and is on record at %v", s.text, s.err, revisions)
				}
				continue
			}
			done++
			if len(revisions) != 1 || revisions[0] != s.receipt.Revision || s.receipt.Repeated {
				t.Errorf("%s: on record at %v, its receipt says %+v", s.text, revisions, s.receipt)
			}
			if s.version == 0 {
				if observed[s.text] != 1 {
					t.Errorf("%s is observed %d times in the read model", s.text, observed[s.text])
				}
				continue
			}
			history, err := v.EntryHistory("2022", d.subject, s.clause)
			must(t, err)
			if len(history) < s.version {
				t.Errorf("%s made version %d of %s, the read model has %d", s.text, s.version, s.clause, len(history))
				continue
			}
			if e := history[s.version-1]; e.Why != s.text && e.Reason != s.text || e.Version != s.version {
				t.Errorf("version %d of %s is %q by %q, want %s", e.Version, s.clause, e.Why, e.Reason, s.text)
			}
		}
	})
	if len(events) != d.before+done {
		t.Errorf("%d events on the log, %d before and %d commands that succeeded", len(events), d.before, done)
	}
	return done
}

// TestManyEditOneRecord: sixteen assessors edit one record at once, each with
// what it last saw. No write is lost and none happens twice, and whoever comes
// too late is told so.
func TestManyEditOneRecord(t *testing.T) {
	d := newDesk(t)
	all := together(clients, func(i int) (out []sent) {
		rng := rand.New(rand.NewPCG(16, uint64(i)))
		versions := make([]int, 24) // what this client believes each clause is at
		for at := range versions {
			if !recordable(at) {
				versions[at] = 1
			}
		}
		var seen *uint64 // the revision that it saw last
		for step := range 12 {
			m, text := testrig.Meta(client(i)), fmt.Sprintf("client %d, step %d", i, step)
			at := rng.IntN(len(versions))
			var s sent
			switch choice := rng.IntN(3); {
			case choice == 0:
				m.Expected = seen // nil at first: wherever the record is
				s = d.observe(m, at, text)
			case versions[at] == 0:
				s = d.record(m, at, text)
			default:
				s = d.revise(m, at, versions[at], text)
			}
			switch {
			case s.err == nil:
				revision := s.receipt.Revision
				seen = &revision
				if s.version > 0 {
					versions[at] = s.version
				}
			case errors.Is(s.err, eventstore.ErrConflict):
				seen = nil // look again
			default:
				versions[at]++ // somebody else was first
			}
			out = append(out, s)
		}
		return out
	})
	done := d.kept(t, all)
	t.Logf("%d commands of %d clients: %d recorded, %d conflicts", len(all), clients, done, len(all)-done)
	testrig.CheckConsistent(t, d.Rig)
}

// TestOneWins: of sixteen who do the same thing at once exactly one succeeds,
// and all others get the conflict that belongs to what they did.
func TestOneWins(t *testing.T) {
	d := newDesk(t)
	end, err := d.Log.Last(d.ctx, command.AssessmentStream("2022", d.subject))
	must(t, err)
	var all []sent
	for _, race := range []struct {
		name string
		send func(m command.Meta, text string) sent
		lost error
	}{
		// Observing first: it expects the revision at which the others begin.
		{"observe at one revision", func(m command.Meta, text string) sent {
			m.Expected = &end.Revision
			return d.observe(m, 0, text)
		}, eventstore.ErrConflict},
		{"record one clause", func(m command.Meta, text string) sent { return d.record(m, 1, text) }, domain.ErrAlreadyRecorded},
		{"revise one version", func(m command.Meta, text string) sent { return d.revise(m, 0, 1, text) }, domain.ErrSuperseded},
	} {
		tries := together(clients, func(i int) []sent {
			return []sent{race.send(testrig.Meta(client(i)), fmt.Sprintf("%s, client %d", race.name, i))}
		})
		won := 0
		for _, s := range tries {
			if s.err == nil {
				won++
			} else if !errors.Is(s.err, race.lost) {
				t.Errorf("%s: %v, want %v", s.text, s.err, race.lost)
			}
		}
		if won != 1 {
			t.Errorf("%s: %d of %d won", race.name, won, clients)
		}
		all = append(all, tries...)
	}
	d.kept(t, all)
	testrig.CheckConsistent(t, d.Rig)
}

// TestSameCommandAtOnce: one command that arrives eight times at the same time
// is recorded once, and every sender gets the same receipt; also if it names
// the revision that it expects, which it has moved itself by then.
func TestSameCommandAtOnce(t *testing.T) {
	d := newDesk(t)
	recorded := d.before
	for i, what := range []string{"anywhere", "at a revision"} {
		m := testrig.Meta(client(i))
		if i == 1 {
			end, err := d.Log.Last(d.ctx, command.AssessmentStream("2022", d.subject))
			must(t, err)
			m.Expected = &end.Revision
		}
		tries := together(8, func(int) []sent { return []sent{d.observe(m, 0, what)} })
		for _, s := range tries {
			if s.err != nil || s.receipt.Revision != tries[0].receipt.Revision || s.receipt.Position != tries[0].receipt.Position {
				t.Errorf("%s: %+v %v, another sender got %+v", what, s.receipt, s.err, tries[0].receipt)
			}
		}
		recorded++
		if n := len(d.ReadLog(t)); n != recorded {
			t.Errorf("%s: %d events on the log, want %d", what, n, recorded)
		}
	}
	testrig.CheckConsistent(t, d.Rig)
}

// TestOneCommandIDOfManyAccounts: a command id that several accounts send at
// once is the first one's. The others are told so, and not that they succeeded.
func TestOneCommandIDOfManyAccounts(t *testing.T) {
	d := newDesk(t)
	const tries, accounts = 30, 4
	for try := range tries {
		m := testrig.Meta("")
		all := together(accounts, func(i int) []sent {
			own := m
			own.Actor = client(i)
			return []sent{d.observe(own, 0, fmt.Sprintf("try %d, client %d", try, i))}
		})
		won := 0
		for i, s := range all {
			if s.err == nil {
				won++
			} else if !errors.Is(s.err, domain.ErrInvalid) {
				t.Errorf("try %d, client %d: %v, want %v", try, i, s.err, domain.ErrInvalid)
			}
		}
		if won != 1 {
			t.Errorf("try %d: %d accounts were told that they succeeded", try, won)
		}
		if n := len(d.ReadLog(t)); n != d.before+try+1 {
			t.Fatalf("try %d: %d events on the log, want %d", try, n, d.before+try+1)
		}
	}
	testrig.CheckConsistent(t, d.Rig)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
