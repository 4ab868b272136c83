package api

import (
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// secured sets the headers that every response has.
func secured(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
}

// recovered turns a panic outside of resolvers into INTERNAL.
func recovered(logger *slog.Logger) gin.HandlerFunc {
	return gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, p any) {
		respond(c, http.StatusInternalServerError, &response{errors: []*responseError{explain(logger, &crash{value: p})}})
		c.Abort()
	})
}

// loopbackOnly refuses requests that did not start on this machine although
// they arrived on loopback: a web page whose name was made to resolve to
// 127.0.0.1 (DNS rebinding) shows its name in Host, and a proxy that forwards
// strangers says so.
func loopbackOnly(c *gin.Context) {
	if !isLoopbackHost(c.Request.Host) {
		respond(c, http.StatusForbidden, refusedResponse("NOT_LOOPBACK", "内部接口只能在本机访问。",
			"host %.80q is not a loopback address; the internal API answers on 127.0.0.1, [::1] and localhost only", c.Request.Host))
		c.Abort()
		return
	}
	for _, header := range []string{"Forwarded", "X-Forwarded-For"} {
		if c.GetHeader(header) != "" {
			respond(c, http.StatusForbidden, refusedResponse("NOT_LOOPBACK", "内部接口只能在本机访问。",
				"forwarded by a proxy (%s); the internal API has no sign-in yet and must not be proxied", header))
			c.Abort()
			return
		}
	}
}

func isLoopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}

// openData lets browsers of any origin read what is public anyway.
func openData(c *gin.Context) {
	c.Header("Access-Control-Allow-Origin", "*")
	c.Header("Access-Control-Allow-Headers", "Content-Type")
	c.Header("Access-Control-Allow-Methods", "GET, POST")
}
