package evidence

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Path is where Download is mounted: Path + "{sha256}". Upload may be anywhere.
const Path = "/evidence/"

// HandlerConfig connects the handlers to rights, the log and the API's errors.
// All functions are required; they are called concurrently.
type HandlerConfig struct {
	Store *Store

	// MayUpload is asked before a byte of an upload is read.
	MayUpload func(ctx context.Context) error
	// MaySee is asked before the piece is looked for, so that a refusal does not
	// tell whether it exists.
	MaySee func(ctx context.Context, sha string) error
	// Stored records a piece that is durable by now. When it fails the client is
	// told so and sends the file again; the piece stays, unrecorded, since it may
	// be recorded as somebody else's upload of the same bytes.
	Stored func(ctx context.Context, piece Piece) error
	// Seen records a download before its first byte goes out, and each request
	// for a part of a piece as one. When it fails nothing goes out.
	Seen func(ctx context.Context, sha string, clean bool) error
	// Refuse answers a request with an error: one of this package's, or what one
	// of the functions above returned. Nothing has been written by then.
	Refuse func(w http.ResponseWriter, r *http.Request, err error)

	// MaxUploads and MaxDownloads bound the transfers under way, and with them
	// the room that the spool takes: MaxSize each, twice that for a clean copy.
	MaxUploads   int // 16 if 0
	MaxDownloads int // 32 if 0
	// TransferTime bounds one transfer; 15 minutes if 0. It replaces the server's
	// read and write timeouts, which are too short for 50 MiB from a tablet.
	TransferTime time.Duration
	// Silence is how long an upload may stand still; 30 seconds if 0.
	Silence time.Duration

	Logger *slog.Logger // slog.Default() if nil
}

// Validate reports all faults at once.
func (c HandlerConfig) Validate() error {
	var faults []error
	for _, part := range []struct {
		name  string
		given bool
	}{
		{"store", c.Store != nil},
		{"MayUpload", c.MayUpload != nil},
		{"MaySee", c.MaySee != nil},
		{"Stored", c.Stored != nil},
		{"Seen", c.Seen != nil},
		{"Refuse", c.Refuse != nil},
	} {
		if !part.given {
			faults = append(faults, fmt.Errorf("evidence: handlers have no %s", part.name))
		}
	}
	if c.MaxUploads < 0 || c.MaxDownloads < 0 || c.TransferTime < 0 || c.Silence < 0 {
		faults = append(faults, errors.New("evidence: a limit of the handlers is negative"))
	}
	return errors.Join(faults...)
}

func (c HandlerConfig) withDefaults() HandlerConfig {
	if c.MaxUploads == 0 {
		c.MaxUploads = 16
	}
	if c.MaxDownloads == 0 {
		c.MaxDownloads = 32
	}
	if c.TransferTime == 0 {
		c.TransferTime = 15 * time.Minute
	}
	if c.Silence == 0 {
		c.Silence = 30 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// Handlers serve uploads and downloads over HTTP.
type Handlers struct {
	cfg       HandlerConfig
	uploads   slots
	downloads slots
}

// NewHandlers checks the configuration and makes the handlers.
func NewHandlers(cfg HandlerConfig) (*Handlers, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	return &Handlers{cfg: cfg, uploads: make(slots, cfg.MaxUploads), downloads: make(slots, cfg.MaxDownloads)}, nil
}

// slots bounds what goes on at once. Whoever finds none free is sent away at
// once: a queue would hold connections, and clients try again by themselves.
type slots chan struct{}

func (s slots) take() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) free() { <-s }

// Download serves GET Path + {sha256}: the piece as it was uploaded, or with
// ?copy=clean a picture without its metadata. It is always an attachment, under
// a name of ours, and no browser runs anything in it. Ranges are served.
func (h *Handlers) Download(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	sha := strings.TrimPrefix(r.URL.Path, Path)
	if err := checkHash(sha); err != nil {
		h.refuse(w, r, err)
		return
	}
	open, clean := h.cfg.Store.Open, false
	switch which := r.URL.Query().Get("copy"); which {
	case "":
	case "clean":
		open, clean = h.cfg.Store.Clean, true
	default:
		h.refuse(w, r, fmt.Errorf("copy=%.20q, there is only copy=clean: %w", which, ErrRequest))
		return
	}
	if err := h.cfg.MaySee(ctx, sha); err != nil {
		h.refuse(w, r, err)
		return
	}
	if !h.downloads.take() {
		h.busy(w, r, h.cfg.MaxDownloads, "downloads")
		return
	}
	defer h.downloads.free()
	content, piece, err := open(ctx, sha)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	defer content.Close()
	// From here the download is on record, even if not a byte of it arrives.
	if err := h.cfg.Seen(ctx, sha, clean); err != nil {
		h.refuse(w, r, err)
		return
	}
	name := sha[:12]
	if clean {
		name += "-clean"
	}
	head := w.Header()
	head.Set("Content-Type", piece.Type)
	head.Set("Content-Disposition", `attachment; filename="`+name+extensionOf(piece.Type)+`"`)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	head.Set("Cache-Control", "private, no-store")
	head.Set("ETag", `"`+piece.SHA256+`"`) // lets a download that broke off go on
	// Not every writer has deadlines; then the server's own hold.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(h.cfg.TransferTime))
	http.ServeContent(w, r, "", time.Time{}, content)
}

// refuse keeps paths and the like from the client, and tells the operator.
func (h *Handlers) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, ErrUnavailable):
		h.cfg.Logger.Error("evidence: the store fails", "error", err)
		err = ErrUnavailable
	case errors.Is(err, ErrDamaged):
		h.cfg.Logger.Error("evidence: a piece is damaged", "error", err)
	}
	h.cfg.Refuse(w, r, err)
}

func (h *Handlers) busy(w http.ResponseWriter, r *http.Request, limit int, what string) {
	w.Header().Set("Retry-After", "5")
	h.refuse(w, r, fmt.Errorf("%d %s are under way: %w", limit, what, ErrBusy))
}
