package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"mingjian/api/sheets"
	"mingjian/domain"
)

// torn breaks the connection off after a handler that panicked with
// http.ErrAbortHandler, so that half a file never looks like a whole one. gin's
// recovery would end the response in good order.
func torn(c *gin.Context) {
	c.Next()
	if last := c.Errors.Last(); last != nil && errors.Is(last.Err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
}

// get answers with a file. CSV and NDJSON are sent while they are made, a
// workbook once it is whole.
func (e *Exports) get(c *gin.Context) {
	query, err := exportQueryOf(c)
	if err != nil {
		e.refuse(c, err)
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), e.time)
	defer cancel()
	// The server's own limits are for short answers. Not every writer has
	// deadlines; then the server's hold.
	control := http.NewResponseController(c.Writer)
	_ = control.SetReadDeadline(time.Now().Add(e.time + e.stall))
	_ = control.SetWriteDeadline(time.Now().Add(e.time + e.stall))
	file, err := e.Open(ctx, query)
	if err != nil {
		e.refuse(c, err)
		return
	}
	defer file.Close()
	out := &fileResponse{Context: c, file: file, control: control, stall: e.stall}
	if query.Format == sheets.XLSX {
		err = out.sendWhole()
	} else {
		err = file.Write(out)
	}
	switch {
	case err == nil:
		out.begin() // a file without a byte
	case !out.begun:
		e.refuse(c, err)
	default:
		if c.Request.Context().Err() == nil {
			e.cfg.Logger.Warn("api: an export broke off", "file", file.Name, "error", err)
		}
		panic(http.ErrAbortHandler)
	}
}

func exportQueryOf(c *gin.Context) (ExportQuery, error) {
	what, format, _ := strings.Cut(c.Param("file"), ".")
	q := ExportQuery{
		What: what, Format: sheets.Format(format),
		Round: c.Query("round"), Subject: c.Query("subject"), District: c.Query("district"),
	}
	if text := c.Query("asOf"); text != "" {
		seq, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seq < 1 {
			return q, fmt.Errorf("asOf %.40q is the number of no event: %w", text, domain.ErrInvalid)
		}
		q.AsOf = seq
	}
	return q, nil
}

func (e *Exports) refuse(c *gin.Context, err error) {
	shown := explain(e.cfg.Logger, err)
	status := statusOf(err, shown.Extensions.Code)
	switch {
	case shown.Extensions.Code == "NOT_FOUND":
		status = http.StatusNotFound
	case shown.Extensions.Retry:
		status = http.StatusServiceUnavailable
	}
	respond(c, status, &response{errors: []*responseError{shown}})
}

// fileResponse is the body of a response that a file goes to. Headers are sent
// with the first byte: up to there an error can be told.
type fileResponse struct {
	*gin.Context
	file    *ExportFile
	control *http.ResponseController
	stall   time.Duration
	begun   bool
}

// Write gives the client some time to take what there is.
func (r *fileResponse) Write(p []byte) (int, error) {
	r.begin()
	_ = r.control.SetWriteDeadline(time.Now().Add(r.stall))
	return r.Writer.Write(p)
}

func (r *fileResponse) begin() {
	if r.begun {
		return
	}
	r.begun = true
	r.Header("Content-Type", r.file.MediaType)
	r.Header("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": r.file.Name}))
	r.Status(http.StatusOK)
}

// sendWhole makes the file before it sends its first byte.
func (r *fileResponse) sendWhole() (err error) {
	spool, err := os.CreateTemp("", "mingjian-export-")
	if err != nil {
		return err
	}
	defer func() { _ = spool.Close() }()
	if err := os.Remove(spool.Name()); err != nil { // it goes with its last reader, also after a crash
		return err
	}
	if err := r.file.Write(spool); err != nil {
		return err
	}
	size, err := spool.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r.Header("Content-Length", strconv.FormatInt(size, 10))
	_, err = io.Copy(struct{ io.Writer }{r}, spool)
	return err
}
