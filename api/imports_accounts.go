package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"mingjian/api/auth"
	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/domain/account"
	"mingjian/domain/rights"
)

// planAccounts makes an account and its invitation of each row.
func (r *importing) planAccounts() ([]step, error) {
	rows, err := readRows(r, sheets.Accounts())
	if err != nil {
		return nil, err
	}
	known, err := r.subjects()
	if err != nil {
		return nil, err
	}
	list, err := r.cfg.Accounts.List(r.ctx)
	if err != nil {
		return nil, err
	}
	accounts := make(map[string]auth.Entry)
	for _, e := range list {
		accounts[e.Account] = e
	}
	var steps []step
	for _, row := range rows {
		id, err := r.cfg.Accounts.ID(row.Login)
		if err != nil {
			r.fault(row.Line, "login", row.Login, "登录名只能含文字、数字和 @ . - _ + '，3 至 100 个字符。", err.Error())
			continue
		}
		for _, g := range row.Grants {
			if g.Subject != "" && !known.has(g.Subject) {
				r.fault(row.Line, "subject", g.Subject, "没有登记这个受理中心或区，请先导入名册。", "No such center or district is registered: import the roster first.")
			}
		}
		text, err := json.Marshal(row.Grants)
		if err != nil {
			return nil, err
		}
		s := newPerson{r: r, id: id, person: auth.Person{Login: row.Login, Name: row.Name, Mail: row.Mail, Phone: row.Phone}, grants: row.Grants}
		s.command = r.derive(ImportAccounts, id, row.Name, row.Mail, row.Phone, string(text))
		e, exists := accounts[id]
		if exists {
			s.entry = &e
			ours, err := r.onRecord(account.StreamPrefix+id, s.command)
			if err != nil {
				return nil, err
			}
			if !ours && !s.same() {
				r.fault(row.Line, "login", row.Login, "该登录名已有账号，其姓名、联系方式或角色与本行不同：请在账号管理中更改，并删去本行。",
					"This login has an account whose person or roles are others than here: change them there, and delete the row.")
			}
		}
		// One that exists is looked at again: it may be ours, cut short before its
		// invitation went out.
		steps = append(steps, step{lines: []int{row.Line}, repeated: exists && r.file.DryRun, run: s.create})
	}
	return steps, nil
}

// newPerson is somebody who is to get an account.
type newPerson struct {
	r       *importing
	id      string
	command string
	person  auth.Person
	grants  []rights.Grant
	entry   *auth.Entry // nil without an account
}

// same reports whether the account that exists says what the row says.
func (n *newPerson) same() bool {
	e := n.entry
	byText := func(a, b rights.Grant) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Subject, b.Subject))
	}
	return e.Person != nil && e.Person.Name == n.person.Name && e.Person.Mail == n.person.Mail && e.Person.Phone == n.person.Phone &&
		slices.Equal(slices.SortedFunc(slices.Values(e.Grants), byText), slices.SortedFunc(slices.Values(n.grants), byText))
}

func (n *newPerson) create(ctx context.Context) (stepDone, error) {
	accounts := n.r.cfg.Accounts
	meta := func(id string) auth.Meta { return auth.Meta{ID: id, Actor: n.r.viewer().Account} }
	made, err := accounts.Create(ctx, meta(n.command), n.person, n.grants)
	if errors.Is(err, domain.ErrExists) && n.entry != nil {
		return stepDone{repeated: true}, nil // another command made it, with the same words
	}
	if err != nil {
		return stepDone{}, err
	}
	// Cut short here, the account waits for the same file to come again.
	token, expires, invited, err := accounts.Invite(ctx, meta(n.r.derive("invitation", n.command)), n.id)
	if err != nil {
		return stepDone{}, err
	}
	done := stepDone{max(made.Position, invited.Position), made.Repeated && invited.Repeated}
	if invited.Repeated {
		// The link is the same again, for as long as it is good.
		switch _, err := accounts.Invitation(ctx, token); {
		case errors.Is(err, domain.ErrInvitation):
			return done, nil
		case err != nil:
			return done, err
		}
		if n.entry != nil && !n.entry.Invited.IsZero() {
			expires = n.entry.Invited
		}
	}
	n.r.answer.Invitations = append(n.r.answer.Invitations, ImportInvitation{
		Login: n.person.Login, Path: "/auth/invitation?token=" + token, ExpiresAt: expires,
	})
	return done, nil
}
