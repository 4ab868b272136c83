package walk

import (
	"fmt"

	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
	"mingjian/domain/rights"
	"mingjian/domain/round"
)

// builders makes a deed of each command, for a subject that the walk is at.
// notifyResults, which makes many, is notifyAll.
var builders = map[rights.Command]func(*world, subject) deed{
	"registerDistrict": registerDistrict, "registerCenter": registerCenter, "registerRoster": registerRoster,
	"openRound": openRound, "pinCalendar": pinCalendar, "deliberate": deliberate, "publish": publish, "closeRound": closeRound,
	"openAssessment": openAssessment, "assignAssessor": assignAssessor, "recuseAssessor": recuseAssessor, "recuseMyself": recuseMyself,
	"recordScores": recordScores, "reviseScore": reviseScore, "recordObservation": recordObservation, "submitAssessment": submitAssessment,
	"imposeDeduction": imposeDeduction, "liftDeduction": liftDeduction,
	"claimHonor": claimHonor, "withdrawHonor": withdrawHonor, "acceptHonor": acceptHonor, "rejectHonor": rejectHonor,
	"returnAssessment": returnAssessment, "approveAssessment": approveAssessment,
	"notifyResult": notifyResult, "fileReply": fileReply, "redactReply": redactReply,
	"fileAppeal": fileAppeal, "addToAppeal": addToAppeal, "answerAppeal": answerAppeal, "withdrawAppeal": withdrawAppeal,
	"escalateAppeal": escalateAppeal, "namePanel": namePanel, "recuseReviewer": recuseReviewer, "extendAppeal": extendAppeal,
	"recuseFromPanel": recuseFromPanel, "castVote": castVote, "decideAppeal": decideAppeal,
	"uploadEvidence": uploadEvidence, "grantRole": grantRole, "revokeRole": revokeRole,
}

// rare are commands that end much of what is going on, or have little to tell:
// one in so many of those that are drawn is sent.
var rare = map[rights.Command]int{
	"closeRound": 12, "recuseAssessor": 12, "recuseMyself": 12, "withdrawAppeal": 5, "recuseReviewer": 2, "recuseFromPanel": 2,
	"grantRole": 6, "revokeRole": 4, "pinCalendar": 6, "registerRoster": 6, "registerDistrict": 6, "registerCenter": 6, "openRound": 6,
	"notifyResults": 3, "uploadEvidence": 3,
}

// useful is a command that takes a subject's record, or an appeal against it,
// one step on.
func (w *world) useful(s subject) rights.Command {
	a := w.record(s.code)
	switch {
	case len(w.registry.seen.Districts) == 0:
		return "registerRoster"
	case w.round.seen.Opened == nil:
		return "openRound"
	case w.round.seen.CalendarHash != hashOf(w.version):
		return "pinCalendar"
	case len(w.evidence) < 6:
		return "uploadEvidence"
	}
	switch a.Status {
	case assessment.NotOpened:
		return "openAssessment"
	case assessment.InWork:
		switch {
		case a.Lead == "":
			return "assignAssessor"
		case a.Sheet.HonorsPending > 0:
			return draw[rights.Command](w, "acceptHonor", "rejectHonor", "withdrawHonor")
		case len(a.Missing()) > 0:
			return "recordScores"
		}
		return draw[rights.Command](w, "submitAssessment", "claimHonor", "claimHonor", "imposeDeduction")
	case assessment.InReview:
		return draw[rights.Command](w, "approveAssessment", "approveAssessment", "returnAssessment")
	}
	if command, ok := w.hearing(s); ok {
		return command
	}
	return draw[rights.Command](w, "notifyResult", "notifyResult", "fileAppeal", "fileAppeal", "fileAppeal", "fileAppeal", "escalateAppeal", "escalateAppeal",
		"fileReply", "deliberate", "publish", "reviseScore", "imposeDeduction", "liftDeduction")
}

// hearing is what the newest open appeal waits for.
func (w *world) hearing(s subject) (rights.Command, bool) {
	for i := len(w.filed) - 1; i >= 0; i-- {
		a := w.appeals[w.filed[i]].seen
		switch {
		case a.Filed.Subject != s.code || !a.Open():
		case a.Status != appeal.InHearing || len(a.Members) < a.Size:
			return "namePanel", true
		case len(a.Votes) < a.Size:
			return "castVote", true
		default:
			return "decideAppeal", true
		}
	}
	return "", false
}

// onRegistry and onRound make deeds that concern no subject's record.
func (w *world) onRegistry(command rights.Command, do func(by domain.Stamp) ([]domain.Event, error)) deed {
	return deed{command, w.by(rights.Organizer, ""), "", theRegistry, theRegistry, false, do}
}

func (w *world) onRound(command rights.Command, do func(r *round.Round, by domain.Stamp) ([]domain.Event, error)) deed {
	return deed{command, w.by(rights.Organizer, ""), "", theRound, theRound, false, func(by domain.Stamp) ([]domain.Event, error) {
		return do(w.round.seen, by)
	}}
}

func registerDistrict(w *world, _ subject) deed {
	code := draw(w, "310101", "310199", "3101")
	return w.onRegistry("registerDistrict", func(by domain.Stamp) ([]domain.Event, error) {
		return w.registry.seen.RegisterDistrict(by, code, draw(w, "黄浦区", "黄浦区", "南市区"))
	})
}

func registerCenter(w *world, _ subject) deed {
	code, district := draw(w, "310101001", "310199001", "3101"), draw(w, "310101", "310199")
	return w.onRegistry("registerCenter", func(by domain.Stamp) ([]domain.Event, error) {
		return w.registry.seen.RegisterCenter(by, code, district, "外滩街道", true)
	})
}

func registerRoster(w *world, _ subject) deed {
	var rows []registry.Row
	for i, s := range w.subjects {
		if s.kind == domain.Center {
			rows = append(rows, registry.Row{Line: i + 2, Code: s.code, DistrictCode: s.district, DistrictName: "黄浦区" + s.district, Area: "第" + s.code + "街道"})
		}
	}
	return w.onRegistry("registerRoster", func(by domain.Stamp) ([]domain.Event, error) { return w.registry.seen.Register(by, rows, true) })
}

func openRound(w *world, _ subject) deed {
	plan := w.plan
	plan.CalendarHash = hashOf(w.version)
	if w.rng.IntN(10) == 0 {
		plan.AppealDays = 0
	}
	return w.onRound("openRound", func(r *round.Round, by domain.Stamp) ([]domain.Event, error) {
		plan.Stamp = by
		return r.Open(plan)
	})
}

func pinCalendar(w *world, _ subject) deed {
	reason := w.reason()
	return w.onRound("pinCalendar", func(r *round.Round, by domain.Stamp) ([]domain.Event, error) {
		return r.PinCalendar(by, theRound, "cn", hashOf(w.version), reason)
	})
}

func deliberate(w *world, _ subject) deed {
	minutes := w.reason()
	size := int64(len(w.log))
	if w.rng.IntN(6) == 0 {
		size -= int64(w.rng.IntN(60)) // of a server that lags
	}
	return w.onRound("deliberate", func(r *round.Round, by domain.Stamp) ([]domain.Event, error) {
		return r.Deliberate(by, theRound, minutes, len(w.check.approved(max(0, size))), max(0, size))
	})
}

func publish(w *world, _ subject) deed {
	reason := w.reason()
	return w.onRound("publish", func(r *round.Round, by domain.Stamp) ([]domain.Event, error) { return r.Publish(by, theRound, reason) })
}

func closeRound(w *world, _ subject) deed {
	reason := w.reason()
	return w.onRound("closeRound", func(r *round.Round, by domain.Stamp) ([]domain.Event, error) {
		events, err := r.Close(by, theRound, reason)
		if err != nil {
			return nil, err
		}
		for _, id := range w.filed {
			if w.appeals[id].seen.Open() {
				return nil, fmt.Errorf("appeal %s: %w", id, domain.ErrUnderAppeal)
			}
		}
		return events, nil
	})
}

// uploadEvidence has a piece arrive. That is no event of a stream that decides.
func uploadEvidence(w *world, _ subject) deed {
	who, hash := w.by(draw(w, rights.Assessor, rights.Center, rights.Organizer), w.subjects[1].code), w.piece()
	return deed{"uploadEvidence", who, "", "", "", false, func(by domain.Stamp) ([]domain.Event, error) {
		w.evidence[hash] = true
		return nil, w.stores(&access.EvidenceStored{Stamp: by, SHA256: hash, Type: "image/png", Size: 1})
	}}
}

// stores checks that an event is stored as it is.
func (w *world) stores(event domain.Event) error {
	name, data, err := w.codec.Encode(event)
	if err != nil {
		return err
	}
	_, err = w.codec.Decode(name, data)
	return err
}

// grantRole and revokeRole change what somebody may be. Who holds what is the
// accounts' matter; here it is that it changes while things go on.
func grantRole(w *world, s subject) deed {
	who := w.people[w.rng.IntN(len(w.people))]
	grant := draw(w, rights.Grant{Role: rights.Assessor}, rights.Grant{Role: rights.Reviewer}, rights.Grant{Role: rights.Role(s.kind), Subject: s.code})
	return deed{"grantRole", w.by(rights.Organizer, ""), "", "", "", false, func(domain.Stamp) ([]domain.Event, error) {
		if len(who.Grants) < 3 && !who.Holds(grant.Role, grant.Subject) {
			who.Grants = append(append([]rights.Grant(nil), who.Grants...), grant)
		}
		return nil, grant.Validate()
	}}
}

func revokeRole(w *world, _ subject) deed {
	who := w.people[w.rng.IntN(len(w.people))]
	return deed{"revokeRole", w.by(rights.Organizer, ""), "", "", "", false, func(domain.Stamp) ([]domain.Event, error) {
		if n := len(who.Grants); n > 1 {
			who.Grants = who.Grants[:n-1]
		}
		return nil, nil
	}}
}
