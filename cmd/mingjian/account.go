package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/google/uuid"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/domain/rights"
	"mingjian/eventstore"
)

type accountCmd struct {
	List    accountListCmd    `cmd:"" help:"Show every account with its roles."`
	Create  accountCreateCmd  `cmd:"" help:"Create an account and print the link by which its owner sets a password."`
	Import  importAccountsCmd `cmd:"" help:"Create the accounts of a CSV or XLSX file, and write the links to a file: the same as import accounts."`
	Grant   accountGrantCmd   `cmd:"" help:"Give an account a role."`
	Revoke  accountRevokeCmd  `cmd:"" help:"Take a role from an account."`
	Reset   accountResetCmd   `cmd:"" help:"Print a new link to set the password; asks for no code any more."`
	Disable accountDisableCmd `cmd:"" help:"End an account's sessions and let it sign in no more."`
	Enable  accountEnableCmd  `cmd:"" help:"Let a disabled account sign in again."`
	Erase   accountEraseCmd   `cmd:"" help:"Destroy an account's key: nobody can learn any more who it was. All scores and the trail stay."`
}

// accountPlace is where accounts are changed: on the log itself, which a server
// of the same data folder may have open.
type accountPlace struct {
	place
	URL string `name:"url" placeholder:"URL" default:"http://127.0.0.1:8080" help:"The API's address as people see it, for the links." env:"MINGJIAN_URL"`
}

// accounts runs what a command does with the accounts of the log.
func (p place) accounts(ctx context.Context, io *stdio, do func(*auth.Accounts) error) (err error) {
	log, err := p.openLog(ctx, io.logger, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	key, err := pseudonymKey(ctx, p.Data, log)
	if err != nil {
		return err
	}
	keyring, accounts, err := p.openAccounts(ctx, log, eventstore.NewCodec(), key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keyring.Close()) }()
	return do(accounts)
}

// byOperator is a new command of the operator, who may dismiss the last
// organizer: on this machine another one can be made.
func byOperator() auth.Meta {
	return auth.Meta{ID: uuid.Must(uuid.NewV7()).String(), Actor: command.Operator, Unguarded: true}
}

// invite prints the link by which an account's owner sets a password.
func invite(ctx context.Context, io *stdio, accounts *auth.Accounts, url, id, login string) error {
	token, expires, _, err := accounts.Invite(ctx, byOperator(), id)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "%s: 请在 %s 前打开此链接设置密码（仅可使用一次）/ set the password by this link, once:\n%s\n",
		login, expires.Local().Format("2006-01-02 15:04"), invitationLink(url, token))
	return err
}

func invitationLink(url, token string) string {
	return strings.TrimSuffix(url, "/") + "/auth/invitation?token=" + token
}

type accountListCmd struct{ place }

// Run prints a line an account.
func (c *accountListCmd) Run(ctx context.Context, io *stdio) error {
	if err := c.existing(); err != nil {
		return err
	}
	return c.accounts(ctx, io, func(accounts *auth.Accounts) error {
		list, err := accounts.List(ctx)
		if err != nil {
			return err
		}
		out := tabwriter.NewWriter(io.out, 2, 4, 2, ' ', 0)
		fmt.Fprintln(out, "account\tlogin\tname\troles\tstate")
		for _, e := range list {
			login, name := "（已抹除 erased）", ""
			if e.Person != nil {
				login, name = e.Person.Login, e.Person.Name
			}
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", e.Account, login, name, grantsText(e.Grants), stateOf(e))
		}
		return out.Flush()
	})
}

func grantsText(grants []rights.Grant) string {
	var texts []string
	for _, g := range grants {
		text := string(g.Role)
		if g.Subject != "" {
			text += ":" + g.Subject
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " ")
}

func stateOf(e auth.Entry) string {
	switch {
	case e.Erased:
		return "erased"
	case e.Disabled:
		return "disabled"
	case e.Password && e.TOTP:
		return "password and code"
	case e.Password:
		return "password"
	case !e.Invited.IsZero():
		return "invited"
	}
	return "no password"
}

// grantFlag is a role as the command line has it: organizer, center:310101002.
type grantFlag rights.Grant

// UnmarshalText reads role or role:subject.
func (g *grantFlag) UnmarshalText(text []byte) error {
	role, subject, _ := strings.Cut(string(text), ":")
	*g = grantFlag{Role: rights.Role(role), Subject: subject}
	return rights.Grant(*g).Validate()
}

type accountCreateCmd struct {
	accountPlace
	Login string      `arg:"" help:"A mail address or name to sign in with; it cannot change."`
	Name  string      `required:"" help:"The person's name."`
	Mail  string      `help:"Mail address, if it is not the login."`
	Phone string      `help:"Telephone number."`
	Role  []grantFlag `help:"Roles: assessor, reviewer, organizer, auditor, center:CODE, district:CODE."`
}

// Run creates and invites.
func (c *accountCreateCmd) Run(ctx context.Context, io *stdio) error {
	return c.accounts(ctx, io, func(accounts *auth.Accounts) error {
		var grants []rights.Grant
		for _, g := range c.Role {
			grants = append(grants, rights.Grant(g))
		}
		made, err := accounts.Create(ctx, byOperator(), auth.Person{Login: c.Login, Name: c.Name, Mail: c.Mail, Phone: c.Phone}, grants)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Login, err)
		}
		return invite(ctx, io, accounts, c.URL, made.Account, c.Login)
	})
}

// onLogin is a command on the account of a login.
type onLogin struct {
	accountPlace
	Login string `arg:"" help:"The login of the account."`
}

func (c *onLogin) run(ctx context.Context, io *stdio, do func(*auth.Accounts, string) error, done string) error {
	if err := c.existing(); err != nil {
		return err
	}
	return c.accounts(ctx, io, func(accounts *auth.Accounts) error {
		id, err := accounts.ID(c.Login)
		if err == nil {
			err = do(accounts, id)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.Login, err)
		}
		_, err = fmt.Fprintf(io.out, "%s: %s\n", c.Login, done)
		return err
	})
}

type accountGrantCmd struct {
	onLogin
	Role grantFlag `arg:"" help:"The role, such as assessor or center:310101002."`
}

// Run grants.
func (c *accountGrantCmd) Run(ctx context.Context, io *stdio) error {
	return c.run(ctx, io, func(accounts *auth.Accounts, id string) error {
		_, err := accounts.Grant(ctx, byOperator(), id, rights.Grant(c.Role))
		return err
	}, "granted")
}

type accountRevokeCmd struct {
	onLogin
	Role grantFlag `arg:"" help:"The role."`
}

// Run revokes.
func (c *accountRevokeCmd) Run(ctx context.Context, io *stdio) error {
	return c.run(ctx, io, func(accounts *auth.Accounts, id string) error {
		_, err := accounts.RevokeRole(ctx, byOperator(), id, rights.Grant(c.Role))
		return err
	}, "revoked")
}

type accountResetCmd struct{ onLogin }

// Run invites anew.
func (c *accountResetCmd) Run(ctx context.Context, io *stdio) error {
	return c.run(ctx, io, func(accounts *auth.Accounts, id string) error {
		list, err := accounts.List(ctx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(list, func(e auth.Entry) bool { return e.Account == id && e.TOTP }) {
			if _, err := accounts.ClearTOTP(ctx, byOperator(), id); err != nil {
				return err
			}
		}
		return invite(ctx, io, accounts, c.URL, id, c.Login)
	}, "reset")
}

type accountDisableCmd struct {
	onLogin
	Reason string `required:"" help:"Why."`
}

// Run disables.
func (c *accountDisableCmd) Run(ctx context.Context, io *stdio) error {
	return c.run(ctx, io, func(accounts *auth.Accounts, id string) error {
		_, err := accounts.Disable(ctx, byOperator(), id, c.Reason)
		return err
	}, "disabled")
}

type accountEnableCmd struct{ onLogin }

// Run enables.
func (c *accountEnableCmd) Run(ctx context.Context, io *stdio) error {
	return c.run(ctx, io, func(accounts *auth.Accounts, id string) error {
		_, err := accounts.Enable(ctx, byOperator(), id)
		return err
	}, "enabled")
}

type accountEraseCmd struct {
	onLogin
	Reason string `required:"" help:"Why."`
	Yes    bool   `required:"" help:"Confirm: this cannot be undone."`
}

// Run erases.
func (c *accountEraseCmd) Run(ctx context.Context, io *stdio) error {
	return c.run(ctx, io, func(accounts *auth.Accounts, id string) error {
		_, err := accounts.Erase(ctx, byOperator(), id, c.Reason)
		return err
	}, "erased; backups of the keyring that are older hold the key still")
}
