package embedded

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

const (
	crashFile   = "MINGJIAN_TEST_CRASH_FILE"   // set for the child: the file to append to
	crashRounds = "MINGJIAN_TEST_CRASH_ROUNDS" // how often to kill; 10 when not set
	crashWriter = 8
)

// TestKillNine kills a process that appends, again and again, on one file. Whatever it was told to
// be written is there afterwards, once; no append is there in part; and the node starts by itself.
func TestKillNine(t *testing.T) {
	if path := os.Getenv(crashFile); path != "" {
		appendForEver(t, path)
	}
	rounds := 10
	if n, err := strconv.Atoi(os.Getenv(crashRounds)); err == nil {
		rounds = n
	}
	path := filepath.Join(t.TempDir(), "log.db")
	acked := map[string]string{} // event id: stream@revision
	for range rounds {
		for id, place := range ackedUntilKilled(t, path, 20+rand.IntN(400)) {
			acked[id] = place
		}
		verifyAfterCrash(t, path, acked)
	}
	t.Logf("%d kills, %d acknowledged events, 0 lost, 0 doubled, 0 torn appends", rounds, len(acked))
}

// ackedUntilKilled runs the child and kills it after so many acknowledged appends.
func ackedUntilKilled(t *testing.T, path string, appends int) map[string]string {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKillNine$")
	child.Env = append(os.Environ(), crashFile+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	acked := map[string]string{}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || fields[0] != "acked" {
			t.Fatalf("child said %q", lines.Text())
		}
		for i, id := range fields[2:] {
			acked[id] = fmt.Sprintf("%s+%d", fields[1], i)
		}
		if n == appends {
			if err := child.Process.Kill(); err != nil { // SIGKILL; what is in the pipe is still read
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	return acked
}

// appendForEver is the child: concurrent writers, to a stream each and to one that all share.
func appendForEver(t *testing.T, path string) {
	n, err := Start(Config{Path: path, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	client := connect(t, n.Address())
	var wg sync.WaitGroup
	for w := range crashWriter {
		wg.Go(func() {
			for i := 0; ; i++ {
				stream := "shared"
				if i%2 == 0 {
					stream = fmt.Sprintf("own-%d", w)
				}
				if err := appendAndTell(client, stream, 1+rand.IntN(5)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func appendAndTell(client *esdb.Client, stream string, size int) error {
	list, batch := events(size, 200), uuid.NewString()
	var ids strings.Builder
	for i := range list {
		list[i].Metadata = fmt.Appendf(nil, "%s %d %d", batch, i, size)
		ids.WriteString(" " + list[i].EventID.String())
	}
	r, err := client.AppendToStream(context.Background(), stream, esdb.AppendToStreamOptions{}, list...)
	if err != nil {
		return err
	}
	_, err = fmt.Printf("acked %s@%d%s\n", stream, int(r.NextExpectedVersion)-size+1, ids.String())
	return err
}

func verifyAfterCrash(t *testing.T, path string, acked map[string]string) {
	t.Helper()
	n := startNode(t, Config{Path: path})
	read, err := connect(t, n.Address()).ReadAll(context.Background(), esdb.ReadAllOptions{}, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	seen := map[string]bool{}
	parts := map[string]int{} // of an append: how many events are missing
	next := map[string]uint64{}
	for {
		e, err := read.Recv()
		if err != nil {
			break
		}
		id := e.Event.EventID.String()
		if seen[id] {
			t.Fatalf("event %s is there twice", id)
		}
		seen[id] = true
		if e.Event.EventNumber != next[e.Event.StreamID] {
			t.Fatalf("%s@%d, want %d", e.Event.StreamID, e.Event.EventNumber, next[e.Event.StreamID])
		}
		next[e.Event.StreamID]++
		var batch string
		var i, size int
		if _, err := fmt.Sscan(string(e.Event.UserMetadata), &batch, &i, &size); err != nil {
			t.Fatal(err)
		}
		if _, begun := parts[batch]; !begun {
			parts[batch] = size
		}
		parts[batch]--
		if place, ok := acked[id]; ok && place != fmt.Sprintf("%s@%d+%d", e.Event.StreamID, int(e.Event.EventNumber)-i, i) {
			t.Fatalf("event %s was acknowledged as %s and is %s@%d", id, place, e.Event.StreamID, e.Event.EventNumber)
		}
	}
	for id, place := range acked {
		if !seen[id] {
			t.Fatalf("event %s, acknowledged as %s, is lost", id, place)
		}
	}
	for batch, missing := range parts {
		if missing != 0 {
			t.Fatalf("append %s is torn: %d events are missing", batch, missing)
		}
	}
	if faults, err := Check(t.Context(), path); len(faults) > 0 || err != nil {
		t.Fatal(faults, err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}
