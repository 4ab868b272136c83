package api

import (
	"log/slog"
	"net/http"

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

// openData lets browsers of any origin read what is public anyway.
func openData(c *gin.Context) {
	c.Header("Access-Control-Allow-Origin", "*")
	c.Header("Access-Control-Allow-Headers", "Content-Type")
	c.Header("Access-Control-Allow-Methods", "GET, POST")
}
