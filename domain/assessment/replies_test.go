package assessment_test

import (
	"strings"
	"testing"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

func reply(who, salt, text string) decision {
	return func(a *assessment.Assessment) ([]domain.Event, error) { return a.FileReply(by(who), salt, text) }
}

func redact(who string, number int, text, reason string) decision {
	return func(a *assessment.Assessment) ([]domain.Event, error) {
		return a.RedactReply(by(who), number, text, reason)
	}
}

func TestFileReply(t *testing.T) {
	district := append(openDistrict(recorded("7.3", found(domain.Awarded, 250, ""))), submitted, approved, notified(1))
	longest := strings.Repeat("长", 4000)
	many := told()
	for i := range 20 {
		many = append(many, replied(i+1, "已整改"))
	}
	run(t, []scenario{
		{name: "to its result", given: told(), when: reply("center", salt, "已整改"), then: events(replied(1, "已整改"))},
		{name: "again", given: told(replied(1, "已整改")), when: reply("center", salt, "已全部整改"), then: events(replied(2, "已全部整改"))},
		{name: "while the record is changed again", given: told(imposed(1, "8.1")), when: reply("center", salt, "已整改"), then: events(replied(1, "已整改"))},
		{name: "of the greatest length", given: told(), when: reply("center", salt, longest), then: events(replied(1, longest))},
		{name: "before the notice", given: signedOff(), when: reply("center", salt, "x"), refused: domain.ErrNotNotified, says: "310101002: the result was not notified"},
		{name: "before opening", when: reply("center", salt, "x"), refused: domain.ErrNotOpened, says: "assessment: not opened"},
		{name: "of a district", given: district, when: reply("center", salt, "x"), refused: domain.ErrWrongSubject, says: "310101 is a district, replies are of centers"},
		{name: "without a text", given: told(), when: reply("center", salt, "\n"), refused: domain.ErrInvalid, says: "a reply needs a text"},
		{name: "too long", given: told(), when: reply("center", salt, longest+"长"), refused: domain.ErrInvalid, says: "text has 4001 characters"},
		{name: "not UTF-8", given: told(), when: reply("center", salt, "\xff"), refused: domain.ErrInvalid, says: "text is not valid UTF-8"},
		{name: "without a salt", given: told(), when: reply("center", "", "x"), refused: domain.ErrInvalid, says: `salt "" is not`},
		{name: "a 21st", given: many, when: reply("center", salt, "x"), refused: domain.ErrInvalid, says: "310101002 has 20 replies, no more are taken"},
		{name: "rule 3, by who was recused", given: told(recused("center")), when: reply("center", salt, "x"), refused: domain.ErrRecused, says: "310101002: recused"},
	})
}

// The digest is what sha256sum makes of the salt followed by the text.
func TestReplyDigest(t *testing.T) {
	const want = "a518c94bbbd96afd1b714d1425a893396041b89797073baed079c2cec4e88751"
	if got := assessment.ReplyDigest(salt, "已整改"); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

func TestRedactReply(t *testing.T) {
	one := told(replied(1, "张三已整改"))
	run(t, []scenario{
		{name: "a passage", given: one, when: redact("organizer", 1, "已整改", "含个人信息"), then: events(redacted(1, "已整改"))},
		{name: "the whole", given: one, when: redact("organizer", 1, "", "含个人信息"), then: events(redacted(1, ""))},
		{name: "again", given: told(replied(1, "张三已整改"), redacted(1, "")), when: redact("organizer", 1, "已整改", "含个人信息"), then: events(redacted(1, "已整改"))},
		{name: "an earlier one", given: told(replied(1, "a"), replied(2, "b")), when: redact("organizer", 1, "", "含个人信息"), then: events(redacted(1, ""))},
		{name: "before opening", when: redact("organizer", 1, "", "x"), refused: domain.ErrNotOpened, says: "assessment: not opened"},
		{name: "none filed", given: told(), when: redact("organizer", 1, "", "x"), refused: domain.ErrUnknownItem, says: "reply 1 of 0"},
		{name: "reply 0", given: one, when: redact("organizer", 0, "", "x"), refused: domain.ErrUnknownItem, says: "reply 0 of 1"},
		{name: "without a reason", given: one, when: redact("organizer", 1, "", " "), refused: domain.ErrReasonMissing, says: "redacting reply 1"},
		{name: "a text too long", given: one, when: redact("organizer", 1, strings.Repeat("长", 4001), "x"), refused: domain.ErrInvalid, says: "text has 4001 characters"},
		{name: "a reason that is not UTF-8", given: one, when: redact("organizer", 1, "", "\xff"), refused: domain.ErrInvalid, says: "reason is not valid UTF-8"},
		{name: "rule 3, by who was recused", given: told(replied(1, "a"), recused("organizer")), when: redact("organizer", 1, "", "x"), refused: domain.ErrRecused, says: "310101002: recused"},
	})
}

// Each reply keeps the digest of its own words and the newest redaction.
func TestFoldKeepsReplies(t *testing.T) {
	a := fold(t, newStandard(t), told(replied(1, "a"), redacted(1, "第一稿"), replied(2, "b"), redacted(1, "")))
	if len(a.Replies) != 2 || a.Replies[0].Digest != replied(1, "a").Digest || a.Replies[0].Redacted == nil || a.Replies[0].Redacted.Text != "" || a.Replies[1].Redacted != nil {
		t.Errorf("replies %+v", a.Replies)
	}
	if a.Status != assessment.SignedOff {
		t.Errorf("a reply leaves the record %q", a.Status)
	}
}
