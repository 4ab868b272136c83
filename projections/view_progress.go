package projections

import (
	"fmt"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// ProgressView is how far a round has come. Equal values mean that nothing
// that it shows has changed.
type ProgressView struct {
	Round              string
	Closed             bool
	Centers, Districts Tally
}

// Tally counts the subjects of one kind by the status of their records.
type Tally struct {
	All                                    int // registered
	NotOpened, InWork, Submitted, Approved int
	Complete                               int // every clause has a finding
	// Decided counts the clauses with a finding, of Clauses for all subjects. A
	// center's include the one that judges its district.
	Decided, Clauses int
}

// Progress counts a round's records, or is ErrNotFound.
func (v *View) Progress(id string) (ProgressView, error) {
	r, err := v.Round(id)
	if err != nil {
		return ProgressView{}, err
	}
	adopted, err := v.criteria(r.Standard)
	if err != nil {
		return ProgressView{}, err
	}
	clauses := adopted.Standard.Clauses()
	ofDistrict := 0
	for _, c := range clauses {
		if c.Indicator().Subject == domain.District {
			ofDistrict++
		}
	}
	out := ProgressView{Round: id, Closed: r.Closed}
	if err := v.tally(&out.Centers, len(clauses), `SELECT count(*) FROM centers`,
		`SELECT a.status, count(*), coalesce(sum(s.complete), 0), coalesce(sum(s.decided), 0) FROM assessments a
		LEFT JOIN standings s ON s.round = a.round AND s.release = 0 AND s.center = a.subject
		WHERE a.round = ? AND a.kind = ? GROUP BY a.status`, id, string(domain.Center)); err != nil {
		return out, err
	}
	err = v.tally(&out.Districts, ofDistrict, `SELECT count(*) FROM districts`,
		`SELECT status, count(*), sum(decided = ?), sum(decided) FROM (
			SELECT a.status, (SELECT count(*) FROM entries e WHERE e.assessment = a.id AND e.replaced = 0) AS decided
			FROM assessments a WHERE a.round = ? AND a.kind = ?) GROUP BY status`, ofDistrict, id, string(domain.District))
	return out, err
}

// tally counts with two queries: how many are registered, and by status.
func (v *View) tally(t *Tally, clauses int, all, byStatus string, args ...any) error {
	var err error
	if t.All, err = count(v.conn, all); err != nil {
		return err
	}
	t.NotOpened, t.Clauses = t.All, t.All*clauses
	return query(v.conn, byStatus, func(s *sqlite.Stmt) error {
		n := s.ColumnInt(1)
		switch status := assessment.Status(s.ColumnText(0)); status {
		case assessment.InWork:
			t.InWork = n
		case assessment.InReview:
			t.Submitted = n
		case assessment.SignedOff:
			t.Approved = n
		default:
			return fmt.Errorf("progress: status %q: %w", status, domain.ErrInvalid)
		}
		t.NotOpened -= n
		t.Complete += s.ColumnInt(2)
		t.Decided += s.ColumnInt(3)
		return nil
	}, args...)
}

// Stamp identifies the state of what an assessment shows: equal stamps mean
// that no event has touched it. The zero value means that there is none yet.
type Stamp struct {
	Opened bool
	// Revision is the record's, District that of its district's record, or -1
	// while there is none: the district's finding counts for its centers.
	Revision, District int64
	// Appeals is the Seq of the newest event that moved an appeal against either, 0
	// while there is none: what is under appeal shows.
	Appeals int64
}

// AssessmentStamp is far cheaper than the assessment.
func (v *View) AssessmentStamp(round, subject string) (Stamp, error) {
	var stamp Stamp
	err := query(v.conn, `SELECT a.revision, coalesce(d.revision, -1),
			(SELECT coalesce(max(s.seq), 0) FROM appeals p JOIN appeal_steps s ON s.appeal = p.number
				WHERE p.subject IN (a.subject, a.district) AND p.round = a.round)
		FROM assessments a
		LEFT JOIN assessments d ON d.round = a.round AND d.subject = a.district
		WHERE a.round = ? AND a.subject = ?`, func(s *sqlite.Stmt) error {
		stamp = Stamp{Opened: true, Revision: s.ColumnInt64(0), District: s.ColumnInt64(1), Appeals: s.ColumnInt64(2)}
		return nil
	}, round, subject)
	return stamp, err
}
