package projections

import (
	"zombiezen.com/go/sqlite"

	"mingjian/domain"
)

// settle scores what the page has touched and ranks the rounds that changed.
// It runs once a page, inside its transaction, and writes only what differs.
func (p *projector) settle() error {
	for _, r := range p.rounds {
		if len(r.dirty) == 0 {
			continue
		}
		moved := false
		for _, s := range r.dirty {
			if err := p.store(s); err != nil {
				return err
			}
			if s.kind != domain.Center {
				continue
			}
			changed, err := p.settleCenter(s)
			if err != nil {
				return err
			}
			moved = moved || changed
		}
		clear(r.dirty)
		if !moved {
			continue
		}
		if err := p.rank(r); err != nil {
			return err
		}
	}
	return nil
}

// store writes how far a subject has come, once a page.
func (p *projector) store(s *subject) error {
	now := storedRow{s.revision, s.status}
	if now == s.stored {
		return nil
	}
	s.stored = now
	return exec(p.db.writer, "UPDATE assessments SET revision = ?, status = ? WHERE id = ?", now.revision, string(now.status), s.id)
}

// settleCenter scores one center; it reports whether its standing changed.
func (p *projector) settleCenter(s *subject) (bool, error) {
	center, err := p.recordOf(s)
	if err != nil {
		return false, err
	}
	district := domain.Sheet{}
	if d, ok := s.round.subjects[s.district]; ok {
		record, err := p.recordOf(d)
		if err != nil {
			return false, err
		}
		district = record.Sheet
	}
	score := s.round.std.Score(center.Sheet, district)
	for i, indicator := range score.Indicators {
		if err := p.writeScore("indicator", s, i, &s.indicators[i], scoreRow{known: true, score: indicator.Score, decided: indicator.Decided}); err != nil {
			return false, err
		}
	}
	for i, section := range score.Sections {
		if err := p.writeScore("section", s, i, &s.sections[i], scoreRow{known: true, score: section.Score, decided: section.Decided}); err != nil {
			return false, err
		}
	}
	row := s.standing
	row.known, row.status = true, s.status
	row.score(score)
	if row == s.standing {
		return false, nil
	}
	s.standing = row
	return true, p.writeStanding(s.round.id, 0, s.code, s.district, &row)
}

var upsertScore = map[string]string{
	"indicator": "INSERT OR REPLACE INTO indicator_scores (assessment, indicator, score, decided) VALUES (?, ?, ?, ?)",
	"section":   "INSERT OR REPLACE INTO section_scores (assessment, section, score, decided) VALUES (?, ?, ?, ?)",
}

func (p *projector) writeScore(table string, s *subject, index int, old *scoreRow, row scoreRow) error {
	if *old == row {
		return nil
	}
	*old = row
	return exec(p.db.writer, upsertScore[table], s.id, index, int64(row.score), row.decided)
}

// rank computes a round's ranking in memory, where it is two sorts, and writes
// the rows whose ranks moved.
func (p *projector) rank(r *roundState) error {
	entrants := make([]domain.Entrant, 0, len(r.subjects))
	for code, s := range r.subjects {
		if s.kind == domain.Center {
			entrants = append(entrants, domain.Entrant{Center: code, District: s.district, Total: s.standing.total, Complete: s.standing.complete})
		}
	}
	ranking := domain.Rank(entrants)
	for _, c := range ranking.Centers {
		row := &r.subjects[c.Center].standing
		if row.cityRank == c.CityRank && row.districtRank == c.DistrictRank {
			continue
		}
		row.cityRank, row.districtRank = c.CityRank, c.DistrictRank
		if err := exec(p.db.writer, "UPDATE standings SET city_rank = ?, district_rank = ? WHERE round = ? AND release = 0 AND center = ?",
			c.CityRank, c.DistrictRank, r.id, c.Center); err != nil {
			return err
		}
	}
	for place, d := range ranking.Districts {
		if r.districts[d.District] == (placed{d, place}) {
			continue
		}
		r.districts[d.District] = placed{d, place}
		if err := p.writeDistrictStanding(r.id, 0, place, d); err != nil {
			return err
		}
	}
	return nil
}

func (p *projector) writeStanding(round string, release int, center, district string, row *standingRow) error {
	return exec(p.db.writer, `INSERT OR REPLACE INTO standings
		(round, release, center, district, status, complete, decided, total, gross, deduction, city_rank, district_rank)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		round, release, center, district, string(row.status), row.complete, row.decided,
		int64(row.total), int64(row.gross), int64(row.deduction), row.cityRank, row.districtRank)
}

func (p *projector) writeDistrictStanding(round string, release, place int, d domain.DistrictStanding) error {
	return exec(p.db.writer, `INSERT OR REPLACE INTO district_standings
		(round, release, district, place, rank, mean_sum, mean_count, median_sum, median_count, min, max, centers, ranked)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		round, release, d.District, place, d.Rank, int64(d.Mean.Sum), d.Mean.Count, int64(d.Median.Sum), d.Median.Count,
		int64(d.Min), int64(d.Max), d.Centers, d.Ranked)
}

const districtStandingColumns = `SELECT d.round, d.district, d.rank, d.mean_sum, d.mean_count, d.median_sum, d.median_count,
	d.min, d.max, d.centers, d.ranked, n.name, d.place FROM district_standings d JOIN districts n ON n.code = d.district`

func scanDistrictStanding(s *sqlite.Stmt) DistrictStandingView {
	return DistrictStandingView{Name: s.ColumnText(11), DistrictStanding: domain.DistrictStanding{
		District: s.ColumnText(1), Rank: s.ColumnInt(2),
		Mean:   domain.Ratio{Sum: points(s, 3), Count: s.ColumnInt(4)},
		Median: domain.Ratio{Sum: points(s, 5), Count: s.ColumnInt(6)},
		Min:    points(s, 7), Max: points(s, 8), Centers: s.ColumnInt(9), Ranked: s.ColumnInt(10),
	}}
}
