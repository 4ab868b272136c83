package embedded

import (
	"github.com/google/uuid"
)

// eventKey is an event id within a stream: the same id in two streams makes two events.
type eventKey struct {
	stream int64
	id     uuid.UUID
}

// placement is where an event was written.
type placement struct{ revision, position int64 }

// decide compares a change with the stream as it is after all earlier changes of the batch. proceed
// means that the change is to be written; otherwise the outcome is complete. Nothing here reaches
// the client before the batch is on disk, so it may rest on changes that are not yet.
func (w *writer) decide(c *change, s *stream) (out outcome, proceed bool, err error) {
	if deleted, err := w.deleted(c.stream, s); deleted || err != nil {
		return outcome{verdict: streamDeleted, revision: s.last}, false, err
	}
	switch c.expected {
	case expectStreamExists:
		if s.softDeleted() {
			return outcome{verdict: streamDeleted, revision: s.last}, false, nil
		}
		if s.last < 0 && !s.hasMetadata {
			return outcome{verdict: wrongVersion, revision: s.last}, false, nil
		}
		return w.repeatedLately(c, s)
	case expectAny:
		return w.repeatedLately(c, s)
	}
	switch {
	case c.expected == s.last:
		return outcome{}, true, nil
	case c.expected > s.last:
		return outcome{verdict: wrongVersion, revision: s.last}, false, nil
	}
	return w.repeatedExactly(c, s)
}

// deleted also covers the metastream of a stream that was tombstoned since it was cached.
func (w *writer) deleted(name string, s *stream) (bool, error) {
	origin, isMeta := originOf(name)
	if s.tombstoned || !isMeta {
		return s.tombstoned, nil
	}
	o, err := w.stream(origin)
	if err != nil {
		return false, err
	}
	return o.tombstoned, nil
}

// repeatedExactly handles a revision that has passed: either these very events are what follows
// it, then this is a retry and gets the first answer again, or another writer came first.
func (w *writer) repeatedExactly(c *change, s *stream) (out outcome, proceed bool, err error) {
	// A soft-deleted stream counts as none, but only for an append that starts afresh.
	afresh := c.expected == expectNoStream && s.softDeleted()
	out = outcome{verdict: wrongVersion, revision: s.last}
	for i := range c.events {
		at, found, err := w.placed(c.events[i].id, s, c.expected+1+int64(i))
		if !found || err != nil {
			return outcome{verdict: wrongVersion, revision: s.last}, afresh && i == 0, err
		}
		out = outcome{revision: at.revision, position: at.position}
	}
	return out, afresh && len(c.events) == 0, nil
}

// placed says whether the event at a revision has this id: from memory, or else from the file.
func (w *writer) placed(id uuid.UUID, s *stream, revision int64) (placement, bool, error) {
	if at, ok := w.recent.get(eventKey{s.id, id}); ok && at.revision == revision {
		return at, true, nil
	}
	r, found, err := w.db.eventAt(s.id, revision)
	if !found || err != nil || r.id != id {
		return placement{}, false, err
	}
	return placement{revision: revision, position: r.position}, true, nil
}

// repeatedLately handles changes that name no revision: there is no place to compare with, so only
// ids that are still in memory are recognized. All of them make a retry; the first but not all make
// a conflict; otherwise the events are new.
func (w *writer) repeatedLately(c *change, s *stream) (out outcome, proceed bool, err error) {
	for i := range c.events {
		at, ok := w.recent.get(eventKey{s.id, c.events[i].id})
		if !ok {
			return outcome{verdict: wrongVersion, revision: s.last}, i == 0, nil
		}
		out = outcome{revision: at.revision, position: at.position}
	}
	return out, len(c.events) == 0, nil
}
