package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
)

// course is how an appeal goes.
type course struct {
	against kind
	outcome appeal.Outcome
	// escalated is what a second panel makes of it, Dismissed where it restores no
	// more; "" without an escalation.
	escalated appeal.Outcome
	five      bool // members instead of three
	// withdrawn, and then perhaps filed anew.
	withdrawn, anew bool
	// A member steps back, or has to at a party's request.
	ownRecusal, requestedRecusal bool
	extended, expired            bool
	// late is open at the first release, and decided before the second.
	late bool
}

// kind is what an appeal is against.
type kind int

const (
	anEntry kind = iota
	aDeduction
	theDistrict
)

// cast has each course that the story tells once; the first one is of the
// center whose account is shown.
var cast = []course{
	{outcome: appeal.PartlyUpheld, escalated: appeal.Upheld},
	{against: theDistrict, outcome: appeal.PartlyUpheld},
	{against: aDeduction, outcome: appeal.PartlyUpheld},
	{against: aDeduction, outcome: appeal.Upheld},
	{outcome: appeal.Upheld},
	{outcome: appeal.Dismissed},
	{withdrawn: true},
	{withdrawn: true, anew: true, outcome: appeal.Upheld},
	{outcome: appeal.Dismissed, escalated: appeal.PartlyUpheld},
	{outcome: appeal.PartlyUpheld, escalated: appeal.Dismissed},
	{outcome: appeal.PartlyUpheld, extended: true},
	{outcome: appeal.Dismissed, expired: true},
	{outcome: appeal.Upheld, extended: true, late: true},
	{outcome: appeal.Dismissed, escalated: appeal.PartlyUpheld, late: true},
	{outcome: appeal.PartlyUpheld, ownRecusal: true},
	{outcome: appeal.Dismissed, requestedRecusal: true},
	{outcome: appeal.PartlyUpheld, five: true},
	{against: aDeduction, outcome: appeal.Dismissed},
}

// more is how the rest of a large round's appeals go, again and again.
var more = []course{
	{outcome: appeal.Dismissed},
	{outcome: appeal.PartlyUpheld},
	{outcome: appeal.Dismissed, five: true},
	{outcome: appeal.Upheld},
	{outcome: appeal.PartlyUpheld},
	{outcome: appeal.Dismissed},
	{withdrawn: true},
	{outcome: appeal.Upheld, ownRecusal: true},
}

// centersAnAppeal is how many there are for each appeal of a large round.
const centersAnAppeal = 5

// target is what a subject has lost, as it was notified.
type target struct {
	assessment.Target
	kind          kind
	subject       string
	district      string
	item, finding string // the deduction's item; the reason of the loss
	lost          domain.Points
}

// part is half of what was lost, in quarters of a point, or of a deduction
// what leaves a lesser item; 0 where there is no such part.
func (t target) part(std *domain.Standard) domain.Points {
	if t.kind == aDeduction {
		for _, lesser := range std.Deductions.Items {
			if lesser.Points < t.lost {
				return t.lost - lesser.Points
			}
		}
		return 0
	}
	return t.lost / 2 / 25 * 25
}

// record is a subject's as it stood when it was notified first.
type record struct {
	subject, district string
	*assessment.Assessment
}

// records reads what was notified, from the log: a play that goes on finds the
// same, whatever has come since.
func (p *player) records(ctx context.Context) ([]record, error) {
	var records []record
	for _, row := range p.Roster {
		records = append(records, record{subject: row.Code, district: row.DistrictCode})
	}
	for _, code := range p.districts() {
		records = append(records, record{subject: code, district: code})
	}
	var reads []func(context.Context) error
	for i := range records {
		reads = append(reads, func(ctx context.Context) (err error) {
			records[i].Assessment, err = p.notified(ctx, records[i].subject)
			return err
		})
	}
	return records, p.all(ctx, reads)
}

func (p *player) notified(ctx context.Context, subject string) (*assessment.Assessment, error) {
	a := assessment.New(p.Criteria.Standard)
	for e, err := range p.Log.ReadStream(ctx, command.AssessmentStream(Round, subject), 0) {
		if err != nil {
			return nil, err
		}
		event, err := p.Codec.Decode(e.Type, e.Data)
		if err == nil {
			err = a.Apply(event)
		}
		if err != nil {
			return nil, fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
		}
		if _, ok := event.(*assessment.ResultNotified); ok {
			return a, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", subject, domain.ErrNotNotified)
}

// losses lists what a record has lost, in the standard's order.
func (p *player) losses(r record) []target {
	var all []target
	add := func(t target) {
		stake, err := r.AtStake(t.Target)
		if err == nil {
			t.subject, t.district, t.item, t.lost = r.subject, r.district, stake.Item, stake.Lost
			all = append(all, t)
		}
	}
	for _, clause := range p.Criteria.Standard.Clauses() {
		entry := r.Entries[clause.Code]
		t := target{Target: assessment.Target{Clause: clause.Code}, finding: entry.Finding.Reason}
		switch {
		case r.Opened.Kind == domain.District:
			t.kind = theDistrict
			add(t)
		case entry.Finding.Outcome == domain.Lost:
			add(t)
		}
	}
	for _, d := range r.Deductions {
		add(target{Target: assessment.Target{Deduction: d.Deduction}, kind: aDeduction, finding: d.Reason})
	}
	return all
}

// docket lists the appeals: each course against something that fits it, spread
// over the subjects and over the clauses. A round that is too small for one
// goes without it.
func (p *player) docket(records []record) []*hearing {
	all := make([][]target, 0, len(records))
	for _, r := range records {
		all = append(all, p.losses(r))
	}
	// The first center stays the first; of the others the dice choose.
	dice := p.clock("docket").dice
	dice.Shuffle(len(all)-1, func(i, j int) { all[i+1], all[j+1] = all[j+1], all[i+1] })
	taken, used := make(map[string]int), make(map[string]int)
	var docket []*hearing
	for n := range max(len(cast), len(p.Roster)/centersAnAppeal) {
		c := more[n%len(more)]
		if n < len(cast) {
			c = cast[n]
		}
		t, ok := p.choose(all, c, taken, used)
		if !ok {
			continue
		}
		taken[t.subject]++
		used[t.Clause]++
		for i := range all {
			all[i] = slices.DeleteFunc(all[i], func(o target) bool { return o.subject == t.subject && o.Target == t.Target })
		}
		docket = append(docket, p.hearing(c, t, grounds[n%len(grounds)]))
	}
	return docket
}

// choose finds a target that fits a course: of the subject that has appealed
// least, on the clause that was appealed against least.
func (p *player) choose(all [][]target, c course, taken, used map[string]int) (best target, found bool) {
	order := func(t, o target) int {
		return cmp.Or(cmp.Compare(taken[t.subject], taken[o.subject]), cmp.Compare(used[t.Clause], used[o.Clause]))
	}
	for _, targets := range all {
		for _, t := range targets {
			partly := c.outcome == appeal.PartlyUpheld || c.escalated == appeal.PartlyUpheld
			if t.kind != c.against || partly && t.part(p.Criteria.Standard) == 0 {
				continue
			}
			if !found || order(t, best) < 0 {
				best, found = t, true
			}
		}
	}
	return best, found
}

// decision finds the newest decision on an appeal.
func (p *player) decision(ctx context.Context, id string) (at eventstore.Recorded, decided *appeal.Decided, err error) {
	for e, err := range p.Log.ReadStream(ctx, command.AppealStream(id), 0) {
		if err != nil {
			return at, nil, err
		}
		event, err := p.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return at, nil, fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
		}
		if d, ok := event.(*appeal.Decided); ok {
			at, decided = e, d
		}
	}
	if decided == nil {
		err = errors.New("appeal " + id + " is not decided")
	}
	return at, decided, err
}
