package walk

import (
	"fmt"
	"slices"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
)

// deadline counts by the round's calendar, which must be the program's.
func (w *world) deadline(from string, days int) (last, hash string, err error) {
	hash = hashOf(w.version)
	if w.round.seen.CalendarHash != hash {
		return "", "", fmt.Errorf("round %s: %w", theRound, domain.ErrNoCalendar)
	}
	last, err = w.calendars[w.version].After(from, days)
	return last, hash, err
}

// notUnderAppeal refuses to change what a panel is to decide about, or what it
// decided and is not in the record yet.
func (w *world) notUnderAppeal(s subject, clause string) error {
	for n := 1; ; n++ {
		a, ok := w.appeals[appeal.ID(theRound, s.code, assessment.Target{Clause: clause}, n)]
		if !ok || a.seen.Status == appeal.NotFiled {
			return nil
		}
		if err := a.seen.Settled(w.record(s.code)); err != nil {
			return err
		}
	}
}

// target draws what an appeal is against, mostly something lost.
func (w *world) target(s subject) assessment.Target {
	a := w.record(s.code)
	if n := len(a.Deductions); n > 0 && w.rng.IntN(3) == 0 {
		return assessment.Target{Deduction: w.number(n)}
	}
	t := assessment.Target{Clause: w.clause(s)}
	for range 4 {
		if f := a.Entries[t.Clause].Finding; f.Outcome == domain.Lost || f.Outcome == domain.Awarded {
			break
		}
		t.Clause = w.clause(s)
	}
	if w.rng.IntN(60) == 0 {
		t.Deduction = 1
	}
	return t
}

// appellant draws somebody who speaks for a subject.
func (w *world) appellant(s subject) *person { return w.by(rights.Role(s.kind), s.code) }

const maxFilings = 20

func fileAppeal(w *world, s subject) deed {
	t, evidence := w.target(s), w.pieces()
	var before *appeal.Appeal
	id := ""
	for n := 1; n <= maxFilings; n++ {
		id = appeal.ID(theRound, s.code, t, n)
		filed, ok := w.appeals[id]
		if !ok || filed.seen.Status == appeal.NotFiled {
			break
		}
		before = filed.seen
	}
	ground, statement := draw(w, appeal.Fact, appeal.Evidence, appeal.Procedure, appeal.Interpretation), w.reason()
	if w.rng.IntN(50) == 0 {
		ground = "other"
	}
	return deed{"fileAppeal", w.appellant(s), s.code, appeal.StreamPrefix + id, s.code, false, func(by domain.Stamp) ([]domain.Event, error) {
		if err := w.round.seen.InProgress(theRound); err != nil {
			return nil, err
		}
		a := w.record(s.code)
		if a.Recused[by.By] {
			return nil, fmt.Errorf("%s: %w", s.code, domain.ErrRecused)
		}
		if before != nil && before.Open() {
			return nil, before.Again()
		}
		stake, err := a.AtStake(t)
		if err == nil && before != nil {
			err = before.Follows(stake)
		}
		if err != nil {
			return nil, err
		}
		decideBy, hash, err := w.deadline(domain.DayOf(by.At), w.round.seen.Opened.DecisionDays)
		if err != nil {
			return nil, err
		}
		events, err := w.appeal(id).seen.File(by, appeal.Filed{
			Appeal: id, Round: theRound, Subject: s.code, Kind: s.kind, District: s.district,
			Ground: ground, Statement: statement, Evidence: evidence, DecideBy: decideBy, Calendar: hash,
		}, stake)
		if err != nil {
			return nil, err
		}
		return events, w.lacks(evidence...)
	}}
}

// anyAppeal draws an appeal against a subject's record, mostly the newest open
// one.
func (w *world) anyAppeal(s subject) string {
	var all, open []string
	for _, id := range w.filed {
		if a := w.appeals[id].seen; a.Filed.Subject == s.code {
			all = append(all, id)
			if a.Open() {
				open = append(open, id)
			}
		}
	}
	switch n := w.rng.IntN(12); {
	case n == 0 || len(all) == 0:
		return appeal.ID(theRound, s.code, assessment.Target{Clause: w.clause(s)}, 1)
	case n < 10 && len(open) > 0:
		return open[len(open)-1]
	}
	return all[w.rng.IntN(len(all))]
}

// onAppeal makes a deed on an appeal, as the commands do: with the pseudonyms
// of its record, and by nobody who was recused from that.
func (w *world) onAppeal(command rights.Command, who *person, id string, do func(*appeal.Appeal, domain.Stamp) ([]domain.Event, error)) deed {
	a := w.appeal(id).seen
	subject := a.Filed.Subject
	return deed{command, who, subject, appeal.StreamPrefix + id, subject, false, func(by domain.Stamp) ([]domain.Event, error) {
		if a.Status == appeal.NotFiled {
			return nil, fmt.Errorf("appeal %s: %w", id, domain.ErrUnknownAppeal)
		}
		if err := w.round.seen.InProgress(theRound); err != nil {
			return nil, err
		}
		// Who was recused still leaves the panel, and votes no more: see sits.
		if w.record(subject).Recused[by.By] && command != "recuseFromPanel" {
			return nil, fmt.Errorf("%s: %w", subject, domain.ErrRecused)
		}
		return do(a, by)
	}}
}

func (w *world) subjectOf(id string) subject {
	code := w.appeal(id).seen.Filed.Subject
	at := slices.IndexFunc(w.subjects, func(s subject) bool { return s.code == code })
	return w.subjects[max(0, at)]
}

func addToAppeal(w *world, s subject) deed {
	id, evidence, statement := w.anyAppeal(s), w.pieces(), w.reason()
	return w.onAppeal("addToAppeal", w.appellant(s), id, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
		events, err := a.Add(by, appeal.EvidenceAdded{Party: appeal.Appellant, Statement: statement, Evidence: evidence})
		if err != nil {
			return nil, err
		}
		return events, w.lacks(evidence...)
	})
}

func answerAppeal(w *world, s subject) deed {
	id, evidence, statement := w.anyAppeal(s), w.pieces(), w.reason()
	return w.onAppeal("answerAppeal", w.member(w.record(s.code), s), id, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
		if err := w.record(s.code).Member(by.By); err != nil {
			return nil, err
		}
		events, err := a.Add(by, appeal.EvidenceAdded{Party: appeal.Assessors, Statement: statement, Evidence: evidence})
		if err != nil {
			return nil, err
		}
		return events, w.lacks(evidence...)
	})
}

func withdrawAppeal(w *world, s subject) deed {
	reason := w.reason()
	return w.onAppeal("withdrawAppeal", w.appellant(s), w.anyAppeal(s), func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
		return a.Withdraw(by, reason)
	})
}

func escalateAppeal(w *world, s subject) deed {
	id, statement := w.anyAppeal(s), w.reason()
	for _, filed := range w.filed { // one that may be, rather than an open one
		if a := w.appeals[filed].seen; a.Filed.Subject == s.code && a.Status == appeal.IsDecided && w.mostly() {
			id = filed
		}
	}
	return w.onAppeal("escalateAppeal", w.appellant(s), id, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
		if err := w.record(s.code).StillAtStake(id, a.Filed.Target, a.Filed.Version); err != nil {
			return nil, err
		}
		decideBy, hash, err := w.deadline(domain.DayOf(by.At), w.round.seen.Opened.DecisionDays)
		if err != nil {
			return nil, err
		}
		return a.Escalate(by, statement, decideBy, hash)
	})
}

// panel draws accounts: those that are left, and fit reviewers, mostly.
func (w *world) panel(a *appeal.Appeal, s subject) (accounts []*person) {
	size := draw(w, 3, 3, 3, 3, 5, 2)
	parts := w.record(s.code).Parts()
	for _, p := range w.people {
		if slices.Contains(a.Members, pseudonym(p.Account, s.code)) && w.rng.IntN(30) > 0 {
			accounts = append(accounts, p)
		}
	}
	for range 60 {
		if len(accounts) >= size {
			break
		}
		p := w.by(rights.Reviewer, "")
		name := pseudonym(p.Account, s.code)
		unfit := parts[name] || a.Recused[name] || a.Parties[name] || a.Panel == 2 && a.Former[name] ||
			slices.Contains(accounts, p) || !p.Has(rights.Reviewer)
		if !unfit || w.rng.IntN(40) == 0 {
			accounts = append(accounts, p)
		}
	}
	return accounts
}

func namePanel(w *world, s subject) deed {
	id := w.anyAppeal(s)
	accounts := w.panel(w.appeal(id).seen, w.subjectOf(id))
	return w.onAppeal("namePanel", w.by(rights.Organizer, ""), id, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
		record := w.record(a.Filed.Subject)
		var members []string
		for _, p := range accounts {
			switch {
			case !p.Has(rights.Reviewer):
				return nil, fmt.Errorf("account %s is no reviewer: %w", p.Account, domain.ErrPanel)
			case rights.Belongs(p.Actor, a.Filed.Subject), rights.Belongs(p.Actor, a.Filed.District):
				return nil, fmt.Errorf("account %s: %w", p.Account, domain.ErrFourEyes)
			}
			members = append(members, pseudonym(p.Account, a.Filed.Subject))
		}
		return a.NamePanel(by, members, record.Parts())
	})
}

// panelist draws a member of an appeal's panel, mostly one who has not voted.
func (w *world) panelist(id string) *person {
	a := w.appeal(id).seen
	if !w.mostly() {
		return w.by(rights.Reviewer, "")
	}
	anew := w.mostly()
	return w.who(func(p *person) bool {
		name := pseudonym(p.Account, a.Filed.Subject)
		voted := slices.ContainsFunc(a.Votes, func(v appeal.VoteCast) bool { return v.By == name })
		return slices.Contains(a.Members, name) && (!anew || !voted || len(a.Votes) == len(a.Members))
	})
}

// sits lets the panel's members act, as the commands do.
func (w *world) sits(a *appeal.Appeal, who string) error {
	switch {
	case slices.Contains(a.Members, who):
		return nil
	case a.Recused[who]:
		return fmt.Errorf("appeal %s: %w", a.Filed.Appeal, domain.ErrRecused)
	}
	return fmt.Errorf("appeal %s: %w", a.Filed.Appeal, domain.ErrNotOnPanel)
}

func recuseReviewer(w *world, s subject) deed {
	id, reason := w.anyAppeal(s), w.reason()
	member := w.panelist(id)
	return w.onAppeal("recuseReviewer", w.by(rights.Organizer, ""), id, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
		return a.Recuse(by, pseudonym(member.Account, a.Filed.Subject), reason, true)
	})
}

func recuseFromPanel(w *world, s subject) deed {
	id, reason := w.anyAppeal(s), w.reason()
	return w.onAppeal("recuseFromPanel", w.panelist(id), id, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
		if err := w.sits(a, by.By); err != nil {
			return nil, err
		}
		return a.Recuse(by, by.By, reason, false)
	})
}

func extendAppeal(w *world, s subject) deed {
	days, reason := w.rng.IntN(30), w.reason()
	return w.onAppeal("extendAppeal", w.by(rights.Organizer, ""), w.anyAppeal(s), func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
		decideBy, _, err := w.deadline(max(a.DecideBy, domain.DayOf(by.At)), days)
		if err != nil {
			return nil, err
		}
		return a.Extend(by, decideBy, reason)
	})
}

func castVote(w *world, s subject) deed {
	id, reason := w.anyAppeal(s), w.reason()
	a := w.appeal(id).seen
	lost := a.Filed.Lost
	restored := draw(w, 0, 0, lost, lost, lost/2, a.Restored(), 1000)
	if w.rng.IntN(20) == 0 {
		restored = draw(w, -1, lost+1, 1, lost/3)
	}
	return w.onAppeal("castVote", w.panelist(id), id, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
		if err := w.sits(a, by.By); err != nil {
			return nil, err
		}
		return a.Vote(by, restored, reason, w.record(a.Filed.Subject).Parts(), itemOf)
	})
}

func decideAppeal(w *world, s subject) deed {
	id, reasons := w.anyAppeal(s), w.reason()
	return w.onAppeal("decideAppeal", w.panelist(id), id, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
		if err := w.sits(a, by.By); err != nil {
			return nil, err
		}
		escalateBy, _, err := w.deadline(domain.DayOf(by.At), w.round.seen.Opened.AppealDays)
		if err != nil {
			return nil, err
		}
		return a.Decide(by, reasons, escalateBy, w.record(a.Filed.Subject).Parts(), itemOf)
	})
}

// itemOf finds a deduction item by its points.
func itemOf(p domain.Points) (string, bool) {
	for _, code := range []string{"8.1", "8.2"} {
		if items[code] == p {
			return code, true
		}
	}
	return "", false
}
