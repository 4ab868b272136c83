// Package machines draws the state machines of the aggregates from their code:
// each command is tried in each state that commands can lead to, and the page
// docs/state-machines.md is made of what came of it.
package machines

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"mingjian/domain"
)

// word is a name in both languages.
type word struct{ zh, en string }

// named is something with a stored or API name.
type named struct {
	id string
	word
}

// command is one that people, or reactions, give, with some samples of it: who
// gives it may, and what it says is valid, so that a refusal is the state's.
type command[F any] struct {
	named
	samples []func(F) ([]domain.Event, error)
}

// machine is an aggregate to explore.
type machine[F interface{ Apply(domain.Event) error }] struct {
	name  word
	about word // what the reader should know before the tables
	fresh func() F
	// status is what the page calls the state, one of statuses; key is all that
	// decisions look at, so that each state is explored once.
	status, key func(F) string
	statuses    []named // the first is the one without events
	commands    []command[F]
}

// drawing is what exploring a machine came to.
type drawing struct {
	name, about word
	statuses    []named
	commands    []named
	cells       map[place]*cell
	events      map[string][]string // by command, what it records
}

// place is a command in a status.
type place struct{ status, command string }

// cell is what a command can come to in a status.
type cell struct {
	to      map[string]bool // the statuses that it leads to
	nothing bool            // allowed, and nothing is to be done
	refused map[string]bool // the rules that refuse it, in Chinese
}

// explore tries each sample in each state, breadth first, each state once.
func (m machine[F]) explore(t *testing.T) *drawing {
	t.Helper()
	d := &drawing{
		name: m.name, about: m.about, statuses: m.statuses, cells: make(map[place]*cell), events: make(map[string][]string),
	}
	for _, c := range m.commands {
		d.commands = append(d.commands, c.named)
	}
	seen := map[string]bool{m.key(m.fresh()): true}
	histories := [][]domain.Event{nil}
	for len(histories) > 0 {
		history := histories[0]
		histories = histories[1:]
		for _, c := range m.commands {
			for _, sample := range c.samples {
				state := m.replay(t, history)
				from := m.status(state)
				events, err := sample(state)
				if d.note(t, place{from, c.id}, events, err); err != nil || len(events) == 0 {
					continue
				}
				further := append(slices.Clip(history), events...)
				state = m.replay(t, further)
				d.cells[place{from, c.id}].to[m.status(state)] = true
				if key := m.key(state); !seen[key] {
					seen[key] = true
					histories = append(histories, further)
				}
			}
		}
	}
	d.complete(t)
	return d
}

func (m machine[F]) replay(t *testing.T, history []domain.Event) F {
	t.Helper()
	state := m.fresh()
	for _, event := range history {
		if err := state.Apply(event); err != nil {
			t.Fatalf("%s: %T was decided and cannot be applied: %v", m.name.en, event, err)
		}
	}
	return state
}

// note writes down what a decision came to.
func (d *drawing) note(t *testing.T, at place, events []domain.Event, err error) {
	t.Helper()
	c := d.cells[at]
	if c == nil {
		c = &cell{to: make(map[string]bool), refused: make(map[string]bool)}
		d.cells[at] = c
	}
	if err != nil {
		c.refused[refusal(t, err)] = true
		return
	}
	c.nothing = c.nothing || len(events) == 0
	for _, event := range events {
		_, name, _ := strings.Cut(event.EventType(), ".")
		if !slices.Contains(d.events[at.command], name) {
			d.events[at.command] = append(d.events[at.command], name)
		}
	}
}

// complete fails where the samples leave something out: a status that is never
// reached, or a command that is never allowed.
func (d *drawing) complete(t *testing.T) {
	t.Helper()
	for _, s := range d.statuses {
		if d.cells[place{s.id, d.commands[0].id}] == nil {
			t.Errorf("%s: no sample leads to %q", d.name.en, s.id)
		}
	}
	for _, c := range d.commands {
		if len(d.events[c.id]) == 0 {
			t.Errorf("%s: no sample of %s is ever allowed", d.name.en, c.id)
		}
	}
	for at := range d.cells {
		if !slices.ContainsFunc(d.statuses, func(s named) bool { return s.id == at.status }) {
			t.Errorf("%s: status %q has no name", d.name.en, at.status)
		}
	}
}

// refusals are the rules that refuse a command for the state that it meets.
var refusals = []struct {
	rule error
	zh   string
}{
	{domain.ErrUnknownRound, "没有该轮次"},
	{domain.ErrRoundClosed, "轮次已结束"},
	{domain.ErrExists, "已经存在"},
	{domain.ErrNotDeliberated, "尚未会商"},
	{domain.ErrNotOpened, "尚未开始"},
	{domain.ErrLocked, "已锁定"},
	{domain.ErrIncomplete, "不完整"},
	{domain.ErrNotSubmitted, "尚未提交"},
	{domain.ErrNotApproved, "尚未通过复核"},
	{domain.ErrNotNotified, "尚未告知"},
	{domain.ErrAlreadyRecorded, "已有记录"},
	{domain.ErrNotRecorded, "尚无记录"},
	{domain.ErrNotAssigned, "未分派"},
	{domain.ErrRecused, "已回避"},
	{domain.ErrUnknownItem, "没有该项"},
	{domain.ErrDecided, "已有结论"},
	{domain.ErrWrongSubject, "对象不符"},
	{domain.ErrUnknownAppeal, "没有该申诉"},
	{domain.ErrUnderAppeal, "申诉审理中"},
	{domain.ErrNotOpen, "申诉已了结"},
	{domain.ErrNotOnPanel, "不是小组成员"},
	{domain.ErrPanel, "小组成员不全"},
	{domain.ErrVotesMissing, "尚有成员未表决"},
	{domain.ErrNotWorse, "不得少于首次恢复"},
	{domain.ErrNothingAtStake, "没有失分可争"},
	{domain.ErrTooLate, "已过期限"},
	{domain.ErrTooEarly, "未到期限"},
}

func refusal(t *testing.T, err error) string {
	t.Helper()
	for _, r := range refusals {
		if errors.Is(err, r.rule) {
			return r.zh
		}
	}
	t.Fatalf("a sample is refused for what it says, or a rule has no Chinese name: %v", err)
	return ""
}
