package projections

import (
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

// roundState is what the projector keeps of a round in memory.
type roundState struct {
	id       string
	std      *domain.Standard
	subjects map[string]*subject // by center or district code
	dirty    map[string]*subject
	// districts holds the standings as they are in the database.
	districts map[string]placed
}

// placed is a district's standing with its place in the list.
type placed struct {
	domain.DistrictStanding
	place int
}

// subject is an assessment in memory. Its record is read when first needed.
type subject struct {
	id       int64
	code     string
	kind     domain.SubjectKind
	district string
	round    *roundState
	record   *assessment.Record
	status   assessment.Status
	revision int64

	// What the database says of it, its score and its standing.
	stored     storedRow
	standing   standingRow
	indicators []scoreRow
	sections   []scoreRow
}

type storedRow struct {
	revision int64
	status   assessment.Status
}

type standingRow struct {
	known                   bool
	status                  assessment.Status
	complete                bool
	decided                 int
	total, gross, deduction domain.Points
	cityRank, districtRank  int
}

type scoreRow struct {
	known   bool
	score   domain.Points
	decided bool
}

func (r *roundState) touch(s *subject) {
	r.dirty[s.code] = s
	if s.kind != domain.District {
		return
	}
	// A finding on the district moves each of its centers.
	for _, other := range r.subjects {
		if other.kind == domain.Center && other.district == s.code {
			r.dirty[other.code] = other
		}
	}
}

// reload drops memory and reads back what the database has.
func (p *projector) reload() error {
	p.stale = true // until all of it is read: half a memory would rank wrongly
	p.rounds = make(map[string]*roundState)
	p.subjects = make(map[string]*subject)
	p.streams = make(map[string]int64)
	p.actors = make(map[string]int64)
	p.appeals = make(map[string]*appealState)
	conn := p.db.writer
	var err error
	if p.head, err = readHead(conn); err != nil {
		return err
	}
	for table, into := range map[string]map[string]int64{"streams": p.streams, "actors": p.actors} {
		if err := query(conn, "SELECT id, name FROM "+table, func(s *sqlite.Stmt) error {
			into[s.ColumnText(1)] = s.ColumnInt64(0)
			return nil
		}); err != nil {
			return err
		}
	}
	if err := query(conn, "SELECT id, standard, standard_hash FROM rounds", func(s *sqlite.Stmt) error {
		_, err := p.addRound(s.ColumnText(0), s.ColumnText(1), s.ColumnText(2))
		return err
	}); err != nil {
		return err
	}
	if err := query(conn, "SELECT id, stream, round, subject, kind, district, status, revision FROM assessments", func(s *sqlite.Stmt) error {
		stored := storedRow{s.ColumnInt64(7), assessment.Status(s.ColumnText(6))}
		p.addSubject(s.ColumnText(1), &subject{
			id: s.ColumnInt64(0), round: p.rounds[s.ColumnText(2)], code: s.ColumnText(3),
			kind: domain.SubjectKind(s.ColumnText(4)), district: s.ColumnText(5),
			status: stored.status, revision: stored.revision, stored: stored,
		})
		return nil
	}); err != nil {
		return err
	}
	if err := errors.Join(p.reloadStandings(), p.reloadAppeals(), p.reloadTimes()); err != nil {
		return err
	}
	p.stale = false
	return nil
}

func (p *projector) reloadStandings() error {
	conn := p.db.writer
	err := query(conn, `SELECT round, center, status, complete, decided, total, gross, deduction, city_rank, district_rank
		FROM standings WHERE release = 0`, func(s *sqlite.Stmt) error {
		sub := p.rounds[s.ColumnText(0)].subjects[s.ColumnText(1)]
		sub.standing = standingRow{
			known: true, status: assessment.Status(s.ColumnText(2)), complete: s.ColumnBool(3), decided: s.ColumnInt(4),
			total: points(s, 5), gross: points(s, 6), deduction: points(s, 7), cityRank: s.ColumnInt(8), districtRank: s.ColumnInt(9),
		}
		return nil
	})
	if err != nil {
		return err
	}
	return query(conn, districtStandingColumns+" WHERE d.release = 0", func(s *sqlite.Stmt) error {
		d := scanDistrictStanding(s)
		p.rounds[s.ColumnText(0)].districts[d.District] = placed{d.DistrictStanding, s.ColumnInt(12)}
		return nil
	})
}

func points(s *sqlite.Stmt, column int) domain.Points { return domain.Points(s.ColumnInt64(column)) }

func (p *projector) addRound(id, standard, hash string) (*roundState, error) {
	adopted, err := p.criteria(standard)
	if err != nil {
		return nil, fmt.Errorf("round %s: %w", id, err)
	}
	if adopted.Hash != hash {
		return nil, fmt.Errorf("round %s adopted standard %s with hash %s, this program has %s: %w",
			id, standard, hash, adopted.Hash, domain.ErrUnknownStandard)
	}
	r := &roundState{
		id: id, std: adopted.Standard, subjects: make(map[string]*subject),
		dirty: make(map[string]*subject), districts: make(map[string]placed),
	}
	p.rounds[id] = r
	return r, nil
}

func (p *projector) addSubject(stream string, s *subject) {
	s.indicators = make([]scoreRow, len(s.round.std.Indicators()))
	s.sections = make([]scoreRow, len(s.round.std.Sections))
	s.round.subjects[s.code] = s
	p.subjects[stream] = s
}

// recordOf gives the subject's fold, read from the tables when it is not in
// memory.
func (p *projector) recordOf(s *subject) (*assessment.Record, error) {
	if s.record != nil {
		return s.record, nil
	}
	record, err := readRecord(p.db.writer, s.round.std, s.id, Latest)
	if err != nil {
		return nil, err
	}
	record.Status = s.status
	s.record = record
	return record, nil
}
