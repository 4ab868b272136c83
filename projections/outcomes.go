package projections

import (
	"fmt"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
)

// sealedText and sealedSalt are what a reply and its salt are called in the
// metadata.
const (
	sealedText = "text"
	sealedSalt = "salt"
)

// outcome keeps what an event says of a result that was approved: its notice,
// what appeals made of it, and the replies to it.
func (p *projector) outcome(seq int64, s *subject, event domain.Event, m eventstore.Metadata) error {
	conn := p.db.writer
	switch e := event.(type) {
	case *assessment.ResultNotified:
		return exec(conn, "INSERT INTO notices (assessment, number, seq, appeal_by, days, calendar, by, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			s.id, e.Notice, seq, e.AppealBy, e.Days, e.Calendar, e.By, e.At.UnixMilli())
	case *assessment.ScoreCorrected:
		return p.scoreCorrected(seq, s, e)
	case *assessment.DeductionCorrected:
		return exec(conn, `INSERT INTO deduction_corrections (assessment, number, seq, appeal, panel, item, why, by, at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.id, e.Deduction, seq, e.Appeal, e.Panel, e.Item, e.Why, e.By, e.At.UnixMilli())
	case *assessment.ReplyFiled:
		return exec(conn, "INSERT INTO replies (assessment, number, seq, digest, text, salt, by, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			s.id, e.Reply, seq, e.Digest, m.Sealed[sealedText], m.Sealed[sealedSalt], e.By, e.At.UnixMilli())
	case *assessment.ReplyRedacted:
		return exec(conn, "INSERT INTO redactions (assessment, number, seq, text, reason, by, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
			s.id, e.Reply, seq, e.Text, e.Reason, e.By, e.At.UnixMilli())
	}
	return unknown(event)
}

// scoreCorrected makes the next version of an entry, which keeps of the one
// before what the decision does not speak of: how and when it was seen, why
// points were lost, and the evidence.
func (p *projector) scoreCorrected(seq int64, s *subject, e *assessment.ScoreCorrected) error {
	clause, ok := s.round.std.Clause(e.Clause)
	if !ok {
		return fmt.Errorf("%s: %w", e.Clause, domain.ErrUnknownClause)
	}
	if err := p.supersede(seq, s, clause, e.Supersedes); err != nil {
		return err
	}
	return exec(p.db.writer, `INSERT INTO entries
		(assessment, clause, version, seq, outcome, points, method, observed, reason, evidence, why, detail, by, at, appeal)
		SELECT assessment, clause, version + 1, ?, ?, ?, method, observed, reason, evidence, ?, detail, ?, ?, ?
		FROM entries WHERE assessment = ? AND clause = ? AND version = ?`,
		seq, string(e.Outcome), int64(e.Points), e.Why, e.By, e.At.UnixMilli(), e.Appeal, s.id, clause.Index(), e.Supersedes)
}

// supersede ends the standing of an entry's version.
func (p *projector) supersede(seq int64, s *subject, clause *domain.Clause, version int) error {
	return exec(p.db.writer, "UPDATE entries SET replaced = ? WHERE assessment = ? AND clause = ? AND version = ?",
		seq, s.id, clause.Index(), version)
}

// HonorKey is equal for claims of the same honor: issuer, title and day, however
// their letters were typed (full width or half, capitals or not, with blanks
// around them).
func HonorKey(title, issuer, awardedOn string) string {
	return typed(issuer) + "\x1f" + typed(title) + "\x1f" + awardedOn
}

func typed(text string) string {
	// Folding can undo the form, as of the ligature in "ﬀ" or of "ᾳ".
	folded := cases.Fold().String(norm.NFKC.String(text))
	return strings.TrimSpace(norm.NFKC.String(folded))
}
