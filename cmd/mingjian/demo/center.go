package demo

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
)

// act plays one subject with its own dice and clock, so that subjects do not
// depend on each other's order.
type act struct {
	*player
	clock
	subject string
	scenes  []scene
	// lax is how often a clause loses points.
	lax float64
	// The jury decides honors, the reviewer signs off: nobody judges own work.
	assessor, second, spare, jury, reviewer string
	claims                                  []claim
}

// act makes the one of a subject, which is cast for a part by its team: that of
// its district.
func (p *player) act(subject, district string) *act {
	a := &act{player: p, clock: p.clock(subject), subject: subject}
	team := fnv.New32a()
	team.Write([]byte(district))
	n := int(team.Sum32() % 8)
	a.lax = 0.08 + 0.45*a.dice.Float64()*a.dice.Float64() + 0.03*float64(n%4)
	a.assessor = login("assessor", 2*n+1)
	a.second = login("assessor", 2*n+2)
	a.spare = login("assessor", (2*n+3)%assessors+1)
	a.reviewer = login("reviewer", n/2+1)
	a.jury = login("reviewer", (n/2+1)%teamReviewers+1)
	return a
}

// clock makes the dice and the clock of whatever has a name of its own.
func (p *player) clock(name string) clock {
	seed := fnv.New64a()
	seed.Write([]byte(name))
	return clock{dice: rand.New(rand.NewPCG(p.Seed, seed.Sum64()))}
}

// district records 7.3 and has it approved.
func (p *player) district(code string) *act {
	a := p.act(code, code)
	visit := p.days.after(firstDay, 3+a.dice.IntN(9))
	a.on(firstDay, a.open, func(ctx context.Context) error { return a.assign(ctx, a.assessor, true) })
	a.on(visit, func(ctx context.Context) error { return a.record(ctx, a.assessor, "7", domain.District) })
	a.on(p.days.after(visit, 1), a.submit)
	a.on(p.days.after(visit, 3), a.approve)
	return a
}

// center records all clauses of a center, what it claims and what it did wrong,
// and has it approved. Its place in the roster says what is sure to happen.
func (p *player) center(row registry.Row, place int) *act {
	a := p.act(row.Code, row.DistrictCode)
	visit := a.visits(place)
	papers, submission := p.days.after(visit, 1), p.days.after(visit, 2)
	a.on(firstDay, a.open, func(ctx context.Context) error { return a.assign(ctx, a.assessor, true) })
	a.on(p.days.after(firstDay, 1), a.recuse, func(ctx context.Context) error { return a.assign(ctx, a.second, false) })
	a.on(visit, a.inspect, func(ctx context.Context) error { return a.claimHonors(ctx, place) })
	a.on(papers, a.readPapers, a.observe, a.revise, a.judgeHonors, func(ctx context.Context) error { return a.deduct(ctx, place) })
	a.on(submission, a.submit)
	if a.chance(0.12) {
		a.on(p.days.after(submission, 1), a.giveBack)
		a.on(p.days.after(submission, 2), a.answer)
	}
	a.on(p.days.after(submission, 3), a.approve)
	return a
}

func (a *act) step(name string) string { return a.subject + "/" + name }

func (a *act) chance(p float64) bool { return a.dice.Float64() < p }

func pick[T any](a *act, from []T) T { return from[a.dice.IntN(len(from))] }

func (a *act) open(ctx context.Context) error {
	_, err := a.do().OpenAssessment(ctx, a.meta(organizer, a.step("open")), Round, a.subject)
	return err
}

func (a *act) assign(ctx context.Context, who string, lead bool) error {
	_, err := a.do().AssignAssessor(ctx, a.meta(organizer, a.step("assign "+who)), Round, a.subject, a.ids[who], lead)
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
		_, err = a.do().RecuseAssessor(ctx, meta, Round, a.subject, a.ids[a.second], "（演示）应受理中心请求：曾在该中心工作。", true)
	} else {
		err = a.assign(ctx, a.second, false)
		if err == nil {
			_, err = a.do().RecuseMyself(ctx, a.meta(a.second, a.step("recuse myself")), Round, a.subject, "（演示）亲属在该中心任职，申请回避。")
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
	_, err := a.do().RecordObservation(ctx, a.meta(a.second, a.step("observe")), Round, a.subject, assessment.ObservationRecorded{
		Clause: clause.Code, Text: "（演示）" + pick(a, clause.Recommendations), Method: assessment.Documents, ObservedAt: a.seen(),
	})
	return err
}

// inspect has the first assessor do the site visit: sections 1 to 3 and 7.
func (a *act) inspect(ctx context.Context) error {
	return a.recordAll(ctx, a.assessor, "1", "2", "3", "7")
}

// readPapers has the second one do the documents: sections 4 to 6.
func (a *act) readPapers(ctx context.Context) error {
	return a.recordAll(ctx, a.second, "4", "5", "6")
}

func (a *act) recordAll(ctx context.Context, who string, sections ...string) error {
	for _, section := range sections {
		if err := a.record(ctx, who, section, domain.Center); err != nil {
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
	_, err := a.do().RecordScores(ctx, a.meta(who, a.step("section "+section)), Round, a.subject, scores)
	return err
}

// finding throws the dice for one clause, which somebody looks at.
func (a *act) finding(who string, clause *domain.Clause) (assessment.Finding, error) {
	said := a.script.Clauses[clause.Code]
	f := assessment.Finding{Outcome: domain.Met, Method: said.Method, ObservedAt: a.seen()}
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
	_, err = a.do().ReviseScore(ctx, a.meta(a.assessor, a.step("revise")), Round, a.subject, 1,
		assessment.Score{Clause: clause.Code, Finding: finding}, pick(a, a.script.Revisions))
	return err
}

// deduct imposes a section 8 item on a few centers; some are lifted again. The
// second to fourth of the roster are among them.
func (a *act) deduct(ctx context.Context, place int) error {
	items := a.Criteria.Standard.Deductions.Items
	item, lift := items[0], a.chance(0.3)
	switch place {
	case 1:
		lift = false
	case 2:
		item, lift = items[1], false
	case 3:
		lift = true
	default:
		if !a.chance(0.03) {
			return nil
		}
		if a.chance(0.2) {
			item = items[1]
		}
	}
	said := pick(a, a.script.Deductions[item.Code])
	_, err := a.do().ImposeDeduction(ctx, a.meta(organizer, a.step("deduct")), Round, a.subject, assessment.DeductionImposed{
		Item: item.Code, Reason: said.Reason, Source: said.Source, OccurredOn: domain.DayOf(a.seen()),
		Evidence: []string{pick(a, a.photos[a.assessor])},
	})
	if err != nil || !lift {
		return err
	}
	_, err = a.do().LiftDeduction(ctx, a.meta(organizer, a.step("lift")), Round, a.subject, 1, "（演示）经核查情况不属实，撤销该扣分。")
	return err
}

func (a *act) submit(ctx context.Context) error {
	_, err := a.do().Submit(ctx, a.meta(a.assessor, a.step("submit")), Round, a.subject)
	return err
}

func (a *act) approve(ctx context.Context) error {
	_, err := a.do().Approve(ctx, a.meta(a.reviewer, a.step("approve")), Round, a.subject)
	return err
}

// returned is the clause that a reviewer wants to see again.
const returned = "1.1.1"

func (a *act) giveBack(ctx context.Context) error {
	_, err := a.do().ReturnAssessment(ctx, a.meta(a.reviewer, a.step("return")), Round, a.subject, "",
		[]assessment.ClauseReason{{Clause: returned, Reason: "（演示）请补充门牌标识的照片后再提交。"}})
	return err
}

// answer looks at the clause again, and submits again.
func (a *act) answer(ctx context.Context) error {
	clause, _ := a.Criteria.Standard.Clause(returned)
	finding, err := a.finding(a.assessor, clause)
	if err != nil {
		return err
	}
	finding.Evidence = []string{pick(a, a.photos[a.assessor])}
	if _, err := a.do().ReviseScore(ctx, a.meta(a.assessor, a.step("answer")), Round, a.subject, 1,
		assessment.Score{Clause: returned, Finding: finding}, "（演示）按复核意见补充照片。"); err != nil {
		return err
	}
	_, err = a.do().Submit(ctx, a.meta(a.assessor, a.step("submit again")), Round, a.subject)
	return err
}
