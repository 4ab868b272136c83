package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
)

// streamsService is the protocol's main service. BatchAppend stays unimplemented.
type streamsService struct {
	streams.UnimplementedStreamsServer
	node *Node
}

// Append answers when it has read every message, also when the first is at fault: see refuse.
func (s *streamsService) Append(call streams.Streams_AppendServer) error {
	c, err := receiveChange(call)
	if err != nil {
		return refuse(call, err)
	}
	if err := s.node.submit(call.Context(), c); err != nil {
		return err
	}
	switch c.outcome.verdict {
	case streamDeleted:
		return failDeleted(call.Context(), c.stream)
	case wrongVersion:
		return call.SendAndClose(wrongVersionResponse(c))
	}
	return call.SendAndClose(acceptedResponse(c))
}

// refuse reads and drops what the client still sends before it answers with the fault: a client
// that is answered while it sends reports a bare EOF. That lasts as long as the client sends, and
// keeps one message at a time.
func refuse(call grpc.ServerStream, fault error) error {
	for call.RecvMsg(&discarded{}) == nil {
	}
	return fault
}

// receiveChange turns the messages of one append into a change.
func receiveChange(call streams.Streams_AppendServer) (*change, error) {
	ctx, size := call.Context(), 0
	req, err := call.Recv()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	options := req.GetOptions()
	if options == nil {
		return nil, invalid("an append begins with its options")
	}
	name, err := writableName(options.StreamIdentifier)
	if err != nil {
		return nil, err
	}
	expected, err := expectedState(options.GetExpectedStreamRevision())
	if err != nil {
		return nil, err
	}
	c := newChange(appendEvents, name, expected)
	for {
		req, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return c, nil
		}
		if err != nil {
			return nil, err
		}
		m := req.GetProposedMessage()
		if m == nil {
			return nil, invalid("an append goes on with events")
		}
		eventType := m.Metadata["type"]
		if size += len(m.Data) + len(m.CustomMetadata) + 2*len(eventType); size > maxAppendSize {
			return nil, failTooLarge(ctx)
		}
		if err := propose(ctx, c, m, eventType); err != nil {
			return nil, err
		}
		if c.size > maxAppendStored {
			return nil, failTooLarge(ctx)
		}
	}
}

func propose(ctx context.Context, c *change, m *streams.AppendReq_ProposedMessage, eventType string) error {
	contentType := m.Metadata["content-type"]
	if eventType == "" || contentType == "" {
		return failMissingProperty(ctx)
	}
	id, err := parseUUID(m.Id)
	if err != nil {
		return err
	}
	c.add(id, eventType, contentType, m.CustomMetadata, m.Data)
	return nil
}

// Delete hides a stream's events; the next append goes on numbering.
func (s *streamsService) Delete(ctx context.Context, req *streams.DeleteReq) (*streams.DeleteResp, error) {
	position, err := s.end(ctx, softDelete, req.GetOptions().GetStreamIdentifier(), req.GetOptions().GetExpectedStreamRevision())
	if err != nil {
		return nil, err
	}
	return &streams.DeleteResp{PositionOption: &streams.DeleteResp_Position_{
		Position: &streams.DeleteResp_Position{CommitPosition: position, PreparePosition: position},
	}}, nil
}

// Tombstone ends a stream for ever.
func (s *streamsService) Tombstone(ctx context.Context, req *streams.TombstoneReq) (*streams.TombstoneResp, error) {
	position, err := s.end(ctx, tombstone, req.GetOptions().GetStreamIdentifier(), req.GetOptions().GetExpectedStreamRevision())
	if err != nil {
		return nil, err
	}
	return &streams.TombstoneResp{PositionOption: &streams.TombstoneResp_Position_{
		Position: &streams.TombstoneResp_Position{CommitPosition: position, PreparePosition: position},
	}}, nil
}

func (s *streamsService) end(ctx context.Context, kind changeKind, id *shared.StreamIdentifier, state any) (uint64, error) {
	name, err := writableName(id)
	if err != nil {
		return 0, err
	}
	expected, err := expectedState(state)
	if err != nil {
		return 0, err
	}
	if strings.HasPrefix(name, "$$") {
		return 0, invalid("%q holds metadata: delete the stream itself", name)
	}
	c := newChange(kind, name, expected)
	if err := s.node.submit(ctx, c); err != nil {
		return 0, err
	}
	switch c.outcome.verdict {
	case streamDeleted:
		return 0, failDeleted(ctx, name)
	case wrongVersion:
		return 0, failWrongVersion(ctx, c)
	}
	return uint64(c.outcome.position), nil
}

// writableName refuses what could not be read again, or not be named in a trailer. Names are bytes
// on the wire and text here.
func writableName(id *shared.StreamIdentifier) (string, error) {
	name := string(id.GetStreamName())
	switch {
	case name == "" || name == "$all" || name == "$$":
		return "", invalid("%q is not the name of a stream that can be written", name)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "", invalid("stream name %q is not UTF-8 without control characters", name)
	}
	return name, nil
}

// expectedState reads the oneof that appends, deletes and tombstones each have a type of.
func expectedState(option any) (int64, error) {
	switch o := option.(type) {
	case *streams.AppendReq_Options_Revision:
		return expectedRevision(o.Revision)
	case *streams.DeleteReq_Options_Revision:
		return expectedRevision(o.Revision)
	case *streams.TombstoneReq_Options_Revision:
		return expectedRevision(o.Revision)
	case *streams.AppendReq_Options_NoStream, *streams.DeleteReq_Options_NoStream, *streams.TombstoneReq_Options_NoStream:
		return expectNoStream, nil
	case *streams.AppendReq_Options_Any, *streams.DeleteReq_Options_Any, *streams.TombstoneReq_Options_Any:
		return expectAny, nil
	case *streams.AppendReq_Options_StreamExists, *streams.DeleteReq_Options_StreamExists, *streams.TombstoneReq_Options_StreamExists:
		return expectStreamExists, nil
	}
	return 0, invalid("an expected revision or state is required")
}

func expectedRevision(revision uint64) (int64, error) {
	if revision >= tombstoneRevision {
		return 0, invalid("expected revision %d is out of range", revision)
	}
	return int64(revision), nil
}

func acceptedResponse(c *change) *streams.AppendResp {
	success := &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_CurrentRevision{CurrentRevision: uint64(c.outcome.revision)},
		PositionOption: &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{
			CommitPosition: uint64(c.outcome.position), PreparePosition: uint64(c.outcome.position),
		}},
	}
	if c.outcome.revision < 0 {
		success.CurrentRevisionOption = &streams.AppendResp_Success_NoStream{NoStream: &shared.Empty{}}
	}
	if c.outcome.position == 0 { // an append of no events
		success.PositionOption = &streams.AppendResp_Success_NoPosition{NoPosition: &shared.Empty{}}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_Success_{Success: success}}
}

// wrongVersionResponse fills both generations of fields: which of them a client reads depends on
// its age.
func wrongVersionResponse(c *change) *streams.AppendResp {
	w := &streams.AppendResp_WrongExpectedVersion{}
	if current := c.outcome.revision; current < 0 {
		w.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_NoStream_20_6_0{NoStream_20_6_0: &shared.Empty{}}
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &shared.Empty{}}
	} else {
		w.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_CurrentRevision_20_6_0{CurrentRevision_20_6_0: uint64(current)}
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: uint64(current)}
	}
	switch c.expected {
	case expectAny:
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_Any_20_6_0{Any_20_6_0: &shared.Empty{}}
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedAny{ExpectedAny: &shared.Empty{}}
	case expectStreamExists:
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_StreamExists_20_6_0{StreamExists_20_6_0: &shared.Empty{}}
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: &shared.Empty{}}
	case expectNoStream: // the older generation has no word for it
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &shared.Empty{}}
	default:
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: uint64(c.expected)}
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: uint64(c.expected)}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{WrongExpectedVersion: w}}
}

func parseUUID(id *shared.UUID) (parsed uuid.UUID, err error) {
	switch v := id.GetValue().(type) {
	case *shared.UUID_Structured_:
		binary.BigEndian.PutUint64(parsed[:8], uint64(v.Structured.GetMostSignificantBits()))
		binary.BigEndian.PutUint64(parsed[8:], uint64(v.Structured.GetLeastSignificantBits()))
	case *shared.UUID_String_:
		if parsed, err = uuid.Parse(v.String_); err != nil {
			return parsed, invalid("event id: %v", err)
		}
	}
	if parsed == uuid.Nil {
		return parsed, invalid("event id is empty")
	}
	return parsed, nil
}

func protoUUID(id uuid.UUID) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
		MostSignificantBits:  int64(binary.BigEndian.Uint64(id[:8])),
		LeastSignificantBits: int64(binary.BigEndian.Uint64(id[8:])),
	}}}
}
