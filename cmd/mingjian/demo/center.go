package demo

import (
	"context"
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
	assessor, second, spare, jury, reviewer string
}

func (p *player) act(subject, district string) *act {
	seed := fnv.New64a()
	seed.Write([]byte(subject))
	a := &act{player: p, subject: subject, dice: rand.New(rand.NewPCG(p.Seed, seed.Sum64()))}
	team := fnv.New32a()
	team.Write([]byte(district))
	n := int(team.Sum32() % 8)
	a.lax = 0.08 + 0.45*a.dice.Float64()*a.dice.Float64() + 0.03*float64(n%4)
	a.assessor = login("assessor", 2*n+1)
	a.second = login("assessor", 2*n+2)
	a.spare = login("assessor", (2*n+3)%assessors+1)
	a.reviewer = login("reviewer", n/2+1)
	a.jury = login("reviewer", (n/2+1)%reviewers+1)
	return a
}

// district records 7.3 and has it approved.
func (p *player) district(ctx context.Context, code string) error {
	a := p.act(code, code)
	return a.steps(
		func() error { return a.open(ctx) },
		func() error { return a.assign(ctx, a.assessor, true) },
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
		func() error { return a.assign(ctx, a.assessor, true) },
		func() error { return a.recuse(ctx) },
		func() error { return a.assign(ctx, a.second, false) },
		func() error { return a.recordAll(ctx) },
		func() error { return a.observe(ctx) },
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
	_, err := a.Commands.OpenAssessment(ctx, a.meta(organizer, a.step("open")), Round, a.subject)
	return err
}

const organizer = "organizer" + domainOf

func (a *act) assign(ctx context.Context, who string, lead bool) error {
	_, err := a.Commands.AssignAssessor(ctx, a.meta(organizer, a.step("assign "+who)), Round, a.subject, a.ids[who], lead)
	return err
}

// recuse has the second assessor step back now and then, before anything was
// recorded; another one takes the place.
func (a *act) recuse(ctx context.Context) error {
	if !a.chance(0.06) {
		return nil
	}
	meta := a.meta(organizer, a.step("recuse"))
	var err error
	if a.chance(0.5) {
		_, err = a.Commands.RecuseAssessor(ctx, meta, Round, a.subject, a.ids[a.second], "（演示）应受理中心请求：曾在该中心工作。", true)
	} else {
		err = a.assign(ctx, a.second, false)
		if err == nil {
			_, err = a.Commands.RecuseMyself(ctx, a.meta(a.second, a.step("recuse myself")), Round, a.subject, "（演示）亲属在该中心任职，申请回避。")
		}
	}
	a.second = a.spare
	return err
}

// observe notes a recommendation of the standard, which costs no point.
func (a *act) observe(ctx context.Context) error {
	if !a.chance(0.3) {
		return nil
	}
	clause, _ := a.Criteria.Standard.Clause("5.1.2")
	_, err := a.Commands.RecordObservation(ctx, a.meta(a.second, a.step("observe")), Round, a.subject, assessment.ObservationRecorded{
		Clause: clause.Code, Text: "（演示）" + pick(a, clause.Recommendations), Method: assessment.Documents, ObservedAt: a.visit(),
	})
	return err
}

// recordAll has the first assessor do the site visit, sections 1 to 3 and 7,
// and the second the documents, sections 4 to 6.
func (a *act) recordAll(ctx context.Context) error {
	for _, section := range a.Criteria.Standard.Sections {
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
	for _, clause := range a.Criteria.Standard.Clauses() {
		indicator := clause.Indicator()
		if clause.Code[:1] != section || indicator.Subject != kind || indicator.Honors {
			continue
		}
		finding, err := a.finding(who, clause)
		if err != nil {
			return err
		}
		scores = append(scores, assessment.Score{Clause: clause.Code, Finding: finding})
	}
	_, err := a.Commands.RecordScores(ctx, a.meta(who, a.step("section "+section)), Round, a.subject, scores)
	return err
}

// finding throws the dice for one clause, which somebody looks at.
func (a *act) finding(who string, clause *domain.Clause) (assessment.Finding, error) {
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
		a.count(clause, &f)
	default:
		if len(said.Met) > 0 && a.chance(0.3) {
			f.Reason = pick(a, said.Met)
		}
		a.count(clause, &f)
		return f, nil
	}
	f.Reason = drawn.Reason
	f.Evidence = []string{pick(a, a.photos[who])}
	var err error
	if f.Points, err = drawn.points(); err != nil {
		return f, fmt.Errorf("findings.yaml: %s: %w", clause.Code, err)
	}
	if limit, ok := a.guide.Cap(clause.Code); ok && f.Outcome == domain.Lost {
		f.Points = min(f.Points, limit)
	}
	return f, nil
}

// count makes up what was counted and ticked, so that it comes to the outcome.
// Now and then the count says otherwise and the assessor overrides it.
func (a *act) count(clause *domain.Clause, f *assessment.Finding) {
	met := f.Outcome == domain.Met
	if len(clause.Measures) == 0 && len(clause.Checklist) == 0 {
		return
	}
	if a.chance(0.03) {
		met = !met
		f.Override = "（演示）以现场复核情况为准。"
	}
	if len(clause.Measures) > 0 {
		f.Counts = make(map[string]int64)
	}
	for _, measure := range clause.Measures {
		for input, count := range a.counts(measure.ID, met) {
			f.Counts[input] = count
		}
	}
	f.Checklist = make([]bool, len(clause.Checklist))
	for i := range f.Checklist {
		f.Checklist[i] = true
	}
	if !met && len(clause.Measures) == 0 {
		f.Checklist[a.dice.IntN(len(f.Checklist))] = false
	}
	if len(f.Checklist) == 0 {
		f.Checklist = nil
	}
}

// counts draws what meets a measure, or fails it.
func (a *act) counts(measure string, met bool) map[string]int64 {
	some := func(least, most int64) int64 { return least + a.dice.Int64N(most-least+1) }
	draw := func(name string, good, bad [2]int64) map[string]int64 {
		if met {
			return map[string]int64{name: some(good[0], good[1])}
		}
		return map[string]int64{name: some(bad[0], bad[1])}
	}
	switch measure {
	case "comprehensiveShare":
		total := some(8, 16)
		share := (total*80 + 99) / 100 // rounded up: 80% or more
		if !met {
			share -= some(2, 4)
		}
		return map[string]int64{"total": total, "comprehensive": share, "excluded": 0}
	case "transferResponse":
		return draw("minutes", [2]int64{3, 15}, [2]int64{16, 45})
	case "onlineResponse":
		return draw("hours", [2]int64{1, 24}, [2]int64{25, 70})
	case "windowRecordings":
		return draw("windowMonths", [2]int64{3, 6}, [2]int64{0, 2})
	case "hallRecordings":
		return draw("hallMonths", [2]int64{1, 3}, [2]int64{0, 0})
	}
	return nil
}

// visit is a working hour of the assessment period.
func (a *act) visit() time.Time {
	day := time.Date(2022, 9, 1, 1, 0, 0, 0, time.UTC).AddDate(0, 0, a.dice.IntN(60))
	return day.Add(time.Duration(a.dice.IntN(7*60)) * time.Minute)
}

// revise corrects an entry of the first section before submission, now and then.
func (a *act) revise(ctx context.Context) error {
	if !a.chance(0.25) {
		return nil
	}
	clause, _ := a.Criteria.Standard.Clause("1.2.1")
	finding, err := a.finding(a.assessor, clause)
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
		who := "center-" + a.subject + domainOf
		certificate, err := a.upload(ctx, who, photos*assessors+a.dice.IntN(photos*assessors))
		if err != nil {
			return err
		}
		_, err = a.Commands.ClaimHonor(ctx, a.meta(who, a.step(fmt.Sprintf("honor %d", claims))), Round, a.subject,
			assessment.HonorClaimed{
				Title: honor.Title, Level: honor.Level, Issuer: honor.Issuer, Document: certificate,
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
	item := a.Criteria.Standard.Deductions.Items[0]
	if a.chance(0.2) {
		item = a.Criteria.Standard.Deductions.Items[1]
	}
	said := pick(a, a.script.Deductions[item.Code])
	_, err := a.Commands.ImposeDeduction(ctx, a.meta(organizer, a.step("deduct")), Round, a.subject, assessment.DeductionImposed{
		Item: item.Code, Reason: said.Reason, Source: said.Source, OccurredOn: a.visit().Format(time.DateOnly),
		Evidence: []string{pick(a, a.photos[a.assessor])},
	})
	if err != nil || !a.chance(0.3) {
		return err
	}
	_, err = a.Commands.LiftDeduction(ctx, a.meta(organizer, a.step("lift")), Round, a.subject, 1, "（演示）经核查情况不属实，撤销该扣分。")
	return err
}

// review submits and has a reviewer approve; now and then only after a return
// and another look at the clause.
func (a *act) review(ctx context.Context) error {
	if _, err := a.Commands.Submit(ctx, a.meta(a.assessor, a.step("submit")), Round, a.subject); err != nil {
		return err
	}
	if len(a.subject) == len("310101002") && a.chance(0.12) {
		if err := a.giveBack(ctx); err != nil {
			return err
		}
	}
	_, err := a.Commands.Approve(ctx, a.meta(a.reviewer, a.step("approve")), Round, a.subject)
	return err
}

func (a *act) giveBack(ctx context.Context) error {
	const code = "1.1.1"
	clause, _ := a.Criteria.Standard.Clause(code)
	_, err := a.Commands.ReturnAssessment(ctx, a.meta(a.reviewer, a.step("return")), Round, a.subject, "",
		[]assessment.ClauseReason{{Clause: code, Reason: "（演示）请补充门牌标识的照片后再提交。"}})
	if err != nil {
		return err
	}
	finding, err := a.finding(a.assessor, clause)
	if err != nil {
		return err
	}
	finding.Evidence = []string{pick(a, a.photos[a.assessor])}
	if _, err := a.Commands.ReviseScore(ctx, a.meta(a.assessor, a.step("answer")), Round, a.subject, 1,
		assessment.Score{Clause: code, Finding: finding}, "（演示）按复核意见补充照片。"); err != nil {
		return err
	}
	_, err = a.Commands.Submit(ctx, a.meta(a.assessor, a.step("submit again")), Round, a.subject)
	return err
}
