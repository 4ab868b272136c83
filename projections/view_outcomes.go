package projections

import (
	"strings"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// Notices lists what a subject was told of its result, oldest first.
func (v *View) Notices(round, subject string) ([]NoticeView, error) {
	row, err := v.assessmentRow(round, subject)
	if err != nil {
		return nil, err
	}
	return v.notices(row.id, Latest)
}

func (v *View) notices(id, asOf int64) (out []NoticeView, err error) {
	err = query(v.conn, `SELECT number, appeal_by, days, calendar, by, at, seq FROM notices
		WHERE assessment = ? AND seq <= ? ORDER BY number`, func(s *sqlite.Stmt) error {
		out = append(out, NoticeView{Seq: s.ColumnInt64(6), ResultNotified: assessment.ResultNotified{
			Stamp: stamp(s, 4), Notice: s.ColumnInt(0), AppealBy: s.ColumnText(1), Days: s.ColumnInt(2), Calendar: s.ColumnText(3),
		}})
		return nil
	}, id, asOf)
	return out, err
}

// Replies lists a center's replies to its result, oldest first.
func (v *View) Replies(round, subject string) ([]ReplyView, error) {
	row, err := v.assessmentRow(round, subject)
	if err != nil {
		return nil, err
	}
	return v.replies(row.id, Latest)
}

func (v *View) replies(id, asOf int64) (out []ReplyView, err error) {
	if err := query(v.conn, `SELECT number, digest, text, salt, by, at, seq FROM replies
		WHERE assessment = ? AND seq <= ? ORDER BY number`, func(s *sqlite.Stmt) error {
		out = append(out, ReplyView{
			Seq: s.ColumnInt64(6), Text: s.ColumnText(2), Salt: s.ColumnText(3),
			ReplyFiled: assessment.ReplyFiled{Stamp: stamp(s, 4), Reply: s.ColumnInt(0), Digest: s.ColumnText(1)},
		})
		return nil
	}, id, asOf); err != nil {
		return nil, err
	}
	err = query(v.conn, `SELECT number, text, reason, by, at, seq FROM redactions
		WHERE assessment = ? AND seq <= ? ORDER BY seq`, func(s *sqlite.Stmt) error {
		number := s.ColumnInt(0) // 1, 2, … without a gap, as the fold saw to
		out[number-1].Redacted = &RedactionView{Seq: s.ColumnInt64(5), ReplyRedacted: assessment.ReplyRedacted{
			Stamp: stamp(s, 3), Reply: number, Text: s.ColumnText(1), Reason: s.ColumnText(2),
		}}
		return nil
	}, id, asOf)
	return out, err
}

// NotifiedAt is the seq of the newest notice of a result; not ok while the
// subject was told nothing.
func (v *View) NotifiedAt(round, subject string) (seq int64, ok bool, err error) {
	err = query(v.conn, `SELECT max(n.seq) FROM notices n JOIN assessments a ON a.id = n.assessment
		WHERE a.round = ? AND a.subject = ?`, func(s *sqlite.Stmt) error {
		seq = s.ColumnInt64(0)
		return nil
	}, round, subject)
	return seq, seq != 0, err
}

// StatusOf is where a record stands now; NotOpened where there is none.
func (v *View) StatusOf(round, subject string) (status assessment.Status, err error) {
	err = query(v.conn, "SELECT status FROM assessments WHERE round = ? AND subject = ?", func(s *sqlite.Stmt) error {
		status = assessment.Status(s.ColumnText(0))
		return nil
	}, round, subject)
	return status, err
}

// HonorTwin is a claim of an honor that another center claims too.
type HonorTwin struct {
	Subject string
	HonorView
}

// HonorTwins lists other centers' claims of the same honor in a round, unless
// they were withdrawn or rejected. A joint award names its recipients in With.
func (v *View) HonorTwins(round, title, issuer, awardedOn, subject string) (twins []HonorTwin, err error) {
	err = query(v.conn, `SELECT a.subject, `+honorColumns+` FROM honors h JOIN assessments a ON a.id = h.assessment
		WHERE h.twin = ? AND a.round = ? AND a.subject <> ? AND h.state NOT IN (?, ?) ORDER BY h.seq`, func(s *sqlite.Stmt) error {
		twins = append(twins, HonorTwin{s.ColumnText(0), scanHonor(s, 1, Latest)})
		return nil
	}, HonorKey(title, issuer, awardedOn), round, subject, string(HonorWithdrawn), string(HonorRejected))
	return twins, err
}

const honorColumns = `h.number, h.title, h.level, h.issuer, h.awarded, h.document, h.by, h.at, h.decided, h.state, h.points, h.reason, h.joint`

func scanHonor(s *sqlite.Stmt, from int, asOf int64) HonorView {
	h := HonorView{State: HonorPending, HonorClaimed: assessment.HonorClaimed{
		Stamp: stamp(s, from+6), Honor: s.ColumnInt(from), Title: s.ColumnText(from + 1), Level: assessment.HonorLevel(s.ColumnText(from + 2)),
		Issuer: s.ColumnText(from + 3), AwardedOn: s.ColumnText(from + 4), Document: s.ColumnText(from + 5),
		With: strings.Fields(s.ColumnText(from + 12)),
	}}
	if decided := s.ColumnInt64(from + 8); decided != 0 && decided <= asOf {
		h.State, h.Points, h.Reason = HonorState(s.ColumnText(from+9)), domain.Points(s.ColumnInt64(from+10)), s.ColumnText(from+11)
	}
	return h
}

func (v *View) honors(id, asOf int64) ([]HonorView, error) {
	var out []HonorView
	err := query(v.conn, "SELECT "+honorColumns+" FROM honors h WHERE h.assessment = ? AND h.seq <= ? ORDER BY h.number", func(s *sqlite.Stmt) error {
		out = append(out, scanHonor(s, 0, asOf))
		return nil
	}, id, asOf)
	return out, err
}

// Deliberations lists what was deliberated of a round, oldest first.
func (v *View) Deliberations(round string) (out []DeliberationView, err error) {
	err = query(v.conn, "SELECT seq, log_size, minutes, release, by, at FROM deliberations WHERE round = ? ORDER BY seq", func(s *sqlite.Stmt) error {
		d := DeliberationView{Seq: s.ColumnInt64(0), Release: s.ColumnInt(3)}
		d.Stamp, d.LogSize, d.Minutes = stamp(s, 4), s.ColumnInt64(1), s.ColumnText(2)
		out = append(out, d)
		return nil
	}, round)
	return out, err
}
