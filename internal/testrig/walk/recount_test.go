package walk

import (
	"mingjian/domain"
	"mingjian/domain/assessment"
)

// sum is what a record's events come to.
type sum struct {
	status   string
	findings map[string]domain.Finding
	versions map[string]int
	decided  map[string]string // by clause, the appeal whose decision stands
	items    []string          // of each deduction, "" once nothing is left of it
	honors   []honor
}

type honor struct {
	claim  *assessment.HonorClaimed
	state  string
	points domain.Points
}

func (s sum) pending(number int) bool {
	return number >= 1 && number <= len(s.honors) && s.honors[number-1].state == "pending"
}

// recount goes through all events of a record, from the first one on.
func recount(events []domain.Event) sum {
	s := sum{findings: make(map[string]domain.Finding), versions: make(map[string]int), decided: make(map[string]string)}
	enter := func(clause string, outcome domain.Outcome, points domain.Points) {
		s.findings[clause] = domain.Finding{Outcome: outcome, Points: points}
		s.versions[clause]++
	}
	void := func() {
		if s.status == "approved" {
			s.status = "submitted"
		}
	}
	for _, event := range events {
		switch e := event.(type) {
		case *assessment.Opened:
			s.status = "inWork"
		case *assessment.ScoreRecorded:
			enter(e.Clause, e.Outcome, e.Points)
		case *assessment.ScoreRevised:
			enter(e.Clause, e.Outcome, e.Points)
			void()
		case *assessment.DeductionImposed:
			s.items = append(s.items, e.Item)
			void()
		case *assessment.DeductionLifted:
			s.items[e.Deduction-1] = ""
			void()
		case *assessment.HonorClaimed:
			s.honors = append(s.honors, honor{e, "pending", 0})
		case *assessment.HonorAccepted:
			s.honors[e.Honor-1].state, s.honors[e.Honor-1].points = "accepted", e.Points
		case *assessment.HonorRejected:
			s.honors[e.Honor-1].state = "rejected"
		case *assessment.HonorWithdrawn:
			s.honors[e.Honor-1].state = "withdrawn"
		case *assessment.Submitted:
			s.status = "submitted"
		case *assessment.Returned:
			s.status = "inWork"
		case *assessment.Approved:
			s.status = "approved"
		case *assessment.ScoreCorrected:
			enter(e.Clause, e.Outcome, e.Points)
			s.decided[e.Clause] = e.Appeal
		case *assessment.DeductionCorrected:
			s.items[e.Deduction-1] = e.Item
		}
	}
	return s
}

// complete reports whether all that judges a kind of subject is decided.
func (s sum) complete(kind domain.SubjectKind) bool {
	for _, clause := range judged(kind) {
		if s.findings[clause].Outcome == "" {
			return false
		}
	}
	for _, h := range s.honors {
		if h.state == "pending" {
			return false
		}
	}
	return true
}

// total adds up what the standard says: each indicator between nothing and its
// points, less the largest deduction, never below nothing.
func total(center, district sum) (points domain.Points, complete bool) {
	for _, p := range printed {
		from := center
		if p.subject == domain.District {
			from = district
		}
		var got domain.Points
		switch {
		case p.honors:
			for _, h := range center.honors {
				got += h.points
			}
		case p.basis == domain.Award:
			for _, c := range p.clauses {
				got += from.findings[c].Points
			}
		default:
			got = p.points
			for _, c := range p.clauses {
				got -= from.findings[c].Points
			}
		}
		points += max(0, min(p.points, got))
	}
	var largest domain.Points
	for _, item := range center.items {
		largest = max(largest, items[item])
	}
	return max(0, points-largest), center.complete(domain.Center) && district.complete(domain.District)
}
