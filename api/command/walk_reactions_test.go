package command_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"

	"mingjian/api/command"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// decisions has the decisions on an appeal, with their events.
func (s *streets) decisions(id string) (events []eventstore.Recorded, decided []*appeal.Decided, now *appeal.Appeal) {
	now = appeal.New()
	for e, err := range s.Log.ReadStream(s.ctx, command.AppealStream(id), 0) {
		if errors.Is(err, eventstore.ErrNoStream) {
			break
		}
		var event domain.Event
		if err == nil {
			event, err = s.Codec.Decode(e.Type, e.Data)
		}
		if err == nil {
			err = now.Apply(event)
		}
		if err != nil {
			s.fail(err)
			break
		}
		if d, ok := event.(*appeal.Decided); ok {
			events, decided = append(events, e), append(decided, d)
		}
	}
	return events, decided, now
}

// react has two servers carry out what was decided on an appeal, or flag it, at
// the same time.
func (w *walker) react() {
	id := w.one()
	events, decided, now := w.decisions(id)
	var both sync.WaitGroup
	for _, c := range w.servers[:2] {
		both.Go(func() {
			for i, d := range decided {
				if _, err := c.Correct(w.ctx, events[i], d); err != nil {
					w.fail(err)
				}
			}
			if now.Open() {
				if _, err := c.Expire(w.ctx, id, now.DecideBy); err != nil && !errors.Is(err, domain.ErrTooEarly) {
					w.fail(err)
				}
			}
		})
	}
	both.Wait()
}

// carryOut has all that was decided carried out.
func (s *streets) carryOut(t *testing.T) {
	t.Helper()
	for _, id := range s.filed {
		events, decided, _ := s.decisions(id)
		for i, d := range decided {
			_, err := s.servers[i%len(s.servers)].Correct(s.ctx, events[i], d)
			must(t, err)
		}
	}
}

// check compares all that there is with a recount of the log.
func (s *streets) check(t *testing.T) {
	t.Helper()
	l := testrig.CheckConsistent(t, s.Rig)
	rebuilt, err := s.Model.Rebuild(s.ctx, nil)
	if must(t, err); !rebuilt.Identical() {
		t.Errorf("rebuilt as %s, was %s", rebuilt.After, rebuilt.Before)
	}
	s.checkLeft(t, l)
	s.checkCorrections(t, l)
	checkHands(t, l)
	s.Look(t, func(v *projections.View) {
		stats, err := v.AppealStats(inRound, projections.Latest)
		must(t, err)
		if got, want := stats.AppealTally, recountAppeals(t, l); !reflect.DeepEqual(got, want) {
			t.Errorf("statistics %+v, recounted %+v", got, want)
		}
		for n := range l.Releases[inRound] {
			diff, err := v.ReleaseChanges(inRound, n+1)
			must(t, err)
			checkEffects(t, diff)
		}
		for i := range 4 {
			diff, err := v.RankingDiff(inRound, int64(len(l.Events)*i/5), int64(len(l.Events)*(i+1)/5))
			must(t, err)
			checkEffects(t, diff)
		}
	})
}

// checkLeft: what was refused left nothing on the log.
func (s *streets) checkLeft(t *testing.T, l *testrig.Ledger) {
	t.Helper()
	for _, e := range l.Events {
		m, err := eventstore.ReadMetadata(e)
		must(t, err)
		if left, sent := s.left[m.CommandID.String()]; sent && !left {
			t.Errorf("%s@%d is of a command that was refused", e.Stream, e.Revision)
		}
	}
}

// checkCorrections: each decision that changes something was carried out once,
// as it was decided, and no target has two open appeals.
func (s *streets) checkCorrections(t *testing.T, l *testrig.Ledger) {
	t.Helper()
	type of struct {
		appeal string
		panel  int
	}
	made := make(map[of]int)
	for _, e := range l.Events {
		event, err := s.Codec.Decode(e.Type, e.Data)
		must(t, err)
		switch c := event.(type) {
		case *assessment.ScoreCorrected:
			made[of{c.Appeal, c.Panel}]++
			s.checkDecided(t, l, c.Appeal, c.Panel, appeal.Corrected{Outcome: c.Outcome, Points: c.Points})
		case *assessment.DeductionCorrected:
			made[of{c.Appeal, c.Panel}]++
			s.checkDecided(t, l, c.Appeal, c.Panel, appeal.Corrected{Item: c.Item})
		}
	}
	open := make(map[string]string)
	for _, a := range l.Appeals {
		record := l.Records[[2]string{a.Filed.Round, a.Filed.Subject}]
		for _, d := range a.Decisions {
			n := made[of{a.Filed.Appeal, d.Panel}]
			lifted := a.Filed.Deduction > 0 && record.Standing[a.Filed.Deduction-1] == ""
			if want := d.Corrected != nil; n > 1 || n == 1 != want && !lifted {
				t.Errorf("panel %d of %s: carried out %d times, %+v", d.Panel, a.Filed.Appeal, n, d.Corrected)
			}
		}
		if target := a.Filed.Subject + a.Filed.Clause + string(rune('0'+a.Filed.Deduction)); a.Open() {
			if open[target] != "" {
				t.Errorf("%s and %s are open against one target", open[target], a.Filed.Appeal)
			}
			open[target] = a.Filed.Appeal
		}
	}
}

func (s *streets) checkDecided(t *testing.T, l *testrig.Ledger, id string, panel int, made appeal.Corrected) {
	t.Helper()
	for _, d := range l.Appeals[command.AppealStream(id)].Decisions {
		if d.Panel == panel && d.Corrected != nil && d.Corrected.Outcome == made.Outcome && d.Corrected.Item == made.Item &&
			(made.Outcome == "" || d.Corrected.Points == made.Points) {
			return
		}
	}
	t.Errorf("corrected to %+v, which panel %d of %s did not decide", made, panel, id)
}

// checkHands: in each record, nobody writes who was recused before, and nobody
// reviews what they had a hand in.
func checkHands(t *testing.T, l *testrig.Ledger) {
	t.Helper()
	type at struct{ stream, who string }
	recused, hands := make(map[at]bool), make(map[at]bool)
	for _, e := range l.Events {
		var event struct{ By, Assessor string }
		must(t, json.Unmarshal(e.Data, &event))
		by := at{e.Stream, event.By}
		if recused[by] {
			t.Errorf("%s@%d is by somebody who was recused", e.Stream, e.Revision)
		}
		switch e.Type {
		case "assessment.AssessorRecused":
			recused[at{e.Stream, event.Assessor}] = true
		case "assessment.AssessorAssigned":
			hands[at{e.Stream, event.Assessor}] = true
		case "assessment.Approved", "assessment.Returned":
			if hands[by] {
				t.Errorf("%s@%d reviews what they had a hand in", e.Stream, e.Revision)
			}
		case "assessment.ScoreRecorded", "assessment.ScoreRevised", "assessment.DeductionImposed", "assessment.DeductionLifted",
			"assessment.HonorClaimed", "assessment.HonorAccepted", "assessment.HonorRejected", "assessment.Submitted":
			hands[by] = true
		}
	}
}

// recountAppeals counts by the ledger's own folds.
func recountAppeals(t *testing.T, l *testrig.Ledger) (tally projections.AppealTally) {
	t.Helper()
	calendar, err := criteria.LookupCalendar("cn")
	must(t, err)
	var days []int
	for _, a := range l.Appeals {
		tally.Filed++
		tally.Lost += a.Filed.Lost
		tally.Restored += a.Restored()
		if a.Panel == 2 {
			tally.Escalated++
		}
		if a.Expired != "" {
			tally.Expired++
		}
		switch a.Status {
		case appeal.IsWithdrawn:
			tally.Withdrawn++
		case appeal.IsDecided:
			tally.Decided++
			last := a.Decisions[len(a.Decisions)-1]
			n, err := calendar.Count(domain.DayOf(a.Filed.At), domain.DayOf(last.At))
			must(t, err)
			days = append(days, n)
			switch a.Restored() { // all in all, whichever panel restored it
			case a.Filed.Lost:
				tally.Upheld++
			case 0:
				tally.Dismissed++
			default:
				tally.PartlyUpheld++
			}
		default:
			tally.Open++
		}
	}
	if d := &tally.Days; len(days) > 0 {
		slices.Sort(days)
		for _, n := range days {
			d.Sum += n
		}
		n := len(days)
		d.Count, d.Min, d.Max = n, days[0], days[n-1]
		d.Mean = domain.Ratio{Sum: domain.Whole(int64(d.Sum)), Count: n}
		d.Median = domain.Ratio{Sum: domain.Whole(int64(days[n/2])), Count: 1}
		if n%2 == 0 {
			d.Median = domain.Ratio{Sum: domain.Whole(int64(days[n/2-1] + days[n/2])), Count: 2}
		}
	}
	return tally
}

// checkEffects: the listed effects add up to each difference.
func checkEffects(t *testing.T, diff projections.RankingDiff) {
	t.Helper()
	for _, c := range diff.Centers {
		if c.Before == nil || c.After == nil {
			continue
		}
		moved := c.Before.Total
		for _, change := range c.Changes {
			moved += change.Effect
		}
		if moved != c.After.Total {
			t.Errorf("%s from %s to %s, the effects of %d events come to %s", c.Center.Code, c.Before.Total, c.After.Total, len(c.Changes), moved)
		}
	}
}
