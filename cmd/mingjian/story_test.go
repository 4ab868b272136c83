package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mingjian/domain"
)

// served is a demo that is being served by this test's process.
type served struct {
	t    *testing.T
	data string
	said string // what was printed up to the addresses
	running
}

// serveDemo plays a demo and serves it on free ports until the test ends.
func serveDemo(t *testing.T, args ...string) *served {
	t.Helper()
	s := &served{t: t, data: t.TempDir()}
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		args := append([]string{"demo", "--data", s.data, "--api", "127.0.0.1:0", "--site", "127.0.0.1:0"}, args...)
		err := run(ctx, args, strings.NewReader(""), in, os.Stderr)
		in.CloseWithError(io.EOF)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	s.readAddresses(out)
	return s
}

var addressForm = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// readAddresses reads what the program prints up to both addresses, and goes
// on reading so that it never blocks.
func (s *served) readAddresses(out io.Reader) {
	s.t.Helper()
	var text strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := out.Read(buffer)
		text.Write(buffer[:n])
		if found := addressForm.FindAllString(text.String(), -1); len(found) >= 2 {
			s.API, s.Site, s.said = found[0], found[1], text.String()
			s.readToken()
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return
		}
		if err != nil {
			s.t.Fatalf("the program ended without its addresses: %v\n%s", err, text.String())
		}
	}
}

// readToken finds what lets the command line act as the operator.
func (s *served) readToken() {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.data, runningFile))
	if err != nil {
		s.t.Fatal(err)
	}
	var now running
	if err := json.Unmarshal(text, &now); err != nil {
		s.t.Fatal(err)
	}
	s.Token = now.Token
}

// password is a demo account's, as it was printed.
func (s *served) password(login string) string {
	s.t.Helper()
	for line := range strings.Lines(s.said) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[0] == login {
			return fields[1]
		}
	}
	s.t.Fatalf("no account %s was printed", login)
	return ""
}

// ask asks as the operator.
func (s *served) ask(document string, variables map[string]any, data any) error {
	return askServer(s.t.Context(), s.running, document, variables, data)
}

func (s *served) must(document string, variables map[string]any, data any) {
	s.t.Helper()
	if err := s.ask(document, variables, data); err != nil {
		s.t.Fatal(err)
	}
}

func (s *served) page(path string) string {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.Site+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s, %v", path, response.Status, err)
	}
	return string(body)
}

// cli runs the program on the same data folder, as another process would.
func (s *served) cli(args ...string) string {
	s.t.Helper()
	var out strings.Builder
	if err := run(s.t.Context(), append(args, "--data", s.data), strings.NewReader(""), &out, os.Stderr); err != nil {
		s.t.Fatalf("mingjian %s: %v", strings.Join(args, " "), err)
	}
	return out.String()
}

type standing struct {
	Standing struct {
		Total                  domain.Points
		Status                 string
		CityRank, DistrictRank int
	}
	DistrictRanking []struct {
		District struct{ Code string }
		Mean     domain.Points
	}
	Assessment struct {
		Clauses []struct {
			Code    string
			Outcome string
			Points  domain.Points
			Version int
		}
	}
}

func (s *served) standing(center, after string) standing {
	s.t.Helper()
	var data standing
	s.must(`query ($center: ID!, $after: Position) {
		standing(round: "demo-2022", center: $center, after: $after) { total status cityRank districtRank }
		districtRanking(round: "demo-2022") { district { code } mean }
	}`, map[string]any{"center": center, "after": after}, &data)
	return data
}

func (s standing) mean(district string) domain.Points {
	for _, d := range s.DistrictRanking {
		if d.District.Code == district {
			return d.Mean
		}
	}
	return 0
}

// TestAScoreMovesThePage follows one revision from the mutation to the page.
func TestAScoreMovesThePage(t *testing.T) {
	const center, district = "310101002", "310101"
	s := serveDemo(t, "--centers", "215", "--seed", "3")
	before := s.standing(center, "0")
	page := s.page("/centers/" + center + ".html")
	if !strings.Contains(page, before.Standing.Total.String()) {
		t.Fatalf("the page does not show the total %s", before.Standing.Total)
	}

	assessor, reviewer := s.person("wang@example.org", role("assessor")), s.person("li@example.org", role("reviewer"))
	s.must(`mutation ($input: AssignAssessorInput!) { assignAssessor(input: $input) { revision } }`, map[string]any{"input": map[string]any{
		"commandId": "0192f0c1-0000-7000-8000-0000000000a0", "round": "demo-2022", "subject": center, "account": assessor.account,
	}}, new(struct{}))

	// Lose all of 6.2 (2 points), whatever was found there: by the standard the
	// indicator then scores 0, so the total falls by what it scored before.
	var first struct {
		ReviseScore struct{ Position string }
	}
	revise := map[string]any{"input": map[string]any{
		"commandId": "0192f0c1-0000-7000-8000-0000000000a1",
		"round":     "demo-2022", "subject": center, "supersedes": 1, "why": "复查后更正",
		"score": map[string]any{
			"clause": "6.2", "outcome": "lost", "points": 2, "method": "documents",
			"observedAt": "2022-09-10T02:00:00Z", "reason": "未建立服务改进制度。",
		},
	}}
	const mutation = `mutation ($input: ReviseScoreInput!) { reviseScore(input: $input) { position } }`
	assessor.must(mutation, revise, &first)
	after := s.standing(center, first.ReviseScore.Position)
	fell := before.Standing.Total - after.Standing.Total
	if fell <= 0 || fell > domain.Whole(2) {
		t.Errorf("the total went from %s to %s", before.Standing.Total, after.Standing.Total)
	}
	if after.Standing.CityRank <= before.Standing.CityRank || after.Standing.DistrictRank < before.Standing.DistrictRank {
		t.Errorf("ranks went from %d and %d to %d and %d", before.Standing.CityRank, before.Standing.DistrictRank,
			after.Standing.CityRank, after.Standing.DistrictRank)
	}
	// Ten centers: the mean falls by a tenth, give or take the rounding of both.
	if moved := before.mean(district) - after.mean(district); moved < fell/10-1 || moved > fell/10+1 {
		t.Errorf("the mean fell by %s when a total of ten fell by %s", moved, fell)
	}
	if after.Standing.Status != "submitted" {
		t.Errorf("after a revision the record is %s, not awaiting approval", after.Standing.Status)
	}

	// The page stays until the next release, which needs a second person first.
	if s.page("/centers/"+center+".html") != page {
		t.Error("the page changed without a release")
	}
	approve := map[string]any{"input": map[string]any{
		"commandId": "0192f0c1-0000-7000-8000-0000000000a2", "round": "demo-2022", "subject": center,
	}}
	reviewer.must(`mutation ($input: ApproveAssessmentInput!) { approveAssessment(input: $input) { position } }`, approve, new(struct{}))
	s.signIn("organizer@demo.invalid", s.password("organizer@demo.invalid")).
		must(`mutation ($input: DeliberateInput!) { deliberate(input: $input) { position } }`, map[string]any{"input": map[string]any{
			"commandId": "0192f0c1-0000-7000-8000-0000000000a4", "round": "demo-2022", "minutes": "会商一致同意",
		}}, new(struct{}))
	s.cli("publish", "--round", "demo-2022", "--reason", "复查后更正一条")
	if now := s.page("/centers/" + center + ".html"); !strings.Contains(now, after.Standing.Total.String()) || !strings.Contains(now, "未建立服务改进制度。") {
		t.Error("the page does not show the correction")
	}
	if out := s.cli("rebuild"); !strings.Contains(out, "identical") {
		t.Error(out)
	}
	s.wrongInputChangesNothing(assessor, center)
}

func (s *served) wrongInputChangesNothing(assessor *person, center string) {
	s.t.Helper()
	before := s.cli("events")
	for name, fault := range map[string]struct {
		change map[string]any
		want   string
	}{
		"unknown clause": {map[string]any{"clause": "9.9"}, "UNKNOWN_CLAUSE"},
		"3.5 of 3":       {map[string]any{"points": 3.5}, "OVER_INDICATOR"},
		"three decimals": {map[string]any{"points": json.Number("0.125")}, "INVALID_POINTS"},
		"no reason":      {map[string]any{"reason": ""}, "REASON"},
	} {
		score := map[string]any{
			"clause": "1.1.1", "outcome": "lost", "points": 0.5, "method": "documents", "observedAt": "2022-09-10T02:00:00Z", "reason": "x",
		}
		for k, v := range fault.change {
			score[k] = v
		}
		err := assessor.ask(`mutation ($input: ReviseScoreInput!) { reviseScore(input: $input) { position } }`, map[string]any{"input": map[string]any{
			"commandId": "0192f0c1-0000-7000-8000-0000000000a3", "round": "demo-2022", "subject": center,
			"supersedes": 1, "why": "x", "score": score,
		}}, new(struct{}))
		if err == nil || !strings.Contains(err.Error(), fault.want) {
			s.t.Errorf("%s: got %v, want %s", name, err, fault.want)
		}
	}
	if after := s.cli("events"); !onlyLooked(before, after) {
		s.t.Error("a refused command changed the log")
	}
}

// onlyLooked reports whether nothing happened between two listings of events but
// that the second was looked at.
func onlyLooked(before, after string) bool {
	look, ok := strings.CutPrefix(after, before)
	return ok && before != "" && strings.Count(look, "\n") == 1 && strings.Contains(look, "access.TrailViewed")
}

// TestStoppingAndStartingLosesNothing stops a server and starts another one on
// its folder.
func TestStoppingAndStartingLosesNothing(t *testing.T) {
	data := t.TempDir()
	var texts []string
	for range 2 {
		var out strings.Builder
		for _, args := range [][]string{
			{"demo", "--once", "--centers", "5", "--data", data},
			{"events", "--json", "--data", data},
		} {
			out.Reset()
			if err := run(t.Context(), args, strings.NewReader(""), &out, os.Stderr); err != nil {
				t.Fatal(err)
			}
		}
		texts = append(texts, out.String())
	}
	if !onlyLooked(texts[0], texts[1]) {
		t.Error("the log differs after a restart")
	}
}

// TestSecondServerIsRefused starts a server on a folder that is being served.
func TestSecondServerIsRefused(t *testing.T) {
	s := serveDemo(t, "--centers", "2")
	err := run(t.Context(), []string{"serve", "--data", s.data, "--api", "127.0.0.1:0", "--site", "127.0.0.1:0"},
		strings.NewReader(""), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(s.data, "log.db")) {
		t.Errorf("a second server on one folder: %v", err)
	}
}

// TestReadmeCommandsWork runs what README.md shows.
func TestReadmeCommandsWork(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.Symlink(filepath.Join(root, "criteria"), "criteria"); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for line := range strings.Lines(string(readme)) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		args, ok := strings.CutPrefix(line, "bin/mingjian ")
		if !ok {
			continue
		}
		ctx, cancel := t.Context(), context.CancelFunc(func() {})
		if strings.HasPrefix(args, "serve") {
			if strings.Contains(args, "--eventstore") {
				continue // needs a cluster
			}
			args += " --api 127.0.0.1:0 --site 127.0.0.1:0"
			ctx, cancel = context.WithTimeout(ctx, time.Second)
		}
		if err := run(ctx, strings.Fields(args), strings.NewReader(""), io.Discard, os.Stderr); err != nil {
			t.Errorf("mingjian %s: %v", args, err)
		}
		cancel()
		ran++
	}
	if ran < 7 {
		t.Errorf("ran %d commands of README.md only", ran)
	}
}

// TestReadmeMutationWorks signs in and sends the mutation as README.md shows.
func TestReadmeMutationWorks(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "curl -s -b cookies")
	_, body, _ := strings.Cut(rest, "-d '")
	body, _, ok := strings.Cut(body, "'\n```")
	if !ok {
		t.Fatal("README.md has no curl call with a cookie")
	}
	s := serveDemo(t, "--centers", "215")
	const login = "assessor-01@demo.invalid"
	if !strings.Contains(string(readme), login) {
		t.Errorf("README.md does not sign in as %s", login)
	}
	answer := string(s.signIn(login, s.password(login)).post("/graphql", []byte(body)))
	if strings.Contains(answer, `"errors"`) || !strings.Contains(answer, `"revision"`) {
		t.Error(answer)
	}
}
