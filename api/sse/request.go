package sse

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"mingjian/internal/strictjson"
)

// Request is one operation as it arrived.
type Request struct {
	Query, OperationName string
	// Variables hold numbers as json.Number, so that none passes through a float.
	Variables map[string]any
	// ReadOnly is true for a GET, which must not change anything.
	ReadOnly bool
}

const (
	maxBody = 1 << 20 // of a request
	maxID   = 100     // bytes of an operation's id
)

// requestBody is a request as GraphQL over HTTP has it.
type requestBody struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
	Extensions    extensions     `json:"extensions"`
}

type extensions struct {
	OperationID string `json:"operationId"`
}

// readRequest reads an operation and its id, which the single-connection mode
// needs.
func readRequest(w http.ResponseWriter, r *http.Request) (Request, string, *Refusal) {
	read := readPost
	if r.Method == http.MethodGet {
		read = readGet
	}
	body, refused := read(w, r)
	if refused == nil && body.Query == "" {
		refused = refuse(http.StatusBadRequest, "BAD_REQUEST", "请求中没有查询。", "the request has no query")
	}
	if refused != nil {
		return Request{}, "", refused
	}
	return Request{
		Query: body.Query, OperationName: body.OperationName, Variables: body.Variables, ReadOnly: r.Method == http.MethodGet,
	}, body.Extensions.OperationID, nil
}

func readPost(w http.ResponseWriter, r *http.Request) (body requestBody, refused *Refusal) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return body, errMedia
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return body, refuse(http.StatusRequestEntityTooLarge, "TOO_LARGE", "请求过大。", "the body is over %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return body, errBody
	}
	if err := strictjson.Decode(raw, &body); err != nil {
		return body, refuse(http.StatusBadRequest, "BAD_REQUEST", "请求不是有效的 JSON。", "the body is not a GraphQL request in JSON: %v", err)
	}
	return body, nil
}

func readGet(_ http.ResponseWriter, r *http.Request) (body requestBody, refused *Refusal) {
	query := r.URL.Query()
	body.Query, body.OperationName = query.Get("query"), query.Get("operationName")
	for name, into := range map[string]any{"variables": &body.Variables, "extensions": &body.Extensions} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		if err := strictjson.Decode([]byte(text), into); err != nil {
			return body, refuse(http.StatusBadRequest, "BAD_REQUEST", "请求地址中的 JSON 有误。", "%s in the address: %v", name, err)
		}
	}
	return body, nil
}

func checkID(id string) *Refusal {
	if id == "" || len(id) > maxID {
		return refuse(http.StatusBadRequest, "BAD_REQUEST", "缺少操作编号。", "the operation needs an id of 1 to %d bytes (operationId)", maxID)
	}
	return nil
}

// acceptsEvents reports whether a client asks for events by name: */* does not.
func acceptsEvents(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		media, params, err := mime.ParseMediaType(part)
		q := params["q"]
		if err == nil && media == "text/event-stream" && (q == "" || strings.Trim(q, "0.") != "") {
			return true
		}
	}
	return false
}
