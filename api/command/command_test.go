package command_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestMetaIsChecked(t *testing.T) {
	rig := testrig.Start(t)
	for name, m := range map[string]command.Meta{
		"no id":      {Actor: "organizer"},
		"nil id":     {ID: uuid.Nil.String(), Actor: "organizer"},
		"not a UUID": {ID: "x", Actor: "organizer"},
		"no actor":   {ID: uuid.NewString(), Actor: "  "},
		"long actor": {ID: uuid.NewString(), Actor: strings.Repeat("a", 101)},
		"long note":  {ID: uuid.NewString(), Actor: "organizer", Note: strings.Repeat("a", 2001)},
	} {
		_, err := rig.Commands.OpenRound(testrig.Context(t), m, testrig.Round("2022"))
		wantErr(t, name, err, domain.ErrInvalid)
	}
	if events := rig.ReadLog(t); len(events) != 0 {
		t.Errorf("refused commands left %d events", len(events))
	}
}

func TestConfigReportsAllFaults(t *testing.T) {
	_, err := command.New(command.Config{})
	if err == nil || !strings.Contains(err.Error(), "log") || !strings.Contains(err.Error(), "key") {
		t.Errorf("faults of an empty config: %v", err)
	}
}

func TestUnknown(t *testing.T) {
	rig := testrig.Start(t)
	rows := rig.Register(t, 1)
	ctx, c := testrig.Context(t), rig.Commands
	_, err := c.OpenAssessment(ctx, testrig.Meta("organizer"), "2022", rows[0].Code)
	wantErr(t, "round", err, domain.ErrUnknownRound)
	_, err = c.Publish(ctx, testrig.Meta("organizer"), "2022", "")
	wantErr(t, "round to publish", err, domain.ErrUnknownRound)
	_, err = c.OpenAssessment(ctx, testrig.Meta("organizer"), "../x", rows[0].Code)
	wantErr(t, "round id", err, domain.ErrInvalid)
	plan := testrig.Round("2022")
	plan.Standard = "1999"
	_, err = c.OpenRound(ctx, testrig.Meta("organizer"), plan)
	wantErr(t, "standard", err, domain.ErrUnknownStandard)
	rig.OpenRound(t, "2022")
	_, err = c.OpenAssessment(ctx, testrig.Meta("organizer"), "2022", "999999999")
	wantErr(t, "center", err, domain.ErrUnknownSubject)
	_, err = c.Deliberate(ctx, testrig.Meta("organizer"), "2022", "一致同意")
	wantErr(t, "nothing to deliberate on", err, domain.ErrNothingApproved)
	_, err = c.Publish(ctx, testrig.Meta("organizer"), "2022", "")
	wantErr(t, "nothing to publish", err, domain.ErrNotDeliberated)
}

// TestPseudonyms: stable within a subject, different across subjects, and no
// account's name in any event's data.
func TestPseudonyms(t *testing.T) {
	rig := testrig.Start(t)
	rows := rig.Assessed(t, "2022", 2)
	by := make(map[string]map[string]bool) // stream → pseudonyms of "assessor"
	for _, e := range rig.ReadLog(t) {
		if strings.Contains(string(e.Data), `:"assessor"`) || strings.Contains(string(e.Data), `:"reviewer"`) {
			t.Errorf("%s@%d names an account in public: %s", e.Stream, e.Revision, e.Data)
		}
		m, err := eventstore.ReadMetadata(e)
		if err != nil {
			t.Fatal(err)
		}
		event, err := rig.Codec.Decode(e.Type, e.Data)
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := event.(*assessment.ScoreRecorded); ok && m.Actor == "assessor" {
			if by[e.Stream] == nil {
				by[e.Stream] = make(map[string]bool)
			}
			by[e.Stream][s.By] = true
		}
	}
	all := make(map[string]bool)
	for _, row := range rows {
		names := by[command.AssessmentStream("2022", row.Code)]
		if len(names) != 1 {
			t.Errorf("%s knows the assessor by %d names", row.Code, len(names))
		}
		for name := range names {
			all[name] = true
		}
	}
	if len(all) != len(rows) {
		t.Errorf("%d pseudonyms in %d subjects", len(all), len(rows))
	}
}

// TestRepeatedAfterTheRoundClosed sends commands again that were recorded
// before the round closed: they were, and the answer says so.
func TestRepeatedAfterTheRoundClosed(t *testing.T) {
	rig := testrig.Start(t)
	rows := rig.Assessed(t, "2022", 1)
	ctx, c := testrig.Context(t), rig.Commands
	deduct := func(m command.Meta) (command.Receipt, error) {
		return c.ImposeDeduction(ctx, m, "2022", rows[0].Code, assessment.DeductionImposed{
			Item: "8.1", Reason: "负面报道", Source: "媒体", OccurredOn: "2022-09-01",
		})
	}
	release, deduction := testrig.Meta("organizer"), testrig.Meta("organizer")
	if _, err := c.Deliberate(ctx, testrig.Meta("organizer-2"), "2022", "一致同意"); err != nil {
		t.Fatal(err)
	}
	published, err := c.Publish(ctx, release, "2022", "")
	if err != nil {
		t.Fatal(err)
	}
	deducted, err := deduct(deduction)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.CloseRound(ctx, testrig.Meta("organizer"), "2022", "结束"); err != nil {
		t.Fatal(err)
	}
	again, err := deduct(deduction)
	if err != nil || !again.Repeated || again.Revision != deducted.Revision || again.Position != deducted.Position {
		t.Errorf("a deduction again: %+v, %v; first %+v", again, err, deducted)
	}
	again, err = c.Publish(ctx, release, "2022", "")
	if err != nil || !again.Repeated || again.Revision != published.Revision {
		t.Errorf("a release again: %+v, %v; first %+v", again, err, published)
	}
	_, err = deduct(testrig.Meta("organizer"))
	wantErr(t, "a new deduction", err, domain.ErrRoundClosed)
	_, err = c.Publish(ctx, testrig.Meta("organizer"), "2022", "更正")
	wantErr(t, "a new release", err, domain.ErrRoundClosed)
	testrig.CheckConsistent(t, rig)
}

func TestScoresAreAllOrNothing(t *testing.T) {
	rig := testrig.Start(t)
	rows := rig.Register(t, 1)
	rig.OpenRound(t, "2022")
	ctx, c := testrig.Context(t), rig.Commands
	rig.OpenAssessment(t, "2022", rows[0].Code)
	scores := testrig.Findings(rand.New(rand.NewPCG(1, 1)), testrig.Standard(t), domain.Center)
	bad := append([]assessment.Score{}, scores...)
	bad[len(bad)-1].Clause = "99"
	m := testrig.Meta("assessor")
	_, err := c.RecordScores(ctx, m, "2022", rows[0].Code, bad)
	wantErr(t, "one bad clause", err, domain.ErrUnknownClause)
	first, err := c.RecordScores(ctx, m, "2022", rows[0].Code, scores) // a refused id is free
	if err != nil || first.Repeated || first.Revision != uint64(len(scores))+1 {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := c.RecordScores(ctx, m, "2022", rows[0].Code, scores)
	if err != nil || !again.Repeated || again.Revision != first.Revision {
		t.Errorf("again: %+v, %v", again, err)
	}
	stale := uint64(0)
	m = testrig.Meta("assessor")
	m.Expected = &stale
	_, err = c.Submit(ctx, m, "2022", rows[0].Code)
	wantErr(t, "an old revision", err, eventstore.ErrConflict)
	testrig.CheckConsistent(t, rig)
}

// TestLargeRoster registers more than one append holds, with names and a note
// as long as they may be, and again.
func TestLargeRoster(t *testing.T) {
	rig := testrig.Start(t)
	var rows []registry.Row
	for i := range 600 {
		rows = append(rows, registry.Row{
			Line: i + 2, Code: fmt.Sprintf("31%07d", i), DistrictCode: fmt.Sprintf("3%05d", i/2),
			DistrictName: strings.Repeat("区", 100), Area: strings.Repeat("街", 100),
		})
	}
	m := testrig.Meta("organizer")
	m.Note = strings.Repeat("n", 2000)
	first, err := rig.Commands.RegisterRoster(testrig.Context(t), m, rows, true)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the same command, then the same roster
		again, err := rig.Commands.RegisterRoster(testrig.Context(t), m, rows, true)
		if err != nil || again.Revision != first.Revision {
			t.Errorf("again: %+v, %v; first %+v", again, err, first)
		}
		m = testrig.Meta("organizer")
	}
	bad := append(rows[:0:0], rows...)
	bad = append(bad, registry.Row{Line: 9, Code: "319999999", DistrictCode: "310000", DistrictName: "甲", Area: "乙"},
		registry.Row{Line: 10, Code: "31", DistrictCode: "310000", DistrictName: "甲", Area: "乙"})
	_, err = rig.Commands.RegisterRoster(testrig.Context(t), testrig.Meta("organizer"), bad, true)
	wantErr(t, "a roster with a fault", err, domain.ErrInvalid)
	rig.Wait(t)
	rig.Look(t, func(v *projections.View) {
		centers, err := v.Centers(projections.CenterQuery{First: 1})
		if err != nil || centers.Total != len(rows) {
			t.Errorf("%d centers, %v; want %d", centers.Total, err, len(rows))
		}
	})
}

// TestAt: commands by another clock record its time, and leave the other's alone.
func TestAt(t *testing.T) {
	rig := testrig.Start(t)
	rig.Register(t, 1)
	then := time.Date(2022, 4, 1, 1, 30, 0, 123_456_789, time.UTC)
	if _, err := rig.Commands.At(func() time.Time { return then }).OpenRound(testrig.Context(t), testrig.Meta("organizer"), testrig.Round("then")); err != nil {
		t.Fatal(err)
	}
	rig.OpenRound(t, "now")
	ledger := testrig.Fold(t, rig.Codec, rig.ReadLog(t))
	if at := ledger.Rounds["then"].Opened.At; !at.Equal(then.Truncate(time.Millisecond)) {
		t.Errorf("opened at %s, not %s", at, then)
	}
	if at := ledger.Rounds["now"].Opened.At; !at.After(then) {
		t.Errorf("the other clock opened at %s", at)
	}
}
