package embedded

import (
	"bytes"
	"math"
	"regexp"
	"slices"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// defaultWindow is the search window of a filter that asks for none.
const defaultWindow = 32

// filter chooses events of $all by their type or by the name of their stream.
type filter struct {
	byStream bool
	prefixes [][]byte
	regex    *regexp.Regexp
	interval int // events looked at between two checkpoints
}

// newFilter returns nil when all events are wanted.
func newFilter(o *streams.ReadReq_Options_FilterOptions) (*filter, error) {
	if o == nil {
		return nil, nil
	}
	f := &filter{byStream: o.GetStreamIdentifier() != nil}
	expression := o.GetEventType()
	if f.byStream {
		expression = o.GetStreamIdentifier()
	}
	if expression == nil || len(expression.Prefix) == 0 && expression.Regex == "" {
		return nil, invalid("a filter needs prefixes or a regular expression, for stream or event type")
	}
	for _, prefix := range expression.Prefix {
		f.prefixes = append(f.prefixes, []byte(prefix))
	}
	if len(f.prefixes) == 0 {
		var err error
		// The real server's expressions are .NET's; what RE2 cannot run is refused, not guessed.
		if f.regex, err = regexp.Compile(expression.Regex); err != nil {
			return nil, invalid("filter: %v", err)
		}
	}
	return f, f.setInterval(o)
}

func (f *filter) setInterval(o *streams.ReadReq_Options_FilterOptions) error {
	window := uint32(defaultWindow)
	if m, ok := o.GetWindow().(*streams.ReadReq_Options_FilterOptions_Max); ok {
		window = m.Max
	}
	if window == 0 || o.CheckpointIntervalMultiplier == 0 {
		return invalid("a filter's window and checkpoint interval multiplier must be at least 1")
	}
	f.interval = int(min(uint64(window)*uint64(o.CheckpointIntervalMultiplier), math.MaxInt32))
	return nil
}

func (f *filter) matches(r *record) (bool, error) {
	if f == nil {
		return true, nil
	}
	name, eventType, err := r.names()
	if err != nil {
		return false, err
	}
	text := eventType
	if f.byStream {
		text = name
	}
	if f.regex != nil {
		return f.regex.Match(text), nil
	}
	return slices.ContainsFunc(f.prefixes, func(prefix []byte) bool { return bytes.HasPrefix(text, prefix) }), nil
}
