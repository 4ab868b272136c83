package api

import (
	"sync"
	"time"

	"mingjian/api/auth"
	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// viewer is who sends the request; nobody, who may do nothing, without a
// sign-in.
func (r *request) viewer() rights.Actor {
	v, _ := auth.ViewerFrom(r.ctx)
	return v.Actor
}

// nothing stands for a record that does not exist, so that asking for it tells
// no more than asking for one that does.
func nothing(round, subject string) *projections.AssessmentView {
	return &projections.AssessmentView{Round: round, Subject: subject}
}

// mayRead refuses a look at a record, or at what belongs to one.
func (r *request) mayRead(read rights.Read, a *projections.AssessmentView) error {
	return rights.MayRead(r.viewer(), read, rights.Facts{
		Subject: a.Subject, District: a.District, Approved: a.Status == assessment.SignedOff,
		Assigned: func() (bool, error) {
			view, err := r.view()
			if err != nil {
				return false, err
			}
			return view.Assigned(a.Round, a.Subject, r.viewer().Account)
		},
	})
}

// mayLookBack refuses a look at a record as it was at a moment. Whoever sees
// only what is approved sees it as of no moment while its sign-off is void.
func (r *request) mayLookBack(a *projections.AssessmentView, asOf int64) error {
	if err := r.mayRead(rights.ReadAssessment, a); err != nil || asOf == projections.Latest {
		return err
	}
	view, err := r.view()
	if err != nil {
		return err
	}
	now := *a
	if now.Status, err = view.Status(a.Round, a.Subject); err != nil {
		return err
	}
	return r.mayRead(rights.ReadAssessment, &now)
}

// lookAtTrail refuses a look at the trail, or puts it on record: the first of
// an account at a stream, and again when the last was some time ago, so that
// paging through the trail does not lengthen it page by page. Nothing is shown
// that could not be recorded.
func (r *request) lookAtTrail(stream, after string) error {
	actor := r.viewer()
	if err := rights.MayRead(actor, rights.ReadTrail, rights.Facts{}); err != nil {
		return err
	}
	look := look{actor.Account, stream}
	if r.cfg.looks.recent(look) {
		return nil
	}
	if err := r.cfg.Commands.Witness(r.ctx, actor.Account, func(by domain.Stamp) domain.Event {
		return &access.TrailViewed{Stamp: by, Stream: stream, After: after}
	}); err != nil {
		return err
	}
	r.cfg.looks.note(look)
	return nil
}

// look is an account's look at a stream of the trail.
type look struct{ account, stream string }

// looks remembers looks that were recorded lately.
type looks struct {
	mu sync.Mutex
	at map[look]time.Time
}

// One look lasts lookTime; at most maxLooks are remembered.
const (
	lookTime = 10 * time.Minute
	maxLooks = 10_000
)

func (l *looks) recent(one look) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, known := l.at[one]
	return known && time.Since(at) < lookTime
}

func (l *looks) note(one look) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at == nil || len(l.at) == maxLooks {
		l.at = make(map[look]time.Time) // forgetting means recording once more
	}
	l.at[one] = time.Now()
}
