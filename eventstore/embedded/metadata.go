package embedded

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// metastream names the stream that holds name's metadata.
func metastream(name string) string { return "$$" + name }

// originOf is the reverse of metastream.
func originOf(name string) (origin string, isMeta bool) { return strings.CutPrefix(name, "$$") }

// retention is what of a stream's metadata changes how it is read. What is not positive hides nothing.
type retention struct {
	MaxCount       int64 `json:"$maxCount"`
	MaxAge         int64 `json:"$maxAge"` // seconds
	TruncateBefore int64 `json:"$tb"`
}

// setMetadata takes what does not parse for no metadata, as the real server does: a stream must not
// become unreadable by a bad note about it.
func (s *stream) setMetadata(text []byte) {
	s.hasMetadata, s.retention = true, retention{}
	if json.Unmarshal(text, &s.retention) != nil {
		s.retention = retention{}
	}
}

func (s *stream) softDeleted() bool { return s.retention.TruncateBefore == math.MaxInt64 }

// firstVisible is the first revision that may be read.
func (s *stream) firstVisible() int64 {
	first := max(s.retention.TruncateBefore, 0)
	if s.retention.MaxCount > 0 {
		first = max(first, s.last-s.retention.MaxCount+1)
	}
	return first
}

// visible is false for what $tb, $maxCount or $maxAge hide. A tombstone does not age.
func (s *stream) visible(r *record, now int64) bool {
	const second = int64(time.Second / tick)
	expired := s.retention.MaxAge > 0 && (now-r.created)/second >= s.retention.MaxAge && r.revision != tombstoneRevision
	return r.revision >= s.firstVisible() && !expired
}

// withTruncateBefore sets $tb in a stream's metadata and leaves the rest as it is.
func withTruncateBefore(text []byte, revision int64) ([]byte, error) {
	properties := map[string]json.RawMessage{}
	if json.Unmarshal(text, &properties) != nil || properties == nil {
		properties = map[string]json.RawMessage{}
	}
	properties["$tb"] = strconv.AppendInt(nil, revision, 10)
	return json.Marshal(properties)
}
