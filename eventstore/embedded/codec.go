package embedded

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	// The codec for every message but frames.
	_ "google.golang.org/grpc/encoding/proto"
)

// frame is a message that is encoded already: see encodeEvent.
type frame struct{ data []byte }

// discarded receives a message of which nothing is wanted.
type discarded struct{}

// codec sends frames as they are, looks at nothing to be discarded, and leaves the rest to protobuf.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Marshal hands the frame's bytes over: the sender makes new ones for its next event.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if f, ok := v.(*frame); ok {
		return mem.BufferSlice{mem.SliceBuffer(f.data)}, nil
	}
	return c.CodecV2.Marshal(v)
}

// Unmarshal spares what is discarded the decoding.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	if _, ok := v.(*discarded); ok {
		return nil
	}
	return c.CodecV2.Unmarshal(data, v)
}
