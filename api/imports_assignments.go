package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mingjian/api/command"
	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// planAssignments makes one command for each subject and assessor.
func (r *importing) planAssignments() ([]step, error) {
	round, _, err := r.round()
	if err != nil {
		return nil, err
	}
	rows, err := readRows(r, sheets.Assignments())
	if err != nil {
		return nil, err
	}
	known, err := r.subjects()
	if err != nil {
		return nil, err
	}
	p := &assigning{r: r, round: round.ID, known: known, named: make(map[[2]string]bool), leads: make(map[string]lead), teams: make(map[string]team)}
	accounts := make([]string, len(rows))
	for i, row := range rows {
		if accounts[i], err = p.assessor(row); err != nil {
			return nil, err
		}
		if !row.All {
			p.named[[2]string{row.Subject, accounts[i]}] = true
		}
	}
	var steps []step
	for i, row := range rows {
		targets, err := p.targets(row, accounts[i])
		if err != nil {
			return nil, err
		}
		if accounts[i] == "" {
			continue // at fault already
		}
		for _, subject := range targets {
			s, err := p.assign(row, subject, accounts[i])
			if err != nil {
				return nil, err
			}
			steps = append(steps, s)
		}
	}
	return steps, nil
}

// assigning is an import of assignments.
type assigning struct {
	r     *importing
	round string
	known *subjects
	// named holds subject and account of rows for one subject: they go before
	// rows for all of its district.
	named map[[2]string]bool
	leads map[string]lead // by subject
	teams map[string]team // by subject
}

type lead struct {
	account string
	line    int
}

// team is who is on a subject's record; opened is false without one.
type team struct {
	opened  bool
	members []projections.MemberView
}

// assessor finds the account of a row's login, "" if it is at fault.
func (p *assigning) assessor(row sheets.AssignmentRow) (string, error) {
	id, err := p.r.cfg.Accounts.ID(row.Login)
	var actor rights.Actor
	if err == nil {
		actor, err = p.r.cfg.Accounts.Actor(p.r.ctx, id)
	}
	fault := func(zh, en string) (string, error) {
		p.r.fault(row.Line, "login", row.Login, zh, en)
		return "", nil
	}
	switch {
	case errors.Is(err, domain.ErrUnknownAccount), errors.Is(err, domain.ErrInvalid):
		return fault("没有这个登录名的账号，请先建立账号。", "No account has this login: create it first.")
	case errors.Is(err, domain.ErrDisabled):
		return fault("该账号已停用。", "The account is disabled.")
	case err != nil:
		return "", err
	case !actor.Has(rights.Assessor):
		return fault("该账号没有评估员角色，请先授予。", "The account is no assessor: grant the role first.")
	}
	return id, nil
}

// targets are the subjects of a row whose records are open.
func (p *assigning) targets(row sheets.AssignmentRow, account string) ([]string, error) {
	fault := func(zh, en string) { p.r.fault(row.Line, "subject", row.Subject, zh, en) }
	if !p.known.has(row.Subject) {
		fault("没有登记这个受理中心或区。", "No such center or district is registered.")
		return nil, nil
	}
	wanted := []string{row.Subject}
	if row.All {
		if wanted = p.known.in[row.Subject]; len(wanted) == 0 {
			fault("该区没有登记的受理中心。", "The district has no registered center.")
		}
		wanted = slices.DeleteFunc(slices.Clone(wanted), func(code string) bool { return p.named[[2]string{code, account}] })
	}
	var closed []string
	for _, code := range wanted {
		t, err := p.team(code)
		if err != nil {
			return nil, err
		}
		if !t.opened {
			closed = append(closed, code)
		}
	}
	if len(closed) > 0 {
		few := strings.Join(closed[:min(len(closed), 3)], ", ")
		fault(fmt.Sprintf("有 %d 个对象的评估尚未开始（%s），请先开启。", len(closed), few),
			fmt.Sprintf("The records of %d subjects are not opened (%s): open them first.", len(closed), few))
		return nil, nil
	}
	return wanted, nil
}

func (p *assigning) team(subject string) (team, error) {
	if t, ok := p.teams[subject]; ok {
		return t, nil
	}
	view, err := p.r.view()
	if err != nil {
		return team{}, err
	}
	members, err := view.Team(p.round, subject)
	if err != nil && !errors.Is(err, projections.ErrNotFound) {
		return team{}, err
	}
	p.teams[subject] = team{opened: err == nil, members: members}
	return p.teams[subject], nil
}

func (p *assigning) assign(row sheets.AssignmentRow, subject, account string) (step, error) {
	id := p.r.derive(ImportAssignments, p.round, subject, account, strconv.FormatBool(row.Lead))
	repeated, err := p.r.onRecord(command.AssessmentStream(p.round, subject), id)
	if err != nil {
		return step{}, err
	}
	for _, m := range p.teams[subject].members {
		switch {
		case m.Account != account || repeated:
		case m.Recused:
			p.r.fault(row.Line, "login", row.Login,
				fmt.Sprintf("该评估员已回避对象 %s，不能再分派。", subject), fmt.Sprintf("This assessor is recused from %s and cannot be assigned again.", subject))
		case m.Assigned && m.Lead == row.Lead:
			repeated = true
		}
	}
	if first, ok := p.leads[subject]; row.Lead && ok && first.account != account {
		p.r.fault(row.Line, "lead", "",
			fmt.Sprintf("第 %d 行已为对象 %s 指定了组长，一个对象只有一名组长。", first.line, subject), fmt.Sprintf("Row %d names the lead of %s already: a subject has one.", first.line, subject))
	} else if row.Lead {
		p.leads[subject] = lead{account, row.Line}
	}
	return step{lines: []int{row.Line}, repeated: repeated, run: func(ctx context.Context) (stepDone, error) {
		receipt, err := p.r.cfg.Commands.AssignAssessor(ctx, p.r.meta(id), p.round, subject, account, row.Lead)
		return stepDone{receipt.Position, receipt.Repeated}, err
	}}, nil
}
