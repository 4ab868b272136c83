package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"mingjian/api/command"
	"mingjian/cmd/mingjian/demo"
	"mingjian/domain/round"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

// deliberateIn has the demo's first organizer discuss what is approved in a
// data folder on which no server runs.
func deliberateIn(ctx context.Context, data string) (err error) {
	r, err := start(ctx, place{Data: data}, testrig.Quiet())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	account, err := r.accounts.ID("organizer@demo.invalid")
	if err != nil {
		return err
	}
	_, err = r.commands.Deliberate(ctx, command.Meta{ID: uuid.NewString(), Actor: account}, demo.Round, "会商一致同意")
	return err
}

func deliberateDemo(t *testing.T, data string) {
	t.Helper()
	if err := deliberateIn(t.Context(), data); err != nil {
		t.Fatal(err)
	}
}

// demoLines reads a demo's log as `mingjian events --json` prints it.
func demoLines(t *testing.T, data string) (lines []eventLine) {
	t.Helper()
	for line := range strings.Lines(cliOutput(t, "events", "--json", "--data", data)) {
		var e eventLine
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, e)
	}
	return lines
}

// tell counts a demo's story from its log.
func tell(t *testing.T, data string) (tale demo.Tale) {
	t.Helper()
	log, err := place{Data: data}.openLog(t.Context(), testrig.Quiet(), false)
	if err == nil {
		tale, err = demo.Tell(t.Context(), log, eventstore.NewCodec())
		err = errors.Join(err, log.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return tale
}

// TestTheStoryHasItAll plays a small round, in which everything happens that
// the demo shows.
func TestTheStoryHasItAll(t *testing.T) {
	data := t.TempDir()
	cliOutput(t, "demo", "--once", "--centers", "20", "--seed", "5", "--data", data)
	tale := tell(t, data)
	a, h := tale.Appeals, tale.Honors
	for name, n := range map[string]int{
		"upheld": a.Upheld, "partly upheld": a.PartlyUpheld, "dismissed": a.Dismissed, "withdrawn": a.Withdrawn,
		"improved by a second panel": a.Improved, "not improved by it": a.Escalated - a.Improved,
		"extended": a.Extended, "expired": a.Expired, "recusals from panels": a.Recusals,
		"corrections": tale.Corrections, "revisions after a notice": tale.Revisions, "points restored": int(a.Restored),
		"honors accepted": h.Accepted, "rejected": h.Rejected, "withdrawn again": h.Withdrawn, "joint": h.Joint,
		"deductions lifted": tale.Lifted, "lessened": tale.Lessened, "left": tale.Deductions - tale.Lifted,
		"replies": tale.Replies - tale.Redacted, "redacted": tale.Redacted,
	} {
		if n < 1 {
			t.Errorf("%s: %d in the story", name, n)
		}
	}
	if len(a.Grounds) != 4 || a.Clauses < 12 || a.Subjects < 12 || a.Open != 0 {
		t.Errorf("appeals: %+v", a)
	}
	if sum := a.Upheld + a.PartlyUpheld + a.Dismissed + a.Withdrawn; sum != a.Filed {
		t.Errorf("%d of %d appeals have an outcome", sum, a.Filed)
	}
	if len(tale.Releases) != 2 || tale.Releases[0].Kind != round.Final || tale.Releases[1].Kind != round.Correction ||
		tale.Releases[0].Pending != 2 || tale.Releases[1].Pending != 0 {
		t.Errorf("releases: %+v", tale.Releases)
	}
	if tale.AppealBy != "2022-10-17" || tale.Notices != 16+20+1 {
		t.Errorf("%d notices, appeals until %s", tale.Notices, tale.AppealBy)
	}
	story := demoLines(t, data)
	checkOrder(t, story)
	checkCorrections(t, story)
}

// checkOrder wants the log to tell the story day by day, so that it can be
// looked at as of any of them.
func checkOrder(t *testing.T, story []eventLine) {
	t.Helper()
	last := ""
	for _, e := range story {
		if !strings.HasPrefix(e.Stream, "assessment-") && !strings.HasPrefix(e.Stream, "appeal-") && !strings.HasPrefix(e.Stream, "round-") {
			continue // people sign in, and take data out, when they do
		}
		var stamp struct{ At string }
		if err := json.Unmarshal(e.Data, &stamp); err != nil || len(stamp.At) < len("2022-09-01") {
			t.Fatalf("%s@%d: %v, at %q", e.Stream, e.Revision, err, stamp.At)
		}
		if day := stamp.At[:len("2022-09-01")]; day < last || day < "2022-08-29" || day > "2022-12-09" {
			t.Fatalf("%s@%d is of %s, after one of %s", e.Stream, e.Revision, day, last)
		} else {
			last = day
		}
	}
}

// checkCorrections wants one for each decision that corrects something.
func checkCorrections(t *testing.T, story []eventLine) {
	t.Helper()
	due := make(map[string]int)
	for _, e := range story {
		var data struct {
			Appeal    string
			Panel     int
			Corrected *struct{}
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			t.Fatal(err)
		}
		switch e.Type {
		case "appeal.Decided":
			if data.Corrected != nil {
				due[strings.TrimPrefix(e.Stream, "appeal-")+"/"+strconv.Itoa(data.Panel)]++
			}
		case "assessment.ScoreCorrected", "assessment.DeductionCorrected":
			due[data.Appeal+"/"+strconv.Itoa(data.Panel)]--
		}
	}
	for decision, n := range due {
		if n != 0 {
			t.Errorf("decision %s: %d corrections too few", decision, n)
		}
	}
}

// TestAKilledStoryGoesOn kills a demo at random moments and starts it again,
// until it is through: then it is the same story, to the byte, as one that was
// played without a break.
func TestAKilledStoryGoesOn(t *testing.T) {
	const kills = 5
	args := []string{"demo", "--once", "--centers", "20", "--seed", "9", "--data"}
	whole, killed := t.TempDir(), t.TempDir()
	for _, data := range []string{whole, killed} { // one key: the same pseudonyms
		if err := os.WriteFile(filepath.Join(data, keyFile), []byte("the pseudonym key of this test.."), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	cliOutput(t, append(args, whole)...)
	took := time.Since(began)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for n := range kills {
		// TestMain runs the program in a process of that name.
		child := exec.CommandContext(t.Context(), program)
		child.Args = append([]string{"mingjian"}, append(args, killed)...)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		// Sooner or later in what is left of the story.
		after := time.Duration(rand.Int64N(int64(took))) / 2
		time.Sleep(after)
		if err := child.Process.Kill(); err != nil {
			t.Log(err) // it was through already
		}
		_ = child.Wait() // says that it was killed
		events := 0
		if _, err := os.Stat(filepath.Join(killed, logFile)); err == nil {
			events = len(demoLines(t, killed))
		}
		t.Logf("kill %d after %v left %d events", n+1, after, events)
	}
	cliOutput(t, append(args, killed)...)

	one, other := tell(t, whole), tell(t, killed)
	for _, tale := range []demo.Tale{one, other} {
		for _, release := range tale.Releases {
			release.LogSize = 0 // who stores evidence once more is on record once more
		}
	}
	if diff := gocmp.Diff(one, other); diff != "" {
		t.Errorf("without breaks −, with breaks +: %s", diff)
	}
	for _, release := range []string{"demo-2022-1", "demo-2022-2"} {
		for _, file := range []string{"centers-demo.csv", "districts-demo.csv", "clauses-demo.csv"} {
			sameFile(t, filepath.Join(whole, "site", "releases", release, "data", file), filepath.Join(killed, "site", "releases", release, "data", file))
		}
	}
	if one, other := recordedIDs(t, whole), recordedIDs(t, killed); !slices.Equal(one, other) {
		t.Errorf("%d events with breaks, %d without, or others", len(other), len(one))
	}
}

func sameFile(t *testing.T, one, other string) {
	t.Helper()
	a, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	if string(a) != string(b) {
		t.Errorf("%s and %s differ", one, other)
	}
}

// recordedIDs lists the ids of the story's events, sorted: those that command
// ids give them.
func recordedIDs(t *testing.T, data string) (ids []string) {
	t.Helper()
	for _, e := range demoLines(t, data) {
		if strings.HasPrefix(e.Stream, "assessment-") || strings.HasPrefix(e.Stream, "appeal-") || strings.HasPrefix(e.Stream, "round-") {
			ids = append(ids, e.Stream+" "+e.Type+" "+e.ID)
		}
	}
	slices.SortFunc(ids, cmp.Compare[string])
	return ids
}
