package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"mingjian/internal/strictjson"
)

// maxBody bounds the body of a request.
const maxBody = 1 << 20

// graphQLBody is a request as GraphQL over HTTP has it.
type graphQLBody struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

// postGraphQL answers one operation a request; there are no batches.
func postGraphQL(e *engine) gin.HandlerFunc {
	return func(c *gin.Context) {
		if media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || media != "application/json" {
			respond(c, http.StatusUnsupportedMediaType, refusedResponse(codeBadRequest, "请求须为 application/json。", "the content type must be application/json"))
			return
		}
		raw, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			respond(c, http.StatusRequestEntityTooLarge, refusedResponse("TOO_LARGE", "请求过大。", "the body is over %d bytes", tooLarge.Limit))
			return
		}
		if err != nil {
			respond(c, http.StatusBadRequest, refusedResponse(codeBadRequest, "请求没有完整到达。", "the body broke off"))
			return
		}
		body, refused := readBody(raw)
		if refused != nil {
			respond(c, http.StatusBadRequest, refused)
			return
		}
		answer(c, e, call{document: body.Query, operation: body.OperationName, variables: body.Variables})
	}
}

func readBody(raw []byte) (graphQLBody, *response) {
	var body graphQLBody
	if trimmed := bytes.TrimLeft(raw, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		return body, refusedResponse(codeBadRequest, "不接受批量请求。", "one operation a request; batches are not accepted")
	}
	if err := strictjson.Decode(raw, &body); err != nil {
		return body, refusedResponse(codeBadRequest, "请求不是有效的 JSON。", "the body is not a GraphQL request in JSON: %v", err)
	}
	if body.Query == "" {
		return body, refusedResponse(codeBadRequest, "请求中没有查询。", "the body has no query")
	}
	return body, nil
}

// getGraphQL answers queries from the address: ?query=…&variables=….
func getGraphQL(e *engine) gin.HandlerFunc {
	return func(c *gin.Context) {
		one := call{document: c.Query("query"), operation: c.Query("operationName"), readOnly: true}
		if one.document == "" {
			respond(c, http.StatusBadRequest, refusedResponse(codeBadRequest, "请求中没有查询。", "the address has no query"))
			return
		}
		if text := c.Query("variables"); text != "" {
			if err := strictjson.Decode([]byte(text), &one.variables); err != nil {
				respond(c, http.StatusBadRequest, refusedResponse(codeBadRequest, "变量不是有效的 JSON。", "variables: %v", err))
				return
			}
		}
		answer(c, e, one)
	}
}

func answer(c *gin.Context, e *engine, one call) {
	out := e.run(c.Request.Context(), one)
	if one.readOnly && out.tag != "" {
		respondTagged(c, out)
		return
	}
	status := http.StatusOK
	if !out.executed {
		status = http.StatusBadRequest
		if len(out.errors) > 0 && out.errors[0].Extensions.Retry {
			status = http.StatusServiceUnavailable
		}
	}
	respond(c, status, out)
}

// respondTagged lets clients and proxies keep what they got by GET. They must
// ask each time whether it still holds, and get its bytes only if it does not.
func respondTagged(c *gin.Context, out *response) {
	c.Header("Cache-Control", "public, no-cache")
	c.Header("ETag", out.tag)
	c.Header("Content-Type", jsonType)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(out.text))
}

const jsonType = "application/json; charset=utf-8"

func refusedResponse(code, zh, format string, args ...any) *response {
	return &response{errors: []*responseError{explain(nil, refuse(code, zh, format, args...))}}
}

func respond(c *gin.Context, status int, out *response) { writeResponse(c.Writer, status, out) }

func writeResponse(w http.ResponseWriter, status int, out *response) {
	text, err := out.encode()
	if err != nil { // a value that JSON does not have: a mistake of ours
		status, text = http.StatusInternalServerError, []byte(`{"errors":[{"message":"the response cannot be written","extensions":{"code":"INTERNAL","zh":"系统内部错误。","retry":false}}]}`)
	}
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client has gone: nobody to tell
}
