package projections

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/eventstore"
)

// appealState is what the projector keeps of an appeal in memory.
type appealState struct {
	number  int64
	id      string
	subject *subject
	step    appealStep
	// fold is read from the tables when first needed.
	fold *appeal.Appeal
}

// appealStep is where an appeal stands after an event that moved it.
type appealStep struct {
	status            appeal.Status
	panel             int
	decideBy, expired string
}

func (p *projector) appealFiled(seq int64, e *eventstore.Recorded, f *appeal.Filed, m eventstore.Metadata) error {
	if known, ok := p.appeals[e.Stream]; ok {
		return fmt.Errorf("appeal %s: %w", known.id, domain.ErrExists)
	}
	r, ok := p.rounds[f.Round]
	if !ok {
		return fmt.Errorf("round %q: %w", f.Round, domain.ErrUnknownRound)
	}
	s, ok := r.subjects[f.Subject]
	if !ok {
		return fmt.Errorf("appeal %s against the record of %q: %w", f.Appeal, f.Subject, domain.ErrNotOpened)
	}
	if _, ok := r.std.Clause(f.Clause); !ok && f.Clause != "" {
		return fmt.Errorf("%s: %w", f.Clause, domain.ErrUnknownClause)
	}
	a := &appealState{number: int64(len(p.appeals) + 1), id: f.Appeal, subject: s, fold: appeal.New()}
	if err := p.applyAppeal(a, f); err != nil {
		return err
	}
	p.appeals[e.Stream] = a
	if err := exec(p.db.writer, `INSERT INTO appeals
		(number, seq, stream, id, round, subject, kind, district, clause, deduction, version, outcome, points, item, lost,
		ground, statement, evidence, appeal_by, decide_by, calendar, by, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.number, seq, e.Stream, f.Appeal, f.Round, f.Subject, string(f.Kind), f.District,
		f.Clause, f.Deduction, f.Version, string(f.Outcome), int64(f.Points), f.Item, int64(f.Lost),
		string(f.Ground), f.Statement, strings.Join(f.Evidence, " "), f.AppealBy, f.DecideBy, f.Calendar, f.By, f.At.UnixMilli()); err != nil {
		return err
	}
	if err := p.evidence(s, m.Actor, f.Evidence...); err != nil {
		return err
	}
	return p.appealStep(seq, a, f, "", f.Stamp)
}

func (p *projector) appealEvent(seq int64, e *eventstore.Recorded, event domain.Event, m eventstore.Metadata) error {
	a, ok := p.appeals[e.Stream]
	if !ok {
		return fmt.Errorf("%s before the appeal was filed: %w", event.EventType(), domain.ErrUnknownAppeal)
	}
	if err := p.applyAppeal(a, event); err != nil {
		return err
	}
	conn := p.db.writer
	switch e := event.(type) {
	case *appeal.PanelNamed:
		return p.panelNamed(seq, a, e, m)
	case *appeal.ReviewerRecused:
		if err := p.voidVotes(seq, a, e.Member); err != nil {
			return err
		}
		return exec(conn, `UPDATE appeal_members SET gone = ?, recused = 1, reason = ?, on_request = ?
			WHERE appeal = ? AND pseudonym = ? AND gone = 0`, seq, e.Reason, e.OnRequest, a.number, e.Member)
	case *appeal.EvidenceAdded:
		if err := p.evidence(a.subject, m.Actor, e.Evidence...); err != nil {
			return err
		}
		return exec(conn, "INSERT INTO appeal_statements (appeal, seq, party, statement, evidence, by, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
			a.number, seq, string(e.Party), e.Statement, strings.Join(e.Evidence, " "), e.By, e.At.UnixMilli())
	case *appeal.VoteCast:
		return exec(conn, "INSERT INTO appeal_votes (appeal, seq, panel, outcome, restored, reason, by, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			a.number, seq, e.Panel, string(e.Outcome), int64(e.Restored), e.Reason, e.By, e.At.UnixMilli())
	case *appeal.Decided:
		return p.decided(seq, a, e)
	case *appeal.Escalated:
		return p.appealStep(seq, a, e, e.Statement, e.Stamp)
	case *appeal.Extended:
		return p.appealStep(seq, a, e, e.Reason, e.Stamp)
	case *appeal.Expired:
		return p.appealStep(seq, a, e, "", e.Stamp)
	case *appeal.Withdrawn:
		return p.appealStep(seq, a, e, e.Reason, e.Stamp)
	}
	return unknown(event)
}

// appealStep says where the appeal stands from an event on.
func (p *projector) appealStep(seq int64, a *appealState, event domain.Event, text string, by domain.Stamp) error {
	if err := exec(p.db.writer, "UPDATE appeal_steps SET replaced = ? WHERE appeal = ? AND replaced = 0", seq, a.number); err != nil {
		return err
	}
	return exec(p.db.writer, `INSERT INTO appeal_steps (appeal, seq, event, text, by, at, status, panel, decide_by, expired)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, a.number, seq, event.EventType(), text, by.By, by.At.UnixMilli(),
		string(a.step.status), a.step.panel, a.step.decideBy, a.step.expired)
}

// What the accounts behind an appeal's pseudonyms are called in the metadata: a
// panel's by their place in it.
const sealedMembers = "members."

// panelNamed begins the hearing anew: who was named before is off the panel,
// and what they voted is void.
func (p *projector) panelNamed(seq int64, a *appealState, e *appeal.PanelNamed, m eventstore.Metadata) error {
	if err := p.voidVotes(seq, a, ""); err != nil {
		return err
	}
	if err := exec(p.db.writer, "UPDATE appeal_members SET gone = ? WHERE appeal = ? AND panel = ? AND gone = 0",
		seq, a.number, e.Panel); err != nil {
		return err
	}
	for place, member := range e.Members {
		if err := exec(p.db.writer, "INSERT INTO appeal_members (appeal, seq, place, panel, pseudonym, account) VALUES (?, ?, ?, ?, ?, ?)",
			a.number, seq, place, e.Panel, member, m.Sealed[sealedMembers+strconv.Itoa(place)]); err != nil {
			return err
		}
	}
	return p.appealStep(seq, a, e, "", e.Stamp)
}

// voidVotes voids what a member of the present panel has voted, or all of it
// if the member is "".
func (p *projector) voidVotes(seq int64, a *appealState, member string) error {
	return exec(p.db.writer, "UPDATE appeal_votes SET void = ? WHERE appeal = ? AND panel = ? AND void = 0 AND (? = '' OR by = ?)",
		seq, a.number, a.step.panel, member, member)
}

func (p *projector) decided(seq int64, a *appealState, e *appeal.Decided) error {
	corrected := ""
	if e.Corrected != nil {
		text, err := json.Marshal(e.Corrected)
		if err != nil {
			return err
		}
		corrected = string(text)
	}
	if err := exec(p.db.writer, `INSERT INTO appeal_decisions
		(appeal, seq, panel, outcome, restored, reasons, corrected, escalate_by, by, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.number, seq, e.Panel, string(e.Outcome), int64(e.Restored), e.Reasons, corrected, e.EscalateBy, e.By, e.At.UnixMilli()); err != nil {
		return err
	}
	return p.appealStep(seq, a, e, "", e.Stamp)
}

func (p *projector) reloadAppeals() error {
	return query(p.db.writer, `SELECT a.stream, a.number, a.id, a.round, a.subject, s.status, s.panel, s.decide_by, s.expired
		FROM appeals a JOIN appeal_steps s ON s.appeal = a.number AND s.replaced = 0`, func(s *sqlite.Stmt) error {
		p.appeals[s.ColumnText(0)] = &appealState{
			number: s.ColumnInt64(1), id: s.ColumnText(2), subject: p.rounds[s.ColumnText(3)].subjects[s.ColumnText(4)],
			step: appealStep{appeal.Status(s.ColumnText(5)), s.ColumnInt(6), s.ColumnText(7), s.ColumnText(8)},
		}
		return nil
	})
}
