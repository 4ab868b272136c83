package api

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
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
	stream, err := newStream(internal.engine)
	if err != nil {
		return nil, err
	}
	gin.SetMode(gin.ReleaseMode) // gin's own log lines would go to stdout
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.Use(recovered(cfg.Logger), secured)
	router.NoRoute(func(c *gin.Context) {
		respond(c, http.StatusNotFound, refusedResponse("NOT_FOUND", "没有这个地址。", "nothing here; see /"))
	})
	router.NoMethod(func(c *gin.Context) {
		respond(c, http.StatusMethodNotAllowed, refusedResponse(codeMethod, "不支持这种请求方式。", "%s is not allowed here", c.Request.Method))
	})
	local := router.Group("/", loopbackOnly)
	local.GET("/", index)
	local.POST("/graphql", postGraphQL(internal.engine))
	local.Match(streamMethods, "/graphql/stream", notCrossSite, gin.WrapH(stream))
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
	return sameOrigin.Handler(router), nil
}

// ErrNotLoopback means that Listen was asked for an address that others reach.
var ErrNotLoopback = errors.New("until accounts exist anybody who reaches the internal API can use it, so it listens on loopback only; " +
	"use 127.0.0.1 or [::1], and an SSH tunnel from elsewhere")

// Listen listens on a loopback address and refuses any other.
func Listen(addr string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	ip := net.ParseIP(host)
	if strings.EqualFold(host, "localhost") {
		// Not looked up: a name server must not decide who can reach us.
		ip = net.IPv4(127, 0, 0, 1)
	}
	if ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("listen on %q: %w", addr, ErrNotLoopback)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(ip.String(), port))
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	return listener, nil
}

const indexPage = `Mingjian 明鉴

POST /graphql          internal GraphQL: all data and all commands, on loopback only
     /graphql/stream   internal GraphQL and its subscriptions over server-sent events (graphql-sse)
POST /public/graphql   public GraphQL: published data only (GET ?query=… too)
GET  /healthz          whether every part works, and at which position
GET  /readyz           whether the read model has caught up
`

func index(c *gin.Context) { c.String(http.StatusOK, indexPage) }
