package command_test

import (
	"context"
	"testing"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/internal/testrig"
)

// TestRecusingASlipOfThePen: recusing an account that does not exist is
// refused, or the person who was meant would go on.
func TestRecusingASlipOfThePen(t *testing.T) {
	rig := testrig.Start(t)
	rows := rig.Register(t, 1)
	rig.OpenRound(t, "2022")
	rig.OpenAssessment(t, "2022", rows[0].Code)
	ctx, c := testrig.Context(t), rig.Commands
	recuse := func(account string) error {
		_, err := c.RecuseAssessor(ctx, testrig.Meta("organizer"), "2022", rows[0].Code, account, "应中心请求", true)
		return err
	}
	wantErr(t, "nobody", recuse(""), domain.ErrInvalid)
	wantErr(t, "a slip of the pen", recuse("asessor"), domain.ErrUnknownAccount)
	if err := recuse("assessor"); err != nil {
		t.Fatal(err)
	}
	_, err := c.RecordObservation(ctx, testrig.Meta("assessor"), "2022", rows[0].Code, assessment.ObservationRecorded{Clause: "1.1.1"})
	wantErr(t, "a write afterwards", err, domain.ErrRecused)
}

// TestRepeatedAfterLosingTheRole: a command that is on record keeps its result,
// whatever its sender may do by now; a new one is refused, and so is the id from
// another account.
func TestRepeatedAfterLosingTheRole(t *testing.T) {
	rig := testrig.Start(t)
	rows := rig.Register(t, 1)
	rig.OpenRound(t, "2022")
	rig.OpenAssessment(t, "2022", rows[0].Code)
	ctx := testrig.Context(t)
	impose := func(c *command.Commands, m command.Meta) (command.Receipt, error) {
		return c.ImposeDeduction(ctx, m, "2022", rows[0].Code, assessment.DeductionImposed{
			Item: "8.1", Reason: "媒体曝光", Source: "市级媒体", OccurredOn: "2022-05-05",
		})
	}
	m := testrig.Meta("organizer-1")
	first, err := impose(rig.Commands, m)
	if err != nil {
		t.Fatal(err)
	}
	later := rig.CommandConfig()
	later.Actors = demoted{}
	commands, err := command.New(later)
	if err != nil {
		t.Fatal(err)
	}
	again, err := impose(commands, m)
	if err != nil || !again.Repeated || again.Revision != first.Revision {
		t.Errorf("sent again: %+v, %v; first %+v", again, err, first)
	}
	_, err = impose(commands, testrig.Meta("organizer-1"))
	wantErr(t, "a new command", err, domain.ErrForbidden)
	m.Actor = "organizer-2"
	_, err = impose(rig.Commands, m)
	wantErr(t, "the id of another account's command", err, domain.ErrInvalid)
}

// demoted are accounts that have no role any more.
type demoted struct{}

func (demoted) Actor(_ context.Context, account string) (rights.Actor, error) {
	return rights.Actor{Account: account}, nil
}
