package site

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
	"mingjian/internal/testrig"
)

// fixture is a release decided by the real domain: every finding passes its
// rules, every score and rank is its arithmetic. It answers the site's
// operations as the public schema does, by name.
type fixture struct {
	crit      *criteria.Criteria
	demo      bool
	release   int
	kind      string
	disputed  bool // small's appeals, reply and changes; see disputes
	engine    string
	logSize   int64
	districts []registry.DistrictRegistered
	centers   map[string]registry.CenterRegistered
	judged    map[string]*assessment.Assessment // by subject
	scores    map[string]domain.Score
	ranking   domain.Ranking
	records   map[string][]byte // rendered answers
	fail      func(operation string) error
}

var (
	assessor    = domain.Stamp{By: "assessor-a", At: time.Date(2022, 9, 30, 2, 0, 0, 0, time.UTC)}
	jury        = domain.Stamp{By: "jury-c", At: time.Date(2022, 10, 7, 2, 0, 0, 0, time.UTC)}
	reviewer    = domain.Stamp{By: "reviewer-b", At: time.Date(2022, 10, 8, 2, 0, 0, 0, time.UTC)}
	publishedAt = time.Date(2022, 11, 20, 16, 30, 0, 0, time.UTC) // the 21st in Beijing
	honorPeriod = domain.Period{From: "2020-01-01", To: "2022-06-30"}
)

// hostile is text that must reach readers as text.
const hostile = `=HYPERLINK("http://evil.example","点我") <script>alert(1)</script> & "引号"`

var reasons = []string{
	"门牌标识褪色，夜间不清晰。", "意见箱未上锁，老花镜缺一副。", "综合窗口 9 个中有 8 个可受理，其余未开放。",
	"培训记录缺第三季度的效果评价。", "机房温湿度记录缺 9 月 3 日至 5 日。", "两件差评超过时限才回复。",
}

type fixtureOptions struct {
	roster  []registry.Row
	demo    bool
	pending map[string]bool // centers still under review
	hostile string          // the center whose reasons are hostile
	// disputed adds what small's centers appealed against, see disputes.
	disputed bool
}

func newFixture(t testing.TB, o fixtureOptions) *fixture {
	t.Helper()
	crit, err := criteria.Standard2022()
	if err != nil {
		t.Fatal(err)
	}
	reg := registry.New()
	apply(t, reg.Apply, func() ([]domain.Event, error) { return reg.Register(assessor, o.roster, o.demo) })
	f := &fixture{
		crit: crit, demo: o.demo, release: 1, kind: "final", disputed: o.disputed, engine: domain.EngineVersion, logSize: int64(60 * len(o.roster)), centers: reg.Centers,
		judged: map[string]*assessment.Assessment{}, scores: map[string]domain.Score{}, records: map[string][]byte{},
	}
	random := rand.New(rand.NewPCG(2022, 1))
	var entrants []domain.Entrant
	for _, code := range reg.CenterCodes {
		center := reg.Centers[code]
		if _, ok := f.judged[center.District]; !ok {
			f.districts = append(f.districts, reg.Districts[center.District])
			f.judgeDistrict(t, center.District, random)
		}
		f.judgeCenter(t, center, random, o.hostile == code)
		score := crit.Standard.Score(f.judged[code].Sheet, f.judged[center.District].Sheet)
		f.scores[code] = score
		entrants = append(entrants, domain.Entrant{
			Center: code, District: center.District, Total: score.Total, Complete: score.Complete && !o.pending[code],
		})
	}
	f.ranking = domain.Rank(entrants)
	for _, standing := range f.ranking.Centers {
		f.records[standing.Center] = mustJSON(t, f.record(standing))
	}
	return f
}

// apply folds what a decision made.
func apply(t testing.TB, fold func(domain.Event) error, decide func() ([]domain.Event, error)) {
	t.Helper()
	events, err := decide()
	for _, e := range events {
		err = errors.Join(err, fold(e))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) open(t testing.TB, subject, district string, kind domain.SubjectKind) *assessment.Assessment {
	a := assessment.New(f.crit.Standard)
	a.Rules.Compute = f.crit.Compute
	apply(t, a.Apply, func() ([]domain.Event, error) {
		return a.Open(assessment.Opened{Stamp: assessor, Round: "2022", Subject: subject, District: district, Kind: kind})
	})
	apply(t, a.Apply, func() ([]domain.Event, error) { return a.Assign(reviewer, assessor.By, true) })
	f.judged[subject] = a
	return a
}

func (f *fixture) judgeDistrict(t testing.TB, code string, random *rand.Rand) {
	a := f.open(t, code, code, domain.District)
	apply(t, a.Apply, func() ([]domain.Event, error) {
		return a.RecordScores(assessor, []assessment.Score{{Clause: "7.3", Finding: assessment.Finding{
			Outcome: domain.Awarded, Points: domain.Points(150 + 50*random.IntN(4)), Method: assessment.Documents,
			ObservedAt: time.Date(2022, 9, 20, 6, 0, 0, 0, time.UTC), Reason: "培训计划、下发文件和报送材料齐全。",
		}}})
	})
	apply(t, a.Apply, func() ([]domain.Event, error) { return a.Submit(assessor) })
	apply(t, a.Apply, func() ([]domain.Event, error) { return a.Approve(reviewer) })
}

func (f *fixture) judgeCenter(t testing.TB, center registry.CenterRegistered, random *rand.Rand, hostileReasons bool) {
	a := f.open(t, center.Code, center.District, domain.Center)
	weak := random.Float64() * 0.3
	var scores []assessment.Score
	for _, clause := range f.crit.Standard.Clauses() {
		indicator := clause.Indicator()
		if indicator.Subject != domain.Center || indicator.Honors {
			continue
		}
		found := assessment.Finding{
			Outcome: domain.Met, Method: assessment.SiteVisit,
			ObservedAt: time.Date(2022, 9, 1+random.IntN(28), 1+random.IntN(8), 0, 0, 0, time.UTC),
		}
		switch {
		case indicator.Basis == domain.Award:
			found.Outcome, found.Points, found.Method = domain.Awarded, domain.Points(50*random.IntN(7)), assessment.Documents
		case clause.NotApplicable != "" && random.IntN(4) == 0:
			found.Outcome, found.Reason = domain.NotApplicable, clause.NotApplicable+"，未开放。"
		case random.Float64() < weak:
			found.Outcome, found.Points = domain.Lost, min(indicator.Points, domain.Points(25+25*random.IntN(4)))
			found.Reason = reasons[random.IntN(len(reasons))]
			found.Evidence = []string{strings.Repeat("ab", 32)}
		}
		if hostileReasons && clause.Code == "1.1.1" {
			found.Outcome, found.Points, found.Reason = domain.Lost, 50, hostile
		}
		if found.Outcome == domain.Met || found.Outcome == domain.Lost {
			testrig.Count(clause, &found)
		}
		scores = append(scores, assessment.Score{Clause: clause.Code, Finding: found})
	}
	apply(t, a.Apply, func() ([]domain.Event, error) { return a.RecordScores(assessor, scores) })
	if random.IntN(3) == 0 {
		f.honor(t, a)
	}
	if random.IntN(25) == 0 || hostileReasons {
		apply(t, a.Apply, func() ([]domain.Event, error) {
			return a.ImposeDeduction(assessor, assessment.DeductionImposed{
				Item: "8.1", Reason: "排队纠纷处置不当，引发负面报道。", Source: "媒体报道", OccurredOn: "2022-05-17",
			})
		})
	}
	apply(t, a.Apply, func() ([]domain.Event, error) { return a.Submit(assessor) })
	apply(t, a.Apply, func() ([]domain.Event, error) { return a.Approve(reviewer) })
}

func (f *fixture) honor(t testing.TB, a *assessment.Assessment) {
	apply(t, a.Apply, func() ([]domain.Event, error) {
		return a.ClaimHonor(assessor, assessment.HonorClaimed{
			Title: "上海市文明窗口", Level: assessment.Municipal, Issuer: "上海市精神文明建设委员会",
			AwardedOn: "2021-04-12", Document: strings.Repeat("cd", 32),
		}, honorPeriod)
	})
	apply(t, a.Apply, func() ([]domain.Event, error) { return a.AcceptHonor(jury, 1, 50) })
}

// Execute answers one of the site's operations.
func (f *fixture) Execute(ctx context.Context, _, operation string, v map[string]any) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.fail != nil {
		if err := f.fail(operation); err != nil {
			return nil, err
		}
	}
	if v["round"] != "2022" || v["release"] != f.release {
		return []byte(`{"release":null}`), nil
	}
	var answer any
	switch operation {
	case "Home":
		answer = f.head()
	case "Ranking":
		answer = f.page(v["after"])
	case "District":
		code := v["code"].(string)
		answer = object{"district": object{"code": code, "clauses": f.findings(code, f.crit.Standard.Score(
			domain.NewSheet(f.crit.Standard), f.judged[code].Sheet), domain.District), "appeals": f.appeals(code)}}
	case "Center":
		answer = object{"center": json.RawMessage(f.records[v["code"].(string)])}
	case "Changes":
		answer = f.changes()
	case "Appeals":
		answer = object{"appealStatistics": f.statistics()}
	case "Criteria":
		answer = object{"round": object{"standard": f.standard()}}
	default:
		return nil, fmt.Errorf("unknown operation %s", operation)
	}
	return json.Marshal(object{"release": answer})
}

type object = map[string]any

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// rosterOf reads the real roster; districts keeps some of them.
func rosterOf(t testing.TB, perDistrict int, districts ...string) []registry.Row {
	t.Helper()
	all, err := registry.ReadRoster("shanghai.csv", bytes.NewReader(criteria.Roster()))
	if err != nil {
		t.Fatal(err)
	}
	var rows []registry.Row
	taken := map[string]int{}
	for _, row := range all {
		wanted := len(districts) == 0
		for _, d := range districts {
			wanted = wanted || d == row.DistrictCode
		}
		if wanted && (perDistrict == 0 || taken[row.DistrictCode] < perDistrict) {
			taken[row.DistrictCode]++
			rows = append(rows, row)
		}
	}
	return rows
}

// small is a release of five centers, one of them unpublished, one hostile.
func small(t testing.TB, demo bool) *fixture {
	return newFixture(t, fixtureOptions{
		roster: rosterOf(t, 3, "310101", "310115")[:5], demo: demo,
		pending: map[string]bool{"310101015": true}, hostile: "310101002", disputed: true,
	})
}
