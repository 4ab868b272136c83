package walk

import (
	"fmt"
	"strings"
	"time"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// onRecord makes a deed on a subject's record, as the commands do: in a round
// in progress, on a registered subject.
func (w *world) onRecord(command rights.Command, who *person, s subject, do func(*assessment.Assessment, domain.Stamp) ([]domain.Event, error)) deed {
	return deed{command, who, s.code, s.code, s.code, false, func(by domain.Stamp) ([]domain.Event, error) {
		if err := w.round.seen.InProgress(theRound); err != nil {
			return nil, err
		}
		if _, _, err := w.registry.seen.Lookup(s.code); err != nil {
			return nil, err
		}
		return do(w.record(s.code), by)
	}}
}

func openAssessment(w *world, s subject) deed {
	return w.onRecord("openAssessment", w.by(rights.Organizer, ""), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		return a.Open(assessment.Opened{Stamp: by, Round: theRound, Subject: s.code, Kind: s.kind, District: s.district, Standard: "walk"})
	})
}

func assignAssessor(w *world, s subject) deed {
	who, lead := w.by(rights.Assessor, ""), w.rng.IntN(3) > 0
	return w.onRecord("assignAssessor", w.by(rights.Organizer, ""), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		switch {
		case !who.Has(rights.Assessor):
			return nil, fmt.Errorf("account %s is no assessor: %w", who.Account, domain.ErrInvalid)
		case rights.Belongs(who.Actor, s.code):
			return nil, fmt.Errorf("account %s is of %s itself: %w", who.Account, s.code, domain.ErrFourEyes)
		}
		return a.Assign(by, pseudonym(who.Account, s.code), lead)
	})
}

func recuseAssessor(w *world, s subject) deed {
	who, reason := w.people[w.rng.IntN(len(w.people))], w.reason()
	return w.onRecord("recuseAssessor", w.by(rights.Organizer, ""), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		return a.Recuse(by, pseudonym(who.Account, s.code), reason, true)
	})
}

func recuseMyself(w *world, s subject) deed {
	who, reason := w.by(draw(w, rights.Assessor, rights.Reviewer), ""), w.reason()
	return w.onRecord("recuseMyself", who, s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		return a.Recuse(by, by.By, reason, false)
	})
}

// finding draws one for a clause, mostly a valid one.
func (w *world) finding(clause string) assessment.Finding {
	f := assessment.Finding{
		Outcome: domain.Met, Method: assessment.SiteVisit, Evidence: w.pieces(), Reason: w.reason(),
		ObservedAt: w.clock.Add(-time.Duration(w.rng.IntN(72)) * time.Hour),
	}
	p, known := poolOf(clause)
	switch {
	case !known:
		f.Points = 1
	case p.basis == domain.Award:
		f.Outcome, f.Points = domain.Awarded, domain.Points(w.rng.IntN(int(p.points)+1))
	case clause == omittable && w.rng.IntN(3) == 0:
		f.Outcome = domain.NotApplicable
	case w.rng.IntN(2) == 0:
		limit := p.points
		if clause == capped {
			limit = clauseCap
		}
		f.Outcome, f.Points = domain.Lost, domain.Points(1+w.rng.IntN(int(limit)))
	}
	if clause == measured {
		f.Counts = map[string]int64{"minutes": 15}
		if f.Outcome == domain.Lost {
			f.Counts["minutes"] = 16
		}
		if w.rng.IntN(10) == 0 { // found otherwise than counted
			f.Counts["minutes"] = 31 - f.Counts["minutes"]
			f.Override = w.reason()
		}
	}
	if w.rng.IntN(40) == 0 {
		f.Points += domain.Points(w.rng.IntN(8000) - 100)
	}
	if w.rng.IntN(80) == 0 {
		f.Outcome = draw(w, domain.Met, domain.Lost, domain.Awarded, domain.NotApplicable, "")
	}
	if w.rng.IntN(80) == 0 {
		f.ObservedAt = w.clock.Add(48 * time.Hour)
	}
	return f
}

// clause draws one, mostly one that judges the subject.
func (w *world) clause(s subject) string {
	if w.rng.IntN(40) == 0 {
		return draw(w, "9.9", "7.2", "7.3", "2.1")
	}
	codes := judged(s.kind)
	return codes[w.rng.IntN(len(codes))]
}

func recordScores(w *world, s subject) deed {
	a := w.record(s.code)
	var scores []assessment.Score
	var evidence []string
	for _, code := range judged(s.kind) {
		_, known := a.Entries[code]
		if known && w.rng.IntN(60) > 0 || w.rng.IntN(10) == 0 {
			continue
		}
		scores = append(scores, assessment.Score{Clause: code, Finding: w.finding(code)})
		evidence = append(evidence, scores[len(scores)-1].Evidence...)
	}
	return w.onRecord("recordScores", w.member(a, s), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		events, err := a.RecordScores(by, scores)
		if err != nil {
			return nil, err
		}
		return events, w.lacks(evidence...)
	})
}

func reviseScore(w *world, s subject) deed {
	a := w.record(s.code)
	score := assessment.Score{Clause: w.clause(s)}
	score.Finding = w.finding(score.Clause)
	supersedes := a.Entries[score.Clause].Version
	if w.rng.IntN(10) == 0 {
		supersedes += w.rng.IntN(3) - 1 // what somebody saw who did not look again
	}
	why := w.reason()
	return w.onRecord("reviseScore", w.member(a, s), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		events, err := a.ReviseScore(by, supersedes, score, why)
		if err == nil {
			err = w.notUnderAppeal(s, score.Clause)
		}
		if err != nil {
			return nil, err
		}
		return events, w.lacks(score.Evidence...)
	})
}

func recordObservation(w *world, s subject) deed {
	o := assessment.ObservationRecorded{
		Clause: w.clause(s), Text: w.reason(), Method: assessment.Interview, ObservedAt: w.clock.Add(-time.Hour), Evidence: w.pieces(),
	}
	return w.onRecord("recordObservation", w.member(w.record(s.code), s), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		events, err := a.Observe(by, o)
		if err != nil {
			return nil, err
		}
		return events, w.lacks(o.Evidence...)
	})
}

func submitAssessment(w *world, s subject) deed {
	a := w.record(s.code)
	who := w.who(func(p *person) bool { return pseudonym(p.Account, s.code) == a.Lead })
	if !w.mostly() {
		who = w.member(a, s)
	}
	return w.onRecord("submitAssessment", who, s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) { return a.Submit(by) })
}

func imposeDeduction(w *world, s subject) deed {
	d := assessment.DeductionImposed{
		Item: draw(w, "8.1", "8.1", "8.2", "8.2", "8.3")[:3], Reason: w.reason(), Source: w.reason(), OccurredOn: draw(w, "2018-06-01", "2018-06-01", "2018-06-31"),
		Evidence: w.pieces(),
	}
	return w.onRecord("imposeDeduction", w.by(rights.Organizer, ""), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		events, err := a.ImposeDeduction(by, d)
		if err != nil {
			return nil, err
		}
		return events, w.lacks(d.Evidence...)
	})
}

func liftDeduction(w *world, s subject) deed {
	number, reason := w.number(len(w.record(s.code).Deductions)), w.reason()
	return w.onRecord("liftDeduction", w.by(rights.Organizer, ""), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		return a.LiftDeduction(by, number, reason)
	})
}

// number draws one of n things, sometimes one too few or too many.
func (w *world) number(n int) int {
	if n == 0 || w.rng.IntN(20) == 0 {
		return w.rng.IntN(n + 2)
	}
	return 1 + w.rng.IntN(n)
}

func claimHonor(w *world, s subject) deed {
	claim := assessment.HonorClaimed{
		Title: draw(w, "文明窗口", "先进集体", "五一劳动奖状 ", "Civic Prize", "civic prize"), Level: draw(w, assessment.Municipal, assessment.National, assessment.National, "district"),
		Issuer: draw(w, "上海市", "民政部"), AwardedOn: draw(w, "2018-05-01", "2019-05-01", "2020-05-01", "2021-05-01", "2016-05-01"), Document: w.piece(),
	}
	if w.rng.IntN(2) == 0 {
		claim.With = []string{draw(w, "310101001", "310101002", "310104001", "310101", "999999999")}
	}
	return w.onRecord("claimHonor", w.by(rights.Center, s.code), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		events, err := a.ClaimHonor(by, claim, w.round.seen.Opened.Honors)
		if err != nil {
			return nil, err
		}
		for _, code := range claim.With {
			switch kind, _, err := w.registry.seen.Lookup(code); {
			case err != nil:
				return nil, err
			case kind != domain.Center:
				return nil, fmt.Errorf("an award with %s: %w", code, domain.ErrWrongSubject)
			}
		}
		for _, own := range a.Honors {
			if own.Withdrawn == nil && sameHonor(own.HonorClaimed, claim) {
				return nil, fmt.Errorf("claim %d: %w", own.Honor, domain.ErrExists)
			}
		}
		if err := assessment.Alone(s.code, claim.With, w.twins(s, claim, false)); err != nil {
			return nil, err
		}
		return events, w.lacks(claim.Document)
	})
}

func sameHonor(a, b assessment.HonorClaimed) bool {
	return projections.HonorKey(a.Title, a.Issuer, a.AwardedOn) == projections.HonorKey(b.Title, b.Issuer, b.AwardedOn)
}

// twins has the other centers' claims of an honor.
func (w *world) twins(s subject, claim assessment.HonorClaimed, accepted bool) (twins []assessment.Twin) {
	for _, other := range w.subjects {
		if other.code == s.code {
			continue
		}
		for _, h := range w.record(other.code).Honors {
			if sameHonor(h.HonorClaimed, claim) && h.Withdrawn == nil && h.Rejected == nil && (h.Accepted != nil || !accepted) {
				twins = append(twins, assessment.Twin{Subject: other.code, With: h.With, Accepted: h.Accepted != nil})
			}
		}
	}
	return twins
}

func acceptHonor(w *world, s subject) deed {
	number, points := w.number(len(w.record(s.code).Honors)), domain.Points(w.rng.IntN(430))
	return w.onRecord("acceptHonor", w.by(rights.Reviewer, ""), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		events, err := a.AcceptHonor(by, number, points)
		if err != nil {
			return nil, err
		}
		claim := a.Honors[number-1].HonorClaimed
		return events, assessment.Alone(s.code, claim.With, w.twins(s, claim, true))
	})
}

func rejectHonor(w *world, s subject) deed {
	number, reason := w.number(len(w.record(s.code).Honors)), w.reason()
	return w.onRecord("rejectHonor", w.by(rights.Reviewer, ""), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		return a.RejectHonor(by, number, reason)
	})
}

func withdrawHonor(w *world, s subject) deed {
	number, reason := w.number(len(w.record(s.code).Honors)), w.reason()
	return w.onRecord("withdrawHonor", w.by(rights.Center, s.code), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		return a.WithdrawHonor(by, number, reason)
	})
}

func returnAssessment(w *world, s subject) deed {
	reason := w.reason()
	var clauses []assessment.ClauseReason
	if w.rng.IntN(2) == 0 {
		clauses = []assessment.ClauseReason{{Clause: w.clause(s), Reason: w.reason()}}
	}
	return w.onRecord("returnAssessment", w.by(rights.Reviewer, ""), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		return a.Return(by, reason, clauses)
	})
}

func approveAssessment(w *world, s subject) deed {
	return w.onRecord("approveAssessment", w.by(rights.Reviewer, ""), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		return a.Approve(by)
	})
}

func notifyResult(w *world, s subject) deed {
	return w.onRecord("notifyResult", w.by(rights.Organizer, ""), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		last, hash, err := w.deadline(domain.DayOf(by.At), w.round.seen.Opened.AppealDays)
		if err != nil {
			return nil, err
		}
		return a.Notify(by, assessment.ResultNotified{AppealBy: last, Days: w.round.seen.Opened.AppealDays, Calendar: hash})
	})
}

func fileReply(w *world, s subject) deed {
	salt, text := strings.Repeat("5a", 32), w.reason()
	return w.onRecord("fileReply", w.by(rights.Center, s.code), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		return a.FileReply(by, salt, text)
	})
}

func redactReply(w *world, s subject) deed {
	number, reason := w.number(len(w.record(s.code).Replies)), w.reason()
	return w.onRecord("redactReply", w.by(rights.Organizer, ""), s, func(a *assessment.Assessment, by domain.Stamp) ([]domain.Event, error) {
		return a.RedactReply(by, number, draw(w, "", "……"), reason)
	})
}
