package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"mingjian/api/evidence"
)

// NewHandler serves both schemas and the health endpoints. A request takes at
// most 40 seconds; the server that it is given to should allow as much. Event
// streams last as long as their clients, whatever the server's timeouts, and
// end when it shuts down.
func NewHandler(cfg Config) (http.Handler, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	internal, err := NewInternal(cfg)
	if err != nil {
		return nil, err
	}
	public, err := NewPublic(cfg)
	if err != nil {
		return nil, err
	}
	internal.cfg.Live = cfg.liveOfPeople()
	stream, err := newStream(internal.engine)
	if err != nil {
		return nil, err
	}
	gin.SetMode(gin.ReleaseMode) // gin's own log lines would go to stdout
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.Use(torn, recovered(cfg.Logger), secured)
	router.NoRoute(func(c *gin.Context) {
		respond(c, http.StatusNotFound, refusedResponse("NOT_FOUND", "没有这个地址。", "nothing here; see /"))
	})
	router.NoMethod(func(c *gin.Context) {
		respond(c, http.StatusMethodNotAllowed, refusedResponse(codeMethod, "不支持这种请求方式。", "%s is not allowed here", c.Request.Method))
	})
	router.GET("/", index)
	people := router.Group("/", mustSignIn)
	people.POST("/graphql", postGraphQL(internal.engine))
	people.Match(streamMethods, "/graphql/stream", notCrossSite, gin.WrapH(stream))
	if cfg.Evidence != nil {
		pieces, err := newEvidence(cfg)
		if err != nil {
			return nil, err
		}
		people.POST("/evidence", gin.WrapF(pieces.Upload))
		people.GET(evidence.Path+":sha256", gin.WrapF(pieces.Download))
	}
	if cfg.Accounts != nil {
		imports, err := NewImports(cfg)
		if err != nil {
			return nil, err
		}
		people.POST("/imports/:kind", imports.post)
		people.GET("/templates/:file", imports.serveTemplate)
	}
	if cfg.Commands != nil {
		exports, err := NewExports(cfg)
		if err != nil {
			return nil, err
		}
		people.GET("/exports/:file", notCrossSite, exports.get)
	}
	router.GET("/healthz", healthz(cfg))
	router.GET("/readyz", readyz(cfg))
	router.GET("/public/graphql", openData, getGraphQL(public.engine))
	router.POST("/public/graphql", openData, postGraphQL(public.engine))
	router.OPTIONS("/public/graphql", openData, func(c *gin.Context) { c.Status(http.StatusNoContent) })

	// Browsers of other origins may read public data, by POST too, but never
	// send a command.
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.AddInsecureBypassPattern("/public/graphql")
	sameOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeResponse(w, http.StatusForbidden, refusedResponse("CROSS_ORIGIN", "不接受来自其他网站的请求。", "a request from another origin"))
	}))
	return sameOrigin.Handler(identified(cfg, router)), nil
}

// identified knows who sends a request, and serves what signs people in.
func identified(cfg Config, next http.Handler) http.Handler {
	if cfg.Auth == nil {
		return asOperator(cfg.OperatorToken, next)
	}
	mux := http.NewServeMux()
	mux.Handle("/auth/", cfg.Auth)
	mux.Handle("/", cfg.Auth.Middleware(asOperator(cfg.OperatorToken, next)))
	return mux
}

const indexPage = `Mingjian 明鉴

POST /auth/sign-in     {"login", "password", "code"}: sets the session's cookie
POST /auth/sign-out    ends the session
POST /graphql          internal GraphQL, for those signed in: what their roles allow
     /graphql/stream   its subscriptions over server-sent events (graphql-sse)
POST /evidence         upload a photo, PDF, recording or video of at most 50 MiB
GET  /evidence/…       download a piece of evidence by its SHA-256
POST /imports/KIND     import a spreadsheet, CSV or XLSX: roster, accounts, assignments, scores
                       (?commandId=UUID, &round=ID, &dryRun=true)
GET  /templates/…      the workbook to fill in, such as roster.xlsx (scores.xlsx?round=ID)
GET  /exports/…        ranking, districts, assessments, findings, deductions, honors or trail
                       as .xlsx, .csv or .ndjson (?round=ID, &district=CODE, &subject=CODE,
                       &asOf=EVENT), such as findings.csv?round=ID; each export is on record
POST /public/graphql   public GraphQL: published data only (GET ?query=… too)
GET  /healthz          whether every part works, and at which position
GET  /readyz           whether the read model has caught up
`

func index(c *gin.Context) { c.String(http.StatusOK, indexPage) }
