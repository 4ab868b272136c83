package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"mingjian/api/command"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
	"mingjian/projections"
)

// startCity brings up a city of 215 centers, each scored on a few clauses and
// the first one on all.
func startCity(b *testing.B) *platform {
	b.Helper()
	p := startPlatform(b)
	ctx := b.Context()
	rows, err := registry.ReadRoster("shanghai.csv", strings.NewReader(string(criteria.Roster())))
	must(b, err)
	rows = rows[:215]
	meta := func(actor string) command.Meta { return command.Meta{ID: newID(), Actor: actor} }
	_, err = p.commands.RegisterRoster(ctx, meta(organizer), rows, true)
	must(b, err)
	p.do("openRound", openRoundInput)
	finding := func(clause string) assessment.Score {
		return assessment.Score{Clause: clause, Finding: assessment.Finding{
			Outcome: domain.Met, Method: assessment.SiteVisit, ObservedAt: time.Date(2022, 6, 1, 0, 0, 0, 0, time.UTC),
		}}
	}
	for _, row := range rows {
		_, err := p.commands.OpenAssessment(ctx, meta(organizer), theRound, row.Code)
		must(b, err)
		_, err = p.commands.AssignAssessor(ctx, meta(organizer), theRound, row.Code, assessor, true)
		must(b, err)
		_, err = p.commands.RecordScores(ctx, meta(assessor), theRound, row.Code, []assessment.Score{finding("1.1.1"), finding("1.1.2")})
		must(b, err)
	}
	p.do("recordScores", map[string]any{"round": theRound, "subject": rows[0].Code, "scores": scoresOf(domain.Center, map[string]any{"2.3": 1})[2:]})
	p.settle()
	return p
}

// theFirst is the center that is scored on all clauses.
const theFirst = "310101002"

// twoWays benchmarks the same data by GraphQL and by a hand-written handler,
// through the same router and HTTP writer. GraphQL knows the document; cold it
// executes it, warm it has the response, and unchanged the client has it too.
func twoWays(b *testing.B, p *platform, document string, byHand gin.HandlerFunc, queries []string) {
	b.Helper()
	router := gin.New()
	router.POST("/cold", postGraphQL(p.uncached()))
	router.POST("/warm", postGraphQL(p.internal.engine))
	router.GET("/unchanged", getGraphQL(p.internal.engine))
	router.GET("/json", byHand)
	bodies := make([]string, len(queries))
	for i, variables := range queries {
		bodies[i] = fmt.Sprintf(`{"query":%q,"variables":%s}`, document, variables)
	}
	for _, state := range []string{"cold", "warm"} {
		b.Run("GraphQL/"+state, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, body := range bodies {
					serveOne(b, router, as(b, organizer, localRequest(http.MethodPost, "/"+state, body)), http.StatusOK)
				}
			}
		})
	}
	b.Run("GraphQL/unchanged", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, variables := range queries {
				r := localRequest(http.MethodGet, "/unchanged?query="+url.QueryEscape(document)+"&variables="+url.QueryEscape(variables), "")
				r.Header.Set("If-None-Match", "*")
				serveOne(b, router, as(b, organizer, r), http.StatusNotModified)
			}
		}
	})
	b.Run("JSON", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			serveOne(b, router, localRequest(http.MethodGet, "/json", ""), http.StatusOK)
		}
	})
}

func serveOne(b *testing.B, h http.Handler, r *http.Request, status int) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != status || strings.HasPrefix(w.Body.String(), `{"errors"`) {
		b.Fatalf("%d %.300s", w.Code, w.Body)
	}
}

type rankingRow struct {
	Code, Name, Area, District  string
	Total, Gross                domain.Points
	CityRank, DistrictRank, Got int
}

// BenchmarkRanking reads 215 rows of 8 fields: three pages of at most 100.
func BenchmarkRanking(b *testing.B) {
	p := startCity(b)
	const document = `query($after: String) { ranking(round: "spring-2022", after: $after) {
		edges { node { center { code name area } status total gross cityRank decided } } } }`
	queries := []string{"{}"}
	for after := ""; ; {
		page := p.page("ranking", `round: "spring-2022", `, "total", 100, after)
		if !page.PageInfo.HasNextPage {
			break
		}
		after = *page.PageInfo.EndCursor
		queries = append(queries, fmt.Sprintf(`{"after":%q}`, after))
	}
	twoWays(b, p, document, func(c *gin.Context) {
		view, err := p.model.View(c)
		must(b, err)
		defer view.Close()
		var rows []rankingRow
		for q := (projections.RankingQuery{Round: theRound, First: 100}); ; {
			page, err := view.Ranking(q)
			must(b, err)
			for _, r := range page.Items {
				rows = append(rows, rankingRow{
					Code: r.Center.Code, Name: r.Center.Name, Area: r.Center.Area, District: string(r.Status),
					Total: r.Total, Gross: r.Gross, CityRank: r.CityRank, Got: r.Decided,
				})
			}
			if !page.HasNext {
				break
			}
			q.After = page.Cursors[len(page.Cursors)-1]
		}
		if len(rows) != 215 {
			b.Errorf("%d rows", len(rows))
		}
		c.JSON(http.StatusOK, rows)
	}, queries)
}

type clauseRow struct {
	Code, Name, Method, Reason string
	Outcome                    domain.Outcome
	Points                     domain.Points
	Version                    int
}

// BenchmarkAssessment reads one center's 47 clauses with their entries.
func BenchmarkAssessment(b *testing.B) {
	p := startCity(b)
	const document = `{ assessment(round: "spring-2022", subject: "310101002") { total clauses { code clause { name } outcome points
		entry { method reason version } } } }`
	twoWays(b, p, document, func(c *gin.Context) {
		view, err := p.model.View(c)
		must(b, err)
		defer view.Close()
		a, err := view.Assessment(theRound, theFirst, projections.Latest)
		must(b, err)
		var rows []clauseRow
		for _, s := range a.Score.Clauses {
			e := a.Entries[s.Clause.Code]
			rows = append(rows, clauseRow{
				Code: s.Clause.Code, Name: s.Clause.Name, Outcome: s.Outcome, Points: s.Points,
				Method: string(e.Method), Reason: e.Reason, Version: e.Version,
			})
		}
		c.JSON(http.StatusOK, rows)
	}, []string{"{}"})
}

// BenchmarkDocument is what the cache of documents saves.
func BenchmarkDocument(b *testing.B) {
	p := startPlatform(b)
	for b.Loop() {
		if _, faults := newDocument(&p.internal.schema, introspection, false); len(faults) > 0 {
			b.Fatal(faults)
		}
	}
}
