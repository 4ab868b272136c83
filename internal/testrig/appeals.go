package testrig

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mingjian/api/command"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
)

// Sealed is what goes into an event's metadata about persons.
type Sealed map[string]string

// OnRecord runs a decision of the domain on a subject's record, for tests of
// the layers below the commands.
func (r *Rig) OnRecord(
	ctx context.Context, actor, id, subject string, sealed Sealed, decide func(*assessment.Assessment, domain.Stamp) ([]domain.Event, error),
) error {
	stream := command.AssessmentStream(id, subject)
	std, err := criteria.Lookup("2022")
	if err != nil {
		return err
	}
	return execute(ctx, r, actor, stream, stream, sealed, func() *assessment.Assessment { return assessment.New(std.Standard) }, decide)
}

// Record is a subject's record as it is on the log.
func (r *Rig) Record(ctx context.Context, id, subject string) (record *assessment.Assessment, err error) {
	err = r.OnRecord(ctx, "system", id, subject, nil, func(a *assessment.Assessment, _ domain.Stamp) ([]domain.Event, error) {
		record = a
		return nil, nil
	})
	return record, err
}

// OnAppeal runs a decision of the domain on an appeal against a subject's
// record, by whose pseudonyms people stand in it.
func (r *Rig) OnAppeal(
	ctx context.Context, actor, id, round, subject string, sealed Sealed, decide func(*appeal.Appeal, domain.Stamp) ([]domain.Event, error),
) error {
	return execute(ctx, r, actor, appeal.StreamPrefix+id, command.AssessmentStream(round, subject), sealed, appeal.New, decide)
}

func execute[S eventstore.State](
	ctx context.Context, r *Rig, actor, stream, pseudonyms string, sealed Sealed, fresh func() S, decide func(S, domain.Stamp) ([]domain.Event, error),
) error {
	now, id := r.Now(), uuid.Must(uuid.NewV7())
	_, err := eventstore.Execute(ctx, r.Log, r.Codec, eventstore.Command{Stream: stream, Metadata: eventstore.Metadata{
		CommandID: id, Actor: actor, Correlation: id.String(), ServerTime: now, Sealed: sealed,
	}}, fresh, func(s S) ([]domain.Event, error) {
		return decide(s, domain.Stamp{By: r.Commands.Pseudonym(pseudonyms, actor), At: now})
	})
	return err
}

// items finds a deduction item of the 2022 standard by its points.
func items(points domain.Points) (string, bool) {
	std, err := criteria.Lookup("2022")
	if err != nil {
		return "", false
	}
	for _, item := range std.Standard.Deductions.Items {
		if item.Points == points {
			return item.Code, true
		}
	}
	return "", false
}

// workdays is the n-th working day after a moment's day, and the hash of the
// calendar that it was counted by.
func workdays(by domain.Stamp, n int) (day, hash string, err error) {
	calendar, err := criteria.LookupCalendar("cn")
	if err != nil {
		return "", "", err
	}
	day, err = calendar.After(domain.DayOf(by.At), n)
	return day, calendar.Hash, err
}

// Notify tells a subject its result.
func (r *Rig) Notify(ctx context.Context, id, subject string) error {
	return r.OnRecord(ctx, "organizer", id, subject, nil, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		day, hash, err := workdays(by, 5)
		if err != nil {
			return nil, err
		}
		return a.Notify(by, assessment.ResultNotified{AppealBy: day, Days: 5, Calendar: hash})
	})
}

// Appellant is the account that speaks for a subject.
func Appellant(kind domain.SubjectKind, subject string) string {
	if kind == domain.District {
		return "district-" + subject
	}
	return "center-" + subject
}

// FileAppeal files the n-th appeal against a target, and gives its id.
func (r *Rig) FileAppeal(ctx context.Context, id, subject string, t assessment.Target, n int, ground appeal.Ground, evidence ...string) (string, error) {
	record, err := r.Record(ctx, id, subject)
	if err != nil {
		return "", err
	}
	stake, err := record.AtStake(t)
	if err != nil {
		return "", err
	}
	name := appeal.ID(id, subject, t, n)
	actor := Appellant(record.Opened.Kind, subject)
	return name, r.OnAppeal(ctx, actor, name, id, subject, nil, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
		day, hash, err := workdays(by, 10)
		if err != nil {
			return nil, err
		}
		return a.File(by, appeal.Filed{
			Appeal: name, Round: id, Subject: subject, Kind: record.Opened.Kind, District: record.Opened.District,
			Ground: ground, Statement: "与事实不符", Evidence: evidence, DecideBy: day, Calendar: hash,
		}, stake)
	})
}

// NamePanel has the accounts hear an appeal.
func (r *Rig) NamePanel(ctx context.Context, a *appeal.Appeal, accounts ...string) error {
	f, sealed := a.Filed, make(Sealed)
	record, err := r.Record(ctx, f.Round, f.Subject)
	if err != nil {
		return err
	}
	var members []string
	for i, account := range accounts {
		members = append(members, r.Commands.Pseudonym(command.AssessmentStream(f.Round, f.Subject), account))
		sealed[command.SealedMember(i)] = account
	}
	return r.OnAppeal(ctx, "organizer", f.Appeal, f.Round, f.Subject, sealed, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
		return a.NamePanel(by, members, record.Parts())
	})
}

// Vote casts an account's vote.
func (r *Rig) Vote(ctx context.Context, f appeal.Filed, account string, restored domain.Points) error {
	record, err := r.Record(ctx, f.Round, f.Subject)
	if err != nil {
		return err
	}
	return r.OnAppeal(ctx, account, f.Appeal, f.Round, f.Subject, nil, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
		return a.Vote(by, restored, "证据充分程度如此", record.Parts(), items)
	})
}

// Decide has a member put the decision on record.
func (r *Rig) Decide(ctx context.Context, f appeal.Filed, account string) error {
	record, err := r.Record(ctx, f.Round, f.Subject)
	if err != nil {
		return err
	}
	return r.OnAppeal(ctx, account, f.Appeal, f.Round, f.Subject, nil, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
		day, _, err := workdays(by, 5)
		if err != nil {
			return nil, err
		}
		return a.Decide(by, "合议认为", day, record.Parts(), items)
	})
}

// Correct carries an appeal's newest decision out, as the reaction to it does.
func (r *Rig) Correct(ctx context.Context, a *appeal.Appeal) error {
	if len(a.Decisions) == 0 || a.Decisions[len(a.Decisions)-1].Corrected == nil {
		return nil
	}
	f, d := a.Filed, a.Decisions[len(a.Decisions)-1]
	return r.OnRecord(ctx, "system", f.Round, f.Subject, nil, func(record *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		if f.Clause == "" {
			return record.CorrectDeduction(by, assessment.DeductionCorrected{
				Appeal: f.Appeal, Panel: d.Panel, Deduction: f.Deduction, Item: d.Corrected.Item, Why: d.Reasons,
			})
		}
		return record.CorrectScore(by, assessment.ScoreCorrected{
			Appeal: f.Appeal, Panel: d.Panel, Clause: f.Clause, Outcome: d.Corrected.Outcome, Points: d.Corrected.Points, Why: d.Reasons,
		})
	})
}

// Reply files a center's reply.
func (r *Rig) Reply(ctx context.Context, id, subject, text string) error {
	salt := strings.Repeat("5a", 32)
	return r.OnRecord(ctx, "center-"+subject, id, subject, Sealed{"text": text, "salt": salt},
		func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
			return a.FileReply(by, salt, text)
		})
}

// Dispute sends n random commands, most of which are about what follows a
// result: notices, appeals and replies. Days pass between them.
func (p *Player) Dispute(t testing.TB, n int) {
	t.Helper()
	for range n {
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		what, err := p.dispute(ctx)
		cancel()
		switch {
		case err == nil:
			p.Done++
		case refused(err) || overruled(err):
			p.Refused++
		default:
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// overruled reports whether a rule of notices and appeals forbade the command.
func overruled(err error) bool {
	for _, rule := range []error{
		domain.ErrNotNotified, domain.ErrNotApproved, domain.ErrNothingAtStake, domain.ErrTooLate, domain.ErrTooEarly, domain.ErrUnknownAppeal,
		domain.ErrNotOpen, domain.ErrPanel, domain.ErrNotOnPanel, domain.ErrVotesMissing, domain.ErrNotWorse, domain.ErrInvalid,
		domain.ErrUnderAppeal,
	} {
		if errors.Is(err, rule) {
			return true
		}
	}
	return false
}

func (p *Player) dispute(ctx context.Context) (what string, err error) {
	rng := p.Rand
	s := p.Subjects[rng.IntN(len(p.Subjects))]
	switch rng.IntN(12) {
	case 0:
		p.Rig.Pass(rng.IntN(3))
		return p.step(ctx)
	case 1, 2:
		return "notify", p.Rig.Notify(ctx, p.Round, s.Code)
	case 3, 4, 5:
		return "file", p.file(ctx, s)
	case 6:
		if rng.IntN(2) == 0 {
			return "reply", p.Rig.Reply(ctx, p.Round, s.Code, "感谢评估，另作说明")
		}
		return "redact", p.Rig.OnRecord(ctx, "organizer", p.Round, s.Code, nil, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
			return a.RedactReply(by, 1+rng.IntN(2), "感谢评估", "涉及个人信息")
		})
	}
	if len(p.appeals) == 0 {
		return "file", p.file(ctx, s)
	}
	filed := p.appeals[rng.IntN(len(p.appeals))]
	return p.hear(ctx, filed)
}

// file files an appeal against something that the subject lost, or may not
// have lost.
func (p *Player) file(ctx context.Context, s Subject) error {
	rng := p.Rand
	record, err := p.Rig.Record(ctx, p.Round, s.Code)
	if err != nil {
		return err
	}
	target := assessment.Target{Deduction: 1}
	if s.Kind == domain.District || rng.IntN(2) > 0 {
		scores := Findings(rng, p.std, s.Kind)
		target = assessment.Target{Clause: scores[rng.IntN(len(scores))].Clause}
		for _, score := range scores {
			if entry := record.Entries[score.Clause]; entry.Finding.Outcome == domain.Lost && rng.IntN(3) == 0 {
				target.Clause = score.Clause
			}
		}
	}
	ground := []appeal.Ground{appeal.Fact, appeal.Evidence, appeal.Procedure, appeal.Interpretation}[rng.IntN(4)]
	name, err := p.Rig.FileAppeal(ctx, p.Round, s.Code, target, 1+rng.IntN(2), ground, strings.Repeat("3d", 32))
	if err == nil {
		p.appeals = append(p.appeals, appeal.Filed{Appeal: name, Round: p.Round, Subject: s.Code, Kind: s.Kind})
	}
	return err
}

// hear takes an appeal one step on.
func (p *Player) hear(ctx context.Context, f appeal.Filed) (what string, err error) {
	rng := p.Rand
	var now *appeal.Appeal
	on := func(actor string, sealed Sealed, decide func(*appeal.Appeal, domain.Stamp) ([]domain.Event, error)) error {
		return p.Rig.OnAppeal(ctx, actor, f.Appeal, f.Round, f.Subject, sealed, decide)
	}
	if err := on("system", nil, func(a *appeal.Appeal, _ domain.Stamp) ([]domain.Event, error) {
		now = a
		return nil, nil
	}); err != nil {
		return "look", err
	}
	panel := []string{"reviewer-3", "reviewer-4", "reviewer-5"}
	if now.Panel == 2 || rng.IntN(8) == 0 {
		panel = []string{"reviewer-6", "reviewer-7", "reviewer-8"}
	}
	if now.Status == appeal.InHearing && len(now.Members) > 0 { // those who were named
		stream := command.AssessmentStream(f.Round, f.Subject)
		panel = nil
		for n := range 12 {
			account := fmt.Sprint("reviewer-", n)
			if slices.Contains(now.Members, p.Rig.Commands.Pseudonym(stream, account)) {
				panel = append(panel, account)
			}
		}
	}
	member := panel[rng.IntN(len(panel))]
	restored := []domain.Points{0, now.Filed.Lost, now.Filed.Lost / 2}[rng.IntN(3)]
	if rng.IntN(3) > 0 { // what comes next, instead of anything
		switch {
		case now.Status == appeal.Waiting || now.Status == appeal.IsEscalated:
			return "name", p.Rig.NamePanel(ctx, now, panel...)
		case now.Status == appeal.InHearing && len(now.Members) < now.Size: // who is left stays
			more := []string{"reviewer-9", "reviewer-10", "reviewer-11"}
			return "name", p.Rig.NamePanel(ctx, now, append(slices.Clone(panel), more[:now.Size-len(now.Members)]...)...)
		case now.Status == appeal.InHearing && len(now.Votes) < len(now.Members):
			return "vote", p.Rig.Vote(ctx, now.Filed, member, restored)
		case now.Status == appeal.InHearing:
			return "decide", p.Rig.Decide(ctx, f, member)
		case now.Status == appeal.IsDecided && rng.IntN(2) == 0:
			return "correct", p.Rig.Correct(ctx, now)
		}
	}
	switch rng.IntN(8) {
	case 0:
		return "name", p.Rig.NamePanel(ctx, now, panel...)
	case 2:
		if rng.IntN(3) > 0 {
			return "expire", on("system", nil, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) { return a.Expire(by) })
		}
		return "recuse", on("organizer", Sealed{"member": member}, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
			return a.Recuse(by, p.Rig.Commands.Pseudonym(command.AssessmentStream(f.Round, f.Subject), member), "与申诉人有利害关系", true)
		})
	case 3:
		party, actor := appeal.Appellant, Appellant(f.Kind, f.Subject)
		if rng.IntN(2) == 0 {
			party, actor = appeal.Assessors, "assessor-1"
		}
		return "add", on(actor, nil, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
			return a.Add(by, appeal.EvidenceAdded{Party: party, Statement: "补充说明", Evidence: []string{strings.Repeat("4e", 32)}})
		})
	case 4:
		if rng.IntN(4) > 0 {
			return "extend", on("organizer", nil, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
				day, _, err := workdays(by, 12)
				if err != nil {
					return nil, err
				}
				return a.Extend(by, day, "案情复杂")
			})
		}
		return "withdraw", on(Appellant(f.Kind, f.Subject), nil, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
			return a.Withdraw(by, "已沟通清楚")
		})
	case 5, 6:
		return "escalate", on(Appellant(f.Kind, f.Subject), nil, func(a *appeal.Appeal, by domain.Stamp) ([]domain.Event, error) {
			day, hash, err := workdays(by, 10)
			if err != nil {
				return nil, err
			}
			return a.Escalate(by, "对决定不服", day, hash)
		})
	}
	return "vote", p.Rig.Vote(ctx, now.Filed, member, restored)
}
