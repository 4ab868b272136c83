package embedded

import (
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// behindPages is how many full pages in a row a live subscription may find before it is told that
// it fell behind.
const behindPages = 2

// subscription is a reading that goes on. It has no queue: it reads from the file at its own pace,
// and a commit only wakes it.
type subscription struct {
	*reading
	cursor  cursor
	live    bool
	full    int   // full pages in a row
	looked  int   // events since the last checkpoint, sent or not
	seen    int64 // position of the last event looked at; 0 at first
	checked int64 // position of the last checkpoint
}

func (r *reading) subscribe(from beginning) error {
	if r.subscriptions.Add(1) > maxSubscriptions {
		r.subscriptions.Add(-1)
		return status.Errorf(codes.ResourceExhausted, "%d subscriptions are served already", maxSubscriptions)
	}
	defer r.subscriptions.Add(-1)

	s := &subscription{reading: r, cursor: cursor{stream: r.stream}}
	if err := s.begin(from); err != nil {
		return err
	}
	for {
		wake := r.writer.wake.next() // before reading, or a commit in between goes unnoticed
		end, err := s.advance()
		if err != nil {
			return err
		}
		if !end {
			continue
		}
		if err := s.caughtUp(); err != nil {
			return err
		}
		select {
		case <-wake:
		case <-r.ctx.Done():
			return storageStatus(r.ctx.Err())
		case <-r.closing.Done():
			return errStopping
		}
	}
}

// begin finds the place and confirms. A stream that does not exist yet is waited for.
func (s *subscription) begin(from beginning) error {
	head := s.writer.head.Load()
	if s.stream != "" {
		info, err := s.lookup()
		if err != nil {
			return err
		}
		head = info.last
	}
	switch {
	case from.end:
		s.cursor.next = head + 1
	case !from.start:
		s.cursor.next = from.at + 1
	}
	return s.call.Send(&streams.ReadResp{Content: &streams.ReadResp_Confirmation{
		Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: uuid.NewString()},
	}})
}

// advance sends one page. Its memory is given back before the next is read.
func (s *subscription) advance() (end bool, err error) {
	pg, end, err := s.cursor.page(s.ctx, s.readers, s.now(), pageRows)
	defer pg.free()
	if err := s.pace(end); err != nil {
		return false, err
	}
	for i := range pg.records {
		if err := s.deliver(&pg.records[i]); err != nil {
			return false, err
		}
	}
	if err != nil {
		return false, s.storageFault(err)
	}
	return end, nil
}

func (s *subscription) deliver(e *record) error {
	wanted, err := s.filter.matches(e)
	if err != nil {
		return s.storageFault(err)
	}
	if wanted {
		if err := s.send(e); err != nil {
			return err
		}
	}
	if s.stream != "" && e.revision == tombstoneRevision {
		return failDeleted(s.ctx, s.stream)
	}
	s.seen = e.position
	s.looked++
	if s.filter != nil && s.looked >= s.filter.interval {
		return s.checkpoint()
	}
	return nil
}

// checkpoint tells a filtered subscriber how far the log was searched, so that it need not search
// again what held nothing for it.
func (s *subscription) checkpoint() error {
	s.looked = 0
	if s.filter == nil || s.seen == s.checked {
		return nil
	}
	s.checked = s.seen
	return s.call.Send(&streams.ReadResp{Content: &streams.ReadResp_Checkpoint_{
		Checkpoint: &streams.ReadResp_Checkpoint{CommitPosition: uint64(s.seen), PreparePosition: uint64(s.seen)},
	}})
}

// caughtUp says once that what follows is live.
func (s *subscription) caughtUp() error {
	if s.live {
		return nil
	}
	s.live = true
	if err := s.checkpoint(); err != nil {
		return err
	}
	return s.call.Send(&streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}})
}

// pace notices when a live subscription cannot keep up.
func (s *subscription) pace(end bool) error {
	if s.full++; end {
		s.full = 0
	}
	if !s.live || s.full < behindPages {
		return nil
	}
	s.live = false
	return s.call.Send(&streams.ReadResp{Content: &streams.ReadResp_FellBehind_{FellBehind: &streams.ReadResp_FellBehind{}}})
}
