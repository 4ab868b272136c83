// Package testrig runs the platform without its servers, for tests: a log on
// the embedded node, the read model that follows it, and the commands, all in
// a folder of the test. It drives histories and checks them: CheckConsistent
// is the one invariant checker that any test may end with.
package testrig

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"mingjian/api/command"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/registry"
	"mingjian/eventstore"
	"mingjian/projections"
)

// Patience bounds every wait of a test. It guards against hanging: no test
// passes or fails by how fast a machine is.
const Patience = 2 * time.Minute

// Rig is a running platform.
type Rig struct {
	Dir      string
	Log      *eventstore.Log
	Codec    *eventstore.Codec
	Model    *projections.Model
	Runner   *projections.Runner
	Commands *command.Commands

	closed atomic.Bool
	ticks  atomic.Int64 // seconds since Day
}

// Start runs a rig in a new folder until the test ends.
func Start(t testing.TB) *Rig {
	t.Helper()
	return StartIn(t, t.TempDir())
}

// StartIn runs a rig in a folder, which may hold another one's past, until the
// test ends or Close.
func StartIn(t testing.TB, dir string) *Rig {
	t.Helper()
	r, err := Open(Context(t), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("close the rig: %v", err)
		}
	})
	return r
}

// Open runs a rig in a folder for a process that has no test, such as one that
// is to be killed.
func Open(ctx context.Context, dir string) (_ *Rig, err error) {
	r := &Rig{Dir: dir, Codec: eventstore.NewCodec()}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if r.Log, err = eventstore.Open(ctx, LogConfig(dir)); err != nil {
		return nil, err
	}
	if r.Model, err = projections.Open(r.ModelConfig()); err != nil {
		return nil, err
	}
	if r.Commands, err = command.New(r.CommandConfig()); err != nil {
		return nil, err
	}
	r.Runner, err = projections.Run(ctx, Quiet(), r.Handler())
	return r, err
}

// LogConfig is the log of a rig's folder, served by the embedded node.
func LogConfig(dir string) eventstore.Config {
	return eventstore.Config{Connection: eventstore.EmbeddedScheme + filepath.Join(dir, "log.db"), Logger: Quiet()}
}

// ModelConfig is the rig's read model.
func (r *Rig) ModelConfig() projections.Config {
	return projections.Config{
		Dir: filepath.Join(r.Dir, "readmodel"), Log: r.Log, Codec: r.Codec, Criteria: criteria.Lookup, Logger: Quiet(),
	}
}

// CommandConfig is the rig's commands: a fixed key, and the rig's clock.
func (r *Rig) CommandConfig() command.Config {
	key := sha256.Sum256([]byte("testrig"))
	return command.Config{
		Log: r.Log, Codec: r.Codec, Criteria: criteria.Lookup, Guides: criteria.LookupGuide, Calendars: criteria.LookupCalendar, Results: r.Model, PseudonymKey: key[:],
		Actors: People{}, Evidence: Arrived{},
		Now: r.Now,
	}
}

// Now is a clock that goes on by a second each time it is looked at.
func (r *Rig) Now() time.Time { return Day.Add(time.Duration(r.ticks.Add(1)) * time.Second) }

// Pass lets days pass.
func (r *Rig) Pass(days int) { r.ticks.Add(int64(days) * 24 * 60 * 60) }

// Handler folds the log into the read model.
func (r *Rig) Handler() projections.Handler {
	return projections.Handler{
		Name: "readmodel",
		Feed: eventstore.NewFeed(eventstore.FeedConfig{Log: r.Log, From: r.Model.Checkpoint, Logger: Quiet()}),
		Fold: func(_ context.Context, page eventstore.Page) error { return r.Model.Fold(page) },
	}
}

// Close stops the rig; the folder stays. It is idempotent.
func (r *Rig) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	var err error
	if r.Runner != nil {
		err = errors.Join(err, r.Runner.Close())
	}
	if r.Model != nil {
		err = errors.Join(err, r.Model.Close())
	}
	if r.Log != nil {
		err = errors.Join(err, r.Log.Close())
	}
	return err
}

// Quiet is a logger that says nothing, or everything with MINGJIAN_TEST_LOG.
func Quiet() *slog.Logger {
	if os.Getenv("MINGJIAN_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Context ends after Patience or with the test.
func Context(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	t.Cleanup(cancel)
	return ctx
}

// Day is when a rig's clock starts.
var Day = time.Date(2022, 10, 10, 9, 0, 0, 0, time.UTC)

// Meta is a new command by an actor.
func Meta(actor string) command.Meta {
	return command.Meta{ID: uuid.Must(uuid.NewV7()).String(), Actor: actor, ClientTime: Day}
}

// Roster is the first n centers of Shanghai's roster.
func Roster(t testing.TB, n int) []registry.Row {
	t.Helper()
	rows, err := registry.ReadRoster("shanghai.csv", bytes.NewReader(criteria.Roster()))
	if err != nil {
		t.Fatal(err)
	}
	return rows[:min(n, len(rows))]
}

// Register puts the first n centers on the roster, with their districts.
func (r *Rig) Register(t testing.TB, n int) []registry.Row {
	t.Helper()
	rows := Roster(t, n)
	if _, err := r.Commands.RegisterRoster(Context(t), Meta("organizer"), rows, true); err != nil {
		t.Fatal(err)
	}
	return rows
}

// Round is the plan of a round on the 2022 standard.
func Round(id string) command.OpenRound {
	return command.OpenRound{
		Round: id, Name: "Round " + id, Standard: "2022", Demo: true,
		Assessment: domain.Period{From: "2022-10-01", To: "2022-12-31"},
		Honors:     domain.Period{From: "2021-01-01", To: "2022-12-31"},
		Calendar:   "cn", AppealDays: 5, DecisionDays: 10,
	}
}

// OpenRound opens a round on the 2022 standard.
func (r *Rig) OpenRound(t testing.TB, id string) {
	t.Helper()
	if _, err := r.Commands.OpenRound(Context(t), Meta("organizer"), Round(id)); err != nil {
		t.Fatal(err)
	}
}

// Publish has "organizer-2" deliberate a round, and "organizer" publish it.
func Publish(ctx context.Context, c *command.Commands, round, reason string) (command.Receipt, error) {
	if _, err := c.Deliberate(ctx, Meta("organizer-2"), round, "会商一致同意"); err != nil {
		return command.Receipt{}, err
	}
	return c.Publish(ctx, Meta("organizer"), round, reason)
}

// Wait returns once the read model reflects all that is on record.
func (r *Rig) Wait(t testing.TB) {
	t.Helper()
	ctx := Context(t)
	end, err := r.Log.End(ctx)
	if err == nil {
		err = r.Model.WaitFor(ctx, end)
	}
	if err != nil {
		t.Fatalf("%v; handlers: %+v", err, r.Runner.Status())
	}
}

// Look shows the read model as it is now.
func (r *Rig) Look(t testing.TB, see func(*projections.View)) {
	t.Helper()
	v, err := r.Model.View(Context(t))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	see(v)
}

// Standard is the 2022 standard.
func Standard(t testing.TB) *domain.Standard {
	t.Helper()
	c, err := criteria.Lookup("2022")
	if err != nil {
		t.Fatal(err)
	}
	return c.Standard
}
