package round

import (
	"fmt"
	"strings"

	"mingjian/domain"
)

// Deliberate puts on record that the results as approved after the first
// logSize application events were discussed, and are fit to be published.
// Deliberating again replaces what was not published. A release rests on no
// less of the log than the one that it replaces: a server whose read model lags
// cannot take results back.
func (r *Round) Deliberate(by domain.Stamp, id, minutes string, approved int, logSize int64) ([]domain.Event, error) {
	if err := r.InProgress(id); err != nil {
		return nil, err
	}
	if approved == 0 {
		return nil, fmt.Errorf("round %s: %w", id, domain.ErrNothingApproved)
	}
	if r.Last != nil && logSize < r.Last.LogSize {
		return nil, fmt.Errorf("deliberating on %d events, release %d of round %s rests on %d: %w", logSize, r.Releases, id, r.Last.LogSize, domain.ErrInvalid)
	}
	if strings.TrimSpace(minutes) == "" {
		return nil, fmt.Errorf("deliberating round %s needs its minutes: %w", id, domain.ErrReasonMissing)
	}
	if err := checkReason(minutes); err != nil {
		return nil, err
	}
	return []domain.Event{&Deliberated{Stamp: by, LogSize: logSize, Minutes: minutes}}, nil
}

// Publish makes the next release of what was deliberated, and of nothing that
// was recorded since. Whoever deliberated it does not publish it (design rule
// 8). All but the first release need a reason.
func (r *Round) Publish(by domain.Stamp, id, reason string) ([]domain.Event, error) {
	if err := r.InProgress(id); err != nil {
		return nil, err
	}
	kind := r.NextKind()
	if r.Releases > 0 && strings.TrimSpace(reason) == "" {
		return nil, fmt.Errorf("release %d of round %s replaces release %d: %w", r.Releases+1, id, r.Releases, domain.ErrReasonMissing)
	}
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	switch {
	case r.Deliberated == nil:
		return nil, fmt.Errorf("release %d of round %s: %w", r.Releases+1, id, domain.ErrNotDeliberated)
	case r.Deliberated.By == by.By:
		return nil, fmt.Errorf("release %d of round %s by whoever deliberated it: %w", r.Releases+1, id, domain.ErrFourEyes)
	}
	return []domain.Event{&Published{
		Stamp: by, Release: r.Releases + 1, Kind: kind, Reason: reason,
		Engine: domain.EngineVersion, LogSize: r.Deliberated.LogSize,
	}}, nil
}

// NextKind is the kind of the round's next release.
func (r *Round) NextKind() ReleaseKind {
	switch {
	case r.Releases == 0 && r.Opened != nil && r.Opened.Notice:
		return Provisional
	case r.Releases == 0, r.Last != nil && r.Last.Kind == Provisional:
		return Final
	}
	return Correction
}
