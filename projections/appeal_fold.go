package projections

import (
	"mingjian/domain"
	"mingjian/domain/appeal"
)

// applyAppeal folds one event with the domain's own fold, and keeps where the
// appeal stands from then on.
func (p *projector) applyAppeal(a *appealState, event domain.Event) error {
	if a.fold == nil {
		found, err := (&View{conn: p.db.writer}).Appeal(a.id, Latest)
		if err != nil {
			return err
		}
		a.fold = found.fold()
	}
	if err := a.fold.Apply(event); err != nil {
		return err
	}
	a.step = appealStep{a.fold.Status, a.fold.Panel, a.fold.DecideBy, a.fold.Expired}
	return nil
}

// fold is the domain's fold of the appeal, made of what the tables have.
func (a AppealView) fold() *appeal.Appeal {
	f := appeal.New()
	f.Filed, f.Status, f.Panel, f.DecideBy, f.Expired = a.Filed, a.Status, a.Panel, a.DecideOn, a.Expired
	f.Parties[a.By] = true
	for _, s := range a.Statements {
		f.Statements = append(f.Statements, s.EvidenceAdded)
		f.Parties[s.By] = true
	}
	for _, s := range a.Steps {
		if s.Event == (appeal.Escalated{}).EventType() {
			f.Parties[s.By] = true
		}
	}
	var named int64
	for _, m := range a.Members {
		f.Former[m.Pseudonym] = f.Former[m.Pseudonym] || m.Panel == 1
		f.Recused[m.Pseudonym] = f.Recused[m.Pseudonym] || m.Recused
		if m.Panel != a.Panel {
			continue
		}
		if m.Seq != named {
			named, f.Size = m.Seq, 0
		}
		f.Size++
		if m.Gone == 0 {
			f.Members = append(f.Members, m.Pseudonym)
		}
	}
	for _, v := range a.Votes {
		if v.Panel == a.Panel {
			f.Votes = append(f.Votes, v.VoteCast)
		}
	}
	for _, d := range a.Decisions {
		f.Decisions = append(f.Decisions, d.Decided)
	}
	return f
}
