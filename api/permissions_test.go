package api

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"mingjian/api/auth"
	"mingjian/domain/registry"
	"mingjian/domain/rights"
	"mingjian/eventstore"
)

// httpOnly are the commands of the table that are no mutations.
var httpOnly = []rights.Command{"registerRoster", "importFile", "uploadEvidence"}

// oneself are the mutations that anybody does with their own account only, so
// that the table has nothing to say.
var oneself = []string{"changePassword", "enrollTotp", "confirmTotp"}

// TestEveryMutationHasItsRule: the table has every mutation and nothing else.
func TestEveryMutationHasItsRule(t *testing.T) {
	s := newStage(t)
	var ruled []string
	for _, c := range rights.Commands {
		if !slices.Contains(httpOnly, c) {
			ruled = append(ruled, string(c))
		}
	}
	slices.Sort(ruled)
	mutations := slices.Sorted(maps.Keys(s.internal.schema.MutationType().Fields()))
	for _, name := range oneself {
		at, ok := slices.BinarySearch(mutations, name)
		if !ok {
			t.Fatalf("%s is no mutation", name)
		}
		mutations = slices.Delete(mutations, at, at+1)
	}
	if !slices.Equal(ruled, mutations) {
		t.Errorf("the table has rules for %v,\nthe schema has %v", ruled, mutations)
	}
}

// attempt is a command on a record, with an input to which nobody could object
// but for rights and state.
type attempt struct {
	command rights.Command
	input   func(*stage, rights.State) map[string]any
	kind    recordKind // what the command wants of the record besides its state
	// wrong is the refusal in each state in which the command does not work.
	wrong map[rights.State]string
}

// recordKind is what a record has besides its state: nothing, all that is needed
// to submit it, or a notice and a reply.
type recordKind int

const (
	plain recordKind = iota
	complete
	told
)

var recordKinds = []recordKind{plain, complete, told}

var (
	notOpened   = map[rights.State]string{rights.Unopened: "NOT_OPENED"}
	inWorkOnly  = map[rights.State]string{rights.Unopened: "NOT_OPENED", rights.Submitted: "LOCKED", rights.Approved: "LOCKED"}
	claimIsOpen = map[rights.State]string{rights.Unopened: "UNKNOWN_ITEM", rights.Submitted: "DECIDED", rights.Approved: "DECIDED"}
	inReview    = map[rights.State]string{rights.Unopened: "NOT_OPENED", rights.InWork: "NOT_SUBMITTED", rights.Approved: "DECIDED"}
)

// with is an input that is the same in every state.
func with(input map[string]any) func(*stage, rights.State) map[string]any {
	return func(*stage, rights.State) map[string]any { return input }
}

// onClaim adds the number of the claim that waits, or of the one there is.
func onClaim(more map[string]any) func(*stage, rights.State) map[string]any {
	return func(_ *stage, state rights.State) map[string]any {
		input := map[string]any{"number": 1}
		if state == rights.InWork {
			input["number"] = 2
		}
		maps.Copy(input, more)
		return input
	}
}

// attempts has every command on a record.
var attempts = []attempt{
	{"openAssessment", with(nil), plain, map[rights.State]string{rights.InWork: "EXISTS", rights.Submitted: "EXISTS", rights.Approved: "EXISTS"}},
	{"assignAssessor", func(s *stage, _ rights.State) map[string]any {
		return map[string]any{"account": s.newcomer.account}
	}, plain, notOpened},
	{"recuseAssessor", func(s *stage, _ rights.State) map[string]any {
		return map[string]any{"account": s.newcomer.account, "reason": "曾在该中心工作"}
	}, plain, notOpened},
	{"recuseMyself", with(map[string]any{"reason": "亲属在该中心任职"}), plain, notOpened},
	{"recordScores", with(map[string]any{"scores": []any{score(unrecorded, "met", nil)}}), plain, inWorkOnly},
	{"reviseScore", with(map[string]any{"supersedes": 1, "score": score(recorded, "met", nil), "why": "复看照片"}), plain, notOpened},
	{"recordObservation", with(map[string]any{
		"clause": recorded, "text": "建议增设指引", "method": "siteVisit", "observedAt": "2022-06-01T09:30:00+08:00",
	}), plain, notOpened},
	{"submitAssessment", with(nil), complete, inWorkOnly},
	{"imposeDeduction", with(map[string]any{"item": "8.2", "reason": "违规", "source": "来信", "occurredOn": "2022-05-06"}), plain, notOpened},
	{"liftDeduction", with(map[string]any{"number": 1, "reason": "查无实据"}), plain, map[rights.State]string{rights.Unopened: "UNKNOWN_ITEM"}},
	{"claimHonor", func(s *stage, _ rights.State) map[string]any {
		s.awards++ // no two centers have the same
		return map[string]any{"title": fmt.Sprintf("五一劳动奖状第%d号", s.awards), "level": "municipal", "issuer": "市总工会", "awardedOn": "2021-05-01", "document": s.document}
	}, plain, inWorkOnly},
	{"withdrawHonor", onClaim(map[string]any{"reason": "材料有误"}), plain, claimIsOpen},
	{"acceptHonor", onClaim(map[string]any{"points": 0.5}), plain, claimIsOpen},
	{"rejectHonor", onClaim(map[string]any{"reason": "非集体荣誉"}), plain, claimIsOpen},
	{"returnAssessment", with(map[string]any{"reason": "请补充照片"}), plain, inReview},
	{"approveAssessment", with(nil), plain, inReview},
	{"notifyResult", with(nil), plain, map[rights.State]string{rights.Unopened: "NOT_OPENED", rights.InWork: "NOT_APPROVED", rights.Submitted: "NOT_APPROVED"}},
	{"fileReply", with(map[string]any{"text": "感谢指正。"}), told, notOpened},
	{"redactReply", with(map[string]any{"number": 1, "text": "感谢。", "reason": "涉及个人信息"}), told, notOpened},
}

// expected is what the table says of an attempt: the code of the refusal, or
// "". It knows the person as the stage placed them, and runs none of the code
// that it is compared with.
func (a attempt) expected(as casting, who *player, round, subject string, state rights.State) string {
	if round == unknownRound {
		return "UNKNOWN_ROUND" // everybody may know which rounds there are
	}
	at := slices.IndexFunc(rights.Table, func(r rights.Rule) bool {
		return r.Command == a.command && as.under(r, subject)
	})
	if at < 0 {
		return "FORBIDDEN"
	}
	if slices.Contains(rights.Judging, a.command) && as.own(subject) {
		return "FOUR_EYES"
	}
	if round == closedRound {
		return "ROUND_CLOSED"
	}
	rule := rights.Table[at]
	if !slices.Contains(rule.States, state) {
		if a.command == "notifyResult" && who.recused && state != rights.Unopened {
			return "RECUSED" // before they learn that there is no result yet
		}
		return a.wrong[state]
	}
	if state == rights.Unopened {
		return "" // nobody has a place in it yet
	}
	switch rule.Condition {
	case rights.Always:
		return ""
	case rights.Own:
		return first(who.recused, "RECUSED")
	case rights.Assigned:
		return first(who.recused, "RECUSED", !who.assigned, "NOT_ASSIGNED")
	case rights.Lead:
		return first(who.recused, "RECUSED", !who.assigned, "NOT_ASSIGNED", !who.lead, "NOT_LEAD")
	case rights.Present:
		if a.command == "recuseMyself" {
			return first(who.recused, "EXISTS") // the recusal itself
		}
		return first(who.recused, "RECUSED")
	case rights.Impartial:
		return first(who.claimant, "FOUR_EYES", who.recused, "RECUSED")
	case rights.Uninvolved:
		return first(who.assigned || who.scored || who.submitted || who.claimant, "FOUR_EYES", who.recused, "RECUSED")
	}
	return fmt.Sprintf("a refusal for %q, which this test does not know", rule.Condition)
}

// first is the code after the first condition that holds, or "".
func first(pairs ...any) string {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i].(bool) {
			return pairs[i+1].(string)
		}
	}
	return ""
}

var states = []rights.State{rights.Unopened, rights.InWork, rights.Submitted, rights.Approved}

// tally counts attempts and how they went.
type tally struct{ tried, allowed, refused int }

// judge compares the answer to an attempt with what the table says.
func (s *stage) judge(n *tally, what, want, got string) {
	s.t.Helper()
	n.tried++
	if want == "" {
		n.allowed++
	} else {
		n.refused++
	}
	if got != want {
		s.t.Errorf("%s: answered %q, want %q", what, got, want)
	}
}

// moved checks that the log moved, or that it did not.
func (s *stage) moved(what string, before eventstore.Position, want bool) {
	s.t.Helper()
	if end := s.end(); (end != before) != want {
		s.t.Errorf("%s: the log went from %s to %s, want it to move: %t", what, before, end, want)
	}
}

// TestPermissions tries every pair of role and command: on records in every
// state, in rounds that are in progress, closed and unknown, as every kind of
// person, for the subject's own center and district and for others. What is to
// come out is read off the table, and nothing else.
func TestPermissions(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	n := new(tally)
	// A refusal changes nothing, so refusals share the records set up here; what
	// is allowed gets a record of its own.
	shared := make(map[situation]string)
	for _, round := range []string{openRound, closedRound} {
		for _, state := range states {
			for _, kind := range recordKinds {
				at := situation{round, state, kind}
				if kind == plain || state != rights.Unopened && (kind == told || state == rights.InWork) {
					shared[at] = s.take()
				} else {
					shared[at] = shared[situation{round, state, plain}]
					continue
				}
				if state != rights.Unopened {
					s.open(round, shared[at], state, kind)
				}
			}
		}
	}
	nowhere := s.take()
	for _, kind := range recordKinds {
		shared[situation{unknownRound, rights.Unopened, kind}] = nowhere
	}
	_, err := s.setup.CloseRound(t.Context(), s.by(setter), closedRound, "评估结束")
	must(t, err)

	for _, as := range castings {
		for at, subject := range shared {
			for _, who := range s.people {
				stranger := who.name == "stranger"
				if at.state == rights.Unopened && !stranger {
					continue // nobody has a place in a record that is not there
				}
				if at.round == closedRound && !stranger && who.name != "lead" {
					continue // the round refuses before anybody's place is asked for
				}
				s.tryOnRecord(n, attempts, as, who, at, subject)
			}
		}
	}
	onRecords := len(castings) * len(attempts) * ((1 + 3*len(s.people)) + (1 + 3*2) + 1)
	if n.tried != onRecords {
		t.Errorf("tried %d commands on records, there are %d", n.tried, onRecords)
	}
	s.judgeOnesOwn(n, shared)
	s.tryOnDistricts(n)
	s.tryOnRounds(n)
	s.tryOthers(n)

	onOnesOwn := ofOnesOwn(shared)
	onDistricts := (2*len(attempts) + 3*len(judgments())) * len(states)
	onRounds := len(castings) * len(roundCommands) * 3
	others := len(castings) * (len(rights.Commands) - len(attempts) - len(roundCommands) - len(hearings))
	if want := onRecords + onOnesOwn + onDistricts + onRounds + others; n.tried != want {
		t.Errorf("tried %d pairs, there are %d", n.tried, want)
	}
	t.Logf("%d pairs tried: %d on records, %d more by accounts of two roles, %d on districts' records, %d on rounds, %d others; %d allowed, %d refused",
		n.tried, onRecords, onOnesOwn, onDistricts, onRounds, others, n.allowed, n.refused)
}

// situation is what a record is in.
type situation struct {
	round string
	state rights.State
	kind  recordKind
}

// tryOnRecord tries commands on a record as one person in one role: what is to
// be refused on the subject given, and the rest each on a new one.
func (s *stage) tryOnRecord(n *tally, attempts []attempt, as casting, who *player, at situation, subject string) {
	s.t.Helper()
	send := func(a attempt, on string) {
		s.t.Helper()
		input := map[string]any{"round": at.round, "subject": on, "commandId": newID()}
		maps.Copy(input, a.input(s, at.state))
		got := s.send(who, mutationDocument(string(a.command)), map[string]any{"input": input})
		what := fmt.Sprintf("%s by %s (%s) on a record %q of %s", a.command, as.name, who.name, at.state, at.round)
		s.judge(n, what, a.expected(as, who, at.round, on, at.state), got.code())
	}
	s.cast(who, as.grants(subject)...)
	before := s.end()
	var allowed []attempt
	for _, a := range attempts {
		switch {
		case a.kind != at.kind:
		case a.expected(as, who, at.round, subject, at.state) == "":
			allowed = append(allowed, a)
		default:
			send(a, subject)
		}
	}
	s.moved(fmt.Sprintf("refusals of %s (%s) on a record %q of %s", as.name, who.name, at.state, at.round), before, false)
	for _, a := range allowed {
		fresh := s.take()
		if at.state != rights.Unopened {
			s.open(at.round, fresh, at.state, a.kind)
		}
		s.cast(who, as.grants(fresh)...)
		before := s.end()
		send(a, fresh)
		s.moved(fmt.Sprintf("%s by %s (%s)", a.command, as.name, who.name), before, true)
	}
}

// tryOnDistricts: a district's office may look, and do nothing, also on the
// district's own record; nor can it judge it by another role.
func (s *stage) tryOnDistricts(n *tally) {
	s.t.Helper()
	ctx, stranger := s.t.Context(), s.person("stranger")
	for i, subject := range []string{"310101", "310104", "310105", "310106"} {
		state := states[i]
		if state != rights.Unopened {
			_, err := s.setup.OpenAssessment(ctx, s.by(setter), openRound, subject)
			must(s.t, err)
			s.finishDistrict(openRound, subject, state, s.newcomer)
		}
		for _, as := range castings {
			if as.role != rights.District {
				continue
			}
			s.cast(stranger, as.grants(subject)...)
			before := s.end()
			for _, a := range attempts {
				input := map[string]any{"round": openRound, "subject": subject, "commandId": newID()}
				maps.Copy(input, a.input(s, state))
				got := s.send(stranger, mutationDocument(string(a.command)), map[string]any{"input": input})
				want := a.expected(as, stranger, openRound, subject, state)
				s.judge(n, fmt.Sprintf("%s by %s on a district's record %q", a.command, as.name, state), want, got.code())
			}
			s.moved(as.name+" on a district's record", before, false)
		}
		s.judgeOnesOwnDistrict(n, state, subject)
	}
}

// finishDistrict brings a district's record that was opened to a state, with a
// lead who does all of it.
func (s *stage) finishDistrict(round, subject string, state rights.State, by *player) {
	s.t.Helper()
	ctx, lead := s.t.Context(), by.account
	_, err := s.setup.AssignAssessor(ctx, s.by(setter), round, subject, lead, true)
	must(s.t, err)
	_, err = s.setup.RecordScores(ctx, s.by(lead), round, subject, s.districtScores)
	must(s.t, err)
	if state == rights.InWork {
		return
	}
	_, err = s.setup.Submit(ctx, s.by(lead), round, subject)
	must(s.t, err)
	if state == rights.Approved {
		_, err = s.setup.Approve(ctx, s.by(setter), round, subject)
		must(s.t, err)
	}
}

// roundCommands are the commands on a round.
var roundCommands = []rights.Command{"openRound", "pinCalendar", "deliberate", "publish", "closeRound"}

// tryOnRounds tries the commands on rounds, in each state of a round.
func (s *stage) tryOnRounds(n *tally) {
	s.t.Helper()
	s.settle() // publishing wants results
	who := s.person("stranger")
	for _, c := range roundCommands {
		wrong := map[string]string{unknownRound: "UNKNOWN_ROUND", closedRound: "ROUND_CLOSED"}
		if c == "openRound" {
			wrong = map[string]string{openRound: "EXISTS", closedRound: "EXISTS"}
		}
		for _, round := range []string{unknownRound, openRound, closedRound} {
			for _, as := range castings {
				want := "FORBIDDEN"
				if s.ruled(c, as) {
					want = wrong[round]
				}
				on := round
				if want == "" && c != "publish" && c != "deliberate" { // these leave the round as it is
					on = "fresh-" + strings.ToLower(string(c))
				}
				if want == "" && on != round && c != "openRound" {
					s.openRound(on)
				}
				input := map[string]any{"round": on, "commandId": newID()}
				switch c {
				case "openRound":
					maps.Copy(input, openRoundInput)
					input["round"], input["standard"] = on, "small"
				case "deliberate":
					input["minutes"] = "一致同意"
				case "pinCalendar":
					input["calendar"], input["reason"] = "other", "放假安排有调整"
				case "publish":
					if want == "" { // by somebody else
						_, err := s.setup.Deliberate(s.t.Context(), s.by(setter), on, "一致同意")
						must(s.t, err)
					}
					input["reason"] = "更正"
				default:
					input["reason"] = "评估结束"
				}
				s.cast(who, as.grants("310101001")...)
				before := s.end()
				got := s.send(who, mutationDocument(string(c)), map[string]any{"input": input})
				what := fmt.Sprintf("%s by %s on %s", c, as.name, on)
				s.judge(n, what, want, got.code())
				s.moved(what, before, want == "")
			}
		}
	}
}

// ruled reports whether the table has a command for a role whatever the
// subject.
func (s *stage) ruled(c rights.Command, as casting) bool {
	return slices.ContainsFunc(rights.Table, func(r rights.Rule) bool {
		return r.Command == c && r.Role == as.role && r.Condition == rights.Always
	})
}

// tryOthers tries what concerns neither a record nor a round.
func (s *stage) tryOthers(n *tally) {
	s.t.Helper()
	who := s.person("stranger")
	for _, c := range rights.Commands {
		on := slices.ContainsFunc(attempts, func(a attempt) bool { return a.command == c }) ||
			slices.ContainsFunc(hearings, func(h onHearing) bool { return h.command == c })
		if on || slices.Contains(roundCommands, c) {
			continue
		}
		try, known := otherCommands[c]
		if !known {
			s.t.Errorf("%s is in the table, and nothing here tries it", c)
			continue
		}
		for i, as := range castings {
			want := "FORBIDDEN"
			if s.ruled(c, as) {
				want = ""
			}
			send := try.prepare(s, string(c), i)
			s.cast(who, as.grants("310101001")...)
			before := s.end()
			what := fmt.Sprintf("%s by %s", c, as.name)
			s.judge(n, what, want, send(who))
			s.moved(what, before, want == "" && !try.idle)
		}
	}
}

// other is a command that concerns neither a record nor a round.
type other struct {
	// prepare sets up what the i-th attempt needs and returns what sends it, and
	// tells the code of the answer.
	prepare func(s *stage, name string, i int) func(*player) string
	// idle commands record nothing.
	idle bool
}

// mutate sends a mutation whose result is a receipt.
func mutate(input func(s *stage, i int) map[string]any) other {
	return other{prepare: func(s *stage, name string, i int) func(*player) string {
		full := input(s, i)
		full["commandId"] = newID()
		return func(who *player) string {
			return s.send(who, mutationDocument(name), map[string]any{"input": full}).code()
		}
	}}
}

// onAccountOf sends a mutation on an account that was made for it.
func onAccountOf(prepare func(s *stage, account, login string), more map[string]any) other {
	return mutate(func(s *stage, _ int) map[string]any {
		login := "target-" + newID()
		input := map[string]any{"account": s.create(login)}
		if prepare != nil {
			prepare(s, input["account"].(string), login)
		}
		maps.Copy(input, more)
		return input
	})
}

const targetPassword = "四月的风 blows over 8 roofs"

var otherCommands = map[rights.Command]other{
	"registerDistrict": mutate(func(_ *stage, i int) map[string]any {
		return map[string]any{"code": fmt.Sprintf("3102%02d", i), "name": fmt.Sprintf("第%d区", i)}
	}),
	"registerCenter": mutate(func(_ *stage, i int) map[string]any {
		return map[string]any{"code": fmt.Sprintf("3101047%02d", i), "district": "310104", "area": fmt.Sprintf("新%d街道", i)}
	}),
	"registerRoster": {prepare: func(s *stage, _ string, i int) func(*player) string {
		row := registry.Row{Line: 1, Code: fmt.Sprintf("3101048%02d", i), DistrictCode: "310104", DistrictName: "徐汇区", Area: fmt.Sprintf("名册%d街道", i)}
		return func(who *player) string {
			if _, err := s.commands.RegisterRoster(s.t.Context(), s.by(who.account), []registry.Row{row}, true); err != nil {
				return explain(s.internal.cfg.Logger, err).Extensions.Code
			}
			return ""
		}
	}},
	"notifyResults": {idle: true, prepare: func(s *stage, _ string, _ int) func(*player) string {
		return func(who *player) string {
			return s.send(who, `mutation($input: NotifyResultsInput!) { notifyResults(input: $input) { notified } }`,
				map[string]any{"input": map[string]any{"round": bulkRound, "commandId": newID()}}).code()
		}
	}},
	"createAccount": mutate(func(*stage, int) map[string]any {
		return map[string]any{"login": "new-" + newID(), "name": "新人", "grants": []any{}}
	}),
	"grantRole": onAccountOf(nil, map[string]any{"grant": map[string]any{"role": "reviewer"}}),
	"revokeRole": onAccountOf(func(s *stage, account, _ string) {
		_, err := s.accounts.Grant(s.t.Context(), s.meta(), account, rights.Grant{Role: rights.Reviewer})
		must(s.t, err)
	}, map[string]any{"grant": map[string]any{"role": "reviewer"}}),
	"inviteAccount": {prepare: func(s *stage, _ string, _ int) func(*player) string {
		account := s.create("target-" + newID())
		return func(who *player) string {
			return s.send(who, `mutation($id: ID!, $account: ID!) { inviteAccount(commandId: $id, account: $account) { path } }`,
				map[string]any{"id": newID(), "account": account}).code()
		}
	}},
	"disableAccount": onAccountOf(nil, map[string]any{"reason": "调离"}),
	"enableAccount": onAccountOf(func(s *stage, account, _ string) {
		_, err := s.accounts.Disable(s.t.Context(), s.meta(), account, "误停")
		must(s.t, err)
	}, nil),
	"eraseAccount": onAccountOf(nil, map[string]any{"reason": "本人要求"}),
	"clearTotp": onAccountOf(func(s *stage, account, _ string) {
		ctx := s.t.Context()
		token, _, _, err := s.accounts.Invite(ctx, s.meta(), account)
		must(s.t, err)
		_, err = s.accounts.AcceptInvitation(ctx, token, targetPassword)
		must(s.t, err)
		enrolled, err := s.accounts.EnrollTOTP(ctx, account, targetPassword)
		must(s.t, err)
		code, err := totp.GenerateCode(enrolled.Secret, time.Now())
		must(s.t, err)
		_, err = s.accounts.ConfirmTOTP(ctx, s.meta(), account, enrolled.Ticket, code)
		must(s.t, err)
	}, nil),
	"revokeSessions": onAccountOf(func(s *stage, _, login string) {
		_, err := s.accounts.SignInVerified(s.t.Context(), login, auth.Agent{UserAgent: "Firefox", Address: "192.0.2.10"})
		must(s.t, err)
	}, nil),
	"importFile": {idle: true, prepare: func(s *stage, _ string, i int) func(*player) string {
		return func(who *player) string {
			body := fmt.Sprintf("code,district_code,district,name\n3101049%02d,310104,徐汇区,导入%d街道\n", i, i)
			_, code := s.request(who, localRequest(http.MethodPost, "/imports/roster?dryRun=true&commandId="+newID(), body))
			return code
		}
	}},
	"uploadEvidence": {prepare: func(s *stage, _ string, i int) func(*player) string {
		return func(who *player) string {
			r := localRequest(http.MethodPost, "/evidence", string(bytes.Clone(picture(s.t, 100+i))))
			r.Header.Set("Content-Type", "image/png")
			_, code := s.request(who, r)
			return code
		}
	}},
	"rebuildReadModel": {idle: true, prepare: func(s *stage, _ string, _ int) func(*player) string {
		return func(who *player) string {
			return s.send(who, `mutation { rebuildReadModel { identical } }`, nil).code()
		}
	}},
}
