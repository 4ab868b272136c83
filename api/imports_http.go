package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/eventstore"
)

// post takes a file as the body of a request.
func (i *Imports) post(c *gin.Context) {
	if _, err := i.allowed(c.Request.Context(), c.Param("kind")); err != nil {
		i.refuse(c, err)
		return
	}
	if media, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type")); strings.HasPrefix(media, "multipart/") {
		respond(c, http.StatusUnsupportedMediaType, refusedResponse(codeBadRequest, "请直接以文件内容作为请求体。", "send the file itself as the body, not a form"))
		return
	}
	content, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, sheets.MaxFile))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		respond(c, http.StatusRequestEntityTooLarge, refusedResponse("TOO_LARGE", "文件超过 10 MiB，请分成几个文件。", "the file has more than %d bytes: split it", tooLarge.Limit))
		return
	}
	if err != nil {
		respond(c, http.StatusBadRequest, refusedResponse(codeBadRequest, "文件没有完整到达，请重新发送。", "the file broke off, send it again"))
		return
	}
	file, err := importFileOf(c, content)
	if err != nil {
		i.refuse(c, err)
		return
	}
	// Whoever sends a long file gets an answer in time, and sends it again.
	ctx, cancel := context.WithTimeout(c.Request.Context(), maxTime)
	defer cancel()
	answer, err := i.Run(ctx, file)
	if err != nil {
		i.refuse(c, err)
		return
	}
	status := http.StatusOK
	switch {
	case answer.broken != 0:
		status = answer.broken
	case len(answer.Faults) > 0:
		status = http.StatusUnprocessableEntity
	}
	c.JSON(status, answer)
}

func importFileOf(c *gin.Context, content []byte) (ImportFile, error) {
	file := ImportFile{
		Kind: c.Param("kind"), Name: cmp.Or(c.Query("name"), c.Param("kind")), Content: content,
		Round: c.Query("round"), CommandID: c.Query("commandId"),
	}
	var err error
	if text := c.Query("dryRun"); text != "" {
		if file.DryRun, err = strconv.ParseBool(text); err != nil {
			return file, fmt.Errorf("dryRun %.40q is neither true nor false: %w", text, domain.ErrInvalid)
		}
	}
	if text := c.Query("after"); text != "" {
		after, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return file, fmt.Errorf("after %.40q is not a position: %w", text, domain.ErrInvalid)
		}
		file.After = eventstore.Position(after)
	}
	return file, nil
}

// serveTemplate answers with a workbook.
func (i *Imports) serveTemplate(c *gin.Context) {
	kind, ok := strings.CutSuffix(c.Param("file"), ".xlsx")
	if !ok {
		i.refuse(c, refuse("NOT_FOUND", "模板均为 .xlsx 文件。", "templates are named KIND.xlsx"))
		return
	}
	content, err := i.Template(c.Request.Context(), kind, c.Query("round"), c.Query("district"))
	if err != nil {
		i.refuse(c, err)
		return
	}
	c.Header("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": kind + ".xlsx"}))
	c.Data(http.StatusOK, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", content)
}

func (i *Imports) refuse(c *gin.Context, err error) {
	shown := explain(i.cfg.Logger, err)
	status := statusOf(err, shown.Extensions.Code)
	switch {
	case shown.Extensions.Code == "NOT_FOUND":
		status = http.StatusNotFound
	case shown.Extensions.Retry:
		status = http.StatusServiceUnavailable
	}
	respond(c, status, &response{errors: []*responseError{shown}})
}
