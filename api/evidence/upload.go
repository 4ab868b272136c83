package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"
)

// formOverhead is what a form may add to its file: boundaries and headers.
const formOverhead = 64 << 10

// Upload serves POST: the body is the file, or a form (multipart/form-data) with
// the one part "file". The answer is 201 with {sha256, type, size}. File names
// and types that the client states are not looked at.
func (h *Handlers) Upload(w http.ResponseWriter, r *http.Request) {
	if err := h.cfg.MayUpload(r.Context()); err != nil {
		h.refuse(w, r, err)
		return
	}
	if !h.uploads.take() {
		h.busy(w, r, h.cfg.MaxUploads, "uploads")
		return
	}
	defer h.uploads.free()
	arriving := h.newArrival(w, r)
	piece, err := h.store(r, arriving)
	if err != nil {
		// A browser reads no answer while it still sends: without this its user
		// would see a broken connection instead of the reason.
		arriving.drain(r)
		h.refuse(w, r, err)
		return
	}
	if err := h.cfg.Stored(r.Context(), piece); err != nil {
		h.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(piece) // the client has gone: it asks again
}

// store takes the upload in and, only when the request is known to hold that
// one file and no more, gives it its name.
func (h *Handlers) store(r *http.Request, body *arrival) (Piece, error) {
	ctx, store := r.Context(), h.cfg.Store
	if r.ContentLength > body.limit {
		return Piece{}, tooLarge()
	}
	file, end, err := openBody(r, body)
	if err != nil {
		return Piece{}, body.blame(err)
	}
	in, err := store.receive(ctx, file)
	if err != nil {
		return Piece{}, body.blame(err)
	}
	defer in.discard()
	if err := end(); err != nil {
		return Piece{}, body.blame(err)
	}
	return store.keep(ctx, in)
}

// openBody finds the file in the request. end is called after it was read, and
// refuses what comes behind it.
func openBody(r *http.Request, body io.Reader) (file io.Reader, end func() error, err error) {
	boundary, err := boundaryOf(r)
	if err != nil {
		return nil, nil, err
	}
	if boundary == "" {
		return body, func() error { return nil }, nil
	}
	form := multipart.NewReader(body, boundary)
	part, err := form.NextPart()
	if errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("the form has no file: %w", ErrRequest)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the form cannot be read (%v): %w", err, ErrRequest)
	}
	if part.FormName() != "file" || part.FileName() == "" {
		return nil, nil, fmt.Errorf(`the form has a part %.40q, it must have one file named "file" and nothing else: %w`, part.FormName(), ErrRequest)
	}
	end = func() error {
		switch extra, err := form.NextPart(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("the form cannot be read to its end (%v): %w", err, ErrRequest)
		default:
			return fmt.Errorf("the form has another part %.40q, upload one file a request: %w", extra.FormName(), ErrRequest)
		}
	}
	return part, end, nil
}

// boundaryOf is empty when the body is the file itself.
func boundaryOf(r *http.Request) (string, error) {
	stated := r.Header.Get("Content-Type")
	if !isForm(r) {
		return "", nil
	}
	kind, params, err := mime.ParseMediaType(stated)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return "", fmt.Errorf("Content-Type %.80q is not multipart/form-data with a boundary: %w", stated, ErrRequest)
	}
	return params["boundary"], nil
}

func isForm(r *http.Request) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Type"))), "multipart/")
}

// arrival is a request's body on its way in. It gives the client time as long
// as bytes come, and remembers why they stopped.
type arrival struct {
	body    io.Reader
	limit   int64
	control *http.ResponseController
	silence time.Duration
	end     time.Time
	begun   bool
	err     error
}

func (h *Handlers) newArrival(w http.ResponseWriter, r *http.Request) *arrival {
	a := &arrival{
		limit: MaxSize, control: http.NewResponseController(w),
		silence: h.cfg.Silence, end: time.Now().Add(h.cfg.TransferTime),
	}
	if isForm(r) {
		a.limit += formOverhead
	}
	a.body = http.MaxBytesReader(w, r.Body, a.limit)
	// Not every writer has deadlines; then the server's own hold.
	_ = a.control.SetWriteDeadline(a.end.Add(h.cfg.Silence))
	return a
}

func (a *arrival) Read(p []byte) (int, error) {
	deadline := time.Now().Add(a.silence)
	if deadline.After(a.end) {
		deadline = a.end
	}
	_ = a.control.SetReadDeadline(deadline)
	a.begun = true
	n, err := a.body.Read(p)
	if err != nil && err != io.EOF {
		a.err = err
	}
	return n, err
}

// blame finds the cause of an error: what stopped the bytes, if something did.
// net/http also ends the context then, which says less.
func (a *arrival) blame(err error) error {
	if _, over := errors.AsType[*http.MaxBytesError](a.err); over {
		return tooLarge()
	}
	if a.err != nil {
		return ErrInterrupted
	}
	return err
}

// drain takes what is left of the body, up to twice what is allowed: whoever
// sends more than that sees the connection close.
func (a *arrival) drain(r *http.Request) {
	if _, over := errors.AsType[*http.MaxBytesError](a.err); a.err != nil && !over {
		return // nothing more will come
	}
	if !a.begun && r.Header.Get("Expect") != "" {
		return // the client asked first, and has sent nothing
	}
	a.body = r.Body
	_, _ = io.CopyN(io.Discard, a, 2*MaxSize)
}
