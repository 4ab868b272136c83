package appeal

import (
	"cmp"
	"fmt"
	"slices"

	"mingjian/domain"
)

// A panel has an odd number of members, so that its votes have a middle.
const minPanel, maxPanel = 3, 9

// NamePanel says who hears the appeal: nobody who had a part in the record that
// it is about, spoke for a party, was recused, or was on the first panel of an
// escalated appeal (design rule 3). parts has those of the record, by pseudonym.
//
// A panel is named anew only after it has lost a member, and whoever is left is
// on the new one: one leaves by a recusal, with its reason on record, so that no
// panel is picked by how it votes.
func (a *Appeal) NamePanel(by domain.Stamp, members []string, parts map[string]bool) ([]domain.Event, error) {
	if err := a.open(); err != nil {
		return nil, err
	}
	if err := a.runs(by.By); err != nil {
		return nil, err
	}
	if err := a.seats(a.Panel, members); err != nil {
		return nil, err
	}
	for i, member := range members {
		if err := a.fit(member, parts); err != nil {
			return nil, fmt.Errorf("member %d: %w", i+1, err)
		}
	}
	if slices.Contains(members, by.By) {
		return nil, fmt.Errorf("naming oneself: %w", domain.ErrPanel)
	}
	return []domain.Event{&PanelNamed{Stamp: by, Panel: a.Panel, Members: members}}, nil
}

// seats refuses a panel that cannot be seated, whoever names it.
func (a *Appeal) seats(panel int, members []string) error {
	switch n := len(members); {
	case panel != a.Panel:
		return fmt.Errorf("appeal %s is before panel %d, not %d: %w", a.Filed.Appeal, a.Panel, panel, domain.ErrPanel)
	case a.Size > 0 && len(a.Members) == a.Size:
		return fmt.Errorf("appeal %s has its panel of %d, a member is recused before it is named again: %w", a.Filed.Appeal, a.Size, domain.ErrExists)
	case n < minPanel || n > maxPanel || n%2 == 0:
		return fmt.Errorf("a panel of %d: an odd number from %d to %d is needed: %w", n, minPanel, maxPanel, domain.ErrPanel)
	}
	for i, member := range members {
		if slices.Contains(members[:i], member) {
			return fmt.Errorf("member %d is named twice: %w", i+1, domain.ErrPanel)
		}
		if err := a.fit(member, nil); err != nil {
			return fmt.Errorf("member %d: %w", i+1, err)
		}
	}
	for i, member := range a.Members {
		if !slices.Contains(members, member) {
			return fmt.Errorf("appeal %s: member %d of the %d left is not named again: %w", a.Filed.Appeal, i+1, len(a.Members), domain.ErrPanel)
		}
	}
	return nil
}

// fit refuses those who cannot hear the appeal.
func (a *Appeal) fit(who string, parts map[string]bool) error {
	switch {
	case parts[who], a.Parties[who]:
		return fmt.Errorf("had a part in what appeal %s is about: %w", a.Filed.Appeal, domain.ErrFourEyes)
	case a.Recused[who]:
		return fmt.Errorf("appeal %s: %w", a.Filed.Appeal, domain.ErrRecused)
	case a.Panel == 2 && a.Former[who]:
		return fmt.Errorf("was on the first panel of appeal %s: %w", a.Filed.Appeal, domain.ErrFourEyes)
	}
	return nil
}

// Recuse takes a member off the panel, whose vote no longer counts. The panel
// hears nothing more before it is named again.
func (a *Appeal) Recuse(by domain.Stamp, member, reason string, onRequest bool) ([]domain.Event, error) {
	if err := a.open(); err != nil {
		return nil, err
	}
	if by.By != member {
		if err := a.runs(by.By); err != nil {
			return nil, err
		}
	}
	if err := a.member(member); err != nil {
		return nil, err
	}
	if err := checkReason("recusing a member", reason); err != nil {
		return nil, err
	}
	return []domain.Event{&ReviewerRecused{Stamp: by, Member: member, Reason: reason, OnRequest: onRequest}}, nil
}

// runs refuses to let those run the hearing, whatever else their account may do,
// who are on its panel or were taken off it.
func (a *Appeal) runs(who string) error {
	switch {
	case a.Recused[who]:
		return fmt.Errorf("appeal %s: %w", a.Filed.Appeal, domain.ErrRecused)
	case slices.Contains(a.Members, who):
		return fmt.Errorf("a member of the panel of appeal %s: %w", a.Filed.Appeal, domain.ErrFourEyes)
	}
	return nil
}

// Vote is a member's vote on how much to restore of what was lost, all in all,
// with reasons. Each member votes once. parts has those who have a part in the
// record by now.
func (a *Appeal) Vote(by domain.Stamp, restored domain.Points, reason string, parts map[string]bool, items Items) ([]domain.Event, error) {
	if err := a.open(); err != nil {
		return nil, err
	}
	if err := a.votes(a.Panel, by.By); err != nil {
		return nil, err
	}
	if err := a.fit(by.By, parts); err != nil {
		return nil, err
	}
	if _, err := a.corrected(restored, items); err != nil {
		return nil, err
	}
	if err := checkReason("voting", reason); err != nil {
		return nil, err
	}
	return []domain.Event{&VoteCast{Stamp: by, Panel: a.Panel, Outcome: a.outcome(restored), Restored: restored, Reason: reason}}, nil
}

// votes refuses a vote that cannot be cast.
func (a *Appeal) votes(panel int, who string) error {
	if err := a.sits(panel, who); err != nil {
		return err
	}
	if slices.ContainsFunc(a.Votes, func(v VoteCast) bool { return v.By == who }) {
		return fmt.Errorf("voting on appeal %s again: %w", a.Filed.Appeal, domain.ErrDecided)
	}
	return nil
}

// Decide puts the panel's decision on record, written by one of its members
// once all have voted: the most that more than half of them would restore,
// which is the middle one of their votes. A member who has come to have a part
// in the record since is recused first: parts is as for Vote. escalateBy is the
// last day for asking a second panel.
func (a *Appeal) Decide(by domain.Stamp, reasons, escalateBy string, parts map[string]bool, items Items) ([]domain.Event, error) {
	if err := a.open(); err != nil {
		return nil, err
	}
	if err := a.due(a.Panel, by.By); err != nil {
		return nil, err
	}
	for i, member := range a.Members {
		if err := a.fit(member, parts); err != nil {
			return nil, fmt.Errorf("member %d: %w", i+1, err)
		}
	}
	if err := checkReason("deciding", reasons); err != nil {
		return nil, err
	}
	restored := median(a.Votes)
	decided := &Decided{Stamp: by, Panel: a.Panel, Outcome: a.outcome(restored), Restored: restored, Reasons: reasons}
	if restored != a.Restored() {
		corrected, err := a.corrected(restored, items)
		if err != nil {
			return nil, err
		}
		decided.Corrected = &corrected
	}
	if a.Panel == 1 && restored != a.Filed.Lost {
		if err := checkDeadline("escalateBy", escalateBy, by.At); err != nil {
			return nil, err
		}
		decided.EscalateBy = escalateBy
	}
	return []domain.Event{decided}, nil
}

// due refuses a decision that cannot be taken yet.
func (a *Appeal) due(panel int, who string) error {
	if err := a.sits(panel, who); err != nil {
		return err
	}
	if missing := a.Size - len(a.Votes); missing > 0 {
		return fmt.Errorf("%d of %d members on appeal %s: %w", missing, a.Size, a.Filed.Appeal, domain.ErrVotesMissing)
	}
	return nil
}

// median is the middle vote: more than half would restore as much or more, and
// more than half as much or less.
func median(votes []VoteCast) domain.Points {
	sorted := slices.SortedFunc(slices.Values(votes), func(v, w VoteCast) int { return cmp.Compare(v.Restored, w.Restored) })
	return sorted[len(sorted)/2].Restored
}

// Items finds a deduction item of the standard by its points.
type Items func(domain.Points) (code string, ok bool)

// corrected is what the target becomes when so much of what was lost is
// restored, all in all: by a second panel never less than by the first.
func (a *Appeal) corrected(restored domain.Points, items Items) (Corrected, error) {
	f := a.Filed
	switch {
	case restored < 0 || restored > f.Lost:
		return Corrected{}, fmt.Errorf("restore %s of %s lost: %w", restored, f.Lost, domain.ErrInvalid)
	case restored < a.Restored():
		return Corrected{}, fmt.Errorf("restore %s, the first panel restored %s: %w", restored, a.Restored(), domain.ErrNotWorse)
	case f.Outcome == domain.Awarded:
		return Corrected{Outcome: domain.Awarded, Points: f.Points + restored}, nil
	case f.Clause != "" && restored == f.Lost:
		return Corrected{Outcome: domain.Met}, nil
	case f.Clause != "":
		return Corrected{Outcome: domain.Lost, Points: f.Points - restored}, nil
	case restored == f.Lost:
		return Corrected{}, nil
	case restored == 0:
		return Corrected{Points: f.Points, Item: f.Item}, nil
	}
	left := f.Points - restored
	item, ok := items(left)
	if !ok {
		return Corrected{}, fmt.Errorf("restore %s of deduction %s: no item of the standard subtracts %s: %w", restored, f.Item, left, domain.ErrInvalid)
	}
	return Corrected{Points: left, Item: item}, nil
}

// outcome names what restoring so much, all in all, comes to after what was
// restored before.
func (a *Appeal) outcome(restored domain.Points) Outcome {
	switch restored {
	case a.Filed.Lost:
		return Upheld
	case a.Restored():
		return Dismissed
	}
	return PartlyUpheld
}

// Extend moves the last day for the decision, to a later one.
func (a *Appeal) Extend(by domain.Stamp, decideBy, reason string) ([]domain.Event, error) {
	if err := a.open(); err != nil {
		return nil, err
	}
	if err := a.runs(by.By); err != nil {
		return nil, err
	}
	if err := checkDeadline("decideBy", decideBy, by.At); err != nil {
		return nil, err
	}
	if decideBy <= a.DecideBy {
		return nil, fmt.Errorf("extend from %s to %s, which is no later: %w", a.DecideBy, decideBy, domain.ErrInvalid)
	}
	if err := checkReason("extending", reason); err != nil {
		return nil, err
	}
	return []domain.Event{&Extended{Stamp: by, DecideBy: decideBy, Reason: reason}}, nil
}

// Expire flags an appeal whose last day has passed without a decision. Flagged
// already, or decided, it comes to nothing.
func (a *Appeal) Expire(by domain.Stamp) ([]domain.Event, error) {
	switch {
	case a.Status == NotFiled:
		return nil, fmt.Errorf("appeal: %w", domain.ErrUnknownAppeal)
	case !a.Open(), a.Expired == a.DecideBy:
		return nil, nil
	case !domain.Late(by.At, a.DecideBy):
		return nil, fmt.Errorf("appeal %s is due on %s: %w", a.Filed.Appeal, a.DecideBy, domain.ErrTooEarly)
	}
	return []domain.Event{&Expired{Stamp: by, DecideBy: a.DecideBy}}, nil
}

// sits lets those act who are on a panel that is whole. One that lost a member
// could have an even number left, or a single one.
func (a *Appeal) sits(panel int, who string) error {
	if err := a.member(who); err != nil {
		return err
	}
	if panel != a.Panel {
		return fmt.Errorf("appeal %s is before panel %d, not %d: %w", a.Filed.Appeal, a.Panel, panel, domain.ErrPanel)
	}
	if len(a.Members) < a.Size {
		return fmt.Errorf("appeal %s has %d of %d members left, the panel must be named again: %w", a.Filed.Appeal, len(a.Members), a.Size, domain.ErrPanel)
	}
	return nil
}

// member lets those act who are on the panel.
func (a *Appeal) member(who string) error {
	switch {
	case a.Recused[who]:
		return fmt.Errorf("appeal %s: %w", a.Filed.Appeal, domain.ErrRecused)
	case !slices.Contains(a.Members, who):
		return fmt.Errorf("appeal %s: %w", a.Filed.Appeal, domain.ErrNotOnPanel)
	}
	return nil
}
