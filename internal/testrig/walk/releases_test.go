package walk

import (
	"fmt"
	"strings"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/round"
)

// roundBook is the checks' account of the round.
type roundBook struct {
	opened      *round.Opened
	closed      bool
	calendar    string // its hash
	deliberated *round.Deliberated
	released    []release
}

// release is what one showed when it was made.
type release struct {
	*round.Published
	shown string
}

func (r *roundBook) before(w *world, f fact) error {
	if _, opens := f.event.(*round.Opened); opens != (r.opened == nil) || r.closed {
		return fmt.Errorf("%T in a round that is %+v", f.event, r)
	}
	switch e := f.event.(type) {
	case *round.Deliberated:
		if size := int64(len(w.log)); e.LogSize > size || len(w.check.approved(e.LogSize)) == 0 || len(r.released) > 0 && e.LogSize < r.released[len(r.released)-1].LogSize {
			return fmt.Errorf("deliberated on %d of %d events", e.LogSize, size)
		}
	case *round.Published:
		return r.publishes(f, e)
	case *round.Closed:
		for id, h := range w.check.cases {
			if h.open() {
				return fmt.Errorf("closed while %s is open", id)
			}
		}
	}
	return nil
}

// publishes wants what another person deliberated, and no less than before.
func (r *roundBook) publishes(f fact, e *round.Published) error {
	n := len(r.released)
	kind := round.Correction
	switch {
	case n == 0 && r.opened.Notice:
		kind = round.Provisional
	case n == 0, n == 1 && r.opened.Notice:
		kind = round.Final
	}
	switch {
	case r.deliberated == nil || e.LogSize != r.deliberated.LogSize:
		return fmt.Errorf("publishes %d events, deliberated is %+v", e.LogSize, r.deliberated)
	case accountOf(r.deliberated.By) == f.account:
		return fmt.Errorf("%s publishes what they deliberated", f.account)
	case e.Release != n+1 || e.Kind != kind || n > 0 && (strings.TrimSpace(e.Reason) == "" || e.LogSize < r.released[n-1].LogSize):
		return fmt.Errorf("release %+v is %d., %s", e, n+1, kind)
	}
	return nil
}

func (r *roundBook) after(w *world, f fact) (err error) {
	switch e := f.event.(type) {
	case *round.Opened:
		r.opened, r.calendar = e, e.CalendarHash
	case *round.CalendarPinned:
		r.calendar = e.CalendarHash
	case *round.Deliberated:
		r.deliberated = e
	case *round.Published:
		shown, err := w.check.shows(e.LogSize)
		if err != nil {
			return err
		}
		r.released, r.deliberated = append(r.released, release{e, shown}), nil
		w.tally.releases[string(e.Kind)]++
	case *round.Closed:
		r.closed = true
	}
	return nil
}

// prefix recounts all records by the first events of the log.
func (c *checks) prefix(size int64) map[string]sum {
	events := make(map[string][]domain.Event)
	for _, f := range c.w.log[:size] {
		events[f.stream] = append(events[f.stream], f.event)
	}
	sums := make(map[string]sum)
	for _, s := range c.w.subjects {
		sums[s.code] = recount(events[s.code])
	}
	return sums
}

// approved lists the centers that are approved by the first events of the log.
func (c *checks) approved(size int64) (codes []string) {
	sums := c.prefix(size)
	for _, s := range c.w.subjects {
		if s.kind == domain.Center && sums[s.code].status == "approved" {
			codes = append(codes, s.code)
		}
	}
	return codes
}

// shows is what a release of the first events shows, recounted; and it must be
// what the domain's fold of them ranks.
func (c *checks) shows(size int64) (string, error) {
	sums := c.prefix(size)
	totals, whole := make(map[string]domain.Points), make(map[string]bool)
	for _, code := range c.approved(size) {
		s := c.book(code).subject
		district := sums[s.district]
		if district.status != "approved" {
			district = sum{}
		}
		totals[code], whole[code] = total(sums[code], district)
	}
	var shown strings.Builder
	for _, s := range c.w.subjects {
		if _, ok := totals[s.code]; !ok {
			continue
		}
		rank := 0
		if whole[s.code] {
			rank = 1
			for code, other := range totals {
				if whole[code] && other > totals[s.code] {
					rank++
				}
			}
		}
		fmt.Fprintf(&shown, "%s %s %d\n", s.code, totals[s.code], rank)
	}
	if ranked, err := c.ranks(size); err != nil || ranked != shown.String() {
		return "", fmt.Errorf("a release of %d events shows\n%s, recounted\n%s: %w", size, ranked, shown.String(), err)
	}
	return shown.String(), nil
}

// ranks is what the domain makes of the first events.
func (c *checks) ranks(size int64) (string, error) {
	records := make(map[string]*assessment.Record)
	for _, s := range c.w.subjects {
		records[s.code] = assessment.NewRecord(c.w.std)
	}
	for _, f := range c.w.log[:size] {
		if r, ok := records[f.stream]; ok {
			if err := r.Apply(f.event); err != nil {
				return "", err
			}
		}
	}
	var entrants []domain.Entrant
	for _, s := range c.w.subjects {
		if r := records[s.code]; s.kind == domain.Center && r.Status == assessment.SignedOff {
			district := domain.Sheet{}
			if d := records[s.district]; d.Status == assessment.SignedOff {
				district = d.Sheet
			}
			score := c.w.std.Score(r.Sheet, district)
			entrants = append(entrants, domain.Entrant{Center: s.code, District: s.district, Total: score.Total, Complete: score.Complete})
		}
	}
	standings := make(map[string]domain.Standing)
	for _, standing := range domain.Rank(entrants).Centers {
		standings[standing.Center] = standing
	}
	var shown strings.Builder
	for _, e := range entrants {
		fmt.Fprintf(&shown, "%s %s %d\n", e.Center, standings[e.Center].Total, standings[e.Center].CityRank)
	}
	return shown.String(), nil
}

// stand wants all releases to be what they were when they were made.
func (c *checks) stand() error {
	for _, r := range c.round.released {
		if shown, err := c.shows(r.LogSize); err != nil || shown != r.shown {
			return fmt.Errorf("release %d showed\n%s, and now\n%s: %w", r.Release, r.shown, shown, err)
		}
	}
	return nil
}
