package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"mingjian/domain"
	"mingjian/domain/appeal"
)

// Appeals of a dispute: against the first center's entry on 2.3, decided; against
// the second one's deduction, in hearing; against its entry on 2.2, withdrawn;
// and the district's own, filed.
var (
	decidedAppeal   = theRound + "-" + theCenters[0] + "-2.3-1"
	heardAppeal     = theRound + "-" + theCenters[1] + "-deduction1-1"
	withdrawnAppeal = theRound + "-" + theCenters[1] + "-2.2-1"
	districtsAppeal = theRound + "-310101-7.3-1"
)

// moment is the log at some time of a dispute.
type moment struct {
	seq      int64
	position string
	at       time.Time
}

// dispute plays a round from its results to its second release. The first center
// lost 1.00 on 2.3, of which a panel restores 0.60; the second one 0.50 on 2.2 and
// 5 by a deduction.
func (p *platform) dispute() (moments map[string]moment) {
	p.t.Helper()
	moments = make(map[string]moment)
	note := func(name string) {
		p.t.Helper()
		p.settle()
		head := p.model.Head()
		moments[name] = moment{head.Seq, head.Position.String(), p.now()}
	}
	p.openAll()
	p.finish("310101", domain.District, nil)
	p.finish(theCenters[0], domain.Center, map[string]any{"2.3": 1})
	p.do("imposeDeduction", on(theCenters[1], map[string]any{"item": "8.1", "reason": "媒体曝光", "source": "市级媒体", "occurredOn": "2022-05-05"}))
	p.finish(theCenters[1], domain.Center, map[string]any{"2.2": "0.5"})
	note("approved")
	p.notify("310101", theCenters[0], theCenters[1])
	p.publish("")
	note("released")
	file := func(subject string, more map[string]any) {
		p.t.Helper()
		input := map[string]any{"ground": "fact", "statement": "当日已整改"}
		maps.Copy(input, more)
		if len(subject) == 6 {
			input["actor"] = "district-" + subject
		}
		p.do("fileAppeal", on(subject, input))
	}
	onThe := func(id string, more map[string]any) map[string]any {
		input := map[string]any{"appeal": id}
		maps.Copy(input, more)
		return input
	}
	file(theCenters[0], map[string]any{"clause": "2.3"})
	file(theCenters[1], map[string]any{"deduction": 1, "ground": "evidence"})
	file(theCenters[1], map[string]any{"clause": "2.2", "ground": "procedure"})
	file("310101", map[string]any{"clause": "7.3"})
	note("filed")
	panel := []any{"reviewer-3", "reviewer-4", "reviewer-5"}
	p.do("namePanel", onThe(decidedAppeal, map[string]any{"accounts": panel}))
	p.do("namePanel", onThe(heardAppeal, map[string]any{"accounts": []any{"reviewer-4", "reviewer-5", "reviewer-6"}}))
	p.do("castVote", onThe(heardAppeal, map[string]any{"actor": "reviewer-6", "restored": "5", "reason": "报道已更正"}))
	for i, restored := range []string{"0.6", "1", "0"} {
		p.do("castVote", onThe(decidedAppeal, map[string]any{"actor": panel[i], "restored": restored, "reason": "查看了照片"}))
	}
	p.do("withdrawAppeal", onThe(withdrawnAppeal, map[string]any{"reason": "不再申诉"}))
	note("voted")
	p.do("decideAppeal", onThe(decidedAppeal, map[string]any{"actor": "reviewer-4", "reasons": "部分照片可信"}))
	p.correct(decidedAppeal)
	note("corrected")
	p.do("fileReply", on(theCenters[0], map[string]any{"text": "感谢，联系人王某 13800000000。"}))
	p.do("redactReply", on(theCenters[0], map[string]any{"number": 1, "text": "感谢。", "reason": "涉及个人信息"}))
	p.publish("依申诉更正")
	note("released again")
	return moments
}

// now is the time of the newest event.
func (p *platform) now() time.Time {
	p.t.Helper()
	var at time.Time
	for e, err := range p.log.ReadAll(p.t.Context(), 0) {
		must(p.t, err)
		var data struct{ At time.Time }
		must(p.t, json.Unmarshal(e.Data, &data))
		at = data.At
	}
	return at
}

// correct carries the decision on an appeal out.
func (p *platform) correct(id string) {
	p.t.Helper()
	for e, err := range p.log.ReadAll(p.t.Context(), 0) {
		must(p.t, err)
		if e.Stream != appeal.StreamPrefix+id || e.Type != (appeal.Decided{}).EventType() {
			continue
		}
		var decided appeal.Decided
		must(p.t, json.Unmarshal(e.Data, &decided))
		_, err := p.commands.Correct(p.t.Context(), e, &decided)
		must(p.t, err)
	}
}

// told is the data of a query that must succeed, as text.
func (p *platform) told(account, query string) string {
	p.t.Helper()
	got := p.postAs(account, "/graphql", query, nil)
	if got.code() != "" {
		p.t.Fatalf("%s asks %s: %s", account, query, got.text)
	}
	data, err := json.Marshal(got.Data)
	must(p.t, err)
	return string(data)
}

// TestAppealDetail: what an appeal shows, and to whom.
func TestAppealDetail(t *testing.T) {
	p := startPlatform(t)
	p.dispute()
	query := func(id string) string {
		return fmt.Sprintf(`{ appeal(id: %q) { subject clause deduction item version outcome points lost ground status open panel restored appealBy decideBy expired
			members { panel account present } votes { outcome restored } decisions { outcome restored reasons corrected { outcome points item } escalateBy }
			steps { event status } } }`, id)
	}
	const vote1, vote2, vote3 = `{"outcome":"partlyUpheld","restored":0.6}`, `{"outcome":"upheld","restored":1}`, `{"outcome":"dismissed","restored":0}`
	for _, account := range []string{organizer, "auditor", "reviewer-4", "center-" + theCenters[0], assessor} {
		got := p.told(account, query(decidedAppeal))
		for _, part := range []string{
			`"subject":"310101002"`, `"clause":"2.3"`, `"deduction":null`, `"version":1`, `"outcome":"lost"`, `"points":1`, `"lost":1`, `"ground":"fact"`,
			`"status":"decided"`, `"open":false`, `"restored":0.6`, `"appealBy":"2022-10-17"`, `"decideBy":"2022-10-24"`, `"expired":false`,
			vote1, vote2, vote3, `"corrected":{"item":null,"outcome":"lost","points":0.4}`, `"escalateBy":"2022-10-17"`, `"reasons":"部分照片可信"`,
			`{"event":"appeal.Filed","status":"filed"},{"event":"appeal.PanelNamed","status":"hearing"},{"event":"appeal.Decided","status":"decided"}`,
		} {
			if !strings.Contains(got, part) {
				t.Errorf("%s does not see %s in %s", account, part, got)
			}
		}
		known := account == organizer || account == "auditor" || account == "reviewer-4"
		if shown := strings.Contains(got, `"account":"reviewer-3"`); shown != known {
			t.Errorf("%s sees the panel: %t, want %t", account, shown, known)
		}
	}
	for account, sees := range map[string]bool{organizer: true, "reviewer-6": true, "center-" + theCenters[1]: false} {
		got := p.told(account, query(heardAppeal))
		if strings.Contains(got, `"votes":[]`) == sees || !strings.Contains(got, `"item":"8.1"`) || !strings.Contains(got, `"open":true`) {
			t.Errorf("%s sees of what is being heard: %s", account, got)
		}
	}
	for _, account := range []string{"reviewer-3", "reviewer-7", "center-" + theCenters[0], "district-310104", "assessor-9"} {
		theirs, none := p.postAs(account, "/graphql", query(heardAppeal), nil), p.postAs(account, "/graphql", query("no-such"), nil)
		if theirs.code() != "FORBIDDEN" || theirs.Errors[0].Message != none.Errors[0].Message {
			t.Errorf("%s: %s; of none %s", account, theirs.text, none.text)
		}
	}
	if got := p.told(organizer, query("no-such")); got != `{"appeal":null}` {
		t.Errorf("an appeal that is not there: %s", got)
	}
}

// TestAppealsList: each filter, pages, and moments.
func TestAppealsList(t *testing.T) {
	p := startPlatform(t)
	moments := p.dispute()
	list := func(account, args string) (ids []string, total int, next string) {
		t.Helper()
		var data struct {
			Appeals struct {
				TotalCount int
				Edges      []struct{ Node struct{ ID string } }
				PageInfo   struct {
					EndCursor   string
					HasNextPage bool
				}
			}
		}
		must(t, json.Unmarshal([]byte(p.told(account, fmt.Sprintf(
			`{ appeals(round: %q%s) { totalCount edges { node { id } } pageInfo { endCursor hasNextPage } } }`, theRound, args))), &data))
		for _, e := range data.Appeals.Edges {
			ids = append(ids, e.Node.ID)
		}
		if data.Appeals.PageInfo.HasNextPage {
			next = data.Appeals.PageInfo.EndCursor
		}
		return ids, data.Appeals.TotalCount, next
	}
	all := []string{decidedAppeal, heardAppeal, withdrawnAppeal, districtsAppeal}
	for args, want := range map[string][]string{
		"":                                    all,
		`, subject: "310101002"`:              {decidedAppeal},
		`, district: "310101"`:                {decidedAppeal, districtsAppeal, heardAppeal, withdrawnAppeal},
		`, district: "310199"`:                {},
		`, status: decided`:                   {decidedAppeal},
		`, status: withdrawn`:                 {withdrawnAppeal},
		`, open: true`:                        {heardAppeal, districtsAppeal},
		`, clause: "2.3"`:                     {decidedAppeal},
		`, clause: "8.1"`:                     {heardAppeal},
		`, ground: evidence`:                  {heardAppeal},
		`, ground: fact, open: false`:         {decidedAppeal, districtsAppeal},
		`, mine: true`:                        {},
		`, asOf: 0`:                           {},
		`, status: filed, asOf: FILED`:        all,
		`, asOf: RELEASED`:                    {},
		`, asOfPosition: "FILEDPOSITION"`:     all,
		`, asOfTime: "FILEDTIME", open: true`: all,
		`, asOfTime: "2022-01-01T00:00:00Z"`:  {},
	} {
		args = strings.NewReplacer(
			"FILEDPOSITION", moments["filed"].position, "FILEDTIME", moments["filed"].at.Format(time.RFC3339Nano),
			"FILED", fmt.Sprint(moments["filed"].seq), "RELEASED", fmt.Sprint(moments["released"].seq),
		).Replace(args)
		ids, total, _ := list(organizer, args)
		if strings.Contains(args, "district: \"310101\"") && theCenters[1][:6] != "310101" {
			want = []string{decidedAppeal, districtsAppeal}
		}
		slices.Sort(ids)
		if want = slices.Sorted(slices.Values(want)); !slices.Equal(ids, want) || total != len(want) {
			t.Errorf("%s: %v of %d, want %v", args, ids, total, want)
		}
	}
	for account, want := range map[string][]string{
		"center-" + theCenters[1]: {heardAppeal, withdrawnAppeal}, "district-310101": {districtsAppeal}, "center-" + theCenters[3]: nil,
		"reviewer-6": {heardAppeal}, "reviewer-4": {decidedAppeal, heardAppeal}, "reviewer-9": nil, assessor: all, "assessor-9": nil, "auditor": all,
	} {
		if ids, total, _ := list(account, ""); !slices.Equal(ids, want) || total != len(want) {
			t.Errorf("%s sees %v of %d, want %v", account, ids, total, want)
		}
	}
	var paged []string
	for next, pages := "", 0; pages < 9; pages++ {
		ids, total, end := list(organizer, fmt.Sprintf(`, first: 1, after: %q`, next))
		if paged = append(paged, ids...); total != 4 || len(ids) != 1 {
			t.Fatalf("page %d: %v of %d", pages, ids, total)
		}
		if next = end; next == "" {
			break
		}
	}
	if !slices.Equal(paged, all) {
		t.Errorf("by pages: %v", paged)
	}
	for args, code := range map[string]string{
		`, after: "x"`: "BAD_CURSOR", `, first: 0`: "INVALID_INPUT", `, asOf: 3, asOfTime: "2022-10-10T10:00:00Z"`: "INVALID_INPUT",
		`, asOfPosition: "99999999999"`: codeNotYet, `, status: lost`: codeValidation,
	} {
		if got := p.post("/graphql", fmt.Sprintf(`{ appeals(round: %q%s) { totalCount } }`, theRound, args), nil); got.code() != code {
			t.Errorf("%s: %s, want %s", args, got.text, code)
		}
	}
}

// TestAppealStatistics: the figures of a dispute, counted by hand.
func TestAppealStatistics(t *testing.T) {
	p := startPlatform(t)
	moments := p.dispute()
	const fields = `{ total { filed open decided withdrawn upheld partlyUpheld dismissed escalated expired restored days { count sum mean median } } byClause { code tally { filed } } byGround { code tally { filed open } } }`
	got := p.told(organizer, fmt.Sprintf(`{ appealStatistics(round: %q) %s }`, theRound, fields))
	for _, part := range []string{
		`"filed":4`, `"open":2`, `"decided":1`, `"withdrawn":1`, `"upheld":0`, `"partlyUpheld":1`, `"dismissed":0`, `"escalated":0`, `"expired":0`, `"restored":0.6`,
		`"days":{"count":1,"mean":0,"median":0,"sum":0}`,
		`"byClause":[{"code":"2.2","tally":{"filed":1}},{"code":"2.3","tally":{"filed":1}},{"code":"7.3","tally":{"filed":1}},{"code":"8.1","tally":{"filed":1}}]`,
		`{"code":"fact","tally":{"filed":2,"open":1}}`,
	} {
		if !strings.Contains(got, part) {
			t.Errorf("no %s in %s", part, got)
		}
	}
	before := p.told(organizer, fmt.Sprintf(`{ appealStatistics(round: %q, asOf: %d) %s }`, theRound, moments["filed"].seq, fields))
	if !strings.Contains(before, `"open":4`) || !strings.Contains(before, `"days":{"count":0,"mean":null,"median":null,"sum":0}`) {
		t.Errorf("when all were filed: %s", before)
	}
	if none := p.told(organizer, `{ appealStatistics(round: "none") { total { filed } } }`); none != `{"appealStatistics":null}` {
		t.Errorf("of no round: %s", none)
	}
}

// TestNotifyResults: the bulk notice says what came of each subject.
func TestNotifyResults(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	p.finish(theCenters[0], domain.Center, nil)
	p.finish("310101", domain.District, nil)
	id := newID()
	send := func(account string) reply {
		return p.postAs(account, "/graphql", `mutation($input: NotifyResultsInput!) { notifyResults(input: $input) { receipt { position repeated } notified known waiting } }`,
			map[string]any{"input": map[string]any{"round": theRound, "commandId": id}})
	}
	if got := send(reviewer); got.code() != "FORBIDDEN" {
		t.Errorf("a reviewer: %s", got.text)
	}
	for range 2 {
		got := send(organizer)
		if !strings.Contains(got.text, `"310101002"`) || !strings.Contains(got.text, `"310101"`) || !strings.Contains(got.text, `"waiting":["`) || got.Extensions.Position == "" {
			t.Errorf("told: %s", got.text)
		}
	}
	id = newID()
	if got := send(organizer); !strings.Contains(got.text, `"receipt":null`) || !strings.Contains(got.text, `"notified":[]`) {
		t.Errorf("told again: %s", got.text)
	}
}
