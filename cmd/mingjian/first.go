package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"slices"

	"mingjian/api/auth"
	"mingjian/domain/rights"
)

// firstLogin is what the first organizer signs in as.
const firstLogin = "organizer"

// inviteFirst makes the first organizer and prints the one-time link by which
// they set a password, unless some organizer can sign in. While a link is open
// it is left as it is: somebody may have it already. Who was disabled, erased or
// is no organizer any more stays so: that is a person's decision.
func inviteFirst(ctx context.Context, r *runtime, url string, io *stdio) error {
	id, err := r.accounts.ID(firstLogin)
	if err != nil {
		return err
	}
	list, err := r.accounts.List(ctx)
	if err != nil {
		return err
	}
	taken, made, waiting := false, false, false
	for _, e := range list {
		taken = taken || e.Account == id
		if e.Disabled || e.Erased || !slices.ContainsFunc(e.Grants, func(g rights.Grant) bool { return g.Role == rights.Organizer }) {
			continue
		}
		if e.Password {
			return nil
		}
		made = made || e.Account == id // and a crash came before the link
		waiting = waiting || !e.Invited.IsZero()
	}
	switch {
	case waiting:
		_, err := fmt.Fprintln(io.out, "\n组织者尚未设置密码；如链接遗失，运行 mingjian account reset 可得新的链接。"+
			"The organizer has not set a password yet; mingjian account reset prints another link.")
		return err
	case taken && !made:
		_, err := fmt.Fprintln(io.out, "\n没有可用密码登录的组织者；运行 mingjian account create 登录名 --name 姓名 --role organizer 可新建。"+
			"No organizer can sign in with a password; mingjian account create LOGIN --name NAME --role organizer makes one.")
		return err
	case !made:
		_, err := r.accounts.Create(ctx, byOperator(), auth.Person{Login: firstLogin, Name: "市级组织者"}, []rights.Grant{{Role: rights.Organizer}})
		if err != nil {
			return err
		}
	}
	fmt.Fprintln(io.out, "\n尚无组织者账号。There is no organizer yet.")
	return invite(ctx, io, r.accounts, url, id, firstLogin)
}

// operatorToken lets the command line of this machine act as the operator for
// as long as this server runs.
func operatorToken() string {
	token := make([]byte, 32)
	_, _ = rand.Read(token) // never fails
	return base64.RawURLEncoding.EncodeToString(token)
}

// local is the API's address as this machine's command line reaches it.
func (a addresses) local(listener net.Listener) string {
	scheme := "http"
	if a.TLSCert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return scheme + "://" + listener.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return fmt.Sprintf("%s://%s", scheme, net.JoinHostPort(host, port))
}
