package api

import (
	"errors"
	"sync"
	"time"

	"mingjian/api/auth"
	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/domain/appeal"
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

// mayRead refuses a look at a record as it was at a moment, or at what belongs
// to one.
func (r *request) mayRead(read rights.Read, a *projections.AssessmentView) error {
	return rights.MayRead(r.viewer(), read, rights.Facts{
		Subject: a.Subject, District: a.District, Notified: len(a.Notices) > 0, Assigned: r.assigned(a.Round, a.Subject),
	})
}

func (r *request) assigned(round, subject string) func() (bool, error) {
	return func() (bool, error) {
		view, err := r.view()
		if err != nil {
			return false, err
		}
		return view.Assigned(round, subject, r.viewer().Account)
	}
}

// mayReadAppeal refuses a look at an appeal, or at what belongs to one. Who hears
// it is asked of the present: whoever was recused sees nothing of it any more.
func (r *request) mayReadAppeal(read rights.Read, f appeal.Filed) error {
	return rights.MayRead(r.viewer(), read, rights.Facts{
		Subject: f.Subject, District: f.District, Assigned: r.assigned(f.Round, f.Subject),
		Panelist: func() (bool, error) {
			view, err := r.view()
			if err != nil {
				return false, err
			}
			return view.OnPanel(f.Appeal, r.viewer().Account)
		},
	})
}

// shown is the record that the viewer sees at a moment (a seq, or
// projections.Latest), and the moment that this is the state of; nil where there
// is none. Whoever sees a record only once it was notified sees what is approved:
// the newest state while it is, else the one of the newest notice. A look back
// shows what could be seen then.
func (r *request) shown(round, subject string, asOf int64) (*projections.AssessmentView, int64, error) {
	view, err := r.view()
	if err != nil {
		return nil, 0, err
	}
	a, err := found(view.Assessment(round, subject, asOf))
	if a == nil || err != nil {
		return nil, 0, errors.Join(err, r.mayRead(rights.ReadAssessment, nothing(round, subject)))
	}
	if err := r.mayRead(rights.ReadAssessment, a); err != nil {
		return nil, 0, err
	}
	if a.Status != assessment.SignedOff {
		untold := *a
		untold.Notices = nil
		err := r.mayRead(rights.ReadAssessment, &untold)
		if err != nil && !errors.Is(err, domain.ErrForbidden) {
			return nil, 0, err
		}
		if err != nil { // it is the notice that lets the viewer see it
			asOf = a.Notices[len(a.Notices)-1].Seq
			replies := a.Replies
			if a, err = found(view.Assessment(round, subject, asOf)); a == nil || err != nil {
				return nil, 0, err
			}
			if a, err = r.settled(a, asOf); a == nil || err != nil {
				return nil, 0, err
			}
			a.Replies = replies // the subject's own, whatever is being changed
			return a, asOf, nil
		}
	}
	a, err = r.settled(a, asOf)
	return a, asOf, err
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
