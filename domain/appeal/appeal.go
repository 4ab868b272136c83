package appeal

import (
	"fmt"
	"slices"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// StreamPrefix starts the name of an appeal's stream; its id follows.
const StreamPrefix = "appeal-"

// ID names the n-th appeal (1, 2, …) against a target. It follows from what the
// appeal is about, so that two that are filed at once meet in one stream, where
// only one can be the first. What it is about stands in Filed, and is never
// read off the id.
func ID(round, subject string, t assessment.Target, n int) string {
	on := t.Clause
	if on == "" {
		on = fmt.Sprintf("deduction%d", t.Deduction)
	}
	return fmt.Sprintf("%s-%s-%s-%d", round, subject, on, n)
}

// Status is where an appeal stands.
type Status string

// An appeal is filed, heard by a panel and decided; it may be escalated to a
// second panel once, or withdrawn while a decision is due.
const (
	NotFiled    Status = ""
	Waiting     Status = "filed"     // for its panel
	InHearing   Status = "hearing"   // the panel votes
	IsDecided   Status = "decided"   // by the first panel, or for good
	IsEscalated Status = "escalated" // waits for its second panel
	IsWithdrawn Status = "withdrawn" // a decision of the first panel stands
)

// Appeal is the fold of an appeal's events.
type Appeal struct {
	Filed  Filed
	Status Status
	// Panel is 1, or 2 after an escalation. Members hear the appeal at present,
	// Size is how many were named: a panel that lost a member has fewer. Votes is
	// what they voted, in order.
	Panel   int
	Members []string
	Size    int
	Votes   []VoteCast
	// Former holds everybody who was ever on the first panel, Recused who was
	// taken off one, Parties who spoke for a side; by pseudonym.
	Former, Recused, Parties map[string]bool
	Statements               []EvidenceAdded
	Decisions                []Decided
	DecideBy                 string // last day for the decision that is due
	// Expired is the deadline that was flagged last.
	Expired string
}

// New makes an appeal without events.
func New() *Appeal {
	return &Appeal{Panel: 1, Former: make(map[string]bool), Recused: make(map[string]bool), Parties: make(map[string]bool)}
}

// Open reports whether a decision is due.
func (a *Appeal) Open() bool {
	return a.Status == Waiting || a.Status == InHearing || a.Status == IsEscalated
}

// Restored is how much of what was lost the newest decision restores, all in
// all.
func (a *Appeal) Restored() domain.Points {
	if len(a.Decisions) == 0 {
		return 0
	}
	return a.Decisions[len(a.Decisions)-1].Restored
}

// Again refuses another appeal against the same target while this one is open,
// and once a panel has decided: that is escalated (design rule 5). One that was
// withdrawn before may be filed again.
func (a *Appeal) Again() error {
	switch {
	case a.Open():
		return fmt.Errorf("appeal %s is %s: %w", a.Filed.Appeal, a.Status, domain.ErrUnderAppeal)
	case len(a.Decisions) > 0:
		return fmt.Errorf("appeal %s, escalate it: %w", a.Filed.Appeal, domain.ErrDecided)
	}
	return nil
}

// Follows refuses what Again refuses, unless the entry that the panel decided on
// has been revised since: that is another finding.
func (a *Appeal) Follows(stake assessment.Stake) error {
	if err := a.Again(); err == nil || a.Open() || a.Filed.Version == stake.Version {
		return err
	}
	return nil
}

// Settled refuses to change the entry that the appeal is about while a decision
// is due, and until what was decided stands in the record: the correction would
// fall on another finding than the one that the panel heard about.
func (a *Appeal) Settled(record *assessment.Assessment) error {
	if a.Open() {
		return fmt.Errorf("appeal %s: %w", a.Filed.Appeal, domain.ErrUnderAppeal)
	}
	for _, d := range a.Decisions {
		if d.Corrected != nil && !record.CarriedOut(a.Filed.Appeal, d.Panel) {
			return fmt.Errorf("appeal %s was decided by panel %d, its correction is on the way: %w", a.Filed.Appeal, d.Panel, domain.ErrUnderAppeal)
		}
	}
	return nil
}

// Apply folds one event. One that is unknown, or cannot follow what was folded
// before, is an error and must stop the reader.
func (a *Appeal) Apply(event domain.Event) error {
	switch e := event.(type) {
	case *Filed:
		return a.filed(e)
	case *Escalated:
		return a.escalated(e)
	case *PanelNamed, *ReviewerRecused, *EvidenceAdded, *VoteCast, *Decided, *Extended, *Expired, *Withdrawn:
		if err := a.open(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("appeal: %T: %w", event, domain.ErrUnknownEvent)
	}
	switch e := event.(type) {
	case *PanelNamed:
		return a.named(e)
	case *ReviewerRecused:
		return a.recused(e)
	case *EvidenceAdded:
		a.Statements = append(a.Statements, *e)
		a.Parties[e.By] = true
	case *VoteCast:
		return a.vote(e)
	case *Decided:
		return a.decided(e)
	case *Extended:
		if e.DecideBy <= a.DecideBy {
			return fmt.Errorf("appeal %s: extended from %s to %s: %w", a.Filed.Appeal, a.DecideBy, e.DecideBy, domain.ErrInvalid)
		}
		a.DecideBy = e.DecideBy
	case *Expired:
		if e.DecideBy != a.DecideBy || a.Expired == a.DecideBy {
			return fmt.Errorf("appeal %s is due on %s, expired on %s: %w", a.Filed.Appeal, a.DecideBy, e.DecideBy, domain.ErrInvalid)
		}
		a.Expired = e.DecideBy
	case *Withdrawn:
		a.Status = IsWithdrawn
	}
	return nil
}

func (a *Appeal) filed(e *Filed) error {
	if a.Status != NotFiled {
		return fmt.Errorf("appeal %s: %w", e.Appeal, domain.ErrExists)
	}
	a.Filed, a.Status, a.DecideBy = *e, Waiting, e.DecideBy
	a.Parties[e.By] = true
	return nil
}

func (a *Appeal) escalated(e *Escalated) error {
	if err := a.final(); err != nil {
		return err
	}
	a.Status, a.Panel, a.Members, a.Size, a.Votes, a.DecideBy = IsEscalated, 2, nil, 0, nil, e.DecideBy
	a.Parties[e.By] = true
	return nil
}

// open refuses what only an appeal allows whose decision is due.
func (a *Appeal) open() error {
	switch {
	case a.Status == NotFiled:
		return fmt.Errorf("appeal: %w", domain.ErrUnknownAppeal)
	case a.Status == IsDecided:
		return fmt.Errorf("appeal %s: %w", a.Filed.Appeal, domain.ErrDecided)
	case !a.Open():
		return fmt.Errorf("appeal %s is %s: %w", a.Filed.Appeal, a.Status, domain.ErrNotOpen)
	}
	return nil
}

// final refuses an escalation of what is not decided by a first panel, or was
// restored in full.
func (a *Appeal) final() error {
	switch {
	case a.Status == NotFiled:
		return fmt.Errorf("appeal: %w", domain.ErrUnknownAppeal)
	case a.Open():
		return fmt.Errorf("escalating appeal %s, which is %s: %w", a.Filed.Appeal, a.Status, domain.ErrUnderAppeal)
	case a.Status != IsDecided:
		return fmt.Errorf("appeal %s is %s: %w", a.Filed.Appeal, a.Status, domain.ErrNotOpen)
	case a.Panel != 1:
		return fmt.Errorf("appeal %s was escalated before: %w", a.Filed.Appeal, domain.ErrDecided)
	case a.Restored() == a.Filed.Lost:
		return fmt.Errorf("appeal %s was upheld in full: %w", a.Filed.Appeal, domain.ErrNothingAtStake)
	}
	return nil
}

// named seats a panel.
func (a *Appeal) named(e *PanelNamed) error {
	if err := a.seats(e.Panel, e.Members); err != nil {
		return err
	}
	a.Status, a.Members, a.Size, a.Votes = InHearing, slices.Clone(e.Members), len(e.Members), nil
	if a.Panel == 1 {
		for _, member := range e.Members {
			a.Former[member] = true
		}
	}
	return nil
}

// recused takes a member off the panel, and their vote with them.
func (a *Appeal) recused(e *ReviewerRecused) error {
	if err := a.member(e.Member); err != nil {
		return err
	}
	a.Recused[e.Member] = true
	a.Members = slices.DeleteFunc(slices.Clone(a.Members), func(m string) bool { return m == e.Member })
	a.Votes = slices.DeleteFunc(slices.Clone(a.Votes), func(v VoteCast) bool { return v.By == e.Member })
	return nil
}

func (a *Appeal) vote(e *VoteCast) error {
	if err := a.votes(e.Panel, e.By); err != nil {
		return err
	}
	a.Votes = append(a.Votes, *e)
	return nil
}

func (a *Appeal) decided(e *Decided) error {
	if err := a.due(e.Panel, e.By); err != nil {
		return err
	}
	if middle := median(a.Votes); e.Restored != middle {
		return fmt.Errorf("appeal %s: decided %s, the middle vote is %s: %w", a.Filed.Appeal, e.Restored, middle, domain.ErrInvalid)
	}
	a.Status, a.Decisions = IsDecided, append(a.Decisions, *e)
	return nil
}
