package embedded

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	// The codec for every message but frames.
	_ "google.golang.org/grpc/encoding/proto"
)

// frame is a message that is encoded already: see encodeEvent.
type frame struct{ data []byte }

// codec sends frames as they are and leaves the rest to protobuf.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Marshal hands the frame's bytes over: the sender makes new ones for its next event.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if f, ok := v.(*frame); ok {
		return mem.BufferSlice{mem.SliceBuffer(f.data)}, nil
	}
	return c.CodecV2.Marshal(v)
}
