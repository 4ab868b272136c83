package testrig

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
	"mingjian/eventstore"
)

// Finding is a finding that a clause allows, drawn from rng.
func Finding(rng *rand.Rand, clause *domain.Clause) assessment.Finding {
	indicator := clause.Indicator()
	f := assessment.Finding{Outcome: domain.Met, Method: assessment.SiteVisit, ObservedAt: Day}
	switch {
	case indicator.Basis == domain.Award:
		f.Outcome, f.Points = domain.Awarded, domain.Points(rng.Int64N(int64(indicator.Points)+1))
	case clause.NotApplicable != "" && rng.IntN(4) == 0:
		f.Outcome, f.Reason = domain.NotApplicable, "疫情防控期间"
	case rng.IntN(3) == 0:
		f.Outcome, f.Points = domain.Lost, 1+domain.Points(rng.Int64N(int64(indicator.Points)))
		f.Reason = "现场发现不符合"
		if rng.IntN(2) == 0 {
			f.Evidence = []string{strings.Repeat("0a", 32), strings.Repeat("1b", 32)}
		}
	}
	if f.Outcome == domain.Met || f.Outcome == domain.Lost {
		Count(clause, &f)
	}
	return f
}

// Count adds what a measured or listed clause wants: counts and ticks that
// come to the finding's outcome.
func Count(clause *domain.Clause, f *assessment.Finding) {
	for _, measure := range clause.Measures {
		if f.Counts == nil {
			f.Counts = make(map[string]int64)
		}
		for input, pair := range map[string][2]int64{ // met, lost
			"comprehensive": {8, 5}, "total": {10, 10}, "excluded": {0, 0},
			"minutes": {15, 16}, "hours": {24, 25}, "windowMonths": {3, 2}, "hallMonths": {1, 0},
		} {
			for _, wanted := range measure.Inputs {
				if wanted.ID == input && f.Outcome == domain.Met {
					f.Counts[input] = pair[0]
				} else if wanted.ID == input {
					f.Counts[input] = pair[1]
				}
			}
		}
	}
	for range clause.Checklist {
		f.Checklist = append(f.Checklist, true)
	}
	if len(clause.Measures) == 0 && len(f.Checklist) > 0 && f.Outcome == domain.Lost {
		f.Checklist[0] = false
	}
}

// Findings is one for each clause that judges this kind of subject.
func Findings(rng *rand.Rand, std *domain.Standard, kind domain.SubjectKind) []assessment.Score {
	var scores []assessment.Score
	for _, clause := range std.Clauses() {
		if indicator := clause.Indicator(); indicator.Subject == kind && !indicator.Honors {
			scores = append(scores, assessment.Score{Clause: clause.Code, Finding: Finding(rng, clause)})
		}
	}
	return scores
}

// OpenAssessment opens a subject's record and makes "assessor" its lead.
func (r *Rig) OpenAssessment(t testing.TB, round, subject string) {
	t.Helper()
	ctx, c := Context(t), r.Commands
	if _, err := c.OpenAssessment(ctx, Meta("organizer"), round, subject); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AssignAssessor(ctx, Meta("organizer"), round, subject, "assessor", true); err != nil {
		t.Fatal(err)
	}
}

// Assess opens, scores, submits and approves one subject.
func (r *Rig) Assess(t testing.TB, rng *rand.Rand, round, subject string, kind domain.SubjectKind) {
	t.Helper()
	ctx, c := Context(t), r.Commands
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	r.OpenAssessment(t, round, subject)
	must(c.RecordScores(ctx, Meta("assessor"), round, subject, Findings(rng, Standard(t), kind)))
	must(c.Submit(ctx, Meta("assessor"), round, subject))
	must(c.Approve(ctx, Meta("reviewer"), round, subject))
}

// Assessed registers n centers, opens the round, and assesses every center
// and district of it up to approval.
func (r *Rig) Assessed(t testing.TB, round string, n int) []registry.Row {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	rows := r.Register(t, n)
	r.OpenRound(t, round)
	districts := make(map[string]bool)
	for _, row := range rows {
		if !districts[row.DistrictCode] {
			districts[row.DistrictCode] = true
			r.Assess(t, rng, round, row.DistrictCode, domain.District)
		}
		r.Assess(t, rng, round, row.Code, domain.Center)
	}
	return rows
}

// Player drives a random history through the commands: sensible ones and
// senseless ones, which the domain has to refuse.
type Player struct {
	Rig      *Rig
	Rand     *rand.Rand
	Round    string
	Subjects []Subject
	std      *domain.Standard
	appeals  []appeal.Filed // that were filed, as far as Dispute needs them
	// Done counts the commands that were carried out, Refused those that a rule
	// forbade.
	Done, Refused int
}

// Subject is a center or district that a Player plays with.
type Subject struct {
	Code string
	Kind domain.SubjectKind
}

// Player registers n centers, opens the round, and is ready to play.
func (r *Rig) Player(t testing.TB, seed uint64, round string, n int) *Player {
	t.Helper()
	p := &Player{Rig: r, Rand: rand.New(rand.NewPCG(seed, 0)), Round: round, std: Standard(t)}
	rows := r.Register(t, n)
	r.OpenRound(t, round)
	seen := make(map[string]bool)
	for _, row := range rows {
		if !seen[row.DistrictCode] {
			seen[row.DistrictCode] = true
			p.Subjects = append(p.Subjects, Subject{row.DistrictCode, domain.District})
		}
		p.Subjects = append(p.Subjects, Subject{row.Code, domain.Center})
	}
	return p
}

// Play sends n random commands. Whatever is not the domain's refusal fails the
// test.
func (p *Player) Play(t testing.TB, n int) {
	t.Helper()
	for range n {
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		what, err := p.step(ctx)
		cancel()
		switch {
		case err == nil:
			p.Done++
		case refused(err):
			p.Refused++
		default:
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// refused reports whether a rule forbade the command, which is fine: anything
// else is not.
func refused(err error) bool {
	for _, rule := range []error{
		domain.ErrNotOpened, domain.ErrExists, domain.ErrLocked, domain.ErrAlreadyRecorded, domain.ErrNotRecorded,
		domain.ErrSuperseded, domain.ErrReasonMissing, domain.ErrIncomplete, domain.ErrNotSubmitted, domain.ErrFourEyes,
		domain.ErrDecided, domain.ErrUnknownItem, domain.ErrWrongSubject, domain.ErrNothingApproved,
		domain.ErrForbidden, domain.ErrNotAssigned, domain.ErrNotLead, domain.ErrRecused, eventstore.ErrConflict,
	} {
		if errors.Is(err, rule) {
			return true
		}
	}
	return false
}

func (p *Player) step(ctx context.Context) (what string, err error) {
	c, rng := p.Rig.Commands, p.Rand
	s := p.Subjects[rng.IntN(len(p.Subjects))]
	actor := []string{"assessor-1", "assessor-2", "reviewer-1", "reviewer-2"}[rng.IntN(4)]
	scores := Findings(rng, p.std, s.Kind)
	one := scores[rng.IntN(len(scores))]
	switch rng.IntN(20) {
	case 0, 1:
		_, err = c.OpenAssessment(ctx, Meta("organizer"), p.Round, s.Code)
		return "open", err
	case 15, 16:
		_, err = c.AssignAssessor(ctx, Meta("organizer"), p.Round, s.Code, []string{"assessor-1", "assessor-2"}[rng.IntN(2)], rng.IntN(2) == 0)
		return "assign", err
	case 17:
		if rng.IntN(4) == 0 {
			_, err = c.RecuseAssessor(ctx, Meta("organizer"), p.Round, s.Code, "assessor-2", "亲属在该中心任职", true)
			return "recuse", err
		}
		_, err = c.RecordObservation(ctx, Meta(actor), p.Round, s.Code, assessment.ObservationRecorded{
			Clause: one.Clause, Text: "建议增设指引", Method: one.Method, ObservedAt: Day, Evidence: one.Evidence,
		})
		return "observe", err
	case 18:
		_, err = c.ReturnAssessment(ctx, Meta(actor), p.Round, s.Code, "请补充", []assessment.ClauseReason{{Clause: one.Clause, Reason: "缺少照片"}})
		return "return", err
	case 19:
		_, err = c.WithdrawHonor(ctx, Meta("center-"+s.Code), p.Round, s.Code, 1+rng.IntN(2), "材料有误")
		return "withdraw", err
	case 2:
		_, err = c.RecordScores(ctx, Meta(actor), p.Round, s.Code, []assessment.Score{one})
		return "record one", err
	case 3, 4, 5:
		_, err = c.RecordScores(ctx, Meta("assessor-1"), p.Round, s.Code, scores)
		return "record all", err
	case 6:
		_, err = c.ReviseScore(ctx, Meta("assessor-2"), p.Round, s.Code, 1+rng.IntN(2), one, "复核后更正")
		return "revise", err
	case 7:
		_, err = c.ImposeDeduction(ctx, Meta("organizer"), p.Round, s.Code, assessment.DeductionImposed{
			Item: []string{"8.1", "8.2"}[rng.IntN(2)], Reason: "负面报道", Source: "媒体", OccurredOn: "2022-09-01",
		})
		return "deduct", err
	case 8:
		_, err = c.LiftDeduction(ctx, Meta("organizer"), p.Round, s.Code, 1+rng.IntN(2), "查无实据")
		return "lift", err
	case 9:
		_, err = c.ClaimHonor(ctx, Meta("center-"+s.Code), p.Round, s.Code, assessment.HonorClaimed{
			Title: []string{"文明窗口", "先进集体", "五一劳动奖状"}[rng.IntN(3)], Level: assessment.Municipal, Issuer: "上海市",
			AwardedOn: "2022-03-01", Document: strings.Repeat("2c", 32),
		})
		return "claim", err
	case 10:
		_, err = c.AcceptHonor(ctx, Meta("reviewer-1"), p.Round, s.Code, 1+rng.IntN(3), domain.Points(1+rng.IntN(100)))
		return "accept", err
	case 11:
		_, err = c.RejectHonor(ctx, Meta("reviewer-1"), p.Round, s.Code, 1+rng.IntN(3), "不在评比范围")
		return "reject", err
	case 12, 13:
		_, err = c.Submit(ctx, Meta("assessor-1"), p.Round, s.Code)
		return "submit", err
	case 14:
		_, err = c.Approve(ctx, Meta("reviewer-2"), p.Round, s.Code)
		return "approve", err
	}
	if rng.IntN(4) != 0 { // releases are rare
		_, err = c.Approve(ctx, Meta("reviewer-2"), p.Round, s.Code)
		return "approve", err
	}
	_, err = Publish(ctx, c, p.Round, "更正")
	return "publish", err
}
