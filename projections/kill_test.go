package projections_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mingjian/api/command"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
	"mingjian/eventstore/embedded"
	"mingjian/internal/testrig"
)

// killedDir names the folder of the child process that is to be killed.
const killedDir = "MINGJIAN_KILLED_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killedDir); dir != "" {
		fmt.Fprintln(os.Stderr, "child:", record(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// recorders is how many commands the child has in flight at once.
const recorders = 8

// record is the child: it records without end, and says on stdout what it is
// going to send and what was acknowledged.
func record(dir string) error {
	ctx := context.Background()
	rig, err := testrig.Open(ctx, dir)
	if err != nil {
		return err
	}
	failed := make(chan error)
	rows := strings.Fields(os.Getenv("MINGJIAN_KILLED_CENTERS"))
	for i := range recorders {
		go func() {
			for n := 0; ; n++ {
				center := rows[i%len(rows)]
				if n%4 == 0 { // where it meets all other recorders
					center = rows[0]
				}
				id := uuid.Must(uuid.NewV7()).String()
				fmt.Println("send", id, center)
				if err := impose(ctx, rig.Commands, id, center); err != nil {
					failed <- err
					return
				}
				fmt.Println("done", id, center)
			}
		}()
	}
	return <-failed
}

func impose(ctx context.Context, c *command.Commands, id, center string) error {
	_, err := c.ImposeDeduction(ctx, command.Meta{ID: id, Actor: "organizer"}, "2022", center, assessment.DeductionImposed{
		Item: "8.1", Reason: "负面报道", Source: "媒体", OccurredOn: "2022-09-01",
	})
	return err
}

// TestKill9 kills a process that records, at random moments, and starts it
// again on what it left. What was acknowledged is on record once and for all;
// what was sent without an answer is settled by sending it again; and the read
// model is the fold of the log.
func TestKill9(t *testing.T) {
	rounds := 8
	if n, err := strconv.Atoi(os.Getenv("MINGJIAN_KILL_ROUNDS")); err == nil {
		rounds = n
	}
	dir := t.TempDir()
	rig := testrig.StartIn(t, dir)
	rows := rig.Assessed(t, "2022", 4)
	if err := rig.Close(); err != nil {
		t.Fatal(err)
	}
	var centers []string
	for _, row := range rows {
		centers = append(centers, row.Code)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	sent := make(map[string]string) // command id → center
	done := make(map[string]bool)
	for range rounds {
		recordAndKill(t, dir, centers, 1+rng.IntN(150), sent, done)
	}

	t.Logf("%d commands sent, %d acknowledged, %d kills", len(sent), len(done), rounds)
	faults, err := embedded.Check(testrig.Context(t), filepath.Join(dir, "log.db"))
	if err != nil || len(faults) > 0 {
		t.Errorf("the log after %d kills: %v, %v", rounds, faults, err)
	}
	rig = testrig.StartIn(t, dir)
	ledger := testrig.CheckConsistent(t, rig)
	checkOnce(t, ledger.Events, done)
	for id, center := range sent {
		if err := impose(testrig.Context(t), rig.Commands, id, center); err != nil {
			t.Fatalf("send %s again: %v", id, err)
		}
		done[id] = true
	}
	checkOnce(t, testrig.CheckConsistent(t, rig).Events, done)
	result, err := rig.Model.Rebuild(testrig.Context(t), nil)
	if err != nil || !result.Identical() {
		t.Errorf("rebuild after %d kills: %+v, %v", rounds, result, err)
	}
}

// recordAndKill runs the child until so many commands are acknowledged, and
// kills it then. What it wrote to the pipe before it died counts too.
func recordAndKill(t *testing.T, dir string, centers []string, acks int, sent map[string]string, done map[string]bool) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), killedDir+"="+dir, "MINGJIAN_KILLED_CENTERS="+strings.Join(centers, " "))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	seen := 0
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		id, center, ok := strings.Cut(rest, " ")
		if !ok || len(id) != 36 {
			continue // torn by the kill
		}
		if word == "send" {
			sent[id] = center
			continue
		}
		done[id] = true
		if seen++; seen == acks {
			if err := child.Process.Kill(); err != nil { // SIGKILL
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	if seen < acks {
		t.Fatalf("the child ended by itself after %d of %d commands", seen, acks)
	}
}

// checkOnce wants each command's events on record exactly once.
func checkOnce(t *testing.T, events []eventstore.Recorded, done map[string]bool) {
	t.Helper()
	times := make(map[string]int)
	for _, e := range events {
		m, err := eventstore.ReadMetadata(e)
		if err != nil {
			t.Fatal(err)
		}
		times[m.CommandID.String()]++
	}
	for id := range done {
		if times[id] != 1 {
			t.Errorf("command %s is on record %d times", id, times[id])
		}
	}
}
