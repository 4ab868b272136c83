package command_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/internal/testrig"
)

// award is a claim of one award, which other centers may claim too.
func award(with ...string) assessment.HonorClaimed {
	return assessment.HonorClaimed{
		Title: "全国文明单位", Level: assessment.National, Issuer: "中央文明委", AwardedOn: "2021-06-01", Document: strings.Repeat("ab", 32), With: with,
	}
}

// hall has four centers whose records are in work.
type hall struct {
	*testrig.Rig
	centers []string
}

func newHall(t *testing.T) *hall {
	t.Helper()
	h := &hall{Rig: testrig.Start(t)}
	for _, row := range h.Register(t, 4) {
		h.centers = append(h.centers, row.Code)
	}
	h.OpenRound(t, inRound)
	for _, code := range h.centers {
		h.OpenAssessment(t, inRound, code)
	}
	return h
}

func (h *hall) claim(t *testing.T, c *command.Commands, center string, claim assessment.HonorClaimed) error {
	t.Helper()
	_, err := c.ClaimHonor(testrig.Context(t), testrig.Meta("center-"+center), inRound, center, claim)
	return err
}

// TestHonorOfTwoCenters: an honor counts once, however its name is typed, unless
// each center says that the award names the other. The refusal names nobody.
func TestHonorOfTwoCenters(t *testing.T) {
	h := newHall(t)
	ctx, c := testrig.Context(t), h.Commands
	a, b, third := h.centers[0], h.centers[1], h.centers[2]
	must(t, h.claim(t, c, a, award()))
	typed := award()
	typed.Title, typed.Issuer = " 全国文明单位 ", "中央文明委　"
	for name, claim := range map[string]assessment.HonorClaimed{"the same": award(), "typed otherwise": typed, "one names the other": award(a)} {
		err := h.claim(t, c, b, claim)
		wantErr(t, name, err, domain.ErrExists)
		if err != nil && strings.Contains(err.Error(), a) {
			t.Errorf("%s: the refusal names the other center: %v", name, err)
		}
		wantErr(t, name+", by the same center", h.claim(t, c, a, typed), domain.ErrExists)
	}
	other := award()
	other.AwardedOn = "2021-06-02"
	must(t, h.claim(t, c, b, other)) // another day, another award

	// Withdrawn, or rejected, it may be claimed by another center.
	_, err := c.WithdrawHonor(ctx, testrig.Meta("center-"+a), inRound, a, 1, "材料有误")
	must(t, err)
	must(t, h.claim(t, c, b, award(a)))
	wantErr(t, "not named in turn", h.claim(t, c, a, award()), domain.ErrExists)
	must(t, h.claim(t, c, a, award(b)))
	wantErr(t, "a third one", h.claim(t, c, third, award(a, b)), domain.ErrExists)
	for _, code := range []string{a, b} {
		number := 2
		_, err := c.AcceptHonor(ctx, testrig.Meta("reviewer"), inRound, code, number, 50)
		must(t, err)
	}
	for name, with := range map[string][]string{
		"itself": {third}, "one twice": {a, a}, "a district": {a[:6]}, "an unknown one": {"319999999"},
	} {
		claim := award(with...)
		claim.Title = "市级" + name
		err := h.claim(t, c, third, claim)
		if !errors.Is(err, domain.ErrInvalid) && !errors.Is(err, domain.ErrWrongSubject) && !errors.Is(err, domain.ErrUnknownSubject) {
			t.Errorf("an award with %s: %v", name, err)
		}
	}
	testrig.CheckConsistent(t, h.Rig)
}

// TestHonorClaimedAtOnce: of many centers that claim one award at once, one does.
func TestHonorClaimedAtOnce(t *testing.T) {
	h := newHall(t)
	for range 5 {
		all := together(len(h.centers), func(i int) []sent { return []sent{{err: h.claim(t, h.Commands, h.centers[i], award())}} })
		won := -1
		for i, s := range all {
			switch {
			case s.err == nil && won < 0:
				won = i
			case s.err == nil:
				t.Errorf("centers %d and %d both claimed it", won, i)
			case !errors.Is(s.err, domain.ErrExists):
				t.Error(s.err)
			}
		}
		if won < 0 {
			t.Fatal("nobody claimed it")
		}
		a := fold(&court{Rig: h.Rig, t: t}, command.AssessmentStream(inRound, h.centers[won]), assessment.New(testrig.Standard(t)))
		_, err := h.Commands.WithdrawHonor(testrig.Context(t), testrig.Meta("center-"+h.centers[won]), inRound, h.centers[won], len(a.Honors), "再来一次")
		must(t, err)
	}
}

// TestHonorAcceptedTwice: claims that two servers took at one moment are both on
// record; points are awarded for one of them.
func TestHonorAcceptedTwice(t *testing.T) {
	h := newHall(t)
	ctx, c := testrig.Context(t), h.Commands
	config := h.CommandConfig()
	config.Results = blind{config.Results} // a server that finds no twins
	other, err := command.New(config)
	must(t, err)
	a, b := h.centers[0], h.centers[1]
	must(t, h.claim(t, c, a, award()))
	must(t, h.claim(t, other, b, award()))
	accept := func(code string) error {
		_, err := c.AcceptHonor(ctx, testrig.Meta("reviewer"), inRound, code, 1, 50)
		return err
	}
	must(t, accept(b))
	wantErr(t, "the other one", accept(a), domain.ErrExists)
	_, err = c.RejectHonor(ctx, testrig.Meta("reviewer"), inRound, a, 1, "同一荣誉已由他人申报")
	must(t, err)
}

// TestRoundClosesAfterItsAppeals: a round is closed when no decision is due in
// it, also on a server that has not read of the newest appeal yet.
func TestRoundClosesAfterItsAppeals(t *testing.T) {
	k := newCourt(t)
	closing := func() error {
		_, err := k.c.CloseRound(k.ctx, testrig.Meta("organizer"), inRound, "结束")
		return err
	}
	id := k.file(onLost)
	wantErr(t, "filed", closing(), domain.ErrUnderAppeal)
	k.decide(id, firstPanel, 0, 0, 0)
	_, err := k.c.EscalateAppeal(k.ctx, testrig.Meta(k.center()), id, "不服")
	must(t, err)
	wantErr(t, "escalated", closing(), domain.ErrUnderAppeal)
	_, err = k.c.WithdrawAppeal(k.ctx, testrig.Meta(k.center()), id, "不再申诉")
	must(t, err)
	must(t, closing())
}

// blind are results that find no twins.
type blind struct{ command.Results }

func (blind) HonorTwins(context.Context, string, string, assessment.HonorClaimed) ([]assessment.Twin, error) {
	return nil, nil
}
