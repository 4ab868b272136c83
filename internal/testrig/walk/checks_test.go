package walk

import (
	"fmt"
	"strings"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
)

// checks keeps its own account of what design.md promises. It rests on events
// alone, and shares no code with what decides on them.
type checks struct {
	w     *world
	books map[string]*book    // by subject
	cases map[string]*hearing // by appeal
	round roundBook
	carry map[place]bool // corrections by appeal and panel
}

// place is a panel's decision on an appeal.
type place struct {
	appeal string
	panel  int
}

func newChecks(w *world) *checks {
	return &checks{w: w, books: make(map[string]*book), cases: make(map[string]*hearing), carry: make(map[place]bool)}
}

// before holds an event against what was on record before it.
func (c *checks) before(f fact) error {
	switch {
	case f.stream == theRegistry:
		return nil
	case f.stream == theRound:
		return c.round.before(c.w, f)
	case strings.HasPrefix(f.stream, appeal.StreamPrefix):
		return c.hearingBefore(f)
	}
	return c.recordBefore(f)
}

// after takes an event into account, and compares.
func (c *checks) after(f fact) error {
	switch {
	case f.stream == theRegistry:
		return nil
	case f.stream == theRound:
		return c.round.after(c.w, f)
	case strings.HasPrefix(f.stream, appeal.StreamPrefix):
		return c.hearingAfter(f)
	}
	return c.recordAfter(f)
}

// deadline is the day n working days after another by a calendar that is named
// by its hash.
func (c *checks) deadline(hash, from string, n int) (string, error) {
	if hash != c.round.calendar {
		return "", fmt.Errorf("counted by calendar %.8s…, %.8s… is pinned", hash, c.round.calendar)
	}
	for version := range c.w.almanacs {
		if hashOf(version) == hash {
			return c.w.almanacs[version].after(from, n), nil
		}
	}
	return "", fmt.Errorf("no calendar %s", hash)
}

func (c *checks) falls(what, day, hash, from string, n int) error {
	want, err := c.deadline(hash, from, n)
	if err == nil && day != want {
		err = fmt.Errorf("%s is %s, %d working days after %s it is %s", what, day, n, from, want)
	}
	return err
}

// stampOf is an event's stamp, whatever the event.
func stampOf(event domain.Event) domain.Stamp {
	switch e := event.(type) {
	case *assessment.Opened:
		return e.Stamp
	case *assessment.AssessorAssigned:
		return e.Stamp
	case *assessment.AssessorRecused:
		return e.Stamp
	case *assessment.ObservationRecorded:
		return e.Stamp
	case *assessment.ScoreRecorded:
		return e.Stamp
	case *assessment.ScoreRevised:
		return e.Stamp
	case *assessment.DeductionImposed:
		return e.Stamp
	case *assessment.DeductionLifted:
		return e.Stamp
	case *assessment.HonorClaimed:
		return e.Stamp
	case *assessment.HonorAccepted:
		return e.Stamp
	case *assessment.HonorRejected:
		return e.Stamp
	case *assessment.HonorWithdrawn:
		return e.Stamp
	case *assessment.Submitted:
		return e.Stamp
	case *assessment.Returned:
		return e.Stamp
	case *assessment.Approved:
		return e.Stamp
	case *assessment.ResultNotified:
		return e.Stamp
	case *assessment.ScoreCorrected:
		return e.Stamp
	case *assessment.DeductionCorrected:
		return e.Stamp
	case *assessment.ReplyFiled:
		return e.Stamp
	case *assessment.ReplyRedacted:
		return e.Stamp
	case *appeal.Filed:
		return e.Stamp
	case *appeal.PanelNamed:
		return e.Stamp
	case *appeal.ReviewerRecused:
		return e.Stamp
	case *appeal.EvidenceAdded:
		return e.Stamp
	case *appeal.VoteCast:
		return e.Stamp
	case *appeal.Decided:
		return e.Stamp
	case *appeal.Escalated:
		return e.Stamp
	case *appeal.Extended:
		return e.Stamp
	case *appeal.Expired:
		return e.Stamp
	case *appeal.Withdrawn:
		return e.Stamp
	}
	panic(fmt.Sprintf("%T has no stamp here", event))
}

// judges refuses events by which a subject is judged from its own people.
func (c *checks) judges(f fact, subject string) error {
	switch f.event.(type) {
	case *assessment.ScoreRecorded, *assessment.ScoreRevised, *assessment.ObservationRecorded, *assessment.Submitted,
		*assessment.DeductionImposed, *assessment.DeductionLifted, *assessment.HonorAccepted, *assessment.HonorRejected,
		*assessment.Returned, *assessment.Approved, *assessment.ResultNotified, *assessment.ReplyRedacted,
		*appeal.PanelNamed, *appeal.VoteCast, *appeal.Decided, *appeal.Extended:
	default:
		return nil
	}
	for _, p := range c.w.people {
		if p.Account == f.account && (p.Holds(rights.Center, subject) || p.Holds(rights.District, subject)) {
			return fmt.Errorf("%T by %s, who is of %s", f.event, f.account, subject)
		}
	}
	return nil
}

// signed checks that an event names who acted, and no time but now.
func (c *checks) signed(f fact, people string) error {
	by := stampOf(f.event)
	if by.By != pseudonym(f.account, people) || !by.At.Equal(c.w.clock) {
		return fmt.Errorf("%T by %s at %s, acted %s at %s", f.event, by.By, by.At, f.account, c.w.clock)
	}
	return nil
}
