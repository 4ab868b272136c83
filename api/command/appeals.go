package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/eventstore"
)

// AppealStream names the stream of an appeal.
func AppealStream(id string) string { return appeal.StreamPrefix + id }

// Filing is a new appeal.
type Filing struct {
	Round, Subject string
	Target         assessment.Target
	Ground         appeal.Ground
	Statement      string
	Evidence       []string // SHA-256 of each piece
}

// maxFilings bounds how often an appeal against one target is withdrawn and
// filed anew.
const maxFilings = 20

// appealID bounds what is looked for as an appeal; it is never taken apart.
var appealID = regexp.MustCompile(`^[a-z0-9.-]{1,100}$`)

// errTaken says that the stream holds an earlier appeal against the target.
var errTaken = errors.New("an earlier appeal")

// FileAppeal files an appeal against what the subject was notified of. The
// stream follows from the target, so of two appeals that are filed at once only
// one is: the log itself sees to it that an entry has one open appeal.
func (c *Commands) FileAppeal(ctx context.Context, m Meta, f Filing) (Receipt, error) {
	in, err := c.round(ctx, f.Round)
	if err != nil {
		return Receipt{}, err
	}
	if _, _, err := c.subject(ctx, f.Subject); err != nil {
		return Receipt{}, err
	}
	if _, ok := in.std.Clause(f.Target.Clause); !ok && f.Target.Clause != "" {
		return Receipt{}, fmt.Errorf("%.40q is not a clause of standard %s: %w", f.Target.Clause, in.std.ID, domain.ErrUnknownClause)
	}
	var before *appeal.Appeal
	for n := 1; n <= maxFilings; n++ {
		id := appeal.ID(f.Round, f.Subject, f.Target, n)
		cmd, err := c.prepareAppeal(ctx, m, "fileAppeal", f.Round, f.Subject, id)
		if err != nil {
			return Receipt{}, err
		}
		result, err := eventstore.Execute(ctx, c.config.Log, c.config.Codec, cmd.Command, appeal.New, func(p *appeal.Appeal) ([]domain.Event, error) {
			if p.Status != appeal.NotFiled {
				before = p
				return nil, errTaken
			}
			return c.file(ctx, cmd, in, f, id, before)
		})
		if !errors.Is(err, errTaken) {
			return receipt(cmd.Stream, result, err)
		}
	}
	return Receipt{}, fmt.Errorf("%d appeals were filed against this and withdrawn, no more are taken: %w", maxFilings, domain.ErrInvalid)
}

func (c *Commands) file(ctx context.Context, cmd prepared, in inRound, f Filing, id string, before *appeal.Appeal) ([]domain.Event, error) {
	if err := cmd.allow(); err != nil {
		return nil, err
	}
	if in.progress != nil {
		return nil, in.progress
	}
	a, err := c.record(ctx, in, f.Subject)
	if err != nil {
		return nil, err
	}
	if a.Recused[cmd.by.By] {
		return nil, fmt.Errorf("%s: %w", f.Subject, domain.ErrRecused)
	}
	if before != nil && before.Open() {
		return nil, before.Again()
	}
	stake, err := a.AtStake(f.Target)
	if err != nil {
		return nil, err
	}
	if before != nil {
		if err := before.Follows(stake); err != nil {
			return nil, err
		}
	}
	decideBy, calendar, err := c.deadline(in, domain.DayOf(cmd.by.At), in.DecisionDays)
	if err != nil {
		return nil, err
	}
	events, err := new(appeal.Appeal).File(cmd.by, appeal.Filed{
		Appeal: id, Round: f.Round, Subject: f.Subject, Kind: a.Opened.Kind, District: a.Opened.District,
		Ground: f.Ground, Statement: f.Statement, Evidence: f.Evidence, DecideBy: decideBy, Calendar: calendar,
	}, stake)
	if err != nil {
		return nil, err
	}
	return events, c.inStore(ctx, f.Evidence...)
}

// prepareAppeal prepares a command on an appeal. Its people have the pseudonyms
// of the record that it is about.
func (c *Commands) prepareAppeal(ctx context.Context, m Meta, name rights.Command, round, subject, id string) (prepared, error) {
	cmd, err := c.prepare(ctx, m, name, subject, AppealStream(id))
	if err == nil {
		cmd.by.By = c.Pseudonym(AssessmentStream(round, subject), m.Actor)
	}
	return cmd, err
}

// hearing is what a decision on an appeal is made with.
type hearing struct {
	prepared
	in inRound
	// stream is the record's, which has the pseudonyms; record is its fold.
	stream string
	record *assessment.Assessment
	appeal *appeal.Appeal
}

// circle is those whom a command on an appeal is for, as far as the appeal or
// its record knows them.
type circle int

const (
	granted   circle = iota // whom the account's grants allow it, and who was not recused from the record
	panelists               // who hears the appeal
	assessors               // who is assigned to its record
)

// onAppeal runs a decision on an appeal that was filed, for those of a circle.
func (c *Commands) onAppeal(ctx context.Context, m Meta, name rights.Command, id string, of circle, decide func(hearing) ([]domain.Event, error)) (Receipt, error) {
	return c.onAppealSealing(ctx, m, name, id, of, nil, decide)
}

// onAppealSealing does so with accounts that its events name by pseudonym.
func (c *Commands) onAppealSealing(
	ctx context.Context, m Meta, name rights.Command, id string, of circle, sealed map[string]string, decide func(hearing) ([]domain.Event, error),
) (Receipt, error) {
	filed, err := c.filed(ctx, id)
	if err != nil {
		return Receipt{}, c.unknown(ctx, m, name, id, of, err)
	}
	in, err := c.round(ctx, filed.Round)
	if err != nil {
		return Receipt{}, err
	}
	cmd, err := c.prepareAppeal(ctx, m, name, filed.Round, filed.Subject, id)
	if err != nil {
		return Receipt{}, err
	}
	cmd.Metadata.Sealed = sealed
	result, err := eventstore.Execute(ctx, c.config.Log, c.config.Codec, cmd.Command, appeal.New, func(p *appeal.Appeal) ([]domain.Event, error) {
		if err := cmd.allow(); err != nil {
			// In words that do not tell whose appeal it is, where there are such.
			return nil, cmp.Or(rights.Allow(cmd.actor, name, ""), err)
		}
		a, err := c.record(ctx, in, filed.Subject)
		if err != nil {
			return nil, err
		}
		h := hearing{prepared: cmd, in: in, stream: AssessmentStream(filed.Round, filed.Subject), record: a, appeal: p}
		if err := within(h, of); err != nil {
			return nil, err
		}
		if in.progress != nil {
			return nil, in.progress
		}
		return decide(h)
	})
	return receipt(cmd.Stream, result, err)
}

// within refuses those who are not of a circle, before anything else of the
// appeal is told. Who was recused from the record still leaves the panel.
func within(h hearing, of circle) error {
	switch id := h.appeal.Filed.Appeal; of {
	case panelists:
		switch {
		case slices.Contains(h.appeal.Members, h.by.By):
			return nil
		case h.appeal.Recused[h.by.By]:
			return fmt.Errorf("appeal %s: %w", id, domain.ErrRecused)
		}
		return outside(id, of)
	case assessors:
		err := h.record.Member(h.by.By)
		if errors.Is(err, domain.ErrNotAssigned) {
			return outside(id, of)
		}
		return err
	}
	if h.record.Recused[h.by.By] {
		return fmt.Errorf("%s: %w", h.on, domain.ErrRecused)
	}
	return nil
}

// outside is the refusal of somebody who is not of a circle.
func outside(id string, of circle) error {
	if of == panelists {
		return fmt.Errorf("appeal %.100s: %w", id, domain.ErrNotOnPanel)
	}
	return fmt.Errorf("appeal %.100s: %w", id, domain.ErrNotAssigned)
}

// unknown tells only those of an appeal that does not exist who would have been
// told of any: ids can be guessed, and whether a center appeals is not
// everybody's to know.
func (c *Commands) unknown(ctx context.Context, m Meta, name rights.Command, id string, of circle, err error) error {
	if !errors.Is(err, domain.ErrUnknownAppeal) {
		return err
	}
	actor, failed := c.config.Actors.Actor(ctx, m.Actor)
	if failed == nil {
		failed = rights.Allow(actor, name, "")
	}
	switch {
	case failed != nil:
		return failed
	case of != granted:
		return outside(id, of)
	}
	return err
}

// filed finds what an appeal is about.
func (c *Commands) filed(ctx context.Context, id string) (appeal.Filed, error) {
	if !appealID.MatchString(id) {
		return appeal.Filed{}, fmt.Errorf("appeal %.100q: %w", id, domain.ErrUnknownAppeal)
	}
	var found appeal.Filed
	err := eventstore.NewFollower(c.config.Log, c.config.Codec, AppealStream(id), appeal.New()).Look(ctx, func(a *appeal.Appeal) error {
		found = a.Filed
		return nil
	})
	if err == nil && found.Appeal == "" {
		err = fmt.Errorf("appeal %s: %w", id, domain.ErrUnknownAppeal)
	}
	return found, err
}

// record reads a subject's record in a round.
func (c *Commands) record(ctx context.Context, in inRound, subject string) (*assessment.Assessment, error) {
	a := assessment.New(in.std)
	a.Rules = in.rules
	err := eventstore.NewFollower(c.config.Log, c.config.Codec, AssessmentStream(in.Round, subject), a).
		Look(ctx, func(*assessment.Assessment) error { return nil })
	return a, err
}

// WithdrawAppeal takes an appeal back that is not decided.
func (c *Commands) WithdrawAppeal(ctx context.Context, m Meta, id, reason string) (Receipt, error) {
	return c.onAppeal(ctx, m, "withdrawAppeal", id, granted, func(h hearing) ([]domain.Event, error) {
		return h.appeal.Withdraw(h.by, reason)
	})
}

// AddToAppeal puts what the appellant says and shows before the panel.
func (c *Commands) AddToAppeal(ctx context.Context, m Meta, id, statement string, evidence []string) (Receipt, error) {
	return c.onAppeal(ctx, m, "addToAppeal", id, granted, func(h hearing) ([]domain.Event, error) {
		return c.state(ctx, h, appeal.Appellant, statement, evidence)
	})
}

// AnswerAppeal puts what those who made the finding say and show before the
// panel.
func (c *Commands) AnswerAppeal(ctx context.Context, m Meta, id, statement string, evidence []string) (Receipt, error) {
	return c.onAppeal(ctx, m, "answerAppeal", id, assessors, func(h hearing) ([]domain.Event, error) {
		return c.state(ctx, h, appeal.Assessors, statement, evidence)
	})
}

func (c *Commands) state(ctx context.Context, h hearing, party appeal.Party, statement string, evidence []string) ([]domain.Event, error) {
	events, err := h.appeal.Add(h.by, appeal.EvidenceAdded{Party: party, Statement: statement, Evidence: evidence})
	if err != nil {
		return nil, err
	}
	return events, c.inStore(ctx, evidence...)
}

// EscalateAppeal takes the first panel's decision to a second one.
func (c *Commands) EscalateAppeal(ctx context.Context, m Meta, id, statement string) (Receipt, error) {
	return c.onAppeal(ctx, m, "escalateAppeal", id, granted, func(h hearing) ([]domain.Event, error) {
		decideBy, calendar, err := c.deadline(h.in, domain.DayOf(h.by.At), h.in.DecisionDays)
		if err != nil {
			return nil, err
		}
		events, err := h.appeal.Escalate(h.by, statement, decideBy, calendar)
		if err != nil {
			return nil, err
		}
		f := h.appeal.Filed
		return events, h.record.StillAtStake(f.Appeal, f.Target, f.Version)
	})
}

// ExtendAppeal moves the last day for the decision by working days from the
// one that is set, or from today where that has passed.
func (c *Commands) ExtendAppeal(ctx context.Context, m Meta, id string, days int, reason string) (Receipt, error) {
	return c.onAppeal(ctx, m, "extendAppeal", id, granted, func(h hearing) ([]domain.Event, error) {
		decideBy, _, err := c.deadline(h.in, max(h.appeal.DecideBy, domain.DayOf(h.by.At)), days)
		if err != nil {
			return nil, err
		}
		return h.appeal.Extend(h.by, decideBy, reason)
	})
}

// notUnderAppeal refuses to change an entry that a panel is to decide about, or
// has decided about without the record having it yet. An appeal that is filed at
// the very same moment may slip through: its decision then supersedes the change.
func (c *Commands) notUnderAppeal(ctx context.Context, round, subject, clause string, record *assessment.Assessment) error {
	for n := 1; n <= maxFilings; n++ {
		id := appeal.ID(round, subject, assessment.Target{Clause: clause}, n)
		a := appeal.New()
		if err := eventstore.NewFollower(c.config.Log, c.config.Codec, AppealStream(id), a).Look(ctx, func(*appeal.Appeal) error { return nil }); err != nil {
			return err
		}
		if a.Status == appeal.NotFiled {
			return nil
		}
		if err := a.Settled(record); err != nil {
			return err
		}
	}
	return nil
}
