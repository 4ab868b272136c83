package command

import (
	"context"
	"errors"
	"fmt"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/rights"
)

// SealedRecused is what the account of a member who is recused is called in the
// metadata.
const SealedRecused = "member"

// SealedMember is where the account of a panel's member, by place from 0, stands
// in the metadata of PanelNamed.
func SealedMember(place int) string { return fmt.Sprintf("members.%d", place) }

// NamePanel names the reviewers who hear an appeal, an odd number of accounts.
func (c *Commands) NamePanel(ctx context.Context, m Meta, id string, accounts []string) (Receipt, error) {
	sealed := make(map[string]string, len(accounts))
	for i, account := range accounts {
		if account == "" || len(account) > maxActor {
			return Receipt{}, fmt.Errorf("account %.60q: an account of at most %d bytes is needed: %w", account, maxActor, domain.ErrInvalid)
		}
		sealed[SealedMember(i)] = account
	}
	return c.onAppealSealing(ctx, m, "namePanel", id, granted, sealed, func(h hearing) ([]domain.Event, error) {
		members := make([]string, len(accounts))
		for i, account := range accounts {
			if err := c.fitForPanel(ctx, account, h.appeal.Filed); err != nil {
				return nil, err
			}
			members[i] = c.Pseudonym(h.stream, account)
		}
		return h.appeal.NamePanel(h.by, members, h.record.Parts())
	})
}

// fitForPanel wants a reviewer who is not of the subject, nor of its district.
func (c *Commands) fitForPanel(ctx context.Context, account string, f appeal.Filed) error {
	who, err := c.config.Actors.Actor(ctx, account)
	switch {
	case err != nil:
		return err
	case !who.Has(rights.Reviewer):
		return fmt.Errorf("account %s is no reviewer: %w", account, domain.ErrPanel)
	case rights.Belongs(who, f.Subject), rights.Belongs(who, f.District):
		return fmt.Errorf("account %s is of %s or its district: %w", account, f.Subject, domain.ErrFourEyes)
	}
	return nil
}

// RecuseReviewer takes a member off an appeal's panel; onRequest says that a
// party asked for it.
func (c *Commands) RecuseReviewer(ctx context.Context, m Meta, id, account, reason string, onRequest bool) (Receipt, error) {
	return c.recuse(ctx, m, "recuseReviewer", id, granted, account, reason, onRequest)
}

// RecuseFromPanel takes the actor off an appeal's panel.
func (c *Commands) RecuseFromPanel(ctx context.Context, m Meta, id, reason string) (Receipt, error) {
	return c.recuse(ctx, m, "recuseFromPanel", id, panelists, m.Actor, reason, false)
}

func (c *Commands) recuse(ctx context.Context, m Meta, name rights.Command, id string, of circle, account, reason string, onRequest bool) (Receipt, error) {
	if account == "" || len(account) > maxActor {
		return Receipt{}, fmt.Errorf("account %.60q: an account of at most %d bytes is needed: %w", account, maxActor, domain.ErrInvalid)
	}
	return c.onAppealSealing(ctx, m, name, id, of, map[string]string{SealedRecused: account}, func(h hearing) ([]domain.Event, error) {
		return h.appeal.Recuse(h.by, c.Pseudonym(h.stream, account), reason, onRequest)
	})
}

// CastVote is a panel member's vote on how much of what was lost to restore.
func (c *Commands) CastVote(ctx context.Context, m Meta, id string, restored domain.Points, reason string) (Receipt, error) {
	return c.onAppeal(ctx, m, "castVote", id, panelists, func(h hearing) ([]domain.Event, error) {
		// Somebody may have got a part in the record after the panel was named.
		return h.appeal.Vote(h.by, restored, reason, h.record.Parts(), items(h.in.std))
	})
}

// DecideAppeal puts the panel's decision on record once all have voted, written
// by one of its members.
func (c *Commands) DecideAppeal(ctx context.Context, m Meta, id, reasons string) (Receipt, error) {
	return c.onAppeal(ctx, m, "decideAppeal", id, panelists, func(h hearing) ([]domain.Event, error) {
		escalateBy, _, err := c.deadline(h.in, domain.DayOf(h.by.At), h.in.AppealDays)
		if err != nil {
			return nil, err
		}
		return h.appeal.Decide(h.by, reasons, escalateBy, h.record.Parts(), items(h.in.std))
	})
}

// items finds a standard's deduction item by its points.
func items(std *domain.Standard) appeal.Items {
	return func(p domain.Points) (string, bool) {
		for _, item := range std.Deductions.Items {
			if item.Points == p {
				return item.Code, true
			}
		}
		return "", false
	}
}

// deadline counts working days by the round's calendar, which must be the one
// that this program has: another version may have other days.
func (c *Commands) deadline(in inRound, from string, days int) (last, hash string, err error) {
	if in.calendar == "" {
		return "", "", fmt.Errorf("round %s: %w", in.Round, domain.ErrNoCalendar)
	}
	found, err := c.config.Calendars(in.calendar)
	if err != nil {
		return "", "", err
	}
	if found.Hash != in.calendarHash {
		return "", "", fmt.Errorf("round %s counts by calendar %s with hash %.12s…, this program has %.12s…; pin the one it has: %w",
			in.Round, in.calendar, in.calendarHash, found.Hash, domain.ErrNoCalendar)
	}
	last, err = found.After(from, days)
	return last, found.Hash, err
}

// Expire flags an appeal whose last day has passed, in the system's name. It
// is safe to ask for it again, and from several servers.
func (c *Commands) Expire(ctx context.Context, id, decideBy string) (Receipt, error) {
	filed, err := c.filed(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	cmd := c.reaction(AppealStream(id), AssessmentStream(filed.Round, filed.Subject), derived(AppealStream(id), "expired", decideBy), "")
	result, err := executeReaction(ctx, c, cmd, appeal.New, func(a *appeal.Appeal) ([]domain.Event, error) {
		if a.DecideBy != decideBy {
			return nil, nil // it was extended meanwhile
		}
		return a.Expire(cmd.by)
	})
	if errors.Is(err, domain.ErrUnknownAppeal) {
		return Receipt{}, nil
	}
	return receipt(cmd.Stream, result, err)
}
