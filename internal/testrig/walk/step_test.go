package walk

import (
	"fmt"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/internal/testrig"
)

// deed is somebody's command, with its arguments.
type deed struct {
	command rights.Command
	who     *person
	subject string // that the command is on, "" where there is none
	// stream takes the events, people is the stream of the pseudonyms.
	stream, people string
	// free says that the deed is not in the table of rights: a reaction's.
	free bool
	do   func(by domain.Stamp) ([]domain.Event, error)
}

// step lets time pass and somebody, or a reaction, do something.
func (w *world) step() error {
	w.pass()
	if due := w.clock.Year() >= w.calendars[w.version].To; w.version < len(w.calendars)-1 && (due && w.rng.IntN(20) == 0 || w.rng.IntN(1000) == 0) {
		w.version++ // a new version of the program holds another year
	}
	if w.rng.IntN(25) == 0 {
		w.focus = w.rng.IntN(len(w.subjects))
	}
	if w.rng.IntN(8) == 0 {
		return w.react()
	}
	s := w.subjects[w.focus]
	command := w.useful(s)
	if w.rng.IntN(5) < 2 {
		command = walked[w.rng.IntN(len(walked))]
		if n := rare[command]; n > 0 && w.rng.IntN(n) > 0 {
			command = w.useful(s)
		}
	}
	if command == "notifyResults" {
		return w.notifyAll()
	}
	return w.carryOut(builders[command](w, s))
}

// carryOut asks whether the person may, then lets the domain decide.
func (w *world) carryOut(d deed) error {
	events, err := w.decide(d)
	what := fmt.Sprintf("%s %s by %s on %s: ", dayOf(w.clock), d.command, d.who.Account, d.stream)
	if err != nil {
		w.note(what + err.Error())
		rule := testrig.Rule(err)
		if rule == nil {
			return fmt.Errorf("%srefused by no rule, or by several: %w", what, err)
		}
		w.tally.refused[rule.Error()]++
		// A refusal that changed something would show, but it need not be looked
		// for each time: what parts once does not come together again.
		if w.rng.IntN(64) == 0 {
			return w.parted()
		}
		return nil
	}
	w.note(fmt.Sprintf("%s%d events", what, len(events)))
	w.tally.accepted[d.command]++
	if err := w.commit(d.stream, d.who.Account, events); err != nil {
		return fmt.Errorf("%s%w", what, err)
	}
	return nil
}

func (w *world) decide(d deed) ([]domain.Event, error) {
	if !d.free {
		if err := rights.Allow(d.who.Actor, d.command, d.subject); err != nil {
			return nil, err
		}
	}
	return d.do(domain.Stamp{By: pseudonym(d.who.Account, d.people), At: w.clock})
}

// notifyAll is the one command that makes many.
func (w *world) notifyAll() error {
	who := w.by(rights.Organizer, "")
	if err := rights.Allow(who.Actor, "notifyResults", ""); err != nil {
		w.tally.refused[testrig.Rule(err).Error()]++
		return nil
	}
	w.tally.accepted["notifyResults"]++
	for _, s := range w.subjects {
		d := notifyResult(w, s)
		d.who = who
		if err := w.carryOut(d); err != nil {
			return err
		}
	}
	return nil
}

// react has the system carry out a decision, one that it has carried out
// before, as another server would, or flag an appeal whose time is up.
func (w *world) react() error {
	var next decision
	switch n := w.rng.IntN(3); {
	case n == 0 && len(w.filed) > 0:
		return w.carryOut(w.expire(w.filed[w.rng.IntN(len(w.filed))]))
	case len(w.due) > 0:
		next, w.due = w.due[0], w.due[1:]
		w.done = append(w.done, next)
	case len(w.done) > 0:
		next = w.done[w.rng.IntN(len(w.done))]
	default:
		return nil
	}
	if next.decided.Corrected == nil {
		return nil
	}
	before := len(w.log)
	repeated := w.check.corrected(next)
	d := w.correct(next)
	if err := w.carryOut(d); err != nil {
		return err
	}
	if repeated && len(w.log) > before {
		return fmt.Errorf("decision of panel %d on %s was carried out again", next.decided.Panel, next.appeal)
	}
	return w.check.carriedOut(next)
}

func (w *world) system() *person { return &person{rights.Actor{Account: system}} }

func (w *world) correct(next decision) deed {
	f := w.appeals[next.appeal].seen.Filed
	return deed{"correct", w.system(), f.Subject, f.Subject, f.Subject, true, func(by domain.Stamp) ([]domain.Event, error) {
		a, d := w.record(f.Subject), next.decided
		if f.Clause == "" {
			return a.CorrectDeduction(by, assessment.DeductionCorrected{
				Appeal: f.Appeal, Panel: d.Panel, Deduction: f.Deduction, Item: d.Corrected.Item, Why: d.Reasons,
			})
		}
		return a.CorrectScore(by, assessment.ScoreCorrected{
			Appeal: f.Appeal, Panel: d.Panel, Clause: f.Clause, Outcome: d.Corrected.Outcome, Points: d.Corrected.Points, Why: d.Reasons,
		})
	}}
}

func (w *world) expire(id string) deed {
	subject := w.appeals[id].seen.Filed.Subject
	return deed{"expire", w.system(), subject, appeal.StreamPrefix + id, subject, true, func(by domain.Stamp) ([]domain.Event, error) {
		return w.appeals[id].seen.Expire(by)
	}}
}

// by draws somebody who may act in a role, for the subject where it is held for
// one; sometimes anybody.
func (w *world) by(role rights.Role, subject string) *person {
	if w.rng.IntN(12) == 0 {
		return w.people[w.rng.IntN(len(w.people))]
	}
	return w.who(func(p *person) bool {
		if role == rights.Center || role == rights.District {
			return p.Holds(role, subject)
		}
		return p.Has(role)
	})
}

// who draws somebody of whom something is true, or else anybody.
func (w *world) who(is func(*person) bool) *person {
	at := w.rng.IntN(len(w.people))
	for i := range w.people {
		if p := w.people[(at+i)%len(w.people)]; is(p) {
			return p
		}
	}
	return w.people[at]
}

// member draws somebody of a record's team.
func (w *world) member(a *assessment.Assessment, s subject) *person {
	if w.rng.IntN(6) == 0 {
		return w.by(rights.Assessor, "")
	}
	return w.who(func(p *person) bool {
		name := pseudonym(p.Account, s.code)
		return a.Team[name] && !a.Recused[name]
	})
}

// mostly is true nine times in ten.
func (w *world) mostly() bool { return w.rng.IntN(10) > 0 }

// reason is one, or none.
func (w *world) reason() string {
	if w.rng.IntN(25) == 0 {
		return " "
	}
	return [...]string{"经核实", "材料有误", "应中心请求", "现场情况有变"}[w.rng.IntN(4)]
}

// pieces draws evidence, which mostly has arrived.
func (w *world) pieces() []string {
	if w.rng.IntN(3) > 0 {
		return nil
	}
	hash := w.piece()
	if w.rng.IntN(40) == 0 {
		return []string{hash[1:]}
	}
	return []string{hash}
}

func (w *world) piece() string { return fmt.Sprintf("%064x", w.rng.IntN(12)) }

func draw[T any](w *world, of ...T) T { return of[w.rng.IntN(len(of))] }
