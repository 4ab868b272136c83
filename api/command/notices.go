package command

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
	"mingjian/domain/rights"
	"mingjian/domain/round"
)

// NotifyResult tells a subject its approved result. From then on it can be
// appealed against, for the round's working days.
func (c *Commands) NotifyResult(ctx context.Context, m Meta, id, subject string) (Receipt, error) {
	in, err := c.round(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	return c.onAssessment(ctx, m, "notifyResult", id, subject, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		last, hash, err := c.deadline(in, domain.DayOf(by.At), in.AppealDays)
		if err != nil {
			return nil, err
		}
		return a.Notify(by, assessment.ResultNotified{AppealBy: last, Days: in.AppealDays, Calendar: hash})
	})
}

// Notified is what came of notifying many subjects.
type Notified struct {
	// Last is the receipt of the newest notice; Notified has the subjects that
	// were notified now, or by the same command before.
	Last     Receipt
	Notified []string
	// Known were notified of their present result before, Waiting have none that
	// is approved.
	Known, Waiting []string
}

// NotifyResults tells its result to each center and district of a round, or of
// one district, whose record is approved. Each notice has a command id that
// derives from m.ID: cut short, it is finished by sending the same again.
func (c *Commands) NotifyResults(ctx context.Context, m Meta, id, district string) (Notified, error) {
	var out Notified
	base, err := uuid.Parse(m.ID)
	if err != nil {
		return out, fmt.Errorf("command id %.60q is not a UUID: %w", m.ID, domain.ErrInvalid)
	}
	actor, err := c.config.Actors.Actor(ctx, m.Actor)
	if err == nil {
		err = rights.Allow(actor, "notifyResults", "")
	}
	if err != nil {
		return out, err
	}
	var subjects []string
	if err := c.registry.Look(ctx, func(r *registry.Registry) error {
		subjects, err = r.Subjects(district)
		return err
	}); err != nil {
		return out, err
	}
	m.Expected = nil // it would be one subject's
	for _, subject := range subjects {
		m.ID = uuid.NewSHA1(base, []byte(subject)).String()
		receipt, err := c.NotifyResult(ctx, m, id, subject)
		switch {
		case err == nil:
			out.Notified = append(out.Notified, subject)
			if receipt.Position > out.Last.Position {
				out.Last = receipt
			}
		case errors.Is(err, domain.ErrExists):
			out.Known = append(out.Known, subject)
		case errors.Is(err, domain.ErrNotApproved), errors.Is(err, domain.ErrNotOpened), errors.Is(err, domain.ErrRecused), errors.Is(err, domain.ErrFourEyes):
			out.Waiting = append(out.Waiting, subject)
		default:
			return out, err
		}
	}
	return out, nil
}

// Names of what is sealed of a reply in the metadata.
const (
	SealedText = "text"
	SealedSalt = "salt"
)

// FileReply puts a center's public reply to its result on record.
func (c *Commands) FileReply(ctx context.Context, m Meta, id, subject, text string) (Receipt, error) {
	stream := AssessmentStream(id, subject)
	cmd, err := c.prepare(ctx, m, "fileReply", subject, stream)
	if err != nil {
		return Receipt{}, err
	}
	// The salt follows from the command, so that the same command sent again
	// makes the same event; whoever lacks the key cannot guess texts by it.
	mac := hmac.New(sha256.New, c.config.PseudonymKey)
	fmt.Fprintf(mac, "reply salt\x00%s\x00%s", stream, cmd.Metadata.CommandID)
	salt := hex.EncodeToString(mac.Sum(nil))
	cmd.Metadata.Sealed = map[string]string{SealedText: text, SealedSalt: salt}
	return c.decide(ctx, cmd, id, subject, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		return a.FileReply(by, salt, text)
	})
}

// RedactReply keeps passages of a reply from the public; what was filed stays
// in the trail.
func (c *Commands) RedactReply(ctx context.Context, m Meta, id, subject string, number int, text, reason string) (Receipt, error) {
	return c.onAssessment(ctx, m, "redactReply", id, subject, func(a *assessment.Assessment, by domain.Stamp, _ *round.Opened) ([]domain.Event, error) {
		return a.RedactReply(by, number, text, reason)
	})
}
