package projections_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"mingjian/domain/assessment"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// databases lists the read model's files that hold a database.
func databases(t *testing.T, rig *testrig.Rig) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(rig.ModelConfig().Dir, "*.db"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// keepWriting records deductions until the test calls stop.
func keepWriting(t *testing.T, rig *testrig.Rig, centers ...string) (stop func()) {
	ctx := testrig.Context(t)
	done := make(chan struct{})
	var writers sync.WaitGroup
	for _, center := range centers {
		writers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := rig.Commands.ImposeDeduction(ctx, testrig.Meta("organizer"), "2022", center, assessment.DeductionImposed{
					Item: "8.1", Reason: "负面报道", Source: "媒体", OccurredOn: "2022-09-01",
				}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	return func() {
		close(done)
		writers.Wait()
	}
}

func TestRebuildWhileWritesGoOn(t *testing.T) {
	rig := testrig.Start(t)
	rows := rig.Assessed(t, "2022", 6)
	stop := keepWriting(t, rig, rows[0].Code, rows[1].Code)
	for range 3 {
		pages := 0
		before := rig.Model.Head()
		result, err := rig.Model.Rebuild(testrig.Context(t), func(projections.Head) { pages++ })
		if err != nil {
			t.Fatal(err)
		}
		if !result.Identical() {
			t.Errorf("the rebuild at %+v differs: %s, before %s", result.Head, result.After, result.Before)
		}
		if pages == 0 || result.Head.Seq < before.Seq {
			t.Errorf("%d pages up to %+v, the model was at %+v", pages, result.Head, before)
		}
	}
	stop()
	testrig.CheckConsistent(t, rig)
	if files := databases(t, rig); len(files) != 1 {
		t.Errorf("left after rebuilds: %v", files)
	}
	if err := rig.Close(); err != nil {
		t.Fatal(err)
	}
	testrig.CheckConsistent(t, testrig.StartIn(t, rig.Dir))
}

func TestRebuildLetsViewsFinish(t *testing.T) {
	rig := testrig.Start(t)
	rows := rig.Assessed(t, "2022", 2)
	rig.Wait(t)
	ctx := testrig.Context(t)
	view, err := rig.Model.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	head := view.Head()
	rebuilt := make(chan error, 1)
	go func() {
		_, err := rig.Model.Rebuild(ctx, nil)
		rebuilt <- err
	}()
	// Whatever the rebuild does meanwhile, the view shows its own moment.
	if _, err := rig.Commands.ImposeDeduction(ctx, testrig.Meta("organizer"), "2022", rows[0].Code, assessment.DeductionImposed{
		Item: "8.1", Reason: "负面报道", Source: "媒体", OccurredOn: "2022-09-01",
	}); err != nil {
		t.Fatal(err)
	}
	s, err := view.Standing("2022", rows[0].Code)
	if err != nil || s.Deduction != 0 || view.Head() != head {
		t.Errorf("the view moved: %+v, %v", s, err)
	}
	view.Close()
	if err := <-rebuilt; err != nil {
		t.Fatal(err)
	}
	testrig.CheckConsistent(t, rig)
}

func TestRebuildCutShort(t *testing.T) {
	rig := testrig.Start(t)
	rig.Assessed(t, "2022", 2)
	rig.Wait(t)
	ctx, cancel := context.WithCancel(testrig.Context(t))
	_, err := rig.Model.Rebuild(ctx, func(projections.Head) {
		if _, err := rig.Model.Rebuild(ctx, nil); !errors.Is(err, projections.ErrRebuilding) {
			t.Errorf("a rebuild during a rebuild: %v, want %v", err, projections.ErrRebuilding)
		}
		cancel()
	})
	// A rebuild that had caught up with its first page may take over all the same.
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatalf("rebuild: %v, want %v", err, context.Canceled)
	}
	if files := databases(t, rig); len(files) != 1 {
		t.Errorf("left after a rebuild was cut short: %v", files)
	}
	testrig.CheckConsistent(t, rig)
}

func TestRebuildOfNothing(t *testing.T) {
	rig := testrig.Start(t)
	result, err := rig.Model.Rebuild(testrig.Context(t), nil)
	if err != nil || !result.Identical() || result.Head.Seq != 0 {
		t.Errorf("rebuild of an empty log: %+v, %v", result, err)
	}
}

func TestSecondOpenIsRefused(t *testing.T) {
	rig := testrig.Start(t)
	second, err := projections.Open(rig.ModelConfig())
	if !errors.Is(err, projections.ErrModelInUse) {
		t.Fatalf("a second open: %v, %v; want %v", second, err, projections.ErrModelInUse)
	}
}

func TestConfigReportsAllFaults(t *testing.T) {
	err := projections.Config{}.Validate()
	if err == nil || !strings.Contains(err.Error(), "folder") || !strings.Contains(err.Error(), "codec") {
		t.Errorf("faults of an empty config: %v", err)
	}
}

// TestStartsAnew damages what a read model must not be read with, and expects
// it to be folded from the log's beginning.
func TestStartsAnew(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir, file string){
		"another schema version": func(t *testing.T, _, file string) {
			conn, err := sqlite.OpenConn(file, sqlite.OpenReadWrite)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(sqlitex.ExecuteTransient(conn, "PRAGMA user_version = 99", nil), conn.Close()); err != nil {
				t.Fatal(err)
			}
		},
		"its file is gone": func(t *testing.T, _, file string) {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		},
		"its pointer is damaged": func(t *testing.T, dir, _ string) {
			if err := os.WriteFile(filepath.Join(dir, "current"), []byte("../../etc/passwd"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"a rebuild was killed": func(t *testing.T, dir, _ string) {
			if err := os.WriteFile(filepath.Join(dir, "000077.db"), []byte("half a database"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"another log": func(t *testing.T, dir, _ string) {
			log := filepath.Join(filepath.Dir(dir), "log.db")
			for _, suffix := range []string{"", "-wal", "-shm"} {
				if err := os.Remove(log + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			rig := testrig.Start(t)
			rig.Assessed(t, "2022", 2)
			rig.Wait(t)
			old := rig.Model.Head()
			files := databases(t, rig)
			if err := rig.Close(); err != nil {
				t.Fatal(err)
			}
			damage(t, rig.ModelConfig().Dir, files[0])
			again := testrig.StartIn(t, rig.Dir)
			if name == "another log" {
				if head := again.Model.Head(); head.LogID == old.LogID || head.Seq != 0 {
					t.Fatalf("starts at %+v, was at %+v of another log", head, old)
				}
				again.Assessed(t, "2022", 1)
			}
			testrig.CheckConsistent(t, again)
			if files := databases(t, again); len(files) != 1 {
				t.Errorf("left: %v", files)
			}
		})
	}
}

// TestUndecodableEventStops meets an event from another program in the log.
func TestUndecodableEventStops(t *testing.T) {
	for name, bad := range map[string]eventstore.Proposed{
		"unknown type":    {Type: "round.Postponed", Data: []byte(`{"v":1}`), Metadata: []byte(`{}`)},
		"unknown version": {Type: "round.Opened", Data: []byte(`{"v":9}`), Metadata: []byte(`{}`)},
		"no JSON":         {Type: "round.Opened", Data: []byte(`{"v":1,`), Metadata: []byte(`{}`)},
		"out of order":    {Type: "round.Closed", Data: []byte(`{"v":1,"by":"x","at":"2022-01-01T00:00:00Z","reason":"x"}`), Metadata: []byte(`{"commandId":"x"}`)},
	} {
		t.Run(name, func(t *testing.T) { testUndecodable(t, bad) })
	}
}

func testUndecodable(t *testing.T, bad eventstore.Proposed) {
	rig := testrig.Start(t)
	rows := rig.Assessed(t, "2022", 1)
	rig.Wait(t)
	before := rig.Model.Head()
	if err := rig.Runner.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := testrig.Context(t)
	bad.ID[0] = 1
	if _, err := rig.Log.Append(ctx, "round-other", eventstore.NoStream, []eventstore.Proposed{bad}); err != nil {
		t.Fatal(err)
	}
	attempts := make(chan eventstore.Page, 100)
	handler := rig.Handler()
	handler.Fold = func(_ context.Context, page eventstore.Page) error {
		err := rig.Model.Fold(page)
		if err != nil {
			attempts <- page
		}
		return err
	}
	var err error
	if rig.Runner, err = projections.Run(ctx, testrig.Quiet(), handler); err != nil {
		t.Fatal(err)
	}
	first := <-attempts
	second := <-attempts // by now the first attempt's status is known
	if first.Prev != before.Position || second.Prev != first.Prev || first.Events[0].ID != second.Events[0].ID {
		t.Errorf("pages after %s and %s, the model is at %s", first.Prev, second.Prev, before.Position)
	}
	status := rig.Runner.Status()[0]
	if status.Err == nil || status.Since.IsZero() || !strings.Contains(status.Err.Error(), "round-other@0") {
		t.Errorf("status %+v does not name the event", status)
	}
	if checkpoint, err := rig.Model.Checkpoint(); err != nil || checkpoint.Position != before.Position || rig.Model.Head() != before {
		t.Errorf("the checkpoint moved to %+v, %v", checkpoint, err)
	}
	// Others still write; the read model stands still and serves.
	receipt, err := rig.Commands.ImposeDeduction(ctx, testrig.Meta("organizer"), "2022", rows[0].Code, assessment.DeductionImposed{
		Item: "8.1", Reason: "负面报道", Source: "媒体", OccurredOn: "2022-09-01",
	})
	if err != nil {
		t.Fatal(err)
	}
	<-attempts
	if rig.Model.Head() != before {
		t.Errorf("the read model passed over a bad event to %+v", rig.Model.Head())
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := rig.Model.WaitFor(gone, receipt.Position); !errors.Is(err, projections.ErrBehind) {
		t.Errorf("waiting for what will not come: %v, want %v", err, projections.ErrBehind)
	}
	if _, err := rig.Model.Rebuild(ctx, nil); err == nil {
		t.Error("a rebuild passed over a bad event")
	}
}
