package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/internal/testrig"
)

// personMain is the program "person" of the scripts: somebody with a browser.
// What it holds between calls is in NAME.json.
//
//	person NAME join DATA FILE      take the link in a file, set a password, sign in
//	person NAME in DATA LOGIN       sign in once more
//	person NAME do MUTATION k=v …   send a command; @other is other's account, ["@a","@b"] a list of them, <file a file's text
//	person NAME assess SUBJECT c=p  record all findings: nothing lost but points p on clauses c
//	person NAME ask DOCUMENT [public]         send a query, to the public schema for choice
//	person NAME until FORM DOCUMENT [public]  send it until the answer fits
//	person NAME notify ROUND                  notify all results; prints who was
//	person NAME upload FILE         store evidence; prints its SHA-256
//	person NAME evidence FILE       download the piece whose SHA-256 a file holds
func personMain() {
	if err := personRun(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const scriptPassword = "一句足够长的话 for the script"

// somebody is what a person's file holds.
type somebody struct {
	API, Login, Account string
	Cookies             []*http.Cookie

	name   string
	client *http.Client
}

func personRun(args []string) error {
	if len(args) < 3 {
		return errors.New("usage: person NAME VERB ARG…")
	}
	p := &somebody{name: args[0]}
	if text, err := os.ReadFile(p.name + ".json"); err == nil {
		if err := json.Unmarshal(text, p); err != nil {
			return err
		}
	}
	verbs := map[string]func([]string) error{
		"join": p.join, "in": p.in, "do": p.do, "assess": p.assess, "ask": p.ask, "until": p.until, "notify": p.notify, "upload": p.upload, "evidence": p.evidence,
	}
	verb, ok := verbs[args[1]]
	if !ok {
		return fmt.Errorf("person: no verb %s", args[1])
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	p.client = &http.Client{Jar: jar}
	if p.API != "" {
		jar.SetCookies(p.url(), p.Cookies)
	}
	return verb(args[2:])
}

func (p *somebody) url() *url.URL {
	u, _ := url.Parse(p.API) // it was found by its form
	return u
}

// serverOf waits for the server on a data folder to say where it is.
func serverOf(data string) (string, error) {
	for range 3000 {
		var now running
		if text, err := os.ReadFile(filepath.Join(data, runningFile)); err == nil && json.Unmarshal(text, &now) == nil {
			return now.API, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return "", errors.New("no server came up in a minute")
}

var linkForm = regexp.MustCompile(`(\S+): .*\n\S+/auth/invitation\?token=(\S+)`)

func (p *somebody) join(args []string) error {
	text, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	found := linkForm.FindSubmatch(text)
	if found == nil {
		return fmt.Errorf("no link in %s", text)
	}
	if p.API, err = serverOf(args[0]); err != nil {
		return err
	}
	response, err := p.client.PostForm(p.API+"/auth/invitation", url.Values{
		"token": {string(found[2])}, "password": {scriptPassword}, "again": {scriptPassword},
	})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		page, _ := io.ReadAll(response.Body) // for the message only
		return fmt.Errorf("%s: %s", response.Status, page)
	}
	return p.in([]string{args[0], string(found[1])})
}

func (p *somebody) in(args []string) (err error) {
	if p.API, err = serverOf(args[0]); err != nil {
		return err
	}
	p.Login = args[1]
	var answer struct{ Account string }
	status, text, err := p.send(http.MethodPost, "/auth/sign-in", "application/json",
		jsonOf(map[string]string{"login": p.Login, "password": scriptPassword}))
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%d: %s", status, text)
	}
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil {
		return fmt.Errorf("sign in as %s: %w", p.Login, err)
	}
	p.Account, p.Cookies = answer.Account, p.client.Jar.Cookies(p.url())
	return os.WriteFile(p.name+".json", jsonOf(p), 0o600)
}

func jsonOf(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // only values that JSON has
	}
	return text
}

func (p *somebody) send(method, path, mediaType string, body []byte) (int, []byte, error) {
	request, err := http.NewRequest(method, p.API+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", mediaType)
	response, err := p.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, text, err
}

// graphql prints the data, or fails with the first error's code and text.
func (p *somebody) graphql(document string, variables map[string]any) error {
	data, err := p.answer("/graphql", document, variables)
	if err == nil {
		fmt.Println(data)
	}
	return err
}

// answer is the data of a response.
func (p *somebody) answer(path, document string, variables map[string]any) (string, error) {
	_, text, err := p.send(http.MethodPost, path, "application/json", jsonOf(map[string]any{"query": document, "variables": variables}))
	if err != nil {
		return "", err
	}
	var answer struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions struct{ Code, Zh string }
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", fmt.Errorf("%w: %s", err, text)
	}
	if len(answer.Errors) > 0 {
		e := answer.Errors[0]
		return "", fmt.Errorf("%s %s %s", e.Extensions.Code, e.Message, e.Extensions.Zh)
	}
	return string(answer.Data), nil
}

func (p *somebody) ask(args []string) error { return p.until(append([]string{""}, args...)) }

// until asks for at most a minute.
func (p *somebody) until(args []string) error {
	form, err := regexp.Compile(args[0])
	if err != nil {
		return err
	}
	path := "/graphql"
	if len(args) > 2 && args[2] == "public" {
		path = "/public/graphql"
	}
	var data string
	for range 600 {
		if data, err = p.answer(path, args[1], nil); err != nil {
			return err
		}
		if form.MatchString(data) {
			fmt.Println(data)
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("after a minute it is still %s", data)
}

func (p *somebody) notify(args []string) error {
	return p.graphql(`mutation ($input: NotifyResultsInput!) { notifyResults(input: $input) { notified known waiting } }`,
		map[string]any{"input": map[string]any{"commandId": uuid.NewString(), "round": args[0]}})
}

func (p *somebody) do(args []string) error {
	input := map[string]any{"commandId": uuid.NewString()}
	for _, arg := range args[1:] {
		key, text, _ := strings.Cut(arg, "=")
		var value any = text
		if file, ok := strings.CutPrefix(text, "<"); ok {
			content, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			value = strings.TrimSpace(string(content))
		} else if other, ok := strings.CutPrefix(text, "@"); ok {
			account, err := accountOf(other)
			if err != nil {
				return err
			}
			value = account
		} else if strings.HasPrefix(text, `["@`) {
			var accounts []string
			for _, other := range strings.Split(strings.Trim(text, `["]`), `","`) {
				account, err := accountOf(strings.TrimPrefix(other, "@"))
				if err != nil {
					return err
				}
				accounts = append(accounts, account)
			}
			value = accounts
		} else if json.Valid([]byte(text)) && !isCode(key) {
			value = json.RawMessage(text)
		}
		input[key] = value
	}
	name := args[0]
	document := fmt.Sprintf("mutation ($input: %s%sInput!) { %s(input: $input) { revision repeated } }", strings.ToUpper(name[:1]), name[1:], name)
	return p.graphql(document, map[string]any{"input": input})
}

// accountOf is the account of somebody who has joined.
func accountOf(name string) (string, error) {
	var who somebody
	content, err := os.ReadFile(name + ".json")
	if err == nil {
		err = json.Unmarshal(content, &who)
	}
	return who.Account, err
}

// isCode reports whether an input is text although it may look like a number.
func isCode(key string) bool {
	switch key {
	case "code", "district", "subject", "round", "item", "clause", "standard", "appeal":
		return true
	}
	return false
}

func (p *somebody) assess(args []string) error {
	adopted, err := criteria.Standard2022()
	if err != nil {
		return err
	}
	points := make(map[string]string)
	for _, arg := range args[1:] {
		clause, lost, _ := strings.Cut(arg, "=")
		points[clause] = lost
	}
	kind := domain.Center
	if len(args[0]) == len("310101") {
		kind = domain.District
	}
	var scores []any
	for _, clause := range adopted.Standard.Clauses() {
		indicator := clause.Indicator()
		if indicator.Subject != kind || indicator.Honors {
			continue
		}
		f := assessment.Finding{Outcome: domain.Met}
		given, named := points[clause.Code]
		switch {
		case indicator.Basis == domain.Award:
			f.Outcome = domain.Awarded
		case named:
			f.Outcome, f.Reason = domain.Lost, "现场所见"
		}
		if f.Outcome != domain.Awarded {
			testrig.Count(clause, &f)
		}
		score := map[string]any{
			"clause": clause.Code, "outcome": f.Outcome, "reason": f.Reason, "checklist": f.Checklist,
			"method": "siteVisit", "observedAt": "2022-06-01T09:30:00+08:00",
		}
		if named {
			score["points"] = given
		}
		var counts []any
		for input, value := range f.Counts {
			counts = append(counts, map[string]any{"input": input, "value": value})
		}
		if counts != nil {
			score["counts"] = counts
		}
		scores = append(scores, score)
	}
	return p.graphql("mutation ($input: RecordScoresInput!) { recordScores(input: $input) { revision repeated } }", map[string]any{"input": map[string]any{
		"commandId": uuid.NewString(), "round": "small", "subject": args[0], "scores": scores,
	}})
}

func (p *somebody) upload(args []string) error {
	content, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	status, text, err := p.send(http.MethodPost, "/evidence", "application/octet-stream", content)
	if err != nil {
		return err
	}
	var piece struct{ SHA256 string }
	if status != http.StatusCreated || json.Unmarshal(text, &piece) != nil {
		return fmt.Errorf("%d %s", status, text)
	}
	fmt.Println(piece.SHA256)
	return nil
}

func (p *somebody) evidence(args []string) error {
	sha, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	status, text, err := p.send(http.MethodGet, "/evidence/"+strings.TrimSpace(string(sha)), "", nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%d %s", status, text)
	}
	fmt.Printf("%s\n", text)
	return err
}
