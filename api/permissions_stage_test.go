package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"

	"github.com/alexedwards/argon2id"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/api/evidence"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
	"mingjian/domain/rights"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// player is who somebody is to every record of the stage. What role they act
// in is another matter: see casting.
type player struct {
	name                                                 string
	assigned, lead, recused, scored, submitted, claimant bool

	account string
	actor   rights.Actor // as the log has it
}

// cast is everybody that conditions tell apart.
func cast() []*player {
	return []*player{
		{name: "stranger"},
		{name: "member", assigned: true},
		{name: "scorer", assigned: true, scored: true},
		{name: "lead", assigned: true, lead: true, submitted: true},
		{name: "former", assigned: true, recused: true},
		{name: "outsider", recused: true},
		{name: "judge", scored: true}, // decided an honor claim
		{name: "imposer", scored: true},
		{name: "claimant", claimant: true},
	}
}

// casting is a role that a person acts in, held for a subject or not.
type casting struct {
	name string
	role rights.Role
	// holds is what a center's or district's role is held for, given the subject
	// of an attempt; nil for the other roles.
	holds func(subject string) string
	// also is a second role that the account holds, if any.
	also *casting
}

func (c casting) grants(subject string) (grants []rights.Grant) {
	switch {
	case c.role == "":
	case c.holds == nil:
		grants = []rights.Grant{{Role: c.role}}
	default:
		grants = []rights.Grant{{Role: c.role, Subject: c.holds(subject)}}
	}
	if c.also != nil {
		grants = append(grants, c.also.grants(subject)...)
	}
	return grants
}

// own reports whether a role is held for the subject itself.
func (c casting) own(subject string) bool {
	return c.holds != nil && c.holds(subject) == subject || c.also != nil && c.also.own(subject)
}

// under reports whether a rule is for a role that is held.
func (c casting) under(r rights.Rule, subject string) bool {
	return r.Role == c.role && (r.Condition != rights.Own || c.own(subject)) || c.also != nil && c.also.under(r, subject)
}

var castings = []casting{
	{name: "nobody"},
	{name: "assessor", role: rights.Assessor},
	{name: "reviewer", role: rights.Reviewer},
	{name: "its center", role: rights.Center, holds: func(subject string) string { return subject }},
	{name: "another center", role: rights.Center, holds: func(string) string { return "310199001" }},
	{name: "its district", role: rights.District, holds: func(subject string) string { return subject[:6] }},
	{name: "another district", role: rights.District, holds: func(string) string { return "310199" }},
	{name: "organizer", role: rights.Organizer},
	{name: "auditor", role: rights.Auditor},
}

// The rounds of the stage, by where they stand.
const (
	openRound    = "open-2022"
	closedRound  = "closed-2022"
	unknownRound = "unknown-2022"
	bulkRound    = "bulk-2022" // in which there is no record
)

// stage is the platform with real accounts and evidence, and records in every
// state. What is tried goes through the handler, as accounts whose roles stand
// on the log; the stage itself is set by commands that any account may give.
type stage struct {
	*platform
	accounts *auth.Accounts
	evidence *evidence.Store
	setup    *command.Commands
	hands    *stagehands
	people   []*player
	newcomer *player // an assessor that no record knows
	document string  // a piece of evidence
	// scores are findings on all clauses that judge a center, districtScores on
	// those that judge a district.
	scores, districtScores []assessment.Score

	free   []string // centers without any record
	awards int
}

// stagehands lets every account do everything but claim, and the claimant claim
// for the center: whoever belongs to a center does not judge it.
type stagehands struct{ center, claimant string }

func (h *stagehands) Actor(_ context.Context, account string) (rights.Actor, error) {
	if account == h.claimant {
		return rights.Actor{Account: account, Grants: []rights.Grant{{Role: rights.Center, Subject: h.center}}}, nil
	}
	return rights.Actor{Account: account, Grants: []rights.Grant{
		{Role: rights.Organizer}, {Role: rights.Assessor}, {Role: rights.Reviewer},
	}}, nil
}

const setter = "stage" // the account that sets the stage

func newStage(t testing.TB) *stage {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	s := &stage{platform: &platform{t: t}, hands: new(stagehands), people: cast(), newcomer: &player{name: "newcomer"}}
	quiet := slog.New(slog.DiscardHandler)
	small, err := criteria.Parse("small.yaml", []byte(smallStandard))
	must(t, err)
	lookup := func(string) (*criteria.Criteria, error) { return small, nil }
	codec, key := eventstore.NewCodec(), make([]byte, 32)

	s.log, err = eventstore.Open(ctx, eventstore.Config{Connection: eventstore.EmbeddedScheme + filepath.Join(dir, "log.db"), Logger: quiet})
	must(t, err)
	t.Cleanup(func() { must(t, s.log.Close()) })
	s.model, err = projections.Open(projections.Config{
		Dir: filepath.Join(dir, "readmodel"), Log: s.log, Codec: codec, Criteria: lookup, Logger: quiet,
	})
	must(t, err)
	t.Cleanup(func() { must(t, s.model.Close()) })
	ring, err := auth.OpenKeyring(filepath.Join(dir, "keyring"))
	must(t, err)
	t.Cleanup(func() { must(t, ring.Close()) })
	s.accounts, err = auth.New(auth.Config{
		Log: s.log, Codec: codec, Keyring: ring, Key: key,
		Pseudonym: func(stream, account string) string { return command.Pseudonym(key, stream, account) },
		Cost:      &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	})
	must(t, err)
	s.evidence, err = evidence.New(evidence.Config{Folder: filepath.Join(dir, "evidence")})
	must(t, err)
	t.Cleanup(func() { must(t, s.evidence.Close()) })

	commands := command.Config{
		Log: s.log, Codec: codec, Criteria: lookup, Guides: criteria.LookupGuide, Calendars: calendars, Results: s.model,
		PseudonymKey: key, Actors: s.accounts, Evidence: s.evidence, Now: ticking(),
	}
	s.commands, err = command.New(commands)
	must(t, err)
	commands.Actors = s.hands
	s.setup, err = command.New(commands)
	must(t, err)
	runner, err := projections.Run(context.WithoutCancel(ctx), quiet, projections.Handler{
		Name: "readmodel",
		Feed: eventstore.NewFeed(eventstore.FeedConfig{Log: s.log, From: s.model.Checkpoint, Logger: quiet}),
		Fold: func(_ context.Context, page eventstore.Page) error { return s.model.Fold(page) },
	})
	must(t, err)
	t.Cleanup(func() { must(t, runner.Close()) })
	cfg := Config{Model: s.model, Commands: s.commands, Accounts: s.accounts, Evidence: s.evidence, Criteria: lookup, Logger: quiet}
	s.internal, err = NewInternal(cfg)
	must(t, err)
	s.handler, err = NewHandler(cfg)
	must(t, err)

	for _, who := range append(slices.Clone(s.people), s.newcomer) {
		who.account = s.create(who.name)
	}
	s.cast(s.newcomer, rights.Grant{Role: rights.Assessor})
	s.document = s.put(1)
	rng := rand.New(rand.NewPCG(4, 4))
	s.scores = testrig.Findings(rng, small.Standard, domain.Center)
	s.districtScores = testrig.Findings(rng, small.Standard, domain.District)
	s.registerCenters(400)
	for _, id := range []string{openRound, closedRound, bulkRound} {
		s.openRound(id)
	}
	return s
}

// smallStandard has what rights can depend on, and few clauses, so that
// records are short.
const smallStandard = `id: small
title: small
document: none
issuer: nobody
issuedOn: "2022-02-18"
points: 10
sections:
  - code: "1"
    name: halls
    points: 5
    indicators:
      - code: "1.1"
        name: halls
        points: 5
        basis: deduct
        subject: center
        clauses:
          - code: "1.1.1"
            name: signs
            text: signs are clear
          - code: "1.1.2"
            name: floors
            text: floors are clean
  - code: "7"
    name: more
    points: 5
    indicators:
      - code: "7.2"
        name: honors
        points: 2
        basis: award
        subject: center
        honors: true
        clauses:
          - code: "7.2"
            name: honors
            text: honors
      - code: "7.3"
        name: the district
        points: 3
        basis: award
        subject: district
        clauses:
          - code: "7.3"
            name: the district
            text: the district helps
deductions:
  code: "8"
  name: minus
  text: at most 15
  rule: largest
  cap: 15
  items:
    - code: "8.1"
      name: press
      text: bad press
      points: 5
      basis: subtract
    - code: "8.2"
      name: misconduct
      text: misconduct
      points: 15
      basis: subtract
`

// openRound opens a round on the small standard.
func (s *stage) openRound(id string) {
	s.t.Helper()
	plan := testrig.Round(id)
	plan.Standard = "small"
	_, err := s.setup.OpenRound(s.t.Context(), s.by(setter), plan)
	must(s.t, err)
}

func (s *stage) by(account string) command.Meta { return command.Meta{ID: newID(), Actor: account} }

func (s *stage) meta() auth.Meta { return auth.Meta{ID: newID(), Actor: setter, Unguarded: true} }

// create makes an account without roles.
func (s *stage) create(login string) string {
	s.t.Helper()
	receipt, err := s.accounts.Create(s.t.Context(), s.meta(), auth.Person{Login: login, Name: login}, nil)
	must(s.t, err)
	return receipt.Account
}

// put stores a piece of evidence that belongs to nothing: a picture n pixels
// wide.
func (s *stage) put(n int) string {
	s.t.Helper()
	piece, err := s.evidence.Put(s.t.Context(), bytes.NewReader(picture(s.t, n)))
	must(s.t, err)
	return piece.SHA256
}

func picture(t testing.TB, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, png.Encode(&out, image.NewGray(image.Rect(0, 0, n, 1))))
	return out.Bytes()
}

// registerCenters registers n centers of one district, and three districts more.
func (s *stage) registerCenters(n int) {
	s.t.Helper()
	var rows []registry.Row
	for i := range n {
		code := fmt.Sprintf("310101%03d", i+1)
		s.free = append(s.free, code)
		rows = append(rows, registry.Row{Line: i + 1, Code: code, DistrictCode: "310101", DistrictName: "黄浦区", Area: fmt.Sprintf("第%d街道", i+1)})
	}
	_, err := s.setup.RegisterRoster(s.t.Context(), s.by(setter), rows, true)
	must(s.t, err)
	for code, name := range map[string]string{"310104": "徐汇区", "310105": "长宁区", "310106": "静安区"} {
		_, err := s.setup.RegisterDistrict(s.t.Context(), s.by(setter), code, name)
		must(s.t, err)
	}
}

// cast gives a person exactly these roles.
func (s *stage) cast(who *player, grants ...rights.Grant) {
	s.t.Helper()
	had := who.actor.Grants
	if who.actor.Account != "" && slices.Equal(had, grants) {
		return
	}
	for _, g := range had {
		if !slices.Contains(grants, g) {
			_, err := s.accounts.RevokeRole(s.t.Context(), s.meta(), who.account, g)
			must(s.t, err)
		}
	}
	for _, g := range grants {
		if !slices.Contains(had, g) {
			_, err := s.accounts.Grant(s.t.Context(), s.meta(), who.account, g)
			must(s.t, err)
		}
	}
	var err error
	who.actor, err = s.accounts.Actor(s.t.Context(), who.account)
	must(s.t, err)
}

// person finds one by name.
func (s *stage) person(name string) *player {
	s.t.Helper()
	at := slices.IndexFunc(s.people, func(p *player) bool { return p.name == name })
	if at < 0 {
		s.t.Fatalf("nobody is %s", name)
	}
	return s.people[at]
}

// as signs a request in as a person, with the roles that the log has.
func (s *stage) as(who *player, r *http.Request) *http.Request {
	return r.WithContext(auth.WithViewer(r.Context(), auth.Viewer{Actor: who.actor}))
}

// send posts a GraphQL request as a person.
func (s *stage) send(who *player, document string, variables map[string]any) reply {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	must(s.t, err)
	return s.serve(s.as(who, localRequest(http.MethodPost, "/graphql", string(body))))
}

// request sends any other request as a person and returns the refusal's code.
func (s *stage) request(who *player, r *http.Request) (status int, code string) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, s.as(who, r))
	if w.Code < http.StatusBadRequest {
		return w.Code, ""
	}
	var refused reply
	must(s.t, json.Unmarshal(w.Body.Bytes(), &refused))
	return w.Code, refused.code()
}

// recorded is a clause that a record in work has a finding on, unrecorded one
// that it has none on.
const (
	recorded   = "1.1.1"
	unrecorded = "1.1.2"
)

// open opens a center's record and brings it to a state, with every person in
// their place. A record in work has a claim that waits, the second, and one
// clause recorded; a complete one could be submitted. One that was told its
// result has a reply too; what is not approved of it any more has been changed
// since.
func (s *stage) open(round, subject string, state rights.State, kind recordKind) {
	s.t.Helper()
	ctx, c := s.t.Context(), s.setup
	s.hands.center, s.hands.claimant = subject, ""
	by := func(name string) command.Meta { return s.by(s.person(name).account) }
	do := func(_ command.Receipt, err error) {
		s.t.Helper()
		must(s.t, err)
	}
	do(c.OpenAssessment(ctx, s.by(setter), round, subject))
	for _, who := range s.people {
		if who.assigned {
			do(c.AssignAssessor(ctx, s.by(setter), round, subject, who.account, who.lead))
		}
	}
	scores := s.scores
	whole := kind != plain || state != rights.InWork
	if !whole {
		scores = scores[:1]
	}
	do(c.RecordScores(ctx, by("scorer"), round, subject, scores))
	for _, who := range s.people {
		if who.recused {
			do(c.RecuseAssessor(ctx, s.by(setter), round, subject, who.account, "亲属在该中心任职", true))
		}
	}
	do(c.ImposeDeduction(ctx, by("imposer"), round, subject, assessment.DeductionImposed{
		Item: "8.1", Reason: "媒体曝光", Source: "市级媒体", OccurredOn: "2022-05-05",
	}))
	claim := assessment.HonorClaimed{Title: "文明单位 " + subject, Level: assessment.National, Issuer: "中央文明委", AwardedOn: "2021-06-01", Document: s.document}
	s.hands.claimant = by("claimant").Actor
	do(c.ClaimHonor(ctx, by("claimant"), round, subject, claim))
	s.hands.claimant = ""
	do(c.AcceptHonor(ctx, by("judge"), round, subject, 1, 50))
	if !whole {
		claim.Title = "先进集体 " + subject
		s.hands.claimant = by("claimant").Actor
		do(c.ClaimHonor(ctx, by("claimant"), round, subject, claim))
		s.hands.claimant = ""
	}
	if state == rights.InWork && kind != told {
		return
	}
	do(c.Submit(ctx, by("lead"), round, subject))
	if state == rights.Approved || kind == told {
		do(c.Approve(ctx, s.by(setter), round, subject))
	}
	if kind != told {
		return
	}
	do(c.NotifyResult(ctx, s.by(setter), round, subject))
	s.hands.claimant = by("claimant").Actor
	do(c.FileReply(ctx, by("claimant"), round, subject, "感谢指正，联系人王某。"))
	s.hands.claimant = ""
	s.reopen(round, subject, state)
}

// reopen changes a record that is approved, and brings it to a state.
func (s *stage) reopen(round, subject string, state rights.State) {
	s.t.Helper()
	if state == rights.Approved {
		return
	}
	ctx := s.t.Context()
	_, err := s.setup.ImposeDeduction(ctx, s.by(s.person("imposer").account), round, subject, assessment.DeductionImposed{
		Item: "8.2", Reason: "来信反映", Source: "来信", OccurredOn: "2022-05-06",
	})
	must(s.t, err)
	if state == rights.InWork {
		_, err := s.setup.ReturnAssessment(ctx, s.by(setter), round, subject, "请复看", nil)
		must(s.t, err)
	}
}

// take takes a center that has no record.
func (s *stage) take() string {
	s.t.Helper()
	if len(s.free) == 0 {
		s.t.Fatal("all centers are in use, register more")
	}
	code := s.free[0]
	s.free = s.free[1:]
	return code
}
