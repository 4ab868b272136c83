package assessment_test

import (
	"errors"
	"slices"
	"testing"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

func submit(who string) decision {
	return func(a *assessment.Assessment) ([]domain.Event, error) { return a.Submit(by(who)) }
}

func approve(who string) decision {
	return func(a *assessment.Assessment) ([]domain.Event, error) { return a.Approve(by(who)) }
}

func TestSubmit(t *testing.T) {
	run(t, []scenario{
		{name: "complete", given: complete(), when: submit("assessor"), then: events(submitted)},
		{name: "with honors decided", given: complete(claimed(1, "a"), accepted(1, 50), claimed(2, "b"), rejected(2)), when: submit("assessor"), then: events(submitted)},
		{
			name: "a district needs 7.3 only", given: openDistrict(recorded("7.3", found(domain.Awarded, 0, ""))),
			when: submit("assessor"), then: events(submitted),
		},
		{name: "before opening", when: submit("assessor"), refused: domain.ErrNotOpened, says: "assessment: not opened"},
		{name: "nothing found yet", given: open(), when: submit("assessor"), refused: domain.ErrIncomplete, says: "4 clauses of 310101002 have no finding: 1.1.1, 1.1.2, 1.2, 7.1: not complete"},
		{name: "a district without 7.3", given: openDistrict(), when: submit("assessor"), refused: domain.ErrIncomplete, says: "1 clauses of 310101 have no finding: 7.3"},
		{name: "rule 7, a claim that waits", given: complete(claimed(1, "a")), when: submit("assessor"), refused: domain.ErrIncomplete, says: "1 clauses of 310101002 have no finding: 7.2"},
		{name: "rule 4, twice", given: inReview(), when: submit("assessor"), refused: domain.ErrLocked, says: "310101002 is submitted: locked"},
		{name: "rule 4, after approval", given: signedOff(), when: submit("assessor"), refused: domain.ErrLocked, says: "310101002 is approved: locked"},
	})
}

func TestApprove(t *testing.T) {
	again := revised("second", "1.2", 1, met, "复看")
	run(t, []scenario{
		{name: "by a second person", given: inReview(), when: approve("reviewer"), then: events(approved)},
		{name: "rule 2, again after a revision voided the sign-off", given: signedOff(again), when: approve("reviewer"), then: events(approved)},
		{name: "rule 2, again after a deduction voided the sign-off", given: signedOff(imposed(1, "8.1")), when: approve("reviewer"), then: events(approved)},
		{name: "rule 2, again after a lifting voided the sign-off", given: inReview(imposed(1, "8.1"), approved, lifted(1)), when: approve("reviewer"), then: events(approved)},
		{name: "before opening", when: approve("reviewer"), refused: domain.ErrNotOpened, says: "assessment: not opened"},
		{name: "not submitted", given: complete(), when: approve("reviewer"), refused: domain.ErrNotSubmitted, says: "assessment of 310101002: not submitted"},
		{name: "twice", given: signedOff(), when: approve("reviewer"), refused: domain.ErrDecided, says: "310101002 was approved"},
		{name: "incomplete, as no decision lets it become", given: open(submitted), when: approve("reviewer"), refused: domain.ErrIncomplete, says: "1.1.1, 1.1.2, 1.2, 7.1"},
		{name: "rule 3, four eyes: who recorded", given: open(recorded("1.1.1", lost), recorded("1.1.2", met), recorded("1.2", met), recorded("7.1", found(domain.Awarded, 0, "")), &assessment.Submitted{Stamp: by("clerk")}), when: approve("assessor"), refused: domain.ErrFourEyes, says: "assessment of 310101002: nobody approves their own work"},
		{name: "rule 3, four eyes: who submitted", given: complete(&assessment.Submitted{Stamp: by("clerk")}), when: approve("clerk"), refused: domain.ErrFourEyes, says: "310101002"},
		{name: "rule 3, four eyes: who revised once, superseded since", given: complete(again, revised("assessor", "1.2", 2, met, ""), submitted), when: approve("second"), refused: domain.ErrFourEyes, says: "310101002"},
		{name: "rule 3, four eyes: who revised after submission", given: inReview(again), when: approve("second"), refused: domain.ErrFourEyes, says: "310101002"},
		{name: "rule 3, four eyes: who had approved and then revised", given: signedOff(revised("reviewer", "1.2", 1, met, "复看")), when: approve("reviewer"), refused: domain.ErrFourEyes, says: "310101002"},
		{name: "rule 3, four eyes: who imposed a deduction", given: inReview(imposed(1, "8.1")), when: approve("second"), refused: domain.ErrFourEyes, says: "310101002"},
		{name: "rule 3, four eyes: who imposed a deduction lifted since", given: inReview(imposed(1, "8.1"), lifted(1)), when: approve("second"), refused: domain.ErrFourEyes, says: "310101002"},
		{name: "rule 3, four eyes: who lifted a deduction", given: inReview(imposed(1, "8.1"), lifted(1)), when: approve("lifter"), refused: domain.ErrFourEyes, says: "310101002"},
	})
}

// Rule 2: whatever moves points after approval voids the sign-off, and nothing
// else changes where the record stands.
func TestRule2ChangesVoidASignOff(t *testing.T) {
	std := newStandard(t)
	for _, test := range []struct {
		name    string
		history []domain.Event
		want    assessment.Status
	}{
		{"no events", nil, assessment.NotOpened},
		{"opened", open(), assessment.InWork},
		{"revised in work", complete(revised("second", "1.2", 1, met, "")), assessment.InWork},
		{"deducted in work", complete(imposed(1, "8.1"), lifted(1)), assessment.InWork},
		{"submitted", inReview(), assessment.InReview},
		{"revised in review", inReview(revised("second", "1.2", 1, met, "x")), assessment.InReview},
		{"approved", signedOff(), assessment.SignedOff},
		{"revised after approval", signedOff(revised("second", "1.2", 1, met, "x")), assessment.InReview},
		{"deducted after approval", signedOff(imposed(1, "8.1")), assessment.InReview},
		{"lifted after approval", inReview(imposed(1, "8.1"), approved, lifted(1)), assessment.InReview},
		{"approved again", signedOff(imposed(1, "8.1"), approved), assessment.SignedOff},
	} {
		if got := fold(t, std, test.history).Status; got != test.want {
			t.Errorf("%s: status %q, want %q", test.name, got, test.want)
		}
	}
}

func TestMissing(t *testing.T) {
	std := newStandard(t)
	for _, test := range []struct {
		history []domain.Event
		want    []string
	}{
		{open(), []string{"1.1.1", "1.1.2", "1.2", "7.1"}},
		{open(recorded("1.2", met), claimed(1, "a")), []string{"1.1.1", "1.1.2", "7.1", "7.2"}},
		{complete(), nil},
		{openDistrict(), []string{"7.3"}},
	} {
		if got := fold(t, std, test.history).Missing(); !slices.Equal(got, test.want) {
			t.Errorf("missing %v, want %v", got, test.want)
		}
	}
}

type unheardOf struct{}

func (unheardOf) EventType() string { return "assessment.UnheardOf" }

// Apply stops loudly on what it does not know and on what cannot follow.
func TestApplyRefuses(t *testing.T) {
	std := newStandard(t)
	for _, test := range []struct {
		name  string
		given []domain.Event
		event domain.Event
		want  error
		// whole: only the Assessment fold knows enough to refuse.
		whole bool
	}{
		{"an unknown event", nil, unheardOf{}, domain.ErrUnknownEvent, false},
		{"an unknown event later", signedOff(), unheardOf{}, domain.ErrUnknownEvent, false},
		{"an event by value", nil, *opened(domain.Center), domain.ErrUnknownEvent, false},
		{"no event", nil, nil, domain.ErrUnknownEvent, false},
		{"opened twice", open(), opened(domain.Center), domain.ErrExists, false},
		{"recorded before opening", nil, recorded("1.2", met), domain.ErrNotOpened, false},
		{"deducted before opening", nil, imposed(1, "8.1"), domain.ErrNotOpened, false},
		{"claimed before opening", nil, claimed(1, "a"), domain.ErrNotOpened, false},
		{"submitted before opening", nil, submitted, domain.ErrLocked, false},
		{"submitted twice", inReview(), submitted, domain.ErrLocked, false},
		{"approved before submission", complete(), approved, domain.ErrNotSubmitted, false},
		{"approved twice", signedOff(), approved, domain.ErrNotSubmitted, false},
		{"an unknown clause", open(), recorded("9.9", met), domain.ErrUnknownClause, false},
		{"an unknown clause revised", open(), revised("a", "9.9", 1, met, ""), domain.ErrUnknownClause, false},
		{"rule 2, a second version 1", complete(), recorded("1.2", met), domain.ErrSuperseded, false},
		{"rule 2, a revision of nothing", open(), revised("a", "1.2", 1, met, ""), domain.ErrSuperseded, false},
		{"rule 2, a version left out", complete(), revised("a", "1.2", 2, met, ""), domain.ErrSuperseded, false},
		{"deduction 2 first", open(), imposed(2, "8.1"), domain.ErrUnknownItem, false},
		{"lifting what was not imposed", open(), lifted(1), domain.ErrUnknownItem, false},
		{"lifting number 0", open(imposed(1, "8.1")), lifted(0), domain.ErrUnknownItem, false},
		{"lifting twice", open(imposed(1, "8.1"), lifted(1)), lifted(1), domain.ErrUnknownItem, false},
		{"accepting what was not claimed", open(), accepted(1, 50), domain.ErrUnknownItem, false},
		{"rejecting what was not claimed", open(), rejected(1), domain.ErrUnknownItem, false},
		{"rule 4, recorded while in review", append(open(), submitted), recorded("1.2", met), domain.ErrLocked, false},
		{"rule 4, claimed while approved", signedOff(), claimed(1, "a"), domain.ErrLocked, false},
		{"rule 3, assigned after a recusal", open(recused("second")), assigned("second", false), domain.ErrRecused, true},
		{"recused twice", open(recused("second")), recused("second"), domain.ErrRecused, true},
		{"claim 2 first", open(), claimed(2, "a"), domain.ErrUnknownItem, true},
		{"accepting claim 2 of 1", open(claimed(1, "a")), accepted(2, 50), domain.ErrUnknownItem, true},
		{"rejecting claim 0", open(claimed(1, "a")), rejected(0), domain.ErrUnknownItem, true},
		{"accepting twice", open(claimed(1, "a"), claimed(2, "b"), accepted(1, 50)), accepted(1, 50), domain.ErrDecided, true},
		{"rule 2, a revision of version 0", open(), revised("a", "1.2", 0, met, ""), domain.ErrNotRecorded, false},
		{"a correction of version 0", open(), corrected(1, "1.2", 0, domain.Met, 0), domain.ErrNotRecorded, false},
		{"a correction of an older version", told(revised("a", "1.1.1", 1, met, "")), corrected(1, "1.1.1", 1, domain.Met, 0), domain.ErrSuperseded, false},
		{"a correction of an unknown clause", told(), corrected(1, "9.9", 1, domain.Met, 0), domain.ErrUnknownClause, false},
		{"corrected before opening", nil, corrected(1, "1.1.1", 1, domain.Met, 0), domain.ErrNotOpened, false},
		{"rule 6, a decision carried out twice", told(corrected(1, "1.1.1", 1, domain.Met, 0)), corrected(1, "1.1.1", 2, domain.Met, 0), domain.ErrExists, true},
		{"rule 6, a decision on a deduction carried out twice", complete(imposed(1, "8.2"), submitted, approved, notified(1), reduced(1, 1, "8.1")), reduced(1, 1, ""), domain.ErrExists, true},
		{"a correction of a deduction that was lifted", open(imposed(1, "8.1"), lifted(1)), reduced(1, 1, ""), domain.ErrUnknownItem, false},
		{"a correction of a deduction that was ended", open(imposed(1, "8.1"), reduced(1, 1, "")), reduced(2, 1, ""), domain.ErrUnknownItem, false},
		{"lifting what an appeal has ended", open(imposed(1, "8.1"), reduced(1, 1, "")), lifted(1), domain.ErrUnknownItem, false},
		{"rule 8, notified before it is approved", inReview(), notified(1), domain.ErrNotApproved, false},
		{"rule 8, notified while it is changed again", told(imposed(1, "8.1")), notified(2), domain.ErrNotApproved, false},
		{"notified before opening", nil, notified(1), domain.ErrNotApproved, false},
		{"notice 2 first", signedOff(), notified(2), domain.ErrInvalid, true},
		{"notice 1 twice", told(), notified(1), domain.ErrInvalid, true},
		{"replied before opening", nil, replied(1, "x"), domain.ErrNotOpened, false},
		{"replied before the notice", signedOff(), replied(1, "x"), domain.ErrNotNotified, true},
		{"reply 2 first", told(), replied(2, "x"), domain.ErrUnknownItem, true},
		{"reply 1 twice", told(replied(1, "x")), replied(1, "x"), domain.ErrUnknownItem, true},
		{"redacted before opening", nil, redacted(1, "x"), domain.ErrNotOpened, false},
		{"a reply that was not filed redacted", told(replied(1, "x")), redacted(2, ""), domain.ErrUnknownItem, true},
		{"reply 0 redacted", told(replied(1, "x")), redacted(0, ""), domain.ErrUnknownItem, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := fold(t, std, test.given).Apply(test.event); !errors.Is(err, test.want) {
				t.Errorf("assessment: %v, want %v", err, test.want)
			}
			record := assessment.NewRecord(std)
			for _, event := range test.given {
				if err := record.Apply(event); err != nil {
					t.Fatal(err)
				}
			}
			if err := record.Apply(test.event); !test.whole && !errors.Is(err, test.want) {
				t.Errorf("record: %v, want %v", err, test.want)
			}
		})
	}
}
