package embedded

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// reading is one Read call: a bounded read or a subscription, of a stream or of $all.
type reading struct {
	*Node
	call         streams.Streams_ReadServer
	ctx          context.Context
	stream       string // "" for $all
	filter       *filter
	resolveLinks bool
	stringIDs    bool
	frame        frame
}

// Read serves reads and subscriptions, which the protocol makes one method.
func (s *streamsService) Read(req *streams.ReadReq, call streams.Streams_ReadServer) error {
	o := req.GetOptions()
	if o.GetUuidOption().GetContent() == nil {
		return invalid("uuid_option is required")
	}
	_, stringIDs := o.GetUuidOption().GetContent().(*streams.ReadReq_Options_UUIDOption_String_)
	r := &reading{Node: s.node, call: call, ctx: call.Context(), resolveLinks: o.ResolveLinks, stringIDs: stringIDs}
	backward := o.ReadDirection == streams.ReadReq_Options_Backwards

	var from beginning
	var err error
	switch source := o.GetStreamOption().(type) {
	case *streams.ReadReq_Options_Stream:
		if r.stream = string(source.Stream.GetStreamIdentifier().GetStreamName()); r.stream == "" {
			return invalid("stream name is empty")
		}
		from, err = streamStart(source.Stream)
	case *streams.ReadReq_Options_All:
		if from, err = allStart(source.All); err == nil {
			r.filter, err = newFilter(o.GetFilter())
		}
	default:
		return invalid("a stream or $all is required")
	}
	if err != nil {
		return err
	}
	switch count := o.GetCountOption().(type) {
	case *streams.ReadReq_Options_Count:
		return r.read(from, backward, count.Count)
	case *streams.ReadReq_Options_Subscription:
		if backward {
			return invalid("a subscription only goes forwards")
		}
		return r.subscribe(from)
	}
	return invalid("a count or a subscription is required")
}

// beginning is where a read starts: at an end, or at a position or revision.
type beginning struct {
	start, end bool
	at         int64
}

func streamStart(o *streams.ReadReq_Options_StreamOptions) (beginning, error) {
	switch from := o.GetRevisionOption().(type) {
	case *streams.ReadReq_Options_StreamOptions_Start:
		return beginning{start: true}, nil
	case *streams.ReadReq_Options_StreamOptions_End:
		return beginning{end: true}, nil
	case *streams.ReadReq_Options_StreamOptions_Revision:
		return beginning{at: clamp(from.Revision)}, nil
	}
	return beginning{}, invalid("a revision to read from is required")
}

func allStart(o *streams.ReadReq_Options_AllOptions) (beginning, error) {
	switch from := o.GetAllOption().(type) {
	case *streams.ReadReq_Options_AllOptions_Start:
		return beginning{start: true}, nil
	case *streams.ReadReq_Options_AllOptions_End:
		return beginning{end: true}, nil
	case *streams.ReadReq_Options_AllOptions_Position:
		return beginning{at: clamp(from.Position.GetCommitPosition())}, nil
	}
	return beginning{}, invalid("a position to read from is required")
}

// clamp leaves room to add one. No event is that far.
func clamp(n uint64) int64 { return int64(min(n, math.MaxInt64-1)) }

// read sends at most count events and ends.
func (r *reading) read(from beginning, backward bool, count uint64) error {
	limit := r.writer.head.Load() // what comes in meanwhile is not part of this read, or it might never end
	if r.stream != "" {
		s, err := r.lookup()
		if err != nil {
			return err
		}
		if s.last < 0 || s.softDeleted() {
			return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{StreamNotFound: &streams.ReadResp_StreamNotFound{
				StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(r.stream)},
			}}})
		}
		limit = s.last
	}
	c := cursor{stream: r.stream, backward: backward, next: from.at}
	switch {
	case from.end:
		c.next = math.MaxInt64
	case backward && r.stream != "":
		c.next = from.at + 1 // a stream is read backwards from its revision, $all from before its position
	}
	for count > 0 {
		sent, end, err := r.sendPage(&c, limit, count)
		if end || err != nil {
			return err
		}
		count -= sent
	}
	return nil
}

// lookup fails for a tombstoned stream, which is neither empty nor absent but gone.
func (r *reading) lookup() (s stream, err error) {
	if err := r.readers.do(r.ctx, func(d *db) (err error) { s, err = d.loadStream(r.stream); return err }); err != nil {
		return s, r.storageFault(err)
	}
	if s.tombstoned {
		return s, failDeleted(r.ctx, r.stream)
	}
	return s, nil
}

func (r *reading) now() int64 { return ticks(r.writer.hooks.now()) }

func (r *reading) sendPage(c *cursor, limit int64, count uint64) (sent uint64, end bool, err error) {
	rows := pageRows
	if r.filter == nil {
		rows = int(min(count, pageRows))
	}
	pg, end, err := c.page(r.ctx, r.readers, r.now(), rows)
	defer pg.free()
	for i := range pg.records {
		e := &pg.records[i]
		if at := e.place(r.stream); !c.backward && at > limit || sent == count {
			return sent, true, nil
		}
		wanted, err := r.filter.matches(e)
		if wanted && err == nil {
			sent++
			err = r.send(e)
		}
		if err != nil {
			return sent, true, err
		}
	}
	if err != nil {
		return sent, true, r.storageFault(err)
	}
	return sent, end, nil
}

// place is what a cursor over a stream or over $all counts in.
func (r *record) place(stream string) int64 {
	if stream == "" {
		return r.position
	}
	return r.revision
}

// send sends one event, and what it links to if that was asked for.
func (r *reading) send(e *record) error {
	event, link := e, (*record)(nil)
	if r.resolveLinks {
		var err error
		if event, link, err = r.resolve(e); err != nil {
			return r.storageFault(err)
		}
	}
	r.frame.data = encodeEvent(event, link, r.stringIDs)
	return r.call.SendMsg(&r.frame)
}

// resolve follows a link. A link to what is gone, or was never there, is sent without an event.
func (r *reading) resolve(e *record) (event, link *record, err error) {
	_, eventType, err := e.names()
	if err != nil || string(eventType) != "$>" {
		return e, nil, err
	}
	data, err := e.data()
	if err != nil {
		return nil, nil, err
	}
	number, name, found := strings.Cut(string(data), "@")
	revision, parseErr := strconv.ParseInt(number, 10, 64)
	if !found || parseErr != nil {
		return nil, e, nil
	}
	err = r.readers.do(r.ctx, func(d *db) error {
		s, err := d.loadStream(name)
		if err != nil || s.id == 0 || s.tombstoned {
			return err
		}
		target, found, err := d.eventAt(s.id, revision)
		if found && s.visible(&target, r.now()) {
			event = &target
		}
		return err
	})
	return event, e, err
}

// storageFault logs what an operator has to look into, and answers the caller.
func (r *reading) storageFault(err error) error {
	var corrupt *CorruptError
	if errors.As(err, &corrupt) {
		r.cfg.Logger.Error("read stopped at a damaged event", "fault", corrupt.Fault.String())
	}
	return storageStatus(err)
}
