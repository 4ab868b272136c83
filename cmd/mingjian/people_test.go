package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// person is somebody who is signed in to a served platform.
type person struct {
	s       *served
	client  *http.Client
	account string
}

// person creates an account as the operator, takes its invitation, sets a
// password by the form, and signs in with it, as its owner would.
func (s *served) person(login string, grants ...map[string]any) *person {
	s.t.Helper()
	var made struct {
		CreateAccount struct{ Stream string }
	}
	s.must(`mutation ($input: CreateAccountInput!) { createAccount(input: $input) { stream } }`, map[string]any{"input": map[string]any{
		"commandId": uuid.NewString(), "login": login, "name": login, "grants": grants,
	}}, &made)
	account := strings.TrimPrefix(made.CreateAccount.Stream, "account-")
	var invited struct {
		InviteAccount struct{ Path string }
	}
	s.must(`mutation ($id: ID!, $account: ID!) { inviteAccount(commandId: $id, account: $account) { path } }`,
		map[string]any{"id": uuid.NewString(), "account": account}, &invited)
	link, err := url.Parse(s.API + invited.InviteAccount.Path)
	if err != nil {
		s.t.Fatal(err)
	}
	const password = "一句足够长的话 for the test"
	response, err := http.PostForm(s.API+link.Path, url.Values{
		"token": {link.Query().Get("token")}, "password": {password}, "again": {password},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	page, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it was read to its end
	if err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("setting the password: %s, %v: %s", response.Status, err, page)
	}
	return s.signIn(login, password)
}

func role(name string) map[string]any { return map[string]any{"role": name} }

// signIn signs an account in.
func (s *served) signIn(login, password string) *person {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	p := &person{s: s, client: &http.Client{Jar: jar}}
	var answer struct{ Account string }
	body, err := json.Marshal(map[string]string{"login": login, "password": password})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal(p.post("/auth/sign-in", body), &answer); err != nil || answer.Account == "" {
		s.t.Fatalf("signing in as %s: %+v, %v", login, answer, err)
	}
	p.account = answer.Account
	return p
}

// post sends JSON and returns whatever comes back.
func (p *person) post(path string, body []byte) []byte {
	p.s.t.Helper()
	request, err := http.NewRequestWithContext(p.s.t.Context(), http.MethodPost, p.s.API+path, bytes.NewReader(body))
	if err != nil {
		p.s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		p.s.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return answer
}

// ask sends a GraphQL document.
func (p *person) ask(document string, variables map[string]any, data any) error {
	p.s.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		return err
	}
	var answer struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal(p.post("/graphql", body), &answer); err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		return fmt.Errorf("%s (%s)", answer.Errors[0].Message, answer.Errors[0].Extensions.Code)
	}
	return json.Unmarshal(answer.Data, data)
}

func (p *person) must(document string, variables map[string]any, data any) {
	p.s.t.Helper()
	if err := p.ask(document, variables, data); err != nil {
		p.s.t.Fatal(err)
	}
}
