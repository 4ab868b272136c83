package api

import (
	"context"
	"errors"
	"fmt"

	"github.com/graphql-go/graphql"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// addAccounts adds who has an account, and one's own sessions.
func (s *internalSchema) addAccounts(query graphql.Fields) {
	account := object("Account", "Somebody who may sign in.", graphql.Fields{
		"id":        field(required(graphql.ID), "What the trail names.", func(e *auth.Entry) any { return e.Account }),
		"login":     field(graphql.String, "Null once the person is erased.", func(e *auth.Entry) any { return ofPerson(e, func(p *auth.Person) string { return p.Login }) }),
		"name":      field(graphql.String, "", func(e *auth.Entry) any { return ofPerson(e, func(p *auth.Person) string { return p.Name }) }),
		"mail":      field(graphql.String, "", func(e *auth.Entry) any { return ofPerson(e, func(p *auth.Person) string { return p.Mail }) }),
		"phone":     field(graphql.String, "", func(e *auth.Entry) any { return ofPerson(e, func(p *auth.Person) string { return p.Phone }) }),
		"grants":    field(listOf(s.grant), "", func(e *auth.Entry) any { return refs(e.Grants) }),
		"createdAt": field(required(s.dateTime), "", func(e *auth.Entry) any { return e.Created }),
		"disabled":  field(required(graphql.Boolean), "", func(e *auth.Entry) any { return e.Disabled }),
		"erased":    field(required(graphql.Boolean), "The person cannot be known again; what they did stays.", func(e *auth.Entry) any { return e.Erased }),
		"password":  field(required(graphql.Boolean), "A password is set.", func(e *auth.Entry) any { return e.Password }),
		"totp":      field(required(graphql.Boolean), "A code is asked for as well.", func(e *auth.Entry) any { return e.TOTP }),
		"invitedUntil": field(s.dateTime, "How long the open invitation lasts.", func(e *auth.Entry) any {
			return nullUnless(!e.Invited.IsZero(), e.Invited)
		}),
	})
	query["accounts"] = root(required(connection[*auth.Entry](account, s.pageInfo)), "Every account, oldest first, read from the log itself.", pageArgs(nil), accountsOf)
	session := object("Session", "A sign-in that has not ended.", graphql.Fields{
		"id":        field(required(graphql.ID), "", func(i *auth.SessionInfo) any { return i.ID }),
		"openedAt":  field(required(s.dateTime), "", func(i *auth.SessionInfo) any { return i.Opened }),
		"expiresAt": field(required(s.dateTime), "", func(i *auth.SessionInfo) any { return i.Expires }),
		"userAgent": field(graphql.String, "", func(i *auth.SessionInfo) any { return orNull(i.Agent.UserAgent) }),
		"address":   field(graphql.String, "", func(i *auth.SessionInfo) any { return orNull(i.Agent.Address) }),
	})
	query["sessions"] = root(listOf(session), "Where the viewer is signed in.", graphql.FieldConfigArgument{},
		func(r *request, _ *input) (any, error) {
			list, err := r.cfg.Accounts.Sessions(r.ctx, r.viewer().Account)
			return refs(list), err
		})
}

// accountsOf is a page of the accounts. An account's id is its cursor.
func accountsOf(r *request, in *input) (any, error) {
	first, after := in.page()
	if err := in.err(); err != nil {
		return nil, err
	}
	if err := rights.MayRead(r.viewer(), rights.ReadAccounts, rights.Facts{}); err != nil {
		return nil, err
	}
	list, total, err := r.cfg.Accounts.ListAfter(r.ctx, after, first+1)
	if errors.Is(err, domain.ErrUnknownAccount) {
		err = fmt.Errorf("%.80q: %w", after, projections.ErrCursor)
	}
	if err != nil {
		return nil, err
	}
	page := projections.Page[auth.Entry]{Items: list[:min(first, len(list))], Total: total, HasNext: len(list) > first}
	for _, e := range page.Items {
		page.Cursors = append(page.Cursors, e.Account)
	}
	return newPage(page, after, self[auth.Entry]), nil
}

func ofPerson(e *auth.Entry, read func(*auth.Person) string) any {
	if e.Person == nil {
		return nil
	}
	return orNull(read(e.Person))
}

// onAccount is a command on an account.
type onAccount struct {
	account, reason string
	grant           rights.Grant
	sessions        []string
}

func readOnAccount(in *input) onAccount {
	return onAccount{account: in.text("account"), reason: in.text("reason"), sessions: in.texts("sessions")}
}

// newAccount is somebody who is to get one.
type newAccount struct {
	person auth.Person
	grants []rights.Grant
}

func readGrant(in *input) rights.Grant {
	return rights.Grant{Role: mandatory[rights.Role](in, "role"), Subject: in.text("subject")}
}

// addAccount adds a command of the organizer on accounts.
func addAccount[C any](m *mutations, name, doc string, fields inputFields, read func(*input) C, run func(context.Context, auth.Meta, C) (auth.Receipt, error)) {
	add(m, name, doc, fields, read, func(ctx context.Context, meta command.Meta, c C) (command.Receipt, error) {
		if err := rights.Allow(viewerOf(ctx), rights.Command(name), ""); err != nil {
			return command.Receipt{}, err
		}
		return accountReceipt(run(ctx, auth.Meta{ID: meta.ID, Actor: meta.Actor}, c))
	})
}

func accountReceipt(r auth.Receipt, err error) (command.Receipt, error) {
	return command.Receipt{Stream: r.Stream, Revision: r.Revision, Position: r.Position, Repeated: r.Repeated}, err
}

func (m *mutations) addAccounts() {
	if m.accounts == nil {
		return
	}
	account := func(more inputFields) inputFields {
		more["account"] = in(required(graphql.ID), "")
		return more
	}
	grant := graphql.NewInputObject(graphql.InputObjectConfig{
		Name: "GrantInput", Description: "A role.",
		Fields: inputFields{"role": in(required(m.enums.role), ""), "subject": in(graphql.ID, "For center and district: its code.")},
	})
	addAccount(m, "createAccount", "Makes an account; inviteAccount then gives the link by which its owner sets a password.", inputFields{
		"login":  in(required(graphql.String), "A mail address or name to sign in with; it cannot change."),
		"name":   in(required(graphql.String), ""),
		"mail":   in(graphql.String, ""),
		"phone":  in(graphql.String, ""),
		"grants": in(listOf(grant), ""),
	}, func(in *input) newAccount {
		c := newAccount{person: auth.Person{Login: in.text("login"), Name: in.text("name"), Mail: in.text("mail"), Phone: in.text("phone")}}
		for _, each := range in.children("grants") {
			c.grants = append(c.grants, readGrant(each))
		}
		return c
	}, func(ctx context.Context, meta auth.Meta, c newAccount) (auth.Receipt, error) {
		return m.accounts.Create(ctx, meta, c.person, c.grants)
	})
	readRole := func(in *input) onAccount {
		return onAccount{account: in.text("account"), grant: readGrant(in.child("grant"))}
	}
	addAccount(m, "grantRole", "Gives an account a role.", account(inputFields{"grant": in(required(grant), "")}), readRole,
		func(ctx context.Context, meta auth.Meta, c onAccount) (auth.Receipt, error) {
			return m.accounts.Grant(ctx, meta, c.account, c.grant)
		})
	addAccount(m, "revokeRole", "Takes a role from an account.", account(inputFields{"grant": in(required(grant), "")}), readRole,
		func(ctx context.Context, meta auth.Meta, c onAccount) (auth.Receipt, error) {
			return m.accounts.RevokeRole(ctx, meta, c.account, c.grant)
		})
	addAccount(m, "disableAccount", "Ends an account's sessions and lets it sign in no more.", account(inputFields{"reason": in(required(graphql.String), "")}), readOnAccount,
		func(ctx context.Context, meta auth.Meta, c onAccount) (auth.Receipt, error) {
			return m.accounts.Disable(ctx, meta, c.account, c.reason)
		})
	addAccount(m, "enableAccount", "Lets a disabled account sign in again.", account(inputFields{}), readOnAccount,
		func(ctx context.Context, meta auth.Meta, c onAccount) (auth.Receipt, error) {
			return m.accounts.Enable(ctx, meta, c.account)
		})
	addAccount(m, "eraseAccount", "Destroys the key of an account: nobody can learn any more who it was, and what it did stays.",
		account(inputFields{"reason": in(required(graphql.String), "")}), readOnAccount,
		func(ctx context.Context, meta auth.Meta, c onAccount) (auth.Receipt, error) {
			return m.accounts.Erase(ctx, meta, c.account, c.reason)
		})
	addAccount(m, "clearTotp", "Lets an account sign in without a code again, as for somebody who lost the phone.", account(inputFields{}), readOnAccount,
		func(ctx context.Context, meta auth.Meta, c onAccount) (auth.Receipt, error) {
			return m.accounts.ClearTOTP(ctx, meta, c.account)
		})
	add(m, "revokeSessions", "Ends sessions: one's own, or as an organizer somebody's.", inputFields{
		"account":  in(graphql.ID, "Whose; one's own if left out."),
		"sessions": in(graphql.NewList(required(graphql.ID)), "All of them if left out."),
	}, readOnAccount, func(ctx context.Context, meta command.Meta, c onAccount) (command.Receipt, error) {
		if c.account == "" {
			c.account = meta.Actor
		}
		if c.account != meta.Actor {
			if err := rights.Allow(viewerOf(ctx), "revokeSessions", ""); err != nil {
				return command.Receipt{}, err
			}
		}
		return accountReceipt(m.accounts.RevokeSessions(ctx, auth.Meta{ID: meta.ID, Actor: meta.Actor}, c.account, c.sessions))
	})
	m.addCredentials()
}

// credentials are what the viewer signs in with.
type credentials struct{ old, password, ticket, code string }

func readCredentials(in *input) credentials {
	return credentials{old: in.text("oldPassword"), password: in.text("password"), ticket: in.text("ticket"), code: in.text("code")}
}

// addCredentials adds what anybody does with their own account, and the
// invitation, whose link is shown once and never recorded.
func (m *mutations) addCredentials() {
	add(m, "changePassword", "Replaces the viewer's password and ends all sessions.", inputFields{
		"oldPassword": in(required(graphql.String), ""),
		"password":    in(required(graphql.String), "At least 12 characters, and not a common one."),
	}, readCredentials, func(ctx context.Context, meta command.Meta, c credentials) (command.Receipt, error) {
		return accountReceipt(m.accounts.SetPassword(ctx, auth.Meta{ID: meta.ID, Actor: meta.Actor}, meta.Actor, c.old, c.password))
	})
	add(m, "confirmTotp", "Puts an enrolled secret in force: from then on a code is asked for as well.", inputFields{
		"ticket": in(required(graphql.String), "Of enrollTotp."),
		"code":   in(required(graphql.String), "What the app shows."),
	}, readCredentials, func(ctx context.Context, meta command.Meta, c credentials) (command.Receipt, error) {
		return accountReceipt(m.accounts.ConfirmTOTP(ctx, auth.Meta{ID: meta.ID, Actor: meta.Actor}, meta.Actor, c.ticket, c.code))
	})
	enrollment := object("Enrollment", "A secret for an authenticator app; confirmTotp puts it in force.", graphql.Fields{
		"secret": field(required(graphql.String), "Base32, to type in.", func(e *auth.Enrollment) any { return e.Secret }),
		"url":    field(required(graphql.String), "otpauth://…, to show as a QR code.", func(e *auth.Enrollment) any { return e.URL }),
		"ticket": field(required(graphql.String), "Goes back with the code.", func(e *auth.Enrollment) any { return e.Ticket }),
	})
	m.fields["enrollTotp"] = root(enrollment, "Makes a secret for the viewer; nothing is recorded yet.", graphql.FieldConfigArgument{
		"password": arg(required(graphql.String), "The viewer's."),
	}, func(r *request, in *input) (any, error) {
		made, err := m.accounts.EnrollTOTP(r.ctx, r.viewer().Account, in.text("password"))
		if err != nil {
			return nil, err
		}
		return &made, nil
	})
	type invited struct {
		command.Receipt
		link string
		auth.Entry
	}
	invitation := object("Invitation", "A link by which the account's owner sets a password, once.", graphql.Fields{
		"path":      field(required(graphql.String), "Append it to the server's address. It is shown here once and kept nowhere.", func(i *invited) any { return i.link }),
		"expiresAt": field(required(m.dateTime), "", func(i *invited) any { return i.Invited }),
		"position":  field(required(m.position), "", func(i *invited) any { return i.Position }),
	})
	m.fields["inviteAccount"] = root(invitation, "Makes the link by which an account's owner sets a password. The one before it is void.", graphql.FieldConfigArgument{
		"commandId": arg(required(graphql.ID), "A UUID made by the client."),
		"account":   arg(required(graphql.ID), ""),
	}, func(r *request, in *input) (any, error) {
		if err := rights.Allow(r.viewer(), "inviteAccount", ""); err != nil {
			return nil, err
		}
		token, expires, receipt, err := m.accounts.Invite(r.ctx, auth.Meta{ID: in.text("commandId"), Actor: r.viewer().Account}, in.text("account"))
		if err != nil {
			return nil, err
		}
		if receipt.Repeated {
			return nil, fmt.Errorf("this invitation is on record, and its link was shown then: send a new command id: %w", domain.ErrInvalid)
		}
		r.reached = max(r.reached, receipt.Position)
		out := &invited{link: "/auth/invitation?token=" + token}
		out.Position, out.Invited = receipt.Position, expires
		return out, nil
	})
}
