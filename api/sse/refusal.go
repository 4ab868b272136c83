package sse

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Refusal is an operation that was not executed, or a request that is none.
type Refusal struct {
	Status int    // of the answer, where there is no stream to tell it on
	Body   []byte // a GraphQL response with the reason
}

// refuse makes a refusal in the words that all of the API uses: a code for
// programs, a sentence in English and one in Chinese. What came too early or
// too often may be sent again.
func refuse(status int, code, zh, format string, args ...any) *Refusal {
	type extensions struct {
		Code  string `json:"code"`
		Zh    string `json:"zh"`
		Retry bool   `json:"retry"`
	}
	type fault struct {
		Message    string     `json:"message"`
		Extensions extensions `json:"extensions"`
	}
	retry := status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests
	body, err := json.Marshal(map[string][]fault{"errors": {{fmt.Sprintf(format, args...), extensions{code, zh, retry}}}})
	if err != nil { // strings and booleans always have a JSON form
		body = []byte(`{"errors":[{"message":"the reason cannot be written"}]}`)
	}
	return &Refusal{Status: status, Body: body}
}

func (r *Refusal) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // the client has gone: nobody to tell
}

var (
	errMedia = refuse(http.StatusUnsupportedMediaType, "BAD_REQUEST", "请求须为 application/json。",
		"the content type must be application/json")
	errBody          = refuse(http.StatusBadRequest, "BAD_REQUEST", "请求没有完整到达。", "the body broke off, or is over %d bytes", maxBody)
	errNotAcceptable = refuse(http.StatusNotAcceptable, "NOT_ACCEPTABLE", "此地址只提供事件流。",
		"this address answers in events: accept text/event-stream, or send the token of a reserved stream as %s", tokenHeader)
	errNoToken = refuse(http.StatusBadRequest, "BAD_REQUEST", "缺少事件流令牌。",
		"there is no stream token; send it as %s", tokenHeader)
	errUnknownStream = refuse(http.StatusNotFound, "UNKNOWN_STREAM", "没有这个事件流，请重新建立。",
		"no stream has this token: it expired, ended, or is another session's; reserve a new one by PUT")
	errStreamOpen = refuse(http.StatusConflict, "STREAM_OPEN", "该事件流已经打开。",
		"the stream of this token is open already; a token opens one stream")
	errShuttingDown = refuse(http.StatusServiceUnavailable, "SHUTTING_DOWN", "系统正在重启，请稍后再试。",
		"the server is shutting down; connect again")
)
