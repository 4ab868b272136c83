package api

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/api/evidence"
	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/domain/rights"
	"mingjian/eventstore"
	"mingjian/projections"
)

// Codes of requests that nobody answers for.
const codeUnauthenticated = "UNAUTHENTICATED"

// mustSignIn refuses requests of nobody.
func mustSignIn(c *gin.Context) {
	if _, ok := auth.ViewerFrom(c.Request.Context()); !ok {
		respond(c, http.StatusUnauthorized, refusedResponse(codeUnauthenticated, "请先登录。", "sign in first: POST /auth/sign-in"))
		c.Abort()
	}
}

// liveOfPeople ties event streams to sessions, unless the configuration does:
// one whose session has ended, or whose roles have changed, ends. What cannot
// be found out ends nothing.
func (c Config) liveOfPeople() LiveConfig {
	live := c.Live
	if live.Session == nil {
		live.Session = func(r *http.Request) string {
			v, _ := auth.ViewerFrom(r.Context())
			return v.Actor.Account + " " + v.Session
		}
	}
	if live.Recheck == nil && c.Accounts != nil {
		live.Recheck = func(ctx context.Context) error {
			held, _ := auth.ViewerFrom(ctx)
			if held.Session == "" { // the operator
				return nil
			}
			now, err := c.Accounts.Viewer(ctx, held.Actor.Account, held.Session)
			switch {
			case errors.Is(err, auth.ErrNoSession):
				return err
			case err == nil && !slices.Equal(now.Actor.Grants, held.Actor.Grants):
				return errRolesChanged
			}
			return nil
		}
	}
	return live
}

// errRolesChanged ends a stream that was opened with other roles.
var errRolesChanged = errors.New("the account's roles have changed, connect again")

// asOperator lets the command line of the server's own machine act as the
// operator: it sends the token that only the owner of the data folder can read.
func asOperator(token string, next http.Handler) http.Handler {
	if token == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if bearer && subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1 {
			r = r.WithContext(auth.WithViewer(r.Context(), auth.Viewer{Actor: command.OperatorActor()}))
		}
		next.ServeHTTP(w, r)
	})
}

// newEvidence connects the evidence handlers to rights and to the log.
func newEvidence(cfg Config) (*evidence.Handlers, error) {
	return evidence.NewHandlers(evidence.HandlerConfig{
		Store: cfg.Evidence,
		MayUpload: func(ctx context.Context) error {
			return allowUpload(viewerOf(ctx))
		},
		MaySee: func(ctx context.Context, sha string) error {
			r := &request{ctx: ctx, cfg: &cfg}
			defer r.close()
			return r.maySee(sha)
		},
		Stored: func(ctx context.Context, piece evidence.Piece) error {
			return cfg.Commands.Witness(ctx, viewerOf(ctx).Account, func(by domain.Stamp) domain.Event {
				return &access.EvidenceStored{Stamp: by, SHA256: piece.SHA256, Type: piece.Type, Size: piece.Size}
			})
		},
		Seen: func(ctx context.Context, sha string, clean bool) error {
			return cfg.Commands.Witness(ctx, viewerOf(ctx).Account, func(by domain.Stamp) domain.Event {
				return &access.EvidenceDownloaded{Stamp: by, SHA256: sha, Clean: clean}
			})
		},
		Refuse: func(w http.ResponseWriter, _ *http.Request, err error) {
			shown := explain(cfg.Logger, err)
			writeResponse(w, statusOf(err, shown.Extensions.Code), &response{errors: []*responseError{shown}})
		},
		Logger: cfg.Logger,
	})
}

// allowUpload wants a role that uploads, for whatever subject.
func allowUpload(a rights.Actor) error {
	for _, g := range a.Grants {
		if rights.Allow(a, "uploadEvidence", g.Subject) == nil {
			return nil
		}
	}
	return rights.Allow(a, "uploadEvidence", "")
}

func viewerOf(ctx context.Context) rights.Actor {
	v, _ := auth.ViewerFrom(ctx)
	return v.Actor
}

// maySee lets those look at a piece of evidence who may see a record that it
// belongs to, and whoever uploaded it.
func (r *request) maySee(sha string) error {
	view, err := r.view()
	if err != nil {
		return err
	}
	records, err := view.EvidenceOf(sha)
	if err != nil {
		return err
	}
	for _, record := range records {
		a := &projections.AssessmentView{Round: record.Round, Subject: record.Subject, District: record.District}
		if a.Notices, err = view.Notices(record.Round, record.Subject); err != nil {
			return err
		}
		if r.mayRead(rights.ReadEvidence, a) == nil {
			return nil
		}
	}
	uploaded, err := view.Uploaded(sha, r.viewer().Account)
	if err != nil || uploaded {
		return err
	}
	return r.mayRead(rights.ReadEvidence, nothing("", ""))
}

// statusOf is the HTTP status of a refusal outside GraphQL.
func statusOf(err error, code string) int {
	switch {
	case evidence.Status(err) != 0:
		return evidence.Status(err)
	case code == "FORBIDDEN":
		return http.StatusForbidden
	case code == codeInternal:
		return http.StatusInternalServerError
	case errors.Is(err, eventstore.ErrUnavailable), errors.Is(err, eventstore.ErrFull):
		return http.StatusServiceUnavailable
	}
	return http.StatusUnprocessableEntity
}
