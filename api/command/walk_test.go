package command_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

// streets is where several walkers give commands at once, to several servers
// of one log, while days pass.
type streets struct {
	*testrig.Rig
	ctx      context.Context
	servers  []*command.Commands
	subjects []testrig.Subject

	mu      sync.Mutex
	filed   []string        // appeals
	left    map[string]bool // command ids, and whether the log is to have them
	counts  map[string]int  // of what came of the commands
	strange error           // what was refused by no rule
}

const (
	walkers    = 8
	walkPauses = 4
)

// setting is a number from the environment: MINGJIAN_WALK_SEED repeats a walk,
// but not how the walkers come in between each other; MINGJIAN_WALK_TOGETHER is
// how many steps each of them takes before a pause.
func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	must(t, err)
	return n
}

// TestWalkTogether walks some four thousand steps through the real commands:
// eight walkers at once, at three servers, with days passing, commands sent
// again, and reactions that run on two servers. Whenever all pause, the read
// model is the fold of the log, a rebuild is the same, and what it counts and
// explains is equal to a recount.
func TestWalkTogether(t *testing.T) {
	seed, steps := setting(t, "MINGJIAN_WALK_SEED", uint64(time.Now().UnixNano())), setting(t, "MINGJIAN_WALK_TOGETHER", 130)
	s := &streets{Rig: testrig.Start(t), left: make(map[string]bool), counts: make(map[string]int)}
	ctx, cancel := context.WithTimeout(context.Background(), 10*testrig.Patience)
	t.Cleanup(cancel)
	s.ctx = ctx
	for range 3 {
		c, err := command.New(s.CommandConfig())
		must(t, err)
		s.servers = append(s.servers, c)
	}
	player := s.Player(t, seed, inRound, 4)
	s.subjects = player.Subjects
	began := time.Now()
	for pause := range walkPauses {
		together(walkers, func(i int) []sent {
			w := &walker{streets: s, rng: rand.New(rand.NewPCG(seed, uint64(pause*walkers+i))), std: testrig.Standard(t)}
			w.at = s.subjects[(pause+i)%len(s.subjects)]
			for range steps {
				w.step()
			}
			return nil
		})
		if s.strange != nil {
			t.Fatalf("MINGJIAN_WALK_SEED=%d: %v", seed, s.strange)
		}
		s.carryOut(t)
		s.check(t)
		if t.Failed() {
			t.Fatalf("MINGJIAN_WALK_SEED=%d, pause %d", seed, pause)
		}
	}
	var told []string
	for _, what := range slices.Sorted(maps.Keys(s.counts)) {
		told = append(told, fmt.Sprintf("%s %d", what, s.counts[what]))
	}
	t.Logf("seed %d: %d steps in %s, %d appeals; %s", seed, walkPauses*walkers*steps, time.Since(began).Round(time.Millisecond), len(s.filed), strings.Join(told, "; "))
	if steps >= 100 && (s.counts["done"] < 500 || len(s.filed) == 0) {
		t.Errorf("a dull walk: %v", s.counts)
	}
}

// walker is one of those who give commands.
type walker struct {
	*streets
	rng *rand.Rand
	std *domain.Standard
	at  testrig.Subject // the subject that the walker stays with for a while
	// sent are the walker's newest commands, to be sent again.
	sent []again
}

// again is a command as it can be sent again, and what came of it.
type again struct {
	id      string
	send    send
	receipt command.Receipt
	err     error
}

// send gives a command to a server.
type send func(c *command.Commands, m command.Meta) (command.Receipt, error)

func (w *walker) server() *command.Commands { return w.servers[w.rng.IntN(len(w.servers))] }

func (w *walker) step() {
	switch n := w.rng.IntN(100); {
	case n == 0:
		w.Pass(1 + w.rng.IntN(2))
	case n < 6:
		w.at = w.subjects[w.rng.IntN(len(w.subjects))]
	case n < 14 && len(w.sent) > 0:
		w.repeat(w.sent[w.rng.IntN(len(w.sent))])
	case n < 22:
		w.react()
	default:
		actor, command := w.next()
		w.give(actor, command)
	}
}

// give sends a new command, sometimes with the revision that was seen last.
func (w *walker) give(actor string, send send) {
	m := testrig.Meta(actor)
	if n := len(w.sent); n > 0 && w.rng.IntN(12) == 0 && w.sent[n-1].err == nil {
		m.Expected = &w.sent[n-1].receipt.Revision
	}
	bound := func(c *command.Commands, _ command.Meta) (command.Receipt, error) { return send(c, m) }
	receipt, err := bound(w.server(), m)
	w.note(m.ID, receipt, err)
	if len(w.sent) == 20 {
		w.sent = w.sent[1:]
	}
	w.sent = append(w.sent, again{m.ID, bound, receipt, err})
	if id, ok := strings.CutPrefix(receipt.Stream, appeal.StreamPrefix); ok && err == nil {
		w.mu.Lock()
		if !slices.Contains(w.filed, id) {
			w.filed = append(w.filed, id)
		}
		w.mu.Unlock()
	}
}

// repeat sends a command again: what was recorded keeps its receipt.
func (w *walker) repeat(a again) {
	receipt, err := a.send(w.server(), command.Meta{})
	w.note(a.id, receipt, err)
	// What decided nothing is on no log, and is decided anew.
	if a.err == nil && a.receipt.Stream != "" && w.recorded(a) && (err != nil || !receipt.Repeated || receipt.Revision != a.receipt.Revision || receipt.Position != a.receipt.Position) {
		w.fail(fmt.Errorf("command %s got %+v, and again %+v, %w", a.id, a.receipt, receipt, err))
	}
}

// recorded reports whether a command's receipt is of an event of its own.
func (w *walker) recorded(a again) bool {
	for e, err := range w.Log.ReadStream(w.ctx, a.receipt.Stream, a.receipt.Revision) {
		if err != nil {
			w.fail(err)
			return false
		}
		m, err := eventstore.ReadMetadata(e)
		return err == nil && m.CommandID.String() == a.id
	}
	return false
}

// note takes down what came of a command, which a rule refused or nothing did.
func (w *walker) note(id string, r command.Receipt, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.left[id] // what was recorded once stays so
	w.left[id] = before || err == nil
	switch rule := testrig.Rule(err); {
	case err == nil && r.Repeated:
		w.counts["repeated"]++
	case err == nil:
		w.counts["done"]++
	case rule != nil:
		w.counts["refused: "+rule.Error()]++
	case errors.Is(err, eventstore.ErrConflict):
		w.counts["conflict"]++
	default:
		w.strange = errors.Join(w.strange, fmt.Errorf("by no rule, or several: %w", err))
	}
}

func (s *streets) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.strange = errors.Join(s.strange, err)
}

// one draws an appeal, mostly one against the record that the walker is at.
func (w *walker) one() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var here []string
	for _, id := range w.filed {
		if strings.HasPrefix(id, inRound+"-"+w.at.Code+"-") {
			here = append(here, id)
		}
	}
	switch n := len(here); {
	case n > 0 && w.rng.IntN(3) > 0:
		return here[n-1]
	case n > 0:
		return here[w.rng.IntN(n)]
	case len(w.filed) > 0:
		return w.filed[w.rng.IntN(len(w.filed))]
	}
	return appeal.ID(inRound, w.at.Code, assessment.Target{Clause: "1.1.1"}, 1)
}
