package demo

import (
	"context"
	"fmt"
	"strings"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/round"
	"mingjian/eventstore"
)

// Tale is what became of the demo's round, counted from the log.
type Tale struct {
	// Notices were sent first on the day Notified, and could be appealed against
	// until AppealBy.
	Notices            int
	Notified, AppealBy string
	Appeals            AppealTale
	Corrections        int // that followed from decisions
	Revisions          int // after a notice
	Honors             HonorTale
	Deductions, Lifted int
	// Lessened are deductions that a decision made less, or ended.
	Lessened          int
	Replies, Redacted int
	Releases          []ReleaseTale
}

// AppealTale counts appeals. What was escalated counts by the last decision.
type AppealTale struct {
	Filed, Upheld, PartlyUpheld, Dismissed, Withdrawn, Open int
	// Escalated went to a second panel, which Improved some.
	Escalated, Improved         int
	Extended, Expired, Recusals int
	Grounds                     map[appeal.Ground]int
	Clauses, Subjects           int
	Restored                    domain.Points
}

// HonorTale counts claims; Joint ones name another center.
type HonorTale struct{ Claimed, Accepted, Rejected, Withdrawn, Joint int }

// ReleaseTale is a release, and how many appeals were open when it was made.
type ReleaseTale struct {
	*round.Published
	Pending int
}

// teller folds the log into a tale.
type teller struct {
	tale    Tale
	records map[string]*told
	appeals map[string]*appeal.Appeal
}

// told is what a record's tale needs to remember.
type told struct{ notified bool }

// Tell counts what the log has of the demo's round.
func Tell(ctx context.Context, log *eventstore.Log, codec *eventstore.Codec) (Tale, error) {
	t := &teller{records: make(map[string]*told), appeals: make(map[string]*appeal.Appeal)}
	for e, err := range log.ReadAll(ctx, 0) {
		if err != nil {
			return Tale{}, err
		}
		if err := t.event(codec, e); err != nil {
			return Tale{}, fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
		}
	}
	t.tale.Appeals = t.count()
	return t.tale, nil
}

func (t *teller) event(codec *eventstore.Codec, e eventstore.Recorded) error {
	onRecord := strings.HasPrefix(e.Stream, "assessment-")
	onAppeal := strings.HasPrefix(e.Stream, appeal.StreamPrefix)
	if !onRecord && !onAppeal && e.Stream != round.StreamPrefix+Round {
		return nil
	}
	event, err := codec.Decode(e.Type, e.Data)
	if err != nil {
		return err
	}
	if published, ok := event.(*round.Published); ok {
		t.tale.Releases = append(t.tale.Releases, ReleaseTale{published, t.count().Open})
	}
	if onRecord {
		t.onRecord(e.Stream, event)
	}
	if onAppeal {
		return t.onAppeal(e.Stream, event)
	}
	return nil
}

// onAppeal folds an event of an appeal in the demo's round.
func (t *teller) onAppeal(stream string, event domain.Event) error {
	if filed, ok := event.(*appeal.Filed); ok && filed.Round == Round {
		t.appeals[stream] = appeal.New()
	}
	a, ok := t.appeals[stream]
	if !ok {
		return nil
	}
	count := &t.tale.Appeals
	switch event.(type) {
	case *appeal.Escalated:
		count.Escalated++
	case *appeal.Extended:
		count.Extended++
	case *appeal.Expired:
		count.Expired++
	case *appeal.ReviewerRecused:
		count.Recusals++
	}
	return a.Apply(event)
}

// count completes the count of appeals by how each stands.
func (t *teller) count() AppealTale {
	c := t.tale.Appeals
	c.Filed, c.Grounds = len(t.appeals), make(map[appeal.Ground]int)
	clauses, subjects := make(map[string]bool), make(map[string]bool)
	for _, a := range t.appeals {
		c.Grounds[a.Filed.Ground]++
		clauses[a.Filed.Clause+a.Filed.Item], subjects[a.Filed.Subject] = true, true
		switch {
		case a.Status == appeal.IsWithdrawn:
			c.Withdrawn++
		case a.Open():
			c.Open++
		case a.Restored() == a.Filed.Lost:
			c.Upheld++
		case a.Restored() == 0:
			c.Dismissed++
		default:
			c.PartlyUpheld++
		}
		c.Restored += a.Restored()
		if n := len(a.Decisions); n > 1 && a.Restored() > a.Decisions[0].Restored {
			c.Improved++
		}
	}
	c.Clauses, c.Subjects = len(clauses), len(subjects)
	return c
}

// onRecord counts an event of a subject's record in the demo's round.
func (t *teller) onRecord(stream string, event domain.Event) {
	if opened, ok := event.(*assessment.Opened); ok && opened.Round == Round {
		t.records[stream] = new(told)
	}
	r, ok := t.records[stream]
	if !ok {
		return
	}
	tale := &t.tale
	switch e := event.(type) {
	case *assessment.ResultNotified:
		if tale.Notices == 0 {
			tale.Notified, tale.AppealBy = domain.DayOf(e.At), e.AppealBy
		}
		tale.Notices++
		r.notified = true
	case *assessment.ScoreRevised:
		if r.notified {
			tale.Revisions++
		}
	case *assessment.ScoreCorrected:
		tale.Corrections++
	case *assessment.DeductionCorrected:
		tale.Corrections++
		tale.Lessened++
	case *assessment.DeductionImposed:
		tale.Deductions++
	case *assessment.DeductionLifted:
		tale.Lifted++
	case *assessment.HonorClaimed:
		tale.Honors.Claimed++
		if len(e.With) > 0 {
			tale.Honors.Joint++
		}
	case *assessment.HonorAccepted:
		tale.Honors.Accepted++
	case *assessment.HonorRejected:
		tale.Honors.Rejected++
	case *assessment.HonorWithdrawn:
		tale.Honors.Withdrawn++
	case *assessment.ReplyFiled:
		tale.Replies++
	case *assessment.ReplyRedacted:
		tale.Redacted++
	}
}
