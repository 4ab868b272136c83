// Package walk is a random walk over all commands of all roles, with time
// passing: whatever people do, in whatever order, no sequence of commands breaks
// what design.md promises. It goes through the rights table and the domain
// alone, so that a hundred thousand steps take seconds; the walk through the
// real commands, several servers at once, is beside them in api/command.
//
// MINGJIAN_WALK_STEPS sets how many steps are walked. A failure names its seed
// and its world: with both in MINGJIAN_WALK_SEED and MINGJIAN_WALK_WORLD that
// world is walked again, step by step the same.
package walk

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mingjian/domain/rights"
)

// elsewhere are the commands that no walk takes, each with the reason.
var elsewhere = map[rights.Command]string{
	"createAccount": "accounts", "inviteAccount": "accounts", "disableAccount": "accounts", "enableAccount": "accounts",
	"eraseAccount": "accounts", "clearTotp": "accounts", "revokeSessions": "accounts",
	"importFile":       "gives the commands that are walked",
	"rebuildReadModel": "there is no read model here",
}

// walked are the commands that the walk takes.
var walked = slices.DeleteFunc(slices.Clone(rights.Commands), func(c rights.Command) bool { return elsewhere[c] != "" })

// tally counts what came of the steps.
type tally struct {
	steps, worlds                       int
	accepted                            map[rights.Command]int
	refused, events, outcomes, releases map[string]int
}

func newTally() *tally {
	return &tally{
		accepted: make(map[rights.Command]int), refused: make(map[string]int), events: make(map[string]int),
		outcomes: make(map[string]int), releases: make(map[string]int),
	}
}

func (t *tally) add(other *tally) {
	t.steps += other.steps
	t.worlds += other.worlds
	for c, n := range other.accepted {
		t.accepted[c] += n
	}
	for i, counts := range []map[string]int{other.refused, other.events, other.outcomes, other.releases} {
		for key, n := range counts {
			[]map[string]int{t.refused, t.events, t.outcomes, t.releases}[i][key] += n
		}
	}
}

func sumOf[K comparable](counts map[K]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

func list[K ~string](counts map[K]int) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%s %d", key, counts[key]))
	}
	return strings.Join(out, "; ")
}

// worldSteps is how long a world goes on.
const worldSteps = 2500

// wander walks one world, and says where it went wrong.
func wander(s *shared, seed, number uint64, steps int, t *tally) (err error) {
	w := newWorld(s, rand.New(rand.NewPCG(seed, number)), t)
	t.worlds++
	at := 0
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("panic: %v", broken)
		}
		if err != nil {
			err = fmt.Errorf("MINGJIAN_WALK_SEED=%d MINGJIAN_WALK_WORLD=%d, step %d: %w\n%s", seed, number, at, err, strings.Join(w.trace, "\n"))
		}
	}()
	for ; at < steps; at++ {
		t.steps++
		if err := w.step(); err != nil {
			return err
		}
		// A closed round has nothing more to tell than refusals.
		if w.check.round.closed && steps-at > 100 {
			steps = at + 100
		}
	}
	for len(w.due) > 0 { // all reactions come in the end
		if err := w.react(); err != nil {
			return err
		}
	}
	if err := w.check.stand(); err != nil {
		return err
	}
	return w.parted()
}

func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestWalk walks a hundred thousand steps and more.
func TestWalk(t *testing.T) {
	s, err := newShared()
	if err != nil {
		t.Fatal(err)
	}
	steps := int64(setting(t, "MINGJIAN_WALK_STEPS", 120_000))
	seed := setting(t, "MINGJIAN_WALK_SEED", uint64(time.Now().UnixNano()))
	if world := setting(t, "MINGJIAN_WALK_WORLD", 0); world > 0 {
		if err := wander(s, seed, world, worldSteps, newTally()); err != nil {
			t.Fatal(err)
		}
		return
	}
	began := time.Now()
	all := newTally()
	var mu sync.Mutex
	var walkers sync.WaitGroup
	var number, taken atomic.Int64
	var failed atomic.Bool
	for range runtime.GOMAXPROCS(0) {
		walkers.Go(func() {
			own := newTally()
			for taken.Load() < steps && !failed.Load() {
				before := own.steps
				err := wander(s, seed, uint64(number.Add(1)), worldSteps, own)
				taken.Add(int64(own.steps - before))
				if err != nil {
					failed.Store(true)
					t.Error(err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all.add(own)
		})
	}
	walkers.Wait()
	t.Logf("seed %d: %d steps in %d worlds, %.0f a second; %d accepted, %d refused, %d events\nrefused: %s\nevents: %s\nappeals: %s\nreleases: %s\naccepted: %s",
		seed, all.steps, all.worlds, float64(all.steps)/time.Since(began).Seconds(), sumOf(all.accepted), sumOf(all.refused), sumOf(all.events),
		list(all.refused), list(all.events), list(all.outcomes), list(all.releases), list(all.accepted))
	if steps < 100_000 || failed.Load() {
		return
	}
	for _, command := range walked {
		if all.accepted[command] == 0 {
			t.Errorf("%s is never accepted", command)
		}
	}
	for _, outcome := range []string{
		"panel 1: dismissed", "panel 1: partlyUpheld", "panel 1: upheld", "panel 2: dismissed", "panel 2: partlyUpheld", "panel 2: upheld",
		"withdrawn from panel 1", "withdrawn from panel 2",
	} {
		if all.outcomes[outcome] == 0 {
			t.Errorf("no appeal is ever %s", outcome)
		}
	}
}

// TestWalkTakesEveryCommand: what the table of rights knows is walked, or said
// to be elsewhere.
func TestWalkTakesEveryCommand(t *testing.T) {
	for _, command := range rights.Commands {
		if builders[command] == nil && command != "notifyResults" && elsewhere[command] == "" {
			t.Errorf("%s is not in the walk", command)
		}
	}
}
