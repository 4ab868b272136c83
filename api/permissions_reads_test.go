package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"mingjian/api/auth"
	"mingjian/api/evidence"
	"mingjian/api/sse"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
)

// readers is what guards each root field of the internal schema: the read that
// the table names, or "" where everybody sees it who is signed in.
var readers = map[string]rights.Read{
	"assessment": rights.ReadAssessment, "honorClaims": rights.ReadHonors,
	"assessmentDiff": rights.ReadAssessment, "rankingDiff": rights.ReadRanking,
	"appeal": rights.ReadAppeal, "appeals": rights.ReadAppeal, "appealStatistics": rights.ReadStatistics,
	"roundProgress": rights.ReadProgress, "assessmentChanged": rights.ReadAssessment,
	"ranking": rights.ReadRanking, "standing": rights.ReadRanking, "districtRanking": rights.ReadRanking,
	"events": rights.ReadTrail, "accounts": rights.ReadAccounts,
	"head": "", "criteria": "", "rounds": "", "round": "", "districts": "", "center": "", "centers": "",
	"me": "", "tasks": "", "sessions": "", "awaiting": "", // the viewer's own
}

// TestEveryQueryHasItsGuard: a root field that is added must say who sees it,
// and every read is tried: four of them are no root fields.
func TestEveryQueryHasItsGuard(t *testing.T) {
	s := newStage(t)
	fields := maps.Clone(s.internal.schema.QueryType().Fields())
	maps.Copy(fields, s.internal.schema.SubscriptionType().Fields())
	if got, want := slices.Sorted(maps.Keys(fields)), slices.Sorted(maps.Keys(readers)); !slices.Equal(got, want) {
		t.Errorf("the schema shows %v,\nguards are known for %v", got, want)
	}
	tried := append(slices.Collect(maps.Values(readers)), rights.ReadTeam, rights.ReadEvidence, rights.ReadReply, rights.ReadPanel)
	for _, r := range rights.ReadTable {
		if !slices.Contains(tried, r.Read) {
			t.Errorf("%s is in the table and guards nothing", r.Read)
		}
	}
}

// exhibit is a record that people try to look at.
type exhibit struct {
	subject  string
	state    rights.State // Unopened also for one that nobody ever registered
	told     bool         // it was notified once, and has a reply
	evidence string       // a piece that belongs to it
	district bool         // nobody of the cast has a place in it
}

// seen is whether the table lets somebody look.
func (e exhibit) seen(read rights.Read, as casting, who *player) bool {
	return slices.ContainsFunc(rights.ReadTable, func(r rights.ReadRule) bool {
		if r.Read != read || r.Role != as.role {
			return false
		}
		switch r.Condition {
		case rights.Always:
			return true
		case rights.Own:
			return as.own(e.subject)
		case rights.OwnNotified:
			return as.own(e.subject) && e.told
		case rights.InOwnDistrict:
			return as.holds(e.subject) == e.subject[:6] && e.told
		case rights.Assigned:
			return who.assigned && !who.recused && e.state != rights.Unopened && !e.district
		}
		return false
	})
}

// always is whether the table lets a role look at anything of a kind.
func always(read rights.Read, as casting) bool {
	return slices.Contains(rights.ReadTable, rights.ReadRule{Read: read, Role: as.role})
}

// exhibits has a record in each state, told its result or not, a center without
// one, a center that does not exist, and two districts.
func (s *stage) exhibits() []exhibit {
	s.t.Helper()
	var out []exhibit
	for i, state := range append(slices.Clone(states), states[1:]...) {
		e := exhibit{subject: s.take(), state: state, told: i >= len(states)}
		if state != rights.Unopened {
			kind := plain
			if e.told {
				kind = told
			}
			s.open(openRound, e.subject, state, kind)
			e.evidence = s.put(200 + len(out))
			_, err := s.setup.RecordObservation(s.t.Context(), s.by(s.person("member").account), openRound, e.subject, assessment.ObservationRecorded{
				Clause: recorded, Text: "见照片", Method: assessment.SiteVisit, ObservedAt: s.scores[0].ObservedAt, Evidence: []string{e.evidence},
			})
			must(s.t, err)
		}
		out = append(out, e)
	}
	out = append(out, exhibit{subject: "310101999"})
	for subject, state := range map[string]rights.State{"310104": rights.Submitted, "310105": rights.Approved} {
		_, err := s.setup.OpenAssessment(s.t.Context(), s.by(setter), openRound, subject)
		must(s.t, err)
		s.finishDistrict(openRound, subject, state, s.newcomer)
		e := exhibit{subject: subject, state: state, told: state == rights.Approved, district: true}
		if e.told {
			_, err := s.setup.NotifyResult(s.t.Context(), s.by(setter), openRound, subject)
			must(s.t, err)
		}
		out = append(out, e)
	}
	return out
}

// looker tries reads and compares them with the table.
type looker struct {
	*stage
	tried, refused int
	// refusals has the text of the refusal for each read and role: it must never
	// differ, or it would tell what there is.
	refusals map[string]string
}

// look compares a response with what the table says: the data, or the one
// refusal that this role always gets.
func (l *looker) look(what string, read rights.Read, as casting, seen bool, got reply) {
	l.t.Helper()
	l.tried++
	if seen {
		if got.code() != "" {
			l.t.Errorf("%s by %s: %s, the table allows it", what, as.name, got.text)
		}
		return
	}
	l.refused++
	if got.code() != "FORBIDDEN" {
		l.t.Errorf("%s by %s: %s, the table refuses it", what, as.name, got.text)
		return
	}
	key, text := string(read)+" "+as.name, got.Errors[0].Message
	if first, known := l.refusals[key]; known && first != text {
		l.t.Errorf("%s by %s is refused as %q, at another time as %q", what, as.name, text, first)
	}
	l.refusals[key] = text
}

// null reports whether a response shows nothing under a field.
func (r reply) null(field string) bool {
	raw, ok := r.Data[field]
	return !ok || string(raw) == "null"
}

// TestReading tries every read as every kind of person in every role, of
// records in every state and of ones that do not exist, and compares with the
// table. Whoever is refused learns nothing, and nothing is recorded.
func TestReading(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	l := &looker{stage: s, refusals: make(map[string]string)}
	exhibits := s.exhibits()
	loose, mine, uploader := s.put(300), s.put(301), s.person("stranger")
	s.cast(uploader, rights.Grant{Role: rights.Assessor})
	r := localRequest(http.MethodPost, "/evidence", string(picture(t, 301)))
	r.Header.Set("Content-Type", "image/png")
	if status, code := s.request(uploader, r); code != "" {
		t.Fatalf("upload: %d %s", status, code)
	}
	s.settle()
	for _, as := range castings {
		for _, e := range exhibits {
			for _, who := range s.people {
				s.cast(who, as.grants(e.subject)...)
				l.record(e, as, who)
				if e.evidence != "" {
					l.piece("evidence of a record "+string(e.state), e.evidence, as, who, e.seen(rights.ReadEvidence, as, who), true)
				}
			}
		}
		everything := always(rights.ReadEvidence, as)
		for _, who := range s.people {
			s.cast(who, as.grants(exhibits[0].subject)...)
			l.piece("evidence of no record", loose, as, who, everything, true)
			l.piece("evidence that is not there", strings.Repeat("ab", 32), as, who, everything, false)
			// Whoever uploaded a piece sees it, whatever they are by now.
			l.piece("one's own evidence", mine, as, who, everything || who == uploader, true)
		}
		s.cast(uploader, as.grants(exhibits[0].subject)...)
		l.lists(as, uploader)
	}
	records := len(castings) * len(s.people) * (len(exhibits)*5 + 3)
	pieces := len(castings) * len(s.people) * (6 + 3)
	lists := len(castings) * (2*6 + 2)
	if want := records + pieces + lists; l.tried != want {
		t.Errorf("tried %d reads, there are %d", l.tried, want)
	}
	t.Logf("%d reads tried: %d of records, %d of evidence, %d of lists; %d refused", l.tried, records, pieces, lists, l.refused)
}

// record tries what belongs to one record.
func (l *looker) record(e exhibit, as casting, who *player) {
	l.t.Helper()
	before := l.end()
	variables := map[string]any{"r": openRound, "s": e.subject}
	what := func(field string) string { return fmt.Sprintf("%s of %s %q (%s)", field, e.subject, e.state, who.name) }
	there := e.state != rights.Unopened

	const selection = `(round: $r, subject: $s) { status }`
	seen := e.seen(rights.ReadAssessment, as, who)
	got := l.send(who, `query($r: ID!, $s: ID!) { assessment`+selection+` }`, variables)
	l.look(what("assessment"), rights.ReadAssessment, as, seen, got)
	if shown := !got.null("assessment"); shown != (seen && there) {
		l.t.Errorf("%s by %s shows %s", what("assessment"), as.name, got.text)
	}
	live := l.subscribe(who, `subscription($r: ID!, $s: ID!) { assessmentChanged`+selection+` }`, variables)
	l.look(what("assessmentChanged"), rights.ReadAssessment, as, seen, live)
	if shown := !live.null("assessmentChanged"); shown != (seen && there) {
		l.t.Errorf("%s by %s shows %s", what("assessmentChanged"), as.name, live.text)
	}

	if restricted := as.role == rights.Center || as.role == rights.District; restricted && seen && there && !strings.Contains(got.text, `"approved"`) {
		l.t.Errorf("%s by %s shows what nobody has approved: %s", what("assessment"), as.name, got.text)
	}
	head := l.model.Head().Seq
	diff := l.send(who, `query($r: ID!, $s: ID!, $from: Int!) { assessmentDiff(round: $r, subject: $s, from: $from) { totalAfter } }`,
		map[string]any{"r": openRound, "s": e.subject, "from": head})
	l.look(what("assessmentDiff"), rights.ReadAssessment, as, seen, diff)
	if shown := !diff.null("assessmentDiff"); shown != (seen && there) {
		l.t.Errorf("%s by %s shows %s", what("assessmentDiff"), as.name, diff.text)
	}
	if e.told && !e.district {
		reply := l.send(who, `query($r: ID!, $s: ID!) { assessment(round: $r, subject: $s) { replies { text original } } }`, variables)
		l.look(what("reply"), rights.ReadAssessment, as, seen, reply)
		original := e.seen(rights.ReadReply, as, who)
		if shown := strings.Contains(reply.text, `"original":"感谢`); seen && shown != original {
			l.t.Errorf("%s by %s shows %s", what("reply"), as.name, reply.text)
		}
	}

	claims := l.send(who, `query($r: ID!, $s: ID!) { honorClaims(round: $r, subject: $s) { number } }`, variables)
	l.look(what("honorClaims"), rights.ReadHonors, as, e.seen(rights.ReadHonors, as, who), claims)

	team := l.send(who, `query($r: ID!, $s: ID!) { assessment(round: $r, subject: $s) { status team { account } } }`, variables)
	switch known := e.seen(rights.ReadTeam, as, who); {
	case !seen: // the record hides its team
		l.look(what("team"), rights.ReadAssessment, as, false, team)
	case !there:
		l.look(what("team"), rights.ReadTeam, as, true, team)
	default:
		l.look(what("team"), rights.ReadTeam, as, known, team)
		if named := strings.Contains(team.text, l.person("lead").account) || e.district && strings.Contains(team.text, l.newcomer.account); named != known {
			l.t.Errorf("%s by %s shows %s", what("team"), as.name, team.text)
		}
	}

	l.moved(what("reading")+" by "+as.name, before, false)
}

// piece tries to download a piece of evidence. That a download is on record and
// a refusal is not, the log's end shows.
func (l *looker) piece(what, sha string, as casting, who *player, seen, there bool) {
	l.t.Helper()
	before := l.end()
	w := httptest.NewRecorder()
	l.handler.ServeHTTP(w, l.as(who, localRequest(http.MethodGet, evidence.Path+sha, "")))
	got := reply{status: w.Code, text: w.Body.String()}
	if w.Code != http.StatusOK {
		must(l.t, json.Unmarshal(w.Body.Bytes(), &got))
	}
	what += " (" + who.name + ")"
	if seen && !there {
		l.tried++
		if got.status != http.StatusNotFound || got.code() != "EVIDENCE_UNKNOWN" {
			l.t.Errorf("%s by %s: %d %s", what, as.name, got.status, got.text)
		}
	} else {
		l.look(what, rights.ReadEvidence, as, seen, got)
	}
	l.moved(what+" by "+as.name, before, seen && there)
}

// lists tries what belongs to no record, of a round that there is and of one
// that there is not.
func (l *looker) lists(as casting, who *player) {
	l.t.Helper()
	allowed := func(read rights.Read) bool { return always(read, as) }
	before := l.end()
	for _, round := range []string{openRound, unknownRound} {
		variables := map[string]any{"r": round}
		for field, document := range map[string]string{
			"roundProgress":   `query($r: ID!) { roundProgress(round: $r) { round } }`,
			"ranking":         `query($r: ID!) { ranking(round: $r) { totalCount } }`,
			"standing":        `query($r: ID!) { standing(round: $r, center: "310101002") { total } }`,
			"districtRanking": `query($r: ID!) { districtRanking(round: $r) { rank } }`,
			"rankingDiff":     `query($r: ID!) { rankingDiff(round: $r, from: 0) { to } }`,
		} {
			l.look(field+" of "+round, readers[field], as, allowed(readers[field]), l.send(who, document, variables))
		}
		live := l.subscribe(who, `subscription($r: ID!) { roundProgress(round: $r) { round } }`, variables)
		l.look("live roundProgress of "+round, rights.ReadProgress, as, allowed(rights.ReadProgress), live)
	}
	l.look("accounts", rights.ReadAccounts, as, allowed(rights.ReadAccounts), l.send(who, `{ accounts { edges { node { login } } } }`, nil))
	l.moved("lists by "+as.name, before, false)
	l.look("events", rights.ReadTrail, as, allowed(rights.ReadTrail), l.send(who, `{ events(first: 1) { totalCount } }`, nil))
}

// subscribe is the first state that a subscription shows.
func (s *stage) subscribe(who *player, document string, variables map[string]any) (out reply) {
	s.t.Helper()
	ctx := auth.WithViewer(s.t.Context(), auth.Viewer{Actor: who.actor})
	shown, refusal := s.internal.operate(ctx, sse.Request{Query: document, Variables: variables})
	if refusal != nil {
		s.t.Fatalf("%s: %s", document, refusal.Body)
	}
	for state := range shown {
		out.text = string(state)
		must(s.t, json.Unmarshal(state, &out))
		break
	}
	return out
}
