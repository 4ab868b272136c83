package demo

import (
	"context"
	"fmt"
	"slices"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/appeal"
)

// hearing is an appeal from its filing to its end.
type hearing struct {
	*act
	course
	about  target
	ground appeal.Ground
	said   pleading
	id     string
	// free are the reviewers who had no part in the record, in the order in which
	// they are named; panel hears the appeal.
	free, panel []string
	decideBy    string
	restored    domain.Points
}

// hearing plans an appeal.
func (p *player) hearing(c course, t target, ground appeal.Ground) *hearing {
	h := &hearing{act: p.act(t.subject, t.district), course: c, about: t, ground: ground, said: p.script.after.Grounds[ground]}
	switch t.kind {
	case aDeduction:
		h.said = p.script.after.Deductions
	case theDistrict:
		h.said = p.script.after.District
	}
	if h.said.Votes == nil {
		h.said.Votes, h.said.Decisions = p.script.after.Votes, p.script.after.Decisions
	}
	h.id = appeal.ID(Round, t.subject, t.Target, 1)
	h.clock = p.clock(h.id)
	for n := range reviewers {
		if who := login("reviewer", n+1); who != h.reviewer && who != h.jury {
			h.free = append(h.free, who)
		}
	}
	h.dice.Shuffle(len(h.free), func(i, j int) { h.free[i], h.free[j] = h.free[j], h.free[i] })
	h.plan()
	return h
}

// plan says on which day what happens, in working days.
func (h *hearing) plan() {
	day := h.days.after(notice, 1+h.dice.IntN(5))
	switch {
	case h.late:
		day = h.days.after(notice, 5)
	case h.anew:
		day = h.days.after(notice, 1)
	}
	h.on(day, h.file)
	if h.withdrawn {
		h.on(h.days.after(day, 1), h.withdraw)
		if !h.anew {
			return
		}
		day = h.days.after(day, 3)
		h.id = appeal.ID(Round, h.subject, h.about.Target, 2)
		h.on(day, h.file)
	}
	h.decideBy = h.days.after(day, decisionDays)
	h.on(h.days.after(day, 2), h.namePanel)
	h.on(h.days.after(day, 3), h.plead)
	if h.ownRecusal || h.requestedRecusal {
		h.on(h.days.after(day, 4), h.recuse)
	}
	votes := h.days.after(day, 5)
	switch {
	case h.extended && h.late:
		h.on(h.days.after(day, 8), func(ctx context.Context) error { return h.extend(ctx, 20) })
		votes = h.days.after(day, 27)
	case h.extended:
		h.on(h.days.after(day, 8), func(ctx context.Context) error { return h.extend(ctx, 5) })
		votes = h.days.after(day, 11)
	case h.expired:
		h.on(h.days.after(day, 11), h.expire)
		votes = h.days.after(day, 12)
	case h.late:
		votes = h.days.after(day, 8)
	}
	h.on(votes, func(ctx context.Context) error { return h.vote(ctx, h.outcome) })
	day = h.days.after(votes, 1)
	h.on(day, func(ctx context.Context) error { return h.decide(ctx, h.outcome) })
	if h.escalated != "" {
		h.planSecond(day)
	}
}

// planSecond goes on with the second panel, after the release where the appeal
// is late.
func (h *hearing) planSecond(decided string) {
	day := h.days.after(decided, 2)
	panel, votes := h.days.after(day, 2), h.days.after(day, 4)
	if h.late {
		day = h.days.after(decided, 5)
		panel, votes = h.days.after(day, 3), h.days.after(day, 8)
	}
	h.on(day, h.escalate)
	h.on(panel, h.namePanel)
	h.on(votes, func(ctx context.Context) error { return h.vote(ctx, h.escalated) })
	h.on(h.days.after(votes, 1), func(ctx context.Context) error { return h.decide(ctx, h.escalated) })
}

func (h *hearing) step(name string) string { return h.id + "/" + name }

// say picks a text about the appeal.
func (h *hearing) say(from []string) string { return h.about.fill(pick(h.act, from), h.restored) }

// appellant is the login of who appeals.
func (h *hearing) appellant() string { return accountOf(h.subject) }

// file files the appeal, and after a withdrawal another one.
func (h *hearing) file(ctx context.Context) error {
	evidence, err := h.evidence(ctx)
	if err != nil {
		return err
	}
	_, err = h.do().FileAppeal(ctx, h.meta(h.appellant(), h.step("file on "+domain.DayOf(h.now))), command.Filing{
		Round: Round, Subject: h.subject, Target: h.about.Target, Ground: h.ground, Statement: h.say(h.said.Statements), Evidence: evidence,
	})
	return err
}

// evidence is a picture of the appellant's; districts have none to upload.
func (h *hearing) evidence(ctx context.Context) ([]string, error) {
	if h.about.kind == theDistrict {
		return nil, nil
	}
	sha, err := h.upload(ctx, h.do(), h.appellant(), 2*photos*assessors+h.dice.IntN(photos*assessors))
	return []string{sha}, err
}

func (h *hearing) withdraw(ctx context.Context) error {
	id := appeal.ID(Round, h.subject, h.about.Target, 1)
	_, err := h.do().WithdrawAppeal(ctx, h.meta(h.appellant(), h.step("withdraw")), id, h.say(h.script.after.Withdrawals))
	return err
}

// namePanel names the next of those who are free.
func (h *hearing) namePanel(ctx context.Context) error {
	size := 3
	if h.five {
		size = 5
	}
	h.panel, h.free = h.free[:size:size], h.free[size:]
	return h.name(ctx)
}

func (h *hearing) name(ctx context.Context) error {
	accounts := make([]string, len(h.panel))
	for i, who := range h.panel {
		accounts[i] = h.ids[who]
	}
	_, err := h.do().NamePanel(ctx, h.meta(organizer, h.step(fmt.Sprintf("panel without %d", len(h.free)))), h.id, accounts)
	return err
}

// plead has both parties speak.
func (h *hearing) plead(ctx context.Context) error {
	_, err := h.do().AnswerAppeal(ctx, h.meta(h.assessor, h.step("answer")), h.id, h.say(h.said.Answers), []string{pick(h.act, h.photos[h.assessor])})
	if err != nil || h.chance(0.4) {
		return err
	}
	evidence, err := h.evidence(ctx)
	if err != nil {
		return err
	}
	_, err = h.do().AddToAppeal(ctx, h.meta(h.appellant(), h.step("add")), h.id, h.say(h.said.Supplements), evidence)
	return err
}

// recuse takes a member off the panel, and names another in the place.
func (h *hearing) recuse(ctx context.Context) error {
	said := h.script.after.Recusals
	var err error
	if who := h.panel[0]; h.ownRecusal {
		_, err = h.do().RecuseFromPanel(ctx, h.meta(who, h.step("recuse")), h.id, mark(pick(h.act, said.Own)))
	} else {
		_, err = h.do().RecuseReviewer(ctx, h.meta(organizer, h.step("recuse")), h.id, h.ids[who], mark(pick(h.act, said.OnRequest)), true)
	}
	if err != nil {
		return err
	}
	h.panel, h.free = append(slices.Clone(h.panel[1:]), h.free[0]), h.free[1:]
	return h.name(ctx)
}

func (h *hearing) extend(ctx context.Context, days int) error {
	_, err := h.do().ExtendAppeal(ctx, h.meta(organizer, h.step("extend")), h.id, days, mark(pick(h.act, h.script.after.Extensions)))
	return err
}

// expire has the platform flag what was not decided in time.
func (h *hearing) expire(ctx context.Context) error {
	_, err := h.do().Expire(ctx, h.id, h.decideBy)
	return err
}

func (h *hearing) escalate(ctx context.Context) error {
	_, err := h.do().EscalateAppeal(ctx, h.meta(h.appellant(), h.step("escalate")), h.id, h.say(h.script.after.Escalations))
	return err
}

// vote has all members vote, so that the middle one comes to the outcome; the
// last of three, and the ends of five, see it otherwise.
func (h *hearing) vote(ctx context.Context, outcome appeal.Outcome) error {
	part := h.about.part(h.Criteria.Standard)
	less, more, wanted := h.restored, h.about.lost, part
	switch outcome {
	case appeal.Upheld:
		less, wanted = max(less, part), h.about.lost
	case appeal.Dismissed:
		wanted = h.restored
	}
	votes := []domain.Points{wanted, wanted, more}
	if outcome == appeal.Upheld || h.chance(0.4) {
		votes[2] = less
	}
	if h.five {
		votes = []domain.Points{wanted, less, wanted, more, wanted}
	}
	for i, who := range h.panel {
		// By the vote's own words, whatever the others say.
		of := appeal.PartlyUpheld
		switch votes[i] {
		case h.about.lost:
			of = appeal.Upheld
		case h.restored:
			of = appeal.Dismissed
		}
		_, err := h.do().CastVote(ctx, h.meta(who, h.step(fmt.Sprintf("vote %d %s", len(h.free), who))), h.id, votes[i],
			h.about.fill(pick(h.act, h.said.Votes[of]), votes[i]))
		if err != nil {
			return err
		}
	}
	h.restored = wanted
	return nil
}

// decide has the first member write the decision down, and sees it carried out.
func (h *hearing) decide(ctx context.Context, outcome appeal.Outcome) error {
	_, err := h.do().DecideAppeal(ctx, h.meta(h.panel[0], h.step(fmt.Sprintf("decide %d", len(h.free)))), h.id, h.say(h.said.Decisions[outcome]))
	if err != nil {
		return err
	}
	return h.carryOut(ctx)
}

// carryOut makes sure that the correction which follows from the decision is on
// record before the story goes on. The platform reacts by itself; asked twice,
// or from two sides, it corrects once.
func (h *hearing) carryOut(ctx context.Context) error {
	at, decided, err := h.decision(ctx, h.id)
	if err != nil {
		return err
	}
	_, err = h.do().Correct(ctx, at, decided)
	return err
}
