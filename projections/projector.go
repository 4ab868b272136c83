package projections

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/domain/account"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/mail"
	"mingjian/domain/registry"
	"mingjian/domain/round"
	"mingjian/eventstore"
)

var (
	// ErrGap means that a page does not start where the read model ends.
	ErrGap = errors.New("the page does not follow what was folded")
	// ErrNotFound means that the read model has no such thing.
	ErrNotFound = errors.New("not found")
	// ErrCursor means that a paging cursor was not made by this API.
	ErrCursor = errors.New("not a cursor of this list")
)

// projector folds pages of events into one database. It keeps what scoring
// needs in memory; the database has it all, so that memory can be dropped.
type projector struct {
	db       *database
	codec    *eventstore.Codec
	criteria func(id string) (*criteria.Criteria, error)

	// stale is true while memory may differ from the database.
	stale   bool
	head    Head
	rounds  map[string]*roundState
	streams map[string]int64
	actors  map[string]int64
	// subjects finds an assessment by its stream. Its name is never taken apart:
	// the event Opened says what it is about.
	subjects map[string]*subject
	// appeals finds an appeal by its stream; the event Filed says what it is about.
	appeals map[string]*appealState
	times   times
}

func newProjector(db *database, codec *eventstore.Codec, lookup func(string) (*criteria.Criteria, error)) (*projector, error) {
	p := &projector{db: db, codec: codec, criteria: lookup}
	return p, p.reload()
}

// fold commits one page and its checkpoint together: all of it or nothing. A
// page that was committed before is passed over, one that leaves a gap is
// refused.
func (p *projector) fold(page eventstore.Page) (err error) {
	if p.stale {
		if err := p.reload(); err != nil {
			return err
		}
	}
	if page.LogID != p.head.LogID {
		return fmt.Errorf("page of log %s, read model of %s: %w", page.LogID, p.head.LogID, eventstore.ErrOtherLog)
	}
	if page.Last() <= p.head.Position {
		return nil
	}
	page, ok := page.After(p.head.Position)
	if !ok {
		return fmt.Errorf("page after position %s, read model at %s: %w", page.Prev, p.head.Position, ErrGap)
	}
	conn := p.db.writer
	if err := exec(conn, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	committed := false // and not err == nil, which a panic leaves so
	p.stale = true
	defer func() {
		if committed {
			p.stale = false
			return
		}
		// Memory may be ahead of the database now: read it back.
		if !conn.AutocommitEnabled() {
			err = errors.Join(err, exec(conn, "ROLLBACK"))
		}
		err = errors.Join(err, p.reload())
	}()
	head := p.head
	for i := range page.Events {
		head.Seq++
		head.Position = page.Events[i].Position
		if err := p.event(head.Seq, &page.Events[i]); err != nil {
			return fmt.Errorf("event %d, %s@%d at position %s: %w",
				head.Seq, page.Events[i].Stream, page.Events[i].Revision, page.Events[i].Position, err)
		}
	}
	if err := p.settle(); err != nil {
		return err
	}
	if err := p.settleTimes(); err != nil {
		return err
	}
	if err := exec(conn, "UPDATE head SET position = ?, seq = ?", int64(head.Position), head.Seq); err != nil {
		return err
	}
	if err := exec(conn, "COMMIT"); err != nil {
		return err
	}
	p.head = head
	committed = true
	return nil
}

// event folds one event into the tables. Scores and ranks wait for settle.
func (p *projector) event(seq int64, e *eventstore.Recorded) error {
	event, err := p.codec.Decode(e.Type, e.Data)
	if err != nil {
		return err
	}
	metadata, err := eventstore.ReadMetadata(*e)
	if err != nil {
		return err
	}
	if err := p.trail(seq, e, metadata); err != nil {
		return err
	}
	if stored, ok := event.(*access.EvidenceStored); ok {
		return exec(p.db.writer, "INSERT OR IGNORE INTO uploads (sha256, account) VALUES (?, ?)", stored.SHA256, metadata.Actor)
	}
	if trailOnly(e.Stream) {
		return nil
	}
	switch event := event.(type) {
	case *registry.DistrictRegistered:
		return exec(p.db.writer, "INSERT INTO districts (code, name) VALUES (?, ?)", event.Code, event.Name)
	case *registry.CenterRegistered:
		return exec(p.db.writer, "INSERT INTO centers (code, district, name, area, demo) VALUES (?, ?, ?, ?, ?)",
			event.Code, event.District, event.Name, event.Area, event.Demo)
	case *round.Opened:
		return p.roundOpened(seq, event)
	case *round.CalendarPinned:
		return p.calendarPinned(e, event)
	case *round.Deliberated:
		return p.deliberated(seq, e, event)
	case *round.Published:
		return p.published(seq, e, event)
	case *round.Closed:
		return p.roundClosed(e)
	case *assessment.Opened:
		return p.assessmentOpened(seq, e, event)
	case *appeal.Filed:
		return p.appealFiled(seq, e, event, metadata)
	case *appeal.PanelNamed, *appeal.ReviewerRecused, *appeal.EvidenceAdded, *appeal.VoteCast, *appeal.Decided,
		*appeal.Escalated, *appeal.Extended, *appeal.Expired, *appeal.Withdrawn:
		return p.appealEvent(seq, e, event, metadata)
	default:
		return p.assessmentEvent(seq, e, event, metadata)
	}
}

// trailOnly reports whether a stream moves nothing but the trail: accounts and
// letters are read from the log where they are needed, and accesses are only a
// record.
func trailOnly(stream string) bool {
	return strings.HasPrefix(stream, account.StreamPrefix) || strings.HasPrefix(stream, access.StreamPrefix) ||
		strings.HasPrefix(stream, mail.StreamPrefix)
}

func (p *projector) trail(seq int64, e *eventstore.Recorded, m eventstore.Metadata) error {
	stream, err := p.intern("streams", p.streams, e.Stream)
	if err != nil {
		return err
	}
	actor, err := p.intern("actors", p.actors, m.Actor)
	if err != nil {
		return err
	}
	at := m.ServerTime.UnixMilli()
	if err := p.clocked(seq, at); err != nil {
		return err
	}
	return exec(p.db.writer, `INSERT INTO trail (seq, position, stream, revision, event_id, type, actor, command, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		seq, int64(e.Position), stream, int64(e.Revision), e.ID[:], e.Type, actor, m.CommandID[:], at)
}

// intern gives a name its number, in order of appearance, so that a rebuild
// numbers alike.
func (p *projector) intern(table string, known map[string]int64, name string) (int64, error) {
	if id, ok := known[name]; ok {
		return id, nil
	}
	id := int64(len(known) + 1)
	if err := exec(p.db.writer, "INSERT INTO "+table+" (id, name) VALUES (?, ?)", id, name); err != nil {
		return 0, err
	}
	known[name] = id
	return id, nil
}

func unknown(event domain.Event) error {
	return fmt.Errorf("%s has no place in the read model: %w", event.EventType(), domain.ErrUnknownEvent)
}

func millis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func uuidText(b []byte) string {
	id, err := uuid.FromBytes(b)
	if err != nil {
		return ""
	}
	return id.String()
}
