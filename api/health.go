package api

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// healthBody is what /healthz and /readyz answer.
type healthBody struct {
	Status     string            `json:"status"`
	Position   string            `json:"position"` // of the read model
	Seq        int64             `json:"seq"`
	LogID      string            `json:"logId"`
	Components []componentHealth `json:"components"`
}

type componentHealth struct {
	Component  string `json:"component"`
	OK         bool   `json:"ok"`
	CatchingUp bool   `json:"catchingUp"`
	Detail     string `json:"detail,omitempty"`
	Position   string `json:"position"`
}

// healthOf asks every part; ok and ready are the worst of them.
func healthOf(cfg Config) (body healthBody, ok, ready bool) {
	head := cfg.Model.Head()
	body = healthBody{Position: head.Position.String(), Seq: head.Seq, LogID: head.LogID, Components: []componentHealth{}}
	ok, ready = true, true
	if cfg.Health == nil {
		return body, ok, ready
	}
	for _, item := range cfg.Health() {
		ok = ok && item.OK
		ready = ready && item.OK && !item.CatchingUp
		body.Components = append(body.Components, componentHealth{
			Component: item.Component, OK: item.OK, CatchingUp: item.CatchingUp, Detail: item.Detail, Position: item.Position.String(),
		})
	}
	return body, ok, ready
}

// healthz is 503 as soon as any part has stopped, and says which and why.
func healthz(cfg Config) gin.HandlerFunc {
	return func(c *gin.Context) {
		body, ok, _ := healthOf(cfg)
		writeHealth(c, body, ok, "ok", "failing")
	}
}

// readyz is 503 until the read model has caught up.
func readyz(cfg Config) gin.HandlerFunc {
	return func(c *gin.Context) {
		body, _, ready := healthOf(cfg)
		writeHealth(c, body, ready, "ready", "notReady")
	}
}

func writeHealth(c *gin.Context, body healthBody, good bool, yes, no string) {
	status := http.StatusOK
	body.Status = yes
	if !good {
		status, body.Status = http.StatusServiceUnavailable, no
	}
	c.JSON(status, body)
}
