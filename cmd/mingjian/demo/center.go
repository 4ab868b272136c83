package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
)

// act plays one subject with its own dice, so that subjects do not depend on
// each other's order.
type act struct {
	*player
	subject string
	dice    *rand.Rand
	// lax is how often a clause loses points.
	lax float64
	// The jury decides honors, the reviewer signs off: nobody judges own work.
	assessor, second, jury, reviewer string
}

func (p *player) act(subject, district string) *act {
	seed := fnv.New64a()
	seed.Write([]byte(subject))
	a := &act{player: p, subject: subject, dice: rand.New(rand.NewPCG(p.Seed, seed.Sum64()))}
	team := fnv.New32a()
	team.Write([]byte(district))
	n := int(team.Sum32() % 8)
	a.lax = 0.08 + 0.45*a.dice.Float64()*a.dice.Float64() + 0.03*float64(n%4)
	a.assessor = fmt.Sprintf("assessor-%02d", 2*n+1)
	a.second = fmt.Sprintf("assessor-%02d", 2*n+2)
	a.reviewer = fmt.Sprintf("reviewer-%02d", n/2+1)
	a.jury = fmt.Sprintf("reviewer-%02d", (n/2+1)%4+1)
	return a
}

// district records 7.3 and has it approved.
func (p *player) district(ctx context.Context, code string) error {
	a := p.act(code, code)
	return a.steps(
		func() error { return a.open(ctx) },
		func() error { return a.record(ctx, a.assessor, "7", domain.District) },
		func() error { return a.review(ctx) },
	)
}

// center records all clauses of a center, what it claims and what it did wrong,
// and has it approved.
func (p *player) center(ctx context.Context, row registry.Row) error {
	a := p.act(row.Code, row.DistrictCode)
	return a.steps(
		func() error { return a.open(ctx) },
		func() error { return a.recordAll(ctx) },
		func() error { return a.revise(ctx) },
		func() error { return a.honors(ctx) },
		func() error { return a.deduct(ctx) },
		func() error { return a.review(ctx) },
	)
}

func (a *act) steps(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	return nil
}

func (a *act) step(name string) string { return a.subject + "/" + name }

func (a *act) chance(p float64) bool { return a.dice.Float64() < p }

func pick[T any](a *act, from []T) T { return from[a.dice.IntN(len(from))] }

func (a *act) open(ctx context.Context) error {
	_, err := a.Commands.OpenAssessment(ctx, a.meta("organizer-01", a.step("open")), Round, a.subject)
	return err
}

// recordAll has the first assessor do the site visit, sections 1 to 3 and 7,
// and the second the documents, sections 4 to 6.
func (a *act) recordAll(ctx context.Context) error {
	for _, section := range a.Standard.Sections {
		who := a.assessor
		if section.Code >= "4" && section.Code <= "6" {
			who = a.second
		}
		if err := a.record(ctx, who, section.Code, domain.Center); err != nil {
			return err
		}
	}
	return nil
}

// record sends a section's findings in one command, as a tablet does when a
// page of the sheet is done.
func (a *act) record(ctx context.Context, who, section string, kind domain.SubjectKind) error {
	var scores []assessment.Score
	for _, clause := range a.Standard.Clauses() {
		indicator := clause.Indicator()
		if clause.Code[:1] != section || indicator.Subject != kind || indicator.Honors {
			continue
		}
		finding, err := a.finding(clause)
		if err != nil {
			return err
		}
		scores = append(scores, assessment.Score{Clause: clause.Code, Finding: finding})
	}
	_, err := a.Commands.RecordScores(ctx, a.meta(who, a.step("section "+section)), Round, a.subject, scores)
	return err
}

// finding throws the dice for one clause.
func (a *act) finding(clause *domain.Clause) (assessment.Finding, error) {
	said := a.script.Clauses[clause.Code]
	f := assessment.Finding{Outcome: domain.Met, Method: said.Method, ObservedAt: a.visit()}
	var drawn move
	switch {
	case clause.Indicator().Basis == domain.Award:
		f.Outcome, drawn = domain.Awarded, pick(a, said.Awards)
	case clause.NotApplicable != "" && a.chance(0.04):
		f.Outcome = domain.NotApplicable
		f.Reason = pick(a, a.script.NotApplicable[clause.Code])
		return f, nil
	case a.chance(a.lax):
		f.Outcome, drawn = domain.Lost, pick(a, said.Losses)
	default:
		if len(said.Met) > 0 && a.chance(0.3) {
			f.Reason = pick(a, said.Met)
		}
		return f, nil
	}
	f.Reason = drawn.Reason
	f.Evidence = []string{a.document(clause.Code)}
	var err error
	if f.Points, err = drawn.points(); err != nil {
		return f, fmt.Errorf("findings.yaml: %s: %w", clause.Code, err)
	}
	return f, nil
}

// visit is a working hour of the assessment period.
func (a *act) visit() time.Time {
	day := time.Date(2022, 9, 1, 1, 0, 0, 0, time.UTC).AddDate(0, 0, a.dice.IntN(60))
	return day.Add(time.Duration(a.dice.IntN(7*60)) * time.Minute)
}

// document is the SHA-256 of a piece of evidence that does not exist.
func (a *act) document(name string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "demo evidence %d %s %s", a.Seed, a.subject, name))
	return hex.EncodeToString(sum[:])
}

// revise corrects an entry of the first section before submission, now and then.
func (a *act) revise(ctx context.Context) error {
	if !a.chance(0.25) {
		return nil
	}
	clause, _ := a.Standard.Clause("1.2.1")
	finding, err := a.finding(clause)
	if err != nil {
		return err
	}
	_, err = a.Commands.ReviseScore(ctx, a.meta(a.assessor, a.step("revise")), Round, a.subject, 1,
		assessment.Score{Clause: clause.Code, Finding: finding}, pick(a, a.script.Revisions))
	return err
}

func (a *act) honors(ctx context.Context) error {
	claims := 0
	for a.chance(0.3) && claims < 2 {
		claims++
		honor := a.script.Honors[(a.dice.IntN(len(a.script.Honors)-1)+claims)%len(a.script.Honors)]
		_, err := a.Commands.ClaimHonor(ctx, a.meta("center-"+a.subject, a.step(fmt.Sprintf("honor %d", claims))), Round, a.subject,
			assessment.HonorClaimed{
				Title: honor.Title, Level: honor.Level, Issuer: honor.Issuer, Document: a.document(honor.Title),
				AwardedOn: time.Date(2019+claims, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, a.dice.IntN(300)).Format(time.DateOnly),
			})
		if err != nil {
			return err
		}
		if err := a.decideHonor(ctx, claims, honor.Level); err != nil {
			return err
		}
	}
	return nil
}

func (a *act) decideHonor(ctx context.Context, number int, level assessment.HonorLevel) error {
	meta := a.meta(a.jury, a.step(fmt.Sprintf("decide honor %d", number)))
	if a.chance(0.3) {
		_, err := a.Commands.RejectHonor(ctx, meta, Round, a.subject, number, pick(a, a.script.HonorRejections))
		return err
	}
	worth := domain.Points(50)
	if level == assessment.National {
		worth = domain.Whole(1)
	}
	_, err := a.Commands.AcceptHonor(ctx, meta, Round, a.subject, number, worth)
	return err
}

// deduct imposes a section 8 item on a few centers; some are lifted again.
func (a *act) deduct(ctx context.Context) error {
	if !a.chance(0.03) {
		return nil
	}
	item := a.Standard.Deductions.Items[0]
	if a.chance(0.2) {
		item = a.Standard.Deductions.Items[1]
	}
	said := pick(a, a.script.Deductions[item.Code])
	_, err := a.Commands.ImposeDeduction(ctx, a.meta(a.second, a.step("deduct")), Round, a.subject, assessment.DeductionImposed{
		Item: item.Code, Reason: said.Reason, Source: said.Source, OccurredOn: a.visit().Format(time.DateOnly),
		Evidence: []string{a.document("deduction")},
	})
	if err != nil || !a.chance(0.3) {
		return err
	}
	_, err = a.Commands.LiftDeduction(ctx, a.meta(a.second, a.step("lift")), Round, a.subject, 1, "（演示）经核查情况不属实，撤销该扣分。")
	return err
}

func (a *act) review(ctx context.Context) error {
	if _, err := a.Commands.Submit(ctx, a.meta(a.assessor, a.step("submit")), Round, a.subject); err != nil {
		return err
	}
	_, err := a.Commands.Approve(ctx, a.meta(a.reviewer, a.step("approve")), Round, a.subject)
	return err
}
