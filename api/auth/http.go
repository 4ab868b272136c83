package auth

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// HTTPConfig says how people sign in.
type HTTPConfig struct {
	Accounts *Accounts
	// Secure says that browsers come by TLS, to us or to a proxy before us.
	Secure bool
	// OIDC is whose word for an identity is taken; nil takes nobody's.
	OIDC *OIDCConfig
	// Address is the client's IP address: sign-ins are slowed down by it. If nil
	// it is the connection's; behind a proxy that is the proxy's, so take it from
	// the header that the proxy sets, and from no other.
	Address func(*http.Request) string
	Logger  *slog.Logger // slog.Default() if nil
}

// Validate reports all faults at once.
func (c HTTPConfig) Validate() error {
	var faults []error
	if c.Accounts == nil {
		faults = append(faults, errors.New("auth: no accounts to sign in to"))
	}
	if c.OIDC != nil {
		faults = append(faults, c.OIDC.validate())
	}
	return errors.Join(faults...)
}

// HTTP serves the pages under /auth/, and knows by the session cookie who sends
// a request. Requests from other origins are for its caller to refuse.
type HTTP struct {
	config   HTTPConfig
	sessions *jar
	oidc     *oidcClient // nil without OIDC
	mux      *http.ServeMux
}

// cookieName is the session cookie's; over TLS with the prefix __Host-.
const cookieName = "mingjian"

// NewHTTP makes the handlers.
func NewHTTP(c HTTPConfig) (*HTTP, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Address == nil {
		c.Address = connectionAddress
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	h := &HTTP{
		config: c, mux: http.NewServeMux(),
		sessions: newJar(c.Accounts, "session", cookieName, SessionLifetime, http.SameSiteStrictMode, c.Secure),
	}
	h.route("/auth/sign-in", map[string]http.HandlerFunc{http.MethodPost: h.signIn})
	h.route("/auth/sign-out", map[string]http.HandlerFunc{http.MethodPost: h.signOut})
	h.route("/auth/invitation", map[string]http.HandlerFunc{http.MethodGet: h.showInvitation, http.MethodPost: h.acceptInvitation})
	if c.OIDC != nil {
		h.oidc = newOIDCClient(*c.OIDC, c.Accounts, c.Secure)
		h.route("/auth/oidc/start", map[string]http.HandlerFunc{http.MethodGet: h.startOIDC})
		h.route("/auth/oidc/callback", map[string]http.HandlerFunc{http.MethodGet: h.finishOIDC})
	}
	h.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		h.refuseJSON(w, refuse(http.StatusNotFound, "NOT_FOUND", "没有这个地址。", "nothing here"))
	})
	return h, nil
}

func connectionAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (h *HTTP) route(path string, methods map[string]http.HandlerFunc) {
	allowed := strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
	h.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		handle, ok := methods[r.Method]
		if !ok {
			w.Header().Set("Allow", allowed)
			h.refuseJSON(w, refuse(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "不支持这种请求方式。", "%s is not allowed here", r.Method))
			return
		}
		handle(w, r)
	})
}

// ServeHTTP answers what is under /auth/.
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// sessionCookie is what the session cookie holds.
type sessionCookie struct {
	Account string `json:"account"`
	Session string `json:"session"`
}

type viewerKey struct{}

// WithViewer gives a context somebody who asks, as the middleware does.
func WithViewer(ctx context.Context, v Viewer) context.Context {
	return context.WithValue(ctx, viewerKey{}, v)
}

// ViewerFrom is who asks; false if nobody is signed in.
func ViewerFrom(ctx context.Context) (Viewer, bool) {
	v, ok := ctx.Value(viewerKey{}).(Viewer)
	return v, ok
}

// Middleware tells next who asks. Sessions and roles are looked up in the log at
// each request, so a session that was revoked on one server is none on all. When
// the log does not answer, a session that this server has seen goes on as it
// was last seen; of any other nobody knows, and the request is refused.
func (h *HTTP) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var held sessionCookie
		if h.sessions.take(r, &held) {
			viewer, err := h.config.Accounts.Viewer(r.Context(), held.Account, held.Session)
			switch {
			case err == nil:
				r = r.WithContext(WithViewer(r.Context(), viewer))
			case !errors.Is(err, ErrNoSession):
				h.refuseJSON(w, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (h *HTTP) agent(r *http.Request) Agent {
	return Agent{UserAgent: r.UserAgent(), Address: h.config.Address(r)}
}

// signIn answers {"login", "password", "code"}.
func (h *HTTP) signIn(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Login    string `json:"login"`
		Password string `json:"password"`
		Code     string `json:"code"`
	}
	if err := readJSON(w, r, &in); err != nil {
		h.refuseJSON(w, err)
		return
	}
	session, err := h.config.Accounts.SignIn(r.Context(), in.Login, in.Password, in.Code, h.agent(r))
	if err == nil {
		err = h.begin(w, r, session)
	}
	if err != nil {
		h.refuseJSON(w, err)
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Account string    `json:"account"`
		Expires time.Time `json:"expires"`
	}{session.Account, session.Expires})
}

// begin gives the browser its session. One that it had before ends: it may have
// been planted there by somebody who still knows it.
func (h *HTTP) begin(w http.ResponseWriter, r *http.Request, session Session) error {
	var before sessionCookie
	if h.sessions.take(r, &before) {
		if _, err := h.config.Accounts.Viewer(r.Context(), before.Account, before.Session); err == nil {
			if err := h.config.Accounts.SignOut(r.Context(), before.Account, before.Session); err != nil {
				return err
			}
		}
	}
	return h.sessions.put(w, sessionCookie{Account: session.Account, Session: session.ID})
}

// signOut ends the session for good, not only in this browser.
func (h *HTTP) signOut(w http.ResponseWriter, r *http.Request) {
	if err := readJSON(w, r, &struct{}{}); err != nil {
		h.refuseJSON(w, err)
		return
	}
	var held sessionCookie
	if h.sessions.take(r, &held) {
		_, err := h.config.Accounts.Viewer(r.Context(), held.Account, held.Session)
		if err == nil {
			err = h.config.Accounts.SignOut(r.Context(), held.Account, held.Session)
		}
		if err != nil && !errors.Is(err, ErrNoSession) {
			h.refuseJSON(w, err)
			return
		}
	}
	h.sessions.clear(w)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// maxBody bounds what a form or a JSON body holds.
const maxBody = 16 << 10

// wantType refuses other content types. A page of another origin can send forms
// and text, but no JSON without being asked first.
func wantType(r *http.Request, want string) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != want {
		return refuse(http.StatusUnsupportedMediaType, "BAD_REQUEST", "请求须为 "+want+"。", "the content type must be %s", want)
	}
	return nil
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	if err := wantType(r, "application/json"); err != nil {
		return err
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("it goes on after its end")
			if _, ok := errors.AsType[*http.MaxBytesError](more); ok {
				err = more
			}
		}
	}
	return badBody(err, "请求不是有效的 JSON。")
}

func badBody(err error, zh string) error {
	if err == nil {
		return nil
	}
	if big, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuse(http.StatusRequestEntityTooLarge, "TOO_LARGE", "请求过大。", "the body is over %d bytes", big.Limit)
	}
	return refuse(http.StatusBadRequest, "BAD_REQUEST", zh, "the body cannot be read: %v", err)
}
