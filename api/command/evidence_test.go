package command_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/internal/testrig"
)

// shelf is a store that holds some pieces, and counts how often it is asked.
type shelf struct {
	holds map[string]bool
	asked int
}

func (s *shelf) Has(_ context.Context, sha string) (bool, error) {
	s.asked++
	return s.holds[sha], nil
}

var (
	stored  = strings.Repeat("ab", 32)
	unknown = strings.Repeat("cd", 32)
)

// TestEvidenceIsAskedLast: whether a piece is stored is told only to those
// whose command nothing else refuses. A command that is on record is not asked
// for its evidence again.
func TestEvidenceIsAskedLast(t *testing.T) {
	rig := testrig.Start(t)
	code := rig.Register(t, 2)[0].Code
	rig.OpenRound(t, "2022")
	rig.OpenAssessment(t, "2022", code)
	ctx, store := testrig.Context(t), &shelf{holds: map[string]bool{stored: true}}
	config := rig.CommandConfig()
	config.Evidence = store
	c, err := command.New(config)
	must(t, err)
	scores := testrig.Findings(rand.New(rand.NewPCG(1, 1)), testrig.Standard(t), domain.Center)
	_, err = rig.Commands.RecordScores(ctx, testrig.Meta("assessor"), "2022", code, scores[:1])
	must(t, err)
	_, err = c.RecuseAssessor(ctx, testrig.Meta("organizer"), "2022", code, "organizer-2", "亲属在该中心任职", false)
	must(t, err)

	sends := []struct {
		name    string
		allowed string
		refused map[string]error
		send    func(m command.Meta, sha string) (command.Receipt, error)
		locked  error // once the record is submitted, to whoever is allowed
	}{
		{"recordScores", "assessor", assessors, func(m command.Meta, sha string) (command.Receipt, error) {
			s := scores[1]
			s.Evidence = []string{sha}
			return c.RecordScores(ctx, m, "2022", code, []assessment.Score{s})
		}, domain.ErrLocked},
		{"reviseScore", "assessor", assessors, func(m command.Meta, sha string) (command.Receipt, error) {
			s := scores[0]
			s.Evidence = []string{sha}
			return c.ReviseScore(ctx, m, "2022", code, 1, s, "复看照片")
		}, domain.ErrSuperseded}, // by itself
		{"recordObservation", "assessor", assessors, func(m command.Meta, sha string) (command.Receipt, error) {
			return c.RecordObservation(ctx, m, "2022", code, assessment.ObservationRecorded{
				Clause: scores[0].Clause, Text: "建议增设指引", Method: scores[0].Method, ObservedAt: scores[0].ObservedAt, Evidence: []string{sha},
			})
		}, nil},
		{"imposeDeduction", "organizer", map[string]error{
			"assessor": domain.ErrForbidden, "auditor": domain.ErrForbidden, "center-" + code: domain.ErrForbidden, "organizer-2": domain.ErrRecused,
		}, func(m command.Meta, sha string) (command.Receipt, error) {
			return c.ImposeDeduction(ctx, m, "2022", code, assessment.DeductionImposed{
				Item: "8.1", Reason: "媒体曝光", Source: "市级媒体", OccurredOn: "2022-05-05", Evidence: []string{sha},
			})
		}, nil},
		{"claimHonor", "center-" + code, map[string]error{
			"center-310199001": domain.ErrForbidden, "organizer": domain.ErrForbidden, "assessor-2": domain.ErrForbidden,
		}, func(m command.Meta, sha string) (command.Receipt, error) {
			return c.ClaimHonor(ctx, m, "2022", code, assessment.HonorClaimed{
				Title: "文明单位", Level: assessment.Municipal, Issuer: "市文明办", AwardedOn: "2021-05-01", Document: sha,
			})
		}, domain.ErrLocked},
	}
	same := func(what, who string, want error, send func(command.Meta, string) (command.Receipt, error)) {
		t.Helper()
		before := store.asked
		for _, sha := range []string{stored, unknown} {
			if _, err := send(testrig.Meta(who), sha); !errors.Is(err, want) {
				t.Errorf("%s by %s with %.4s…: %v, want %v", what, who, sha, err, want)
			}
		}
		if store.asked != before {
			t.Errorf("%s by %s: the store was asked", what, who)
		}
	}
	for _, s := range sends {
		for who, want := range s.refused {
			same(s.name, who, want, s.send)
		}
		_, err := s.send(testrig.Meta(s.allowed), unknown)
		wantErr(t, s.name+" with a piece that is not there", err, domain.ErrUnknownEvidence)
		m := testrig.Meta(s.allowed)
		first, err := s.send(m, stored)
		must(t, err)
		delete(store.holds, stored)
		again, err := s.send(m, stored)
		if err != nil || !again.Repeated || again.Revision != first.Revision {
			t.Errorf("%s again: %+v, %v; first %+v", s.name, again, err, first)
		}
		store.holds[stored] = true
	}

	// What the record's state refuses tells nothing either, nor a closed round.
	_, err = c.RejectHonor(ctx, testrig.Meta("reviewer-2"), "2022", code, 1, "非集体荣誉")
	must(t, err)
	_, err = rig.Commands.RecordScores(ctx, testrig.Meta("assessor"), "2022", code, scores[2:])
	must(t, err)
	_, err = c.Submit(ctx, testrig.Meta("assessor"), "2022", code)
	must(t, err)
	for _, s := range sends {
		if s.locked != nil {
			same(s.name+" after submission", s.allowed, s.locked, s.send)
		}
	}
	_, err = c.CloseRound(ctx, testrig.Meta("organizer"), "2022", "结束")
	must(t, err)
	for _, s := range sends {
		same(s.name+" in a closed round", s.allowed, domain.ErrRoundClosed, s.send)
	}
}

// assessors are refused what is for those who are assigned.
var assessors = map[string]error{
	"assessor-9": domain.ErrNotAssigned, "reviewer": domain.ErrForbidden, "auditor": domain.ErrForbidden,
	"organizer": domain.ErrForbidden, "district-310101": domain.ErrForbidden,
}
