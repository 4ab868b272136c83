package projections

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
)

// AwaitKind is what somebody has to do, or may do while there is time.
type AwaitKind string

// What awaits people, by role.
const (
	AwaitFindings    AwaitKind = "findings"    // assessor: a record that is assigned and not submitted
	AwaitRework      AwaitKind = "rework"      // assessor: one that came back
	AwaitReview      AwaitKind = "review"      // reviewer: a submitted record in which they had no part
	AwaitVote        AwaitKind = "vote"        // panel member: their vote
	AwaitDecision    AwaitKind = "decision"    // panel member: all have voted
	AwaitAppeal      AwaitKind = "appeal"      // center, district: a result that can be appealed against
	AwaitEscalation  AwaitKind = "escalation"  // center, district: a decision that can be escalated
	AwaitPanel       AwaitKind = "panel"       // organizer: an appeal without a panel that can decide
	AwaitOverdue     AwaitKind = "overdue"     // organizer: an appeal whose last day has passed
	AwaitModeration  AwaitKind = "moderation"  // organizer: a reply that no release shows yet
	AwaitPublication AwaitKind = "publication" // organizer: what another one has deliberated
	AwaitNotice      AwaitKind = "notice"      // organizer: approved records whose subjects were not told, one item a round
)

// AwaitKinds lists all kinds.
func AwaitKinds() []AwaitKind {
	return []AwaitKind{
		AwaitFindings, AwaitRework, AwaitReview, AwaitVote, AwaitDecision, AwaitAppeal, AwaitEscalation,
		AwaitPanel, AwaitOverdue, AwaitModeration, AwaitPublication, AwaitNotice,
	}
}

// AwaitView is one thing that awaits somebody.
type AwaitView struct {
	Kind          AwaitKind
	Round         string
	Subject       string // "" where it is about the round
	Appeal        string // its id, "" where it is about none
	Records       int    // that it stands for; 1 but for AwaitNotice
	Since         time.Time
	Due           string // the last day, "" where none is set
	DaysLeft      int    // working days from today to Due, today not counted
	Overdue       bool
	DaysLeftKnown bool // false without Due, and where the calendar does not hold the days
}

// AwaitingView is what awaits somebody.
type AwaitingView struct {
	Items  []AwaitView // what is due first comes first, of each kind as many as were asked for
	Counts []AwaitCount
}

// AwaitCount is how many records of a kind await somebody, in the order of
// AwaitKinds; what does not await them is left out.
type AwaitCount struct {
	Kind  AwaitKind
	Count int
}

// Awaiting lists what awaits an actor on a day, as YYYY-MM-DD, in rounds that are
// not closed, with at most so many items of each kind. Auditors only look.
func (v *View) Awaiting(who rights.Actor, today string, limit int) (AwaitingView, error) {
	a := awaiting{View: v, who: who, today: today, rounds: make(map[string]RoundView)}
	rounds, err := v.Rounds()
	if err != nil {
		return AwaitingView{}, err
	}
	for _, r := range rounds {
		a.rounds[r.ID] = r
	}
	for _, part := range []struct {
		asks bool
		find func() error
	}{
		{who.Has(rights.Assessor), a.ofAssessor},
		{who.Has(rights.Reviewer), a.ofReviewer},
		{who.Has(rights.Reviewer), a.ofPanelist},
		{who.Has(rights.Center) || who.Has(rights.District), a.ofSubjects},
		{who.Has(rights.Organizer), a.ofOrganizer},
		{who.Has(rights.Organizer), a.ofPublisher},
	} {
		if !part.asks {
			continue
		}
		if err := part.find(); err != nil {
			return AwaitingView{}, fmt.Errorf("awaiting %s: %w", who.Account, err)
		}
	}
	return a.sorted(limit), nil
}

// awaiting gathers what awaits somebody.
type awaiting struct {
	*View
	who    rights.Actor
	today  string
	rounds map[string]RoundView
	items  []AwaitView
}

// add takes an item in, unless its round is closed. The row is kind's own; its
// time comes in milliseconds.
func (a *awaiting) add(kind AwaitKind, round, subject, id, due string, since int64) {
	r := a.rounds[round]
	if r.Closed {
		return
	}
	item := AwaitView{Kind: kind, Round: round, Subject: subject, Appeal: id, Records: 1, Since: millis(since), Due: due}
	if due != "" {
		item.Overdue = due < a.today
		// A day that the calendar does not hold is no reason to hide what awaits.
		if left, err := a.WorkingDays(r, a.today, due); err == nil {
			item.DaysLeft, item.DaysLeftKnown = left, true
		}
	}
	a.items = append(a.items, item)
}

// query adds an item of a kind for each row of round, subject, appeal, due,
// since.
func (a *awaiting) query(kind AwaitKind, sql string, args ...any) error {
	return query(a.conn, sql, func(s *sqlite.Stmt) error {
		a.add(kind, s.ColumnText(0), s.ColumnText(1), s.ColumnText(2), s.ColumnText(3), s.ColumnInt64(4))
		return nil
	}, args...)
}

// byStatus joins a record with the event that made its status what it is.
const byStatus = ` JOIN statuses s ON s.assessment = a.id AND s.seq = (SELECT max(seq) FROM statuses WHERE assessment = a.id)
	JOIN trail t ON t.seq = s.seq`

func (a *awaiting) ofAssessor() error {
	const mine = `SELECT a.round, a.subject, '', '', t.at FROM members m JOIN assessments a ON a.id = m.assessment` + byStatus +
		` WHERE m.account = ? AND m.assigned > 0 AND m.recused = 0 AND a.status = ? AND `
	const cameBack = `EXISTS (SELECT 1 FROM returns r WHERE r.assessment = a.id AND r.seq = s.seq)`
	if err := a.query(AwaitRework, mine+cameBack, a.who.Account, string(assessment.InWork)); err != nil {
		return err
	}
	return a.query(AwaitFindings, mine+"NOT "+cameBack, a.who.Account, string(assessment.InWork))
}

// ofReviewer leaves out what the actor had a part in: on its team, or by an event
// that moved a point, claimed an honor or submitted it.
func (a *awaiting) ofReviewer() error {
	return query(a.conn, `SELECT a.round, a.subject, t.at FROM assessments a`+byStatus+`
		WHERE a.status = ? AND NOT EXISTS (SELECT 1 FROM members m WHERE m.assessment = a.id AND m.account = ?2)
		AND NOT EXISTS (SELECT 1 FROM streams n JOIN trail p ON p.stream = n.id JOIN actors w ON w.id = p.actor
			WHERE n.name = a.stream AND w.name = ?2 AND p.type IN (`+parts+`))`, func(s *sqlite.Stmt) error {
		if subject := s.ColumnText(1); !rights.Belongs(a.who, subject) {
			a.add(AwaitReview, s.ColumnText(0), subject, "", "", s.ColumnInt64(2))
		}
		return nil
	}, string(assessment.InReview), a.who.Account)
}

// parts are the events by which somebody gets a part in a record that keeps
// them from reviewing it.
const parts = `'assessment.ScoreRecorded', 'assessment.ScoreRevised', 'assessment.DeductionImposed', 'assessment.DeductionLifted',
	'assessment.HonorClaimed', 'assessment.HonorAccepted', 'assessment.HonorRejected', 'assessment.Submitted'`

// present joins an appeal with where it stands.
const present = ` FROM appeals p JOIN appeal_steps s ON s.appeal = p.number AND s.replaced = 0`

// hearing counts the present panel, and the votes of it that count.
const (
	membersLeft = `(SELECT count(*) FROM appeal_members o WHERE o.appeal = p.number AND o.panel = s.panel AND o.gone = 0)`
	votesCast   = `(SELECT count(*) FROM appeal_votes o WHERE o.appeal = p.number AND o.panel = s.panel AND o.void = 0)`
)

// ofPanelist leaves a panel alone that lost a member: it has to be named again.
func (a *awaiting) ofPanelist() error {
	const mine = `SELECT p.round, p.subject, p.id, s.decide_by, s.at` + present +
		` JOIN appeal_members m ON m.appeal = p.number AND m.panel = s.panel AND m.gone = 0
		WHERE m.account = ? AND s.status = ? AND ` + membersLeft + ` % 2 = 1 AND `
	const voted = `EXISTS (SELECT 1 FROM appeal_votes o WHERE o.appeal = p.number AND o.panel = s.panel AND o.void = 0 AND o.by = m.pseudonym)`
	if err := a.query(AwaitVote, mine+"NOT "+voted, a.who.Account, string(appeal.InHearing)); err != nil {
		return err
	}
	return a.query(AwaitDecision, mine+votesCast+" = "+membersLeft, a.who.Account, string(appeal.InHearing))
}

// ofSubjects finds what the subjects that the actor speaks for may still do.
func (a *awaiting) ofSubjects() error {
	for _, grant := range a.who.Grants {
		if grant.Role != rights.Center && grant.Role != rights.District {
			continue
		}
		kind := domain.Center
		if grant.Role == rights.District {
			kind = domain.District
		}
		if err := a.query(AwaitAppeal, `SELECT a.round, a.subject, '', n.appeal_by, n.at FROM assessments a JOIN notices n ON n.assessment = a.id
			AND n.number = (SELECT max(number) FROM notices WHERE assessment = a.id)
			WHERE a.subject = ? AND a.kind = ? AND n.appeal_by >= ?`, grant.Subject, string(kind), a.today); err != nil {
			return err
		}
		if err := a.query(AwaitEscalation, `SELECT p.round, p.subject, p.id, d.escalate_by, d.at`+present+`
			JOIN appeal_decisions d ON d.appeal = p.number AND d.panel = s.panel
			WHERE p.subject = ? AND p.kind = ? AND s.status = ? AND d.escalate_by >= ?`,
			grant.Subject, string(kind), string(appeal.IsDecided), a.today); err != nil {
			return err
		}
	}
	return nil
}

// ofOrganizer finds what stands still without an organizer.
func (a *awaiting) ofOrganizer() error {
	if err := a.query(AwaitPanel, `SELECT p.round, p.subject, p.id, s.decide_by, s.at`+present+`
		WHERE s.status IN (?, ?) OR s.status = ? AND `+membersLeft+` % 2 = 0`,
		string(appeal.Waiting), string(appeal.IsEscalated), string(appeal.InHearing)); err != nil {
		return err
	}
	if err := a.query(AwaitOverdue, `SELECT p.round, p.subject, p.id, s.decide_by, s.at`+present+`
		WHERE s.decide_by < ? AND s.status IN `+dueStatuses, a.today); err != nil {
		return err
	}
	// That somebody has looked at a reply and found nothing to redact is on no
	// record. It awaits them until a release shows it.
	return a.query(AwaitModeration, `SELECT a.round, a.subject, '', '', r.at FROM replies r JOIN assessments a ON a.id = r.assessment
		WHERE NOT EXISTS (SELECT 1 FROM redactions x WHERE x.assessment = r.assessment AND x.number = r.number)
		AND r.seq > coalesce((SELECT max(log_size) FROM releases l WHERE l.round = a.round), 0)`)
}

// ofPublisher finds what is to be told: releases by another person than the one
// who deliberated, and results.
func (a *awaiting) ofPublisher() error {
	if err := query(a.conn, `SELECT d.round, d.at, w.name FROM deliberations d JOIN trail t ON t.seq = d.seq JOIN actors w ON w.id = t.actor
		WHERE d.release = 0 AND d.seq = (SELECT max(seq) FROM deliberations o WHERE o.round = d.round)`, func(s *sqlite.Stmt) error {
		if s.ColumnText(2) != a.who.Account {
			a.add(AwaitPublication, s.ColumnText(0), "", "", "", s.ColumnInt64(1))
		}
		return nil
	}); err != nil {
		return err
	}
	return query(a.conn, `SELECT a.round, count(*), min(t.at) FROM assessments a`+byStatus+` WHERE a.status = ?
		AND s.seq > coalesce((SELECT max(seq) FROM notices n WHERE n.assessment = a.id), 0) GROUP BY a.round`, func(s *sqlite.Stmt) error {
		before := len(a.items)
		if a.add(AwaitNotice, s.ColumnText(0), "", "", "", s.ColumnInt64(2)); len(a.items) > before {
			a.items[before].Records = s.ColumnInt(1)
		}
		return nil
	}, string(assessment.SignedOff))
}

// sorted puts first what is due first, and what has no last day by how long it
// waits.
func (a *awaiting) sorted(limit int) AwaitingView {
	slices.SortFunc(a.items, func(x, y AwaitView) int {
		return cmp.Or(
			cmp.Compare(cmp.Or(x.Due, "~"), cmp.Or(y.Due, "~")), x.Since.Compare(y.Since),
			cmp.Compare(x.Round, y.Round), cmp.Compare(x.Subject, y.Subject), cmp.Compare(x.Appeal, y.Appeal), cmp.Compare(x.Kind, y.Kind),
		)
	})
	records, items := make(map[AwaitKind]int), make(map[AwaitKind]int)
	var out AwaitingView
	for _, item := range a.items {
		records[item.Kind] += item.Records
		if items[item.Kind]++; items[item.Kind] <= limit {
			out.Items = append(out.Items, item)
		}
	}
	for _, kind := range AwaitKinds() {
		if records[kind] > 0 {
			out.Counts = append(out.Counts, AwaitCount{kind, records[kind]})
		}
	}
	return out
}
