package projections

import (
	"errors"
	"iter"
	"time"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/round"
	"mingjian/eventstore"
)

// RecordView is a record of a round without what is in it.
type RecordView struct {
	Subject  string
	Kind     domain.SubjectKind
	District string
	// Status is where it stands now, Then where it stood as of the seq that was
	// asked for.
	Status, Then assessment.Status
}

// Records lists the records of a round that were opened as of a seq or Latest,
// by subject.
func (v *View) Records(id string, asOf int64) (records []RecordView, err error) {
	err = query(v.conn, `SELECT a.subject, a.kind, a.district, a.status, s.status FROM assessments a
		JOIN statuses s ON s.assessment = a.id AND s.seq = (SELECT max(seq) FROM statuses WHERE assessment = a.id AND seq <= ?)
		WHERE a.round = ? ORDER BY a.subject`, func(s *sqlite.Stmt) error {
		records = append(records, RecordView{
			Subject: s.ColumnText(0), Kind: domain.SubjectKind(s.ColumnText(1)), District: s.ColumnText(2),
			Status: assessment.Status(s.ColumnText(3)), Then: assessment.Status(s.ColumnText(4)),
		})
		return nil
	}, asOf, id)
	return records, err
}

// EventQuery selects events of the trail up to a seq: those of a round with its
// records and appeals, of the records and appeals of a district, or of one
// subject; all of them without a round.
type EventQuery struct {
	Round, District, Subject string
	UpTo                     int64
}

// Events reads the trail in the log's order, one event at a time. A read that
// breaks off yields its error last.
func (v *View) Events(q EventQuery) iter.Seq2[TrailView, error] {
	sql, args := trailColumns+" WHERE t.seq <= ?", []any{q.UpTo}
	if q.Round != "" {
		sql += ` AND t.stream IN (SELECT n.id FROM streams n JOIN assessments r ON r.stream = n.name
			WHERE r.round = ? AND (? = '' OR r.district = ?) AND (? = '' OR r.subject = ?)
			UNION SELECT n.id FROM streams n JOIN appeals p ON p.stream = n.name
			WHERE p.round = ? AND (? = '' OR p.district = ?) AND (? = '' OR p.subject = ?)
			UNION SELECT id FROM streams WHERE name = ? AND ? = '')`
		args = append(args, q.Round, q.District, q.District, q.Subject, q.Subject,
			q.Round, q.District, q.District, q.Subject, q.Subject, round.StreamPrefix+q.Round, q.District+q.Subject)
	}
	return func(yield func(TrailView, error) bool) {
		err := query(v.conn, sql+" ORDER BY t.seq", func(s *sqlite.Stmt) error {
			if !yield(scanTrail(s), nil) {
				return errLeft
			}
			return nil
		}, args...)
		if err != nil && !errors.Is(err, errLeft) {
			yield(TrailView{}, err)
		}
	}
}

// errLeft ends a query whose reader has gone.
var errLeft = errors.New("the reader has gone")

// trailColumns and scanTrail read an event of the trail.
const trailColumns = `SELECT t.seq, t.position, s.name, t.revision, t.event_id, t.type, a.name, t.command, t.at
	FROM trail t JOIN streams s ON s.id = t.stream JOIN actors a ON a.id = t.actor`

func scanTrail(s *sqlite.Stmt) TrailView {
	return TrailView{
		Seq: s.ColumnInt64(0), Position: eventstore.Position(s.ColumnInt64(1)), Stream: s.ColumnText(2),
		Revision: uint64(s.ColumnInt64(3)), EventID: uuidText(blob(s, 4)), Type: s.ColumnText(5), Actor: s.ColumnText(6),
		CommandID: uuidText(blob(s, 7)), At: millis(s.ColumnInt64(8)),
	}
}

// At is when the event of a seq was recorded; the zero time for none.
func (v *View) At(seq int64) (at time.Time, err error) {
	err = query(v.conn, "SELECT at FROM trail WHERE seq = ?", func(s *sqlite.Stmt) error {
		at = millis(s.ColumnInt64(0))
		return nil
	}, seq)
	return at, err
}
