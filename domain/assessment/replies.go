package assessment

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"mingjian/domain"
)

// maxReplies bounds the replies of one record.
const maxReplies = 20

// Reply is a center's reply and what was kept from the public of it.
type Reply struct {
	ReplyFiled
	Redacted *ReplyRedacted // the newest
}

// ReplyDigest commits to a reply's text: the SHA-256 of the salt, as it is
// written, followed by the text.
func ReplyDigest(salt, text string) string {
	sum := sha256.Sum256([]byte(salt + text))
	return hex.EncodeToString(sum[:])
}

// FileReply puts a center's public reply to its notified result on record. The
// text itself goes into the metadata.
func (a *Assessment) FileReply(by domain.Stamp, salt, text string) ([]domain.Event, error) {
	if err := a.opened(); err != nil {
		return nil, err
	}
	if err := a.barred(by.By); err != nil {
		return nil, err
	}
	if _, err := a.Notified(); err != nil {
		return nil, err
	}
	if a.Opened.Kind != domain.Center {
		return nil, fmt.Errorf("%s is a %s, replies are of centers: %w", a.Opened.Subject, a.Opened.Kind, domain.ErrWrongSubject)
	}
	if blank(text) {
		return nil, fmt.Errorf("a reply needs a text: %w", domain.ErrInvalid)
	}
	if err := errors.Join(checkText("text", text), checkHash("salt", salt)); err != nil {
		return nil, err
	}
	if len(a.Replies) == maxReplies {
		return nil, fmt.Errorf("%s has %d replies, no more are taken: %w", a.Opened.Subject, maxReplies, domain.ErrInvalid)
	}
	return []domain.Event{&ReplyFiled{Stamp: by, Reply: len(a.Replies) + 1, Digest: ReplyDigest(salt, text)}}, nil
}

// RedactReply keeps passages of a reply from the public, with the reason shown
// in their place. The text as it was filed stays in the trail.
func (a *Assessment) RedactReply(by domain.Stamp, number int, text, reason string) ([]domain.Event, error) {
	if err := a.opened(); err != nil {
		return nil, err
	}
	if err := a.barred(by.By); err != nil {
		return nil, err
	}
	if number < 1 || number > len(a.Replies) {
		return nil, fmt.Errorf("reply %d of %d: %w", number, len(a.Replies), domain.ErrUnknownItem)
	}
	if blank(reason) {
		return nil, fmt.Errorf("redacting reply %d: %w", number, domain.ErrReasonMissing)
	}
	if err := errors.Join(checkText("text", text), checkText("reason", reason)); err != nil {
		return nil, err
	}
	return []domain.Event{&ReplyRedacted{Stamp: by, Reply: number, Text: text, Reason: reason}}, nil
}

func (a *Assessment) replied(e *ReplyFiled) error {
	if _, err := a.Notified(); err != nil {
		return err
	}
	if e.Reply != len(a.Replies)+1 {
		return fmt.Errorf("reply %d follows %d: %w", e.Reply, len(a.Replies), domain.ErrUnknownItem)
	}
	a.Replies = append(a.Replies, Reply{ReplyFiled: *e})
	return nil
}

func (a *Assessment) redacted(e *ReplyRedacted) error {
	if e.Reply < 1 || e.Reply > len(a.Replies) {
		return fmt.Errorf("reply %d of %d: %w", e.Reply, len(a.Replies), domain.ErrUnknownItem)
	}
	a.Replies[e.Reply-1].Redacted = e
	return nil
}
