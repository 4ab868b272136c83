package projections_test

import (
	"slices"
	"strings"
	"testing"

	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/domain/assessment"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// TestEvidenceIsNotOpenedByReferring: a piece belongs to the record of whoever
// refers to it first, and to another one only through somebody who had it
// before. Who merely knows its hash gains nothing, and a rebuild agrees.
func TestEvidenceIsNotOpenedByReferring(t *testing.T) {
	rig := testrig.Start(t)
	rows := rig.Register(t, 3)
	a, b, c := rows[0].Code, rows[1].Code, rows[2].Code
	rig.OpenRound(t, "r")
	rig.OpenRound(t, "s")
	ctx := testrig.Context(t)
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, subject := range []string{a, b, c} {
		must(rig.Commands.OpenAssessment(ctx, testrig.Meta("organizer"), "r", subject))
	}
	must(rig.Commands.OpenAssessment(ctx, testrig.Meta("organizer"), "s", a))
	for who, subjects := range map[string][]string{"assessor-1": {a}, "assessor-2": {b}, "assessor-3": {a, c}} {
		for _, subject := range subjects {
			must(rig.Commands.AssignAssessor(ctx, testrig.Meta("organizer"), "r", subject, who, false))
		}
	}
	piece := func(letter string) string { return strings.Repeat(letter, 64) }
	observe := func(who, subject string, hashes ...string) {
		t.Helper()
		must(rig.Commands.RecordObservation(ctx, testrig.Meta(who), "r", subject, assessment.ObservationRecorded{
			Clause: "1.1.1", Text: "见照片", Method: assessment.SiteVisit, ObservedAt: testrig.Day, Evidence: hashes,
		}))
	}
	claim := func(round, subject, hash string) {
		t.Helper()
		must(rig.Commands.ClaimHonor(ctx, testrig.Meta("center-"+subject), round, subject, assessment.HonorClaimed{
			Title: "文明单位 " + subject, Level: assessment.National, Issuer: "中央文明委", AwardedOn: testrig.Round(round).Honors.From, Document: hash,
		}))
	}
	photo, certificate, twice := piece("a"), piece("b"), piece("c")
	observe("assessor-1", a, photo, twice)
	observe("assessor-2", b, photo) // has no part in a
	claim("r", b, photo)            // read the hash in a release
	claim("r", a, certificate)
	claim("s", a, certificate) // another account of the same center, or the next round
	must(nil, rig.Commands.Witness(ctx, "assessor-2", func(by domain.Stamp) domain.Event {
		return &access.EvidenceStored{Stamp: by, SHA256: twice, Type: "image/png", Size: 1}
	}))
	observe("assessor-2", b, twice) // uploaded the same bytes
	observe("assessor-3", c, photo) // is assigned to a as well
	must(rig.Commands.ImposeDeduction(ctx, testrig.Meta("organizer"), "r", b, assessment.DeductionImposed{
		Item: "8.1", Reason: "媒体曝光", Source: "市级媒体", OccurredOn: "2022-05-05", Evidence: []string{certificate},
	}))

	check := func() {
		t.Helper()
		rig.Look(t, func(v *projections.View) {
			for hash, want := range map[string][]string{
				photo: {"r " + a, "r " + c}, twice: {"r " + a, "r " + b}, certificate: {"r " + a, "r " + b, "s " + a},
			} {
				records, err := v.EvidenceOf(hash)
				var got []string
				for _, r := range records {
					got = append(got, r.Round+" "+r.Subject)
				}
				slices.Sort(got)
				slices.Sort(want)
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("%.4s… belongs to %v, %v; want %v", hash, got, err, want)
				}
			}
		})
	}
	rig.Wait(t)
	check()
	rebuilt, err := rig.Model.Rebuild(ctx, nil)
	if err != nil || !rebuilt.Identical() {
		t.Errorf("rebuilt: %+v, %v", rebuilt, err)
	}
	check()
}
